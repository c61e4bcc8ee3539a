"""States of figures: evidence, doubt, silence, and how they are told."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from cxlib import report
from cxlib.errors import ArgumentError
from cxlib.report.alerts import judge
from cxlib.report.answer import _OPEN
from cxlib.report.headline import ANSWER_MIME
from cxlib.report.thresholds import read
from cxlib.result import Finding, Result


def nps(estimate=15.0, low=12.0, high=18.0, name="NPS", **more):
    given = {"unit": "points", "n": 900, "confidence_level": 0.95} | more
    return Finding(id=name, statement="", estimate=estimate, ci_lower=low,
                   ci_upper=high, **given)  # fmt: skip


def states(findings, thresholds, **options):
    verdict = judge(findings, read(thresholds), **options)
    return [one.state for one in verdict.checks]


def one(finding, threshold, **options):
    [check] = judge([finding], read({finding.id: threshold}), **options).checks
    return check


@pytest.mark.parametrize(
    ("threshold", "state", "why"),
    [
        ({"min": 20}, "bad", "below the minimum of 20 points, beyond noise."),
        ({"min": 16}, "watch",
         "below the minimum of 16 points, but that may be noise."),
        ({"min": 14}, "watch",
         "above the minimum of 14 points, but the interval reaches beyond it."),
        ({"min": 10}, "good", "above the minimum of 10 points."),
        ({"min": 10, "watch": 16}, "watch",
         "above the minimum of 10 points, but past the value to watch from."),
        ({"max": 10}, "bad", "above the maximum of 10 points, beyond noise."),
        ({"max": 14.5}, "watch",
         "above the maximum of 14.5 points, but that may be noise."),
        ({"max": 20}, "good", "below the maximum of 20 points."),
    ],
)  # fmt: skip
def test_state_follows_the_evidence(threshold, state, why):
    check = one(nps(), threshold)
    assert check.state == state
    assert check.text == f"NPS 15.0 points (95 % CI 12.0 to 18.0, n = 900): {why}"


def test_at_the_limit_is_not_beyond_it():
    assert one(nps(estimate=20.0, low=20.0, high=21.0), {"min": 20}).state == "good"


def test_a_smaller_rate_asks_for_more_evidence():
    assert one(nps(), {"min": 18.5}).state == "bad"
    assert one(nps(), {"min": 18.5, "false_alarm_rate": 0.001}).state == "watch"


def test_limits_share_the_rate_by_holm():
    alone = judge([nps()], read({"NPS": {"min": 18}}))
    assert alone.checks[0].state == "bad"
    many = {"NPS": {"min": 18}} | {f"f{i}": {"min": 0} for i in range(4)}
    findings = [nps(), *(nps(name=f"f{i}") for i in range(4))]
    assert states(findings, many) == ["watch", *["good"] * 4]
    own = many | {"NPS": {"min": 18, "false_alarm_rate": 0.05}}
    assert states(findings, own)[0] == "bad"
    assert judge(findings, read(own)).rate == pytest.approx(0.1)


def test_without_an_interval_nothing_is_an_alert():
    bare = nps(low=None, high=None, n=None)
    over, under = one(bare, {"min": 20}), one(bare, {"min": 10})
    assert (over.state, under.state) == ("watch", "good")
    assert over.text == (
        "NPS 15.0 points: below the minimum of 20 points, but it has no interval, so "
        "noise cannot be told from change."
    )
    assert (
        under.text
        == "NPS 15.0 points: above the minimum of 10 points; it has no interval."
    )


def test_an_interval_of_no_level_is_no_evidence():
    assert one(nps(confidence_level=None), {"min": 20}).state == "watch"


def test_a_finding_without_a_number_is_watched():
    check = one(nps(estimate=None, low=None, high=None), {"min": 20})
    assert check.state == "watch"
    assert check.text.endswith("so the minimum of 20 points was not checked.")


def test_bounds_without_an_estimate_are_good_only_as_a_whole():
    assert one(nps(estimate=None), {"min": 10}).state == "good"
    assert one(nps(estimate=None), {"min": 14}).state == "watch"


def test_a_name_that_fits_nothing_is_watched_and_names_what_there_is():
    [check] = judge([nps()], read({"NSP": {"min": 1}})).checks
    assert check.state == "watch"
    assert check.text == (
        "The threshold 'NSP' fits no finding of this run; did you mean 'NPS'?"
    )
    [check] = judge([], read({"NSP": {"min": 1}})).checks
    assert check.text.endswith("; there are none.")


def test_names_are_ids_labels_or_patterns():
    both = [nps(name="nps_app", label="score of the app"), nps(name="nps_[web]")]
    assert len(judge(both, read({"nps_app": {"min": 1}})).checks) == 1
    assert len(judge(both, read({"Score of the APP": {"min": 1}})).checks) == 1
    assert len(judge(both, read({"nps_*": {"min": 1}})).checks) == 2
    [found] = judge(both, read({"nps_[*": {"min": 1}})).checks
    assert found.finding.id == "nps_[web]"


def test_a_finding_that_two_results_repeat_counts_once():
    assert len(judge([nps(), nps()], read({"NPS": {"min": 1}})).checks) == 1


def test_a_share_held_against_a_percentage_is_not_called_good():
    share = nps(estimate=0.2, low=0.17, high=0.23, unit="share")
    assert one(share, {"max": 0.25}).words == "maximum 25 %"
    check = one(share, {"max": 25})
    assert check.state == "watch"
    assert check.text.endswith(
        "maximum of 2,500 %; a share is a fraction, 0.05 for 5 %."
    )


def test_money_has_its_currency():
    money = nps(estimate=-500.0, low=-900.0, high=-100.0, unit="amount")
    check = one(money, {"min": 0}, currency="EUR")
    assert check.text == (
        "NPS −500 EUR (95 % CI −900 to −100, n = 900): below the minimum of 0 EUR, "
        "beyond noise."
    )


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (0.05, "At most 1 run in 20 would alert if every true value stood exactly at "
         "its threshold; run nightly, that is about 18 false alarms a year: set "
         "false_alarm_rate: 0.001 for one in three years."),
        (0.001, "At most 1 run in 1,000 would alert if every true value stood exactly "
         "at its threshold; run nightly, that is about one false alarm in 3 years."),
    ],
)  # fmt: skip
def test_the_rate_is_told_in_runs_and_years(rate, said):
    given = {"NPS": {"min": 1}, "false_alarm_rate": rate}
    note = judge([nps()], read(given)).note
    assert note.startswith(said)
    assert note.endswith("a false alarm then stays on for as long as they do.")


class Score(Result):
    """A result with given findings."""

    text = "It is so."
    findings = ()


def score(*findings):
    made = type("Made", (Score,), {"findings": findings})
    return made(table=pd.DataFrame({"n": [9]}))


class Handle:
    """Stands in for IPython's display handle."""

    def __init__(self):
        self.shown = []

    def update(self, value):
        self.shown.append(value)


