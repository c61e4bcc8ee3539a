"""What must hold of `nps.score` and `nps.by_segment` whatever the answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars
import pyarrow
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cxlib import nps
from cxlib.errors import ArgumentError

# sums in another order
CLOSE = {"rel": 1e-8, "abs": 1e-8}
# every answer mirrored: promoters become detractors
MIRROR = dict(zip(range(11), [10, 9, 9, 9, 9, 9, 9, 7, 8, 3, 0], strict=True))
SEGMENT = ["segment", "n", "estimate", "std_error", "ci_lower", "ci_upper", "rest",
           "effect_size", "effect_size_ci_lower", "effect_size_ci_upper",
           "pvalue_adj", "status"]  # fmt: skip
few = settings(max_examples=25)


@st.composite
def surveys(draw):
    """12 to 60 answers in three segments, with weights and accounts."""
    n = draw(st.integers(12, 60))
    seed = draw(st.integers(0, 2**32 - 1))
    tilt = draw(st.floats(0.2, 0.8))
    source = np.random.default_rng(seed)
    odds = np.r_[np.full(7, (1 - tilt) / 7), [0.1, 0.1], np.full(2, tilt / 2)]
    frame = pd.DataFrame(
        {
            "score": source.choice(11, n, p=odds / odds.sum()),
            "plan": source.choice(["a", "b", "c"], n, p=[0.5, 0.3, 0.2]),
            "w": source.uniform(0.2, 5, n), "account": source.integers(0, 9, n),
        }
    )  # fmt: skip
    # each segment and its rest must touch two accounts to have an error
    touched = frame.drop_duplicates(["plan", "account"])["plan"].value_counts()
    assume(len(touched) > 1 and touched.min() > 1)
    return frame


@st.composite
def designs(draw):
    """Some of the columns of a design."""
    return {
        k: v
        for k, v in (("weights", "w"), ("cluster", "account"))
        if draw(st.booleans())
    }


def numbers(found):
    e = found.overall
    return [e.estimate, e.std_error, e.ci_lower, e.ci_upper, e.n_eff, e.design_effect]


def rows(frame, **design):
    found = nps.by_segment(frame, "plan", min_n=2, **design)
    return found.table.sort_values("segment")[SEGMENT].reset_index(drop=True)


def same_rows(a, b):
    pd.testing.assert_frame_equal(a, b, check_dtype=False, rtol=1e-8, atol=1e-8)


@few
@given(surveys(), designs())
def test_sign_flip(frame, design):
    mirrored = frame.assign(score=frame["score"].map(MIRROR))
    a, b = nps.score(frame, **design), nps.score(mirrored, **design)
    one = [a.overall.estimate, a.overall.ci_lower, a.overall.ci_upper]
    other = [-b.overall.estimate, -b.overall.ci_upper, -b.overall.ci_lower]
    assert one == pytest.approx(other, **CLOSE)
    first, second = rows(frame, **design), rows(mirrored, **design)
    for here, there in (
        ("estimate", "estimate"), ("rest", "rest"), ("ci_lower", "ci_upper"),
        ("effect_size", "effect_size"),
        ("effect_size_ci_lower", "effect_size_ci_upper"),
    ):  # fmt: skip
        np.testing.assert_allclose(first[here], -second[there], rtol=1e-8, atol=1e-8)
    np.testing.assert_allclose(first["pvalue_adj"], second["pvalue_adj"], atol=1e-8)


@few
@given(surveys(), designs(), st.integers(0, 1000))
def test_row_order(frame, design, seed):
    mixed = frame.sample(frac=1, random_state=seed)
    assert numbers(nps.score(frame, **design)) == pytest.approx(
        numbers(nps.score(mixed, **design)), nan_ok=True, **CLOSE
    )
    same_rows(rows(frame, **design), rows(mixed, **design))


@few
@given(surveys(), st.floats(0.001, 1000))
def test_equal_weights_are_no_weights(frame, size):
    frame = frame.assign(w=size)
    plain, weighted = nps.score(frame), nps.score(frame, weights="w")
    assume(len(set((frame["score"] > 8) * 1 - (frame["score"] < 7))) > 1)
    assert numbers(plain) == pytest.approx(numbers(weighted), **CLOSE)
    for account in ({}, {"cluster": "account"}):
        first = nps.score(frame, **account)
        second = nps.score(frame, weights="w", **account)
        assert numbers(first)[:5] == pytest.approx(numbers(second)[:5], **CLOSE)
    keys = ["segment", "n", "estimate", "rest", "effect_size"]
    same_rows(rows(frame)[keys], rows(frame, weights="w")[keys])


@few
@given(surveys(), designs(), st.floats(0.001, 1000))
def test_scale_of_the_weights(frame, design, size):
    scaled = frame.assign(w=frame["w"] * size)
    assert numbers(nps.score(frame, **design)) == pytest.approx(
        numbers(nps.score(scaled, **design)), nan_ok=True, **CLOSE
    )
    same_rows(rows(frame, **design), rows(scaled, **design))


@few
@given(surveys(), st.integers(2, 4))
def test_rows_copied_and_clustered_by_their_original_add_nothing(frame, times):
    """Frequencies are no information: with the original row as the cluster, the
    standard error is the one of the original rows; without it, it is too small."""
    assume(len(set((frame["score"] > 8) * 1 - (frame["score"] < 7))) > 1)
    frame = frame.assign(row=np.arange(len(frame)))
    copied = pd.concat([frame] * times, ignore_index=True)
    once, kept = nps.score(frame).overall, nps.score(copied, cluster="row").overall
    assert kept.estimate == pytest.approx(once.estimate, **CLOSE)
    assert kept.std_error == pytest.approx(once.std_error, **CLOSE)
    assert kept.df == once.df
    assert kept.design_effect == pytest.approx(
        times * (1 - 1 / (times * len(frame))) / (1 - 1 / len(frame)), **CLOSE
    )
    assert nps.score(copied).overall.std_error < once.std_error
    keys = ["segment", "estimate", "std_error", "rest", "effect_size"]
    by_row = rows(frame, cluster="row")
    same_rows(by_row[keys], rows(copied, cluster="row")[keys])


@few
@given(surveys(), st.integers(1, 5))
def test_a_weight_of_k_gives_the_score_of_k_copies(frame, k):
    """The score only: a weight says whom an answer speaks for, not how many it is."""
    copies = frame["account"] % k + 1
    weighted = nps.score(frame.assign(w=copies), weights="w").overall
    repeated = nps.score(frame.loc[frame.index.repeat(copies)]).overall
    assert weighted.estimate == pytest.approx(repeated.estimate, **CLOSE)
    assert weighted.n < repeated.n or k == 1


@pytest.mark.parametrize("function", [nps.score, nps.by_segment])
@pytest.mark.parametrize("called", ["polars.DataFrame", "pyarrow.Table", "dict"])
def test_other_frames_are_refused_in_words(function, called):
    """Only `nps.tally` counts in other engines; here a design needs its rows."""
    columns = {"score": [10, 3, 9, 8] * 10, "plan": ["a", "b"] * 20}
    if called == "polars.DataFrame":
        frame = polars.DataFrame(columns)
    elif called == "pyarrow.Table":
        frame = pyarrow.table(columns)
    else:
        frame = columns
    rest = () if function is nps.score else ("plan",)
    with pytest.raises(ArgumentError) as error:
        function(frame, *rest)
    assert str(error.value).startswith(f"`responses` is a {called}; give a pandas.")
