"""Real exports through `cx run`: the numbers, the state and the page of each run.

The params files live in tests/params/<data set>/; their data are not part of this
project. Reference numbers were computed independently (README of the data folder).
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from statsmodels.duration.hazard_regression import PHReg

ROOT = Path(__file__).parents[2]
PARAMS = ROOT / "tests" / "params"
SHARED = ROOT.parent / "shared" / "data"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not SHARED.is_dir(), reason=f"no real data at {SHARED.name}/"),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Every params file under tests/params, run once."""
    out = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "cxlib", "run", str(PARAMS), "--out", str(out)],
        cwd=ROOT, env={**os.environ, "CX_ROOT": str(ROOT)}, capture_output=True,
        text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 1, 2, 3}, done.stderr
    return out, done


class Run:
    """One run folder of the site."""

    def __init__(self, out: Path, programme: str, name: str) -> None:
        (self.folder,) = [
            p.parent for p in out.glob(f"{programme}/{name}/*/manifest.json")
        ]
        self.manifest = json.loads((self.folder / "manifest.json").read_text())
        self.page = (self.folder / "report.html").read_text()

    @property
    def findings(self) -> dict:
        results = json.loads((self.folder / "results.json").read_text())
        return {f["id"]: f for f in results["findings"]}

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / "tables" / f"{name}.csv")


def holds(row, truth):
    return row["ci_lower"] <= truth <= row["ci_upper"]


def test_exit_code_is_that_of_the_data_stops(site):
    out, done = site
    states = {
        str(p.parent.parent.relative_to(out)): json.loads(p.read_text())["status"]
        for p in out.glob("*/*/*/manifest.json")
    }
    assert set(states.values()) <= {"ok", "data"}, (states, done.stdout)
    assert done.returncode == 3
    assert (out / "index.html").is_file()


def test_telco_score_and_touchpoints(site):
    run = Run(site[0], "telco", "nps_segmentation")
    score = run.table("score").iloc[0]
    assert score["n"] == 2353
    assert score["estimate"] == pytest.approx(-24.69, abs=0.005)
    assert score["std_error"] == pytest.approx(1.81, abs=0.005)
    segments = run.table("segments").set_index("segment")
    expected = {
        "Order": (-9.98, 962), "First Payment": (-29.29, 1130),
        "Equipment Received": (-56.71, 231), "Service in Use": (-76.67, 30),
    }  # fmt: skip
    for name, (nps, n) in expected.items():
        assert segments.loc[name, "estimate"] == pytest.approx(nps, abs=0.005)
        assert segments.loc[name, "n"] == n


def test_cncf_five_waves(site):
    run = Run(site[0], "cncf", "nps_segmentation")
    waves = run.table("trend").set_index("wave")
    expected = {
        "2020H2": (55.67, 97), "2021H1": (72.04, 93), "2021H2": (62.75, 102),
        "2022H1": (44.44, 99), "2022H2": (49.57, 117),
    }  # fmt: skip
    for wave, (nps, n) in expected.items():
        assert waves.loc[wave, "estimate"] == pytest.approx(nps, abs=0.005)
        assert waves.loc[wave, "n"] == n


def test_cncf_tracker_has_limits_and_a_dated_change(site):
    run = Run(site[0], "cncf", "nps_segmentation")
    chart = run.table("control_chart").set_index("wave")
    assert (chart["limit_lower"] < chart["centre"]).all()
    assert (chart["limit_upper"] > chart["centre"]).all()
    shift = run.table("change_point")
    assert shift["best"].sum() == 1
    assert len(shift) == 4


def test_telco_without_invitations_says_so(site):
    run = Run(site[0], "telco", "nps_survey")
    assert run.manifest["status"] == "ok"
    assert run.table("score").iloc[0]["estimate"] == pytest.approx(-24.69, abs=0.005)
    assert "not of all customers" in run.manifest["headline"]["decision"]
    assert "No invitations were given" in run.page
    assert len(run.table("ways")) == 1


def test_planted_checkout_bug_is_not_claimed_against_the_time_before(site):
    run = Run(site[0], "rete_ecom", "journey_observed")
    assert run.manifest["status"] == "ok"
    rows = run.table("before_after").set_index("comparison")
    before, after = rows.loc["the period before"], rows.loc["the period after"]
    assert before["control"] == pytest.approx(5 / 58)
    assert before["treatment"] == pytest.approx(3 / 89)
    assert after["control"] == pytest.approx(29 / 178)
    assert before["pvalue"] == pytest.approx(0.26, abs=0.005)
    assert after["pvalue"] == pytest.approx(0.0022, abs=5e-5)
    told = run.manifest["headline"]["decision"]
    assert "is not claimed: it differs from the period after but not clearly" in told


