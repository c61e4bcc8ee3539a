"""Coders who disagree at a known rate, and the codebook they use."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from cxlib import simulate
from cxlib.errors import DataError
from cxlib.simulate import _verbatims, _words_en, _words_it


@pytest.fixture(scope="module")
def answers():
    return simulate.responses(60_000, rng=21, hidden=True)


def matrix(given, coder):
    own = given[given["coder"] == coder].set_index("verbatim_id")["code"]
    return own.str.get_dummies().groupby(level=0).max().sort_index()


def test_kappa_is_the_one_planted(answers):
    given = simulate.codings(answers, rng=2, n=30_000)
    a, b = matrix(given, "A"), matrix(given, "B")
    known = simulate.truth("codings")
    for code, value in known["kappa"].items():
        assert cohen_kappa_score(a[code], b[code]) == pytest.approx(value, abs=0.03)
    names = list(known["kappa"])
    pooled = cohen_kappa_score(a[names].to_numpy().ravel(), b[names].to_numpy().ravel())
    assert pooled == pytest.approx(known["pooled kappa"], abs=0.01)
    assert 0.75 <= known["mean kappa"] <= 0.85


def test_shape_of_the_codings(answers):
    given = simulate.codings(answers, rng=2, n=400)
    assert list(given.columns) == ["verbatim_id", "coder", "code"]
    assert given.groupby("coder")["verbatim_id"].nunique().tolist() == [400, 400]
    assert not given.duplicated().any()
    blank = given["code"].isna()
    assert 0.1 < blank.groupby(given["coder"]).sum()["A"] / 400 < 0.5
    rows = given.groupby(["verbatim_id", "coder"])["code"].size()
    alone = rows[given[blank].set_index(["verbatim_id", "coder"]).index]
    assert (alone == 1).all()
    spoken = answers.loc[answers["verbatim"].notna(), "respondent_id"]
    assert given["verbatim_id"].isin(spoken).all()
    assert "loyalty" not in set(given["code"].dropna())


def test_perfect_coders_agree(answers):
    given = simulate.codings(answers, rng=2, n=300, miss=0.0, extra=0.0)
    assert (matrix(given, "A") == matrix(given, "B")).all(axis=None)


def test_codings_need_the_hidden_themes():
    with pytest.raises(DataError, match=r"simulate.responses\(..., hidden=True\)"):
        simulate.codings(simulate.responses(10))


def test_codebook_schema():
    book = simulate.codebook()
    ids = [code["id"] for code in book["codes"]]
    assert book["version"] == 1
    assert len(ids) == len(set(ids)) == 13
    for code in book["codes"]:
        assert set(code) == {"id", "name", "definition", "parent", "phrases", "exclude"}
        assert code["parent"] is None or code["parent"] in ids
        assert bool(code["phrases"]["it"]) == (code["parent"] is not None)
        for texts in (
            code["name"],
            code["definition"],
            code["phrases"],
            code["exclude"],
        ):
            assert set(texts) == {"en", "it"}


def folded(text):
    plain = unicodedata.normalize("NFKD", text.lower())
    return "".join(c for c in plain if not unicodedata.combining(c))


def pattern(phrase):
    if phrase.startswith("re:"):
        return phrase[3:]
    stem = re.escape(folded(phrase).removesuffix("*"))
    return rf"\b{stem}" + ("" if phrase.endswith("*") else r"\b")


def fired(text, language):
    hits = set()
    for code in simulate.codebook()["codes"]:
        left = folded(text)
        for phrase in code["exclude"][language]:
            left = re.sub(pattern(phrase), " ", left)
        if any(re.search(pattern(p), left) for p in code["phrases"][language]):
            hits.add(code["id"])
    return hits


@pytest.mark.parametrize(("language", "words"), [("it", _words_it), ("en", _words_en)])
def test_phrases_find_most_sentences_but_not_all(language, words):
    found, right, said = 0, 0, 0
    for kind, sentences in words.SENTENCES.items():
        true = {kind[:-1]} - {"loyalty"} if kind[-1] in "+-" else set()
        for sentence in sentences:
            for text in _verbatims.fillings(sentence, words.SLOTS)[:1]:
                hits = fired(text, language)
                found, said = found + len(hits), said + len(true)
                right += len(hits & true)
    assert 0.75 < right / said < 0.95
    assert 0.90 < right / found < 1.0


def test_every_theme_is_told_in_both_languages():
    assert set(_words_it.SENTENCES) == set(_words_en.SENTENCES)
    _, starts, counts = _verbatims._pools()
    assert (np.count_nonzero(counts, axis=2) >= 3).all()
    assert starts.max() < len(_verbatims._pools()[0])
