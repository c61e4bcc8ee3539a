"""Means and places of drivers, the order without linearity, and what to look at."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from cxlib import nps, plots
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import design, estimate

SCALE = (1, 5)


def rate(mean, draw, n):
    return np.clip(np.round(mean + draw.normal(0, 0.9, n)), 1, 5)


@pytest.fixture
def rated():
    """'weak' matters and is rated low, 'strong' matters and is rated high."""
    draw = np.random.default_rng(7)
    n = 1500
    x = {
        name: rate(mean, draw, n)
        for name, mean in {
            "weak": 2.2, "strong": 4.0, "idle": 2.2, "fine": 4.0, "mid": 3.1,
        }.items()
    }  # fmt: skip
    felt = 1.2 * x["weak"] + 1.2 * x["strong"] + 0.75 * x["mid"]
    score = np.clip(np.round(felt - 3 + draw.normal(0, 1, n)), 0, 10)
    return pd.DataFrame(x).assign(
        score=score, weight=draw.uniform(0.5, 2, n), account=draw.integers(0, 300, n)
    )


NAMES = ["weak", "strong", "idle", "fine", "mid"]


@pytest.fixture
def found(rated):
    return nps.drivers(rated, NAMES, item_scale=SCALE, n_resamples=200)


def test_places_follow_both_intervals(found):
    place = found.table.set_index("driver")["place"].to_dict()
    assert place["weak"] == "worth a look"
    assert place["strong"] == "keep up"
    assert place["idle"] == "can wait"
    assert place["fine"] == "well rated, less at stake"
    assert place["mid"] == "cannot be placed"
    assert found.place_text.startswith(
        "Above-average share, rated below average: weak."
    )
    assert found.place_text.endswith("because an interval reaches an average: mid.")


def test_every_place_is_backed_by_its_intervals(found):
    t = found.table
    share, mean = 1 / len(t), t["mean"].mean()
    clear = ((t["ci_lower"] > share) | (t["ci_upper"] < share)) & (
        (t["mean_ci_lower"] > mean) | (t["mean_ci_upper"] < mean)
    )
    assert ((t["place"] == "cannot be placed") == ~clear).all()


def test_means_are_those_of_the_one_core(rated):
    found = nps.drivers(
        rated, NAMES, weights="weight", cluster="account", item_scale=SCALE,
        n_resamples=50,
    )  # fmt: skip
    plan = design(len(rated), weights=rated["weight"], cluster=rated["account"])
    for row in found.table.to_dict("records"):
        own = estimate(rated[row["driver"]], "mean", plan=plan)
        assert (row["mean"], row["mean_ci_lower"], row["mean_ci_upper"]) == (
            pytest.approx((own.estimate, own.ci_lower, own.ci_upper))
        )


def test_splits_of_r2_agree_where_drivers_do_not_overlap(found):
    """Without overlap LMG, Johnson, alone and added are one number."""
    t = found.table
    assert t["relative_weight"].sum() == pytest.approx(found.r2)
    for column in ("relative_weight", "r2_first", "r2_last"):
        assert t[column].to_numpy() == pytest.approx(t["r2_part"].to_numpy(), abs=0.02)


def test_overlap_parts_alone_from_added(rated):
    near = np.clip(rated["weak"] + np.random.default_rng(0).integers(-1, 2, 1500), 1, 5)
    found = nps.drivers(rated.assign(twin=near), [*NAMES, "twin"], n_resamples=50)
    row = found.table.set_index("driver").loc["twin"]
    assert row["r2_last"] < row["r2_part"] < row["r2_first"]
    assert row["r2_last"] < row["relative_weight"] < row["r2_first"]


def test_without_a_common_scale_nothing_is_placed(rated):
    found = nps.drivers(rated, NAMES, n_resamples=50)
    assert not found.table["place"].any()
    assert found.place_text == (
        "The drivers are not rated on one scale, so their means are not compared."
    )
    ax = plots.importance_performance(found.table)
    assert ax.texts[0].get_text() == "no drivers rated on one scale to place"
    plt.close(ax.figure)
    told = nps.driver_decision(found, nps.linearity(rated, found))
    assert "rated low" not in told


def test_scale_errors(rated):
    with pytest.raises(DataError) as caught:
        nps.drivers(rated.assign(mid=99), NAMES, item_scale=SCALE)
    assert str(caught.value) == (
        "driver 'mid': 1,500 values lie off the declared `item_scale` 1-5 (seen: 99); "
        "declare them under `missing`, or set `item_scale` to [] where drivers are not "
        "rated on one scale."
    )
    with pytest.raises(ArgumentError, match=r"`item_scale` is \[5, 1\]; give the"):
        nps.drivers(rated, NAMES, item_scale=(5, 1))


@pytest.mark.parametrize(
    ("scale", "answer"),
    [
        ("csat", lambda s: np.clip(s // 2, 1, 5)),
        ("csat_mean", lambda s: np.clip(s // 2, 1, 5)),
        ("ces", lambda s: np.clip(s - 2, 1, 7)),
        ("ces_mean", lambda s: np.clip(s - 2, 1, 7)),
    ],
)
def test_other_scales_rank_alike(rated, scale, answer):
    frame = rated.assign(score=answer(rated["score"]))
    found = nps.drivers(frame, NAMES, scale=scale, item_scale=SCALE, n_resamples=80)
    assert set(found.table["driver"].head(2)) == {"weak", "strong"}
    held = nps.linearity(frame, found, scale=scale)
    assert set(held.table["driver"][held.table["rank_ordinal"] <= 2]) == {
        "weak", "strong",
    }  # fmt: skip


def test_order_holds_without_linearity(rated, found):
    held = nps.linearity(rated, found)
    assert held.agreement == pytest.approx(1, abs=0.5)
    assert not held.apart
    assert "times the odds of a higher answer" in held.text
    shift = nps.ordinal(rated, ["weak", "strong", "idle", "fine", "mid"])
    own = shift.table.set_index("column")["odds_ratio"]
    for row in held.table.to_dict("records"):
        assert row["odds_ratio"] == pytest.approx(own[row["driver"]])
        assert row["log_odds_sd"] == pytest.approx(
            np.log(own[row["driver"]]) * rated[row["driver"]].std(ddof=0)
        )


def test_an_order_that_hangs_on_linearity_is_said():
    """One driver moves a few answers far, the other many answers by one step."""
    draw = np.random.default_rng(2)
    n = 4000
    far, near = draw.integers(0, 2, (2, n))
    score = 8 + near * (draw.random(n) < 0.75)
    score = np.where((far == 0) & (draw.random(n) < 0.25), 0, score)
    frame = pd.DataFrame({"score": score, "far": far, "near": near})
    found = nps.drivers(frame, ["far", "near"], n_resamples=100)
    assert found.table["driver"].iloc[0] == "far"
    held = nps.linearity(frame, found)
    assert held.apart == (("far", "near"),)
    assert held.agreement == -1
    assert "far with near change places" in held.order_text
    assert held.order_text in nps.driver_decision(found, held)


def test_linearity_says_why_it_is_off(rated):
    none = nps.drivers(rated, [])
    assert nps.linearity(rated, none).text == (
        "No drivers are ranked, so their order is not checked."
    )
    fine = {"name": "u", "low": 0, "high": 100, "kind": "mean", "integer": False}
    frame = rated.assign(score=rated["score"] + np.arange(1500) % 50)
    found = nps.drivers(frame, NAMES, scale=fine, n_resamples=50)
    held = nps.linearity(frame, found, scale=fine)
    assert held.reason.startswith("The order is not checked by an ordinal model: ")
    assert held.table.empty
    assert held.reason in nps.driver_caveats(found, held)


def test_decision_names_the_driver_to_look_at(rated, found):
    held = nps.linearity(rated, found)
    told = nps.driver_decision(found, held)
    assert told.startswith("Look first at weak: ")
    assert "below the average of these drivers." in told
    mind = nps.driver_caveats(found, held)
    assert mind[0].startswith("These are associations")
    assert mind[1].startswith("mid cannot be placed")
    assert "effect" not in told + " ".join(mind)


def test_decision_without_a_clear_driver():
    draw = np.random.default_rng(5)
    x = draw.integers(1, 6, (400, 2))
    score = np.clip(x.sum(axis=1) - 1 + draw.integers(0, 3, 400), 0, 10)
    frame = pd.DataFrame({"a": x[:, 0], "b": x[:, 1], "score": score})
    found = nps.drivers(frame, ["a", "b"], item_scale=SCALE, n_resamples=100)
    told = nps.driver_decision(found, nps.linearity(frame, found))
    assert told.startswith(
        "No driver is surely both important and rated low. Which driver comes first "
        "cannot be told: "
    )
    noise = nps.drivers(
        frame.assign(score=draw.integers(0, 11, 400)), ["a", "b"], n_resamples=50
    )
    assert nps.driver_decision(noise, nps.linearity(frame, noise)).startswith(
        "Set no priorities by these drivers: together they explain"
    )
    one = nps.drivers(frame, ["a"], item_scale=SCALE, n_resamples=50)
    assert nps.driver_decision(one, nps.linearity(frame, one)).startswith(
        "There is one driver, a, and nothing to rank"
    )


def test_chart_draws_crosses_lines_and_open_marks(found):
    ax = plots.importance_performance(found.table)
    t = found.table.reset_index(drop=True)
    level, upright = ax.collections[0], ax.collections[1]
    for i, row in t.iterrows():
        (x0, y0), (x1, _) = level.get_segments()[i]
        assert (x0, x1) == pytest.approx((row["mean_ci_lower"], row["mean_ci_upper"]))
        assert y0 == pytest.approx(100 * row["estimate"])
        ends = [point[1] for point in upright.get_segments()[i]]
        assert ends == pytest.approx([100 * row["ci_lower"], 100 * row["ci_upper"]])
    white = [tuple(c) == (1, 1, 1, 1) for c in ax.collections[2].get_facecolors()]
    assert white == (t["place"] == "cannot be placed").tolist()
    lines = {line.get_xdata()[0] for line in ax.lines} | {
        line.get_ydata()[0] for line in ax.lines
    }
    assert any(v == pytest.approx(t["mean"].mean()) for v in lines)
    assert any(v == pytest.approx(20) for v in lines)
    said = {text.get_text() for text in ax.texts}
    assert {"worth a look", "keep up", "can wait", *NAMES} <= said
    plt.close(ax.figure)


def test_names_of_fifteen_drivers_do_not_collide():
    draw = np.random.default_rng(0)
    names = [f"a_rather_long_driver_{i}" for i in range(15)]
    halo = draw.normal(0, 0.6, (900, 1))
    x = np.clip(np.round(3.3 + halo + draw.normal(0, 1, (900, 15))), 1, 5)
    score = np.clip(np.round(x[:, :5].mean(axis=1) * 2 + draw.normal(0, 1, 900)), 0, 10)
    frame = pd.DataFrame(x, columns=names).assign(score=score)
    found = nps.drivers(frame, names, item_scale=SCALE, n_resamples=60)
    ax = plots.importance_performance(found.table)
    ax.figure.draw_without_rendering()
    boxes = [Text.get_window_extent(text) for text in ax.texts]
    touching = sum(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[i + 1 :])
    assert touching == 0
    frame_box = ax.get_window_extent()
    assert all(frame_box.x0 <= b.x0 and b.x1 <= frame_box.x1 for b in boxes)
    plt.close(ax.figure)


def test_odds_chart_is_open_where_one_is_inside(rated, found):
    held = nps.linearity(rated, found)
    ax = plots.driver_odds(held.table)
    rows = held.table.sort_values("odds_ratio", ascending=False)
    assert [t.get_text() for t in ax.get_yticklabels()] == rows["driver"].tolist()
    inside = (rows["odds_ratio_ci_lower"] <= 1) & (rows["odds_ratio_ci_upper"] >= 1)
    white = [tuple(c) == (1, 1, 1, 1) for c in ax.collections[1].get_facecolors()]
    assert white == inside.tolist()
    assert ax.get_xscale() == "log"
    assert "1" in [t.get_text() for t in ax.get_xticklabels()]
    plt.close(ax.figure)
    ax = plots.driver_odds(pd.DataFrame())
    assert ax.texts[0].get_text() == "no odds to draw"
    plt.close(ax.figure)


@pytest.mark.slow
def test_shares_cover_and_alike_drivers_are_not_placed():
    """Five drivers alike in importance and mean: a place would be a false one."""
    draw = np.random.default_rng(12)
    covered, placed = [], []
    for _ in range(200):
        x = draw.integers(1, 6, (600, 5))
        score = np.clip(np.round(x.mean(axis=1) * 2 + draw.normal(0, 1, 600)), 0, 10)
        frame = pd.DataFrame(x, columns=NAMES).assign(score=score)
        t = nps.drivers(frame, NAMES, item_scale=SCALE, n_resamples=200, rng=draw).table
        covered += ((t["ci_lower"] <= 0.2) & (t["ci_upper"] >= 0.2)).tolist()
        placed += (t["place"] != "cannot be placed").tolist()
    assert np.mean(covered) == pytest.approx(0.95, abs=0.025)
    assert np.mean(placed) < 0.01
