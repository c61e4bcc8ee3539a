"""Keyness and suggested codes: planted themes are found, seeded, never counted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cxlib import voc

THEMES = {
    "parking": [
        "the parking lot was full",
        "no parking space left",
        "parking lot without space",
    ],
    "allergy": [
        "gluten free menu missing",
        "allergy labels on gluten food",
        "no gluten labels",
    ],
    "music": ["music far too loud", "the loud music hurts", "turn the loud music down"],
}
BOOK = voc.Codebook.from_dict(
    {"version": 1, "codes": [{"id": "late", "phrases": {"en": ["late"]}}]}
)


def told(n=60, seed=2):
    rng = np.random.default_rng(seed)
    filler = [
        "really",
        "sadly",
        "today",
        "again",
        "always",
        "in town",
        "last week",
        "with kids",
    ]
    texts = [
        f"{rng.choice(filler)} {rng.choice(options)} {rng.choice(filler)} {i % 7}"
        for options in THEMES.values()
        for i in range(n)
    ]
    texts += [
        f"{rng.choice(filler)} it came late {rng.choice(filler)}" for _ in range(3 * n)
    ]
    return pd.DataFrame({"verbatim": texts})


def test_planted_themes_are_suggested():
    frame = told()
    found = voc.suggest_codes(frame, voc.code(frame, BOOK), n_groups=3, rng=1)
    assert found.n_uncoded == 180
    themes = [terms.split(", ") for terms in found.table["terms"]]
    for word in ("parking", "gluten", "music"):
        assert sum(word in terms for terms in themes) == 1
    assert found.table["n"].tolist() == [60, 60, 60]
    assert found.table["stability"].min() > 0.9
    assert found.findings == (), "suggestions are never counted"


def test_same_seed_same_suggestions():
    frame = told()
    coded = voc.code(frame, BOOK)
    one, two = (voc.suggest_codes(frame, coded, rng=3).table for _ in range(2))
    pd.testing.assert_frame_equal(one, two)


def test_words_are_never_from_one_person():
    frame = pd.concat(
        [told(), pd.DataFrame({"verbatim": ["parking of mr Quixote, a@b.it"] * 2})]
    )
    found = voc.suggest_codes(frame, voc.code(frame, BOOK), n_groups=3)
    terms = ", ".join(found.table["terms"])
    assert "quixote" not in terms
    assert "email" not in terms
    assert "name" not in terms


def test_too_few_to_look_at():
    frame = told(3)
    found = voc.suggest_codes(frame, voc.code(frame, BOOK))
    assert found.text == "9 verbatims have no code: too few to look for new ones."
    same = pd.DataFrame({"verbatim": ["!! ??", "a b c"] * 30 + ["late"] * 30})
    found = voc.suggest_codes(same, voc.code(same, BOOK))
    assert found.table.empty
    assert "no words mark groups" in found.text


def test_keyness_ranks_and_is_antisymmetric():
    a, b = ["noisy room"] * 20 + ["room"] * 5, ["quiet room"] * 25
    one = voc.keyness(a, b, min_texts=0).table.set_index("term")
    two = voc.keyness(b, a, min_texts=0).table.set_index("term")
    assert one["z"].idxmax() == "noisy"
    assert two["z"].idxmax() == "quiet"
    assert np.allclose(one["log_odds"], -two["log_odds"].reindex(one.index))
    assert (
        voc.keyness([], []).text == "No word marks these verbatims against the others."
    )
