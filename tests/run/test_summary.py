"""The account for a mail: subject, order, size, and nothing that acts."""

from __future__ import annotations

import json
import os
import socket

import pytest
from typer.testing import CliRunner

from cxlib.__main__ import app
from cxlib.errors import ArgumentError
from cxlib.run.summary import LINES, WIDTH, summary

ALERT = {
    "id": "NPS", "side": "min", "level": "bad", "new": True,
    "since": "2026-11-26T02:00:00+00:00",
    "text": "NPS 15.0 points (95 % CI 12.0 to 18.0, n = 900): below the minimum 20 "
    "points, beyond noise.",
}  # fmt: skip


def run(site, name, programme="sample", run_id="20261126T020000Z-aaaaaa", **record):
    folder = site / programme / name / run_id
    folder.mkdir(parents=True)
    figure = {"id": "NPS", "label": "NPS", "value": "15.0", "unit": "points",
              "kind": "points"}  # fmt: skip
    made = {
        "programme": programme, "name": name, "status": "ok", "error": "",
        "started": "2026-11-26T02:00:00+00:00", "alerts": [],
        "headline": {"decision": f"Do {name}.", "figures": [figure]},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(made | record))
    return folder


@pytest.fixture
def site(tmp_path):
    run(tmp_path, "calm")
    run(tmp_path, "alarm", alerts=[ALERT])
    old = ALERT | {"new": False, "text": "CSAT 40.0 %: it is low."}
    run(tmp_path, "older", alerts=[old])
    run(tmp_path, "broken", status="failed", error="KeyError: 'plan'\nmore")
    run(tmp_path, "refused", status="params",
        error="The run was not started.\n- level: is high.\n- b")  # fmt: skip
    (tmp_path / "index.html").write_text("x")
    return tmp_path


def test_account_in_full(site):
    assert summary([site]).replace(str(site), "SITE") == (
        "CX: 2 alerts, 1 failed, 1 stopped of 5 (sample)\n"
        "\n"
        "Failed\n"
        "- sample/broken: Failed. KeyError: 'plan' (and 1 more)\n"
        "- sample/refused: Bad parameters. level: is high. (and 1 more)\n"
        "\n"
        "Alerts\n"
        "- NPS 15.0 points (95 % CI 12.0 to 18.0, n = 900): below the minimum 20\n"
        "  points, beyond noise. (sample/alarm, new)\n"
        "- CSAT 40.0 %: it is low. (sample/older, since 2026-11-26 02:00 UTC)\n"
        "\n"
        "Answers\n"
        "- sample/alarm: NPS 15.0 points. Do alarm.\n"
        "- sample/calm: NPS 15.0 points. Do calm.\n"
        "- sample/older: NPS 15.0 points. Do older.\n"
        "\n"
        "Index: SITE/index.html\n"
    )


def test_only_the_latest_run_of_each_report_counts(site):
    run(site, "alarm", run_id="20261127T020000Z-aaaaaa")
    assert summary([site]).startswith("CX: 1 alert, 1 failed, 1 stopped of 5")


def test_all_well(tmp_path):
    run(tmp_path, "a")
    run(tmp_path, "b", programme="other")
    assert summary([tmp_path]).startswith("CX: 2 completed, no alert (other, sample)\n")


@pytest.mark.parametrize("file", ["", "manifest.json", "results.json"])
def test_one_run_by_its_folder_or_a_file_of_it(site, file):
    folder = next(site.glob("sample/alarm/*"))
    (folder / "results.json").write_text('{"findings": []}')
    said = summary([folder / file])
    assert said.startswith("CX: 1 alert of 1 (sample)\n")
    assert "sample/calm" not in said


def test_results_of_a_notebook_run_by_hand(tmp_path):
    finding = {"id": "nps", "statement": "NPS is 3.", "estimate": 3.0}
    results = {"findings": [finding], "alerts": [ALERT]}
    (tmp_path / "results.json").write_text(json.dumps(results))
    said = summary([tmp_path / "results.json"])
    assert said.startswith("CX: 1 alert of 1\n")
    assert "NPS is 3." in said


def test_what_changed_beyond_noise_is_told_and_the_figure_before(tmp_path):
    row = {"id": "NPS", "was": 23.14, "now": 15.0, "verdict": "beyond noise"}
    changes = {"text": "NPS 23.1 -> 15.0, beyond the ±4.1 of chance.", "rows": [row]}
    run(tmp_path, "a", changes=changes)
    said = summary([tmp_path])
    assert "Changed beyond noise\n- sample/a: NPS 23.1 -> 15.0, beyond" in said
    assert "NPS 15.0 points (was 23.1). Do a." in said


def test_a_killed_run_is_no_running_one(tmp_path):
    here = {"status": "running", "host": socket.gethostname()}
    run(tmp_path, "a", **here, pid=2**22 + 1)
    run(tmp_path, "b", **here, pid=os.getpid())
    said = summary([tmp_path])
    assert said.startswith("CX: 1 stopped, 1 running of 2 (sample)")
    assert "sample/a: Interrupted." in said


def test_it_stays_short_and_narrow(tmp_path):
    for i in range(60):
        run(tmp_path, f"n{i:02}", programme=f"p{i % 3}", alerts=[ALERT] * (i % 2))
        run(tmp_path, f"f{i:02}", status="failed", error="word " * 60)
    lines = summary([tmp_path]).splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines[:-1])) <= WIDTH
    assert lines[0] == "CX: 30 alerts, 60 failed of 120 (4 programmes)"
    assert any("more: see the index" in line for line in lines)
    assert "Answers" in lines
    assert "Alerts" in lines


def test_nothing_steers_a_terminal_or_a_mail_reader(tmp_path):
    run(tmp_path, "a", status="failed", error="\x1b[2J<script>alert(1)</script>\x07")
    assert "\x1b" not in summary([tmp_path])
    page = summary([tmp_path], format="html")
    assert "<script" not in page
    assert page.startswith('<!DOCTYPE html>\n<html lang="en">')
    assert "<title>CX: 1 failed of 1 (sample)</title>" in page


def test_a_folder_without_runs_is_a_sentence(tmp_path):
    with pytest.raises(ArgumentError, match=r"no run in .*; give a run folder"):
        summary([tmp_path])
    done = CliRunner().invoke(app, ["summary", str(tmp_path)])
    assert isinstance(done.exception, ArgumentError)
    assert done.exception.exit_code == 2


def test_command_prints_it(site):
    done = CliRunner().invoke(app, ["summary", str(site), "--format", "html"])
    assert done.exit_code == 0
    assert "<h2>Alerts</h2>" in done.output
