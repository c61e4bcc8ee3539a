"""A series before and after a date, against its own course."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Literal

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.estimate.design import Array
from cxlib.estimate.interrupted import (
    Interrupted,
    interrupted,
    placebo_cuts,
    placebo_quantile,
)
from cxlib.journeys._frames import Frame
from cxlib.journeys.experiments.specs import Metric, Score
from cxlib.journeys.observed import _rows
from cxlib.journeys.observed._calendar import (
    EVERY,
    Calendar,
    Every,
    Instant,
    Rows,
    calendar,
    told,
)
from cxlib.journeys.observed._rows import Outcome
from cxlib.journeys.observed.course import Course
from cxlib.result import Assumption

Season = Literal["auto", "none", "weekday", "month"]
SEASONS = ("auto", "none", "weekday", "month")
MIN_N, LEAST_BEFORE, LEAST_CUTS = 10, 8, 19


def interrupted_series(
    rows: Frame,
    *,
    outcome: Outcome,
    at: Instant,
    until: Instant | None = None,
    time: str = "responded_at",
    every: Every = "week",
    season: Season = "auto",
    covariates: Sequence[str] = (),
    trend: bool = True,
    slope: bool = True,
    lags: int | None = None,
    weights: str | None = None,
    confidence_level: float = 0.95,
) -> Course:
    """Compare a series after a date with the course it was on before.

    Use it where everybody was changed at once and the series before is long (twenty
    periods at least, better forty). With groups that were not changed,
    `difference_in_differences` tells more.

    Parameters
    ----------
    rows : frame
        One row an answer, a user or a departure; or one a period.
    outcome : str, Metric or mapping
        As in `adjusted_effect`; its mean by period is the series.
    at, until : str, date or number
        First moment that counts as changed; rows from `until` on are left out.
    time : str
        Column of times, or of numbers that are periods already.
    every : {"day", "week", "month", "quarter"}
        Length of a period.
    season : {"auto", "none", "weekday", "month"}
        "auto" is weekday for days and none else: a season of months needs years.
    covariates : sequence of str
        Number columns that move the series and that the change does not move (price,
        weather); their mean by period enters.
    trend, slope : bool
        Whether the series has a straight trend, and whether it may bend at the date.
    lags : int, optional
        Of the Newey-West error; the cube root of the periods times 0.75, rounded up,
        where not given.
    weights : str, optional
        Column of sampling weights.
    confidence_level : float

    Returns
    -------
    Course

    Raises
    ------
    DataError
        For a missing column, under eight periods before or two after, or periods too
        few for the parts of the model.

    Notes
    -----
    Estimand: the mean distance, after the date, from the course that would have gone
    on. Least squares, weighted by rows a period, with a break of level and slope;
    Newey-West error, t with periods less parts.

    A series with a memory makes that error too small. The placebo cuts the time before
    at every place where it can be cut, with as long a time after; where at least
    nineteen cuts (95 %) are possible the interval is widened to the quantile of their
    t statistics, and the p-value is the share of them as large as the real one.
    Simulated false alarms at 95 %, of a null series with autocorrelation 0, 0.5 and
    0.8: 4, 7 and 6 % (39 periods before, 13 after), where Newey-West alone gives 11,
    23 and 35 %. With fewer cuts nothing is claimed.

    References
    ----------
    Wagner, A. K. et al. (2002). Journal of Clinical Pharmacy and Therapeutics 27,
    299-309. doi:10.1046/j.1365-2710.2002.00430.x. Newey, W. K. and West, K. D. (1987).
    Econometrica 55, 703-708. doi:10.2307/1913610

    Examples
    --------
    >>> draw = np.random.default_rng(0)
    >>> week = np.repeat(np.arange(60), 50)
    >>> y = 7 - 0.8 * (week >= 45) + draw.normal(size=3000)
    >>> rows = pd.DataFrame({"week": week, "y": y})
    >>> found = interrupted_series(rows, outcome="y", at=45, time="week")
    >>> found.claimed, bool(found.table["effect_size"].iloc[0] < -0.5)
    (True, True)
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.one_of(every, "every", EVERY)
    _checks.one_of(season, "season", SEASONS)
    names = [time, weights or "", *covariates]
    frame, metric = _rows.gather(rows, outcome, names, "rows")
    given = frame[[time, _rows.VALUE, *covariates]].notna().all(axis=1)
    frame = frame[given].reset_index(drop=True)
    clock = calendar(frame[time], at=at, until=until, name=time)
    points = _points(frame, clock, every, covariates, weights)
    after = (points.index >= clock.at).astype(bool)
    _long_enough(after, every)
    other = _other(points, covariates, _season(season, every, points))
    size = ceil(0.75 * len(points) ** (1 / 3)) if lags is None else lags
    model = _Model(other=other, trend=trend, slope=slope, lags=size)
    y = metric.factor * points["y"].to_numpy(dtype=float)
    series = _Series(
        y, np.asarray(after), points["n"].to_numpy(dtype=float), model, confidence_level
    )
    return _result(series, points, metric, told(clock.at), every)


