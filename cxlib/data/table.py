"""A table that has passed its contract."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cxlib import _format
from cxlib._console import Shown
from cxlib.data.open import FileInfo


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Table(Shown):
    """Checked rows with their provenance; prints its denominators, never its rows.

    Attributes
    ----------
    name, grain : str
        Which table, and what one row is.
    frame : pandas.DataFrame, DuckDB relation, polars.LazyFrame or Spark DataFrame
        Our columns, typed; other columns under their own names. What it is depends on
        the engine that was asked for.
    checks : pandas.DataFrame
        rule, status (pass or caution), rows, detail.
    counts : dict
        asked, answered, blank and invalid where there is a score; rows otherwise.
    files : tuple of FileInfo
        Path, sha256, bytes and rows of every file read.
    period : tuple of pandas.Timestamp, optional
        First and last date of the rows.
    """

    name: str
    grain: str
    frame: Any
    checks: pd.DataFrame
    counts: dict[str, int]
    files: tuple[FileInfo, ...]
    period: tuple[pd.Timestamp, pd.Timestamp] | None = None

    @property
    def text(self) -> str:
        """The denominator in one sentence."""
        return f"{self._rows()}{self._dates()}."

    def _rows(self) -> str:
        if "asked" not in self.counts:
            return f"{self.name}: {self.counts['rows']:,} rows, {self.grain} each"
        asked, answered = self.counts["asked"], self.counts["answered"]
        share = _format.quantity(answered / asked if asked else None, "share")
        return (
            f"{asked:,} asked, {answered:,} answered ({share}), "
            f"{self.counts['blank']:,} blank, {self.counts['invalid']:,} invalid"
        )

    def _dates(self) -> str:
        if self.period is None:
            return ""
        low, high = self.period
        return f"; {low:%Y-%m-%d} to {high:%Y-%m-%d}"

    def _repr_html_(self) -> str:
        shown = _format.frame(self.checks).to_html(index=False, border=0, classes="cx")
        return f"<p class='finding'>{html.escape(self.text)}</p>{shown}"
