"""The score wave by wave, and what changed from each to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.estimate import Correction, Difference, adjust
from cxlib.estimate.contrast import Method
from cxlib.estimate.heterogeneity import Heterogeneity
from cxlib.estimate.multiplicity import CORRECTED, CORRECTIONS
from cxlib.estimate.partition import Partition
from cxlib.nps import _design_words, _display, _waves, _words
from cxlib.nps._answers import Answers
from cxlib.nps._suppress import FEW, SMALL, is_hidden
from cxlib.result import Assumption, Finding
from cxlib.scales import Scale

COLUMNS = [
    "wave", "n", "estimate", "std_error", "ci_lower", "ci_upper", "n_eff",
    "effect_size", "effect_size_ci_lower", "effect_size_ci_upper", "statistic",
    "df", "pvalue", "pvalue_adj", "status",
]  # fmt: skip
STEP = {
    "effect_size": "estimate", "effect_size_ci_lower": "ci_lower",
    "effect_size_ci_upper": "ci_upper", "statistic": "statistic", "df": "df",
    "pvalue": "pvalue",
}  # fmt: skip
SCALED = ("estimate", "std_error", "ci_lower", "ci_upper")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Trend(_display.Told):
    """The score by wave.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a wave, in time order and in the score's unit: wave, n, estimate,
        std_error, ci_lower, ci_upper, n_eff; effect_size, the change since the wave
        before, with its interval, statistic, df, pvalue and pvalue_adj; status.
    span : Difference or None
        Last wave shown less the first.
    together : Heterogeneity or None
        Test that all waves shown have one score.
    label : str
        What the score is called.
    correction : str
        Of the p-values of the consecutive changes.
    confidence_level : float
    """

    span: Difference | None
    together: Heterogeneity | None
    label: str
    correction: str
    confidence_level: float

    @property
    def waves(self) -> pd.DataFrame:
        """Waves whose numbers may be shown."""
        return self.table[self.table["estimate"].notna()]

    @property
    def text(self) -> str:
        """First and last wave, the change over all, which steps are beyond noise."""
        if self.reason:
            return self.reason
        first, last = self.waves.iloc[0], self.waves.iloc[-1]
        moved = ""
        if self.span is not None and len(self.waves) > 2:
            moved = f", a change of {self._size(self.span.as_row(), None)}"
        lead = (
            f"From {first['wave']} to {last['wave']} {self.label} went from "
            f"{self._score(first.to_dict())} to {self._score(last.to_dict())}{moved}."
        )
        return f"{lead} {self._steps()}{self._together()}{self._hidden()}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The latest change."""
        if self.reason:
            return ()
        row = self.waves.iloc[-1]
        if pd.isna(row["effect_size"]):
            return ()
        before = self.waves.iloc[-2]["wave"]
        return (
            _words.finding(
                f"{_words.plain_label(self.label)} trend {before} to {row['wave']}",
                f"From {before} to {row['wave']} {self.label} changed by "
                f"{self._size(self._change(row.to_dict()), row['n'])}.",
                self._change(row.to_dict()), self.unit, row["n"],
                level=self.confidence_level,
            ),
        )  # fmt: skip

    def _score(self, row: Mapping[Any, Any]) -> str:
        return _words.with_interval(
            row["estimate"], row["ci_lower"], row["ci_upper"], self.unit,
            self.confidence_level, row["n"],
        )  # fmt: skip

    def _size(self, row: Mapping[str, float], n: float | None) -> str:
        return _words.with_interval(
            row["estimate"], row["ci_lower"], row["ci_upper"],
            _format.difference_unit(self.unit), self.confidence_level, n, signed=True,
        )  # fmt: skip

    def _change(self, row: Mapping[Any, Any]) -> dict[str, float]:
        return {
            "estimate": row["effect_size"], "ci_lower": row["effect_size_ci_lower"],
            "ci_upper": row["effect_size_ci_upper"],
        }  # fmt: skip

    def _steps(self) -> str:
        """Which changes from one wave to the next are beyond noise."""
        steps = self.table[self.table["pvalue_adj"].notna()]
        real = steps[steps["pvalue_adj"] < 1 - self.confidence_level]
        if steps.empty:
            return "No two waves in a row can be compared."
        if real.empty:
            which = (
                "The change" if len(steps) == 1 else f"None of the {len(steps)} changes"
            )
            verb = "is not" if len(steps) == 1 else "is"
            return f"{which} from one wave to the next {verb} beyond noise."
        told = [
            f"in {row['wave']} by {self._size(self._change(row), None)}"
            for row in real.to_dict("records")
        ]
        many = _words.plural(len(steps), "change")
        real_ones = _words.listing(told)
        return f"Of {many} from one wave to the next, beyond noise: {real_ones}."

    def _together(self) -> str:
        """Whether the waves differ at all."""
        if self.together is None or len(self.waves) < 3:
            return ""
        real = self.together.pvalue < 1 - self.confidence_level
        verb = "differ more" if real else "differ no more"
        return (
            f" Taken together, the {len(self.waves)} waves {verb} than chance explains."
        )

    def _hidden(self) -> str:
        hidden = int(self.table["status"].map(is_hidden).sum())
        return (
            f" {_words.plural(hidden, 'wave')} hidden (too few answers)."
            if hidden
            else ""
        )

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a wave."""
        if self.reason:
            return ()
        t, gap = self.table, _format.difference_unit(self.unit)
        hidden = t["status"].map(is_hidden).astype(bool)
        scores = _display.with_ends(t, "estimate", self.unit)
        few = (t["status"] == SMALL).map({True: " *", False: ""})
        return (
            {
                "wave": t["wave"],
                "n": _display.numbers(t["n"], "count") + few,
                f"{self.label}{_display.unit_word(self.unit)}": scores.where(
                    ~hidden, t["status"]
                ),
                "change": _display.with_ends(
                    t, "effect_size", gap, prefix="effect_size_", signed=True
                ),
                "p": _display.pvalues(t["pvalue_adj"]),
            },
        )

    @property
    def footnote(self) -> str:
        """What the marks mean, then the method."""
        few = f" {FEW}" if (self.table["status"] == SMALL).any() else ""
        return f"{_display.brackets(self.confidence_level)}{few} {self.method}"


def trend(
    responses: pd.DataFrame,
    wave: str | None,
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    respondent: str | None = None,
    min_n: int = 10,
    correction: Correction = "holm",
    method: Method = "adjusted",
    confidence_level: float = 0.95,
) -> Trend:
    """Estimate the score of each wave and the change from each to the next.

    Use it for a tracker; `change` splits one change into mix and rate.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked in a wave.
    wave : str or None
        Column of the wave; without one the result says that there is no trend.
    score, scale, weights, strata, cluster
        As in `nps.score`.
    respondent : str, optional
        Column of the person. Declare it where the same people answered in several
        waves: their answers are then compared with themselves.
    min_n : int
        Waves with fewer answers are hidden, as segments are. At least 2.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over the consecutive changes.
    method : {"adjusted", "t", "wald"}
        As in `nps.score`.
    confidence_level : float

    Returns
    -------
    Trend

    Notes
    -----
    Waves are domains of one design: clusters and respondents that come back in a
    later wave correlate the two, and the change's standard error knows it. Waves sort
    by their text with numbers as numbers; an ordered categorical keeps its order.
    A blank wave is left out. The changes' tests are corrected together; the change
    over the whole span is one comparison, uncorrected.

    References
    ----------
    Rocks, B. (2016). Interval estimation for the Net Promoter Score. The American
    Statistician 70, 365-372. doi:10.1080/00031305.2016.1198124

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({
    ...     "score": [10] * 50 + [3] * 50 + [10] * 80 + [3] * 20,
    ...     "wave": ["W9"] * 100 + ["W10"] * 100,
    ... })
    >>> found = nps.trend(answers, "wave").table
    >>> found["wave"].tolist(), found["effect_size"].round(1).tolist()
    (['W9', 'W10'], [nan, 60.0])
    """
    if min_n < 2:
        raise ArgumentError(f"`min_n` is {min_n}; it must be at least 2.")
    _checks.one_of(correction, "correction", CORRECTIONS)
    if not wave:
        return _none(
            "No wave column was given, so there is no trend.", confidence_level
        )
    answers, names = _waves.tracked(
        responses, wave, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, respondent=respondent, method=method,
        confidence_level=confidence_level,
    )  # fmt: skip
    if len(names) < 2:
        only = f"one wave only ('{names[0]}')" if names else "no wave label"
        return _none(
            f"Column '{wave}' has {only}: a trend needs two.", confidence_level
        )
    return _trend(answers, wave, names, min_n, correction)


def _trend(
    answers: Answers, wave: str, names: list[str], min_n: int, correction: Correction
) -> Trend:
    codes = pd.Index(names).get_indexer(pd.Index(answers.labels(wave)))
    parts = answers.parted(codes, len(names))
    status = _waves.shown_or_not(answers.labels(wave), names, min_n)
    shown = [i for i, word in enumerate(status) if not is_hidden(word)]
    if len(shown) < 2:
        why = f"Fewer than two waves of '{wave}' have enough answers to be shown."
        return _none(why, answers.level)
    parts.check(shown, rest=False)
    table = _table(answers, parts, shown)
    table.insert(0, "wave", names)
    table["status"] = status
    table["pvalue_adj"] = adjust(table["pvalue"].to_numpy(dtype=float), correction)
    return Trend(
        table=table[COLUMNS], unit=answers.scale.unit, label=answers.scale.label,
        span=_gap(answers, parts, shown[0], shown[-1]),
        together=answers.alike(parts, shown), correction=correction,
        confidence_level=answers.level, method=_method(answers, correction),
        assumptions=assumptions(answers),
    )  # fmt: skip


def _table(answers: Answers, parts: Partition, shown: list[int]) -> pd.DataFrame:
    """Every wave shown, and its change from the wave before where that is shown."""
    table = pd.DataFrame(parts.cells.scaled(answers.scale.factor).columns())
    table.loc[~table.index.isin(shown)] = np.nan
    table = table.astype({"n": int} if len(shown) == len(table) else {})
    steps = [i for i in shown if i - 1 in shown]
    table = table.drop(columns="df").reindex(columns=COLUMNS[1:-2])
    for i in steps:
        gap = _gap(answers, parts, i - 1, i)
        table.loc[i, list(STEP)] = [getattr(gap, name) for name in STEP.values()]
    return table


def _gap(answers: Answers, parts: Partition, a: int, b: int) -> Difference:
    """Wave b less wave a."""
    factor = answers.scale.factor
    return Difference(
        **{
            name: float(value[0]) * (factor if name in SCALED else 1.0)
            for name, value in parts.between([a], [b]).items()
        }
    )


def _none(reason: str, confidence_level: float) -> Trend:
    return Trend(
        table=pd.DataFrame(), span=None, together=None, label="", correction="none",
        confidence_level=confidence_level, reason=reason,
    )  # fmt: skip


def _method(answers: Answers, correction: str) -> str:
    name = _design_words.interval_name(answers.scale, answers.plan, answers.method)
    return (
        f"{name} by wave, {_design_words.design_name(answers.plan)}; change since the "
        f"wave before with {CORRECTED[correction]} correction."
    )


def assumptions(answers: Answers) -> tuple[Assumption, ...]:
    """What must hold for a change between waves to be a change in customers."""
    same = Assumption(
        text="Every wave asked the same question in the same way of the same kind of "
        "customers.",
        quality="medium", impact="high",
    )  # fmt: skip
    return (*_design_words.sampling(answers.plan), same)
