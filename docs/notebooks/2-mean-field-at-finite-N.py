# %% [markdown]
# # Mean field at finite N
#
# How good is mean field for N spins, and does it become exact as N grows? Spins that are not excited exchange one excitation per spin with a lossy cavity. The
# collective coupling is `g/sqrt(N)`, put in by the program, so that mean field of quantities per spin does not know N.

# %%
import matplotlib.pyplot as plt
import numpy as np

import superladder


def study(size: int) -> superladder.Study:
    return superladder.Study.from_dict({
        "modes": {"a": {"frequency": 0.0, "cutoff": int(0.5 * size + 8 * np.sqrt(size) + 4),
                        "initial": {"state": "coherent", "amplitude": 0.7 * np.sqrt(size)}}},
        "ensembles": {"S": {"size": size, "frequency": 0.0, "initial": {"state": "down"}}},
        "interactions": [{"kind": "tavis-cummings", "mode": "a", "ensemble": "S", "strength": 1.0}],
        "channels": [{"kind": "cavity-loss", "mode": "a", "rate": 0.2}],
        "time": {"end": 6.0, "points": 121},
        "output": {"observables": ["photons(a)", "spin(S)"]},
    })


sizes = [2, 4, 8, 16]
exact = {size: study(size).run(progress=False) for size in sizes}
mean_field = study(2).run(engine="mean-field", progress=False)
# Second-order equations of two spins fail later on, which they say; until t = 2 they hold.
second = {size: study(size).cumulants(order=2, set={"time.end": 2.0, "time.points": 41}, progress=False) for size in sizes}
assert all(result.converged for result in [*exact.values(), *second.values()])

# %%
plt.figure(figsize=(6, 3))
for size, result in exact.items():
    plt.plot(result.t, result["photons(a)"] / size, label=f"exact, N = {size}")
plt.plot(mean_field.t, mean_field["photons(a)"] / 2, "k--", label="mean field")
plt.xlabel("t")
plt.ylabel("photons per spin")
plt.legend()

# %% [markdown]
# The distance to mean field at early times falls like 1/N. Second-order cumulants, which know the leading correction, are nearer.

# %%
early = mean_field.t <= 2.0
per_spin = mean_field["photons(a)"] / 2
off = np.array([np.abs(exact[n]["photons(a)"] / n - per_spin)[early].max() for n in sizes])
better = np.array([np.abs(exact[n]["photons(a)"][early] - second[n]["photons(a)"]).max() / n for n in sizes])
exponent = -np.polyfit(np.log(sizes), np.log(off), 1)[0]
for n, first, second_order in zip(sizes, off, better):
    print(f"N = {n:2}: mean field is off by {first:.4f}, second order by {second_order:.4f}")
print(f"mean field ~ N^-{exponent:.2f}")
assert 0.8 < exponent < 1.2
assert np.all(better < 0.5 * off) and np.all(np.diff(better) < 0)

# %% [markdown]
# When a ratio of both leaves a band for good, the breakdown time, is the business of `study.breakdown()`; [BREAKDOWN.md](../BREAKDOWN.md) shows it for three engines and sizes up to 64.
