"""Which verbatims people should code next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format
from cxlib.data.convert import as_text
from cxlib.result import Assumption
from cxlib.voc._frames import Said, code_places, said
from cxlib.voc._spread import diverse, systematic, unlike
from cxlib.voc._words import Told
from cxlib.voc.audit import AUDIT, CHOSEN, audit
from cxlib.voc.codebook import Codebook
from cxlib.voc.redact import redact
from cxlib.voc.text import clean

Array = npt.NDArray[np.float64]
SHEET_COLUMNS = ["verbatim_id", "text", "language", "sample", "inclusion", "coder"]
_WIDTH = 5000
_ASSUMPTIONS = (
    Assumption(
        text="Every verbatim on a sheet is coded, or the coders stop at a place that "
        "has nothing to do with what is written (rows stand in random order).",
        quality="medium", impact="high",
    ),
    Assumption(
        text="Coders do not see the score, the machine's codes, or which rows were "
        "drawn at random.",
        quality="high", impact="medium",
    ),
)  # fmt: skip
_METHOD = (
    "Random sample: systematic from a shuffled list{by}, every verbatim with the same "
    "probability. Chosen: {how}; one of equal texts; never one already coded."
)
_MARGIN = (
    "nearest to the machine's line between yes and no, spread over what they say "
    "(k-means on letters, doubt as weight)"
)
_START = "spread over what they say (k-means on letters)"
_NO_CODE = (
    "those where the machine finds no code first, spread over what they say (k-means "
    "on letters)"
)


class Trained(Protocol):
    """A trained coder, as `voc.learn` returns it: codes, chances, thresholds."""

    @property
    def coded(self) -> pd.DataFrame:
        """The codes it gives."""

    @property
    def shares(self) -> pd.DataFrame:
        """Chance of every code (column) for every verbatim (index)."""

    @property
    def table(self) -> pd.DataFrame:
        """One row a code, with its threshold."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class NextToCode(Told):
    """Verbatims to code next: a random audit sample and chosen ones.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a sample and segment: sample ('audit', 'chosen'), segment, n (verbatims
        it is drawn from), n_drawn, n_known (of them coded before). Counts only.
    sheet : pandas.DataFrame
        One row a verbatim to code, in random order: verbatim_id, text (redacted),
        language, sample, inclusion (chance of a verbatim to be in the random sample,
        over all rounds so far; NaN for chosen ones), coder (blank: all coders).
    promoted : tuple of str
        Verbatims coded before as chosen that the random sample has now drawn: their
        codes count as random from now on, and nobody codes them again.
    inclusion : float
        Share of verbatims in the random sample, this draw included.
    n_audited, n_coded : int
        Verbatims coded so far: drawn at random; in all.
    """

    sheet: pd.DataFrame
    promoted: tuple[str, ...]
    inclusion: float
    n_audited: int
    n_coded: int
    denominator: str

    @property
    def text(self) -> str:
        """How many to code, how they were drawn, and what the random ones are for."""
        kinds = self.sheet["sample"].value_counts()
        fair, chosen = int(kinds.get(AUDIT, 0)), int(kinds.get(CHOSEN, 0))
        before = self.n_audited + len(self.promoted)
        known = (
            f" {len(self.promoted)} more that the draw fell on were coded before and "
            "join them as they are."
            if self.promoted
            else ""
        )
        return (
            f"{_format.count(fair + chosen)} verbatims to code next: "
            f"{_format.count(fair)} drawn at random, which make the random sample "
            f"{_format.count(before + fair)} or "
            f"{_format.quantity(self.inclusion, 'share')} of all, and "
            f"{_format.count(chosen)} chosen to teach the machine.{known} "
            f"{self.denominator}; {_format.count(self.n_coded)} coded so far."
        )

    def decision(self, coders: Iterable[str] = ()) -> str:
        """Say in one sentence who codes how much.

        Parameters
        ----------
        coders : iterable of str
            Those named to `next_to_code`.

        Returns
        -------
        str
        """
        if self.sheet.empty:
            return "Nothing is left to code."
        whose = self.sheet["coder"]
        each = [f"{one} {int(whose.isin(['', one]).sum()):,}" for one in coders]
        dealt = f": {', '.join(each)}" if each else ""
        fair = int((self.sheet["sample"] == AUDIT).sum())
        return (
            f"Code {len(self.sheet):,} verbatims next{dealt}; the {fair:,} drawn at "
            "random are what shares and agreement rest on."
        )


