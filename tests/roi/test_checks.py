"""Placebo, diagnosis, specifications, sensitivity, panel, outcome by score."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib import roi, simulate
from cxlib.errors import ArgumentError, DataError


@pytest.fixture(scope="module")
def placebo(company, fits):
    return roi.placebo_lead(company, fits)


@pytest.fixture(scope="module")
def diagnosis(company, fits, placebo):
    return roi.diagnose(company, fits, placebo=placebo)


def test_placebo_is_silent_when_the_score_comes_first(placebo):
    assert placebo.verdicts == {
        "revenue": "silent", "retained": "not possible", "cost_to_serve": "silent",
    }  # fmt: skip
    assert placebo.reasons == {"retained": "who leaves has no next score"}
    assert placebo.text.startswith(
        "Revenue: next period's score does not predict this period's value ("
    )
    assert "Retained: the placebo cannot be run, who leaves has no next score." in (
        placebo.text
    )
    assert placebo.table["lag"].tolist() == [1, 0, -1, 1, 0, -1]


def test_placebo_is_loud_when_money_moves_the_score():
    backward = simulate.periods(600, rng=4, revenue_effect=0.0, reverse=0.6)
    found = roi.placebo_lead(backward, roi.fit(backward, "revenue"))
    assert found.verdicts == {"revenue": "loud"}
    assert "so the money (or something behind both) moves the score" in found.text
    verdict = roi.diagnose(backward, roi.fit(backward, "revenue"), placebo=found)
    assert verdict.wording == {"revenue": "association"}
    assert "the placebo lead is loud" in verdict.text


def test_placebo_too_noisy_to_tell(make):
    weak = make(25, 4, effect=0.05, seed=5, noise=6.0)
    found = roi.placebo_lead(weak, roi.fit(weak, "revenue"))
    assert found.verdicts == {"revenue": "too noisy"}
    assert "its interval holds both zero and the estimate itself" in found.text


def test_placebo_of_a_cross_section_is_not_possible(panel):
    single = panel[panel["period"] == "2025-01"]
    found = roi.placebo_lead(single, roi.fit(single, "revenue", lag=0))
    assert found.verdicts == {"revenue": "not possible"}
    assert found.text == (
        "Revenue: the placebo cannot be run, every customer is seen in one period only."
    )
    assert found.findings == ()


def test_the_word_effect_is_earned(diagnosis):
    assert diagnosis.wording == {
        "revenue": "effect", "retained": "association", "cost_to_serve": "effect",
    }  # fmt: skip
    assert diagnosis.text == (
        "Revenue and cost to serve may be read as an effect: customers are compared "
        "with themselves, the score comes first and the placebo lead is silent; it was "
        "not randomised. Retained may be read as an association: customers are "
        "compared with other customers and the placebo lead could not clear it."
    )
    assert set(diagnosis.table["status"]) <= {"pass", "caution", "stop"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"lag": 0}, "score and outcome share a period"),
        ({"model": "pooled"}, "customers are compared with other customers"),
    ],
)
def test_what_takes_the_word_away(company, options, reason):
    fit = roi.fit(company, "revenue", **options)
    found = roi.diagnose(company, fit)
    assert found.wording == {"revenue": "association"}
    assert reason in found.why["revenue"]


def row(diagnosis, outcome, check):
    table = diagnosis.table.set_index(["outcome", "check"])
    return table.loc[(outcome, check)]


def test_collinear_drivers_are_said(company):
    rng = np.random.default_rng(1)
    twin = company["score"] + rng.normal(0, 0.05, len(company))
    frame = company.assign(twin=twin)
    found = roi.diagnose(frame, roi.fit(frame, "revenue", drivers=["twin"]))
    told = row(found, "revenue", "collinearity")
    assert told["status"] == "caution"
    assert told["detail"].startswith("largest variance inflation ")


def test_one_customer_that_decides_is_said(panel):
    panel.loc[panel["customer_id"] == "C005", "revenue"] *= [1, 20, 1, 40, 1, 20]
    found = roi.diagnose(panel, roi.fit(panel, "revenue"))
    told = row(found, "revenue", "influence")
    assert told["status"] == "caution"
    kept = panel[panel["customer_id"] != "C005"]
    after = roi.fit(kept, "revenue").row["estimate"]
    said = float(
        told["detail"]
        .split("about ")[1]
        .split(" (")[0]
        .replace("−", "-")
        .replace("+", "")
    )
    assert said == pytest.approx(after, abs=abs(after) * 0.2 + 1)


def test_few_clusters_show_both_errors(make):
    few = make(12, 6)
    told = row(roi.diagnose(few, roi.fit(few, "revenue")), "revenue", "clusters")
    assert told["status"] == "caution"
    assert told["detail"].startswith("12 only; standard error ")
    assert told["detail"].endswith("(CRV3), CRV3 is printed")


def test_leavers_with_low_scores_are_said(diagnosis):
    told = row(diagnosis, "revenue", "attrition")
    assert told["status"] == "caution"
    assert "have no row in the last month; their mean score is" in told["detail"]
    assert row(diagnosis, "retained", "attrition")["status"] == "pass"


def test_caveats(fits, diagnosis):
    said = roi.caveats(fits, diagnosis)
    assert said[0] == (
        "Retained is an association: customers are compared with other customers and "
        "the placebo lead could not clear it."
    )
    assert said[1].startswith("Attrition (revenue and cost to serve): ")


def test_specifications(company, fits):
    found = roi.specifications(company, fits)
    names = found.table[found.table["outcome"] == "revenue"]["specification"].tolist()
    assert names == [
        "as reported", "lag 0", "lag 2", "without drivers", "customer effects only",
        "log outcome, times its mean", "pooled OLS (biased)",
    ]  # fmt: skip
    rows = found.table.set_index(["outcome", "specification"])
    main = rows.loc[("revenue", "as reported")]
    assert main["estimate"] == pytest.approx(fits.of("revenue").row["estimate"])
    assert rows.loc[("revenue", "pooled OLS (biased)"), "estimate"] > 6
    blank = rows.loc[("cost_to_serve", "log outcome, times its mean")]
    assert np.isnan(blank["estimate"])
    assert blank["note"].endswith("are zero or negative.")
    assert "Retained, linear, customer and period effects: leans on" in found.method
    assert "; ignoring who the customer is would say +" in found.text


def test_specifications_of_a_cross_section(panel):
    single = panel[panel["period"] == "2025-01"]
    found = roi.specifications(single, roi.fit(single, "revenue", lag=0))
    assert found.table["specification"].tolist() == [
        "as reported", "log outcome, times its mean",
    ]  # fmt: skip


def test_panel_describes_and_marks(company):
    found = roi.panel(company, outcomes=["revenue", "retained"])
    assert found.text == (
        f"{len(company):,} rows of 600 customers over 12 months, 2025-01 to 2025-12; "
        "unbalanced panel. All checks passed."
    )
    assert not found.balanced
    half = company[company["period"] != "2025-05"].drop(index=company.index[3])
    marked = roi.panel(half.assign(flat=1.0), outcomes=["flat"])
    assert marked.text.endswith("To keep in mind: periods, gaps, flat.")
    status = marked.table.set_index("check")["status"]
    assert status[["periods", "gaps", "flat"]].tolist() == [
        "caution",
        "caution",
        "stop",
    ]


def test_panel_of_a_cross_section(panel):
    found = roi.panel(panel[panel["period"] == "2025-01"], lag=0)
    assert found.cross_section
    assert "one period (2025-01); one row a customer: a cross-section" in found.text


def test_panel_says_when_the_score_hardly_moves(panel):
    level = panel.groupby("customer_id")["score"].transform("mean")
    flat = panel.assign(score=level * 5 + 0.01 * panel["score"])
    status = roi.panel(flat).table.set_index("check")["status"]
    assert status["score varies"] == "caution"


def test_by_score_counts_averages_and_hides_small_levels(company):
    found = roi.by_score(company, ["revenue", "retained"], currency="EUR")
    rows = found.table[found.table["outcome"] == "retained"].set_index("score")
    last = company.groupby("customer_id")["score"].shift(1)
    seven = company["retained"][last == 7]
    assert rows.loc["7", "n"] == len(seven)
    assert rows.loc["7", "n_events"] == seven.sum()
    assert rows.loc["7", "estimate"] == pytest.approx(seven.mean())
    small = found.table[found.table["n"] < 10]
    assert small["estimate"].isna().all()
    assert list(found.display.columns) == [
        "score",
        "rows",
        "revenue, EUR",
        "retained, %",
    ]
    assert found.findings == ()


def test_by_score_cuts_a_fine_score_into_fifths(panel):
    found = roi.by_score(panel, ["revenue"])
    assert len(found.table) == 5
    assert found.table["n"].tolist() == [80] * 5


def test_by_score_without_a_common_row(panel):
    with pytest.raises(DataError, match="no row has both 'revenue' and 'score'"):
        roi.by_score(panel.assign(score=np.nan), ["revenue"])


def test_sensitivity_sentences():
    strong = roi.sensitivity(estimate=4.0, std_error=0.3, dof=5000)
    assert strong.text == (
        "An unmeasured cause would have to explain 17.2 % of what is left of both "
        "score and outcome to bring the estimate to zero, and 14.8 % to bring its "
        "interval there."
    )
    weak = roi.sensitivity(estimate=0.3, std_error=0.3, dof=5000)
    assert weak.robustness_ci == 0
    assert weak.text.endswith("to zero; the interval reaches that far already.")
    half = roi.sensitivity(estimate=4.0, std_error=0.3, dof=5000, q=0.5)
    assert "to bring the estimate by 50 %" in half.text


def test_sensitivity_arguments():
    with pytest.raises(ArgumentError, match="`std_error` is 0; it must lie in"):
        roi.sensitivity(estimate=1, std_error=0, dof=100)
    with pytest.raises(ArgumentError) as error:
        roi.sensitivity(
            estimate=1, std_error=1, dof=100, benchmark={"name": "a", "r2_scor": 0.1}
        )
    assert str(error.value) == "`benchmark` has 'r2_scor'; did you mean 'r2_score'?"
    with pytest.raises(ArgumentError, match="`benchmark` lacks 'r2_outcome'"):
        roi.sensitivity(
            estimate=1, std_error=1, dof=99, benchmark={"name": "a", "r2_score": 0.1}
        )
    huge = {"name": "a", "r2_score": 0.6, "r2_outcome": 0.1}
    with pytest.raises(
        ArgumentError, match="too strong: 1 times 'a' would explain all"
    ):
        roi.sensitivity(estimate=1, std_error=1, dof=99, benchmark=huge)


@given(
    st.floats(0.01, 50),
    st.floats(0.01, 10),
    st.integers(10, 100_000),
    st.floats(0.1, 1),
)
def test_robustness_properties(estimate, error, dof, q):
    found = roi.sensitivity(estimate=estimate, std_error=error, dof=dof, q=q)
    other = roi.sensitivity(estimate=-estimate, std_error=error, dof=dof, q=q)
    assert 0 <= found.robustness_ci <= found.robustness <= 1
    assert found.robustness == other.robustness
    scaled = roi.sensitivity(estimate=7 * estimate, std_error=7 * error, dof=dof, q=q)
    assert scaled.robustness == pytest.approx(found.robustness)
    f = q * estimate / error / dof**0.5
    assert found.robustness**2 / (1 - found.robustness) == pytest.approx(f**2, rel=1e-6)


def test_results_print_as_their_sentence(company, fits, placebo, diagnosis):
    for result in (fits, placebo, diagnosis):
        assert repr(result) == result.text
        assert isinstance(result.to_frame(), pd.DataFrame)


def test_a_few_who_come_back_are_said():
    rng = np.random.default_rng(4)
    rows = pd.DataFrame(
        {
            "customer_id": np.repeat(np.arange(300), 6),
            "period": np.tile(np.arange(6), 300),
            "score": rng.integers(0, 11, 1800),
            "retained": 1,
        }
    )
    gone = rows["customer_id"] < 100
    rows.loc[gone & (rows["period"] >= 3), "retained"] = 0
    assert "ends a customer's rows" in str(roi.panel(rows, outcomes=["retained"]).table)
    rows.loc[(rows["customer_id"] < 4) & (rows["period"] == 5), "retained"] = 1
    found = roi.panel(rows, outcomes=["retained"]).table.set_index("check")
    assert found.loc["retained", "status"] == "caution"
    assert "4 came back of the 100 who reached 0" in found.loc["retained", "detail"]
