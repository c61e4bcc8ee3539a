"""Means, shares and net scores: hand-checkable numbers, edges and messages."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from cxlib import scales
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import adjusted_wald, design, estimate, score, wilson

EXACT = {"rel": 1e-12, "abs": 1e-12}  # closed forms in double precision


def test_mean_is_student_t():
    y = [1.0, 2.0, 4.0, 9.0, 4.0]
    found = estimate(y, "mean", confidence_level=0.9)
    lower, upper = stats.t.interval(0.9, 4, np.mean(y), stats.sem(y))
    assert found.ci_lower == pytest.approx(lower, **EXACT)
    assert found.ci_upper == pytest.approx(upper, **EXACT)
    assert (found.n, found.df, found.n_eff, found.deff) == (5, 4, 5, 1)


def test_share_is_wilson():
    found = estimate([1] * 3 + [0] * 7, "share")
    expected = proportion_confint(3, 10, method="wilson")
    assert (found.ci_lower, found.ci_upper) == pytest.approx(expected, rel=1e-10)
    assert found.std_error == pytest.approx(np.sqrt(0.21 / 9), **EXACT)


def test_net_is_adjusted_wald():
    # (9.75, 12.5, 20.75) / 43: centre 11/43, variance (30.5/43 - (11/43)^2) / 43
    found = estimate([1] * 20 + [0] * 11 + [-1] * 9, "net")
    centre, spread = 11 / 43, np.sqrt((30.5 / 43 - (11 / 43) ** 2) / 43)
    assert found.estimate == pytest.approx(0.275, **EXACT)
    assert found.centre == pytest.approx(centre, **EXACT)
    assert found.centre_se == pytest.approx(spread, **EXACT)
    z = stats.norm.ppf(0.975)
    assert found.ci_lower == pytest.approx(centre - z * spread, **EXACT)


def test_twenty_promoters_still_have_an_interval():
    found = estimate([1] * 20, "net")
    assert (found.estimate, found.ci_upper, found.std_error) == (1, 1, 0)
    assert found.ci_lower == pytest.approx(0.6969, abs=1e-4)


@pytest.mark.parametrize("n", [2, 3, 5])
@pytest.mark.parametrize("level", [0.5, 0.8, 0.9])
def test_a_handful_of_equal_answers_stay_inside_their_interval(n, level):
    assert estimate([1] * n, "net", confidence_level=level).ci_upper == 1
    assert estimate([-1] * n, "net", confidence_level=level).ci_lower == -1


def test_mean_of_equal_answers_has_no_interval():
    found = estimate([5.0, 5.0, 5.0], "mean")
    assert found.estimate == 5
    assert np.isnan(found.ci_lower)
    assert np.isnan(found.ci_upper)


def test_mean_of_a_census_is_certain():
    found = estimate([5.0, 7.0], "mean", plan=design(2, fpc=[2, 2]))
    assert (found.ci_lower, found.ci_upper) == (6, 6)


def test_blank_answers_are_left_out():
    with_blanks = estimate([1, np.nan, 0, -1, np.nan, 1], "net")
    assert with_blanks.as_row() == estimate([1, 0, -1, 1], "net").as_row()


def test_weighted_net_by_hand():
    # weights 1, 1, 2: net (1 - 0 - 2)/4 = -.25; Kish 16/6
    found = estimate([1, 0, -1], "net", plan=design(3, weights=[1, 1, 2]))
    assert found.estimate == pytest.approx(-0.25, **EXACT)
    u = np.array([1.25, 0.25, -1.5]) / 4
    assert found.std_error == pytest.approx(np.sqrt(1.5 * (u**2).sum()), **EXACT)
    assert found.n_eff <= 16 / 6 + 1e-12


def test_unanimous_answers_of_two_customers_count_twice_not_ten_times():
    plan = design(10, cluster=[1] * 5 + [2] * 5)
    found = estimate([1] * 10, "net", plan=plan)
    assert (found.n, found.n_eff, found.df) == (10, 2, 1)


def test_clusters_widen_the_interval():
    y = np.repeat([1, -1, 1, 0, -1, 1, 1, 0], 5)
    plain = estimate(y, "net")
    clustered = estimate(y, "net", plan=design(40, cluster=np.repeat(range(8), 5)))
    assert clustered.n_eff == pytest.approx(7.18, abs=0.01)
    assert clustered.ci_lower < plain.ci_lower < plain.ci_upper < clustered.ci_upper


def test_domain_counts_its_own_degrees_of_freedom():
    y = np.arange(100.0)
    inside = y < 5
    found = estimate(y, "mean", domain=inside)
    assert (found.n, found.df) == (5, 4)
    u = (y[:5] - 2) / 5
    assert found.std_error == pytest.approx(np.sqrt(100 / 99 * (u**2).sum()), **EXACT)


def test_domain_inside_one_cluster_has_no_interval():
    y = [1.0, 2.0, 3.0, 4.0]
    with pytest.raises(DataError) as caught:
        estimate(
            y,
            "mean",
            plan=design(4, cluster=list("aabb")),
            domain=[True, True, False, False],
        )
    assert str(caught.value) == (
        "all answers of this group come from one cluster; an interval needs at least "
        "two clusters."
    )


def test_score_in_the_unit_of_the_scale():
    answers = pd.Series([10, 9, 8, 3, None, 11])
    net = score(answers, scales.get("nps"))
    assert (net.n, net.estimate) == (4, 25.0)
    assert net.ci_upper == pytest.approx(
        100 * estimate([1, 1, 0, -1], "net").ci_upper, **EXACT
    )
    share = score(pd.Series([5, 4, 1, 2]), scales.get("csat"))
    assert share.estimate == 0.5
    assert score(pd.Series([5, 4, 1, 2]), scales.get("csat_mean")).estimate == 3


def test_rows_of_a_table():
    row = estimate([1, 0, -1], "net").as_row()
    assert list(row) == [
        "n", "estimate", "std_error", "ci_lower", "ci_upper", "df", "n_eff", "deff",
    ]  # fmt: skip
    assert {type(v) for v in row.values()} == {int, float}


VALUES = (
    "`values` of kind '{}' must be {} or blank; turn answers into them with a scale."
)


@pytest.mark.parametrize(
    ("values", "kind", "options", "error", "said"),
    [
        ([], "net", {}, DataError, "0 answers: an interval needs at least two; widen "
         "the period or the segment."),
        ([1, np.nan], "mean", {}, DataError, "1 answer: an interval needs at least "
         "two; widen the period or the segment."),
        ([9, 10, 3], "net", {}, ArgumentError, VALUES.format("net", "-1, 0, 1")),
        ([0.5, 1, 0], "share", {}, ArgumentError, VALUES.format("share", "0, 1")),
        ([1, 0], "nps", {}, ArgumentError,
         "`kind` is 'nps'; use one of 'mean', 'share', 'net'."),
        ([1, 0], "net", {"confidence_level": 95}, ArgumentError,
         "`confidence_level` is 95; it must lie in (0, 1)."),
        ([1, 0], "net", {"plan": design(3)}, ArgumentError,
         "`plan` has 3 rows for 2 values."),
        ([1, 0], "net", {"domain": [True]}, ArgumentError,
         "`domain` has 1 rows for 2 values."),
    ],
)  # fmt: skip
def test_messages(values, kind, options, error, said):
    with pytest.raises(error) as caught:
        estimate(values, kind, **options)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("share", "n", "lower", "upper"),
    [(0.3, 10, 0.1078, 0.6032), (0, 10, 0, 0.2775), (1, 10, 0.7225, 1)],
)
def test_wilson(share, n, lower, upper):
    assert wilson(share, n) == pytest.approx((lower, upper), abs=5e-5)


@pytest.mark.parametrize("n", [1, 7, 1000, 10**7])
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_wilson_holds_its_share(share, n):
    lower, upper = wilson(share, n)
    assert lower <= share <= upper


@pytest.mark.parametrize(
    ("share", "n", "said"),
    [
        (0.5, 0, "`n` is 0; it must lie in (0, inf)."),
        (1.2, 10, "`share` is 1.2; it must lie in [-1e-09, 1.000000001]."),
    ],
)
def test_wilson_messages(share, n, said):
    with pytest.raises(ArgumentError) as caught:
        wilson(share, n)
    assert str(caught.value) == said


def test_adjusted_wald_of_one_of_each():
    # (1.75, 2.5, 1.75) / 6: centre 0, variance (3.5/6)/6
    assert adjusted_wald([1 / 3] * 3, 3) == pytest.approx(
        (0, np.sqrt(3.5) / 6), **EXACT
    )
