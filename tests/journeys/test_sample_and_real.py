"""The sample's planted truth, and the acceptance data read as a run reads them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from cxlib import data, journeys
from cxlib.errors import DataError

ROOT = Path(__file__).parents[2]


def params(programme):
    path = ROOT / programme / "journey_comparison.yaml"
    return yaml.safe_load(path.read_text())


def people(given):
    """Users as the notebook makes them, and the log."""
    log = data.read("events", given["events"], root=ROOT) if given["events"] else None
    if given["users"]:
        return data.read("users", given["users"], root=ROOT).frame, log
    return journeys.users_from_events(log.frame), log


def run(given):
    users, log = people(given)
    gate = journeys.sample_ratio(users, by=given.get("srm_by"))
    gate.require()
    found = journeys.compare(
        users, given["metrics"], control=given.get("control", "control")
    )
    return users, log, gate, found


@pytest.fixture(scope="module")
def sample():
    return run(params("params/sample"))


@pytest.fixture(scope="module")
def truth():
    return json.loads((ROOT / "data" / "sample" / "truth.json").read_text())["users"]


def test_sample_effects_lie_in_their_intervals(sample, truth):
    table = sample[3].table.set_index("metric")
    planted = {
        "conversion": truth["conversion"]["difference"],
        "spend per user (EUR)": truth["spend"]["difference"],
        "NPS": truth["nps"]["difference"],
        "contacts per user": truth["contacts"]["difference"],
    }
    for name, effect in planted.items():
        row = table.loc[name]
        assert row["effect_size_ci_lower"] < effect < row["effect_size_ci_upper"]
    assert table["verdict"].to_dict() == {
        "conversion": "better", "spend per user (EUR)": "better", "NPS": "better",
        "contacts per user": "not worse",
    }  # fmt: skip


def test_sample_gap_opens_at_the_planted_step(sample, truth):
    users, log, _, _ = sample
    steps = params("params/sample")["steps"]
    found = journeys.funnel(log.frame, steps, variant="variant", users=users)
    start, end = truth["step that the treatment moves"].split(" -> ")
    parts = found.gap.set_index("step")["effect_size"]
    assert parts.idxmax() == end
    assert parts.sum() == pytest.approx(found.gap["effect_size"].sum(), abs=1e-12)
    assert f"opens at '{end}'" in found.where
    for arm in ("control", "treatment"):
        rows = found.table[found.table["variant"] == arm].set_index("step")
        for step, reach in truth["reach"][arm].items():
            assert rows.loc[step, "share_exposed"] == pytest.approx(reach, abs=0.03)
    moves = journeys.transitions(log.frame, users=users)
    differing = moves.differing[["from", "to"]].to_numpy().tolist()
    assert [start, end] in differing
    assert {pair[0] for pair in differing} == {start}


def test_sample_decision(sample):
    users, _, gate, found = sample
    metrics = params("params/sample")["metrics"]
    response = journeys.response_rate(users, metrics)
    assert not response.failed
    decided = journeys.decision(found, gate=gate, response=response)
    assert decided.table["decision"].tolist() == ["ship"]


def test_simple_shop(shared):
    shared("data/simple_shop_ab/ab_test_demo.csv")
    given = params("tests/params/simple_shop")
    _, log, gate, found = run({"control": "control", **given})
    arms = gate.table.set_index("variant")["n"].to_dict()
    assert arms == {"control": 573, "test": 554}
    assert gate.tests["pvalue"].iloc[0] == pytest.approx(0.57, abs=0.005)
    table = found.table.set_index("metric")
    paid = table.loc["conversion"]
    assert paid["control"] == pytest.approx(0.1483, abs=5e-5)
    assert paid["treatment"] == pytest.approx(0.2274, abs=5e-5)
    assert paid["statistic"] == pytest.approx(3.403, abs=5e-4)
    assert paid["pvalue"] == pytest.approx(0.00067, abs=5e-6)
    revenue = table.loc["revenue per user"]
    assert revenue["control"] == pytest.approx(119.90, abs=0.005)
    assert revenue["treatment"] == pytest.approx(178.32, abs=0.005)
    assert revenue["statistic"] == pytest.approx(2.931, abs=5e-4)
    funnel = journeys.funnel(log.frame, given["steps"], variant="variant")
    share = funnel.table.set_index(["step", "variant"])["share_exposed"]
    expected = {
        "cart": (0.508, 0.543), "delivery_choice": (0.353, 0.406),
        "payment_choice": (0.236, 0.318), "payment_done": (0.148, 0.227),
    }  # fmt: skip
    for step, (control, test) in expected.items():
        assert share[step, "control"] == pytest.approx(control, abs=5e-4)
        assert share[step, "test"] == pytest.approx(test, abs=5e-4)


def test_cookie_cats_is_stopped(shared):
    shared("data/cookie_cats/cookie_cats.csv")
    with pytest.raises(DataError, match=r"p 0\.0086, below the limit of 0\.01"):
        run(params("tests/params/cookie_cats"))


def test_hillstrom(shared):
    shared("data/hillstrom/hillstrom_data.csv")
    given = params("tests/params/hillstrom")
    _, _, gate, found = run(given)
    assert gate.tests["pvalue"].iloc[0] == pytest.approx(0.90, abs=0.005)
    table = found.table.set_index(["metric", "treatment_arm"])
    mens, womens = (table.loc[("spend", f"{a} E-Mail")] for a in ("Mens", "Womens"))
    assert mens["effect_size"] == pytest.approx(0.7698, abs=5e-5)
    assert mens["std_error"] == pytest.approx(0.1452, abs=5e-5)
    assert womens["effect_size"] == pytest.approx(0.4244, abs=5e-5)
    assert womens["std_error"] == pytest.approx(0.1303, abs=5e-5)
    assert (table["verdict"] == "better").all()
    decided = journeys.decision(found, gate=gate)
    assert decided.table["treatment_arm"].tolist() == ["Mens E-Mail", "Womens E-Mail"]
