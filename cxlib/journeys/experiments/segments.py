"""Compare variants by segment: first whether effects differ, then by how much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import ArmDifference, Correction, adjust
from cxlib.estimate.interaction import equal_effects, one_sign
from cxlib.estimate.pooling import Pooled, pool, vague_scale
from cxlib.journeys._arms import treatments as choose
from cxlib.journeys._frames import Frame
from cxlib.journeys.experiments import _parts
from cxlib.journeys.experiments._cells import Floats
from cxlib.journeys.experiments._parts import Pair
from cxlib.journeys.experiments.declared import metrics as build
from cxlib.journeys.experiments.segment_effects import SegmentEffects
from cxlib.journeys.experiments.specs import Metric
from cxlib.result import Assumption

MAX_SEGMENTS = 1000


def by_segment(
    users: Frame,
    metrics: Sequence[Metric | Mapping[str, Any]],
    *,
    by: str | Sequence[str],
    variant: str = "variant",
    control: str = "control",
    treatments: Sequence[str] | None = None,
    cluster: str | None = None,
    min_n: int = 30,
    correction: Correction = "holm",
    confidence_level: float = 0.95,
) -> SegmentEffects:
    """Test whether an effect differs between segments, and show it in each.

    Use it on randomised users, with segments known before assignment (plan, device,
    country). Not with segments that the variant can change, such as "used the new
    page", and not to find a winner where the overall effect is none.

    Parameters
    ----------
    users : frame
        One row a user; any frame of `compare`. One aggregate a segment column.
    metrics : sequence of Metric or mapping
        As in `compare`, of every kind, with or without covariate.
    by : str or sequence of str
        Segment columns, each looked at on its own.
    variant, control : str
        Column of the variant; its value that is the comparison.
    treatments : sequence of str, optional
        Variants to compare; all others when not given.
    cluster : str, optional
        Must be empty: refused where variants were assigned by cluster.
    min_n : int
        Segments with fewer users with a value in either arm are shown together as
        "(small)", or left out and named. Survey scores need 10 answers whatever it is.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over all tests: metrics times segment columns times treatments.
    confidence_level : float

    Returns
    -------
    SegmentEffects

    Raises
    ------
    ArgumentError
        For `cluster`, an unknown variant, a broken metric or a segment column that is
        the variant.
    DataError
        For a missing column, or over 1,000 segments. Too few users is no error: the
        result is empty and says why.

    Notes
    -----
    "Significant in A and not in B" is no evidence that A and B differ, so no test is
    made segment by segment. One test a metric, column and treatment asks whether all
    segments share one effect: Cochran's Q with Welch's correction for the segments'
    degrees of freedom. Standard errors are those that the intervals imply (Newcombe for
    shares), so that a segment without a conversion counts too.

    Effects are then partially pooled: the more uncertain a segment's own effect, the
    more it takes from the others, with the standard deviation between true effects
    (tau) integrated over a half-Cauchy prior on the scale of twice the typical error.
    The largest raw effect is too large, the largest shrunken effect is not. Gail and
    Simon's test asks whether the sign differs. With a covariate all segments share one
    slope. A blank segment is "(blank)"; a blank value is no zero.

    References
    ----------
    Gelman, A. and Stern, H. (2006). The difference between "significant" and "not
    significant" is not itself statistically significant. American Statistician 60,
    328-331. doi:10.1198/000313006X152649. Gail, M. and Simon, R. (1985). Biometrics 41,
    361-372. doi:10.2307/2530862

    Examples
    --------
    >>> import pandas as pd
    >>> users = pd.DataFrame(
    ...     {"variant": ["control", "b"] * 600, "device": ["app"] * 600 + ["web"] * 600,
    ...      "paid": [0, 1, 0, 1, 1, 0] * 100 + [0, 0, 1, 1, 0, 0] * 100}
    ... )
    >>> metric = {"name": "paid", "kind": "proportion", "column": "paid"}
    >>> found = by_segment(users, [metric], by="device")
    >>> found.table["effect_size"].round(2).tolist(), bool(found.tests["differs"].all())
    ([0.33, 0.0], True)
    """
    specs, note = _parts.comparable(build(metrics))
    columns = _check(by, variant, cluster, min_n, confidence_level)
    tests, rows = [], []
    for column in columns:
        seen = _parts.cells_by(users, specs, variant, column)
        for metric, cells in zip(specs, seen, strict=True):
            for name in choose(cells.variants, control, treatments):
                pair = Pair.of(metric, cells, (control, name), confidence_level)
                test, each = _compare(pair, column, min_n)
                tests.append(test)
                rows += each
    if not rows:
        why = (
            f"no metric has two segments of {', '.join(columns)} with {min_n} users "
            "with a value in each arm"
        )
        return SegmentEffects(table=pd.DataFrame(), reason=why)
    adjusted = _judged(pd.DataFrame(tests), correction, confidence_level)
    return SegmentEffects(
        table=pd.DataFrame(rows), tests=adjusted, confidence_level=confidence_level,
        method=_METHOD.format(n=len(adjusted), how=correction) + note,
        assumptions=_ASSUMPTIONS,
    )  # fmt: skip


_METHOD = (
    "Equal effects: Cochran's Q with Welch's correction, {n} tests, correction {how}; "
    "shrunken effects: normal model, tau integrated over a half-Cauchy prior."
)
_ASSUMPTIONS = (
    Assumption(
        text="Segments were known before assignment, so the variant cannot have moved "
        "a user from one to another.",
        quality="medium", impact="high",
    ),
)  # fmt: skip


def _check(
    by: str | Sequence[str], variant: str, cluster: str | None, min_n: int, level: float
) -> list[str]:
    """Return the segment columns, checked."""
    _checks.in_range(level, "confidence_level", 0, 1, ends="()")
    _checks.in_range(min_n, "min_n", 2, np.inf)
    columns = [by] if isinstance(by, str) else list(dict.fromkeys(by))
    if cluster:
        raise ArgumentError(
            f"`cluster` is '{cluster}'; effects by segment are not made for variants "
            "that were assigned by cluster, because segments then share clusters; "
            "`compare` knows clusters, for all users together."
        )
    if not [name for name in columns if name]:
        raise ArgumentError("`by` is empty; name a segment column.")
    if variant in columns:
        raise ArgumentError(f"`by` names '{variant}', which is the variant.")
    return columns


def _compare(
    pair: Pair, column: str, min_n: int
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the test of one metric, column and treatment, and its segments."""
    if len(pair.labels) > MAX_SEGMENTS:
        raise DataError(
            f"column '{column}' has {len(pair.labels):,} segments; at most "
            f"{MAX_SEGMENTS:,} are compared. Group them first."
        )
    groups, dropped = _parts.enough(pair, min_n)
    test = {"by": column, "n_segments": len(groups), **_parts.left_out(pair, dropped)}
    if len(groups) < 2:
        named = {"metric": pair.metric.name, "treatment_arm": pair.treatment}
        empty = {"unit": pair.metric.result_unit, "n_control": 0, "n_treatment": 0}
        return {**named, **test, **empty, **dict.fromkeys(_TESTED, float("nan"))}, []
    whole, *each = pair.effects(groups)
    members = [name for parts in groups.values() for name in parts]
    tested = pair.tested(groups, each)
    y, se = _parts.usable(tested, pair.level)
    pooled = _pooled(y, se, pair.level)
    told = _test(y, se, [found.df for found in tested], pooled)
    rows = _segments(pair, column, groups, each)
    shrunk = pd.DataFrame(_shrunken(se, pooled)).to_dict("records")
    overall = _parts.row(pair, whole, members)
    shown = [{**row, **own} for row, own in zip(rows, shrunk, strict=True)]
    return {**overall, **test, **told}, shown


