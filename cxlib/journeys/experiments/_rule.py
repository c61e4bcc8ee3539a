"""The rule from verdicts to one recommendation, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from cxlib.journeys import _words

Choice = Literal["ship", "hold", "roll back", "keep running", "no verdict"]
ORDER = ("ship", "keep running", "hold", "roll back", "no verdict")
EARLY = "the planned number of users is not reached"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What besides the verdicts decides.

    Attributes
    ----------
    ship_if, trade_off : str
        See `criteria`.
    reached : bool
        Whether the planned number of users is there, or none was planned.
    blocked : frozenset of str
        Survey metrics whose respondents differ and whose bounds settle nothing.
    bounded : bool
        Whether bounds were at hand for them.
    """

    ship_if: str = "any"
    trade_off: str = "hold"
    reached: bool = True
    blocked: frozenset[str] = frozenset()
    bounded: bool = False


def choose(rows: pd.DataFrame, given: Given) -> tuple[Choice, str]:
    """Apply the rule to one treatment's verdicts; `worth` as in `worth`."""
    main, guards = rows[rows["role"] == "decision"], rows[rows["role"] == "guardrail"]
    better = _names(main, "better")
    worse = _names(main, "worse") + _names(guards, "worse")
    open_guards = _names(guards[guards["margin"].notna()], "cannot tell")
    unsettled = _names(main, "cannot tell") + open_guards
    if worse:
        return _harm(better, worse, given)
    if main.empty:
        return "hold", "no decision metric is declared"
    if better and not open_guards:
        return _gain(better, main, guards, given)
    if unsettled:
        gained = f"{_are(better)} better, but " if better else ""
        withheld = open_guards if better else unsettled
        return "keep running", f"{gained}{_withheld(withheld, given)}"
    safe = f"{_are(_names(main, 'not worse'))} not worse, but no gain is shown"
    early = "" if given.reached else f" and {EARLY}"
    return ("keep running" if early else "hold"), f"{safe}{early}"


def worth(row: pd.Series, min_effect: float | None, by: str) -> str:
    """Say whether a gain is worth shipping: yes, open, small; '' where undeclared."""
    if min_effect is None:
        return ""
    sign = 1 if row["direction"] == "increase" else -1
    ends = [row["effect_size_ci_lower"], row["effect_size_ci_upper"]]
    low, high = sorted(sign * end for end in ends)
    shown = sign * row["effect_size"] if by == "estimate" else low
    if shown >= min_effect:
        return "yes"
    return "small" if high < min_effect else "open"


def _harm(better: list[str], worse: list[str], given: Given) -> tuple[Choice, str]:
    """Weigh a loss: alone it rolls back, beside a gain a person has to decide."""
    if not better:
        return "roll back", f"{_are(worse)} worse"
    reason = f"{_are(better)} better but {_are(worse)} worse"
    if given.trade_off == "roll back":
        return "roll back", reason
    return "hold", f"{reason}, which must be weighed"


def _gain(
    better: list[str], main: pd.DataFrame, guards: pd.DataFrame, given: Given
) -> tuple[Choice, str]:
    """Weigh a gain: shown where the rule asks for it, large enough, and on time."""
    every = given.ship_if == "all"
    missing = [str(name) for name in main["metric"] if name not in better]
    if every and missing:
        asked = f"{_are(better)} better, but the rule asks for every decision metric"
        unsettled = _names(main, "cannot tell")
        if unsettled:
            return "keep running", f"{asked} and {_withheld(unsettled, given)}"
        return "hold", f"{asked} and no gain is shown in {_words.listed(missing)}"
    gains = main[main["metric"].isin(better)]
    doubt = gains[gains["worth"].isin(["open", "small"])]
    if len(doubt) and (every or len(doubt) == len(gains)):
        return _doubtful(better, doubt)
    if not given.reached:
        return "keep running", f"{_are(better)} better, but {EARLY}"
    return "ship", _ship(better, main, guards, doubt)


def _doubtful(better: list[str], doubt: pd.DataFrame) -> tuple[Choice, str]:
    """Say that a gain is real and may not, or does not, reach what is worth it."""
    least = "the smallest worth shipping"
    unsure = [str(name) for name in doubt.loc[doubt["worth"] == "open", "metric"]]
    if unsure:
        return "keep running", (
            f"{_are(better)} better, but the data so far do not exclude a gain in "
            f"{_words.listed(unsure)} below {least}"
        )
    small = [str(name) for name in doubt["metric"]]
    reason = f"{_are(better)} better, but the gain in {_words.listed(small)} is below"
    return "hold", f"{reason} {least}"


def _ship(
    better: list[str], main: pd.DataFrame, guards: pd.DataFrame, doubt: pd.DataFrame
) -> str:
    """Say what carries the launch, and what remains open."""
    said = [f"{_are(better + _names(guards, 'better'))} better"]
    safe = _names(guards, "not worse")
    if safe:
        said.append(f"{_are(safe)} not worse")
    if len(doubt):
        names = _words.listed(doubt["metric"])
        said.append(f"the gain in {names} may be below the smallest worth shipping")
    loose = _names(main, "cannot tell") + _names(guards, "cannot tell")
    if loose:
        said.append(f"nothing can be said yet about {_words.listed(loose)}")
    return ", ".join(said)


def _names(rows: pd.DataFrame, verdict: str) -> list[str]:
    return [str(name) for name in rows.loc[rows["verdict"] == verdict, "metric"]]


def _are(names: Sequence[str]) -> str:
    return f"{_words.listed(names)} {'is' if len(names) == 1 else 'are'}"


def _withheld(names: Sequence[str], given: Given) -> str:
    """Say why nothing can be said about these metrics."""
    blocked = [name for name in names if name in given.blocked]
    wide = [name for name in names if name not in given.blocked]
    said = []
    if wide:
        said.append(
            f"the data so far allow both a gain and a loss on {_words.listed(wide)}"
        )
    if blocked:
        also = ", and bounds do not settle it" if given.bounded else ""
        said.append(
            f"{_words.listed(blocked)} cannot be read, because the variants drew "
            f"different respondents{also}"
        )
    return ", and ".join(said)
