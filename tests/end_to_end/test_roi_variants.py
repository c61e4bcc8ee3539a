"""Unusual parameters of the money notebooks: a report, or a stop with a sentence."""

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
POINT = {"amount": 12, "low": 6, "high": 20, "source": "Study", "owner": "Ada"}
CHECKOUT = "Checkout redesign, all channels"
FEW_DRAWS = {"n_draws": 2000}

# case: (notebook, parameters, exit code, words of the answer or of the stop)
CASES = {
    "fit_gamma": ("roi_regression", {"models": {"revenue": "gamma"}}, 0, ""),
    "fit_two_part": ("roi_regression", {"models": {"revenue": "two_part"}}, 0,
                     "not counted: revenue and customers kept"),
    "fit_unknown_outcome": ("roi_regression", {"models": {"revenu": "gamma"}}, 2,
                            "revenue"),
    "fit_unknown_model": ("roi_regression", {"models": {"revenue": "gama"}}, 2,
                          "gamma"),
    "fit_csat": ("roi_regression", {"periods": {"path": "stars.csv"},
                 "scale": "csat"}, 0, ""),
    "fit_unknown_scale": ("roi_regression", {"scale": "stars"}, 2, "csat"),
    "fit_no_segment": ("roi_regression", {"segment": ""}, 0, ""),
    "fit_clusters": ("roi_regression", {"periods": {"path": "grouped.csv"},
                     "cluster": "region"}, 0, ""),
    "fit_few": ("roi_regression", {"periods": {"path": "eight.csv"}}, None, ""),
    "fit_cross_section": ("roi_regression", {"periods": {"path": "december.csv"},
                          "lag": 0, "outcomes": ["revenue"]}, None, ""),
    "fit_lag_without_rows": ("roi_regression", {
        "periods": {"path": "december.csv"}}, None, ""),
    "pay_no_initiatives": ("roi_investment", {"initiatives": {}}, 0, ""),
    "pay_nothing_at_all": ("roi_investment", {"initiatives": {}, "point": POINT,
                           "periods": {}, "against": ""}, 0, ""),
    "pay_declared": ("roi_investment", {"point": POINT, "customers": 900}, None, ""),
    "pay_declared_plain": ("roi_investment", {"point": POINT, "customers": 900,
                           "against": ""}, 0, ""),
    "pay_point_mistyped": ("roi_investment", {"point": {"amont": 12}}, 2, "amount"),
    "pay_point_upside_down": ("roi_investment", {"point": {"amount": 12, "low": 20,
                              "high": 6}}, 2, "rise"),
    "pay_neither": ("roi_investment", {"periods": {}}, None, ""),
    "pay_claim": ("roi_investment", {"measured": {CHECKOUT: {
        "results": "results.json", "finding": "score_claim"}}}, 0, ""),
    "pay_raw_finding": ("roi_investment", {"measured": {CHECKOUT: {
        "results": "results.json", "finding": "score"}}}, 3, "is no claim"),
    "pay_unknown_finding": ("roi_investment", {"measured": {CHECKOUT: {
        "results": "results.json", "finding": "scor_claim"}}}, 3, "score_claim"),
    "pay_claim_of_nobody": ("roi_investment", {"measured": {"Checkout": {
        "results": "results.json", "finding": "score_claim"}}}, 3, CHECKOUT),
    "pay_claim_of_nothing": ("roi_investment", {"initiatives": {}, "measured": {
        "Checkout": {"results": "results.json", "finding": "score_claim"}}}, None, ""),
    "pay_no_results": ("roi_investment", {"measured": {CHECKOUT: {
        "results": "nowhere.json", "finding": "score_claim"}}}, 3, "nowhere.json"),
    "pay_no_sceptic": ("roi_investment", {"against": ""}, 0, ""),
    "pay_sceptic_missing": ("roi_investment", {"against": "nowhere.yaml"}, 3,
                            "nowhere.yaml"),
    "pay_sceptic_key": ("roi_investment", {"against": "key.yaml"}, 3, "margin"),
    "pay_sceptic_name": ("roi_investment", {"against": "name.yaml"}, 3,
                         "App stability squad"),
    "pay_one_period": ("roi_investment", {"periods": {"path": "december.csv"}}, None,
                       ""),
    "pay_separated": ("roi_investment", {"periods": {"path": "split.csv"}}, 0, ""),
    "fit_separated": ("roi_regression", {"periods": {"path": "split.csv"}}, 0,
                      "not counted: customers kept"),
    "pay_segment": ("roi_investment", {"initiatives": {"path": "aimed.csv"},
                    "against": ""}, 0, ""),
    "pay_direct": ("roi_investment", {"initiatives": {"path": "direct.csv"},
                   "against": ""}, 0, ""),
    "pay_one": ("roi_investment", {"initiatives": {"path": "one.csv"},
                "against": ""}, 0, ""),
    "pay_fifteen": ("roi_investment", {"initiatives": {"path": "fifteen.csv"},
                    "against": "", "budget": 60000}, 0, ""),
    "pay_wrong_overlap": ("roi_investment", {"overlap": "nest"}, 2, "nested"),
    "pay_tied": ("roi_investment", {"overlap": "nested", "correlation": 0.5}, 0, ""),
    "pay_effects_mixed_up": ("roi_investment", {
        "initiatives": {"path": "mixed.csv"}, "against": ""}, 3, ""),
    "pay_study_free": ("roi_investment", {"study_cost": 0}, None, ""),
    "choose_no_budget": ("roi_choice", {}, 0, ""),
    "choose_no_initiatives": ("roi_choice", {"initiatives": {}, "favoured": []}, 0, ""),
    "choose_nothing_affordable": ("roi_choice", {"budget": 100}, 0, ""),
    "choose_impossible": ("roi_choice", {"initiatives": {"path": "must.csv"},
                          "budget": 3000}, 3, "no set is allowed"),
    "choose_conflict": ("roi_choice", {"initiatives": {"path": "clash.csv"}}, 3,
                        "exclude each other"),
    "choose_quarters": ("roi_choice", {"quarter_budget": [6000, 0, 12000]}, 0, ""),
    "choose_poor_quarters": ("roi_choice", {"quarter_budget": [100, 100]}, 0, ""),
    "choose_bad_quarter": ("roi_choice", {"quarter_budget": [9000],
                           "first_quarter": "soon"}, None, ""),
    "choose_unknown_need": ("roi_choice", {"initiatives": {"path": "needs.csv"}}, 3,
                            CHECKOUT),
    "choose_circle": ("roi_choice", {"initiatives": {"path": "circle.csv"}}, 3,
                      "circle"),
    "choose_bad_urgency": ("roi_choice", {"initiatives": {"path": "urgent.csv"}}, 3,
                           "linear"),
    "choose_unknown_favourite": ("roi_choice", {
        "favoured": ["Loyalty scheme relanch"]}, None, "Loyalty scheme relaunch"),
    "choose_unknown_risk": ("roi_choice", {"risk": "p5"}, 2, "p10"),
    "choose_tail": ("roi_choice", {"risk": "cvar", "budget": 20000}, 0, ""),
    "choose_bare": ("roi_choice", {"initiatives": {"path": "bare.csv"}}, 0, ""),
    "choose_one": ("roi_choice", {"initiatives": {"path": "one.csv"}}, 0, ""),
    "choose_fifteen": ("roi_choice", {"initiatives": {"path": "fifteen.csv"},
                       "budget": 60000}, 0, ""),
    "choose_declared": ("roi_choice", {"point": POINT, "customers": 900}, 0, ""),
    "choose_wrong_weights": ("roi_choice", {"weights": {"valeu": 1.0}}, 2, "valeu"),
    "track_nothing": ("roi_tracking", {"rollout": {}, "claims": {}}, 0, ""),
    "track_no_claims": ("roi_tracking", {"claims": {}}, 0, ""),
    "track_no_rollout": ("roi_tracking", {"rollout": {}}, 0, ""),
    "track_edited": ("roi_tracking", {"claims": {"path": "edited.csv"}}, 3, "gain-01"),
    "track_not_due": ("roi_tracking", {"on": "2020-01-01"}, 0, ""),
    "track_no_day": ("roi_tracking", {"on": "someday"}, 2, ""),
    "track_all_treated": ("roi_tracking", {"rollout": {"path": "all.csv"}}, 0, ""),
    "track_never_without_never": ("roi_tracking", {"rollout": {"path": "all.csv"},
                                  "control": "never"}, 3, "never"),
    "track_all_at_once": ("roi_tracking", {"rollout": {"path": "once.csv"}}, 3, ""),
    "track_no_money": ("roi_tracking", {"margin": None, "everywhere_margin": None}, 0,
                       ""),
    "track_unknown_outcome": ("roi_tracking", {"outcome": "revenu"}, 3, "revenue"),
    "track_before_the_start": ("roi_tracking", {"at": "2019-01"}, 3, ""),
    "track_nothing_everywhere": ("roi_tracking", {"everywhere": ""}, 0, ""),
    "track_promise": ("roi_tracking", {"promises": {CHECKOUT: {
        "results": "results.json", "finding": "score_claim", "due_on": "2027-01-31",
        "owner": "Ada"}}}, 0, ""),
    "track_promise_mistyped": ("roi_tracking", {"promises": {CHECKOUT: {
        "results": "results.json", "finding": "score_claim", "due": "2027-01-31"}}}, 2,
        "due_on"),
    "worth_nothing": ("customer_value", {"periods": {}, "purchases": {},
                      "contacts": {}}, 0, ""),
    "worth_contacts": ("customer_value", {"periods": {}, "purchases": {}}, 0, ""),
    "worth_purchases": ("customer_value", {"periods": {}, "contacts": {}}, 0, ""),
    "worth_periods": ("customer_value", {"purchases": {}, "contacts": {}}, 0, ""),
    "worth_nobody_left": ("customer_value", {"periods": {"path": "stayed.csv"},
                          "purchases": {}, "contacts": {}}, 0, ""),
    "worth_bare": ("customer_value", {"segment": "", "cost": ""}, 0, ""),
    "worth_spells": ("customer_value", {"spells": {"path": "spells.csv"},
                     "drivers": ["plan"]}, 0, ""),
    "worth_tenure_zero": ("customer_value", {"spells": {"path": "newborn.csv"}}, 3,
                          "6 of 600 rows left at"),
    "worth_all_new": ("customer_value", {"spells": {"path": "all_new.csv"}}, 3,
                      "tenure"),
    "worth_nobody_churned": ("customer_value", {"spells": {"path": "loyal.csv"}}, None,
                             ""),
    "worth_one_sale_each": ("customer_value", {"purchases": {"path": "once_each.csv"}},
                            None, ""),
    "worth_wrong_column": ("customer_value", {"retained": "retaind"}, 3, "retained"),
}  # fmt: skip

