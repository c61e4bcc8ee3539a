"""Time to an event by variant, with the users who did not get there yet."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.errors import DataError
from cxlib.estimate.time_to import (
    LogRank,
    Survival,
    Times,
    kaplan_meier,
    log_rank,
    quantile,
    restricted_mean,
)
from cxlib.journeys import _words
from cxlib.journeys._arms import treatments as choose
from cxlib.journeys._frames import Frame, label, lazy
from cxlib.journeys.experiments._moments import by_variant, prepare
from cxlib.journeys.experiments._time_to import (
    as_times,
    compare_restricted_means,
    counts,
)
from cxlib.journeys.experiments.specs import TimeTo
from cxlib.result import Assumption, Finding, Result

MAX_STEPS = 200
_FAR = 1e300


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TimeToEvent(Result):
    """Share of users still without an event over time, by variant.

    Attributes
    ----------
    table : pandas.DataFrame
        variant, time, n (users still watched), n_events (since the step before),
        estimate (share still without the event), std_error, ci_lower, ci_upper; up to
        the horizon, 200 steps a variant at most.
    arms : pandas.DataFrame
        variant, n, n_events, n_censored, median, median_ci_lower, median_ci_upper (NaN
        where never reached), mean (restricted to the horizon), mean_ci_lower,
        mean_ci_upper.
    effects : pandas.DataFrame
        treatment_arm, control_arm, n_control, n_treatment, control, treatment (means up
        to the horizon), effect_size with std_error and interval, rel_effect_size with
        interval, statistic, df, pvalue.
    test : LogRank
        Over all variants; within strata where those were given.
    """

    arms: pd.DataFrame
    effects: pd.DataFrame
    test: LogRank
    horizon: float
    event: str
    confidence_level: float = 0.95
    strata: tuple[str, ...] = field(default=())

    @property
    def text(self) -> str:
        """The difference in mean time, and whether the curves differ."""
        said = [self._sentence(row) for _, row in self.effects.iterrows()]
        medians = [_median(row) for _, row in self.arms.iterrows()]
        told = "differ" if self.test.pvalue < 1 - self.confidence_level else "agree"
        end = "beyond chance" if told == "differ" else "within chance"
        said.append(
            f"Median: {', '.join(medians)}. The curves {told} {end} (log-rank p "
            f"{_equals(self.test.pvalue)}, n = {self.arms['n'].sum():,})."
        )
        return " ".join(said)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The difference in mean time, one a treatment."""
        return tuple(
            Finding(
                id=_words.slug("time to", self.event, row["treatment_arm"], "effect"),
                statement=self._sentence(row),
                estimate=float(row["effect_size"]),
                unit="score",
                ci_lower=float(row["effect_size_ci_lower"]),
                ci_upper=float(row["effect_size_ci_upper"]),
                n=int(row["n_control"] + row["n_treatment"]),
                label=f"time to {self.event}, difference",
                confidence_level=self.confidence_level,
            )
            for _, row in self.effects.iterrows()
        )

    def _sentence(self, row: pd.Series) -> str:
        treatment, control = _words.arms(row, "score")
        n = row["n_control"] + row["n_treatment"]
        found = _words.effect(row, "score", self.confidence_level, f", n = {n:,}")
        return (
            f"Mean time to '{self.event}', counted up to {self.horizon:g}: "
            f"{row['treatment_arm']} {treatment} against {row['control_arm']} "
            f"{control}, {found}."
        )

    def _repr_html_(self) -> str:
        shown = _format.headed(self.arms)
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{shown.to_html(index=False, border=0, classes='cx')}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )


