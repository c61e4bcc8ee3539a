"""Metric specifications and how mistakes in them are worded."""

from __future__ import annotations

import pytest

from cxlib import journeys
from cxlib.errors import ArgumentError


def test_specs_are_built_from_a_params_file():
    built = journeys.metrics(
        [
            {"name": "a", "kind": "mean", "column": "x", "unit": "amount", "margin": 1},
            {"name": "b", "kind": "proportion", "column": "y", "covariate": ""},
            {"name": "c", "kind": "ratio", "column": "x", "denominator": "z"},
            {"name": "d", "kind": "score", "column": "s", "scale": "csat"},
        ]
    )
    assert [type(m).__name__ for m in built] == ["Mean", "Proportion", "Ratio", "Score"]
    assert [m.result_unit for m in built] == ["amount", "share", "score", "share"]
    assert built[0].margin == 1
    assert built[1].covariate == ""
    assert journeys.metrics(built) == built


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ([], "`metrics` is empty; declare at least one metric."),
        (
            [{"name": "x", "column": "x"}],
            "metric 'x' lacks `kind`; use one of mean, proportion, ratio, score, "
            "geometric_mean, time_to.",
        ),
        (
            [{"name": "x", "kind": "proporton", "column": "x"}],
            "metric 'x' has the kind 'proporton'; did you mean 'proportion'?",
        ),
        (
            [{"name": "x", "kind": "mean", "colum": "x"}],
            "metric 'x' has the field 'colum'; did you mean 'column'?",
        ),
        ([{"kind": "mean", "column": "x"}], "metric 'number 1' lacks `name`."),
        ([{"name": "x", "kind": "mean"}], "metric 'x' lacks `column`."),
        (
            [{"name": "x", "kind": "ratio", "column": "x"}],
            "metric 'x': a ratio needs a `denominator` column.",
        ),
        (
            [{"name": "x", "kind": "mean", "column": "x", "direction": "up"}],
            "`metric 'x': direction` is 'up'; use one of 'increase', 'decrease'.",
        ),
        (
            [{"name": "x", "kind": "mean", "column": "x", "role": "main"}],
            "`metric 'x': role` is 'main'; use one of 'decision', 'guardrail', "
            "'exploratory'.",
        ),
        (
            [{"name": "x", "kind": "mean", "column": "x", "margin": -2}],
            "metric 'x': `margin` is -2; it is the largest tolerable loss, a positive "
            "number in the metric's unit.",
        ),
        (
            [{"name": "x", "kind": "mean", "column": "x", "margin": "2%"}],
            "metric 'x': `margin` is '2%'; give a number in the metric's unit, shares "
            "as fractions (0.005 for half a percentage point).",
        ),
        (
            [{"name": "x", "kind": "score", "column": "x", "scale": "npss"}],
            "`scale` is 'npss'; did you mean 'nps'?",
        ),
        (
            [{"name": "x", "kind": "mean", "column": "x"}] * 2,
            "`metrics` has 2 metrics named 'x'.",
        ),
        (["x"], "`metrics` item 1 is 'x'; give name, kind, column."),
    ],
)
def test_mistakes_are_worded(declared, message):
    with pytest.raises(ArgumentError) as error:
        journeys.metrics(declared)
    assert str(error.value) == message


def test_a_ratio_takes_no_covariate():
    with pytest.raises(ArgumentError, match="a ratio takes no `covariate`; leave it"):
        journeys.Ratio(name="r", column="x", denominator="y", covariate="z")


@pytest.mark.parametrize(
    ("given_", "message"),
    [
        (
            {"min_effect": 0},
            "metric 'x': `min_effect` is 0; it is the smallest gain worth shipping, a "
            "positive number in the metric's unit.",
        ),
        (
            {"min_effect": 1, "role": "guardrail"},
            "metric 'x': `min_effect` is for decision metrics; this one's role is "
            "'guardrail'.",
        ),
        (
            {"min_effect": "1%"},
            "metric 'x': `min_effect` is '1%'; give a number in the metric's unit, "
            "shares as fractions (0.005 for half a percentage point).",
        ),
    ],
)
def test_the_smallest_gain_worth_shipping_is_checked(given_, message):
    declared = {"name": "x", "kind": "mean", "column": "x"} | given_
    with pytest.raises(ArgumentError) as error:
        journeys.metrics([declared])
    assert str(error.value) == message
