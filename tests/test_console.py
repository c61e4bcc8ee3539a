"""Results in a console: the sentence, and the tables a notebook would show."""

from __future__ import annotations

import gc
import importlib
import pkgutil
from dataclasses import dataclass

import pandas as pd
import pytest
from IPython.core.formatters import DisplayFormatter
from IPython.lib.pretty import pretty

import cxlib
from cxlib import _console
from cxlib._console import Shown, from_html
from cxlib.data import Table
from cxlib.report import skipped
from cxlib.result import Result
from cxlib.voc import Codebook

TABLE = pd.DataFrame(
    {"plan": ["basic", "premium & more"], "n": [12, 3450], "estimate": [1.5, -24.7]}
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Scores(Result):
    @property
    def text(self):
        return "Premium <scores> lowest."


def kinds(base):
    for one in base.__subclasses__():
        yield one
        yield from kinds(one)


@pytest.fixture(scope="module")
def every_kind():
    for module in pkgutil.walk_packages(cxlib.__path__, "cxlib."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return [one for one in kinds(Shown) if one.__module__.startswith("cxlib.")]


def test_no_result_shows_its_fields(every_kind):
    assert len(every_kind) > 100
    assert {Result, Table, Codebook} <= set(every_kind)
    shown = ("__repr__", "__str__", "_repr_pretty_")
    wrong = [
        f"{one.__module__}.{one.__qualname__}.{name}"
        for one in every_kind
        for name in shown
        if getattr(one, name) is not getattr(Shown, name)
    ]
    assert not wrong, "give the dataclass repr=False:\n" + "\n".join(wrong)


def test_every_result_has_a_display_of_its_own(every_kind):
    assert not [one for one in every_kind if one._repr_html_ is Shown._repr_html_]


def test_repr_is_the_sentence_and_print_adds_the_table():
    scores = Scores(table=TABLE, unit="points", method="t interval.")
    assert repr(scores) == scores.text
    assert str(scores).splitlines() == [
        "Premium <scores> lowest.",
        "",
        "plan                n  estimate",
        "basic              12       1.5",
        "premium & more  3,450     −24.7",
        "",
        "t interval.",
    ]


def test_ipython_in_a_terminal_shows_the_table_and_a_notebook_the_sentence(monkeypatch):
    scores = Scores(table=TABLE)
    assert pretty(scores) == str(scores)
    monkeypatch.setattr(_console, "_in_notebook", lambda: True)
    assert pretty(scores) == scores.text


def test_a_skipped_section_says_why():
    assert str(skipped("no wave column")) == "Not run: no wave column."


@pytest.mark.parametrize("width", [40, 60, 100])
def test_wide_tables_stay_within_the_width_and_lose_nothing(width):
    long = "a detour that customers take when the app is down"
    table = pd.DataFrame({"path": [long, "home"], "why": [long, long], "n": [1, 2]})
    shown = from_html(table.to_html(index=False), width=width)
    assert max(map(len, shown.splitlines())) <= width
    words = f"path why n {long} {long} 1 home {long} 2".split()
    assert sorted(shown.split()) == sorted(words)


def test_an_interval_is_never_torn():
    held = "38.7\u00a0(34.6\u00a0to\u00a042.7)"
    table = pd.DataFrame({"segment": ["a long name of a segment"], "NPS": [held]})
    shown = from_html(table.to_html(index=False), width=34)
    assert "38.7 (34.6 to 42.7)" in shown
    assert "\u00a0" not in shown


def test_lists_and_several_tables_keep_their_order():
    page = "<p>One.</p><table><tr><td>a</td></tr></table><p>Two.</p>"
    page += "<ul><li>x</li><li>y &lt;b&gt;</li></ul><table><tr><td>c</td></tr></table>"
    assert from_html(page).split("\n\n") == ["One.", "a", "Two.", "- x", "- y <b>", "c"]


def test_an_empty_table_is_no_table():
    assert from_html("<p>Nothing.</p><table></table>") == "Nothing."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Counted(Shown):
    seen: list

    @property
    def text(self):
        return "Counted."

    def _repr_html_(self):
        self.seen.append(1)
        return f"<p>Shown {len(self.seen)} times.</p>"


def test_what_was_displayed_is_not_rendered_again():
    result = Counted(seen=[])
    assert _console.displayed(result) == "<p>Shown 1 times.</p>"
    for _ in range(2):
        html = DisplayFormatter().format(result)[0]["text/html"]
        rendered = len(result.seen)
        assert html == _console.displayed(result)
        assert len(result.seen) == rendered


def test_a_result_never_answers_for_one_that_is_gone():
    for _ in range(50):
        first = Counted(seen=[1] * 7)
        DisplayFormatter().format(first)
        del first
        assert _console.displayed(Counted(seen=[])) == "<p>Shown 1 times.</p>"
    gc.collect()
    assert not [one for one, _ in _console._displayed.values() if one() is None]
