"""A line that says how far a run is."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any


class Line:
    """Hears how far work is: shows it where somebody looks, and passes it on.

    Called with the time reached and words. Nothing is shown in the first second, and nothing where the standard error is
    neither a terminal nor a notebook.
    """

    def __init__(self, end: float | None, *, shown: bool, callback: Callable[[float], Any] | None = None):
        self._end = end
        self._callback = callback
        self._begun = time.monotonic()
        self._shown = shown and (sys.stderr is not None) and (sys.stderr.isatty() or "ipykernel" in sys.modules)
        self._width = 0

    def __call__(self, reached: float, words: str) -> None:
        if self._shown and time.monotonic() - self._begun > 1.0:
            self._show(self._told(reached, words))
        if self._callback is not None:
            self._callback(reached)

    def _told(self, reached: float, words: str) -> str:
        seconds = f"{time.monotonic() - self._begun:.0f} s"
        return f"{seconds}  {words}" if words or self._end is None else f"{seconds}  t = {reached:.4g} of {self._end:.4g}"

    def _show(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(self._width))
        sys.stderr.flush()
        self._width = len(text)

    def finish(self) -> None:
        """Removes the line."""
        if self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
