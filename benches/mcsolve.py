#!/usr/bin/env python3
"""superladder's trajectories and QuTiP's mcsolve, alternately, where mcsolve can go; prints a table in Markdown.

    python3 benches/mcsolve.py                     # own virtual environment under target/, release build, 3 rounds
    python3 benches/mcsolve.py --python python3    # an interpreter that has qutip already

The problem: the reference model (lambda = 0.2, eta = eta' = 0.1, kappa = 0.06, gamma_up = 0.9, gamma_down = 0.1) with
N_S = N_T = N = 2 and 3, cutoff 14, from a product state, t = 10, 11 output times. QuTiP evolves in the space of all
2^(2N) spins, one collapse operator a spin and channel. One thread each, relative tolerance 1e-8 in both, the same
observables; QuTiP's tolerance of the time of a jump is its default (looser: at 1e-8 it gives up). Compared is CPU time per trajectory; the largest difference of the means is given in combined standard
errors, so that a program that is fast and wrong is seen.
"""
import argparse
import csv
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NMAX, END, POINTS = 14, 10.0, 11
LAMBDA, ETA, ETA_PRIME, KAPPA, UP, DOWN = 0.2, 0.1, 0.1, 0.06, 0.9, 0.1
AMPLITUDE, THETA_S, THETA_T = 0.3, 0.9, 1.8
COLUMNS = ["photons(a)", "spin(S).x", "spin(S).z", "spin(T).z"]
STUDY = f"""
[parameters]
N = {{n}}
[modes.a]
frequency = 1.0
cutoff = {NMAX}
initial = {{{{ state = "coherent", amplitude = "{AMPLITUDE}*sqrt(N)" }}}}
[ensembles.S]
size = "N"
frequency = 1.0
initial = {{{{ state = "spin-coherent", theta = {THETA_S} }}}}
[ensembles.T]
size = "N"
frequency = 1.0
initial = {{{{ state = "spin-coherent", theta = {THETA_T} }}}}
[[interactions]]
kind = "dicke"
mode = "a"
ensemble = "S"
strength = {LAMBDA}
[[interactions]]
kind = "tavis-cummings"
mode = "a"
ensemble = "T"
strength = {ETA}
[[interactions]]
kind = "exchange"
ensembles = ["S", "T"]
strength = {ETA_PRIME}
[[channels]]
kind = "cavity-loss"
mode = "a"
rate = {KAPPA}
[[channels]]
kind = "pumping"
ensemble = "T"
rate = {UP}
[[channels]]
kind = "emission"
ensemble = "T"
rate = {DOWN}
[time]
end = {END}
points = {POINTS}
[engine]
kind = "trajectories"
trajectories = {{count}}
tolerance = 1e-8
[bounds]
top_population = 1e-2
[output]
observables = ["photons(a)", "spin(S)", "spin(T)"]
"""


def qutip_run(n, count, seed):
    """CPU seconds of mcsolve, and means and standard errors of COLUMNS at the output times."""
    import qutip as q

    def place(operators):
        parts = [q.qeye(NMAX + 1)] + [q.qeye(2)] * (2 * n)
        for position, operator in operators.items():
            parts[position] = operator
        return q.tensor(parts)

    a = place({0: q.destroy(NMAX + 1)})
    lower = [place({k: q.sigmam()}) for k in range(1, 2 * n + 1)]
    z = [place({k: q.sigmaz() / 2}) for k in range(1, 2 * n + 1)]
    s_minus, t_minus = sum(lower[:n]), sum(lower[n:])
    s_z, t_z = sum(z[:n]), sum(z[n:])
    h = (a.dag() * a + s_z + t_z
         + LAMBDA / math.sqrt(n) * (a + a.dag()) * (s_minus + s_minus.dag())
         + ETA / math.sqrt(n) * (a * t_minus.dag() + a.dag() * t_minus)
         + ETA_PRIME / n * (s_minus.dag() * t_minus + s_minus * t_minus.dag()))
    jumps = [math.sqrt(KAPPA) * a]
    jumps += [math.sqrt(UP) * spin.dag() for spin in lower[n:]]
    jumps += [math.sqrt(DOWN) * spin for spin in lower[n:]]

    def spin(theta):
        return math.cos(theta / 2) * q.basis(2, 1) - math.sin(theta / 2) * q.basis(2, 0)

    alpha = AMPLITUDE * math.sqrt(n)
    field = sum(alpha ** k / math.sqrt(math.factorial(k)) * q.basis(NMAX + 1, k) for k in range(NMAX + 1)).unit()
    psi = q.tensor([field] + [spin(THETA_S)] * n + [spin(THETA_T)] * n)
    times = [END * k / (POINTS - 1) for k in range(POINTS)]
    options = {"rtol": 1e-8, "atol": 1e-10, "map": "serial", "progress_bar": "",
               "keep_runs_results": False, "nsteps": 100000}
    observables = [a.dag() * a, (s_minus + s_minus.dag()) / 2, s_z, t_z]
    begun = time.process_time()
    found = q.mcsolve(h, psi, times, jumps, e_ops=observables, ntraj=count, options=options, seeds=seed)
    spent = time.process_time() - begun
    errors = [[float(s) / math.sqrt(count) for s in column] for column in found.std_expect]
    return {"seconds": spent, "values": [[float(x) for x in column] for column in found.average_expect],
            "errors": errors, "version": q.__version__}


