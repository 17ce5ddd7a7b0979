"""Studies: what is simulated, how, and what is measured."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import _superladder, _toml, _words
from ._progress import Line
from ._verdict import judge
from .described import Equations, Exported, Inspection
from .mean_field import MeanField
from .result import Result
from .steady import SteadyState
from .workflows import Workflows, known_engine


def _sets(found: Any) -> list[str]:
    return [f"{key}={_toml.value(value, key)}" for key, value in _words.mapping("set", found).items()]


def _read(file: Path) -> str:
    """The text of a file, which a device such as `/dev/zero` never ends."""
    largest = 1 << 24
    with file.open("rb") as opened:
        found = opened.read(largest + 1)
    if len(found) > largest:
        raise ValueError(f"cannot read the study '{file}': it is larger than 16 MiB, which no study is")
    try:
        return found.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"cannot read the study '{file}': it is not UTF-8 text") from error


def _again(text: str, name: str, file: str) -> Study:
    return Study(_superladder.Study(text, [], name, file))


class Study(Workflows):
    """A study as read: a model, an initial state, observables, times, an engine. It never changes, and can be pickled.

    Made by `Study.from_toml`, `Study.from_string` and `Study.from_dict`. `set` changes values of the study before it is
    read: a mapping from dotted keys (or names of parameters) to values, such as
    `{"N": 10, "modes.a.cutoff": 20, "channels.1.rate": 0.2}`.
    """

    def __init__(self, study: _superladder.Study):
        made = "made by Study.from_toml, Study.from_string or Study.from_dict"
        self._study: _superladder.Study = _words.of_type("study", study, _superladder.Study, made)

    @classmethod
    @_words.named
    def from_toml(cls, path: str | os.PathLike[str], set: Mapping[str, Any] | None = None) -> Study:
        """Reads a study file.

        Raises
        ------
        StudyError
            With `file`, `line`, `column` and `key`.
        OSError, ValueError
            Where the file cannot be read, or is no text.
        """
        file = Path(_words.of_type("path", path, (str, os.PathLike), "a path"))
        return cls(_superladder.Study(_read(file), _sets(set), file.stem, str(file)))

    @classmethod
    @_words.named
    def from_string(cls, text: str, set: Mapping[str, Any] | None = None, name: str = "study") -> Study:
        """Reads a study from the text of a study file, called `name` in messages and output.

        Raises
        ------
        StudyError
            As `from_toml`.
        """
        name = _words.text("name", name)
        if not name or "/" in name or "\0" in name:
            raise ValueError(f"name must be a name without '/', but is {name!r}")
        return cls(_superladder.Study(_words.text("text", text), _sets(set), name, name))

    @classmethod
    @_words.named
    def from_dict(cls, study: Mapping[str, Any], set: Mapping[str, Any] | None = None, name: str = "study") -> Study:
        """Reads a study from tables as dictionaries: the keys are those of study files (`superladder list keys`).

        Values are numbers, strings, booleans, lists and dictionaries, also scalars and arrays of NumPy; a complex number
        stands for the pair of its parts. Places in messages are those in `StudyError.text`.

        Raises
        ------
        TypeError
            For a value of another type; names its key.
        StudyError
            As `from_toml`.
        """
        return cls.from_string(_toml.document(_words.mapping("study", study)), set=set, name=name)

    @_words.named
    def changed(self, set: Mapping[str, Any]) -> Study:
        """This study with other values.

        Raises
        ------
        StudyError
            As `from_toml`.
        """
        return self._for(None, set)

    def _for(self, engine: str | None, set: Mapping[str, Any] | None) -> Study:
        if engine is None and not set:
            return self
        study = self._study
        return Study(_superladder.Study(study.text, _sets(set), study.name, study.file, engine))

    @property
    def name(self) -> str:
        """Name of the study: that of its file without its extension."""
        return self._study.name

    @property
    def title(self) -> str:
        """Title, with parameters filled in."""
        return self._study.title

    @property
    def text(self) -> str:
        """The study as text, after every `set`."""
        return self._study.text

    @property
    def engine(self) -> str:
        """The engine of the study."""
        return self._study.engine

    @property
    def times(self) -> np.ndarray:
        """Output times, shape (T,), in units of the study."""
        return self._study.times()

    @property
    def observables(self) -> list[str]:
        """Names of what is measured."""
        return self._study.observables()

    @property
    def warnings(self) -> list[str]:
        """What a reader should know before trusting the results."""
        return self._study.warnings

    @property
    def resolved(self) -> dict[str, Any]:
        """The study with every default and every number filled in."""
        return dict(json.loads(self._study.resolved()))

    def __repr__(self) -> str:
        return f"<superladder.Study '{self.name}': {self.title}; engine {self.engine}>"

    def __reduce__(self) -> Any:
        return (_again, (self._study.text, self._study.name, self._study.file))

    @_words.named
    def run(
        self,
        engine: str | None = None,
        set: Mapping[str, Any] | None = None,
        threads: int | None = None,
        progress: bool = True,
        callback: Callable[[float], Any] | None = None,
        until: float | None = None,
        strict: bool = False,
    ) -> Result:
        """Runs the study in memory; no file is written. The numbers are those of `superladder run`, bit by bit.

        Python's lock is released meanwhile, so that several runs go on at a time. Ctrl-C ends the run within a tenth of a
        second or two and gives what was recorded until then, as a result that is `interrupted`.

        Parameters
        ----------
        engine
            An engine in place of the study's own: `exact`, `cumulant`, `mean-field`, `trajectories`, `monitored` or `truncated-wigner`.
        set
            Values of the study to change before.
        threads
            Number of threads; all cores by default. The bits do not depend on it.
        progress
            Whether a line says how far a longer run is, on a terminal or in a notebook.
        callback
            Called with the time reached, at most ten times a second and at the end. What it raises ends the run and is
            raised here, with the partial result as its attribute `result`.
        until
            Ends at the last output time at or before this time: a run of its own, whose last bits may differ from those of a
            longer one.
        strict
            Raises where it warns otherwise: `NotConvergedError`, or `KeyboardInterrupt`, both with the `result`.

        Raises
        ------
        StudyError
            When the engine refuses the study; with its place where it has one.
        EngineError
            When an engine fails before there is anything to give.

        Warns
        -----
        NotConvergedWarning
            When a bound is broken or the run was stopped; `Result.reasons` says which.
        """
        study, threads = self._for(_engine(engine), set), _words.count_of_threads(threads)
        if callback is not None and not callable(callback):
            raise TypeError(f"callback must be callable, but is {callback!r} ({type(callback).__name__})")
        until = None if until is None else _words.real("until", until)
        heard = _heard(study, progress, callback)
        try:
            arrays, manifest, _, raised = study._study.run(threads, heard, until)
        finally:
            heard.finish()
        result = Result._moved(arrays, manifest)
        if until is not None:
            result.manifest["until"] = until
        if raised is not None and (strict or not isinstance(raised, KeyboardInterrupt)):
            raise _holding(raised, result)
        judge(result, strict)
        return result

    def cumulants(self, order: int = 2, closure: str = "sites", **keywords: Any) -> Result:
        """Runs the moment equations with joint cumulants above `order` set to zero by a closure. `keywords` are those of
        `run`, without `engine`.

        Raises
        ------
        StudyError
            As `run`; an order or closure that does not exist.
        """
        chosen = {"engine.order": _words.whole("order", order), "engine.closure": _words.text("closure", closure)}
        keywords["set"] = {**_words.mapping("set", keywords.get("set")), **chosen}
        return self.run(engine="cumulant", **keywords)

    @_words.named
    def steady(
        self,
        tolerance: float = 1e-10,
        modes: int = 4,
        assume_unique: bool = False,
        threads: int | None = None,
        progress: bool = True,
        strict: bool = False,
    ) -> SteadyState:
        """Finds the stationary state in memory, as `superladder steady` does.

        Parameters
        ----------
        tolerance
            Largest `|L rho|_1` of a state that counts as stationary.
        modes
            Slow eigenvalues wanted per charge difference, from 0 to 40.
        assume_unique
            Whether to do without the second solution that makes sure of uniqueness.

        Raises
        ------
        StudyError
            For an engine without stationary states, or a study that it refuses.
        EngineError
            When no state is found.
        KeyboardInterrupt
            After Ctrl-C; a search has no partial result.
        """
        tolerance, modes = _words.real("tolerance", tolerance), _words.whole("modes", modes)
        if not 0.0 < tolerance < float("inf"):
            raise ValueError(f"tolerance must be finite and greater than 0, but is {tolerance}")
        if not 0 <= modes <= 40:
            raise ValueError(f"modes must be from 0 to 40, but is {modes}")
        line = Line(None, shown=_words.of_type("progress", progress, bool, "True or False"))
        try:
            found = self._study.steady(tolerance, modes, not assume_unique, _words.count_of_threads(threads), line)
        finally:
            line.finish()
        state = SteadyState(found)
        judge(state, strict)
        return state

    def mean_field(self) -> MeanField:
        """The fixed points of mean field with their eigenvalues. `run(engine="mean-field")` follows it in time.

        Raises
        ------
        StudyError
            For a model that follows time.
        """
        return MeanField(json.loads(self._printed("fixed-points", ["--json"])))

    @_words.named
    def equations(self, order: int = 2, closure: str = "sites", numbers: bool = False) -> Equations:
        """The moment equations derived from the study, joint cumulants above `order` set to zero.

        Parameters stand in them by name; with `numbers` by value.
        """
        order = _words.whole("order", order)
        if not 1 <= order <= 6:
            raise ValueError(f"order must be from 1 to 6, but is {order}")
        options = [f"--order={order}", f"--closure={_words.text('closure', closure)}"]
        options += ["--numbers"] if numbers else []
        return Equations(self._printed("equations", options), self._printed("equations", [*options, "--latex"]))

    def inspect(self) -> Inspection:
        """What a run would need: unknowns, memory, symmetries; cheap beside the run."""
        found = json.loads(self._printed("inspect", ["--json"]))
        resources = found["resources"]
        report = {name: words for name, words in resources["report"]}
        return Inspection(found["engine"], resources["unknowns"], resources["memory"], report, found["warnings"])

    @_words.named
    def liouvillian(self, threads: int | None = None) -> Any:
        """The generator at the start of the study: a `scipy.sparse.csr_array` of complex128, as many rows as `inspect` of
        the engine `exact` says. Needs the extra `scipy`. `exported` gives the basis and the observables with it."""
        return self.exported(threads=threads).liouvillian

    @_words.named
    def exported(self, threads: int | None = None) -> Exported:
        """The study at its start as matrices and vectors. Needs the extra `scipy`.

        Raises
        ------
        StudyError
            For cutoffs that follow the state, or a matrix beyond the memory.
        """
        sparse = _words.optional("scipy.sparse", "scipy", "liouvillian()")
        found = self._study.exported(_words.count_of_threads(threads))
        parts = (found["data"], found["indices"], found["indptr"])
        matrix = sparse.csr_array(parts, shape=found["shape"], copy=False)
        weights = dict(zip(found["names"], found["expectations"]))
        rest = (found[name] for name in ("sector", "twice_j", "ket", "bra", "left_out"))
        return Exported(matrix, found["initial"], weights, *rest)

def _engine(name: Any) -> str | None:
    return None if name is None else known_engine(_words.text("engine", name))


def _heard(study: Study, progress: Any, callback: Callable[[float], Any] | None) -> Line:
    shown = _words.of_type("progress", progress, bool, "True or False")
    return Line(float(study.times[-1]), shown=shown, callback=callback)


def _holding(raised: BaseException, result: Result) -> BaseException:
    """An exception that carries a result along."""
    try:
        raised.result = result  # type: ignore[attr-defined]
    except AttributeError:
        # An exception of somebody else's that takes no attributes is still passed on.
        pass
    return raised
