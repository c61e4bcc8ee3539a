"""Which replaced assumption accounts for how much of a difference."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import factorial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format
from cxlib.data.overrides import Override, Overrides
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.investments._between import Between, Subset
from cxlib.roi.investments.case import Case

Array = npt.NDArray[np.float64]
EXACT, ORDERS = 8, 16
COLUMNS = [
    *("assumption", "initiative", "ours", "theirs", "why", "alone_amount"),
    *("difference_amount", "share_of_difference"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Reasons(Told):
    """A difference between two cases, split over the assumptions that differ.

    Attributes
    ----------
    table : pandas.DataFrame
        assumption, initiative (blank for the whole case), ours, theirs (as text), why,
        alone_amount (this one replaced, the others as ours), difference_amount (its
        part; the parts add up to the whole), share_of_difference; the largest first.
    total_amount : float
        Theirs less ours: mean net present value of all together.
    who, currency : str
    """

    total_amount: float
    who: str
    currency: str

    @property
    def text(self) -> str:
        """The whole difference and the assumption that accounts for most of it."""
        if self.table.empty:
            return "No assumption was replaced."
        top = self.table.iloc[0]
        total = _words.money(self.total_amount, self.currency, signed=True)
        size = _words.money(top["difference_amount"], self.currency, signed=True)
        if not top["difference_amount"]:
            return "None of the replaced assumptions changes the return."
        share = float(top["share_of_difference"])
        one_way = bool((self.table["difference_amount"] * self.total_amount >= 0).all())
        part = (
            f"accounts for {_format.number(share, 'share', decimals=0)} % of the "
            f"difference of {total}"
            if one_way and np.isfinite(share)
            else f"has the largest part, {size}, in a difference of {total}; the parts "
            "point both ways"
        )
        return f"{_words.started(top['assumption'])} {part}."

    @property
    def display(self) -> pd.DataFrame:
        """One line an assumption, in words."""
        rows = self.table
        return pd.DataFrame(
            {
                "assumption": rows["assumption"],
                "ours → theirs": rows["ours"] + " → " + rows["theirs"],
                "alone": column(rows["alone_amount"], "amount"),
                "its part": column(rows["difference_amount"], "amount"),
                "why": rows["why"],
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The part of each assumption."""
        return tuple(
            Finding(
                id=f"difference by {row['assumption']}", unit="amount",
                statement=f"{_words.started(row['assumption'])}: "
                f"{row['ours']} here, {row['theirs']} for {self.who}.",
                estimate=float(row["difference_amount"]),
            )
            for _, row in self.table.iterrows()
        )  # fmt: skip


def attribute(
    case: Case,
    overrides: Overrides,
    *,
    total: float | None = None,
    n_draws: int = 1_000,
) -> Reasons:
    """Split the difference between a case and another reader's over the assumptions.

    Parameters
    ----------
    case : Case
        Ours.
    overrides : Overrides
        What the other reader would assume.
    total : float, optional
        The difference to split, where it is known from more draws.
    n_draws : int
        Draws of each of the cases in between, on common random numbers.

    Returns
    -------
    Reasons

    Notes
    -----
    An assumption's part is its Shapley value: what replacing it adds, averaged over
    all orders in which the assumptions could be replaced; up to eight exactly, with
    more over 16 random orders. The parts add up to the difference. What fewer draws
    miss of `total` is spread in proportion to the parts.

    References
    ----------
    Shapley, L. (1953). A value for n-person games. Contributions to the Theory of Games
    2, 307-317. doi:10.1515/9781400881970-018

    Examples
    --------
    >>> one = pd.DataFrame({"name": ["Callback"], "cost": [100.0], "effect": [1.0],
    ...     "effect_low": [0.5], "effect_high": [1.5], "reach": [50]})
    >>> ours = Case(initiatives=one, value=2.0, steps_per_year=1, horizon=1)
    >>> cost = Override(key="cost", value=150.0, about="Callback")
    >>> found = attribute(ours, Overrides(items=(cost,)))
    >>> round(float(found.table["difference_amount"].iloc[0]), 6)
    -50.0
    """
    _checks.in_range(n_draws, "n_draws", 100, float("inf"))
    items = overrides.items
    worth = Between(case, items, n_draws=min(n_draws, case.n_draws)).worth
    parts = shapley(len(items), worth)
    whole = float(parts.sum()) if total is None else total
    weight = np.abs(parts)
    if weight.sum() > 0:
        parts = parts + (whole - parts.sum()) * weight / weight.sum()
    base = worth(frozenset())
    alone = [worth(frozenset({i})) - base for i in range(len(items))]
    return Reasons(
        table=_table(case, items, alone, parts, whole), unit="amount",
        total_amount=whole, who=overrides.who, currency=case.money,
        method="Parts: Shapley values, which add up; alone: one assumption at a time.",
    )  # fmt: skip