def superladder_run(program, scratch, n, count, seed):
    study, out = scratch / "study.toml", scratch / f"out-{n}-{seed}"
    study.write_text(STUDY.format(n=n, count=count), encoding="utf-8")
    command = [program, "run", study, "-o", out, "--quiet", "--force", "--threads", "1", "--set", f"engine.seed={seed}"]
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    if done.returncode not in (0, 3):
        sys.exit(done.stderr)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    with open(out / "observables.csv", newline="", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    read = lambda suffix: [[float(row[c + suffix]) for row in rows] for c in COLUMNS]
    return {"seconds": manifest["evolution_cpu_seconds"], "values": read(""), "errors": read(".standard_error")}


def worst_difference(x, y):
    """Largest difference of the means in combined standard errors, the start left out."""
    return max(abs(u - v) / math.hypot(e, f)
               for a, b, c, d in zip(x["values"], y["values"], x["errors"], y["errors"])
               for u, v, e, f in list(zip(a, b, c, d))[1:])


def arguments():
    parser = argparse.ArgumentParser(description="superladder's trajectories against QuTiP's mcsolve")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2, 3])
    parser.add_argument("--ours", type=int, default=1000, help="trajectories of superladder a round")
    parser.add_argument("--theirs", type=int, default=40, help="trajectories of mcsolve a round")
    parser.add_argument("--python", help="an interpreter with qutip, in place of an own environment")
    parser.add_argument("--program", help="a built superladder, in place of building it")
    parser.add_argument("--qutip-part", type=int, nargs=3, metavar=("N", "COUNT", "SEED"), help=argparse.SUPPRESS)
    return parser.parse_args()


def environment(target):
    python = target / "peers-venv/bin/python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", python.parent.parent], check=True)
    requirements = Path(__file__).resolve().parent / "peers/requirements.txt"
    subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", requirements], check=True)
    return python


def main():
    given = arguments()
    if given.qutip_part:
        print(json.dumps(qutip_run(*given.qutip_part)))
        return
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    python = given.python or environment(target)
    program = given.program
    if not program:
        subprocess.run(["cargo", "build", "--release", "--locked"], cwd=ROOT, check=True)
        program = target / "release/superladder"
    single = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    print("| N | mcsolve, ms a trajectory | superladder, ms a trajectory | ratio | largest difference, standard errors |")
    print("|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for n in given.sizes:
            ours, theirs, apart = [], [], []
            for seed in range(1, given.rounds + 1):
                part = [python, "-B", __file__, "--qutip-part", n, given.theirs, seed]
                said = subprocess.run([str(w) for w in part], check=True, capture_output=True, text=True, env=single)
                peer = json.loads(said.stdout.splitlines()[-1])
                own = superladder_run(program, Path(folder), n, given.ours, seed)
                theirs.append(1e3 * peer["seconds"] / given.theirs)
                ours.append(1e3 * own["seconds"] / given.ours)
                apart.append(worst_difference(own, peer))
            mine, other = statistics.median(ours), statistics.median(theirs)
            print(f"| {n} | {other:.2f} | {mine:.3f} | {other / mine:.1f} | {max(apart):.1f} |", flush=True)
    print(f"\nQuTiP {peer['version']}; medians of {given.rounds} rounds")


if __name__ == "__main__":
    main()
