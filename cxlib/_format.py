"""Turn numbers into text. The unit, or the column's name, decides the format."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from numbers import Integral, Real

import pandas as pd

MISSING = "–"
IN_UNIT = {
    "estimate",
    "std_error",
    "ci_lower",
    "ci_upper",
    "control",
    "treatment",
    "effect_size",
    "effect_size_ci_lower",
    "effect_size_ci_upper",
}
_DECIMALS = {"points": 1, "share": 1, "amount": 0, "score": 2, "count": 0}
_MOST_DECIMALS = 4
_NUMBER = re.compile(r"[+−]?\d[\d,]*(?:\.\d+)?")
_SUFFIX = {"points": " points", "share": " %", "share_points": " percentage points"}


def number(
    value: object,
    unit: str = "score",
    *,
    signed: bool = False,
    decimals: int | None = None,
) -> str:
    """Format one number in its unit without the unit's name.

    >>> number(-24.694, "points"), number(0.1483, "share"), number(12345.6, "amount")
    ('−24.7', '14.8', '12,346')
    """
    if value is None or not isinstance(value, Real) or not math.isfinite(float(value)):
        return MISSING
    scaled = float(value) * (100 if unit.startswith("share") else 1)
    if decimals is None:
        decimals = _DECIMALS.get(unit, 1 if unit.startswith("share") else 2)
        if unit == "amount" and abs(scaled) < 100:
            decimals = 2
    text = f"{scaled:{'+' if signed else ''},.{decimals}f}"
    if text[0] in "-+" and set(text) <= set("-+0."):
        return text[1:]
    return text.replace("-", "−")


def quantity(value: object, unit: str = "score", *, signed: bool = False) -> str:
    """Format one number with its unit.

    >>> quantity(7.91, "points", signed=True), quantity(0.1483, "share")
    ('+7.9 points', '14.8 %')
    """
    return number(value, unit, signed=signed) + _SUFFIX.get(unit, "")


def declared(value: float, unit: str = "score") -> str:
    """Format a number that somebody set, with the digits it was given.

    >>> declared(20, "points"), declared(0.055, "share"), declared(-1500.5, "amount")
    ('20 points', '5.5 %', '−1,500.5')
    """
    scaled = value * (100 if unit.startswith("share") else 1)
    text, suffix = f"{scaled:,.10g}".replace("-", "−"), _SUFFIX.get(unit, "")
    return text + (suffix.removesuffix("s") if text == "1" else suffix)


def interval(
    lower: float, upper: float, unit: str = "score", *, confidence_level: float = 0.95
) -> str:
    """Format an interval for a sentence.

    >>> interval(-28.2, -21.1, "points")
    '95 % CI −28.2 to −21.1'
    """
    low, high = ends(lower, upper, unit)
    return f"{100 * confidence_level:g} % CI {low} to {high}"


def ends(lower: object, upper: object, unit: str = "score") -> tuple[str, str]:
    """Format the two ends of an interval with the same decimals.

    An end that is not zero never shows as zero, up to four decimals: its sign says
    whether the interval leaves zero out.

    >>> ends(56.03, 108.3, "amount"), ends(3.38, 4.46, "amount")
    (('56', '108'), ('3.38', '4.46'))
    >>> ends(-3.92, -0.02, "points")
    ('−3.92', '−0.02')
    """
    places = decimals((lower, upper), unit)
    return number(lower, unit, decimals=places), number(upper, unit, decimals=places)


def decimals(
    values: Sequence[object], unit: str = "score", *, least: int | None = None
) -> int:
    """Return the decimals that numbers shown together share, `least` at least.

    >>> decimals((0.003, -0.2), "points"), decimals((3.1, 250.0), "amount")
    (3, 0)
    """
    size = [abs(float(value)) for value in values if isinstance(value, Real)]
    known = [one for one in size if math.isfinite(one)]
    if least is None and unit == "amount":
        return 0 if max(known, default=0.0) >= 100 else 2
    if least is None:
        least = _DECIMALS.get(unit, 1 if unit.startswith("share") else 2)
    scale = 100 if unit.startswith("share") else 1
    small = min((one * scale for one in known if one), default=1.0)
    enough = range(least, _MOST_DECIMALS + 1)
    return next((places for places in enough if round(small, places)), least)


def found(value: object, unit: str, text: str) -> int | None:
    """Return the decimals with which a text shows a number, None where it does not.

    >>> found(0.0449, "share_points", "It rose by +4.5 percentage points.")
    1
    """
    shown = {word.lstrip("+−") for word in _NUMBER.findall(text)}
    least = 0 if unit in {"amount", "count"} else 1
    for places in range(_MOST_DECIMALS, least - 1, -1):
        if number(value, unit, decimals=places).lstrip("−") in shown:
            return places
    return None


def found_ends(lower: object, upper: object, unit: str, text: str) -> int | None:
    """Return the decimals with which a text shows an interval, None where not.

    >>> found_ends(-0.0174, 0.02297, "score", "(95 % CI −0.017 to 0.023)")
    3
    """
    plain = text.replace("\u00a0", " ")
    for places in range(_MOST_DECIMALS, -1, -1):
        low, high = (number(v, unit, decimals=places) for v in (lower, upper))
        if re.search(
            rf"(?<![\d.,−]){re.escape(f'{low} to {high}')}(?![\d]|[.,]\d)", plain
        ):
            return places
    return None


def pvalue(value: float | None) -> str:
    """Format a p-value, never as zero.

    >>> pvalue(0.0312), pvalue(1e-9)
    ('0.031', '< 0.001')
    """
    if not isinstance(value, Real) or not math.isfinite(value):
        return MISSING
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def count(value: float | None) -> str:
    """Format a count with thousands separators."""
    return number(value, "count")


def cell(name: str, value: object, unit: str = "score") -> str:
    """Format one table cell by its column's name."""
    if isinstance(value, str):
        return value
    if value is None or pd.isna(value):  # type: ignore[call-overload]
        return MISSING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, Real):
        return str(value).removesuffix(" 00:00:00")
    if name.startswith("pvalue"):
        return pvalue(float(value))
    own = unit_of(name, unit)
    plain = own == "score" and name not in IN_UNIT and isinstance(value, Integral)
    return str(value).replace("-", "−") if plain else number(value, own)


