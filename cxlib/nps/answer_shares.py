"""The share of every answer of one or many rated items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib.errors import ArgumentError
from cxlib.estimate import Estimate, estimate
from cxlib.nps import _design_words, _display, _words
from cxlib.nps._answers import Answers, collect
from cxlib.scales import Scale

COLUMNS = [
    "item", "part", "answer", "n", "estimate", "std_error", "ci_lower", "ci_upper",
]  # fmt: skip
MOST_ANSWERS = 11


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class AnswerShares(_display.Bracketed):
    """Shares of the answers of each item.

    Attributes
    ----------
    table : pandas.DataFrame
        item; part ('answer', or 'low side' and 'high side' of the middle answer);
        answer (NaN for a side); n; estimate, a share, with std_error and interval.
    confidence_level : float
    """

    @property
    def text(self) -> str:
        """The items with the largest share of high and of low answers."""
        if self.reason:
            return self.reason
        lines = []
        for part in ("high side", "low side"):
            rows = self.table[self.table["part"] == part]
            row = rows.iloc[int(rows["estimate"].argmax())].to_dict()
            share = _words.with_interval(
                row["estimate"], row["ci_lower"], row["ci_upper"], "share",
                self.confidence_level, row["n"],
            )  # fmt: skip
            lines.append(f"Most answers on the {part}: {row['item']} with {share}.")
        return " ".join(lines)

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row an item: both sides."""
        if self.reason:
            return ()
        sides = {
            part: self.table[self.table["part"] == part].reset_index(drop=True)
            for part in ("low side", "high side")
        }
        return (
            {
                "item": sides["low side"]["item"],
                "n": _display.numbers(sides["low side"]["n"], "count"),
                **{
                    f"{part}, %": _display.with_ends(rows, "estimate", "share")
                    for part, rows in sides.items()
                },
            },
        )


def answer_shares(
    responses: pd.DataFrame,
    items: Sequence[str],
    *,
    low: float = 1,
    high: float = 5,
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    confidence_level: float = 0.95,
) -> AnswerShares:
    """Estimate the share of every answer of rated items on one scale.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked.
    items : sequence of str
        Columns of whole answers on the same scale; none gives a result that says so.
    low, high : float
        Ends of the scale, at most 11 answers.
    weights, strata, cluster
        As in `nps.score`.
    confidence_level : float

    Returns
    -------
    AnswerShares

    Notes
    -----
    Wilson intervals on the effective n. The sides leave out the middle answer of a
    scale with an odd number of them. Each item keeps its own valid answers.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> rated = pd.DataFrame({"ease": [1, 2, 3, 4, 5, 5, 4, 4], "price": [1, 2] * 4})
    >>> t = nps.answer_shares(rated, ["ease", "price"]).table
    >>> t[t["part"] == "high side"]["estimate"].tolist()
    [0.625, 0.0]
    """
    names = list(dict.fromkeys(name for name in items if name))
    if high - low < 1 or high - low >= MOST_ANSWERS or low % 1 or high % 1:
        raise ArgumentError(
            f"`low` and `high` are {low!r} and {high!r}; give whole numbers with 2 to "
            f"{MOST_ANSWERS} answers from one to the other."
        )
    if not names:
        return AnswerShares(
            table=pd.DataFrame(), confidence_level=confidence_level,
            reason="No item was given, so shares of answers are not shown.",
        )  # fmt: skip
    scale = Scale(name="items", label="items", low=low, high=high, kind="mean")
    rows: list[dict[str, object]] = []
    plan_words = ""
    for name in names:
        answers = collect(
            responses, score=name, scale=scale, weights=weights, strata=strata,
            cluster=cluster, confidence_level=confidence_level,
        )  # fmt: skip
        rows += _rows(answers, name)
        plan_words = _design_words.design_name(answers.plan)
    return AnswerShares(
        table=pd.DataFrame(rows, columns=COLUMNS), unit="share",
        confidence_level=confidence_level,
        method=f"Wilson intervals, {plan_words}; answers {low:g}-{high:g}.",
        assumptions=_design_words.sampling(answers.plan),
    )  # fmt: skip


def _rows(answers: Answers, item: str) -> list[dict[str, object]]:
    """Every answer, then the two sides of the middle."""
    scale, y = answers.scale, answers.values
    middle = (scale.low + scale.high) / 2
    parts = [("answer", float(a), y == a) for a in np.arange(scale.low, scale.high + 1)]
    parts += [("low side", np.nan, y < middle), ("high side", np.nan, y > middle)]
    return [
        {"item": item, "part": part, "answer": answer}
        | _share(answers, inside).as_row()
        for part, answer, inside in parts
    ]


def _share(answers: Answers, inside: np.ndarray[Any, Any]) -> Estimate:
    return estimate(
        inside.astype(float), "share", plan=answers.plan, confidence_level=answers.level
    )
