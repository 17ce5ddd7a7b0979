"""Mean field of the reference model by a fourth-order Runge-Kutta method that numba compiles, with the largest fixed step
that is as exact as asked for: python mean_field.py END ERROR REFERENCE..., the last the eight numbers at the end."""
import json
import math
import sys
import time

import numba
import numpy as np

WC = WZ = WZP = 1.0
LAMBDA, ETA, ETAP, KAPPA, UP, DOWN = 0.2, 0.1, 0.1, 0.06, 0.9, 0.1


@numba.njit(cache=False)
def slope(v, out):
    """Re a, Im a, S and T per spin."""
    x, y, sx, sy, sz, tx, ty, tz = v
    field, total = 2.0 * LAMBDA * 2.0 * x, UP + DOWN
    out[0] = WC * y - KAPPA / 2 * x - ETA * ty
    out[1] = -WC * x - KAPPA / 2 * y - 2 * LAMBDA * sx - ETA * tx
    out[2] = -WZ * sy + 2 * ETAP * ty * sz
    out[3] = WZ * sx - field * sz - 2 * ETAP * tx * sz
    out[4] = field * sy + 2 * ETAP * (tx * sy - ty * sx)
    out[5] = -WZP * ty - total / 2 * tx - 2 * ETA * y * tz + 2 * ETAP * sy * tz
    out[6] = WZP * tx - total / 2 * ty - 2 * ETA * x * tz - 2 * ETAP * sx * tz
    out[7] = 2 * ETA * (x * ty + y * tx) + 2 * ETAP * (sx * ty - sy * tx) - total * tz + (UP - DOWN) / 2


@numba.njit(cache=False)
def flow(v, end, steps):
    h = end / steps
    k = np.zeros((4, 8))
    for _ in range(steps):
        slope(v, k[0])
        slope(v + 0.5 * h * k[0], k[1])
        slope(v + 0.5 * h * k[1], k[2])
        slope(v + h * k[2], k[3])
        v = v + h / 6 * (k[0] + 2 * k[1] + 2 * k[2] + k[3])
    return v


def main():
    end, wanted = float(sys.argv[1]), float(sys.argv[2])
    exact = np.array([float(x) for x in sys.argv[3:]])
    start = np.array([0.3, 0.0, -math.sin(0.3) / 2, 0.0, -math.cos(0.3) / 2, 0.0, 0.0, -0.5])
    flow(start, 0.1, 1)
    steps = int(end)
    while True:
        begun = time.process_time()
        found = flow(start, end, steps)
        spent = time.process_time() - begun
        error = float(np.abs(found - exact).max())
        if error <= wanted or steps > 1e9:
            break
        steps = int(steps * max(1.02, min(2.0, 1.05 * (error / wanted) ** 0.25))) if math.isfinite(error) else 2 * steps
    print(json.dumps({"solve_cpu_s": spent, "steps": steps, "error": error, "numba": numba.__version__}))


main()
