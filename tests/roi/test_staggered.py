"""Staggered roll-outs: against R, by hand, refusals, and on simulated truth."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cxlib import roi
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import staggered as averages
from cxlib.estimate.group_time import group_time
from cxlib.estimate.two_way import two_way

NAMES = {"unit": "store", "period": "quarter", "first": "g"}


def case(shared, start):
    cases = json.loads(shared("oracles/nps_roi.json").read_text("utf-8"))["cases"]
    return next(c for c in cases if c["id"].startswith(start))["expected"]


@pytest.fixture
def stores(shared):
    return pd.read_csv(shared("oracles/data/did_panel.csv"))


def wide(frame):
    y = frame.pivot_table("y", index="store", columns="quarter").to_numpy(dtype=float)
    first = frame.groupby("store")["g"].first().to_numpy(dtype=float)
    return y, np.where(first > 0, first - 1, np.inf)


def test_group_time_effects_and_averages_of_callaway_and_santanna(shared, stores):
    expected = case(shared, "21")
    found = roi.staggered(stores, "y", control="never", leads=None, **NAMES)
    wanted = pd.DataFrame(expected["att_gt"])
    assert found.cells["cohort"].astype(int).tolist() == wanted["g"].tolist()
    assert found.cells["period"].astype(int).tolist() == wanted["t"].tolist()
    np.testing.assert_allclose(found.cells["estimate"], wanted["att"], rtol=1e-8)
    part = found.table.set_index("part")
    assert found.overall["estimate"] == pytest.approx(expected["agg_simple"], rel=1e-8)
    cohorts = part.loc["cohort", "estimate"].tolist()
    np.testing.assert_allclose(cohorts, list(expected["agg_group"].values()), rtol=1e-8)
    after = part.loc["event"].query("event >= 0")["estimate"]
    np.testing.assert_allclose(after, expected["agg_event_e0_to_e5"], rtol=1e-8)
    truth = expected["true_average_effect"]
    assert found.overall["ci_lower"] < truth < found.overall["ci_upper"]


def test_errors_of_the_cells_before_the_small_sample_factor(shared, stores):
    expected = pd.DataFrame(case(shared, "21")["att_gt"])
    found = group_time(*wide(stores), control="never")
    plain = np.sqrt((found.influence**2).sum(axis=0))
    np.testing.assert_allclose(plain, expected["se_analytic_n"], rtol=1e-8)


def test_the_usual_regression_is_shown_beside_and_is_wrong(shared, stores):
    expected = case(shared, "21")
    found = roi.staggered(stores, "y", **NAMES)
    row = found.usual.iloc[0]
    assert row["estimate"] == pytest.approx(expected["twfe_static_D"], rel=1e-8)
    plain = row["std_error"] * (39 / 40) ** 0.5
    assert plain == pytest.approx(expected["twfe_se_cluster_HC0"], rel=1e-8)
    assert row["ci_upper"] < expected["true_average_effect"]
    assert row["share_negative_weights"] > 0.3
    assert "The usual two-way regression would have said +2.14" in found.text


def test_one_cohort_and_never_treated_is_the_two_by_two(shared, stores):
    """The regression beside is then the 2x2; R counts 4 columns and the clusters."""
    expected = case(shared, "21")
    two = stores[stores["g"].isin([0, 3])]
    row = roi.staggered(two, "y", **NAMES).usual.iloc[0]
    wanted = expected["did_2x2_cohort3_vs_never"]
    assert row["estimate"] == pytest.approx(wanted, rel=1e-8)
    n, groups = len(two), two["store"].nunique()
    plain = row["std_error"] * ((groups - 1) / groups) ** 0.5
    factor = (groups / (groups - 1) * (n - 1) / (n - 4)) ** 0.5
    assert plain * factor == pytest.approx(expected["did_2x2_se_cluster_HC1"], rel=1e-8)


def test_the_weights_of_the_usual_regression_reproduce_it():
    effects = np.array([[1.0, 5, 9], [1, 5, 9], [0, 0, 2], [0, 0, 0], [0, 0, 0]])
    treated = effects > 0
    found = two_way(effects, treated)
    assert found.weights.sum() == pytest.approx(1)
    assert (found.weights * effects).sum() == pytest.approx(found.estimate)


def small(**options):
    """Two cohorts of three and three never treated; +2 from the start on, no noise."""
    rows = pd.DataFrame(
        [(u, t) for u in range(9) for t in range(5)], columns=["unit", "period"]
    )
    start = np.select([rows["unit"] < 3, rows["unit"] < 6], [2, 3], 0)
    on = (start > 0) & (rows["period"] >= start)
    wobble = np.array([0.1, 0.0, -0.1])[rows["unit"] % 3] * rows["period"]
    rows["first_treated"] = start
    rows["revenue"] = 10 * rows["unit"] + 2 * on + wobble
    return rows.assign(**options)


def test_by_hand_with_money():
    found = roi.staggered(small(), "revenue", margin=0.5, currency="EUR")
    assert found.overall["estimate"] == pytest.approx(2)
    assert found.overall["n"] == 6
    each, total = found.worth["estimate"]
    assert (each, total) == (pytest.approx(1), pytest.approx(15))
    assert found.worth["n"].tolist() == [15, 15]
    assert found.findings[0].estimate == pytest.approx(15)
    cost = roi.staggered(small(), "revenue", margin=-1)
    assert cost.worth["ci_lower"].iloc[0] <= cost.worth["ci_upper"].iloc[0]
    assert len(found.display.columns) <= 5


def test_few_units_claim_nothing():
    rows = small()
    found = roi.staggered(rows[rows["unit"].isin([0, 1, 3, 4, 6, 7])], "revenue")
    assert not found.claimed
    assert "fewer than 5 units with it, or without it" in found.reasons
    assert "effect on" not in found.text


@pytest.mark.parametrize("never", [None, "", "never", np.nan, 0])
def test_never_may_be_written_in_several_ways(never):
    rows = small()
    rows["first_treated"] = rows["first_treated"].astype(object)
    rows.loc[rows["first_treated"] == 0, "first_treated"] = never
    assert roi.staggered(rows, "revenue").overall["estimate"] == pytest.approx(2)


def test_months_and_starts_outside_the_window():
    rows = small()
    months = np.array([f"2025-{m:02d}" for m in range(1, 6)])
    start = rows["first_treated"].to_numpy()
    rows["period"] = months[rows["period"]]
    rows["first_treated"] = np.where(start > 0, months[start % 5], None)
    rows.loc[rows["unit"] == 8, "first_treated"] = "2026-07"
    rows.loc[rows["unit"] == 7, "first_treated"] = "2024-12"
    found = roi.staggered(rows, "revenue")
    assert found.overall["estimate"] == pytest.approx(2)
    assert "1 units treated from the first period left out" in found.method
    assert found.period == "month"


def test_without_never_treated_what_is_left_is_said():
    rows = small()
    rows = rows[rows["unit"] < 6]
    with pytest.raises(DataError, match="no unit was never treated"):
        roi.staggered(rows, "revenue", control="never")
    found = roi.staggered(rows, "revenue")
    assert found.cells.query("event >= 0")["period"].tolist() == ["2"]
    assert "4 of 5 cells after the start had no answer (first: 3)" in found.method
    assert set(found.left_out["reason"]) == {"no untreated units left"}


def test_nothing_to_follow_is_a_result():
    for rows in (None, small().iloc[:0], small(first_treated=0)):
        found = roi.staggered(rows, "revenue")
        assert found.text.startswith("No roll-out to follow: ")
        assert found.table.empty
        assert found.findings == ()
        assert "<table" not in found._repr_html_()


def test_refusals():
    with pytest.raises(DataError, match="all units started in the same period"):
        roi.staggered(small(first_treated=2), "revenue")
    lonely = small()
    lonely["first_treated"] = np.select(
        [lonely["unit"] == 0, lonely["unit"] == 1], [2, 3], 0
    )
    with pytest.raises(DataError, match=r"no cohort can be compared .*1 treated unit"):
        roi.staggered(lonely, "revenue")
    twice = pd.concat([small(), small().head(1)])
    with pytest.raises(DataError, match="1 rows of units repeat a unit in a period"):
        roi.staggered(twice, "revenue")
    moving = small()
    moving.loc[0, "first_treated"] = 4
    with pytest.raises(DataError, match="'first_treated' changes within 1 of the 9"):
        roi.staggered(moving, "revenue")
    odd = small().assign(first_treated="March")
    with pytest.raises(DataError, match="cannot be put in one order"):
        roi.staggered(odd, "revenue")
    with pytest.raises(DataError, match=r"column 'sales' is not in units"):
        roi.staggered(small(), "sales")
    with pytest.raises(DataError, match="'revenue' of units holds no numbers"):
        roi.staggered(small(revenue="many"), "revenue")
    with pytest.raises(ArgumentError, match="`control` is 'all'"):
        roi.staggered(small(), "revenue", control="all")


def test_a_cohort_of_one_is_left_out_and_said():
    rows = small()
    rows.loc[rows["unit"] == 5, "first_treated"] = 4
    found = roi.staggered(rows, "revenue")
    assert "1 treated unit" in set(found.left_out["reason"])
    assert found.overall["n"] == 5


def test_anticipation_moves_the_base_back():
    rows = small()
    early = (rows["first_treated"] > 0) & (rows["period"] == rows["first_treated"] - 1)
    rows["revenue"] += 1.0 * early
    wrong = roi.staggered(rows, "revenue", control="never").overall["estimate"]
    right = roi.staggered(rows, "revenue", control="never", anticipation=1)
    assert wrong == pytest.approx(1)
    assert right.overall["estimate"] == pytest.approx(2)
    ahead = right.table.query("part == 'event' and event == -1")
    assert not ahead["before"].any()
    assert ahead["estimate"].iloc[0] == pytest.approx(1)


def test_universal_base_adds_the_steps_up():
    stepped = small()
    stepped["revenue"] += 0.3 * stepped["period"] * (stepped["first_treated"] == 3)
    steps = roi.staggered(stepped, "revenue", control="never")
    sums = roi.staggered(stepped, "revenue", control="never", base="universal")
    last = steps.cells.query("cohort == '3' and event < 0")["estimate"]
    first = sums.cells.query("cohort == '3' and event == -3")["estimate"].iloc[0]
    assert first == pytest.approx(-last.sum())


def test_a_steady_drift_is_taken_out_again():
    drifting = small()
    drifting["revenue"] += 0.5 * drifting["period"] * (drifting["first_treated"] > 0)
    found = roi.staggered(drifting, "revenue", control="never")
    step, rest = found.drift["estimate"]
    assert step == pytest.approx(0.5)
    assert rest == pytest.approx(2)
    assert found.overall["estimate"] > 2.5
    assert roi.staggered(drifting, "revenue", base="universal").drift.empty


@given(shift=st.floats(-50, 50), scale=st.floats(0.1, 20), seed=st.integers(0, 10_000))
def test_levels_of_units_and_periods_do_not_matter(shift, scale, seed):
    rng = np.random.default_rng(seed)
    y, first, _ = drawn(rng, n=20)
    plain = group_time(y, first)
    moved = y + 100 * rng.normal(size=(20, 1)) + shift * rng.normal(size=(1, 8))
    np.testing.assert_allclose(group_time(moved, first).att, plain.att, atol=1e-9)
    wide = group_time(scale * y, first)
    np.testing.assert_allclose(wide.att, scale * plain.att, atol=1e-9)
    np.testing.assert_allclose(wide.influence, scale * plain.influence, atol=1e-9)


def test_blank_cells_drop_out_of_their_cell_only():
    rows = small()
    rows.loc[(rows["unit"] == 0) & (rows["period"] == 4), "revenue"] = np.nan
    found = roi.staggered(rows, "revenue")
    sizes = found.cells.query("cohort == '2' and event >= 0")["n"]
    assert sizes.tolist() == [3, 3, 2]
    assert "1 blank outcomes" in found.method


def test_rows_in_any_order_give_the_same(stores):
    one = roi.staggered(stores, "y", rng=3, **NAMES).table
    other = roi.staggered(stores.sample(frac=1, random_state=1), "y", rng=3, **NAMES)
    pd.testing.assert_frame_equal(one, other.table)


def selected(seed, units=240, periods=4):
    """Trends differ by x, and so does who is treated: parallel given x only."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=units)
    on = rng.random(units) < 1 / (1 + np.exp(-0.8 * x))
    first = np.where(on, rng.choice([2, 3], units), np.inf)
    t = np.arange(periods)
    y = rng.normal(size=(units, 1)) + (0.5 * x)[:, None] * t
    y += rng.normal(size=(units, periods)) + 1.0 * (t >= first[:, None])
    return y, first, np.repeat(x[:, None, None], periods, axis=1)


