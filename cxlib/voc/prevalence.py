"""How many verbatims speak of each code, corrected for the machine's errors."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.estimate import Correction, adjust
from cxlib.estimate.multiplicity import CORRECTED as CORRECTION_NAMES
from cxlib.result import Assumption, Finding
from cxlib.voc._frames import (
    Bools,
    code_list,
    code_names,
    finest,
    levels,
    membership,
    plan_of,
    said,
)
from cxlib.voc._gaps import GAP, OTHER, Against, compared_with, gap_of
from cxlib.voc._shares import (
    CORRECTED,
    FEW,
    HAND,
    MACHINE,
    MIN_POSITIVES,
    SHARE_COLUMNS,
    TRUTH,
    Readings,
    Share,
    hand_codes,
    inclusion_of,
    share_of,
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
_STRIKE, _UNSTRIKE = "\ue000", "\ue001"  # private use: not in any text of a table
_RANDOM = Assumption(
    text="The verbatims coded by hand are a random sample of those that say something.",
    quality="medium", impact="high",
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
    interval; compared_with ('elsewhere', or the wave before), share_rest or
    share_previous (theirs), effect_size (the difference, own minus theirs) with its
    interval, pvalue and pvalue_adj. Displayed by segment: only what differs beyond
    noise; the table holds all.
    """

    by: str
    against: Against
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
        if not self.by:
            return tuple(self._finding(row) for row in self._ranked()[:3])
        return tuple(self._gap_finding(row) for row in self._clear()[:3])

    def _finding(self, row: Row) -> Finding:
        label = f"{row['name']}, share of verbatims"
        told = self._statement(row)
        return finding(
            f"share_{row['code']}",
            told,
            row,
            "share",
            label,
            level=self.confidence_level,
        )

    def _gap_finding(self, row: Row) -> Finding:
        where, told = f"{row['code']}_in_{row['segment']}", self._against(row)
        if self.against == "rest":
            label = f"{row['name']} in {row['segment']}, share of verbatims"
            return finding(
                f"share_{where}", told, row, "share", label, level=self.confidence_level
            )
        names = ("estimate", "ci_lower", "ci_upper")
        moved = dict(row) | {n: row[g] for n, g in zip(names, GAP, strict=True)}
        label = f"{row['name']} in {row['segment']}, change of its share"
        return finding(
            f"change_{where}",
            told,
            moved,
            "share_points",
            label,
            level=self.confidence_level,
        )

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
        gap = rows["effect_size"].abs()
        return records(rows.loc[gap.sort_values(ascending=False).index])

    def _differences(self) -> str:
        clear = self._clear()
        if self.against == "previous" and self.table["pvalue"].isna().all():
            return f"No {self.by} has one before it to be compared with."
        if not clear and self.against == "previous":
            return f"No code changed from {self.by} to {self.by} beyond noise."
        if not clear:
            return f"No code differs by {self.by} beyond noise, after correction."
        told = " ".join(self._against(row) for row in clear[:2])
        more = len(clear) - 2
        verb = "changed" if self.against == "previous" else "differ"
        others = f" {more} more {verb} beyond noise." if more > 0 else ""
        return f"{told}{others}"

    def _against(self, row: Row) -> str:
        share = _format.quantity(row["estimate"], "share")
        theirs = _format.quantity(row[OTHER[self.against]], "share")
        if self.against == "rest":
            found = measured(row, "share", self.confidence_level)
            return (
                f"{sentence(row['name'])} is in {share} of the verbatims of "
                f"{row['segment']} ({found}), in {theirs} elsewhere."
            )
        size, low, high = (row[name] for name in GAP)
        moved = _format.quantity(size, "share_points", signed=True)
        level = self.confidence_level
        span = _format.interval(low, high, "share_points", confidence_level=level)
        return (
            f"{sentence(row['name'])} {'rose' if size > 0 else 'fell'} from {theirs} "
            f"in {row['compared_with']} to {share} in {row['segment']} ({moved}, "
            f"{span}, n = {_format.count(row['n'])})."
        )

    def _display(self) -> pd.DataFrame:
        rows = pd.DataFrame(self._clear()[:_SHOWN]) if self.by else self.table
        if rows.empty:
            return rows
        span = f"{100 * self.confidence_level:g} % CI"
        display = {
            "code": rows["name"],
            "share, %": column(rows, "estimate", "share"),
            span: spans(rows, "share"),
            "n": column(rows, "n", "count"),
            "by hand": column(rows, "n_hand", "count"),
            "basis": rows["basis"],
        }
        if not self.by:
            return pd.DataFrame(display | {"machine, %": _struck(rows)})
        other = "elsewhere" if self.against == "rest" else "before"
        gap = {
            f"{other}, %": column(rows, OTHER[self.against], "share"),
            "difference": column(rows, "effect_size", "share_points", signed=True),
            f"{span} ": spans(rows, "share_points", "effect_size_"),
        }
        return pd.DataFrame({self.by: rows["segment"]} | display | gap)

    def _repr_html_(self) -> str:
        shown = super(Prevalence, self)._repr_html_()
        return shown.replace(_STRIKE, "<s>").replace(_UNSTRIKE, "</s>")

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
    against: Against = "rest",
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
        What people coded: verbatim_id, coder, code (blank: looked, found nothing);
        `inclusion`, the probability that the verbatim was drawn, where that differs.
        Only verbatims drawn at random count (see `voc.audit`).
    codebook : Codebook, optional
        Names of the codes, codes nobody has, and parents for the hand codings.
    by : str, optional
        Column of segments or waves; blank for none.
    against : {"rest", "previous"}
        Set each segment against all others, or each wave against the one before (in
        the order of an ordered categorical, else of the labels, 'W2' before 'W10').
    weights, strata, cluster : str, optional
        Columns of the survey design; blank for none.
    verbatim : str
        Column of the texts.
    language : str
        Language of the names.
    min_n : int
        Segments with fewer verbatims are not reported ('too few').
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over all segments and codes.
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
    readings of one verbatim are averaged. Weights, clusters and probabilities of being
    drawn for hand coding enter everywhere. A difference is one contrast inside the
    design (`estimate.contrast.share_gap`): influence values of both shares, so that
    clusters with rows in both, and the machine's errors shared by both, are in it.

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
    _checks.one_of(against, "against", tuple(OTHER))
    told = said(responses, verbatim=verbatim)
    codes = code_list(coded, codebook)
    machine = membership(told.ids, coded, codes)
    hand = hand_codes(told.ids, codings, codes, codebook)
    plan = plan_of(told.frame, weights, strata, cluster)
    drawn = inclusion_of(told.ids, codings, hand)
    reads = [
        Readings(machine[:, k], hand[:, k], plan, confidence_level, drawn)
        for k in range(len(codes))
    ]
    names = [code_names(one, codebook, language) for one in codes]
    rows = _rows(reads, names, levels(told.frame, by), against, min_n)
    columns = ["segment", "code", "name", "parent", *SHARE_COLUMNS]
    columns += ["compared_with", "other", *GAP, "pvalue"]
    table = pd.DataFrame(rows, columns=columns).rename(
        columns={"other": OTHER[against]}
    )
    fine = table.index.isin(finest(table).index)
    table["pvalue_adj"] = adjust(table["pvalue"].where(fine).to_numpy(), correction)
    return Prevalence(
        table=table, unit="share", by=by or "", against=against,
        denominator=sentence(told.text), confidence_level=confidence_level,
        method=_method(table, correction),
        assumptions=(_RANDOM, TRUTH) if np.isfinite(hand).any() else (_UNCORRECTED,),
    )  # fmt: skip


