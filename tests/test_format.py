"""Numbers as text: the unit or the column's name decides."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from cxlib import _format


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (-24.694, "points", "−24.7"),
        (0.1483, "share", "14.8"),
        (12345.6, "amount", "12,346"),
        (12.345, "amount", "12.35"),
        (-12.3, "amount", "−12.30"),
        (7.914, "score", "7.91"),
        (1234567, "count", "1,234,567"),
        (-0.04, "points", "0.0"),
        (-0.4, "count", "0"),
        (0, "points", "0.0"),
        (np.float64(1.25), "score", "1.25"),
        (np.int64(3), "count", "3"),
        (None, "score", "–"),
        (float("nan"), "points", "–"),
        (float("inf"), "points", "–"),
        (pd.NA, "points", "–"),
        ("7", "points", "–"),
    ],
)
def test_number(value, unit, shown):
    assert _format.number(value, unit) == shown


def test_number_signed_never_shows_a_signed_zero():
    assert _format.number(0.04, "points", signed=True) == "0.0"
    assert _format.number(7.91, "points", signed=True) == "+7.9"
    assert _format.number(-7.91, "points", signed=True) == "−7.9"


def test_number_with_declared_decimals():
    assert _format.number(0.12345, "share", decimals=2) == "12.35"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (7.91, "points", "7.9 points"),
        (0.1483, "share", "14.8 %"),
        (0.021, "share_points", "2.1 percentage points"),
        (1234.5, "amount", "1,234"),
        (None, "share", "– %"),
    ],
)
def test_quantity(value, unit, shown):
    assert _format.quantity(value, unit) == shown


@pytest.mark.parametrize(
    ("level", "shown"),
    [(0.95, "95 %"), (0.999, "99.9 %"), (0.57, "57 %"), (0.9, "90 %")],
)
def test_interval_prints_its_level(level, shown):
    assert _format.interval(-28.2, -21.1, "points", confidence_level=level) == (
        f"{shown} CI −28.2 to −21.1"
    )


@pytest.mark.parametrize(
    ("p", "shown"),
    [
        (0.0312, "0.031"),
        (1e-9, "< 0.001"),
        (0.0, "< 0.001"),
        (1.0, "1.000"),
        (None, "–"),
        (float("nan"), "–"),
        (pd.NA, "–"),
    ],
)
def test_pvalue_is_never_zero(p, shown):
    assert _format.pvalue(p) == shown


@pytest.mark.parametrize(
    ("name", "value", "unit", "shown"),
    [
        ("n", 2353, "points", "2,353"),
        ("n_eff", 168.58, "points", "169"),
        ("rows", 12, "score", "12"),
        ("estimate", -24.7, "points", "−24.7"),
        ("estimate", 8, "score", "8.00"),
        ("share_top", 0.5, "points", "50.0"),
        ("rel_effect_size", 0.123, "amount", "12.3"),
        ("npv_amount", 1234.5, "points", "1,234"),
        ("pvalue_adj", 0.2, "points", "0.200"),
        ("statistic", 3.4031, "points", "3.40"),
        ("year", 2024, "points", "2024"),
        ("step", np.int64(-3), "points", "−3"),
        ("plan", "Basic", "points", "Basic"),
        ("plan", None, "points", "–"),
        ("plan", float("nan"), "points", "–"),
        ("day", pd.NaT, "points", "–"),
        ("day", pd.Timestamp("2025-03-01"), "points", "2025-03-01"),
        ("at", pd.Timestamp("2025-03-01 10:30"), "points", "2025-03-01 10:30:00"),
        ("flag", True, "points", "yes"),
        ("price", Decimal("1.5"), "points", "1.5"),
    ],
)
def test_cell_by_column_name(name, value, unit, shown):
    assert _format.cell(name, value, unit) == shown


def test_frame_takes_the_unit_of_the_row():
    table = pd.DataFrame(
        {
            "metric": ["NPS", "conversion", "orders"],
            "unit": ["points", "share", None],
            "estimate": [-3.0, 0.25, 1.5],
            "n": [10, None, 3],
        }
    )
    shown = _format.frame(table, "score")
    assert shown["estimate"].tolist() == ["−3.0", "25.0", "1.50"]
    assert shown["n"].tolist() == ["10", "–", "3"]
    assert shown["unit"].tolist() == ["points", "share", "–"]
    assert table["estimate"].tolist() == [-3.0, 0.25, 1.5]
