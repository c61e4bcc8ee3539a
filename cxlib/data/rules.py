"""Rules that need the whole table, worded from counts that any engine can give."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from cxlib.data.checks import Check, examples
from cxlib.data.contract import Contract
from cxlib.data.source import Source
from cxlib.errors import Problem


def blank_cells(
    blanks: Mapping[str, int], rules: Contract, source: Source
) -> list[Problem]:
    """One problem for each column that may not be blank and is."""
    fix = "Fill the cells, or drop those rows from the export."
    return [
        Problem(
            rule="may not be blank", rows=blanks[column], file=source.name,
            column=column, fix=fix,
        )
        for column in rules.filled
        if blanks.get(column)
    ]  # fmt: skip


def identical_rows(source: Source, rows: int) -> Check:
    """Say how many rows equal an earlier one."""
    detail = "identical to an earlier row in every column: dropped"
    return Check.caution(f"{source.name}: repeated rows", detail, rows)


def repeated_key(
    keys: list[str], rows: int, shown: pd.DataFrame, source: Source
) -> Problem:
    """Say that rows share a key; `shown` holds some of the repeated keys."""
    words = shown[keys].astype(object).where(shown[keys].notna(), "(blank)")
    joined = words.astype(str).agg(" / ".join, axis=1)
    return Problem(
        rule=f"{' + '.join(keys)} must name one row only", rows=rows,
        examples=examples(joined, words=True), file=source.name,
        column=keys[0], fix="Keep one row for each, or aggregate the export first.",
    )  # fmt: skip


def respondents(source: Source, *, rows: int, blank: int, repeats: int) -> list[Check]:
    """Say what rows without a respondent's id, or with one seen before, mean."""
    name = f"{source.name}: respondent_id"
    if blank == rows:
        detail = "no id column: rows are numbered, repeat respondents cannot be seen"
        return [Check.caution(name, detail, rows)]
    checks = []
    if blank:
        detail = "blank: each such row counts as a respondent of its own"
        checks.append(Check.caution(name, detail, blank))
    if repeats:
        detail = (
            "answers from a respondent seen before: declare `cluster` for honest "
            "intervals"
        )
        checks.append(Check.caution(name, detail, repeats))
    return checks
