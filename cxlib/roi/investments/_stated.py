"""What a simulation takes for granted, graded."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from cxlib.result import Assumption, Grade
from cxlib.roi import _words
from cxlib.roi.investments._cells import RETAINED, REVENUE, SCORE, SERVING
from cxlib.roi.investments._market import Market
from cxlib.roi.investments._scene import market_of
from cxlib.roi.investments.initiatives import NARROW, WIDTH, Plans

GRADE: dict[str, Grade] = {
    "randomised": "high", "quasi": "medium", "regression": "medium", "expert": "low"
}  # fmt: skip
UNITS = {
    SCORE: "score points for a customer reached",
    REVENUE: "of revenue a customer reached and year",
    RETAINED: "of customers reached kept more a year",
    SERVING: "of cost to serve a customer reached and year",
}


def stated(
    plans: Plans, markets: Mapping[str, Market], fifths: list[str]
) -> Iterator[Assumption]:
    """List the assumptions: effects by grade, then what nobody vouches for."""
    order = np.argsort(
        [list(WIDTH).index(grade) for grade in plans.evidence], kind="stable"
    )
    for at in order.tolist():
        yield _effect(plans, at)
    yield from _narrow(plans)
    yield from _unsigned(plans)
    yield from _elsewhere(plans, markets)
    yield (
        _one(
            "The number of customers stays as it is, and a point gained by an "
            "initiative is worth what a point is worth in the regression.",
            "medium",
        )
        if SCORE in plans.acts_on
        else _one("The number of customers stays as it is.", "medium")
    )
    if fifths:
        yield Assumption(
            text=f"No range is given for {_words.listed(fifths)}: certain in the "
            "draws, and a fifth either way in the tornado, which is a convention.",
            quality="low", impact="medium",
        )  # fmt: skip


def _one(text: str, quality: Grade) -> Assumption:
    return Assumption(text=text, quality=quality, impact="high")


def _effect(plans: Plans, at: int) -> Assumption:
    grade = plans.evidence[at]
    low, high = (plans.low["effect"][at], plans.high["effect"][at])
    by = f"; {plans.source[at]}" if plans.source[at] else ""
    return _one(
        f"{plans.name[at]}: {plans.base['effect'][at]:g} {UNITS[plans.acts_on[at]]} "
        f"(P10 to P90 {low:.2g} to {high:.2g} after widening; evidence: {grade}{by}).",
        GRADE[grade],
    )


def _narrow(plans: Plans) -> Iterator[Assumption]:
    least = np.array([NARROW[grade] for grade in plans.evidence])
    for at in np.flatnonzero(plans.declared < least).tolist():
        yield _one(
            f"{plans.name[at]}: the range declared for its effect, "
            f"{100 * plans.declared[at]:.0f} % either way, is narrower than "
            f"{plans.evidence[at]} evidence can know ({100 * least[at]:.0f} %).",
            "low",
        )


def _unsigned(plans: Plans) -> Iterator[Assumption]:
    """Name the initiatives that nobody vouches for."""
    for what, given in (("source", plans.source), ("owner", plans.owner)):
        missing = [n for n, g in zip(plans.name, given, strict=True) if not g.strip()]
        if missing:
            yield _one(f"No {what} is named for {_words.listed(missing)}.", "low")


def _elsewhere(plans: Plans, markets: Mapping[str, Market]) -> Iterator[Assumption]:
    """Say what is valued as something else, and what must not be counted in both."""
    aimed = [
        f"{name} ({segment})"
        for at, (name, segment) in enumerate(
            zip(plans.name, plans.segment, strict=True)
        )
        if segment and not market_of(plans, markets, at)
    ]
    if aimed:
        yield _one(
            f"Valued as the average customer, though aimed at a segment: "
            f"{_words.listed(aimed)}.",
            "low",
        )
    if {REVENUE, RETAINED} <= set(plans.acts_on):
        names = [
            n for n, k in zip(plans.name, plans.acts_on, strict=True) if k == REVENUE
        ]
        yield _one(
            f"The revenue effect of {_words.listed(names)} is of customers who stay; "
            "revenue of customers kept is counted with what keeps them.",
            "medium",
        )
