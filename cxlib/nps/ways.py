"""The same score under each way of minding who answered, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _format
from cxlib.estimate import Estimate
from cxlib.nps import _display
from cxlib.nps._moved import Weighted
from cxlib.nps.b2b import AccountScores
from cxlib.nps.score import Score
from cxlib.nps.whole_base import WholeBase

COLUMNS = [
    "group", "choice", "n", "estimate", "std_error", "ci_lower", "ci_upper", "moved",
]  # fmt: skip
MEASURED, WEIGHTED, PREDICTED = "as reported", "weighted", "predicted"
OTHER = "another question"
Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Ways(_display.Bracketed):
    """The score of one survey under several ways of minding who answered.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a way, in the score's unit: group ('as reported', 'weighted',
        'predicted', 'another question'), choice, n, estimate, std_error, ci_lower,
        ci_upper, moved (estimate less the one of the answers as they came).
    label : str
    confidence_level : float
    """

    label: str

    @property
    def text(self) -> str:
        """How far the ways lie apart."""
        t = self.table
        same = t[t["group"] != OTHER]
        if len(same) == 1:
            return (
                f"Only the answers as they came give {self.label}: with a list of "
                "invitations or known shares of the customers it could be checked."
            )
        low, high = same["estimate"].min(), same["estimate"].max()
        low_text = _format.number(low, self.unit)
        high_text = _format.quantity(high, self.unit)
        ends = (same["ci_lower"].min(), same["ci_upper"].max())
        widest = " to ".join(_format.number(end, self.unit) for end in ends)
        outside = self._outside(same)
        return (
            f"Under {len(same)} ways of minding who answered {self.label} lies between "
            f"{low_text} and {high_text}; their intervals together span {widest}. "
            f"{outside}"
        )

    def _outside(self, same: pd.DataFrame) -> str:
        """Whether the interval of the answers as they came holds the other ways."""
        first, rest = same.iloc[0], same.iloc[1:]
        inside = rest["estimate"].between(first["ci_lower"], first["ci_upper"])
        if inside.all():
            return "All lie within the interval of the answers as they came."
        return (
            f"{int((~inside).sum())} of {len(rest)} lie outside the interval of the "
            "answers as they came, which knows nothing of who is missing."
        )

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a way."""
        t = self.table
        gap = _format.difference_unit(self.unit)
        return (
            {
                "way": t["choice"],
                "n": _display.numbers(t["n"], "count"),
                f"{self.label}{_display.unit_word(self.unit)}": (
                    _display.with_ends(t, "estimate", self.unit)
                ),
                "moved": _display.numbers(t["moved"], gap, signed=True),
            },
        )


def ways(
    score: Score,
    raked: Weighted,
    weighted: Weighted,
    base: WholeBase,
    accounts: AccountScores,
) -> Ways:
    """Set the score beside its weighted and predicted versions.

    Use it at the end: ways that agree say that who answered hardly matters.

    Parameters
    ----------
    score : Score
        Of the answers as they came.
    raked, weighted : Raking, Nonresponse
    base : WholeBase
    accounts : AccountScores
        By account and revenue: another question, kept apart.

    Returns
    -------
    Ways

    Notes
    -----
    Results without numbers give no row; nothing is estimated here. The rows rest on
    the same answers, so their intervals do not say whether two rows differ:
    `Weighted.moved_text` does.

    Examples
    --------
    >>> from cxlib import nps, simulate
    >>> answers = simulate.responses(2000, rng=1)
    >>> sent, known = simulate.invitations(answers, rng=1), ["channel", "plan"]
    >>> found = nps.ways(
    ...     nps.score(answers), nps.rake(answers, {}),
    ...     nps.nonresponse(answers, sent, covariates=known),
    ...     nps.whole_base(answers, sent, covariates=known), nps.b2b(answers, ""),
    ... )
    >>> found.table["group"].tolist()
    ['as reported', 'weighted', 'predicted']
    """
    rows = [
        _row(MEASURED, "answers as they came", score.overall),
        *_optional(WEIGHTED, "weighted to known shares", raked.overall),
        *_optional(WEIGHTED, "weighted by the chance of answering", weighted.overall),
        *_optional(PREDICTED, "predicted for all invited", base.predicted),
    ]
    for row in accounts.table.to_dict("records"):
        if row["weighting"] != "respondents":
            name = {"group": OTHER, "choice": f"{OTHER}: by {row['weighting']}"}
            rows.append(name | {key: row[key] for key in COLUMNS[2:-1]})
    table = pd.DataFrame(rows, columns=COLUMNS)
    table["moved"] = table["estimate"] - table["estimate"].iloc[0]
    table.loc[0, "moved"] = np.nan
    return Ways(
        table=table, unit=score.unit, label=score.label,
        confidence_level=score.overall.confidence_level,
        method="All rows rest on the same answers.",
    )  # fmt: skip


def _optional(group: str, choice: str, found: Estimate | None) -> list[Row]:
    return [] if found is None else [_row(group, choice, found)]


def _row(group: str, choice: str, found: Estimate) -> Row:
    row = found.as_row()
    return {"group": group, "choice": choice} | {k: row[k] for k in COLUMNS[2:-1]}
