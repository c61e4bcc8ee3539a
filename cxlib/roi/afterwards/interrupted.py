"""What a series did after a date, against its own course, in money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import interrupted as course
from cxlib.estimate.design import Array
from cxlib.estimate.interrupted import Interrupted
from cxlib.result import Assumption
from cxlib.roi._calendar import Calendar
from cxlib.roi.afterwards import _series
from cxlib.roi.afterwards._rollout_rows import Measure
from cxlib.roi.afterwards._series import Combine, Season
from cxlib.roi.afterwards.interruption import (
    LEVEL,
    MEAN,
    RELATIVE,
    SLOPE,
    Interruption,
)

LEAST_BEFORE = 8


def interrupted(
    series: pd.DataFrame | None,
    outcome: str,
    *,
    at: str,
    period: str = "period",
    combine: Combine = "mean",
    covariates: Sequence[str] = (),
    season: Season = "auto",
    log: bool = False,
    trend: bool = True,
    slope: bool = True,
    lags: int | None = None,
    measure: Measure = "amount",
    margin: float | None = None,
    currency: str = "",
    confidence_level: float = 0.95,
) -> Interruption:
    """Compare a series after a date with the course it was on before.

    Use it where everybody got something at once. Where some units did not,
    `staggered` tells more.

    Parameters
    ----------
    series : pandas.DataFrame or None
        One row a period; where there are several they are combined.
    outcome, period : str
        Columns of the number and of the period (no period may be missing).
    at : str
        First period that counts as changed; "" where nothing was changed.
    combine : {"mean", "sum"}
        What several rows of a period become.
    covariates : sequence of str
        Number columns that move the series and that the change does not move.
    season : {"auto", "none", "year"}
        "year" gives each month (quarter, week) of the year a level of its own; "auto"
        does from three years before the date on.
    log : bool
        Take the logarithm: the change is then a share of the series.
    trend, slope : bool
        Whether the series has a straight trend, and whether it may bend at the date.
    lags : int, optional
        Of the Newey-West error; 0.75 times the cube root of the periods where not
        given.
    measure : {"amount", "share", "score"}
        Unit of the outcome.
    margin : float, optional
        Money that one unit of the outcome leaves; -1 for a cost.
    currency : str
    confidence_level : float

    Returns
    -------
    Interruption

    Raises
    ------
    DataError
        For under eight periods before or two after, a missing period, or a logarithm
        of what is not positive.
    ArgumentError
        For `at` in another style than the periods, or money of a logarithm.

    Notes
    -----
    Estimand: the mean distance, after the date, from the course that would have gone
    on. Least squares with a break of level and of slope, Newey-West error with the
    factor n / (n - k), t with periods less parts. As that error is too small for a
    series with a memory, the interval is as wide as placebo dates in the time before
    make it, where at least nineteen are possible (95 %); with fewer nothing is
    claimed. Money counts the periods after the date that are in the series.

    References
    ----------
    Wagner, A. K. et al. (2002). Journal of Clinical Pharmacy and Therapeutics 27,
    299-309. doi:10.1046/j.1365-2710.2002.00430.x. Newey, W. K. and West, K. D. (1987).
    Econometrica 55, 703-708. doi:10.2307/1913610. Durbin, J. and Watson, G. S. (1950).
    Biometrika 37, 409-428. doi:10.2307/2332391

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> week = np.arange(60)
    >>> rows = pd.DataFrame({"period": week, "contacts": 100 - 20 * (week >= 45)})
    >>> rows["contacts"] += draw.normal(size=60)
    >>> found = interrupted(rows, "contacts", at="45", margin=-2.0, currency="EUR")
    >>> found.claimed, round(float(found.main["estimate"]))
    (True, -20)
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.one_of(season, "season", ("auto", "none", "year"))
    _checks.one_of(combine, "combine", ("mean", "sum"))
    _checks.one_of(measure, "measure", ("amount", "share", "score"))
    if log and margin is not None:
        raise ArgumentError(
            "`margin` has no meaning with `log`; leave one of them out."
        )
    asked = _Asked(outcome, measure, margin, currency, confidence_level, log)
    if series is None or not len(series) or not at:
        return _nothing("no series, or no date", asked)
    points, clock, cut = _series.points(
        series, [outcome, *covariates], period, at, combine
    )
    after = np.asarray(points.index.to_numpy() >= cut)
    _long_enough(after, clock.name)
    other, names = _series.other(points, covariates, season, clock, after)
    size = ceil(0.75 * len(points) ** (1 / 3)) if lags is None else lags
    model = _Model(
        _series.logged(points[outcome], log=log), after, other, size, trend, slope
    )
    return _result(model, points, clock, asked, (str(at), names))


