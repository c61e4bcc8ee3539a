"""Tables as nobody should send them: a result, or an error that says how to mend it."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest

from cxlib import roi, simulate
from cxlib.errors import ArgumentError, DataError

MODELS = (
    *("two_way", "one_way", "pooled", "gamma", "tweedie", "poisson", "poisson_fe"),
    *("two_part", "logit", "discrete_time", "cloglog"),
)


@pytest.fixture(scope="module")
def whole():
    return simulate.periods(60, rng=3)


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def refusal(function, *args, **options):
    with pytest.raises((DataError, ArgumentError)) as error:
        function(*args, **options)
    return str(error.value)


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("value", [5.0, 0.0, 1.0, np.nan])
def test_an_outcome_that_never_changes_is_refused_by_every_model(whole, model, value):
    told = refusal(roi.fit, whole.assign(revenue=value), "revenue", model=model)
    assert "revenue" in told


def test_an_outcome_that_effects_take_whole_is_refused(whole):
    each = pd.factorize(whole["customer_id"])[0] * 1.0
    month = pd.factorize(whole["period"])[0] * 1.0
    for values in (each, each + month):
        told = refusal(roi.fit, whole.assign(revenue=values), "revenue")
        assert told == (
            "'revenue' does not vary within customers beyond what all share: nothing "
            "is left to explain."
        )
    pooled = roi.fit(whole.assign(revenue=each), "revenue", model="pooled")
    assert np.isfinite(pooled.table["pvalue"]).all()


def test_a_constant_outcome_is_refused_and_the_rest_goes_on(whole):
    frame = whole.assign(cost_to_serve=1.0)
    fits = roi.fit_outcomes(frame, ["revenue", "cost_to_serve"])
    assert [name for name, _ in fits.refused] == ["cost_to_serve"]
    assert "is 1 in every usable row: nothing to explain" in fits.refused[0][1]
    assert "Cost to serve is not estimated" in roi.diagnose(frame, fits).text


def test_a_line_without_noise_is_estimated(whole):
    score = whole.groupby("customer_id")["score"].shift(1)
    found = roi.fit(whole.assign(revenue=3 * score + 10), "revenue")
    assert found.row["estimate"] == pytest.approx(3)
    assert found.row["std_error"] < 1e-10


def test_a_half_in_which_nothing_varies_is_said(whole):
    first = whole["period"].min()
    spike = np.where((whole["period"] > first) & (whole.index == 3), 1e6, 0.0)
    frame = whole.assign(revenue=spike)
    found = roi.half_panel(frame, roi.fit(frame, "revenue"))
    assert found.verdicts == {"revenue": "not possible"}
    assert "nothing varies within customers in the second half" in found.text


@pytest.mark.parametrize("value", [np.inf, -np.inf, 1e200])
@pytest.mark.parametrize("column", ["revenue", "score"])
def test_endless_values_are_refused_and_counted(whole, column, value):
    values = whole[column].astype(float).where(whole.index != 5, value)
    told = refusal(roi.fit, whole.assign(**{column: values}), "revenue")
    assert told.startswith(
        f"column '{column}' has 1 of {len(whole)} values that are infinite or beyond"
    )


def test_a_column_named_twice_is_refused(whole):
    frame = pd.concat([whole, whole[["score"]]], axis=1)
    told = refusal(roi.fit, frame, "revenue")
    assert told == "periods has more than one column 'score'; keep one of them."


def test_numbers_that_are_no_amounts_are_refused(whole):
    for odd in (whole["revenue"].astype(str), whole["revenue"] + 1j):
        told = refusal(roi.fit, whole.assign(revenue=odd), "revenue")
        assert "a number is needed" in told


def test_two_parts_of_yes_and_no_are_refused(whole):
    told = refusal(roi.fit, whole, "retained", model="two_part")
    assert told == (
        "every 'retained' above zero is 1, so there is no second part; use `model` "
        "'logit' for 0/1."
    )


@pytest.mark.parametrize("name", [np.nan, None, "", "  "])
def test_initiatives_without_a_name_are_refused(name):
    book = simulate.initiatives()
    book["name"] = book["name"].astype(object).where(book.index > 0, name)
    told = refusal(roi.simulate, book, 12.0, customers=600, n_draws=100)
    assert "column 'name': is blank (1 row)" in told
    for function in (roi.conflicts, roi.hypotheses):
        assert refusal(function, book) == "an initiative has no `name`; name it."


@pytest.mark.parametrize("column", ["cost", "effect_high", "reach_high", "duration"])
@pytest.mark.parametrize("value", [np.inf, 1e300])
def test_initiatives_beyond_any_amount_are_refused(column, value):
    book = simulate.initiatives()
    book[column] = book[column].astype(float).where(book.index > 0, value)
    told = refusal(roi.simulate, book, 12.0, customers=600, n_draws=100)
    assert f"column '{column}': is beyond any amount (1 row)" in told
