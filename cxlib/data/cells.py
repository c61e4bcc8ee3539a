"""Headers and cells as every format gives them: one line, stripped, blanks as NA."""

from __future__ import annotations

import re

import pandas as pd


def clean(cell: str) -> str:
    """Return a header cell on one line, without spaces around it."""
    return re.sub(r"\s+", " ", cell).strip()


def unique(names: list[str]) -> list[str]:
    """Name blank headers by position; number repeated ones: 'x', 'x (2)'."""
    seen: dict[str, int] = {}
    taken: set[str] = set(names)
    out = []
    for position, name in enumerate(names, 1):
        base = name or f"column {position}"
        seen[base] = seen.get(base, 0) + 1
        given = base if seen[base] == 1 else f"{base} ({seen[base]})"
        while seen[base] > 1 and given in taken:
            seen[base] += 1
            given = f"{base} ({seen[base]})"
        taken.add(given)
        out.append(given)
    return out


def blanked(frame: pd.DataFrame, missing: tuple[str, ...]) -> pd.DataFrame:
    """Strip text; NA for blanks and for what the source declares to be no answer."""
    columns = {name: _blanked(frame[name], missing) for name in frame.columns}
    return pd.DataFrame(columns, index=frame.index)


def _blanked(column: pd.Series, missing: tuple[str, ...]) -> pd.Series:
    if isinstance(column.dtype, pd.StringDtype):
        text = column.str.strip()
        return text.mask(text.isin(["", *missing]))
    if column.dtype == object:
        text = column.map(lambda v: v.strip() if isinstance(v, str) else v)
        return text.mask(text.map(str).isin(["", *missing]))
    codes = pd.to_numeric(pd.Series(missing, dtype="object"), errors="coerce").dropna()
    if pd.api.types.is_numeric_dtype(column) and len(codes):
        return column.mask(column.isin(codes.tolist()))
    return column
