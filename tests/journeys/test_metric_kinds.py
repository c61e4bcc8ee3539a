"""Winsorised, geometric and survey metrics, and the choice of interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cxlib import journeys
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.miettinen import miettinen_nurminen
from cxlib.journeys import GeometricMean, Mean, Proportion, Ratio, Score, TimeTo


def arms(control, treatment, column="y"):
    return pd.DataFrame(
        {
            "variant": ["control"] * len(control) + ["b"] * len(treatment),
            column: [*control, *treatment],
        }
    )


@pytest.fixture
def spenders(rng):
    n = 600
    spend = np.where(rng.random(n) < 0.3, rng.gamma(1, 20, n), 0.0)
    spend[:3] = 5000.0
    return pd.DataFrame(
        {
            "variant": np.resize(["control", "b", "c"], n), "spend": spend,
            "orders": rng.poisson(2, n) + 1, "before": spend / 2 + rng.normal(0, 9, n),
        }
    )  # fmt: skip


def test_winsorised_at_the_quantile_of_non_zero_values_of_all_variants(
    spenders, engine
):
    metric = Mean(name="spend", column="spend", winsorise=0.95)
    found = journeys.compare(engine(spenders), [metric], treatments=["b"])
    cap = spenders.loc[spenders["spend"] > 0, "spend"].quantile(0.95)
    one = found.table.iloc[0]
    assert one["winsorised_at"] == pytest.approx(cap)
    clipped = spenders["spend"].clip(upper=cap)
    a, b = (clipped[spenders["variant"] == name] for name in ("control", "b"))
    test = stats.ttest_ind(b, a, equal_var=False)
    assert one["effect_size"] == pytest.approx(b.mean() - a.mean())
    assert one["pvalue"] == pytest.approx(test.pvalue)
    assert f"spend winsorised at {cap:,.6g}, the 95 % quantile" in found.method


def test_only_declared_metrics_are_winsorised(spenders):
    metrics = [
        Mean(name="raw", column="spend"),
        Ratio(name="basket", column="spend", denominator="orders", winsorise=0.9),
        Mean(name="cuped", column="spend", covariate="before", winsorise=0.9),
    ]
    table = journeys.compare(spenders, metrics).table.set_index("metric")
    plain = journeys.compare(spenders, metrics[:1]).table
    assert table.loc["raw", "effect_size"].tolist() == plain["effect_size"].tolist()
    assert table.loc["raw", "winsorised_at"].isna().all()
    cap = spenders.loc[spenders["spend"] > 0, "spend"].quantile(0.9)
    clipped = spenders.assign(spend=spenders["spend"].clip(upper=cap))
    by_hand = journeys.compare(
        clipped,
        [
            Ratio(name="basket", column="spend", denominator="orders"),
            Mean(name="cuped", column="spend", covariate="before"),
        ],
    ).table.set_index("metric")
    for name in ("basket", "cuped"):
        for column in ("effect_size", "std_error", "pvalue"):
            ours, theirs = table.loc[name, column], by_hand.loc[name, column]
            assert ours.tolist() == pytest.approx(theirs.tolist())


def test_sensitivity_undoes_a_declared_winsorising(spenders):
    metric = Mean(name="spend", column="spend", winsorise=0.95)
    found = journeys.compare(spenders, [metric], treatments=["b"])
    table = journeys.sensitivity(spenders, found).table.set_index("choice")
    assert list(table.index) == ["as declared", "winsorised at 99 %", "not winsorised"]
    raw = journeys.compare(
        spenders, [Mean(name="spend", column="spend")], treatments=["b"]
    )
    ours = table.loc["not winsorised", "effect_size"]
    assert ours == pytest.approx(raw.table["effect_size"].iloc[0])


def test_geometric_mean_is_welch_on_logs(rng, engine):
    a, b = rng.lognormal(3, 0.8, 80), rng.lognormal(2.8, 0.7, 90)
    metric = GeometricMean(name="time", column="y")
    one = journeys.compare(engine(arms(a, b)), [metric]).table.iloc[0]
    test = stats.ttest_ind(np.log(b), np.log(a), equal_var=False)
    ends = test.confidence_interval(0.95)
    assert one["control"] == pytest.approx(stats.gmean(a))
    assert one["treatment"] == pytest.approx(stats.gmean(b))
    assert one["effect_size"] == pytest.approx(stats.gmean(b) - stats.gmean(a))
    assert one["pvalue"] == pytest.approx(test.pvalue)
    assert one["df"] == pytest.approx(test.df)
    assert one["rel_effect_size_ci_lower"] == pytest.approx(np.expm1(ends.low))
    assert one["rel_effect_size_ci_upper"] == pytest.approx(np.expm1(ends.high))
    delta = np.hypot(
        stats.gmean(a) * np.log(a).std(ddof=1) / len(a) ** 0.5,
        stats.gmean(b) * np.log(b).std(ddof=1) / len(b) ** 0.5,
    )
    assert one["std_error"] == pytest.approx(delta)
    assert one["verdict"] in {"better", "cannot tell"}


def test_geometric_mean_of_one_change_of_unit(rng):
    a, b = rng.lognormal(3, 0.8, 50), rng.lognormal(2.5, 0.7, 50)
    metric = GeometricMean(name="time", column="y")
    seconds = journeys.compare(arms(a, b), [metric]).table.iloc[0]
    minutes = journeys.compare(arms(a / 60, b / 60), [metric]).table.iloc[0]
    for column in ("rel_effect_size", "rel_effect_size_ci_upper", "pvalue"):
        assert minutes[column] == pytest.approx(seconds[column])
    assert 60 * minutes["effect_size"] == pytest.approx(seconds["effect_size"])


def test_geometric_mean_takes_a_covariate(rng):
    x = rng.normal(0, 1, 400)
    users = arms(*np.split(np.exp(x + rng.normal(3, 0.3, 400)), 2)).assign(before=x)
    metric = GeometricMean(name="time", column="y", covariate="before")
    one = journeys.compare(users, [metric]).table.iloc[0]
    logs = users.assign(y=np.log(users["y"]))
    cuped = journeys.compare(logs, [Mean(name="t", column="y", covariate="before")])
    assert one["pvalue"] == pytest.approx(cuped.table["pvalue"].iloc[0])
    assert one["share_variance_removed"] > 0.7


def test_geometric_mean_refuses_zeros():
    with pytest.raises(DataError) as found:
        journeys.compare(
            arms([1, 2, 0], [3, -4, 5]), [GeometricMean(name="time", column="y")]
        )
    assert str(found.value) == (
        "metric 'time': 2 users have zero or less in 'y'; a geometric mean needs "
        "positive values. Blank what is no time, or declare it as a mean."
    )


def test_declared_interval_of_a_proportion():
    users = arms([1] * 5 + [0] * 20, [1] * 15 + [0] * 10)
    score = Proportion(name="p", column="y", interval="miettinen_nurminen")
    found = journeys.compare(users, [score])
    one = found.table.iloc[0]
    ends = [one["effect_size_ci_lower"], one["effect_size_ci_upper"]]
    assert ends == pytest.approx(miettinen_nurminen((15, 25), (5, 25)))
    assert "Miettinen-Nurminen interval" in found.method
    other = journeys.sensitivity(users, found).table
    assert other["choice"].tolist() == ["as declared", "Newcombe interval"]
    plain = journeys.compare(users, [Proportion(name="p", column="y")]).table.iloc[0]
    assert plain["pvalue"] == one["pvalue"]
    assert other["effect_size_ci_lower"].iloc[1] == plain["effect_size_ci_lower"]


@given(
    st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
    st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))),
)
def test_score_interval_holds_the_estimate_and_turns_with_the_arms(one, two):
    low, high = miettinen_nurminen(one, two)
    gap = one[0] / one[1] - two[0] / two[1]
    assert -1 <= low <= gap + 1e-8
    assert gap - 1e-8 <= high <= 1
    assert high - low > 0.01
    turned = miettinen_nurminen(two, one)
    assert [-turned[1], -turned[0]] == pytest.approx([low, high], abs=1e-8)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Mean(name="m", column="y", winsorise=0.4),
            "`metric 'm': winsorise` is 0.4; it must lie in (0.5, 1).",
        ),
        (
            lambda: Proportion(name="m", column="y", interval="wald"),
            "`metric 'm': interval` is 'wald'; use one of 'newcombe', "
            "'miettinen_nurminen'.",
        ),
        (
            lambda: TimeTo(name="m", column="y", horizon=5),
            "metric 'm': a time to an event needs a `event` column.",
        ),
        (
            lambda: TimeTo(name="m", column="y", event="e"),
            "`metric 'm': horizon` is 0.0; it must lie in (0, inf).",
        ),
        (
            lambda: TimeTo(name="m", column="y", event="e", horizon=3, covariate="x"),
            "metric 'm': a time to an event takes no `covariate`; leave it out.",
        ),
    ],
)
def test_mistakes_in_a_declaration_are_worded(make, message):
    with pytest.raises(ArgumentError) as found:
        make()
    assert str(found.value) == message


def test_params_file_declares_the_new_kinds():
    built = journeys.metrics(
        [
            {"name": "t", "kind": "geometric_mean", "column": "s"},
            {"name": "w", "kind": "time_to", "column": "d", "event": "e", "horizon": 7},
            {"name": "c", "kind": "mean", "column": "x", "winsorise": 0.99},
            {"name": "k", "kind": "proportion", "column": "code_a", "survey": True},
        ]
    )
    assert [type(m).__name__ for m in built] == [
        "GeometricMean", "TimeTo", "Mean", "Proportion",
    ]  # fmt: skip
    assert [m.direction for m in built] == ["decrease"] * 2 + ["increase"] * 2
    assert [m.survey for m in built] == [False, False, False, True]
    assert built[2].winsorise == 0.99


def test_survey_metrics_are_guarded_by_their_response_rate(rng):
    n = 4000
    variant = np.resize(["control", "b"], n)
    answered = rng.random(n) < np.where(variant == "b", 0.5, 0.3)
    theme = np.where(answered, rng.random(n) < np.where(variant == "b", 0.4, 0.2), None)
    users = pd.DataFrame({"variant": variant, "code_price": theme.astype(float)})
    metric = Proportion(name="price", column="code_price", survey=True)
    plain = Proportion(name="price", column="code_price")
    found = journeys.compare(users, [metric])
    assert found.table["verdict"].tolist() == ["better"]
    response = journeys.response_rate(users, [metric])
    assert response.failed == {"price"}
    assert journeys.response_rate(users, [plain]).table.empty
    table = journeys.decision(found, response=response).table
    assert table["decision"].tolist() == ["keep running"]
    assert Score(name="s", column="s").survey
