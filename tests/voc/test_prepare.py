"""Preparing verbatims: what is said, copies, languages."""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import voc
from cxlib.errors import ArgumentError, DataError
from cxlib.voc import _language
from cxlib.voc._copies import _shingles, copy_groups

LATE = "The parcel came three days late and nobody told me"


def n_of(found, what):
    return int(found.table.loc[found.table["what"] == what, "n"].sum())


def frame(texts, **columns):
    return pd.DataFrame({"verbatim": pd.array(texts, dtype="str")} | columns)


def test_counts_and_frame():
    told = frame(
        [LATE, LATE.upper() + "!!", LATE.replace("three", "threee"), "ok", "ok", "n/a",
         None, "   "],
        respondent_id=["a", "b", "a", "c", "d", "e", "f", "g"],
    )  # fmt: skip
    before = told.copy()
    found = voc.prepare(told)
    pd.testing.assert_frame_equal(told, before)
    assert found.frame["said"].tolist() == ["said"] * 5 + ["nothing", "blank", "blank"]
    assert found.frame["duplicate_of"].tolist() == ["", "a", "a", "", "", "", "", ""]
    assert found.frame["n_words"].tolist()[:5] == [10, 10, 10, 1, 1]
    assert (n_of(found, "copies"), n_of(found, "groups")) == (2, 1)
    assert n_of(found, "largest group") == 3
    assert n_of(found, "copies of one person") == 1
    assert n_of(found, "copies across people") == 1
    assert "2 of 3 with 20 signs or more repeat another" in found.text
    assert "kept and counted" in found.text


@pytest.mark.parametrize(
    ("copies", "left"), [("keep", 4), ("once a person", 3), ("once", 2)]
)
def test_copies_leave_only_when_asked(copies, left):
    told = frame([LATE, LATE, LATE, "fine"], respondent_id=["a", "a", "b", "c"])
    found = voc.prepare(told, copies=copies)
    assert len(found.frame) == left
    assert n_of(found, "set apart") == 4 - left
    assert n_of(found, "asked") == 4


def test_the_surveys_language_wins_and_contradiction_is_counted():
    told = frame(
        [LATE, "Il corriere non si è presentato", LATE + " again",
         "Il prezzo è troppo alto"],
        lang=["it-IT", "IT", None, ""],
    )  # fmt: skip
    found = voc.prepare(told, language="lang")
    assert found.frame["language"].tolist() == ["it", "it", "en", "it"]
    assert (found.n_checked, found.n_contradicted) == (2, 1)


def test_a_language_the_codebook_lacks_is_named_and_a_short_text_is_unknown():
    told = frame(
        ["Bonjour, je suis très content de votre service client", "ok", "👍👍"]
    )
    assert voc.prepare(told).frame["language"].tolist() == ["fr", "", ""]
    none = voc.prepare(told, languages=())
    assert none.frame["language"].tolist() == ["", "", ""]


def test_without_the_package_it_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "py3langid", None)
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    _language.identifier.cache_clear()
    _language._identifier.cache_clear()
    found = voc.prepare(frame([LATE, "tutto bene"], lang=["en", None]), language="lang")
    _language.identifier.cache_clear()
    _language._identifier.cache_clear()
    assert found.frame["language"].tolist() == ["en", ""]
    assert found.text.endswith("not detected: py3langid is not installed.")


def test_sample_languages_are_right():
    sample = pd.read_csv("data/sample/responses.csv", dtype={"verbatim": "str"})
    found = voc.prepare(sample)
    told = found.frame[(found.frame["said"] == "said")]
    recorded = sample.loc[told.index, "language"]
    known = told["language"] != ""
    assert known.mean() > 0.95
    assert (told["language"] == recorded)[known].mean() > 0.99


def test_near_equal_texts_are_found_and_only_those():
    """Against every pair's true similarity: a hundredth missed, none wrong."""
    rng = np.random.default_rng(3)
    signs = list("abcdefghilmnoprstuvz ")
    texts = ["".join(rng.choice(signs, rng.integers(25, 90))) for _ in range(400)]
    for text in texts[:300]:
        at = int(rng.integers(0, len(text)))
        texts.append(text[:at] + "x" * int(rng.integers(1, 9)) + text[at:])
    groups = copy_groups(texts, similarity=0.8)
    sets = [_shingles(text) for text in texts]
    truth = {
        (i, 400 + i)
        for i in range(300)
        if len(sets[i] & sets[400 + i]) >= 0.8 * len(sets[i] | sets[400 + i])
    }
    assert 50 < len(truth) < 290
    found = {(i, 400 + i) for i in range(300) if groups[i] == groups[400 + i]}
    assert found <= truth
    assert len(found) >= 0.98 * len(truth)


@settings(max_examples=25)
@given(st.lists(st.text(max_size=60), max_size=12))
def test_any_text_is_counted_once(texts):
    found = voc.prepare(frame(texts), languages=())
    counts = [n_of(found, kind) for kind in ("said", "nothing", "blank")]
    assert sum(counts) == len(texts) == n_of(found, "asked")
    assert len(found.frame) == len(texts)


def test_row_order_does_not_change_the_groups():
    texts = [LATE, LATE + "r", "something else was said here", LATE] * 5
    sizes = [
        voc.prepare(frame(order), languages=()).table["n"].tolist()
        for order in (texts, texts[::-1])
    ]
    assert sizes[0] == sizes[1]


def test_hostile_and_empty_tables():
    found = voc.prepare(frame([]))
    assert found.text.startswith("0 of 0 responses say something")
    hostile = [
        "x" * 100_000,
        "\x00\u202e",
        "\ud800 " * 30,
        "😡" * 40,
        "=cmd|' /C calc'!A0",
    ]
    told = pd.DataFrame(
        {"verbatim": pd.Series([*hostile, 3, float("nan")], dtype=object)}
    )
    start = time.process_time()
    assert len(voc.prepare(told).frame) == 7
    assert time.process_time() - start < 5


def test_bad_arguments():
    with pytest.raises(ArgumentError, match="`copies` is 'drop'; use one of 'keep'"):
        voc.prepare(frame(["a"]), copies="drop")
    with pytest.raises(ArgumentError, match=r"`similarity` is 0\.1"):
        voc.prepare(frame(["a"]), similarity=0.1)
    with pytest.raises(DataError, match="column 'lang' is not in responses"):
        voc.prepare(frame(["a"]), language="lang")


@pytest.mark.slow
def test_two_hundred_thousand_verbatims():
    rng = np.random.default_rng(1)
    signs = list("abcdefghilmnoprstuvz")
    lexicon = ["".join(rng.choice(signs, rng.integers(2, 10))) for _ in range(3000)]
    picks = rng.integers(0, 3000, (200_000, 11))
    told = frame([" ".join(lexicon[i] for i in row) for row in picks], language="it")
    start = time.process_time()
    found = voc.prepare(told, language="language")
    assert time.process_time() - start < 20
    assert n_of(found, "said") == 200_000
