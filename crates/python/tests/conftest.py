"""What all tests share: the studies of the repository."""

import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
STUDIES = ROOT / "data" / "studies"

SMALL = """
[modes.a]
frequency = 1.0
cutoff = 8
initial = { state = "coherent", amplitude = 0.5 }

[ensembles.S]
size = 2
frequency = 1.0
initial = { state = "down" }

[[interactions]]
kind = "tavis-cummings"
mode = "a"
ensemble = "S"
strength = 0.4

[[channels]]
kind = "cavity-loss"
mode = "a"
rate = 0.2

[time]
end = 2.0
points = 11

[output]
observables = ["photons(a)", "amplitude(a)", "spin(S)", "reduced-state(a)", "reduced-state(S)"]
"""


def hears_ctrl_c() -> None:
    """For `preexec_fn`: processes of a shell's background inherit that SIGINT is ignored, and would not hear it."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def small() -> str:
    """A study that takes milliseconds."""
    return SMALL


@pytest.fixture
def long() -> str:
    """A study that takes far longer than any test."""
    return SMALL.replace("end = 2.0", "end = 1e5").replace("size = 2", "size = 12").replace("cutoff = 8", "cutoff = 20")
