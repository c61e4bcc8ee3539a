"""Turn cells into dates, numbers, scores and labels; what does not fit is counted."""

from __future__ import annotations

import re
from typing import NamedTuple

import pandas as pd

from cxlib.data.checks import Check, examples
from cxlib.data.contract import Kind
from cxlib.data.source import Source
from cxlib.errors import Problem

_NUMBER = r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?"
_LABELLED = re.compile(r"^\s*(\d+)\s*(?:[-–—:=.(]|\s)\s*\D.*$", re.DOTALL)
_TRUE = {"true", "yes", "1", "1.0", "y", "si", "sì"}
_FALSE = {"false", "no", "0", "0.0", "n"}
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
    if decimal == ",":
        text = text.str.replace(".", "", regex=False).str.replace(",", ".", regex=False)
    fits = text.str.fullmatch(_NUMBER).fillna(value=False).astype(bool)
    return pd.to_numeric(text.where(fits), errors="coerce").astype(float)


def _number(column: pd.Series, source: Source) -> Converted:
    values = plain_numbers(column, source.decimal)
    bad = values.isna() & column.notna()
    if not bad.any():
        return Converted(values, [], [])
    comma = column[bad].astype(str).str.fullmatch(r"[-+]?[\d.]*,\d+").any()
    fix = (
        'It looks like a decimal comma: declare `decimal: ","`.'
        if comma and not source.decimal
        else "Mend the cells, or list the texts that mean no answer under `missing`."
    )
    problem = Problem(
        rule="is not a number", rows=int(bad.sum()), examples=examples(column[bad]),
        file=source.name, column=str(column.name), fix=fix,
    )  # fmt: skip
    return Converted(values, [], [problem])


def _flag(column: pd.Series, source: Source) -> Converted:
    text = column.astype("string").str.strip().str.casefold()
    values = text.map(lambda t: 1.0 if t in _TRUE else 0.0 if t in _FALSE else None)
    values = values.astype(float)
    bad = values.isna() & text.notna()
    problems = []
    if bad.any():
        problems = [
            Problem(
                rule="is neither 0/1, true/false nor yes/no", rows=int(bad.sum()),
                examples=examples(column[bad]), file=source.name,
                column=str(column.name), fix="Recode the column.",
            )
        ]  # fmt: skip
    return Converted(values, [], problems)


def _score(column: pd.Series, source: Source) -> Converted:
    """Numbers, also as survey tools label them ('10 - Extremely likely').

    Text that holds no number becomes infinite: off every scale, so that it is counted
    as invalid and not as blank.
    """
    values = plain_numbers(column, source.decimal)
    bad = values.isna() & column.notna()
    labelled = column.where(bad).astype("string").str.extract(_LABELLED, expand=False)
    read = pd.to_numeric(labelled, errors="coerce").astype(float)
    checks = []
    if read.notna().any():
        detail = "the number before a label was read ('10 - Extremely likely')"
        name = f"{source.name}: {column.name}"
        checks.append(Check.caution(name, detail, int(read.notna().sum())))
    text = bad & read.isna()
    return Converted(values.fillna(read).mask(text, float("inf")), checks, [])


def natural(column: pd.Series, decimal: str = "") -> pd.Series:
    """Return a column of no contract as numbers or flags where every cell is one.

    Codes with a leading zero ('00123') stay text.
    """
    if not (pd.api.types.is_string_dtype(column) or column.dtype == object):
        return column
    text = column.astype("string").str.strip()
    filled = text.dropna()
    if filled.empty or filled.str.fullmatch(r"0\d+").any():
        return as_text(column)
    if filled.str.casefold().isin(["true", "false"]).all():
        return text.str.casefold().map({"true": 1.0, "false": 0.0}).astype(float)
    values = plain_numbers(column, decimal)
    if values.notna().sum() < len(filled):
        return as_text(column)
    whole = values.notna().all() and (values % 1 == 0).all()
    return values.astype("int64") if whole and values.abs().max() < 2**53 else values