@dataclass(frozen=True, slots=True)
class _Asked:
    outcome: str
    measure: Measure
    margin: float | None
    currency: str
    level: float
    log: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    y: Array
    after: npt.NDArray[np.bool_]
    other: Array
    lags: int
    trend: bool
    slope: bool

    def fit(self) -> Interrupted:
        return course.interrupted(
            self.y, self.after, lags=self.lags, other=self.other, trend=self.trend,
            slope=self.slope,
        )  # fmt: skip

    def cuts(self) -> pd.DataFrame:
        before = ~self.after
        found = course.placebo_cuts(
            self.y[before], length=int(self.after.sum()), lags=self.lags,
            least=LEAST_BEFORE + self.other.shape[1], least_after=2,
            other=self.other[before], trend=self.trend, slope=self.slope,
        )  # fmt: skip
        return pd.DataFrame(found, columns=["cut", "estimate", "statistic"])


def _long_enough(after: npt.NDArray[np.bool_], period: str) -> None:
    before, later = int((~after).sum()), int(after.sum())
    if before < LEAST_BEFORE or later < 2:
        raise DataError(
            f"the series has {before} {period}s before the date and {later} after; at "
            f"least {LEAST_BEFORE} and 2 are needed."
        )


def _result(
    model: _Model, points: pd.DataFrame, clock: Calendar, asked: _Asked,
    told: tuple[str, list[str]],
) -> Interruption:  # fmt: skip
    fit, cuts = model.fit(), model.cuts()
    t = fit.estimate / fit.std_error if fit.std_error > 0 else float("nan")
    quantile, pvalue, enough = course.placebo_quantile(
        t, cuts["statistic"], df=fit.df, confidence_level=asked.level
    )
    table = _table(model, fit, quantile, asked)
    table.loc[0, "pvalue"] = pvalue
    moments = _series.moments([clock.labels[i] for i in points.index.tolist()])
    cuts["period"] = moments[cuts["cut"].to_numpy(dtype=int)]
    rest = model.y - fit.fitted
    reasons = _reasons(table.iloc[0], len(cuts), enough=enough)
    return Interruption(
        table=table, unit=str(table["unit"].iloc[0]),
        coefficients=_coefficients(model, fit, told[1]),
        worth=_worth(fit, quantile, model, asked),
        series=_followed(model, fit, points, moments, (quantile, asked.log)),
        cuts=cuts[["period", "estimate", "statistic"]],
        durbin_watson=float(np.square(np.diff(rest)).sum() / np.square(rest).sum()),
        claimed=not reasons, reasons=reasons, reason="", outcome=asked.outcome,
        at=told[0], period=clock.name, currency=asked.currency,
        confidence_level=asked.level, assumptions=_ASSUMPTIONS,
        method=_method(model, quantile, len(cuts), rest),
    )  # fmt: skip


def _table(
    model: _Model, fit: Interrupted, quantile: float, asked: _Asked
) -> pd.DataFrame:
    """The mean distance, the break of level, the break of slope."""
    k = len(fit.regression.coef)
    rows = [(MEAN, fit.estimate, fit.std_error)]
    rows.append((LEVEL, *fit.regression.contrast(np.eye(k)[fit.step])))
    if model.slope:
        rows.append((SLOPE, *fit.regression.contrast(np.eye(k)[fit.step + 1])))
    table = pd.DataFrame(rows, columns=["part", "estimate", "std_error"])
    table.insert(1, "n", int(model.after.sum()))
    for end, sign in (("ci_lower", -1), ("ci_upper", 1)):
        table[end] = table["estimate"] + sign * quantile * table["std_error"]
    table["statistic"] = table["estimate"] / table["std_error"].where(
        table["std_error"] > 0
    )
    table["df"] = fit.df
    table["pvalue"] = 2 * stats.t.sf(table["statistic"].abs(), fit.df)
    table["unit"] = RELATIVE if asked.log else asked.measure
    if asked.log:
        ends = ["estimate", "ci_lower", "ci_upper"]
        table["std_error"] *= np.exp(table["estimate"])
        table[ends] = np.expm1(table[ends])
    return table


