#!/usr/bin/env python3
"""superladder and its peers, alternately, on the reference problem; prints a table in Markdown.

    python3 benches/peers.py                     # own virtual environment under target/, release build, 3 rounds
    python3 benches/peers.py --python python3    # an interpreter that has numpy, scipy and qutip already

The problem: N_S = N_T = 4, nmax = 14, lambda = 0.7 (data/studies/golden-N4.toml), t = 10, 101 output times, one
thread. Compared is the CPU time of solving: superladder's `evolution_cpu_seconds` (which includes building the
generator), the peers' `solve_cpu_s` (which does not). Every entry is a fresh process; a round runs all entries once,
so that whatever else the machine does hits all of them alike. Errors are the largest deviation over all times and
observables (per spin, <S^x S^x> per pair of spins) from SciPy at rtol 1e-12: independent code, other basis.
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

HERE = Path(__file__).resolve().parent / "peers"
ROOT = HERE.parent.parent
STUDY = ROOT / "data/studies/golden-N4.toml"
N, NMAX, LAMBDA, END, POINTS = 4, 14, 0.7, 10, 101
LINEAR = ["amplitude(a)", "photons(a)", "spin(S)", "spin(T)", "moments(S)"]
METHODS = {
    "chebyshev": 'method={name="chebyshev"}',
    "dop853": 'method={name="dop853", rtol=1e-8, atol=1e-10}',
}
PEERS = ["scipy-dop853", "qutip-piqs-tsit5"]
# Columns of a peer from those of superladder: name, factor. T^- = T^x - i T^y.
COLUMNS = {
    "re_a": ("amplitude(a).re", 1), "im_a": ("amplitude(a).im", 1), "n_over_N": ("photons(a)", 1 / N),
    "Sx_over_N": ("spin(S).x", 1 / N), "Sy_over_N": ("spin(S).y", 1 / N), "Sz_over_N": ("spin(S).z", 1 / N),
    "Tz_over_N": ("spin(T).z", 1 / N), "re_Tm_over_N": ("spin(T).x", 1 / N), "im_Tm_over_N": ("spin(T).y", -1 / N),
    "SxSx_over_N2": ("moments(S).xx", 1 / N ** 2), "purity": ("purity", 1),
}


def arguments():
    parser = argparse.ArgumentParser(description="superladder against its peers, alternately in one run")
    parser.add_argument("--rounds", type=int, default=3)
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


def run_peer(python, scratch, peer, rtol, atol):
    saved = scratch / "peer.csv"
    command = [python, "-B", HERE / "bench_peer.py", "--peer", peer, "--N", N, "--nmax", NMAX, "--lam", LAMBDA, "--t", END,
               "--nt", POINTS, "--rtol", rtol, "--atol", atol, "--save", saved]
    done = subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True)
    figures = json.loads(done.stdout.splitlines()[-1])
    columns = table(saved)
    return {"solve": figures["solve_cpu_s"], "build": figures["build_cpu_s"], "memory": figures["peak_rss_mb"] / 1024,
            "columns": {name: columns[name] for name in COLUMNS}}


def run_superladder(program, scratch, method, observables):
    folder = scratch / "out"
    command = [program, "run", STUDY, "-o", folder, "--force", "--quiet", "--threads", "1", "--set", method,
               "--set", f"time.end={END}", "--set", f"time.points={POINTS}",
               "--set", "output.observables=" + json.dumps(observables)]
    # 3: the cutoff of the golden files is too low for the bounds of a physical result. Meant so.
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode not in (0, 3):
        sys.exit(done.stderr)
    manifest = json.loads((folder / "manifest.json").read_text())
    columns = table(folder / "observables.csv")
    found = {name: [factor * x for x in columns[column]] for name, (column, factor) in COLUMNS.items() if column in columns}
    return {"solve": manifest["evolution_cpu_seconds"], "build": math.nan,
            "memory": manifest["peak_memory_bytes"] / 2 ** 30, "columns": found,
            "applications": manifest["statistics"]["propagator"]["applications"]}


def deviation(columns, reference):
    """The largest deviation; NaN (a purity that QuTiP does not record) is left out."""
    pairs = [(x, y) for name in columns for x, y in zip(columns[name], reference[name])]
    return max(abs(x - y) for x, y in pairs if not math.isnan(x))


def entries(python, program, scratch):
    for peer in PEERS:
        yield f"{peer}, rtol 1e-8", lambda peer=peer: run_peer(python, scratch, peer, "1e-8", "1e-10")
    for name, method in METHODS.items():
        for observables in (LINEAR, [*LINEAR, "purity"]):
            label = f"superladder {name}{', rtol 1e-8' if name == 'dop853' else ''}{', with purity' if 'purity' in observables else ''}"
            yield label, lambda method=method, o=observables: run_superladder(program, scratch, method, o)


def processor():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()


def main():
    options = arguments()
    program = Path(options.program).resolve() if options.program else build()
    python = options.python or environment()
    with tempfile.TemporaryDirectory() as scratch:
        scratch = Path(scratch)
        reference = run_peer(python, scratch, "scipy-dop853", "1e-12", "1e-14")["columns"]
        runs = {}
        for number in range(options.rounds):
            for label, entry in entries(python, program, scratch):
                runs.setdefault(label, []).append(entry())
                print(f"round {number + 1}: {label}: {runs[label][-1]['solve']:.3f} s", file=sys.stderr)
    best = {label: min(r["solve"] for r in all_) for label, all_ in runs.items()}
    scipy, qutip = (best[f"{peer}, rtol 1e-8"] for peer in PEERS)
    print(f"{processor()}, {os.cpu_count()} cores; {options.rounds} rounds; load at the end {os.getloadavg()[0]:.1f}\n")
    print("| | solve CPU s, min | median | build CPU s | peak memory GiB | error | SciPy / this | QuTiP / this |")
    print("|---|---|---|---|---|---|---|---|")
    for label, all_ in runs.items():
        median = statistics.median(r["solve"] for r in all_)
        build_ = min(r["build"] for r in all_)
        built = "in solve" if math.isnan(build_) else f"{build_:.2f}"
        error = deviation(all_[0]["columns"], reference)
        print(f"| {label} | {best[label]:.3f} | {median:.3f} | {built} | {all_[0]['memory']:.3f} | {error:.1e} "
              f"| {scipy / best[label]:.1f} | {qutip / best[label]:.1f} |")


if __name__ == "__main__":
    main()
