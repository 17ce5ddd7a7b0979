"""Values and dictionaries as TOML, those of NumPy among them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import numpy as np

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def key(name: str) -> str:
    """A key as TOML writes it."""
    return name if _BARE.fullmatch(name) else string(name)


def string(text: str) -> str:
    """A basic string. Escapes of JSON are escapes of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def number(value: float) -> str:
    """A float that reads back to the same bits."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    return repr(float(value))


def value(found: Any, place: str) -> str:
    """A value as TOML writes it on one line; `place` is its key in messages.

    Raises
    ------
    TypeError
        For what no study can hold; names the place, the type and what is allowed.
    """
    if isinstance(found, (np.ndarray, np.generic)):
        found = found.tolist()
    if isinstance(found, bool):
        return "true" if found else "false"
    if isinstance(found, int):
        return str(found)
    if isinstance(found, float):
        return number(found)
    if isinstance(found, complex):
        return f"[{number(found.real)}, {number(found.imag)}]"
    if isinstance(found, str):
        return string(found)
    if isinstance(found, (list, tuple)):
        return f"[{', '.join(value(entry, f'{place}.{i}') for i, entry in enumerate(found))}]"
    if isinstance(found, Mapping):
        entries = (f"{key(_name(k, place))} = {value(v, f'{place}.{k}')}" for k, v in found.items())
        return f"{{ {', '.join(entries)} }}" if found else "{}"
    allowed = "a number, a string, true or false, a list, a dictionary, or a value or array of NumPy"
    raise TypeError(f"{place} must be {allowed}, but is {found!r} ({type(found).__name__})")


def _name(name: Any, place: str) -> str:
    if not isinstance(name, str):
        raise TypeError(f"the keys of {place} must be strings, but one is {name!r} ({type(name).__name__})")
    return name


def document(found: Mapping[str, Any]) -> str:
    """A whole study: tables of tables as `[a.b]`, lists of tables as `[[a]]`, everything else on one line.

    Raises
    ------
    TypeError
        As `value`.
    """
    lines: list[str] = []
    _table(found, [], lines)
    return "\n".join(lines) + "\n"


def _is_tables(found: Any) -> bool:
    return isinstance(found, (list, tuple)) and bool(found) and all(isinstance(x, Mapping) for x in found)


def _table(found: Mapping[str, Any], path: list[str], lines: list[str]) -> None:
    inner = [(k, v) for k, v in found.items() if isinstance(v, Mapping) or _is_tables(v)]
    place = ".".join(path) or "the study"
    for name, plain in found.items():
        _name(name, place)
        if not (isinstance(plain, Mapping) or _is_tables(plain)):
            lines.append(f"{key(name)} = {value(plain, '.'.join([*path, name]))}")
    for name, part in inner:
        below = [*path, name]
        heading = ".".join(key(word) for word in below)
        for entry in [part] if isinstance(part, Mapping) else part:
            lines.append(f"\n[{heading}]" if isinstance(part, Mapping) else f"\n[[{heading}]]")
            _table(entry, below, lines)
