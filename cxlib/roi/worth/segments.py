"""What a score point is worth in each segment: its own value, and pooled."""

from __future__ import annotations

import pandas as pd

from cxlib import _format
from cxlib.result import Assumption
from cxlib.roi import _words
from cxlib.roi.regressions.checks import Diagnosis
from cxlib.roi.regressions.outcomes import Fits, refit
from cxlib.roi.worth._segmented import MIN_CUSTOMERS, Membership, membership, shrink
from cxlib.roi.worth.segment_values import BORROWED, HIDDEN, OWN, SegmentValues
from cxlib.roi.worth.value import PointValue, point_value

NAN = float("nan")
MIN_EVENTS = 10
COLUMNS = [
    *("segment", "n", "n_last", "own", "own_std_error", "own_ci_lower"),
    *("own_ci_upper", "estimate", "std_error", "ci_lower", "ci_upper", "share_own"),
    *("unit", "reading", "status", "why"),
]


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
    segment whose regressions cannot all be solved, or in which a 0/1 outcome happened
    fewer than 10 times, gets the predictive distribution of one more segment: without
    that rule 95 % intervals of own values covered .86 with 20 to 200 customers a
    segment. "Differ" is Cochran's Q on the same variances. Segments under 10 customers
    are hidden and left out of the pooling. With two or three segments the prior of the
    spread decides much.

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
    again = {name: refit(periods[groups.labels == name], fits) for name in groups.names}
    found = {
        name: point_value(
            part, margin=margin, horizon=horizon, discount_rate=discount_rate,
            diagnosis=diagnosis, confidence_level=confidence_level,
            periods_per_year=periods_per_year or fits.base.per_year,
        )
        for name, part in again.items()
    }  # fmt: skip
    rows = [_own(name, one, again[name], whole) for name, one in found.items()]
    return _gathered(
        whole, pd.DataFrame(rows), found, groups=groups, segment=segment,
        level=confidence_level,
    )  # fmt: skip


def _gathered(
    whole: PointValue,
    table: pd.DataFrame,
    found: dict[str, PointValue],
    *,
    groups: Membership,
    segment: str,
    level: float,
) -> SegmentValues:
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


def _own(
    name: str, one: PointValue, again: Fits, whole: PointValue
) -> dict[str, object]:
    """Return a segment's row before pooling."""
    row: dict[str, object] = {
        "segment": name, "n": one.n_customers, "n_last": one.n_last, "unit": "amount",
        "own": NAN, "own_std_error": NAN, "own_ci_lower": NAN, "own_ci_upper": NAN,
        "reading": whole.total["reading"], "why": "",
    }  # fmt: skip
    if one.n_customers < MIN_CUSTOMERS:
        return row | {"status": HIDDEN}
    missing = one.reason or _lacks(one, again, whole)
    if missing:
        return row | {"status": BORROWED, "why": missing}
    total = one.total
    own = {
        "own": total["estimate"], "own_std_error": total["std_error"],
        "own_ci_lower": total["ci_lower"], "own_ci_upper": total["ci_upper"],
    }  # fmt: skip
    return row | own | {"status": OWN}


def _lacks(one: PointValue, again: Fits, whole: PointValue) -> str:
    """Say what a segment's own value would rest on too little of."""
    lost = [name for name in one.left_out if name not in whole.left_out]
    if lost:
        return f"no coefficient of {_words.listed(lost)}"
    for fit in again.fits:
        mean = again.base.means[fit.spec.outcome]
        events = fit.n * min(mean, 1 - mean)
        if fit.unit == "share" and events < MIN_EVENTS:
            return f"{_words.plain(fit.spec.outcome)} changed {events:.0f} times only"
    return ""


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
