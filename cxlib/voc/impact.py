"""How the score of those who mention a code bears on the whole score."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks, _format, scales
from cxlib.estimate import Correction, Design, adjust, design_se
from cxlib.result import Assumption, Finding
from cxlib.voc._frames import (
    Bools,
    code_list,
    code_names,
    finest,
    membership,
    plan_of,
    said,
)
from cxlib.voc._score import Array, ScaleLike, least_squares, score_values
from cxlib.voc._words import Row, Told, column, finding, measured, records, spans
from cxlib.voc.codebook import Codebook

_COLUMNS = [
    "code",
    "name",
    "parent",
    "n",
    "share_mentions",
    "score_with",
    "score_without",
    "estimate",
    "std_error",
    "ci_lower",
    "ci_upper",
    "pvalue_adj",
    "adjusted",
    "adjusted_ci_lower",
    "adjusted_ci_upper",
]
_METHOD = (
    "Leave-one-code-out n (S_code - S)/(N - n), linearised SE, t interval; adjusted: "
    "all codes in one model. Association."
)
_ASSUMPTIONS = (
    Assumption(
        text="Impact is association: those who mention a code may differ in other "
        "ways, and removing its cause need not move their score.",
        quality="low", impact="high",
    ),
    Assumption(
        text="The rule coder finds a code as well among satisfied as among "
        "dissatisfied customers.",
        quality="medium", impact="medium",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Impact(Told):
    """What the score would be without the verbatims that mention a code, and CI.

    The sentence speaks of the finest codes; wider ones are in the table.

    `table`: one row a code, largest loss first: code, name, parent, n (verbatims that
    mention it and have a score), share_mentions, score_with, score_without, estimate
    (leave-one-out impact, in the score's unit), std_error, ci_lower, ci_upper,
    pvalue_adj (Holm), adjusted (all codes in one model) and its interval.
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
        return (
            f"{' '.join(parts)} This is association, not what mending it would bring."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The clear loss and the clear gain that are largest."""
        return tuple(
            finding(
                f"impact_{row['code']}",
                self._statement(row),
                row,
                self.unit,
                f"{row['name']}, tied to the score",
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

    def _statement(self, row: Row) -> str:
        unit = "share_points" if self.unit == "share" else self.unit
        size = _format.quantity(row["estimate"], unit, signed=True)
        theirs = _format.number(row["score_with"], self.unit)
        return (
            f"Verbatims that mention {row['name']} account for {size} of {self.label} "
            f"({measured(row, self.unit, self.confidence_level)}); their own is "
            f"{theirs}, that of all verbatims {_format.number(self.score, self.unit)}."
        )

    def _display(self) -> pd.DataFrame:
        rows = self.table
        level = f"{100 * self.confidence_level:g} % CI"
        return pd.DataFrame(
            {
                "code": rows["name"],
                "n": column(rows, "n", "count"),
                f"{self.label} with": column(rows, "score_with", self.unit),
                "without": column(rows, "score_without", self.unit),
                "impact": column(rows, "estimate", self.unit, signed=True),
                level: spans(rows, self.unit),
                "others held": column(rows, "adjusted", self.unit, signed=True),
            }
        )


def impact(
    responses: pd.DataFrame,
    coded: pd.DataFrame,
    *,
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
    carry the blame of those it is mentioned with. Standard errors linearised under the
    design; t intervals. Both treat the machine's codes as true.

    References
    ----------
    Binder, D. A. (1983). doi:10.2307/1402588

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
    y = score_values(told.frame, score, chosen)
    known = np.isfinite(y)
    if known.sum() < 2 * min_n:
        return _none(
            f"Not computed: {int(known.sum())} verbatims have a score; "
            f"{2 * min_n} are needed."
        )
    plan = plan_of(told.frame[known], weights, strata, cluster)
    has = membership(told.ids, coded, codes)[known]
    rows = _rows(y[known], has, codes, plan, min_n, confidence_level, codebook)
    names = [code_names(one, codebook, language) for one in codes]
    named = [a | b for a, b in zip(names, rows, strict=True)]
    table = pd.DataFrame(named, columns=[*_COLUMNS, "pvalue"])
    table["pvalue_adj"] = adjust(table["pvalue"], correction)
    return Impact(
        table=table[_COLUMNS].sort_values("estimate", ignore_index=True),
        unit=chosen.unit, label=chosen.label, n_scored=int(known.sum()),
        score=float(np.average(y[known], weights=plan.weights)),
        confidence_level=confidence_level, assumptions=_ASSUMPTIONS,
        method=f"{_METHOD} {chosen.label} = {chosen.rule}; sentence: {correction}.",
    )  # fmt: skip


def _none(reason: str) -> Impact:
    return Impact(
        table=pd.DataFrame(), label="", n_scored=0, score=float("nan"),
        confidence_level=0.95, reason=reason,
    )  # fmt: skip


def _rows(
    y: Array, has: Bools, codes: tuple[str, ...], plan: Design, min_n: int,
    level: float, codebook: Codebook | None,
) -> list[dict[str, object]]:  # fmt: skip
    enough = (has.sum(axis=0) >= min_n) & ((~has).sum(axis=0) >= min_n)
    rows = []
    for k, one in enumerate(codes):
        row: dict[str, object] = {"n": int(has[:, k].sum())}
        row["share_mentions"] = float(np.average(has[:, k], weights=plan.weights))
        if enough[k]:
            kin = codebook.relatives(one) if codebook else frozenset()
            others = [
                j
                for j, code in enumerate(codes)
                if j != k and enough[j] and code not in kin
            ]
            row |= _left_out(y, has[:, k], plan, level)
            row |= _adjusted(y, has[:, [k, *others]], plan, level)
        rows.append(row)
    return rows


def _left_out(
    y: Array, mentions: Bools, plan: Design, level: float
) -> dict[str, float]:
    """Return the leave-one-out impact: the mean of all minus the mean of the others."""
    w, w_rest = plan.weights, np.where(mentions, 0.0, plan.weights)
    whole, rest = np.average(y, weights=w), np.average(y, weights=w_rest)
    influence = w * (y - whole) / w.sum() - w_rest * (y - rest) / w_rest.sum()
    std_error, df = design_se(influence, plan)
    lower, upper, pvalue = _interval(float(whole - rest), std_error, df, level)
    return {
        "score_with": float(np.average(y[mentions], weights=w[mentions])),
        "score_without": float(rest), "estimate": float(whole - rest),
        "std_error": std_error, "ci_lower": lower, "ci_upper": upper, "pvalue": pvalue,
    }  # fmt: skip


def _adjusted(y: Array, has: Bools, plan: Design, level: float) -> dict[str, float]:
    """Return share times slope of the first code, the others held."""
    columns = np.column_stack([np.ones(len(y)), has.astype(float)])
    slope, influence = least_squares(y, columns, plan)
    w = plan.weights / plan.weights.sum()
    share = float(w @ has[:, 0])
    point = share * float(slope[1])
    own = share * influence[:, 1] + float(slope[1]) * w * (has[:, 0] - share)
    std_error, df = design_se(own, plan)
    lower, upper, _ = _interval(point, std_error, df, level)
    return {"adjusted": point, "adjusted_ci_lower": lower, "adjusted_ci_upper": upper}


def _interval(
    point: float, std_error: float, df: float, level: float
) -> tuple[float, float, float]:
    half = float(stats.t.isf((1 - level) / 2, df)) * std_error
    test = point / std_error if std_error > 0 else float("nan")
    return point - half, point + half, float(2 * stats.t.sf(abs(test), df))
