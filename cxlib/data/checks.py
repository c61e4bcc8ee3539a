"""One line of the check table of a report."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import pandas as pd

_SHOWN = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What was looked at, how it went, on how many rows."""

    rule: str
    status: Literal["pass", "caution"]
    rows: int
    detail: str

    @classmethod
    def ok(cls, rule: str, detail: str, rows: int = 0) -> Check:
        """A check that passed."""
        return cls(rule=rule, status="pass", rows=rows, detail=detail)

    @classmethod
    def caution(cls, rule: str, detail: str, rows: int = 0) -> Check:
        """A check that the reader should know of."""
        return cls(rule=rule, status="caution", rows=rows, detail=detail)


def to_frame(checks: list[Check]) -> pd.DataFrame:
    """Return the check table, cautions first."""
    rows = sorted(
        (asdict(check) for check in checks), key=lambda r: r["status"] == "pass"
    )
    return pd.DataFrame(rows, columns=["rule", "status", "rows", "detail"])


def examples(values: pd.Series) -> tuple[str, ...]:
    """Return up to three distinct values that are safe to print.

    A long value or one with an @ may be a customer's words or address: only its
    length is shown.

    >>> examples(pd.Series(["31/12/2025", "a@b.it", "31/12/2025"]))
    ('31/12/2025', '<text of 6 characters>')
    """
    shown = []
    for value in values.dropna().astype(str).drop_duplicates().head(3):
        private = len(value) > _SHOWN or "@" in value
        shown.append(f"<text of {len(value):,} characters>" if private else value)
    return tuple(shown)