def test_skytrax_drivers(site):
    run = Run(site[0], "skytrax", "nps_drivers")
    assert run.manifest["status"] == "ok"
    assert "5 drivers together explain 77.0 %" in run.page
    drivers = run.table("drivers").set_index("driver")
    assert drivers["r2_part"].sum() == pytest.approx(0.770, abs=0.0005)
    assert drivers["relative_weight"].sum() == pytest.approx(0.770, abs=0.0005)
    assert drivers.loc["seat_width_rating", "coefficient"] == pytest.approx(
        0.675, abs=0.0005
    )
    assert drivers.loc["viewing_tv_rating", "place"] == "well rated, less at stake"
    assert "cannot be told" in run.manifest["headline"]["decision"]
    assert len(run.page) < 300_000


def test_simple_shop_conversion_and_gate(site):
    run = Run(site[0], "simple_shop", "journey_comparison")
    assert run.manifest["status"] == "ok"
    assert run.table("sample_ratio")["pvalue"].iloc[0] == pytest.approx(0.57, abs=0.005)
    metrics = run.table("metrics").set_index("metric")
    paid = metrics.loc["conversion"]
    assert paid["control"] == pytest.approx(0.1483, abs=5e-5)
    assert paid["treatment"] == pytest.approx(0.2274, abs=5e-5)
    assert "not_in_test" in run.page


def test_cookie_cats_is_stopped_by_its_sample_ratio(site):
    run = Run(site[0], "cookie_cats", "journey_comparison")
    assert run.manifest["status"] == "data"
    assert run.manifest["exit_code"] == 3
    assert "0.0086" in run.manifest["error"]
    assert "sample" in run.manifest["error"].lower()
    assert "44,700" in run.page


def test_hillstrom_three_arms(site):
    run = Run(site[0], "hillstrom", "journey_comparison")
    metrics = run.table("metrics")
    spend = metrics[metrics["metric"] == "spend"].set_index("treatment_arm")
    assert spend.loc["Mens E-Mail", "effect_size"] == pytest.approx(0.7698, abs=5e-5)
    assert spend.loc["Womens E-Mail", "effect_size"] == pytest.approx(0.4244, abs=5e-5)


def test_jupyter_ux_codebook(site):
    run = Run(site[0], "jupyter_ux", "voc_coding")
    assert run.manifest["status"] == "ok"
    assert len(run.table("shares")) >= 8


def test_telco_themes_and_what_they_are_tied_to(site):
    """Nobody coded by hand: the machine's counts, marked so, and association."""
    coding = Run(site[0], "telco", "voc_coding")
    assert set(coding.table("shares")["basis"]) == {"machine only"}
    assert len(coding.table("by_stage")["segment"].unique()) == 5
    assert "nobody has checked them by hand" in coding.page
    impact = Run(site[0], "telco", "voc_impact")
    rows = impact.table("impact").set_index("code")
    whole = -24.77
    back = (rows["n"] * (rows["score_with"] - whole) / (2347 - rows["n"])).round(0)
    assert (back - rows["estimate"].round(0)).abs().max() <= 1
    words = impact.table("sentiment").iloc[1]
    assert words["estimate"] > 0.9
    assert impact.findings["sentiment_auc"]["ci_lower"] > 0.9


def test_ibm_telco_separation_is_said(site):
    run = Run(site[0], "ibm_telco", "roi_regression")
    assert "separation" in (run.page + run.manifest["error"]).lower()


def test_ibm_telco_leaving_by_contract_and_charges(site):
    """Against an independent fit of the same Cox model; new customers are left out."""
    run = Run(site[0], "ibm_telco", "customer_value")
    assert run.manifest["status"] == "ok"
    rows = run.table("leaving").set_index("term")
    assert (rows["n"] == 7032).all()
    assert (rows["n_events"] == 1869).all()
    raw = pd.read_csv(SHARED / "ibm_telco" / "Telco-Customer-Churn.csv")
    raw = raw[raw["tenure"] > 0]
    terms = pd.DataFrame(
        {
            "score": raw["MonthlyCharges"],
            "contract: One year": raw["Contract"] == "One year",
            "contract: Two year": raw["Contract"] == "Two year",
        }
    ).astype(float)
    left = (raw["Churn"] == "Yes").to_numpy().astype(int)
    oracle = PHReg(raw["tenure"], terms, status=left, ties="efron").fit()
    found = rows.loc[terms.columns, "log_hazard_ratio"]
    assert found.to_numpy() == pytest.approx(oracle.params, abs=1e-6)
    assert holds(rows.loc["score"], 0.0)
    assert rows.loc["contract: Two year", "hazard_ratio_ci_upper"] < 0.03


