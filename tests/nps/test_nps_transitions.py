"""Transitions of the same people: against references, hidden cells, no change."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import multinomial_proportions_confint

from cxlib import nps, plots
from cxlib.errors import ArgumentError

SCORE = np.array([3, 7, 10])
JOINT = [[30, 15, 20], [20, 40, 25], [15, 30, 90]]


def panel(joint, gone=(0, 0, 0), new=(0, 0, 0)):
    """Two waves of people from a table of first by second state."""
    pairs = [(i, j) for i in range(3) for j in range(3) for _ in range(joint[i][j])]
    first = [*(i for i, _ in pairs), *np.repeat(range(3), gone)]
    last = [*(j for _, j in pairs), *np.repeat(range(3), new)]
    start = len(first)
    ids = [*range(len(pairs)), *range(start, start + sum(new))]
    return pd.DataFrame(
        {
            "who": [*range(start), *ids], "score": SCORE[[*first, *last]],
            "wave": ["W1"] * start + ["W2"] * len(last),
        }
    )  # fmt: skip


def rows(found):
    return found.table.set_index(["before", "after"])


def test_shares_have_goodmans_intervals():
    found = nps.transitions(panel(JOINT, gone=(35, 40, 45)), "wave", "who")
    own = rows(found).loc["detractor"]
    assert own["n"].tolist() == [30, 15, 20, 35]
    ends = multinomial_proportions_confint([30, 15, 20, 35], method="goodman")
    assert own[["ci_lower", "ci_upper"]].to_numpy() == pytest.approx(ends, rel=1e-8)
    assert own["estimate"].sum() == pytest.approx(1)


def test_net_move_is_the_paired_change(oracle):
    case = oracle("nps_roi.json", "04_nps_paired")
    scores, expected = case["inputs"], case["expected"]
    frame = pd.DataFrame(
        {
            "score": scores["w1"] + scores["w2"], "wave": ["w1"] * 25 + ["w2"] * 25,
            "who": [*range(25)] * 2,
        }
    )  # fmt: skip
    net = nps.transitions(frame, "wave", "who", min_n=2).net
    assert net.estimate == pytest.approx(100 * expected["diff"])
    assert net.std_error == pytest.approx(100 * expected["se_paired"])
    assert (net.ci_lower, net.ci_upper) == pytest.approx(
        tuple(100 * np.array(expected["ci"]))
    )


def test_a_symmetric_table_is_all_regression_to_the_mean():
    joint = np.array(JOINT) + np.array(JOINT).T
    found = nps.transitions(panel(joint.tolist()), "wave", "who")
    assert found.net.estimate == pytest.approx(0)
    assert found.regression["excess"].tolist() == pytest.approx([0, 0, 0])
    assert found.regression["estimate"].iloc[0] > 0 > found.regression["estimate"][2]
    assert "No group moved beyond it." in found.text


def test_expected_move_by_hand():
    t = nps.transitions(panel(JOINT), "wave", "who").regression
    low = (30 * 2 * -1 + (15 + 20) * 0 + (20 + 15) * 1) / (60 + 35 + 35) + 1
    assert t["expected"].iloc[0] == pytest.approx(100 * low)
    given_r = nps.transitions(panel(JOINT), "wave", "who", reliability=0.6).regression
    mean = (135 - 65) / 285
    assert given_r["expected"].iloc[0] == pytest.approx(100 * 0.4 * (mean + 1))


def test_attrition_is_a_state_and_its_earlier_score_is_told():
    found = nps.transitions(
        panel(JOINT, gone=(60, 30, 10), new=(20, 20, 20)), "wave", "who"
    )
    assert (found.n_both, found.n_gone, found.n_new) == (285, 100, 60)
    assert rows(found).loc[("detractor", "did not answer again"), "n"] == 60
    assert found.silent.estimate == pytest.approx(-50 - 100 * (135 - 65) / 285)
    assert found.silent.ci_upper < 0
    assert "26.0 % of 385 did not answer again" in found.text


def test_revenue_by_transition():
    frame = panel(JOINT, gone=(20, 20, 20))
    frame["spend"] = np.where(frame["score"] == 10, 100.0, 50.0)
    frame["spend"] += np.arange(len(frame)) % 3
    found = nps.transitions(frame, "wave", "who", revenue="spend")
    cell = rows(found).loc[("promoter", "detractor")]
    first = frame[frame["wave"] == "W1"].set_index("who")
    last = frame[frame["wave"] == "W2"].set_index("who")["score"].reindex(first.index)
    own = first[(first["score"] == 10) & (last == 3)]["spend"]
    assert cell["mean_amount"] == pytest.approx(own.mean())
    assert cell["total_amount"] == pytest.approx(own.sum())
    assert cell["mean_amount_ci_lower"] < own.mean() < cell["mean_amount_ci_upper"]
    assert "Of the first wave's revenue" in found.text


@given(
    st.lists(st.integers(0, 40), min_size=9, max_size=9),
    st.lists(st.integers(0, 40), min_size=3, max_size=3),
)
def test_no_hidden_cell_can_be_worked_out(cells, gone):
    joint = [cells[:3], cells[3:6], cells[6:]]
    if sum(cells) < 10:
        return
    found = nps.transitions(panel(joint, gone), "wave", "who", n_resamples=50)
    hidden = found.table["n"].isna()
    begin = [i for i in range(3) if sum(joint[i]) + gone[i]]
    left = [[n] if sum(gone) else [] for n in gone]
    true = pd.Series([n for i in begin for n in (*joint[i], *left[i])], dtype=float)
    assert not ((true < 10) & ~hidden).any()
    for side in ("before", "after"):
        for _, group in hidden.groupby(found.table[side]):
            if group.any():
                alone = group.sum() == 1 and len(group) > 1
                assert not alone
    stayed = found.table["after"] != "did not answer again"
    old = found.table["before"] != "did not answer before"
    if hidden[stayed & old].any():
        assert found.regression["estimate"].isna().all()


def test_weights_of_one_and_row_order_change_nothing():
    frame = panel(JOINT, gone=(20, 20, 20)).assign(w=1.0)
    a = nps.transitions(frame, "wave", "who")
    b = nps.transitions(frame.sample(frac=1, random_state=1), "wave", "who")
    c = nps.transitions(frame, "wave", "who", weights="w")
    for other in (b, c):
        pd.testing.assert_frame_equal(a.table, other.table)
        assert other.net.estimate == pytest.approx(a.net.estimate)
        assert other.net.std_error == pytest.approx(a.net.std_error)


def test_second_answers_in_a_wave_are_counted_out():
    frame = panel(JOINT)
    extra = frame.iloc[:3].assign(score=10)
    found = nps.transitions(pd.concat([frame, extra]), "wave", "who")
    assert found.n_twice == 3
    assert rows(found).loc[("promoter", "detractor"), "n"] == 15 + 3
    assert "3 answers beyond one a respondent and wave left out." in found.text


def test_reasons_and_errors():
    frame = panel(JOINT)
    assert "nobody can be followed" in nps.transitions(frame, "", "who").text
    assert "No respondent column" in nps.transitions(frame, "wave", None).text
    alone = frame.assign(who=range(len(frame)))
    assert "Only 0 respondents" in nps.transitions(alone, "wave", "who").text
    one = nps.transitions(frame[frame["wave"] == "W1"], "wave", "who")
    assert "has one wave only" in one.text
    with pytest.raises(ArgumentError, match="`reliability` is 2; it must lie in"):
        nps.transitions(frame, "wave", "who", reliability=2)


def test_table_is_drawn_with_hidden_cells_hatched():
    frame = panel([[30, 5, 20], [20, 40, 25], [15, 30, 90]], gone=(20, 20, 20))
    found = nps.transitions(frame, "wave", "who")
    ax = plots.transition_table(found.table)
    assert ax.get_yticklabels()[0].get_text() == "detractor"
    assert len(ax.collections) == int(found.table["status"].str.startswith("hid").sum())
    assert "hidden" in found._repr_html_()
    plt.close(ax.figure)


def test_the_sentence_names_who_is_followed() -> None:
    frame = panel(JOINT).rename(columns={"who": "account_id"})
    found = nps.transitions(frame, "wave", "account_id")
    assert f"{found.n_both} accounts answered in" in found.text
    assert "paired by account" in found.method
