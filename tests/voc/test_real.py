"""Real verbatims end to end: English with a score, Italian with published codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from cxlib import data, voc

ROOT = Path(__file__).parents[2]


def opened(programme, shared, file):
    shared(file)
    params = yaml.safe_load(
        (ROOT / f"tests/params/{programme}/voc_coding.yaml").read_text("utf-8")
    )
    survey = data.read(
        "responses", params["responses"], scale=params["scale"], root=ROOT
    )
    book = voc.Codebook.from_yaml(ROOT / params["codebook"])
    return survey.frame, voc.code(survey.frame, book), book


@pytest.fixture(scope="module")
def telco(shared):
    return opened("telco", shared, "data/telco_nps_verbatims/telco.csv")


@pytest.fixture(scope="module")
def absita(shared):
    return opened("absita", shared, "data/absita_2018_it/absita_2018_training.csv")


def test_telco_impact_adds_up_to_the_published_score(telco):
    frame, coded, book = telco
    found = voc.impact(frame, coded, codebook=book)
    assert voc.commenters(frame).table.loc[0, "estimate"] == pytest.approx(
        -24.69, abs=0.005
    )
    assert voc.commenters(frame).table.loc[0, "n"] == 2353
    rows = found.table.set_index("code")
    assert rows.loc["delay", "ci_upper"] < 0 < rows.loc["ease", "ci_lower"]
    n, total = rows.loc["delay", "n"], found.n_scored
    formula = n * (rows.loc["delay", "score_with"] - found.score) / (total - n)
    assert rows.loc["delay", "estimate"] == pytest.approx(formula)


def test_telco_by_touchpoint(telco):
    frame, coded, book = telco
    found = voc.prevalence(frame, coded, codebook=book, by="touchpoint")
    sizes = found.table.groupby("segment")["n"].max()
    assert sizes["all"] == sizes.drop("all").sum()
    assert found.denominator.startswith(
        f"{sizes['all']:,} of 2,385 responses say something"
    )
    assert set(found.table["basis"]) == {"machine only"}
    assert (
        voc.quotes(frame, coded, codebook=book, scale="nps")
        .table["quote"]
        .str.len()
        .max()
        <= 281
    )


def test_absita_rules_against_the_published_codes(absita, shared):
    _frame, coded, book = absita
    gold = pd.read_csv(shared("data/absita_2018_it/absita_2018_training.csv"), sep=";")
    long = gold.melt("sentence_id", [f"{c}_presence" for c in book.ids])
    long["code"] = (
        long["variable"].str.removesuffix("_presence").where(long["value"] == 1, "")
    )
    people = long.assign(verbatim_id=long["sentence_id"].astype(str), coder="gold")
    people = people[["verbatim_id", "coder", "code"]].drop_duplicates()
    found = voc.agreement(people, machine=coded, codebook=book, n_resamples=50)
    rows = found.table.set_index("code")
    assert rows.loc["(all codes together)", "kappa"] > 0.6
    assert rows.loc[["wifi", "staff", "cleanliness"], "kappa"].min() > 0.75


def test_absita_shares_are_right_only_after_correction(absita, shared):
    frame, coded, book = absita
    gold = pd.read_csv(shared("data/absita_2018_it/absita_2018_training.csv"), sep=";")
    gold.index = pd.Index(gold["sentence_id"].astype(str))
    picked = gold.sample(400, random_state=1)
    long = picked.melt("sentence_id", [f"{c}_presence" for c in book.ids])
    long["code"] = (
        long["variable"].str.removesuffix("_presence").where(long["value"] == 1, "")
    )
    people = long.assign(verbatim_id=long["sentence_id"].astype(str), coder="gold")
    found = voc.prevalence(
        frame, coded, codings=people[["verbatim_id", "coder", "code"]], codebook=book
    ).table.set_index("code")
    truth = pd.Series({c: gold[f"{c}_presence"].mean() for c in book.ids})
    good = (found["ci_lower"] <= truth) & (truth <= found["ci_upper"])
    raw = (found["share_machine_ci_lower"] <= truth) & (
        truth <= found["share_machine_ci_upper"]
    )
    assert good.sum() >= 6
    assert raw.sum() <= 4
    wide = found["ci_upper"] - found["ci_lower"]
    hand = 2 * 1.96 * np.sqrt(truth * (1 - truth) / 400)
    assert (wide / hand).median() < 0.85


def test_absita_without_score_or_segments(absita):
    frame, coded, book = absita
    assert voc.impact(frame, coded, scale="").table.empty
    assert (
        voc.prevalence(frame, coded, codebook=book, by="", language="it").table.loc[
            0, "name"
        ]
        == "Pulizia"
    )
    found = voc.suggest_codes(frame.head(1500), coded, rng=1)
    assert len(found.table) >= 4
