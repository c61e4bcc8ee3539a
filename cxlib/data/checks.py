"""One line of the check table of a report."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Literal

import pandas as pd

_SHOWN = 24
_PLAIN = re.compile(
    """am|pm|t|z|utc|gmt|n|a|na|nd|nan|null|nil|none|missing|unknown
    |jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sep(tember)?
    |oct(ober)?|nov(ember)?|dec(ember)?|gen(naio)?|febbraio|marzo|aprile|mag(gio)?
    |giu(gno)?|lug(lio)?|ago(sto)?|set(tembre)?|ott(obre)?|novembre|dic(embre)?""",
    re.VERBOSE | re.IGNORECASE,
)


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


def examples(values: pd.Series, *, n: int = 3, words: bool = False) -> tuple[str, ...]:
    """Return up to n distinct values that are safe to print.

    A long value or one with an @ may be a customer's words or address: only its
    length is shown. In the others each letter becomes an x, unless the word belongs to
    a date or says that something is missing, or `words` says that they are labels.

    >>> examples(pd.Series(["31/12/2025", "a@b.it", "3 maggio", "n/a", "31/12/2025"]))
    ('31/12/2025', '<text of 6 characters>', '3 maggio')
    >>> examples(pd.Series(["rude courier"]))
    ('xxxx xxxxxxx',)
    """
    shown = []
    for value in values.dropna().astype(str).drop_duplicates().head(n):
        private = len(value) > _SHOWN or "@" in value
        masked = value if words else re.sub(r"[^\W\d_]+", _mask, value)
        shown.append(f"<text of {len(value):,} characters>" if private else masked)
    return tuple(shown)


def _mask(word: re.Match[str]) -> str:
    """Keep a word of dates or of blanks, else one x a letter."""
    return word[0] if _PLAIN.fullmatch(word[0]) else "x" * len(word[0])