def time_to(
    users: Frame,
    *,
    duration: str = "duration",
    event: str = "event",
    horizon: float,
    variant: str = "variant",
    control: str = "control",
    treatments: Sequence[str] | None = None,
    strata: str | Sequence[str] | None = None,
    confidence_level: float = 0.95,
) -> TimeToEvent:
    """Compare how long users take to an event, counting those still on the way.

    Use it for times to convert, to answer or to come back, with the columns that
    `durations` makes. Means of those who got there alone are too short.

    Parameters
    ----------
    users : frame
        One row a randomised user that passed `sample_ratio`.
    duration, event : str
        Time to the event or to the end of watching, 0 or more; 1 where the event
        happened, 0 where watching ended first. A blank in either leaves the user out.
    horizon : float
        Time up to which mean times are counted, in the unit of `duration`, fixed before
        looking; not beyond the time to which any variant was watched.
    variant, control, treatments : str, str, sequence of str
        As in `compare`.
    strata : str or sequence of str, optional
        Columns fixed before assignment; the log-rank test is then within them.
    confidence_level : float

    Returns
    -------
    TimeToEvent

    Raises
    ------
    ArgumentError
        For an unknown variant or a horizon that is not positive.
    DataError
        For a negative duration, an event that is not 0/1, or a horizon beyond the
        follow-up of a variant.

    Notes
    -----
    Estimand: mean of the smaller of time and horizon (restricted mean), which needs no
    proportional hazards. Curves: Kaplan-Meier with intervals on the logarithm; medians
    by Brookmeyer and Crowley; variance of means: Greenwood; differences normal.

    References
    ----------
    Royston, P. and Parmar, M. K. B. (2013). Restricted mean survival time. BMC Medical
    Research Methodology 13, 152. doi:10.1186/1471-2288-13-152

    Examples
    --------
    >>> import pandas as pd
    >>> users = pd.DataFrame(
    ...     {"variant": ["control"] * 5 + ["b"] * 5, "event": [1, 1, 1, 1, 0] * 2,
    ...      "duration": [4, 5, 6, 7, 9, 1, 2, 3, 4, 9]}
    ... )
    >>> found = time_to(users, horizon=8)
    >>> found.arms["mean"].round(6).tolist(), found.arms["median"].tolist()
    ([6.0, 3.6], [6.0, 3.0])
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    names = [strata] if isinstance(strata, str) else list(strata or ())
    metric = TimeTo(name=event, column=duration, event=event, horizon=_FAR)
    _checks.in_range(horizon, "horizon", 0, float("inf"), ends="()")
    rows = lazy(users, [variant, duration, event, *names], "users")
    rows = rows.with_columns(label(variant)).filter(~nw.col(variant).is_null())
    prepared = prepare(rows, [metric], [variant, *names])
    found = list(by_variant(prepared, [metric], variant)[0])
    chosen = choose(found, control, treatments)
    counted = counts(prepared, [variant, *names], duration="y0", event="x0")
    order = [control, *chosen]
    arms = {
        name: as_times(pd.DataFrame(counted[counted[variant] == name]))
        for name in order
    }
    curves = {name: kaplan_meier(arm) for name, arm in arms.items()}
    for name, curve in curves.items():
        _reaches(name, curve, horizon)
    return TimeToEvent(
        table=_steps(arms, curves, horizon, confidence_level), unit="share",
        arms=_summary(arms, curves, horizon, confidence_level),
        effects=_effects(arms, control, chosen, horizon, confidence_level),
        test=_test(counted, order, variant, names), horizon=float(horizon),
        event=event, confidence_level=confidence_level, strata=tuple(names),
        method=_method(names), assumptions=_ASSUMPTIONS,
    )  # fmt: skip


_ASSUMPTIONS = (
    Assumption(
        text="Why watching ended has nothing to do with how long a user would have "
        "taken.",
        quality="medium", impact="high",
    ),
    Assumption(
        text="The horizon was fixed beforehand.", quality="medium", impact="medium"
    ),
)  # fmt: skip


def _reaches(name: str, curve: Survival, horizon: float) -> None:
    """Raise where a variant was not watched up to the horizon."""
    if curve.last < horizon and curve.at(curve.last) > 0:
        raise DataError(
            f"`horizon` is {horizon:g}, but variant '{name}' was watched up to "
            f"{curve.last:g} only; set {curve.last:g} or less."
        )


def _steps(
    arms: dict[str, Times], curves: dict[str, Survival], horizon: float, level: float
) -> pd.DataFrame:
    """Return the curves as rows, a start at time 0 and an end at the horizon."""
    parts = []
    for name, curve in curves.items():
        kept = np.flatnonzero(curve.time <= horizon)
        if len(kept) > MAX_STEPS:
            kept = kept[np.linspace(0, len(kept) - 1, MAX_STEPS).round().astype(int)]
        time = np.unique([0.0, *curve.time[kept], horizon])
        place = np.searchsorted(curve.time, time, side="right")
        happened = np.concatenate([[0.0], np.cumsum(curve.events)])[place]
        band = [np.concatenate([[1.0], end])[place] for end in curve.band(level)]
        spread = np.concatenate([[0.0], curve.hazard_var])[place]
        left = np.searchsorted(arms[name].time, time, side="left")
        estimate = curve.at(time)
        known = np.isfinite(spread)
        parts.append(
            pd.DataFrame(
                {
                    "variant": name, "time": time,
                    "n": np.append(arms[name].at_risk, 0.0)[left].astype(int),
                    "n_events": np.diff(happened, prepend=0.0).astype(int),
                    "estimate": estimate,
                    "std_error": np.where(known, estimate * np.sqrt(spread), np.nan),
                    "ci_lower": band[0], "ci_upper": band[1],
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _summary(
    arms: dict[str, Times], curves: dict[str, Survival], horizon: float, level: float
) -> pd.DataFrame:
    """Return sizes, median and restricted mean of each variant."""
    rows = []
    for name, curve in curves.items():
        n, happened = arms[name].leaving.sum(), arms[name].events.sum()
        median = quantile(curve, confidence_level=level)
        mean, variance = restricted_mean(curve, horizon)
        half = float(stats.norm.isf((1 - level) / 2)) * variance**0.5
        rows.append(
            {
                "variant": name, "n": int(n), "n_events": int(happened),
                "n_censored": int(n - happened), "median": median[0],
                "median_ci_lower": median[1], "median_ci_upper": median[2],
                "mean": mean, "mean_ci_lower": mean - half,
                "mean_ci_upper": mean + half,
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _effects(
    arms: dict[str, Times], control: str, chosen: Sequence[str], horizon: float,
    level: float,
) -> pd.DataFrame:  # fmt: skip
    """Return the difference in restricted means of each treatment."""
    rows = []
    for name in chosen:
        found = compare_restricted_means(
            arms[control], arms[name], horizon=horizon, confidence_level=level
        )
        rows.append(
            {
                "treatment_arm": name, "control_arm": control,
                "n_control": int(arms[control].leaving.sum()),
                "n_treatment": int(arms[name].leaving.sum()), **found.as_row(),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def _test(
    counted: pd.DataFrame, order: Sequence[str], variant: str, names: Sequence[str]
) -> LogRank:
    """Return the log-rank test over all variants, within strata where named."""
    groups = [counted]
    if names:
        groups = [part for _, part in counted.groupby(list(names), dropna=False)]
    strata = []
    for group in groups:
        sides = [pd.DataFrame(group[group[variant] == name]) for name in order]
        if all(side["leaving"].sum() >= 2 for side in sides):
            strata.append([as_times(side) for side in sides])
    if not strata:
        raise DataError(
            f"no stratum of {', '.join(names)} has two users of each variant; leave "
            "`strata` empty."
        )
    return log_rank(strata)


def _method(names: Sequence[str]) -> str:
    within = f" within {', '.join(names)}" if names else ""
    return (
        "Kaplan-Meier; restricted means with Greenwood's variance; medians with "
        f"intervals on the logarithm; log-rank test{within}."
    )


def _median(row: pd.Series) -> str:
    """Return 'control 270.0' with the decimals that the interval supports."""
    if not np.isfinite(row["median"]):
        return f"{row['variant']} not reached"
    half = (row["median_ci_upper"] - row["median_ci_lower"]) / 2
    return f"{row['variant']} {_words.level(row['median'], 'score', half)}"


def _equals(pvalue: float) -> str:
    """Return '= 0.031' or '< 0.001'."""
    text = _format.pvalue(pvalue)
    return text if text.startswith("<") else f"= {text}"