@pytest.fixture
def slot():
    """Reserve a slot with thresholds as a notebook would; leave none behind."""

    def reserve(thresholds):
        made = report.placeholder(thresholds)
        made.handle = Handle()
        return made

    yield reserve
    _OPEN.clear()


def test_malformed_thresholds_stop_the_notebook():
    with pytest.raises(ArgumentError, match="which may be meant as a lowest"):
        report.placeholder({"NPS": 20})


def test_headline_tells_the_state_in_a_word_before_the_figure(slot, capsys):
    made = slot({"NPS": {"min": 20}, "b": {"min": 1}})
    made.update(report.answer(score(nps(name="b"), nps()), decision="Mend it."))
    capsys.readouterr()
    bundle = made.handle.shown[-1]._repr_mimebundle_()
    page = bundle["text/html"]
    assert page.index("1 alert (of 2 thresholds).") < page.index("Alert</strong>")
    assert page.index("<li class='cx-bad'>") < page.index("<li class='cx-good'>")
    assert page.index("Alert</strong>") < page.index("15.0") < page.index("Mend it.")
    assert (
        "<span class='cx-threshold'>below the minimum of 20 points, beyond noise."
        in page
    )
    lines = bundle["text/plain"].splitlines()
    assert lines[:4] == [
        "1 alert (of 2 thresholds).",
        "✕ Alert  NPS: 15.0 points (95 % CI 12.0 to 18.0, n = 900): "
        "below the minimum of 20 points, beyond noise.",
        "✓ Good   B: 15.0 points (95 % CI 12.0 to 18.0, n = 900): "
        "above the minimum of 1 point.",
        "Mend it.",
    ]
    figures = bundle[ANSWER_MIME]["figures"]
    assert [(f["id"], f["state"], f["threshold"]) for f in figures] == [
        ("NPS", "bad", "minimum 20 points"), ("b", "good", "minimum 1 point")
    ]  # fmt: skip


