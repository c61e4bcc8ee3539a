"""Waves: order, changes, pairing, and the split into mix and rate."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import nps
from cxlib.errors import ArgumentError, DataError
from cxlib.nps._split import to_pool as pool


def waves(cells):
    """Rows from {(wave, plan): (detractors, passives, promoters)}."""
    parts = [
        pd.DataFrame(
            {"score": np.repeat([3, 7, 10], counts), "wave": wave, "plan": plan}
        )
        for (wave, plan), counts in cells.items()
    ]
    return pd.concat(parts, ignore_index=True)


def part(found, segment, component):
    t = found.table
    return t[(t["segment"] == segment) & (t["component"] == component)].iloc[0]


SHIFT = {
    ("W1", "a"): (10, 20, 70), ("W1", "b"): (60, 20, 20),
    ("W2", "a"): (3, 7, 40), ("W2", "b"): (85, 30, 35),
}  # fmt: skip


def test_split_by_hand():
    """a: 60 -> 74 points, share 1/2 -> 1/4; b: -40 -> -100/3, share 1/2 -> 3/4."""
    found = nps.change(waves(SHIFT), "wave", by="plan")
    assert found.first.estimate == pytest.approx(10)
    assert found.last.estimate == pytest.approx(74 / 4 - 100 / 4)
    assert part(found, "a", "rate")["estimate"] == pytest.approx(14 * 3 / 8)
    assert part(found, "b", "rate")["estimate"] == pytest.approx(20 / 3 * 5 / 8)
    centre = (10 - 6.5) / 2
    assert part(found, "a", "mix")["estimate"] == pytest.approx((67 - centre) * -0.25)
    assert part(found, "b", "mix")["estimate"] == pytest.approx(
        (-(40 + 100 / 3) / 2 - centre) * 0.25
    )


def test_simpson_is_flagged():
    """Every segment rises, the total falls, because the low one grows."""
    found = nps.change(waves(SHIFT), "wave", by="plan")
    assert found.overall.estimate < 0
    assert part(found, "all", "rate")["estimate"] > 0
    assert found.simpson
    assert "Simpson's paradox" in found.text
    flat = nps.change(waves(SHIFT), "wave")
    assert not flat.simpson
    assert "Split" not in flat.text


CELLS = st.tuples(*[st.integers(0, 30)] * 3)


@settings(max_examples=40)
@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=5), st.booleans())
def test_parts_sum_exactly(cells, weighted):
    frame = waves(
        {
            (wave, f"s{i}"): counts
            for i, pair in enumerate(cells)
            for wave, counts in zip(("W1", "W2"), pair, strict=True)
        }
    )
    if frame["wave"].value_counts().reindex(["W1", "W2"]).fillna(0).min() < 10:
        return
    frame["weight"] = 1 + np.arange(len(frame)) % 3
    found = nps.change(
        frame, "wave", by="plan", weights="weight" if weighted else None, min_n=2
    )
    t = found.table
    parts = t[(t["segment"] != "all") & t["component"].isin(["rate", "mix"])]
    assert parts["estimate"].sum() == pytest.approx(found.overall.estimate, abs=1e-8)
    for name in ("rate", "mix"):
        total = part(found, "all", name)["estimate"]
        own = parts[parts["component"] == name]["estimate"].sum()
        assert own == pytest.approx(total, abs=1e-8)
    shares = parts[parts["component"] == "rate"]
    assert shares["share_before"].sum() == pytest.approx(1)
    assert shares["share_after"].sum() == pytest.approx(1)


def test_split_does_not_depend_on_where_zero_lies():
    """The mix is centred: adding a constant to the scale moves no part."""
    frame = waves(SHIFT)
    low = {"name": "x", "low": 0, "high": 10, "kind": "mean"}
    high = {"name": "x", "low": 100, "high": 110, "kind": "mean"}
    first = nps.change(frame, "wave", by="plan", scale=low).table
    moved = frame.assign(score=frame["score"] + 100)
    second = nps.change(moved, "wave", by="plan", scale=high).table
    kept = ["estimate", "std_error", "ci_lower", "ci_upper"]
    pd.testing.assert_frame_equal(first[kept], second[kept])


def test_segments_that_appear_and_vanish_are_mix():
    frame = waves(
        {
            ("W1", "old"): (20, 10, 20), ("W1", "stay"): (10, 10, 30),
            ("W2", "new"): (5, 10, 45), ("W2", "stay"): (10, 10, 30),
        }
    )  # fmt: skip
    found = nps.change(frame, "wave", by="plan")
    assert part(found, "new", "change")["note"] == "appeared"
    assert part(found, "old", "change")["note"] == "vanished"
    for name in ("new", "old", "all"):
        assert part(found, name, "rate")["estimate"] == pytest.approx(0)
    total = part(found, "all", "mix")["estimate"]
    assert total == pytest.approx(found.overall.estimate)
    assert np.isnan(part(found, "old", "change")["after"])


def test_small_segments_are_put_together():
    frame = waves(SHIFT | {("W1", "c"): (1, 1, 1), ("W2", "d"): (2, 1, 1)})
    found = nps.change(frame, "wave", by="plan")
    names = set(found.table["segment"])
    assert not {"c", "d"} & names
    assert "(small segments together)" in names
    shown = found.table[found.table["component"] == "change"]
    positive = shown[["n_before", "n_after"]].to_numpy()
    assert ((positive == 0) | (positive >= 10)).all()


@given(
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1, max_size=8)
)
def test_pool_leaves_no_small_cell(counts):
    before, after = zip(*counts, strict=True)
    small = pool(before, after, 10)
    n = np.array(counts)
    assert ((n[~small] == 0) | (n[~small] >= 10)).all()
    if small.any() and not small.all():
        total = n[small].sum(axis=0)
        assert ((total == 0) | (total >= 10)).all()


@pytest.mark.slow
def test_standard_errors_of_the_split_match_the_bootstrap():
    draw = np.random.default_rng(3)
    frame = waves(SHIFT)
    found = nps.change(frame, "wave", by="plan")
    rows = {w: frame[frame["wave"] == w] for w in ("W1", "W2")}
    again = []
    for _ in range(150):
        both = [
            r.iloc[draw.integers(0, len(r), len(r))].reset_index(drop=True)
            for r in rows.values()
        ]
        again.append(
            nps.change(pd.concat(both, ignore_index=True), "wave", by="plan").table
        )
    estimates = np.array(
        [t.sort_values(["segment", "component"])["estimate"] for t in again]
    )
    expected = found.table.sort_values(["segment", "component"])
    ratio = estimates.std(axis=0) / expected["std_error"].to_numpy()
    # 150 resamples put a standard error within about 6 %; adjusted Wald adds a little
    assert np.abs(ratio - 1).max() < 0.2


def test_partial_overlap_is_between_paired_and_unpaired():
    draw = np.random.default_rng(8)
    mood = draw.normal(0, 3, 200)
    scores = [np.clip(np.round(7 + mood + draw.normal(0, 1, 200)), 0, 10) for _ in "12"]
    frame = pd.DataFrame(
        {"score": np.concatenate(scores), "wave": ["a"] * 200 + ["b"] * 200}
    )
    widths = {}
    for share in (0, 100, 200):
        second = np.where(np.arange(200) < share, np.arange(200), 1000 + np.arange(200))
        frame["who"] = np.concatenate([np.arange(200), second])
        found = nps.change(frame, "wave", respondent="who")
        assert found.n_both == share
        widths[share] = found.overall.std_error
    assert widths[200] < widths[100] < widths[0]
    unpaired = nps.change(frame, "wave", method="t").overall.std_error
    assert widths[0] == pytest.approx(unpaired, rel=0.01)


def test_nobody_changed_is_no_interval_and_no_news():
    frame = pd.DataFrame(
        {
            "score": [10, 3, 7] * 10,
            "wave": ["a"] * 15 + ["b"] * 15,
            "who": [*range(15)] * 2,
        }
    )
    found = nps.change(frame, "wave", respondent="who")
    assert found.overall.estimate == 0
    assert "no spread to make an interval from" in found.text
    assert "noise alone can give this" in found.text
    assert found.findings[0].ci_lower is None


@pytest.mark.parametrize(
    ("given_waves", "expected"),
    [
        ({}, ("W9", "W10")),
        ({"after": "W9"}, ("W2", "W9")),
        ({"before": "W2"}, ("W2", "W10")),
        ({"before": "W10", "after": "W2"}, ("W10", "W2")),
    ],
)
def test_which_waves_are_compared(given_waves, expected):
    frame = waves({(w, "a"): (10, 10, 10) for w in ("W10", "W2", "W9")})
    assert nps.change(frame, "wave", **given_waves).waves == expected


def test_wave_errors():
    frame = waves(SHIFT)
    with pytest.raises(ArgumentError) as caught:
        nps.change(frame, "wave", before="W1", after="W22")
    assert str(caught.value) == (
        "`after` is 'W22', which is no wave; did you mean 'W2'?"
    )
    with pytest.raises(ArgumentError) as caught:
        nps.change(frame, "wave", before="W1", after="W1")
    assert str(caught.value) == ("`before` and `after` are both 'W1'; name two waves.")
    split = frame.assign(who=1, account=range(len(frame)))
    with pytest.raises(DataError) as caught:
        nps.trend(split, "wave", respondent="who", cluster="account")
    assert str(caught.value) == (
        "1 respondents of column 'who' belong to more than one 'account'; a cluster "
        "must hold each respondent whole: give `cluster` or `respondent`, not both."
    )


@pytest.mark.parametrize("function", [nps.trend, nps.change])
@pytest.mark.parametrize(
    ("wave", "start"),
    [
        (None, "No wave column was given, so"),
        ("", "No wave column was given, so"),
        ("plan", "Column 'plan' has one wave only ('a'): a"),
        ("blank", "Column 'blank' has no wave label: a"),
    ],
)
def test_no_waves(function, wave, start):
    frame = waves({("W1", "a"): (9, 9, 9)}).assign(blank=None)
    found = function(frame, wave)
    assert found.text.startswith(start)
    assert found.findings == ()
    assert found.table.empty
    assert found.text in found._repr_html_().replace("&#x27;", "'")


def test_small_waves():
    frame = waves({("W1", "a"): (9, 9, 9), ("W2", "a"): (1, 1, 1)})
    assert nps.change(frame, "wave").text == (
        "W2 has fewer than 10 valid answers: not compared."
    )
    assert nps.trend(frame, "wave").text == (
        "Fewer than two waves of 'wave' have enough answers to be shown."
    )
    hidden = waves(
        {(f"W{i}", "a"): (9, 9, 9) for i in range(4)} | {("W4", "a"): (1, 1, 1)}
    )
    found = nps.trend(hidden, "wave")
    assert found.table["estimate"].isna().sum() == 2
    assert found.text.endswith("2 waves hidden (too few answers).")


def test_trend_marks_only_what_is_beyond_noise():
    frame = waves(
        {
            ("W1", "a"): (30, 30, 90),
            ("W2", "a"): (31, 30, 90),
            ("W3", "a"): (90, 30, 30),
        }
    )
    found = nps.trend(frame, "wave")
    assert (
        "Of 2 changes from one wave to the next, beyond noise: in W3 by" in found.text
    )
    assert "Taken together, the 3 waves differ more than chance explains." in found.text
    table = found.table
    gap = table["estimate"].diff().iloc[1:]
    assert table["effect_size"].iloc[1:].tolist() == pytest.approx(gap.tolist())
    assert found.findings[0].id == "NPS trend W2 to W3"
    span = nps.change(frame, "wave", before="W1", after="W3").overall
    assert found.span.ci_lower == pytest.approx(span.ci_lower)


def test_ordered_categories_keep_their_order():
    frame = waves({(w, "a"): (9, 9, 9) for w in ("spring", "autumn", "winter")})
    kept = ["spring", "autumn", "winter"]
    frame["wave"] = pd.Categorical(frame["wave"], kept, ordered=True)
    assert nps.trend(frame, "wave").table["wave"].tolist() == kept
    frame["wave"] = frame["wave"].astype(str)
    assert nps.trend(frame, "wave").table["wave"].tolist() == sorted(kept)


def test_strata_are_drawn_anew_each_wave():
    frame = waves(SHIFT).assign(stratum=lambda f: f["plan"])
    found = nps.change(frame, "wave", strata="stratum")
    by_hand = frame.assign(stratum=frame["plan"] + frame["wave"])
    expected = nps.change(by_hand, "wave", strata="stratum")
    assert found.overall.std_error == pytest.approx(expected.overall.std_error)
    assert "_stratum_in_wave" not in frame.columns


def test_shares_change_by_percentage_points():
    frame = pd.DataFrame({"score": [5, 1] * 60, "wave": ["a"] * 60 + ["b"] * 60})
    frame.loc[:19, "score"] = 5
    text = nps.change(frame, "wave", scale="csat").text
    assert "from 66.7 % (n = 60) to 50.0 % (n = 60)" in text
    assert "a change of −16.7 percentage points" in text
