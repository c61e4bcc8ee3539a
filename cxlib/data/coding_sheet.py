"""Coding sheets: workbooks in which people code verbatims, one file a coder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import pandas as pd

from cxlib.errors import DataError, Problem

READ_ME, CODING, HIDDEN = "Read me", "Coding", "_cx"
ID_ROW, FIRST_ROW = 2, 3
ID, TEXT, LANGUAGE, NONE_FITS, NOTE = (
    "verbatim_id", "(text)", "(language)", "(nothing fits)", "(note)",
)  # fmt: skip
CODED_ON, PROMOTED = "Coded on", "promoted"
YES, NO, UNSURE = "yes", "no", "?"
COLUMNS = [
    "verbatim_id",
    "coder",
    "code",
    "sample",
    "inclusion",
    "coded_at",
    "codebook",
]
_SAID = {YES: YES, "y": YES, "x": YES, "1": YES, "true": YES, NO: NO, "n": NO, "0": NO,
         "false": NO, UNSURE: UNSURE, "": ""}  # fmt: skip
_NOT_ASKED = "was not asked, or stands there twice"
_OWN = {ID, TEXT, LANGUAGE, NONE_FITS, NOTE}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CodingSheet:
    """One filled workbook.

    Attributes
    ----------
    file, coder, codebook : str
        File name, who coded, and the first signs of the codebook's hash.
    rows : pandas.DataFrame
        verbatim_id, coder, code (blank: looked, nothing fits), sample, inclusion,
        coded_at, codebook; verbatims left blank are not there.
    asked : pandas.DataFrame
        verbatim_id, sample, inclusion of all verbatims on the sheet; sample 'promoted'
        marks those that an earlier sheet has, now in the random sample.
    n_unsure : int
        Cells with a question mark; they count as not given.
    problems : tuple of Problem
        Cells and rows that cannot be what they should.
    """

    file: str
    coder: str
    codebook: str
    rows: pd.DataFrame
    asked: pd.DataFrame
    n_unsure: int
    problems: tuple[Problem, ...]

    @property
    def n_asked(self) -> int:
        """Verbatims to code on this sheet."""
        return int((self.asked["sample"] != PROMOTED).sum())

    @property
    def n_coded(self) -> int:
        """Verbatims that were coded."""
        return int(self.rows["verbatim_id"].nunique())


def read_coding_sheets(path: Path) -> list[CodingSheet]:
    """Read one coding sheet, or all in a folder; stop if a cell is not what it may be.

    Parameters
    ----------
    path : pathlib.Path
        An .xlsx file or a folder of them. Excel's own lock files are passed over.

    Raises
    ------
    DataError
        With every bad cell: file, column, row; for files that are no coding sheets; for
        a verbatim that one coder has in two files.
    """
    files = _files(path) if path.is_dir() else [path]
    if not files:
        raise DataError(
            f"folder {path.name} holds no .xlsx file; put the sheets there."
        )
    sheets = [_read(file) for file in files]
    problems = [one for sheet in sheets for one in sheet.problems]
    problems += _twice(sheets)
    if problems:
        what = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise DataError(f"{path.name}: {what} to mend.", problems=problems)
    return sheets


def as_codings(sheets: list[CodingSheet]) -> pd.DataFrame:
    """Return the codings of all sheets as one long table.

    A later draw may take verbatims into the random sample that were chosen before, and
    raises the chance of all. It counts once its own random rows are coded: until then
    those it took over would stand for too many.
    """
    rows = pd.concat([sheet.rows for sheet in sheets], ignore_index=True)
    for sheet in sorted(sheets, key=lambda one: _chance(one.asked)):
        fair = sheet.asked[sheet.asked["sample"] != "chosen"]
        new = fair.loc[fair["sample"] != PROMOTED, "verbatim_id"]
        if not new.isin(sheet.rows["verbatim_id"]).all():
            continue
        taken = set(fair.loc[fair["sample"] == PROMOTED, "verbatim_id"])
        rows.loc[rows["verbatim_id"].isin(taken), "sample"] = "audit"
        if len(fair):
            rows.loc[rows["sample"] == "audit", "inclusion"] = _chance(fair)
    return rows


def _chance(asked: pd.DataFrame) -> float:
    return float(asked["inclusion"].max()) if len(asked) else 0.0


def workbooks(path: Path) -> list[Path]:
    """Return the workbooks of a folder, by name."""
    return _files(path)


def _files(folder: Path) -> list[Path]:
    return sorted(
        file for file in folder.glob("*.xlsx") if not file.name.startswith(("~$", "."))
    )


def _read(file: Path) -> CodingSheet:
    """Read one workbook cell by cell."""
    book = _opened(file)
    facts, asked = _hidden(book[HIDDEN])
    codes = facts["codes"].split("\n")
    cells = list(book[CODING].iter_rows(values_only=True))
    heads = [_word(value) for value in cells[ID_ROW - 1]]
    problems = list(_heads_wrong(file.name, heads, codes))
    shared: dict[Any, Any] = {key: facts[key] for key in ("coder", "codebook")}
    shared["coded_at"] = _coded_on(book[READ_ME]) or book.properties.modified
    rows, unsure = list[dict[Any, Any]](), 0
    open_ids = asked.set_index("verbatim_id")[["sample", "inclusion"]].to_dict("index")
    body = [] if problems else cells[FIRST_ROW - 1 :]
    for number, values in enumerate(body, start=FIRST_ROW):
        cell = dict(zip(heads, values, strict=False))
        name = _word(cell.get(ID))
        if not name:
            continue
        if name not in open_ids:
            problems.append(_problem(file.name, ID, _NOT_ASKED, number, name))
            continue
        about = {ID: name} | shared | open_ids.pop(name)
        said, wrong = _said(file.name, number, cell, codes)
        problems += wrong
        unsure += said.count(UNSURE)
        given = [code for code, word in zip(codes, said, strict=False) if word == YES]
        if any(said):
            rows += [about | {"code": code} for code in given] or [about]
    return _sheet(file.name, facts, rows, asked, unsure, problems)


def _opened(file: Path) -> Any:
    """Open a workbook; stop if it is no coding sheet."""
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(file, data_only=True)
    except (InvalidFileException, BadZipFile, KeyError, OSError, ValueError):
        raise DataError(f"{file.name} cannot be read as an .xlsx workbook.") from None
    if not {READ_ME, CODING, HIDDEN} <= set(book.sheetnames):
        raise DataError(
            f"{file.name} is no coding sheet; write one with voc.write_sheet."
        )
    return book


def _sheet(
    name: str, facts: dict[str, str], rows: list[dict[str, Any]], asked: pd.DataFrame,
    unsure: int, problems: list[Problem],
) -> CodingSheet:  # fmt: skip
    frame = pd.DataFrame(rows, columns=COLUMNS).astype(
        dict.fromkeys(("verbatim_id", "coder", "code", "sample", "codebook"), "str")
    )
    frame["inclusion"] = pd.to_numeric(frame["inclusion"])
    frame["coded_at"] = pd.to_datetime(frame["coded_at"])
    return CodingSheet(
        file=name, coder=facts["coder"], codebook=facts["codebook"], rows=frame,
        asked=asked, n_unsure=unsure, problems=tuple(problems),
    )  # fmt: skip


def _hidden(sheet: Any) -> tuple[dict[str, str], pd.DataFrame]:
    """Return the facts (columns A, B) and what was asked (columns D to F)."""
    facts, asked = {}, []
    for row in sheet.iter_rows(values_only=True):
        padded = (*row, *[None] * 6)
        if padded[0] is not None:
            facts[str(padded[0])] = str(padded[1] or "")
        if padded[3] is not None:
            asked.append((str(padded[3]), str(padded[4]), padded[5]))
    table = pd.DataFrame(asked[1:], columns=["verbatim_id", "sample", "inclusion"])
    return facts, table.assign(inclusion=pd.to_numeric(table["inclusion"]))


def _coded_on(sheet: Any) -> object:
    """Return the date the coder wrote beside "Coded on", if any."""
    for row in sheet.iter_rows(max_col=2, values_only=True):
        if row[0] == CODED_ON and row[1]:
            date = pd.to_datetime(row[1], errors="coerce")
            return None if pd.isna(date) else date
    return None


def _heads_wrong(file: str, heads: list[str], codes: list[str]) -> Iterator[Problem]:
    fix = f"Row {ID_ROW} must stay as it was written; copy it from a fresh sheet."
    for name in [ID, NONE_FITS, *codes]:
        if name not in heads:
            yield Problem(rule="is not there", file=file, column=name, fix=fix)
    for name in heads:
        if name and name not in _OWN and name not in codes:
            yield Problem(rule="is no code", file=file, column=name, fix=fix)


def _said(
    file: str, number: int, cell: dict[str, Any], codes: list[str]
) -> tuple[list[str], list[Problem]]:
    """Return what a row says of each code and of "nothing fits"; and what is wrong."""
    said, problems = [], []
    for name in [*codes, NONE_FITS]:
        word = _SAID.get(_word(cell.get(name)).casefold())
        if word is None:
            rule = f"must be {YES}, {NO}, {UNSURE} or blank"
            problems.append(_problem(file, name, rule, number, _word(cell[name])))
        said.append(word or "")
    if said[-1] == YES and YES in said[:-1]:
        code = codes[said.index(YES)]
        rule = "nothing fits, and yet a code is given"
        problems.append(_problem(file, NONE_FITS, rule, number, code))
    return said, problems


def _problem(file: str, column: str, rule: str, number: int, seen: str) -> Problem:
    shown = seen if len(seen) <= 20 else f"{seen[:20]}…"
    return Problem(
        rule=rule, file=file, column=column, rows=1, examples=(shown,),
        fix=f"Mend row {number}.",
    )  # fmt: skip


def _word(value: object) -> str:
    """Return a cell as text; 1.0 is 1."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _twice(sheets: list[CodingSheet]) -> Iterator[Problem]:
    """Yield the verbatims that one coder has coded in two files."""
    whole = [sheet.rows.assign(file=sheet.file) for sheet in sheets]
    once = pd.concat(whole).drop_duplicates(["file", "coder", "verbatim_id"])
    both = once[once.duplicated(["coder", "verbatim_id"], keep=False)]
    for coder, rows in both.groupby("coder"):
        yield Problem(
            rule=f"coder {coder} coded the same verbatims in two files",
            file=" and ".join(sorted(rows["file"].unique())), column=ID,
            rows=int(rows["verbatim_id"].nunique()),
            fix="Keep one of the files; each coder fills the sheet with her own name.",
        )  # fmt: skip
