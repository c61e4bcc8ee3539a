"""The rule coder: what fires, what does not, and what hostile text does."""

from __future__ import annotations

import time

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cxlib import voc
from cxlib.errors import DataError

BOOK = voc.Codebook.from_dict(
    {
        "version": 1,
        "codes": [
            {"id": "service"},
            {
                "id": "delivery",
                "parent": "service",
                "phrases": {
                    "en": ["late", "courier*", "never arrived", "re:\\d+ days?"],
                    "it": ["ritardo", "perché no"],
                },
                "exclude": {"en": ["not late"]},
            },
            {
                "id": "staff",
                "parent": "service",
                "phrases": {"en": ["rude"], "it": ["late", "scortes*"]},
            },
            {"id": "mood", "phrases": {"en": ["😡", "check-in"]}},
        ],
    }
)


def codes(*texts, language=None):
    frame = pd.DataFrame({"verbatim": texts})
    if language:
        frame["language"] = language
    found = voc.code(frame, BOOK, language="language" if language else None)
    rows = zip(found["verbatim_id"], found["code"], found["phrase"], strict=True)
    return {
        (int(i.split()[1]) - 1, code): phrase
        for i, code, phrase in rows
        if code != "service"
    }


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("LATE again", "late"),
        ("the couriers!", "courier*"),
        ("it never, ever arrived", None),
        ("it never\n  arrived", "never arrived"),
        ("never-arrived", "never arrived"),
        ("later", None),
        ("chocolate", None),
        ("after 12 days", "re:\\d+ days?"),
        ("PERCHE NO", "perché no"),
        ("un ritàrdo", "ritardo"),
        ("la\x00te and l\u200bate", "late"),
        ("ｌａｔｅ", "late"),
        ("not late", None),
        ("not late but the courier", "courier*"),
        ("very late, then not late", "late"),
        ("late. Not late. NOT  LATE", "late"),
        ("not late, not late", None),
        ("late, 3 days, couriers", "late · courier* · re:\\d+ days?"),
    ],
)
def test_phrases(text, phrase):
    assert codes(text).get((0, "delivery")) == phrase


def test_emoji_and_punctuation_phrases():
    assert set(codes("arrived 😡", "the check in desk")) == {(0, "mood"), (1, "mood")}


TOUCH = voc.Codebook.from_dict({"version": 1, "codes": [
    {"id": "price", "phrases": {"en": ["dear", "pric*", "re:\\bcost\\w*"]},
     "exclude": {"en": ["friend", "re:no .{0,9}cost"]}},
    {"id": "people", "phrases": {"en": ["friend"]}},
]})  # fmt: skip


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("dear friend", False),
        ("dear-friend", False),
        ("my friend's dear", True),
        ("dear, friend", True),
        ("dear. Friend", True),
        ("dear\nfriend", True),
        ("dear old friend", True),
        ("friend dear", False),
        ("dear friend, the prices", True),
        ("friend pricing", False),
        ("no extra costs", False),
        ("no extra costs, only costs", True),
        ("it costs", True),
    ],
)
def test_exclude_takes_away_only_what_it_overlaps_or_touches(text, kept):
    found = voc.code(pd.DataFrame({"verbatim": [text]}), TOUCH)
    assert ("price" in set(found["code"])) is kept
    assert ("people" in set(found["code"])) is ("friend" in text.lower())


@given(st.lists(st.sampled_from(["not late", "late", "fine", ".", "very"]), max_size=9))
def test_excluding_agrees_with_a_reading_word_by_word(parts):
    """Every 'late' that stands in no 'not late', and touches none, gives the code."""
    book = voc.Codebook.from_dict({"version": 1, "codes": [
        {"id": "d", "phrases": {"en": ["late"]}, "exclude": {"en": ["not late"]}},
    ]})  # fmt: skip
    text = " ".join(parts)
    marks = ["X" if p == "not late" else "L" if p == "late" else "-" for p in parts]
    row = "".join(marks)
    kept = any(
        mark == "L" and "X" not in (row[i - 1 : i] + row[i + 1 : i + 2])
        for i, mark in enumerate(row)
    )
    assert (len(voc.code(pd.DataFrame({"verbatim": [text]}), book)) == 1) is kept


def test_language_narrows_the_phrases_and_unknown_widens_them():
    assert set(codes("late")) == {(0, "delivery"), (0, "staff")}
    assert set(codes("late", language=["en"])) == {(0, "delivery")}
    assert set(codes("late", language=["it-IT"])) == {(0, "staff")}
    assert set(codes("late", language=["IT"])) == {(0, "staff")}
    for unknown in ("fr", "", None):
        assert len(codes("late", language=[unknown])) == 2


