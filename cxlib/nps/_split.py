"""Mix and rate: the arithmetic of a change between two waves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from cxlib.estimate import Design
from cxlib.estimate.covariance import domain_influence
from cxlib.estimate.design import Array

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rate and mix of k segments, with the influence of each of n rows on each.

    Attributes
    ----------
    share_before, share_after, before, after : ndarray, shape (k,)
        Weighted shares and mean values; the mean is NaN where a wave has no answer.
    rate, mix : ndarray, shape (k,)
        They sum to the change of the mean, exactly.
    rate_influence, mix_influence : ndarray, shape (n, k)
    """

    share_before: Array
    share_after: Array
    before: Array
    after: Array
    rate: Array
    mix: Array
    rate_influence: Array
    mix_influence: Array


def split(values: Array, a: Rows, b: Rows, segments: list[Rows], plan: Design) -> Split:
    """Split the change of a weighted mean from rows `a` to rows `b` by segment.

    rate_g = (r1 - r0) (s0 + s1) / 2 and mix_g = (s1 - s0) ((r0 + r1) / 2 - c), with c
    the mean of the two totals: without c a segment's mix depends on where zero lies.
    A segment that appears or vanishes has one rate only; it is taken for both, so all
    of its part is mix.
    """
    parts = [_segment(values, a, b, rows, plan) for rows in segments]
    names = Split.__dataclass_fields__
    stacked = {
        name: np.stack([part[name] for part in parts], axis=-1) for name in names
    }
    return Split(**stacked)


def _segment(
    values: Array, a: Rows, b: Rows, rows: Rows, plan: Design
) -> dict[str, Array]:
    """Rate and mix of one segment by the delta method."""
    inside = rows.astype(float)
    (s0, us0), (s1, us1) = (_mean(inside, wave, plan) for wave in (a, b))
    (m0, um0), (m1, um1) = (_mean(values, wave, plan) for wave in (a, b))
    (r0, ur0), (r1, ur1) = (_mean(values, wave & rows, plan) for wave in (a, b))
    before, after = r0, r1
    if np.isnan(r0):
        r0, ur0 = r1, ur1
    if np.isnan(r1):
        r1, ur1 = r0, ur0
    level = (r0 + r1) / 2 - (m0 + m1) / 2
    rate_influence = (ur1 - ur0) * (s0 + s1) / 2 + (r1 - r0) * (us0 + us1) / 2
    mix_influence = (us1 - us0) * level + (s1 - s0) * (ur0 + ur1 - um0 - um1) / 2
    found = {
        "share_before": s0, "share_after": s1, "before": before, "after": after,
        "rate": (r1 - r0) * (s0 + s1) / 2, "mix": (s1 - s0) * level,
    }  # fmt: skip
    return {name: np.asarray(value) for name, value in found.items()} | {
        "rate_influence": rate_influence, "mix_influence": mix_influence,
    }  # fmt: skip


def _mean(values: Array, rows: Rows, plan: Design) -> tuple[float, Array]:
    """Weighted mean inside rows with its influence; NaN and zeros where empty."""
    if not rows.any():
        return float("nan"), np.zeros(len(values))
    weight = plan.weights[rows]
    mean = float((weight * values[rows]).sum() / weight.sum())
    return mean, domain_influence(values, rows, plan)


def to_pool(
    n_before: npt.ArrayLike,
    n_after: npt.ArrayLike,
    min_n: int,
    hidden: Rows | None = None,
) -> Rows:
    """Return which segments to put together because a wave has too few of them.

    A segment is too small if a wave has some of it but fewer than `min_n`; those that
    tables of all waves keep back (`hidden`) join them. The pool
    grows by the next smallest until each wave has none or `min_n` in it.

    Examples
    --------
    >>> to_pool([90, 40, 4], [80, 50, 30], 10)
    array([False,  True,  True])
    """
    counts = np.column_stack([n_before, n_after]).astype(float)
    small = np.asarray(((counts > 0) & (counts < min_n)).any(axis=1))
    small = small if hidden is None else small | hidden
    for segment in np.argsort(counts.min(axis=1), kind="stable"):
        total = counts[small].sum(axis=0)
        if not small.any() or (
            small.sum() >= 2 and ((total == 0) | (total >= min_n)).all()
        ):
            break
        small[segment] = True
    return small
