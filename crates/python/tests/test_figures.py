"""Every output folder draws its own pictures again."""

import json
import subprocess
import sys

import pytest
from conftest import STUDIES

MAP = ["--x", "lambda=0.2:0.8:3", "--y", "gamma_up=0.2:1:2"]
RUN = ["run", STUDIES / "first-run.toml", "--set", "N=1", "--set", "time.points=11", "--set", "modes.a.cutoff=6"]


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([*RUN, "--set", 'output.observables=["photon-distribution(a)", "photons(a)"]'], ["overview"]),
        (["phases", STUDIES / "phase-diagram.toml", *MAP], ["phases"]),
        (["reproduce", "fig6", "--quick"], None),
    ],
)
def test_figures_are_drawn_again(tmp_path, arguments, names):
    pytest.importorskip("matplotlib")
    command = [sys.executable, "-m", "superladder", *map(str, arguments), "-o", str(tmp_path / "out"), "--quiet"]
    # A small cutoff ends "not converged", which is what it is.
    ended = subprocess.run(command, capture_output=True, text=True)
    assert ended.returncode in (0, 3), ended.stderr
    scripts = sorted((tmp_path / "out").rglob("figure.py"))
    assert scripts
    for script in scripts:
        shown = json.loads((script.parent / "figure.json").read_text(encoding="utf-8"))
        assert names is None or list(shown) == names
        drawn = subprocess.run([sys.executable, script, "-f", "png"], capture_output=True, text=True)
        assert drawn.returncode == 0 and not drawn.stderr, drawn.stderr
        for name in shown:
            assert (script.parent / f"{name}.matplotlib.png").stat().st_size > 10_000
    refused = subprocess.run([sys.executable, scripts[0], "nothing"], capture_output=True, text=True)
    assert refused.returncode == 2 and "no picture 'nothing'" in refused.stderr
