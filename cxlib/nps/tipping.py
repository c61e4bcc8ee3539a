"""How unlike the rest people who did not answer would have to be to matter."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.estimate import Estimate
from cxlib.nps import _display, _words
from cxlib.nps._moved import Weighted
from cxlib.nps.change import Change
from cxlib.nps.response import ResponseRates
from cxlib.nps.score import Score
from cxlib.result import Assumption, Finding

RANGE = {"points": (-100.0, 100.0), "share": (0.0, 1.0)}
TIP, ALIKE = "tipping point", "like those who answered"
STEPS = 41


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class TippingPoint(_display.Bracketed):
    """The score of people who did not answer that would undo a conclusion.

    Attributes
    ----------
    table : pandas.DataFrame
        silent (a supposed score of those who did not answer), estimate, ci_lower,
        ci_upper (what the score, or its change, of everybody would then be), mark
        ('tipping point', 'like those who answered' or '').
    tip, ci_lower, ci_upper : float
        The tipping point with its interval, in the score's unit.
    answered : float
        Score of those who answered, of the later wave for a change.
    gain : float
        How far the answers stand above (below if negative) the threshold.
    rate, threshold : float
        Share of the invited who answered; the line that is not to be crossed.
    sure : bool
        Whether the answers alone stand beyond noise on one side of the threshold.
    change : bool
        Whether it is a change that would be undone.
    n : int
        Answers.
    label : str
    confidence_level : float
    """

    tip: float
    ci_lower: float
    ci_upper: float
    answered: float
    gain: float
    rate: float
    threshold: float
    sure: bool
    change: bool
    n: int
    label: str

    @property
    def possible(self) -> bool:
        """Whether people could score so at all."""
        low, high = RANGE.get(self.unit, (-np.inf, np.inf))
        return bool(low <= self.tip <= high)

    @property
    def text(self) -> str:
        """What those who did not answer would have to score to undo the conclusion."""
        if self.reason:
            return self.reason
        rate = _format.quantity(self.rate, "share")
        lead = f"{rate} answered, with {self._answered()}."
        side = "below" if self.gain > 0 else "above"
        if not self.possible:
            ends = RANGE[self.unit]
            end = _format.quantity(ends[0] if self.gain > 0 else ends[1], self.unit)
            return (
                f"{lead} Nothing that those who did not answer could have said would "
                f"{self._undo()}, not even {end} from all of them.{self._noise()}"
            )
        tip = _words.with_interval(
            self.tip, self.ci_lower, self.ci_upper, self.unit, self.confidence_level
        )
        apart = _format.quantity(
            abs(self.tip - self.answered), _format.difference_unit(self.unit)
        )
        return (
            f"{lead} If those who did not answer scored {side} {tip}, that would "
            f"{self._undo()}: they would have to be {apart} {side} those who did."
            f"{self._noise()}"
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The tipping point, where people could score so."""
        if self.reason or not self.possible:
            return ()
        name = _words.plain_label(self.label)
        return (
            Finding(
                id=f"{name} tipping point", statement=self.text, estimate=self.tip,
                unit=self.unit, ci_lower=self.ci_lower, ci_upper=self.ci_upper,
                n=self.n,
                confidence_level=self.confidence_level,
            ),
        )  # fmt: skip

    def _answered(self) -> str:
        score = _format.quantity(self.answered, self.unit)
        base = f"{self.label} {score} (n = {self.n:,})"
        if not self.change:
            return base
        size = _format.quantity(
            self.gain + self.threshold, _format.difference_unit(self.unit), signed=True
        )
        return f"{base} after a change of {size}"

    def _undo(self) -> str:
        """What would be undone, in words."""
        unit = _format.difference_unit(self.unit) if self.change else self.unit
        line = _format.quantity(self.threshold, unit, signed=self.change)
        if not self.change:
            side = "below" if self.gain > 0 else "above"
            return f"put {self.label} of everybody {side} {line}"
        what = "gain" if self.gain + self.threshold > 0 else "fall"
        if self.threshold == 0:
            return f"erase the {what}"
        side = "below" if self.gain > 0 else "above"
        return f"put the change of everybody {side} {line}"

    def _noise(self) -> str:
        if self.sure:
            return ""
        return " Noise among the answers alone can already undo it."

    @property
    def shown(self) -> tuple[_display.Columns, ...]:
        """A few supposed scores, and the tipping point."""
        if self.table.empty:
            return ()
        t = self.table
        some = t[(t["mark"] != "") | (np.arange(len(t)) % 10 == 0)]
        unit = _format.difference_unit(self.unit) if self.change else self.unit
        of = f"change of {self.label}" if self.change else self.label
        return (
            {
                "if those who did not answer score": _display.numbers(
                    some["silent"], self.unit
                ),
                f"{of} of everybody{_display.unit_word(unit)}": _display.with_ends(
                    some, "estimate", unit, signed=self.change
                ),
                "": some["mark"],
            },
        )


