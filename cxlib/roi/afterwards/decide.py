"""What to do after the fact, and what to keep in mind while doing it."""

from __future__ import annotations

import pandas as pd

from cxlib.roi import _words
from cxlib.roi.afterwards.effort import Effort
from cxlib.roi.afterwards.interruption import Interruption
from cxlib.roi.afterwards.rollout import Staggered
from cxlib.roi.afterwards.tracked import EDITED, LATE, OVERDUE, Tracked


def tracking_decision(
    delivered: Staggered, course: Interruption, *, kept: Tracked, plans: Effort
) -> str:
    """Say what the deliveries and the record speak for.

    Parameters
    ----------
    delivered : Staggered
    course : Interruption
    kept : Tracked
    plans : Effort

    Returns
    -------
    str
        Whether to go on with the roll-out and with the change, which promises to
        measure first, and how to correct the next one.

    Examples
    --------
    >>> from cxlib import roi
    >>> none = roi.staggered(None, "revenue"), roi.interrupted(None, "revenue", at="")
    >>> record = roi.track(None, on="2026-01-01"), roi.effort(None)
    >>> tracking_decision(*none, kept=record[0], plans=record[1])
    'Nothing was given to hold against a promise.'
    """
    parts = [_rollout(delivered), _course(course), _overdue(kept), _next(kept, plans)]
    told = [part for part in parts if part]
    return " ".join(told) or "Nothing was given to hold against a promise."


def _rollout(one: Staggered) -> str:
    if one.reason:
        return ""
    row = one.worth.iloc[-1] if len(one.worth) else one.overall
    size = (
        f"{_words.money(row['estimate'], one.currency, signed=True)} of margin so far"
        if len(one.worth)
        else one.change(row)
    )
    if not one.claimed:
        return (
            f"The roll-out claims nothing yet ({_words.listed(list(one.reasons))}): "
            "measure on before going on."
        )
    good = row["estimate"] > 0
    return (
        f"The roll-out {'delivers' if good else 'costs'} ({size}, {one.ends(row)}): "
        f"{'go on where it costs less than the lower end' if good else 'stop it'}."
    )


def _course(one: Interruption) -> str:
    if one.reason:
        return ""
    row = one.worth.iloc[-1] if len(one.worth) else one.main
    size = f"{one.change(row)}, {one.ends(row)}"
    if not one.claimed:
        return (
            f"Nothing is claimed of the change at {one.at} "
            f"({_words.listed(list(one.reasons))})."
        )
    return f"The change at {one.at} can be seen in its series ({size})."


def _overdue(one: Tracked) -> str:
    late = one.of(OVERDUE)
    if not len(late):
        return ""
    names = _words.listed(list(dict.fromkeys(late["initiative"]))[:3])
    return f"First measure what is overdue: {names}."


def _next(kept: Tracked, plans: Effort) -> str:
    parts = []
    if kept.shrink < 1:
        parts.append(f"promise {kept.shrink:.2f} of what it says")
    width = kept.width
    if not pd.isna(width.ci_lower) and width.ci_lower > 1:
        parts.append(f"make the intervals {width.estimate:.1f} times as wide")
    parts += [
        f"plan {row['estimate']:.1f} times the {row['kind']}"
        for _, row in plans.table.iterrows()
        if row["ci_lower"] > 1
    ]
    if not parts:
        return ""
    return f"In the next business case {_words.listed(parts)}."


def tracking_caveats(
    delivered: Staggered, course: Interruption, *, kept: Tracked
) -> list[str]:
    """List what a reader must know before acting on the deliveries.

    Parameters
    ----------
    delivered : Staggered
    course : Interruption
    kept : Tracked

    Returns
    -------
    list of str
        Empty where there is nothing to say.

    Examples
    --------
    >>> from cxlib import roi
    >>> none = roi.staggered(None, "revenue"), roi.interrupted(None, "revenue", at="")
    >>> tracking_caveats(*none, kept=roi.track(None, on="2026-01-01"))
    []
    """
    said = []
    if not delivered.reason:
        said.append(
            "Nobody drew which units came first: a silent placebo is the absence of a "
            "warning, no proof."
        )
    late = delivered.left_out
    if len(late):
        said.append(
            f"{len(late)} cells of cohort and period could not be compared "
            f"({'; '.join(sorted(set(late['reason'])))})."
        )
    if not course.reason:
        said.append(
            f"Whatever else changed at {course.at} is counted with the change there."
        )
    for status in (EDITED, LATE):
        rows = kept.of(status)
        if len(rows):
            names = _words.listed(rows["claim_id"].tolist()[:5])
            said.append(f"Promises {status}, left out: {names}.")
    if len(kept.table) and kept.n_unsealed:
        said.append(
            f"{kept.n_unsealed} promises bear no seal: an edit would not be seen."
        )
    return said