def test_without_thresholds_the_answer_is_as_before(slot, capsys):
    made = slot({})
    made.update(report.answer(score(nps()), decision="Mend it."))
    bundle = made.handle.shown[-1]._repr_mimebundle_()
    assert bundle["text/plain"] == "Mend it."
    assert "cx-state" not in bundle["text/html"]
    assert "False alarms" not in bundle["text/html"]
    assert len(made.handle.shown) == 1
    capsys.readouterr()


def test_export_judges_findings_that_are_no_figures_and_fills_the_slot(
    slot, capsys, tmp_path
):
    made = slot({"late": {"max": 10}, "NPS": {"min": 10}})
    headline = report.answer(score(nps()), decision="Mend it.")
    made.update(headline)
    assert (
        made.handle.shown[-1].verdict.text == "No alert, 1 to watch (of 2 thresholds)."
    )
    report.export(tmp_path, {"nps": score(nps()), "late": score(nps(name="late"))})
    capsys.readouterr()
    final = made.handle.shown[-1]
    assert [card["id"] for card in final.cards()] == ["late", "NPS"]
    written = json.loads((tmp_path / "results.json").read_text())
    [alert] = written["alerts"]
    assert (alert["id"], alert["level"], alert["threshold"]) == ("late", "bad", 10.0)
    assert alert["words"] == "maximum 10 points"
    assert written["thresholds"]["false_alarm_rate"] == 0.05
    assert [c["level"] for c in written["thresholds"]["checks"]] == ["bad", "good"]


def test_crossed_findings_come_first_within_the_limit_of_cards(slot, capsys):
    many = [nps(name=f"f{i}") for i in range(4)]
    made = slot({f"x{i}": {"min": 20} for i in range(5)})
    hidden = [nps(name=f"x{i}", low=14.5, high=15.5) for i in range(5)]
    made.update(report.answer(score(*many, *hidden), decision="x"))
    capsys.readouterr()
    ids = [card["id"] for card in made.handle.shown[-1].cards()]
    assert ids == ["x0", "x1", "x2", "x3", "x4", "f0"]


def test_good_ones_beyond_the_cards_are_named_in_one_line(slot, capsys):
    many = [nps(name=f"f{i:02}") for i in range(14)]
    made = slot({"f*": {"min": 1}})
    made.update(report.answer(score(*many), decision="x"))
    capsys.readouterr()
    page = made.handle.shown[-1]._repr_mimebundle_()["text/html"]
    assert "F04; F05; F06; F07; F08; F09; F10; F11 and 2 more." in page


def test_names_from_the_params_file_are_escaped(slot, capsys):
    hostile = "<img src=x onerror=alert(1)>"
    made = slot({hostile: {"min": 1}})
    made.update(report.answer(score(nps(name="<b>")), decision="x"))
    capsys.readouterr()
    assert "<img" not in made.handle.shown[-1]._repr_mimebundle_()["text/html"]
