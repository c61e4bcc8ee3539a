"""What to do, and what to keep in mind while doing it, in sentences."""

from __future__ import annotations

from cxlib.roi import _words
from cxlib.roi.regressions.checks import Diagnosis
from cxlib.roi.regressions.outcomes import Fits
from cxlib.roi.worth.declared import DeclaredPoint
from cxlib.roi.worth.value import PointValue

ESTIMATED, PLACEBO = "estimated", "placebo lead"
_TOLD = {ESTIMATED, PLACEBO, "comparison", "order in time", "unmeasured causes"}


def decision(value: PointValue) -> str:
    """Say what a score point may cost.

    Parameters
    ----------
    value : PointValue

    Returns
    -------
    str
        Without a value, that no investment can be argued from these data.

    Notes
    -----
    The break-even of a point is the lower end of its interval: what costs less pays
    even if the estimate is that much too high. It is an association where the value
    is one, and said so.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> fits = roi.fit_outcomes(simulate.periods(300, rng=1), ["revenue"])
    >>> value = roi.point_value(fits, margin=0.4)
    >>> decision(value).partition(" is ")[0]
    'A point'
    """
    if value.terms is None:
        return f"No investment can be argued from these data: {value.reason}."
    row = value.total
    low, size = (
        _words.money(row[name], value.currency) for name in ("ci_lower", "estimate")
    )
    word = "" if row["reading"] == "effect" else ", if the association is an effect"
    pays = (
        f"A point is worth {size} per customer and year{word}, and what raises the "
        f"score for less than {low} per point, customer and year pays"
        if row["ci_lower"] > 0
        else f"The value of a point ({size}) cannot be told from zero"
    )
    if value.left_out:
        pays += f"; not counted: {_words.listed(list(value.left_out))}"
    return f"{pays}."


def caveats(fits: Fits, diagnosis: Diagnosis) -> list[str]:
    """List what a reader must know before acting on the regressions.

    Parameters
    ----------
    fits : Fits
    diagnosis : Diagnosis

    Returns
    -------
    list of str
        What was refused, what is no more than an association, and each check that
        did not pass; empty where there is nothing to say.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(300, rng=1)
    >>> fits = roi.fit_outcomes(panel, ["retained"])
    >>> caveats(fits, roi.diagnose(panel, fits))[0].split(":")[0]
    'Retained is an association'
    """
    said = [f"Not estimated: {reason}" for _, reason in fits.refused]
    for outcome, word in diagnosis.wording.items():
        if word == "association":
            name = _words.started(outcome)
            said.append(f"{name} is an association: {diagnosis.why[outcome]}.")
    odd = diagnosis.table[
        (diagnosis.table["status"] != "pass") & ~diagnosis.table["check"].isin(_TOLD)
    ]
    for check, rows in odd.groupby("check", sort=False):
        names = _words.listed([_words.plain(o) for o in rows["outcome"].unique()])
        detail = rows["detail"].iloc[0].rstrip(".")
        said.append(f"{_words.started(str(check))} ({names}): {detail}.")
    return said


def not_counted(value: PointValue | DeclaredPoint) -> list[str]:
    """List what the value of a point does not count, for who plans with it.

    Parameters
    ----------
    value : PointValue or DeclaredPoint

    Returns
    -------
    list of str
        One sentence, or none.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> fits = roi.fit_outcomes(simulate.periods(300, rng=1), ["revenue"])
    >>> not_counted(roi.point_value(fits, margin=0.4))
    ['The value of a point does not count cost to serve and customers kept.']
    """
    if not isinstance(value, PointValue) or not value.left_out:
        return []
    return [
        f"The value of a point does not count {_words.listed(list(value.left_out))}."
    ]
