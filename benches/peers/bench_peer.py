#!/usr/bin/env python3
"""One peer, one problem size -> one JSON line.

  python bench_peer.py --peer scipy-dop853 --N 4 --nmax 14 --lam 0.2 --t 10

Every run is a fresh process (peak RSS is the process maximum), one compute thread unless --threads 2.
build_s: operators + Liouvillian (or whatever the peer needs before it integrates), imports excluded.
solve_s: the integration to t including observables at the 101 output times.
Both are wall times; build_cpu_s and solve_cpu_s are the CPU time of the process over the same span,
the figure to compare on a machine that other work shares.  loadavg is the 1-minute load at the end.
--save writes the trajectory of all observables, for comparison.
"""
import argparse, json, os, resource, sys, time

PEERS = """scipy-dop853 scipy-rk45 scipy-expm scipy-krylov
qutip-piqs-adams qutip-piqs-bdf qutip-piqs-lsoda qutip-piqs-vern7 qutip-piqs-vern9 qutip-piqs-dop853 qutip-piqs-tsit5
qutip-piqs-krylov""".split()

ap = argparse.ArgumentParser()
ap.add_argument("--peer", required=True, choices=PEERS)
ap.add_argument("--N", type=int, default=2)
ap.add_argument("--nmax", type=int, default=10)
ap.add_argument("--lam", type=float, default=0.2)
ap.add_argument("--t", type=float, default=10.0)
ap.add_argument("--nt", type=int, default=101)
ap.add_argument("--rtol", type=float, default=1e-8)
ap.add_argument("--atol", type=float, default=1e-10)
ap.add_argument("--tbasis", choices=["jm", "occ"], default="jm", help="T basis of the scipy peers")
ap.add_argument("--krylov-dim", type=int, default=30)
ap.add_argument("--threads", type=int, default=1)
ap.add_argument("--pin", type=int, default=None, help="pin the process to this core")
ap.add_argument("--save", help="write the full trajectory (CSV) here")
A = ap.parse_args()

if A.pin is not None:
    os.sched_setaffinity(0, {A.pin})
for v in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[v] = str(A.threads)

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import numpy as np
import scipy, scipy.sparse as sp
from model import Params, OBS, destroy, spin_ops, coherent, spin_coherent, pack

P = Params(N=A.N, nmax=A.nmax, lam=A.lam, t=A.t, nt=A.nt)
T = P.tlist
NAN = float("nan")


class Clock(float):
    """wall time stamp that carries the CPU time of the process; differences give both"""
    def __new__(cls):
        self = float.__new__(cls, time.perf_counter())
        self.cpu = time.process_time()
        return self


def span(a, b):
    return float(b) - float(a), b.cpu - a.cpu


def rss_peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0


# ---------------------------------------------------------------- scipy

def run_scipy():
    import scipy.integrate, scipy.sparse.linalg
    from pi_scipy import PIModel, solve_dop853, solve_expm, solve_krylov
    base = rss_peak()
    t0 = Clock()
    M = PIModel(P, A.tbasis)
    L = M.liouvillian()
    v0 = M.initial()
    M.prepare_observables()
    t1 = Clock()
    rss_b = rss_peak()
    kind = A.peer.split("-")[1]
    if kind in ("dop853", "rk45"):
        out, info = solve_dop853(L, v0, T, M.observables, A.rtol, A.atol, {"dop853": "DOP853", "rk45": "RK45"}[kind])
    elif kind == "expm":
        out, info = solve_expm(L, v0, T, M.observables)
    else:
        out, info = solve_krylov(L, v0, T, M.observables, tol=A.atol, m=A.krylov_dim)
    t2 = Clock()
    info.update(tbasis=A.tbasis, rss_after_build_mb=round(rss_b, 1))
    return dict(unknowns=M.dim, nnz=int(L.nnz), build=span(t0, t1), solve=span(t1, t2), info=info, base=base), out


# ---------------------------------------------------------------- Hilbert-space bases for T

def dicke_blocks(N):
    """(j, offset, multiplicity) of the block basis, j from N/2 down, inside a block m from +j to -j (PIQS order)"""
    from math import comb
    out, off, J2 = [], 0, N
    while J2 >= 0:
        k = (N - J2) // 2
        out.append((J2 / 2, off, comb(N, k) - (comb(N, k - 1) if k else 0)))
        off += J2 + 1
        J2 -= 2
    return out, off


def from_expect(E, tr=None, pur=None):
    """E: list of 8 complex series: a, a^dag a, S^x, S^y, S^z, T^z, T^-, S^x S^x"""
    out = np.empty((len(T), len(OBS)))
    for i in range(len(T)):
        out[i] = pack(P, *[complex(e[i]) for e in E], complex(NAN if tr is None else tr[i]), np.float64(NAN))
    if pur is not None:
        out[-1, -1] = pur
    return out


