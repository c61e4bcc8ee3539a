"""The sample programme, end to end: each notebook recovers what was planted."""

from __future__ import annotations

import html
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

from cxlib import simulate

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample"
TRUTH = json.loads((SAMPLE / "truth.json").read_text())
MARGIN, RATE, WEEKS, FIRST_DAY = 0.4, 0.08, 78, "2024-01-01"
CHECKOUT = "Checkout redesign, all channels"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    out = tmp_path_factory.mktemp("sample")
    done = subprocess.run(
        [sys.executable, "-m", "cxlib", "run", "params/sample", "--out", str(out)],
        cwd=ROOT, env={**os.environ, "CX_ROOT": str(ROOT)}, capture_output=True,
        text=True, timeout=900, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def table(site, notebook, name):
    (path,) = site.glob(f"sample/{notebook}/2*/tables/{name}.csv")
    return pd.read_csv(path)


def findings(site, notebook):
    (path,) = site.glob(f"sample/{notebook}/2*/results.json")
    told = json.loads(path.read_text())
    return {one["id"]: one for one in told["findings"]}


def shown(site, notebook, heading):
    """Return the rows of the printed table whose first heading is this."""
    (path,) = site.glob(f"sample/{notebook}/2*/report.html")
    page = path.read_text()
    for text in re.findall(r"<table.*?</table>", page, re.DOTALL):
        rows = [
            [html.unescape(re.sub(r"<[^>]+>", "", c)).strip() for c in cells]
            for row in re.findall(r"<tr.*?</tr>", text, re.DOTALL)
            if (cells := re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL))
        ]
        if rows and heading in rows[0]:
            return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    raise AssertionError(f"no table under {heading}")


def number(text):
    return float(text.replace(",", "").replace("−", "-").replace("+", ""))


def holds(row, truth, prefix=""):
    return row[f"{prefix}ci_lower"] <= truth <= row[f"{prefix}ci_upper"]


def test_nps_overall_waves_and_the_segment_that_fell(site):
    truth = TRUTH["responses"]
    score = table(site, "nps_segmentation", "score").iloc[0]
    assert holds(score, truth["nps"]["weighted"]["overall"])
    trend = table(site, "nps_segmentation", "trend").set_index("wave")
    for wave, nps in truth["nps"]["weighted"]["wave"].items():
        assert holds(trend.loc[wave], nps), wave
    change = table(site, "nps_segmentation", "change")
    change = change.set_index(["segment", "component"])
    for component, name in (("change", "total"), ("rate", "rate"), ("mix", "mix")):
        assert holds(
            change.loc["all", component], truth["last change"]["weighted"][name]
        )
    own = change.xs("change", level="component").drop("all")
    assert own.index[own["pvalue_adj"] < 0.05].tolist() == ["app"]
    hidden = table(site, "nps_segmentation", "segments").set_index("segment")["status"]
    assert hidden["Abroad"].startswith("hidden")


def test_weights_and_predictions_find_the_score_of_all_customers(site):
    truth = TRUTH["responses"]["nps"]["weighted"]["overall"]
    assert truth == pytest.approx(21.20, abs=0.005)
    for name in ("raking", "propensity"):
        rows = table(site, "nps_survey", name)
        assert holds(rows.iloc[1], truth), name
    base = table(site, "nps_survey", "whole_base").set_index("base")
    assert holds(base.loc["all invited"], truth)
    raw = table(site, "nps_survey", "score").iloc[0]
    assert raw["ci_lower"] > truth
    (manifest,) = site.glob("sample/nps_survey/2*/manifest.json")
    told = json.loads(manifest.read_text())["headline"]["decision"]
    assert "weighted for who answered" in told
    assert "is missed" in told


def test_search_and_change_point_find_what_was_planted(site):
    found = table(site, "nps_segmentation", "found_segments")
    low, high = found["segment"].iloc[0], found["against"].iloc[0]
    assert low.startswith("channel:")
    assert "call_centre" in low
    assert "store" in high
    assert found["effect_size_ci_upper"].iloc[0] < 0
    shift = table(site, "nps_segmentation", "change_point").set_index("wave")
    assert shift.index[shift["best"]].tolist() == ["2025-Q4"]
    planted = TRUTH["responses"]["last change"]["weighted"]["total"]
    assert holds(shift.loc["2025-Q4"], planted)


def test_drivers_are_ranked_as_planted(site):
    truth = TRUTH["responses"]["drivers"]["lmg share"]
    found = table(site, "nps_drivers", "drivers").set_index("driver")
    assert found["estimate"].idxmax() == max(truth, key=truth.get)
    assert all(holds(found.loc[name], share) for name, share in truth.items())


