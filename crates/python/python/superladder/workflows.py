"""Workflows on studies: the program's own commands, carried out in this process."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import _superladder, _toml, _words
from ._verdict import judge
from .folder import Folder


class Workflows:
    """What is done with a study beyond a run; every `output` is a folder with all tables and pictures."""

    _study: _superladder.Study

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
        names = [known_engine(name) for name in _words.words("engines", list(engines))]
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
            options.append(f"--engines={','.join(known_engine(n) for n in _words.words('engines', list(engines)))}")
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

    def _printed(self, command: str, options: list[str]) -> str:
        """What a command that only prints says of this study."""
        with tempfile.TemporaryDirectory(prefix="superladder-") as place:
            _, said, raised = _superladder.carry_out(["superladder", command, *self._written(place), *options])
        if raised is not None:
            raise raised
        return said

    def _written(self, place: str) -> list[str]:
        """The study as a file in a temporary folder, with the arguments that name it."""
        file = Path(place) / f"{self._study.name}.toml"
        file.write_text(self._study.text, encoding="utf-8")
        initial = json.loads(self._study.resolved()).get("initial", {})
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
            _, said, raised = _superladder.carry_out(arguments, _words.count_of_threads(threads))
            if raised is not None:
                raise raised
            found = Folder.read(target, temporary=output is None, said=said)
        judge(found, strict)
        return found


def known_engine(name: str) -> str:
    known = _superladder.ENGINES
    if name not in known:
        raise ValueError(f"unknown engine {name!r}{_words.nearest(name, known)}; known: {', '.join(known)}")
    return name


def _values(key: str, found: Any) -> str:
    """Values of a sweep as the command line takes them."""
    if isinstance(found, str):
        return found
    if isinstance(found, np.ndarray):
        found = found.tolist()
    _words.of_type(f"the values of {key}", found, (list, tuple, range), "a list, an array, or text such as '0.1:0.9:17'")
    return ",".join(entry if isinstance(entry, str) else _toml.value(entry, key) for entry in found)
