"""Count a source's rows; leave out blank ones and those that `keep` rules out."""

from __future__ import annotations

from collections.abc import Mapping

import narwhals as nw
import pandas as pd

from cxlib.data.checks import Check
from cxlib.data.engines.columns import Column, as_text, count_true
from cxlib.data.engines.opened import Opened
from cxlib.data.engines.state import Part
from cxlib.data.frames import collect
from cxlib.data.mapping import cannot_keep, keeps_nothing, kept, wanted_texts
from cxlib.data.open import FileInfo
from cxlib.errors import DataError

BLANK = "cx blank"


def keep_rows(part: Part, opened: Opened) -> None:
    """Filter the rows and note how many each rule left out."""
    source = part.source
    known = {column.name: column for column in part.columns}
    unknown = [column for column in source.keep if column not in known]
    part.problems += [cannot_keep(source, column, known) for column in unknown]
    if unknown:
        return
    tests = {
        column: _comparable(known[column]).is_in(wanted_texts(wanted))
        for column, wanted in source.keep.items()
    }
    tests = {column: test.fill_null(value=False) for column, test in tests.items()}
    whole = _tally(part, opened, tests)
    _denominators(part, opened, whole)
    rows = part.rows.filter(~nw.col(BLANK))
    for i, (column, test) in enumerate(tests.items()):
        outside = rows.filter(~test).select(_comparable(known[column])).unique()
        shown = collect(outside.sort(column, nulls_last=True).head(8))[column]
        wanted = wanted_texts(source.keep[column])
        n_out = int(whole[f"out {i}"])
        part.checks.append(kept(source, column, wanted, shown, rows=n_out))
        rows = rows.filter(test)
    part.rows, part.n_rows = rows, int(whole["kept"])
    if not part.n_rows:
        part.problems.append(keeps_nothing(source))


def _tally(part: Part, opened: Opened, tests: Mapping[str, nw.Expr]) -> pd.Series:
    """All rows, blank ones, those with too many cells; what each test leaves out."""
    inside, asked = (
        ~nw.col(BLANK),
        {"rows": nw.len(), "blank": count_true(nw.col(BLANK))},
    )
    for i, test in enumerate(tests.values()):
        asked[f"out {i}"] = count_true(inside & ~test)
        inside = inside & test
    asked["kept"] = count_true(inside)
    if opened.long_rows is not None:
        asked["long"] = opened.long_rows
    return collect(part.rows.select(**asked)).iloc[0].astype(int)


def _comparable(column: Column) -> nw.Expr:
    """Text to compare with `keep`: 1.0 is '1'."""
    text = as_text(column, whole=False)
    if not column.dtype.is_float():
        return text
    whole = nw.col(column.name) % 1 == 0
    short = as_text(column, whole=True)
    return nw.when(whole).then(short).otherwise(text).alias(column.name)


def _denominators(part: Part, opened: Opened, whole: pd.Series) -> None:
    """Stop at torn rows and empty tables; note blank rows and the file's facts."""
    source = part.source
    if whole.get("long", 0):
        raise DataError(
            f"{source.name}: {whole['long']:,} rows have more cells than the header; "
            "quote the texts that hold a separator or quote."
        )
    filled = int(whole["rows"] - whole["blank"])
    if not filled:
        nothing = "returns no rows" if source.query else "has a header but no rows"
        fix = "mend the query" if source.query else "export it again"
        raise DataError(f"{source.name} {nothing}; {fix}.")
    if whole["blank"]:
        detail = "rows with every cell blank: dropped"
        part.checks.append(Check.caution(source.name, detail, int(whole["blank"])))
    part.file = FileInfo(
        path=source.path or "query", sha256=opened.sha256, n_bytes=opened.n_bytes,
        n_rows=filled,
    )  # fmt: skip