@dataclass(frozen=True, slots=True, eq=False)
class _Model:
    other: Array
    trend: bool
    slope: bool
    lags: int


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    y: Array
    after: Rows
    n: Array
    model: _Model
    level: float

    def fit(self) -> Interrupted:
        return interrupted(
            self.y, self.after, lags=self.model.lags, other=self.model.other,
            weights=self.n, trend=self.model.trend, slope=self.model.slope,
        )  # fmt: skip

    def cuts(self) -> pd.DataFrame:
        before = ~self.after
        found = placebo_cuts(
            self.y[before], length=int(self.after.sum()), lags=self.model.lags,
            least=LEAST_BEFORE, other=self.model.other[before],
            weights=self.n[before], trend=self.model.trend, slope=self.model.slope,
        )  # fmt: skip
        return pd.DataFrame(found, columns=["cut", "estimate", "statistic"])


def _points(
    frame: pd.DataFrame, clock: Calendar, every: Every, covariates: Sequence[str],
    weights: str | None,
) -> pd.DataFrame:  # fmt: skip
    """Mean, rows and means of covariates by period, in order."""
    kept = ~clock.past
    w = frame[weights].astype("float64") if weights else pd.Series(1.0, frame.index)
    if not (w[kept] > 0).all():
        raise DataError("a weight is blank, zero or negative; mend or drop those rows.")
    sums = {"y": w * frame[_rows.VALUE], "w": w}
    sums |= {f"x {name}": w * frame[name].astype("float64") for name in covariates}
    table = pd.DataFrame(sums)[kept].groupby(clock.periods(every)[kept]).sum()
    table["n"] = clock.periods(every)[kept].value_counts()
    for name in ["y", *(f"x {name}" for name in covariates)]:
        table[name] = table[name] / table["w"]
    return table.sort_index()


def _season(season: Season, every: Every, points: pd.DataFrame) -> str:
    if season != "auto":
        if season != "none" and not isinstance(points.index, pd.DatetimeIndex):
            raise DataError(f"`season` is '{season}', but the periods are numbers.")
        return season
    dated = isinstance(points.index, pd.DatetimeIndex)
    return "weekday" if every == "day" and dated else "none"


def _other(points: pd.DataFrame, covariates: Sequence[str], season: str) -> Array:
    """Seasons and covariates as columns."""
    found = [points[f"x {name}"].to_numpy(dtype=float) for name in covariates]
    if season != "none":
        index = pd.DatetimeIndex(points.index)
        part = index.weekday if season == "weekday" else index.month
        found += [np.asarray(part == one, dtype=float) for one in np.unique(part)[1:]]
    return np.column_stack(found) if found else np.empty((len(points), 0))


