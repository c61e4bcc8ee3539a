"""Thresholds of a params file: what is taken, and each refusal in full."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cxlib.errors import ArgumentError
from cxlib.report.thresholds import problems, read

NUMBER = (
    "it takes a number in the finding's unit (a share is a fraction: 0.05 for 5 %)."
)


def test_limits_and_rates():
    given = {
        "NPS": {"min": 20, "watch": 25},
        "share_*": {"min": 0.1, "max": 0.3, "false_alarm_rate": 0.01},
        "false_alarm_rate": 0.001,
    }
    made = read(given)
    assert made.rate == 0.001
    assert [(one.name, one.side, one.value) for one in made.limits] == [
        ("NPS", "min", 20.0), ("share_*", "min", 0.1), ("share_*", "max", 0.3)
    ]  # fmt: skip
    assert [one.watch for one in made.limits] == [25, None, None]
    assert [one.rate for one in made.limits] == [None, 0.01, 0.01]


@pytest.mark.parametrize("given", [None, {}, {"false_alarm_rate": 0.2}])
def test_no_limits(given):
    assert read(given).limits == ()


@pytest.mark.parametrize(
    ("given", "key", "text"),
    [
        ([1], (), "is no mapping; write `finding: {min: number}`, one a line."),
        (
            {"a": 20},
            ("a",),
            "is 20, which may be meant as a lowest or a highest value; "
            "write {min: 20} or {max: 20}.",
        ),
        ({"a": None}, ("a",), "is empty; write {min: number} or {max: number}."),
        (
            {"a": "20"},
            ("a",),
            "is the text '20'; write {min: number} or {max: number}.",
        ),
        ({"a": True}, ("a",), "is True; write {min: number} or {max: number}."),
        ({"a": {"min": "5 %"}}, ("a", "min"), f"is the text '5 %'; {NUMBER}"),
        ({"a": {"max": float("nan")}}, ("a", "max"), f"is nan; {NUMBER}"),
        ({"a": {"min": True}}, ("a", "min"), f"is True; {NUMBER}"),
        (
            {"a": {"minimum": 4}},
            ("a", "minimum"),
            "'minimum' is no key of a threshold; use min, max, watch, "
            "false_alarm_rate.",
        ),
        (
            {"a": {"watch": 4}},
            ("a",),
            "says neither min nor max; write {min: number} or {max: number}.",
        ),
        (
            {"a": {"min": 4, "max": 2}},
            ("a",),
            "min is 4 and max is 2; min must lie below max.",
        ),
        (
            {"a": {"min": 4, "watch": 2}},
            ("a", "watch"),
            "is 2, below min 4; give a value that is reached before it.",
        ),
        (
            {"a": {"max": 4, "watch": 5}},
            ("a", "watch"),
            "is 5, above max 4; give a value that is reached before it.",
        ),
        (
            {"a": {"min": 1, "max": 4, "watch": 2}},
            ("a", "watch"),
            "goes with min or with max, not with both.",
        ),
        (
            {"false_alarm_rate": 5},
            ("false_alarm_rate",),
            "is 5; it takes a number above 0, at most 0.5 (0.05: 1 run in 20).",
        ),
        (
            {"a": {"min": 1, "false_alarm_rate": 0}},
            ("a", "false_alarm_rate"),
            "is 0; it takes a number above 0, at most 0.5 (0.05: 1 run in 20).",
        ),
    ],
)  # fmt: skip
def test_message_in_full(given, key, text):
    assert list(problems(given)) == [(key, text)]
    with pytest.raises(ArgumentError) as caught:
        read(given)
    assert str(caught.value) == f"{'.'.join(('thresholds', *key))}: {text}"


def test_the_gate_needs_nothing_heavy_for_them():
    program = (
        "import importlib.util, sys\n"
        "from cxlib import errors\n"
        "import cxlib\n"
        "path = cxlib.__path__[0] + '/report/thresholds.py'\n"
        "spec = importlib.util.spec_from_file_location('alone', path)\n"
        "made = importlib.util.module_from_spec(spec)\n"
        "sys.modules['alone'] = made\n"
        "spec.loader.exec_module(made)\n"
        "print(sorted({'pandas', 'numpy', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
