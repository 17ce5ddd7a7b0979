#!/usr/bin/env python3
"""Carries out the notebooks beside this file, cell by cell, and keeps what their cells print and draw.

    python docs/notebooks/run.py FOLDER [NAME...]      FOLDER/NAME.json, FOLDER/NAME-CELL.svg

A notebook is a script in percent format (jupytext opens it as a notebook). A cell that raises, and a notebook that takes longer than
30 s, is an error.
"""
import ast
import contextlib
import io
import json
import os
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
LONGEST = 30.0


def cells(text: str) -> list[tuple[str, str]]:
    """Kind, `markdown` or `code`, and source of every cell."""
    found = []
    for part in ("\n" + text).split("\n# %%")[1:]:
        head, _, body = part.partition("\n")
        if "[markdown]" in head:
            found.append(("markdown", "\n".join(line.removeprefix("#").removeprefix(" ") for line in body.splitlines()).strip()))
        else:
            found.append(("code", body.strip()))
    return found


def carried_out(source: str, name: str, scope: dict) -> str:
    """What a cell prints, and the value of its last line where that is an expression."""
    said, tree = io.StringIO(), ast.parse(source)
    last = ast.Expression(tree.body.pop().value) if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(said):
        exec(compile(tree, name, "exec"), scope)
        value = None if last is None else eval(compile(last, name, "eval"), scope)
    # Axes and legends are seen in the picture.
    silent = value is None or type(value).__module__.startswith("matplotlib") or isinstance(value, list)
    return said.getvalue() + ("" if silent else f"{value}\n")


def notebook(file: Path, folder: Path) -> float:
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    scope, kept, begun = {"__name__": "__main__"}, [], time.perf_counter()
    for number, (kind, source) in enumerate(cells(file.read_text(encoding="utf-8"))):
        cell = {"kind": kind, "source": source}
        if kind == "code":
            cell["output"] = carried_out(source, f"{file.name}, cell {number}", scope)
            if plt.get_fignums():
                cell["picture"] = f"{file.stem}-{number}.svg"
                plt.savefig(folder / cell["picture"], bbox_inches="tight")
                plt.close("all")
        kept.append(cell)
    taken = time.perf_counter() - begun
    assert taken < LONGEST, f"{file.name} takes {taken:.0f} s, and at most {LONGEST:.0f} s are allowed"
    (folder / f"{file.stem}.json").write_text(json.dumps(kept, indent=1), encoding="utf-8")
    return taken


def main() -> None:
    folder = Path(sys.argv[1]).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    files = [file for file in sorted(HERE.glob("[0-9]*.py")) if not sys.argv[2:] or file.stem in sys.argv[2:]]
    assert files, f"no such notebook: {sys.argv[2:]}"
    # Notebooks name files of the repository from its root.
    os.chdir(HERE.parents[1])
    for file in files:
        print(f"{file.stem}: {notebook(file, folder):.1f} s", flush=True)


if __name__ == "__main__":
    main()