def shapley(n: int, worth: Callable[[Subset], float]) -> Array:
    """Return each player's Shapley value of a game of `n` players.

    Parameters
    ----------
    n : int
    worth : callable
        Takes a frozenset of players and returns what they are worth together.

    Examples
    --------
    >>> shapley(2, lambda who: float(len(who) ** 2)).tolist()
    [2.0, 2.0]
    """
    players, found = range(n), np.zeros(n)
    if n > EXACT:
        return _sampled(n, worth)
    for size in players:
        weight = factorial(size) * factorial(n - size - 1) / factorial(n)
        for chosen in itertools.combinations(players, size):
            before = frozenset(chosen)
            for i in set(players) - before:
                found[i] += weight * (worth(before | {i}) - worth(before))
    return found


def _sampled(n: int, worth: Callable[[Subset], float]) -> Array:
    """Average over random orders, each also backwards."""
    rng, found = np.random.default_rng(0), np.zeros(n)
    half = [rng.permutation(n) for _ in range(ORDERS // 2)]
    for order in [*half, *(one[::-1] for one in half)]:
        before: Subset = frozenset()
        for i in order.tolist():
            after = before | {i}
            found[i] += (worth(after) - worth(before)) / ORDERS
            before = after
    return found


def _table(
    case: Case,
    items: Sequence[Override],
    alone: list[float],
    parts: Array,
    whole: float,
) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "assumption": [one.label for one in items],
            "initiative": [one.about for one in items],
            "ours": [_ours(case, one) for one in items],
            "theirs": [_shown(one.value, one.key) for one in items],
            "why": [one.why for one in items],
            "alone_amount": alone,
            "difference_amount": parts,
            "share_of_difference": parts / whole if whole else np.nan,
        },
        columns=COLUMNS,
    )
    order = np.argsort(-np.abs(parts), kind="stable")
    return table.iloc[order].reset_index(drop=True)


def _ours(case: Case, one: Override) -> str:
    """Print our value of an assumption."""
    if one.key == "drop":
        return "in the plan"
    if one.about and case.initiatives is not None:
        rows = case.initiatives
        own = rows[rows["name"].astype(str) == one.about]
        given = one.key in own and len(own) and pd.notna(own[one.key].iloc[0])
        return _shown(own[one.key].iloc[0], one.key) if given else _format.MISSING
    value: Any = case.value
    if one.key == "margin":
        terms = getattr(value, "terms", None)
        given = terms.margin if terms else case.margin
        return _format.MISSING if given is None else _shown(given, one.key)
    if one.key == "value_of_point":
        total = getattr(value, "total", None)
        return _shown(value if total is None else float(total["estimate"]), one.key)
    return _shown(getattr(case, one.key), one.key)


def _shown(value: Any, key: str) -> str:  # noqa: ANN401
    """Print an assumption as a reader writes it."""
    if key == "drop":
        return "dropped"
    if isinstance(value, dict):
        return " / ".join(
            _shown(value[k], key) for k in ("low", "amount", "high") if k in value
        )
    if key in {"margin", "discount_rate"}:
        return f"{_format.number(value, 'share')}\u00a0%"
    if isinstance(value, str) or value is None:
        return value or _format.MISSING
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", "−")
