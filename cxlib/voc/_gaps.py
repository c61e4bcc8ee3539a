"""A segment against all others, or a wave against the one before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from cxlib.estimate import Design
from cxlib.estimate.contrast import share_gap
from cxlib.voc._frames import Bools
from cxlib.voc._shares import MACHINE, Share

Against = Literal["rest", "previous"]
OTHER: dict[str, str] = {"rest": "share_rest", "previous": "share_previous"}
GAP = ("effect_size", "effect_size_ci_lower", "effect_size_ci_upper")
_NO_WAVE = "(blank)"


def compared_with(
    found: Sequence[tuple[str, Bools]], against: Against
) -> list[tuple[str, Bools | None]]:
    """Return whom each level is set against: (label, rows), None for nobody."""
    pairs: list[tuple[str, Bools | None]] = []
    last: tuple[str, Bools | None] = ("", None)
    for level, inside in found:
        rest = ("elsewhere", ~inside) if level != "all" else ("", None)
        pairs.append(rest if against == "rest" else last)
        if level not in ("all", _NO_WAVE):
            last = (level, inside)
        elif level == _NO_WAVE:
            pairs[-1] = rest if against == "rest" else ("", None)
    return pairs


def gap_of(own: Share, other: Share | None, plan: Design) -> dict[str, float]:
    """Return the other's share, the difference to it with interval, and its p-value.

    NaN where either is unknown, or only one of the two was checked by people.
    """
    nan = float("nan")
    empty = dict.fromkeys(("other", *GAP, "pvalue"), nan)
    if other is None or own.best is None or other.best is None:
        return empty
    if (own.row["basis"] == MACHINE) != (other.row["basis"] == MACHINE):
        return empty
    influence = np.column_stack([other.influence, own.influence])
    gap = share_gap(other.best, own.best, influence=influence, plan=plan)
    ends = (gap.estimate, gap.ci_lower, gap.ci_upper)
    row = dict(zip(GAP, ends, strict=True))
    return {"other": other.best.estimate, **row, "pvalue": gap.pvalue}
