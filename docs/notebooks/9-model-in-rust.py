# %% [markdown]
# # A model in Rust
#
# Python and the command line are layers over Rust crates. Whoever writes Rust takes `superladder` with the model, an engine and a recorder; an observable of one's own is a product of operators.
# This is the example `examples/model_in_code.rs`, whole:

# %%
from pathlib import Path

print(Path("examples/model_in_code.rs").read_text(encoding="utf-8"))

# %% [markdown]
# The same model as a study. The flow `<a^dag S^->` is an observable of the study's own, a product of operators there too; the parts of the study are those of the builder, one for one.

# %%
import os
import subprocess

import numpy as np

import superladder

study = superladder.Study.from_dict({
    "modes": {"a": {"frequency": 1.0, "cutoff": 20}},
    "ensembles": {"T": {"size": 4, "frequency": 1.0}},
    "interactions": [{"kind": "tavis-cummings", "mode": "a", "ensemble": "T", "strength": 0.4}],
    "channels": [{"kind": "cavity-loss", "mode": "a", "rate": 0.3}, {"kind": "pumping", "ensemble": "T", "rate": 0.9}],
    "time": {"end": 20.0, "points": 201},
    "output": {"observables": ["photons(a)", "g2(a)", "reduced-state(a)", "ladder-distribution(T)"]},
})
result = study.run(progress=False)
told = [
    f"at t = 20: {result['photons(a)'][-1]:.3f} photons, g2 = {result['g2(a)'][-1]:.3f}",
    f"probability of the vacuum: {result['reduced-state(a)'][-1, 0, 0].real:.4f}",
    *(f"probability of total spin {j}: {p:.4f}" for j, p in enumerate(result["ladder-distribution(T)"][-1])),
]
print("\n".join(told))

# %% [markdown]
# What the example prints (`cargo run --example model_in_code`), built with the workspace's tests:

# %%
built = Path(os.environ.get("CARGO_TARGET_DIR", "target")) / "debug/examples/model_in_code"
if built.is_file():
    said = subprocess.run([built], check=True, capture_output=True, text=True).stdout
    print(said)
    assert all(line in said for line in told), told
else:
    print("not built here")
