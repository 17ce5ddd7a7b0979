# %% [markdown]
# # Convergence
#
# Three questions: is this number right, what limits it, and what is the cheapest setting that is good enough?

# %%
import warnings

import numpy as np

import superladder

study = superladder.Study.from_toml("data/studies/tavis-cummings-laser.toml", set={
    "N": 3, "time.end": 8.0, "time.points": 41, "output.observables": ["photons(a)", "g2(a)", "spin(T)"],
})

# %% [markdown]
# A cutoff that is too small shows: the population of the highest Fock state is watched, and a run that breaks its bound is *not converged*. In a script that must not go on, `strict=True` raises.

# %%
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    cut = study.run(set={"modes.a.cutoff": 4}, progress=False)
print(cut.reasons)
assert not cut.converged and caught[0].category is superladder.NotConvergedWarning
try:
    study.run(set={"modes.a.cutoff": 4}, progress=False, strict=True)
except superladder.NotConvergedError as refused:
    assert refused.result.reasons == cut.reasons
else:
    raise AssertionError("a broken bound passes")

# %% [markdown]
# `cutoff = "auto"` lets the cutoff follow the state. It agrees with a generous fixed one.

# %%
auto = study.run(set={"modes.a.cutoff": "auto"}, progress=False)
wide = study.run(set={"modes.a.cutoff": 22}, progress=False)
off = np.abs(auto["photons(a)"] - wide["photons(a)"]).max()
print(f"auto and 22 differ by {off:.1e} photons; cutoff 4 by {np.abs(cut['photons(a)'] - wide['photons(a)']).max():.1e}")
assert auto.converged and wide.converged and off < 1e-6

# %% [markdown]
# `converge` varies every numerical setting of a study, says how much every observable moves, and which settings are the cheapest within a tolerance.

# %%
told = study.converge(vary=["cutoff", "tolerance"], tolerance=1e-4, progress=False)
print(told.report)
assert told.converged
