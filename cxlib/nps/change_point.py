"""Whether and when the score moved to another level."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.estimate.tracking import Step, change_step
from cxlib.nps import _design_words, _display, _words
from cxlib.nps._series import Dispersion, Series, assumptions, series
from cxlib.result import Finding
from cxlib.scales import Scale

COLUMNS = [
    "wave", "previous", "n_before", "n_after", "before", "after", "estimate",
    "std_error", "ci_lower", "ci_upper", "statistic", "best", "in_interval",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ChangePoint(_display.Told):
    """The most likely single change of level.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a split, named by the first wave of the new level: previous wave,
        n_before and n_after, mean score before and after, estimate (the shift) with
        its std_error and an interval that holds for all splits at once, statistic,
        best, in_interval (of the date).
    found : bool
        Whether the shift is beyond noise at the declared false-alarm rate.
    pvalue : float
        Chance of as large a step somewhere in a series that never moved.
    date_interval : tuple of str
        First and last wave that may have begun the new level.
    false_alarm_rate, spread : float
    label : str
    confidence_level : float
    """

    found: bool
    pvalue: float
    date_interval: tuple[str, str]
    false_alarm_rate: float
    spread: float
    label: str
    confidence_level: float

    @property
    def best(self) -> dict[Any, Any]:
        """Row of the most likely split."""
        return self.table[self.table["best"]].iloc[0].to_dict()

    @property
    def text(self) -> str:
        """Whether, when and by how much the level moved."""
        if self.reason:
            return self.reason
        row = self.best
        chance = (
            f"a series that never moved shows such a step somewhere with p "
            f"{_words.p_text(self.pvalue)}"
        )
        if not self.found:
            return (
                f"No change of level found in {self.label}: the largest step, at "
                f"{row['wave']}, is {self._size(row)}, and {chance}."
            )
        return (
            f"{self.label} moved to another level, most likely with {row['wave']}, by "
            f"{self._size(row)}; {chance}. {self._date()}{self._ends(row)}"
        )

    def _date(self) -> str:
        first, last = self.date_interval
        level = f"{100 * self.confidence_level:g} %"
        if first == last:
            return f"No other wave can have begun it ({level} interval)."
        return f"It may have begun from {first} to {last} ({level} interval)."

    def _ends(self, row: Mapping[Any, Any]) -> str:
        """A level of one wave is no level."""
        lonely = {self.table["wave"].iloc[-1]: "after", self.table["wave"].iloc[0]: ""}
        if row["wave"] not in lonely:
            return ""
        side = "after" if lonely[row["wave"]] else "before"
        return f" Only one wave lies {side} it: one odd wave would look the same."

    def _size(self, row: Mapping[Any, Any]) -> str:
        return _words.with_interval(
            row["estimate"], row["ci_lower"], row["ci_upper"],
            _format.difference_unit(self.unit), self.confidence_level,
            row["n_before"] + row["n_after"], signed=True,
        )  # fmt: skip

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The shift, where one was found."""
        if self.reason or not self.found:
            return ()
        row = self.best
        name = f"{_words.plain_label(self.label)} change of level {row['wave']}"
        n = row["n_before"] + row["n_after"]
        return (
            _words.finding(
                name, self.text, row, self.unit, n, level=self.confidence_level
            ),
        )

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a split."""
        if self.reason:
            return ()
        t, gap = self.table, _format.difference_unit(self.unit)
        before, after = (_display.numbers(t[c], self.unit) for c in ("before", "after"))
        mark = t["in_interval"].map({True: "possible", False: "no"})
        return (
            {
                "new level from": t["wave"],
                f"{self.label} before → after": _display.unbroken(
                    before + " → " + after
                ),
                "shift": _display.with_ends(t, "estimate", gap, signed=True),
                "date": mark.where(~t["best"], "most likely"),
            },
        )

    @property
    def footnote(self) -> str:
        """What the brackets mean, then the method."""
        level = f"{100 * self.confidence_level:g} %"
        return f"In brackets: {level} CI for all splits at once. {self.method}"


def change_point(
    responses: pd.DataFrame,
    wave: str | None,
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    respondent: str | None = None,
    min_n: int = 10,
    dispersion: Dispersion = "auto",
    n_resamples: int = 4000,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> ChangePoint:
    """Find the most likely single change of level over the waves.

    Use it for a shift that lasts; `control_chart` finds single odd waves. A slow drift
    also shows as a change of level, with a wide interval for its date.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked in a wave.
    wave : str or None
        Column of the wave; without one the result says that there is no change point.
    score, scale, weights, strata, cluster, respondent, min_n
        As in `nps.trend`.
    dispersion : {"auto", "moving_range", "none"}
        As in `nps.control_chart`.
    n_resamples : int
        Simulated series. At least 200.
    confidence_level : float
        Of the intervals; 1 less it is the false-alarm rate of the search.
    rng : int or numpy.random.Generator

    Returns
    -------
    ChangePoint

    Notes
    -----
    Every split is tried; the largest standardised difference of the mean scores after
    and before is compared with its distribution in series simulated with the same
    covariance and no change, so the p-value pays for the search. The shift's interval
    uses the same critical value: it leaves out zero exactly where a change is found.

    References
    ----------
    Hawkins, D. M. (1977). Testing a sequence of observations for a shift in location.
    JASA 72, 180-186. doi:10.1080/01621459.1977.10479935

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({
    ...     "score": ([10] * 60 + [3] * 40) * 3 + ([10] * 30 + [3] * 70) * 3,
    ...     "wave": [f"W{i}" for i in range(1, 7) for _ in range(100)],
    ... })
    >>> nps.change_point(answers, "wave").date_interval
    ('W4', 'W4')
    """
    _checks.one_of(dispersion, "dispersion", ("auto", "moving_range", "none"))
    _checks.in_range(n_resamples, "n_resamples", 200, 1_000_000)
    found = series(
        responses, wave, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, respondent=respondent, min_n=min_n,
        confidence_level=confidence_level, least=3, what="change point",
    )  # fmt: skip
    if isinstance(found, str):
        return _none(found, confidence_level)
    step = change_step(
        found.scores, found.cov, weights=found.weights, df=found.df, rng=rng,
        dispersed=found.dispersed(dispersion), confidence_level=confidence_level,
        n_draws=n_resamples,
    )  # fmt: skip
    return _result(found, step, dispersion, n_resamples)


def _result(
    found: Series, step: Step, dispersion: Dispersion, n_resamples: int
) -> ChangePoint:
    answers, table = found.answers, _table(found, step)
    possible = table.loc[table["in_interval"], "wave"]
    rate = 1 - answers.level
    return ChangePoint(
        table=table, unit=answers.scale.unit, label=answers.scale.label,
        found=step.statistic.max() > step.critical, pvalue=step.pvalue,
        date_interval=(str(possible.iloc[0]), str(possible.iloc[-1])),
        false_alarm_rate=rate, spread=step.spread, confidence_level=answers.level,
        method=(
            f"Largest of {len(table)} splits against {n_resamples:,} simulated series "
            f"without a change; false alarms in {100 * rate:.2g} % of steady series. "
            f"{found.spread_words(dispersion, step.spread)}"
        ),
        assumptions=(
            *_design_words.sampling(answers.plan),
            *assumptions(found.dispersed(dispersion)),
        ),
    )  # fmt: skip


def _table(found: Series, step: Step) -> pd.DataFrame:
    names = [found.names[i] for i in found.shown]
    n = np.array([one.n for one in found.found])
    w, x = found.weights, found.scores
    splits = range(1, len(names))
    half = step.critical * step.std_error
    return pd.DataFrame(
        {
            "wave": names[1:],
            "previous": names[:-1],
            "n_before": [int(n[:j].sum()) for j in splits],
            "n_after": [int(n[j:].sum()) for j in splits],
            "before": [float(w[:j] @ x[:j] / w[:j].sum()) for j in splits],
            "after": [float(w[j:] @ x[j:] / w[j:].sum()) for j in splits],
            "estimate": step.estimate,
            "std_error": step.std_error,
            "ci_lower": step.estimate - half,
            "ci_upper": step.estimate + half,
            "statistic": step.statistic,
            "best": [j == step.at for j in splits],
            "in_interval": step.inside,
        }
    )[COLUMNS]


def _none(reason: str, confidence_level: float) -> ChangePoint:
    nan = float("nan")
    return ChangePoint(
        table=pd.DataFrame(columns=COLUMNS), found=False, pvalue=nan,
        date_interval=("", ""), false_alarm_rate=nan, spread=nan, label="",
        confidence_level=confidence_level, reason=reason,
    )  # fmt: skip
