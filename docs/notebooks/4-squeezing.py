# %% [markdown]
# # Squeezing, after a quench and in the lasing regime
#
# `xi_S^2` (Kitagawa and Ueda) and `xi_R^2` (Wineland) are 1 for coherent states of spins. Below 1 the spins are squeezed; `xi_R^2 < 1` is useful for metrology and needs entanglement.

# %%
import matplotlib.pyplot as plt
import numpy as np

import superladder

quench = superladder.Study.from_toml("data/studies/squeezing.toml", set={"N": 2})
result = quench.run(progress=False)
assert result.converged

plt.figure(figsize=(6, 3))
for name in ["kitagawa_ueda", "wineland"]:
    plt.plot(result.t, 10 * np.log10(result[f"squeezing(S).{name}"]), label=name)
plt.axhline(0, color="0.6")
plt.ylim(-2, 3)
plt.xlabel("t")
plt.ylabel("dB")
plt.legend()

# %% [markdown]
# The study reads its minima off by itself, at the vertex of the parabola through the lowest point and its neighbours.

# %%
minima = result.reductions
for entry in minima:
    print(entry["reduction"], "=", round(entry["value"], 4), "at t =", round(entry["time"], 4), entry["remark"] or "")
lowest = {entry["reduction"]: entry["value"] for entry in minima}
assert abs(lowest["minimum squeezing(S).kitagawa_ueda"] - 0.7602) < 1e-3
assert result["squeezing(S).wineland"].min() > 0.999

# %% [markdown]
# ## In the lasing regime
#
# Below threshold of S and with T strongly pumped the reference model lases. The stationary state averages over the phase of the light, and S is not squeezed there: with spins of any j, `xi_S^2 < 1`
# alone would not even be a proof; the parameters of Toth et al. are, and all of them are above 1. The numbers by other code: 1.39226 and 1.15823.

# %%
laser = superladder.Study.from_toml("data/studies/first-run.toml", set={
    "modes.a.cutoff": 16, "output.observables": ["photons(a)", "squeezing(S)", "generalised-squeezing(S)"],
})
state = laser.steady(modes=0, assume_unique=True, progress=False)
print({name: np.round(state[name], 5) for name in state})
assert state.converged
assert abs(state["photons(a)"] - 2.4347232449) < 1e-7
assert abs(state["squeezing(S).kitagawa_ueda"] - 1.3922557553) < 1e-7
assert min(state[f"generalised-squeezing(S).{kind}"] for kind in ["singlet", "optimal", "planar"]) > 1.15

# %% [markdown]
# On the limit cycle itself, before its phase is lost, and conditioned on the light that leaves, there is more to see: [SQUEEZING.md](../SQUEEZING.md).