def tipping_point(
    found: Score | Weighted | Change | Estimate,
    *,
    response_rate: float | ResponseRates | None,
    threshold: float | None = None,
    unit: str = "points",
) -> TippingPoint:
    """Find how those who did not answer would have to score to undo a conclusion.

    Use it beside every score with a low response rate: it needs no model of who
    answers, and tells whether non-response could matter at all.

    Parameters
    ----------
    found : Score, Raking, Nonresponse, Change or Estimate
        What was concluded: a score against a threshold, or its change.
    response_rate : float, ResponseRates or None
        Share of the invited who answered, between 0 and 1 exclusive (of the later wave
        for a change). None, or rates without invitations: a result that says so.
    threshold : float, optional
        The line not to be crossed, in the score's unit. By default the target of a
        score, and 0 for a change.
    unit : str
        Unit of a bare Estimate.

    Returns
    -------
    TippingPoint

    Notes
    -----
    With response rate r the score of everybody is ``r s + (1 - r) x``; the tipping
    point is the x that puts it on the threshold t: ``(t - r s) / (1 - r)``. For a
    change, those who did not answer are held to have scored like the others before,
    so that x is their score after it: ``(s0 + t - r s1) / (1 - r)``. Its interval
    carries the sampling error of the answers only.

    References
    ----------
    Yan, X., Lee, S. and Li, N. (2009). Missing data handling methods in medical device
    clinical trials. Journal of Biopharmaceutical Statistics 19, 1085-1098.
    doi:10.1080/10543400903243009

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10] * 200 + [8] * 110 + [3] * 90})
    >>> scored = nps.score(answers)
    >>> nps.tipping_point(scored, response_rate=0.5, threshold=10)
    50.0 % answered, with NPS 27.5 points (n = 400). If those who did not answer \
scored below −7.5 points (95 % CI −15.2 to 0.6), that would put NPS of everybody \
below 10.0 points: they would have to be 35.0 points below those who did.
    """
    unit = unit if isinstance(found, Estimate) else found.unit
    label = "NPS" if isinstance(found, Estimate) else found.label
    rate = (
        response_rate.rate
        if isinstance(response_rate, ResponseRates)
        else response_rate
    )
    if threshold is None:
        threshold = 0.0 if isinstance(found, Change) else getattr(found, "target", None)
    reason = _why_not(found, rate, threshold)
    if reason or rate is None or threshold is None:
        return _none(reason, unit, label)
    _checks.in_range(rate, "response_rate", 0, 1, ends="()")
    if isinstance(found, Change):
        return _of_change(found, float(rate), threshold)
    e = found if isinstance(found, Estimate) else found.overall
    if e is None:
        return _none(_NO_SCORE, unit, label)
    return _of_level(e, float(rate), threshold, unit, label)


_NO_SCORE = "There is no score to undo, so there is no tipping point."


def _why_not(found: object, rate: float | None, threshold: float | None) -> str:
    if rate is None or np.isnan(rate):
        return (
            "The response rate is not known, so it cannot be told how people who did "
            "not answer would have to score to matter."
        )
    if getattr(found, "overall", found) is None:
        return _NO_SCORE
    return (
        "No target was given, so there is no tipping point."
        if threshold is None
        else ""
    )


