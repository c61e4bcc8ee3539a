"""Scores by segment, each against the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.estimate import Correction, Estimate
from cxlib.estimate.contrast import Method
from cxlib.estimate.multiplicity import CORRECTED, CORRECTIONS
from cxlib.nps import _design_words, _display, _words
from cxlib.nps._answers import Answers, collect
from cxlib.nps._segment_rows import corrected, every, why_not
from cxlib.nps._suppress import COMPLEMENT, FEW, SMALL, is_hidden
from cxlib.result import Assumption, Finding
from cxlib.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SegmentScores(_display.Told):
    """Scores by segment.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a segment, in the score's unit: by, segment, n, share_of_answers,
        estimate, std_error, ci_lower, ci_upper, n_eff; rest, the score of all other
        answers; effect_size (segment minus rest) with its interval; statistic, df,
        pvalue, pvalue_adj; verdict against the target; status ('shown', 'small base
        …', 'hidden …'). Hidden rows carry no number.
    heterogeneity : pandas.DataFrame
        by, segments, statistic (Cochran's Q), df, pvalue, rel_excess (I-squared).
    overall : Estimate
        Score of all answers.
    label : str
        What the score is called.
    correction : str
        Of the p-values of all segments together.
    """

    heterogeneity: pd.DataFrame
    overall: Estimate
    label: str
    correction: str

    @property
    def differing(self) -> pd.DataFrame:
        """Rows whose difference from the rest is beyond noise after correction."""
        if self.table.empty:
            return self.table
        level = 1 - self.overall.confidence_level
        return self.table[self.table["pvalue_adj"] < level]

    @property
    def text(self) -> str:
        """Which segments stand apart from the rest, and by how much."""
        if self.reason:
            return self.reason
        tested = self.table["pvalue"].notna()
        apart = self.differing
        if apart.empty:
            return f"{self._none_apart()}{self._kept_back()}"
        checked = _words.plural(int(tested.sum()), "segment")
        many = "all" if len(apart) == tested.sum() > 1 else f"{len(apart)}"
        verb = "differs" if len(apart) == 1 else "differ"
        lead = f"Of {checked} compared with the rest, {many} {verb} beyond noise"
        lines = [
            f"Furthest {side} the rest: {self._apart(rows.iloc[place].to_dict())}."
            for side, rows, place in self._furthest(apart)
        ]
        return f"{lead}{self._corrected()}. {' '.join(lines)}{self._kept_back()}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The segments that differ from the rest, the largest difference first."""
        if self.reason or self.differing.empty:
            return ()
        apart = self.differing
        ordered = apart.reindex(
            apart["effect_size"].abs().sort_values(ascending=False).index
        )
        name = _words.plain_label(self.label)
        return tuple(
            _words.finding(
                f"{name} {row['by']} {row['segment']} vs rest", self._statement(row),
                {
                    "estimate": row["effect_size"],
                    "ci_lower": row["effect_size_ci_lower"],
                    "ci_upper": row["effect_size_ci_upper"],
                },
                self.unit, row["n"], level=self.overall.confidence_level,
            )
            for row in ordered.to_dict("records")
        )  # fmt: skip

    def _corrected(self) -> str:
        name = CORRECTED[self.correction].replace("-", " and ")
        return f" after {name}'s correction" if self.correction != "none" else ""

    def _furthest(self, apart: pd.DataFrame) -> list[tuple[str, pd.DataFrame, int]]:
        """The lowest and the highest of the segments that differ."""
        below = apart[apart["effect_size"] < 0]
        above = apart[apart["effect_size"] > 0]
        found = []
        if len(below):
            found.append(("below", below, int(below["effect_size"].argmin())))
        if len(above):
            found.append(("above", above, int(above["effect_size"].argmax())))
        return found

    def _apart(self, row: Mapping[Any, Any]) -> str:
        """'app with 13.5 points, a difference of −9.9 points (95 % CI …, n = …)'."""
        gap = _words.with_interval(
            row["effect_size"], row["effect_size_ci_lower"],
            row["effect_size_ci_upper"], _format.difference_unit(self.unit),
            self.overall.confidence_level, row["n"], signed=True,
        )  # fmt: skip
        score = _format.quantity(row["estimate"], self.unit)
        return f"{self._name(row)} with {score}, a difference of {gap}"

    def _statement(self, row: Mapping[Any, Any]) -> str:
        told = self._apart(row).replace(" with ", f" has {self.label} ", 1)
        return f"{told} from the rest."

    def _name(self, row: Mapping[Any, Any]) -> str:
        """The segment, with its column where there are several."""
        many = len(set(self.table["by"])) > 1
        return f"{row['segment']} ({row['by']})" if many else str(row["segment"])

    @property
    def heterogeneity_text(self) -> str:
        """Whether the segments of each column differ at all."""
        if self.reason:
            return ""
        told = self.heterogeneity.dropna(subset=["pvalue"])
        level = 1 - self.overall.confidence_level
        lines = []
        for verb, rows in (
            ("differ more than chance explains", told[told["pvalue"] < level]),
            ("differ no more than chance explains", told[told["pvalue"] >= level]),
        ):
            names = [
                f"{row['by']} (Q = {_format.number(row['statistic'])}, "
                f"p {_words.p_text(row['pvalue'])})"
                for row in rows.to_dict("records")
            ]
            if names:
                lines.append(
                    f"Taken together, segments {verb} in {_words.listing(names)}."
                )
        return " ".join(lines)

    def _none_apart(self) -> str:
        tested = self.table[self.table["pvalue"].notna()]
        widest = tested.iloc[int(tested["effect_size"].abs().argmax())]
        lead = f"No segment of {len(tested)} differs from the rest beyond noise"
        largest = self._apart(widest.to_dict())
        return f"{lead}{self._corrected()}; the largest gap is that of {largest}."

    def _kept_back(self) -> str:
        hidden = int(self.table["status"].map(is_hidden).sum())
        if not hidden:
            return ""
        second = (self.table["status"] == COMPLEMENT).any()
        why = "too few answers" + (", or would give those away" if second else "")
        verb = "is" if hidden == 1 else "are"
        return f" {_words.plural(hidden, 'segment')} {verb} hidden ({why})."

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a segment; the column's name on its first row."""
        t, gap = self.table, _format.difference_unit(self.unit)
        if t.empty:
            return ()
        hidden = t["status"].map(is_hidden).astype(bool)
        scores = _display.with_ends(t, "estimate", self.unit)
        gaps = _display.with_ends(
            t, "effect_size", gap, prefix="effect_size_", signed=True
        )
        few = (t["status"] == SMALL).map({True: " *", False: ""})
        columns = {
            "": t["by"].where(~t["by"].duplicated(), ""),
            "segment": t["segment"],
            "n": _display.numbers(t["n"], "count") + few,
            f"{self.label}{_display.unit_word(self.unit)}": scores.where(
                ~hidden, t["status"]
            ),
            "against the rest": gaps,
            "p": _display.pvalues(t["pvalue_adj"]),
        }
        if (t["verdict"] != "").any():
            columns["target"] = t["verdict"]
        return (columns,)

    @property
    def footnote(self) -> str:
        """Whether segments differ at all, then the method."""
        level = _display.brackets(self.overall.confidence_level)
        few = f" {FEW}" if (self.table["status"] == SMALL).any() else ""
        return f"{level}{few} {self.heterogeneity_text} {self.method}"


def by_segment(
    responses: pd.DataFrame,
    by: str | Sequence[str],
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    fpc: str | None = None,
    target: float | None = None,
    min_n: int = 10,
    correction: Correction = "holm",
    method: Method = "adjusted",
    confidence_level: float = 0.95,
) -> SegmentScores:
    """Estimate each segment's score and compare it with the rest of the answers.

    Use it to see which segments stand apart; a segment that the data suggested needs
    fresh data, or half of these, to be believed.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked.
    by : str or sequence of str
        Segment columns; each is a partition of its own. Blank names are ignored.
    score, scale, weights, strata, cluster, fpc
        As in `nps.score`.
    target : float, optional
        Each segment also gets a verdict against it.
    min_n : int
        Segments with fewer answers are hidden, and with them the next smallest, so
        that subtraction gives nothing, within a column or between columns. At least 2.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over all segments of all columns: Holm to confirm, BH to explore.
    method : {"adjusted", "t", "wald"}
        As in `nps.score`.
    confidence_level : float

    Returns
    -------
    SegmentScores

    Notes
    -----
    The rest is every other answer, so the two groups are disjoint (a comparison with
    the total is not: it contains the segment). Segments are domains: all rows stay in
    the design, and the difference's variance uses the influence values of the
    contrast, so clusters with rows on both sides count once. A blank segment is a
    segment of its own. Cochran's Q asks first whether segments differ at all; with
    clusters it uses their full covariance and F. Intervals are per segment, not
    simultaneous; the correction applies to the p-values. Hidden segments stay in the
    rest, in Q and in the family of tests.

    References
    ----------
    Cochran, W. G. (1954). The combination of estimates from different experiments.
    Biometrics 10, 101-129. doi:10.2307/3001666. Holm, S. (1979). A simple
    sequentially rejective multiple test procedure. Scandinavian Journal of
    Statistics 6, 65-70.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({
    ...     "score": [10] * 40 + [8] * 20 + [3] * 40 + [10] * 70 + [3] * 30,
    ...     "plan": ["basic"] * 100 + ["plus"] * 100,
    ... })
    >>> print(nps.by_segment(answers, "plan").table[["segment", "n", "estimate"]])
      segment    n  estimate
    0    plus  100      40.0
    1   basic  100       0.0
    """
    columns = tuple(
        dict.fromkeys(c for c in ([by] if isinstance(by, str) else by) if c)
    )
    if min_n < 2:
        raise ArgumentError(f"`min_n` is {min_n}; it must be at least 2.")
    _checks.one_of(correction, "correction", CORRECTIONS)
    answers = collect(
        responses, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, fpc=fpc, method=method, confidence_level=confidence_level,
        needs=columns,
    )  # fmt: skip
    if not columns:
        return _none(answers, correction)
    parts = every(answers, columns, min_n, target)
    table = corrected([rows for rows, _ in parts], correction)
    return SegmentScores(
        table=table, unit=answers.scale.unit, overall=answers.estimate(),
        heterogeneity=pd.DataFrame([test for _, test in parts]),
        label=answers.scale.label, correction=correction, reason=why_not(table),
        method=_method(answers, correction, min_n),
        assumptions=(*_design_words.sampling(answers.plan), _chosen(columns)),
    )  # fmt: skip


def _none(answers: Answers, correction: str) -> SegmentScores:
    return SegmentScores(
        table=pd.DataFrame(), overall=answers.estimate(), heterogeneity=pd.DataFrame(),
        label=answers.scale.label, correction=correction, unit=answers.scale.unit,
        reason="No segment column was given, so segments are not compared.",
    )  # fmt: skip


def _method(answers: Answers, correction: str, min_n: int) -> str:
    name = _design_words.interval_name(answers.scale, answers.plan, answers.method)
    fixed = CORRECTED[correction]
    return (
        f"Each segment against all other answers (disjoint rows). {name}, "
        f"{_design_words.design_name(answers.plan)}; {fixed} correction "
        f"over all segments; hidden under {min_n} answers, with a second cell so that "
        "subtraction gives nothing."
    )


def _chosen(columns: Sequence[str]) -> Assumption:
    return Assumption(
        text=f"The segments ({_words.listing(columns)}) were chosen before looking at "
        "the scores.",
        quality="medium", impact="medium",
    )  # fmt: skip
