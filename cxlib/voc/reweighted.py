"""What verbatims would say if everybody asked had commented."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.estimate import Correction, Design, Estimate, adjust, design_se
from cxlib.estimate.multiplicity import CORRECTED as CORRECTION_NAMES
from cxlib.estimate.poststratify import Cells
from cxlib.estimate.ppi import Corrected
from cxlib.result import Assumption, Finding
from cxlib.voc._frames import (
    code_list,
    code_names,
    finest,
    membership,
    plan_of,
    said,
)
from cxlib.voc._gaps import GAP
from cxlib.voc._score import ScaleLike
from cxlib.voc._shares import Readings, hand_codes, inclusion_of, share_of
from cxlib.voc._who import cell_labels
from cxlib.voc._words import Row, Told, column, finding, measured, records, spans
from cxlib.voc._words import sentence as capital
from cxlib.voc.codebook import Codebook
from cxlib.voc.text import answers

_ALIKE = Assumption(
    text="Within a score band and segment, those who comment stand for those who do "
    "not: the silent would speak of the same things.",
    quality="low", impact="high",
)  # fmt: skip
_COLUMNS = [
    *("code", "name", "parent", "n", "n_said", "n_hand", "estimate", "std_error"),
    *("ci_lower", "ci_upper", "basis", "share_commenters", *GAP, "pvalue"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Reweighted(Told):
    """Share of each code, had all respondents commented, beside that of commenters.

    `table`: code, name, parent, n (respondents), n_said (of them say something),
    n_hand, estimate, std_error, ci_lower, ci_upper, basis, share_commenters (as in
    `voc.prevalence`), effect_size (estimate minus share_commenters) with its interval,
    pvalue, pvalue_adj. `cells`: cell, n, n_said, share_said (who comments), weight
    (what a comment of the cell counts, 1 on average).
    """

    cells: pd.DataFrame
    confidence_level: float
    reason: str = ""

    @property
    def text(self) -> str:
        """Who comments, and which codes their silence hides or inflates."""
        if self.table.empty:
            return self.reason
        clear = self._clear()
        told = " ".join(self._statement(row) for row in clear[:2]) or (
            "No code's share would change beyond noise if the silent spoke like those "
            "of their score and segment."
        )
        return f"{self._who()} {told}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The codes whose share changes beyond noise, at most three."""
        if self.table.empty:
            return ()
        return tuple(
            finding(
                f"share_of_all_{row['code']}", self._statement(row), row, "share",
                f"{row['name']}, had all respondents commented",
                level=self.confidence_level,
            )
            for row in self._clear()[:3]
        )  # fmt: skip

    def _clear(self) -> list[Row]:
        rows = self.table[self.table["pvalue_adj"] < 1 - self.confidence_level]
        order = rows["effect_size"].abs().sort_values(ascending=False).index
        return records(rows.loc[order])

    def _who(self) -> str:
        cells = self.cells.sort_values("share_said", kind="stable")
        least, most = records(cells)[0], records(cells)[-1]
        if least["cell"] == most["cell"]:
            return "All respondents are one cell: nothing is re-weighted."
        low = _format.quantity(least["share_said"], "share")
        high = _format.quantity(most["share_said"], "share")
        return f"{high} say something in “{most['cell']}”, {low} in “{least['cell']}”."

    def _statement(self, row: Row) -> str:
        share = _format.quantity(row["estimate"], "share")
        theirs = _format.quantity(row["share_commenters"], "share")
        found = measured(row, "share", self.confidence_level, of=" respondents")
        return (
            f"{capital(row['name'])} would be in {share} of verbatims had everybody "
            f"commented ({found}), against {theirs} of those there are."
        )

    def _display(self) -> pd.DataFrame:
        rows = finest(self.table)
        span = f"{100 * self.confidence_level:g} % CI"
        return pd.DataFrame(
            {
                "code": rows["name"],
                "all respondents, %": column(rows, "estimate", "share"),
                span: spans(rows, "share"),
                "who comment, %": column(rows, "share_commenters", "share"),
                "difference": column(rows, "effect_size", "share_points", signed=True),
                f"{span} ": spans(rows, "share_points", "effect_size_"),
                "n": column(rows, "n", "count"),
                "basis": rows["basis"],
            }
        )


