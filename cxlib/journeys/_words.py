"""Word effects and intervals with the decimals that their interval supports."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import pandas as pd

from cxlib import _format
from cxlib.estimate.multiplicity import CORRECTED

CORRECTIONS = CORRECTED | {"none": "no correction"}
_NO_BREAK = "\u00a0"


def decimals(half_width: float, unit: str) -> int | None:
    """Return decimals so that an interval's half-width shows two digits or so."""
    shown = abs(half_width) * (100 if unit.startswith("share") else 1)
    if not math.isfinite(shown) or shown == 0:
        return None
    floor = 0 if unit == "amount" else 1
    return min(max(floor, 1 - math.floor(math.log10(shown))), 4)


def level(value: float, unit: str, half_width: float) -> str:
    """Return a value with its unit: '14.8 %', '−24.7 points', '0.65'."""
    text = _format.number(value, unit, decimals=decimals(half_width, unit))
    return text + {"share": " %", "points": " points"}.get(unit, "")


def change(value: float, unit: str, half_width: float) -> str:
    """Return a signed difference with its unit: '+7.9 percentage points'."""
    text = _format.number(value, unit, signed=True, decimals=decimals(half_width, unit))
    return text + {"share": " percentage points", "points": " points"}.get(unit, "")


def ends(lower: float, upper: float, unit: str) -> str:
    """Return '3.4 to 12.5' in the unit's scale."""
    places = decimals((upper - lower) / 2, unit)
    if places is not None:
        places = _format.decimals((lower, upper), unit, least=places)
    low = _format.number(lower, unit, decimals=places)
    return f"{low} to {_format.number(upper, unit, decimals=places)}"


def arms(row: pd.Series, unit: str) -> tuple[str, str]:
    """Return the treatment's and the control's value of a comparison's row."""
    half = _half(row)
    return level(row["treatment"], unit, half), level(row["control"], unit, half)


def effect(row: pd.Series, unit: str, confidence_level: float, extra: str) -> str:
    """Return '+7.9 percentage points (95 % CI 3.4 to 12.5, n = 1,127)'."""
    low, high = row["effect_size_ci_lower"], row["effect_size_ci_upper"]
    return (
        f"{change(row['effect_size'], unit, _half(row))} "
        f"({percent(confidence_level)} CI {ends(low, high, unit)}{extra})"
    )


def limit(value: float, unit: str) -> str:
    """Return a declared margin as it was declared: '2 points'.

    >>> limit(2, "points"), limit(0.005, "share"), limit(-1500, "amount")
    ('2 points', '0.5 percentage points', '−1,500')
    """
    shown = value * (100 if unit == "share" else 1)
    text = f"{shown:,.10g}".replace("-", "−")
    named = {"share": " percentage points", "points": " points"}.get(unit, "")
    return text + (named.removesuffix("s") if text == "1" else named)


def difference(row: pd.Series, unit: str) -> str:
    """Return a difference with its interval for a cell: '+7.9 pp (3.4 to 12.5)'."""
    moved = change(row["effect_size"], unit, _half(row))
    moved = moved.replace(" percentage points", " pp").removesuffix(" points")
    between = ends(row["effect_size_ci_lower"], row["effect_size_ci_upper"], unit)
    return f"{moved} ({between})"


def cells(
    row: pd.Series, unit: str, confidence_level: float, *, several: bool
) -> dict[str, str]:
    """Return both values and the difference with its interval as table cells."""
    treatment, control = arms(row, unit)
    name = row["treatment_arm"]
    found = {"variant": str(name)} if several else {}
    found[f"in {row['control_arm']}"] = control.removesuffix(" points")
    found["in variant" if several else f"in {name}"] = treatment.removesuffix(" points")
    found[f"difference ({percent(confidence_level)} CI)"] = difference(row, unit)
    return {key: fixed(text) for key, text in found.items()}


def pair(row: pd.Series) -> str:
    """Return the sizes of control and treatment: '3,020 / 2,980'."""
    return fixed(f"{row['n_control']:,} / {row['n_treatment']:,}")


def fixed(text: str) -> str:
    """Return a text that does not break over lines."""
    return text.replace(" ", _NO_BREAK)


def several_arms(table: pd.DataFrame) -> bool:
    """Return whether more than one treatment is compared."""
    return len(table) > 0 and len(table["treatment_arm"].unique()) > 1


def _half(row: pd.Series) -> float:
    return float(row["effect_size_ci_upper"] - row["effect_size_ci_lower"]) / 2


def percent(confidence_level: float) -> str:
    """Return '95 %'."""
    return f"{100 * confidence_level:g} %"


def listed(words: Iterable[object]) -> str:
    """Return 'a', 'a and b' or 'a, b and c'."""
    parts = [str(word) for word in words]
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def slug(*words: str) -> str:
    """Return the words as an identifier for a finding."""
    text = re.sub(r"\([^)]*\)", "", "_".join(words)).lower() or "_".join(words).lower()
    kept = "".join(c if c.isalnum() else "_" for c in text)
    return "_".join(part for part in kept.split("_") if part)
