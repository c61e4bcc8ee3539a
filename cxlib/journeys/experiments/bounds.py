"""How much of a survey effect survives if different people answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.estimate import Correction
from cxlib.estimate.lee import Bounds, lee_bounds, worst_case
from cxlib.journeys._frames import Frame, Lazy, collect, label, lazy
from cxlib.journeys.experiments._moments import prepare
from cxlib.journeys.experiments._survival import (
    ALL,
    ANSWERED,
    EITHER,
    ResponseBounds,
    against,
    reading,
)
from cxlib.journeys.experiments.comparison import compare
from cxlib.journeys.experiments.declared import metrics as build
from cxlib.journeys.experiments.specs import Metric, Proportion, Score
from cxlib.result import Assumption

MIN_ANSWERS = 10
_PRIOR: dict[str, list[float]] = {"net": [0.75, 1.5, 0.75], "share": [1.0, 1.0]}
_LATTICE: dict[str, list[float]] = {"net": [-1.0, 0.0, 1.0], "share": [0.0, 1.0]}
_METHOD = (
    "Those who would answer in either variant: Lee's trimming bounds; all exposed "
    "users: every silent user at either end of the scale. Intervals: Imbens and Manski."
)


def bounds(
    users: Frame,
    metrics: Sequence[Metric | Mapping[str, Any]],
    *,
    variant: str = "variant",
    control: str = "control",
    treatments: Sequence[str] | None = None,
    cluster: str | None = None,
    monotone: bool = True,
    correction: Correction = "holm",
    confidence_level: float = 0.95,
) -> ResponseBounds:
    """Bound the effect on each survey metric where variants differ in who answers.

    Use it beside `response_rate`: where that fails, a difference in the score may come
    from who answered, and only what holds over the whole range of the bounds may be
    said. Not for a score that everybody has, nor for groups that chose themselves.

    Parameters
    ----------
    users : frame
        All exposed users, blank where they did not answer.
    metrics : sequence of Metric or mapping
        The comparison's metrics; the scores among them and the proportions marked
        `survey` (themes, say) are bounded, the others count in the correction.
    variant, control, treatments, cluster, correction
        As in `compare`.
    monotone : bool
        Whether a variant moves answering in one direction only (nobody answers in the
        variant that answers less and would keep silent in the other). If not, only the
        worst case over all users is left to judge by.
    confidence_level : float
        Above 0.5.

    Returns
    -------
    ResponseBounds
        With an empty table where no metric is of that kind.

    Raises
    ------
    ArgumentError, DataError
        As `compare`.

    Notes
    -----
    Three populations a metric and treatment. Those who answered: the plain difference,
    without CUPED. Those who would answer in either variant: Lee's bounds, see
    `cxlib.estimate.lee`; equal response rates give the plain difference back. All
    exposed users: the worst case. One count of answers by value and variant (and
    cluster) leaves the frame for each score.

    `verdict`, against no effect: "survives" where the interval of the bounds excludes
    zero on the side that the plain interval shows, "does not survive" where the bounds
    themselves reach zero, else "cannot tell", also where the plain interval shows
    nothing. `verdict_margin`: the same for a loss of the margin. `reading` is the
    verdict that the bounds alone would give; where it looks at zero, its level is
    Bonferroni-corrected over the metric's family, because a p-value of respondents
    does not protect a statement on others. Under ten answers in an arm there are no
    bounds. A covariate is not used.

    References
    ----------
    Lee, D. S. (2009). Review of Economic Studies 76, 1071-1102.
    doi:10.1111/j.1467-937X.2009.00536.x.
    Imbens, G. W. and Manski, C. F. (2004). Econometrica 72, 1845-1857.
    doi:10.1111/j.1468-0262.2004.00481.x

    Examples
    --------
    >>> import pandas as pd
    >>> control = [10.0] * 40 + [3.0] * 60 + [None] * 100
    >>> b = [10.0] * 100 + [3.0] * 30 + [None] * 70
    >>> users = pd.DataFrame(
    ...     {"variant": ["control"] * 200 + ["b"] * 200, "score": control + b}
    ... )
    >>> found = bounds(users, [Score(name="NPS", column="score")])
    >>> found.table["effect_size_lower"].round(1).tolist()
    [73.8, 60.0, -40.0]
    >>> found.table["verdict"].tolist()
    ['', 'survives', 'does not survive']
    """
    _checks.in_range(confidence_level, "confidence_level", 0.5, 1, ends="()")
    declared = build(metrics)
    scores = [
        replace(metric, covariate="")
        for metric in declared
        if metric.survey and isinstance(metric, Score | Proportion)
    ]
    if not scores:
        return ResponseBounds(table=pd.DataFrame())
    plain = compare(
        users, scores, variant=variant, control=control, treatments=treatments,
        cluster=cluster, correction="none", confidence_level=confidence_level,
    ).table  # fmt: skip
    keys = [variant, cluster] if cluster else [variant]
    columns = [name for metric in scores for name in metric.columns]
    rows = lazy(users, [*keys, *columns], "users").with_columns(label(variant))
    prepared = prepare(rows.filter(~nw.col(variant).is_null()), scores, keys)
    n_arms = plain["treatment_arm"].nunique()
    table: list[dict[str, Any]] = []
    for i, metric in enumerate(scores):
        tests = _tests(metric, declared, n_arms, correction)
        answers = _counts(prepared, i, metric, keys)
        for row in plain[plain["metric"] == metric.name].to_dict("records"):
            table += _rows(metric, row, answers, tests, confidence_level)
    return ResponseBounds(
        table=pd.DataFrame(table), metrics=tuple(scores), unit="points",
        confidence_level=confidence_level, monotone=monotone, method=_METHOD,
        assumptions=_assumptions(monotone=monotone),
    )  # fmt: skip


def _tests(
    metric: Metric, declared: Sequence[Metric], n_arms: int, correction: Correction
) -> int:
    """Return how many tests share the metric's error rate."""
    if metric.role == "guardrail" or (metric.role, correction) == ("decision", "none"):
        return 1
    return n_arms * sum(other.role == metric.role for other in declared)


