"""How many verbatims speak of each code, corrected for the machine's errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.estimate import Correction, adjust
from cxlib.result import Assumption, Finding
from cxlib.voc._frames import (
    code_list,
    code_names,
    finest,
    levels,
    membership,
    plan_of,
    said,
)
from cxlib.voc._shares import (
    CORRECTED,
    FEW,
    HAND,
    MACHINE,
    MIN_POSITIVES,
    SHARE_COLUMNS,
    Readings,
    hand_codes,
    share_row,
)
from cxlib.voc._words import (
    Row,
    Told,
    column,
    finding,
    measured,
    records,
    sentence,
    spans,
)
from cxlib.voc.codebook import Codebook

_SHOWN = 12
_RAW = ("machine", "share_machine")
_RANDOM = Assumption(
    text="The verbatims coded by hand are a random sample of those that say something.",
    quality="medium", impact="high",
)  # fmt: skip
_TRUTH = Assumption(
    text="What people code is what is true; where two differ, their mean counts.",
    quality="medium", impact="medium",
)  # fmt: skip
_UNCHECKED = (
    "These are the machine's counts: too little was coded by hand to correct them."
)
_UNCORRECTED = Assumption(
    text="The rule coder errs as often one way as the other (no hand codes to tell).",
    quality="low", impact="high",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Prevalence(Told):
    """Share of verbatims that speak of each code, overall and by segment.

    `table`: one row a segment ('all' first) and code: segment, code, name,
    parent, n (verbatims that say something), n_hand (of them coded by hand),
    n_positive (hand codes given), estimate, std_error, ci_lower, ci_upper, basis
    ('corrected', 'hand only', 'machine only', 'too few'), share_machine and its plain
    interval, share_rest and pvalue_adj (the segment against all others). Displayed by
    segment: only what differs beyond noise; the table holds all.
    """

    by: str
    denominator: str
    confidence_level: float

    @property
    def text(self) -> str:
        """The most frequent code and what it rests on; by segment, what differs."""
        if self.by:
            return self._differences()
        ranked = self._ranked()
        if not ranked:
            return f"No code was found. {self.denominator}."
        lead = f"{self._statement(ranked[0])} {self.denominator}."
        bases = set(self.table["basis"])
        if CORRECTED in bases:
            return f"{lead} {self._gap()}"
        if MACHINE in bases and HAND not in bases:
            return f"{lead} {_UNCHECKED}"
        return lead

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The three most frequent codes overall."""
        if self.by:
            told, rows = self._against, self._clear()
        else:
            told, rows = self._statement, self._ranked()
        return tuple(
            finding(
                f"share_{self._key(row)}", told(row), row, "share", self._label(row)
            )
            for row in rows[:3]
        )

    def _key(self, row: Row) -> str:
        return f"{row['code']}_in_{row['segment']}" if self.by else str(row["code"])

    def _label(self, row: Row) -> str:
        where = f" in {row['segment']}" if self.by else ""
        return f"{row['name']}{where}, share of verbatims"

    @property
    def overall(self) -> pd.DataFrame:
        """The rows of all verbatims together."""
        return self.table[self.table["segment"] == "all"]

    def _ranked(self) -> list[Row]:
        rows = finest(self.overall)
        rows = rows[rows["estimate"] > 0]
        return records(rows.sort_values("estimate", ascending=False))

    def _statement(self, row: Row) -> str:
        share = _format.quantity(row["estimate"], "share")
        found = measured(row, "share", self.confidence_level)
        return f"{sentence(row['name'])} is in {share} of verbatims ({found})."

    def _clear(self) -> list[Row]:
        """Segments that differ beyond noise, the widest gap first."""
        rows = self.table[self.table["pvalue_adj"] < 1 - self.confidence_level]
        gap = (rows["estimate"] - rows["share_rest"]).abs()
        return records(rows.loc[gap.sort_values(ascending=False).index])

    def _differences(self) -> str:
        clear = self._clear()
        if not clear:
            return f"No code differs by {self.by} beyond noise, after correction."
        told = " ".join(self._against(row) for row in clear[:2])
        more = len(clear) - 2
        others = f" {more} more differ beyond noise." if more > 0 else ""
        return f"{told}{others}"

    def _against(self, row: Row) -> str:
        share = _format.quantity(row["estimate"], "share")
        rest = _format.quantity(row["share_rest"], "share")
        found = measured(row, "share", self.confidence_level)
        return (
            f"{sentence(row['name'])} is in {share} of the verbatims of "
            f"{row['segment']} ({found}), in {rest} elsewhere."
        )

    def _display(self) -> pd.DataFrame:
        rows = pd.DataFrame(self._clear()[:_SHOWN]) if self.by else self.table
        if rows.empty:
            return rows
        other, name = ("elsewhere", "share_rest") if self.by else _RAW
        display = {
            "code": rows["name"],
            "share, %": column(rows, "estimate", "share"),
            f"{100 * self.confidence_level:g} % CI": spans(rows, "share"),
            "n": column(rows, "n", "count"),
            "by hand": column(rows, "n_hand", "count"),
            "basis": rows["basis"],
            f"{other}, %": column(rows, name, "share"),
        }
        first = {self.by: rows["segment"]} if self.by else {}
        return pd.DataFrame(first | display)

    def _gap(self) -> str:
        """Say where the raw count is furthest outside the corrected interval."""
        rows = finest(self.overall)
        rows = rows[rows["basis"] == CORRECTED]
        outside = rows[
            (rows["share_machine"] < rows["ci_lower"])
            | (rows["share_machine"] > rows["ci_upper"])
        ]
        if outside.empty:
            return "The machine's own counts lie inside all these intervals."
        gap = (outside["share_machine"] - outside["estimate"]).abs()
        row = records(outside[gap == gap.max()])[0]
        return (
            f"Counting the machine's codes alone would have said "
            f"{_format.quantity(row['share_machine'], 'share')} for {row['name']}, not "
            f"{_format.quantity(row['estimate'], 'share')}."
        )


