"""Compare variants on every metric, with one verdict each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from cxlib import _checks
from cxlib.estimate import Correction
from cxlib.journeys._arms import treatments as choose
from cxlib.journeys._frames import Frame, label, lazy
from cxlib.journeys.experiments._cells import Arm
from cxlib.journeys.experiments._contrast import (
    cluster_totals,
    clustered,
    contrast,
    variance_reduction,
)
from cxlib.journeys.experiments._moments import by_variant, prepare
from cxlib.journeys.experiments.effects import Comparison
from cxlib.journeys.experiments.specs import Mean, Metric, Proportion, Ratio, Score
from cxlib.journeys.experiments.specs import metrics as build
from cxlib.journeys.experiments.verdicts import family, judge
from cxlib.result import Assumption


def compare(
    users: Frame,
    metrics: Sequence[Metric | Mapping[str, Any]],
    *,
    variant: str = "variant",
    control: str = "control",
    treatments: Sequence[str] | None = None,
    cluster: str | None = None,
    correction: Correction = "holm",
    confidence_level: float = 0.95,
) -> Comparison:
    """Compare every treatment with control on every metric.

    Use it on randomised users that passed `sample_ratio`, one row a user (see
    `exposed`). Not for groups that chose themselves: there the differences are no
    effects.

    Parameters
    ----------
    users : frame
        pandas, polars, pyarrow, a DuckDB relation or any other Narwhals frame; only
        one row a variant (a cluster, where clustered) leaves it.
    metrics : sequence of Metric or mapping
        See `Mean`, `Proportion`, `Ratio`, `Score` and `metrics`.
    variant, control : str
        Column of the variant; its value that is the comparison.
    treatments : sequence of str, optional
        Variants to compare; all others when not given.
    cluster : str, optional
        Column of the unit that was assigned (account, store), when it was not the user.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Within the decision family: decision metrics times treatments.
    confidence_level : float
        Of each interval, and 1 - the error rate of the verdicts.

    Returns
    -------
    Comparison

    Raises
    ------
    ArgumentError
        For an unknown variant or a broken metric.
    DataError
        For a missing or non-numeric column, under two values in an arm, a proportion
        that is no 0/1, under eight clusters in an arm.

    Notes
    -----
    Estimand: the effect of assignment on the mean of all users with a value. Means:
    Welch. Proportions: Newcombe's interval, score test. Ratios: delta method. Scores:
    in the scale's own unit among those who answered, adjusted Wald for a net score.
    Relative intervals: Fieller, only where control is clearly positive, never for a
    score. With a covariate: CUPED and Welch, for every kind but ratios; users without
    a covariate get its overall mean. Clusters: linearised between clusters, t with
    clusters - 1 df an arm. A blank value is no zero: its user is not counted, and
    `n_exposed_*` shows how many there are.

    Verdicts: "better" or "worse" where the adjusted p-value is under
    1 - `confidence_level`; with a margin "not worse" where the unadjusted interval
    excludes a loss of the margin, which comes before "worse"; else "cannot tell".
    Exploratory metrics are adjusted by Benjamini-Hochberg, guardrails not at all: each
    of them is to be protected.

    References
    ----------
    Kohavi, R., Tang, D. and Xu, Y. (2020). Trustworthy online controlled experiments.
    Cambridge University Press. doi:10.1017/9781108653985

    Examples
    --------
    >>> import pandas as pd
    >>> users = pd.DataFrame(
    ...     {"variant": ["a"] * 573 + ["b"] * 554,
    ...      "paid": [1] * 85 + [0] * 488 + [1] * 126 + [0] * 428}
    ... )
    >>> found = compare(users, [Proportion(name="paid", column="paid")], control="a")
    >>> print(found.text)  # doctest: +NORMALIZE_WHITESPACE
    paid: b 22.7 % against a 14.8 %, +7.9 percentage points (95 % CI 3.4 to 12.5; +53 %,
    20 to 99 %, n = 1,127): better.
    """
    specs = build(metrics)
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    columns = [name for metric in specs for name in metric.columns]
    keys = [variant, cluster] if cluster else [variant]
    rows = lazy(users, [*keys, *columns], "users").with_columns(label(variant))
    prepared = prepare(rows, specs, keys)
    arms = by_variant(prepared, specs, variant)
    chosen = choose(list(arms[0]), control, treatments)
    totals = cluster_totals(prepared, specs, variant, cluster) if cluster else None
    table = pd.DataFrame(
        [
            _row(metric, i, arms[i], (control, name), totals, variant, confidence_level)
            for i, metric in enumerate(specs)
            for name in chosen
        ]
    )
    table = judge(table, correction, 1 - confidence_level)
    return Comparison(
        table=table, metrics=specs, confidence_level=confidence_level,
        control_name=control, unit="score", method=_method(specs, cluster),
        family=family(table, correction), assumptions=_assumptions(specs, cluster),
    )  # fmt: skip


def _row(
    metric: Metric, i: int, arms: dict[str, Arm], names: tuple[str, str],
    totals: pd.DataFrame | None, variant: str, level: float,
) -> dict[str, Any]:  # fmt: skip
    """Return one metric and treatment as a row."""
    a, b = arms[names[0]], arms[names[1]]
    if totals is None:
        found = contrast(metric, a, b, level)
    else:
        parts = tuple(totals[totals[variant] == name] for name in names)
        found = clustered(metric, i, (a, b), (parts[0], parts[1]), level)
    return {
        "metric": metric.name, "kind": metric.kind, "role": metric.role,
        "treatment_arm": names[1], "control_arm": names[0], "unit": metric.result_unit,
        "n_control": a.moments.n, "n_treatment": b.moments.n,
        "n_exposed_control": a.exposed, "n_exposed_treatment": b.exposed,
        **found.as_row(),
        "direction": metric.direction,
        "margin": float("nan") if metric.margin is None else float(metric.margin),
        "share_variance_removed": variance_reduction(metric, a, b),
    }  # fmt: skip


def _method(specs: Sequence[Metric], cluster: str | None) -> str:
    """Name the estimators that were used."""
    if cluster:
        return (
            f"Ratio of totals of '{cluster}', linearised between clusters, t intervals."
        )
    used = {
        Mean: "means: Welch",
        Proportion: "proportions: Newcombe interval, score test",
        Ratio: "ratios: delta method",
        Score: "scores: adjusted Wald (net), Newcombe (share)",
    }
    parts = [text for cls, text in used.items() if any(type(m) is cls for m in specs)]
    if any(metric.covariate for metric in specs):
        parts.append("with a covariate: CUPED")
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}; relative: Fieller."


def _assumptions(
    specs: Sequence[Metric], cluster: str | None
) -> tuple[Assumption, ...]:
    """Return what must hold for the differences to be effects."""
    unit = f"'{cluster}'" if cluster else "user"
    found = [
        Assumption(
            text=f"One {unit}'s variant does not change another's outcome (no word of "
            "mouth, shared stock or shared accounts across variants).",
            quality="medium", impact="medium",
        ),
        Assumption(
            text="The length of the test was fixed beforehand: looking again and again "
            "and stopping at a good result makes false alarms far more frequent than "
            "the confidence level says.",
            quality="low", impact="high",
        ),
    ]  # fmt: skip
    covariates = dict.fromkeys(metric.covariate for metric in specs)
    found += [
        Assumption(
            text=f"'{name}' was measured before assignment, so the variant cannot "
            "have changed it.",
            quality="medium", impact="high",
        )
        for name in covariates
        if name
    ]  # fmt: skip
    return tuple(found)
