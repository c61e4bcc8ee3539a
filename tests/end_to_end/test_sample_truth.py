"""The sample programme, end to end: each notebook recovers what was planted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
TRUTH = json.loads((ROOT / "data" / "sample" / "truth.json").read_text())

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
