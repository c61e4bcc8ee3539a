"""Which input moves the result most: one at a time, low and high."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column

Input = float | tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Tornado(Told):
    """A result with each input at its low and high value, the others at their base.

    Attributes
    ----------
    table : pandas.DataFrame
        input, base, low, high, low_amount, high_amount, swing_amount; widest first.
    base_amount : float
        The result with every input at its base.
    """

    base_amount: float
    currency: str

    @property
    def text(self) -> str:
        """The input that moves the result most, and those that change its sign."""
        if self.table.empty:
            return "There are no inputs to vary."
        top = self.table.iloc[0]
        ends = sorted([top["low_amount"], top["high_amount"]])
        flips = self.table[self.table["low_amount"] * self.table["high_amount"] < 0][
            "input"
        ]
        alone = (
            f" On their own, {_words.listed(flips.tolist())} can change its sign."
            if len(flips)
            else " No input alone changes its sign."
        )
        return (
            f"Of {len(self.table)} inputs, {top['input']} moves the net present value "
            f"most: from {_words.money(ends[0], self.currency)} to "
            f"{_words.money(ends[1], self.currency)} around "
            f"{_words.money(self.base_amount, self.currency)}.{alone}"
        )

    @property
    def display(self) -> pd.DataFrame:
        """The ten widest, in words."""
        rows = self.table.head(10)
        shown = {"input": rows["input"]}
        for name in ("low", "high"):
            shown[name] = rows[name].map(_input)
        for side in ("low", "high"):
            shown[f"NPV at {side}"] = column(rows[f"{side}_amount"], "amount")
        return pd.DataFrame(shown)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The widest swing."""
        if self.table.empty:
            return ()
        top = self.table.iloc[0]
        return (
            Finding(
                id="widest swing", statement=self.text, unit="amount",
                estimate=float(top["swing_amount"]),
            ),
        )  # fmt: skip


def tornado(
    payoff: Callable[[Mapping[str, float]], float],
    inputs: Mapping[str, Input],
    *,
    share: float = 0.2,
    currency: str = "",
) -> Tornado:
    """Vary each input of a payoff alone.

    Parameters
    ----------
    payoff : callable
        Takes all inputs by name and returns an amount (NPV); `Simulation.payoff`.
    inputs : mapping
        Name to base value, or to (base, low, high); `Simulation.inputs`.
    share : float
        Where only a base is given, low and high are this fraction below and above.
    currency : str

    Returns
    -------
    Tornado

    Notes
    -----
    Inputs vary one at a time, so joint effects do not show; the Monte Carlo varies
    all together. Ties keep the order given.

    Examples
    --------
    >>> found = tornado(lambda x: x["gain"] * x["value"] - x["cost"],
    ...                 {"gain": 10.0, "value": (3.0, 1.0, 4.0), "cost": 20.0})
    >>> found.table["input"].tolist(), found.base_amount
    (['value', 'gain', 'cost'], 10.0)
    """
    _checks.in_range(share, "share", 0, 1, ends="(]")
    if not callable(payoff):
        raise ArgumentError("`payoff` must be a function of the inputs.")
    spans = {
        name: value if isinstance(value, tuple) else
        (float(value), float(value) * (1 - share), float(value) * (1 + share))
        for name, value in inputs.items()
    }  # fmt: skip
    base = {name: span[0] for name, span in spans.items()}
    rows = [
        (name, *span, payoff(base | {name: span[1]}), payoff(base | {name: span[2]}))
        for name, span in spans.items()
    ]
    names = ["input", "base", "low", "high", "low_amount", "high_amount"]
    table = pd.DataFrame(rows, columns=names)
    table["swing_amount"] = (table["high_amount"] - table["low_amount"]).abs()
    return Tornado(
        table=table.sort_values(
            "swing_amount", ascending=False, kind="stable", ignore_index=True
        ),
        unit="amount", base_amount=float(payoff(base)) if spans else float("nan"),
        currency=currency, method="One input at a time, the others at their base.",
    )  # fmt: skip


def _input(value: float) -> str:
    """Print an input in three figures."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", "−")