def next_to_code(
    responses: pd.DataFrame,
    coded: pd.DataFrame | Trained,
    *,
    codebook: Codebook,
    codings: pd.DataFrame | None = None,
    n: int = 100,
    n_audit: int = 100,
    by: str | None = None,
    coders: Iterable[str] = (),
    names: Iterable[str] = (),
    verbatim: str = "verbatim",
    language: str = "",
    rng: int | np.random.Generator = 0,
) -> NextToCode:
    """Draw the verbatims that people should code next.

    Parameters
    ----------
    responses : pandas.DataFrame
    coded : Learned or pandas.DataFrame
        What the machine says of these responses: the result of `voc.learn`, whose
        doubts then choose, or the table of `voc.code`.
    codebook : Codebook
    codings : pandas.DataFrame, optional
        What people coded so far; column `sample` as in `voc.audit`.
    n : int
        Verbatims to choose.
    n_audit : int
        Verbatims to draw at random, beside those drawn in earlier rounds.
    by : str, optional
        Column of segments over which the random sample is spread; blank for none.
    coders : iterable of str
        All of them get the random sample, so that agreement can be measured; the chosen
        ones are dealt out. With none named, `coder` is blank.
    names : iterable of str
        Names to redact wherever they stand.
    verbatim, language : str
        Columns of the texts and of their language; blank for none.
    rng : int or numpy.random.Generator

    Returns
    -------
    NextToCode

    Notes
    -----
    Chosen verbatims are harder than others, so only the random sample may feed
    agreement and shares. It is drawn from all verbatims not yet in it, those coded as
    chosen included: left out, the random sample would speak for the easy ones only.
    With equal chances in each round, the chance over all rounds is the sample's share.
    Margin and diversity beat random ones at 100 coded texts where human codes are
    clean; on noisy codes they gain nothing.

    Examples
    --------
    >>> from cxlib.voc.coder import code
    >>> told = pd.DataFrame({"verbatim": [f"{w} {i}" for w in ("late", "dear", "nice")
    ...                                   for i in range(20)]})
    >>> book = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "delivery", "phrases": {"en": ["late"]}}]})
    >>> drawn = next_to_code(told, code(told, book), codebook=book, n=4, n_audit=6)
    >>> drawn.sheet["sample"].value_counts().to_dict()
    {'audit': 6, 'chosen': 4}
    """
    _checks.in_range(n, "n", 0, 100_000)
    _checks.in_range(n_audit, "n_audit", 0, 100_000)
    generator = _checks.generator(rng)
    told = said(responses, verbatim=verbatim)
    _checks.columns(told.frame, [c for c in (by, language) if c], "responses")
    before, fair_before = _coded_before(told.ids, codings)
    strata = _labels(told.frame, by)
    pool = np.flatnonzero(~fair_before)
    drawn = pool[systematic(strata[pool], int(n_audit), generator)]
    texts = told.frame[verbatim].to_numpy(dtype=object)
    read = before.copy()
    read[drawn] = True
    free = unlike(texts, read)
    doubt, how = _doubt(told.ids, coded, codebook.ids)
    own = None if doubt is None else doubt[free]
    chosen = free[diverse(texts[free], own, int(n), generator)]
    inclusion = float((fair_before.sum() + len(drawn)) / len(told.ids))
    fresh = drawn[~before[drawn]]
    sheet = _sheet(told, verbatim, language, fresh, chosen, inclusion, names)
    sheet = sheet.iloc[generator.permutation(len(sheet))].reset_index(drop=True)
    return NextToCode(
        table=_table(strata, fair_before, before, drawn, chosen),
        sheet=_dealt(sheet, list(coders)), inclusion=inclusion,
        promoted=tuple(told.ids[drawn[before[drawn]]]), unit="count",
        n_audited=int(fair_before.sum()), n_coded=int(before.sum()),
        denominator=told.text, assumptions=_ASSUMPTIONS,
        method=_METHOD.format(by=f" sorted by {by}" if by else "", how=how),
    )  # fmt: skip


