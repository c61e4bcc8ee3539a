"""What a score point is worth in each segment: its own value, and pooled."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib import _format
from cxlib.errors import ArgumentError
from cxlib.estimate.heterogeneity import Heterogeneity
from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, column
from cxlib.roi.regressions.checks import Diagnosis
from cxlib.roi.regressions.outcomes import Fits, refit
from cxlib.roi.worth._segmented import (
    MIN_CUSTOMERS,
    Membership,
    membership,
    revalued,
    shrink,
)
from cxlib.roi.worth._worth import Terms
from cxlib.roi.worth.value import PointValue, point_value

NAN = float("nan")
OWN, BORROWED, HIDDEN = "own and pooled", "from the others", "hidden (n < 10)"
COLUMNS = [
    *("segment", "n", "n_last", "own", "own_std_error", "own_ci_lower"),
    *("own_ci_upper", "estimate", "std_error", "ci_lower", "ci_upper", "share_own"),
    *("unit", "reading", "status", "why"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SegmentValues(Told):
    """Value of one score point held for a year by one customer, by segment.

    Attributes
    ----------
    table : pandas.DataFrame
        segment, n (customers), n_last (in the last period); own, own_std_error,
        own_ci_lower, own_ci_upper (the segment's customers alone); estimate,
        std_error, ci_lower, ci_upper (pooled); share_own (what its own customers count
        for), unit, reading, status, why (it has no own value); the highest pooled value
        first. Segments under 10 customers carry no number.
    overall : PointValue
        Of all customers.
    test : Heterogeneity or None
        Whether segments differ at all.
    tau, tau_ci : float, tuple of float
        Standard deviation of the segments' true values, with its interval.
    segment : str
        The column.
    moved : float
        Share of customers who change segment.
    reason : str
        Why there is nothing by segment, else empty.
    confidence_level : float
    """

    overall: PointValue
    test: Heterogeneity | None
    tau: float
    tau_ci: tuple[float, float]
    segment: str
    moved: float
    reason: str
    confidence_level: float
    own_terms: dict[str, Terms]

    def terms(self, segment: str) -> Terms:
        """Return what values a point in a segment, at its pooled value.

        Parameters
        ----------
        segment : str
            A segment shown in the table.

        Returns
        -------
        Terms
            The segment's own revenue, cost and retention, moved so that the value of a
            point has the pooled mean and standard error; of all customers where the
            segment has none of its own.
        """
        row = self._row(segment)
        base = self.own_terms.get(segment, self.overall.terms)
        if base is None or pd.isna(row["estimate"]):
            raise ArgumentError(
                f"segment '{segment}' has no value of a point: {row['status']}."
            )
        df = base.df if self.overall.terms is None else self.overall.terms.df
        return revalued(base, row["estimate"], row["std_error"], df=df)

    def customers(self, segment: str) -> int:
        """Return how many customers a segment has in the last period."""
        return int(self._row(segment)["n_last"])

    def _row(self, segment: str) -> pd.Series:
        found = self.table[self.table["segment"] == segment]
        if found.empty:
            names = ", ".join(f"'{name}'" for name in self.table["segment"])
            raise ArgumentError(
                f"`segment` is {segment!r}; use one of {names}."
                if names
                else f"`segment` is {segment!r} and there is none: {self.reason}."
            )
        return found.iloc[0]

    @property
    def valued(self) -> pd.DataFrame:
        """The rows that carry a value."""
        return self.table[self.table["estimate"].notna()]

    @property
    def text(self) -> str:
        """Highest and lowest segment, whether they differ at all, what is missing."""
        if self.reason:
            return f"A point has no value by segment: {self.reason}."
        rows = self.valued
        ends = [self._one(rows.iloc[0]), self._one(rows.iloc[-1])]
        return (
            f"By {_words.plain(self.segment)}, one score point held for a year "
            f"{self._verb()} at most {ends[0]} and at least {ends[1]}, pooled. "
            f"{self._differ()}{self._missing()}"
        )

    def _verb(self) -> str:
        weak = (self.table["reading"] == "association").any()
        return "goes with" if weak else "is worth"

    def _one(self, row: pd.Series) -> str:
        size = _words.money(row["estimate"], self.overall.currency)
        ends = _words.interval(
            row["ci_lower"], row["ci_upper"], "amount",
            confidence_level=self.confidence_level,
        )  # fmt: skip
        return f"{size} in {row['segment']} ({ends}, n = {row['n']:,} customers)"

    def _differ(self) -> str:
        if self.test is None:
            return ""
        currency = self.overall.currency
        ends = _words.interval(
            *self.tau_ci, "amount", confidence_level=self.confidence_level
        )
        spread = (
            f"the standard deviation of the true values is "
            f"{_words.money(self.tau, currency)} ({ends})"
        )
        p = _format.pvalue(self.test.pvalue)
        if self.test.pvalue < 1 - self.confidence_level:
            return f"Segments differ by more than chance (p {p}); {spread}."
        whole = _words.money(self.overall.total["estimate"], currency)
        return (
            f"Chance alone explains the differences (p {p}; {spread}): plan with "
            f"{whole} for everybody unless a test says otherwise."
        )

    def _missing(self) -> str:
        lent = self.table[self.table["status"] == BORROWED]["segment"].tolist()
        hidden = int((self.table["status"] == HIDDEN).sum())
        parts = []
        if lent:
            parts.append(
                f" Not estimated, so taken from the others: {_words.listed(lent)}."
            )
        if hidden:
            parts.append(f" Hidden, under {MIN_CUSTOMERS} customers: {hidden:,}.")
        return "".join(parts)

    @property
    def display(self) -> pd.DataFrame:
        """Own and pooled value of each segment."""
        rows, currency = self.table, self.overall.currency
        own = rows[["own", "own_ci_lower", "own_ci_upper", "unit"]].set_axis(
            ["estimate", "ci_lower", "ci_upper", "unit"], axis=1
        )
        return pd.DataFrame(
            {
                _words.plain(self.segment): rows["segment"],
                "own value, interval": changes(own, currency),
                "pooled value, interval": changes(rows, currency).where(
                    rows["estimate"].notna(), rows["status"]
                ),
                "own counts for, %": column(rows["share_own"], "share", decimals=0),
                "customers": column(rows["n"], "count"),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The pooled value of each segment."""
        return tuple(
            Finding(
                id=f"value of a score point, {self.segment} {row['segment']}",
                statement=f"One score point: {self._one(row)}, pooled.",
                estimate=float(row["estimate"]), unit="amount", n=int(row["n"]),
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
            )
            for _, row in self.valued.iterrows()
        )  # fmt: skip


def value_by_segment(
    periods: pd.DataFrame,
    fits: Fits,
    *,
    segment: str,
    margin: float,
    horizon: int = 3,
    discount_rate: float = 0.08,
    diagnosis: Diagnosis | None = None,
    periods_per_year: float = 0,
    confidence_level: float = 0.95,
) -> SegmentValues:
    """Value a score point in each segment, and pool what single segments cannot tell.

    Use it to see whether a point is worth the same everywhere, and to value an
    initiative aimed at a segment. Not to pick the segment with the highest value of its
    own: the best of several estimates is too high; read the pooled value.

    Parameters
    ----------
    periods : pandas.DataFrame
        The rows that were fitted.
    fits : Fits
        Of all customers; each regression is repeated within the segments.
    segment : str
        Column with at most 20 different values; blank for none. It should last for a
        customer: who changes counts in the segment of their first period, and the
        share who do is said.
    margin, horizon, discount_rate, diagnosis, periods_per_year
        As in `point_value`.
    confidence_level : float

    Returns
    -------
    SegmentValues
        With the reason where there is nothing to value by segment. `terms(segment)` and
        `customers(segment)` give what a simulation needs.

    Raises
    ------
    DataError
        For a missing column, or more than 20 segments.

    Notes
    -----
    Estimand: that of `point_value` among the customers of each segment, with their own
    period effects, driver coefficients, mean revenue, cost and retention. Segments
    share no customer, so their estimates are independent unless errors are clustered by
    something that crosses them. Pooled values are posterior means of a normal
    random-effects model with the spread between segments integrated out (see
    `estimate.pooling`); variances are widened to the t intervals of small segments. A
    segment whose regressions cannot all be solved (nobody leaves, say) gets the
    predictive distribution of one more segment. "Differ" is Cochran's Q on the same
    variances. Segments under 10 customers are hidden and left out of the pooling. With
    two or three segments the prior of the spread decides much.

    References
    ----------
    Higgins, J. P. T., Thompson, S. G. and Spiegelhalter, D. J. (2009). A re-evaluation
    of random-effects meta-analysis. JRSS A 172, 137-159.
    doi:10.1111/j.1467-985X.2008.00552.x

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(600, rng=1)
    >>> fits = roi.fit_outcomes(panel, ["revenue", "cost_to_serve"])
    >>> found = value_by_segment(panel, fits, segment="plan", margin=0.4)
    >>> found.table["status"].tolist()
    ['own and pooled', 'own and pooled', 'own and pooled']
    """
    whole = point_value(
        fits, margin=margin, horizon=horizon, discount_rate=discount_rate,
        diagnosis=diagnosis, periods_per_year=periods_per_year,
        confidence_level=confidence_level,
    )  # fmt: skip
    if not segment or whole.terms is None:
        why = whole.reason if segment else "no segment column was given"
        return _nothing(whole, segment, why, confidence_level)
    spec = fits.fits[0].spec
    groups = membership(periods, segment, entity=spec.entity, time=spec.time)
    if len(groups.names) < 2:
        why = f"{_words.plain(segment)} does not have two different values"
        return _nothing(whole, segment, why, confidence_level)
    found = {
        name: point_value(
            refit(periods[groups.labels == name], fits), margin=margin,
            horizon=horizon, discount_rate=discount_rate, diagnosis=diagnosis,
            confidence_level=confidence_level,
            periods_per_year=periods_per_year or fits.base.per_year,
        )
        for name in groups.names
    }  # fmt: skip
    return _gathered(whole, found, groups, segment, confidence_level)


def _gathered(
    whole: PointValue,
    found: dict[str, PointValue],
    groups: Membership,
    segment: str,
    level: float,
) -> SegmentValues:
    table = pd.DataFrame([_own(name, one, whole) for name, one in found.items()])
    shown = table["n"] >= MIN_CUSTOMERS
    kept = table[shown]
    half = (kept["own_ci_upper"] - kept["own_ci_lower"]).to_numpy(dtype=float) / 2
    shrunk = shrink(kept["own"].to_numpy(dtype=float), half, level)
    if shrunk is None:
        why = "fewer than two segments could be estimated"
        return _nothing(whole, segment, why, level)
    for name in ("estimate", "std_error", "ci_lower", "ci_upper"):
        table.loc[shown, name] = getattr(shrunk, name)
    table.loc[shown, "share_own"] = shrunk.weight
    table = table.sort_values("estimate", ascending=False, na_position="last")
    usable = set(table[table["own"].notna()]["segment"])
    return SegmentValues(
        table=table.reindex(columns=COLUMNS).reset_index(drop=True), unit="amount",
        overall=whole, test=shrunk.test, tau=shrunk.tau, tau_ci=shrunk.tau_ci,
        segment=segment, moved=groups.share_moved, reason="", confidence_level=level,
        own_terms={n: v.terms for n, v in found.items() if n in usable and v.terms},
        method=f"{whole.method} Each segment regressed on its own; pooled by a normal "
        "random-effects model, its spread integrated out.",
        assumptions=(*whole.assumptions, *_assumptions(groups, segment)),
    )  # fmt: skip


def _own(name: str, one: PointValue, whole: PointValue) -> dict[str, object]:
    """Return a segment's row before pooling."""
    row: dict[str, object] = {
        "segment": name, "n": one.n_customers, "n_last": one.n_last, "unit": "amount",
        "own": NAN, "own_std_error": NAN, "own_ci_lower": NAN, "own_ci_upper": NAN,
        "reading": whole.total["reading"], "why": "",
    }  # fmt: skip
    if one.n_customers < MIN_CUSTOMERS:
        return row | {"status": HIDDEN}
    missing = one.reason or (
        f"no coefficient of {_words.listed(_lost(one, whole))}"
        if _lost(one, whole)
        else ""
    )
    if missing:
        return row | {"status": BORROWED, "why": missing}
    total = one.total
    own = {
        "own": total["estimate"], "own_std_error": total["std_error"],
        "own_ci_lower": total["ci_lower"], "own_ci_upper": total["ci_upper"],
    }  # fmt: skip
    return row | own | {"status": OWN}


def _lost(one: PointValue, whole: PointValue) -> list[str]:
    """Return what is counted for all customers and cannot be in a segment."""
    return [name for name in one.left_out if name not in whole.left_out]


def _nothing(
    whole: PointValue, segment: str, reason: str, level: float
) -> SegmentValues:
    return SegmentValues(
        table=pd.DataFrame(columns=COLUMNS), unit="amount", overall=whole, test=None,
        tau=NAN, tau_ci=(NAN, NAN), segment=segment, moved=0.0, reason=reason,
        confidence_level=level, own_terms={},
    )  # fmt: skip


def _assumptions(groups: Membership, segment: str) -> tuple[Assumption, ...]:
    name = _words.plain(segment)
    found = [
        Assumption(
            text=f"Values in the segments of {name} are alike enough that each says "
            "something about the others.", quality="medium", impact="medium",
        )
    ]  # fmt: skip
    if groups.share_moved > 0:
        share = _format.quantity(groups.share_moved, "share")
        text = (
            f"{share} of customers change {name}; each counts where it was first seen."
        )
        found.append(Assumption(text=text, quality="medium", impact="low"))
    if groups.share_blank > 0:
        share = _format.quantity(groups.share_blank, "share")
        text = f"{share} of customers have no {name} and are in no segment."
        found.append(Assumption(text=text, quality="medium", impact="low"))
    return tuple(found)