def _rows(
    reads: list[Readings], names: list[dict[str, str]],
    found: list[tuple[str, Bools]], against: Against, min_n: int,
) -> list[dict[str, object]]:  # fmt: skip
    """Return one row a level and code, compared with the rest or the level before."""
    rows, before = list[dict[str, object]](), dict[str, list[Share]]()
    pairs = compared_with(found, against)
    for (level, inside), (label, others) in zip(found, pairs, strict=True):
        own = before[level] = [share_of(read, inside, min_n) for read in reads]
        theirs: list[Share | None] = [*before.get(label, [None] * len(reads))]
        if label == "elsewhere" and others is not None:
            theirs = [share_of(read, others, min_n) for read in reads]
        for k, name in enumerate(names):
            gap = gap_of(own[k], theirs[k], reads[k].plan)
            about = {"segment": level, **name, **own[k].row, "compared_with": label}
            rows.append(about | gap)
    return rows


def _struck(rows: pd.DataFrame) -> list[str]:
    """Return the machine's shares, marked to be struck where they do not count."""
    raw = column(rows, "share_machine", "share")
    amended = rows["basis"].isin([CORRECTED, HAND])
    return [
        f"{_STRIKE}{text}{_UNSTRIKE}" if wrong else text
        for text, wrong in zip(raw, amended, strict=True)
    ]


def _method(table: pd.DataFrame, correction: Correction) -> str:
    used = set(table["basis"])
    parts = {
        CORRECTED: "machine share corrected by the hand-coded sample (power-tuned PPI)",
        HAND: f"hand codes alone (Wilson) with fewer than {MIN_POSITIVES} positives",
        MACHINE: "the machine's share (Wilson) where fewer than 20 were coded by hand",
        FEW: "segments with too few verbatims left out",
    }
    chosen = [text for basis, text in parts.items() if basis in used]
    if table["pvalue"].notna().any():
        named = CORRECTION_NAMES[correction]
        chosen.append(f"differences inside the design, {named} correction")
    return f"{sentence('; '.join(chosen))}."
