# %% [markdown]
# # Coming from QuantumCumulants.jl
#
# There one writes operators and derives equations of their averages to an order. Here the study is the model; equations are derived from it to any order, and the same study goes to the exact
# engine, trajectories, or truncated Wigner sampling as well.
#
# | QuantumCumulants.jl | here |
# |---|---|
# | `meanfield(ops, H, J; rates)`, `complete`, `order = 2` | `study.equations(order=2)`, `study.cumulants(order=2)`: closed under what the observables need |
# | indexed operators, `scale` | an ensemble; its N spins are identical by construction |
# | phase-invariant averages by `filter_func` | found: what a symmetry of the study keeps at zero is left out |
# | correlation functions and `Spectrum` | `[[correlations]]` and `study.spectrum()` |
# | `Sigma(i, j)`, couplings `g` of one atom | collective spins; `strength = g*sqrt(N)` |
#
# The superradiant laser of its documentation: 200 000 atoms (D. Meiser et al., Phys. Rev. Lett. 102, 163601 (2009)), times in seconds.

# %%
import numpy as np

import superladder

study = superladder.Study.from_toml("data/studies/cumulant-laser.toml")
equations = study.equations(order=2)
print(equations.text)

# %%
result = study.run(progress=False)
print(result)
for time, photons in zip(result.t, result["photons(a)"]):
    print(f"t = {1e3 * time:4.1f} ms: {photons:.6f} photons")

# %% [markdown]
# The same equations solved by other code (SciPy's BDF) give 31.01486707, 20.62748065, 19.80771873 and 19.7366331 photons at these times.

# %%
assert result.converged
np.testing.assert_allclose(result["photons(a)"][1:], [31.01486707, 20.62748065, 19.80771873, 19.7366331], rtol=1e-5)

# %% [markdown]
# The order is a setting, and it can be checked where the density matrix is within reach. For a laser of eight atoms orders 2 to 4 are far off, and the third is no better than the second: a
# closure is an assumption, not the start of a series that converges.

# %%
small = superladder.Study.from_toml("data/studies/tavis-cummings-laser.toml", set={
    "N": 8, "modes.a.cutoff": 30, "time.end": 10.0, "time.points": 51, "output.observables": ["photons(a)", "spin(T)"],
})
exact = small.run(progress=False)
off = {order: np.abs(small.cumulants(order=order, progress=False)["photons(a)"] - exact["photons(a)"]).max() for order in (2, 3, 4)}
print({order: round(float(value), 4) for order, value in off.items()}, "photons off, of", round(float(exact["photons(a)"].max()), 3))
assert exact.converged
np.testing.assert_allclose([off[2], off[3], off[4]], [0.5332, 0.5790, 0.3250], atol=5e-4)