def _counts(
    prepared: Lazy, i: int, metric: Metric, keys: Sequence[str]
) -> dict[str, tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]]:
    """Return, by variant, the answers' values and users by value, silent ones last."""
    value = nw.col(f"y{i}")
    seen = collect(
        prepared.with_columns(value.cast(nw.Float64()).alias(f"y{i}"))
        .group_by(*keys, f"y{i}")
        .agg(nw.len().alias("users"))
    )
    values = sorted(_LATTICE.get(_kind(metric), seen[f"y{i}"].dropna().unique()))
    place = seen[f"y{i}"].map({v: k for k, v in enumerate(values)}).fillna(len(values))
    wide = seen.assign(place=place.astype(int)).pivot_table(
        index=list(keys), columns="place", values="users", aggfunc="sum", fill_value=0
    )
    wide = wide.reindex(columns=range(len(values) + 1), fill_value=0)
    answers = metric.factor * np.array(values, dtype=float)
    return {
        str(name): (answers, rows.to_numpy(dtype=float))
        for name, rows in wide.groupby(level=0)
    }


def _rows(
    metric: Metric, row: Mapping[Any, Any], answers: Mapping[str, Any], tests: int,
    level: float,
) -> Iterator[dict[str, Any]]:  # fmt: skip
    """Yield one metric and treatment: answered, would answer in either, all users."""
    arms = [answers[row[f"{name}_arm"]] for name in ("control", "treatment")]
    base = _described(row)
    point, errors = float(row["effect_size"]), (float(row["std_error"]),) * 2
    ends = (float(row["effect_size_ci_lower"]), float(row["effect_size_ci_upper"]))
    yield base | _ends(ANSWERED, (point, point), errors, ends) | {
        "share_trimmed": 0.0, "verdict": "", "verdict_margin": "",
        "reading": reading(base, ends, ends),
    }  # fmt: skip
    few = min(row["n_control"], row["n_treatment"]) < MIN_ANSWERS
    for population in (EITHER, ALL):
        found, strict = (
            _bound(population, metric, arms, at, few=few)
            for at in (level, 1 - (1 - level) / tests)
        )
        inside = (found.ci_lower, found.ci_upper)
        yield base | _ends(
            population, (found.lower, found.upper), (found.lower_se, found.upper_se),
            inside,
        ) | against(base, ends, (found.lower, found.upper), inside) | {
            "share_trimmed": found.trimmed,
            "reading": reading(base, inside, (strict.ci_lower, strict.ci_upper)),
        }  # fmt: skip


def _described(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return what the three rows of a metric and treatment share."""
    kept = (
        *("metric", "role", "treatment_arm", "control_arm", "unit", "n_control"),
        *("n_treatment", "n_exposed_control", "n_exposed_treatment", "effect_size"),
        *("direction", "margin"),
    )
    answered = {
        f"share_answered_{arm}": row[f"n_{arm}"] / row[f"n_exposed_{arm}"]
        for arm in ("control", "treatment")
    }
    return {name: row[name] for name in kept} | answered


def _ends(
    population: str, ends: tuple[float, float], errors: tuple[float, float],
    inside: tuple[float, float],
) -> dict[str, Any]:  # fmt: skip
    return {
        "population": population,
        "effect_size_lower": ends[0], "effect_size_upper": ends[1],
        "std_error_lower": errors[0], "std_error_upper": errors[1],
        "effect_size_ci_lower": inside[0], "effect_size_ci_upper": inside[1],
    }  # fmt: skip


def _bound(
    population: str, metric: Metric, arms: Sequence[Any], level: float, *, few: bool
) -> Bounds:
    """Bound the effect on a population; nothing where too few answered."""
    if few:
        nan = float("nan")
        return Bounds(
            lower=nan, upper=nan, lower_se=nan, upper_se=nan, ci_lower=nan, ci_upper=nan
        )
    (values, a), (_, b) = arms
    if population == ALL:
        low, high = _scale_ends(metric)
        return worst_case(
            a, b, values=values, low=low, high=high, confidence_level=level
        )
    prior = _PRIOR.get(_kind(metric), 0.0)
    return lee_bounds(a, b, values=values, prior=prior, confidence_level=level)


def _scale_ends(metric: Metric) -> tuple[float, float]:
    """Return the lowest and highest value of one user, in the metric's unit."""
    inside = _LATTICE.get(_kind(metric))
    if inside is None and isinstance(metric, Score):
        inside = [metric.rule.low, metric.rule.high]
    low, *_, high = inside or _LATTICE["share"]
    return metric.factor * low, metric.factor * high


def _kind(metric: Metric) -> str:
    """Return net, share or mean."""
    return metric.rule.kind if isinstance(metric, Score) else "share"


def _assumptions(*, monotone: bool) -> tuple[Assumption, ...]:
    if not monotone:
        return ()
    return (
        Assumption(
            text="A variant moves answering the survey in one direction only: no user "
            "answers in the variant that answers less and keeps silent in the other. "
            "The bounds on those who would answer in either variant rest on it.",
            quality="medium", impact="high",
        ),
    )  # fmt: skip
