"""Which waves are signal and which are noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.estimate.tracking import Limits, control_limits
from cxlib.nps import _design_words, _display, _words
from cxlib.nps._series import Dispersion, Series, assumptions, series
from cxlib.nps._suppress import is_hidden
from cxlib.result import Finding
from cxlib.scales import Scale

COLUMNS = [
    "wave", "n", "estimate", "std_error", "ci_lower", "ci_upper", "centre",
    "limit_lower", "limit_upper", "statistic", "signal", "status",
]  # fmt: skip
_BOUNDS = {"net": (-1.0, 1.0), "share": (0.0, 1.0)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ControlChart(_display.Bracketed):
    """The waves against the limits of a steady score.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a wave in time order: wave, n, estimate, std_error, ci_lower,
        ci_upper; centre, limit_lower and limit_upper; statistic, the distance from the
        centre in standard errors of a steady series; signal; status.
    centre : float
        Common level of the waves.
    spread : float
        sigma_z: how much further than sampling error steady waves vary.
    false_alarm_rate, expected_false_alarms : float
        Of each wave; of all waves together, if nothing moved.
    label : str
    confidence_level : float
    """

    centre: float
    spread: float
    false_alarm_rate: float
    expected_false_alarms: float
    label: str

    @property
    def waves(self) -> pd.DataFrame:
        """Waves whose numbers may be shown."""
        return self.table[self.table["estimate"].notna()]

    @property
    def signals(self) -> pd.DataFrame:
        """Waves outside their limits."""
        return self.waves[self.waves["signal"].astype(bool)]

    @property
    def text(self) -> str:
        """Which waves are signal, and the false alarms to expect."""
        if self.reason:
            return self.reason
        level = f"a steady {self.label} of {_format.quantity(self.centre, self.unit)}"
        many = len(self.waves)
        if self.signals.empty:
            lead = f"All {many} waves lie within what noise around {level} gives."
        else:
            told = [self._outside(row) for row in self.signals.to_dict("records")]
            lead = f"Outside what noise around {level} gives: {_words.listing(told)}."
        hidden = int(self.table["status"].map(is_hidden).sum())
        few = (
            f" {_words.plural(hidden, 'wave')} hidden (too few answers)."
            if hidden
            else ""
        )
        return f"{lead} {self._alarms()}{few}"

    def _alarms(self) -> str:
        return (
            f"If nothing moved, {self.expected_false_alarms:.2g} false alarms are to "
            f"be expected among {len(self.waves)} waves."
        )

    def _outside(self, row: Mapping[Any, Any]) -> str:
        value = _words.with_interval(
            row["estimate"], row["ci_lower"], row["ci_upper"], self.unit,
            self.confidence_level, row["n"],
        )  # fmt: skip
        low, high = _format.ends(row["limit_lower"], row["limit_upper"], self.unit)
        return f"{row['wave']} with {value}, limits {low} to {high}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Each wave outside its limits."""
        if self.reason:
            return ()
        name = _words.plain_label(self.label)
        return tuple(
            Finding(
                id=f"{name} signal {row['wave']}", estimate=row["estimate"],
                statement=f"Beyond noise: {self._outside(row)}.", unit=self.unit,
                ci_lower=row["ci_lower"], ci_upper=row["ci_upper"], n=int(row["n"]),
                confidence_level=self.confidence_level,
            )
            for row in self.signals.to_dict("records")
        )  # fmt: skip

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a wave."""
        if self.reason:
            return ()
        t = self.table
        hidden = t["status"].map(is_hidden).astype(bool)
        limits = pd.Series(
            [
                " to ".join(_format.ends(a, b, self.unit)) if np.isfinite(a) else "–"
                for a, b in zip(t["limit_lower"], t["limit_upper"], strict=True)
            ],
            index=t.index,
        )
        score = f"{self.label}{_display.unit_word(self.unit)}"
        values = _display.with_ends(t, "estimate", self.unit)
        return (
            {
                "wave": t["wave"],
                "n": _display.numbers(t["n"], "count"),
                score: values.where(~hidden, t["status"]),
                "limits": _display.unbroken(limits),
                "signal": t["signal"].map({True: "yes", False: "no"}).fillna("–"),
            },
        )


def control_chart(
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
    false_alarm_rate: float = 0.0027,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> ControlChart:
    """Tell waves that stand out from those that noise explains.

    Use it for a single odd wave; `change_point` finds a shift that lasts.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked in a wave.
    wave : str or None
        Column of the wave; without one the result says that there is no chart.
    score, scale, weights, strata, cluster, respondent, min_n
        As in `nps.trend`.
    dispersion : {"auto", "moving_range", "none"}
        Whether limits allow for variation beyond sampling error, estimated from the
        moving ranges; "auto" does from 12 waves on. With fewer, one odd wave would
        widen its own limits beyond itself.
    false_alarm_rate : float
        Chance that a wave of a steady score is called out; 0.0027 is "three sigma".
    confidence_level : float
        Of the intervals of the scores.
    rng : int or numpy.random.Generator

    Returns
    -------
    ControlChart

    Notes
    -----
    Laney's chart for a net score: limits vary with each wave's effective n, from the
    pooled variance of all answers; sigma_z is never below 1. A wave is part of the
    centre, which its standard error allows for; respondents and clusters that come
    back correlate the waves. Each wave is judged against all, later ones included.
    The limits are cut at the ends of the scale.

    References
    ----------
    Laney, D. B. (2002). Improved control charts for attributes. Quality Engineering
    14, 531-537. doi:10.1081/QEN-120003555

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({
    ...     "score": ([10] * 60 + [3] * 40) * 4 + [10] * 20 + [3] * 80,
    ...     "wave": [f"W{i}" for i in range(1, 6) for _ in range(100)],
    ... })
    >>> nps.control_chart(answers, "wave").signals["wave"].tolist()
    ['W5']
    """
    _checks.one_of(dispersion, "dispersion", ("auto", "moving_range", "none"))
    _checks.in_range(false_alarm_rate, "false_alarm_rate", 0, 0.5, ends="()")
    found = series(
        responses, wave, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, respondent=respondent, min_n=min_n,
        confidence_level=confidence_level, least=3, what="control chart",
    )  # fmt: skip
    if isinstance(found, str):
        return _none(found, confidence_level)
    limits = control_limits(
        found.scores, found.cov, weights=found.weights,
        dispersed=found.dispersed(dispersion), false_alarm_rate=false_alarm_rate,
        df=found.df, rng=rng,
    )  # fmt: skip
    answers = found.answers
    return ControlChart(
        table=_table(found, limits), unit=answers.scale.unit, centre=limits.centre,
        spread=limits.spread, false_alarm_rate=false_alarm_rate,
        expected_false_alarms=false_alarm_rate * len(found.shown),
        label=answers.scale.label, confidence_level=confidence_level,
        method=_method(found, limits, dispersion, false_alarm_rate),
        assumptions=(
            *_design_words.sampling(answers.plan),
            *assumptions(found.dispersed(dispersion)),
        ),
    )  # fmt: skip


def _table(found: Series, limits: Limits) -> pd.DataFrame:
    table, scale = found.head(), found.answers.scale
    ends = _BOUNDS.get(scale.kind, (scale.low, scale.high))
    low, high = (scale.factor * end for end in ends)
    away = found.scores - limits.centre
    columns = {
        "centre": np.full(len(away), limits.centre),
        "limit_lower": np.clip(limits.centre - limits.half, low, high),
        "limit_upper": np.clip(limits.centre + limits.half, low, high),
        "statistic": away / (limits.std_error * limits.spread),
    }
    for name, values in columns.items():
        table[name] = np.nan
        table.loc[found.shown, name] = values
    signal = pd.Series([None] * len(table), dtype="object")
    signal.loc[found.shown] = [bool(out) for out in np.abs(away) > limits.half]
    return table.assign(signal=signal)[COLUMNS]


def _method(
    found: Series, limits: Limits, dispersion: Dispersion, rate: float
) -> str:  # fmt: skip
    return (
        f"Limits {limits.multiplier:.2f} standard errors from the common level of the "
        f"waves, for a false alarm in {100 * rate:.2g} % of steady waves. "
        f"{found.spread_words(dispersion, limits.spread)}"
    )


def _none(reason: str, confidence_level: float) -> ControlChart:
    nan = float("nan")
    return ControlChart(
        table=pd.DataFrame(columns=COLUMNS), centre=nan, spread=nan,
        false_alarm_rate=nan, expected_false_alarms=nan, label="",
        confidence_level=confidence_level, reason=reason,
    )  # fmt: skip
