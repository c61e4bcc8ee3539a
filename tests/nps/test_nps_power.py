"""Planning: the textbook numbers, invitations, weeks, and the power they give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import nps, plots
from cxlib.errors import ArgumentError


@pytest.fixture
def case(oracle):
    return oracle("nps_roi.json", "15_power_mde")


def test_oracle(case):
    given, expected = case["inputs"], case["expected"]
    plan = nps.power(
        None, [], shares=[given["det1"], given["pro1"]],
        shares_after=[given["det2"], given["pro2"]], power=given["power"],
        margin=100 * given["moe"], n=given["n_for_mde"],
    )  # fmt: skip
    rows = plan.table.set_index("question")
    first = rows.loc["detect a difference"]
    assert first["n_exact"] == pytest.approx(expected["n_per_group"], rel=1e-8)
    assert first["n"] == expected["n_per_group_ceil"]
    assert first["effect_size"] == pytest.approx(100 * expected["delta"])
    least = rows.loc["detectable with these answers", "effect_size"]
    assert least == pytest.approx(100 * expected["mde_at_400_common_var1"], rel=1e-8)
    assert rows.loc["margin of error", "n"] == expected["n_for_moe_var1"]
    worst = rows.loc["margin of error, whatever the answers", "n"]
    assert worst == expected["n_for_moe_worst_case_var_1"]


def test_invitations_and_weeks_round_up():
    plan = nps.power(
        None, [5.0], shares=[0.25, 0.45], response_rate=0.15, weekly_invitations=4000,
        deff=1.5,
    )  # fmt: skip
    row = plan.table.iloc[0]
    assert row["n"] == np.ceil(row["n_exact"])
    assert row["n_invitations"] == np.ceil(2 * row["n"] / 0.15)
    assert row["weeks"] == np.ceil(row["n_invitations"] / 4000)
    plain = nps.power(None, [5.0], shares=[0.25, 0.45]).table.iloc[0]
    assert row["n_exact"] == pytest.approx(1.5 * plain["n_exact"])
    assert plain["n_invitations"] == plain["n_total"]
    assert f"{row['weeks']:.0f} weeks)." in plan.text
    assert "weeks" in plan.shown[0]


def test_data_give_the_spread_and_the_design_effect():
    scores = [3] * 25 + [8] * 30 + [10] * 45
    frame = pd.DataFrame({"score": scores * 4, "w": [1.0, 3.0] * 200})
    plain = nps.power(frame, [5.0])
    from_shares = nps.power(None, [5.0], shares=[0.25, 0.45])
    pd.testing.assert_frame_equal(plain.table, from_shares.table)
    weighted = nps.power(frame, [5.0], weights="w")
    assert weighted.deff == pytest.approx(nps.score(frame, weights="w").overall.deff)
    assert weighted.pilot_n == 400
    assert "400 earlier answers" in weighted.method


def test_detectable_difference_and_n_are_inverses():
    plan = nps.power(None, [6.4], shares=[0.3, 0.3], deff=1.3)
    back = nps.power(
        None, [], shares=[0.3, 0.3], deff=1.3, n=int(plan.table["n"].iloc[0])
    )
    assert back.table["effect_size"].iloc[0] == pytest.approx(6.4, rel=1e-3)


def test_a_mean_and_a_share_are_planned_too():
    frame = pd.DataFrame({"score": [1, 2, 3, 4, 5] * 20})
    mean = nps.power(frame, [0.5], scale="csat_mean").table.iloc[0]
    assert mean["variance"] == pytest.approx(2.0)
    share = nps.power(None, [0.05], scale="csat", shares=[0.4], margin=0.03)
    assert share.table["variance"].iloc[0] == pytest.approx(0.24)
    assert share.table["n"].iloc[-1] == 1068
    assert "5.0 percentage points" in share.text


def test_said_in_words():
    assert nps.power(None).text == (
        "No earlier answers and no shares were given: nothing to plan."
    )
    text = nps.power(None, [5.0], shares=[0.25, 0.45]).text
    assert text == (
        "To detect a difference of 5.0 points with 80 % power, each of two groups "
        "needs 4,145 answers (8,290 invitations in all)."
    )
    with pytest.raises(ArgumentError, match="give the shares of detractors and promot"):
        nps.power(None, shares=[0.8, 0.4])
    with pytest.raises(ArgumentError, match="`response_rate` is 0; it must lie in"):
        nps.power(None, shares=[0.2, 0.4], response_rate=0)
    with pytest.raises(ArgumentError, match="`differences` is -1; it must lie in"):
        nps.power(None, [-1], shares=[0.2, 0.4])


def test_chart():
    plan = nps.power(None, [3, 5, 8], shares=[0.25, 0.45], n=400)
    ax = plots.power_curve(plan.curve, n=400)
    assert len(ax.get_lines()) == 3 + 2
    ax.figure.clf()
    empty = plots.power_curve(nps.power(None).curve)
    assert empty.texts[0].get_text() == "no difference to plan for"
    import matplotlib.pyplot as plt

    plt.close("all")


@pytest.mark.slow
def test_the_planned_power_is_reached():
    before, after = [0.25, 0.30, 0.45], [0.22, 0.28, 0.50]
    n = int(
        nps.power(None, [], shares=[0.25, 0.45], shares_after=[0.22, 0.50])
        .table["n"].iloc[0]
    )  # fmt: skip
    draw = np.random.default_rng(7)
    found = 0
    for _ in range(600):
        a, b = draw.multinomial(n, before), draw.multinomial(n, after)
        frame = pd.DataFrame(
            {
                "score": np.repeat([3, 8, 10] * 2, [*a, *b]),
                "wave": np.repeat([1, 2], [n, n]),
            }
        )
        found += nps.trend(frame, "wave").table["pvalue"].iloc[1] < 0.05
    assert 0.76 < found / 600 < 0.84
