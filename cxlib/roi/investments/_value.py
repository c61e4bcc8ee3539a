"""The worth of what initiatives change, as given: of a panel, declared, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError, Problem
from cxlib.result import Assumption
from cxlib.roi.investments._cells import RETAINED, REVENUE, SCORE, SERVING
from cxlib.roi.investments._market import Market
from cxlib.roi.investments._scene import market_of
from cxlib.roi.investments._streams import stream
from cxlib.roi.investments.distributions import SHAPES, through
from cxlib.roi.investments.initiatives import Plans
from cxlib.roi.worth._worth import Terms
from cxlib.roi.worth.value import PointValue

Array = npt.NDArray[np.float64]
_KEYS = ("amount", "low", "high", "distribution", "source", "owner", "why")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Given:
    """What a point is worth, and what else was told of the customers.

    `declared` is (amount, P10, P90, shape) where the value was declared.
    """

    terms: Terms | None = None
    declared: tuple[float, float, float, str] | None = None
    headroom: float = float("inf")
    customers: int | None = None
    currency: str = ""
    margin: float | None = None
    means: Mapping[str, float]
    assumptions: tuple[Assumption, ...] = ()

    @property
    def lacks(self) -> bool:
        """Whether a point has no value."""
        return self.terms is None and self.declared is None

    def market(
        self, terms: Terms | None, *, n: int, start: int, label: str, customers: float
    ) -> Market:
        """Draw what customers are worth."""
        generator = stream(start, label)
        amount, centre = None, None
        if terms is None and self.declared is not None:
            centre, low, high, shape = self.declared
            z = generator.standard_normal(n if low < high else 1)
            amount = through(shape, centre, low, high, z)
        theta = terms.draw(n, generator) if terms is not None else None
        return Market(
            terms=terms, theta=theta, amount=amount, headroom=self.headroom,
            margin=self.margin, means=self.means, customers=customers, centre=centre,
            spread=self.declared[1:3] if amount is not None and self.declared else None,
        )  # fmt: skip


def read(
    value: PointValue | float | Mapping[str, Any] | None,
    *,
    margin: float | None,
    means: Mapping[str, float] | None,
) -> Given:
    """Check the value of a point and what is known of customers."""
    if margin is not None:
        _checks.in_range(margin, "margin", 0, 1)
    known = _means(means or {})
    if value is None:
        return Given(margin=margin, means=known)
    if isinstance(value, PointValue):
        _same_margin(value.terms, margin)
        return Given(
            terms=value.terms, headroom=value.headroom, customers=value.n_last,
            currency=value.currency, margin=margin, means=known,
        )  # fmt: skip
    if not isinstance(value, Mapping):
        _checks.in_range(value, "value", -np.inf, np.inf, ends="()")
        amount = float(value)
        declared = (amount, amount, amount, "normal2")
        return Given(declared=declared, margin=margin, means=known)
    declared = _declared(value)
    return Given(
        declared=declared, margin=margin, means=known,
        assumptions=_vouched(value, declared),
    )  # fmt: skip


def _same_margin(terms: Terms | None, margin: float | None) -> None:
    if terms is not None and margin is not None and terms.margin != margin:
        raise ArgumentError(
            f"`margin` is {margin!r} and the value of a point was made with "
            f"{terms.margin!r}; give one margin to both, or none here."
        )


def _declared(value: Mapping[str, Any]) -> tuple[float, float, float, str]:
    for key in value:
        if key not in _KEYS:
            hint = _checks.did_you_mean(str(key), _KEYS)
            raise ArgumentError(f"`value` has '{key}'; {hint}")
    if "amount" not in value:
        raise ArgumentError(
            "`value` has no `amount`: money a point, customer and year."
        )
    amount = value["amount"]
    low, high = (
        amount if value.get(end) is None else value[end] for end in ("low", "high")
    )
    shape = str(value.get("distribution") or "normal2")
    _checks.in_range(amount, "value['amount']", -np.inf, np.inf, ends="()")
    _checks.in_range(low, "value['low']", -np.inf, amount, ends="(]")
    _checks.in_range(high, "value['high']", amount, np.inf, ends="[)")
    _checks.one_of(shape, "value['distribution']", SHAPES)
    if shape in {"lognormal", "beta"} and not (
        low > 0 and (shape != "beta" or high < 1)
    ):
        raise ArgumentError(f"`value` is {shape} and its range is not; use 'normal2'.")
    return float(amount), float(low), float(high), shape


def _vouched(
    value: Mapping[str, Any], declared: tuple[float, float, float, str]
) -> tuple[Assumption, ...]:
    """Say where a declared value comes from, or that nobody says."""
    amount, low, high, _ = declared
    span = f" (P10 to P90 {low:g} to {high:g})" if low < high else ", taken as certain"
    source, owner = (str(value.get(key) or "") for key in ("source", "owner"))
    by = [f"source: {source}" if source else "no source is named"]
    by.append(f"owner: {owner}" if owner else "no owner is named")
    return (
        Assumption(
            text=f"A point is declared to be worth {amount:g} a customer and "
            f"year{span}; "
            f"{', '.join(by)}.",
            quality="medium" if source and owner else "low", impact="high",
        ),
    )  # fmt: skip


def _means(means: Mapping[str, float]) -> dict[str, float]:
    names = (REVENUE, SERVING, RETAINED)
    for name in means:
        if name not in names:
            raise ArgumentError(
                f"`means` has '{name}'; {_checks.did_you_mean(name, names)}"
            )
    found = {name: float(value) for name, value in means.items()}
    if RETAINED in found:
        _checks.in_range(found[RETAINED], "means['retained']", 0, 1, ends="(]")
    return found


def on_score(initiatives: pd.DataFrame, by_segment: Mapping[str, object]) -> bool:
    """Say whether an initiative acts on the score of customers valued as a whole."""
    if not isinstance(initiatives, pd.DataFrame):
        return False
    blank = pd.Series("", index=initiatives.index)
    acts_on = initiatives.get("effect_on", blank).fillna("").astype(str)
    segment = initiatives.get("segment", blank).fillna("").astype(str)
    return bool((acts_on.isin(["", SCORE]) & ~segment.isin(by_segment)).any())


def markets(
    given: Given,
    plans: Plans,
    by_segment: Mapping[str, tuple[Terms, float]],
    *,
    n: int,
    start: int,
) -> dict[str, Market]:
    """Return the customers of all and of each segment; raise where one has no price."""
    found = {
        "": given.market(
            given.terms, n=n, start=start, label="value", customers=plans.customers
        )
    } | {
        name: given.market(
            terms, n=n, start=start, label=f"value of {name}", customers=float(size)
        )
        for name, (terms, size) in by_segment.items()
    }
    _refuse(plans, found)
    return found


def _refuse(plans: Plans, found: Mapping[str, Market]) -> None:
    """Raise for initiatives on something that has no price."""
    sizes = sum(market.customers for name, market in found.items() if name)
    if sizes > plans.customers * (1 + 1e-9):
        raise DataError(
            f"the segments have {sizes:,.0f} customers and there are "
            f"{plans.customers:,.0f}; set `customers`."
        )
    lacking: dict[str, list[str]] = {}
    for at, name in enumerate(plans.name):
        why = found[market_of(plans, found, at)].lacks(plans.acts_on[at])
        if why:
            lacking.setdefault(why, []).append(name)
    if lacking:
        raise DataError(
            "the initiatives cannot be valued.",
            problems=[
                Problem(
                    rule=f"needs {why}", column="effect_on", rows=len(names),
                    examples=tuple(names[:3]), fix="Give it, or a value from a panel.",
                )
                for why, names in lacking.items()
            ],
        )  # fmt: skip