def _long_enough(after: Any, every: str) -> None:  # noqa: ANN401
    before, later = int((~after).sum()), int(after.sum())
    if before < LEAST_BEFORE or later < 2:
        raise DataError(
            f"the series has {before} periods ({every}) before the date and {later} "
            f"after; at least {LEAST_BEFORE} and 2 are needed."
        )


def _result(
    series: _Series, points: pd.DataFrame, metric: Metric, at: str, every: str
) -> Course:
    fit, cuts = series.fit(), series.cuts()
    t = fit.estimate / fit.std_error if fit.std_error > 0 else float("nan")
    sizes = cuts["statistic"].to_numpy(dtype=float)
    quantile, pvalue, enough = placebo_quantile(
        t, sizes, df=fit.df, confidence_level=series.level
    )
    row = _row(series, fit, quantile, pvalue)
    reasons = _reasons(row, enough=enough, cuts=len(sizes))
    cuts["period"] = points.index[cuts["cut"].to_numpy(dtype=int)]
    return Course(
        table=pd.DataFrame([row]), unit=metric.result_unit, metric=metric.name, at=at,
        series=_followed(series, fit, points, metric, quantile),
        cuts=cuts[["period", "estimate", "statistic"]], claimed=not reasons,
        reasons=reasons, every=every, statistic=t, confidence_level=series.level,
        assumptions=_ASSUMPTIONS, method=_method(series, quantile, len(sizes)),
    )  # fmt: skip


def _row(
    series: _Series, fit: Interrupted, quantile: float, pvalue: float
) -> dict[str, Any]:
    w, half = series.n[series.after], quantile * fit.std_error
    expected = float(w @ fit.expected[series.after] / w.sum())
    return {
        "comparison": "against its own course", "n": int(series.n.sum()),
        "n_control": int(series.n[~series.after].sum()),
        "n_treatment": int(w.sum()), "control": expected,
        "treatment": expected + fit.estimate, "effect_size": fit.estimate,
        "std_error": fit.std_error, "effect_size_ci_lower": fit.estimate - half,
        "effect_size_ci_upper": fit.estimate + half,
        "statistic": fit.estimate / (fit.std_error or np.nan), "df": fit.df,
        "pvalue": pvalue,
    }  # fmt: skip


def _followed(
    series: _Series, fit: Interrupted, points: pd.DataFrame, metric: Metric,
    quantile: float,
) -> pd.DataFrame:  # fmt: skip
    """The series and the course it was on; small cells of answers stay blank."""
    few = isinstance(metric, Score) & (series.n < MIN_N)
    half = quantile * fit.expected_se
    return pd.DataFrame(
        {
            "period": points.index, "after": series.after, "n": series.n.astype(int),
            "estimate": np.where(few, np.nan, series.y), "fitted": fit.fitted,
            "expected": fit.expected, "ci_lower": fit.expected - half,
            "ci_upper": fit.expected + half,
        }
    )  # fmt: skip


def _reasons(row: dict[str, Any], *, enough: bool, cuts: int) -> tuple[str, ...]:
    found = []
    if row["effect_size_ci_lower"] <= 0 <= row["effect_size_ci_upper"]:
        found.append("the series may have gone on as it was")
    if not enough:
        found.append(
            f"the time before allows only {cuts} placebo "
            f"{'cut' if cuts == 1 else 'cuts'}, too few for an interval"
        )
    return tuple(found)


def _method(series: _Series, quantile: float, cuts: int) -> str:
    bend = "level and slope" if series.model.slope else "level"
    return (
        f"Segmented regression, break of {bend}, Newey-West error with "
        f"{series.model.lags} lags; interval {quantile:.2f} standard errors wide on "
        f"either side, by {cuts} placebo {'cut' if cuts == 1 else 'cuts'}."
    )


_ASSUMPTIONS = (
    Assumption(
        text="The course before the date would have gone on: nothing else changed "
        "then, and no season is taken for the change.",
        quality="low", impact="high",
    ),
)  # fmt: skip
