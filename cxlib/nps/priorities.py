"""From drivers to the sentence a decision can start from, and what to mind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cxlib import _format
from cxlib.nps import _words
from cxlib.nps._importance import KEEP, LOOK
from cxlib.nps.drivers import HIGH_VIF, Drivers
from cxlib.nps.linearity import Linearity

WEAK_R2 = 0.1
MUCH_DROPPED = 0.2


def driver_decision(found: Drivers, held: Linearity) -> str:
    """Say in a sentence or two where improvement is worth looking at.

    Parameters
    ----------
    found : Drivers
    held : Linearity
        Of the same drivers.

    Returns
    -------
    str

    Notes
    -----
    In this order: no drivers; drivers that explain little; drivers surely above the
    average share and below the average mean; else what goes most with the score, or
    the group that cannot be told apart. An order that hangs on linearity is said.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10, 3] * 40})
    >>> none = nps.drivers(answers, [])
    >>> print(nps.driver_decision(none, nps.linearity(answers, none)))
    Set no priorities by these data. No driver columns were given, so drivers are not \
ranked.
    """
    if found.reason:
        return f"Set no priorities by these data. {found.reason}"
    if found.r2 < WEAK_R2:
        explained = _format.quantity(found.r2, "share")
        return (
            f"Set no priorities by these drivers: together they explain {explained} of "
            "the spread of the answers."
        )
    warning = held.order_text if held.apart else ""
    return " ".join(one for one in (_look(found), warning) if one)


def driver_caveats(found: Drivers, held: Linearity) -> list[str]:
    """List what a reader must know before acting on drivers.

    Parameters
    ----------
    found : Drivers
    held : Linearity

    Returns
    -------
    list of str
        Only what applies to these data.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10, 3] * 40})
    >>> none = nps.drivers(answers, [])
    >>> nps.driver_caveats(none, nps.linearity(answers, none))
    []
    """
    if found.reason:
        return []
    told = [
        "These are associations: they do not say what improving a driver would bring. "
        "An experiment can.",
        _unsure(found),
        _overlap(found),
        _dropped(found),
        held.reason,
    ]
    return [one for one in told if one]


def _look(found: Drivers) -> str:
    """The quadrant that decides."""
    rows = found.table.to_dict("records")
    look = [row for row in rows if row["place"] == LOOK]
    if look:
        return (
            f"Look first at {look[0]['driver']}: {_share(found, look[0])}, and it is "
            f"rated {_mean(found, look[0])}, below the average of these drivers."
            + _others(look)
        )
    if len(rows) == 1:
        explained = _words.with_interval(
            found.r2, *found.r2_ci, "share", found.confidence_level, found.n
        )
        return (
            f"There is one driver, {rows[0]['driver']}, and nothing to rank: it goes "
            f"with {explained} of the spread of the answers."
        )
    placed = any(row["place"] for row in rows)
    lead = "No driver is surely both important and rated low. " if placed else ""
    keep = [str(row["driver"]) for row in rows if row["place"] == KEEP]
    kept = f" Keep up {_words.listing(keep)}, important and rated high." if keep else ""
    return f"{lead}{_leading(found, rows)}{kept}"


def _leading(found: Drivers, rows: list[dict[Any, Any]]) -> str:
    """Which driver, or which group that cannot be told apart, comes first."""
    top = rows[0]
    if top["share_first"] >= found.confidence_level:
        return f"Look into {top['driver']} first: {_share(found, top)}."
    near = [str(r["driver"]) for r in rows if r["ci_upper"] >= top["ci_lower"]]
    return (
        f"Which driver comes first cannot be told: {_words.listing(near)} lead, with "
        f"{top['driver']} at {_size(found, top)} of what the drivers explain."
    )


def _size(found: Drivers, row: Mapping[Any, Any]) -> str:
    return _words.with_interval(
        row["estimate"], row["ci_lower"], row["ci_upper"], "share",
        found.confidence_level, found.n,
    )  # fmt: skip


def _share(found: Drivers, row: Mapping[Any, Any]) -> str:
    return f"{_size(found, row)} of what the drivers explain goes with it"


def _mean(found: Drivers, row: Mapping[Any, Any]) -> str:
    return _words.with_interval(
        row["mean"], row["mean_ci_lower"], row["mean_ci_upper"], "score",
        found.confidence_level,
    )  # fmt: skip


def _others(look: list[dict[Any, Any]]) -> str:
    if len(look) == 1:
        return ""
    return f" The same holds for {_words.listing([r['driver'] for r in look[1:]])}."


def _unsure(found: Drivers) -> str:
    """How many drivers have no place."""
    placed = found.table["place"]
    open_ = found.table["driver"][placed == "cannot be placed"].tolist()
    if not open_ or len(found.table) < 2:
        return ""
    return (
        f"{_words.listing(open_)} cannot be placed: an interval reaches the average "
        "share or the average mean."
    )


def _overlap(found: Drivers) -> str:
    high = found.table["driver"][found.table["vif"] > HIGH_VIF].tolist()
    if not high:
        return ""
    return (
        f"{_words.listing(high)} overlap strongly with other drivers: what they share "
        "is split by rule, not by evidence."
    )


def _dropped(found: Drivers) -> str:
    share = found.n_dropped / (found.n + found.n_dropped)
    if share < MUCH_DROPPED:
        return ""
    return (
        f"{_format.quantity(share, 'share')} of the answers lack a driver and are left "
        "out; they may differ."
    )
