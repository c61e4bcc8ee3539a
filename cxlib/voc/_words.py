"""Sentence parts that several results share."""

from __future__ import annotations

import html
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cxlib import _format
from cxlib.result import Finding, Result

Row = Mapping[Hashable, Any]
_GAP = "\u00a0"  # an interval must not break over two lines


def records(table: pd.DataFrame) -> list[Row]:
    """Return the table's rows as mappings."""
    columns = [table[name].tolist() for name in table.columns]
    return [
        dict(zip(table.columns, row, strict=True)) for row in zip(*columns, strict=True)
    ]


def measured(row: Row, unit: str, level: float, *, of: str = "") -> str:
    """Return a row's interval and n for brackets: '95 % CI 1 to 2, n = 30'."""
    ends = _format.interval(
        row["ci_lower"], row["ci_upper"], unit, confidence_level=level
    )
    return f"{ends}, n = {_format.count(row['n'])}{of}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Told(Result):
    """A result that prints as its sentence and displays as sentence and table."""

    def _display(self) -> pd.DataFrame:
        """Return the table as a reader sees it, all text."""
        return _format.frame(self.table, self.unit)

    def _repr_html_(self) -> str:
        rows = self._display() if len(self.table) else self.table
        table = rows.to_html(index=False, border=0, classes="cx") if len(rows) else ""
        method = html.escape(self.method)
        note = f"<p class='method'>{method}</p>" if method else ""
        return f"<p class='finding'>{html.escape(self.text)}</p>{table}{note}"


def column(
    table: pd.DataFrame, name: str, unit: str, *, signed: bool = False
) -> list[str]:
    """Return a column as text."""
    return [_format.number(value, unit, signed=signed) for value in table[name]]


def spans(table: pd.DataFrame, unit: str, prefix: str = "") -> list[str]:
    """Return the interval columns as text: '1.2 to 3.4'."""
    ends = zip(table[f"{prefix}ci_lower"], table[f"{prefix}ci_upper"], strict=True)
    return [
        _format.MISSING
        if pd.isna(low)
        else f"{_format.number(low, unit)}{_GAP}to{_GAP}{_format.number(high, unit)}"
        for low, high in ends
    ]


def sentence(text: str) -> str:
    """Return the text with a capital first letter."""
    return text[:1].upper() + text[1:]


def finding(
    name: str, statement: str, row: Row, unit: str, label: str = "", *, level: float
) -> Finding:
    """Return a row as a headline number."""
    return Finding(
        id=name, statement=statement, estimate=float(row["estimate"]), unit=unit,
        ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
        n=int(row["n"]), label=label, confidence_level=level,
    )  # fmt: skip
