# %% [markdown]
# # Steady state and linewidth of a superradiant laser
#
# N atoms are pumped one by one and emit together into a cavity so bad that it is left out (D. Meiser and M. J. Holland, Phys. Rev. A 81, 033847 (2010)).

# %%
import matplotlib.pyplot as plt
import numpy as np

import superladder

study = superladder.Study.from_toml(
    "data/studies/linewidth.toml", set={"N": 10, "pump": 5.0, "output.observables": ["spin(S)", "moments(S)"]}
)
state = study.steady(progress=False)
print(state)
assert state.converged and state.count == 1

# %% [markdown]
# Light of independent atoms would have `<S^+ S^->` below N. Its value from the stationary rate equation of the populations, by other code: 15.0568069951.

# %%
emission = state["moments(S).xx"] + state["moments(S).yy"] + state["spin(S).z"]
print(f"<S^+ S^-> = {emission:.10f}, gap {state.gap:.6f}")
assert abs(emission - 15.0568069951) < 1e-8

# %% [markdown]
# Over the pump: the strength peaks near N/2, the line is narrowest below it. Between threshold and maximum the light is narrower than the pump that feeds it.

# %%
swept = study.sweep({"pump": [1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 14.0]}, progress=False)
table = swept["summary"]
pump, width = table["pump"], table["fwhm(light)"]
strength = table["moments(S).xx"] + table["moments(S).yy"] + table["spin(S).z"]
for row in zip(pump, strength, width):
    print("pump {:4.1f}: <S^+ S^-> = {:7.4f}, linewidth {:.4f}".format(*row))

figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3))
left.plot(pump, strength, "o-")
left.set(xlabel="pump", ylabel="<S^+ S^->")
right.plot(pump, width, "o-")
right.plot(pump, pump, "k:", label="pump")
right.set(xlabel="pump", ylabel="linewidth")
right.legend()

# %% [markdown]
# A slow eigenvalue of the generator is not the linewidth: at pump 5 it is -2 Re = 3.2808, a Lorentzian of the same area is 3.3682 wide (both by other code), and the width of the line itself lies
# between them.

# %%
at = list(pump).index(5.0)
assert swept.converged and 3.2808 < width[at] < 3.3683
assert width[at] < pump[at] and np.argmin(width) < np.argmax(strength)
assert abs(strength[at] - 15.0568069951) < 1e-6
