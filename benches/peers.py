#!/usr/bin/env python3
"""superladder and its peers, alternately in one run; prints tables in Markdown, the last one of ratios.

    python3 benches/peers.py                     # own virtual environment under target/, release build, 3 rounds
    python3 benches/peers.py --python python3    # an interpreter that has the requirements already
    python3 benches/peers.py --only laser        # problems whose name contains a word

Problems: the reference model (data/studies/golden-N4.toml) at lambda = 0.7 and 0.2 with N_S = N_T = 4, nmax = 14 and
t = 10, and with N = 6 to t = 2; one application of the generator of the U(1) laser (data/studies/laser-N60.toml) with N = 20
and 40, SciPy's on the CSR matrix that `export` writes; mean field to t = 2000. One thread each. Trajectories have a
program of their own, mcsolve.py.

Compared is the CPU time of solving: superladder's `evolution_cpu_seconds` (which includes building the generator), the
peers' `solve_cpu_s` (which does not). Every entry is a fresh process; a round runs all entries once, so that whatever else
the machine does hits all of them alike. Errors are the largest deviation over all times and observables (per spin,
<S^x S^x> per pair of spins) from SciPy at rtol 1e-12: independent code, other basis; those of mean field are at the end.
"""
import argparse
import csv
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent / "peers"
ROOT = HERE.parent.parent
STUDIES = ROOT / "data/studies"
POINTS = 101
LINEAR = ["amplitude(a)", "photons(a)", "spin(S)", "spin(T)", "moments(S)"]
METHODS = {
    "chebyshev": 'method={name="chebyshev"}',
    "dop853": 'method={name="dop853", rtol=1e-8, atol=1e-10}',
}
SCIPY, QUTIP = "scipy-dop853", "qutip-piqs-tsit5"


class Reference(NamedTuple):
    """The reference model in time."""
    name: str
    n: int
    coupling: float
    end: float
    peers: tuple

    def columns(self):
        """Columns of a peer from those of superladder: name, factor. T^- = T^x - i T^y."""
        n = self.n
        return {
            "re_a": ("amplitude(a).re", 1), "im_a": ("amplitude(a).im", 1), "n_over_N": ("photons(a)", 1 / n),
            "Sx_over_N": ("spin(S).x", 1 / n), "Sy_over_N": ("spin(S).y", 1 / n), "Sz_over_N": ("spin(S).z", 1 / n),
            "Tz_over_N": ("spin(T).z", 1 / n), "re_Tm_over_N": ("spin(T).x", 1 / n),
            "im_Tm_over_N": ("spin(T).y", -1 / n), "SxSx_over_N2": ("moments(S).xx", 1 / n ** 2), "purity": ("purity", 1),
        }


NMAX = 14
REFERENCE = [
    Reference("reference N = 4, lambda = 0.7", 4, 0.7, 10.0, (SCIPY, QUTIP)),
    Reference("reference N = 4, lambda = 0.2", 4, 0.2, 10.0, (SCIPY, QUTIP)),
    Reference("reference N = 6, lambda = 0.7", 6, 0.7, 2.0, (SCIPY,)),
]
# Size and cutoff.
LASERS = [(20, 40), (40, 76)]
MEAN_FIELD_END, MEAN_FIELD_ERROR = 2000.0, 1e-7


SINGLE = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


def arguments():
    parser = argparse.ArgumentParser(description="superladder against its peers, alternately in one run")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="", help="run the problems whose name contains this")
    parser.add_argument("--python", help="an interpreter with the requirements, in place of an own environment")
    parser.add_argument("--program", help="a built superladder, in place of building it")
    return parser.parse_args()


def target():
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))


def environment():
    folder = target() / "peers-venv"
    python = folder / "bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
    return python


def build():
    subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT, check=True)
    return target() / "release/superladder"


def table(file):
    with open(file, newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {name: [float(row[name]) for row in rows] for name in rows[0]}


def told(command):
    """The last line that a command prints, read as JSON."""
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, env=SINGLE)
    return json.loads(done.stdout.splitlines()[-1])