def difference_unit(unit: str) -> str:
    """Return the unit of a difference: shares differ by percentage points.

    Examples
    --------
    >>> difference_unit("share"), difference_unit("points")
    ('share_points', 'points')
    """
    return "share_points" if unit == "share" else unit


def unit_of(name: str, unit: str) -> str:
    """Return the unit that a column's name declares, else the table's own."""
    if name.startswith(("share_", "rel_")):
        return "share"
    if name.endswith("_amount"):
        return "amount"
    if name in {"n", "rows"} or name.startswith("n_"):
        return "count"
    return unit if name in IN_UNIT else "score"


def frame(table: pd.DataFrame, unit: str = "score") -> pd.DataFrame:
    """Return the table as text; a `unit` column overrides the unit row by row."""
    units = pd.Series(unit, table.index)
    if "unit" in table.columns:
        units = table["unit"].where(table["unit"].notna(), unit)
    shown = {
        name: [
            cell(str(name), value, own)
            for value, own in zip(table[name].tolist(), units, strict=True)
        ]
        for name in table.columns
    }
    return pd.DataFrame(shown, index=table.index)


def headed(table: pd.DataFrame, unit: str = "score") -> pd.DataFrame:
    """Return the table as text under headings for readers: ends joined, words spaced.

    >>> headed(pd.DataFrame({"n_uncoded": [3], "ci_lower": [0.1], "ci_upper": [0.2]}))
      n uncoded      interval
    0         3  0.10 to 0.20
    """
    shown = frame(table, unit)
    for prefix in ("", "effect_size_", "rel_effect_size_"):
        low, high = f"{prefix}ci_lower", f"{prefix}ci_upper"
        if {low, high} <= set(shown.columns):
            joined = shown[low].astype(str) + " to " + shown[high].astype(str)
            shown = shown.assign(**{low: joined}).drop(columns=high)
            shown = shown.rename(columns={low: f"{prefix}interval"})
    return shown.rename(columns={name: _heading(str(name), unit) for name in shown})


def _heading(name: str, unit: str) -> str:
    """'share_observed' becomes 'observed, %'."""
    words = name.removeprefix("share_").removeprefix("rel_").replace("_", " ")
    percent = unit_of(name.replace("interval", "ci_lower"), unit).startswith("share")
    return f"{words}, %" if percent else words
