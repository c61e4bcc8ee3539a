"""Every params file that the project ships passes the gate."""

from __future__ import annotations

from pathlib import Path

import pytest

from cxlib.data import CONTRACTS
from cxlib.run import check, find
from cxlib.run.gate import TABLES

ROOT = Path(__file__).parents[1]
SHIPPED = find([ROOT / "params"])
TESTED = sorted((ROOT / "tests" / "params").rglob("*.yaml"))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_shipped_params_pass_the_gate(path, monkeypatch):
    monkeypatch.setenv("CX_ROOT", str(ROOT))
    (job,) = check(find([path]))
    assert job.troubles == ()


@pytest.mark.parametrize("path", TESTED, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_tested_params_pass_the_gate_but_for_absent_data(path, monkeypatch):
    monkeypatch.setenv("CX_ROOT", str(ROOT))
    (job,) = check(find([path]))
    assert [t.text for t in job.troubles if t.kind == "params"] == []


def test_sample_programme_runs_every_notebook():
    notebooks = {p.stem for p in (ROOT / "notebooks").glob("*.ipynb")}
    ran = {p.stem for p in (ROOT / "params" / "sample").glob("*.yaml")}
    assert notebooks <= ran | {"_"}


def test_gate_knows_the_tables_of_the_contract():
    assert set(TABLES) == set(CONTRACTS)


def test_a_number_named_like_a_table_is_no_source(tmp_path, monkeypatch):
    monkeypatch.setenv("CX_ROOT", str(ROOT))
    file = tmp_path / "sample" / "roi_investment.yaml"
    file.parent.mkdir()
    file.write_text("customers: 900\n")
    (job,) = check(find([file]))
    assert job.troubles == ()
