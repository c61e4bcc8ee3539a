"""What past work cost and took against its plan: the factor for the next plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.estimate.promises import reference_class
from cxlib.result import Assumption, Finding
from cxlib.roi._display import Told, column
from cxlib.roi.afterwards import _claims

WORDS = {_claims.COST: "cost", _claims.TIME: "time"}
_COLUMNS = ["kind", "n", "estimate", "ci_lower", "ci_upper", "p80", "share_over"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Effort(Told):
    """Actual over planned effort of past work.

    Attributes
    ----------
    table : pandas.DataFrame
        kind (cost, time), n, estimate (typical factor), ci_lower, ci_upper, p80 (factor
        that four in five stay under), share_over (share that went over).
    """

    confidence_level: float

    @property
    def text(self) -> str:
        """The factor of each kind, its interval and n."""
        told = [
            self._sentence(row)
            for _, row in self.table.iterrows()
            if pd.notna(row["estimate"])
        ]
        few = "Too few past costs and times are known to correct a plan."
        return " ".join(told) or few

    def _sentence(self, row: pd.Series) -> str:
        size, low, high, p80 = (
            _format.number(row[c]) for c in ("estimate", "ci_lower", "ci_upper", "p80")
        )
        sure = row["ci_lower"] > 1 or row["ci_upper"] < 1
        use = (
            f"plan with {p80} times the estimate to be right four times in five"
            if sure
            else "no habit can be told from these"
        )
        return (
            f"Typical {WORDS[row['kind']]}: {size} times what was planned "
            f"({100 * self.confidence_level:g} % CI {low} to {high}, n = "
            f"{int(row['n'])}); {use}."
        )

    @property
    def display(self) -> pd.DataFrame:
        """Factors in words."""
        if not len(self.table):
            return pd.DataFrame()
        rows = self.table
        spans = [
            f"{_format.number(m)} ({_format.number(a)} to {_format.number(b)})"
            if pd.notna(m) else "too few"
            for m, a, b in zip(rows["estimate"], rows["ci_lower"], rows["ci_upper"],
                               strict=True)
        ]  # fmt: skip
        return pd.DataFrame(
            {
                "": rows["kind"].map(WORDS), "actual over planned, interval": spans,
                "four in five stay under": column(rows["p80"], "score"),
                "went over, %": column(rows["share_over"], "share", decimals=0),
                "past work": column(rows["n"], "count"),
            }
        )  # fmt: skip

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The factor of each kind."""
        return tuple(
            Finding(
                id=f"{row['kind']}_factor", statement=self._sentence(row),
                estimate=float(row["estimate"]), unit="score",
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=int(row["n"]), label=f"actual over planned {WORDS[row['kind']]}",
                confidence_level=self.confidence_level,
            )
            for _, row in self.table.iterrows()
            if pd.notna(row["estimate"])
        )  # fmt: skip


def effort(claims: pd.DataFrame | None, *, confidence_level: float = 0.95) -> Effort:
    """Say by how much past costs and times went over their plan.

    Parameters
    ----------
    claims : pandas.DataFrame or None
        The register (see `track`): promises of kind "cost" and "time", in any unit,
        that were delivered.
    confidence_level : float

    Returns
    -------
    Effort
        Also where nothing is known.

    Raises
    ------
    DataError
        For a cost or time that is not above zero.

    Notes
    -----
    Geometric mean of actual over planned, t interval of its logarithm; the 80th
    percentile predicts the next piece of work and so is wider than any past one where
    they are few. Edited promises do not count. Work that was stopped has no actual
    cost, and this does not count what it would have been.

    References
    ----------
    Flyvbjerg, B. (2006). From Nobel prize to project management: getting risks right.
    Project Management Journal 37, 5-15. doi:10.1177/875697280603700302

    Examples
    --------
    >>> rows = pd.DataFrame({
    ...     "claim_id": list("abcd"), "kind": "cost", "promised": 100.0,
    ...     "delivered": [110.0, 120, 150, 130], "due_on": "2025-01-01",
    ...     "measured_on": "2025-02-01"})
    >>> effort(rows).text.split(";")[0]
    'Typical cost: 1.27 times what was planned (95 % CI 1.03 to 1.56, n = 4)'
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    frame = _claims.read_register(claims)
    frame = frame[frame["delivered"].notna() & ~_claims.edited(frame)]
    rows = []
    for kind in (_claims.COST, _claims.TIME):
        part = frame[frame["kind"] == kind]
        if not len(part):
            continue
        planned, actual = (
            part[c].to_numpy(dtype=float) for c in ("promised", "delivered")
        )
        found, p80 = reference_class(planned, actual, confidence_level=confidence_level)
        over = float(np.mean(actual > planned))
        rows.append([kind, len(part), found.estimate, found.ci_lower, found.ci_upper,
                     p80, over])  # fmt: skip
    return Effort(
        table=pd.DataFrame(rows, columns=_COLUMNS), confidence_level=confidence_level,
        assumptions=_ASSUMPTIONS if rows else (),
        method="Geometric mean of actual over planned, t interval of its logarithm; "
        "prediction of the next by t.",
    )  # fmt: skip


_ASSUMPTIONS = (
    Assumption(
        text="The next piece of work is planned as the past ones were, and is like "
        "them.",
        quality="medium", impact="medium",
    ),
)  # fmt: skip
