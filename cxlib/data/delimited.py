"""Read delimited text: encoding, separator and survey tools' header rows."""

from __future__ import annotations

import csv
import gzip
import io
import re
from pathlib import Path

import pandas as pd

from cxlib.data.checks import Check
from cxlib.data.source import Source
from cxlib.errors import DataError

_SEPARATORS = (",", ";", "\t", "|")
_ANSWER_LABELS = {"response", "open-ended response", "other (please specify)"}


def read_delimited(
    path: Path, source: Source
) -> tuple[pd.DataFrame, dict[str, str], list[Check]]:
    """Return all cells as text, the labels of coded headers, and what was found out.

    Parameters
    ----------
    path : pathlib.Path
    source : Source
        Its `format` says how many header rows there are.

    Returns
    -------
    frame : pandas.DataFrame
        Strings; an empty cell, or one of the source's `missing`, is NA.
    labels : dict
        Label (question text) -> column name, where the tool writes both.
    checks : list of Check

    Raises
    ------
    DataError
        Empty file, rows with more cells than the header, unknown encoding.
    """
    text, checks = _decode(path, source)
    sep = source.sep or _separator(text)
    if not source.sep:
        checks.append(Check.ok(source.name, f"separator {sep!r} found in the header"))
    rows = csv.reader(io.StringIO(text), delimiter=sep)
    head = [row for row, _ in zip(rows, range(3), strict=False)]
    names, labels, used = _headers(head, source.format)
    frame = _body(text, sep, used, names, source)
    if len(names) == 1:
        detail = f"one column only; is the separator really {sep!r}? Declare `sep`."
        checks.append(Check.caution(source.name, detail))
    return frame, labels, checks


def _decode(path: Path, source: Source) -> tuple[str, list[Check]]:
    """Decode as declared, else as UTF-8, else as Windows-1252 and say so."""
    raw = path.read_bytes()
    raw = gzip.decompress(raw) if path.suffix == ".gz" else raw
    if not raw.strip():
        raise DataError(f"{source.name} is empty; export it again.")
    declared = source.encoding or "utf-8-sig"
    checks: list[Check] = []
    try:
        text = raw.decode(declared)
    except LookupError:
        raise DataError(
            f"{source.name}: encoding '{declared}' is unknown; try 'utf-8' or 'cp1252'."
        ) from None
    except UnicodeDecodeError as error:
        if source.encoding:
            byte = raw[error.start]
            raise DataError(
                f"{source.name}: byte 0x{byte:02X} at position {error.start:,} is not "
                f"{declared}; declare the file's encoding ('cp1252', 'mac_roman')."
            ) from None
        text = raw.decode("cp1252", errors="replace")
        detail = (
            f"not UTF-8 (byte 0x{raw[error.start]:02X} at {error.start:,}); read as "
            "cp1252: check accented letters, or declare `encoding`"
        )
        checks.append(Check.caution(source.name, detail))
    if "\x00" in text:
        checks.append(Check.caution(source.name, "NUL characters removed"))
        text = text.replace("\x00", "")
    return text.lstrip("\ufeff"), checks


def _separator(text: str) -> str:
    """The candidate seen most often in the first line, outside quotes."""
    line = re.sub(r'"[^"]*"', "", text[: text.find("\n") if "\n" in text else None])
    return max(_SEPARATORS, key=line.count)


def _clean(cell: str) -> str:
    return re.sub(r"\s+", " ", cell).strip()


def _headers(head: list[list[str]], kind: str) -> tuple[list[str], dict[str, str], int]:
    """Return unique column names, labels and how many rows the header takes."""
    rows = [[_clean(cell) for cell in row] for row in head]
    first = rows[0]
    second = rows[1] if len(rows) > 1 else []
    if kind == "qualtrics":
        three = len(rows) > 2 and any("ImportId" in cell for cell in rows[2])
        coded = [
            label if re.fullmatch(r"V\d+", name) and label else name
            for name, label in zip(first, second, strict=False)
        ]
        names = _unique(coded + first[len(coded) :])
        return names, dict(zip(second, names, strict=False)), 3 if three else 2
    if kind == "surveymonkey" and _two_rows(second):
        return _unique(_joined(first, second)), {}, 2
    return _unique(first), {}, 1


def _two_rows(second: list[str]) -> bool:
    """Whether row 2 holds answer labels: no id, and a known label or nothing."""
    return (
        bool(second)
        and not second[0]
        and any(cell.casefold() in _ANSWER_LABELS for cell in second)
    )


def _joined(first: list[str], second: list[str]) -> list[str]:
    """'question | answer', the question carried right over its blank cells."""
    names, question = [], ""
    for name, answer in zip(first, second, strict=False):
        question = name or question
        names.append(f"{question} | {answer}" if answer and question else question)
    return names


def _unique(names: list[str]) -> list[str]:
    """Name blank headers by position; number repeated ones: 'x', 'x (2)'."""
    seen: dict[str, int] = {}
    unique = []
    for position, name in enumerate(names, 1):
        base = name or f"column {position}"
        seen[base] = seen.get(base, 0) + 1
        unique.append(base if seen[base] == 1 else f"{base} ({seen[base]})")
    return unique


def _body(
    text: str, sep: str, header_rows: int, names: list[str], source: Source
) -> pd.DataFrame:
    """Parse the rows below the header as text."""
    blank = ["", *source.missing]
    try:
        frame = pd.read_csv(
            io.StringIO(text), sep=sep, header=None,
            skiprows=_lines(text, sep, header_rows),
            names=range(len(names)), index_col=False, dtype=str, keep_default_na=False,
            na_values=blank, skip_blank_lines=True,
        )  # fmt: skip
    except pd.errors.EmptyDataError:
        frame = pd.DataFrame(columns=range(len(names)), dtype=str)
    except pd.errors.ParserError as error:
        where = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
        said = (
            f"line {where[2]} has {where[3]} cells where the header has {where[1]}"
            if where
            else str(error).strip()
        )
        raise DataError(
            f"{source.name}: {said}; quote the texts that hold a separator or quote."
        ) from None
    frame.columns = pd.Index(names)
    stripped = pd.DataFrame({name: frame[name].str.strip() for name in frame.columns})
    return stripped.mask(stripped.isin(blank))


def _lines(text: str, sep: str, header_rows: int) -> int:
    """How many physical lines the header takes (quoted headers hold line breaks)."""
    reader = csv.reader(io.StringIO(text), delimiter=sep)
    for _ in range(header_rows):
        next(reader, None)
    return reader.line_num
