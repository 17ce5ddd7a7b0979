"""Exact finite-N quantum solver for driven-dissipative light-matter and spin ensembles.

>>> import superladder
>>> study = superladder.Study.from_toml("study.toml", set={"N": 4})
>>> result = study.run()
>>> result.t, result["photons(a)"]

A study says what is simulated and measured; it runs in memory, in threads of its own and without Python's lock. Units are
those of the study (hbar = 1): rates and frequencies are inverse times. See `Study` and `Result`.
"""

from ._superladder import ENGINES, EngineError, StudyError, __version__
from .described import Equations, Exported, Inspection
from .folder import Folder, Table, load
from .mean_field import FixedPoint, MeanField
from .result import NotConvergedError, NotConvergedWarning, Result
from .state import EnsembleState, ModeState
from .steady import SlowModes, SteadyState
from .study import Study

__all__ = [
    "ENGINES",
    "EngineError",
    "EnsembleState",
    "Equations",
    "Exported",
    "FixedPoint",
    "Folder",
    "Inspection",
    "MeanField",
    "ModeState",
    "NotConvergedError",
    "NotConvergedWarning",
    "Result",
    "SlowModes",
    "SteadyState",
    "Study",
    "StudyError",
    "Table",
    "__version__",
    "load",
]
