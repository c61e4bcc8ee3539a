"""What would change a recommendation: how far each verdict is from turning."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _format
from cxlib.journeys import _words
from cxlib.journeys.experiments._rule import Choice

POWER = 0.8
MAX_FACTOR = 20
COLUMNS = [
    "treatment_arm", "metric", "role", "verdict", "unit", "slack", "slack_se",
    "n", "n_more", "turns_to", "sentence",
]  # fmt: skip
Rule = Callable[[pd.DataFrame], Choice]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One metric's effect, in the direction that is better.

    `reach` is the distance from the gain to its worst end, `z` the normal quantile of
    that interval and `strict` the one after correction for the family.
    """

    gain: float
    low: float
    high: float
    reach: float
    margin: float
    z: float
    strict: float

    @property
    def std_error(self) -> float:
        """Error that the interval implies."""
        return self.reach / self.z

    @property
    def strict_high(self) -> float:
        """Best end after correction for the family."""
        return self.gain + (self.high - self.gain) * self.strict / self.z

    @property
    def narrow(self) -> bool:
        """Whether a loss of the margin would itself be told from none."""
        return self.strict_high - self.low < self.margin


def seen(row: pd.Series, alpha: float) -> Seen:
    """Read an effect from a comparison's row."""
    sign = 1 if row["direction"] == "increase" else -1
    ends = [row["effect_size_ci_lower"], row["effect_size_ci_upper"]]
    low, high = sorted(sign * end for end in ends)
    p, adjusted = float(row["pvalue"]), float(row["pvalue_adj"])
    times = adjusted / p if p > 0 and np.isfinite(adjusted) else 1.0
    tail = alpha / 2
    return Seen(
        gain=sign * row["effect_size"], low=low, high=high,
        reach=max(sign * row["effect_size"] - low, 1e-300), margin=float(row["margin"]),
        z=float(stats.norm.isf(tail)),
        strict=float(stats.norm.isf(tail / max(1.0, times))),
    )  # fmt: skip


def changes(
    rows: pd.DataFrame, rule: Rule, *, alpha: float, blocked: frozenset[str],
    least: Mapping[str, float | None], by: str,
) -> pd.DataFrame:  # fmt: skip
    """Return, for each metric that can turn the choice, how; the closest first."""
    if not {"effect_size_ci_lower", "pvalue"} <= set(rows.columns):
        return pd.DataFrame(columns=COLUMNS)
    now, found = rule(rows), []
    for at, row in rows.iterrows():
        if row["role"] == "exploratory" or row["metric"] in blocked:
            continue
        if not np.isfinite(row["effect_size_ci_lower"]):
            continue
        it = seen(row, alpha)
        turned, new_worth = _next(row, it)
        other = rows.copy()
        other.loc[at, ["verdict", "worth"]] = [turned, new_worth]
        choice = rule(other)
        if choice == now:
            continue
        found.append(_turn(row, it, (turned, choice), least.get(row["metric"]), by))
    table = pd.DataFrame(found, columns=COLUMNS)
    return table.sort_values(
        ["slack_se", "n_more"], kind="stable", na_position="last", ignore_index=True
    )


def _next(row: pd.Series, it: Seen) -> tuple[str, str]:
    """Return the verdict (and worth) that a row would turn to."""
    within = np.isfinite(row["margin"])
    if row["verdict"] == "better" and row["role"] == "decision":
        if row["worth"]:
            return "better", "open" if row["worth"] == "yes" else "yes"
        return ("not worse" if within else "cannot tell"), ""
    if row["verdict"] != "cannot tell":
        past = "not worse" if row["verdict"] == "worse" else "worse"
        return (past if it.narrow else "cannot tell"), ""
    if row["role"] == "decision" and it.gain > 0:
        return "better", "yes" if row["worth"] else ""
    if within and it.gain + it.margin > 0:
        return "not worse", ""
    return ("worse" if it.gain < 0 else row["verdict"]), ""


def _turn(
    row: pd.Series, it: Seen, to: tuple[str, Choice], least: float | None, by: str
) -> dict[str, Any]:
    """Return how far one metric is from turning the choice, in effect or in users."""
    turned, choice = to
    n = float(row["n_exposed_control"] + row["n_exposed_treatment"])
    slack, n_more = float("nan"), float("nan")
    waits = row["verdict"] == "cannot tell" or row["worth"] in {"open", "small"}
    if waits:
        n_more = n * _times(it, turned, least, by)
        sentence = _wait(row, n, n_more, choice)
    else:
        slack = _slack(row, it, least, by)
        sentence = _fall(row, it, slack, choice, least)
    return {
        **{name: row[name] for name in ("treatment_arm", "metric", "role", "verdict")},
        "unit": row["unit"], "slack": slack, "slack_se": slack / it.std_error, "n": n,
        "n_more": n_more, "turns_to": choice, "sentence": sentence,
    }  # fmt: skip


