"""SUS: published answers, text labels, missing items, straight lines."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import nps, scales
from cxlib.errors import ArgumentError, DataError
from cxlib.nps.sus import sus_scores

LABELS = {
    "Strongly disagree": 1, "Somewhat disagree": 2, "Neither agree nor disagree": 3,
    "Somewhat agree": 4, "Strongly agree": 5,
}  # fmt: skip
ITEMS = [f"q{i}" for i in range(1, 11)]


def items(n: int = 40, seed: int = 1) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    good, bad = draw.integers(3, 6, (n, 5)), draw.integers(1, 4, (n, 5))
    frame = pd.DataFrame(np.stack([good, bad], axis=2).reshape(n, 10), columns=ITEMS)
    return frame.assign(system=np.where(np.arange(n) % 2, "new", "old"))


def test_single_study(shared):
    frame = pd.read_csv(shared("data/sus/singleStudyData.csv"), sep=";")
    row = nps.sus(frame, list(frame)).table.iloc[0]
    assert (row["n"], row["estimate"]) == (20, 79.875)
    assert row["std_dev"] == pytest.approx(11.017, abs=5e-4)


def test_two_systems(shared):
    frame = pd.read_csv(shared("data/sus/studyData.csv"), sep=";")
    found = nps.sus(frame, list(frame)[:10], by="System")
    table = found.table.set_index("group")
    assert table.loc["Example A", "estimate"] == 85.0
    assert table.loc["Example B", "estimate"] == 74.75
    assert table.loc["Example B", "std_dev"] == pytest.approx(11.21, abs=5e-3)
    from scipy import stats

    scored = sus_scores(frame, list(frame)[:10])["score"]
    a, b = (scored[frame["System"] == f"Example {s}"] for s in "AB")
    test = stats.ttest_ind(b, a, equal_var=False)
    ends = test.confidence_interval()
    assert found.difference.estimate == pytest.approx(-10.25)
    assert found.difference.pvalue == pytest.approx(test.pvalue)
    assert found.difference.ci_lower == pytest.approx(ends.low)
    assert "Example B differs from Example A: −10.25" in found.text


def test_text_labels(shared):
    frame = pd.read_csv(shared("data/sus/vr_queue_sus_text_labels.csv"))
    found = nps.sus(frame, list(frame)[1:], labels=LABELS)
    row = found.table.iloc[0]
    assert row["n"] == 30
    assert row["estimate"] == pytest.approx(71.667, abs=5e-4)
    assert row["std_dev"] == pytest.approx(15.190, abs=5e-4)
    with pytest.raises(DataError, match="say in `labels` what each text answer counts"):
        nps.sus(frame, list(frame)[1:])


def test_ends_of_the_scale():
    best = pd.DataFrame([[5, 1] * 5] * 12, columns=ITEMS)
    assert (sus_scores(best, ITEMS)["score"] == 100).all()
    assert (sus_scores(6 - best, ITEMS)["score"] == 0).all()
    mixed = pd.concat([best, pd.DataFrame([[1, 5] * 5], columns=ITEMS)])
    row = nps.sus(mixed, ITEMS).table.iloc[0]
    assert row["ci_upper"] == 100
    assert pd.isna(nps.sus(best, ITEMS).table.iloc[0]["ci_lower"])


def test_blank_items():
    frame = items()
    frame.loc[0, "q1"] = np.nan
    frame.loc[1, ["q2", "q3"]] = np.nan
    strict = nps.sus(frame, ITEMS)
    assert (strict.n_incomplete, strict.n_filled) == (2, 0)
    assert "2 respondents left out for blank items" in strict.text
    mild = nps.sus(frame, ITEMS, max_blank=1)
    assert (mild.n_incomplete, mild.n_filled) == (1, 1)
    filled = sus_scores(frame.fillna(3), ITEMS)["score"]
    assert sus_scores(frame, ITEMS, max_blank=1)["score"][0] == filled[0]


def test_straight_lines_are_counted_and_kept():
    frame = items()
    frame.loc[[3, 4], ITEMS] = 5
    found = nps.sus(frame, ITEMS)
    assert found.n_straight == 2
    assert found.table["n"].iloc[0] == 40
    assert "2 respondents gave the same answer to all items" in found.text


def test_groups_too_small_are_hidden():
    frame = items().assign(system=["old"] * 33 + ["new"] * 7)
    found = nps.sus(frame, ITEMS, by="system")
    assert found.table["status"].str.startswith("hidden").tolist() == [
        False,
        True,
        True,
    ]
    assert found.difference is None


def test_errors_and_nothing_given():
    assert nps.sus(items(), []).text == (
        "No item columns were given, so there is no SUS."
    )
    with pytest.raises(ArgumentError, match="has 9 items; the SUS has 10, in order"):
        nps.sus(items(), ITEMS[:9])
    with pytest.raises(DataError, match="column 'q4': 1 answers are not 1 to 5"):
        nps.sus(items().assign(q4=[7] + [1] * 39), ITEMS)


def test_scores_items_and_likert_go_through_the_one_core():
    frame = items(200)
    frame["sus"] = sus_scores(frame, ITEMS)["score"]
    segments = nps.by_segment(frame, "system", score="sus", scale="sus")
    assert segments.unit == "score"
    assert nps.score(frame, score="q1", scale="likert").unit == "score"
    drivers = nps.drivers(frame, ["q1", "q5"], score="q7", scale="likert")
    assert len(drivers.table) == 2
    assert scales.get("likert_top").rule == "share of 4-5, answers 1-5"


def test_row_order_and_mirror():
    frame = items()
    first = nps.sus(frame, ITEMS).table
    again = nps.sus(frame.sample(frac=1, random_state=2), ITEMS).table
    pd.testing.assert_frame_equal(first, again)
    mirrored = nps.sus(frame.assign(**{c: 6 - frame[c] for c in ITEMS}), ITEMS).table
    assert mirrored["estimate"].iloc[0] == pytest.approx(
        100 - first["estimate"].iloc[0]
    )
