"""Two codings of the same verbatims, under two versions of a codebook."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.voc._frames import Bools, Said, code_names, membership
from cxlib.voc._shares import hand_codes
from cxlib.voc.codebook import Codebook
from cxlib.voc.coder import code as coded_by_rule

Array = npt.NDArray[np.float64]
HAND, MACHINE = "hand", "machine"
_MIN_HAND = 20


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """Shares of coders who gave each of today's codes, under old and new.

    Both of shape (kept verbatims, codes); `kept` marks the verbatims.
    """

    old: Array
    new: Array
    kept: Bools
    basis: str


def _codes(codebooks: tuple[Codebook, Codebook]) -> tuple[str, ...]:
    """Today's codes, then those of the old version that nothing counts any more."""
    old, new = codebooks
    return tuple(dict.fromkeys((*new.ids, *(new.now(one) or one for one in old.ids))))


def read_both(
    told: Said,
    codebooks: tuple[Codebook, Codebook],
    coded: tuple[pd.DataFrame, pd.DataFrame] | None,
    codings: tuple[pd.DataFrame | None, pd.DataFrame | None] | None,
    verbatim: str,
    language: str | None,
) -> Reading:
    """Read both codings by hand where enough verbatims have both, else by machine."""
    codes = _codes(codebooks)
    if codings is not None:
        old, new = (
            hand_codes(told.ids, _today(given, book, codebooks[1]), codes)
            for given, book in zip(codings, codebooks, strict=True)
        )
        kept = np.isfinite(old[:, 0]) & np.isfinite(new[:, 0])
        if kept.sum() >= _MIN_HAND:
            return Reading(old[kept], new[kept], kept, HAND)
    if coded is None:
        texts = told.frame.assign(verbatim_id=np.asarray(told.ids, dtype=object))
        first, second = (
            coded_by_rule(texts, book, verbatim=verbatim, language=language)
            for book in codebooks
        )
        coded = first, second
    old, new = (
        membership(told.ids, _mapped(given, codebooks[1]), codes).astype(float)
        for given in coded
    )
    if not len(codes):
        raise DataError("the two codebooks have no active code.")
    return Reading(old, new, np.ones(len(told.ids), dtype=bool), MACHINE)


def _today(
    codings: pd.DataFrame | None, book: Codebook, new: Codebook
) -> pd.DataFrame | None:
    """Give hand codes their parents, then the ids that are counted today."""
    if codings is None:
        return None
    _checks.columns(codings, ["verbatim_id", "coder", "code"], "codings")
    rolled = book.roll_up(codings[["verbatim_id", "coder", "code"]])
    return _mapped(rolled, new)


def _mapped(table: pd.DataFrame, new: Codebook) -> pd.DataFrame:
    """Name merged codes, and the parents they bring, as today's."""
    into = {one.id: one.merged_into for one in new.former if one.merged_into}
    if not into:
        return table
    found = table.assign(code=table["code"].astype(object).replace(into))
    parts = [
        found[found["code"] == name].assign(code=above)
        for name in set(into.values())
        for above in new.ancestors(name)
    ]
    return pd.concat([found, *parts], ignore_index=True)


def pairs(
    read: Reading, codebooks: tuple[Codebook, Codebook], language: str
) -> list[tuple[dict[str, str], tuple[Array | None, Array | None]]]:
    """Return each code's names and its two readings; None where a version lacks it."""
    old, new = codebooks
    before = {new.now(one) or one for one in old.ids}
    found = list[tuple[dict[str, str], tuple[Array | None, Array | None]]]()
    for k, name in enumerate(_codes(codebooks)):
        book = new if name in new.ids else old
        pair = (
            read.old[:, k] if name in before else None,
            read.new[:, k] if name in new.ids else None,
        )
        found.append((code_names(name, book, language), pair))
    return found
