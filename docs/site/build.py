#!/usr/bin/env python3
"""Puts the pages of the site in place: the documents of the repository with links that hold there, the help of every command, the
ready studies, the examples, the notebooks, and a gallery that the program draws now.

    python3 docs/site/build.py PROGRAM FOLDER [NOTEBOOKS]      pages in FOLDER/pages, FOLDER/mkdocs.yml beside them

NOTEBOOKS is what `docs/notebooks/run.py` has left: outputs and pictures of the notebooks, which have none on the site without it.

A link to what is not on the site is an error.
"""
import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "notebooks"))
import run as notebooks  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
PAGES = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "RELEASE-CHECKLIST.md", "benches/peers.md"]
LINK = re.compile(r"(\]\()([^)\s]+)(\))")
STUDIES = "data/studies/"
# Title, what it shows, command, picture in its output folder.
GALLERY = [
    ("A run of the reference model", "Every observable against time, with the diagnostics that say how far it can be trusted.",
     "run data/studies/first-run.toml", "overview"),
    ("Mean field, cumulants and the density matrix side by side", "The same study by three engines; the table says which one disagrees beyond what, and when.",
     "compare data/studies/first-run.toml --engines mean-field,cumulant,exact --set N=4 --set modes.a.cutoff=14 --set time.end=10 --set 'output.observables=[\"photons(a)\", \"spin(S)\", \"g2(a)\"]'", "compare"),
    ("Phases of mean field", "What is reached at long times, with the lines of linear stability over it.",
     "phases data/studies/phase-diagram.toml --x lambda=0.05:0.8:16 --y gamma_up=0.05:1:12", "phases"),
    ("Squeezing after a quench", "Minima of the squeezing parameters with times, by two engines and for several sizes.",
     "squeezing data/studies/squeezing.toml --engines exact,cumulant --sweep N=2,4", "squeezing"),
    ("The state of the spins at its minimum", "Husimi function of an ensemble with any mixture of j.",
     "picture data/studies/squeezing.toml --of 'husimi(S)' --at 2.5", "picture"),
    ("Resonance fluorescence", "The Mollow triplet of a driven atom: three lines, each with its width and its error.",
     "spectrum data/studies/mollow.toml", "spectrum"),
    ("Linewidth of a superradiant laser", "Stationary states and their spectra over the pump.",
     "sweep data/studies/linewidth.toml --sweep pump=1:30:8", "sweep"),
    ("A slow ramp through the Dicke transition", "Parameters that follow time.",
     "sweep data/studies/ramp.toml --sweep ramp=5,10,20,40", "sweep"),
    ("A laser by truncated Wigner sampling", "Means with standard errors, drift and diffusion derived from the model.",
     "run data/studies/truncated-wigner.toml --set engine.samples=64", "overview"),
]


def fenced(text: str, language: str = "text") -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"


def linked(page: str, target: str) -> str:
    """Where a link of a document leads on the site."""
    if re.match(r"[a-z]+:", target) or target.startswith("#"):
        return target
    place, _, anchor = target.partition("#")
    path = (ROOT / page).parent.joinpath(place).resolve().relative_to(ROOT).as_posix()
    anchor = f"#{anchor}" if anchor else ""
    if path in PAGES or (path.startswith("docs/") and path.endswith((".md", ".png"))):
        return ("index.md" if path == "README.md" else Path(path).name) + anchor
    if path.startswith(STUDIES) and path.endswith(".toml"):
        return f"studies.md#{Path(path).stem.lower()}"
    if path.startswith("docs/notebooks"):
        return f"{Path(path).stem}.md" if path.endswith(".py") else "1-first-steps.md"
    known = {"data/studies": "studies.md", "examples": "examples.md", "data/slurm": "studies.md#job-arrays", "CITATION.cff": "CITATION.cff"}
    if path in known:
        return known[path]
    sys.exit(f"{page}: the link '{target}' leads to nothing on the site")


def documents(pages: Path) -> None:
    for page in [*PAGES, *(f"docs/{p.name}" for p in sorted((ROOT / "docs").glob("*.md")))]:
        text = (ROOT / page).read_text(encoding="utf-8")
        text = LINK.sub(lambda m: m[1] + linked(page, m[2]) + m[3], text)
        (pages / ("index.md" if page == "README.md" else Path(page).name)).write_text(text, encoding="utf-8")
    for picture in (ROOT / "docs").glob("*.png"):
        shutil.copy(picture, pages)
    shutil.copy(ROOT / "CITATION.cff", pages)


