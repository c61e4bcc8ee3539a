"""Results as a reader sees them: a sentence, tables in words, the method."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from cxlib import _format
from cxlib.result import Result

Columns = Mapping[str, pd.Series]
_NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Told(Result):
    """A result that prints as its sentence and displays as sentence and tables.

    `reason` says why there is nothing to show; empty where there is something.
    """

    reason: str = ""

    @property
    def shown(self) -> Sequence[Columns]:
        """Tables for a reader: header -> column of text."""
        return ()

    @property
    def footnote(self) -> str:
        """What stands under the tables."""
        return self.method

    def _repr_html_(self) -> str:
        tables = [pd.DataFrame(dict(columns)) for columns in self.shown]
        body = "".join(
            table.to_html(index=False, border=0, classes="cx")
            for table in tables
            if len(table)
        )
        note = self.footnote.strip() if body else ""
        return f"<p class='finding'>{html.escape(self.text)}</p>{body}" + (
            f"<p class='method'>{html.escape(note)}</p>" if note else ""
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Bracketed(Told):
    """A result whose brackets hold intervals of one level."""

    confidence_level: float

    @property
    def footnote(self) -> str:
        """What the brackets hold, then the method."""
        return f"{brackets(self.confidence_level)} {self.method}"


def numbers(
    column: pd.Series,
    unit: str | pd.Series,
    *,
    signed: bool = False,
    decimals: int | None = None,
) -> pd.Series:
    """Return numbers as text in their unit; a dash where missing."""
    units = unit if isinstance(unit, pd.Series) else pd.Series(unit, column.index)
    text = [
        _format.MISSING
        if pd.isna(value)
        else _format.number(value, u, signed=signed, decimals=decimals)
        for value, u in zip(column.tolist(), units, strict=True)
    ]
    return pd.Series(text, index=column.index, dtype="str")


def with_ends(
    table: pd.DataFrame,
    value: str,
    unit: str | pd.Series,
    *,
    prefix: str = "",
    signed: bool = False,
) -> pd.Series:
    """Return '−24.7 (−28.2 to −21.1)' for each row, on one line; a dash if missing."""
    units = unit if isinstance(unit, pd.Series) else pd.Series(unit, table.index)
    shown = numbers(table[value], units, signed=signed)
    low, high = (
        numbers(table[f"{prefix}ci_{end}"], units) for end in ("lower", "upper")
    )
    text = [
        f"{v} ({a} to {b})" if a != _format.MISSING else v
        for v, a, b in zip(shown, low, high, strict=True)
    ]
    return unbroken(pd.Series(text, index=table.index, dtype="str"))


def pvalues(column: pd.Series) -> pd.Series:
    """Return p-values as text, each on one line."""
    return unbroken(column.map(_format.pvalue).astype("str"))


def unbroken(column: pd.Series) -> pd.Series:
    """Keep each cell on one line."""
    return column.str.replace(" ", _NO_BREAK)


def brackets(level: float) -> str:
    """Say what stands in the brackets of a table."""
    return f"In brackets: {100 * level:g} % CI."


def unit_word(unit: str) -> str:
    """Return the unit for a column header."""
    words = {"points": ", points", "share": ", %", "share_points": ", pp"}
    return words.get(unit, "")
