"""From results to the sentence a decision can start from, and what to mind."""

from __future__ import annotations

import pandas as pd

from cxlib import _format
from cxlib.nps import _words
from cxlib.nps._change_rows import ALL
from cxlib.nps._suppress import is_hidden
from cxlib.nps.change import Change
from cxlib.nps.score import Score
from cxlib.nps.segments import SegmentScores
from cxlib.nps.sensitivity import REPORTED, Sensitivity
from cxlib.nps.trend import Trend

MOVED_SHARE = 0.5


def decision(score: Score, segments: SegmentScores, change: Change) -> str:
    """Say in a sentence or two where to act first, and why.

    Parameters
    ----------
    score : Score
    segments : SegmentScores
    change : Change

    Returns
    -------
    str

    Notes
    -----
    In this order: the verdict against the target; a segment whose own score moved
    beyond noise between the waves; the segment furthest below the rest beyond noise;
    else that nothing stands out. All tests are the corrected ones of the results.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10, 3] * 40, "plan": ["a", "b"] * 40})
    >>> print(nps.decision(
    ...     nps.score(answers), nps.by_segment(answers, "plan"), nps.change(answers, "")
    ... ))
    Look first at b: it scores −100.0 points (95 % CI −100.0 to −83.6, n = 40), the \
furthest below the rest.
    """
    parts = [_target(score), _moved(change) or _lowest(segments)]
    told = " ".join(part for part in parts if part)
    return told or (
        "Nothing calls for action by segment: no segment stands below the rest and "
        "none changed beyond noise."
    )


def caveats(
    score: Score,
    segments: SegmentScores,
    change: Change,
    sensitivity: Sensitivity,
    *,
    trend: Trend | None = None,
) -> list[str]:
    """List what a reader must know before acting.

    Parameters
    ----------
    score, segments, change, sensitivity
        Results of one survey.
    trend : Trend, optional
        All waves: says where the two compared are the highest and the lowest.

    Returns
    -------
    list of str
        Only what applies to these data.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> a = pd.DataFrame({"score": [10, 3, 8] * 4, "plan": ["a", "b", "b"] * 4})
    >>> found = nps.caveats(
    ...     nps.score(a), nps.by_segment(a, "plan"), nps.change(a, ""),
    ...     nps.sensitivity(a),
    ... )
    >>> found[1]
    'Only 12 answers: an indication, not a measurement.'
    """
    told = [
        "Weights balance who answered; inside their cells nothing corrects for it."
        if score.weighted
        else "Those who did not answer may score differently; nothing corrects for it.",
        _small(score),
        _hidden(segments),
        _noise(change),
        _picked(change, trend),
        _weights(sensitivity, score),
    ]
    return [one for one in told if one]


def _target(score: Score) -> str:
    if score.target is None:
        return ""
    aim = _format.quantity(score.target, score.unit)
    if score.verdict == "cannot tell":
        return (
            f"Do not report the target of {aim} as met or missed: the data cannot tell."
        )
    met = "met" if score.verdict == "above" else "missed"
    return f"The target of {aim} is {met}."


def _moved(change: Change) -> str:
    """The segment whose own score moved most beyond noise, or the total."""
    t = change.table
    if t.empty or change.overall is None:
        return ""
    level = 1 - change.confidence_level
    own = t[(t["component"] == "change") & (t["segment"] != ALL)]
    real = own[own["pvalue_adj"] < level]
    waves = f"from {change.waves[0]} to {change.waves[1]}"
    gap = _format.difference_unit(change.unit)
    if not real.empty:
        top = real.iloc[int(real["estimate"].abs().argmax())].to_dict()
        size = _words.with_interval(
            top["estimate"], top["ci_lower"], top["ci_upper"], gap,
            change.confidence_level, signed=True,
        )  # fmt: skip
        fell = top["estimate"] < 0
        act = "Look first at" if fell else "Find out what went well at"
        return f"{act} {top['segment']}: its score changed by {size} {waves}."
    if change.overall.pvalue < level:
        whole = change.overall
        size = _words.with_interval(
            whole.estimate, whole.ci_lower, whole.ci_upper, gap,
            change.confidence_level, signed=True,
        )  # fmt: skip
        where = "; no single segment explains it" if change.by else ""
        return f"Find out why {change.label} changed by {size} {waves}{where}."
    return ""


def _lowest(segments: SegmentScores) -> str:
    """The segment furthest below the rest."""
    if segments.reason:
        return ""
    below: pd.DataFrame = segments.differing
    below = below[below["effect_size"] < 0]
    if below.empty:
        return ""
    low = below.iloc[int(below["effect_size"].argmin())]
    scored = _words.with_interval(
        low["estimate"], low["ci_lower"], low["ci_upper"], segments.unit,
        segments.overall.confidence_level, low["n"],
    )  # fmt: skip
    name = low["segment"]
    return f"Look first at {name}: it scores {scored}, the furthest below the rest."


def _small(score: Score) -> str:
    n = score.overall.n
    few = n < _words.SMALL_BASE
    return f"Only {n:,} answers: an indication, not a measurement." if few else ""


def _hidden(segments: SegmentScores) -> str:
    if segments.table.empty:
        return ""
    hidden = int(segments.table["status"].map(is_hidden).sum())
    if not hidden:
        return ""
    verb = "is" if hidden == 1 else "are"
    many = _words.plural(hidden, "segment")
    return f"{many} {verb} hidden to protect the few people who answered there."


def _noise(change: Change) -> str:
    if change.overall is None or change.overall.pvalue < 1 - change.confidence_level:
        return ""
    return (
        f"The change from {change.waves[0]} to {change.waves[1]} is within noise: do "
        "not explain it."
    )


def _picked(change: Change, trend: Trend | None) -> str:
    """Two waves that are the extremes of a series look further apart than they are."""
    if trend is None or change.overall is None:
        return ""
    seen = trend.table.dropna(subset=["estimate"]).set_index("wave")["estimate"]
    ends = {seen.idxmax(), seen.idxmin()} if len(seen) > 2 else set()
    if ends != set(change.waves):
        return ""
    first, last = change.waves
    return (
        f"{first} and {last} are the highest and the lowest of {len(seen)} waves: if "
        "they were picked for that, their gap is larger than what will last."
    )


def _weights(sensitivity: Sensitivity, score: Score) -> str:
    """A choice that moves the score by much of its interval."""
    t = sensitivity.table
    other = t[~t["group"].isin([REPORTED, "cut points"])]
    if other.empty:
        return ""
    top = other.iloc[int(other["moved"].abs().argmax())]
    half = (score.overall.ci_upper - score.overall.ci_lower) / 2
    if abs(top["moved"]) <= MOVED_SHARE * half:
        return ""
    gap = _format.difference_unit(score.unit)
    size = _format.quantity(top["moved"], gap, signed=True)
    choice = top["choice"]
    return f"{score.label} depends on a choice: {choice} it would move by {size}."