def _coded_before(
    ids: pd.Index, codings: pd.DataFrame | None
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which verbatims were coded, and which of them were drawn at random."""
    if codings is None or codings.empty:
        none = np.zeros(len(ids), dtype=bool)
        return none, none
    _checks.columns(codings, ["verbatim_id", "coder", "code"], "codings")
    tables = (codings, audit(codings))
    every, fair = (ids.isin(table["verbatim_id"].astype(str)) for table in tables)
    return np.asarray(every), np.asarray(fair)


def _labels(frame: pd.DataFrame, by: str | None) -> npt.NDArray[np.object_]:
    if not by:
        return np.full(len(frame), "all", dtype=object)
    text = as_text(frame[by])
    return text.where(text.notna(), "(blank)").astype(object).to_numpy()


def _doubt(
    ids: pd.Index, coded: pd.DataFrame | Trained, codes: tuple[str, ...]
) -> tuple[Array | None, str]:
    """Return 1 minus the distance to the nearest threshold, and how it was found."""
    if not isinstance(coded, pd.DataFrame):
        return _near_the_line(ids, coded, codes), _MARGIN
    _checks.columns(coded, ["verbatim_id", "code"], "the coded verbatims")
    rows = ids.get_indexer(pd.Index(coded["verbatim_id"].astype(str)))
    inside = (rows >= 0) & (code_places(codes, coded["code"]) >= 0)
    if not inside.any():
        return None, _START
    silent = np.ones(len(ids))
    silent[rows[inside]] = 0.5
    return silent, _NO_CODE


def _near_the_line(ids: pd.Index, model: Trained, codes: tuple[str, ...]) -> Array:
    """Return how near each verbatim's most doubtful code is to its threshold."""
    known = model.shares.set_axis(model.shares.index.astype(str), axis=0)
    wide = known.reindex(index=ids, columns=list(codes)).to_numpy(dtype=float)
    line = model.table.set_index("code")["threshold"].reindex(list(codes))
    away = np.abs(wide - line.fillna(0.5).to_numpy(dtype=float))
    least: Array = np.where(np.isfinite(away), away, 1.0).min(axis=1, initial=1.0)
    return 1 - least


def _sheet(
    told: Said,
    verbatim: str,
    language: str,
    fair: npt.NDArray[np.intp],
    chosen: npt.NDArray[np.intp],
    inclusion: float,
    names: Iterable[str],
) -> pd.DataFrame:
    """Return the rows to code, redacted."""
    place = np.concatenate([fair, chosen])
    shown = redact(told.frame[verbatim].iloc[place], names=names)
    tongue = as_text(told.frame[language].iloc[place]) if language else ""
    return pd.DataFrame(
        {
            "verbatim_id": told.ids[place].astype(object),
            "text": [clean(text, width=_WIDTH) for text in shown],
            "language": pd.Series(tongue, index=shown.index).fillna("").to_numpy(),
            "sample": [AUDIT] * len(fair) + [CHOSEN] * len(chosen),
            "inclusion": [inclusion] * len(fair) + [np.nan] * len(chosen),
        }
    )


def _dealt(sheet: pd.DataFrame, coders: list[str]) -> pd.DataFrame:
    """Give the random rows to all coders and deal the chosen ones out."""
    whose = np.full(len(sheet), "", dtype=object)
    chosen = np.flatnonzero(sheet["sample"] == CHOSEN)
    if coders:
        whose[chosen] = [coders[i % len(coders)] for i in range(len(chosen))]
    return sheet.assign(coder=whose)[SHEET_COLUMNS]


def _table(
    strata: npt.NDArray[np.object_],
    fair: npt.NDArray[np.bool_],
    before: npt.NDArray[np.bool_],
    drawn: npt.NDArray[np.intp],
    chosen: npt.NDArray[np.intp],
) -> pd.DataFrame:
    """Count by sample and segment; never a verbatim."""
    rows = []
    for sample, pool, taken in ((AUDIT, ~fair, drawn), (CHOSEN, ~before, chosen)):
        for label in sorted(set(strata)):
            mine = taken[strata[taken] == label]
            rows.append(
                {
                    "sample": sample,
                    "segment": label,
                    "n": int((pool & (strata == label)).sum()),
                    "n_drawn": len(mine),
                    "n_known": int(before[mine].sum()),
                }
            )
    return pd.DataFrame(rows)