def test_parents_get_their_childrens_rows_once():
    found = voc.code(pd.DataFrame({"verbatim": ["late and rude"]}), BOOK)
    assert found["code"].tolist() == ["service", "delivery", "staff"]
    assert found["phrase"].tolist()[0] == "late · rude"


def test_ids_and_shape():
    frame = pd.DataFrame(
        {
            "respondent_id": ["a", "a", None, "b"],
            "verbatim": ["late", "late", "late", None],
        }
    )
    found = voc.code(frame, BOOK)
    assert found["verbatim_id"].unique().tolist() == ["a", "a#2", "row 3"]
    assert list(found.columns) == ["verbatim_id", "code", "phrase"]
    assert found["code"].cat.categories.tolist() == list(BOOK.ids)
    assert frame["verbatim"].isna().sum() == 1
    own = pd.DataFrame({"verbatim_id": [7, 7], "verbatim": ["late", "late"]})
    with pytest.raises(DataError, match="verbatim_id repeats in 2 rows"):
        voc.code(own, BOOK)
    with pytest.raises(DataError) as caught:
        voc.code(frame, BOOK, verbatim="verbatm")
    assert str(caught.value) == (
        "column 'verbatm' is not in responses; did you mean 'verbatim'?"
    )


@pytest.mark.parametrize("frame", [{"verbatim": []}, {"verbatim": [None, " ", "\x00"]}])
def test_nothing_to_code(frame):
    assert voc.code(pd.DataFrame(frame, dtype=object), BOOK).empty


HOSTILE = [
    "<img src=x onerror=alert(1)> late",
    "=cmd|' /C calc'!A0 late",
    "late " * 20_000,
    "a" * 100_000 + " late",
    "😡" * 5_000,
    "\u202elate\u202c \u2066abc",
    "late\x00\x01\x02",
    "   \t\n ",
    "\ud800 late",
    "1 " * 30_000 + "days",
]


@pytest.mark.parametrize(
    "text", ["not late " * 2_200, "late " * 3_900 + "not late", "not " * 5_000 + "late"]
)
def test_much_that_is_excluded_takes_no_time(text):
    start = time.process_time()
    voc.code(pd.DataFrame({"verbatim": [text + str(i) for i in range(10)]}), BOOK)
    assert time.process_time() - start < 3


def test_hostile_text_is_text():
    frame = pd.DataFrame({"verbatim": pd.Series(HOSTILE, dtype=object)})
    found = voc.code(frame, BOOK)
    known = {p for code in BOOK.codes for v in code.phrases.values() for p in v}
    fired = {p for row in found["phrase"] for p in row.split(" · ")}
    assert fired <= known
    hit = set(found.loc[found["code"] == "delivery", "verbatim_id"])
    assert {"row 1", "row 2", "row 3", "row 6", "row 7", "row 9"} <= hit
    assert "row 4" not in hit, "only the first 20,000 characters are read"


@given(st.lists(st.text(max_size=40), max_size=15), st.randoms(use_true_random=False))
def test_row_order_and_repeats_never_matter(texts, random):
    frame = pd.DataFrame(
        {"verbatim_id": [str(i) for i in range(len(texts))],
         "verbatim": pd.Series(texts, dtype=object)}
    )  # fmt: skip
    order = list(range(len(texts)))
    random.shuffle(order)
    one = voc.code(frame, BOOK).sort_values(["verbatim_id", "code"])
    two = voc.code(frame.iloc[order], BOOK).sort_values(["verbatim_id", "code"])
    pd.testing.assert_frame_equal(
        one.reset_index(drop=True), two.reset_index(drop=True)
    )
    assert not one.duplicated(["verbatim_id", "code"]).any()


@given(st.text(max_size=60))
def test_case_never_matters_and_cleaning_is_stable(text):
    assert voc.answers([text])[0] in {"said", "nothing", "blank"}
    shown = voc.clean(text)
    assert voc.clean(shown) == shown
    assert not any(ord(sign) < 32 for sign in shown)


def test_answers_that_say_nothing():
    kinds = voc.answers(
        ["n/a", "N.A.", ".", "niente", "NIENTE!!", "nothing", "None", "-", "?",
         "Nulla da dire",
         "nothing works", "", None, "\u200b", float("nan"), "👍", "ok"]
    )  # fmt: skip
    assert kinds.tolist() == ["nothing"] * 10 + ["said"] + ["blank"] * 4 + ["said"] * 2


def test_clean_shows_hostile_text_as_one_line():
    assert voc.clean("a\u202eb\x00c\n\nd", width=None) == "abc d"
    assert voc.clean("e" + "\u0301" * 50) == "e" + "\u0301" * 3
    assert len(voc.clean("word " * 30_000, width=280)) <= 281
