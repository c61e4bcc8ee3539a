"""The worth of a point where it is needed: measured on a panel, or declared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told
from cxlib.roi.regressions._spec import Model
from cxlib.roi.regressions.checks import diagnose
from cxlib.roi.regressions.lead import placebo_lead
from cxlib.roi.regressions.outcomes import fit_outcomes
from cxlib.roi.worth.value import PointValue, point_value

KEYS = ("amount", "low", "high", "source", "owner")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DeclaredPoint(Told):
    """A value of a point that somebody answers for, in place of a measured one.

    Attributes
    ----------
    table : pandas.DataFrame
        estimate, low, high (P10 and P90; blank where none is given), unit, source,
        owner.
    given : dict
        As declared.
    """

    given: Mapping[str, float | str]
    currency: str

    @property
    def text(self) -> str:
        """The amount with its range, and who says so."""
        row = self.table.iloc[0]
        size = _words.money(row["estimate"], self.currency)
        low, high = (_format.number(row[name], "amount") for name in ("low", "high"))
        certain = pd.isna(row["low"]) or pd.isna(row["high"])
        ends = "as if it were certain" if certain else f"80 % interval {low} to {high}"
        return (
            f"A point is declared to be worth {size} per customer and year ({ends}); "
            f"source: {row['source'] or 'not given'}, owner: "
            f"{row['owner'] or 'not given'}."
        )

    @property
    def display(self) -> pd.DataFrame:
        """Nothing: the sentence holds it all."""
        return pd.DataFrame()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The declared amount."""
        row = self.table.iloc[0]
        return (
            Finding(
                id="declared value of a score point", statement=self.text,
                estimate=float(row["estimate"]), unit="amount",
            ),
        )  # fmt: skip


def worth_of_point(
    periods: pd.DataFrame | None,
    outcomes: Sequence[str] = ("revenue", "retained", "cost_to_serve"),
    *,
    declared: Mapping[str, float | str] | None = None,
    margin: float,
    horizon: int = 3,
    discount_rate: float = 0.08,
    score: str = "score",
    drivers: Sequence[str] = (),
    models: Mapping[str, Model] | None = None,
    lag: int = 1,
    cluster: str = "",
    periods_per_year: float = 0,
    confidence_level: float = 0.95,
    currency: str = "",
) -> PointValue | DeclaredPoint:
    """Measure what a point is worth, or take what is declared.

    Use it where the value is an input to something else; to take it apart run the
    steps one by one (`fit_outcomes`, `placebo_lead`, `diagnose`, `point_value`).

    Parameters
    ----------
    periods : pandas.DataFrame or None
        One row a customer and period; not looked at where a value is declared.
    outcomes : sequence of str
        As in `fit_outcomes`, and so score, drivers, models, lag, cluster.
    declared : mapping, optional
        `amount` (money per point, customer and year), `low` and `high` (P10, P90),
        `source`, `owner`.
    margin, horizon, discount_rate, periods_per_year
        As in `point_value`.
    confidence_level : float
    currency : str

    Returns
    -------
    PointValue or DeclaredPoint

    Raises
    ------
    ArgumentError
        For neither a panel nor a declaration, or a declaration that cannot be meant.

    Examples
    --------
    >>> told = {"amount": 12, "low": 6, "high": 20, "source": "Study", "owner": "Ada"}
    >>> print(worth_of_point(None, declared=told, margin=0.4).text)
    A point is declared to be worth 12.00 per customer and year (80 % interval 6.00 to \
20.00); source: Study, owner: Ada.
    """
    if declared:
        return _declared(declared, currency)
    if periods is None:
        raise ArgumentError(
            "there is neither a panel of customers nor a declared value of a point: "
            "give `periods`, or `point` with an amount."
        )
    fits = fit_outcomes(
        periods, outcomes, score=score, drivers=drivers, models=models, lag=lag,
        cluster=cluster, confidence_level=confidence_level, currency=currency,
    )  # fmt: skip
    found = diagnose(periods, fits, placebo=placebo_lead(periods, fits))
    return point_value(
        fits, margin=margin, horizon=horizon, discount_rate=discount_rate,
        diagnosis=found, periods_per_year=periods_per_year,
        confidence_level=confidence_level,
    )  # fmt: skip


def _declared(given: Mapping[str, float | str], currency: str) -> DeclaredPoint:
    for key in given:
        if key not in KEYS:
            raise ArgumentError(
                f"`point` has '{key}'; {_checks.did_you_mean(key, KEYS)}"
            )
    amount, low, high = (_number(given, key) for key in KEYS[:3])
    if np.isnan(amount):
        raise ArgumentError("`point` has no `amount`: money per point and year.")
    if low > amount or high < amount:
        raise ArgumentError(
            f"`point` has low {low:g}, amount {amount:g}, high {high:g}; they must "
            "rise: P10, central value, P90."
        )
    row = {"estimate": amount, "low": low, "high": high, "unit": "amount"}
    row |= {key: str(given.get(key, "")) for key in ("source", "owner")}
    return DeclaredPoint(
        table=pd.DataFrame([row]), unit="amount", given=dict(given), currency=currency,
        assumptions=(
            Assumption(
                text="A point is worth what is declared; nothing here checks it.",
                quality="low", impact="high",
            ),
        ),
    )  # fmt: skip


def _number(given: Mapping[str, float | str], key: str) -> float:
    value = given.get(key, float("nan"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArgumentError(f"`point` has {key} {value!r}; give a number.")
    return float(value)