def _of_level(
    e: Estimate, rate: float, threshold: float, unit: str, label: str
) -> TippingPoint:
    """A score against a threshold; the interval keeps its ends."""

    def tip(score: float) -> float:
        return (threshold - rate * score) / (1 - rate)

    def whole(silent: np.ndarray) -> pd.DataFrame:
        rest = (1 - rate) * silent
        ends = {"estimate": e.estimate, "ci_lower": e.ci_lower, "ci_upper": e.ci_upper}
        return pd.DataFrame({k: rate * value + rest for k, value in ends.items()})

    silent, marks = _grid(tip(e.estimate), e.estimate, unit)
    return TippingPoint(
        table=_table(silent, marks, whole(silent)), unit=unit, tip=tip(e.estimate),
        ci_lower=_within(tip(e.ci_upper), unit), answered=e.estimate,
        ci_upper=_within(tip(e.ci_lower), unit),
        gain=e.estimate - threshold, rate=rate, threshold=threshold,
        sure=not e.ci_lower <= threshold <= e.ci_upper, change=False, n=e.n,
        label=label, confidence_level=e.confidence_level, method=_METHOD,
        assumptions=_assumptions(rate),
    )  # fmt: skip


def _of_change(found: Change, rate: float, threshold: float) -> TippingPoint:
    """A change: those who did not answer scored like the others before it."""
    first, last, moved = found.first, found.last, found.overall
    if first is None or last is None or moved is None:
        return _none(_NO_SCORE, found.unit, found.label)
    v0, v1 = first.centre_se**2, last.centre_se**2
    shared = (v0 + v1 - moved.std_error**2) / 2
    spread = max(0.0, v0 + rate**2 * v1 - 2 * rate * shared) ** 0.5
    level = found.confidence_level
    half = float(stats.t.isf((1 - level) / 2, moved.df)) * spread
    tip = (first.estimate + threshold - rate * last.estimate) / (1 - rate)
    silent, marks = _grid(tip, last.estimate, found.unit)
    centre = rate * last.estimate + (1 - rate) * silent - first.estimate
    whole = pd.DataFrame(
        {"estimate": centre, "ci_lower": centre - half, "ci_upper": centre + half}
    )
    return TippingPoint(
        table=_table(silent, marks, whole), unit=found.unit, tip=tip,
        ci_lower=_within(tip - half / (1 - rate), found.unit),
        ci_upper=_within(tip + half / (1 - rate), found.unit),
        answered=last.estimate, gain=moved.estimate - threshold, rate=rate,
        threshold=threshold, sure=not moved.ci_lower <= threshold <= moved.ci_upper,
        change=True, n=last.n, label=found.label, confidence_level=level,
        method=f"{_METHOD} Before the change they are held to have scored like those "
        "who answered.",
        assumptions=_assumptions(rate),
    )  # fmt: skip


def _within(score: float, unit: str) -> float:
    """The nearest score that people can give."""
    low, high = RANGE.get(unit, (-np.inf, np.inf))
    return float(min(max(score, low), high))


def _grid(tip: float, answered: float, unit: str) -> tuple[np.ndarray, list[str]]:
    """Supposed scores in order, with the two that have a name."""
    wide = 2 * abs(tip - answered) or 1.0
    low, high = RANGE.get(unit, (answered - wide, answered + wide))
    named = {answered: ALIKE}
    if low <= tip <= high:
        named = {answered: ALIKE, tip: TIP}
    plain = np.linspace(low, high, STEPS)
    silent = np.unique([*plain, *named])
    return silent, [named.get(float(x), "") for x in silent]


def _table(silent: np.ndarray, marks: list[str], whole: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame({"silent": silent, **whole.to_dict("series"), "mark": marks})


_METHOD = (
    "Score of everybody = response rate x those who answered + the rest x those who "
    "did not; the interval carries the sampling error of the answers only."
)


def _assumptions(rate: float) -> tuple[Assumption, ...]:
    return (
        Assumption(
            text="The response rate "
            f"({_format.quantity(rate, 'share')}) is that of the people the score is "
            "to speak for.",
            quality="medium", impact="medium",
        ),
    )  # fmt: skip


def _none(reason: str, unit: str, label: str) -> TippingPoint:
    nan = float("nan")
    return TippingPoint(
        table=pd.DataFrame(), unit=unit, tip=nan, ci_lower=nan, ci_upper=nan,
        answered=nan, gain=nan, rate=nan, threshold=nan, sure=False, change=False, n=0,
        label=label, confidence_level=0.95, reason=reason,
    )  # fmt: skip
