"""Prevalence, coverage and commenters: denominators, correction, weights, truth."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxlib import data, voc
from cxlib.errors import DataError
from cxlib.estimate import wilson

ROOT = Path(__file__).parents[2]
BOOK = voc.Codebook.from_dict(
    {"version": 1, "codes": [
        {"id": "late", "name": {"en": "Late", "it": "Ritardo"},
         "phrases": {"en": ["late"]}},
        {"id": "rude", "phrases": {"en": ["rude"]}}]}
)  # fmt: skip


def told(late, rest, **columns):
    texts = ["late"] * late + ["fine"] * rest
    return pd.DataFrame(
        {"respondent_id": range(late + rest), "verbatim": texts} | columns
    )


def shares(frame, **options):
    return voc.prevalence(frame, voc.code(frame, BOOK), codebook=BOOK, **options)


def hand(frame, errors=(), rows=None):
    """One coder who sees 'late' where it is, but for the rows in `errors`."""
    rows = frame if rows is None else frame.iloc[rows]
    truth = (rows["verbatim"] == "late") ^ rows["respondent_id"].isin(errors)
    return pd.DataFrame(
        {"verbatim_id": rows["respondent_id"].astype(str), "coder": "a",
         "code": np.where(truth, "late", "")}
    )  # fmt: skip


def test_denominator_is_what_says_something():
    frame = pd.concat(
        [told(30, 70), pd.DataFrame({"verbatim": [None, " ", "n/a", "Niente."]})]
    )
    found = shares(frame.reset_index(drop=True))
    row = found.table.set_index("code").loc["late"]
    assert (row["n"], row["estimate"]) == (100, 0.3)
    assert (row["ci_lower"], row["ci_upper"]) == pytest.approx(wilson(0.3, 100))
    assert row["basis"] == "machine only"
    assert found.text == (
        "Late is in 30.0 % of verbatims (95 % CI 21.9 to 39.6, n = 100). 100 of 104 "
        "responses say something (2 blank, 2 such as “n/a” or “nothing” set apart). "
        "These are the machine's counts: too little was coded by hand to correct them."
    )
    assert found.table.set_index("code").loc["rude", "estimate"] == 0


def test_names_follow_the_language():
    assert shares(told(30, 70), language="it").table["name"].tolist() == [
        "Ritardo",
        "rude",
    ]


def test_hand_codes_correct_the_count():
    frame = told(300, 700)
    missed = list(range(300, 400))
    coded_rows = list(range(0, 1000, 5))
    found = shares(frame, codings=hand(frame, missed, coded_rows))
    row = found.table.set_index("code").loc["late"]
    assert row["basis"] == "corrected"
    assert row["share_machine"] == pytest.approx(0.3)
    # t (0.3 - 0.3) + hand mean: machine and hand sample are balanced here
    assert row["estimate"] == pytest.approx(0.4)
    assert row["n_hand"] == 200
    assert row["n_positive"] == 80
    assert (
        "Counting the machine's codes alone would have said 30.0 % for Late"
        in found.text
    )


def test_few_positives_leave_the_hand_codes_alone():
    frame = told(20, 980)
    found = shares(frame, codings=hand(frame, rows=list(range(18, 118))))
    row = found.table.set_index("code").loc["late"]
    assert (row["basis"], row["n_positive"]) == ("hand only", 2)
    assert (row["ci_lower"], row["ci_upper"]) == pytest.approx(wilson(0.02, 100))


def test_two_coders_are_averaged_and_a_blank_second_coder_is_missing():
    frame = told(300, 700)
    one = hand(frame, rows=list(range(0, 1000, 5)))
    two = one.head(100).assign(coder="b", code="")
    row = (
        shares(frame, codings=pd.concat([one, two])).table.set_index("code").loc["late"]
    )
    assert row["n_hand"] == 200
    assert row["n_positive"] == 30


def test_parents_of_hand_codes_and_unknown_codes():
    frame = told(30, 70)
    with pytest.raises(DataError, match=r"code 'latte' .* did you mean 'late'"):
        shares(frame, codings=hand(frame).replace("late", "latte"))


def test_segments_are_tested_against_the_rest():
    frame = told(200, 200, plan=["a"] * 180 + ["b"] * 220)
    found = shares(frame, by="plan")
    table = found.table.set_index(["segment", "code"])
    assert table.loc[("a", "late"), "estimate"] == 1
    assert table.loc[("a", "late"), "share_rest"] == pytest.approx(20 / 220)
    assert table.loc[("a", "late"), "pvalue_adj"] < 1e-6
    assert found.text.startswith("Late is in 100.0 % of the verbatims of a (95 % CI ")
    even = shares(told(200, 200, plan=["a", "b"] * 200), by="plan")
    assert even.text == "No code differs by plan beyond noise, after correction."
    assert "Late" not in even._repr_html_()


def test_small_segments_are_not_reported():
    frame = told(30, 30, plan=["a"] * 55 + ["b"] * 5)
    rows = shares(frame, by="plan").table.query("segment == 'b'")
    assert rows["estimate"].isna().all()
    assert set(rows["basis"]) == {"too few"}


def test_weights_of_one_change_nothing_and_weights_move():
    frame = told(30, 70, w=1.0, x=[2.0] * 30 + [1.0] * 70)
    plain, ones, moved = (
        shares(frame, weights=w).table.loc[0, "estimate"] for w in (None, "w", "x")
    )
    assert plain == pytest.approx(ones)
    assert moved == pytest.approx(60 / 130)


def test_clusters_widen():
    frame = told(100, 100, account=[i // 10 for i in range(200)])
    plain = shares(frame).table.loc[0]
    wide = shares(frame, cluster="account").table.loc[0]
    assert wide["ci_upper"] - wide["ci_lower"] > 2 * (
        plain["ci_upper"] - plain["ci_lower"]
    )


def test_nothing_said_stops_with_a_sentence():
    frame = pd.DataFrame({"verbatim": [None, "n/a", "", "."]})
    with pytest.raises(DataError) as caught:
        shares(frame)
    assert str(caught.value) == (
        "column 'verbatim' holds no words in 4 responses (2 blank, 2 such as “n/a”); "
        "map the column that does."
    )
    with pytest.raises(DataError, match="holds no words in 0 responses"):
        shares(frame.head(0))


def test_one_verbatim_is_too_few():
    assert shares(told(1, 0)).table["basis"].tolist() == ["too few", "too few"]
    assert shares(told(1, 0)).text.startswith("No code was found.")


def test_coverage():
    frame = told(30, 70, plan=["a"] * 50 + ["b"] * 47 + ["c"] * 3)
    found = voc.coverage(frame, voc.code(frame, BOOK), by="plan")
    table = found.table.set_index("segment")
    assert table.loc["all", "estimate"] == 0.7
    assert table.loc["a", "n_uncoded"] == 20
    assert np.isnan(table.loc["c", "estimate"])
    assert found.text == (
        "No code of the codebook fits 70.0 % of verbatims "
        "(95 % CI 60.4 to 78.1, n = 100)."
    )


def test_commenters():
    frame = pd.DataFrame(
        {"score": [10] * 50 + [2] * 50, "verbatim": [None] * 40 + ["late"] * 60}
    )
    found = voc.commenters(frame)
    assert found.table["estimate"].round(1).tolist() == [0, -66.7, 100]
    assert found.gap == pytest.approx(-200 / 3)
    assert found.text.startswith(
        "60.0 % of respondents with a score say something. Their NPS is −66.7 points, "
        "66.7 points below that of all respondents (gap −66.7 points, 95 % CI "
    )
    assert voc.commenters(frame, scale="").text.startswith("Not computed: no score")
    assert voc.commenters(frame.assign(verbatim="x")).text.endswith(
        "no gap to measure."
    )
    assert voc.commenters(frame.head(1)).text == (
        "Not computed: 1 responses have a valid score."
    )


def test_gap_agrees_with_the_difference_of_groups():
    rng = np.random.default_rng(5)
    said = rng.random(3000) < 0.4
    score = np.where(said, rng.integers(0, 9, 3000), rng.integers(4, 11, 3000))
    frame = pd.DataFrame({"score": score, "verbatim": np.where(said, "words", None)})
    found = voc.commenters(frame)
    groups = found.table.set_index("group")["estimate"]
    silent = 1 - said.mean()
    assert found.gap == pytest.approx(
        silent * (groups["say something"] - groups["say nothing"])
    )


@pytest.fixture(scope="module")
def sample():
    survey = data.read("responses", "data/sample/responses.csv", scale="nps", root=ROOT)
    hand = data.read("codings", "data/sample/codings.csv", root=ROOT)
    book = voc.Codebook.from_yaml(ROOT / "data/sample/codebook.yaml")
    coded = voc.code(survey.frame, book, language="language")
    truth = json.loads((ROOT / "data/sample/truth.json").read_text("utf-8"))
    return survey.frame, hand.frame, book, coded, truth["responses"]


def test_sample_truth_is_recovered_where_the_raw_count_is_not(sample):
    frame, people, book, coded, truth = sample
    found = voc.prevalence(frame, coded, codings=people, codebook=book).table
    rows = found[found["segment"] == "all"].set_index("code")
    inside, raw = [], []
    for code, known in truth["themes"].items():
        if code not in book.ids:
            continue
        share = known["prevalence without empty answers"]
        row = rows.loc[code]
        inside.append(row["ci_lower"] <= share <= row["ci_upper"])
        raw.append(
            row["share_machine_ci_lower"] <= share <= row["share_machine_ci_upper"]
        )
    assert np.mean(inside) >= 0.8
    assert np.mean(inside) > np.mean(raw)
    delivery = truth["themes"]["delivery"]["prevalence without empty answers"]
    assert rows.loc["delivery", "share_machine_ci_upper"] < delivery


def test_sample_impact_names_delivery(sample):
    frame, people, book, coded, truth = sample
    found = voc.impact(frame, coded, codebook=book, cluster="account_id")
    rows = found.table.set_index("code")
    worst = min(truth["themes"], key=lambda code: truth["themes"][code]["impact"])
    assert found.findings[0].id == f"impact_{worst}"
    planted = truth["themes"][worst]["impact"]
    assert rows.loc[worst, "ci_lower"] < planted < rows.loc[worst, "ci_upper"]
    shares = voc.prevalence(frame, coded, codings=people, codebook=book)
    assert voc.decision(shares, found).startswith("Look into Delivery first: with −")


def test_a_tie_to_a_share_is_in_percentage_points(sample):
    frame, people, book, coded, _ = sample
    rated = frame.assign(score=(frame["score"] + 1) // 2)
    found = voc.impact(rated, coded, codebook=book, scale="csat")
    assert {one.unit for one in found.findings} == {"share_points"}
    shares = voc.prevalence(rated, coded, codings=people, codebook=book)
    assert re.search(r"with −\d+\.\d percentage points", voc.decision(shares, found))


def test_choices_show_the_uncorrected_count_outside(sample):
    frame, people, book, coded, _ = sample
    found = voc.choices(frame, coded, codings=people, codebook=book, weights="weight")
    assert found.table["choice"].unique().tolist() == [
        "as reported", "machine's count, not corrected", "hand codes alone",
        "without weights", "every text once",
    ]  # fmt: skip
    assert "outside the reported interval: machine's count, not corrected" in found.text


def test_theme_that_the_codebook_lacks_is_suggested(sample):
    frame, _, _book, coded, truth = sample
    assert truth["theme not in the codebook"]
    found = voc.suggest_codes(frame, coded, rng=20260101)
    assert "fedelta" in ", ".join(found.table["terms"].head(4))


def test_a_handful_of_the_silent_is_not_scored():
    frame = pd.DataFrame({"score": [10] * 60 + [2] * 46, "verbatim": ["late"] * 100
                          + [None] * 6})  # fmt: skip
    found = voc.commenters(frame)
    assert found.text.endswith("the 6 others are too few to compare.")
    assert found.table.loc[1:, "estimate"].isna().all()
    assert found.table.loc[0, "estimate"] == found.table.loc[0, "estimate"]
    assert found.findings == ()
    assert np.isfinite(voc.commenters(frame, min_n=5).gap)
