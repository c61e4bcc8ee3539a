"""The survey design and its linearised standard error, on numbers done by hand."""

from __future__ import annotations

import numpy as np
import pytest

from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import design, design_se


def mean_influence(y, w=None):
    y = np.asarray(y, dtype=float)
    w = np.ones(len(y)) if w is None else np.asarray(w, dtype=float)
    return w * (y - (w * y).sum() / w.sum()) / w.sum()


def test_simple_sample_is_sd_over_root_n():
    se, df = design_se(mean_influence([1, 2, 4, 9]), design(4))
    assert se == pytest.approx(np.std([1, 2, 4, 9], ddof=1) / 2, rel=1e-12)
    assert df == 3


def test_two_strata_by_hand():
    # u = (-1.5, -.5, .5, 1.5) / 4; each stratum: 2/1 * sum (u - mean)^2
    se, df = design_se(mean_influence([1, 2, 3, 4]), design(4, strata=list("aabb")))
    assert se == pytest.approx(np.sqrt(2 * 2 * 2 * 0.125**2), rel=1e-12)
    assert df == 2


def test_two_clusters_by_hand():
    # cluster totals of u are -2/4 and 2/4: 2/1 * (.25 + .25)
    se, df = design_se(mean_influence([1, 2, 3, 4]), design(4, cluster=list("aabb")))
    assert se == pytest.approx(1.0, rel=1e-12)
    assert df == 1


def test_fpc_of_a_census_leaves_no_error():
    plan = design(4, fpc=[4] * 4)
    assert design_se(mean_influence([1, 2, 4, 9]), plan)[0] == 0
    half = design_se(mean_influence([1, 2, 4, 9]), design(4, fpc=[8] * 4))[0]
    assert half == pytest.approx(1.7795130420052185 * np.sqrt(0.5), rel=1e-12)


def test_clusters_are_nested_in_strata():
    plan = design(4, strata=[1, 1, 2, 2], cluster=["x", "y", "x", "y"])
    assert plan.n_clusters == 4
    assert design_se(mean_influence([1, 2, 3, 4]), plan)[1] == 2


def test_blank_cluster_is_a_cluster_of_its_own():
    plan = design(5, cluster=["a", "a", None, np.nan, "b"])
    assert plan.n_clusters == 4
    assert design_se(mean_influence([1, 2, 3, 4, 5]), plan)[1] == 3


def test_rows_of_nobody():
    plan = design(0)
    assert plan.n_clusters == 0
    assert plan.simple


def test_kish_and_flags():
    plan = design(4, weights=[1, 1, 2, 4])
    assert plan.kish == pytest.approx(64 / 22)
    assert (plan.weighted, plan.clustered, plan.stratified) == (True, False, False)
    assert not plan.simple
    part = plan.at(np.array([True, True, False, False]))
    assert part.kish == 2
    assert part.weighted


@pytest.mark.parametrize(
    ("parts", "error", "said"),
    [
        (
            {"weights": [1, 0, np.nan]},
            DataError,
            "2 of 3 weights are blank, zero or negative; a weight must be positive: "
            "mend the weights, or drop those rows in the source.",
        ),
        ({"weights": [1, 2]}, ArgumentError, "`weights` has 2 values for 3 rows."),
        ({"fpc": 100}, ArgumentError, "`fpc` has 1 values for 3 rows."),
        ({"cluster": ["a"]}, ArgumentError, "`cluster` has 1 labels for 3 rows."),
        ({"strata": ["a"] * 4}, ArgumentError, "`strata` has 4 labels for 3 rows."),
        (
            {"strata": ["a", None, "a"]},
            DataError,
            "1 rows have no stratum; give every row one.",
        ),
    ],
)
def test_parts_that_do_not_fit(parts, error, said):
    with pytest.raises(error) as caught:
        design(3, **parts)
    assert str(caught.value) == said


FPC = (
    "the population size (fpc) must be one number a stratum, and no smaller than the "
    "sample in it."
)


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        (
            design(3, strata=["a", "a", "b"]),
            "1 of 2 strata have one cluster (or row) only: their variance cannot be "
            "estimated; merge small strata.",
        ),
        (
            design(3, cluster=["a"] * 3),
            "one answer (or cluster) has no standard error; at least two are needed.",
        ),
        (design(3, fpc=[2, 2, 2]), FPC),
        (design(3, fpc=[9, 8, 9]), FPC),
        (design(3, fpc=[9, np.nan, 9]), FPC),
    ],
)
def test_designs_without_a_variance(plan, said):
    with pytest.raises(DataError) as caught:
        design_se(mean_influence([1, 2, 4]), plan)
    assert str(caught.value) == said


def test_influence_of_other_rows():
    with pytest.raises(ArgumentError, match=r"`influence` has 2 values for 3 rows\."):
        design_se([1.0, 2.0], design(3))
