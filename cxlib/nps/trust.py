"""From who is missing to the sentence a decision can start from."""

from __future__ import annotations

from cxlib import _format
from cxlib.nps import _words
from cxlib.nps._followed import Transitions
from cxlib.nps._gap import FeatureGap
from cxlib.nps._moved import Weighted
from cxlib.nps.score import Score
from cxlib.nps.tipping import TippingPoint
from cxlib.nps.whole_base import WholeBase

_MET = {"above": "met", "below": "missed", "cannot tell": "neither met nor missed"}


def survey_decision(score: Score, weighted: Weighted) -> str:
    """Say which score may be reported, and whether the target stands.

    Parameters
    ----------
    score : Score
        Of the answers as they came.
    weighted : Raking or Nonresponse
        The best-informed weighting at hand; one without numbers is allowed.

    Returns
    -------
    str

    Notes
    -----
    Weights that moved the score beyond noise: the weighted one is to be reported.
    Within noise, or with the same verdict on the target: either will do.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10, 3] * 40})
    >>> print(nps.survey_decision(nps.score(answers), nps.rake(answers, {})))
    Report NPS of 0.0 points (95 % CI −21.3 to 21.3, n = 80) as the score of those who \
answered, not of all customers: nothing here says who is missing.
    """
    plain = _words.estimate_text(score.overall, score.unit)
    name, new = score.label, weighted.overall
    if new is None:
        told = (
            f"Report {name} of {plain} as the score of those who answered, not of all "
            "customers: nothing here says who is missing."
        )
        return " ".join(one for one in (told, _target(score, weighted)) if one)
    row = weighted.table.iloc[2]
    size = _words.with_interval(
        row["estimate"], row["ci_lower"], row["ci_upper"], str(row["unit"]),
        new.confidence_level, signed=True,
    )  # fmt: skip
    if row["ci_lower"] <= 0 <= row["ci_upper"]:
        told = (
            f"Report {name} as it came, {plain}: weighting for who answered moves it "
            f"by {size}, within noise."
        )
    else:
        told = (
            f"Report {name} weighted for who answered, "
            f"{_words.estimate_text(new, score.unit)}: those who answered are not like "
            f"the customers, and the weights moved the score by {size}."
        )
    return " ".join(one for one in (told, _target(score, weighted)) if one)


def survey_caveats(
    score: Score,
    weighted: Weighted,
    base: WholeBase,
    tip: TippingPoint,
    moves: Transitions,
    gap: FeatureGap,
) -> list[str]:
    """List what a reader must know before trusting the score.

    Parameters
    ----------
    score, weighted, base, tip, moves, gap
        Results of one survey; those without numbers are allowed.

    Returns
    -------
    list of str
        Only what applies to these data.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> a = pd.DataFrame({"score": [10, 3, 8] * 40})
    >>> scored, none = nps.score(a), nps.rake(a, {})
    >>> nps.survey_caveats(
    ...     scored, none, nps.whole_base(a, None, covariates=[]),
    ...     nps.tipping_point(scored, response_rate=None), nps.transitions(a, "", ""),
    ...     nps.feature_gap(a, "", []),
    ... )
    ['Those who did not answer may score differently; nothing corrects for it.']
    """
    told = [
        "Weights mend who answered between the groups they know; people who differ "
        "inside a group stay unmended."
        if weighted.overall is not None or score.weighted
        else "Those who did not answer may score differently; nothing corrects for it.",
        _few(score),
        _tipped(tip, base),
        _lost(moves),
        _association(gap),
    ]
    return [one for one in told if one]


def _target(score: Score, weighted: Weighted) -> str:
    """The verdict on the target, and whether the weights changed it."""
    if score.target is None:
        return ""
    aim = _format.quantity(score.target, score.unit)
    before = score.verdict
    if weighted.overall is None:
        return f"For them the target of {aim} is {_MET[before]}."
    after = _words.verdict(weighted.overall, score.target)[1]
    if before == after:
        return f"Either way the target of {aim} is {_MET[after]}."
    return (
        f"Weighted, the target of {aim} is {_MET[after]}; by the answers as they came "
        f"it is {_MET[before]}."
    )


def _few(score: Score) -> str:
    n = score.overall.n
    few = n < _words.SMALL_BASE
    return f"Only {n:,} answers: an indication, not a measurement." if few else ""


def _tipped(tip: TippingPoint, base: WholeBase) -> str:
    """Whether what is predicted for the silent lies on the far side of the tip."""
    if tip.reason or base.silent is None:
        return ""
    silent = base.silent.estimate
    if (silent - tip.tip) * tip.gain >= 0:
        return ""
    line, point = (
        _format.quantity(value, tip.unit) for value in (tip.threshold, tip.tip)
    )
    side = "below" if tip.gain > 0 else "above"
    guess = _format.quantity(silent, tip.unit)
    return (
        f"{tip.label} of everybody is {side} {line} if those who did not answer score "
        f"{side} {point}; {guess} is predicted for them."
    )


def _lost(moves: Transitions) -> str:
    """Most people of the first wave did not answer again."""
    if moves.reason or moves.n_gone <= moves.n_both:
        return ""
    share = _format.quantity(moves.n_gone / (moves.n_gone + moves.n_both), "share")
    return (
        f"{share} of those followed from {moves.waves[0]} did not answer in "
        f"{moves.waves[1]}: what the others did need not hold for them."
    )


def _association(gap: FeatureGap) -> str:
    if gap.reason or gap.assigned:
        return ""
    return (
        f"The gap with {gap.feature} is an association: it does not say what giving "
        "it to others would bring."
    )
