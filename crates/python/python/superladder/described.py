"""What is said of studies before they run."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class Inspection(NamedTuple):
    """What a run would need."""

    #: The engine.
    engine: str
    #: Independent real unknowns.
    unknowns: int
    #: Memory in bytes.
    memory: int
    #: Named figures in words.
    report: dict[str, str]
    #: What a reader should know before trusting the results.
    warnings: list[str]


class Equations(NamedTuple):
    """Moment equations; notebooks show them set in type."""

    #: As text.
    text: str
    #: As LaTeX.
    latex: str

    def _repr_latex_(self) -> str:
        lines = "\n".join(line for line in self.latex.splitlines() if not line.startswith("%"))
        # Notebooks set `aligned` inside of dollars wherever they run, and `align` in some places only.
        opened = lines.replace("\\begin{align*}", "$$\\begin{aligned}")
        return opened.replace("\\end{align*}", "\\end{aligned}$$")

    def __str__(self) -> str:
        return self.text


class Exported(NamedTuple):
    """A study as matrices and vectors: `d rho / dt = L rho`, all that another program needs to solve it."""

    #: L, complex128, shape (rows, rows).
    liouvillian: Any
    #: The initial state, complex128, shape (rows,).
    initial: np.ndarray
    #: Weights w of the observables by name, shape (rows,): the value is `sum_k w_k rho_k`.
    expectations: dict[str, np.ndarray]
    #: Number of the sector of every unknown `<ket| rho |bra>`, shape (rows,).
    sector: np.ndarray
    #: `2 j` of the ensembles, shape (rows, ensembles).
    twice_j: np.ndarray
    #: Photon numbers of the modes, then `2 m` of the ensembles; shape (rows, modes + ensembles).
    ket: np.ndarray
    #: The same of the bra.
    bra: np.ndarray
    #: Observables that are no function of expectation values.
    left_out: list[str]