def test_covariates_mend_what_parallel_trends_break():
    y, first, x = selected(1, units=2000)
    rows = pd.DataFrame(
        {
            "unit": np.repeat(np.arange(2000), 4),
            "period": np.tile(np.arange(4), 2000),
            "y": y.ravel(), "x": x[:, :, 0].ravel(),
            "first_treated": np.repeat(np.where(np.isinf(first), np.nan, first), 4),
        }
    )  # fmt: skip
    plain = roi.staggered(rows, "y")
    assert plain.overall["ci_lower"] > 1
    assert not plain.claimed
    assert "the two moved apart before the start already (placebo)" in plain.reasons
    for method in ("dr", "regression"):
        found = roi.staggered(rows, "y", covariates=["x"], method=method)
        assert found.overall["ci_lower"] < 1 < found.overall["ci_upper"]
        assert found.claimed, found.reasons


@pytest.mark.parametrize("method", ["dr", "regression"])
def test_error_with_covariates_against_the_jackknife(method):
    y, first, x = selected(2, units=150)
    options = {"covariates": x, "method": method}
    found = group_time(y, first, **options)
    plain = np.sqrt((found.influence**2).sum(axis=0))
    out = []
    for i in range(150):
        kept = np.arange(150) != i
        one = {**options, "covariates": x[kept]}
        out.append(group_time(y[kept], first[kept], **one).att)
    spread = np.array(out) - np.mean(out, axis=0)
    jackknife = np.sqrt(149 / 150 * (spread**2).sum(axis=0))
    np.testing.assert_allclose(plain, jackknife, rtol=0.12)


