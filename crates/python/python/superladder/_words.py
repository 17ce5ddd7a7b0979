"""Arguments that are checked by name: unknown ones are refused with the nearest known one."""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import numbers
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def nearest(name: str, known: Iterable[str]) -> str:
    """` (did you mean 'x'?)`, or nothing where no known name is near."""
    found = difflib.get_close_matches(name, list(known), n=1, cutoff=0.5)
    return f" (did you mean {found[0]!r}?)" if found else ""


def named(function: F) -> F:
    """Refuses keywords that `function` does not have, and names the nearest and all that it has."""
    names = [name for name in inspect.signature(function).parameters if name not in ("self", "cls")]

    @functools.wraps(function)
    def checked(*arguments: Any, **keywords: Any) -> Any:
        for name in keywords:
            if name not in names:
                words = f"{function.__name__}() has no argument {name!r}{nearest(name, names)}"
                raise TypeError(f"{words}; known: {', '.join(names)}")
        return function(*arguments, **keywords)

    return checked  # type: ignore[return-value]


def of_type(name: str, value: Any, kind: type | tuple[type, ...], words: str) -> Any:
    """`value` if it is of this kind, which `words` describe.

    Raises
    ------
    TypeError
        With the name of the argument and what was found.
    """
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise TypeError(f"{name} must be {words}, but is {value!r} ({type(value).__name__})")
    return value


def whole(name: str, value: Any) -> int:
    """A whole number, also one of NumPy."""
    return int(of_type(name, value, numbers.Integral, "a whole number"))


def real(name: str, value: Any) -> float:
    """A real number, also one of NumPy."""
    return float(of_type(name, value, numbers.Real, "a number"))


def text(name: str, value: Any) -> str:
    """A string."""
    return str(of_type(name, value, str, "a string"))


def mapping(name: str, value: Any) -> Mapping[str, Any]:
    """A mapping whose keys are strings; none is an empty one."""
    if value is None:
        return {}
    found = of_type(name, value, Mapping, "a mapping from keys to values, such as {'lambda': 0.3}")
    for key in found:
        of_type(f"a key of {name}", key, str, "a string")
    return found  # type: ignore[no-any-return]


def words(name: str, value: Any) -> list[str]:
    """A list of strings, which may be given as a single one."""
    if isinstance(value, str):
        return [value]
    of_type(name, value, (list, tuple), "a list of strings")
    return [text(f"an entry of {name}", entry) for entry in value]


def optional(module: str, extra: str, what: str) -> ModuleType:
    """Imports a package that superladder does without.

    Raises
    ------
    ImportError
        With the command that installs it.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        package = module.split(".")[0]
        message = f"{what} needs {package}, which is not installed: pip install 'superladder[{extra}]'"
        raise ImportError(message, name=package) from error


def count_of_threads(threads: Any) -> int | None:
    """A number of threads; none stands for all cores."""
    if threads is None:
        return None
    found = whole("threads", threads)
    if found < 1:
        raise ValueError(f"threads must be at least 1, but is {found}")
    return found