pytestmark = pytest.mark.slow


def write_tables(folder: Path) -> None:
    """Variants of the sample's tables, and what other reports left."""
    panels(folder)
    plans(folder)
    afterwards(folder)
    customers(folder)
    claim = {"estimate": 0.2, "ci_lower": 0.05, "ci_upper": 0.35, "unit": "score",
             "n": 8000, "statement": "claim +0.20 points"}  # fmt: skip
    told = [claim | {"id": "score", "estimate": 0.3}, claim | {"id": "score_claim"}]
    (folder / "results.json").write_text(json.dumps({"findings": told}))
    cases = {
        "key": {"margn": 0.3},
        "name": {"initiatives": {"App stabilty squad": {"effect": 0.4}}},
    }
    for name, given in cases.items():
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(given))


def panels(folder: Path) -> None:
    """Customers on five stars, in regions, few, in one month, and split by score."""
    months = pd.read_csv(SAMPLE / "periods.csv")
    stars = (months["score"] // 3 + 1).clip(1, 5)
    months.assign(score=stars).to_csv(folder / "stars.csv", index=False)
    who = months["customer_id"].str[1:].astype(int)
    region = "region " + (who % 12).astype(str)
    months.assign(region=region).to_csv(folder / "grouped.csv", index=False)
    first = months["customer_id"].isin(months["customer_id"].unique()[:8])
    months[first].to_csv(folder / "eight.csv", index=False)
    last = months["period"] == months["period"].max()
    months[last].to_csv(folder / "december.csv", index=False)
    months = months.sort_values("period")
    before = months.groupby("customer_id")["score"].shift(1)
    left = before < 5
    gone = left.groupby(months["customer_id"]).cumsum() - left > 0
    split = months.assign(retained=1 - left.astype(int))[~gone]
    split.to_csv(folder / "split.csv", index=False)
    months.assign(retained=1).to_csv(folder / "stayed.csv", index=False)


def plans(folder: Path) -> None:
    """Initiatives: one, many, on money itself, and columns that cannot be meant."""
    book = pd.read_csv(SAMPLE / "initiatives.csv")
    bare = ["name", "cost", "effect", "effect_low", "effect_high", "reach"]
    name = book["name"]
    tables = {
        "one": book.head(1).assign(needs=""),
        "bare": book[bare],
        "aimed": book.assign(segment=["premium", *[""] * 5]),
        "fifteen": pd.concat(
            [book.assign(name=name + f" {i}", needs="") for i in range(3)]
        ).head(15),
        "mixed": book.assign(effect_low=book["effect_high"]),
        "must": book.assign(must=["yes", "yes", *[""] * 4]),
        "clash": book.assign(
            must=["yes", "yes", *[""] * 4], excludes=[name[1], *[""] * 5]
        ),
        "needs": book.assign(needs=["", "Checkout redesign", *[""] * 4]),
        "circle": book.assign(needs=[name[1], name[0], *[""] * 4]),
        "urgent": book.assign(urgency=["linaer", *["linear"] * 5]),
    }
    direct = book[bare].head(3).assign(
        effect_on=["revenue", "retained", "cost_to_serve"], effect=[6.0, 0.01, -2.0],
        effect_low=[2.0, 0.0, -3.0], effect_high=[10.0, 0.02, -1.0],
    )  # fmt: skip
    for key, table in {**tables, "direct": direct}.items():
        table.to_csv(folder / f"{key}.csv", index=False)


def afterwards(folder: Path) -> None:
    """A roll-out to all, all at once, and a register with a promise made smaller."""
    stores = pd.read_csv(SAMPLE / "rollout.csv", keep_default_na=False)
    ever = stores["first_treated"].str.match(r"\d")
    stores[ever].to_csv(folder / "all.csv", index=False)
    stores.assign(first_treated="2024-10").to_csv(folder / "once.csv", index=False)
    claims = pd.read_csv(SAMPLE / "claims.csv")
    claims.loc[0, "promised"] = 4000.0
    claims.to_csv(folder / "edited.csv", index=False)


def customers(folder: Path) -> None:
    """Spells of the panel's customers, and buyers who came once."""
    months = pd.read_csv(SAMPLE / "periods.csv").sort_values("period")
    ends = months.groupby("customer_id").agg(
        tenure=("period", "size"), retained=("retained", "last"),
        score=("score", "last"), plan=("plan", "last"),
    ).reset_index()  # fmt: skip
    spells = ends.assign(churned=1 - ends["retained"])
    spells.to_csv(folder / "spells.csv", index=False)
    new = np.where(spells.index < 11, 0, spells["tenure"])
    spells.assign(tenure=new).to_csv(folder / "newborn.csv", index=False)
    spells.assign(tenure=0).to_csv(folder / "all_new.csv", index=False)
    spells.assign(churned=0).to_csv(folder / "loyal.csv", index=False)
    bought = pd.read_csv(SAMPLE / "purchases.csv")
    bought.drop_duplicates("customer_id").to_csv(folder / "once_each.csv", index=False)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """All cases in one run of the command line."""
    base = tmp_path_factory.mktemp("roi_variants")
    write_tables(base)
    made = [p for p in base.iterdir() if p.is_file()]
    for case, (notebook, given, *_) in CASES.items():
        folder = base / "params" / case
        folder.mkdir(parents=True)
        few = FEW_DRAWS if notebook in {"roi_investment", "roi_choice"} else {}
        text = yaml.safe_dump({**few, **given}, allow_unicode=True, width=10_000)
        for file in made:
            text = text.replace(f": {file.name}", f": {file}")
        (folder / f"{notebook}.yaml").write_text(text)
    subprocess.run(
        [sys.executable, "-m", "cxlib", "run", str(base / "params"), "--out",
         str(base / "out")],
        cwd=ROOT, env={**os.environ, "CX_ROOT": str(ROOT)}, capture_output=True,
        text=True, timeout=1800, check=False,
    )  # fmt: skip
    return base / "out"


def ended(site, case):
    (folder,) = [p.parent for p in site.glob(f"{case}/*/*/manifest.json")]
    return folder, json.loads((folder / "manifest.json").read_text())


@pytest.mark.parametrize("case", CASES)
def test_variant_ends_in_a_report_or_a_sentence(site, case):
    _, _, code, words = CASES[case]
    folder, manifest = ended(site, case)
    allowed = {0, 2, 3} if code is None else {code}
    assert manifest["exit_code"] in allowed, manifest["error"]
    page = (folder / "report.html").read_text()
    assert "Traceback" not in page
    told = manifest["error"]
    if manifest["exit_code"] == 0:
        told = manifest["headline"]["decision"]
        for odd in ("nan ", " nan", "None ", "NaN"):
            assert odd not in told
        json.loads((folder / "results.json").read_text(), parse_constant=pytest.fail)
    assert len(told) > 30
    assert words in told
