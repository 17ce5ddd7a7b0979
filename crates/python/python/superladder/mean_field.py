"""Fixed points of mean field."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class FixedPoint(NamedTuple):
    """A fixed point of the mean-field equations."""

    #: What it is, in the words of the program.
    kind: str
    #: Unknowns by name, in the order of the equations.
    state: dict[str, float]
    #: Eigenvalues of the linearised equations, complex128; of dimension 1/time.
    eigenvalues: np.ndarray
    #: Whether every perturbation decays.
    stable: bool


class MeanField:
    """Mean field of a study: its unknowns and all its fixed points with their eigenvalues.

    Attributes
    ----------
    unknowns : list of str
        Names of the unknowns.
    fixed_points : list of FixedPoint
        The fixed points.
    """

    def __init__(self, found: dict[str, Any]):
        self.unknowns = list(found["unknowns"])
        self.fixed_points = [self._point(point) for point in found["fixed_points"]]

    def _point(self, point: dict[str, Any]) -> FixedPoint:
        state = dict(zip(self.unknowns, point["state"]))
        eigenvalues = np.array([complex(re, im) for re, im in point["eigenvalues"]], dtype=complex)
        return FixedPoint(str(point["kind"]), state, eigenvalues, bool(point["stable"]))

    def __repr__(self) -> str:
        points = (f"{point.kind} ({'stable' if point.stable else 'unstable'})" for point in self.fixed_points)
        return f"<superladder.MeanField: {', '.join(points)}>"
