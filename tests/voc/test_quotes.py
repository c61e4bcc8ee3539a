"""Quotes: seeded, redacted, escaped, and never from a small group."""

from __future__ import annotations

import pandas as pd
import pytest

from cxlib import voc
from cxlib.errors import ArgumentError

BOOK = voc.Codebook.from_dict(
    {"version": 1, "codes": [
        {"id": "all"},
        {"id": "late", "name": {"en": "<b>Late</b>"}, "parent": "all",
         "phrases": {"en": ["late"]}}]}
)  # fmt: skip
HOSTILE = [
    "<img src=x onerror=alert(1)> late", "=cmd|' /C calc'!A0 late", "late " * 20_000,
    "\u202elate\x00 again 😡", "late, write to me@example.com", "late\n\n\nlate",
]  # fmt: skip


def told(n=14, **columns):
    texts = (HOSTILE + [f"late by {i} days" for i in range(n)])[:n]
    return pd.DataFrame({"respondent_id": range(n), "verbatim": texts} | columns)


def drawn(frame, **options):
    return voc.quotes(frame, voc.code(frame, BOOK), codebook=BOOK, **options)


def test_hostile_quotes_are_shown_as_text():
    found = drawn(told(), n_quotes=20)
    page = found._repr_html_()
    assert "<img" not in page
    assert "&lt;img src=x onerror" in page
    assert "<b>Late" not in page
    assert "&lt;b&gt;Late" in page
    assert "\u202e" not in page
    assert "\x00" not in page
    assert "me@example.com" not in page
    assert "[email]" in page
    assert found.table["quote"].str.len().max() <= 281
    assert not found.table["quote"].str.contains("\n").any()


def test_same_seed_same_quotes_and_picks_are_marked():
    one, two = (drawn(told(40), n_quotes=3, rng=7).table for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert one["pick"].tolist() == ["typical", "random", "random"]
    assert one["quote"].is_unique
    assert set(one["code"]) == {"late"}, "a wider code is not quoted"


def test_no_group_below_k_is_quoted():
    assert drawn(told(9)).table.empty
    assert drawn(told(9)).text == (
        "No quotes: no group of code, segment and score has 10 verbatims."
    )
    frame = told(30, plan=["a"] * 21 + ["b"] * 9, score=[0] * 12 + [10] * 18)
    found = drawn(frame, by="plan", scale="nps").table
    groups = found.drop_duplicates(["segment", "band"])[["segment", "band", "n"]]
    assert groups.to_numpy().tolist() == [["a", "detractor", 12]]
    same = told(30).assign(respondent_id=1)
    assert drawn(same).table.empty, "thirty verbatims of one person are one person"


def test_every_segment_and_band_is_a_group_and_few_are_drawn_with_the_seed():
    frame = told(160, plan=["a", "b"] * 80, score=[0] * 80 + [10] * 80)
    every = drawn(frame, by="plan", scale="nps", rng=3).table
    groups = ["segment", "band"]
    assert len(every.drop_duplicates(groups)) == 4
    two = [
        drawn(frame, by="plan", scale="nps", n_groups=2, rng=seed).table[groups]
        for seed in range(12)
    ]
    assert {len(table.drop_duplicates()) for table in two} == {2}
    seen = pd.concat(two).drop_duplicates()
    assert len(seen) == 4, "every group has its chance"
    again = drawn(frame, by="plan", scale="nps", n_groups=2, rng=0).table[groups]
    pd.testing.assert_frame_equal(two[0], again)
    assert drawn(frame, by="", n_groups=1).table["segment"].unique().tolist() == ["all"]


def test_columns_never_hold_an_id():
    table = drawn(told(40)).table
    assert list(table.columns) == [
        "code",
        "name",
        "segment",
        "band",
        "n",
        "pick",
        "quote",
    ]


def test_arguments():
    with pytest.raises(
        ArgumentError, match="`codes` is 'lat'; use one of 'all', 'late'"
    ):
        drawn(told(), codes=["lat"])
    assert drawn(told(), n_quotes=0).table.empty


@pytest.mark.parametrize("scale", ["csat", "csat_mean"])
def test_bands_of_other_scales(scale):
    found = drawn(told(40, score=[1, 5] * 20), scale=scale).table
    assert found["band"].nunique() == 2
