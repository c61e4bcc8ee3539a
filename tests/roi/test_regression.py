"""Fits by hand, what the data may look like, and every error in full."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import roi
from cxlib.errors import ArgumentError, DataError


def test_exact_effect_within_customers(panel):
    """Revenue built without noise: 100 + 10 per customer + 4 x score before."""
    frame = panel.copy()
    level = frame.groupby("customer_id").ngroup()
    before = frame.groupby("customer_id")["score"].shift(1)
    frame["revenue"] = 100 + 10 * level + 4 * before.fillna(0)
    found = roi.fit(frame, "revenue")
    assert found.row["estimate"] == pytest.approx(4)
    assert (found.n, found.n_customers, found.n_clusters) == (400, 80, 80)
    assert (found.spec.model, found.se_type, found.period) == (
        "two_way",
        "CR1",
        "month",
    )


def test_difference_of_two_periods_is_ols_of_changes(make):
    """With two periods, customer effects are a regression on first differences."""
    frame = make(40, 2, seed=8)
    wide = frame.pivot_table(
        index="customer_id", columns="period", values=["score", "revenue"]
    )
    change = {
        c: (wide[c].iloc[:, 1] - wide[c].iloc[:, 0]) for c in ("score", "revenue")
    }
    slope = np.polyfit(change["score"], change["revenue"], 1)[0]
    found = roi.fit(frame, "revenue", lag=0)
    assert found.row["estimate"] == pytest.approx(slope)


def test_text_and_findings(panel):
    found = roi.fit(panel, "revenue", currency="EUR")
    row = found.row
    assert found.text == (
        f"One point more on score goes with revenue +{row['estimate']:.2f} EUR a "
        f"month, one month later (95 % CI {row['ci_lower']:.2f} to "
        f"{row['ci_upper']:.2f}, n = 400 rows of 80 customers)."
    )
    (finding,) = found.findings
    assert finding.id == "revenue per score point"
    assert (finding.unit, finding.n) == ("amount", 80)
    assert isinstance(finding.estimate, float)
    assert "one month later" in found._repr_html_()


def test_the_lag_counts_calendar_periods_and_never_bridges_a_gap(panel):
    gap = panel[panel["period"] != "2025-03"]
    found = roi.fit(gap, "revenue")
    assert found.n == 80 * 3  # 02 from 01, 05 from 04, 06 from 05
    hole = panel.drop(index=panel.index[(panel["period"] == "2025-03")][:1])
    assert roi.fit(hole, "revenue").n == 400 - 2


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (["2025-Q1", "2025-Q2", "2025-Q3", "2025-Q4"], "quarter"),
        (["Q1 2025", "Q2 2025", "Q3 2025", "Q4 2025"], "quarter"),
        ([202511, 202512, 202601, 202602], "month"),
        (["2023", "2024", "2025", "2026"], "year"),
        (["2025-W51", "2025-W52", "2026-W01", "2026-W02"], "week"),
        (["2025-01-31", "2025-02-28", "2025-03-31", "2025-04-30"], "month"),
        (["2025-01-06", "2025-01-13", "2025-01-20", "2025-01-27"], "week"),
        (["9", "10", "11", "12"], "period"),
    ],
)
def test_periods_are_ordered_by_meaning_not_as_text(make, labels, name):
    frame = make(30, 4, seed=2)
    plain = roi.fit(frame, "revenue")
    frame["period"] = np.tile(labels, 30)
    shuffled = frame.sample(frac=1, random_state=1)
    found = roi.fit(shuffled, "revenue")
    assert found.period == name
    assert found.row["estimate"] == pytest.approx(plain.row["estimate"])


def test_datetimes_and_periods_are_read(make):
    frame = make(30, 4, seed=2)
    plain = roi.fit(frame, "revenue").row["estimate"]
    dates = pd.to_datetime(frame["period"])
    for column in (dates, dates.dt.to_period("M")):
        found = roi.fit(frame.assign(period=column), "revenue")
        assert found.row["estimate"] == pytest.approx(plain)


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_row_order_shift_and_scale_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(12), 4),
            "period": np.tile(np.arange(4), 12),
            "score": rng.normal(size=48),
            "revenue": rng.normal(size=48),
        }
    )
    base = roi.fit(frame, "revenue", lag=0, cov_type="CR1").table
    mixed = frame.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(
        base, roi.fit(mixed, "revenue", lag=0, cov_type="CR1").table
    )
    moved = frame.assign(revenue=7 + 3 * frame["revenue"], score=frame["score"] - 5)
    scaled = roi.fit(moved, "revenue", lag=0, cov_type="CR1").table
    np.testing.assert_allclose(scaled["estimate"], 3 * base["estimate"], rtol=1e-6)
    np.testing.assert_allclose(scaled["std_error"], 3 * base["std_error"], rtol=1e-6)


def test_text_drivers_become_columns_and_constant_ones_are_absorbed(company):
    found = roi.fit(company, "revenue", drivers=["ease", "plan"])
    assert found.table["term"].tolist() == ["score", "ease"]
    assert found.dropped == ("plan: plus", "plan: premium")
    logit = roi.fit(company, "retained", drivers=["plan"])
    assert logit.table["term"].tolist() == ["score", "plan: plus", "plan: premium"]


def test_models_chosen_by_auto(company):
    chosen = {
        o: roi.fit(company, o).spec.model for o in ("revenue", "retained", "upsell")
    }
    assert chosen == {
        "revenue": "two_way",
        "retained": "discrete_time",
        "upsell": "two_way",
    }
    assert roi.fit(company, "upsell").method.startswith(
        "upsell: linear probability model"
    )
    churned = company.assign(churned=1 - company["retained"])
    twin = roi.fit(churned, "churned")
    assert (twin.spec.model, twin.leaving) == ("discrete_time", 1.0)
    mirror = roi.fit(company, "retained").row
    assert twin.row["estimate"] == pytest.approx(-mirror["estimate"])


def test_rows_after_a_customer_left_are_cut(company):
    gone = company[company["retained"] == 0].iloc[:5].assign(retained=0, revenue=0.0)
    later = gone.assign(period="2026-01")
    both = pd.concat([company, later], ignore_index=True)
    assert roi.fit(both, "retained").n == roi.fit(company, "retained").n


def test_cluster_above_the_customer(company):
    accounts = company["customer_id"].str[-2:]
    found = roi.fit(company.assign(account=accounts), "revenue", cluster="account")
    assert found.n_clusters == 100
    assert found.n_customers > 500


def test_a_customer_that_changes_account_is_refused(company):
    moved = company.assign(account=company["period"].str[-2:])
    with pytest.raises(DataError) as error:
        roi.fit(moved, "revenue", cluster="account")
    assert str(error.value) == (
        "some customers change their 'account'; cluster by a column that stays the "
        "same within a customer."
    )


def test_missing_scores_leave_rows_out_and_are_an_assumption(panel):
    panel.loc[panel.index[::4], "score"] = np.nan
    found = roi.fit(panel, "revenue")
    assert found.n == 400 - 120
    assert any("Rows without score (25 %)" in a.text for a in found.assumptions)


def one_row(n=60):
    return pd.DataFrame(
        {
            "customer_id": np.arange(n), "period": "Q3", "score": np.arange(n) % 5 + 1,
            "value": np.arange(n) * 1.5, "churned": (np.arange(n) % 7 > 3).astype(int),
        }
    )  # fmt: skip


def test_cross_section_is_an_association_between_customers():
    found = roi.fit(one_row(), "value", lag=0)
    assert (found.spec.model, found.cross_section) == ("pooled", True)
    assert found.text.startswith("One point more on score goes with value ")
    assert "in the same period (95 % CI" in found.text
    assert {a.quality for a in found.assumptions} == {"low"}


ERRORS = [
    (lambda f: roi.fit(f, "revenue", lag=1.5),
     "`lag` is 1.5; use the whole number of periods (0, 1, 2, …) by which the score "
     "comes before the outcome."),
    (lambda f: roi.fit(f, "revenue", model="gee"),
     "`model` is 'gee'; use one of 'auto', 'two_way', 'one_way', 'pooled', 'logit', "
     "'gamma', 'tweedie', 'poisson', 'poisson_fe', 'two_part', 'discrete_time', "
     "'cloglog'."),
    (lambda f: roi.fit(f, "revenue", drivers="plan"),
     "`drivers` is 'plan'; use a list: ['plan']."),
    (lambda f: roi.fit(f, "revenue", drivers=["score"]),
     "'score' is named twice among outcome, score and drivers; a column has one part "
     "to play."),
    (lambda f: roi.fit(f, "revenue", confidence_level=95),
     "`confidence_level` is 95; it must lie in (0, 1)."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), ERRORS)
def test_arguments_that_cannot_be_meant(panel, call, message):
    with pytest.raises(ArgumentError) as error:
        call(panel)
    assert str(error.value) == message


def broken(panel, name):
    frame = panel.copy()
    if name == "duplicate":
        return pd.concat([frame, frame.iloc[:2]], ignore_index=True)
    if name == "blank id":
        frame.loc[0, "customer_id"] = None
    elif name == "blank period":
        frame.loc[:2, "period"] = None
    elif name == "odd period":
        frame.loc[:1, "period"] = "spring"
    elif name == "flat":
        frame["score"] = frame.groupby("customer_id")["score"].transform("first")
    elif name == "constant":
        frame["score"] = 7
    elif name == "text":
        frame["score"] = "high"
    elif name == "twin":
        frame["twin"] = 2 * frame["score"] + 1
    elif name == "few":
        frame["score"] = frame["score"].where(frame["customer_id"] < "C002")
    elif name == "empty":
        return frame.iloc[:0]
    elif name == "daily":
        frame["period"] = np.tile(pd.date_range("2025-01-01", periods=6), 80)
    return frame


DATA = [
    ("duplicate", {},
     "4 of 482 rows share their customer and period with another row.\n"
     "  - column 'customer_id x period': a customer has one row a period (4 rows). "
     "Seen: 'row 1: period 2025-01', 'row 2: period 2025-02', 'row 481: period "
     "2025-01'. Sum or average the rows of a customer and period first."),
    ("blank id", {}, "1 of 480 rows have no `customer_id`; every row of a panel names "
     "its customer."),
    ("blank period", {}, "3 of 480 rows have no period; every row needs one: fill the "
     "column or drop those rows in the source."),
    ("flat", {}, "'score' does not vary within customers beyond what all share, so "
     "fixed effects leave nothing of it; use `model` 'pooled' and read an association "
     "between customers."),
    ("constant", {}, "'score' has the same value in every usable row: nothing to "
     "compare."),
    ("twin", {"drivers": ["twin"]}, "driver 'twin' is an exact combination of 'score' "
     "(collinear); drop one of them."),
    ("empty", {}, "periods has no rows: there is nothing to regress."),
    ("none", {"score": "nps"}, "column 'nps' is not in periods; there are "
     "'customer_id', 'period', 'score', 'revenue'."),
    ("none", {"drivers": ["skore"]}, "column 'skore' is not in periods; did you mean "
     "'score'?"),
    ("daily", {}, "`period` holds 6 dates that are neither monthly nor weekly; "
     "aggregate to one row per customer and month, quarter or year first."),
]  # fmt: skip


@pytest.mark.parametrize(("name", "options", "message"), DATA)
def test_data_that_cannot_answer(panel, name, options, message):
    with pytest.raises(DataError) as error:
        roi.fit(broken(panel, name), "revenue", **options)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("odd period", "the periods cannot be put in order.\n  - column 'period': is "
         "not a period in one style (1 row). Seen: 'spring'."),
        ("text", "column 'score' is text and a number is needed."),
        ("few", "'revenue' cannot be regressed on 'score': 10 usable rows of 2 "
         "customers are left."),
    ],
)  # fmt: skip
def test_data_errors_say_what_to_do(panel, name, start):
    with pytest.raises(DataError) as error:
        roi.fit(broken(panel, name), "revenue")
    assert str(error.value).startswith(start)
    assert error.value.problems[0].fix


def test_one_period_a_customer_is_refused_where_it_cannot_answer():
    frame = one_row()
    with pytest.raises(DataError, match="need at least two periods per customer"):
        roi.fit(frame, "value", lag=0, model="two_way")
    with pytest.raises(DataError) as error:
        roi.fit(frame, "value")
    assert str(error.value) == (
        "a lag of 1 needs at least two periods per customer and there is one; set "
        "`lag` to 0 for a cross-section."
    )


@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_customers_are_too_few(panel, n):
    few = panel[panel["customer_id"] < f"C00{n}"]
    with pytest.raises(DataError):
        roi.fit(few, "revenue")


def test_a_logit_needs_zero_and_one(panel):
    with pytest.raises(DataError, match="does not hold both 0 and 1"):
        roi.fit(panel, "revenue", model="logit")


def test_separation_stops_with_the_table():
    n = 40
    frame = pd.DataFrame(
        {
            "customer_id": np.arange(3 * n), "period": "Q3",
            "score": np.repeat([1, 3, 5], n),
            "churned": np.r_[np.ones(n), np.arange(n) % 2, np.zeros(n)],
        }
    )  # fmt: skip
    with pytest.raises(DataError) as error:
        roi.fit(frame, "churned", lag=0)
    assert str(error.value).splitlines()[0] == (
        "'score' separates 'churned' (quasi-complete separation): a logit has no "
        "finite coefficient. churned by score: score 1: 40 of 40, score 3: 20 of 40, "
        "score 5: 0 of 40."
    )


def test_separation_by_a_driver_stops_too():
    rng = np.random.default_rng(3)
    n = 200
    frame = pd.DataFrame({"customer_id": np.arange(n), "period": "Q3"})
    frame["score"] = rng.integers(0, 11, n)
    frame["churned"] = rng.integers(0, 2, n)
    frame["asked"] = frame["churned"] * rng.uniform(0.5, 1, n)
    with pytest.raises(
        DataError, match=r"\(separation\), so that a logit has no finite"
    ):
        roi.fit(frame, "churned", lag=0, drivers=["asked"])


@pytest.mark.parametrize(
    ("score", "outcome", "kind"),
    [
        ([1, 2, 3, 4], [0, 0, 1, 1], "complete"),
        ([1, 2, 2, 3], [0, 0, 1, 1], "quasi-complete"),
        ([1, 2, 3, 4], [0, 1, 0, 1], "none"),
        ([1, 2], [1, 1], "complete"),
        ([4, 3, 2, 1, np.nan], [0, 0, 1, 1, 0], "complete"),
    ],
)
def test_separation(score, outcome, kind):
    assert roi.separation(score, outcome).kind == kind


def test_outcomes_go_on_where_one_is_refused():
    n = 60
    frame = one_row(n)
    frame["stays"] = (frame["score"] > 3).astype(int)
    both = roi.fit_outcomes(frame, ["stays", "value"], lag=0)
    assert [fit.spec.outcome for fit in both.fits] == ["value"]
    assert both.refused[0][0] == "stays"
    assert "Not estimated: 'score' separates 'stays' (complete separation)" in both.text
    only = roi.fit_outcomes(frame, ["stays"], lag=0)
    assert only.fits == ()
    assert only.findings[0].estimate is None
    assert "complete separation" in only._repr_html_()


def test_outcomes_share_one_covariance(fits):
    labels = ["coef:revenue", "coef:retained", "coef:cost_to_serve"]
    joint = fits.covariance.loc[labels, labels].to_numpy()
    errors = [fit.row["std_error"] for fit in fits.fits]
    np.testing.assert_allclose(np.sqrt(np.diag(joint)), errors, rtol=1e-9)
    assert np.linalg.eigvalsh(joint).min() > 0
    assert fits.base.per_year == 12
    assert fits.text.count("95 % CI") == 3


def test_no_outcome_at_all(panel):
    with pytest.raises(DataError, match="`outcomes` is empty"):
        roi.fit_outcomes(panel, [])


def test_input_is_not_changed(panel):
    before = panel.copy()
    roi.fit(panel, "revenue")
    pd.testing.assert_frame_equal(panel, before)
