"""Argument errors: what, the value, what is allowed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError


@pytest.mark.parametrize(
    ("word", "options", "said"),
    [
        ("plan", ["plan_name", "region"], "did you mean 'plan_name'?"),
        ("SCORE", ["score"], "did you mean 'score'?"),
        ("zzz", ["a", "b"], "there are 'a', 'b'."),
        ("x", [], "there are none."),
        (
            "zzz",
            range(13),
            "there are '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11', …",
        ),
    ],
)
def test_did_you_mean(word, options, said):
    assert _checks.did_you_mean(word, options) == said


def test_one_of_lists_what_is_allowed():
    with pytest.raises(ArgumentError) as caught:
        _checks.one_of("bonf", "correction", ("holm", "fdr_bh", "none"))
    assert str(caught.value) == (
        "`correction` is 'bonf'; use one of 'holm', 'fdr_bh', 'none'."
    )
    _checks.one_of("holm", "correction", ("holm",))


@pytest.mark.parametrize(
    ("value", "ends", "said"),
    [
        (95, "()", "`level` is 95; it must lie in (0, 1)."),
        (1, "()", "`level` is 1; it must lie in (0, 1)."),
        (0, "(]", "`level` is 0; it must lie in (0, 1]."),
        (float("nan"), "[]", "`level` is nan; it must lie in [0, 1]."),
        ("0.95", "()", "`level` is '0.95'; it must be a number."),
        (True, "[]", "`level` is True; it must be a number."),
        (None, "[]", "`level` is None; it must be a number."),
    ],
)
def test_in_range(value, ends, said):
    with pytest.raises(ArgumentError) as caught:
        _checks.in_range(value, "level", 0, 1, ends=ends)
    assert str(caught.value) == said


@pytest.mark.parametrize("value", [0, 1, np.float64(0.5), np.int64(1)])
def test_in_range_takes_the_ends_and_numpy_numbers(value):
    _checks.in_range(value, "level", 0, 1)


def test_columns():
    frame = pd.DataFrame({"plan_name": [1]})
    _checks.columns(frame, ["plan_name"], "responses")
    with pytest.raises(DataError) as caught:
        _checks.columns(frame, ["plan"], "responses")
    assert str(caught.value) == (
        "column 'plan' is not in responses; did you mean 'plan_name'?"
    )


def test_generator_from_seed_or_generator():
    rng = np.random.default_rng(1)
    assert _checks.generator(rng) is rng
    assert _checks.generator(3).integers(100) == np.random.default_rng(3).integers(100)