# diff-diff 3.13.0, CallawaySantAnna(control_group="never_treated",
# estimation_method="reg", n_bootstrap=0) on the panel of `selected(2, units=300)`
ELSEWHERE = {
    False: [(0.551506, 0.228984), (1.133521, 0.215238), (1.713521, 0.244418),
            (0.155179, 0.209669), (0.178629, 0.231884), (1.427386, 0.205842)],
    True: [(0.12225, 0.228315), (0.72425, 0.230559), (0.933293, 0.23837),
           (-0.203411, 0.212716), (-0.163266, 0.226294), (1.117498, 0.20774)],
}  # fmt: skip


@pytest.mark.parametrize("adjusted", ELSEWHERE)
def test_cells_and_errors_against_another_implementation(adjusted):
    y, first, x = selected(2, units=300)
    options = {"covariates": x, "method": "regression"} if adjusted else {}
    found = group_time(y, first, control="never", **options)
    plain = np.sqrt((found.influence**2).sum(axis=0))
    both = np.column_stack([found.att, plain])
    np.testing.assert_allclose(both, ELSEWHERE[adjusted], atol=5e-7)


def test_doubly_robust_by_hand():
    y, first, x = selected(2, units=300)
    found = group_time(y, first, covariates=x, control="never")
    at = int(np.flatnonzero((found.cohort == 2) & (found.period == 2))[0])
    rows = (first == 2) | np.isinf(first)
    change, d = (y[:, 2] - y[:, 1])[rows], (first == 2)[rows].astype(float)
    z = np.column_stack([np.ones(rows.sum()), x[rows, 1, 0]])
    b = np.zeros(2)
    for _ in range(30):
        p = 1 / (1 + np.exp(-z @ b))
        b += np.linalg.solve((z * (p * (1 - p))[:, None]).T @ z, z.T @ (d - p))
    rest = change - z @ np.linalg.lstsq(z[d == 0], change[d == 0], rcond=None)[0]
    odds = (1 - d) * p / (1 - p)
    wanted = rest[d == 1].mean() - odds @ rest / odds.sum()
    assert found.att[at] == pytest.approx(wanted, rel=1e-8)


