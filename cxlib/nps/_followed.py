"""What following people from wave to wave found, in words and tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cxlib import _format
from cxlib.estimate import Difference, Estimate
from cxlib.nps import _display, _words
from cxlib.nps._suppress import is_hidden
from cxlib.nps._transition_rows import GONE, NEW
from cxlib.result import Finding

COLUMNS = [
    "before", "after", "n", "n_before", "estimate", "ci_lower", "ci_upper", "status",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Transitions(_display.Bracketed):
    """Movements of the same people between two waves.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a transition: before, after, n; n_before, people in the first state;
        estimate, their share that ended in `after`, with Goodman's simultaneous
        interval; status. With revenue: its share of the total, mean a person with
        interval, and total.
    regression : pandas.DataFrame
        One row a first state, of those who answered twice, in the score's unit: n;
        estimate, the mean move; expected, the move if nothing changed; excess, the
        difference; each with a bootstrap interval.
    waves : tuple of str
    net : Estimate or None
        Mean move of those who answered twice, in the score's unit.
    silent : Difference or None
        Earlier score of those who did not answer again less that of those who did.
    n_both, n_gone, n_new, n_twice : int
        People who answered in both waves, in the first only, in the second only;
        second answers within one wave, left out.
    reliability : float or None
        Given test-retest reliability.
    who : str
        What the followed column holds, in a word.
    label : str
    confidence_level : float
    """

    regression: pd.DataFrame
    waves: tuple[str, str]
    net: Estimate | None
    silent: Difference | None
    n_both: int
    n_gone: int
    n_new: int
    n_twice: int
    reliability: float | None
    who: str
    label: str

    @property
    def text(self) -> str:
        """Net move of those who answered twice, attrition, regression to the mean."""
        if self.reason or self.net is None:
            return self.reason
        first, last = self.waves
        lead = (
            f"{_words.plural(self.n_both, self.who)} answered in {first} and in "
            f"{last}; their {self.label} moved by {self._move()}."
        )
        parts = (
            lead, self._silent(), self._usual(), self._money(), self._twice(),
        )  # fmt: skip
        return " ".join(part for part in parts if part)

    def _move(self) -> str:
        e = self.net
        if e is None:
            return ""
        return _words.with_interval(
            e.estimate, e.ci_lower, e.ci_upper, _format.difference_unit(self.unit),
            self.confidence_level, e.n, signed=True,
        )  # fmt: skip

    def _silent(self) -> str:
        """Attrition as a state: how many, and how they had scored."""
        asked = self.n_both + self.n_gone
        gone = _format.quantity(self.n_gone / asked, "share")
        told = f"{gone} of {asked:,} did not answer again"
        if self.silent is None:
            return f"{told}."
        gap = self.silent
        apart = _words.with_interval(
            gap.estimate, gap.ci_lower, gap.ci_upper,
            _format.difference_unit(self.unit), self.confidence_level, signed=True,
        )  # fmt: skip
        return f"{told}; they had scored {apart} against those who did."

    def _usual(self) -> str:
        """Regression to the mean, for the lowest and the highest first state."""
        t = self.regression[self.regression["estimate"].notna()]
        rows = t.iloc[[0, -1]].to_dict("records") if len(t) > 1 else []
        if not rows:
            return (
                "Too few people in some cells to set the moves against regression to "
                "the mean."
            )
        told = [
            f"{r['before']}s moved by {self._gap(r, '')}, where no change would give "
            f"{self._plain(r['expected'])}"
            for r in rows
        ]
        real = [
            f"{r['before']}s by {self._gap(r, 'excess_', 'excess')}"
            for r in t.to_dict("records")
            if r["excess_ci_lower"] > 0 or r["excess_ci_upper"] < 0
        ]
        beyond = (
            f"Beyond it moved {_words.listing(real)}."
            if real
            else "No group moved beyond it."
        )
        return (
            "Regression to the mean: whoever answers low once tends to answer higher "
            f"next time, and the other way round. {_capital('; '.join(told))}. "
            f"{beyond}"
        )

    def _money(self) -> str:
        """Where the revenue of the first wave went."""
        if "total_amount" not in self.table:
            return ""
        t = self.table[self.table["before"] != NEW]
        lines = list(dict.fromkeys(t["before"]))
        gone = t["after"] == GONE
        place = t["after"].where(~gone, t["before"]).map(lines.index)
        down = ~gone & (place < t["before"].map(lines.index))
        amount, total = t["total_amount"], t["total_amount"].sum()
        if amount.isna().any() or total <= 0:
            return ""
        shares = (
            _format.quantity(float(amount[rows].sum() / total), "share")
            for rows in (down, gone)
        )
        lower, silent = shares
        return (
            f"Of the first wave's revenue, {lower} is with those who moved down and "
            f"{silent} with those who {GONE}."
        )

    def _plain(self, value: float) -> str:
        unit = _format.difference_unit(self.unit)
        return _format.quantity(value, unit, signed=True)

    def _gap(self, r: Mapping[Any, Any], prefix: str, name: str = "estimate") -> str:
        return _words.with_interval(
            r[name], r[f"{prefix}ci_lower"], r[f"{prefix}ci_upper"],
            _format.difference_unit(self.unit), self.confidence_level, r["n"],
            signed=True,
        )  # fmt: skip

    def _twice(self) -> str:
        if not self.n_twice:
            return ""
        return (
            f"{_words.plural(self.n_twice, 'answer')} beyond one a {self.who} and wave "
            "left out."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The net move."""
        if self.net is None:
            return ()
        e, (first, last) = self.net, self.waves
        row = {"estimate": e.estimate, "ci_lower": e.ci_lower, "ci_upper": e.ci_upper}
        name = f"{_words.plain_label(self.label)} net move {first} to {last}"
        told = f"Those who answered twice moved by {self._move()}."
        return (
            _words.finding(
                name, told, row, self.unit, e.n, level=self.confidence_level
            ),
        )

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """Transitions; then each state's move beside the move of no change."""
        if self.reason:
            return ()
        t, r, gap = self.table, self.regression, _format.difference_unit(self.unit)
        hidden = t["status"].map(is_hidden).astype(bool)
        share = _display.with_ends(t, "estimate", "share")
        first = {
            self.waves[0]: t["before"],
            self.waves[1]: t["after"],
            "n": _display.numbers(t["n"], "count"),
            "share of the first state, %": share.where(~hidden, t["status"]),
        }
        if "mean_amount" in t:
            first["revenue each"] = _display.with_ends(
                t, "mean_amount", "amount", prefix="mean_amount_"
            )
            first["revenue in all"] = _display.numbers(t["total_amount"], "amount")
        second = {
            self.waves[0]: r["before"],
            "n, both waves": _display.numbers(r["n"], "count"),
        }
        for head, name, prefix in (
            ("move", "estimate", ""), ("no change", "expected", "expected_"),
            ("beyond", "excess", "excess_"),
        ):  # fmt: skip
            second[head] = _display.with_ends(r, name, gap, prefix=prefix, signed=True)
        return first, second


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
