"""Bring responses and coded verbatims together."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.data.convert import as_text
from cxlib.errors import DataError
from cxlib.estimate import Design, design
from cxlib.voc.codebook import Codebook
from cxlib.voc.text import answers

Bools = npt.NDArray[np.bool_]
BLANK = "(blank)"


def verbatim_ids(responses: pd.DataFrame) -> pd.Index:
    """Return one id a row: verbatim_id, else respondent_id, else its place.

    A respondent seen again gets '#2', '#3' behind the id, so each verbatim has one.
    """
    if "verbatim_id" in responses.columns:
        ids = responses["verbatim_id"].astype(str)
        if ids.duplicated().any():
            twice = int(ids.duplicated(keep=False).sum())
            raise DataError(
                f"verbatim_id repeats in {twice:,} rows; "
                "each verbatim needs an id of its own."
            )
        return pd.Index(ids)
    if "respondent_id" not in responses.columns:
        return pd.Index([f"row {i + 1}" for i in range(len(responses))], dtype="str")
    given = responses["respondent_id"]
    rows = pd.Series([f"row {i + 1}" for i in range(len(given))], index=given.index)
    ids = given.astype(str).where(given.notna(), rows)
    again = ids.groupby(ids).cumcount()
    return pd.Index(ids.where(again == 0, ids + "#" + (again + 1).astype(str)))


def code_list(coded: pd.DataFrame, codebook: Codebook | None = None) -> tuple[str, ...]:
    """Return the codes to report: the codebook's, else all the table knows."""
    _checks.columns(coded, ["verbatim_id", "code"], "the coded verbatims")
    if codebook is not None:
        return codebook.ids
    codes = coded["code"]
    if isinstance(codes.dtype, pd.CategoricalDtype):
        return tuple(str(code) for code in codes.cat.categories)
    return tuple(
        dict.fromkeys(str(code) for code in codes.dropna() if str(code).strip())
    )


def code_names(
    code: str, codebook: Codebook | None, language: str = ""
) -> dict[str, str]:
    """Return the columns that say which code a row is about."""
    if codebook is None:
        return {"code": code, "name": code, "parent": ""}
    parent = next(iter(codebook.ancestors(code)), "")
    return {"code": code, "name": codebook.label(code, language), "parent": parent}


def finest(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of codes that are no other code's parent."""
    return table[~table["code"].isin(set(table["parent"]) - {""})]


def code_places(codes: Sequence[str], column: pd.Series) -> npt.NDArray[np.intp]:
    """Return the place of each code, -1 where blank or not among them."""
    places = column.astype(object).map({code: i for i, code in enumerate(codes)})
    return pd.to_numeric(places).fillna(-1).to_numpy(dtype=np.intp)


def membership(ids: pd.Index, coded: pd.DataFrame, codes: Sequence[str]) -> Bools:
    """Return which code (column) each verbatim (row) has."""
    rows = ids.get_indexer(pd.Index(coded["verbatim_id"].astype(str)))
    columns = code_places(codes, coded["code"])
    has = np.zeros((len(ids), len(codes)), dtype=bool)
    inside = (rows >= 0) & (columns >= 0)
    has[rows[inside], columns[inside]] = True
    return has


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """Rows whose verbatim says something, with what was set apart.

    Attributes
    ----------
    frame : pandas.DataFrame
        The rows of 'said' verbatims.
    ids : pandas.Index
        Their verbatim ids.
    asked, blank, nothing : int
        All rows; rows without words; rows that say "n/a", "niente", ".".
    """

    frame: pd.DataFrame
    ids: pd.Index
    asked: int
    blank: int
    nothing: int

    @property
    def text(self) -> str:
        """The denominator in one sentence."""
        return (
            f"{len(self.ids):,} of {self.asked:,} responses say something "
            f"({self.blank:,} blank, {self.nothing:,} such as “n/a” or “nothing” "
            "set apart)"
        )


def said(responses: pd.DataFrame, *, verbatim: str = "verbatim") -> Said:
    """Set apart the responses without words; stop if none are left."""
    _checks.columns(responses, [verbatim], "responses")
    kinds = answers(responses[verbatim])
    keep = kinds == "said"
    if not keep.any():
        raise DataError(
            f"column '{verbatim}' holds no words in {len(responses):,} responses "
            f"({int((kinds == 'blank').sum()):,} blank, "
            f"{int((kinds == 'nothing').sum()):,} such as “n/a”); "
            "map the column that does."
        )
    return Said(
        frame=responses[keep],
        ids=verbatim_ids(responses)[keep],
        asked=len(responses),
        blank=int((kinds == "blank").sum()),
        nothing=int((kinds == "nothing").sum()),
    )


def plan_of(
    frame: pd.DataFrame, weights: str | None, strata: str | None, cluster: str | None
) -> Design:
    """Return the design of the rows from its columns; a blank name is none."""
    named = [name for name in (weights, strata, cluster) if name]
    _checks.columns(frame, named, "responses")
    return design(
        len(frame),
        weights=frame[weights].to_numpy(dtype=float) if weights else None,
        strata=frame[strata].to_numpy() if strata else None,
        cluster=frame[cluster].to_numpy() if cluster else None,
    )


def levels(frame: pd.DataFrame, by: str | None) -> list[tuple[str, Bools]]:
    """Return ('all', every row) and one (label, rows) a level of `by`, in order.

    An ordered categorical keeps its order; other labels sort by their text, numbers in
    it as numbers ('W2' before 'W10').
    """
    found = [("all", np.ones(len(frame), dtype=bool))]
    if by:
        _checks.columns(frame, [by], "responses")
        text = as_text(frame[by])
        labels = text.where(text.notna() & (text != ""), BLANK).astype(str)
        names = in_order(labels.unique(), frame[by])
        found += [(name, (labels == name).to_numpy()) for name in names]
    return found


def in_order(labels: Iterable[str], column: pd.Series) -> list[str]:
    """Return labels of a column in order: its own if it has one, else natural."""
    names = sorted(labels, key=_natural)
    if not isinstance(column.dtype, pd.CategoricalDtype) or not column.cat.ordered:
        return names
    own = as_text(pd.Series(column.cat.categories)).astype(str).tolist()
    return sorted(names, key=lambda name: own.index(name) if name in own else -1)


def _natural(name: str) -> list[tuple[int, float, str]]:
    parts = re.split(r"(\d+)", name)
    return [(0, float(p), "") if p.isdecimal() else (1, 0.0, p) for p in parts]
