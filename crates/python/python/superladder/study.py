"""Studies: what is simulated, how, and what is measured."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from . import _superladder, _toml, _words
from ._progress import Line
from .folder import Folder
from .mean_field import MeanField
from .result import NotConvergedError, NotConvergedWarning, Result
from .steady import SteadyState


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


def _sets(found: Any) -> list[str]:
    return [f"{key}={_toml.value(value, key)}" for key, value in _words.mapping("set", found).items()]


def _again(text: str, name: str, file: str) -> Study:
    return Study(_superladder.Study(text, [], name, file))


class Study:
    """A study as read: a model, an initial state, observables, times, an engine. It never changes, and can be pickled.

    Made by `Study.from_toml`, `Study.from_string` and `Study.from_dict`. `set` changes values of the study before it is
    read: a mapping from dotted keys (or names of parameters) to values, such as
    `{"N": 10, "modes.a.cutoff": 20, "channels.1.rate": 0.2}`.
    """

    def __init__(self, study: _superladder.Study):
        self._study = _words.of_type("study", study, _superladder.Study, "made by Study.from_toml, from_string or from_dict")

    @classmethod
    @_words.named
    def from_toml(cls, path: str | os.PathLike[str], set: Mapping[str, Any] | None = None) -> Study:
        """Reads a study file.

        Raises
        ------
        StudyError
            With `file`, `line`, `column` and `key`.
        OSError
            Where the file cannot be read.
        """
        file = Path(_words.of_type("path", path, (str, os.PathLike), "a path"))
        text = file.read_text(encoding="utf-8")
        return cls(_superladder.Study(text, _sets(set), file.stem, str(file)))

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
            An engine in place of the study's own: `exact`, `cumulant`, `mean-field`, `trajectories` or `truncated-wigner`.
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
        study, threads = self._for(_engine(engine), set), _threads(threads)
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
        _judge(result, strict)
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
            found = self._study.steady(tolerance, modes, not assume_unique, _threads(threads), line)
        finally:
            line.finish()
        state = SteadyState(found)
        _judge(state, strict)
        return state

    @_words.named
    def sweep(
        self,
        vary: Mapping[str, Any],
        output: str | os.PathLike[str] | None = None,
        force: bool = False,
        resume: bool = False,
        threads: int | None = None,
        progress: bool = True,
        strict: bool = False,
    ) -> Folder:
        """Runs the study at every point of a grid.

        Parameters
        ----------
        vary
            From a parameter or a dotted key to its values: a list, or text such as `"0.1:0.9:17"` and `"0.01:1:5:log"`.
        output
            The folder to write, with all tables and pictures; a temporary one by default, which is gone afterwards.
        force
            Whether a folder that exists is replaced.
        resume
            Whether to go on with an interrupted sweep into the same `output`.

        Returns
        -------
        Folder
            Tables `sweep` (one row a point and time) and `summary` (one row a point).
        """
        options = [f"--sweep={key}={_values(key, found)}" for key, found in _words.mapping("vary", vary).items()]
        return self._folder("sweep", options, output, force, resume, threads, progress, strict)

    @_words.named
    def compare(
        self,
        engines: Iterable[str] = ("mean-field", "cumulant", "exact"),
        tolerance: float | None = None,
        output: str | os.PathLike[str] | None = None,
        force: bool = False,
        threads: int | None = None,
        progress: bool = True,
        strict: bool = False,
    ) -> Folder:
        """Runs the study with several engines; the last one is the reference.

        Parameters
        ----------
        tolerance
            An engine disagrees beyond this part of the largest value of the reference, and four standard errors.
        output, force
            As of `sweep`.

        Returns
        -------
        Folder
            Table `compare` (one row a time, every observable by every engine); `manifest["deviations"]`.
        """
        names = [_known(name) for name in _words.words("engines", list(engines))]
        options = [f"--engines={','.join(names)}"]
        if tolerance is not None:
            options.append(f"--tolerance={_words.real('tolerance', tolerance)!r}")
        return self._folder("compare", options, output, force, False, threads, progress, strict)

    @_words.named
    def converge(
        self,
        vary: Iterable[str] | None = None,
        tolerance: float = 1e-4,
        output: str | os.PathLike[str] | None = None,
        force: bool = False,
        threads: int | None = None,
        progress: bool = True,
        strict: bool = False,
    ) -> Folder:
        """Varies the numerical settings of the study: is every observable converged, and what is cheapest?

        Parameters
        ----------
        vary
            Some of `cutoff`, `tolerance`, `method`, `number`, `truncation`, `order`, `closure`; all by default.
        tolerance
            Largest error allowed, relative to the largest value of each observable.
        output, force
            As of `sweep`.

        Returns
        -------
        Folder
            Table `converge` (changes, estimates, verdicts) and `report`.
        """
        options = [f"--tolerance={_words.real('tolerance', tolerance)!r}"]
        if vary is not None:
            options.append(f"--vary={','.join(_words.words('vary', list(vary)))}")
        return self._folder("converge", options, output, force, False, threads, progress, strict)

    @_words.named
    def breakdown(
        self,
        output: str | os.PathLike[str] | None = None,
        force: bool = False,
        resume: bool = False,
        threads: int | None = None,
        progress: bool = True,
        strict: bool = False,
    ) -> Folder:
        """Finds where mean field breaks down, as the study's table `breakdown` says.

        Returns
        -------
        Folder
            Tables `summary`, `t_E`, `ratios`, and `t_W` where distributions are compared; `report`.
        """
        return self._folder("breakdown", [], output, force, resume, threads, progress, strict)

    @_words.named
    def squeezing(
        self,
        engines: Iterable[str] | None = None,
        sizes: Mapping[str, Any] | None = None,
        output: str | os.PathLike[str] | None = None,
        force: bool = False,
        resume: bool = False,
        threads: int | None = None,
        progress: bool = True,
        strict: bool = False,
    ) -> Folder:
        """Finds the spin squeezing of every ensemble by several engines and sizes.

        Parameters
        ----------
        engines
            The engines; that of the study by default.
        sizes
            A parameter and its values, such as `{"N": [2, 4, 8]}`.

        Returns
        -------
        Folder
            Tables `squeezing` (one row a run and time) and `minima`; `report`.
        """
        options = []
        if engines is not None:
            options.append(f"--engines={','.join(_known(n) for n in _words.words('engines', list(engines)))}")
        options += [f"--sweep={key}={_values(key, found)}" for key, found in _words.mapping("sizes", sizes).items()]
        if len([option for option in options if option.startswith("--sweep")]) > 1:
            raise ValueError(f"sizes must be of one parameter, but is {sizes!r}")
        return self._folder("squeezing", options, output, force, resume, threads, progress, strict)

    @_words.named
    def spectrum(
        self,
        tolerance: float = 1e-11,
        assume_unique: bool = False,
        assume_cutoffs: bool = False,
        output: str | os.PathLike[str] | None = None,
        force: bool = False,
        threads: int | None = None,
        progress: bool = True,
        strict: bool = False,
    ) -> Folder:
        """Finds the correlations of two times and the spectra that the study's tables `correlations` ask for.

        Returns
        -------
        Folder
            Tables `NAME-correlation`, `NAME-spectrum` of every correlation, and `lines` (centres, widths, areas).
        """
        options = [f"--tolerance={_words.real('tolerance', tolerance)!r}"]
        options += ["--assume-unique"] if assume_unique else []
        options += ["--assume-cutoffs"] if assume_cutoffs else []
        return self._folder("spectrum", options, output, force, False, threads, progress, strict)

    def mean_field(self) -> MeanField:
        """The fixed points of mean field with their eigenvalues. `run(engine="mean-field")` follows it in time.

        Raises
        ------
        StudyError
            For a model that follows time.
        """
        return MeanField(json.loads(self._printed("fixed-points", ["--json"])))

    @_words.named
    def equations(self, order: int = 2, closure: str = "sites") -> Equations:
        """The moment equations derived from the study, joint cumulants above `order` set to zero."""
        order = _words.whole("order", order)
        if not 1 <= order <= 6:
            raise ValueError(f"order must be from 1 to 6, but is {order}")
        options = [f"--order={order}", f"--closure={_words.text('closure', closure)}"]
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
        found = self._study.exported(_threads(threads))
        parts = (found["data"], found["indices"], found["indptr"])
        matrix = sparse.csr_array(parts, shape=found["shape"], copy=False)
        weights = dict(zip(found["names"], found["expectations"]))
        rest = (found[name] for name in ("sector", "twice_j", "ket", "bra", "left_out"))
        return Exported(matrix, found["initial"], weights, *rest)

    def _printed(self, command: str, options: list[str]) -> str:
        """What a command that only prints says of this study."""
        with tempfile.TemporaryDirectory(prefix="superladder-") as place:
            _, said, raised = _superladder.carry_out(["superladder", command, *self._written(place), *options])
        if raised is not None:
            raise raised
        return said

    def _written(self, place: str) -> list[str]:
        """The study as a file in a temporary folder, with the arguments that name it."""
        file = Path(place) / f"{self.name}.toml"
        file.write_text(self.text, encoding="utf-8")
        initial = self.resolved.get("initial", {})
        if initial.get("state") != "file":
            return [str(file)]
        state = (Path(self._study.file).parent / initial["file"]).resolve()
        return [str(file), f"--set=initial.file={_toml.string(str(state))}"]

    def _folder(
        self,
        command: str,
        options: list[str],
        output: str | os.PathLike[str] | None,
        force: bool,
        resume: bool,
        threads: int | None,
        progress: bool,
        strict: bool,
    ) -> Folder:
        """Carries out a command in this process, into `output` or a temporary folder, and reads that."""
        with tempfile.TemporaryDirectory(prefix="superladder-") as place:
            target = Path(place) / "output" if output is None else Path(output)
            arguments = ["superladder", command, *self._written(place), f"--output={target}", *options]
            flags = {"--force": force, "--resume": resume, "--quiet": not progress}
            for flag, given in flags.items():
                arguments += [flag] if _words.of_type(flag.strip("-"), given, bool, "True or False") else []
            _, said, raised = _superladder.carry_out(arguments, _threads(threads))
            if raised is not None:
                raise raised
            found = Folder.read(target, temporary=output is None, said=said)
        _judge(found, strict)
        return found


def _known(name: str) -> str:
    known = _superladder.ENGINES
    if name not in known:
        raise ValueError(f"unknown engine {name!r}{_words.nearest(name, known)}; known: {', '.join(known)}")
    return name


def _engine(name: Any) -> str | None:
    return None if name is None else _known(_words.text("engine", name))


def _threads(threads: Any) -> int | None:
    if threads is None:
        return None
    found = _words.whole("threads", threads)
    if found < 1:
        raise ValueError(f"threads must be at least 1, but is {found}")
    return found


def _values(key: str, found: Any) -> str:
    """Values of a sweep as the command line takes them."""
    if isinstance(found, str):
        return found
    if isinstance(found, np.ndarray):
        found = found.tolist()
    _words.of_type(f"the values of {key}", found, (list, tuple, range), "a list, an array, or text such as '0.1:0.9:17'")
    return ",".join(entry if isinstance(entry, str) else _toml.value(entry, key) for entry in found)


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


def _judge(found: Result | SteadyState | Folder, strict: bool) -> None:
    if found.converged:
        return
    message = "; ".join(found.reasons)
    if strict:
        raise NotConvergedError(message, found)
    # The line of the user: below this function, the method and what checks its keywords.
    warnings.warn(message, NotConvergedWarning, stacklevel=_outside())


def _outside() -> int:
    """The level of the first frame outside of this package."""
    import sys

    level, frame = 1, sys._getframe(1)
    own = os.path.dirname(__file__)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(own):
        level, frame = level + 1, frame.f_back
    return level
