"""What becomes of results that are not converged."""

from __future__ import annotations

import os
import sys
import warnings
from typing import TYPE_CHECKING

from .result import NotConvergedError, NotConvergedWarning, Result

if TYPE_CHECKING:
    from .folder import Folder
    from .steady import SteadyState


def judge(found: Result | SteadyState | Folder, strict: bool) -> None:
    if found.converged:
        return
    message = "; ".join(found.reasons)
    if strict:
        raise NotConvergedError(message, found)
    # Points at the line of the user, below the method and what checks its keywords.
    warnings.warn(message, NotConvergedWarning, stacklevel=_outside())


def _outside() -> int:
    """The level of the first frame outside of this package."""
    level, frame = 1, sys._getframe(1)
    own = os.path.dirname(__file__)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(own):
        level, frame = level + 1, frame.f_back
    return level
