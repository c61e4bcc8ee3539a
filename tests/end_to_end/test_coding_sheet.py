"""A round of coding from draw to filled sheets to the next draw, as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest
import yaml

from cxlib.data.coding_sheet import CODING, FIRST_ROW, ID_ROW
from cxlib.run import check, find
from cxlib.run.contract import check_data

ROOT = Path(__file__).parents[2]


def params(folder, codings):
    folder.mkdir(parents=True, exist_ok=True)
    given = {"codings": codings, "n_audit": 12, "n_chosen": 8, "embeddings": "none"}
    file = folder / "coding_sheet.yaml"
    file.write_text(yaml.safe_dump(given), "utf-8")
    return file


def fill(path):
    book = openpyxl.load_workbook(path)
    sheet = book[CODING]
    heads = {cell.value: cell.column for cell in sheet[ID_ROW]}
    for row in range(FIRST_ROW, sheet.max_row + 1):
        code = "delivery" if row % 2 else "(nothing fits)"
        sheet.cell(row, heads[code]).value = "yes"
    book.save(path)


def test_gate_takes_a_folder_of_sheets_and_names_an_empty_one(tmp_path, monkeypatch):
    monkeypatch.setenv("CX_ROOT", str(ROOT))
    place = tmp_path / "sheets"
    place.mkdir()
    source = {"path": str(place), "format": "coding_sheet"}
    file = params(tmp_path / "params", source)
    (job,) = check(find([file]))
    assert "codings.path" in job.troubles[0].text
    openpyxl.Workbook().save(place / "Anna.xlsx")
    (job,) = check(find([file]))
    assert job.troubles == ()
    assert job.files["codings.path[0]"] == place / "Anna.xlsx"
    checked = check_data(job)
    assert checked.status == "data"
    assert "Anna.xlsx is no coding sheet" in "\n".join(checked.lines)


def run(file, out):
    """Run a params file as a user does; return the run's folder."""
    command = [sys.executable, "-m", "cxlib", "run", str(file), "--out", str(out)]
    env = {**os.environ, "CX_ROOT": str(ROOT), "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (manifest,) = (out / file.parent.name).rglob("manifest.json")
    return manifest.parent


@pytest.mark.slow
def test_a_round_of_coding(tmp_path):
    first = run(params(tmp_path / "one", {}), tmp_path / "reports")
    sheets = sorted((first / "sheets").glob("*.xlsx"))
    assert [path.name for path in sheets] == ["A.xlsx", "B.xlsx"]
    listed = json.loads((first / "manifest.json").read_text("utf-8"))["files"]
    assert "sheets/A.xlsx" in listed
    done = tmp_path / "coded"
    done.mkdir()
    for path in sheets:
        fill(path)
        path.rename(done / path.name)
    source = {"path": str(done), "format": "coding_sheet"}
    second = run(params(tmp_path / "two", source), tmp_path / "reports")
    page = (second / "report.html").read_text("utf-8")
    assert "20 coded so far" in page
    assert "disputed in 12 verbatims" in page
