"""The codebook: which themes there are and which phrases say them."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib._console import Shown
from cxlib.errors import ArgumentError, DataError, Problem
from cxlib.voc import _book_files
from cxlib.voc._codes import ACTIVE, MERGED, Code, digest, from_entry
from cxlib.voc._schema import code_problems, structure_problems

__all__ = ["Code", "Codebook"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Codebook(Shown):
    """Codes, in order, with the version and the hash of what they say.

    Build it with `from_file`, `from_table`, `from_yaml` or `from_dict`.

    Attributes
    ----------
    version : str
        As declared.
    codes : tuple of Code
        Those that are given today.
    sha256 : str
        Of the content, whatever the layout of the file.
    former : tuple of Code
        Merged and retired ones: their ids are never given again, and codings made
        when they stood can still be read (`roll_up`).

    Notes
    -----
    A phrase is matched without regard to case and accents, as whole words in a row
    (punctuation between them does not matter). `*` ends a prefix: ``courier*``
    matches "couriers". ``re:`` starts a regular expression, searched anywhere in the
    folded text; one that some text could keep busy for hours is refused. A phrase of
    `exclude` takes away the code's phrases that it overlaps or touches: "not late"
    takes "late" away there, and leaves "very late" in the next sentence.
    A verbatim that has a code has the code's parents too. A merged code's phrases
    give the code it was merged into.

    Examples
    --------
    >>> book = Codebook.from_dict({
    ...     "version": 1,
    ...     "codes": [{"id": "price", "phrases": {"en": ["expensive", "pric*"]}}],
    ... })
    >>> book.ids, book.languages, book.sha256[:8]
    (('price',), ('en',), '00934926')
    """

    version: str
    codes: tuple[Code, ...]
    sha256: str
    former: tuple[Code, ...] = ()

    @classmethod
    def from_dict(
        cls, content: Mapping[str, Any], *, source: str = "codebook"
    ) -> Codebook:
        """Check the content of a codebook and build it.

        Parameters
        ----------
        content : mapping
            ``{version, codes: [{id, name, definition, parent, phrases, exclude,
            examples, counterexamples, status, merged_into, since}]}``; name and
            definition map a language to text; phrases, exclude, examples and
            counterexamples map one to a list.
        source : str
            What messages call it.

        Raises
        ------
        DataError
            With every broken rule: unknown keys, ids that are blank or repeat,
            parents that are not there or go round in a circle, codes without
            phrases, phrases without words, regular expressions that do not compile or
            could run away, codes merged into one that is not active.
        """
        problems = _problems(content, source)
        if problems:
            raise DataError(_book_files.count(source, problems), problems=problems)
        return _build(content)

    @classmethod
    def from_yaml(cls, path: str | Path) -> Codebook:
        """Read and check a codebook file.

        Parameters
        ----------
        path : path
            A relative one counts from the project root, else from the working folder.

        Raises
        ------
        ArgumentError
            If there is no such file.
        DataError
            If it is not YAML or not a codebook; see `from_dict`.
        """
        file = _book_files.find(path)
        return cls.from_dict(_book_files.read_yaml(file), source=file.name)

    @classmethod
    def from_table(
        cls, table: str | Path | pd.DataFrame, *, version: str = ""
    ) -> Codebook:
        r"""Read a codebook kept as a table: CSV, Excel or a frame, one row a code.

        Parameters
        ----------
        table : path or pandas.DataFrame
            Columns: id, and as needed parent, status, merged_into, since, version,
            and for each language ``name_en``, ``definition_en``, ``phrases_en``,
            ``exclude_en``, ``examples_en``, ``counterexamples_en``. Several phrases
            in a cell stand apart by ";" or on lines of their own; a ";" that belongs
            to a phrase is written "\;". Of a workbook, the first sheet.
        version : str
            Where the table has no column `version` ("1" if neither says).

        Raises
        ------
        DataError
            With every broken rule, its row (as a spreadsheet counts) and column.

        Examples
        --------
        >>> rows = pd.DataFrame({"id": ["price"], "phrases_en": ["dear; pric*"]})
        >>> Codebook.from_table(rows).codes[0].phrases
        {'en': ('dear', 'pric*')}
        """
        rows, source = _book_files.read_table(table)
        content, problems = _book_files.content_of(rows, source, version)
        found = problems or _book_files.placed(rows, _problems(content, source))
        if found:
            raise DataError(_book_files.count(source, found), problems=found)
        return _build(content)

    @classmethod
    def from_file(cls, path: str | Path) -> Codebook:
        """Read a codebook from YAML, CSV or Excel, by the file's ending.

        Parameters
        ----------
        path : path
            .yaml or .yml: `from_yaml`; .csv, .tsv, .xlsx, .xlsm: `from_table`.
        """
        ending = Path(path).suffix.casefold()
        kinds = (*_book_files.YAML, *_book_files.TABLES)
        if ending not in kinds:
            raise ArgumentError(
                f"`codebook` is '{path}'; its ending must be one of {', '.join(kinds)}."
            )
        return (cls.from_yaml if ending in _book_files.YAML else cls.from_table)(path)

    def to_yaml(self, path: str | Path) -> Path:
        """Write the codebook as the versioned YAML file; return its path.

        Parameters
        ----------
        path : path
            A relative one counts from the project root, else from the working folder.
        """
        return _book_files.write_yaml(path, self.version, (*self.codes, *self.former))

    def to_table(self) -> pd.DataFrame:
        """Return one row a code, all text, as `from_table` reads it."""
        return _book_files.table_of(self.version, (*self.codes, *self.former))

    @property
    def ids(self) -> tuple[str, ...]:
        """The codes' ids, in order."""
        return tuple(code.id for code in self.codes)

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that have phrases, sorted."""
        used = (*self.codes, *(one for one in self.former if one.status == MERGED))
        return tuple(sorted({key for code in used for key in code.phrases}))

    def label(self, code: str, language: str = "") -> str:
        """Return a code's name in a language, else its first name, else its id."""
        every = (*self.codes, *self.former)
        names = next((one.name for one in every if one.id == code), {})
        return names.get(language) or next(iter(names.values()), code)

    def now(self, code: str) -> str:
        """Return the id that a code is counted under today; '' for a retired one."""
        return next((one.merged_into for one in self.former if one.id == code), code)

    def ancestors(self, code: str) -> tuple[str, ...]:
        """Return a code's parents, nearest first."""
        parents = {one.id: one.parent for one in self.codes}
        found: list[str] = []
        while code := parents.get(code, ""):
            found.append(code)
        return tuple(found)

    def relatives(self, code: str) -> frozenset[str]:
        """Return the ids above and below a code."""
        below = {one for one in self.ids if code in self.ancestors(one)}
        return frozenset(below.union(self.ancestors(code)))

    def roll_up(self, codings: pd.DataFrame, *, code: str = "code") -> pd.DataFrame:
        """Give every coded row's parents the same row, once.

        A merged code becomes the one it was merged into; a retired one becomes blank:
        somebody looked, and found nothing that is counted today.

        Parameters
        ----------
        codings : pandas.DataFrame
            Long table of assignments; other columns are carried along.
        code : str
            Column of the code; a blank (looked, found nothing) is left alone.

        Raises
        ------
        DataError
            If a code is not in the codebook.
        """
        _checks.columns(codings, [code], "codings")
        gone = {one.id: one.merged_into for one in self.former}
        if gone:
            today = codings[code].astype(object).replace(gone)
            codings = codings.assign(**{code: today})
        blank = codings[code].isna() | (codings[code].astype(str).str.strip() == "")
        used = codings.loc[~blank, code].astype(str)
        for name in used.unique():
            if name not in self.ids:
                hint = _checks.did_you_mean(name, self.ids)
                rows = int((used == name).sum())
                raise DataError(
                    f"code '{name}' ({rows:,} rows) is not in the codebook; {hint}"
                )
        filled, of = np.flatnonzero(~blank), used.groupby(used).indices
        up = [
            (filled[of[name]], above)
            for name in self.ids
            if name in of
            for above in self.ancestors(name)
        ]
        parts = [codings, *(codings.iloc[rows].assign(**{code: c}) for rows, c in up)]
        return pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)

    @property
    def text(self) -> str:
        """One line for a report: version, size, languages and hash."""
        one = "code" if len(self.codes) == 1 else "codes"
        statuses = [code.status for code in self.former]
        gone = ", ".join(f"{statuses.count(s)} {s}" for s in sorted(set(statuses)))
        one += f" ({gone})" if gone else ""
        return (
            f"Codebook version {self.version}: {len(self.codes)} {one}, phrases in "
            f"{', '.join(self.languages)}; sha256 {self.sha256[:12]}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a code: id, name, parent and phrases per language."""
        rows = [
            {"code": one.id, "name": self.label(one.id), "parent": one.parent}
            | {
                f"n_phrases_{key}": len(one.phrases.get(key, ()))
                for key in self.languages
            }
            for one in self.codes
        ]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        table = self.to_frame().to_html(index=False, border=0, classes="cx")
        return f"<p class='finding'>{html.escape(self.text)}</p>{table}"


def _problems(content: object, source: str) -> list[Problem]:
    found = structure_problems(content, source)
    if found or not isinstance(content, Mapping):
        return found
    return code_problems(content["codes"], source)


def _build(content: Mapping[str, Any]) -> Codebook:
    every = tuple(from_entry(entry) for entry in content["codes"])
    codes = tuple(one for one in every if one.status == ACTIVE)
    former = tuple(one for one in every if one.status != ACTIVE)
    version = str(content["version"])
    sha256 = digest(version, (*codes, *former))
    return Codebook(version=version, codes=codes, sha256=sha256, former=former)
