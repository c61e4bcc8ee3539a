"""How the score of those who mention a code bears on the whole score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _checks, _format, scales
from cxlib.estimate import Correction, adjust
from cxlib.result import Assumption, Finding
from cxlib.voc._frames import (
    code_list,
    code_names,
    finest,
    membership,
    plan_of,
    said,
)
from cxlib.voc._impact_rows import Maker
from cxlib.voc._linked import linked
from cxlib.voc._score import ScaleLike, score_values
from cxlib.voc._shares import CORRECTED, HAND, MACHINE
from cxlib.voc._words import Row, Told, column, finding, measured, records, spans
from cxlib.voc.codebook import Codebook

_ONLY_TIED = "This is association, not what mending it would bring."
_COLUMNS = [
    *("code", "name", "parent", "n", "n_hand", "n_positive", "basis"),
    *("share_mentions", "share_mentions_ci_lower", "share_mentions_ci_upper"),
    *("score_with", "score_without", "estimate", "std_error", "ci_lower", "ci_upper"),
    *("pvalue_adj", "adjusted", "adjusted_ci_lower", "adjusted_ci_upper"),
    *("slope", "slope_ci_lower", "slope_ci_upper"),
    *("share_robustness", "share_robustness_ci", "machine_estimate"),
    *("machine_ci_lower", "machine_ci_upper", "machine_adjusted"),
]
_METHOD = (
    "Leave-one-code-out n (S_code - S)/(N - n), linearised SE, t interval; others "
    "held: all codes in one model."
)
_MENDED = "Both corrected by the verbatims coded by hand (prediction-powered)."
_ASSOCIATION = Assumption(
    text="Impact is association: those who mention a code may differ in other ways, "
    "and removing its cause need not move their score.",
    quality="low", impact="high",
)  # fmt: skip
_UNCHECKED = Assumption(
    text="The machine finds a code as well among satisfied as among dissatisfied "
    "customers (too little was coded by hand to tell).",
    quality="low", impact="medium",
)  # fmt: skip
_RANDOM = Assumption(
    text="The verbatims coded by hand are a random sample of those that say something, "
    "and what people code is what is true.",
    quality="medium", impact="high",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Impact(Told):
    """What the score would be without the verbatims that mention a code, and CI.

    The sentence speaks of the finest codes; wider ones are in the table.

    `table`: one row a code, largest loss first: code, name, parent, n (verbatims in
    which the machine finds it and that have a score), n_hand (scored verbatims read by
    people), n_positive (of them with the code), basis ('corrected', 'hand only',
    'machine only'), share_mentions and its interval, score_with, score_without,
    estimate (leave-one-out impact, in the score's unit), std_error, ci_lower,
    ci_upper, pvalue_adj (Holm), adjusted (the other codes held) and its interval, slope
    (score of those who mention it less that of others, the other codes held) and its
    interval, share_robustness (what an unmeasured cause must explain of what is left of
    both mention and score to end the slope) and share_robustness_ci (its interval),
    machine_estimate with its interval and machine_adjusted: the machine's codes alone.
    """

    label: str
    n_scored: int
    score: float
    confidence_level: float
    reason: str = ""

    @property
    def text(self) -> str:
        """The largest loss and gain, and that they are association."""
        if self.table.empty:
            return self.reason
        parts = [self._statement(row) for row in self._extremes()]
        if not parts:
            return (
                f"No code is clearly tied to {self.label} among the {self.n_scored:,} "
                "verbatims with a score."
            )
        told = [*parts, self._checked(), self._robust(), _ONLY_TIED]
        return " ".join(part for part in told if part)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The clear loss and the clear gain that are largest."""
        return tuple(
            finding(
                f"impact_{row['code']}",
                self._statement(row),
                row,
                _format.difference_unit(self.unit),
                f"{row['name']}, tied to the score",
                level=self.confidence_level,
            )
            for row in self._extremes()
        )

    def _extremes(self) -> list[Row]:
        """The clear rows furthest down and up; the table is sorted."""
        if self.table.empty:
            return []
        rows = finest(self.table)
        clear = records(rows[rows["pvalue_adj"] < 1 - self.confidence_level])
        ends = [clear[0], clear[-1]] if clear else []
        return [row for row, sign in zip(ends, (-1, 1), strict=False)
                if sign * row["estimate"] > 0]  # fmt: skip

    def _checked(self) -> str:
        """Say what the codes named rest on."""
        bases = {row["basis"] for row in self._extremes()}
        n_hand = int(self.table["n_hand"].max())
        if bases == {MACHINE}:
            return "The machine's codes are taken as true." if n_hand else ""
        return f"Corrected by {n_hand:,} verbatims that people coded."

    def _robust(self) -> str:
        """Say what would have to be true for the first to be no more than noise."""
        row = self._extremes()[0]
        if not row["share_robustness_ci"] > 0:
            return (
                f"With the other codes held, that of {row['name']} may be none at all."
            )
        least = _format.quantity(row["share_robustness_ci"], "share")
        return (
            f"A cause nobody measured would have to explain {least} of what is left of "
            f"both the score and who mentions {row['name']} to leave no more than "
            "noise."
        )

    def _statement(self, row: Row) -> str:
        size = _format.quantity(
            row["estimate"], _format.difference_unit(self.unit), signed=True
        )
        theirs = _format.number(row["score_with"], self.unit)
        return (
            f"Verbatims that mention {row['name']} account for {size} of {self.label} "
            f"({measured(row, self.unit, self.confidence_level)}); their own is "
            f"{theirs}, that of all verbatims {_format.number(self.score, self.unit)}."
        )

    def _display(self) -> pd.DataFrame:
        rows = self.table
        level = f"{100 * self.confidence_level:g} % CI"
        shown = {
            "code": rows["name"],
            "n": column(rows, "n", "count"),
            "by hand": column(rows, "n_positive", "count"),
            f"{self.label} with": column(rows, "score_with", self.unit),
            "without": column(rows, "score_without", self.unit),
            "impact": column(rows, "estimate", self.unit, signed=True),
            level: spans(rows, self.unit),
            "others held": column(rows, "adjusted", self.unit, signed=True),
            f"its {level}": spans(rows, self.unit, "adjusted_"),
            "machine alone": column(rows, "machine_estimate", self.unit, signed=True),
            "basis": rows["basis"].fillna("too few"),
        }
        return pd.DataFrame(shown)


def impact(
    responses: pd.DataFrame,
    coded: pd.DataFrame,
    *,
    codings: pd.DataFrame | None = None,
    scale: ScaleLike = "nps",
    score: str = "score",
    codebook: Codebook | None = None,
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    verbatim: str = "verbatim",
    language: str = "",
    min_n: int = 10,
    correction: Correction = "holm",
    confidence_level: float = 0.95,
) -> Impact:
    """Estimate how much the verbatims that mention each code move the score.

    Parameters
    ----------
    responses, coded : pandas.DataFrame
        As for `voc.prevalence`.
    codings : pandas.DataFrame, optional
        What people coded: verbatim_id, coder, code (blank: looked, found nothing). A
        `sample` column that says 'chosen' leaves a row out (only verbatims drawn at
        random correct the machine); `inclusion` is the chance to be drawn.
    scale : str, mapping or Scale
        Scale of the score; blank where there is none: the result is then empty.
    score : str
        Column of the answers.
    codebook : Codebook, optional
        Names, and the hierarchy (a code is not adjusted for its own relatives).
    weights, strata, cluster : str, optional
        Columns of the survey design; blank for none.
    verbatim : str
        Column of the texts.
    language : str
        Language of the names.
    min_n : int
        Codes with fewer scored mentions (or fewer without) get no estimate.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        For the tests that decide which codes the sentence names.
    confidence_level : float

    Returns
    -------
    Impact

    Notes
    -----
    Population: verbatims that say something and have a valid score, N of them. For a
    code with n mentions the leave-one-code-out impact is the score minus the score
    without those n, ``n (S_code - S) / (N - n)``: the figure vendors report. `adjusted`
    is the code's slope in one least-squares model with all codes, times its share of
    mentions: the same quantity with the other codes held, so that a code does not
    carry the blame of those it is mentioned with.

    A code that the machine misses or makes up draws its slope towards zero. Where
    people read at least 10 scored verbatims with and 10 without the code, every number
    is ``hand + t (machine on all - machine on the hand-read)``, t set from the
    influence values to be most precise and held in [0, 1]: predicted covariates.
    Its variance adds that of 1.5 errors not seen, its t has as many degrees of freedom
    as people found mentions, less one. Else the machine's codes are taken as true and
    `basis` says so. Standard errors linearised under the design (slopes: HC2).

    References
    ----------
    Binder, D. A. (1983). doi:10.2307/1402588

    Egami, N., Hinck, M., Stewart, B. M. and Wei, H. (2023). Using imperfect surrogates
    for downstream inference. arXiv:2306.04746.

    Kluger, D. M. et al. (2025). Prediction-powered inference with imputed covariates
    and nonuniform sampling. arXiv:2501.18577.

    Cinelli, C. and Hazlett, C. (2020). doi:10.1111/rssb.12348

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"verbatim": ["late"] * 20 + ["fine"] * 60,
    ...                      "score": [2] * 15 + [9] * 5 + [9] * 45 + [3] * 15})
    >>> book = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "delivery", "phrases": {"en": ["late"]}}]})
    >>> from cxlib.voc.coder import code
    >>> row = impact(told, code(told, book)).table.iloc[0]
    >>> float(row["estimate"]), float(20 * (row["score_with"] - 25) / 60)
    (-25.0, -25.0)
    """
    if not scale:
        return _none("Not computed: no score was given to tie the codes to.")
    chosen = scales.get(scale)
    _checks.columns(responses, [score], "responses")
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    told = said(responses, verbatim=verbatim)
    codes = code_list(coded, codebook)
    if not codes:
        return _none("Not computed: no verbatim has a code.")
    y = score_values(told.frame, score, chosen)
    known = np.isfinite(y)
    if known.sum() < 2 * min_n:
        return _none(
            f"Not computed: {int(known.sum())} verbatims have a score; "
            f"{2 * min_n} are needed."
        )
    plan = plan_of(told.frame[known], weights, strata, cluster)
    has = membership(told.ids, coded, codes)[known]
    both = linked(told.ids[known], y[known], has, plan, codings, codes, codebook)
    made = Maker(both, plan, codes, codebook, min_n, confidence_level, _bounds(chosen))
    table = _tabulate(made.rows(), codes, codebook, language, correction)
    checked = table["basis"].isin([CORRECTED, HAND]).any()
    method = f"{_METHOD} {_MENDED}" if checked else _METHOD
    return Impact(
        table=table, unit=chosen.unit, label=chosen.label, n_scored=int(known.sum()),
        score=float(np.average(y[known], weights=plan.weights)),
        confidence_level=confidence_level,
        assumptions=(_ASSOCIATION, _RANDOM if checked else _UNCHECKED),
        method=f"{method} {chosen.label} = {chosen.rule}; sentence: {correction}.",
    )  # fmt: skip


def _tabulate(
    rows: list[dict[str, object]], codes: tuple[str, ...], codebook: Codebook | None,
    language: str, correction: Correction,
) -> pd.DataFrame:  # fmt: skip
    """Name the rows, correct the tests and put the largest loss first."""
    names = [code_names(one, codebook, language) for one in codes]
    named = [a | b for a, b in zip(names, rows, strict=True)]
    table = pd.DataFrame(named, columns=[*_COLUMNS, "pvalue"])
    table["pvalue_adj"] = adjust(table["pvalue"], correction)
    return table[_COLUMNS].sort_values("estimate", ignore_index=True)


def _bounds(scale: scales.Scale) -> tuple[float, float]:
    """Return the lowest and highest score there can be, in the score's unit."""
    ends = {"net": (-100.0, 100.0), "share": (0.0, 1.0)}
    return ends.get(scale.kind, (scale.low, scale.high))


def _none(reason: str) -> Impact:
    return Impact(
        table=pd.DataFrame(), label="", n_scored=0, score=float("nan"),
        confidence_level=0.95, reason=reason,
    )  # fmt: skip
