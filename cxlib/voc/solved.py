"""What mending a code would bring, under an assumption that the reader sets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.result import Assumption, Finding
from cxlib.voc._words import Row, Told, column, finding, measured, records, spans
from cxlib.voc.impact import Impact

_REFUSED = (
    "Not computed: what mending a code would bring rests on a share that these data do "
    "not hold. Set `if_solved`: for each code, the share of those who mention it who "
    "would then answer like the others."
)
_COLUMNS = [
    *("code", "name", "n", "share_assumed", "estimate", "ci_lower", "ci_upper"),
    "plain",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class IfSolved(Told):
    """The assumed change of the score if codes were mended.

    `table`: code, name, n, share_assumed (the reader's), estimate (change of the score,
    the other codes held) and its interval, plain (without holding the others).
    """

    label: str
    confidence_level: float
    reason: str = ""

    @property
    def text(self) -> str:
        """Each assumption and what it would bring; the reason where there is none."""
        if self.table.empty:
            return self.reason
        told = " ".join(self._statement(row) for row in records(self.table))
        return (
            f"{told} The interval holds sampling error only; whether the assumption "
            "is true these data cannot say."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One a code, named as assumed."""
        return tuple(
            finding(
                f"if_solved_{row['code']}", self._statement(row), row,
                _format.difference_unit(self.unit),
                f"{row['name']}, assumed {self.label} change",
                level=self.confidence_level,
            )
            for row in records(self.table)
        )  # fmt: skip

    def _statement(self, row: Row) -> str:
        unit = _format.difference_unit(self.unit)
        share = _format.quantity(row["share_assumed"], "share")
        size = _format.quantity(row["estimate"], unit, signed=True)
        return (
            f"If {share} of those who mention {row['name']} then answered like those "
            f"who do not, {self.label} would move by {size} "
            f"({measured(row, self.unit, self.confidence_level)})."
        )

    def _display(self) -> pd.DataFrame:
        rows = self.table
        return pd.DataFrame(
            {
                "code": rows["name"],
                "n": column(rows, "n", "count"),
                "assumed, %": column(rows, "share_assumed", "share"),
                f"{self.label} change": column(
                    rows, "estimate", self.unit, signed=True
                ),
                f"{100 * self.confidence_level:g} % CI": spans(rows, self.unit),
                "others not held": column(rows, "plain", self.unit, signed=True),
            }
        )


def if_solved(impact: Impact, assumption: Mapping[str, float] | None) -> IfSolved:
    """Turn an impact into what mending would bring, if the reader's assumption holds.

    Parameters
    ----------
    impact : Impact
    assumption : mapping of str to float
        For each code, the share (0 to 1) of those who mention it who would then answer
        like those who do not. Without one nothing is computed: no data of a survey
        hold this number.

    Returns
    -------
    IfSolved

    Notes
    -----
    Share x minus the impact with the other codes held: those who mention the code also
    mention others, which mending it leaves as they are. Codes are taken one at a time;
    their changes do not add up where the same people mention them.

    Examples
    --------
    >>> told = pd.DataFrame({"verbatim": ["late"] * 20 + ["fine"] * 60,
    ...                      "score": [2] * 15 + [9] * 5 + [9] * 45 + [3] * 15})
    >>> coded = pd.DataFrame({"verbatim_id": [f"row {i + 1}" for i in range(20)],
    ...                       "code": "late"})
    >>> from cxlib.voc.impact import impact
    >>> found = if_solved(impact(told, coded), {"late": 0.5})
    >>> float(found.table["estimate"].iloc[0].round(6))
    12.5
    """
    if impact.table.empty or not assumption:
        return IfSolved(
            table=pd.DataFrame(columns=_COLUMNS), label=impact.label,
            confidence_level=impact.confidence_level,
            reason=impact.reason or _REFUSED,
        )  # fmt: skip
    rows = [_row(impact, code, share) for code, share in assumption.items()]
    given = Assumption(
        text="The reader's own: the shares of customers who would answer like the "
        "others if the code were mended, and that nothing else sets the two apart.",
        quality="low", impact="high",
    )  # fmt: skip
    return IfSolved(
        table=pd.DataFrame(rows, columns=_COLUMNS), label=impact.label,
        unit=impact.unit, confidence_level=impact.confidence_level,
        assumptions=(*impact.assumptions, given),
        method="Assumed share x minus the impact with the other codes held.",
    )  # fmt: skip


def _row(impact: Impact, code: str, share: float) -> dict[str, object]:
    """Return one code's change under its assumed share."""
    _checks.in_range(share, f"if_solved: {code}", 0, 1)
    rows = impact.table.set_index("code", drop=False)
    if code not in rows.index:
        hint = _checks.did_you_mean(code, rows.index)
        raise ArgumentError(f"`if_solved` names the code {code!r}; {hint}")
    row = records(rows.loc[[code]])[0]
    return {
        "code": code, "name": row["name"], "n": row["n"], "share_assumed": share,
        "estimate": -share * row["adjusted"],
        "ci_lower": -share * row["adjusted_ci_upper"],
        "ci_upper": -share * row["adjusted_ci_lower"],
        "plain": -share * row["estimate"],
    }  # fmt: skip
