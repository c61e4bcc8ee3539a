"""Control chart and change point: by hand, on real waves, and calibrated."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cxlib import data, nps, plots
from cxlib.errors import ArgumentError
from cxlib.estimate.tracking import change_step, control_limits, extra_spread

ROOT = Path(__file__).resolve().parents[2]


def tracker(counts):
    """Waves W1, W2, … from counts of detractors, passives and promoters."""
    parts = [
        pd.DataFrame({"score": np.repeat([3, 7, 10], c), "wave": f"W{i}"})
        for i, c in enumerate(counts, 1)
    ]
    return pd.concat(parts, ignore_index=True)


def test_limits_of_equal_waves_are_those_of_the_analysis_of_means():
    frame = tracker([[30, 20, 50], [20, 30, 50], [40, 20, 40], [10, 10, 80]])
    found = nps.control_chart(frame, "wave")
    value = frame["score"].map({3: -1, 7: 0, 10: 1})
    sigma = 100 * value.std(ddof=0) / 10
    half = 2.99998 * sigma * (3 / 4) ** 0.5
    assert found.centre == pytest.approx(100 * value.mean())
    assert found.table["limit_upper"].tolist() == pytest.approx(
        [found.centre + half] * 4, rel=1e-4
    )
    assert found.table["signal"].tolist() == [False, False, True, True]
    assert found.expected_false_alarms == pytest.approx(4 * 0.0027)


def test_limits_follow_n():
    frame = tracker([[30, 20, 50], [300, 200, 500], [15, 10, 25]])
    t = nps.control_chart(frame, "wave").table
    width = t["limit_upper"] - t["limit_lower"]
    assert width[1] < width[0] < width[2]


def test_laney_spread_by_hand():
    z = np.array([1.0, -2.0, 0.5, 3.0])
    assert extra_spread(z) == pytest.approx((3 + 2.5 + 2.5) / 3 / 1.128, rel=1e-3)
    assert extra_spread(np.zeros(5)) == 1.0


def test_spread_is_estimated_from_twelve_waves_on():
    draw = np.random.default_rng(5)
    counts = [[300 - d, 100, 600 + d] for d in draw.integers(-150, 150, 12)]
    wide = nps.control_chart(tracker(counts), "wave")
    assert wide.spread > 2
    assert "sigma_z" in wide.method
    assert nps.control_chart(tracker(counts[:11]), "wave").spread == 1
    none = nps.control_chart(tracker(counts), "wave", dispersion="none")
    assert none.spread == 1
    assert len(none.signals) > len(wide.signals)


def test_step_is_found_with_its_date_and_size():
    frame = tracker([[20, 20, 60]] * 4 + [[40, 20, 40]] * 4)
    found = nps.change_point(frame, "wave")
    assert found.found
    assert found.best["wave"] == "W5"
    assert found.best["estimate"] == pytest.approx(-40)
    assert found.date_interval[0] <= "W5" <= found.date_interval[1]
    assert "most likely with W5, by −40.0 points" in found.text
    assert found.findings[0].estimate == pytest.approx(-40)


def test_none_found_is_said_and_zero_is_inside():
    draw = np.random.default_rng(3)
    frame = tracker([draw.multinomial(100, [0.2, 0.2, 0.6]) for _ in range(8)])
    found = nps.change_point(frame, "wave")
    assert not found.found
    assert found.pvalue > 0.05
    assert found.text.startswith("No change of level found in NPS: the largest step")
    assert found.best["ci_lower"] < 0 < found.best["ci_upper"]
    assert found.findings == ()


@given(st.lists(st.integers(20, 80), min_size=4, max_size=7), st.randoms())
def test_found_exactly_where_the_interval_leaves_zero_out(low, shuffler):
    frame = tracker([[x, 20, 100 - x] for x in low])
    found = nps.change_point(frame, "wave", n_resamples=200)
    row = found.best
    assert found.found == (row["ci_lower"] > 0 or row["ci_upper"] < 0)
    assert found.table.loc[found.table["best"], "in_interval"].all()
    order = list(range(len(frame)))
    shuffler.shuffle(order)
    again = nps.control_chart(frame.iloc[order], "wave")
    pd.testing.assert_frame_equal(again.table, nps.control_chart(frame, "wave").table)


def test_promoters_for_detractors_mirrors_the_chart():
    counts = [[30, 20, 50], [20, 30, 50], [40, 20, 40], [10, 10, 80]]
    one = nps.control_chart(tracker(counts), "wave").table
    other = nps.control_chart(tracker([c[::-1] for c in counts]), "wave").table
    assert (-other["limit_upper"]).tolist() == pytest.approx(one["limit_lower"])
    assert other["signal"].tolist() == one["signal"].tolist()


def test_weights_of_one_change_nothing():
    frame = tracker([[30, 20, 50], [20, 30, 50], [40, 20, 40]]).assign(w=1.0)
    a, b = (nps.control_chart(frame, "wave", weights=w).table for w in (None, "w"))
    assert a["limit_lower"].tolist() == pytest.approx(b["limit_lower"].tolist())


@pytest.mark.parametrize("function", [nps.control_chart, nps.change_point])
def test_reasons_and_errors(function):
    frame = tracker([[30, 20, 50], [20, 30, 50]])
    assert function(frame, "").text.startswith("No wave column was given, so there is")
    assert "2 of its 2 waves" in function(frame, "wave").text
    same = pd.DataFrame({"score": 10, "wave": [1, 2, 3] * 20})
    assert function(same, "wave").text.startswith("Everybody gave the same answer")
    with pytest.raises(ArgumentError, match="`dispersion` is 'x'; use one of"):
        function(frame, "wave", dispersion="x")
    with pytest.raises(ArgumentError, match="`min_n` is 1; it must be at least 2"):
        function(frame, "wave", min_n=1)


def test_small_waves_are_hidden_with_another():
    frame = tracker([[30, 20, 50], [30, 20, 50], [30, 20, 50], [2, 1, 2], [9, 3, 9]])
    found = nps.control_chart(frame, "wave")
    assert found.table["estimate"].isna().sum() == 2
    assert "2 waves hidden" in found.text
    assert "hidden" in found._repr_html_()


def test_cncf_level_fell_in_2022_though_no_single_wave_stands_out(shared):
    shared("data/cncf_maintainers")
    path = ROOT / "tests/params/cncf/nps_segmentation.yaml"
    p = yaml.safe_load(path.read_text())
    frame = data.read("responses", p["responses"], scale=p["scale"], root=ROOT).frame
    chart = nps.control_chart(frame, p["wave"], scale=p["scale"])
    assert chart.centre == pytest.approx(56.50, abs=0.005)
    assert chart.signals.empty
    found = nps.change_point(frame, p["wave"], scale=p["scale"])
    assert found.best["wave"] == "2022H1"
    assert found.best["estimate"] == pytest.approx(47.22 - 63.36, abs=0.01)
    assert 0.01 < found.pvalue < 0.05
    assert found.date_interval == ("2021H2", "2022H1")


def test_chart_draws_limits_signals_and_the_change():
    frame = tracker([[20, 20, 60]] * 3 + [[60, 20, 20]] * 3)
    chart, step = nps.control_chart(frame, "wave"), nps.change_point(frame, "wave")
    ax = plots.control_chart(chart.table, change=step.table)
    assert [t.get_text().split()[0] for t in ax.get_xticklabels()] == [
        f"W{i}" for i in range(1, 7)
    ]
    named = [t.get_text() for t in ax.get_legend().get_texts()]
    assert {"noise", "common level", "change of level"} <= set(named)
    plt.close(ax.figure)


def series(draw, k, spread):
    n = draw.integers(40, 400, k)
    cov = np.diag(7000 / n)
    noise = draw.normal(size=k) * np.sqrt(np.diag(cov))
    return spread * noise + 50, cov, n / n.sum()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("k", "dispersed", "spread"), [(5, False, 1), (12, True, 1.8), (24, True, 1.8)]
)
def test_chart_keeps_its_false_alarm_rate(k, dispersed, spread):
    draw = np.random.default_rng(k)
    alarms = []
    for i in range(400 if dispersed else 2000):
        x, cov, w = series(draw, k, spread)
        found = control_limits(
            x,
            cov,
            weights=w,
            dispersed=dispersed,
            false_alarm_rate=0.05,
            rng=i,
            n_draws=1500,
        )
        alarms.append((np.abs(x - found.centre) > found.half).mean())
    error = 3 * np.std(alarms) / len(alarms) ** 0.5
    assert np.mean(alarms) == pytest.approx(0.05, abs=max(error, 0.008))


@pytest.mark.slow
@pytest.mark.parametrize(("k", "dispersed"), [(5, False), (12, True)])
def test_change_point_pvalues_are_uniform_when_nothing_moved(k, dispersed):
    draw = np.random.default_rng(7)
    found = [
        change_step(
            *(s := series(draw, k, 1.8 if dispersed else 1))[:2], weights=s[2],
            dispersed=dispersed, n_draws=400, rng=i,
        ).pvalue
        for i in range(400)
    ]  # fmt: skip
    for level in (0.05, 0.2, 0.5, 0.8):
        error = 3 * (level * (1 - level) / len(found)) ** 0.5
        assert np.mean(np.array(found) <= level) == pytest.approx(level, abs=error)


@pytest.mark.slow
def test_small_waves_keep_the_rates_through_the_public_functions():
    draw = np.random.default_rng(8)
    moved, alarms = [], []
    for i in range(250):
        counts = [draw.multinomial(n, [0.15, 0.2, 0.65]) for n in (20, 30, 45, 60, 25)]
        frame = tracker(counts)
        moved.append(nps.change_point(frame, "wave", n_resamples=400, rng=i).found)
        chart = nps.control_chart(frame, "wave", false_alarm_rate=0.05)
        alarms.append(len(chart.signals) / 5)
    assert np.mean(moved) < 0.05 + 3 * (0.05 * 0.95 / 250) ** 0.5
    assert np.mean(alarms) == pytest.approx(0.05, abs=0.02)


@pytest.mark.slow
def test_interval_of_the_date_covers():
    draw = np.random.default_rng(9)
    hits, sizes = [], []
    for i in range(250):
        x, cov, w = series(draw, 10, 1)
        x[6:] += 12
        found = change_step(x, cov, weights=w, dispersed=False, n_draws=400, rng=i)
        hits.append(found.inside[5])
        low = found.estimate - found.critical * found.std_error
        high = found.estimate + found.critical * found.std_error
        sizes.append(low[5] <= 12 <= high[5])
    assert np.mean(hits) >= 0.92
    assert np.mean(sizes) >= 0.94
