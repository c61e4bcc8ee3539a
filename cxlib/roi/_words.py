"""Wording shared by the results of this topic."""

from __future__ import annotations

from cxlib import _format


def money(value: float, currency: str = "", *, signed: bool = False) -> str:
    """Format an amount with its currency.

    >>> money(-4.125, "EUR"), money(12345.6)
    ('−4.12 EUR', '12,346')
    """
    return f"{_format.number(value, 'amount', signed=signed)} {currency}".strip()


def change(value: float, unit: str, currency: str = "") -> str:
    """Format the change of an outcome per score point, with its sign.

    Only amounts have a currency: counts are of unit "score".

    >>> change(4.02, "amount", "EUR"), change(-0.0045, "share")
    ('+4.02 EUR', '−0.45 percentage points')
    """
    if unit == "share":
        return f"{_format.number(100 * value, 'score', signed=True)} percentage points"
    return money(value, currency if unit == "amount" else "", signed=True)


def interval(
    lower: float, upper: float, unit: str, *, confidence_level: float = 0.95
) -> str:
    """Format the interval of a change; shares in percentage points.

    >>> interval(0.001, 0.0042, "share")
    '95 % CI 0.10 to 0.42'
    """
    if unit == "share":
        lower, upper, unit = 100 * lower, 100 * upper, "score"
    else:
        unit = "amount"
    return _format.interval(lower, upper, unit, confidence_level=confidence_level)


def rows(n: int, customers: int, clusters: str = "customers") -> str:
    """Say how much is behind an estimate.

    >>> rows(1200, 1200), rows(5000, 600)
    ('n = 1,200 customers', 'n = 5,000 rows of 600 customers')
    """
    if n == customers:
        return f"n = {n:,} {clusters}"
    return f"n = {n:,} rows of {customers:,} {clusters}"


def later(lag: int, period: str) -> str:
    """Say when the outcome is, seen from the score.

    >>> later(0, "month"), later(1, "month"), later(2, "quarter")
    ('in the same month', 'one month later', '2 quarters later')
    """
    if lag == 0:
        return f"in the same {period}"
    return f"one {period} later" if lag == 1 else f"{lag} {period}s later"


def years(number: float) -> str:
    """Say how long.

    >>> years(1), years(2.5)
    ('1 year', '2.5 years')
    """
    return "1 year" if number == 1 else f"{number:g} years"


def plain(name: str) -> str:
    """Turn a column's name into words.

    >>> plain("cost_to_serve")
    'cost to serve'
    """
    return name.replace("_", " ")


def started(name: str) -> str:
    """Turn a column's name into the first words of a sentence.

    >>> started("cost_to_serve")
    'Cost to serve'
    """
    words = plain(name)
    return words[:1].upper() + words[1:]


def listed(names: list[str]) -> str:
    """Join names as in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