def prevalence(
    responses: pd.DataFrame,
    coded: pd.DataFrame,
    *,
    codings: pd.DataFrame | None = None,
    codebook: Codebook | None = None,
    by: str | None = None,
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    verbatim: str = "verbatim",
    language: str = "",
    min_n: int = 10,
    correction: Correction = "holm",
    confidence_level: float = 0.95,
) -> Prevalence:
    """Estimate the share of verbatims that speak of each code.

    Parameters
    ----------
    responses : pandas.DataFrame
        All responses; those that say nothing are counted and set apart.
    coded : pandas.DataFrame
        Result of `voc.code` for these responses.
    codings : pandas.DataFrame, optional
        What people coded: verbatim_id, coder, code (blank: looked, found nothing).
        Only verbatims drawn at random count (see `voc.audit`).
    codebook : Codebook, optional
        Names of the codes, codes nobody has, and parents for the hand codings.
    by : str, optional
        Column of segments or waves; blank for none.
    weights, strata, cluster : str, optional
        Columns of the survey design; blank for none.
    verbatim : str
        Column of the texts.
    language : str
        Language of the names.
    min_n : int
        Segments with fewer verbatims are not reported ('too few').
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over all segments and codes, each segment tested against all others.
    confidence_level : float

    Returns
    -------
    Prevalence

    Notes
    -----
    Denominator: verbatims that say something. With hand codings, each code's share is
    the machine's, corrected by what people found in the verbatims they read
    (`estimate.ppi.corrected_share`); where they found the code (or its absence) fewer
    than 5 times, their Wilson interval alone; where they read fewer than 20 verbatims
    of a segment, or none at all, the machine's share, marked so. Several coders'
    readings of one verbatim are averaged. Weights and clusters enter everywhere; the
    test of a segment against the rest takes the two as independent.

    References
    ----------
    Angelopoulos, A. N., Duchi, J. C. and Zrnic, T. (2023). arXiv:2311.01453.

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"verbatim": ["late"] * 30 + ["fine"] * 70 + ["n/a"] * 9})
    >>> book = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "d", "name": {"en": "Delivery"}, "phrases": {"en": ["late"]}}]})
    >>> from cxlib.voc.coder import code
    >>> found = prevalence(told, code(told, book), codebook=book)
    >>> print(found.findings[0].statement)
    Delivery is in 30.0 % of verbatims (95 % CI 21.9 to 39.6, n = 100).
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    told = said(responses, verbatim=verbatim)
    codes = code_list(coded, codebook)
    machine = membership(told.ids, coded, codes)
    hand = hand_codes(told.ids, codings, codes, codebook)
    plan = plan_of(told.frame, weights, strata, cluster)
    names = [code_names(one, codebook, language) for one in codes]
    rows, rests = list[dict[str, object]](), list[dict[str, object]]()
    for level, inside in levels(told.frame, by):
        others = ~inside & (level != "all")
        for k, name in enumerate(names):
            read = Readings(machine[:, k], hand[:, k], plan, confidence_level)
            rows.append({"segment": level, **name, **share_row(read, inside, min_n)})
            rests.append(share_row(read, others, min_n))
    columns = ["segment", "code", "name", "parent", *SHARE_COLUMNS]
    table = _tested(
        pd.DataFrame(rows, columns=columns), rests, correction, confidence_level
    )
    return Prevalence(
        table=table, unit="share", by=by or "", denominator=sentence(told.text),
        confidence_level=confidence_level, method=_method(table),
        assumptions=(_RANDOM, _TRUTH) if np.isfinite(hand).any() else (_UNCORRECTED,),
    )  # fmt: skip


def _tested(
    table: pd.DataFrame,
    rests: list[dict[str, object]],
    correction: Correction,
    confidence_level: float,
) -> pd.DataFrame:
    """Add each segment's test against all others, corrected over the finest codes."""
    names = ["estimate", "ci_lower", "ci_upper", "basis"]
    rest = pd.DataFrame(rests, columns=names, index=table.index)
    alike = (table["basis"] == MACHINE) == (rest["basis"] == MACHINE)
    fine = table.index.isin(finest(table).index)
    gap = (table["estimate"] - rest["estimate"]).where(alike & fine).to_numpy(float)
    # Half widths of the intervals, not standard errors: a share of 0 has error too.
    spread = np.hypot(_half_width(table), _half_width(rest))
    known = np.where(spread > 0, spread, np.nan)
    z = stats.norm.isf((1 - confidence_level) / 2) * np.abs(gap) / known
    return table.assign(
        share_rest=rest["estimate"].where(alike),
        pvalue_adj=adjust(2 * stats.norm.sf(z), correction),
    )


def _half_width(table: pd.DataFrame) -> npt.NDArray[np.float64]:
    return (table["ci_upper"] - table["ci_lower"]).to_numpy(dtype=float) / 2


def _method(table: pd.DataFrame) -> str:
    used = set(table["basis"])
    parts = {
        CORRECTED: "machine share corrected by the hand-coded sample (power-tuned PPI)",
        HAND: f"hand codes alone (Wilson) with fewer than {MIN_POSITIVES} positives",
        MACHINE: "the machine's share (Wilson) where fewer than 20 were coded by hand",
        FEW: "segments with too few verbatims left out",
    }
    chosen = "; ".join(text for basis, text in parts.items() if basis in used)
    return f"{sentence(chosen)}."
