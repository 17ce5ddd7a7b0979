# %% [markdown]
# # First steps
#
# A study says what is simulated and what is measured: modes, ensembles of spins, interactions, channels, times, observables. It is a file, a text or a
# dictionary; here one of the ready studies, two ensembles in one cavity, changed on the way in.

# %%
import matplotlib.pyplot as plt
import numpy as np

import superladder

study = superladder.Study.from_toml("data/studies/golden-N4.toml", set={"N": 2, "lambda": 0.2, "modes.a.cutoff": 12})
print(study)
print(study.inspect().unknowns, "unknowns,", study.engine, "engine")

# %% [markdown]
# A run gives arrays by the names of observables. It also gives a verdict: every number that bounds an error is watched, and a run that breaks a bound says so.

# %%
result = study.run(progress=False)
print(result)
assert result.converged and result.warnings == []

# %% [markdown]
# `result["amplitude(a)"]` is complex, `result["spin(S)"]` has one column a component, which has a name of its own too.

# %%
assert result["amplitude(a)"].dtype == complex and result["amplitude(a)"].shape == result.t.shape
assert result["spin(S)"].shape == (len(result.t), 3)
assert np.array_equal(result["spin(S).z"], result["spin(S)"][:, 2])

plt.figure(figsize=(6, 3))
plt.plot(result.t, result["photons(a)"] / 2, label="photons per spin")
plt.plot(result.t, result["spin(S).z"] / 2, label="inversion of S per spin")
plt.xlabel("t")
plt.legend()

# %% [markdown]
# Another program, which shares nothing with this one, has computed the same (`data/reference/golden`). The largest difference over all times:

# %%
golden = np.genfromtxt("data/reference/golden/N2_nmax12_lam0.2_t10.csv", delimiter=",", names=True)
off = {
    "amplitude": np.abs(result["amplitude(a)"] - golden["re_a"] - 1j * golden["im_a"]).max(),
    "photons": np.abs(result["photons(a)"] / 2 - golden["n_over_N"]).max(),
    "purity": np.abs(result["purity"] - golden["purity"]).max(),
}
print({name: f"{value:.1e}" for name, value in off.items()})
assert max(off.values()) < 1e-9

# %% [markdown]
# The same study in the command line, with all tables, pictures and a page `report.html`: `superladder run data/studies/golden-N4.toml`. Of such a folder
# `superladder.load("out/golden-N4")` makes the same `Result`.