def test_cdnow_repeat_purchases_are_foretold(site):
    run = Run(site[0], "cdnow", "customer_value")
    assert run.manifest["status"] == "ok"
    rows = run.table("repeats").set_index("quantity")
    assert (rows["n"].drop("repeat buyers still active") == 23570).all()
    text = run.findings["value of a present customer"]["statement"]
    made, foretold = (
        float(re.search(pattern, text)[1].replace(",", ""))
        for pattern in (r"weeks had ([\d,]+) purchases", r"foretold were ([\d,]+)")
    )
    assert made == held_back()
    assert foretold == pytest.approx(made, rel=0.1)
    active = rows.loc["present customers still active", "estimate"]
    assert 0.7 < active < 0.85


def held_back() -> int:
    """Count the days with a purchase after a customer's first, in the last third."""
    log = pd.read_csv(SHARED / "cdnow" / "CDNOW_master.txt", sep=r"\s+", header=None,
                      skiprows=1, names=["who", "day", "units", "amount"])  # fmt: skip
    days = log.drop_duplicates(["who", "day"])
    when = pd.to_datetime(days["day"].astype(str))
    return int((when > when.max() - pd.Timedelta(weeks=26)).sum())


def test_grunfeld_ten_firms_print_the_jackknife_error(site):
    """Against the same regression with dummies and each firm left out in turn."""
    run = Run(site[0], "grunfeld", "roi_regression")
    assert run.manifest["status"] == "ok"
    row = run.table("coefficients").set_index("term").loc["score"]
    assert (row["n"], row["df"]) == (190, 9)
    firms = pd.read_csv(SHARED.parent / "oracles" / "data" / "grunfeld.csv")
    firms = firms.sort_values(["firm", "year"])
    before = firms.groupby("firm")[["value", "capital"]].shift(1)
    rows = firms[["firm", "year", "inv"]].join(before).dropna()
    whole = within(rows)
    assert row["estimate"] == pytest.approx(whole, rel=1e-8)
    each = [within(rows[rows["firm"] != one]) for one in rows["firm"].unique()]
    spread = (0.9 * sum((b - whole) ** 2 for b in each)) ** 0.5
    assert row["std_error"] == pytest.approx(spread, rel=1e-6)
    assert "delete-one-cluster jackknife by customer_id (10), t(9)" in run.page


def within(rows: pd.DataFrame) -> float:
    """Coefficient of the firm's value with a dummy for each firm and year."""
    dummies = pd.get_dummies(rows[["firm", "year"]].astype(str), dtype=float)
    design = np.column_stack([rows[["value", "capital"]], dummies])
    return float(np.linalg.lstsq(design, rows["inv"], rcond=None)[0][0])


@pytest.fixture(scope="module")
def mailing(site, tmp_path_factory):
    """What Hillstrom's test may claim, put into a business case of a monthly mail."""
    base = tmp_path_factory.mktemp("mailing")
    tested = Run(site[0], "hillstrom", "journey_comparison")
    plan = pd.DataFrame({"name": ["Men's mail", "Women's mail"]}).assign(
        cost=2000, effect=0.5, effect_low=0.1, effect_high=0.9, effect_on="revenue",
        times_a_year=12, reach=64_000, duration=12, running_cost=12 * 0.01 * 64_000,
        driver="mail",
    )  # fmt: skip
    plan.to_csv(base / "plan.csv", index=False)
    claims = {
        name: {"results": str(tested.folder / "results.json"),
               "finding": f"spend_{arm}_e_mail_claim"}
        for name, arm in (("Men's mail", "mens"), ("Women's mail", "womens"))
    }  # fmt: skip
    given = {
        "initiatives": {"path": str(base / "plan.csv")}, "periods": {},
        "point": {"amount": 0, "source": "not used", "owner": "nobody"},
        "measured": claims, "against": "", "margin": 0.3, "horizon": 1,
        "discount_rate": 0.08, "customers": 64_000, "currency": "USD",
    }  # fmt: skip
    folder = base / "params" / "hillstrom"
    folder.mkdir(parents=True)
    (folder / "roi_investment.yaml").write_text(yaml.safe_dump(given))
    subprocess.run(
        [sys.executable, "-m", "cxlib", "run", str(folder), "--out", str(base / "out")],
        cwd=ROOT, env={**os.environ, "CX_ROOT": str(ROOT)}, capture_output=True,
        text=True, timeout=600, check=True,
    )  # fmt: skip
    return tested, Run(base / "out", "hillstrom", "roi_investment")


