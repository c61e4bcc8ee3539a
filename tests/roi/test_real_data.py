"""Real data through `data.read` and the notebook's own calls."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from cxlib import data, roi

PARAMS = Path(__file__).resolve().parents[1] / "params"
TELCO = ((1, 922, 922), (2, 518, 518), (3, 429, 2665), (4, 0, 1789), (5, 0, 1149))


@pytest.fixture(scope="module")
def telco():
    """Read as the params file says, from the project's root."""
    params = yaml.safe_load((PARAMS / "ibm_telco/roi_regression.yaml").read_text())
    if not Path(data.project_root(), params["periods"]["path"]).exists():
        pytest.skip("acceptance data ../shared/data/ibm_telco is not on this machine")
    return params, data.read(
        "periods", params["periods"], needs=params["outcomes"]
    ).frame


def test_complete_separation_is_said_with_its_table(telco):
    params, frame = telco
    told = roi.by_score(frame, params["outcomes"], lag=params["lag"])
    assert told.separated == {"churned": "quasi-complete"}
    counts = ", ".join(f"score {s}: {x:,} of {n:,}" for s, x, n in TELCO)
    assert (
        f"The score separates churned (quasi-complete separation): {counts}."
        in told.text
    )
    rows = told.table[told.table["outcome"] == "churned"]
    assert rows[["n_events", "n"]].to_numpy(int).tolist() == [
        [x, n] for _, x, n in TELCO
    ]


def test_the_logit_is_refused_and_the_rest_goes_on(telco):
    params, frame = telco
    fits = roi.fit_outcomes(frame, params["outcomes"], lag=0)
    assert [name for name, _ in fits.refused] == ["churned"]
    (fit,) = fits.fits
    assert (fit.spec.outcome, fit.spec.model) == ("lifetime_value", "pooled")
    assert fit.n == 7043
    diagnosis = roi.diagnose(frame, fits)
    assert diagnosis.wording == {"lifetime_value": "association"}
    assert diagnosis.text.endswith("Churned is not estimated.")
    assert roi.caveats(fits, diagnosis)[0].startswith(
        "Not estimated: 'score' separates 'churned' (quasi-complete separation)"
    )
    value = roi.point_value(fits, margin=0.4, diagnosis=diagnosis)
    assert value.reason == "none of revenue, cost to serve and retained was estimated"


def test_with_demographics_joined_the_panel_is_still_a_cross_section(telco):
    _, frame = telco
    found = roi.panel(frame, outcomes=["churned"], lag=0)
    assert (found.n_customers, found.cross_section) == (7043, True)


def test_purchases_by_quarter_make_a_panel(shared):
    """CDNOW: last quarter's number of orders against this quarter's spending."""
    import pandas as pd

    orders = pd.read_csv(
        shared("data/cdnow/CDNOW_master.txt"), sep=r"\s+", skiprows=1, header=None,
        names=["customer_id", "day", "units", "revenue"],
    )  # fmt: skip
    assert orders["revenue"].sum() == pytest.approx(2_500_315.63)
    orders["period"] = pd.to_datetime(
        orders["day"].astype(str), format="%Y%m%d"
    ).dt.to_period("Q")
    grid = pd.MultiIndex.from_product(
        [orders["customer_id"].unique()[:4000], orders["period"].unique()],
        names=["customer_id", "period"],
    )
    grouped = orders.groupby(["customer_id", "period"])
    panel = grouped.agg(revenue=("revenue", "sum"), score=("units", "size"))
    panel = panel.reindex(grid, fill_value=0.0).reset_index()
    found = roi.fit(panel, "revenue")
    assert (found.period, found.n_customers) == ("quarter", 4000)
    assert (
        found.row["estimate"] < 0
    )  # within customers, a full quarter is followed by less
    pooled = roi.fit(panel, "revenue", model="pooled")
    assert pooled.row["estimate"] > 0  # between customers, buyers buy again
