"""Every sample notebook finds and says the same in a warm kernel as in a fresh one."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "params/sample").glob("[!_]*.yaml"))
# The run's own folder, and addresses of objects.
VOLATILE = re.compile(r"\S*/sample/\w+/\d{8}T\d{6}Z-\w+|0x[0-9a-f]{6,}")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """The sample programme's site, by warm and by fresh kernels."""
    out = tmp_path_factory.mktemp("sites")
    command = [sys.executable, "-m", "cxlib", "run", str(ROOT / "params/sample")]
    for kernels in ("warm", "fresh"):
        options = [f"--{kernels}", "--out", str(out / kernels), "--jobs", "2"]
        done = subprocess.run(
            [*command, *options], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert "afresh" not in done.stderr
        assert done.returncode == 0, done.stdout + done.stderr
    return out


def files(site, name):
    """All that a run wrote for other programs, and its outputs without their run id."""
    (folder,) = (site / "sample" / name).glob("2*")
    tables = {path.name: path.read_bytes() for path in folder.glob("tables/*.csv")}
    notebook = json.loads((folder / "report.ipynb").read_text())
    for output in (
        one for cell in notebook["cells"] for one in cell.get("outputs", [])
    ):
        if "text/html" in output.get("data", {}):
            # pandas wraps it at a width it takes from the console; no page shows it
            output["data"].pop("text/plain", None)
    shown = [
        VOLATILE.sub("", json.dumps(cell.get("outputs", ""), sort_keys=True))
        for cell in notebook["cells"]
    ]
    return (folder / "results.json").read_bytes(), tables, shown


@pytest.mark.parametrize("name", NAMES)
def test_results_tables_outputs_and_charts_are_the_same(sites, name):
    warm, fresh = files(sites / "warm", name), files(sites / "fresh", name)
    assert warm[0] == fresh[0]
    assert warm[1] == fresh[1]
    assert warm[2] == fresh[2]
