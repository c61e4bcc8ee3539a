"""Response rates, the decision rule and the sensitivity table."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import journeys
from cxlib.journeys import Comparison, Mean, Proportion, Ratio, Score


def judged(*verdicts, arm="b"):
    """A comparison with (metric, role, verdict, margin) rows."""
    rows = [
        {
            "metric": name, "role": role, "verdict": verdict, "margin": margin,
            "treatment_arm": arm, "control_arm": "a", "statistic": 1.0,
            "direction": "increase",
        }
        for name, role, verdict, margin in verdicts
    ]  # fmt: skip
    return Comparison(table=pd.DataFrame(rows), control_name="a")


D, G, X = "decision", "guardrail", "exploratory"


@pytest.mark.parametrize(
    ("verdicts", "choice", "text"),
    [
        (
            [("paid", D, "better", np.nan)],
            "ship", "Ship b: paid is better.",
        ),
        (
            [("paid", D, "better", np.nan), ("spend", D, "cannot tell", np.nan)],
            "ship", "Ship b: paid is better, nothing can be said yet about spend.",
        ),
        (
            [("paid", D, "better", np.nan), ("NPS", G, "not worse", 2)],
            "ship", "Ship b: paid is better, NPS is not worse.",
        ),
        (
            [("paid", D, "better", np.nan), ("NPS", G, "cannot tell", 2)],
            "keep running",
            "Keep b running: paid is better, but the data so far allow both a gain and "
            "a loss on NPS.",
        ),
        (
            [("paid", D, "better", np.nan), ("NPS", G, "cannot tell", np.nan)],
            "ship", "Ship b: paid is better, nothing can be said yet about NPS.",
        ),
        (
            [("paid", D, "better", np.nan), ("NPS", G, "worse", 2)],
            "hold",
            "Hold b, keep a for now: paid is better but NPS is worse, which must be "
            "weighed.",
        ),
        (
            [("paid", D, "cannot tell", np.nan), ("NPS", G, "worse", np.nan)],
            "roll back", "Roll back b: NPS is worse.",
        ),
        (
            [("paid", D, "worse", np.nan), ("visits", D, "worse", np.nan)],
            "roll back", "Roll back b: paid and visits are worse.",
        ),
        (
            [("paid", D, "not worse", 0.01)],
            "hold", "Hold b, keep a for now: paid is not worse, but no gain is shown.",
        ),
        (
            [("paid", D, "cannot tell", np.nan)],
            "keep running",
            "Keep b running: the data so far allow both a gain and a loss on paid.",
        ),
        (
            [("paid", X, "better", np.nan)],
            "hold", "Hold b, keep a for now: no decision metric is declared.",
        ),
    ],
)  # fmt: skip
def test_rule(verdicts, choice, text):
    found = journeys.decision(judged(*verdicts))
    assert found.table["decision"].tolist() == [choice]
    assert found.text == text
    assert found.findings[0].statement == text


def test_failed_gate_withholds_every_verdict():
    users = pd.DataFrame({"variant": ["a"] * 700 + ["b"] * 300})
    gate = journeys.sample_ratio(users)
    found = journeys.decision(judged(("paid", D, "better", np.nan)), gate=gate)
    assert found.text == "No verdict on b: the sample ratio check failed."


def test_two_winners_are_named_and_not_ranked_against_each_other():
    both = Comparison(
        table=pd.concat(
            [
                judged(("paid", D, "better", np.nan), arm="b").table,
                judged(("paid", D, "better", np.nan), arm="c").table,
                judged(("paid", D, "worse", np.nan), arm="d").table,
            ]
        ),
        control_name="a",
    )
    found = journeys.decision(both)
    assert found.table["treatment_arm"].tolist() == ["b", "c", "d"]
    assert found.text == (
        "Ship b: paid is better. Ship c: paid is better. Roll back d: paid is worse. "
        "b and c each beat a; they were not tested against each other."
    )


def survey(rate, n=2000):
    """Scores answered at a rate by arm."""
    parts = [
        pd.DataFrame(
            {"variant": arm, "score": np.where(np.arange(n) < r * n, 9.0, np.nan)}
        )
        for arm, r in zip(("control", "b"), rate, strict=True)
    ]
    return pd.concat(parts, ignore_index=True)


NPS = Score(name="NPS", column="score")


def test_equal_response_rates_pass():
    found = journeys.response_rate(survey((0.30, 0.31)), [NPS])
    assert found.failed == frozenset()
    assert found.text == (
        "NPS was answered by 31.0 % of b and 30.0 % of control, +1.0 percentage points "
        "(95 % CI −1.9 to 3.9, n = 4,000 exposed users). No sign that the variants "
        "drew different respondents."
    )
    assert found.findings[0].n == 4000


def test_unequal_response_rates_withhold_the_survey_verdict():
    users = survey((0.30, 0.40))
    found = journeys.response_rate(users, [NPS])
    assert found.failed == {"NPS"}
    assert found.text.endswith(
        "Who answers differs between the variants, so a difference in NPS may come "
        "from who answered: no verdict is drawn from it alone."
    )
    from scipy.stats import chi2_contingency

    expected = chi2_contingency([[600, 800], [1400, 1200]], correction=False).pvalue
    assert found.table["pvalue_joint"].iloc[0] == pytest.approx(expected)
    decided = journeys.decision(judged(("NPS", D, "better", np.nan)), response=found)
    assert decided.text == (
        "Keep b running: NPS cannot be read, because the variants drew different "
        "respondents."
    )


def test_no_survey_metric_is_said_so():
    paid = Proportion(name="p", column="p")
    found = journeys.response_rate(pd.DataFrame({"variant": []}), [paid])
    assert found.text == (
        "No survey metric is among the metrics, so there is no response rate to "
        "compare."
    )
    assert found.findings == ()
    assert "<table" not in found._repr_html_()


@pytest.fixture
def users(rng):
    n = 2000
    arm = np.where(np.arange(n) % 2 == 0, "control", "b")
    before = rng.gamma(2, 10, n)
    spend = np.where(rng.random(n) < 0.3, before + 9 * (arm == "b"), 0.0)
    spend[1] = 90_000.0
    return pd.DataFrame(
        {
            "variant": arm, "before": before, "spend": spend, "orders": 1 + (spend > 0),
            "score": rng.integers(0, 11, n), "got": rng.random(n) < 0.9,
            "shop": np.arange(n) // 2 % 100 * 2 + (arm == "b"),
        }
    )  # fmt: skip


def test_sensitivity_tries_what_applies(users):
    metrics = [
        Mean(name="spend", column="spend", covariate="before"),
        Ratio(name="basket", column="spend", denominator="orders", role="exploratory"),
        Score(name="NPS", column="score", margin=10, role="guardrail"),
    ]
    found = journeys.compare(users, metrics, cluster="shop")
    table = journeys.sensitivity(
        users, found, cluster="shop", per_protocol="got"
    ).table.set_index(["metric", "choice"])
    assert list(table.loc["spend"].index) == [
        "as declared", "without CUPED", "winsorised at 99 %", "per protocol",
        "wild cluster bootstrap", "clusters ignored",
    ]  # fmt: skip
    assert list(table.loc["basket"].index) == [
        "as declared", "winsorised at 99 %", "per protocol", "wild cluster bootstrap",
        "clusters ignored",
    ]  # fmt: skip
    assert list(table.loc["NPS"].index) == [
        "as declared", "as mean of the answers", "per protocol",
        "wild cluster bootstrap", "clusters ignored",
    ]  # fmt: skip
    assert table.loc[("NPS", "as mean of the answers"), "unit"] == "score"
    assert table.loc[("spend", "per protocol"), "n"] == users["got"].sum()


def test_winsorising_uses_the_quantile_of_non_zero_values(users):
    found = journeys.compare(users, [Mean(name="spend", column="spend")])
    table = journeys.sensitivity(users, found).table.set_index("choice")
    positive = users.loc[users["spend"] > 0, "spend"]
    clipped = users["spend"].clip(upper=positive.quantile(0.99))
    means = clipped.groupby(users["variant"]).mean()
    ours = table.loc["winsorised at 99 %", "effect_size"]
    assert ours == pytest.approx(means["b"] - means["control"])


def test_verdicts_that_turn_are_named(users):
    found = journeys.compare(users, [Mean(name="spend", column="spend")])
    assert found.table["verdict"].tolist() == ["cannot tell"]
    text = journeys.sensitivity(users, found).text
    assert text == (
        "The verdict depends on the choice: spend (b) is 'better' winsorised at 99 %."
    )
    steady = journeys.compare(users, [Score(name="NPS", column="score")])
    text = journeys.sensitivity(users, steady).text
    assert text == "No verdict changes under 1 other estimate."
    opinion = Score(name="CES", column="score", scale="ces")
    alone = journeys.compare(users, [opinion])
    text = journeys.sensitivity(users, alone).text
    assert text == "No other choice applies to these metrics."
