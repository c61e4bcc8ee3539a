"""Sentences that several results share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from scipy import stats

from cxlib import _format
from cxlib.estimate import Estimate
from cxlib.result import Finding

Verdict = Literal["above", "below", "cannot tell"]
SMALL_BASE = 30


def with_interval(
    value: float, lower: float, upper: float, unit: str, level: float,
    n: float | None = None, *, signed: bool = False,
) -> str:  # fmt: skip
    """'−24.7 points (95 % CI −28.2 to −21.1, n = 2,353)'."""
    if np.isfinite(lower) and np.isfinite(upper):
        ends = _format.interval(lower, upper, unit, confidence_level=level)
    else:
        ends = "no spread to make an interval from"
    base = f", n = {_format.count(n)}" if n is not None else ""
    return f"{_format.quantity(value, unit, signed=signed)} ({ends}{base})"


def estimate_text(found: Estimate, unit: str) -> str:
    """Value, interval and n of an estimate."""
    return with_interval(
        found.estimate, found.ci_lower, found.ci_upper, unit, found.confidence_level,
        found.n,
    )  # fmt: skip


def finding(
    name: str, statement: str, row: Mapping[str, Any], unit: str, n: float, *,
    level: float,
) -> Finding:  # fmt: skip
    """Return a difference as a finding; `unit` is the score's."""
    estimate, lower, upper = (
        float(row[key]) if np.isfinite(row[key]) else None
        for key in ("estimate", "ci_lower", "ci_upper")
    )
    return Finding(
        id=name, statement=statement, estimate=estimate, ci_lower=lower,
        ci_upper=upper, unit=_format.difference_unit(unit), n=int(n),
        confidence_level=level,
    )  # fmt: skip


def listing(names: Sequence[str], most: int = 5) -> str:
    """'a', 'a and b', 'a, b and c', 'a, b and 4 more'."""
    if len(names) > most:
        return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} more"
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"


def followed(column: str) -> str:
    """What a column of ids holds, in a word: 'account_id' holds accounts."""
    name = re.fullmatch(r"(?i)(.*[^_\s-])[_\s-]+(?:id|key|no|number|code)", column)
    return " ".join(re.split(r"[_\s]+", name[1])).lower() if name else "respondent"


def plural(n: int, one: str, many: str | None = None) -> str:
    """'1 segment', '3 segments'."""
    return f"{n:,} {one if n == 1 else many or one + 's'}"


def verdict(found: Estimate, target: float) -> tuple[float, Verdict]:
    """Return the probability that the truth is above a target, and a verdict.

    The probability is that of the interval's own normal (or t) curve with nothing
    known beforehand; the verdict follows the two-sided interval.
    """
    gap, spread = found.centre - target, found.centre_se
    above = (
        float(stats.norm.cdf(gap / spread))
        if spread > 0
        else float(np.sign(gap) / 2 + 0.5)
    )
    if found.ci_lower > target:
        return above, "above"
    return above, "below" if found.ci_upper < target else "cannot tell"


def plain_label(label: str) -> str:
    """'NPS' for 'NPS (1-10)': ids are shown on cards, where brackets get lost."""
    return label.split(" (", maxsplit=1)[0]


def p_text(value: float) -> str:
    """'= 0.031' or '< 0.001'."""
    shown = _format.pvalue(value)
    return shown if shown.startswith("<") else f"= {shown}"
