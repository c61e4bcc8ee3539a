"""The headline, the ledger and what stands in for a section that did not run."""

from __future__ import annotations

import pandas as pd
import pytest

from cxlib import report
from cxlib.report.answer import ANSWER_MIME, PENDING, Answer
from cxlib.result import Assumption, Finding, Result


class Score(Result):
    """A result with as many findings as asked for."""

    text = "NPS is 1.0 points (90 % CI 0.0 to 2.0, n = 9)."
    findings = ()


def score(*findings, assumptions=()):
    kind = type("Made", (Score,), {"findings": findings})
    return kind(table=pd.DataFrame({"n": [9]}), assumptions=tuple(assumptions))


def finding(name="nps", unit="points", **more):
    given = {"estimate": 1.0, "ci_lower": 0.0, "ci_upper": 2.0, "n": 9}
    return Finding(id=name, statement=Score.text, unit=unit, **(given | more))


def test_cards_hold_value_unit_interval_and_n():
    [card] = report.answer(score(finding()), decision="Do it.").cards()
    assert card == {
        "id": "nps",
        "label": "NPS",
        "value": "1.0",
        "unit": "points",
        "interval": "90 % CI 0.0 to 2.0",
        "n": "n = 9",
        "statement": Score.text,
        "estimate": 1.0, "ci_lower": 0.0, "ci_upper": 2.0, "confidence_level": 0.9,
        "kind": "points", "state": "", "threshold": "", "why": "",
    }  # fmt: skip


def test_units_and_labels():
    share = finding(
        "share_promoters", "share", estimate=0.231, ci_lower=0.2, ci_upper=0.3
    )
    money = finding("value_of_one_point", "amount", estimate=12345.6, ci_lower=None)
    made = report.answer(score(share, money), decision="x", currency="EUR").cards()
    assert [(c["label"], c["value"], c["unit"], c["interval"]) for c in made] == [
        ("Share promoters", "23.1", "%", "90 % CI 20.0 to 30.0"),
        ("Value of one point", "12,346", "EUR", ""),
    ]


def test_an_interval_that_is_no_confidence_interval_is_called_one():
    said = "Net present value is 5 EUR (80 % interval 1 to 9)."
    one = Finding(id="npv", statement=said, estimate=5.0, unit="amount",
                  ci_lower=1.0, ci_upper=9.0)  # fmt: skip
    [card] = report.answer(score(one), decision="x").cards()
    assert (card["label"], card["interval"]) == ("NPV", "80 % interval 1 to 9")


def test_one_result_gives_four_figures_many_give_one_each():
    many = [finding(f"f{i}") for i in range(9)]
    assert len(report.answer(score(*many), decision="x").cards()) == 4
    several = [score(finding(f"r{i}"), finding()) for i in range(9)]
    cards = report.answer(*several, decision="x").cards()
    assert [card["id"] for card in cards] == [f"r{i}" for i in range(6)]


def test_findings_without_an_estimate_give_no_figure():
    none = finding(estimate=None)
    assert report.answer(score(none), decision="x").cards() == []


def test_everything_is_escaped():
    hostile = "<script>alert(1)</script>"
    headline = report.answer(
        score(finding(hostile)), decision=hostile, caveats=[hostile], currency=hostile
    )
    bundle = headline._repr_mimebundle_()
    assert "<script" not in bundle["text/html"]
    assert bundle["text/plain"] == hostile
    assert bundle[ANSWER_MIME]["decision"] == hostile


def test_html_has_no_inline_style_and_reads_without_one():
    html = report.answer(score(finding()), decision="Do it.", caveats=["Mind."])
    page = html._repr_mimebundle_()["text/html"]
    assert "style=" not in page
    assert page.index("1.0") < page.index("Do it.") < page.index(Score.text)
    assert page.index(Score.text) < page.index("Mind.")


class Handle:
    """Stands in for IPython's display handle."""

    def __init__(self):
        self.shown = []

    def update(self, value):
        self.shown.append(value)


def test_slot_is_filled_in_place(capsys):
    slot = Answer(handle := Handle())
    headline = report.answer(score(finding()), decision="Do it.")
    slot.update(headline)
    assert handle.shown == [headline]
    assert "Do it." in capsys.readouterr().out


def test_placeholder_outside_a_notebook_still_works(capsys):
    slot = report.placeholder()
    slot.update(report.answer(score(), decision="Do it."))
    said = capsys.readouterr().out
    assert PENDING in said
    assert "Do it." in said


def test_skipped_takes_part_everywhere(tmp_path):
    skipped = report.skipped("the data have no wave column.")
    assert skipped.text == "Not run: the data have no wave column."
    assert skipped.findings == ()
    assert report.answer(skipped, decision="x").cards() == []
    assert "No assumptions" in report.ledger(skipped)._repr_html_()
    written = report.export(tmp_path, {"trend": skipped})
    assert [name for name, _ in written.files] == ["results.json"]


def test_ledger_puts_the_weakest_and_most_important_first():
    def assume(text, quality, impact):
        return Assumption(text=text, quality=quality, impact=impact)

    a = [assume("a", "high", "high"), assume("b", "low", "low")]
    b = [assume("c", "low", "high"), assume("a", "high", "high")]
    made = report.ledger(score(assumptions=a), score(assumptions=b))
    assert [one.text for one in made.assumptions] == ["c", "b", "a"]
    assert "<th>How well supported</th>" in made._repr_html_()


@pytest.mark.parametrize("text", ["<img src=x>", "a & b"])
def test_ledger_and_skipped_are_escaped(text):
    one = Assumption(text=text, quality="low", impact="low")
    pages = [
        report.ledger(score(assumptions=[one]))._repr_html_(),
        report.skipped(text)._repr_html_(),
    ]
    assert all(text not in page for page in pages)
