"""Results of runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from . import _words
from .folder import Table
from .state import EnsembleState, ModeState


class NotConvergedWarning(UserWarning):
    """A run has broken a bound or was stopped; `Result.reasons` says why."""


class NotConvergedError(RuntimeError):
    """A run with `strict=True` has broken a bound; its `result` is all the same there."""

    def __init__(self, message: str, result: Any = None):
        super().__init__(message)
        self.result = result

    def __reduce__(self) -> Any:
        return (type(self), (str(self), self.result))


class Series:
    """An observable over time: values, standard errors, names of components."""

    __slots__ = ("blocks", "components", "errors", "values")

    def __init__(
        self,
        values: np.ndarray,
        errors: np.ndarray | None = None,
        components: list[str] | None = None,
        blocks: list[int] | None = None,
    ):
        self.values = values
        self.errors = errors
        self.components = components or []
        self.blocks = blocks or []

    def __getstate__(self) -> Any:
        return (self.values, self.errors, self.components, self.blocks)

    def __setstate__(self, state: Any) -> None:
        self.values, self.errors, self.components, self.blocks = state


class _Errors(Mapping[str, np.ndarray]):
    """Standard errors by the names of values."""

    def __init__(self, result: Result):
        self._result = result

    def __getitem__(self, name: str) -> np.ndarray:
        found = self._result._find(name, errors=True)
        if found is None:
            engine = self._result.engine
            raise KeyError(f"{name!r} has no standard errors: the engine {engine!r} does not sample it")
        return found

    def __iter__(self) -> Iterator[str]:
        return (name for name, series in self._result._series.items() if series.errors is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def __repr__(self) -> str:
        return f"<standard errors of {', '.join(self) or 'nothing'}>"


class Result(Mapping[str, np.ndarray]):
    """What a run has recorded.

    `result["name"]` is an observable over time, with T the number of times:

    * a number: shape (T,); complex128 where it is complex, such as `amplitude(a)`;
    * several numbers: shape (T, k), such as `spin(S)`; `result["spin(S).x"]` is one of them, shape (T,);
    * a distribution: shape (T, L); a matrix: complex128, shape (T, n, n).

    Undefined is NaN. `result["amplitude(a).re"]` and `.im` are parts of a complex number.

    Attributes
    ----------
    t : ndarray, shape (T,)
        Times, in units of the study.
    error : mapping
        Standard errors by the same names, of engines that sample; of a complex number that of the real part plus i times
        that of the imaginary part.
    manifest : dict
        What ran, with what, how it went and what it cost; the same as in `manifest.json`.
    diagnostics : dict of ndarray
        The worst value so far of every diagnostic, shape (T,).
    tables : dict of Table
        Tables beside the records, of engines that have some.
    """

    def __init__(
        self,
        t: np.ndarray,
        series: dict[str, Series],
        manifest: dict[str, Any],
        diagnostics: dict[str, np.ndarray],
        tables: dict[str, Table],
        states: dict[str, str],
    ):
        self.t = t
        self.manifest = manifest
        self.diagnostics = diagnostics
        self.tables = tables
        self._series = series
        self._states = states

    @property
    def converged(self) -> bool:
        """Whether the run went to its end and kept every bound."""
        return bool(self.manifest["converged"])

    @property
    def reasons(self) -> list[str]:
        """Why the run does not count as converged."""
        return list(self.manifest["reasons"])

    @property
    def warnings(self) -> list[str]:
        """What a reader should know although every bound is kept."""
        return list(self.manifest["warnings"])

    @property
    def interrupted(self) -> bool:
        """Whether the run was stopped before its last output time."""
        return bool(self.manifest["interrupted"])

    @property
    def engine(self) -> str:
        """The engine."""
        return str(self.manifest["configuration"]["engine"]["kind"])

    @property
    def reductions(self) -> Any:
        """Numbers read off columns, as the manifest has them."""
        return self.manifest["reductions"]

    @property
    def error(self) -> Mapping[str, np.ndarray]:
        return _Errors(self)

    def __getitem__(self, name: str) -> np.ndarray:
        found = self._find(name, errors=False)
        assert found is not None
        return found

    def _find(self, name: str, *, errors: bool) -> np.ndarray | None:
        squeezed = _words.text("the name of an observable", name).replace(" ", "")
        for known, series in self._series.items():
            values = series.errors if errors else series.values
            spelled = known.replace(" ", "")
            if squeezed == spelled:
                return values
            part = squeezed[len(spelled) + 1 :] if squeezed.startswith(f"{spelled}.") else None
            if part in ("re", "im") and np.iscomplexobj(series.values) and not series.components:
                return None if values is None else (values.real if part == "re" else values.imag)
            if part in series.components:
                return None if values is None else values[:, series.components.index(part)]
        known_names = list(self._series)
        message = f"no observable {name!r}{_words.nearest(name, known_names)}; known: {', '.join(known_names)}"
        raise KeyError(message)

    # Two results are equal where they are one.
    __eq__ = object.__eq__
    __hash__ = object.__hash__

    def __iter__(self) -> Iterator[str]:
        return iter(self._series)

    def __len__(self) -> int:
        return len(self._series)

    def components(self, name: str) -> list[str]:
        """Names of the components along the second axis of `result[name]`, such as `["x", "y", "z"]`."""
        self[name]
        return list(self._series[name].components) if name in self._series else []

    def _ipython_key_completions_(self) -> list[str]:
        return list(self._series)

    def __repr__(self) -> str:
        if self.interrupted:
            verdict = "INTERRUPTED"
        else:
            verdict = "converged" if self.converged else "NOT CONVERGED"
        end = f"{len(self.t)} times to t = {self.t[-1]:g}"
        lines = [f"<superladder.Result of '{self.manifest['study']}' by {self.engine}: {end}, {verdict}"]
        lines += [f"  {reason}" for reason in self.reasons]
        return "\n".join(lines + [f"  {', '.join(self._series)}>"])

    def state(self, name: str) -> ModeState | EnsembleState:
        """The reduced state of a mode or an ensemble over time, of studies that measure `reduced-state(name)`.

        Raises
        ------
        KeyError
            Where the study does not measure it; says how to ask for it.
        """
        observable = self._states.get(_words.text("name", name))
        if observable is None:
            known = f"; known: {', '.join(self._states)}" if self._states else ""
            message = f"the state of {name!r} was not measured{known}; add 'reduced-state({name})' to output.observables"
            raise KeyError(message)
        series = self._series[observable]
        if series.blocks:
            return EnsembleState(name, self.t, series.values, series.blocks)
        return ModeState(name, self.t, series.values)

    def columns(self) -> dict[str, np.ndarray]:
        """Every real number over time by the name of its column, as in `observables.csv`: `t`, `photons(a)`,
        `amplitude(a).re`, `spin(S).x`, each with `.standard_error` where there is one. Matrices are left out."""
        found = {"t": self.t}
        for name, series in self._series.items():
            for column in self._columns_of(name, series):
                found[column] = self[column]
                error = self._find(column, errors=True)
                if error is not None:
                    found[f"{column}.standard_error"] = error
        return found

    def _columns_of(self, name: str, series: Series) -> list[str]:
        if series.components:
            return [f"{name}.{part}" for part in series.components]
        if series.values.ndim > 1:
            return []
        return [f"{name}.re", f"{name}.im"] if np.iscomplexobj(series.values) else [name]

    def to_dict(self) -> dict[str, np.ndarray]:
        """`t` and every observable by name; the arrays are those of the result."""
        return {"t": self.t, **{name: series.values for name, series in self._series.items()}}

    def to_pandas(self) -> Any:
        """The columns as a `pandas.DataFrame` with the times as its index. Needs the extra `pandas`."""
        pandas = _words.optional("pandas", "pandas", "to_pandas()")
        columns = self.columns()
        return pandas.DataFrame(columns, index=pandas.Index(columns.pop("t"), name="t"))

    def to_xarray(self) -> Any:
        """All observables as an `xarray.Dataset` over `t`, standard errors as `name.standard_error`; complex numbers stay
        complex, components are coordinates. Needs the extra `xarray`."""
        xarray = _words.optional("xarray", "xarray", "to_xarray()")
        data, coordinates = {}, {"t": self.t}
        for name, series in self._series.items():
            axes = [f"{name}.{i}" for i in range(1, series.values.ndim)]
            if series.components:
                coordinates[axes[0]] = np.array(series.components)
            data[name] = (["t", *axes], series.values)
            if series.errors is not None:
                data[f"{name}.standard_error"] = (["t", *axes], series.errors)
        attributes = {
            "study": self.manifest["study"],
            "converged": int(self.converged),
            "manifest": json.dumps(self.manifest),
        }
        return xarray.Dataset(data, coords=coordinates, attrs=attributes)

    def to_netcdf(self, path: Any) -> None:
        """Writes `to_xarray` as netCDF, complex numbers as `name.re` and `name.im`, which every reader of netCDF knows.
        Needs the extra `xarray`."""
        dataset = self.to_xarray()
        for name in [name for name, variable in dataset.variables.items() if variable.dtype.kind == "c"]:
            dataset[f"{name}.re"], dataset[f"{name}.im"] = dataset[name].real, dataset[name].imag
            dataset = dataset.drop_vars(name)
        dataset.to_netcdf(path)

    @_words.named
    def plot(self, observables: list[str] | str | None = None, ax: Any = None) -> Any:
        """Draws numbers over time, with bands of one standard error where there are some.

        Parameters
        ----------
        observables
            Names of observables or columns; every observable that is one real number by default.
        ax
            Axes of matplotlib; fresh ones by default.

        Returns
        -------
        matplotlib.axes.Axes
            Needs the extra `plot`.
        """
        pyplot = _words.optional("matplotlib.pyplot", "plot", "plot()")
        names = self._drawn() if observables is None else _words.words("observables", observables)
        ax = pyplot.subplots()[1] if ax is None else ax
        for name in names:
            for column in self._columns_of(name, self._series[name]) if name in self._series else [name]:
                values, error = self[column], self._find(column, errors=True)
                (line,) = ax.plot(self.t, values, label=column)
                if error is not None:
                    ax.fill_between(self.t, values - error, values + error, alpha=0.3, color=line.get_color())
        ax.set_xlabel("t")
        ax.set_title(self.manifest["configuration"].get("title", self.manifest["study"]))
        ax.legend()
        return ax

    def _drawn(self) -> list[str]:
        plain = [n for n, s in self._series.items() if s.values.ndim == 1 and not np.iscomplexobj(s.values)]
        return plain or list(self._series)

    @classmethod
    def _moved(cls, arrays: dict[str, Any], manifest: str) -> Result:
        """Takes over what the extension module has left."""
        series = {name: Series(*parts) for name, parts in arrays["series"].items()}
        tables = {name: Table(name, columns) for name, columns in arrays["tables"].items()}
        states = {subsystem: name for name, subsystem in arrays["states"]}
        return cls(arrays["t"], series, json.loads(manifest), arrays["diagnostics"], tables, states)

    @classmethod
    def _read(cls, folder: Path, manifest: dict[str, Any]) -> Result:
        """Reads the folder of a run."""
        with np.load(folder / "observables.npz") as archive:
            # What is needed to read the arrays alone stands in the manifest too.
            arrays = {name: array for name, array in archive.items() if not name.startswith("meta.")}
        columns = manifest["columns"]
        t = arrays.pop("t")
        diagnostics = {n.removeprefix("diagnostic."): arrays.pop(n) for n in list(arrays) if n.startswith("diagnostic.")}
        errors = {n: arrays.pop(n) for n in list(arrays) if n.endswith(".standard_error")}
        series, states = {}, {}
        for name, values in arrays.items():
            parts = [c.removeprefix(f"{name}.") for c in columns if c.startswith(f"{name}.")]
            parts = [part for part in parts if not part.endswith("standard_error")]
            series[name] = _series(values, errors.get(f"{name}.standard_error"), parts)
            inside = name.removeprefix("reduced-state(").removesuffix(")")
            if name == f"reduced-state({inside})":
                states[inside] = name
                series[name].blocks = _blocks(manifest, inside)
        own = {"observables", "reductions"}
        tables = {f.stem: Table.read(f) for f in sorted(folder.glob("*.csv")) if f.stem not in own}
        return cls(t, series, manifest, diagnostics, tables, states)


def _series(values: np.ndarray, errors: np.ndarray | None, parts: list[str]) -> Series:
    return Series(values, errors, parts if values.ndim == 2 else [])


def _blocks(manifest: dict[str, Any], subsystem: str) -> list[int]:
    size = manifest["configuration"].get("ensembles", {}).get(subsystem, {}).get("size")
    return [] if size is None else list(range(int(size) % 2 + 1, int(size) + 2, 2))