def test_hillstrom_from_the_test_to_the_business_case(mailing):
    """Claim x 12 mails x margin x customers, less the mails, month by month."""
    tested, case = mailing
    planned = case.table("flips").drop_duplicates("decision").set_index("decision")
    returns = case.table("returns").set_index("initiative")
    for name, arm in (("Men's mail", "mens"), ("Women's mail", "womens")):
        claim = tested.findings[f"spend_{arm}_e_mail_claim"]["estimate"]
        a_year = claim * 12 * 0.3 * 64_000 - 12 * 0.01 * 64_000
        by_hand = sum(a_year / 12 * 1.08 ** (-month / 12) for month in range(1, 13))
        by_hand -= 2000
        assert planned.loc[name, "npv_amount"] == pytest.approx(by_hand)
        spread = returns.loc[name, "p90_amount"] - returns.loc[name, "p10_amount"]
        assert returns.loc[name, "npv_amount"] == pytest.approx(
            by_hand, abs=0.1 * spread
        )
    assert set(returns["evidence"].dropna()) == {"randomised"}


def test_hillstrom_two_mails_to_the_same_customers_are_counted_once(mailing):
    returns = mailing[1].table("returns").set_index("initiative")
    each, whole = returns.drop("all together"), returns.loc["all together"]
    assert whole["npv_amount"] == pytest.approx(
        each["npv_amount"].sum() - whole["removed_amount"], abs=0.01
    )
    assert whole["npv_amount"] < each["npv_amount"].max(), "the second only costs"
    told = mailing[1].manifest["headline"]["decision"]
    assert "Not all of them together: Women's mail costs" in told


@pytest.mark.parametrize(
    "programme", sorted(p.name for p in PARAMS.glob("*") if p.is_dir())
)
def test_each_page_is_offline_and_private(site, programme):
    for page in site[0].glob(f"{programme}/*/*/report.html"):
        text = page.read_text()
        assert "Content-Security-Policy" in text
        assert "default-src 'none'" in text
        assert 'src="http' not in text
        assert "<link" not in text
        assert "Traceback (most recent call last)" not in text


ASPECTS = (
    "cleanliness", "comfort", "amenities", "staff", "value", "wifi", "location",
)  # fmt: skip


@pytest.fixture(scope="module")
def hotels(tmp_path_factory):
    """2,500 Italian hotel sentences, 250 with human codes; then the codes of all."""
    base = tmp_path_factory.mktemp("hotels")
    source = SHARED / "absita_2018_it" / "absita_2018_training.csv"
    all_rows = pd.read_csv(source, sep=";").sample(2500, random_state=4)
    all_rows.to_csv(base / "hotels.csv", sep=";", index=False)
    read = all_rows.sample(250, random_state=5)
    rows = [
        (row["sentence_id"], "gold", code)
        for row in read.to_dict("records")
        for code in [a for a in ASPECTS if row[f"{a}_presence"]] or [""]
    ]
    table = pd.DataFrame(rows, columns=["verbatim_id", "coder", "code"])
    table.to_csv(base / "codings.csv", index=False)
    text = (PARAMS / "absita" / "voc_coding.yaml").read_text()
    text = text.replace(
        "../shared/data/absita_2018_it/absita_2018_training.csv",
        str(base / "hotels.csv"),
    ).replace("codings: {}", f"codings: {{path: {base / 'codings.csv'}}}")
    folder = base / "params" / "hotels"
    folder.mkdir(parents=True)
    (folder / "voc_coding.yaml").write_text(text)
    subprocess.run(
        [sys.executable, "-m", "cxlib", "run", str(folder), "--out", str(base / "out")],
        cwd=ROOT, env={**os.environ, "CX_ROOT": str(ROOT)}, capture_output=True,
        text=True, timeout=600, check=True,
    )  # fmt: skip
    truth = {a: float(all_rows[f"{a}_presence"].mean()) for a in ASPECTS}
    return Run(base / "out", "hotels", "voc_coding"), truth


def test_a_few_human_codes_correct_the_count_of_all(hotels):
    """People coded all of these sentences; the run saw a tenth of their codes."""
    run, truth = hotels
    shares = run.table("shares").set_index("code")
    real = pd.Series(truth)
    inside = (shares["ci_lower"] <= real) & (real <= shares["ci_upper"])
    assert inside.sum() >= 6, shares.assign(truth=real)
    machine = (shares["share_machine"] - real).abs()
    assert (shares["estimate"] - real).abs().max() < machine.max()
    coder = run.table("coder").set_index("code")
    assert coder.loc["(mean of codes)", "estimate"] >= 0.7
    assert "hand codes" in set(coder["basis"])