def _segments(
    pair: Pair, column: str, groups: Mapping[str, Sequence[str]],
    each: Sequence[ArmDifference],
) -> list[dict[str, Any]]:  # fmt: skip
    """Return one row a segment."""
    total = sum(sum(pair.n(parts)) for parts in groups.values())
    rows = []
    for found, (name, parts) in zip(each, groups.items(), strict=True):
        row = _parts.row(pair, found, parts)
        share = (row["n_control"] + row["n_treatment"]) / total
        rows.append({**row, "by": column, "segment": name, "share_users": share})
    return rows


def _pooled(y: Floats, se: Floats, level: float) -> Pooled | None:
    """Pool the segments in which anything varies; None with fewer than two."""
    kept = np.isfinite(se)
    if kept.sum() < 2:
        return None
    v = se[kept] ** 2
    scale = vague_scale(v)
    return pool(y[kept], v, scale=scale, min_groups=2, confidence_level=level)


_TESTED = (
    "statistic", "df", "df_error", "pvalue", "pvalue_sign", "share_i2", "tau",
    "tau_ci_lower", "tau_ci_upper",
)  # fmt: skip
_SHRUNK = {
    "shrunk_effect_size": "estimate", "shrunk_effect_size_ci_lower": "ci_lower",
    "shrunk_effect_size_ci_upper": "ci_upper", "share_own": "weight",
}  # fmt: skip


def _test(
    y: Floats, se: Floats, dfs: Sequence[float], pooled: Pooled | None
) -> dict[str, float]:
    """Return the interaction test's columns; NaN where nothing can be tested."""
    if pooled is None:
        return dict.fromkeys(_TESTED, float("nan"))
    kept = np.isfinite(se)
    y, se = y[kept], se[kept]
    found = equal_effects(y, se, np.asarray(dfs)[kept])
    values = (
        found.statistic, found.df, found.df_error, found.pvalue, one_sign(y, se),
        found.i2, pooled.tau, pooled.tau_ci_lower, pooled.tau_ci_upper,
    )  # fmt: skip
    return dict(zip(_TESTED, values, strict=True))


def _shrunken(se: Floats, pooled: Pooled | None) -> dict[str, Floats]:
    """Return the partially pooled effects' columns; NaN where a segment is constant."""
    found = {name: np.full(len(se), np.nan) for name in _SHRUNK}
    if pooled is not None:
        for name, source in _SHRUNK.items():
            found[name][np.isfinite(se)] = getattr(pooled, source)
    return found


def _judged(tests: pd.DataFrame, correction: Correction, level: float) -> pd.DataFrame:
    """Adjust over all tests and say where effects differ."""
    adjusted = adjust(tests["pvalue"].to_numpy(dtype=float), correction)
    return tests.assign(pvalue_adj=adjusted, differs=adjusted < 1 - level)
