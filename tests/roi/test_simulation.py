"""Draws of a simulation: sets, delays, inputs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import roi, simulate
from cxlib.errors import ArgumentError


@pytest.fixture(scope="module")
def value(fits):
    return roi.point_value(fits, margin=0.4, horizon=3, discount_rate=0.08)


@pytest.fixture(scope="module")
def found(value):
    return roi.simulate(simulate.initiatives(), value, n_draws=500, rng=3)


def test_draws_agree_with_the_table(found):
    draws = found.draws
    table = found.table.set_index("initiative")
    assert draws.names == tuple(simulate.initiatives()["name"])
    np.testing.assert_allclose(
        draws.alone.mean(axis=0), table.loc[list(draws.names), "npv_amount"]
    )
    np.testing.assert_allclose(
        draws.cost.mean(axis=0), table.loc[list(draws.names), "cost_amount"]
    )
    assert draws.upfront[0].tolist() == simulate.initiatives()["cost"].tolist()
    whole = draws.together(draws.names)
    assert whole.mean() == pytest.approx(found.total["npv_amount"])
    assert set(draws.inputs) == {f"effect of {n}" for n in draws.names} | {
        "value of a point"
    }


def test_sets_of_initiatives(found):
    draws = found.draws
    assert draws.together(()).tolist() == [0.0] * 500
    for at, name in enumerate(draws.names):
        np.testing.assert_allclose(draws.together([name]), draws.alone[:, at])
    names = list(draws.names)
    np.testing.assert_allclose(
        draws.together(names[:3]), draws.together([names[i] for i in (2, 0, 1, 0)])
    )
    with pytest.raises(ArgumentError, match="`names` has 'App'; "):
        draws.together(["App"])
    with pytest.raises(ArgumentError, match="give a sequence of names"):
        draws.together("App stability squad")


def test_a_delay_is_a_later_start_with_the_same_end():
    one = pd.DataFrame(
        {"name": ["a"], "cost": [10.0], "effect": [1.0], "effect_low": [1.0],
         "effect_high": [1.0], "reach": [10]}
    )  # fmt: skip
    usual = {"horizon": 2, "discount_rate": 0.0, "n_draws": 100}
    draws = roi.simulate(one, 12.0, **usual).draws
    np.testing.assert_allclose(draws.alone, 230)
    np.testing.assert_allclose(draws.delayed(0), 230)
    np.testing.assert_allclose(draws.delayed(365.25 / 7 / 2), 170)
    np.testing.assert_allclose(draws.delayed(365.25 / 7 / 24), 225)
    with pytest.raises(ArgumentError, match="`weeks` is -1; it must lie in"):
        draws.delayed(-1)
