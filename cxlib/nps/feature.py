"""Scores with and without a feature: raw, adjusted, and how fragile."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.estimate import Difference
from cxlib.estimate import covariates as _covariates
from cxlib.estimate.aipw import Estimand, adjusted_gap, cross_fit
from cxlib.estimate.confounding import e_value_of_gap, robustness_value
from cxlib.estimate.contrast import Method
from cxlib.estimate.design import Array
from cxlib.nps import _design_words
from cxlib.nps._answers import Answers, Rows, collect
from cxlib.nps._gap import COLUMNS, RAW, FeatureGap
from cxlib.nps._subtract import kept_back
from cxlib.nps._suppress import MIN_N
from cxlib.result import Assumption
from cxlib.scales import Scale

NAMES: Mapping[Estimand, str] = {
    "overlap": "adjusted, those who might as well have it as not",
    "all": "adjusted, everybody",
    "treated": "adjusted, those with it",
}
LEAST = 30


def feature_gap(
    responses: pd.DataFrame,
    feature: str | None,
    covariates: Sequence[str],
    *,
    value: str = "",
    estimand: Estimand = "overlap",
    assigned: bool = False,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    trim: float = 0.05,
    folds: int = 5,
    method: Method = "adjusted",
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> FeatureGap:
    """Compare answers with and without a feature, adjusted for who has it.

    Use it where nobody assigned the feature; an experiment belongs to
    `journeys.compare`.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked.
    feature : str or None
        Column of the feature: yes/no, true/false, 1/0, or labels with `value`.
        Without one the result says that nothing is compared.
    covariates : sequence of str
        Columns known before the feature was used that may go with both; numbers
        enter straight, labels as categories.
    value : str
        Label that counts as with the feature; every other one is without.
    estimand : {"overlap", "all", "treated"}
        Whose gap the sentence reports: those who might as well have it as not,
        everybody, or those who have it. The table holds all three.
    assigned : bool
        True only where chance decided who has it: the result then says effect.
    score, scale, weights, strata, cluster, method
        As in `nps.score`.
    trim : float
        Answers with a chance of having the feature below this, or above 1 less this,
        leave the rows for everybody and for those with it. In [0, 0.5).
    folds : int
        Of the cross-fitting; rows of one cluster stay together.
    confidence_level : float
    rng : int or numpy.random.Generator
        Of the folds.

    Returns
    -------
    FeatureGap

    Notes
    -----
    Augmented inverse-propensity weighting: logistic propensity, linear outcome by
    group, both predicted for each row from the other folds; right if either model is.
    Standard errors from influence values through the design, Student t. What is not
    among the covariates is not adjusted for: the E-value takes a gap of d standard
    deviations as the risk ratio exp(0.91 d), the robustness value treats the estimate
    as a regression coefficient.

    References
    ----------
    Li, F., Morgan, K. L. and Zaslavsky, A. M. (2018). Balancing covariates via
    propensity score weighting. JASA 113, 390-400. doi:10.1080/01621459.2016.1260466.
    VanderWeele, T. J. and Ding, P. (2017). Annals of Internal Medicine 167, 268-274.
    doi:10.7326/M16-2607. Cinelli, C. and Hazlett, C. (2020). JRSS B 82, 39-67.
    doi:10.1111/rssb.12348

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from cxlib import nps
    >>> draw = np.random.default_rng(1)
    >>> keen = draw.random(2000) < 0.5
    >>> uses = draw.random(2000) < np.where(keen, 0.7, 0.3)
    >>> score = np.where(draw.random(2000) < np.where(keen, 0.6, 0.3), 10, 5)
    >>> answers = pd.DataFrame({"score": score, "uses": uses, "keen": keen})
    >>> found = nps.feature_gap(answers, "uses", covariates=["keen"])
    >>> bool(found.row("raw")["ci_lower"] > 0), found.e_value_ci
    (True, 1.0)
    """
    _checks.one_of(estimand, "estimand", tuple(NAMES))
    _checks.in_range(trim, "trim", 0, 0.5, ends="[)")
    names = list(dict.fromkeys(name for name in covariates if name))
    if not feature:
        return _none("No feature was given, so nothing is compared.", confidence_level)
    if not names:
        why = f"No covariates were given to adjust the gap of {feature} for."
        return _none(f"{why} Not compared.", confidence_level)
    _check(feature, score, names)
    answers = collect(
        responses, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, method=method, confidence_level=confidence_level,
        needs=(feature, *names),
    )  # fmt: skip
    group = _covariates.binary(answers.rows[feature], value)
    known = np.isfinite(group)
    labels = {feature: answers.labels(feature)}
    hidden = kept_back(labels, feature, MIN_N) if value else set()
    unknown, inside = int((~known).sum()), group[known] == 1
    answers = answers.at(known)
    few = min(int(inside.sum()), int((~inside).sum()))
    told = f"{feature} = {value}" if value else feature
    if few < LEAST:
        why = f"Only {few} answers with or without {told}; {LEAST} of each are needed"
        return _none(f"{why}.", confidence_level)
    if value and str(value) in hidden:
        why = f"{told} has fewer than {MIN_N} answers, or would give such a group away"
        return _none(f"{why}: not compared.", confidence_level)
    settings = _Settings(told, estimand, assigned, trim, folds, unknown)
    return _compare(answers, inside, names, settings, rng)


@dataclass(frozen=True, slots=True)
class _Settings:
    feature: str
    estimand: Estimand
    assigned: bool
    trim: float
    folds: int
    unknown: int


def _check(feature: str, score: str, names: Sequence[str]) -> None:
    for bad in (feature, score):
        if bad in names:
            raise ArgumentError(f"`covariates` holds '{bad}' itself; leave it out.")
    if feature == score:
        raise ArgumentError(f"`feature` is '{score}', the score itself.")


def _compare(
    answers: Answers, inside: Rows, names: Sequence[str], settings: _Settings,
    rng: int | np.random.Generator,
) -> FeatureGap:  # fmt: skip
    x, columns = _covariates.matrix(answers.rows, names)
    y, plan = answers.values * answers.scale.factor, answers.plan
    fit = cross_fit(y, inside, x, plan=plan, folds=settings.folds, rng=rng)
    e, trim = fit.propensity, settings.trim
    keep = (e >= trim) & (e <= 1 - trim)
    rows = [_row(RAW, inside, answers.contrast(~inside, inside))]
    for estimand, name in NAMES.items():
        kept = np.ones_like(keep) if estimand == "overlap" else keep
        if min((kept & inside).sum(), (kept & ~inside).sum()) < LEAST:
            continue
        found = adjusted_gap(
            y, inside, nuisance=fit, plan=plan, estimand=estimand, keep=kept
        )
        gap = _student(found.estimate, found.std_error, found.df, answers.level)
        rows.append(_row(name, inside[kept], gap))
    table = pd.DataFrame(rows, columns=COLUMNS)
    shown = settings.estimand
    if NAMES[shown] not in set(table["comparison"]):
        shown = "overlap"
    after = plan.weights * _tilt(e, inside, shown)
    if shown != "overlap":
        after = np.where(keep, after, 0.0)
    balance = _covariates.balance(x, columns, inside, plan.weights, after)
    row = table[table["comparison"] == NAMES[shown]].iloc[0].to_dict()
    hidden = _hidden(answers, row, x.shape[1])
    trimmed = int((~keep).sum())
    return _result(answers, table, balance, NAMES[shown], hidden, trimmed, settings)


def _result(
    answers: Answers, table: pd.DataFrame, balance: pd.DataFrame, headline: str,
    hidden: dict[str, Any], trimmed: int, settings: _Settings,
) -> FeatureGap:  # fmt: skip
    return FeatureGap(
        table=table, unit=answers.scale.unit, balance=balance, headline=headline,
        trimmed=trimmed, n_unknown=settings.unknown, feature=settings.feature,
        label=answers.scale.label, assigned=settings.assigned,
        confidence_level=answers.level, method=_method(answers, settings),
        assumptions=_assumptions(answers, settings), **hidden,
    )  # fmt: skip


def _tilt(e: Array, inside: Rows, estimand: Estimand) -> Array:
    """Weights that make the groups alike for an estimand."""
    ways = {
        "overlap": (1 - e, e),
        "all": (1 / e, 1 / (1 - e)),
        "treated": (np.ones_like(e), e / (1 - e)),
    }
    return np.where(inside, *ways[estimand])


def _student(estimate: float, std_error: float, df: float, level: float) -> Difference:
    half = float(stats.t.isf((1 - level) / 2, df)) * std_error
    t = estimate / std_error if std_error > 0 else float("nan")
    return Difference(
        estimate=estimate, std_error=std_error, ci_lower=estimate - half,
        ci_upper=estimate + half, statistic=t, df=df,
        pvalue=float(2 * stats.t.sf(abs(t), df)),
    )  # fmt: skip


def _row(name: str, inside: Rows, gap: Difference) -> dict[str, object]:
    count = {"n_with": int(inside.sum()), "n_without": int((~inside).sum())}
    return {"comparison": name, "n": len(inside)} | count | gap.as_row()


def _hidden(answers: Answers, row: Mapping[Any, Any], p: int) -> dict[str, Any]:
    """How strong a hidden cause must be to undo the gap."""
    y, w = answers.values * answers.scale.factor, answers.plan.weights
    spread = float(np.sqrt(w @ np.square(y - w @ y / w.sum()) / w.sum()))
    ends = row["ci_lower"], row["ci_upper"]
    near = 0.0 if ends[0] <= 0 <= ends[1] else min(ends, key=abs)
    dof = max(2.0, float(answers.n - p - 2))
    t = row["statistic"] if np.isfinite(row["statistic"]) else 0.0
    return {
        "e_value": e_value_of_gap(row["estimate"], spread),
        "e_value_ci": e_value_of_gap(near, spread),
        "robustness": robustness_value(t, dof),
        "robustness_ci": robustness_value(t, dof, confidence_level=answers.level),
    }


def _method(answers: Answers, settings: _Settings) -> str:
    return (
        "Augmented inverse propensity weighting, logistic propensity, linear answer, "
        f"{settings.folds}-fold cross-fitted, "
        f"{_design_words.design_name(answers.plan)}; overlap weights for those who "
        f"might as well have it as not, trimmed at {settings.trim:g} and "
        f"{1 - settings.trim:g} for the others."
    )


def _none(reason: str, confidence_level: float) -> FeatureGap:
    nan = float("nan")
    return FeatureGap(
        table=pd.DataFrame(columns=COLUMNS),
        balance=pd.DataFrame(columns=["covariate", "before", "after"]), headline="",
        e_value=nan, e_value_ci=nan, robustness=nan, robustness_ci=nan, trimmed=0,
        n_unknown=0, feature="", label="", assigned=False,
        confidence_level=confidence_level, reason=reason,
    )  # fmt: skip


def _assumptions(answers: Answers, settings: _Settings) -> tuple[Assumption, ...]:
    cause = Assumption(
        text="Chance alone decided who has the feature."
        if settings.assigned
        else "Nothing outside the covariates goes with both having the feature and the "
        "answer.",
        quality="high" if settings.assigned else "low", impact="high",
    )  # fmt: skip
    before = Assumption(
        text="The covariates were settled before the feature was used: adjusting for "
        "what it changed would hide part of the gap.",
        quality="medium", impact="high",
    )  # fmt: skip
    return (*_design_words.sampling(answers.plan), cause, before)
