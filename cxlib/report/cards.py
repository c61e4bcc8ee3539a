"""A finding as the card of a headline: text for readers, numbers for programs."""

from __future__ import annotations

import math
import re
from typing import Any

from cxlib import _format
from cxlib.result import Finding

_CAPITALS = {"nps", "csat", "ces", "roi", "npv", "voc", "srm", "ab", "clv"}
_KIND = r"(?<![\d.]){} ?% (CI|credible interval|interval)"
_ANY_LEVEL = re.compile(
    r"(?<![\d.])(\d+(?:\.\d+)?) ?% (?:CI|credible interval|interval)"
)


def card(finding: Finding, currency: str = "") -> dict[str, Any]:
    """Return a finding as a card.

    Parameters
    ----------
    finding : Finding
        One that has an estimate.
    currency : str
        Unit of amounts.

    Returns
    -------
    dict
        Text: id, label, value, unit, interval, n, statement. Numbers, unrounded,
        None where there is none: estimate, ci_lower, ci_upper, confidence_level.
        `kind` is the finding's unit.

    Notes
    -----
    Value and ends have the decimals of the finding's own statement where that says
    them; else they share decimals with which no end but zero shows as zero.
    """
    value, ends = _digits(finding)
    whole = _format.quantity(1, finding.unit)
    suffix = whole.removeprefix(_format.number(1, finding.unit)).strip()
    return {
        "id": finding.id,
        "label": label(finding),
        "value": value,
        "unit": currency if finding.unit == "amount" else suffix,
        "interval": f"{_kind(finding)} {ends}" if ends else "",
        "n": "" if finding.n is None else f"n = {_format.count(finding.n)}",
        "statement": finding.statement,
        "estimate": plain(finding.estimate),
        "ci_lower": plain(finding.ci_lower),
        "ci_upper": plain(finding.ci_upper),
        "confidence_level": plain(level(finding)),
        "kind": finding.unit,
    }


def label(finding: Finding) -> str:
    """Return what readers call a finding: its label, else its id in words."""
    text = finding.label
    if not text:
        words = re.split(r"[\s_.:/=-]+", finding.id.strip())
        text = " ".join(w.upper() if w.lower() in _CAPITALS else w for w in words)
    return text[:1].upper() + text[1:]


def level(finding: Finding) -> float | None:
    """Return the level of a finding's interval; its statement's, if that alone says."""
    if finding.ci_lower is None or finding.ci_upper is None:
        return None
    if finding.confidence_level is not None:
        return finding.confidence_level
    said = _ANY_LEVEL.search(finding.statement)
    return float(said[1]) / 100 if said else None


def plain(number: object) -> float | None:
    """Return a number as JSON knows it; None for none and for what is not finite."""
    if not isinstance(number, int | float) or not math.isfinite(number):
        return None
    return number


def _digits(finding: Finding) -> tuple[str, str]:
    """Return the estimate and the interval as text, without units."""
    unit, said = finding.unit, finding.statement
    low, high = finding.ci_lower, finding.ci_upper
    if low is None or high is None:
        places = _format.found(finding.estimate, unit, said) if said else None
        return _number(finding.estimate, unit, places), ""
    together = _format.found_ends(low, high, unit, said)
    own = None if together is None else _format.found(finding.estimate, unit, said)
    if together is None:
        own = together = _format.decimals((finding.estimate, low, high), unit)
    ends = (_number(end, unit, together) for end in (low, high))
    value = _number(finding.estimate, unit, together if own is None else own)
    return value, " to ".join(ends)


def _number(value: float | None, unit: str, places: int | None) -> str:
    """Return a number with given decimals, else with those of its unit."""
    return _format.number(value, unit, decimals=places)


def _kind(finding: Finding) -> str:
    """Return '95 % CI', with the statement's own word for the interval."""
    found = level(finding)
    if found is None:
        return "interval"
    percent = f"{100 * found:g}"
    said = re.search(_KIND.format(re.escape(percent)), finding.statement)
    word = said[1] if said else "CI" if found >= 0.9 else "interval"
    return f"{percent} % {word}"
