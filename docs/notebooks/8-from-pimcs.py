# %% [markdown]
# # Coming from permutation-invariant Monte Carlo (PIMCS)
#
# Quantum jumps in the basis of Dicke states (Y. Zhang, Y.-X. Zhang and K. Mølmer, New J. Phys. 20, 112001 (2018)): a trajectory is in one ladder of total spin at a time, and local decay,
# pumping and dephasing take it from ladder to ladder. The engine `trajectories` does the same, for any number of modes and ensembles:
#
# | there | here |
# |---|---|
# | state in `(J, M)`, jumps `J -> J, J - 1, J + 1` | the same, with the rates of the model; `ladder-distribution(S)` is the distribution of J |
# | averages over runs | means with standard errors from 64 blocks; `[engine] trajectories`, or a target of the error |
# | seeds | trajectory `i` draws from stream `i`: the same bits for any number of threads, and `superladder merge` joins parts |
# | adiabatically eliminated cavity | `collective-emission`; or keep the mode |
#
# The superradiant laser of ten atoms, where the density matrix is at hand to compare:

# %%
import matplotlib.pyplot as plt
import numpy as np

import superladder

study = superladder.Study.from_toml("data/studies/superradiant-laser.toml", set={
    "N": 10, "pump": 5.0, "time.end": 1.5, "time.points": 31, "output.observables": ["spin(S)", "spin-length(S)", "ladder-distribution(S)"],
})
exact = study.run(progress=False)
sampled = study.run(engine="trajectories", set={"engine.trajectories": 2048, "engine.seed": 7}, progress=False)
print(sampled)

# %%
plt.figure(figsize=(6, 3))
plt.plot(exact.t, exact["spin(S).z"], "k", label="density matrix")
plt.errorbar(sampled.t, sampled["spin(S).z"], sampled.error["spin(S).z"], fmt="o", ms=3, label="2048 trajectories")
plt.xlabel("t")
plt.ylabel("<S^z>")
plt.legend()

# %% [markdown]
# In units of its standard error the difference is of order one, at all times and for every ladder that is populated:

# %%
error = sampled.error["spin(S).z"]
known = error > 0
pull = (sampled["spin(S).z"] - exact["spin(S).z"])[known] / error[known]
ladders = sampled["ladder-distribution(S)"][-1] - exact["ladder-distribution(S)"][-1]
print(f"largest difference of <S^z>: {np.abs(pull).max():.2f} standard errors; mean square {np.mean(pull**2):.2f}")
print("ladders off by", np.round(ladders, 4))
assert exact.converged and np.abs(pull).max() < 5 and np.abs(ladders).max() < 0.05
