"""Write the workbooks in which people code, and read them back."""

from __future__ import annotations

import html
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from cxlib import _format
from cxlib.data.coding_sheet import (
    CODED_ON,
    CODING,
    FIRST_ROW,
    HIDDEN,
    ID,
    ID_ROW,
    LANGUAGE,
    NO,
    NONE_FITS,
    NOTE,
    PROMOTED,
    READ_ME,
    TEXT,
    UNSURE,
    YES,
    CodingSheet,
    as_codings,
    read_coding_sheets,
)
from cxlib.errors import ArgumentError, DataError
from cxlib.paths import resolve
from cxlib.voc._words import Told
from cxlib.voc.codebook import Codebook
from cxlib.voc.next_up import NextToCode
from cxlib.voc.text import clean

_NAME = re.compile(r"[^\W_][\w .-]{0,60}")
_GUIDE = (
    ("What to do", "Read each text on the sheet “Coding” and choose yes under every "
     "code that it speaks of. A text may have several."),
    ("Leave blank", "A blank cell beside a yes means no. A row left blank all through "
     "counts as not read."),
    ("Nothing fits", "Choose yes under “nothing fits” where no code does: that you "
     "looked is worth knowing."),
    ("Not sure", "Choose ? where you cannot decide, and say why in the note; it counts "
     "as not given."),
    ("Wider codes", "Give a wider code only where none of its narrower ones fits; it "
     "gets theirs by itself."),
    ("Alone", "Code without looking at anybody else's sheet: how far coders agree is "
     "measured, not you."),
    ("Order", "Rows stand in random order. If you stop early, stop anywhere; do not "
     "pick out the easy ones."),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetFile:
    """A coding sheet that was written: where, for whom, how many verbatims."""

    path: Path
    coder: str
    n: int

    @property
    def text(self) -> str:
        """What was written, in words."""
        verbatims = "verbatim" if self.n == 1 else "verbatims"
        return f"{self.path.name}: {_format.count(self.n)} {verbatims} for {self.coder}"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:  # noqa: ARG002, FBT001
        printer.text(self.text)

    def _repr_html_(self) -> str:
        return f"<p>Written: <code>{html.escape(self.text)}</code></p>"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SheetsRead(Told):
    """Coding sheets that were read back.

    `table`: one row a file: file, coder, n_asked, n_coded, n_left (not read, so
    missing), n_unsure (question marks), same_codebook. `codings`: what `voc.learn`,
    `voc.agreement` and the others take.
    """

    codings: pd.DataFrame

    @property
    def text(self) -> str:
        """How much was coded, what is missing, what used another codebook."""
        total = self.table[["n_asked", "n_coded", "n_left", "n_unsure"]].sum()
        files = "sheet" if len(self.table) == 1 else "sheets"
        other = self.table.loc[~self.table["same_codebook"], "file"].tolist()
        warned = (
            f" Coded under another version of the codebook: {', '.join(other)}."
            if other
            else ""
        )
        return (
            f"{len(self.table)} {files}: {_format.count(total['n_coded'])} of "
            f"{_format.count(total['n_asked'])} rows coded, "
            f"{_format.count(total['n_left'])} not read (missing), "
            f"{_format.count(total['n_unsure'])} question marks.{warned}"
        )


def write_sheet(
    path: str | os.PathLike[str],
    drawn: NextToCode,
    *,
    codebook: Codebook,
    coder: str,
    language: str = "",
    seed: int = 0,
) -> SheetFile:
    """Write a workbook with a drop-down for every verbatim and code.

    Parameters
    ----------
    path : path
        An .xlsx file, or a folder, in which the file gets the coder's name; a relative
        one counts from the project root. Folders are made.
    drawn : NextToCode
        The rows of this coder and those meant for all are written.
    codebook : Codebook
    coder : str
        Letters, digits, space, '_', '-', '.'.
    language : str
        Language of names, definitions and phrases.
    seed : int
        Written into the hidden sheet, so that the draw can be made again.

    Returns
    -------
    SheetFile

    Raises
    ------
    ArgumentError
        For a coder's name that makes no file name.
    DataError
        If the file is there and somebody has begun to fill it.

    Notes
    -----
    Sheets: instructions with the codes' definitions; the verbatims, redacted, one
    column a code, ids and texts locked; a hidden one with the codebook's hash, the seed
    and which rows were drawn at random, which coders should not know. Texts are stored
    as text, so that none runs as a formula.

    Examples
    --------
    >>> import tempfile
    >>> from cxlib.voc.coder import code
    >>> from cxlib.voc.next_up import next_to_code
    >>> told = pd.DataFrame({"verbatim": ["late again", "too dear", "nice staff"] * 9})
    >>> book = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "delivery", "phrases": {"en": ["late"]}}]})
    >>> drawn = next_to_code(told, code(told, book), codebook=book, n=0, n_audit=5)
    >>> folder = tempfile.mkdtemp()
    >>> write_sheet(folder, drawn, codebook=book, coder="Anna").text
    'Anna.xlsx: 5 verbatims for Anna'
    >>> read_sheet(folder, codebook=book).text
    '1 sheet: 0 of 5 rows coded, 5 not read (missing), 0 question marks.'
    """
    if not isinstance(coder, str) or not _NAME.fullmatch(coder):
        raise ArgumentError(
            f"`coder` is {coder!r}; use letters, digits, spaces, '_', '-' and '.', "
            "because it names a file."
        )
    file = resolve(path)
    if file.suffix.lower() != ".xlsx":
        file = file / f"{coder}.xlsx"
    _spare(file)
    mine = drawn.sheet[drawn.sheet["coder"].isin(["", coder])]
    book = _workbook(mine, drawn, codebook, coder, language, seed)
    file.parent.mkdir(parents=True, exist_ok=True)
    spare = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        book.save(spare)
        spare.replace(file)
    finally:
        spare.unlink(missing_ok=True)
    return SheetFile(path=file, coder=coder, n=len(mine))


def read_sheet(path: str | os.PathLike[str], *, codebook: Codebook) -> SheetsRead:
    """Read one filled coding sheet, or all sheets of a folder.

    Parameters
    ----------
    path : path
        An .xlsx file or a folder. Keep all rounds of coding in one folder: verbatims
        that a later draw took into the random sample are then counted there.
    codebook : Codebook
        Codes that it does not know stop; another version is said.

    Returns
    -------
    SheetsRead

    Raises
    ------
    DataError
        With every bad cell: an answer that is not yes, no or ?, a verbatim that was not
        asked, "nothing fits" beside a code, a changed heading, one coder's verbatim in
        two files, a code that is not in the codebook.

    Notes
    -----
    A row that is blank all through is missing, never "no". A params file reads the same
    files with ``codings: {path: …, format: coding_sheet}``.

    Examples
    --------
    >>> read_sheet("reports/none.xlsx", codebook=Codebook.from_dict(
    ...     {"version": 1, "codes": [{"id": "a", "phrases": {"en": ["b"]}}]}))
    Traceback (most recent call last):
    cxlib.errors.DataError: reports/none.xlsx does not exist.
    """
    place = resolve(path)
    if not place.exists():
        raise DataError(f"{path} does not exist.")
    sheets = read_coding_sheets(place)
    codings = as_codings(sheets)
    codebook.roll_up(codings[["verbatim_id", "coder", "code"]])
    rows = [_row(sheet, codebook) for sheet in sheets]
    return SheetsRead(table=pd.DataFrame(rows), codings=codings, unit="count")


def _row(sheet: CodingSheet, codebook: Codebook) -> dict[str, object]:
    return {
        "file": sheet.file, "coder": sheet.coder, "n_asked": sheet.n_asked,
        "n_coded": sheet.n_coded, "n_left": sheet.n_asked - sheet.n_coded,
        "n_unsure": sheet.n_unsure,
        "same_codebook": codebook.sha256.startswith(sheet.codebook),
    }  # fmt: skip


def _spare(file: Path) -> None:
    """Raise rather than write over what somebody has coded."""
    if not file.exists():
        return
    if any(sheet.n_coded for sheet in read_coding_sheets(file)):
        raise DataError(
            f"{file.name} is there and holds codes; move it to the folder of filled "
            "sheets, or name another folder."
        )


def _workbook(
    rows: pd.DataFrame,
    drawn: NextToCode,
    codebook: Codebook,
    coder: str,
    language: str,
    seed: int,
) -> Any:
    from openpyxl import Workbook

    book = Workbook()
    _guide(book.active, codebook, language)
    _coding(book.create_sheet(CODING), rows, codebook, language)
    facts = {
        "codebook": codebook.sha256[:12], "version": codebook.version, "coder": coder,
        "seed": str(seed), "codes": "\n".join(codebook.ids),
    }  # fmt: skip
    asked: list[list[object]] = [[ID, "sample", "inclusion"]]
    asked += rows[[ID, "sample", "inclusion"]].to_numpy(dtype=object).tolist()
    asked += [[one, PROMOTED, drawn.inclusion] for one in drawn.promoted]
    hidden = book.create_sheet(HIDDEN)
    hidden.sheet_state = "veryHidden"
    for number, (key, value) in enumerate(facts.items(), start=1):
        _put(hidden, number, 1, key)
        _put(hidden, number, 2, value)
    for number, row in enumerate(asked, start=1):
        for place, one in enumerate(row, start=4):
            _put(hidden, number, place, one)
    return book


def _put(sheet: Any, row: int, place: int, value: Any) -> Any:
    """Write a cell; text stays text, also when somebody edits it."""
    cell = sheet.cell(row, place)
    if isinstance(value, str):
        cell.value = clean(value) if "\n" not in value else value
        cell.data_type = "s"
        if value[:1] in "=+-@":
            cell.quotePrefix = True
    elif not pd.isna(value):
        cell.value = value
    return cell


def _guide(sheet: Any, codebook: Codebook, language: str) -> None:
    """Instructions, then a row a code: what it means and which words say it."""
    from openpyxl.styles import Alignment, Font, Protection

    sheet.title = READ_ME
    wrap = Alignment(wrap_text=True, vertical="top")
    rows = [*_GUIDE, (CODED_ON, ""), ("", ""), ("Code", "What it means")]
    dated = len(_GUIDE) + 1
    rows += [
        (("   " if one.parent else "") + codebook.label(one.id, language),
         _meaning(one, language))
        for one in codebook.codes
    ]  # fmt: skip
    for number, (left, right) in enumerate(rows, start=1):
        _put(sheet, number, 1, left).font = Font(bold=True)
        _put(sheet, number, 2, right).alignment = wrap
        sheet.cell(number, 1).alignment = Alignment(vertical="top")
    sheet.cell(dated, 2).protection = Protection(locked=False)
    sheet.cell(dated, 2).value = None
    sheet.cell(dated, 2).number_format = "yyyy-mm-dd"
    _put(sheet, dated, 3, "a date; left blank, the day the file was saved")
    sheet.column_dimensions["A"].width = 28
    sheet.column_dimensions["B"].width = 90
    sheet.protection.sheet = True


def _meaning(one: Any, language: str) -> str:
    """Return definition, phrases and examples of a code."""
    texts = one.definition
    meaning = texts.get(language) or next(iter(texts.values()), "")
    found = one.phrases.get(language) or next(iter(one.phrases.values()), ())
    plain = [phrase for phrase in found if not phrase.startswith("re:")][:8]
    said = f"Words such as: {', '.join(plain)}." if plain else ""
    parts = (meaning, said, _quoted("Yes", one.examples, language),
             _quoted("No", one.counterexamples, language))  # fmt: skip
    return " ".join(part for part in parts if part)


def _quoted(answer: str, texts: Mapping[str, Sequence[str]], language: str) -> str:
    """Return up to three examples that get, or do not get, the code."""
    found = texts.get(language) or next(iter(texts.values()), ())
    return f"{answer}: “{'”, “'.join(found[:3])}”." if found else ""


def _coding(
    sheet: Any,
    rows: pd.DataFrame,
    codebook: Codebook,
    language: str,
) -> None:
    """One row a verbatim, one column a code, a drop-down in every cell."""
    heads = [(ID, ID), (TEXT, "text"), (LANGUAGE, "language")]
    heads += [(one, codebook.label(one, language)) for one in codebook.ids]
    heads += [(NONE_FITS, "nothing fits"), (NOTE, "note")]
    for place, (name, shown) in enumerate(heads, start=1):
        _put(sheet, ID_ROW - 1, place, shown)
        _put(sheet, ID_ROW, place, name)
    columns = [ID, "text", "language"]
    for number, row in enumerate(rows[columns].itertuples(index=False), FIRST_ROW):
        for place, value in enumerate(row, start=1):
            _put(sheet, number, place, value)
    _looks(sheet, len(heads), max(len(rows), 1))
    sheet.freeze_panes = sheet.cell(FIRST_ROW, 3)


def _looks(sheet: Any, width: int, n: int) -> None:
    """Drop-downs, unlocked answers, widths, headings."""
    from openpyxl.styles import Alignment, Font, PatternFill, Protection
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    last = FIRST_ROW + n - 1
    rule = DataValidation(
        type="list", formula1=f'"{YES},{NO},{UNSURE}"', allow_blank=True,
        showErrorMessage=True, error=f"{YES}, {NO}, {UNSURE} or blank",
    )  # fmt: skip
    first, end = get_column_letter(4), get_column_letter(width - 1)
    rule.add(f"{first}{FIRST_ROW}:{end}{last}")
    sheet.add_data_validation(rule)
    for place in range(1, width + 1):
        head = sheet.cell(ID_ROW - 1, place)
        head.font, head.fill = Font(bold=True), PatternFill("solid", "E6E9ED")
        turned = 90 if 4 <= place < width else 0
        head.alignment = Alignment(text_rotation=turned, wrap_text=True)
        sheet.cell(ID_ROW, place).font = Font(size=7, color="7A8390")
        wide = {1: 12, 2: 70, 3: 6, width: 30}.get(place, 6)
        sheet.column_dimensions[get_column_letter(place)].width = wide
        for number in range(FIRST_ROW, last + 1):
            cell = sheet.cell(number, place)
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.protection = Protection(locked=place < 4)
    sheet.row_dimensions[ID_ROW - 1].height = 110
    sheet.protection.sheet = True
    sheet.protection.formatColumns = sheet.protection.formatRows = False
