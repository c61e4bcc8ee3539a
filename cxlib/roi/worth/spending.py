"""What a customer may cost to win or to keep, and what to solve first."""

from __future__ import annotations

from collections.abc import Sequence

from cxlib.result import Result
from cxlib.roi import _words
from cxlib.roi.worth.cost_to_serve import CostToServe
from cxlib.roi.worth.lifetime_values import LifetimeValues
from cxlib.roi.worth.repeat_values import RepeatValues

NEW = "value of a new customer after the first"


def spending(results: Sequence[Result]) -> str:
    """Say what winning a customer may cost, and which contacts to solve first.

    Parameters
    ----------
    results : sequence of Result
        Of `lifetime_value`, `repeat_value` and `cost_to_serve`; others say nothing.

    Returns
    -------
    str

    Notes
    -----
    The limit is the lower end of the interval: what costs less pays even if the
    estimate is that much too high. It counts the margin of the horizon only. Where
    customers were here before the data begin, the value is that of keeping one whole,
    not of winning one.

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> found = roi.lifetime_value(simulate.periods(300, rng=1), margin=0.4)
    >>> spending([found]).partition(" may cost")[0]
    'Not losing a customer who stays until they leave'
    >>> spending([])
    'Nothing was given that says what a customer is worth.'
    """
    said = [sentence for one in results if (sentence := _told(one))]
    nothing = "given" if not results else "found"
    return (
        " ".join(said) or f"Nothing was {nothing} that says what a customer is worth."
    )


def _told(result: Result) -> str:
    if isinstance(result, LifetimeValues) and not result.reason:
        low = float(result.table["ci_lower"].iloc[0])
        new = result.known_tenure and result.start_age == 0
        verb = "Winning" if new else "Not losing"
        who = f"{verb} a customer who stays until they leave"
        return _limit(who, low, result.horizon, result.currency)
    if isinstance(result, RepeatValues) and not result.reason:
        lowest = result.table.set_index("quantity")["ci_lower"].to_dict()
        if NEW not in lowest:
            return ""
        low = float(lowest[NEW])
        who = "Winning a customer who buys when they like"
        return _limit(who, low, result.horizon, result.currency)
    if isinstance(result, CostToServe) and not result.reason:
        return _first(result)
    return ""


def _limit(who: str, low: float, years: float, currency: str) -> str:
    if not low > 0:
        return f"{who} cannot be shown to pay."
    most = _words.money(low, currency)
    return (
        f"{who} may cost up to {most}, the least they are likely "
        f"to bring in {_words.years(years)}."
    )


def _first(result: CostToServe) -> str:
    """Name the theme whose repeats cost most."""
    rows = result.table[result.table["status"] == "shown"]
    themes = rows[rows["theme"] != "all themes"].dropna(subset=["repeat_amount"])
    if themes.empty or not themes["repeat_amount"].max() > 0:
        return ""
    most = themes.sort_values("repeat_amount", ascending=False).to_dict("records")[0]
    size = _words.money(float(most["repeat_amount"]), result.currency)
    return f"Solve {most['theme']} at the first contact first: its repeats cost {size}."
