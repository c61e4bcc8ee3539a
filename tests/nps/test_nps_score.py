"""The headline score: denominators, targets, edge cases, sentences."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import nps
from cxlib.errors import ArgumentError, DataError

COUNTS = st.tuples(*[st.integers(0, 50)] * 3).filter(lambda k: sum(k) >= 2)


def frame(counts):
    return pd.DataFrame({"score": np.repeat([3, 7, 10], counts)})


def test_denominator_counts_blank_and_invalid():
    answers = pd.DataFrame({"score": [10, "9", "", None, " ", 11, "n/a", 2.5, 3]})
    found = nps.score(answers)
    assert found.counts == {"asked": 9, "answered": 3, "blank": 3, "invalid": 3}
    rows = found.table.set_index("measure")
    assert rows.loc["asked":, "n"].tolist() == [9, 3, 3, 3]
    assert rows.loc["blank", "estimate"] == pytest.approx(1 / 3)
    assert found.overall.estimate == pytest.approx(100 / 3)
    assert "Of 9 asked, 3 left it blank and 3 gave an answer off the scale." in (
        found._repr_html_()
    )


def test_counts_of_the_reader_are_used_and_checked():
    answers = frame((1, 1, 2)).assign(score=[3.0, 7.0, 10.0, np.nan])
    read = {"asked": 4, "answered": 3, "blank": 0, "invalid": 1}
    assert nps.score(answers, counts=read).counts == read
    with pytest.raises(ArgumentError) as caught:
        nps.score(answers, counts=read | {"answered": 4})
    assert str(caught.value) == (
        "`counts` has 4 answered, the table 3; give the counts of the same table."
    )


@pytest.mark.parametrize(
    ("scores", "have", "blank", "invalid"),
    [
        ([], "no valid answer", 0, 0),
        ([None, None], "no valid answer", 2, 0),
        ([9], "only 1 valid answer", 0, 0),
        ([9, 99], "only 1 valid answer", 0, 1),
    ],
)
def test_too_few_answers(scores, have, blank, invalid):
    with pytest.raises(DataError) as caught:
        nps.score(pd.DataFrame({"score": pd.Series(scores, dtype=float)}))
    assert str(caught.value) == (
        f"column 'score' has {have} on the scale 0-10: {len(scores)} asked, {blank} "
        f"blank, {invalid} invalid; an interval needs at least two. Check the column "
        "mapping, `scale` and the period."
    )


def test_missing_column():
    with pytest.raises(
        DataError, match="column 'scor' is not in responses; did you mean"
    ):
        nps.score(frame((5, 5, 5)), score="scor")


@pytest.mark.parametrize(
    ("target", "verdict", "words"),
    [
        (0, "above", "It is above the target of 0.0 points (probability above:"),
        (
            60,
            "below",
            "It is below the target of 60.0 points (probability above: under",
        ),
        (27, "cannot tell", "Whether it is above or below the target of 27.0 points"),
    ],
)
def test_target(target, verdict, words):
    found = nps.score(frame((9, 11, 20)), target=target)
    assert found.verdict == verdict
    assert words in found.text
    assert 0 < found.probability_above < 1


def test_target_agrees_with_the_interval():
    """At an end of the interval the probability is half the error."""
    found = nps.score(frame((9, 11, 20)))
    at_end = nps.score(frame((9, 11, 20)), target=found.overall.ci_lower)
    assert at_end.probability_above == pytest.approx(0.975)


def test_twenty_of_twenty_promoters_keep_a_width():
    found = nps.score(frame((0, 0, 20)))
    assert found.overall.estimate == 100
    assert found.overall.ci_upper - found.overall.ci_lower > 10
    assert "With so few answers this is an indication only." in found.text


def test_csat_and_means_through_the_same_code():
    answers = pd.DataFrame({"score": [5] * 30 + [4] * 30 + [2] * 40})
    share = nps.score(answers, scale="csat", target=0.5)
    assert share.overall.estimate == pytest.approx(0.6)
    assert share.text.startswith("CSAT is 60.0 % (95 % CI 50.2 to 69.1, n = 100).")
    assert share.verdict == "above"
    mean = nps.score(answers, scale="csat_mean")
    assert mean.text == "CSAT mean is 3.50 (95 % CI 3.24 to 3.76, n = 100)."
    assert mean.table["measure"].tolist()[:2] == ["CSAT mean", "asked"]
    assert mean.unit == "score"


def test_sentence_findings_and_repr_agree():
    found = nps.score(frame((9, 11, 20)))
    finding = found.findings[0]
    assert repr(found) == found.text
    assert found.text.startswith(finding.statement[:-1])
    assert (finding.id, finding.n, finding.unit) == ("NPS", 40, "points")
    assert isinstance(finding.estimate, float)


def test_weights_and_clusters_are_said(segmented):
    found = nps.score(segmented, weights="weight", cluster="account")
    assert found.weighted
    assert found.overall.deff > 1
    assert "design effect" in found.footnote
    assert "linearised for weights and clusters" in found.method
    blank = nps.score(segmented, weights="", cluster="", strata="")
    assert not blank.weighted


def test_weights_of_rows_without_an_answer_do_not_matter():
    answers = frame((5, 5, 5)).assign(weight=1.0)
    unasked = pd.DataFrame({"score": [None], "weight": [None]})
    both = pd.concat([answers, unasked], ignore_index=True)
    assert nps.score(both, weights="weight").overall.n == 15
    with pytest.raises(DataError, match="1 of 16 weights are blank, zero or negative"):
        nps.score(both.fillna({"score": 9}), weights="weight")


@settings(max_examples=15)
@given(COUNTS)
def test_bounds_and_sign_flip(counts):
    found = nps.score(frame(counts)).overall
    flipped = nps.score(frame(counts[::-1])).overall
    assert -100 <= found.ci_lower <= found.ci_upper <= 100
    assert found.ci_lower - 1e-9 <= found.estimate <= found.ci_upper + 1e-9 or (
        abs(found.estimate) == 100
    )
    assert flipped.estimate == pytest.approx(-found.estimate)
    assert flipped.ci_lower == pytest.approx(-found.ci_upper)


@settings(max_examples=15)
@given(COUNTS, st.integers(0, 1000))
def test_row_order_and_weights_of_one_do_not_matter(counts, seed):
    plain = frame(counts)
    shuffled = plain.sample(frac=1, random_state=seed)
    one = plain.assign(weight=7.0)
    expected = nps.score(plain).overall
    found = nps.score(shuffled).overall
    assert (found.n, found.df) == (expected.n, expected.df)
    for name in ("estimate", "std_error", "ci_lower", "ci_upper"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name))
    weighted = nps.score(one, weights="weight").overall
    assert weighted.estimate == pytest.approx(expected.estimate)
    assert weighted.std_error == pytest.approx(expected.std_error, abs=1e-9)


@settings(max_examples=15)
@given(COUNTS.filter(lambda k: sum(k) >= 20 and min(k) >= 3))
def test_duplication_keeps_the_estimate_and_shrinks_the_error(counts):
    once = nps.score(frame(counts)).overall
    twice = nps.score(frame([2 * k for k in counts])).overall
    assert twice.estimate == pytest.approx(once.estimate)
    assert twice.std_error == pytest.approx(once.std_error / 2**0.5, rel=0.05)


def test_input_is_not_changed(segmented):
    before = segmented.copy()
    nps.score(segmented, weights="weight")
    nps.by_segment(segmented, "plan", cluster="account")
    nps.change(segmented, "wave", by="plan")
    nps.sensitivity(segmented, respondent="account", n_resamples=50)
    pd.testing.assert_frame_equal(segmented, before)
