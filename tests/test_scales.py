"""Which answers count, how, and in what unit."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import scales
from cxlib.errors import ArgumentError

NAN = np.nan


@pytest.mark.parametrize(
    ("name", "answers", "values"),
    [
        ("nps", [0, 6, 7, 8, 9, 10], [-1, -1, 0, 0, 1, 1]),
        ("nps", [-1, 11, 6.5, None, np.inf], [NAN] * 5),
        ("nps_1_10", [0, 1, 6, 10], [NAN, -1, -1, 1]),
        ("csat", [1, 3, 4, 5, 0, 6], [0, 0, 1, 1, NAN, NAN]),
        ("csat_mean", [1, 5, 5.5, 6], [1, 5, NAN, NAN]),
        ("ces", [1, 4, 5, 7, 8], [0, 0, 1, 1, NAN]),
        ("ces_mean", [1, 7, 0], [1, 7, NAN]),
    ],
)
def test_values(name, answers, values):
    found = scales.get(name).values(pd.Series(answers, dtype="float64"))
    np.testing.assert_array_equal(found, values)


@pytest.mark.parametrize("dtype", ["Int64", "Float64", "object", "string"])
def test_values_of_every_column_type(dtype):
    answers = pd.Series([10, None, 3], dtype="Int64").astype(dtype)
    found = scales.get("nps").values(answers)
    np.testing.assert_array_equal(found, [1, NAN, -1])
    assert scales.get("nps").valid(answers).tolist() == [True, False, True]


def test_values_of_text_are_no_answers():
    found = scales.get("nps").values(pd.Series(["9", "ten", ""]))
    np.testing.assert_array_equal(found, [1, NAN, NAN])


@pytest.mark.parametrize(
    ("name", "unit", "factor", "rule"),
    [
        ("nps", "points", 100, "share of 9-10 minus share of 0-6, answers 0-10"),
        ("nps_1_10", "points", 100, "share of 9-10 minus share of 1-6, answers 1-10"),
        ("csat", "share", 1, "share of 4-5, answers 1-5"),
        ("csat_mean", "score", 1, "mean, answers 1-5"),
        ("ces", "share", 1, "share of 5-7, answers 1-7"),
        ("ces_mean", "score", 1, "mean, answers 1-7"),
    ],
)
def test_unit_factor_and_rule(name, unit, factor, rule):
    scale = scales.get(name)
    assert (scale.unit, scale.factor, scale.rule) == (unit, factor, rule)


def test_declared_scale():
    scale = scales.get(
        {"name": "sus", "label": "SUS", "low": 0, "high": 100, "kind": "mean"}
        | {"integer": False}
    )
    assert scale.label == "SUS"
    np.testing.assert_array_equal(scale.values(pd.Series([77.5, 101])), [77.5, NAN])
    assert scales.get(scale) is scale
    assert scales.get({"name": "x", "low": 1, "high": 3, "kind": "mean"}).label == "x"


NET = {"name": "s", "low": 1, "high": 5, "kind": "net", "top_from": 5, "bottom_to": 3}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("npz", "`scale` is 'npz'; did you mean 'nps'?"),
        (
            5,
            "`scale` is 5; name one (nps, nps_1_10, csat, csat_mean, ces, ces_mean, "
            "sus, likert, likert_top) or "
            "declare one.",
        ),
        (
            NET | {"topfrom": 4},
            "`scale` has the field 'topfrom'; did you mean 'top_from'?",
        ),
        ({"name": "s", "low": 1, "high": 5}, "`scale` lacks the field 'kind'."),
        (
            NET | {"kind": "sum"},
            "`scale.kind` is 'sum'; use one of 'net', 'share', 'mean'.",
        ),
        (NET | {"low": "1"}, "`scale.low` is '1'; it must be a number."),
        (NET | {"high": None}, "`scale.high` is None; it must be a number."),
        (
            NET | {"low": 5, "high": 1},
            "`scale` runs from 5 to 1; `low` must be below `high`.",
        ),
        (
            NET | {"top_from": 6},
            "`scale.top_from` is 6; a 'net' scale needs it above 1 and up to 5.",
        ),
        (
            {"name": "s", "low": 1, "high": 5, "kind": "share"},
            "`scale.top_from` is nan; a 'share' scale needs it above 1 and up to 5.",
        ),
        (
            NET | {"bottom_to": 5},
            "`scale.bottom_to` is 5; a 'net' scale needs it from 1 up to below 5 "
            "(`top_from`).",
        ),
    ],
)
def test_wrong_declarations(given, said):
    with pytest.raises(ArgumentError) as caught:
        scales.get(given)
    assert str(caught.value) == said


@pytest.mark.parametrize("scale", scales.REGISTRY.values(), ids=lambda s: s.name)
def test_registry_scales_pass_their_own_check(scale):
    fields = {f: getattr(scale, f) for f in scale.__dataclass_fields__}
    declared = {k: v for k, v in fields.items() if v == v}  # noqa: PLR0124
    assert scales.get(declared).values(pd.Series([scale.high]))[0] in {1, scale.high}
