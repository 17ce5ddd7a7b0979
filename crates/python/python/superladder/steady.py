"""Where studies end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from . import _words


class SlowModes(NamedTuple):
    """Slow eigenvalues of the generator for one charge difference, slowest first; of dimension 1/time."""

    #: The charge difference, all zero for the populations.
    difference: list[int]
    #: Eigenvalues that decay, complex128.
    values: np.ndarray
    #: Their residuals.
    residuals: np.ndarray
    #: Eigenvalues on the imaginary axis, complex128.
    undamped: np.ndarray


class SteadyState(Mapping[str, Any]):
    """The limit of the initial state of a study.

    `steady["photons(a)"]` is the value of a column, a float; `steady["amplitude(a)"]` is complex.

    Attributes
    ----------
    error : dict
        The error of every column, by its name as in `steady.csv`; NaN where it is not known.
    count : int
        Number of stationary states; where it is above 1, `classes` says what tells them apart.
    classes : list of (str, int, float)
        What is conserved, number of states, weight in the limit of the initial state.
    residual : float
        `|L rho|_1`; it is not the error.
    gap : float
        The slowest relaxation of the populations is exp(-gap t); NaN where it is not known.
    slow : list of SlowModes
        Slow eigenvalues by charge difference.
    cutoffs : list of int
        Cutoffs of the modes that the state was found with.
    reasons : list of str
        Why the state does not count as found.
    report : str
        All of this in words.
    """

    def __init__(self, found: Mapping[str, Any]):
        self.columns = {name: value for name, value, _ in found["values"]}
        self.error = {name: error for name, _, error in found["values"]}
        self.count = int(found["count"])
        self.classes = list(found["classes"])
        self.residual = float(found["residual"])
        self.gap = float(found["gap"])
        self.slow = [SlowModes(*modes) for modes in found["slow"]]
        self.cutoffs = list(found["cutoffs"])
        self.reasons = list(found["reasons"])
        self.report = str(found["text"])

    @property
    def converged(self) -> bool:
        """Whether every bound is kept."""
        return not self.reasons

    def __getitem__(self, name: str) -> Any:
        if name in self.columns:
            return self.columns[name]
        if f"{name}.re" in self.columns:
            return complex(self.columns[f"{name}.re"], self.columns[f"{name}.im"])
        known = list(self.columns)
        raise KeyError(f"no column {name!r}{_words.nearest(str(name), known)}; known: {', '.join(known)}")

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    def __repr__(self) -> str:
        verdict = "converged" if self.converged else "NOT CONVERGED: " + "; ".join(self.reasons)
        states = "one stationary state" if self.count == 1 else f"{self.count} stationary states"
        states = states if self.count else "a stationary state"
        return f"<superladder.SteadyState: {states}, gap {self.gap:.6g}, {verdict}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.columns)
