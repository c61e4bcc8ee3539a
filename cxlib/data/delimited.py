"""Read delimited text: encoding, separator and survey tools' header rows."""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice, zip_longest
from pathlib import Path

import pandas as pd

from cxlib.data.cells import blanked, clean, unique
from cxlib.data.checks import Check
from cxlib.data.source import Source
from cxlib.errors import DataError

_SEPARATORS = (",", ";", "\t", "|")
_SAMPLE = 100_000
SPACES = "spaces"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BINARY = (
    (b"PK\x03\x04", "a workbook or a zip", "declare `format: excel`, or unzip it"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook", "save it as .xlsx"),
    (b"PAR1", "a Parquet file", "declare `format: parquet`"),
    (b"\x1f\x8b", "gzipped", "end its name in .gz"),
    (b"%PDF", "a PDF", "export the data as CSV"),
)
_QUOTE = "quote the texts that hold a separator or quote."
_ANSWER_LABELS = {
    "response", "open-ended response", "other (please specify)",
    "risposta", "risposta aperta", "altro (specificare)",
}  # fmt: skip


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
    if source.sep == SPACES:
        text, source = _tabbed(text), replace(source, sep="tab")
    sep, head, told = read_header(text, source)
    names, labels, used = _headers(head, source.format)
    frame = _body(text, sep, used, names, source)
    return frame, labels, checks + told


def read_header(text: str, source: Source) -> tuple[str, list[list[str]], list[Check]]:
    """Return the separator, the first rows, and what was found out of them."""
    if source.sep == SPACES:
        raise DataError(
            f"{source.name}: an engine cannot read columns kept apart by spaces; leave "
            "`engine` blank, or write the file with commas."
        )
    checks = []
    sep = {"\\t": "\t", "tab": "\t"}.get(source.sep, source.sep) or _separator(text)
    if not source.sep:
        checks.append(Check.ok(source.name, f"separator {sep!r} found in the header"))
    head = _rows(text, sep, 3, source)
    if len(head[0]) == 1:
        detail = f"one column only; is the separator really {sep!r}? Declare `sep`."
        checks.append(Check.caution(source.name, detail))
    return sep, head, checks


def _tabbed(text: str) -> str:
    """Put one tab where columns are kept apart by spaces."""
    return "\n".join("\t".join(line.split()) for line in text.splitlines())


def _decode(path: Path, source: Source) -> tuple[str, list[Check]]:
    """Decode as declared, else as its mark or UTF-8, else as Windows-1252; say so."""
    raw = _bytes(path, source)
    marked = "utf-16" if raw[:2] in _UTF16 else "utf-8-sig"
    declared = source.encoding or marked
    checks: list[Check] = []
    try:
        text = raw.decode(declared)
    except LookupError:
        raise DataError(
            f"{source.name}: encoding '{declared}' is unknown; try 'utf-8' or 'cp1252'."
        ) from None
    except UnicodeDecodeError as error:
        byte, at = f"byte 0x{raw[error.start]:02X}", f"{error.start:,}"
        if source.encoding:
            raise DataError(
                f"{source.name}: {byte} at position {at} is not {declared}; declare "
                "the file's encoding ('cp1252', 'mac_roman')."
            ) from None
        text = raw.decode("cp1252", errors="replace")
        detail = (
            f"not UTF-8 ({byte} at {at}); read as cp1252: check accented letters, or "
            "declare `encoding`"
        )
        checks.append(Check.caution(source.name, detail))
    if "\x00" in text:
        checks.append(Check.caution(source.name, "NUL characters removed"))
        text = text.replace("\x00", "")
    text = text.lstrip("\ufeff\r\n")
    if not text.strip():
        raise DataError(f"{source.name} is empty; export it again.")
    return (text if "\n" in text else text.replace("\r", "\n")), checks


def _bytes(path: Path, source: Source) -> bytes:
    """Read the file, unzipped; raise for what is no text."""
    raw = path.read_bytes()
    if path.suffix == ".gz":
        try:
            raw = gzip.decompress(raw)
        except (OSError, EOFError, zlib.error):
            raise DataError(
                f"{source.name} is not a whole gzip file; export it again."
            ) from None
    stop_at_binary(raw, source)
    return raw


def stop_at_binary(raw: bytes, source: Source) -> None:
    """Raise if a file's first bytes are those of no text."""
    for mark, kind, fix in _BINARY:
        if raw.startswith(mark):
            raise DataError(f"{source.name} is {kind}, not text; {fix}.")


def _separator(text: str) -> str:
    """The candidate that cuts the first rows into the most equal cells."""
    sample = io.StringIO(text[:_SAMPLE])
    best = (False, 1, ",")
    for sep in _SEPARATORS:
        sample.seek(0)
        try:
            sizes = [len(row) for row in islice(_reader(sample, sep), 20)]
        except csv.Error:
            continue
        even = len(set(sizes[:-1] or sizes)) == 1 and sizes[0] > 1
        best = max(best, (even, sizes[0], sep), key=lambda found: found[:2])
    return best[2]


def _reader(lines: Iterable[str], sep: str) -> Iterator[list[str]]:
    """Rows that are not blank lines."""
    return (row for row in csv.reader(lines, delimiter=sep) if row)


def _rows(text: str, sep: str, n: int, source: Source) -> list[list[str]]:
    """The first n rows, before anything is known of them."""
    try:
        return list(islice(_reader(io.StringIO(text), sep), n))
    except csv.Error as error:
        raise DataError(
            f"{source.name}: the header cannot be read ({error}); a quote that is "
            "opened and never closed?"
        ) from None


def _headers(head: list[list[str]], kind: str) -> tuple[list[str], dict[str, str], int]:
    """Return unique column names, labels and how many rows the header takes."""
    rows = [[clean(cell) for cell in row] for row in head]
    first = rows[0]
    second = rows[1] if len(rows) > 1 else []
    if kind == "qualtrics":
        three = len(rows) > 2 and any("ImportId" in cell for cell in rows[2])
        coded = [
            label if re.fullmatch(r"V\d+", name) and label else name
            for name, label in zip(first, second, strict=False)
        ]
        names = unique(coded + first[len(coded) :])
        labels = dict(zip(unique(second), names, strict=False))
        return names, labels, 3 if three else 2
    if kind == "surveymonkey" and _two_rows(first, second):
        return unique(_joined(first, second)), {}, 2
    return unique(first), {}, 1


def _two_rows(first: list[str], second: list[str]) -> bool:
    """Whether row 2 holds answer labels: no id, and a label wherever row 1 is blank."""
    if not second or second[0]:
        return False
    if any(cell.casefold() in _ANSWER_LABELS for cell in second):
        return True
    questions = [i for i, name in enumerate(first) if name]
    carried = [i for i, name in enumerate(first) if not name and i > questions[0]]
    return bool(carried) and all(second[i : i + 1] not in ([], [""]) for i in carried)


def _joined(first: list[str], second: list[str]) -> list[str]:
    """'question | answer', the question carried right over its blank cells."""
    names, question = [], ""
    for name, answer in zip_longest(first, second, fillvalue=""):
        question = name or question
        names.append(f"{question} | {answer}" if answer and question else question)
    return names


def _body(
    text: str, sep: str, header_rows: int, names: list[str], source: Source
) -> pd.DataFrame:
    """Parse the rows below the header as text."""
    width = len(names)
    try:
        frame = pd.read_csv(
            io.StringIO(text), sep=sep, header=None, names=range(width + 1),
            index_col=False, dtype=str, keep_default_na=False, na_values=[""],
        )  # fmt: skip
    except pd.errors.ParserError as error:
        raise DataError(_unparsed(str(error), source, width)) from None
    longer = frame[width].notna().to_numpy()
    if longer.any():
        line = int(longer.argmax()) + 1
        where = f"row {line:,} has {width + 1:,} cells where the header has {width:,}"
        raise DataError(f"{source.name}: {where}; {_QUOTE}")
    frame = frame.iloc[header_rows:, :width].reset_index(drop=True)
    frame.columns = pd.Index(names)
    return blanked(frame, source.missing)


def _unparsed(error: str, source: Source, width: int) -> str:
    where = re.search(r"in line (\d+), saw (\d+)", error)
    if where:
        said = f"line {where[1]} has {where[2]} cells where the header has {width:,}"
        return f"{source.name}: {said}; {_QUOTE}"
    return f"{source.name}: a quote is opened and never closed; {_QUOTE}"
