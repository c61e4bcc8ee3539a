"""A business case as one object, in which assumptions can be replaced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.data.overrides import Override, Overrides
from cxlib.errors import DataError
from cxlib.roi._calendar import read_calendar
from cxlib.roi.investments._flows import Overlap
from cxlib.roi.investments._streams import Correlation
from cxlib.roi.investments.monte_carlo import simulate
from cxlib.roi.investments.simulation import Simulation
from cxlib.roi.worth._worth import Terms, components
from cxlib.roi.worth.value import PointValue

Array = npt.NDArray[np.float64]
_SPREAD = (
    "effect",
    "cost",
    "running_cost",
    "reach",
    "ramp",
    "decay",
    "duration",
    "slip",
)
_SETTINGS = ("horizon", "discount_rate", "overlap", "correlation", "customers")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """Initiatives, the value of a point and the settings they are judged under.

    Attributes
    ----------
    initiatives, value, horizon, discount_rate, n_draws, rng, customers, \
steps_per_year, overlap, correlation, margin, means, by_segment, currency
        As `simulate` takes them; `rng` is a seed, so that two cases share their draws.

    Examples
    --------
    >>> one = pd.DataFrame({"name": ["Callback"], "cost": [100.0], "effect": [1.0],
    ...     "effect_low": [0.5], "effect_high": [1.5], "reach": [50]})
    >>> ours = Case(initiatives=one, value=2.0, steps_per_year=1, n_draws=2000)
    >>> theirs = ours.under([Override(key="cost", value=150.0, about="Callback")])
    >>> now, then = (case.simulate().total["npv_amount"] for case in (ours, theirs))
    >>> round(float(now - then), 6)
    50.0
    """

    initiatives: pd.DataFrame | None
    value: PointValue | float | Mapping[str, Any] | None
    horizon: float = 3
    discount_rate: float = 0.08
    n_draws: int = 10_000
    rng: int = 0
    customers: float | None = None
    steps_per_year: int = 12
    overlap: Overlap = "independent"
    correlation: Correlation = 0.0
    margin: float | None = None
    means: Mapping[str, float] | None = None
    by_segment: Mapping[str, tuple[Terms, float]] | None = None
    currency: str = ""

    def simulate(self, *, n_draws: int | None = None) -> Simulation:
        """Draw what the case returns."""
        return simulate(
            self.initiatives, self.value, horizon=self.horizon,
            discount_rate=self.discount_rate, n_draws=n_draws or self.n_draws,
            rng=self.rng, customers=self.customers, steps_per_year=self.steps_per_year,
            overlap=self.overlap, correlation=self.correlation, margin=self.margin,
            means=self.means, by_segment=self.by_segment, currency=self.currency,
        )  # fmt: skip

    @property
    def money(self) -> str:
        """The currency given, else that of the value of a point."""
        return self.currency or str(getattr(self.value, "currency", ""))

    @property
    def names(self) -> tuple[str, ...]:
        """The initiatives' names."""
        if self.initiatives is None or self.initiatives.empty:
            return ()
        return tuple(self.initiatives["name"].astype(str))

    def only(self, name: str) -> Case:
        """Return the case of one initiative, timed and counted as in this one."""
        if name not in self.names:
            hint = _checks.did_you_mean(name, self.names)
            raise DataError(f"the case has no initiative '{name}'; {hint}")
        same = self._settled()
        rows = same.initiatives
        if rows is None:
            return same
        return replace(same, initiatives=rows[rows["name"].astype(str) == name])

    def under(self, overrides: Overrides | Iterable[Override]) -> Case:
        """Return this case with some assumptions replaced.

        An initiative's P10 and P90 move in proportion with its central value, unless
        they are overridden too. Starts stay counted from the first start of this case.

        Raises
        ------
        DataError
            For an initiative that is not in the case, or a margin where a point's
            value was declared as an amount.
        """
        items = overrides.items if isinstance(overrides, Overrides) else overrides
        found = self._settled()
        for one in items:
            found = _about(found, one) if one.about else _whole(found, one)
        return found

    def _settled(self) -> Case:
        """Return this case with its start and its customers independent of its rows."""
        rows = self.initiatives
        if rows is None or rows.empty:
            return self
        customers = self.customers
        if (
            customers is None
            and not isinstance(self.value, PointValue)
            and "reach" in rows
        ):
            reach = pd.to_numeric(rows["reach"], errors="coerce")
            customers = float(reach.sum()) if (reach > 1).all() else None
        return replace(self, initiatives=_dated(rows), customers=customers)


