"""Turn cells into dates, numbers, scores and labels; what does not fit is counted."""

from __future__ import annotations

import re
from typing import NamedTuple

import pandas as pd

from cxlib.data.checks import Check, examples
from cxlib.data.contract import Kind
from cxlib.data.source import Source
from cxlib.errors import Problem

NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
GROUPED = {
    ",": r"[-+]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?",
    ".": r"[-+]?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?",
}
_COMMA = r"[-+]?\d{1,3}(\.\d{3})*,\d+|[-+]?\d+,\d+"
_THOUSANDS = r"[-+]?\d{1,3}(,\d{3})+(\.\d+)?"
_LABELLED = re.compile(r"^(\d+)(?:\s*[-–—:=.(]\s*|\s+)[^\d\s\-–—:=.(].*$", re.DOTALL)
TRUE = {"true", "yes", "1", "1.0", "y", "si", "sì"}
FALSE = {"false", "no", "0", "0.0", "n"}
EXACT = 2**53
MAX_BAD_SHARE = 0.01


class Converted(NamedTuple):
    """A converted column, what was noticed, and what stops the run."""

    values: pd.Series
    checks: list[Check]
    problems: list[Problem]


def convert(column: pd.Series, kind: Kind, source: Source) -> Converted:
    """Convert one of our columns to its kind."""
    if kind in {"id", "label", "text", "period"}:
        return Converted(as_text(column), [], [])
    if kind == "flag":
        return _flag(column, source)
    if kind == "score":
        return _score(column, source)
    return _number(column, source)


def as_text(column: pd.Series) -> pd.Series:
    """Return text, NA where blank; whole floats lose their '.0'."""
    if pd.api.types.is_float_dtype(column) and (column.dropna() % 1 == 0).all():
        column = column.astype("Int64")
    text = column.astype("string").str.strip()
    return text.mask(text == "").astype("str")


def plain_numbers(column: pd.Series, decimal: str = "") -> pd.Series:
    """Parse numbers as declared; NaN where a cell is blank or no number."""
    if pd.api.types.is_bool_dtype(column) or pd.api.types.is_numeric_dtype(column):
        return column.astype(float)
    text = column.astype("string").str.strip()
    if decimal:
        grouped = text.str.fullmatch(GROUPED[decimal]).fillna(value=False).astype(bool)
        merged = text.str.replace("." if decimal == "," else ",", "", regex=False)
        rest = text if decimal == "." else text.mask(text.notna())
        text = merged.str.replace(",", ".", regex=False).where(grouped, rest)
    fits = text.str.fullmatch(NUMBER).fillna(value=False).astype(bool)
    return pd.to_numeric(text.where(fits), errors="coerce").astype(float)


def _number(column: pd.Series, source: Source) -> Converted:
    values = plain_numbers(column, source.decimal)
    bad = values.isna() & column.notna()
    if not bad.any():
        return Converted(values, [], [])
    return Converted(values, [], [no_numbers(column[bad], int(bad.sum()), source)])


def no_numbers(bad: pd.Series, rows: int, source: Source) -> Problem:
    """Say that cells, some or all of them in `bad`, are no numbers."""
    return Problem(
        rule="is not a number", rows=rows, examples=examples(bad),
        file=source.name, column=str(bad.name), fix=_number_fix(bad, source),
    )  # fmt: skip


def _number_fix(bad: pd.Series, source: Source) -> str:
    """What to do about cells that are no numbers."""
    text = bad.astype(str).str.strip()
    if not source.decimal and text.str.fullmatch(_THOUSANDS).all():
        return (
            'Is the comma a decimal (`decimal: ","`) or does it part thousands '
            '(`decimal: "."`)? Declare it.'
        )
    if not source.decimal and text.str.fullmatch(_COMMA).any():
        return 'It looks like a decimal comma: declare `decimal: ","`.'
    return "Mend the cells, or list the texts that mean no answer under `missing`."


def _flag(column: pd.Series, source: Source) -> Converted:
    text = column.astype("string").str.strip().str.casefold()
    values = text.map(lambda t: 1.0 if t in TRUE else 0.0 if t in FALSE else None)
    values = values.astype(float)
    bad = values.isna() & text.notna()
    rows = int(bad.sum())
    return Converted(values, [], [no_flags(column[bad], rows, source)] if rows else [])


def no_flags(bad: pd.Series, rows: int, source: Source) -> Problem:
    """Say that cells, some or all of them in `bad`, are no flags."""
    return Problem(
        rule="is neither 0/1, true/false nor yes/no", rows=rows, examples=examples(bad),
        file=source.name, column=str(bad.name), fix="Recode the column.",
    )  # fmt: skip


def _score(column: pd.Series, source: Source) -> Converted:
    """Numbers, also as survey tools label them ('10 - Extremely likely').

    Text that holds no number becomes infinite: off every scale, so that it is counted
    as invalid and not as blank.
    """
    values = plain_numbers(column, source.decimal)
    bad = values.isna() & column.notna()
    read = labelled_numbers(column.where(bad))
    rows = int(read.notna().sum())
    checks = [read_labels(f"{source.name}: {column.name}", rows)] if rows else []
    text = bad & read.isna()
    return Converted(values.fillna(read).mask(text, float("inf")), checks, [])


def labelled_numbers(column: pd.Series) -> pd.Series:
    """Return the number before each label ('10 - Extremely likely'), else NaN."""
    text = column.astype("string").str.strip().str.extract(_LABELLED, expand=False)
    return pd.to_numeric(text, errors="coerce").astype(float)


def read_labels(name: str, rows: int) -> Check:
    """Say how many scores were read from labels."""
    detail = "the number before a label was read ('10 - Extremely likely')"
    return Check.caution(name, detail, rows)


def natural(column: pd.Series, decimal: str = "") -> pd.Series:
    """Return a column of no contract as numbers or flags where every cell is one.

    Codes with a leading zero ('00123') and numbers too long for a float stay text.
    """
    if isinstance(column.dtype, pd.CategoricalDtype):
        return as_text(column.astype("object"))
    if not (pd.api.types.is_string_dtype(column) or column.dtype == object):
        return _plain_type(column)
    text = column.astype("string").str.strip()
    filled = text.dropna()
    if filled.empty or not re.match(r"[-+.\dtf]", filled.iloc[0], re.IGNORECASE):
        return as_text(column)
    if filled.str.casefold().isin(["true", "false"]).all():
        return text.str.casefold().map({"true": 1.0, "false": 0.0}).astype(float)
    values = plain_numbers(column, decimal)
    coded = filled.str.fullmatch(r"0\d+").any() or values.abs().max() >= EXACT
    if coded or values.notna().sum() < len(filled):
        return as_text(column)
    whole = values.notna().all() and (values % 1 == 0).all()
    return values.astype("int64") if whole else values


def _plain_type(column: pd.Series) -> pd.Series:
    """Numpy's type for pandas' nullable and Arrow's numbers and flags."""
    if not isinstance(column.dtype, pd.api.extensions.ExtensionDtype):
        return column
    if pd.api.types.is_numeric_dtype(column) or pd.api.types.is_bool_dtype(column):
        whole = pd.api.types.is_integer_dtype(column) and column.notna().all()
        return column.astype("int64" if whole else "float64")
    return column