def reweighted(
    responses: pd.DataFrame,
    coded: pd.DataFrame,
    *,
    scale: ScaleLike = "nps",
    score: str = "score",
    by: str | None = None,
    codings: pd.DataFrame | None = None,
    codebook: Codebook | None = None,
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    verbatim: str = "verbatim",
    language: str = "",
    min_n: int = 10,
    correction: Correction = "holm",
    confidence_level: float = 0.95,
) -> Reweighted:
    """Estimate the share of each code, had all respondents commented.

    Those who comment are often the angry and the delighted. Use it to see which
    themes that tilts, before a share is read as "of our customers".

    Parameters
    ----------
    responses : pandas.DataFrame
        All responses, also those without words.
    coded, codings, codebook, verbatim, language
        As for `voc.prevalence`.
    scale : str, mapping or Scale
        Its bands are cells; blank where there is no score.
    score : str
        Column of the score.
    by : str, optional
        Column of segments that cross the bands; blank for none.
    weights, strata, cluster : str, optional
        Columns of the survey design; blank for none.
    min_n : int
        Cells with fewer comments are merged (see Notes).
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over the codes.
    confidence_level : float

    Returns
    -------
    Reweighted
        Empty, with the reason, where there is neither score nor segment.

    Notes
    -----
    Post-stratification: a comment counts as many respondents as its cell (score band x
    segment) has for each comment, which is one over the propensity of a logit with a
    column a cell. The machine is corrected by hand codes under these weights. Standard
    errors allow for the cells' shares and commenting rates being estimated
    (`estimate.poststratify`), and the difference for both shares resting on the same
    verbatims. A cell with fewer than `min_n` comments joins others of its band.
    Respondents without a valid score are a band of their own.

    References
    ----------
    Holt, D. and Smith, T. M. F. (1979). Post stratification. JRSS A 142, 33-46.
    doi:10.2307/2344652

    Examples
    --------
    >>> told = pd.DataFrame({
    ...     "score": [2] * 100 + [10] * 100,
    ...     "verbatim": ["late"] * 60 + ["bad"] * 20 + [None] * 20
    ...     + ["late"] * 5 + ["fine"] * 15 + [None] * 80})
    >>> book = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "d", "name": {"en": "Delivery"}, "phrases": {"en": ["late"]}}]})
    >>> from cxlib.voc.coder import code
    >>> row = reweighted(told, code(told, book), codebook=book).table.iloc[0]
    >>> float(row["share_commenters"].round(3)), float(row["estimate"].round(3))
    (0.65, 0.5)
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.columns(responses, [verbatim, *([by] if by else [])], "responses")
    if not scale and not by:
        return _none(
            "Not computed: neither a score nor a segment tells who stays silent."
        )
    told = said(responses, verbatim=verbatim)
    spoke = np.asarray(answers(responses[verbatim]) == "said")
    labels = cell_labels(responses, spoke, scale=scale, score=score, by=by, min_n=min_n)
    codes, names = pd.factorize(labels, sort=True)
    plan = plan_of(responses, weights, strata, cluster)
    cells = Cells(codes=codes, answered=spoke, plan=plan)
    listed = code_list(coded, codebook)
    machine = membership(told.ids, coded, listed)
    hand = hand_codes(told.ids, codings, listed, codebook)
    drawn = inclusion_of(told.ids, codings, hand)
    rows = [
        code_names(one, codebook, language)
        | _row(machine[:, k], hand[:, k], drawn, cells, confidence_level)
        for k, one in enumerate(listed)
    ]
    return _told(
        pd.DataFrame(rows, columns=_COLUMNS),
        _cell_table(cells, names),
        correction,
        confidence_level,
    )


def _row(
    machine: np.ndarray, hand: np.ndarray, drawn: np.ndarray | None, cells: Cells,
    level: float,
) -> dict[str, object]:  # fmt: skip
    """Return one code's share of all respondents beside that of commenters."""
    plain_plan = cells.plan.at(cells.answered)
    moved_plan = replace(plain_plan, weights=cells.weights, weighted=True)
    everybody = np.ones(len(machine), dtype=bool)
    plain, moved = (
        share_of(Readings(machine, hand, plan, level, drawn), everybody, 2)
        for plan in (plain_plan, moved_plan)
    )
    n, n_said = len(cells.codes), len(machine)
    about = {"n": n, "n_said": n_said, "n_hand": plain.row["n_hand"]}
    if plain.best is None or moved.best is None:
        return about | {"basis": plain.row["basis"]}
    influence = cells.influence(moved.influence)
    plain_se = design_se(moved.influence, moved_plan)[0]
    best = _allowing(moved.best, influence, plain_se, cells.plan)
    own = np.zeros(n)
    own[cells.answered] = plain.influence
    std_error, df = design_se(influence - own, cells.plan)
    gap = best.estimate - plain.best.estimate
    quantile = stats.t.isf((1 - level) / 2, df)
    known = std_error if std_error > 0 else np.nan
    ends = (gap, gap - quantile * known, gap + quantile * known)
    values = ("estimate", "std_error", "ci_lower", "ci_upper")
    return (
        about | {name: getattr(best, name) for name in values}
        | {"basis": moved.row["basis"], "share_commenters": plain.best.estimate}
        | dict(zip(GAP, ends, strict=True))
        | {"pvalue": float(2 * stats.t.sf(abs(gap) / known, df))}
    )  # fmt: skip


def _allowing(
    best: Estimate, influence: np.ndarray, plain_se: float, plan: Design
) -> Estimate:
    """Return the estimate with the error of its estimated weights."""
    return Corrected(
        estimate=best.estimate, influence=influence, tuning=1.0,
        unseen=max(0.0, best.std_error**2 - plain_se**2) ** 0.5,
        n_hand=best.n_eff, df=best.df,
    ).with_interval(
        plan, n=len(influence), confidence_level=best.confidence_level
    )  # fmt: skip


def _cell_table(cells: Cells, names: pd.Index) -> pd.DataFrame:
    said_of = np.bincount(cells.codes, cells.answered, minlength=len(names))
    rates = cells.rates
    overall = float(rates @ cells.shares)
    return pd.DataFrame(
        {
            "cell": names.astype(str), "n": np.bincount(cells.codes),
            "n_said": said_of.astype(int), "share_said": rates,
            "weight": overall / rates,
        }
    )  # fmt: skip


def _told(
    table: pd.DataFrame, cells: pd.DataFrame, correction: Correction, level: float
) -> Reweighted:
    fine = table.index.isin(finest(table).index)
    table["pvalue_adj"] = adjust(table["pvalue"].where(fine).to_numpy(), correction)
    return Reweighted(
        table=table, cells=cells, unit="share", confidence_level=level,
        assumptions=(_ALIKE,),
        method=(
            f"Post-stratified by {len(cells)} cells of score band and segment; machine "
            "corrected by hand codes where there are enough; linearised with the "
            f"weights estimated; {CORRECTION_NAMES[correction]} correction."
        ),
    )  # fmt: skip


def _none(reason: str) -> Reweighted:
    return Reweighted(
        table=pd.DataFrame(), cells=pd.DataFrame(), confidence_level=0.95, reason=reason
    )
