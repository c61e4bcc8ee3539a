"""Unusual but honest parameters: every notebook answers, or stops with a sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "data" / "sample"

# case: (notebook, parameters, exit code)
CASES = {
    "impact_nothing_coded_by_hand": ("voc_impact", {"codings": {}}, 0),
    "impact_no_score": ("voc_impact", {"scale": ""}, 0),
    "impact_no_wave": ("voc_impact", {"wave": "", "cluster": ""}, 0),
    "impact_if_solved": ("voc_impact", {"if_solved": {"delivery": 0.5}}, 0),
    "impact_if_solved_unknown": ("voc_impact", {"if_solved": {"delivry": 0.5}}, None),
    "impact_rules_no_embeddings": ("voc_impact", {"coder": "rules",
                                   "embeddings": "none", "weights": "weight"}, 0),
    "impact_few": ("voc_impact", {"responses": {"path": "few.csv"}}, 0),
    "impact_hostile": ("voc_impact", {"responses": {"path": "hostile.csv"}}, 0),
    "voc_rules": ("voc_coding", {"coder": "rules", "copies": "once"}, 0),
    "voc_stage_and_book_before": ("voc_coding", {"stage": "plan",
        "codebook_before": "data/sample/codebook.yaml", "language": ""}, 0),
    "voc_unknown_coder": ("voc_coding", {"coder": "magic"}, None),
    "voc_nothing_coded_by_hand": ("voc_coding", {"codings": {}}, 0),
    "voc_no_score": ("voc_coding", {"scale": ""}, 0),
    "voc_no_segment_no_wave": ("voc_coding", {"segment": "", "wave": ""}, 0),
    "voc_no_quotes": ("voc_coding", {"n_quotes": 0}, 0),
    "voc_weighted": ("voc_coding", {"weights": "weight"}, 0),
    "voc_blank_verbatims": ("voc_coding", {"responses": {"path": "blank.csv"}}, 3),
    "voc_few": ("voc_coding", {"responses": {"path": "few.csv"}}, 0),
    "voc_hostile": ("voc_coding", {"responses": {"path": "hostile.csv"}}, 0),
    "voc_codebook_missing": ("voc_coding", {"codebook": "nowhere.yaml"}, 3),
    "voc_codebook_broken": ("voc_coding", {"codebook": "broken.yaml"}, None),
    "sheet_first_round": ("coding_sheet", {"codings": {}, "embeddings": "none"}, 0),
    "sheet_hostile": ("coding_sheet", {"responses": {"path": "hostile.csv"}}, 0),
    "sheet_few": ("coding_sheet", {"responses": {"path": "few.csv"}}, 0),
    "sheet_no_coders": ("coding_sheet", {"coders": [], "segment": "",
                        "language": ""}, 0),
    "sheet_bad_coder": ("coding_sheet", {"coders": ["../x"]}, 2),
    "nps_plain": (
        "nps_segmentation",
        {"weights": "", "cluster": "", "segments": [], "wave": ""},
        0,
    ),
    "nps_csat": ("nps_segmentation", {"responses": {"path": "csat.csv"},
                 "scale": "csat", "target": 0.8}, 0),
    "nps_mean": ("nps_segmentation", {"responses": {"path": "csat.csv"},
                 "scale": "csat_mean", "target": 4.0}, 0),
    "nps_own_scale": ("nps_segmentation", {"responses": {"path": "csat.csv"}, "scale": {
        "name": "stars", "low": 1, "high": 5, "kind": "share", "top_from": 5},
        "target": None}, 0),
    "nps_paired": ("nps_segmentation", {"respondent": "account_id"}, 0),
    "nps_level": ("nps_segmentation", {"confidence_level": 0.8}, 0),
    "nps_unknown_wave": ("nps_segmentation", {"wave_to": "2031-Q1"}, None),
    "nps_no_search": ("nps_segmentation", {"league": False, "search": False}, 0),
    "survey_no_invitations": ("nps_survey", {"invitations": {}}, 0),
    "survey_no_margins": ("nps_survey", {"margins": {}}, 0),
    "survey_no_accounts": ("nps_survey", {"account": "", "cluster": "",
                           "followed": ""}, 0),
    "survey_wrong_level": ("nps_survey", {"margins": {"plan": {
        "basic": 0.5, "plus": 0.3, "gold": 0.2}}}, 3),
    "survey_unknown_covariate": ("nps_survey", {"covariates": ["chanel"]}, 3),
    "survey_csat": ("nps_survey", {"responses": {"path": "csat.csv"},
                    "scale": "csat", "target": 0.8, "plan_differences": [0.05]}, 0),
    "survey_differences_of_another_scale": ("nps_survey", {
        "responses": {"path": "csat.csv"}, "scale": "csat", "target": 0.8}, 2),
    "survey_mean": ("nps_survey", {"responses": {"path": "csat.csv"},
                    "scale": "csat_mean", "target": 4.0,
                    "plan_differences": [0.1]}, 0),
    "survey_design_weights": ("nps_survey", {"weights": "weight"}, 0),
    "survey_census": ("nps_survey", {"responses": {"path": "census.csv"},
                      "strata": "region", "fpc": "customers", "cluster": ""}, 0),
    "survey_few": ("nps_survey", {"responses": {"path": "few.csv"},
                   "invitations": {}, "margins": {}}, 0),
    "survey_all_off": ("nps_survey", {
        "invitations": {}, "cluster": "", "covariates": [], "margins": {},
        "target": None, "account": "", "wave": "", "followed": "", "feature": "",
        "feature_covariates": [], "plan_differences": [], "cut_by": ""}, 0),
    "drivers_csat": ("nps_drivers", {"responses": {"path": "csat.csv"},
                     "scale": "csat"}, 0),
    "drivers_ces_mean": ("nps_drivers", {"responses": {"path": "csat.csv"},
                         "scale": {"name": "effort", "low": 1, "high": 7,
                                   "kind": "mean"}}, 0),
    "drivers_one": ("nps_drivers", {"drivers": ["ease"], "weights": "",
                    "cluster": ""}, 0),
    "drivers_all_off": ("nps_drivers", {"drivers": [], "item_scale": [],
                        "weights": "", "cluster": ""}, 0),
    "drivers_unlike": ("nps_drivers", {"item_scale": []}, 0),
    "drivers_few": ("nps_drivers", {"responses": {"path": "few.csv"}}, 0),
    "drivers_off_scale": ("nps_drivers", {"item_scale": [1, 4]}, 3),
    "drivers_wrong_scale": ("nps_drivers", {"item_scale": [5]}, 2),
    "drivers_text": ("nps_drivers", {"drivers": ["ease", "plan"]}, 3),
    "drivers_sus": ("nps_drivers", {"responses": {"path": "sus.csv"}, "scale": {
        "name": "stars", "low": 1, "high": 5, "kind": "mean"}, "drivers": ["q1", "q3"],
        "sus_items": [f"q{i}" for i in range(1, 11)], "sus_by": "system",
        "weights": "", "cluster": ""}, 0),
    "drivers_sus_nine": ("nps_drivers", {"responses": {"path": "sus.csv"}, "scale": {
        "name": "stars", "low": 1, "high": 5, "kind": "mean"}, "drivers": [],
        "sus_items": [f"q{i}" for i in range(1, 10)], "weights": "",
        "cluster": ""}, 2),
    "ab_no_events": ("journey_comparison", {"events": {}, "steps": []}, 0),
    "ab_events_only": ("journey_comparison", {
        "users": {}, "events": {"path": "log.csv"}, "metrics": [
            {"name": "sold", "kind": "proportion", "touchpoint": "confirmation"}],
        "srm_by": []}, None),
    "ab_one_variant": ("journey_comparison", {"users": {
        "path": "data/sample/users.csv", "keep": {"variant": ["control"]}}}, 3),
    "ab_wrong_control": ("journey_comparison", {"control": "kontrol"}, None),
    "ab_wrong_step": ("journey_comparison", {"steps": ["home", "paymnt"]}, None),
    "ab_wrong_metric": ("journey_comparison", {"metrics": [
        {"name": "m", "kind": "meen", "column": "spend"}]}, 2),
    "observed_nothing": ("journey_observed", {
        "customers": {}, "events": {}, "responses": {}}, 0),
    "observed_no_group": ("journey_observed", {
        "group": "", "treated": "", "landmark": "payment", "also": {},
        "outcome": {"name": "paid", "kind": "proportion", "column": "converted"}}, 0),
    "observed_step": ("journey_observed", {
        "responses": {}, "step": ["checkout", "payment"], "at": "2025-09-15",
        "group": "", "treated": "", "weights": "", "cluster": "", "every": "day"}, 0),
    "observed_wrong_touchpoint": ("journey_observed", {"touchpoint": "hlp"}, None),
    "ab_no_metrics": ("journey_comparison", {"metrics": []}, None),
    "ab_csat_metric": ("journey_comparison", {"metrics": [
        {"name": "spend", "kind": "mean", "column": "spend", "direction": "decrease"}]},
        0),
    "ab_any_look": ("journey_comparison", {}, 0),
    "ab_running": ("journey_comparison", {"horizon": 20000}, 0),
    "ab_overrun": ("journey_comparison", {"horizon": 3000}, 0),
    "ab_strata": ("journey_comparison", {"horizon": 6000, "strata": ["region"]}, 0),
    "ab_clusters": ("journey_comparison", {
        "users": {"path": "shops.csv"}, "events": {}, "steps": [], "cluster": "shop",
        "horizon": 6000}, 0),
    "ab_bare": ("journey_comparison", {
        "segments": [], "assigned_at": "", "srm_by": []}, 0),
    "ab_few": ("journey_comparison", {
        "users": {"path": "sixty.csv"}, "events": {}, "steps": [], "horizon": 60}, 0),
    "ab_past": ("journey_comparison", {"horizon": 6000, "past_effects": [
        {"metric": "conversion", "effect_size": e, "std_error": 0.01}
        for e in (0.01, 0.002, -0.004, 0.03)]}, 0),
    "ab_changed": ("journey_comparison", {"registered": "0123456789ab"}, 0),
    "ab_rule": ("journey_comparison", {"rule": {
        "ship_if": "all", "trade_off": "roll back"}}, 0),
    "ab_times": ("journey_comparison", {
        "users": {"path": "waits.csv"}, "events": {}, "steps": [], "horizon": 6000,
        "metrics": [
            {"name": "wait", "kind": "time_to", "column": "hours", "event": "answered",
             "horizon": 48},
            {"name": "hours", "kind": "geometric_mean", "column": "hours",
             "role": "guardrail"}]}, 0),
    "ab_strict": ("journey_comparison", {"order": "strict", "window": "2h"}, 0),
    "paths_one": ("journey_paths", {"variant": ""}, 0),
    "paths_sessions": ("journey_paths", {"journey": "session"}, 0),
    "paths_events_only": ("journey_paths", {
        "users": {}, "events": {"path": "log.csv"}, "score": ""}, 0),
    "paths_no_order": ("journey_paths", {"steps": [], "goal": ""}, 0),
    "paths_wrong_step": ("journey_paths", {"steps": ["home", "paymnt"]}, None),
    "plan_one_group": ("experiment_plan", {"control": ""}, 0),
    "plan_clusters": ("experiment_plan", {
        "users": {"path": "shops.csv"}, "cluster": "shop", "daily_users": 100}, 0),
    "plan_wrong_effect": ("experiment_plan", {"effects": {"conversoin": 0.1}}, 2),
    "roi_moved_parameter": ("roi_regression", {"initiatives": {}}, 2),
    "roi_one_outcome": ("roi_regression", {"outcomes": ["revenue"], "drivers": []}, 0),
    "roi_one_period": ("roi_regression", {"periods": {
        "path": "data/sample/periods.csv", "keep": {"period": ["2025-03"]}}}, None),
    "roi_lag_too_long": ("roi_regression", {"lag": 12}, None),
    "roi_unknown_outcome": ("roi_regression", {"outcomes": ["profit"]}, 3),
    "roi_twice": ("roi_regression", {"periods": {"path": "twice.csv"}}, 3),
}  # fmt: skip

EVIL = "http://evil.example/x.png"
HOSTILE = [
    "<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "x" * 100_000,
    "\u202eevil\u202c",
    "👍🏽 great 👩‍👩‍👧", "   ", "a\x07b late delivery", "$\\mathrm{x}$", "{{7*7}}",
    "<script>document.title='PWNED'</script>", "[link](javascript:alert(1))",
    f"![i]({EVIL})",
]  # fmt: skip

pytestmark = pytest.mark.slow


def write_tables(folder: Path) -> None:
    """Variants of the sample's tables."""
    answers = pd.read_csv(SAMPLE / "responses.csv", keep_default_na=False)
    answers.assign(verbatim="").to_csv(folder / "blank.csv", index=False)
    answers.head(40).to_csv(folder / "few.csv", index=False)
    odd = answers.head(600).copy()
    odd["verbatim"] = [HOSTILE[i % len(HOSTILE)] for i in range(len(odd))]
    odd.to_csv(folder / "hostile.csv", index=False)
    stars = pd.to_numeric(answers["score"]) // 3 + 1
    answers.assign(score=stars.clip(1, 5)).to_csv(folder / "csat.csv", index=False)
    asked = answers.groupby("region")["region"].transform("size")
    answers.assign(customers=(1.25 * asked).round()).to_csv(
        folder / "census.csv", index=False
    )
    usability(folder / "sus.csv")
    log = pd.read_csv(SAMPLE / "events.csv")
    arms = pd.read_csv(SAMPLE / "users.csv")[["user_id", "variant"]]
    log.merge(arms, on="user_id").to_csv(folder / "log.csv", index=False)
    experiments(folder)
    months = pd.read_csv(SAMPLE / "periods.csv")
    pd.concat([months, months.head(5).assign(revenue=1.0)]).to_csv(
        folder / "twice.csv", index=False
    )
    (folder / "broken.yaml").write_text("version: 1\ncodes:\n  - id: a\n  - id: a\n")


