"""Before a test: how many users and weeks it takes, and what it can find."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.estimate import Correction
from cxlib.estimate.multiplicity import CORRECTIONS
from cxlib.estimate.power import PowerRule
from cxlib.journeys._frames import Frame, collect, label, lazy
from cxlib.journeys.experiments._asks import Ask, curves
from cxlib.journeys.experiments._baseline import baselines as learn
from cxlib.journeys.experiments._looks import Looks
from cxlib.journeys.experiments._targets import rule, targets
from cxlib.journeys.experiments.declared import metrics as build
from cxlib.journeys.experiments.plan import Plan
from cxlib.journeys.experiments.specs import Metric
from cxlib.result import Assumption


def power(
    users: Frame | None,
    metrics: Sequence[Metric | Mapping[str, Any]],
    *,
    effects: Mapping[str, float] | None = None,
    relative_effects: Mapping[str, float] | None = None,
    baselines: Mapping[str, Mapping[str, float]] | None = None,
    n: int = 0,
    daily_users: float = 0,
    split: Sequence[float] = (1, 1),
    variant: str = "variant",
    control: str | None = None,
    cluster: str | None = None,
    correction: Correction = "holm",
    looks: Looks = "once",
    tuning_n: int | None = None,
    power: float = 0.8,
    confidence_level: float = 0.95,
) -> Plan:
    """Plan a test: users and weeks for each metric, and what a given size can find.

    Use it before the test; during one, see `midway`. A plan for an effect larger than
    anybody believes in is a plan to find nothing.

    Parameters
    ----------
    users : frame or None
        Earlier users, one row each, as the test's will be: they give means, spread,
        response rates, the correlation with covariates and (with `cluster`) the design
        effect.
    metrics : sequence of Metric or mapping
        As in `compare`, but for geometric means and times to an event.
    effects, relative_effects : mapping, optional
        Smallest effect that matters by metric, towards better: in its unit, or as a
        fraction of the baseline. A metric with neither is planned to exclude its
        margin, if it has one.
    baselines : mapping, optional
        Fields of `Baseline` by metric, in place of earlier users or over them: `mean`,
        `sd`, `share_answered`, `correlation`, `deff`, `cluster_size`.
    n : int
        Users that there will be, all variants together; adds what they can detect.
    daily_users : float
        New users a day, all variants together; 0 leaves the weeks out.
    split : sequence of float
        Planned ratio of control, then of each treatment; the smallest treatment counts.
    variant, control : str
        Where earlier users come from a test: its column, and the only variant to learn
        from. All of them when `control` is not given.
    cluster : str, optional
        Column of earlier users that holds the unit to be assigned.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over decision metrics times treatments; planned at its strictest step.
    looks, tuning_n
        As in `compare`. `tuning_n` is where the effect is looked for when not given.
    power : float
        Chance wanted of finding each effect.
    confidence_level : float

    Returns
    -------
    Plan

    Raises
    ------
    ArgumentError
        For an unknown metric or field, a metric without baseline, a relative effect on
        a score, a share that the effect takes past 0 or 1.

    Notes
    -----
    Normal approximation: ``n = (q + z)^2 deff (v0 / w0 + v1 / w1) / (answered d^2)``
    users, w the arms' shares of all users, v the variance of a value after CUPED
    (``p (1 - p)`` at either arm's share), q the quantile of the interval that will
    decide, z that of the power. To exclude a margin, no true difference is assumed and
    one tail counts. At any look q is the sequence's at n; earlier looks only add power.
    Holm and Benjamini-Hochberg are planned as Bonferroni, their strictest step.

    References
    ----------
    Kohavi, R., Tang, D. and Xu, Y. (2020). Trustworthy online controlled experiments,
    ch. 17. Cambridge University Press. doi:10.1017/9781108653985

    Examples
    --------
    >>> from cxlib.journeys import Proportion
    >>> paid = Proportion(name="paid", column="paid")
    >>> before = {"paid": {"mean": 0.1}}
    >>> print(
    ...     power(None, [paid], effects={"paid": 0.02}, baselines=before).text
    ... )  # doctest: +NORMALIZE_WHITESPACE
    To detect +2.0 percentage points on paid (from 10.0 %) with 80 % power takes 7,678
    users in all.
    """
    specs = build(metrics)
    _check(specs, baselines or {}, n=n, daily_users=daily_users, correction=correction)
    asked = targets(specs, effects or {}, relative_effects or {})
    earlier = users if control is None else _of(users, variant, control)
    known = learn(earlier, specs, baselines or {}, cluster)
    shares = _shares(split)
    tests = sum(m.role == "decision" for m in specs) * (len(shares) - 1)
    how = PowerRule(
        looks=looks, tuning_n=tuning_n, power=power, confidence_level=confidence_level
    )
    asks = [
        Ask(m, base, t, rule(m, t, tests, correction, how), shares, bool(cluster))
        for m, base, t in zip(specs, known, asked, strict=True)
    ]
    table = pd.DataFrame([ask.row(n, daily_users) for ask in asks])
    return Plan(
        table=table, curve=curves(asks, table, n), n=int(n), daily_users=daily_users,
        power=power, looks=looks, confidence_level=confidence_level, split=shares,
        method=_method(looks, correction, tests, confidence_level),
        assumptions=_assumptions(specs, "declared" if users is None else "earlier"),
    )  # fmt: skip


def _check(
    specs: Sequence[Metric], declared: Mapping[str, Any], *, n: float,
    daily_users: float, correction: str,
) -> None:  # fmt: skip
    """Raise for sizes below zero, an unknown correction or an unknown metric."""
    _checks.one_of(correction, "correction", CORRECTIONS)
    _checks.in_range(n, "n", 0, math.inf, ends="[)")
    _checks.in_range(daily_users, "daily_users", 0, math.inf, ends="[)")
    names = [metric.name for metric in specs]
    for name in declared:
        if name not in names:
            hint = _checks.did_you_mean(name, names)
            raise ArgumentError(f"`baselines` names the metric '{name}'; {hint}")


def _of(users: Frame | None, variant: str, control: str) -> Frame | None:
    """Return the users of one variant."""
    if users is None:
        return None
    opened = users if isinstance(users, nw.LazyFrame) else nw.from_native(users)
    rows = lazy(users, [variant, *opened.collect_schema().names()], "users")
    kept = rows.filter(label(variant) == control)
    if int(collect(kept.select(nw.len().alias("n")))["n"].iloc[0]) == 0:
        raise ArgumentError(f"`control` is '{control}', which no earlier user is in.")
    return kept


def _shares(split: Sequence[float]) -> tuple[float, ...]:
    """Return each arm's share of all users."""
    if len(split) < 2 or not all(part > 0 for part in split):
        raise ArgumentError(
            f"`split` is {list(split)}; give a positive ratio for control and for each "
            "treatment."
        )
    return tuple(float(part) / sum(split) for part in split)


def _method(looks: Looks, correction: Correction, tests: int, level: float) -> str:
    how = "an interval for one planned look" if looks == "once" else (
        "an interval that holds at any look"
    )  # fmt: skip
    split = f", split over {tests} tests" if tests > 1 and correction != "none" else ""
    return (
        f"Normal approximation; {how}, {100 * (1 - level):.3g} % error{split} for "
        "decision metrics."
    )


def _assumptions(specs: Sequence[Metric], source: str) -> tuple[Assumption, ...]:
    found = [
        Assumption(
            text=f"The test's users are like the {source} ones in level and spread.",
            quality="medium", impact="high",
        ),
    ]  # fmt: skip
    if any(metric.kind == "score" for metric in specs):
        found.append(
            Assumption(
                text="As large a share of the test's users answers the survey.",
                quality="medium", impact="high",
            )
        )  # fmt: skip
    return tuple(found)
