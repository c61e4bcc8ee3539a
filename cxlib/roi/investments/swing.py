"""Which input moves the result most: one at a time, low and high."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.information import Information

Input = float | tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Tornado(Told):
    """A result with each input at its low and high value, the others at their base.

    Attributes
    ----------
    table : pandas.DataFrame
        input, base, low, high, low_amount, high_amount, swing_amount, evppi_amount
        (what knowing it is worth; blank where that was not given); widest first, or
        where it was given what is worth most to know first.
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
        top = self.table.iloc[int(self.table["swing_amount"].to_numpy().argmax())]
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
        top = self.table.iloc[int(self.table["swing_amount"].to_numpy().argmax())]
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
    draws: Draws | None = None,
    information: Information | None = None,
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
    draws : Draws, optional
        `Simulation.draws`: low and high of an input that was drawn are then its P10
        and P90 there.
    information : Information, optional
        Of the same simulation: orders the inputs by what knowing them is worth, those
        worth nothing after it by their swing.
    currency : str

    Returns
    -------
    Tornado

    Notes
    -----
    Inputs vary one at a time, so joint effects do not show; the Monte Carlo varies
    all together. Ties keep the order given. A wide swing is not yet worth measuring:
    only what can change the choice is (`information`).

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
    spans |= _drawn(spans, draws)
    base = {name: span[0] for name, span in spans.items()}
    rows = [
        (name, *span, payoff(base | {name: span[1]}), payoff(base | {name: span[2]}))
        for name, span in spans.items()
    ]
    names = ["input", "base", "low", "high", "low_amount", "high_amount"]
    table = pd.DataFrame(rows, columns=names)
    table["swing_amount"] = (table["high_amount"] - table["low_amount"]).abs()
    table["evppi_amount"] = table["input"].map(_worth(information))
    order = ["evppi_amount", "swing_amount"]
    filled = table[order].fillna({"evppi_amount": 0.0})
    at = filled.sort_values(order, ascending=False, kind="stable").index
    return Tornado(
        table=table.loc[at].reset_index(drop=True),
        unit="amount", base_amount=float(payoff(base)) if spans else float("nan"),
        currency=currency, method="One input at a time, the others at their base.",
    )  # fmt: skip


def _drawn(
    spans: Mapping[str, tuple[float, float, float]], draws: Draws | None
) -> dict[str, tuple[float, float, float]]:
    """Return base, P10 and P90 of the inputs that were drawn."""
    found = {}
    for name, span in spans.items():
        if draws is not None and name in draws.inputs:
            low, high = np.quantile(draws.inputs[name], [0.1, 0.9]).tolist()
            found[name] = (span[0], float(low), float(high))
    return found


def _worth(information: Information | None) -> dict[str, float]:
    """Return what knowing each input is worth, by its name."""
    if information is None:
        return {}
    rows = information.inputs
    return dict(zip(rows["input"], rows["estimate"].astype(float), strict=True))


def _input(value: float) -> str:
    """Print an input in three figures."""
    text = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
    return text.replace("-", "−")
