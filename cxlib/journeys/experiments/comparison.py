"""Compare variants on every metric, with one verdict each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.estimate import Correction
from cxlib.journeys import _words
from cxlib.journeys._arms import treatments as choose
from cxlib.journeys._frames import Frame, label, lazy
from cxlib.journeys.experiments._estimates import Estimates, estimates
from cxlib.journeys.experiments._looks import Looking, Looks
from cxlib.journeys.experiments._moments import prepare
from cxlib.journeys.experiments.declared import metrics as build
from cxlib.journeys.experiments.effects import Comparison
from cxlib.journeys.experiments.specs import (
    GeometricMean,
    Mean,
    Metric,
    Proportion,
    Ratio,
    Score,
    TimeTo,
)
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
    strata: str | Sequence[str] | None = None,
    correction: Correction = "holm",
    looks: Looks = "once",
    tuning_n: int | None = None,
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
        See `Mean`, `Proportion`, `Ratio`, `Score`, `GeometricMean`, `TimeTo` and
        `metrics`.
    variant, control : str
        Column of the variant; its value that is the comparison.
    treatments : sequence of str, optional
        Variants to compare; all others when not given.
    cluster : str, optional
        Column of the unit that was assigned (account, store), when it was not the user.
    strata : str or sequence of str, optional
        Columns fixed before assignment (country, plan), whose chance imbalance is to be
        taken out. A blank is a stratum of its own.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Within the decision family: decision metrics times treatments.
    looks : {"once", "any"}
        "once": one look, planned beforehand. "any": intervals, p-values and verdicts
        hold however often and whenever one looks, at about 1.6 times the width.
    tuning_n : int, optional
        With "any": users with a value in both arms (clusters, where clustered) at which
        the intervals are tightest; fixed before the first look and kept. 5,000 (100
        clusters) when not given; the planned number is better.
    confidence_level : float
        Of each interval, and 1 - the error rate of the verdicts.

    Returns
    -------
    Comparison

    Raises
    ------
    ArgumentError
        For an unknown variant, a broken metric, or strata with clusters.
    DataError
        For a missing or non-numeric column, under two values in an arm, a proportion
        that is no 0/1, a geometric mean of zeros or less, a horizon beyond the
        follow-up, under eight clusters in an arm, under two usable strata.

    Notes
    -----
    Estimand: the effect of assignment on the mean of all users with a value. Means:
    Welch. Proportions: Newcombe's interval, score test. Ratios: delta method. Scores:
    in the scale's own unit among those who answered, adjusted Wald for a net score.
    Geometric means: Welch on logarithms, of which a covariate is taken out as it is.
    Times to an event: restricted mean from Kaplan-Meier, Greenwood's variance, normal.
    Relative intervals: Fieller, only where control is clearly positive, never for a
    score. With a covariate: CUPED and Welch, for every kind but ratios; users without
    a covariate get its overall mean. Clusters: ratio of totals with CR2 and
    Satterthwaite's df under the estimated intraclass correlation; no times to an event.
    Strata: the differences within strata, weighted by the strata's shares of both
    variants' users, with t intervals for every kind; strata with under ten users of a
    variant are put together; with a covariate both are used. Winsorised values are
    capped over all variants together. A blank value is no zero: its user is not
    counted, and `n_exposed_*` shows how many there are.

    At any look: each estimator at the quantile of an asymptotic confidence sequence,
    see `estimate.sequential`; it rests on the central limit theorem from the first
    look on.

    Verdicts: "better" or "worse" where the adjusted p-value is under
    1 - `confidence_level`; with a margin "not worse" where the unadjusted interval
    excludes a loss of the margin, which comes before "worse"; else "cannot tell".
    Exploratory metrics are adjusted by Benjamini-Hochberg, guardrails not at all: each
    of them is to be protected.

    References
    ----------
    Kohavi, R., Tang, D. and Xu, Y. (2020). Trustworthy online controlled experiments.
    Cambridge University Press. doi:10.1017/9781108653985. Miratrix, L. W., Sekhon,
    J. S. and Yu, B. (2013). doi:10.1111/j.1467-9868.2012.01048.x. Imbens, G. W. and
    Kolesar, M. (2016). doi:10.1162/REST_a_00552

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
    looking = Looking.of(looks, tuning_n, confidence_level, clustered=bool(cluster))
    found = gather(
        users, specs, variant=variant, cluster=cluster, strata=strata, looking=looking
    )
    chosen = choose(list(found.arms[0]), control, treatments)
    table = pd.DataFrame(
        [_row(found, i, (control, name)) for i in range(len(specs)) for name in chosen]
    )
    table = judge(table, correction, 1 - confidence_level)
    return Comparison(
        table=table, metrics=specs, confidence_level=confidence_level,
        control_name=control, unit="score", looks=looks, tuning_n=looking.tuning_n,
        method=_method(found, cluster, strata) + looking.method,
        family=family(table, correction), adjustment=_adjustment(specs, strata),
        assumptions=(looking.assumption, *_assumptions(specs, cluster)),
    )  # fmt: skip


def gather(
    users: Frame, specs: tuple[Metric, ...], *, variant: str, cluster: str | None,
    strata: str | Sequence[str] | None, looking: Looking,
) -> Estimates:  # fmt: skip
    """Return the aggregates of all metrics under the design."""
    names = [strata] if isinstance(strata, str) else list(strata or ())
    if names and cluster:
        raise ArgumentError(
            f"`strata` is {names} and `cluster` '{cluster}'; strata are of single "
            "users, so leave one of them empty."
        )
    keys = [variant, *([cluster] if cluster else []), *names]
    columns = [name for metric in specs for name in metric.columns]
    rows = lazy(users, [*keys, *columns], "users").with_columns(label(variant))
    rows = rows.filter(~nw.col(variant).is_null())
    return estimates(
        prepare(rows, specs, keys), specs, variant, looking=looking,
        cluster=cluster, strata=names,
    )  # fmt: skip


def _row(found: Estimates, i: int, names: tuple[str, str]) -> dict[str, Any]:
    """Return one metric and treatment as a row."""
    metric = found.metrics[i]
    a, b = (found.arms[i][name] for name in names)
    return {
        "metric": metric.name, "kind": metric.kind, "role": metric.role,
        "treatment_arm": names[1], "control_arm": names[0], "unit": metric.result_unit,
        "n_control": a.moments.n, "n_treatment": b.moments.n,
        "n_exposed_control": a.exposed, "n_exposed_treatment": b.exposed,
        **found.row(i, names),
        "direction": metric.direction,
        "margin": float("nan") if metric.margin is None else float(metric.margin),
    }  # fmt: skip


def _adjustment(specs: Sequence[Metric], strata: str | Sequence[str] | None) -> str:
    """Name what takes variance out."""
    used = ["CUPED"] if any(metric.covariate for metric in specs) else []
    return " and ".join([*used, *(["Post-stratification"] if strata else [])])


def _method(
    found: Estimates, cluster: str | None, strata: str | Sequence[str] | None
) -> str:
    """Name the estimators that were used."""
    specs = found.metrics
    if cluster:
        parts = [f"Ratio of totals of '{cluster}', CR2 and Satterthwaite's t intervals"]
    elif strata:
        names = strata if isinstance(strata, str) else ", ".join(strata)
        parts = [f"Post-stratified by {names}, t intervals"]
    else:
        parts = _kinds(specs)
    if any(metric.covariate for metric in specs):
        parts.append("with a covariate: CUPED")
    parts += [
        f"{specs[i].name} winsorised at {cap:,.6g}, the "
        f"{_words.percent(specs[i].winsorise or 1)} quantile of its non-zero values"
        for i, cap in found.caps.items()
    ]
    text = "; ".join(parts)
    return f"{text[:1].upper()}{text[1:]}; relative: Fieller."


def _kinds(specs: Sequence[Metric]) -> list[str]:
    used = {
        Mean: "means: Welch",
        Ratio: "ratios: delta method",
        Score: "scores: adjusted Wald (net), Newcombe (share)",
        GeometricMean: "geometric means: Welch on logarithms",
        TimeTo: "times: restricted mean, Kaplan-Meier",
    }
    ends = {m.interval for m in specs if isinstance(m, Proportion)}
    names = " or ".join(
        {"newcombe": "Newcombe", "miettinen_nurminen": "Miettinen-Nurminen"}[end]
        for end in sorted(ends, reverse=True)
    )
    parts = [f"proportions: {names} interval, score test"] if ends else []
    parts += [text for cls, text in used.items() if any(type(m) is cls for m in specs)]
    return sorted(parts, key=lambda text: not text.startswith("means"))


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