def run_peer(python, scratch, problem, peer, rtol, atol):
    saved = scratch / "peer.csv"
    figures = told([python, "-B", HERE / "bench_peer.py", "--peer", peer, "--N", problem.n, "--nmax", NMAX, "--lam",
                    problem.coupling, "--t", problem.end, "--nt", POINTS, "--rtol", rtol, "--atol", atol, "--save", saved])
    columns = table(saved)
    return {"solve": figures["solve_cpu_s"], "build": figures["build_cpu_s"], "memory": figures["peak_rss_mb"] / 1024,
            "columns": {name: columns[name] for name in problem.columns()}}


def superladder(program, scratch, study, settings):
    """Manifest and columns of a run with one thread."""
    folder = scratch / "out"
    command = [program, "run", STUDIES / study, "-o", folder, "--force", "--quiet", "--threads", "1"]
    command += [word for setting in settings for word in ("--set", setting)]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    # 3: the cutoff of the golden files is too low for the bounds of a physical result. Meant so.
    if done.returncode not in (0, 3):
        sys.exit(done.stderr)
    return json.loads((folder / "manifest.json").read_text()), table(folder / "observables.csv")


def run_superladder(program, scratch, problem, method, observables):
    settings = [method, f"parameters.N={problem.n}", f"parameters.lambda={problem.coupling}", f"time.end={problem.end}",
                f"time.points={POINTS}", "output.observables=" + json.dumps(observables)]
    manifest, columns = superladder(program, scratch, "golden-N4.toml", settings)
    found = {name: [factor * x for x in columns[column]]
             for name, (column, factor) in problem.columns().items() if column in columns}
    return {"solve": manifest["evolution_cpu_seconds"], "build": math.nan,
            "memory": manifest["peak_memory_bytes"] / 2 ** 30, "columns": found}


def deviation(columns, reference):
    """The largest deviation; NaN (a purity that QuTiP does not record) is left out."""
    pairs = [(x, y) for name in columns for x, y in zip(columns[name], reference[name])]
    return max(abs(x - y) for x, y in pairs if not math.isnan(x))


def entries(python, program, scratch, problem):
    for peer in problem.peers:
        yield f"{peer}, rtol 1e-8", lambda peer=peer: run_peer(python, scratch, problem, peer, "1e-8", "1e-10")
    for name, method in METHODS.items():
        for observables in (LINEAR, [*LINEAR, "purity"]):
            label = f"superladder {name}{', rtol 1e-8' if name == 'dop853' else ''}{', with purity' if 'purity' in observables else ''}"
            yield label, lambda method=method, o=observables: run_superladder(program, scratch, problem, method, o)


def reference_model(python, program, scratch, problem, rounds):
    """Prints the table of a problem; returns rows (what, peer, ratio)."""
    exact = run_peer(python, scratch, problem, SCIPY, "1e-12", "1e-14")["columns"]
    runs = {}
    for number in range(rounds):
        for label, entry in entries(python, program, scratch, problem):
            runs.setdefault(label, []).append(entry())
            print(f"round {number + 1}: {problem.name}: {label}: {runs[label][-1]['solve']:.3f} s", file=sys.stderr)
    best = {label: min(r["solve"] for r in all_) for label, all_ in runs.items()}
    peers = [f"{peer}, rtol 1e-8" for peer in problem.peers]
    print(f"{problem.name}, nmax = {NMAX}, t = {problem.end}\n")
    print("| | solve CPU s, min | median | build CPU s | peak memory GiB | error |")
    print("|---|---|---|---|---|---|")
    for label, all_ in runs.items():
        median = statistics.median(r["solve"] for r in all_)
        build_ = min(r["build"] for r in all_)
        built = "in solve" if math.isnan(build_) else f"{build_:.2f}"
        error = deviation(all_[0]["columns"], exact)
        print(f"| {label} | {best[label]:.3f} | {median:.3f} | {built} | {all_[0]['memory']:.3f} | {error:.1e} |")
    print(flush=True)
    ours = ["superladder chebyshev", "superladder chebyshev, with purity"]
    return [(f"{problem.name}{own.removeprefix(ours[0])}", peer, best[peer] / best[own]) for own in ours for peer in peers]


