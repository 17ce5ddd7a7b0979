# %% [markdown]
# # Coming from QuTiP and PIQS
#
# | QuTiP, PIQS | here |
# |---|---|
# | `c_ops = [sqrt(rate) * A]` | a channel with `rate` |
# | `sqrt(gamma) * sigmaz()` on one spin, rate `gamma` of `D[sigma_z]` | `dephasing` has the jump `sigma_z/2`: `D[sigma_z] = 4 D[sigma_z/2]`, so `rate = 4*gamma`; PIQS' `dephasing` is the same as here |
# | `sum(sigmaz())`, that is `2 J_z` | `spin(S).z` is `J_z`, `frequency` multiplies `J_z` |
# | `g * (a * J_plus + a.dag() * J_minus)` | `strength = g*sqrt(N)`: collective couplings carry `1/sqrt(N)` |
# | `a` with `n` levels | `cutoff = n - 1`, the highest Fock number |
# | `basis(2, 0)` is up, Dicke states from `m = j` down | `m` ascends, down first; `result.state("S").to_qutip()` puts them in order |
# | `emission`, `collective_emission`, ... of PIQS | `emission`, `collective-emission`, ..., the same rates |
#
# Two spins in a cavity, once in the language of QuTiP, spin by spin, and once as a study.

# %%
import numpy as np
from scipy.linalg import expm

import superladder

g, kappa, gamma, gamma_z, omega, levels = 0.3, 0.2, 0.1, 0.05, 1.0, 8
eye, up = np.eye(2), np.array([[1.0, 0.0], [0.0, 0.0]])
sigma_z, sigma_minus = np.diag([1.0, -1.0]), np.array([[0.0, 0.0], [1.0, 0.0]])
fock = np.diag(np.sqrt(np.arange(1, levels)), 1)


def on(mode, first, second):
    return np.kron(mode, np.kron(first, second))


a = on(fock, eye, eye)
minus = [on(np.eye(levels), sigma_minus, eye), on(np.eye(levels), eye, sigma_minus)]
z = [on(np.eye(levels), sigma_z, eye), on(np.eye(levels), eye, sigma_z)]
J_minus = sum(minus)
H = omega * a.T @ a + omega / 2 * sum(z) + g * (a @ J_minus.T + a.T @ J_minus)
c_ops = [np.sqrt(kappa) * a, *(np.sqrt(gamma) * s for s in minus), *(np.sqrt(gamma_z) * s for s in z)]


# %% [markdown]
# Row-major vectors of the density matrix, and the exponential of the whole Liouvillian:

# %%
def liouvillian(H, c_ops):
    one = np.eye(len(H))
    L = -1j * (np.kron(H, one) - np.kron(one, H.T))
    for c in c_ops:
        n = c.conj().T @ c
        L += np.kron(c, c.conj()) - 0.5 * (np.kron(n, one) + np.kron(one, n.T))
    return L


vacuum = np.zeros((levels, levels))
vacuum[0, 0] = 1
rho = on(vacuum, up, up).astype(complex).ravel()
step = expm(0.5 * liouvillian(H, c_ops))
times, photons, inversion = 0.5 * np.arange(21), [], []
for _ in times:
    matrix = rho.reshape(len(H), len(H))
    photons.append(np.trace(a.T @ a @ matrix).real)
    inversion.append(np.trace(sum(z) @ matrix).real)
    rho = step @ rho

# %% [markdown]
# The same as a study, by the table above:

# %%
N = 2
study = superladder.Study.from_dict({
    "modes": {"a": {"frequency": omega, "cutoff": levels - 1}},
    "ensembles": {"S": {"size": N, "frequency": omega, "initial": {"state": "up"}}},
    "interactions": [{"kind": "tavis-cummings", "mode": "a", "ensemble": "S", "strength": g * np.sqrt(N)}],
    "channels": [
        {"kind": "cavity-loss", "mode": "a", "rate": kappa},
        {"kind": "emission", "ensemble": "S", "rate": gamma},
        {"kind": "dephasing", "ensemble": "S", "rate": 4 * gamma_z},
    ],
    "time": {"end": 10.0, "points": 21},
    "output": {"observables": ["photons(a)", "spin(S)", "reduced-state(S)"]},
})
result = study.run(progress=False)
off = np.abs(result["photons(a)"] - photons).max(), np.abs(2 * result["spin(S).z"] - inversion).max()
print(f"{len(H) ** 2} numbers of rho there, {study.inspect().unknowns} here; photons differ by {off[0]:.1e}, <sigma_z> by {off[1]:.1e}")
assert max(off) < 1e-8

# %% [markdown]
# Where QuTiP is installed, states go over to it:

# %%
try:
    import qutip
    from qutip import piqs
except ImportError:
    print("QuTiP is not installed here")
else:
    state = result.state("S").to_qutip()
    J_z = piqs.jspin(N, "z", basis="dicke")
    print("<J_z> by QuTiP:", qutip.expect(J_z, state), "here:", result["spin(S).z"][-1])
    assert abs(qutip.expect(J_z, state) - result["spin(S).z"][-1]) < 1e-9
