#!/usr/bin/env python3
"""Instructions of building the generator of the reference model and of applying it, counted by callgrind.

    python3 benches/instructions.py            # N = 2, 3, 4; needs valgrind

Counts do not depend on what else the machine does: a change of the kernel shows to a thousandth. valgrind knows AVX2, not AVX-512:
what is counted is the variant of the kernel with vectors of four numbers. The example `apply` of the crate runs ten rounds; one
application is a tenth of the difference between rounds of two and of one.
"""
import argparse
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLE = ROOT / "target/release/examples/apply"
ROUNDS = 10


def counted(program, n, cutoff, repetitions):
    """Instructions of a run, and the number of unknowns that it prints."""
    command = ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", str(program),
               str(n), str(cutoff), str(repetitions)]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True)
    except FileNotFoundError:
        sys.exit("valgrind is not installed")
    except subprocess.CalledProcessError as error:
        sys.exit(f"{' '.join(command)} failed:\n{error.stderr}")
    unknowns = re.search(r"(\d+) unknowns", run.stdout)
    total = re.search(r"Collected : (\d+)", run.stderr)
    if not unknowns or not total:
        sys.exit(f"no figures in:\n{run.stdout}\n{run.stderr}")
    return int(total[1]), int(unknowns[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", default="2,3,4", help="spins per ensemble, separated by commas")
    parser.add_argument("--cutoff", type=int, default=14)
    arguments = parser.parse_args()
    build = ["cargo", "build", "--release", "-q", "-p", "superladder-exact", "--example", "apply"]
    subprocess.run(build, cwd=ROOT, check=True)
    print("| N | cutoff | unknowns | building, instructions per unknown | one application, instructions per unknown |")
    print("|---|---|---|---|---|")
    for n in (int(size) for size in arguments.sizes.split(",")):
        (once, unknowns), (twice, _) = (counted(EXAMPLE, n, arguments.cutoff, k) for k in (1, 2))
        application = (twice - once) / ROUNDS
        building = once - ROUNDS * application
        print(f"| {n} | {arguments.cutoff} | {unknowns} | {building / unknowns:.1f} | {application / unknowns:.2f} |", flush=True)


if __name__ == "__main__":
    main()