def laser(python, program, scratch, size, rounds):
    """Milliseconds of CPU of one application: the difference of a long and a short run, and SciPy's."""
    n, cutoff = size
    settings = [f"parameters.N={n}", f"modes.a.cutoff={cutoff}", 'output.observables=["photons(a)"]', "time.points=2"]
    file, theirs, ours = scratch / "laser.npz", [], []
    command = [program, "export", STUDIES / "laser-N60.toml", file, "--force"]
    command += [word for setting in settings for word in ("--set", setting)]
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    for _ in range(rounds):
        theirs.append(told([python, "-B", HERE / "csr.py", file, "3"])["ms"])
        pair = [superladder(program, scratch, "laser-N60.toml", [*settings, f"time.end={end}"])[0] for end in (2.0, 12.0)]
        seconds = pair[1]["evolution_cpu_seconds"] - pair[0]["evolution_cpu_seconds"]
        counts = [manifest["statistics"]["propagator"]["applications"] for manifest in pair]
        ours.append(1e3 * seconds / (counts[1] - counts[0]))
    name = f"U(1) laser N = {n}, one application"
    print(f"{name}, nmax = {cutoff}: SciPy {min(theirs):.3f} ms, superladder {min(ours):.3f} ms of CPU\n", flush=True)
    return [(name, "scipy CSR of export", min(theirs) / min(ours))]


def mean_field(python, program, scratch, rounds):
    """Seconds of CPU of mean field to its end, both as exact as MEAN_FIELD_ERROR or better."""
    shared = ["engine.kind=mean-field", f"time.end={MEAN_FIELD_END}", "time.points=2", "parameters.N=4",
              'output.observables=["amplitude(a)", "spin(S)", "spin(T)"]']

    def end(rtol):
        manifest, columns = superladder(program, scratch, "first-run.toml", [
            *shared, f'method={{name="dop853", rtol={rtol}, atol={rtol}}}'])
        names = [("amplitude(a)." + part, 2.0) for part in ("re", "im")]
        names += [(f"spin({e}).{part}", 4.0) for e in "ST" for part in "xyz"]
        return manifest["evolution_cpu_seconds"], [columns[name][-1] / scale for name, scale in names]

    exact = end("1e-14")[1]
    ours, theirs, errors = [], [], []
    for _ in range(rounds):
        spent, found = end("1e-11")
        ours.append(spent)
        errors.append(max(abs(x - y) for x, y in zip(found, exact)))
        peer = told([python, "-B", HERE / "mean_field.py", MEAN_FIELD_END, MEAN_FIELD_ERROR, *exact])
        theirs.append(peer["solve_cpu_s"])
    name = f"mean field to t = {MEAN_FIELD_END:.0f}"
    print(f"{name}: numba RK4 {min(theirs):.4f} s ({peer['steps']} steps, error {peer['error']:.1e}), superladder "
          f"{min(ours):.4f} s (error {max(errors):.1e})\n", flush=True)
    return [(name, "numba RK4, fixed step", min(theirs) / min(ours))]


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def main():
    options = arguments()
    program = Path(options.program).resolve() if options.program else build()
    python, rounds, ratios = options.python or environment(), options.rounds, []
    wanted = lambda name: options.only in name
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        for problem in filter(lambda p: wanted(p.name), REFERENCE):
            ratios += reference_model(python, program, scratch, problem, rounds)
        for size in LASERS if wanted("laser") else []:
            ratios += laser(python, program, scratch, size, rounds)
        if wanted("mean field"):
            ratios += mean_field(python, program, scratch, rounds)
    print(f"{processor()}, {os.cpu_count()} cores; {rounds} rounds; load at the end {os.getloadavg()[0]:.1f}\n")
    print("| problem | peer | peer / superladder |\n|---|---|---|")
    for name, peer, ratio in ratios:
        print(f"| {name} | {peer} | {ratio:.1f} |")


if __name__ == "__main__":
    main()