def test_doubly_robust_with_one_flag_is_the_mean_over_its_strata():
    y, first, _ = selected(3, units=200)
    flag = (np.arange(200) % 3 == 0).astype(float)
    x = np.repeat(flag[:, None, None], 4, axis=1)
    found = group_time(y, first, covariates=x, control="never")
    at = int(np.flatnonzero((found.cohort == 2) & (found.period == 3))[0])
    change, own, other = y[:, 3] - y[:, 1], first == 2, np.isinf(first)
    gaps = [
        (change[own & (flag == f)].mean() - change[other & (flag == f)].mean())
        * (own & (flag == f)).sum() / own.sum()
        for f in (0, 1)
    ]  # fmt: skip
    assert found.att[at] == pytest.approx(sum(gaps))


def drawn(rng, *, n=40, periods=8, heterogeneous=True, share=(0.2, 0.2), rho=0.6):
    """Autocorrelated units in two cohorts and never; effects grow and differ."""
    noise = rng.normal(size=(n, periods))
    for t in range(1, periods):
        noise[:, t] += rho * noise[:, t - 1]
    size = [round(n * s) for s in share]
    first = np.full(n, np.inf)
    first[: size[0]], first[size[0] : sum(size)] = 3, 5
    since = np.arange(periods)[None, :] - first[:, None]
    mean = np.where(since >= 0, 1 + np.where(np.isfinite(since), since, 0), 0.0)
    own = mean * (1 + 0.5 * rng.normal(size=(n, 1)) * heterogeneous)
    trend = rng.normal(size=periods).cumsum()
    return rng.normal(size=(n, 1)) + trend + own + noise, first, mean