def _dated(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with starts in months after the first one."""
    if "start" not in rows or rows["start"].isna().all():
        return rows
    given = rows["start"].notna()
    months = pd.to_numeric(rows["start"][given], errors="coerce")
    if months.notna().all() and months.max() < 1900:
        return rows
    found = pd.Series(0.0, index=rows.index)
    found[given] = _months(rows["start"][given])
    return rows.assign(start=found, start_shown=rows["start"])


def _months(start: pd.Series) -> Array:
    if (start == start.iloc[0]).all():
        return np.zeros(len(start))
    calendar = read_calendar(start)
    return np.asarray(12 * calendar.index / calendar.per_year)


def _whole(case: Case, one: Override) -> Case:
    """Change an assumption of the whole case."""
    if one.key in _SETTINGS:
        return replace(case, **{one.key: one.value})
    if one.key == "value_of_point":
        return replace(case, value=one.value)
    margin, priced = float(one.value), isinstance(case.value, PointValue)
    if not priced and case.margin is None and not case.by_segment:
        raise DataError(
            "`margin` cannot be overridden: the value of a point was declared as an "
            "amount; override `value_of_point`."
        )
    segments = {
        name: (replace(terms, margin=margin), size)
        for name, (terms, size) in (case.by_segment or {}).items()
    }
    return replace(
        case,
        value=_at_margin(case.value, margin)
        if isinstance(case.value, PointValue)
        else case.value,
        margin=case.margin if case.margin is None else margin,
        by_segment=segments or case.by_segment,
    )


def _at_margin(value: PointValue, margin: float) -> PointValue:
    """Return what a point is worth at another margin; the regressions stay."""
    if value.terms is None:
        return value
    terms = replace(value.terms, margin=margin)
    parts = components(terms, terms.theta)
    slopes = _slopes(terms)
    errors = np.sqrt(np.diag(slopes @ terms.covariance @ slopes.T))
    table = value.table.copy()
    if len(table) == len(parts) + 1:
        size, error = np.r_[parts, parts.sum()], np.r_[errors, _total(slopes, terms)]
        ratio = np.divide(error, table["std_error"], out=np.ones(len(error)),
                          where=table["std_error"].to_numpy() > 0)  # fmt: skip
        for end in ("ci_lower", "ci_upper"):
            table[end] = size + (table[end] - table["estimate"]) * ratio
        table["estimate"], table["std_error"] = size, error
    return replace(value, table=table, terms=terms)


def _slopes(terms: Terms) -> Array:
    """Differentiate the parts of the value, shape (parts, parameters)."""
    steps = 1e-5 * np.maximum(np.abs(terms.theta), 1e-3)
    rows = [
        (components(terms, terms.theta + h) - components(terms, terms.theta - h))
        / (2 * h.sum())
        for h in np.diag(steps)
    ]
    return np.array(rows).T


def _total(slopes: Array, terms: Terms) -> float:
    whole = slopes.sum(axis=0)
    return float((whole @ terms.covariance @ whole) ** 0.5)


def _about(case: Case, one: Override) -> Case:
    """Change an assumption about one initiative."""
    if case.initiatives is None or one.about not in case.names:
        hint = _checks.did_you_mean(one.about, case.names)
        raise DataError(f"the overrides name the initiative '{one.about}'; {hint}")
    rows = case.initiatives.copy()
    own = rows["name"].astype(str) == one.about
    if one.key == "drop":
        return replace(case, initiatives=rows[~own])
    if one.key == "start":
        one = replace(one, value=_later(rows, one))
    if one.key in _SPREAD and one.key in rows:
        _move_ends(rows, own, one)
    values = rows[one.key] if one.key in rows else pd.Series(pd.NA, index=rows.index)
    rows[one.key] = values.astype("object").where(~own, one.value)
    if not isinstance(one.value, str):
        rows[one.key] = pd.to_numeric(rows[one.key])
    return replace(case, initiatives=rows)


def _move_ends(rows: pd.DataFrame, own: pd.Series, one: Override) -> None:
    """Move P10 and P90 in proportion with the central value."""
    old = float(pd.to_numeric(rows.loc[own, one.key]).iloc[0])
    for end in ("low", "high"):
        name = f"{one.key}_{end}"
        if name in rows:
            now = pd.to_numeric(rows.loc[own, name])
            rows[name] = pd.to_numeric(rows[name]).astype(float)
            rows.loc[own, name] = (
                now * one.value / old if old * one.value > 0 else now + one.value - old
            )


def _later(rows: pd.DataFrame, one: Override) -> float:
    """Return the months after the case's first start that a start stands for."""
    if not isinstance(one.value, str):
        return float(one.value)
    if "start_shown" not in rows:
        raise DataError(
            f"`start` of {one.about} is overridden as '{one.value}', and the case "
            "counts months from today; give months."
        )
    shown = rows["start_shown"].dropna()
    months = _months(pd.concat([shown, pd.Series([one.value])], ignore_index=True))
    found = float(months[-1] - months[:-1].min())
    if found < 0:
        raise DataError(
            f"`start` of {one.about} is overridden as '{one.value}', before the first "
            f"start of the case ({shown.min()})."
        )
    return found
