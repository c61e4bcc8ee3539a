"""Each number of a sample report resolves to its data, and comes out again."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from bs4 import BeautifulSoup

ROOT = Path(__file__).parents[2]
MAX_BYTES = 260_000

pytestmark = pytest.mark.slow


def run(out):
    """Run the drivers of the sample and return the run's folder."""
    params = "params/sample/nps_drivers.yaml"
    done = subprocess.run(
        [sys.executable, "-m", "cxlib", "run", params, "--out", str(out)],
        cwd=ROOT, env={**os.environ, "CX_ROOT": str(ROOT)}, capture_output=True,
        text=True, timeout=600, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (folder,) = out.glob("sample/nps_drivers/2*")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return run(tmp_path_factory.mktemp("trace"))


@pytest.fixture(scope="module")
def page(folder):
    return BeautifulSoup((folder / "report.html").read_text(), "html.parser")


def read(folder, name):
    return json.loads((folder / name).read_text())


def test_another_run_gives_the_same_numbers_to_the_last_digit(folder, tmp_path):
    again = run(tmp_path)
    names = sorted(p.name for p in (folder / "tables").iterdir())
    assert names == sorted(p.name for p in (again / "tables").iterdir())
    for name in ["results.json", *(f"tables/{one}" for one in names)]:
        assert (again / name).read_bytes() == (folder / name).read_bytes(), name


def test_each_figure_resolves_to_a_finding_a_table_and_the_data(folder, page):
    manifest, results = read(folder, "manifest.json"), read(folder, "results.json")
    numbers = [one for one in results["findings"] if one["estimate"] is not None]
    rows = page.select(".trace tbody tr")
    assert len(rows) == len(numbers) > 0
    for row, one in zip(rows, numbers, strict=True):
        assert row.td.text == str(one["estimate"])
        file = row.a["href"]
        assert file in manifest["files"]
        assert len(pd.read_csv(folder / file))
    targets = {a["href"][1:] for a in page.select(".cx-figures a")}
    assert targets
    assert targets <= {row["id"] for row in rows}
    told = page.select_one("#trace").find_next("p").text
    for data in manifest["data"]:
        digest = hashlib.sha256((ROOT / data["path"]).read_bytes()).hexdigest()
        assert digest == data["sha256"]
        assert digest[:12] in told
    assert manifest["notebook_sha256"][:12] in told
    assert f"seed {manifest['seed']}" in told


def test_every_exported_table_is_at_hand_and_every_link_leads_somewhere(folder, page):
    for link in page.select("a[href]"):
        target = link["href"]
        if target.startswith("#"):
            assert page.find(id=target[1:]), target
        elif not target.startswith(("data:", "http")):
            assert (folder / target).exists() or target.endswith("index.html"), target
    saved = {one["download"] for one in page.select("a[download]")}
    assert saved
    assert saved <= {Path(one).name for one in read(folder, "results.json")["tables"]}
    assert (folder / "report.html").stat().st_size <= MAX_BYTES