def test_themes_their_shares_and_what_they_cost(site):
    truth = TRUTH["responses"]["themes"]
    shares = table(site, "voc_coding", "shares")
    shares = shares[shares["segment"] == "all"].set_index("code")
    known = [name for name in truth if name in shares.index]
    assert len(known) == 9
    inside = [
        holds(shares.loc[n], truth[n]["prevalence without empty answers"])
        for n in known
    ]
    assert sum(inside) >= 8
    impact = (
        table(site, "voc_impact", "impact").set_index("code").loc[known, "estimate"]
    )
    assert impact.idxmin() == "delivery"
    clear = [n for n in known if abs(truth[n]["impact"]) > 1]
    assert all(impact[n] * truth[n]["impact"] > 0 for n in clear)
    terms = " ".join(table(site, "voc_coding", "suggestions")["terms"])
    assert "loyalty" in terms or "punti" in terms


def test_planted_personal_data_reach_no_file(site):
    written = [
        p for p in site.rglob("*") if p.suffix in {".html", ".csv", ".json", ".ipynb"}
    ]
    text = "".join(p.read_text() for p in written)
    assert len(TRUTH["pii"]) == 25
    assert [item["kind"] for item in TRUTH["pii"] if item["text"] in text] == []


def test_the_variant_wins_at_the_planted_step(site):
    truth = TRUTH["users"]
    metrics = table(site, "journey_comparison", "metrics").set_index("metric")
    planted = {
        "conversion": truth["conversion"]["difference"],
        "NPS": truth["nps"]["difference"],
        "spend per user (EUR)": truth["spend"]["difference"], "contacts per user": 0.0,
    }  # fmt: skip
    for name, size in planted.items():
        assert holds(metrics.loc[name], size, "effect_size_"), name
    gap = table(site, "journey_comparison", "funnel_gap").set_index("step")
    assert gap["effect_size"].idxmax() == "payment"
    assert gap["effect_size"].sum() == pytest.approx(
        metrics.loc["conversion", "effect_size"], abs=1e-9
    )
    decision = table(site, "journey_comparison", "decision")
    assert decision["decision"].tolist() == ["ship"]
    checks = table(site, "journey_comparison", "decision_checks")
    checks = checks.set_index("criterion")["met"]
    assert checks["criteria"] == "yes", "the sample's params differ from the registered"
    claims = table(site, "journey_comparison", "claims").set_index("metric")
    planted = TRUTH["users"]["conversion"]["difference"]
    assert holds(claims.loc["conversion"], planted, "claimed_effect_size_")
    parted = table(site, "journey_comparison", "divergence")
    assert parted.loc[parted["parts_here"], "touchpoint"].tolist() == ["checkout"]


def test_the_app_fell_and_help_did_nothing(site):
    change = table(site, "journey_observed", "difference").iloc[0]
    planted = TRUTH["responses"]["nps"]["weighted"]["wave and channel"]
    fall = planted["2025-Q4 app"] - planted["2025-Q3 app"]
    assert holds(change, fall, "effect_size_")
    assert change["effect_size_ci_upper"] < 0
    helped = table(site, "journey_observed", "touchpoint").set_index("comparison")
    assert holds(helped.loc["adjusted, everybody"], 0.0, "effect_size_")
    (page,) = site.glob("sample/journey_observed/2*/report.html")
    assert "Not an experiment. A change of NPS at 2025-10-01 is supported" in (
        page.read_text()
    )


def test_the_value_of_a_point(site):
    truth = TRUTH["periods"]["effect of one point of last month's score"]
    found = table(site, "roi_regression", "coefficients")
    found = found[found["term"] == "score"].set_index("outcome")
    assert holds(found.loc["revenue"], truth["revenue"])
    assert holds(found.loc["cost_to_serve"], truth["cost_to_serve"])
    assert found.loc["retained", "ci_lower"] > 0
    placebo = table(site, "roi_regression", "placebo")
    lead = placebo[placebo["lag"] == -1]
    assert ((lead["ci_lower"] <= 0) & (lead["ci_upper"] >= 0)).all()


def test_what_customers_who_leave_for_good_bring(site):
    """Five years of the same law, followed to the end, against one year's estimate."""
    months = simulate.periods(6000, months=60, rng=6)
    year = months.groupby("customer_id").cumcount() / 12
    left = MARGIN * months["revenue"] - months["cost_to_serve"]
    worth = (left / (1 + RATE) ** year).groupby(months["customer_id"]).sum()
    plan = months.groupby("customer_id")["plan"].first()
    found = table(site, "customer_value", "lifetime").set_index("customers")
    assert holds(found.loc["all customers"], worth.mean())
    for name, mean in worth.groupby(plan).mean().items():
        assert holds(found.loc[name], mean), name
    assert (found["naive_amount"] > found["ci_upper"]).all()