@pytest.mark.slow
@pytest.mark.parametrize(("n", "share"), [(40, (0.2, 0.2)), (15, (0.2, 0.2))])
def test_coverage_of_the_average_with_few_units_and_unequal_effects(n, share):
    rng, runs, hits, naive = np.random.default_rng(7), 1500, 0, 0
    for _ in range(runs):
        y, first, mean = drawn(rng, n=n, share=share)
        found, plan = group_time(y, first, leads=0), averages.sampling(first)[0]
        one = averages.average(found, [found.event >= 0], plan)
        truth = mean[mean > 0].mean()
        half = stats.t.isf(0.025, one.df[0]) * one.std_error[0]
        hits += abs(one.estimate[0] - truth) <= half
        usual = two_way(y, mean > 0)
        naive += abs(usual.estimate - truth) <= 1.96 * usual.std_error
    low, high = stats.binom.interval(0.998, runs, 0.95)
    assert low - (0.015 * runs if n < 20 else 0) <= hits <= high
    assert naive < hits - 0.05 * runs


@pytest.mark.slow
def test_size_of_the_placebo_test_and_of_the_band():
    rng, runs, loud, out = np.random.default_rng(8), 800, 0, 0
    for _ in range(runs):
        y, first, _ = drawn(rng, heterogeneous=False)
        found, plan = group_time(y, first), averages.sampling(first)[0]
        steps = np.unique(found.event)
        each = averages.average(found, [found.event == e for e in steps], plan)
        before = averages.average(
            found, [found.event == e for e in steps[steps < 0]], plan
        )
        loud += averages.together(before, plan)[1] < 0.05
        truth = np.where(steps < 0, 0, 1 + steps)
        wide = averages.band(each, plan, n_resamples=399, rng=rng)
        out += (np.abs(each.estimate - truth) > wide * each.std_error).any()
    low, high = stats.binom.interval(0.998, runs, 0.05)
    assert loud <= high + 0.015 * runs
    assert low - 0.02 * runs <= out <= high + 0.02 * runs


@pytest.mark.slow
def test_clusters_of_units_that_share_shocks():
    rng, runs, hits, ignoring = np.random.default_rng(9), 800, 0, 0
    cluster = np.arange(60) // 3
    for _ in range(runs):
        y, first, mean = drawn(rng, n=60, share=(0.3, 0.3))
        y = y + rng.normal(size=(20, y.shape[1])).cumsum(axis=1)[cluster]
        found = group_time(y, first, leads=0)
        truth = mean[mean > 0].mean()
        for group, add in ((cluster, True), (None, False)):
            plan = averages.sampling(first, group)[0]
            one = averages.average(found, [found.event >= 0], plan)
            half = stats.t.isf(0.025, one.df[0]) * one.std_error[0]
            hit = abs(one.estimate[0] - truth) <= half
            hits, ignoring = hits + (hit and add), ignoring + (hit and not add)
    low, high = stats.binom.interval(0.998, runs, 0.95)
    assert low - 0.01 * runs <= hits <= high
    assert ignoring < low - 0.05 * runs
