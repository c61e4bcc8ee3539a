"""Value of a point by segment: own, pooled, hidden, and what a simulation is given."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import roi, simulate
from cxlib.errors import ArgumentError, DataError
from cxlib.roi.worth._segmented import shrink
from cxlib.roi.worth._worth import components

OUTCOMES = ["revenue", "retained", "cost_to_serve"]


def parts(sizes, effects, *, seed=1, months=12):
    """Segments with their own effect of the score on revenue, one below the other."""
    rng = np.random.default_rng(seed)
    found = []
    for at, (size, effect) in enumerate(zip(sizes, effects, strict=True)):
        part = simulate.periods(size, months=months, rng=rng, revenue_effect=effect)
        ids = part["customer_id"] + f"-{at}"
        found.append(part.assign(customer_id=ids, segment=f"s{at}"))
    return pd.concat(found, ignore_index=True)


@pytest.fixture(scope="module")
def three():
    panel = parts([120, 200, 6], [2.0, 8.0, 4.0])
    fits = roi.fit_outcomes(panel, OUTCOMES, currency="EUR")
    return panel, fits, roi.value_by_segment(panel, fits, segment="segment", margin=0.4)


def row(found, name):
    return found.table.set_index("segment").loc[name]


def test_own_value_is_that_of_the_segment_alone(three):
    panel, _, found = three
    alone = panel[panel["segment"] == "s1"]
    value = roi.point_value(roi.fit_outcomes(alone, OUTCOMES), margin=0.4)
    for name in ("estimate", "std_error", "ci_lower", "ci_upper"):
        own = row(found, "s1")["own" if name == "estimate" else f"own_{name}"]
        assert own == pytest.approx(value.total[name], rel=1e-12)
    assert row(found, "s1")["n"] == alone["customer_id"].nunique()


def test_pooled_lies_between_own_and_the_others(three):
    found = three[2]
    own = found.table["own"].dropna()
    for name in ("s0", "s1"):
        one = row(found, name)
        assert own.min() < one["estimate"] < own.max()
        assert 0 < one["share_own"] < 1
        width, alone = (
            one["ci_upper"] - one["ci_lower"], one["own_ci_upper"] - one["own_ci_lower"]
        )  # fmt: skip
        assert width < 1.05 * alone
    assert found.table["estimate"].dropna().is_monotonic_decreasing


def test_small_segments_are_hidden(three):
    found = three[2]
    small = row(found, "s2")
    assert small["status"] == "hidden (n < 10)"
    assert small[["own", "own_ci_lower", "estimate", "ci_lower"]].isna().all()
    assert "Hidden, under 10 customers: 1." in found.text
    with pytest.raises(ArgumentError, match=r"segment 's2' has no value of a point"):
        found.terms("s2")


def test_the_sentence_has_the_numbers_of_the_table(three):
    found = three[2]
    top = found.valued.iloc[0]
    assert f"{top['estimate']:.2f} EUR in {top['segment']}" in found.text
    assert f"n = {top['n']:,} customers" in found.text
    whole = found.overall.total["estimate"]
    same = found.test.pvalue >= 0.05
    assert (f"plan with {whole:.2f} EUR for everybody" in found.text) == same
    assert found.display.shape == (3, 5)
    assert len(found.findings) == 2
    assert "<table" in found._repr_html_()


def test_terms_give_the_pooled_value_to_a_simulation(three):
    found = three[2]
    for name in ("s0", "s1"):
        terms, one = found.terms(name), row(found, name)
        value = components(terms, terms.theta).sum()
        assert value == pytest.approx(one["estimate"], rel=1e-4)
        draws = terms.draw(3000, np.random.default_rng(1))
        drawn = np.array([components(terms, theta).sum() for theta in draws])
        assert drawn.mean() == pytest.approx(one["estimate"], abs=one["std_error"] / 8)
        assert drawn.std() == pytest.approx(one["std_error"], rel=0.12)
        assert np.linalg.eigvalsh(terms.covariance).min() > -1e-9
    assert found.customers("s0") == row(found, "s0")["n_last"]
    with pytest.raises(ArgumentError, match=r"`segment` is 's9'; use one of 's1'"):
        found.customers("s9")


def test_a_segment_in_which_nobody_leaves_borrows_from_the_others():
    panel = parts([150, 150, 60], [4.0, 4.0, 4.0], seed=3)
    stay = panel["segment"] == "s2"
    gone = panel.loc[stay & (panel["retained"] == 0), "customer_id"]
    panel = panel[~panel["customer_id"].isin(gone)]
    fits = roi.fit_outcomes(panel, OUTCOMES)
    found = roi.value_by_segment(panel, fits, segment="segment", margin=0.4)
    lent, own = row(found, "s2"), row(found, "s0")
    assert lent["status"] == "from the others"
    assert "customers kept" in lent["why"]
    assert lent["share_own"] == 0
    assert lent["std_error"] > own["std_error"]
    assert "Not estimated, so taken from the others: s2." in found.text
    terms = found.terms("s2")
    value = components(terms, terms.theta).sum()
    assert value == pytest.approx(lent["estimate"], rel=1e-3)


def test_who_changes_segment_counts_where_first_seen(company):
    later = company["period"] > "2025-06"
    moving = company["customer_id"] < "C000101"
    panel = company.assign(
        segment=np.where(company["plan"] == "basic", "a", "b"),
    )
    panel.loc[later & moving, "segment"] = "a"
    fits = roi.fit_outcomes(panel, ["revenue"])
    found = roi.value_by_segment(panel, fits, segment="segment", margin=0.4)
    lasting = panel.groupby("customer_id")["segment"].transform("first")
    same = roi.value_by_segment(
        panel.assign(segment=lasting), fits, segment="segment", margin=0.4
    )
    pd.testing.assert_frame_equal(found.table, same.table)
    moved = panel.groupby("customer_id")["segment"].nunique().gt(1).mean()
    assert found.moved == pytest.approx(moved)
    said = [a.text for a in found.assumptions if "each counts where" in a.text]
    assert said == [
        f"{100 * moved:.1f} % of customers change segment; each counts where it was "
        "first seen."
    ]


def test_row_order_and_names_do_not_matter(three):
    panel, fits, found = three
    mixed = panel.sample(frac=1, random_state=1)
    again = roi.value_by_segment(mixed, fits, segment="segment", margin=0.4)
    pd.testing.assert_frame_equal(found.table, again.table)


def test_nothing_to_do_says_so(company, fits):
    blank = roi.value_by_segment(company, fits, segment="", margin=0.4)
    assert blank.text == (
        "A point has no value by segment: no segment column was given."
    )
    assert blank.table.empty
    assert blank.findings == ()
    one = roi.value_by_segment(company.assign(all="x"), fits, segment="all", margin=0.4)
    assert "all does not have two different values" in one.text
    kept = roi.fit_outcomes(company, ["retained"])
    alone = roi.value_by_segment(company, kept, segment="plan", margin=0.4)
    assert "retention alone has no money value" in alone.text
    with pytest.raises(ArgumentError, match="there is none: no segment column"):
        blank.terms("x")


def test_errors_say_what_to_do(company, fits):
    with pytest.raises(DataError, match="'customer_id' has 600 different values"):
        roi.value_by_segment(company, fits, segment="customer_id", margin=0.4)
    with pytest.raises(DataError, match="did you mean 'plan'"):
        roi.value_by_segment(company, fits, segment="plann", margin=0.4)


def test_shrinking_needs_two_and_ignores_what_is_unknown():
    assert shrink(np.array([1.0, np.nan]), np.array([1.0, np.nan]), 0.95) is None
    own, half = np.array([1.0, 3.0, 2.0]), np.array([1.0, 1.0, 1.0])
    plain = shrink(own, half, 0.95)
    more = shrink(np.r_[own, np.nan], np.r_[half, np.nan], 0.95)
    np.testing.assert_allclose(more.estimate[:3], plain.estimate, rtol=1e-3)
    assert more.estimate[3] == pytest.approx(2.0, abs=1e-3)
    assert more.std_error[3] > plain.std_error.max()
    assert more.test.statistic == plain.test.statistic


def truth_of(effects):
    """Values of a point for effects on revenue, linear in it, from a large panel."""
    panel = simulate.periods(12_000, rng=1)
    value = roi.point_value(roi.fit_outcomes(panel, OUTCOMES), margin=0.4)
    slope = components(value.terms, value.terms.theta)[0] / value.terms.theta[0]
    apart = np.asarray(effects) - value.terms.theta[0]
    return value.total["estimate"] + slope * apart


@pytest.mark.slow
def test_intervals_cover_and_pooling_is_nearer_the_truth():
    runs, sizes = 30, [30, 40, 60, 80, 120, 200]
    own, pooled, errors, tested = [], [], np.zeros(2), 0
    base, slope = truth_of([4.0])[0], truth_of([5.0])[0] - truth_of([4.0])[0]
    for seed in range(runs):
        alike = seed % 2 == 0
        rng = np.random.default_rng(seed)
        effects = 4 + (0 if alike else 3) * rng.normal(size=len(sizes))
        panel = parts(sizes, effects, seed=500 + seed)
        fits = roi.fit_outcomes(panel, OUTCOMES)
        found = roi.value_by_segment(panel, fits, segment="segment", margin=0.4)
        table = found.table.sort_values("segment")
        true = base + slope * (effects - 4)
        known = table["own"].notna().to_numpy()
        inside = table["own_ci_lower"].lt(true) & table["own_ci_upper"].gt(true)
        own += inside[known].tolist()
        pooled += (table["ci_lower"].lt(true) & table["ci_upper"].gt(true)).tolist()
        for at, name in enumerate(("own", "estimate")):
            errors[at] += np.square(table[name] - true)[known].sum()
        tested += alike and found.test.pvalue < 0.05
    assert 0.90 < np.mean(own) < 0.99
    assert 0.90 < np.mean(pooled) < 0.995
    assert errors[1] < 0.5 * errors[0]
    assert tested <= 4
