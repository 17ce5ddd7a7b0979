"""Reduced states of modes and ensembles, and their orders in QuTiP and PIQS."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import _words


class ModeState:
    """The reduced state of a mode over time.

    Attributes
    ----------
    name : str
        The mode.
    t : ndarray, shape (T,)
        Times.
    matrices : ndarray of complex128, shape (T, n, n)
        `<k| rho |l>` in Fock states, ascending.
    """

    def __init__(self, name: str, t: np.ndarray, matrices: np.ndarray):
        self.name = name
        self.t = t
        self.matrices = matrices

    def to_qutip(self, index: int = -1) -> Any:
        """The density matrix at one time, the last one by default, as a `qutip.Qobj`. QuTiP orders Fock states alike.

        Needs the extra `qutip`.
        """
        qutip = _words.optional("qutip", "qutip", "to_qutip()")
        return qutip.Qobj(self.matrices[_words.whole("index", index)])

    def __repr__(self) -> str:
        times, levels, _ = self.matrices.shape
        return f"<superladder.ModeState of '{self.name}': {levels} Fock states at {times} times>"


class EnsembleState:
    """The reduced state of an ensemble of N spins over time, block diagonal in the total spin j.

    A block is the sum over the equivalent copies of its spin j, so that all traces add up to 1.

    Attributes
    ----------
    name : str
        The ensemble.
    t : ndarray, shape (T,)
        Times.
    sizes : list of int
        `2 j + 1` of every block, j ascending.
    elements : ndarray of complex128, shape (T, sum of sizes squared)
        The blocks one after the other, each in rows, m ascending.
    """

    def __init__(self, name: str, t: np.ndarray, elements: np.ndarray, sizes: list[int]):
        self.name = name
        self.t = t
        self.elements = elements
        self.sizes = sizes

    @property
    def spins(self) -> int:
        """Number of spins."""
        return max(self.sizes) - 1

    def block(self, j: float) -> np.ndarray:
        """The block of total spin j, shape (T, 2j+1, 2j+1), m ascending: `<m| rho_j |m'>`.

        Raises
        ------
        KeyError
            For a j that the ensemble does not have.
        """
        size = round(2 * _words.real("j", j)) + 1
        if size not in self.sizes or size != 2 * j + 1:
            known = ", ".join(str((d - 1) / 2) for d in self.sizes)
            raise KeyError(f"no block of j = {j}; known: {known}")
        at = self.sizes.index(size)
        first = sum(d * d for d in self.sizes[:at])
        return self.elements[:, first : first + size * size].reshape(-1, size, size)

    def to_piqs(self, index: int = -1) -> np.ndarray:
        """The state at one time in the Dicke basis of PIQS: j descending from N/2, m descending in every block.

        Returns
        -------
        ndarray of complex128, shape (n, n)
            n is the number of Dicke states, the sum of all sizes.
        """
        index = _words.whole("index", index)
        full = np.zeros((sum(self.sizes), sum(self.sizes)), dtype=complex)
        first = 0
        for size in reversed(self.sizes):
            block = self.block((size - 1) / 2)[index]
            full[first : first + size, first : first + size] = block[::-1, ::-1]
            first += size
        return full

    def to_qutip(self, index: int = -1) -> Any:
        """`to_piqs` as a `qutip.Qobj`, which `qutip.piqs` works with. Needs the extra `qutip`."""
        return _words.optional("qutip", "qutip", "to_qutip()").Qobj(self.to_piqs(index))

    def __repr__(self) -> str:
        return f"<superladder.EnsembleState of '{self.name}': {self.spins} spins at {len(self.t)} times>"
