"""Results as a reader sees them: a sentence, a narrow table in words, the method."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from cxlib import _format
from cxlib.result import Result
from cxlib.roi import _words

_NO_BREAK = "\u00a0"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Told(Result):
    """A result that prints as its sentence and displays a table of a few columns."""

    @property
    def display(self) -> pd.DataFrame:
        """The table in words, with the columns a reader needs."""
        return _format.frame(self.table, self.unit)

    def _repr_html_(self) -> str:
        shown = self.display
        body = (
            shown.to_html(index=False, border=0, classes="cx")
            if len(shown) and len(shown.columns)
            else ""
        )
        note = f"<p class='method'>{html.escape(self.method)}</p>" if body else ""
        return f"<p class='finding'>{html.escape(self.text)}</p>{body}{note}"


def changes(table: pd.DataFrame, currency: str = "") -> pd.Series:
    """Return '+3.92 EUR (3.38 to 4.46)' a row, in each row's unit, on one line."""
    texts = []
    for value, low, high, unit in _spans(table):
        size = _words.change(value, unit, currency).replace("percentage points", "pp")
        ends = _words.interval(low, high, unit).partition("CI ")[2]
        texts.append(f"{size} ({ends})" if pd.notna(value) else _format.MISSING)
    return _lines(texts, table)


def levels(table: pd.DataFrame) -> pd.Series:
    """Return '113 (107 to 119)' a row: a level, not a change, its unit left out."""
    texts = []
    for value, low, high, unit in _spans(table):
        size, *ends = (_format.number(x, unit) for x in (value, low, high))
        shown = f"{size} ({ends[0]} to {ends[1]})"
        texts.append(shown if pd.notna(value) else "too few")
    return _lines(texts, table)


def _spans(table: pd.DataFrame) -> Iterator[tuple[float, float, float, str]]:
    names = ("estimate", "ci_lower", "ci_upper", "unit")
    return zip(*(table[name].tolist() for name in names), strict=True)


def column(values: pd.Series, unit: str, *, decimals: int | None = None) -> pd.Series:
    """Return one column of numbers as text."""
    texts = [
        _format.number(value, unit, decimals=decimals)
        if pd.notna(value)
        else _format.MISSING
        for value in values.tolist()
    ]
    return pd.Series(texts, index=values.index, dtype="str")


def pvalues(values: pd.Series) -> pd.Series:
    """Return p-values as text, each on one line."""
    return values.map(_format.pvalue).astype("str").str.replace(" ", _NO_BREAK)


def plain(values: pd.Series) -> pd.Series:
    """Return column names as words."""
    return values.astype("str").map(_words.plain)


def _lines(texts: list[str], table: pd.DataFrame) -> pd.Series:
    whole = [text.replace(" ", _NO_BREAK) for text in texts]
    return pd.Series(whole, index=table.index, dtype="str")