def experiments(folder: Path) -> None:
    """The test's users by shop, only sixty of them, and with waits of some."""
    users = pd.read_csv(SAMPLE / "users.csv")
    shop = np.arange(len(users)) % 40
    named = users.assign(shop=[f"shop {i}" for i in shop])
    drawn = np.where(shop < 20, "control", "treatment")
    named.assign(variant=drawn).to_csv(folder / "shops.csv", index=False)
    users.head(60).to_csv(folder / "sixty.csv", index=False)
    hours = np.random.default_rng(3).exponential(20, len(users)).round(2) + 0.1
    known = (hours < 72).astype(int)
    waits = users.assign(hours=hours.clip(max=72), answered=known)
    waits.to_csv(folder / "waits.csv", index=False)


def usability(path: Path) -> None:
    """Ten items of two systems: every answer as planned, SUS 70 and 50 on average."""
    draw = np.random.default_rng(8)
    system = np.repeat(["new", "old"], 150)
    liked = np.where(system == "new", 0.8, 0.0)[:, None] * [[1, -1] * 5]
    items = np.clip(np.round(3 + liked + draw.normal(0, 0.6, (300, 10))), 1, 5)
    table = pd.DataFrame(items.astype(int), columns=[f"q{i}" for i in range(1, 11)])
    table.insert(0, "score", np.clip(items[:, 0] + draw.integers(-1, 2, 300), 1, 5))
    table.insert(0, "respondent_id", [f"r{i}" for i in range(300)])
    table.insert(1, "responded_at", "2025-03-01")
    table.assign(system=system).to_csv(path, index=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """All cases in one run of the command line."""
    base = tmp_path_factory.mktemp("variants")
    write_tables(base)
    for case, (notebook, given, _) in CASES.items():
        folder = base / "params" / case
        folder.mkdir(parents=True)
        text = yaml.safe_dump(given)
        for file in [*base.glob("*.csv"), *base.glob("*.yaml")]:
            text = text.replace(f": {file.name}", f": {file}")
        (folder / f"{notebook}.yaml").write_text(text)
    done = subprocess.run(
        [sys.executable, "-m", "cxlib", "run", str(base / "params"), "--out",
         str(base / "out")],
        cwd=ROOT, env={**os.environ, "CX_ROOT": str(ROOT)}, capture_output=True,
        text=True, timeout=1800, check=False,
    )  # fmt: skip
    return base / "out", done


@pytest.mark.parametrize("case", CASES)
def test_variant_ends_in_a_report_or_a_sentence(site, case):
    notebook, _, code = CASES[case]
    (folder,) = [p.parent for p in site[0].glob(f"{case}/{notebook}/*/manifest.json")]
    manifest = json.loads((folder / "manifest.json").read_text())
    allowed = {0, 2, 3} if code is None else {code}
    assert manifest["exit_code"] in allowed, manifest["error"]
    page = (folder / "report.html").read_text()
    assert "Traceback" not in page
    if manifest["exit_code"] == 0:
        assert manifest["headline"]["decision"]
        for words in ("nan ", " nan", "None ", "NaN"):
            assert words not in manifest["headline"]["decision"]
        json.loads((folder / "results.json").read_text(), parse_constant=pytest.fail)
    else:
        assert len(manifest["error"]) > 30


def test_parts_that_are_off_say_so_in_one_sentence(site):
    (page,) = site[0].glob("survey_all_off/*/2*/report.html")
    text = page.read_text()
    for sentence in (
        "No invitations were given", "No margins of the customers were given",
        "No account column was given", "No wave column was given",
        "No feature was given",
    ):  # fmt: skip
        assert text.count(f"{sentence}") >= 1, sentence
    (manifest,) = site[0].glob("survey_wrong_level/*/2*/manifest.json")
    assert "gold" in json.loads(manifest.read_text())["error"]
    (manifest,) = site[0].glob("survey_unknown_covariate/*/2*/manifest.json")
    assert "Did you mean 'channel'" in json.loads(manifest.read_text())["error"]


def test_a_sample_of_most_customers_is_surer(site):
    """Four of five customers answered: the standard error falls by about half."""
    found = {}
    for case in ("survey_census", "survey_all_off"):
        (table,) = site[0].glob(f"{case}/*/2*/tables/score.csv")
        found[case] = float(pd.read_csv(table)["std_error"].iloc[0])
    ratio = found["survey_census"] / found["survey_all_off"]
    assert ratio == pytest.approx(0.2**0.5, abs=0.04)


def test_drivers_that_are_off_say_so_without_a_chart(site):
    (page,) = site[0].glob("drivers_all_off/*/2*/report.html")
    text = page.read_text()
    for sentence in (
        "No driver columns were given", "No drivers are ranked, so their order",
        "No item was given", "No item columns were given, so there is no SUS",
    ):  # fmt: skip
        assert sentence in text, sentence
    assert text.count("<img") == 1
    (manifest,) = site[0].glob("drivers_off_scale/*/2*/manifest.json")
    error = json.loads(manifest.read_text())["error"]
    assert "values lie off the declared `item_scale` 1-4 (seen: 5)" in error
    (page,) = site[0].glob("drivers_unlike/*/2*/report.html")
    assert "not rated on one scale, so their means are not compared" in page.read_text()


def test_simulated_usability_is_recovered(site):
    (tables,) = site[0].glob("drivers_sus/*/2*/tables")
    groups = pd.read_csv(tables / "sus.csv").set_index("group")
    assert groups.loc["new", "estimate"] == pytest.approx(70, abs=2)
    assert groups.loc["old", "estimate"] == pytest.approx(50, abs=2)
    drivers = pd.read_csv(tables / "drivers.csv")
    assert drivers["driver"].iloc[0] == "q1"


def test_hostile_verbatims_are_text(site):
    (page,) = site[0].glob("voc_hostile/*/2*/report.html")
    text = page.read_text()
    for danger in (
        "<img src=x",
        "<script>document",
        'href="javascript',
        'evil.example/x.png"',
    ):
        assert danger not in text
