"""The fast within transformation gives what slow, plain regressions give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from linearmodels.panel import PanelOLS

from cxlib import roi
from cxlib.errors import DataError
from cxlib.roi.regressions._solve import group_sums
from cxlib.roi.regressions._within import compact, effects


def ragged(make, seed=3):
    """Return a panel with gaps, customers of one row, and shuffled rows."""
    frame = make(70, 7, seed=seed)
    rng = np.random.default_rng(seed)
    frame["extra"] = rng.normal(size=len(frame)) + 0.3 * frame["score"]
    frame["account"] = "A" + (frame["customer_id"].str[1:].astype(int) // 3).astype(str)
    kept = frame[rng.random(len(frame)) < 0.6]
    first = kept.groupby("customer_id").cumcount() == 0
    lonely = kept["customer_id"].isin(["C003", "C010", "C044"])
    return kept[first | ~lonely].sample(frac=1.0, random_state=seed)


def lagged(frame, names, lag=1):
    """Return the frame with columns of `lag` months before, by merging on the month."""
    months = {p: i for i, p in enumerate(sorted(frame["period"].unique()))}
    frame = frame.assign(month=frame["period"].map(months))
    before = frame[["customer_id", "month", *names]].assign(
        month=lambda f: f["month"] + lag
    )
    rest = frame.drop(columns=names)
    return rest.merge(before, on=["customer_id", "month"])


@pytest.mark.parametrize("effect", ["one_way", "two_way"])
@pytest.mark.parametrize("cluster", ["", "account"])
def test_gaps_singletons_and_lags_equal_linearmodels(make, effect, cluster):
    frame = ragged(make)
    ours = roi.fit(
        frame, "revenue", drivers=["extra"], model=effect, cov_type="CR1_slopes",
        cluster=cluster,
    )  # fmt: skip
    rows = lagged(frame, ["score", "extra"])
    counts = rows.groupby("customer_id")["revenue"].transform("size")
    singles = int((counts == 1).sum())
    assert singles > 0
    rows = rows[counts > 1].set_index(["customer_id", "month"])
    groups = rows["account"].astype("category").cat.codes.to_frame()
    theirs = PanelOLS(
        rows["revenue"], rows[["score", "extra"]], entity_effects=True,
        time_effects=effect == "two_way",
    ).fit(
        cov_type="clustered", group_debias=True, auto_df=False, count_effects=False,
        **({"clusters": groups} if cluster else {"cluster_entity": True}),
    )  # fmt: skip
    np.testing.assert_allclose(ours.table["estimate"], theirs.params, rtol=1e-8)
    np.testing.assert_allclose(ours.table["std_error"], theirs.std_errors, rtol=1e-8)
    assert (ours.n, ours.singletons) == (theirs.nobs, singles)
    assert ours.method.endswith(
        f"{singles} customers with a single usable row left out."
    )


def test_the_order_of_rows_does_not_matter(make):
    frame = ragged(make)
    ordered = frame.sort_values(["customer_id", "period"])
    pd.testing.assert_frame_equal(
        roi.fit(frame, "revenue").table, roi.fit(ordered, "revenue").table
    )


@pytest.mark.parametrize("model", ["pooled", "one_way", "two_way"])
@pytest.mark.parametrize("cluster", ["", "account"])
def test_the_jackknife_equals_leaving_out_every_cluster(make, model, cluster):
    frame = ragged(make)
    options = {"drivers": ["extra"], "lag": 0, "model": model, "cluster": cluster}
    whole = roi.fit(frame, "revenue", cov_type="CRV3", **options)
    by = cluster or "customer_id"
    rows = frame[frame.groupby("customer_id")["score"].transform("size") > 1]
    rows = rows if model != "pooled" else frame
    without = np.array(
        [
            roi.fit(rows[rows[by] != label], "revenue", **options).table["estimate"]
            for label in rows[by].unique()
        ]
    )
    groups = len(without)
    spread = without - whole.table["estimate"].to_numpy()
    wanted = np.sqrt((groups - 1) / groups * np.square(spread).sum(axis=0))
    np.testing.assert_allclose(whole.table["std_error"], wanted, rtol=1e-8)


def test_customers_that_share_no_period_are_two_panels(make):
    """Two groups of customers, each with months of its own: one effect too few."""
    early, late = make(40, 4, seed=1), make(40, 4, seed=2)
    late = late.assign(
        customer_id="L" + late["customer_id"],
        period=late["period"].str.replace("2025", "2026"),
    )
    both = pd.concat([early, late], ignore_index=True)
    ours = roi.fit(both, "revenue", lag=0)
    dummies = pd.get_dummies(both["period"], dtype=float)
    whose = pd.get_dummies(both["customer_id"], dtype=float)
    design = np.column_stack([both["score"], dummies, whose])
    plain = np.linalg.lstsq(design, both["revenue"], rcond=None)[0][0]
    assert ours.row["estimate"] == pytest.approx(plain, rel=1e-9)
    assert ours.df_resid == len(both) - np.linalg.matrix_rank(design)


def test_the_jackknife_is_refused_where_it_would_say_nothing_new(make):
    frame = make(5001, 2)
    with pytest.raises(DataError) as raised:
        roi.fit(frame, "revenue", lag=0, cov_type="CRV3")
    assert str(raised.value) == (
        "the jackknife CRV3 would leave out 5,001 clusters one by one; it is for few "
        "of them (at most 5,000): use `cov_type` 'CR1', which says the same with so "
        "many."
    )


def test_effects_leave_columns_without_customer_and_period_means():
    rng = np.random.default_rng(7)
    entity = np.sort(rng.integers(0, 50, 400))
    entity, time = compact(entity), rng.integers(0, 9, 400) * 3
    columns = 1e6 + rng.normal(size=(2, 400))
    taken = effects(entity, time, customers=True, periods=True)
    left = taken.out(columns)
    assert np.abs(group_sums(left.T, entity)).max() < 1e-8
    assert np.abs(group_sums(left.T, compact(time))).max() < 1e-8
    assert taken.n_periods == 8


@pytest.mark.parametrize("lag", [-2, -1, 0, 1, 3])
def test_a_lag_counts_calendar_periods(make, lag):
    from cxlib.roi.regressions._long import to_long

    long = to_long(ragged(make), "customer_id", "period")
    values = np.arange(len(long.entity), dtype=float)
    at = {(e, t): v for e, t, v in zip(long.entity, long.time, values, strict=True)}
    wanted = [
        at.get((e, t - lag), np.nan)
        for e, t in zip(long.entity, long.time, strict=True)
    ]
    np.testing.assert_array_equal(long.shifted(values, lag), wanted)
