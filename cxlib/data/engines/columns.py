"""Each kind of column: what to count of its cells, and how they convert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import narwhals as nw

from cxlib.data.contract import Kind
from cxlib.data.convert import EXACT, FALSE, GROUPED, NUMBER, TRUE
from cxlib.data.dates import plausible
from cxlib.data.personal import ADDRESS

_BLANKS = " \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f\x85\xa0\u2000\u2003\u2007\u2009\u202f\u3000"
_EDGED = f"^[{_BLANKS}]|[{_BLANKS}]$"
TEXTS = {"id", "label", "text", "period"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column: its kind (None outside the contract) and the type it arrives in.

    `date` names the column of its parsed dates.
    """

    name: str
    kind: Kind | None
    dtype: nw.dtypes.DType
    decimal: str = ""
    date: str = ""

    @property
    def is_text(self) -> bool:
        """Whether the cells arrive as text."""
        return self.dtype == nw.String()


def tidy(name: str, dtype: nw.dtypes.DType, missing: tuple[str, ...]) -> nw.Expr:
    """Strip text; null for blanks, NaN and what the source declares no answer."""
    column = nw.col(name)
    if dtype in {nw.Categorical, nw.Enum, nw.String}:
        raw = column.cast(nw.String())
        edged = raw.str.contains(_EDGED)
        text = nw.when(edged).then(raw.str.strip_chars(_BLANKS)).otherwise(raw)
        return nw.when(~text.is_in(["", *missing])).then(text).alias(name)
    codes = [float(code) for code in missing if _is_number(code)]
    if dtype.is_float() or dtype == nw.Decimal or (codes and dtype.is_numeric()):
        value = column.cast(nw.Float64())
        keep = ~value.is_nan()
        keep = keep & ~value.is_in(codes) if codes else keep
        kept = value if dtype == nw.Decimal else column
        return nw.when(keep).then(kept).alias(name)
    return column


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def counts(column: Column) -> dict[str, nw.Expr]:
    """Return what must be known of a column before it is converted."""
    cells = nw.col(column.name)
    found = {"filled": cells.count()}
    if column.kind == "date":
        return found | _date_counts(column)
    if column.kind in TEXTS:
        wanted = column.dtype.is_float()
        return found | ({"whole": count_true(cells % 1 == 0)} if wanted else {})
    if column.kind is not None:
        return found | {"fits": value(column).count()}
    if not column.is_text:
        return found
    number = value(column)
    return found | {
        "fits": number.count(), "whole": count_true(number % 1 == 0),
        "top": number.abs().max(), "coded": count_true(cells.str.contains(r"^0\d+$")),
        "flags": count_true(cells.str.to_lowercase().is_in(["true", "false"])),
        "addresses": count_true(cells.str.contains(f"^{ADDRESS}$")),
    }  # fmt: skip


def value(column: Column) -> nw.Expr:
    """Return a column as floats (flags: 0 and 1), null where a cell is none."""
    if column.kind == "flag":
        return _flag(column)
    cells = nw.col(column.name)
    if not column.is_text:
        return cells.cast(nw.Float64())
    if column.decimal:
        grouped = cells.str.contains(f"^(?:{GROUPED[column.decimal]})$")
        thousands = "." if column.decimal == "," else ","
        merged = cells.str.replace_all(thousands, "", literal=True)
        merged = merged.str.replace_all(",", ".", literal=True)
        chosen = nw.when(grouped).then(merged)
        cells = chosen if column.decimal == "," else chosen.otherwise(cells)
    plain = nw.when(cells.str.contains(f"^(?:{NUMBER})$")).then(cells)
    return plain.str.replace_all(r"^\+", "").cast(nw.Float64())


def converted(column: Column, found: Mapping[str, Any], n_rows: int) -> nw.Expr:
    """Return a column in its kind, given its counts."""
    if column.date:
        return nw.col(column.date).alias(column.name)
    if column.kind in TEXTS:
        return as_text(column, whole=found.get("whole") == found["filled"])
    if column.kind is not None:
        return value(column).alias(column.name)
    return _natural(column, found, n_rows)


def _natural(column: Column, found: Mapping[str, Any], n_rows: int) -> nw.Expr:
    """A column of no contract: numbers or flags where every filled cell is one."""
    cells = nw.col(column.name)
    if column.dtype.is_integer() and found["filled"] < n_rows:
        return cells.cast(nw.Float64())
    if not column.is_text or not found["filled"]:
        return cells
    if found["flags"] == found["filled"]:
        truth = cells.str.to_lowercase() == "true"
        return nw.when(truth).then(1.0).otherwise(_zero(cells)).alias(column.name)
    every = found["fits"] == found["filled"]
    if not every or found["coded"] or found["top"] >= EXACT:
        return cells
    number = value(column).alias(column.name)
    return number.cast(nw.Int64()) if found["whole"] == n_rows else number


def as_text(column: Column, *, whole: bool) -> nw.Expr:
    """Return a column as text; whole floats lose their '.0'."""
    cells = nw.col(column.name)
    if column.dtype == nw.Boolean():
        words = nw.when(cells).then(nw.lit("True"))
        return words.otherwise(nw.when(~cells).then(nw.lit("False"))).alias(column.name)
    if column.dtype.is_float() and whole:
        cells = cells.cast(nw.Int64())
    return cells.cast(nw.String()).alias(column.name)


def _zero(cells: nw.Expr) -> nw.Expr:
    return nw.when(~cells.is_null()).then(0.0)


def _flag(column: Column) -> nw.Expr:
    cells = nw.col(column.name)
    if column.is_text:
        low = cells.str.to_lowercase()
        yes, no = low.is_in(sorted(TRUE)), low.is_in(sorted(FALSE))
    else:
        number = cells.cast(nw.Float64())
        yes, no = number == 1, number == 0
    return nw.when(yes).then(1.0).otherwise(nw.when(no).then(0.0))


def _date_counts(column: Column) -> dict[str, nw.Expr]:
    dates = nw.col(column.date)
    before, after = plausible()
    return {
        "fits": dates.count(), "low": dates.min(), "high": dates.max(),
        "epoch": count_true(dates < nw.lit(before.to_pydatetime())),
        "future": count_true(dates > nw.lit(after.to_pydatetime())),
    }  # fmt: skip


def count_true(true: nw.Expr) -> nw.Expr:
    """Count the rows of which something is true; blank is not."""
    return nw.when(true).then(nw.lit(1)).count()