# ---------------------------------------------------------------- QuTiP

def run_qutip():
    import qutip as qt
    from qutip import piqs
    method = A.peer.split("-")[2]
    base = rss_peak()
    opts = dict(method=method, rtol=A.rtol, atol=A.atol, nsteps=100000, store_final_state=True, progress_bar="",
                normalize_output=False)
    if method == "krylov":
        opts = dict(method=method, krylov_dim=A.krylov_dim, atol=A.atol, nsteps=100000, min_step=1e-9,
                    store_final_state=True, progress_bar="", normalize_output=False)
    N, nb, ns = P.N, P.nmax + 1, P.N + 1
    t0 = Clock()
    nds = piqs.num_dicke_states(N)
    Ib, Is, It = qt.qeye(nb), qt.qeye(ns), qt.qeye(nds)
    a = qt.tensor(qt.destroy(nb), Is, It)
    sp_, sz_ = qt.jmat(N / 2, "+"), qt.jmat(N / 2, "z")          # QuTiP order: m from +J to -J
    Sp, Sz = qt.tensor(Ib, sp_, It), qt.tensor(Ib, sz_, It)
    Tp = qt.tensor(Ib, Is, qt.Qobj(piqs.jspin(N, "+").data))
    Tz = qt.tensor(Ib, Is, qt.Qobj(piqs.jspin(N, "z").data))
    Sm, Tm = Sp.dag(), Tp.dag()
    H = P.wc * a.dag() * a + P.wz * Sz + P.wzp * Tz + P.lam / np.sqrt(N) * (a + a.dag()) * (Sp + Sm) \
        + P.eta / np.sqrt(N) * (a * Tp + a.dag() * Tm) + P.etap / N * (Sp * Tm + Sm * Tp)
    LT = piqs.Dicke(N, emission=P.gdn, pumping=P.gup).lindbladian()
    L = qt.liouvillian(H, [np.sqrt(P.kappa) * a])
    L = L + qt.super_tensor(qt.to_super(Ib), qt.to_super(Is), LT)
    b = qt.Qobj(coherent(nb, P.alpha))
    s = qt.Qobj(spin_coherent(N, P.theta)[::-1].copy())
    g = qt.basis(nds, N)                                          # |N/2,-N/2> is the last of the first block
    rho0 = qt.ket2dm(qt.tensor(b, s, g))
    one = qt.tensor(Ib, Is, It)
    Sx, Sy = 0.5 * (Sp + Sm), -0.5j * (Sp - Sm)
    eops = [a, a.dag() * a, Sx, Sy, Sz, Tz, Tm, Sx * Sx, one]
    bl, _ = dicke_blocks(N)
    w = np.kron(np.ones(nb * ns), np.concatenate([np.full(int(2 * j) + 1, 1.0 / d) for j, o, d in bl]))
    nnz = L.data.as_scipy().nnz if hasattr(L.data, "as_scipy") else None
    unknowns = L.shape[0]
    info = {}
    t1 = Clock()
    rb = rss_peak()
    r = qt.mesolve(L, rho0, T, e_ops=eops, options=opts)
    t2 = Clock()
    F = r.final_state.full()
    pur = float(np.sum(np.abs(F) ** 2 * np.sqrt(np.outer(w, w))))     # rho is block diagonal in j
    info.update(rss_after_build_mb=round(rb, 1), qutip=qt.__version__, stats={k: v for k, v in r.stats.items() if isinstance(v, (int, float))})
    return dict(unknowns=unknowns, nnz=nnz, build=span(t0, t1), solve=span(t1, t2), info=info, base=base), \
        from_expect(r.expect[:8], r.expect[8], pur)


def main():
    k = A.peer
    fn = run_scipy if k.startswith("scipy") else run_qutip
    r, out = fn()
    j = dict(peer=k, N=P.N, nmax=P.nmax, lam=P.lam, t=P.t, rtol=A.rtol, atol=A.atol, threads=A.threads,
             unknowns=r["unknowns"], nnz=r["nnz"], build_s=round(r["build"][0], 4), solve_s=round(r["solve"][0], 4),
             build_cpu_s=round(r["build"][1], 4), solve_cpu_s=round(r["solve"][1], 4), loadavg=os.getloadavg()[0],
             peak_rss_mb=round(r.get("peak", rss_peak()), 1), rss_imports_mb=None if np.isnan(r["base"]) else round(r["base"], 1), info=r["info"])
    j["obs_final"] = {o: (None if np.isnan(out[-1, i]) else float(out[-1, i])) for i, o in enumerate(OBS)}
    j["versions"] = dict(python=sys.version.split()[0], numpy=np.__version__, scipy=scipy.__version__)
    if A.save:
        np.savetxt(A.save, np.column_stack([T, out]), delimiter=",", fmt="%.17g", header="t," + ",".join(OBS), comments="")
    print(json.dumps(j))


main()
