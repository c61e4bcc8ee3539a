"""What an experiment may claim enters the business case, and nothing else does."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from cxlib import data, journeys, roi
from cxlib.errors import ArgumentError, DataError
from cxlib.journeys import Mean
from cxlib.report import export

PLANS = pd.DataFrame(
    {
        "name": ["checkout", "courier"], "cost": [5000.0, 900.0],
        "effect": [0.5, 0.2], "effect_low": [0.2, 0.1], "effect_high": [0.8, 0.3],
        "evidence": ["expert", "quasi"], "source": ["a guess", "a pilot"],
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """results.json of a test whose winner was picked barely."""
    rng = np.random.default_rng(4)
    users = pd.DataFrame({"variant": np.repeat(["control", "b"], 400)})
    users["answer"] = rng.normal(7, 2, 800) + 0.5 * (users["variant"] == "b")
    users["paid"] = 1.0
    found = journeys.compare(users, [Mean(name="answer", column="answer")])
    folder = tmp_path_factory.mktemp("run")
    export(folder, {"metrics": found, "claims": journeys.claims(found)})
    return folder / "results.json", found


def test_the_claim_and_not_the_measured_gain_is_planned_with(results):
    path, found = results
    assert found.table["verdict"].tolist() == ["better"]
    leans = {"checkout": {"results": str(path), "finding": "answer_claim"}}
    plans = roi.with_claims(PLANS, data.read_claims(leans)).set_index("name")
    claim = journeys.claims(found).table.iloc[0]
    raw = found.table["effect_size"].iloc[0]
    assert plans.loc["checkout", "effect"] == claim["claimed_effect_size"] < raw
    z = 1.2815515655446004 / 1.959963984540054
    low = claim["claimed_effect_size_ci_lower"] - claim["claimed_effect_size"]
    assert plans.loc["checkout", "effect_low"] == pytest.approx(
        claim["claimed_effect_size"] + z * low, rel=1e-9
    )
    assert plans.loc["checkout", "evidence"] == "randomised"
    assert plans.loc["checkout", "source"].endswith("answer_claim")
    pd.testing.assert_series_equal(
        plans.loc["courier"], PLANS.set_index("name").loc["courier"]
    )
    assert PLANS["effect"].tolist() == [0.5, 0.2]


def test_what_is_no_claim_is_refused(results, tmp_path):
    path, _ = results
    raw = {"checkout": {"results": str(path), "finding": "answer_effect"}}
    with pytest.raises(DataError, match="is no claim: a gain as it was measured is"):
        roi.with_claims(PLANS, data.read_claims(raw))
    with pytest.raises(DataError, match=r"'answr_claim' is not in .*did you mean"):
        data.read_claims({"checkout": {"results": str(path), "finding": "answr_claim"}})
    good = data.read_claims(
        {"checkout": {"results": str(path), "finding": "answer_claim"}}
    )["checkout"]
    with pytest.raises(DataError, match="initiative 'chekout'; did you mean"):
        roi.with_claims(PLANS, {"chekout": good})
    with pytest.raises(DataError, match="is in share_points; an initiative's effect"):
        roi.with_claims(PLANS, {"checkout": good | {"unit": "share_points"}})
    with pytest.raises(DataError, match="has no gain to claim"):
        roi.with_claims(PLANS, {"checkout": good | {"estimate": None}})
    with pytest.raises(ArgumentError, match=r"give `results` .* and `finding`"):
        data.read_claims({"checkout": {"file": "r.json"}})
    broken = tmp_path / "r.json"
    broken.write_text(json.dumps([1]))
    with pytest.raises(DataError, match=r"is no results\.json of a report"):
        data.read_claims({"a": {"results": str(broken), "finding": "x_claim"}})
