"""What to do about comparisons that nobody randomised."""

from __future__ import annotations

from cxlib.journeys import _words
from cxlib.journeys.observed.association import Association
from cxlib.journeys.observed.course import Course
from cxlib.journeys.observed.difference import DoubleChange
from cxlib.journeys.observed.periods import BeforeAfter
from cxlib.result import Result

_WAYS = {
    DoubleChange: "against the others", BeforeAfter: "against the periods beside it",
    Course: "against its own course",
}  # fmt: skip
Dated = DoubleChange | BeforeAfter | Course


def observed_decision(*results: Result) -> str:
    """Say what comparisons that nobody randomised support.

    Parameters
    ----------
    *results : Result
        Of `difference_in_differences`, `before_after`, `interrupted_series` and
        `adjusted_effect`; anything else is passed over.

    Returns
    -------
    str

    Notes
    -----
    A change is supported where every way that was tried claims it; where one does and
    another does not it is in doubt.

    Examples
    --------
    >>> observed_decision()
    'Not an experiment, and nothing could be compared: there is nothing to decide.'
    """
    dated = [one for one in results if isinstance(one, Dated)]
    users = [one for one in results if isinstance(one, Association)]
    told = ([_change(dated)] if dated else []) + [_exposure(one) for one in users]
    if not told:
        return (
            "Not an experiment, and nothing could be compared: there is nothing to "
            "decide."
        )
    return f"Not an experiment. {' '.join(told)}"


def observed_caveats(*results: Result) -> list[str]:
    """Say what a reader must know before acting on them.

    Parameters
    ----------
    *results : Result
        As in `observed_decision`.

    Returns
    -------
    list of str

    Examples
    --------
    >>> observed_caveats()
    []
    """
    found = []
    if any(isinstance(one, Dated) for one in results):
        found.append(
            "Whatever else changed on the same day is part of every before and after."
        )
    users = [one for one in results if isinstance(one, Association)]
    found += [
        f"What goes with {one.exposure} may be its cause, or have the same one."
        for one in users
        if one.verdict != "effect"
    ]
    return found


def _change(dated: list[Dated]) -> str:
    first = dated[0]
    sure = [_WAYS[type(one)] for one in dated if one.claimed]
    not_sure = [_WAYS[type(one)] for one in dated if not one.claimed]
    what = f"A change of {first.metric} at {first.at}"
    if not sure:
        return (
            f"{what} is not claimed: {_words.listed(first.reasons)}; do not act on it "
            "as if it were."
        )
    if not_sure:
        return (
            f"{what} is in doubt: seen {_words.listed(sure)}, not "
            f"{_words.listed(not_sure)}; look closer before acting on it."
        )
    row = first.table.iloc[0]
    size = _words.effect(row, first.unit, first.confidence_level, "")
    return (
        f"{what} is supported {_words.listed(sure)}, {size}: find its cause, and put "
        "the remedy to a test."
    )


def _exposure(found: Association) -> str:
    if found.verdict == "not compared":
        return f"What {found.exposure} does for {found.metric} these data cannot tell."
    row = found.row(found.headline)
    if row["effect_size_ci_lower"] <= 0 <= row["effect_size_ci_upper"]:
        return (
            f"Once like is held against like, {found.metric} does not differ clearly "
            f"with {found.exposure}."
        )
    size = _words.effect(row, found.unit, found.confidence_level, "")
    if found.verdict == "effect":
        return (
            f"{found.exposure} moves {found.metric} by {size}, as far as is declared."
        )
    return (
        f"{found.metric} goes with {found.exposure}, {size}: put it to an experiment "
        "before acting on it."
    )
