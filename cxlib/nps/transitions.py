"""Who moved between promoter, passive and detractor, and who fell silent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.estimate import Difference, estimate
from cxlib.estimate.contrast import contrast
from cxlib.nps import _design_words, _waves, _words
from cxlib.nps._answers import Answers, collect
from cxlib.nps._followed import COLUMNS, Transitions
from cxlib.nps._suppress import COMPLEMENT, is_hidden
from cxlib.nps._transition_rows import (
    GONE,
    NAMES,
    NEW,
    REVENUE,
    People,
    cells,
    people,
    regression,
)
from cxlib.result import Assumption
from cxlib.scales import Scale


def transitions(
    responses: pd.DataFrame,
    wave: str | None,
    respondent: str | None,
    *,
    before: str | None = None,
    after: str | None = None,
    revenue: str | None = None,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    reliability: float | None = None,
    min_n: int = 10,
    n_resamples: int = 500,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> Transitions:
    """Follow the same people from one wave to another.

    Use it where respondents can be recognised; `change` compares two waves whoever
    answered.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked in a wave.
    wave, respondent : str or None
        Columns of the wave and of the person (or account); without either the result
        says that nobody can be followed.
    before, after : str, optional
        Labels of the two waves; the last two where not given.
    revenue : str, optional
        Amount a person, that of the first wave (the second for those new in it).
    score, scale, weights, strata, cluster
        As in `nps.score`. The scale needs classes: a mean has none.
    reliability : float, optional
        Test-retest reliability of the answers, in [0, 1]; where not given, no change
        means a symmetric table.
    min_n : int
        Cells with fewer people are hidden, and others that would give them away.
    n_resamples : int
        Bootstrap resamples of people, or clusters. At least 50.
    confidence_level : float
    rng : int or numpy.random.Generator

    Returns
    -------
    Transitions

    Notes
    -----
    Not answering again is a state. Shares: Goodman's simultaneous intervals, which
    hold together for all ends of one first state, on Kish's effective n. Net move:
    mean of the differences of those who answered twice, Student t (paired). No change:
    in a symmetric table as many people go from i to j as from j to i, so the state
    margins stay; a group's expected move is then that of the mean of the table and its
    transpose. With a reliability r it is (1 - r)(mean - state). Weights are those of
    the first answer. The intervals of the moves are not corrected for their number;
    moves are not shown where they would give a hidden cell away. Of several answers of
    a person in a wave the last row counts.

    References
    ----------
    Goodman, L. A. (1965). On simultaneous confidence intervals for multinomial
    proportions. Technometrics 7, 247-254. doi:10.1080/00401706.1965.10490252.
    Bowker, A. H. (1948). A test for symmetry in contingency tables. JASA 43, 572-574.
    doi:10.1080/01621459.1948.10483284

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({
    ...     "who": [*range(80), *range(60)], "wave": ["Q1"] * 80 + ["Q2"] * 60,
    ...     "score": [10, 3] * 40 + [10, 10, 3] * 20,
    ... })
    >>> found = nps.transitions(answers, "wave", "who")
    >>> found.n_both, found.n_gone, round(found.net.estimate, 1)
    (60, 20, 33.3)
    """
    _check(min_n, n_resamples, reliability)
    if not wave or not respondent:
        lacks = "wave" if not wave else "respondent"
        why = f"No {lacks} column was given, so nobody can be followed."
        return _none(why, confidence_level)
    linked = _waves.cluster_of(responses, cluster, respondent)
    answers = collect(
        responses, score=score, scale=scale, weights=weights, strata=strata,
        cluster=linked if cluster else None, confidence_level=confidence_level,
        needs=(wave, respondent, *([revenue] if revenue else [])),
    )  # fmt: skip
    names = _waves.order(answers.rows[wave])
    if answers.scale.kind not in NAMES or len(names) < 2:
        few = f"Column '{wave}' has one wave only: following people needs two."
        mean = f"{answers.scale.label} is a mean without classes to move between."
        return _none(few if len(names) < 2 else mean, confidence_level)
    pair = _waves.pick(names, before, after)
    labels = answers.labels(wave)
    a, b = (np.asarray(labels == name) for name in pair)
    found = people(answers, a, b, respondent, revenue)
    who = _words.followed(respondent)
    why = _waves.too_few(labels, names, pair, min_n) or _few(found, who, pair, min_n)
    if why:
        return _none(why, confidence_level, pair)
    moved = regression(
        found, answers.scale.kind, answers.level, min_n, reliability, n_resamples, rng
    )
    return _result(answers, found, moved, pair, min_n, reliability, who)


def _few(found: People, who: str, pair: tuple[str, str], min_n: int) -> str:
    """Why too few were seen twice; nothing if they are enough."""
    n = int(found.both.sum())
    if n >= max(min_n, 2):
        return ""
    return (
        f"Only {_words.plural(n, who)} answered in {pair[0]} and in {pair[1]}; {min_n} "
        "are needed to follow them."
    )


def _check(min_n: int, n_resamples: int, reliability: float | None) -> None:
    _checks.in_range(n_resamples, "n_resamples", 50, 100_000)
    if min_n < 2:
        raise ArgumentError(f"`min_n` is {min_n}; it must be at least 2.")
    if reliability is not None:
        _checks.in_range(reliability, "reliability", 0, 1)


def _result(
    answers: Answers, found: People, moved: pd.DataFrame, pair: tuple[str, str],
    min_n: int, reliability: float | None, who: str,
) -> Transitions:  # fmt: skip
    factor, both = answers.scale.factor, found.both
    table = cells(found, answers.scale.kind, answers.level, min_n)
    kept = COLUMNS + (REVENUE if found.revenue is not None else [])
    moved = _scaled(moved, factor, table)
    net = estimate(
        (found.last - found.first)[both], "mean", plan=found.plan.at(both),
        confidence_level=answers.level,
    )  # fmt: skip
    gone = np.isfinite(found.first) & ~both
    return Transitions(
        table=table[kept], unit=answers.scale.unit, regression=moved, waves=pair,
        net=net.scaled(factor), silent=_silent(answers, found),
        n_both=int(both.sum()), n_gone=int(gone.sum()),
        n_new=int((~np.isfinite(found.first)).sum()), n_twice=found.twice,
        reliability=reliability, who=who, label=answers.scale.label,
        confidence_level=answers.level, method=_method(answers, reliability, who),
        assumptions=_assumptions(answers, who),
    )  # fmt: skip


def _scaled(
    moved: pd.DataFrame, factor: float, table: pd.DataFrame
) -> pd.DataFrame:  # fmt: skip
    """Moves in the score's unit; none where they would give a hidden cell away."""
    columns = [c for c in moved.columns if c not in {"before", "n", "status"}]
    stayed = (table["before"] != NEW) & (table["after"] != GONE)
    shown = moved.assign(**{c: moved[c] * factor for c in columns})
    if table.loc[stayed, "status"].map(is_hidden).any():
        shown[["n", *columns]] = np.nan
        shown["status"] = COMPLEMENT
    return shown


