"""The extension module; see the modules beside it for what users call."""

from collections.abc import Callable
from typing import Any

import numpy as np

ENGINES: list[str]
__version__: str

class StudyError(ValueError):
    """A study, or an argument that becomes part of one, is at fault."""

    file: str | None
    line: int | None
    column: int | None
    key: str | None
    text: str | None

class EngineError(RuntimeError):
    """An engine failed on its way, or the machine refused."""

class Study:
    def __init__(self, text: str, sets: list[str], name: str, file: str, engine: str | None = None) -> None: ...
    @property
    def text(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def engine(self) -> str: ...
    @property
    def warnings(self) -> list[str]: ...
    def resolved(self) -> str: ...
    def times(self) -> np.ndarray: ...
    def observables(self) -> list[str]: ...
    def run(
        self,
        threads: int | None = None,
        callback: Callable[[float, str], Any] | None = None,
        until: float | None = None,
    ) -> tuple[dict[str, Any], str, bool, BaseException | None]: ...
    def steady(
        self,
        tolerance: float,
        modes: int,
        certify: bool,
        threads: int | None = None,
        callback: Callable[[float, str], Any] | None = None,
    ) -> dict[str, Any]: ...
    def exported(self, threads: int | None = None) -> dict[str, Any]: ...

def main(arguments: list[str]) -> int: ...
def carry_out(
    arguments: list[str], threads: int | None = None
) -> tuple[str, str, BaseException | None]: ...