def _slack(row: pd.Series, it: Seen, least: float | None, by: str) -> float:
    """Return by how much the effect would have to move, at the error seen."""
    if row["verdict"] == "not worse" or _within(row):
        return it.low + it.margin
    if row["verdict"] == "worse":
        return -it.margin - it.low if it.narrow else -it.strict_high
    shown = it.gain - it.reach * it.strict / it.z
    if least is None:
        return shown
    return min(shown, (it.gain if by == "estimate" else it.low) - least)


def _within(row: pd.Series) -> bool:
    """Whether a guardrail is safe by its margin, be it better or not worse."""
    return bool(row["role"] == "guardrail" and np.isfinite(row["margin"]))


def _times(it: Seen, turned: str, least: float | None, by: str) -> float:
    """Return how many times today's users are still needed, in 4 cases of 5.

    To settle an effect of the size seen as `turned`: errors shrink with the root of n.
    """
    z, distance = it.strict, abs(it.gain)
    if turned == "not worse":
        z, distance = it.z, it.gain + it.margin
    elif turned == "better" and least is not None and by == "interval":
        z, distance = it.z, it.gain - least
    elif turned == "better" and it.gain < (least or 0):
        distance = 0.0
    if distance <= 0:
        return float("inf")
    needed = ((z + stats.norm.ppf(POWER)) * it.std_error / distance) ** 2
    return max(0.0, float(needed) - 1)


def _fall(
    row: pd.Series, it: Seen, slack: float, choice: Choice, least: float | None
) -> str:
    """Say how much smaller (or larger) an effect would turn the choice."""
    unit, name = row["unit"], row["metric"]
    by = _words.level(slack, unit, it.reach).removesuffix(" %")
    by += " percentage points" if unit == "share" else ""
    low, high = (_words.change(end, unit, it.reach) for end in (it.low, it.high))
    if row["verdict"] == "worse":
        return (
            f"To '{choice}' if the effect on {name} were more than {by} better than "
            f"seen: the best that its interval allows is {_gain(high)}."
        )
    limit = ""
    if row["verdict"] == "not worse" or _within(row):
        limit = f", the largest tolerable loss {_words.limit(it.margin, unit)}"
    elif row["worth"] == "yes":
        limit = f", the smallest gain worth shipping {_words.limit(least or 0, unit)}"
    return (
        f"To '{choice}' if the effect on {name} were more than {by} worse than seen: "
        f"the worst that its interval allows is {_gain(low)}{limit}."
    )


def _gain(change: str) -> str:
    """'−0.4 points' becomes 'a loss of 0.4 points'."""
    size = change.lstrip("+−")
    return f"a {'loss' if change.startswith('−') else 'gain'} of {size}"


def _wait(row: pd.Series, n: float, n_more: float, choice: Choice) -> str:
    """Say how many more users would settle an effect of the size seen."""
    name = row["metric"]
    if not np.isfinite(n_more):
        return (
            f"To '{choice}' only if the gain in {name} turned out larger than seen: at "
            "this size no number of users gets there."
        )
    if n_more > (MAX_FACTOR - 1) * n:
        return (
            f"To '{choice}' only with more than {MAX_FACTOR} times the users, if the "
            f"effect on {name} is of the size seen."
        )
    return (
        f"To '{choice}' with about {_format.count(rounded(n_more))} more users (now "
        f"{_format.count(n)}), in four cases of five, if the effect on {name} is of "
        "the size seen."
    )


def rounded(n: float) -> float:
    """Round up to two digits: a number that is no more precise than its basis.

    >>> rounded(3141.0), rounded(7.2)
    (3200.0, 8.0)
    """
    if n <= 0:
        return 0.0
    step = 10.0 ** max(0, math.floor(math.log10(n)) - 1)
    return math.ceil(n / step) * step


def turned_by_choices(
    rows: pd.DataFrame, changed: pd.DataFrame, rule: Rule, blocked: frozenset[str]
) -> list[str]:
    """Return other choices of analysis that would turn the recommendation."""
    said = []
    now = rule(rows)
    for choice, turned in changed.groupby("choice", sort=False):
        other = rows.copy()
        for _, row in turned.iterrows():
            if row["metric"] not in blocked:
                other.loc[other["metric"] == row["metric"], "verdict"] = row["verdict"]
        found = rule(other)
        if found != now:
            said.append(f"To '{found}' if analysed otherwise: {choice}.")
    return said
