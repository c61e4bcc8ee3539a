"""Segments against the rest: partition, suppression, correction, sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import nps
from cxlib.errors import ArgumentError, DataError
from cxlib.nps._suppress import is_hidden, statuses


def survey(sizes, rate=0.6):
    """Segments a, b, c, … with the same share of promoters."""
    parts = [
        pd.DataFrame(
            {
                "score": np.where(np.arange(n) < rate * n, 10, 3),
                "store": name,
            }
        )
        for name, n in zip("abcdefghij", sizes, strict=False)
    ]
    return pd.concat(parts, ignore_index=True)


def test_the_rest_is_every_other_answer():
    frame = pd.DataFrame(
        {"score": [10] * 40 + [3] * 40 + [7] * 40, "store": ["a", "b"] * 60}
    )
    frame.loc[:19, "store"] = None
    rows = nps.by_segment(frame, "store").table.set_index("segment")
    assert set(rows.index) == {"a", "b", "(blank)"}
    assert rows["n"].sum() == 120
    for name in rows.index:
        rest = frame[frame["store"].fillna("(blank)") != name]["score"]
        expected = 100 * ((rest >= 9).mean() - (rest <= 6).mean())
        assert rows.loc[name, "rest"] == pytest.approx(expected)
        gap = rows.loc[name, "estimate"] - expected
        assert rows.loc[name, "effect_size"] == pytest.approx(gap)


def test_clusters_that_span_segments_narrow_the_gap(segmented):
    """Accounts whose answers move together on both sides cancel in the difference."""
    copy = segmented.assign(plan="copy")
    copy.loc[::10, "score"] = 8
    twin = pd.concat([segmented, copy], ignore_index=True)
    twin["pair"] = [*range(300)] * 2
    rows = nps.by_segment(twin, "plan", cluster="pair").table.set_index("segment")
    alone = nps.by_segment(twin, "plan").table.set_index("segment")

    def width(table):
        ends = table.loc["copy", ["effect_size_ci_lower", "effect_size_ci_upper"]]
        return ends.iloc[1] - ends.iloc[0]

    assert width(rows) < 0.5 * width(alone)
    assert rows.loc["copy", "effect_size"] == pytest.approx(
        alone.loc["copy", "effect_size"]
    )


@given(st.lists(st.integers(1, 60), min_size=1, max_size=8), st.integers(2, 30))
def test_subtraction_never_gives_a_small_cell(sizes, min_n):
    words = statuses(sizes, min_n)
    hidden = [n for n, word in zip(sizes, words, strict=True) if is_hidden(word)]
    assert all(is_hidden(w) for n, w in zip(sizes, words, strict=True) if n < min_n)
    if hidden and len(hidden) < len(sizes):
        assert len(hidden) >= 2
        assert sum(hidden) >= min_n


def test_hidden_rows_carry_no_number():
    found = nps.by_segment(survey([200, 90, 40, 4]), "store")
    hidden = found.table[found.table["status"].map(is_hidden)]
    assert hidden["segment"].tolist() == ["c", "d"]
    numbers = hidden.drop(columns=["by", "segment", "status", "verdict"])
    assert numbers.isna().all(axis=None)
    assert "2 segments are hidden (too few answers, or would give those away)." in (
        found.text
    )
    page = found._repr_html_()
    assert "hidden (n &lt; 10)" in page
    assert "hidden (protects a smaller one)" in page
    assert nps.by_segment(survey([200, 90, 40, 4]), "store", min_n=2).table[
        "estimate"
    ].notna().all()  # fmt: skip


def test_a_pair_with_one_small_segment_is_hidden_whole():
    found = nps.by_segment(survey([200, 4]), "store")
    assert found.table["estimate"].isna().all()
    assert found.text == (
        "No two segments of store have enough answers to be shown and compared."
    )
    assert found.findings == ()


def test_small_bases_are_flagged():
    found = nps.by_segment(survey([200, 20, 25]), "store")
    status = found.table.set_index("segment")["status"]
    assert status["b"] == "small base (n < 30)"
    assert "* Fewer than 30 answers: an indication only." in found.footnote


@pytest.mark.parametrize(
    ("by", "text"),
    [
        ([], "No segment column was given, so segments are not compared."),
        (["", ""], "No segment column was given, so segments are not compared."),
        ("store", "store has one value only ('a'): there is nothing to compare."),
    ],
)
def test_nothing_to_compare(by, text):
    found = nps.by_segment(survey([50]), by)
    assert found.text == text
    assert found.findings == ()
    assert text in found._repr_html_().replace("&#x27;", "'")


def test_one_family_over_several_columns():
    frame = survey([80, 80, 80]).assign(region=["n", "s"] * 120)
    found = nps.by_segment(frame, ["store", "region", "store"])
    assert found.table["by"].value_counts().to_dict() == {"store": 3, "region": 2}
    alone = nps.by_segment(frame, "store").table.set_index("segment")["pvalue_adj"]
    together = found.table.set_index("segment")["pvalue_adj"]
    assert (together[alone.index] >= alone).all()
    assert found.heterogeneity["by"].tolist() == ["store", "region"]


def test_the_sentence_names_the_furthest(segmented):
    found = nps.by_segment(segmented, ["plan", "wave"])
    rows = found.table.set_index("segment")
    for name, side in (("basic", "below"), ("premium", "above")):
        gap = rows.loc[name, "effect_size"]
        assert f"Furthest {side} the rest: {name} (plan) with" in found.text
        assert f"{abs(gap):.1f} points" in found.text
    assert found.findings[0].id.startswith("NPS plan")
    assert "Taken together, segments differ more than chance explains in plan" in (
        found.heterogeneity_text
    )


def test_none_apart_says_the_largest_gap():
    found = nps.by_segment(survey([80, 80, 80]), "store")
    assert found.text.startswith(
        "No segment of 3 differs from the rest beyond noise after Holm's correction; "
        "the largest gap is that of"
    )
    assert found.findings == ()


def test_verdicts_against_a_target(segmented):
    found = nps.by_segment(segmented, "plan", target=0).table.set_index("segment")
    assert found.loc["basic", "verdict"] == "below"
    assert set(found["verdict"]) <= {"above", "below", "cannot tell"}


def test_numeric_and_dated_labels_read_well():
    frame = survey([60, 60])
    frame["code"] = np.where(frame["store"] == "a", 1.0, 2.0)
    frame["day"] = pd.to_datetime(
        np.where(frame["store"] == "a", "2025-01-01", "2025-02-01")
    )
    rows = nps.by_segment(frame, ["code", "day"]).table["segment"]
    assert set(rows) == {"1", "2", "2025-01-01", "2025-02-01"}


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"min_n": 1}, ArgumentError, "`min_n` is 1; it must be at least 2."),
        (
            {"correction": "bonf"}, ArgumentError,
            "`correction` is 'bonf'; use one of 'holm', 'fdr_bh', 'fdr_by', ",
        ),
        (
            {"confidence_level": 1}, ArgumentError,
            "`confidence_level` is 1; it must lie in (0, 1).",
        ),
        ({"cluster": "acount"}, DataError, "column 'acount' is not in responses;"),
    ],
)  # fmt: skip
def test_errors(options, error, message):
    with pytest.raises(error) as caught:
        nps.by_segment(survey([50, 50]), "store", **options)
    assert str(caught.value).startswith(message)


@settings(max_examples=10)
@given(st.integers(0, 10_000))
def test_label_and_row_order_do_not_matter(seed):
    frame = survey([40, 60, 80])
    frame["store"] = frame["store"].map({"a": "z", "b": "m", "c": "a"})
    shuffled = frame.sample(frac=1, random_state=seed)
    first = nps.by_segment(frame, "store").table
    pd.testing.assert_frame_equal(first, nps.by_segment(shuffled, "store").table)