def test_what_customers_who_only_buy_will_bring(site):
    """The same shop followed five years on: purchases and margin are foretold."""
    n, years = 40_000, 5
    bought = simulate.purchases(n, weeks=WEEKS + 52 * years, rng=5)
    now = pd.Timestamp(FIRST_DAY) + pd.Timedelta(weeks=WEEKS)
    later = bought[bought["bought_at"] >= now]
    ahead = (later["bought_at"] - now).dt.days / 365.25
    discounted = (later["amount"] / (1 + RATE) ** ahead).sum() * MARGIN / n
    found = table(site, "customer_value", "repeats").set_index("quantity")
    assert holds(found.loc["repeat purchases of a present customer"], len(later) / n)
    assert holds(found.loc["value of a present customer"], discounted)
    assert holds(found.loc["amount of a purchase"], 35.0)
    told = findings(site, "customer_value")["value of a present customer"]["statement"]
    assert "Held back as a test" in told
    assert "trust the value less" not in told


def test_what_contacts_cost_and_who_comes_back(site):
    truth = simulate.contact_truth()
    found = findings(site, "customer_value")
    assert holds(found["a repeat contact"], truth.repeat_cost)
    more = found["further contacts where the first did not solve it"]
    assert holds(more, truth.more_contacts)
    rows = table(site, "customer_value", "contacts").set_index("theme")
    parts = rows.drop("all themes")
    for column in ("n", "total_amount", "repeat_amount"):
        assert parts[column].sum() == pytest.approx(rows.loc["all themes", column])


def test_the_roll_out_delivered_what_was_planted(site):
    truth = TRUTH["rollout"]
    found = table(site, "roi_tracking", "delivered")
    overall = found[found["part"] == "overall"].iloc[0]
    assert holds(overall, truth["revenue per treated store and month"])
    assert holds(findings(site, "roi_tracking")["revenue_total"],
                 MARGIN * truth["revenue in all"])  # fmt: skip
    usual = table(site, "roi_tracking", "usual_regression").iloc[0]
    assert usual["ci_upper"] < overall["ci_upper"], "effects that fall pull it down"
    before = found[(found["part"] == "event") & found["before"].astype(bool)]
    assert ((before["band_lower"] <= 0) & (before["band_upper"] >= 0)).all()
    cells = table(site, "roi_tracking", "cells")
    for first, size in truth["by cohort"].items():
        own = cells[(cells["cohort"] == first) & (cells["event"] >= 0)]
        spread = own["std_error"].max() * 3
        assert own["estimate"].mean() == pytest.approx(size, abs=spread), first


def test_the_returns_desk_saved_contacts_in_all_stores(site):
    truth = TRUTH["rollout"]
    stores = pd.read_csv(SAMPLE / "rollout.csv")["unit"].nunique()
    rows = table(site, "roi_tracking", "course").set_index("part")
    after = rows.loc["mean after the date"]
    assert holds(after, stores * truth["contacts per store and month"])
    money = findings(site, "roi_tracking")["contacts_money"]
    saved = -after["estimate"] * after["n"] * truth["cost of a contact"]
    assert money["estimate"] == pytest.approx(saved)


def test_promises_are_kept_as_badly_as_planted(site):
    truth = TRUTH["claims"]
    found = findings(site, "roi_tracking")
    assert holds(found["delivered_per_promised"], truth["delivered per promised"])
    assert holds(found["coverage_of_80"], truth["share of 80 % intervals that hold"])
    assert holds(found["cost_factor"], truth["actual over planned cost"])
    assert holds(found["time_factor"], truth["actual over planned time"])


def test_what_each_returns_less_what_is_counted_twice_is_the_whole(site):
    rows = table(site, "roi_investment", "returns")
    each, whole = rows.iloc[:-1], rows.iloc[-1]
    together = each["npv_amount"].sum() - whole["removed_amount"]
    assert whole["npv_amount"] == pytest.approx(together, abs=0.01)
    assert each["removed_amount"].sum() == pytest.approx(whole["removed_amount"])
    assert each["cost_amount"].sum() == pytest.approx(whole["cost_amount"])
    assert rows["share_positive"].between(0, 1).all()
    assert (rows["p10_amount"] < rows["p50_amount"]).all()
    assert (rows["p50_amount"] < rows["p90_amount"]).all()
    ratio = rows["npv_amount"] / rows["cost_amount"]
    assert np.allclose(rows["rel_roi"], ratio)
    taken = shown(site, "roi_investment", "taken out")
    assert {row["initiative"] for row in taken} == {CHECKOUT, "App stability squad"}
    assert sum(number(row["taken out"]) for row in taken) == pytest.approx(
        whole["removed_amount"], abs=len(taken)
    )


