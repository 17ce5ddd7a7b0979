"""Output folders of the program, read back."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _words

if TYPE_CHECKING:
    from .result import Result


class Table(Mapping[str, np.ndarray]):
    """A table by columns: float64 where every cell is a number (an empty cell is NaN), strings elsewhere.

    `table["column"]` has shape (rows,).
    """

    def __init__(self, name: str, columns: dict[str, np.ndarray]):
        self.name = name
        self._columns = columns

    def __getitem__(self, column: str) -> np.ndarray:
        if column not in self._columns:
            known = ", ".join(self._columns)
            raise KeyError(f"no column {column!r}{_words.nearest(str(column), self._columns)}; known: {known}")
        return self._columns[column]

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)

    def __repr__(self) -> str:
        rows = len(next(iter(self._columns.values()), ()))
        return f"<superladder.Table {self.name!r}: {rows} rows of {', '.join(self._columns)}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._columns)

    def to_pandas(self) -> Any:
        """The table as a `pandas.DataFrame`. Needs the extra `pandas`."""
        return _words.optional("pandas", "pandas", "to_pandas()").DataFrame(self._columns)

    @classmethod
    def read(cls, path: Path) -> Table:
        """Reads comma-separated values with a heading; every number comes back to the same bits."""
        with path.open(newline="", encoding="utf-8") as file:
            heading, *rows = list(csv.reader(file))
        cells = [[row[i] for row in rows] for i in range(len(heading))]
        return cls(path.stem, {name: _column(column) for name, column in zip(heading, cells)})


def _column(cells: list[str]) -> np.ndarray:
    try:
        return np.array([float(cell) if cell else np.nan for cell in cells], dtype=float)
    except ValueError:
        return np.array(cells, dtype=object)


class Folder(Mapping[str, Table]):
    """What a command leaves in its folder: tables by name, manifest, report, verdict.

    Attributes
    ----------
    command : str
        The command, such as `sweep`.
    path : pathlib.Path or None
        The folder; None where it was a temporary one, which is gone.
    manifest : dict
        What ran, with what, how it went and what it cost.
    report : str
        What the command says, in words; empty where it says nothing.
    converged : bool
        Whether every bound is kept.
    reasons : list of str
        Why not.
    """

    def __init__(
        self, tables: dict[str, Table], manifest: dict[str, Any], report: str, path: Path | None
    ):
        self._tables = tables
        self.manifest = manifest
        self.report = report
        self.path = path

    @property
    def command(self) -> str:
        return str(self.manifest.get("command", ""))

    @property
    def converged(self) -> bool:
        return bool(self.manifest.get("converged", False))

    @property
    def reasons(self) -> list[str]:
        if self.converged:
            return []
        told = self.manifest.get("reasons") or self.manifest.get("not_converged") or []
        found = [told] if isinstance(told, str) else list(told)
        return [_reason(reason) for reason in found] or ["see the report and the manifest"]

    def __getitem__(self, table: str) -> Table:
        if table not in self._tables:
            known = ", ".join(self._tables)
            raise KeyError(f"no table {table!r}{_words.nearest(str(table), self._tables)}; known: {known}")
        return self._tables[table]

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[str]:
        return iter(self._tables)

    def __len__(self) -> int:
        return len(self._tables)

    def __repr__(self) -> str:
        verdict = "converged" if self.converged else "NOT CONVERGED"
        return f"<superladder.Folder of {self.command}: {', '.join(self._tables)}; {verdict}>"

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._tables)

    @classmethod
    def read(cls, path: Path, *, temporary: bool = False, said: str = "") -> Folder:
        """Reads the folder; `said` stands for a report where it has none."""
        tables = {file.stem: Table.read(file) for file in sorted(path.glob("*.csv"))}
        report = path / "report.txt"
        words = report.read_text(encoding="utf-8") if report.is_file() else said
        return cls(tables, _manifest(path), words, None if temporary else path)


def _reason(told: Any) -> str:
    if not isinstance(told, Mapping):
        return str(told)
    broken = told.get("broken")
    if broken is None:
        return ", ".join(f"{key}: {value}" for key, value in told.items())
    return f"{told.get('engine', 'a run')}: {'; '.join(broken)}" if broken else ""


def _manifest(path: Path) -> dict[str, Any]:
    manifest = path / "manifest.json"
    if not manifest.is_file():
        raise FileNotFoundError(f"'{path}' is not an output folder of superladder: it has no manifest.json")
    return dict(json.loads(manifest.read_text(encoding="utf-8")))


def load(path: str | os.PathLike[str]) -> Result | Folder:
    """Reads an output folder of the program.

    Parameters
    ----------
    path
        The folder.

    Returns
    -------
    Result
        Of the commands `run` and `merge`, with the same bits as `Study.run` gives.
    Folder
        Of every other command.

    Raises
    ------
    FileNotFoundError
        Where there is no folder of superladder.
    """
    from .result import Result

    folder = Path(path)
    manifest = _manifest(folder)
    if manifest.get("command") in ("run", "merge"):
        return Result._read(folder, manifest)
    return Folder.read(folder)
