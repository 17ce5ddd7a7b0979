#!/usr/bin/env python3
"""Stationary state or spectrum of the reference model by QuTiP -> one JSON line, or its failure in words.

  python stationary_peer.py --N 2 --nmax 16 --basis piqs --method direct
  python stationary_peer.py --N 2 --nmax 16 --basis kron --method iterative-gmres
  python stationary_peer.py --N 2 --nmax 8  --basis kron --what spectrum

basis: `piqs` is the block basis of PIQS (all j), `kron` all 2^N spins of the ensemble T that is pumped one by one; S is
its Dicke ladder in both. CPU seconds of the process, imports and building the Liouvillian excluded.
"""
import argparse, json, os, resource, time

ap = argparse.ArgumentParser()
ap.add_argument("--N", type=int, default=2)
ap.add_argument("--nmax", type=int, default=16)
ap.add_argument("--lam", type=float, default=0.2)
ap.add_argument("--basis", choices=["piqs", "kron"], default="kron")
ap.add_argument("--method", default="direct", help="direct, svd, power, propagator, eigen, iterative-gmres, iterative-lgmres, iterative-bicgstab")
ap.add_argument("--preconditioner", action="store_true", help="incomplete LU for the iterative methods")
ap.add_argument("--what", choices=["steadystate", "spectrum"], default="steadystate")
A = ap.parse_args()
for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[v] = "1"

import numpy as np
import qutip as qt
from qutip import piqs
from model import Params

P = Params(N=A.N, nmax=A.nmax, lam=A.lam)


def spins():
    """T^+, T^z, their local dissipator on the space of T, or jumps"""
    N = P.N
    if A.basis == "piqs":
        T = piqs.Dicke(N, emission=P.gdn, pumping=P.gup).lindbladian()
        return qt.Qobj(piqs.jspin(N, "+").data), qt.Qobj(piqs.jspin(N, "z").data), T, []
    one = lambda op, i: qt.tensor([op if k == i else qt.qeye(2) for k in range(N)])
    flat = lambda op: qt.Qobj(op.data)
    up = [flat(one(qt.sigmap(), i)) for i in range(N)]
    z = [flat(one(qt.sigmaz() / 2, i)) for i in range(N)]
    return sum(up), sum(z), None, up


def main():
    nb, ns = P.nmax + 1, P.N + 1
    Tp0, Tz0, LT, ups = spins()
    Ib, Is, It = qt.qeye(nb), qt.qeye(ns), qt.qeye(Tp0.shape[0])
    lift = lambda op: qt.tensor(Ib, Is, op)
    a = qt.tensor(qt.destroy(nb), Is, It)
    Sp, Sz = qt.tensor(Ib, qt.jmat(P.N / 2, "+"), It), qt.tensor(Ib, qt.jmat(P.N / 2, "z"), It)
    Tp, Tz = lift(Tp0), lift(Tz0)
    root = np.sqrt(P.N)
    H = P.wc * a.dag() * a + P.wz * Sz + P.wzp * Tz + P.lam / root * (a + a.dag()) * (Sp + Sp.dag()) \
        + P.eta / root * (a * Tp + a.dag() * Tp.dag()) + P.etap / P.N * (Sp * Tp.dag() + Sp.dag() * Tp)
    jumps = [np.sqrt(P.kappa) * a]
    for up in ups:
        jumps += [np.sqrt(P.gup) * lift(up), np.sqrt(P.gdn) * lift(up.dag())]
    L = qt.liouvillian(H, jumps)
    if LT is not None:
        L = L + qt.super_tensor(qt.to_super(Ib), qt.to_super(Is), LT)
    entry = dict(what=A.what, N=P.N, nmax=P.nmax, basis=A.basis, method=A.method, dim=L.shape[0])
    wall, cpu = time.perf_counter(), time.process_time()
    try:
        if A.what == "spectrum":
            omega = np.linspace(-3, 3, 61)
            S = qt.spectrum(H, omega, jumps, a.dag(), a, solver="es" if A.method == "es" else "solve")
            entry["S"] = [float(x) for x in S[::10]]
        else:
            method, _, solver = A.method.partition("-")
            options = {}
            if method == "iterative":
                method = "direct"
                options = dict(solver=solver, rtol=1e-12, maxiter=20000)
                if A.preconditioner:
                    options.update(use_precond=True)
            rho = qt.steadystate(L, method=method, **options)
            flat = qt.operator_to_vector(rho)
            entry["photons"] = float(np.real(qt.expect(a.dag() * a, rho)))
            entry["trace"] = float(np.real(rho.tr()))
            entry["residual"] = float(np.sum(np.abs((L * flat).full())))
    except Exception as error:
        entry["failure"] = f"{type(error).__name__}: {str(error)[:300]}"
    entry["cpu_s"] = round(time.process_time() - cpu, 2)
    entry["wall_s"] = round(time.perf_counter() - wall, 2)
    entry["peak_mb"] = round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(json.dumps(entry))


main()
