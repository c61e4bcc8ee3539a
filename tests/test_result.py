"""A result shows a sentence, a formatted table and a method note, all escaped."""

from __future__ import annotations

import copy
import html
import pickle
from dataclasses import FrozenInstanceError, dataclass, replace

import pandas as pd
import pytest

from cxlib.result import Finding, Result


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores(Result):
    @property
    def text(self) -> str:
        return f"NPS by <plan>: {self.table['estimate'].iloc[0]:.1f}."


@pytest.fixture
def scores():
    table = pd.DataFrame(
        {"plan": ["A & B", "x" * 120], "n": [1200, 3], "estimate": [-24.694, 3.0]}
    )
    return Scores(table=table, unit="points", method="adjusted Wald <95 %>")


def test_html_has_sentence_table_and_method(scores):
    page = scores._repr_html_()
    assert "<p class='finding'>NPS by &lt;plan&gt;: -24.7.</p>" in page
    assert "<p class='method'>adjusted Wald &lt;95 %&gt;</p>" in page
    for cell in ("A &amp; B", "x" * 120, "1,200", "−24.7"):
        assert f"<td>{cell}</td>" in page


def test_html_without_method(scores):
    plain = Scores(table=scores.table)
    assert "class='method'" not in plain._repr_html_()


def test_to_frame_is_an_unrounded_copy(scores):
    frame = scores.to_frame()
    frame.loc[0, "estimate"] = 0.0
    assert scores.table["estimate"].iloc[0] == -24.694


MADE = []


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Longer(Scores):
    @property
    def text(self) -> str:
        MADE.append("text")
        return f"{super(Longer, self).text} And more."

    @property
    def findings(self):
        MADE.append("findings")
        return (Finding(id="nps", statement=self.text, estimate=1.0, unit="points"),)


def test_words_are_made_once_a_result_however_often_they_are_shown(scores):
    MADE.clear()
    first = Longer(table=scores.table)
    for _ in range(2):
        assert first.text == "NPS by <plan>: -24.7. And more."
        assert first.text in html.unescape(first._repr_html_())
        assert first.findings[0].statement == first.text
    assert sorted(MADE) == ["findings", "text"]
    other = replace(first, table=scores.table.assign(estimate=50.0))
    assert other.text == "NPS by <plan>: 50.0. And more."
    assert copy.copy(first).text == pickle.loads(pickle.dumps(first)).text == first.text


def test_what_cannot_be_said_is_not_remembered(scores):
    wrong = Scores(table=scores.table.drop(columns="estimate"))
    for _ in range(2):
        with pytest.raises(KeyError):
            wrong.text  # noqa: B018


def test_results_are_frozen_and_hashable(scores):
    with pytest.raises(FrozenInstanceError):
        scores.unit = "share"
    assert scores in {scores}
    assert scores.findings == ()
    assert scores.assumptions == ()


def test_base_class_has_no_sentence():
    with pytest.raises(NotImplementedError):
        Result(table=pd.DataFrame()).text  # noqa: B018
