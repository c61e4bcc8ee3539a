"""Alerts of real runs: exit code, what is new, what the terminal and the page say."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from cxlib.__main__ import app
from cxlib.run.alerts import recorded
from cxlib.run.summary import summary

CROSSED = "thresholds:\n  nps: {min: -10}\n  npz: {min: 0}\n"


def cx(*arguments):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def manifest(workbook):
    paths = sorted((workbook / "reports/sample/good").glob("*/manifest.json"))
    return json.loads(paths[-1].read_text()), paths[-1].parent


def test_malformed_thresholds_are_refused_with_their_line(write):
    text = "segment: plan\nthresholds:\n  nps: 20\n  b: {min: five}\n"
    done = cx("check", write(text))
    assert done.exit_code == 2
    assert (
        "good.yaml:3: thresholds.nps: is 20, which may be meant as a lowest or a "
        "highest value; write {min: 20} or {max: 20}." in done.output
    )
    assert "good.yaml:4: thresholds.b.min: is the text 'five'; it takes" in done.output


@pytest.mark.slow
def test_a_crossed_threshold_ends_with_4_and_is_new_only_once(workbook, write):
    mail = workbook / "mail.txt"
    done = cx("run", write(CROSSED), "--summary", mail)
    assert done.exit_code == 4, done.output
    told = "Nps −24.7 points (95 % CI −28.2 to −21.1, n = 2,353)"
    why = "below the minimum of −10 points, beyond noise."
    assert f"    Alert: NPS{told[3:]}: {why}" in done.output
    assert "1 of 1 completed. 1 alert. Site:" in done.output
    first, folder = manifest(workbook)
    assert (first["status"], first["exit_code"]) == ("ok", 4)
    [alert] = first["alerts"]
    assert (alert["new"], alert["since"]) == (True, first["started"])
    [figure] = first["headline"]["figures"]
    assert (figure["state"], figure["threshold"]) == ("bad", "minimum −10 points")
    page = (folder / "report.html").read_text()
    answer = page[page.index("cx-answer") :]
    assert answer.index("1 alert, 1 to watch (of 2 thresholds).") < answer.index(
        "−24.7"
    )
    assert (
        "The threshold &#x27;npz&#x27; fits no finding" in page or "'npz' fits" in page
    )
    assert mail.read_text().startswith("CX: 1 alert of 1 (sample)\n")

    assert cx("run", write(CROSSED)).exit_code == 4
    [again] = manifest(workbook)[0]["alerts"]
    assert (again["new"], again["since"]) == (False, first["started"])
    assert "since " in summary([workbook / "reports"])

    assert cx("run", write("thresholds: {nps: {min: -40}}")).exit_code == 0
    assert manifest(workbook)[0]["alerts"] == []
    assert cx("run", write(CROSSED)).exit_code == 4
    assert manifest(workbook)[0]["alerts"][0]["new"]


def run_of(folder, name, **record):
    place = folder / name
    place.mkdir(parents=True)
    (place / "manifest.json").write_text(json.dumps(record))
    return place


def test_a_failed_run_between_does_not_make_an_alert_new(tmp_path):
    alert = {"id": "nps", "side": "min", "text": "x"}
    old = alert | {"since": "2026-01-01T02:00"}
    run_of(tmp_path, "1", status="ok", alerts=[old])
    run_of(tmp_path, "2", status="failed", alerts=[])
    (run_of(tmp_path, "2b") / "manifest.json").write_text("{")
    run_of(tmp_path, "9", status="ok", alerts=[])
    now = run_of(tmp_path, "3", status="running")
    [made] = recorded({"alerts": [alert]}, now, "2026-01-03T02:00")["alerts"]
    assert (made["new"], made["since"]) == (False, "2026-01-01T02:00")
    other = alert | {"side": "max"}
    [made] = recorded({"alerts": [other]}, now, "2026-01-03T02:00")["alerts"]
    assert (made["new"], made["since"]) == (True, "2026-01-03T02:00")


@pytest.mark.parametrize("results", [{}, {"alerts": None}, {"alerts": []}])
def test_results_of_an_older_version_have_no_alerts(tmp_path, results):
    assert recorded(results, tmp_path / "1", "2026-01-03") == {"alerts": []}