def _silent(answers: Answers, found: People) -> Difference | None:
    """Earlier score of those who fell silent less that of those who did not."""
    asked = np.isfinite(found.first)
    plan, both = found.plan.at(asked), found.both[asked]
    if min(both.sum(), (~both).sum()) < 10:
        return None
    gap = contrast(
        found.first[asked], answers.scale.kind, a=both, b=~both, plan=plan,
        confidence_level=answers.level,
    )  # fmt: skip
    factor = answers.scale.factor
    return Difference(
        estimate=gap.estimate * factor, std_error=gap.std_error * factor,
        ci_lower=gap.ci_lower * factor, ci_upper=gap.ci_upper * factor,
        statistic=gap.statistic, df=gap.df, pvalue=gap.pvalue,
    )  # fmt: skip


def _method(answers: Answers, reliability: float | None, who: str) -> str:
    usual = (
        "a symmetric table"
        if reliability is None
        else f"a test-retest reliability of {reliability:g}"
    )
    return (
        f"Goodman's simultaneous intervals; net move paired by {who}, t, "
        f"{_design_words.design_name(answers.plan)}; no change: {usual}, bootstrap "
        "percentile intervals."
    )


def _none(
    reason: str, confidence_level: float, waves: tuple[str, str] = ("", "")
) -> Transitions:
    return Transitions(
        table=pd.DataFrame(columns=COLUMNS), regression=pd.DataFrame(), waves=waves,
        net=None, silent=None, n_both=0, n_gone=0, n_new=0, n_twice=0,
        reliability=None, who="respondent", label="", reason=reason,
        confidence_level=confidence_level,
    )  # fmt: skip


def _assumptions(answers: Answers, who: str) -> tuple[Assumption, ...]:
    stayed = Assumption(
        text=f"Those who {GONE} would have moved like those who did, where the net "
        "move stands for all.",
        quality="low", impact="high",
    )  # fmt: skip
    same = Assumption(
        text=f"One {who} is one person who answers for the same thing in both waves; "
        "an account may be answered for by somebody else.",
        quality="medium", impact="medium",
    )  # fmt: skip
    return (*_design_words.sampling(answers.plan), stayed, same)