def _coefficients(model: _Model, fit: Interrupted, names: list[str]) -> pd.DataFrame:
    terms = ["constant", *(["trend"] if model.trend else []), *names, LEVEL]
    terms += [SLOPE] if model.slope else []
    spread = np.sqrt(np.clip(np.diag(fit.regression.covariance), 0, None))
    return pd.DataFrame(
        {"term": terms, "estimate": fit.regression.coef, "std_error": spread}
    )


def _worth(
    fit: Interrupted, quantile: float, model: _Model, asked: _Asked
) -> pd.DataFrame:
    columns = ["what", "n", "estimate", "ci_lower", "ci_upper", "unit"]
    if asked.margin is None:
        return pd.DataFrame(columns=columns)
    n, half = int(model.after.sum()), quantile * fit.std_error
    rows = []
    for what, times in (("money a period", 1), ("money in all, so far", n)):
        ends = sorted(asked.margin * times * (fit.estimate + s * half) for s in (-1, 1))
        rows.append([what, n, asked.margin * times * fit.estimate, *ends, "amount"])
    return pd.DataFrame(rows, columns=columns)


def _followed(
    model: _Model, fit: Interrupted, points: pd.DataFrame, moments: pd.Index,
    drawn: tuple[float, bool],
) -> pd.DataFrame:  # fmt: skip
    quantile, log = drawn
    half = quantile * fit.expected_se
    lines = pd.DataFrame(
        {
            "estimate": model.y, "fitted": fit.fitted, "expected": fit.expected,
            "ci_lower": fit.expected - half, "ci_upper": fit.expected + half,
        }
    )  # fmt: skip
    if log:
        lines = lines.apply(np.exp)
    lines.insert(0, "period", moments)
    lines.insert(1, "after", model.after)
    lines.insert(2, "n", points["n"].to_numpy(dtype=int))
    return lines


def _reasons(row: pd.Series, cuts: int, *, enough: bool) -> tuple[str, ...]:
    found = []
    if row["ci_lower"] <= 0 <= row["ci_upper"]:
        found.append("the series may have gone on as it was")
    if not enough:
        found.append(
            f"the time before allows only {cuts} placebo "
            f"{'date' if cuts == 1 else 'dates'}, too few for an interval"
        )
    return tuple(found)


def _method(model: _Model, quantile: float, cuts: int, rest: Array) -> str:
    watson = np.square(np.diff(rest)).sum() / np.square(rest).sum()
    bend = "level and slope" if model.slope else "level"
    return (
        f"Segmented regression, break of {bend}, {model.other.shape[1]} columns for "
        f"seasons and covariates; Newey-West error with {model.lags} lags; interval "
        f"{quantile:.2f} standard errors wide on either side, by {cuts} placebo "
        f"{'date' if cuts == 1 else 'dates'}; Durbin-Watson {watson:.2f}."
    )


def _nothing(reason: str, asked: _Asked) -> Interruption:
    none = pd.DataFrame()
    return Interruption(
        table=none, unit=asked.measure, coefficients=none, worth=none, series=none,
        cuts=none, durbin_watson=float("nan"), claimed=False, reasons=(),
        reason=reason, outcome=asked.outcome, at="", period="",
        currency=asked.currency, confidence_level=asked.level,
    )  # fmt: skip


_ASSUMPTIONS = (
    Assumption(
        text="The course before the date would have gone on: nothing else changed "
        "then.",
        quality="low", impact="high",
    ),
)  # fmt: skip