def commands(program: str) -> str:
    def told(*arguments: str) -> str:
        return subprocess.run([program, *arguments], check=True, capture_output=True, text=True).stdout

    names = re.findall(r"^  ([a-z-]+)  ", told("--help").split("Commands:")[1].split("Options:")[0], re.MULTILINE)
    parts = ["# Commands\n", fenced(told("--help"))]
    parts += [f"## {name}\n\n{fenced(told(name, '--help'))}" for name in names if name != "help"]
    kinds = re.findall(r"^ +- ([a-z-]+):", told("list", "--help"), re.MULTILINE)
    parts += [f"## list {kind}\n\n{fenced(told('list', kind))}" for kind in kinds]
    return "\n".join(parts)


def sources(title: str, folder: str, ending: str, language: str) -> str:
    files = sorted((ROOT / folder).glob(f"*{ending}"))
    shown = [f"## {f.stem}\n\n`{folder}/{f.name}`\n\n{fenced(f.read_text(encoding='utf-8'), language)}" for f in files]
    return "\n".join([f"# {title}\n", *shown])


def gallery(program: str, pages: Path, work: Path) -> str:
    parts = ["# Gallery\n", "Every picture is drawn by the command above it when this site is built; what it prints stands below.\n"]
    for number, (title, words, command, picture) in enumerate(GALLERY):
        out = work / f"{number}"
        arguments = [program, *shlex.split(command), "-o", str(out)]
        done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True)
        # A result that is not converged is shown with its verdict.
        if done.returncode not in (0, 3):
            sys.exit(f"superladder {command}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
        shutil.copy(out / f"{picture}.svg", pages / f"gallery-{number}.svg")
        report = pages / f"gallery-{number}"
        report.mkdir()
        for file in [out / "report.html", *out.glob("*.csv")]:
            shutil.copy(file, report)
        told = re.sub(r"^results in .*$", "", done.stdout, flags=re.MULTILINE)
        parts += [f"## {title}\n\n{words}\n", fenced(f"superladder {command}", "sh"), f"![{title}](gallery-{number}.svg)\n"]
        parts += [f"[Its report.html](gallery-{number}/report.html), with values on hover, tables and manifest.\n"]
        parts += [fenced(told)] if told.strip() else []
    return "\n".join(parts)


def notebook(file: Path, done: Path | None, pages: Path) -> str:
    """A notebook as a page, with what its cells have printed and drawn where that is known."""
    sources = [{"kind": kind, "source": source} for kind, source in notebooks.cells(file.read_text(encoding="utf-8"))]
    kept = None if done is None else done / f"{file.stem}.json"
    cells = sources if kept is None else json.loads(kept.read_text(encoding="utf-8"))
    if [cell["source"] for cell in cells] != [cell["source"] for cell in sources]:
        sys.exit(f"{file.name} is not what was carried out: docs/notebooks/run.py does it again")
    parts = []
    for cell in cells:
        if cell["kind"] == "markdown":
            parts.append(LINK.sub(lambda m: m[1] + linked(f"docs/notebooks/{file.name}", m[2]) + m[3], cell["source"]) + "\n")
            continue
        parts.append(fenced(cell["source"], "python"))
        parts += [fenced(cell["output"])] if cell.get("output", "").strip() else []
        if "picture" in cell:
            shutil.copy(done / cell["picture"], pages)
            parts.append(f"![]({cell['picture']})\n")
    parts.append(f"This page is the script `docs/notebooks/{file.name}`; jupytext opens it as a notebook, and plain Python runs it.\n")
    return "\n".join(parts)


def main() -> None:
    program, folder = str(Path(sys.argv[1]).resolve()), Path(sys.argv[2]).resolve()
    done = Path(sys.argv[3]).resolve() if len(sys.argv) > 3 else None
    pages, work = folder / "pages", folder / "work"
    pages.mkdir(parents=True)
    work.mkdir()
    documents(pages)
    written = {
        "commands.md": commands(program),
        "studies.md": sources("Ready studies", "data/studies", ".toml", "toml") + "\n" + sources("Job arrays", "data/slurm", ".sbatch", "sh"),
        "examples.md": sources("Examples in Rust", "examples", ".rs", "rust"),
        "gallery.md": gallery(program, pages, work),
    }
    written |= {f"{file.stem}.md": notebook(file, done, pages) for file in sorted((ROOT / "docs/notebooks").glob("[0-9]*.py"))}
    for name, text in written.items():
        (pages / name).write_text(text, encoding="utf-8")
    shutil.copy(ROOT / "docs/site/mkdocs.yml", folder)


if __name__ == "__main__":
    main()