def test_the_cfo_s_difference_is_the_sum_of_its_reasons(site):
    rows = table(site, "roi_investment", "sceptic").set_index("initiative")
    gap = rows["theirs_amount"] - rows["ours_amount"]
    assert np.allclose(rows["difference_amount"], gap)
    parts = shown(site, "roi_investment", "its part")
    whole = rows.loc["all together", "difference_amount"]
    assert sum(number(p["its part"]) for p in parts) == pytest.approx(whole, abs=4)
    given = yaml.safe_load((ROOT / "params/sample/_roi_cfo.yaml").read_text())
    reasons = [given["margin"]["why"], given["discount_rate"]["why"]]
    reasons += [one["why"] for one in given["initiatives"].values()]
    assert {p["why"] for p in parts} == set(reasons)
    same = table(site, "roi_investment", "returns").set_index("initiative")
    ours = rows.loc[same.index, "ours_amount"]
    assert np.allclose(ours, same["npv_amount"])


def test_knowing_one_input_is_worth_less_than_knowing_all(site):
    known = table(site, "roi_investment", "information")
    for _, rows in known.groupby("decision"):
        whole = rows.loc[rows["kind"] == "everything", "estimate"].iloc[0]
        assert (rows["estimate"] <= whole + 1e-9).all()
        assert (rows["estimate"] >= 0).all()
    single = known[(known["decision"] == "which to fund") & (known["kind"] == "input")]
    exact = single.set_index("input")["estimate"]
    study = table(site, "roi_investment", "study").set_index("initiative")
    for name, row in study.iterrows():
        assert row["estimate"] <= exact[f"effect of {name}"] + 1e-9
        gained = row["estimate"] - row["cost_amount"] - row["wait_amount"]
        assert row["net_amount"] == pytest.approx(gained)


def test_the_chosen_fit_the_money_of_each_quarter_and_what_they_need(site):
    given = yaml.safe_load((ROOT / "params/sample/roi_choice.yaml").read_text())
    chosen = table(site, "roi_choice", "chosen").set_index("initiative")
    inside = set(chosen.index[chosen["chosen"]])
    assert inside
    needs = pd.read_csv(SAMPLE / "initiatives.csv").set_index("name")["needs"].dropna()
    assert all(other in inside for name, other in needs.items() if name in inside)
    road = table(site, "roi_choice", "roadmap")
    assert set(road["initiative"]) == inside
    spent = road.groupby("quarter", sort=False)["cost_amount"].sum()
    quarters = pd.period_range(given["first_quarter"], periods=4, freq="Q")
    most = dict(zip([str(q).replace("Q", "-Q") for q in quarters],
                    given["quarter_budget"], strict=True))  # fmt: skip
    assert (spent.cumsum() <= np.cumsum([most[q] for q in spent.index]) + 1e-6).all()
    assert (spent <= [most[q] for q in spent.index]).all()
    assert road["cost_amount"].sum() == pytest.approx(
        chosen.loc[sorted(inside), "upfront_amount"].sum()
    )


def test_the_chosen_lose_to_perfect_foresight_and_beat_the_favoured(site):
    found = findings(site, "roi_choice")
    assert found["regret of the chosen"]["estimate"] >= 0
    assert found["loss of the favoured pick"]["estimate"] > 0
    ranks = table(site, "roi_choice", "ranks")
    assert ranks["share_first"].sum() == pytest.approx(1.0)
    assert (ranks["rank_lower"] <= ranks["rank"]).all()
    assert (ranks["rank"] <= ranks["rank_upper"]).all()
    front = table(site, "roi_choice", "frontier").set_index("initiative")
    for name, beaten_by in front["dominated_by"].dropna().items():
        for other in beaten_by.split("; "):
            better, worse = front.loc[other], front.loc[name]
            assert better["npv_amount"] >= worse["npv_amount"]
            assert better["effort"] <= worse["effort"]
            assert better["share_loss"] <= worse["share_loss"]


def test_both_plans_see_the_same_returns(site):
    one, other = (
        table(site, name, "returns") for name in ("roi_investment", "roi_choice")
    )
    pd.testing.assert_frame_equal(one, other)


def test_a_point_is_worth_the_sum_of_its_parts_wherever_it_is_valued(site):
    apart = table(site, "roi_regression", "value")
    used = table(site, "roi_investment", "value")
    pd.testing.assert_frame_equal(apart, used)
    parts, whole = apart["estimate"].iloc[:-1], apart["estimate"].iloc[-1]
    assert parts.sum() == pytest.approx(whole)
