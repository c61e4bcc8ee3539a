"""Bounds on survey effects: by hand, by property, by simulated truth."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cxlib import journeys, plots
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.lee import imbens_manski, lee_bounds, worst_case
from cxlib.journeys import Proportion, Score

NET = [-100, 0, 100]
PRIOR = [0.75, 1.5, 0.75]
NPS = Score(name="NPS", column="score")
EITHER, ALL = "would answer in either variant", "all exposed users"


def test_lee_by_hand_where_the_cut_falls_within_a_tie():
    # control: 8 of 20 answered (mean 0); treatment: 12 of 20. A third is trimmed: 4.
    # lowest 8 of (3, 5, 4) are 3 and 5 passives, highest 8 are 4 passives and 4
    found = lee_bounds([2, 4, 2, 12], [3, 5, 4, 8], values=NET)
    assert found.lower == pytest.approx(100 * (-3 / 8))
    assert found.upper == pytest.approx(100 * (4 / 8))
    assert found.trimmed == pytest.approx(1 / 3)
    # unequal arms: 8 of 20 against 30 of 50 leaves 20 answers, of which 7.5 are lowest
    other = lee_bounds([2, 4, 2, 12], [7, 13, 10, 20], values=NET)
    assert other.lower == pytest.approx(100 * (-7 / 20))
    assert other.upper == pytest.approx(100 * (10 / 20))


def test_lee_trims_control_where_control_answers_more():
    given_ = ([3, 5, 4, 8], [2, 4, 2, 12])
    found, mirrored = (
        lee_bounds(*given_, values=NET),
        lee_bounds(*given_[::-1], values=NET),
    )
    assert (found.lower, found.upper) == (-mirrored.upper, -mirrored.lower)
    assert (found.lower_se, found.upper_se) == (mirrored.upper_se, mirrored.lower_se)
    assert (found.ci_lower, found.ci_upper) == pytest.approx(
        (-mirrored.ci_upper, -mirrored.ci_lower)
    )
    assert found.trimmed == pytest.approx(-1 / 3)


def test_worst_case_by_hand():
    found = worst_case([2, 4, 2, 12], [3, 5, 4, 8], values=NET, low=-100, high=100)
    assert found.lower == pytest.approx((100 - 800) / 20 - 1200 / 20)
    assert found.upper == pytest.approx((100 + 800) / 20 + 1200 / 20)
    at_worst = [
        np.r_[[-100] * 3, [0] * 5, [100] * 4, [-100] * 8],
        np.r_[[-100] * 2, [0] * 4, [100] * 2, [100] * 12],
    ]
    error = np.hypot(*[stats.sem(values) for values in at_worst])
    assert found.lower_se == pytest.approx(error)


def test_standard_errors_agree_with_a_bootstrap_of_the_counts():
    control, treatment = (
        np.array([300, 400, 300, 2000]),
        np.array([300, 450, 600, 1650]),
    )
    found = lee_bounds(control, treatment, values=NET)
    rng = np.random.default_rng(3)
    draws = [rng.multinomial(3000, arm / 3000, 1500) for arm in (control, treatment)]
    again = [lee_bounds(a, b, values=NET) for a, b in zip(*draws, strict=True)]
    for end in ("lower", "upper"):
        spread = np.std([getattr(one, end) for one in again])
        assert getattr(found, f"{end}_se") == pytest.approx(spread, rel=0.08)


def test_clusters_of_one_user_are_users_and_equal_clusters_carry_no_noise():
    control, treatment = np.array([30, 40, 30, 200]), np.array([30, 45, 60, 165])
    alone = lee_bounds(control, treatment, values=NET)
    rows = [np.repeat(np.eye(4), arm, axis=0) for arm in (control, treatment)]
    single = lee_bounds(*rows, values=NET)
    assert (single.lower, single.upper) == pytest.approx((alone.lower, alone.upper))
    assert single.lower_se == pytest.approx(alone.lower_se, rel=1e-9)
    assert single.upper_se == pytest.approx(alone.upper_se, rel=1e-9)
    same = [np.tile(arm, (10, 1)) for arm in (control, treatment)]
    assert lee_bounds(*same, values=NET).lower_se == pytest.approx(0, abs=1e-9)


def test_imbens_manski_solves_its_equation():
    for apart in (0.0, 0.3, 1.0, 4.0):
        low, high = imbens_manski(0, 2 * apart, lower_se=1, upper_se=2)
        c = -low
        assert high == pytest.approx(2 * apart + 2 * c)
        covered = stats.norm.cdf(c + apart) - stats.norm.cdf(-c)
        assert covered == pytest.approx(0.95)
    few = imbens_manski(0, 0, lower_se=1, upper_se=1, df=4)
    assert few[1] == pytest.approx(stats.t.isf(0.025, 4))
    assert np.isnan(imbens_manski(0, 1, lower_se=0, upper_se=0)).all()


COUNTS = st.lists(st.integers(0, 40), min_size=4, max_size=4).filter(
    lambda c: sum(c[:3]) > 0
)


@given(COUNTS, COUNTS)
def test_bounds_are_ordered_hold_the_plain_difference_and_stay_on_the_scale(a, b):
    found = lee_bounds(a, b, values=NET, prior=PRIOR)
    plain = np.dot(b[:3], NET) / sum(b[:3]) - np.dot(a[:3], NET) / sum(a[:3])
    assert -200 - 1e-9 <= found.lower <= plain + 1e-9
    assert plain - 1e-9 <= found.upper <= 200 + 1e-9
    assert found.ci_lower <= found.lower <= found.upper <= found.ci_upper
    worst = worst_case(a, b, values=NET, low=-100, high=100)
    assert worst.lower - 1e-9 <= plain <= worst.upper + 1e-9
    silent = a[3] / sum(a) + b[3] / sum(b)
    assert worst.upper - worst.lower == pytest.approx(200 * silent)


@given(COUNTS, st.integers(1, 3))
def test_equal_response_rates_give_the_plain_difference(a, times):
    b = [times * a[2], times * a[1], times * a[0], times * a[3]]
    found = lee_bounds(a, b, values=NET)
    plain = np.dot(b[:3], NET) / sum(b[:3]) - np.dot(a[:3], NET) / sum(a[:3])
    assert found.lower == pytest.approx(plain, abs=1e-6)
    assert found.upper == pytest.approx(plain, abs=1e-6)
    assert found.trimmed == pytest.approx(0, abs=1e-9)


@given(COUNTS, COUNTS)
def test_everybody_answered_makes_the_worst_case_the_plain_difference(a, b):
    a, b = [*a[:3], 0], [*b[:3], 0]
    if min(sum(a), sum(b)) < 2:
        return
    found = worst_case(a, b, values=NET, low=-100, high=100)
    assert found.lower == pytest.approx(found.upper)


def test_lee_bounds_may_lie_outside_the_worst_case_of_all_users():
    # different populations: those who would answer either way may be extreme
    a, b = [0, 0, 1, 99], [20, 0, 80, 0]
    assert (
        lee_bounds(a, b, values=NET).lower
        < worst_case(a, b, values=NET, low=-100, high=100).lower
    )


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: lee_bounds([0, 0, 5], [1, 1, 1], values=[0, 1]),
            "an arm has no answer; bounds need answers in both arms.",
        ),
        (
            lambda: lee_bounds([1, 1], [1, 1, 1], values=[0, 1]),
            "an arm has counts of shape (1, 2); give 3 counts, one an answer and last "
            "the units without one, none below zero.",
        ),
        (
            lambda: lee_bounds([1, 1, 1], [1, 1, 1], values=[1, 0]),
            "`values` is [1, 0]; give distinct answers ascending.",
        ),
        (
            lambda: worst_case([1, 1, 1], [1, 1, 1], values=[0, 9], low=0, high=5),
            "`values` run from 0 to 9; they must lie in [0, 5], the scale's ends.",
        ),
        (
            lambda: imbens_manski(0, 0, lower_se=1, upper_se=1, confidence_level=0.5),
            "`confidence_level` is 0.5; it must lie in (0.5, 1).",
        ),
    ],
)
def test_mistakes_are_worded(call, message):
    with pytest.raises((ArgumentError, DataError)) as error:
        call()
    assert str(error.value) == message


def answered(counts, **columns):
    """Users of each arm from counts of detractors, passives, promoters and silent."""
    scores = [3.0, 8.0, 10.0, np.nan]
    parts = [
        pd.DataFrame({"variant": arm, "score": np.repeat(scores, n)} | columns)
        for arm, n in counts.items()
    ]
    return pd.concat(parts, ignore_index=True)


STRONG = {"control": [300, 300, 300, 2100], "b": [150, 250, 620, 1980]}
WEAK = {"control": [300, 300, 300, 2100], "b": [310, 300, 410, 1980]}
DOUBT = {"control": [300, 300, 300, 2100], "b": [270, 300, 450, 1980]}
NULL = {"control": [300, 300, 300, 2100], "b": [330, 330, 340, 2000]}


def test_text_says_whether_the_gain_survives():
    found = journeys.bounds(answered(STRONG), [NPS])
    row = found.judged.iloc[0]
    # 900 of 1,020 answers are kept: lowest (150, 250, 500), highest (30, 250, 620)
    assert row["effect_size_lower"] == pytest.approx(100 * 350 / 900)
    assert row["effect_size_upper"] == pytest.approx(100 * 590 / 900)
    assert found.text == (
        "b answered NPS 4.0 percentage points more often than control (34.0 % against "
        "30.0 %). The gain of +46.1 points in NPS survives: among those who would "
        f"answer in either variant it lies between +38.9 and +65.6 points (95 % CI "
        f"{row['effect_size_ci_lower']:.1f} to {row['effect_size_ci_upper']:.1f}, "
        "n = 1,920 answers)."
    )
    assert found.findings[0].id == "nps_b_bounds"
    assert found.findings[0].estimate is None
    assert found.findings[0].n == 1920
    assert found.judged["reading"].tolist() == ["better"]


@pytest.mark.parametrize(
    ("counts", "verdict", "reading", "word"),
    [
        (STRONG, "survives", "better", "survives"),
        (WEAK, "does not survive", "cannot tell", "does not survive"),
        (
            NULL,
            "cannot tell",
            "cannot tell",
            "is not beyond chance even among those who answered",
        ),
        (DOUBT, "cannot tell", "cannot tell", "may not survive"),
    ],
)
def test_verdicts_against_no_effect(counts, verdict, reading, word):
    found = journeys.bounds(answered(counts), [NPS])
    row = found.judged.iloc[0]
    assert (row["verdict"], row["reading"]) == (verdict, reading)
    assert word in found.text
    less = Score(name="NPS", column="score", direction="decrease")
    turned = journeys.bounds(answered(counts), [less])
    other = {"better": "worse"}.get(reading, reading)
    assert turned.judged["verdict"].tolist() == [verdict]
    assert turned.judged["reading"].tolist() == [other]


@pytest.mark.parametrize(
    ("counts", "margin", "verdict", "reading", "text"),
    [
        (
            NULL, 40, "survives", "not worse",
            "A loss of 40 points is excluded there too.",
        ),
        (
            NULL, 9, "does not survive", "cannot tell",
            "A loss of 9 points is excluded among those who answered, but not there.",
        ),
        (NULL, 1, "cannot tell", "cannot tell", "A loss of 1 point is not excluded."),
    ],
)  # fmt: skip
def test_verdicts_against_the_margin(counts, margin, verdict, reading, text):
    nps = Score(name="NPS", column="score", role="guardrail", margin=margin)
    found = journeys.bounds(answered(counts), [nps])
    row = found.judged.iloc[0]
    assert (row["verdict_margin"], row["reading"]) == (verdict, reading)
    assert found.text.endswith(text)


def test_reading_is_corrected_over_the_decision_family():
    users = answered({"control": [300, 300, 300, 2100], "b": [270, 300, 350, 2080]})
    alone = journeys.bounds(users, [NPS], confidence_level=0.6).judged.iloc[0]
    others = [Proportion(name=f"p{i}", column="p") for i in range(30)]
    family = journeys.bounds(
        users.assign(p=0), [NPS, *others], confidence_level=0.6
    ).judged.iloc[0]
    free = journeys.bounds(
        users.assign(p=0), [NPS, *others], confidence_level=0.6, correction="none"
    ).judged.iloc[0]
    assert alone["reading"] == free["reading"] == "better"
    assert family["reading"] == "cannot tell"
    assert alone["effect_size_ci_lower"] == family["effect_size_ci_lower"]


def test_without_monotone_answering_only_the_worst_case_is_left():
    found = journeys.bounds(answered(STRONG), [NPS], monotone=False)
    assert found.judged["population"].tolist() == [ALL]
    assert found.reading("NPS", "b") == "cannot tell"
    assert "among all exposed users, whatever the silent would have said," in found.text
    assert found.assumptions == ()


def test_every_engine_gives_the_same(engine):
    users = answered(STRONG)
    expected = journeys.bounds(users, [NPS]).table
    found = journeys.bounds(engine(users), [NPS]).table
    pd.testing.assert_frame_equal(found, expected)


def test_shares_means_and_two_treatments():
    users = pd.concat(
        [answered(STRONG), answered({"c": [300, 300, 300, 2100]})], ignore_index=True
    )
    users["score"] = users["score"].map({3.0: 1, 8.0: 3, 10.0: 5})
    metrics = [
        Score(name="CSAT", column="score", scale="csat"),
        Score(name="mean", column="score", scale="csat_mean"),
    ]
    found = journeys.bounds(users, metrics)
    assert len(found.table) == 2 * 2 * 3
    table = found.table.set_index(["metric", "treatment_arm", "population"])
    assert table.loc[("CSAT", "b", EITHER), "effect_size_lower"] == pytest.approx(
        500 / 900 - 300 / 900
    )
    assert table.loc[("mean", "b", EITHER), "effect_size_lower"] == pytest.approx(
        (150 + 750 + 2500) / 900 - 3
    )
    assert table.loc[("mean", "b", ALL), "effect_size_lower"] == pytest.approx(
        (150 + 750 + 3100 + 1980 - 300 - 900 - 1500 - 2100 * 5) / 3000
    )
    same = table.loc[("CSAT", "c", EITHER)]
    assert same["effect_size_lower"] == same["effect_size_upper"] == 0
    assert "c answered CSAT as often as control (30.0 % against 30.0 %)." in found.text


def test_themes_of_answers_are_bounded():
    users = answered(STRONG)
    users["theme"] = (users["score"] == 10).astype(float).where(users["score"].notna())
    theme = Proportion(name="theme", column="theme", survey=True)
    found = journeys.bounds(users, [theme, Proportion(name="p", column="theme")])
    assert found.judged["metric"].tolist() == ["theme"]
    row = found.judged.iloc[0]
    assert row["effect_size_lower"] == pytest.approx(500 / 900 - 1 / 3)
    assert row["effect_size_upper"] == pytest.approx(620 / 900 - 1 / 3)


def test_clusters_widen_the_interval():
    rng = np.random.default_rng(5)
    shops = np.repeat(np.arange(40), 60)
    mood = rng.normal(size=40)[shops]
    chosen = np.clip(np.round(8 + 1.5 * mood + rng.normal(size=2400)), 0, 10)
    silent = rng.random(2400) < np.where(shops % 2 == 0, 0.6, 0.5)
    users = pd.DataFrame(
        {
            "variant": np.where(shops % 2 == 0, "control", "b"), "shop": shops,
            "score": np.where(silent, np.nan, chosen),
        }
    )  # fmt: skip
    plain = journeys.bounds(users, [NPS]).judged.iloc[0]
    wide = journeys.bounds(users, [NPS], cluster="shop").judged.iloc[0]
    assert wide["effect_size_lower"] == pytest.approx(plain["effect_size_lower"])
    assert wide["std_error_lower"] > 1.5 * plain["std_error_lower"]


def test_under_ten_answers_there_are_no_bounds():
    found = journeys.bounds(
        answered({"control": [3, 3, 3, 20], "b": [3, 3, 9, 10]}), [NPS]
    )
    row = found.judged.iloc[0]
    assert np.isnan(row["effect_size_lower"])
    assert (row["verdict"], row["reading"]) == ("cannot tell", "cannot tell")
    assert found.text.endswith("Too few answers for bounds.")
    assert found.findings[0].ci_lower is None
    ax = plots.response_bounds(found.table)
    assert "too few answers" in [text.get_text() for text in ax.texts]
    plt.close(ax.figure)


def test_no_survey_score_is_said_so():
    found = journeys.bounds(
        pd.DataFrame({"variant": []}), [Proportion(name="p", column="p")]
    )
    assert found.text == (
        "No survey metric is among the metrics, so there are no bounds to compute."
    )
    assert found.findings == ()
    assert found.reading("NPS", "b") == "cannot tell"
    assert "<table" not in found._repr_html_()
    ax = plots.response_bounds(found.table)
    assert ax.texts[0].get_text() == "no survey score to draw"
    plt.close(ax.figure)


def test_names_are_escaped():
    hostile = Score(name="<b>NPS</b>", column="score")
    shown = journeys.bounds(answered(STRONG), [hostile])._repr_html_()
    assert "<b>" not in shown
    assert "&lt;b&gt;NPS" in shown


def test_chart_draws_bounds_intervals_margin_and_n():
    nps = Score(name="NPS", column="score", margin=5)
    table = journeys.bounds(answered(STRONG), [nps]).table
    ax = plots.response_bounds(table)
    intervals, bars = (c.get_segments() for c in ax.collections[:2])
    names = ["effect_size_ci_lower", "effect_size_ci_upper"]
    assert [s[:, 0].tolist() for s in intervals] == table[names].to_numpy().tolist()
    names = ["effect_size_lower", "effect_size_upper"]
    assert [s[:, 0].tolist() for s in bars] == table[names].to_numpy().tolist()
    labels = [text.get_text() for text in ax.get_yticklabels()]
    assert labels == [
        "NPS: those who answered", "would answer either way", "all users, worst case",
    ]  # fmt: skip
    told = [text.get_text() for text in ax.texts]
    assert told[1] == "+38.9 to +65.6  survives\nn = 1,920"
    assert told[2].endswith("does not survive\nn = 6,000")
    low, high = ax.get_xlim()
    assert low > table["effect_size_lower"].min()
    assert low < -5 < 0 < high
    legend = [text.get_text() for text in ax.get_legend().get_texts()]
    assert legend == ["bounds", "interval", "margin"]
    plt.close(ax.figure)
    two = journeys.bounds(
        answered(STRONG), [nps, Score(name="mean", column="score", scale="sus")]
    )
    ax = plots.response_bounds(two.table)
    assert [p.get_xlabel() for p in ax.child_axes] == [
        "difference to control, points", "difference to control, mean",
    ]  # fmt: skip
    plt.close(ax.figure)


def truth(always, more, gain, extra, n=3000):
    """Shares of an arm's users by answer, with known always-respondents.

    `always` answer in either arm with 25/35/40 % and gain (in shares moved from
    detractors to promoters); `more` answer in treatment only, with the answers `extra`.
    """
    base = np.array([0.25, 0.35, 0.40])
    moved = base + gain * np.array([-0.5, 0, 0.5])
    control = np.append(always * base, 1 - always)
    treatment = np.append(always * moved + more * np.array(extra), 1 - always - more)
    return control, treatment, n


CALIBRATION = [
    (n, more, gain, extra)
    for n in (300, 3000)
    for more in (0.0, 0.02, 0.1)
    for gain in (0.0, 0.1)
    for extra in ([0, 0, 1], [1, 0, 0], [0.25, 0.35, 0.4])
]


@pytest.mark.slow
def test_interval_covers_the_effect_on_always_respondents():
    rng = np.random.default_rng(21)
    runs = 500
    for n, more, gain, extra in CALIBRATION:
        shares = truth(0.3, more, gain, extra)[:2]
        arms = [rng.multinomial(n, share, runs) for share in shares]
        covered = 0
        for a, b in zip(*arms, strict=True):
            found = lee_bounds(a, b, values=NET, prior=PRIOR)
            covered += found.ci_lower <= 100 * gain <= found.ci_upper
        assert stats.binom.cdf(covered, runs, 0.95) > 1e-4, (n, more, gain, extra)


@pytest.mark.slow
def test_pure_selection_fools_the_respondents_and_not_the_bounds():
    rng = np.random.default_rng(22)
    runs, plain, bounded, power = 150, 0, 0, 0
    null = truth(0.3, 0.06, 0.0, [0, 0, 1])[:2]
    real = truth(0.3, 0.03, 0.35, [0.25, 0.35, 0.4])[:2]
    for _ in range(runs):
        arms = [rng.multinomial(4000, share) for share in null]
        table = journeys.bounds(
            answered(dict(zip(("control", "b"), arms, strict=True))), [NPS]
        ).table
        plain += table["reading"].iloc[0] == "better"
        bounded += table["reading"].iloc[1] == "better"
        arms = [rng.multinomial(4000, share) for share in real]
        users = answered(dict(zip(("control", "b"), arms, strict=True)))
        power += journeys.bounds(users, [NPS]).judged["verdict"].iloc[0] == "survives"
    assert plain / runs > 0.9
    assert stats.binom.sf(bounded - 1, runs, 0.025) > 1e-4, bounded / runs
    assert power / runs > 0.8
