#!/usr/bin/env python3
"""Opens the reports of output folders in a headless browser and looks at what their script has drawn.

    .ci/reports.py PROGRAM WORK

Makes folders of a run, a sweep, a breakdown and a map in WORK; every folder with a report.html that is there already is
looked at too. PROGRAM is superladder; `chromium` must be in the path.
"""
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
STUDIES = ROOT / "data/studies"
EVIL = "<script>document.body.dataset.broken=1</script>&amp;<b>"
SMALL = ["--set", "N=2", "--set", "modes.a.cutoff=6", "--set", "time.points=21"]
RUNS = {
    "run": ["run", STUDIES / "first-run.toml", *SMALL, "--set", f'title="{EVIL}"'],
    "sweep": ["sweep", STUDIES / "first-run.toml", *SMALL, "--sweep", "lambda=0.2,0.4"],
    "map": ["sweep", STUDIES / "first-run.toml", *SMALL, "--sweep", "lambda=0.2,0.4", "--sweep", "kappa=0.5,1"],
    "distribution": ["run", STUDIES / "first-run.toml", *SMALL, "--set", "modes.a.cutoff=12", "--set", 'output.observables=["photon-distribution(a)"]'],
    "breakdown": ["breakdown", STUDIES / "quickstart.toml", "--set", 'breakdown.engines=[{engine="cumulant",closure="sites",from=10,to=100,points=3}]'],
    "phases": ["phases", STUDIES / "phase-diagram.toml", "--x", "lambda=0.2:0.8:4", "--y", "gamma_up=0.2:1:3"],
}
# Moves the pointer over the middle of every panel and writes down what the page tells there.
PROBE = """<script>
for (const picture of document.querySelectorAll("svg")) {
  const box = picture.getBoundingClientRect();
  picture.dispatchEvent(new PointerEvent("pointermove", { clientX: box.left + 0.55 * box.width, clientY: box.top + 0.45 * box.height }));
  const tip = picture.parentElement.querySelector(".tip");
  picture.dataset.told = tip ? tip.textContent : "";
}
for (const button of document.querySelectorAll(".legend button")) button.click();
document.body.dataset.hidden = [...document.querySelectorAll("g[data-series]")].filter((g) => g.style.display === "none").length;
document.body.dataset.finished = "yes";
</script></body>"""


class Page(HTMLParser):
    """What a page holds once its script has run."""

    def __init__(self, text: str):
        super().__init__(convert_charrefs=True)
        self.body: dict[str, str] = {}
        self.count = {"svg": 0, "table": 0, "details": 0, "image": 0}
        self.series = self.drawn = 0
        self.told: list[str] = []
        self.scripts = 0
        self.words: dict[str, str] = {}
        self.inside = ""
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.count[tag] = self.count.get(tag, 0) + 1
        if tag == "body":
            self.body = values
        if tag == "svg":
            self.told.append(values.get("data-told", ""))
        self.series += "data-series" in values
        self.drawn += values.get("class") in ("line", "mark", "map") and values.get("d", "map") != ""
        if values.get("id") in ("verdict", "warnings"):
            self.inside = values["id"]

    def handle_endtag(self, tag):
        if tag == "div":
            self.inside = ""

    def handle_data(self, text):
        if self.inside:
            self.words[self.inside] = self.words.get(self.inside, "") + text


def opened(report: Path, place: Path) -> Page:
    """The report as a browser shows it, with a pointer that moves over its panels."""
    page = report.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=\"?https?:", page), f"{report}: needs the network"
    probed = place / "probed.html"
    probed.write_text(page.replace("</body>", PROBE), encoding="utf-8")
    command = ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
               f"--user-data-dir={place / 'browser'}", "--window-size=1200,900", "--dump-dom", probed.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return Page(done.stdout)


def check(folder: Path, place: Path) -> str:
    page = opened(folder / "report.html", place)
    pictures = json.loads((folder / "figure.json").read_text(encoding="utf-8"))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    panels = [panel for picture in pictures.values() for panel in picture["panels"]]
    shown = sum(len(panel["series"]) + len(panel["orbits"]) for panel in panels)
    assert page.body.get("data-finished") == "yes", f"{folder}: the script has not come to its end"
    assert "data-broken" not in page.body, f"{folder}: words of a study were carried out"
    assert page.count["svg"] == len(panels), f"{folder}: {page.count['svg']} panels of {len(panels)}"
    assert page.series == shown, f"{folder}: {page.series} lines and marks of {shown}"
    assert page.count["image"] == sum("map" in panel for panel in panels), f"{folder}: a map is missing"
    assert page.drawn > 0 and any(page.told), f"{folder}: nothing is drawn, or nothing told on hover"
    labelled = any(one["label"] for panel in panels for one in panel["series"])
    assert not labelled or int(page.body["data-hidden"]) > 0, f"{folder}: the legend hides nothing"
    tables = len(list(folder.glob("*.csv")))
    assert page.count["table"] >= tables, f"{folder}: {page.count['table']} tables of {tables}"
    if "converged" in manifest:
        word = "interrupted" if manifest.get("interrupted") else "converged" if manifest["converged"] else "not converged"
        assert page.words["verdict"].startswith(word), f"{folder}: {page.words}"
    for reason in manifest.get("reasons", []):
        assert reason in page.words["verdict"], f"{folder}: '{reason}' is not told"
    for warning in manifest.get("warnings", []):
        assert warning in page.words["warnings"], f"{folder}: '{warning}' is not told"
    return f"{len(panels)} panels, {shown} lines, told: {next(filter(None, page.told))!r}"


def main() -> None:
    program, work = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    for name, command in RUNS.items():
        done = subprocess.run([program, *map(str, command), "-o", str(work / name), "--quiet"], capture_output=True, text=True)
        # Small cutoffs end "not converged", which the report must tell.
        assert done.returncode in (0, 3), f"{name}: {done.stderr}"
    reports = sorted(work.glob("*/report.html"))
    assert len(reports) >= len(RUNS), "reports are missing"
    for report in reports:
        print(f"{report.parent.name}: {check(report.parent, work)}", flush=True)


if __name__ == "__main__":
    main()
