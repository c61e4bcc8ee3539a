"""Read dates as declared; what is found in their place is reported or stops."""

from __future__ import annotations

from itertools import product

import pandas as pd

from cxlib.data.checks import Check, examples
from cxlib.data.convert import MAX_BAD_SHARE, Converted
from cxlib.data.source import Source
from cxlib.errors import Problem

_DAYS = (
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y/%m/%d",
    "%Y%m%d",
)
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p")
_EPOCH = pd.Timestamp("1970-01-02")
_TRIED = 500


def read_dates(column: pd.Series, source: Source) -> Converted:
    """Return timestamps without a zone (UTC where the file has one).

    A declared `date_format` rules; without one, ISO 8601, else the one known format
    that fits every cell (a caution), else the run stops: several formats fit
    (day or month first?) or none does (mixed styles).
    """
    name = f"{source.name}: {column.name}"
    if pd.api.types.infer_dtype(column, skipna=True) in {"datetime", "date"}:
        column = pd.to_datetime(column)
    if pd.api.types.is_datetime64_any_dtype(column):
        return Converted(_naive(column), _oddities(column, name), [])
    text = column.astype("string").str.strip()
    if source.date_format:
        return _under(text, source.date_format, source, [])
    iso = _parse(text, "ISO8601")
    share_bad = _share_bad(iso, text)
    if share_bad <= MAX_BAD_SHARE:
        return _under(text, "ISO8601", source, [])
    some = text.dropna().drop_duplicates().head(_TRIED)
    fits = [f for f in _fitting(some) if _share_bad(_parse(text, f), text) == 0]
    if len(fits) == 1:
        detail = f"date_format '{fits[0]}' fits every cell; declare it"
        return _under(text, fits[0], source, [Check.caution(name, detail)])
    problem = _undecided(text, fits, int(text.notna().sum()), source=source)
    return Converted(pd.Series(pd.NaT, index=text.index), [], [problem])


def advise(odd: pd.Series, rows: tuple[int, int], source: Source) -> Problem:
    """Say which format to declare for texts that are not ISO 8601.

    `odd` holds some of them; `rows` counts them all, and the filled cells.
    """
    n_odd, filled = rows
    fits = _fitting(odd) if n_odd == filled else []
    if len(fits) != 1:
        return _undecided(odd, fits, filled, source=source)
    return Problem(
        rule="is not a date in ISO 8601 and no format is declared", rows=filled,
        examples=examples(odd), file=source.name, column=str(odd.name),
        fix=f"Declare `date_format: '{fits[0]}'`, which fits what was looked at.",
    )  # fmt: skip


def _fitting(some: pd.Series) -> list[str]:
    """Return the known formats that fit all of some texts."""
    formats = [d + c for d, c in product(_DAYS, _CLOCKS)]
    return [f for f in formats if _share_bad(_parse(some, f), some) == 0]


def _parse(text: pd.Series, date_format: str) -> pd.Series:
    try:
        parsed = pd.to_datetime(text, format=date_format, errors="coerce", utc=True)
    except ValueError:
        return pd.Series(pd.NaT, index=text.index)
    return _naive(parsed)


def _naive(dates: pd.Series) -> pd.Series:
    zone = getattr(dates.dtype, "tz", None)
    return dates.dt.tz_convert("UTC").dt.tz_localize(None) if zone else dates


def _share_bad(parsed: pd.Series, text: pd.Series) -> float:
    filled = int(text.notna().sum())
    return float((parsed.isna() & text.notna()).sum() / filled) if filled else 0.0


def _under(
    text: pd.Series, date_format: str, source: Source, checks: list[Check]
) -> Converted:
    """Parse with one format; a few failures are blank and counted, more stop."""
    parsed, name = _parse(text, date_format), f"{source.name}: {text.name}"
    bad = parsed.isna() & text.notna()
    rows = (int(bad.sum()), int(text.notna().sum()))
    found = no_dates(text[bad], rows, date_format, source=source)
    if isinstance(found, Problem):
        return Converted(parsed, checks, [found])
    return Converted(parsed, checks + found + _oddities(parsed, name), [])


def no_dates(
    bad: pd.Series, rows: tuple[int, int], date_format: str, *, source: Source
) -> list[Check] | Problem:
    """Say that cells, some or all of them in `bad`, are no dates.

    `rows` holds how many there are, and of how many filled cells: few are a caution.
    """
    n_bad, filled = rows
    shown = "ISO 8601" if date_format == "ISO8601" else f"'{date_format}'"
    if filled and n_bad / filled > MAX_BAD_SHARE:
        return Problem(
            rule=f"is not a date in the declared format {shown}", rows=n_bad,
            examples=examples(bad), file=source.name, column=str(bad.name),
            fix="Mend `date_format`, or the cells: a column has one date style.",
        )  # fmt: skip
    if not n_bad:
        return []
    detail = f"not a date in {shown}: left blank ({', '.join(examples(bad))})"
    return [Check.caution(f"{source.name}: {bad.name}", detail, n_bad)]


def _undecided(
    text: pd.Series, fits: list[str], rows: int, *, source: Source
) -> Problem:
    """Explain why no single format can be chosen."""
    if fits:
        rule = f"day and month cannot be told apart: {' and '.join(fits)} both fit"
        seen = examples(text)
    else:
        iso = _parse(text, "ISO8601")
        odd = text[iso.isna() & text.notna()]
        rule, seen = "no one date format fits every cell (mixed styles?)", examples(odd)
    return Problem(
        rule=rule, rows=rows, examples=seen, file=source.name,
        column=str(text.name), fix="Declare `date_format`, such as '%d/%m/%Y %H:%M'.",
    )  # fmt: skip


def _oddities(dates: pd.Series, name: str) -> list[Check]:
    naive = _naive(dates)
    before, after = plausible()
    return odd_dates(name, int((naive < before).sum()), int((naive > after).sum()))


def plausible() -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return the bounds outside which a date is odd."""
    return _EPOCH, pd.Timestamp.now() + pd.Timedelta(days=1)


def odd_dates(name: str, epoch: int, future: int) -> list[Check]:
    """Say how many dates are placeholders or to come, which survive every format."""
    found = []
    if epoch:
        found.append(
            Check.caution(name, "dated 1970-01-01 or before: a placeholder?", epoch)
        )
    if future:
        found.append(Check.caution(name, "dated in the future", future))
    return found
