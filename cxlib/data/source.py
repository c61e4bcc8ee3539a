"""Where a table comes from: the `source` dict of a params file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from cxlib import _checks
from cxlib.errors import ArgumentError

FORMATS = (
    "csv", "qualtrics", "surveymonkey", "parquet", "excel", "duckdb", "coding_sheet",
    "table",
)  # fmt: skip
_BY_SUFFIX = {
    ".parquet": "parquet", ".pq": "parquet", ".xlsx": "excel", ".xlsm": "excel",
    ".xls": "excel", ".xlsb": "excel", ".ods": "excel",
    ".duckdb": "duckdb", ".ddb": "duckdb",
}  # fmt: skip
_TEXTS = {
    "sep": (
        r"|.|\t|\\t|tab|spaces",
        "a separator is one character, such as ';' or '\\t', or the word 'spaces'",
    ),
    "decimal": (r"|[.,]", "use '.' or ','"),
    "date_format": (
        r"|ISO8601|[\s\S]*%[\s\S]*",
        "spell it with % codes, such as '%d/%m/%Y %H:%M', or as 'ISO8601'",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file, or one query, and how to read it.

    Attributes
    ----------
    path : str
        File, relative to the project root or absolute.
    format : str
        One of 'csv', 'qualtrics', 'surveymonkey', 'parquet', 'excel', 'duckdb',
        'coding_sheet' (a filled sheet, or a folder of them), 'table' (a query on
        Spark's catalogue); from the suffix when not given.
    columns : dict
        Our column name -> theirs (exact header, or one `*` pattern that fits one).
    date_format, sep, encoding, decimal : str
        As written in the file; what is not declared is found and reported, or stops.
    sheet : str
        Excel sheet; the first when not given.
    query : str
        SQL, for a DuckDB file or a table of Spark.
    keep : dict
        Column -> values; other rows are dropped and counted.
    set : dict
        Column -> constant, such as the wave of this file.
    missing : list
        Texts that mean "no answer" besides the empty cell.
    parts : list of dict
        Several files as one table; each part overrides the keys above.
    """

    path: str = ""
    format: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)
    date_format: str = ""
    sep: str = ""
    encoding: str = ""
    decimal: str = ""
    sheet: str = ""
    query: str = ""
    keep: Mapping[str, Any] = field(default_factory=dict)
    set: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    parts: tuple[Source, ...] = ()

    @property
    def name(self) -> str:
        """What messages call this source: the file's name."""
        if self.parts:
            return f"{len(self.parts)} files"
        return Path(self.path).name or "query"

    @property
    def files(self) -> tuple[Source, ...]:
        """The parts, or the source itself."""
        return self.parts or (self,)


KEYS = tuple(f.name for f in fields(Source))


def parse(table: str, given: str | Mapping[str, Any]) -> Source:
    """Check a source dict and return it as a `Source`.

    Parameters
    ----------
    table : str
        Name of the table, for messages.
    given : str or mapping
        A path, or the keys of `Source`.

    Raises
    ------
    ArgumentError
        For an unknown key, a wrong kind of value, an unknown format, no path, a
        `sep` of several characters, a `decimal` that is no comma or point, or a
        `date_format` without a '%'.

    Examples
    --------
    >>> parse("responses", {"path": "a.parquet"}).format
    'parquet'
    """
    if not isinstance(given, (str, Mapping)):
        raise ArgumentError(
            f"`{table}` is {given!r}; it must be a path, or a mapping with a `path`."
        )
    raw = {"path": given} if isinstance(given, str) else dict(given)
    for key, value in raw.items():
        if key not in KEYS:
            hint = _checks.did_you_mean(str(key), KEYS)
            raise ArgumentError(f"`{table}.{key}` is not a key of a source; {hint}")
        _check_kind(f"{table}.{key}", key, value)
    parts = raw.pop("parts", None) or ()
    if parts:
        return replace(
            _one(table, raw, partial=True),
            parts=tuple(_one(f"{table}.parts", _merged(table, raw, p)) for p in parts),
        )
    return _one(table, raw)


def _check_kind(name: str, key: str, value: object) -> None:
    """Raise unless the value has the kind that its key takes."""
    if key in {"columns", "keep", "set"}:
        good, kind = isinstance(value, Mapping), "a mapping"
    elif key in {"missing", "parts"}:
        good, kind = isinstance(value, (list, tuple)), "a list"
    else:
        good, kind = isinstance(value, str), "text; put it in quotes"
    if not good:
        raise ArgumentError(f"`{name}` is {value!r}; it must be {kind}.")
    allowed, said = _TEXTS.get(key, (r"[\s\S]*", ""))
    if said and not re.fullmatch(allowed, str(value)):
        raise ArgumentError(f"`{name}` is {value!r}; {said}.")
    for ours, theirs in value.items() if key == "columns" else ():  # type: ignore[attr-defined]
        if theirs is None or not str(theirs).strip():
            raise ArgumentError(f"`{name}.{ours}` is blank; name a column of the file.")


def _merged(table: str, parent: Mapping[str, Any], part: object) -> dict[str, Any]:
    """A part's keys over its parent's; mappings are merged key by key."""
    own = {"path": part} if isinstance(part, str) else part
    if not isinstance(own, Mapping) or "parts" in own:
        raise ArgumentError(f"`{table}.parts` holds {part!r}; each must be a source.")
    merged = dict(parent)
    for key, value in own.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = {**old, **value} if both else value  # type: ignore[dict-item]
    return merged


def _one(table: str, raw: Mapping[str, Any], *, partial: bool = False) -> Source:
    """Build one source; a `partial` one only lends its keys to its parts."""
    for key, value in raw.items():
        if key not in KEYS:
            hint = _checks.did_you_mean(str(key), KEYS)
            raise ArgumentError(f"`{table}.{key}` is not a key of a source; {hint}")
        _check_kind(f"{table}.{key}", key, value)
    source = Source(**{**raw, "missing": tuple(map(str, raw.get("missing", ())))})
    kind = source.format or _BY_SUFFIX.get(Path(source.path).suffix.lower(), "csv")
    _checks.one_of(kind, f"{table}.format", FORMATS)
    asks = kind in {"duckdb", "table"}
    if not partial and not source.path and not (asks and source.query):
        raise ArgumentError(f"`{table}` has no `path`; name the file to read.")
    if asks and not partial and not source.query:
        what = "a DuckDB file" if kind == "duckdb" else "Spark's catalogue"
        raise ArgumentError(f"`{table}` reads {what} but has no `query`.")
    return replace(source, format=kind)
