"""Exported files: whole, unrounded, and safe to open in a spreadsheet."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest

from cxlib import report
from cxlib.errors import ArgumentError
from cxlib.report.export import safe_cell
from cxlib.report.files import to_json, write_text
from cxlib.result import Assumption, Finding, Result


class Score(Result):
    """A result with one finding."""

    text = "NPS is 1."
    findings = (
        Finding(id="nps", statement="NPS is 1.", estimate=np.float64(1.5),
                unit="points", ci_lower=float("nan"), n=3),
    )  # fmt: skip


@dataclass(frozen=True)
class File:
    path: str
    sha256: str
    n_bytes: int
    n_rows: int


class Table:
    """Stands in for data.Table."""

    name = "responses"
    counts = {"asked": 5, "answered": np.int64(4)}  # noqa: RUF012
    files = (File("data/a.csv", "ab", 10, 5),)


def test_files_and_contents(tmp_path):
    table = pd.DataFrame({"segment": ["a", "b"], "estimate": [1 / 3, np.nan]})
    held = (
        Assumption(text="Firm.", quality="high", impact="low"),
        Assumption(text="Weak.", quality="low", impact="high"),
    )
    score = Score(table=table, unit="points", method="Wald.", assumptions=held)
    written = report.export(tmp_path, {"score": score}, sources=(Table(),))
    assert [name for name, _ in written.files] == ["results.json", "tables/score.csv"]
    assert "2 rows, 2 columns" in written._repr_html_()
    results = json.loads((tmp_path / "results.json").read_text())
    assert results == {
        "findings": [
            {"result": "score", "id": "nps", "statement": "NPS is 1.", "estimate": 1.5,
             "unit": "points", "ci_lower": None, "ci_upper": None, "n": 3,
             "label": "", "confidence_level": None},
        ],
        "alerts": [],
        "results": [{"name": "score", "text": "NPS is 1.", "method": "Wald.",
                     "unit": "points"}],
        "assumptions": [
            {"text": "Weak.", "quality": "low", "impact": "high", "results": ["score"]},
            {"text": "Firm.", "quality": "high", "impact": "low", "results": ["score"]},
        ],
        "sources": [
            {"table": "responses", "counts": {"asked": 5, "answered": 4}, "files": [
                {"path": "data/a.csv", "sha256": "ab", "n_bytes": 10, "n_rows": 5}]},
        ],
        "tables": ["tables/score.csv"],
    }  # fmt: skip
    text = (tmp_path / "tables/score.csv").read_text()
    assert text == f"segment,estimate\na,{1 / 3!r}\nb,\n"


@pytest.mark.parametrize(
    ("value", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+39 02 1234", "'+39 02 1234"),
        ("-see below", "'-see below"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        (" =1", "' =1"),
        ("\r=1", "'\r=1"),
        ("＝1", "'＝1"),
        ("-24.7", "-24.7"),
        ("+3", "+3"),
        ("late", "late"),
        ("", ""),
        (-3, -3),
        (None, None),
    ],
)
def test_formulas_are_neutralised(value, safe):
    assert safe_cell(value) == safe


def test_headers_and_categories_are_neutralised_too(tmp_path):
    table = pd.DataFrame({"=h": pd.Categorical(["=a", "b"])})
    report.export(tmp_path, {"score": Score(table=table)})
    assert (tmp_path / "tables/score.csv").read_text() == "'=h\n'=a\nb\n"


@pytest.mark.parametrize("name", ["../score", "a b", "", "a/b", ".hidden"])
def test_names_become_files_and_are_checked(tmp_path, name):
    with pytest.raises(ArgumentError, match="because it becomes a file's name"):
        report.export(tmp_path, {name: Score(table=pd.DataFrame())})
    assert list(tmp_path.iterdir()) == []


def test_relative_folder_counts_from_the_project(tmp_path, monkeypatch):
    monkeypatch.setenv("CX_ROOT", str(tmp_path))
    written = report.export("reports/draft", {})
    assert written.folder == tmp_path / "reports/draft"


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space"):
        write_text(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_new_files_get_ordinary_permissions(tmp_path):
    old = os.umask(0o022)
    write_text(tmp_path / "a.txt", "x")
    os.umask(old)
    assert (tmp_path / "a.txt").stat().st_mode & 0o777 == 0o644


def test_json_is_strict():
    value = {"a": float("inf"), "b": np.nan, 3: (pd.Timestamp("2026-01-01"), {1})}
    assert json.loads(to_json(value)) == {
        "a": None,
        "b": None,
        "3": ["2026-01-01 00:00:00", [1]],
    }
