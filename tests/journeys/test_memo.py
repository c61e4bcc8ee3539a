"""The memo: rule, bounds, horizon, what would change it, criteria against results."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, assume, example, given, settings
from hypothesis import strategies as st
from scipy import stats

from cxlib import journeys
from cxlib.journeys import Comparison, Mean, Proportion, Score
from cxlib.journeys.experiments.verdicts import judge
from cxlib.result import Finding, Result

D, G, X = "decision", "guardrail", "exploratory"
Z = stats.norm.isf(0.025)


def at(n=1200, planned=6000):
    """A test with n users so far."""
    return journeys.horizon(
        pd.DataFrame({"variant": np.resize(["a", "b"], n)}), planned
    )


EARLY, LATE, OPEN_END = at(), at(6000), at(6000, 0)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Said(Result):
    """A result that says something."""

    table: pd.DataFrame | None = None
    words: str = "Claim +2."

    @property
    def text(self):
        return self.words

    @property
    def findings(self):
        return (Finding(id="x", statement=self.words, estimate=1.0, unit="score"),)


def metric(name, effect, half, role=D, **fields):
    """One metric with its effect and its interval's half-width."""
    return Mean(name=name, column=name, role=role, **fields), effect, half


def measured(*given_, arm="b", correction="holm", n=6000):
    """A comparison of metrics with these effects and intervals."""
    rows = []
    for spec, effect, half in given_:
        statistic = effect / (half / Z)
        rows.append(
            {
                "metric": spec.name, "kind": "mean", "role": spec.role,
                "treatment_arm": arm, "control_arm": "a", "unit": "score",
                "n_control": n // 2, "n_treatment": n // 2, "n_exposed_control": n // 2,
                "n_exposed_treatment": n // 2, "control": 10.0,
                "treatment": 10.0 + effect, "effect_size": effect,
                "std_error": half / Z, "effect_size_ci_lower": effect - half,
                "effect_size_ci_upper": effect + half, "statistic": statistic,
                "pvalue": 2 * stats.norm.sf(abs(statistic)),
                "direction": spec.direction,
                "margin": np.nan if spec.margin is None else spec.margin,
            }
        )  # fmt: skip
    table = judge(pd.DataFrame(rows), correction, 0.05)
    specs = tuple(spec for spec, _, _ in given_)
    return Comparison(table=table, metrics=specs, control_name="a")


def chosen(found):
    (choice,) = found.table["decision"]
    return choice


def ruled(given_, **rule):
    specs = [spec for spec, _, _ in given_]
    return journeys.criteria(specs, control="a", rule=rule)


GAIN, MORE = metric("paid", 3, 2), metric("visits", 3, 2)
OPEN, SAFE = metric("spend", 1, 2), metric("spend", 0.5, 1, margin=1)
LOSS, HARM = metric("spend", -3, 2), metric("calls", -3, 2, G, margin=0.5)
GUARD, LOOSE = metric("NPS", 0.2, 1, G, margin=1), metric("NPS", 0.2, 1, G, margin=0.5)


@pytest.mark.parametrize(
    ("given_", "rule", "reached", "choice", "because"),
    [
        ([GAIN, OPEN], {}, True, "ship",
         "paid is better, nothing can be said yet about spend"),
        ([GAIN, OPEN], {"ship_if": "all"}, True, "keep running",
         "paid is better, but the rule asks for every decision metric and the data so "
         "far allow both a gain and a loss on spend"),
        ([GAIN, SAFE], {"ship_if": "all"}, True, "hold",
         "paid is better, but the rule asks for every decision metric and no gain is "
         "shown in spend"),
        ([GAIN, MORE], {"ship_if": "all"}, True, "ship", "paid and visits are better"),
        ([GAIN, HARM], {}, True, "hold",
         "paid is better but calls is worse, which must be weighed"),
        ([GAIN, HARM], {"trade_off": "roll back"}, True, "roll back",
         "paid is better but calls is worse"),
        ([LOSS], {}, False, "roll back", "spend is worse"),
        ([GAIN, HARM], {}, False, "hold",
         "paid is better but calls is worse, which must be weighed"),
        ([GAIN, GUARD], {}, False, "keep running",
         "paid is better, but the planned number of users is not reached"),
        ([SAFE], {}, False, "keep running",
         "spend is not worse, but no gain is shown and the planned number of users is "
         "not reached"),
        ([SAFE], {}, True, "hold", "spend is not worse, but no gain is shown"),
        ([OPEN], {}, False, "keep running",
         "the data so far allow both a gain and a loss on spend"),
        ([GAIN, LOOSE], {}, True, "keep running",
         "paid is better, but the data so far allow both a gain and a loss on NPS"),
        ([GUARD], {}, False, "hold", "no decision metric is declared"),
        ([metric("paid", 3, 2, min_effect=0.5)], {}, True, "ship", "paid is better"),
        ([metric("paid", 3, 2, min_effect=2)], {}, True, "keep running",
         "paid is better, but the data so far do not exclude a gain in paid below the "
         "smallest worth shipping"),
        ([metric("paid", 3, 2, min_effect=2)], {"worth": "estimate"}, True, "ship",
         "paid is better"),
        ([metric("paid", 3, 2, min_effect=4)], {"worth": "estimate"}, True,
         "keep running",
         "paid is better, but the data so far do not exclude a gain in paid below the "
         "smallest worth shipping"),
        ([metric("paid", 3, 2, min_effect=6)], {}, True, "hold",
         "paid is better, but the gain in paid is below the smallest worth shipping"),
        ([metric("paid", 3, 2, min_effect=6), MORE], {}, True, "ship",
         "paid and visits are better, the gain in paid may be below the smallest worth "
         "shipping"),
        ([metric("paid", 3, 2, min_effect=6), MORE], {"ship_if": "all"}, True, "hold",
         "paid and visits are better, but the gain in paid is below the smallest worth "
         "shipping"),
        ([metric("t", -3, 2, direction="decrease", min_effect=0.5)], {}, True, "ship",
         "t is better"),
        ([metric("t", -3, 2, direction="decrease", min_effect=2)], {}, True,
         "keep running",
         "t is better, but the data so far do not exclude a gain in t below the "
         "smallest worth shipping"),
        ([metric("x", 3, 2, X), OPEN], {}, True, "keep running",
         "the data so far allow both a gain and a loss on spend"),
    ],
)  # fmt: skip
def test_rule_with_criteria_and_horizon(given_, rule, reached, choice, because):
    found = journeys.decision(
        measured(*given_, correction="none"), criteria=ruled(given_, **rule),
        horizon=LATE if reached else EARLY,
    )  # fmt: skip
    assert (chosen(found), found.table["because"].iloc[0]) == (choice, because)


def changed(*given_, **options):
    found = journeys.decision(measured(*given_), **options)
    return found, found.table["would_change"].iloc[0]


def test_the_closest_guardrail_comes_first():
    far = metric("calls", 0.1, 1, G, direction="decrease", margin=2)
    found, text = changed(GAIN, MORE, far, GUARD)
    assert found.changes["metric"].tolist() == ["NPS", "calls"]
    assert found.changes["slack"].tolist() == pytest.approx([0.2, 0.9])
    assert found.changes["slack_se"].tolist() == pytest.approx([0.2 * Z, 0.9 * Z])
    assert text == (
        "To 'keep running' if the effect on NPS were more than 0.2 worse than seen: "
        "the worst that its interval allows is a loss of 0.8, the largest tolerable "
        "loss 1. To 'keep running' if the effect on calls were more than 0.9 worse "
        "than seen: the worst that its interval allows is a loss of 1.1, the largest "
        "tolerable loss 2."
    )
    assert found.memo == f"{found.text}\nWhat would change it: {text}"


def test_a_loss_says_how_much_better_it_would_have_to_be():
    found, text = changed(LOSS)
    assert text == (
        "To 'keep running' if the effect on spend were more than 1.0 better than seen: "
        "the best that its interval allows is a loss of 1.0."
    )
    assert found.changes["turns_to"].tolist() == ["keep running"]


def test_users_still_needed_have_eighty_percent_power():
    found, text = changed(OPEN)
    needed = 6000 * (((Z + stats.norm.ppf(0.8)) * (2 / Z) / 1) ** 2 - 1)
    assert found.changes["n_more"].tolist() == pytest.approx([needed])
    assert text == (
        "To 'ship' with about 44,000 more users (now 6,000), in four cases of five, if "
        "the effect on spend is of the size seen."
    )
    larger = ((6000 + needed) / 6000) ** 0.5
    power = stats.norm.sf(Z - 1 / (2 / Z / larger))
    assert power == pytest.approx(0.8)


def test_users_needed_by_guardrail_minimum_and_family():
    found, _ = changed(GAIN, LOOSE)
    z80 = Z + stats.norm.ppf(0.8)
    assert found.changes["n_more"].tolist() == pytest.approx(
        [6000 * ((z80 * (1 / Z) / 0.7) ** 2 - 1)]
    )
    found, text = changed(metric("paid", 3, 2, min_effect=2))
    waits = found.changes["n_more"].dropna().tolist()
    assert waits == pytest.approx([6000 * ((z80 * (2 / Z) / 1) ** 2 - 1)])
    assert text.startswith("To 'ship' with about 44,000 more users")
    found, _ = changed(OPEN, metric("other", 1, 2))
    strict = stats.norm.isf(0.0125) + stats.norm.ppf(0.8)
    assert found.changes["n_more"].iloc[0] == pytest.approx(
        6000 * ((strict * (2 / Z) / 1) ** 2 - 1), rel=1e-6
    )


def test_no_number_of_users_is_said_so():
    _, text = changed(metric("paid", 3, 2, min_effect=4))
    assert text == (
        "To 'ship' only if the gain in paid turned out larger than seen: at this size "
        "no number of users gets there."
    )
    _, text = changed(metric("paid", 0.3, 2))
    assert text == (
        "To 'ship' only with more than 20 times the users, if the effect on paid is of "
        "the size seen."
    )


def test_a_loss_in_sight_is_settled_as_a_loss():
    _, text = changed(metric("paid", -1, 2, min_effect=0.5), horizon=LATE)
    assert text == (
        "To 'roll back' with about 44,000 more users (now 6,000), in four cases of "
        "five, if the effect on paid is of the size seen."
    )
    _, text = changed(metric("paid", -1, 1.2, margin=1.5), horizon=LATE)
    assert text.startswith("To 'hold' with about ")


def test_several_reasons_are_told_apart():
    users = SELECTED.assign(x=np.resize([0.0, 1.0, 1.0], len(SELECTED)))
    specs = [NPS, Mean(name="x", column="x")]
    found = journeys.decision(
        journeys.compare(users, specs), response=journeys.response_rate(users, specs)
    )
    assert found.text == (
        "Keep b running: the data so far allow both a gain and a loss on x, and NPS "
        "cannot be read, because the variants drew different respondents."
    )


def test_before_the_horizon_the_end_is_named():
    found, text = changed(GAIN, horizon=EARLY)
    assert chosen(found) == "keep running"
    assert text == "To 'ship' once the planned users are there, if verdicts hold."
    _, text = changed(GAIN, LOOSE, horizon=EARLY)
    assert text.startswith("To 'ship' with about ")
    rows = found.checks.set_index("criterion")
    assert rows.loc["length"].tolist() == [
        "b", "planned end reached, or intervals that hold at any look", EARLY.text,
        "open",
    ]  # fmt: skip


EFFECT = st.floats(-5, 5).filter(lambda x: abs(x) > 0.05)
HALF = st.floats(0.2, 4)


@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])
@given(EFFECT, HALF, EFFECT, HALF, st.floats(0.3, 3), st.booleans())
@example(e1=-2.0, h1=1.0, e2=0.278, h2=0.4, margin=1.0, less=True)
@example(e1=2.0, h1=1.0, e2=-2.0, h2=0.5, margin=1.4, less=False)
def test_slack_is_where_the_recommendation_turns(e1, h1, e2, h2, margin, less):
    assume(abs(2 * h2 - margin) > 0.01)
    direction = "decrease" if less else "increase"
    main = metric("paid", e1, h1, direction=direction)
    guard = metric("NPS", e2, h2, G, direction=direction, margin=margin)
    found = journeys.decision(measured(main, guard))
    now = chosen(found)
    for _, row in found.changes.dropna(subset="slack").iterrows():
        assume(row["slack"] > 1e-6)
        sign = (-1 if less else 1) * (1 if row["verdict"] == "worse" else -1)
        for step, turned in ((0.999, False), (1.001, True)):
            moved = [
                (spec, e + sign * step * row["slack"], h)
                if spec.name == row["metric"] else (spec, e, h)
                for spec, e, h in (main, guard)
            ]  # fmt: skip
            other = chosen(journeys.decision(measured(*moved)))
            assert (other != now) == turned
            if turned:
                assert other == row["turns_to"]


@settings(max_examples=15, phases=[Phase.explicit, Phase.generate])
@given(EFFECT, HALF, EFFECT, HALF, st.floats(0.3, 3))
def test_every_recommendation_is_one_of_five_and_says_why(e1, h1, e2, h2, margin):
    given_ = metric("paid", e1, h1), metric("NPS", e2, h2, G, margin=margin)
    early = journeys.decision(measured(*given_), horizon=EARLY)
    late = journeys.decision(measured(*given_))
    assert chosen(early) != "ship"
    if chosen(late) in {"roll back", "hold"} and "worse" in late.text:
        assert "not worse" in late.text or chosen(early) == chosen(late)
    for found in (early, late):
        assert found.table["because"].iloc[0]
        assert set(found.checks["met"]) <= {"yes", "no", "open"}


def test_other_choices_of_analysis_that_turn_it_are_named():
    rng = np.random.default_rng(3)
    n = 4000
    spend = np.where(rng.random(n) < 0.3, rng.gamma(2, 10, n), 0.0)
    variant = np.resize(["control", "b"], n)
    spend[variant == "b"] *= 1.2
    spend[0] = 60_000.0
    users = pd.DataFrame({"variant": variant, "spend": spend})
    compared = journeys.compare(users, [Mean(name="spend", column="spend")])
    other = journeys.sensitivity(users, compared)
    found = journeys.decision(compared, sensitivity=other)
    assert chosen(found) == "keep running"
    assert (
        found.table["would_change"]
        .iloc[0]
        .endswith("To 'ship' if analysed otherwise: winsorised at 99 %.")
    )
    assert "analysed otherwise" not in journeys.decision(compared).memo


def survey(control, treatment):
    """Users from counts of detractors, passives, promoters and silent."""
    parts = [
        pd.DataFrame(
            {"variant": arm, "score": np.repeat([3.0, 8.0, 10.0, np.nan], counts)}
        )
        for arm, counts in (("control", control), ("b", treatment))
    ]
    return pd.concat(parts, ignore_index=True)


STRONG = survey([300, 300, 300, 2100], [150, 250, 620, 1980])
SELECTED = survey([300, 300, 300, 2100], [310, 300, 410, 1980])
NPS = Score(name="NPS", column="score")


def decided(users, spec, *, bounded=True, **options):
    response = journeys.response_rate(users, [spec])
    assert response.failed == {"NPS"}
    return journeys.decision(
        journeys.compare(users, [spec]), response=response,
        bounds=journeys.bounds(users, [spec]) if bounded else None, **options,
    )  # fmt: skip


def test_bounds_keep_a_verdict_that_respondents_alone_may_not():
    found = decided(STRONG, NPS)
    assert found.text == (
        "Ship b: NPS is better; NPS over the whole range of the bounds."
    )
    rows = found.checks.set_index("criterion")
    assert rows.loc["respondents of NPS alike", "met"] == "no"
    assert rows.loc["respondents of NPS alike", "found"].endswith(
        "; over the bounds: better"
    )
    inside = journeys.bounds(STRONG, [NPS]).judged.iloc[0]
    assert (
        f"{inside['effect_size_ci_lower']:.1f} to"
        in rows.loc["NPS (decision)", "found"]
    )


def test_bounds_that_reach_zero_keep_nothing():
    found = decided(SELECTED, NPS)
    assert found.text == (
        "Keep b running: NPS cannot be read, because the variants drew different "
        "respondents, and bounds do not settle it."
    )
    assert found.table["would_change"].iloc[0] == (
        "To 'ship' if NPS could be read: find out why the variants drew different "
        "respondents."
    )
    assert found.changes.empty
    assert "respondents differ" in found.checks["found"].iloc[-1]


def test_bounds_do_not_settle_what_is_looked_at_again_and_again():
    found = decided(STRONG, NPS, horizon=OPEN_END)
    assert chosen(found) == "keep running"
    assert found.text.endswith("drew different respondents.")


@pytest.mark.parametrize(
    ("verdict", "reading", "kept"),
    [
        ("better", "better", "better"),
        ("better", "not worse", "not worse"),
        ("not worse", "better", "not worse"),
        ("not worse", "not worse", "not worse"),
        ("worse", "worse", "worse"),
        ("better", "worse", "cannot tell"),
        ("worse", "not worse", "cannot tell"),
        ("better", "cannot tell", "cannot tell"),
        ("cannot tell", "better", "cannot tell"),
        ("cannot tell", "cannot tell", "cannot tell"),
    ],
)
def test_the_weaker_of_respondents_and_bounds_is_kept(verdict, reading, kept):
    found = journeys.bounds(STRONG, [NPS])
    read = replace(found, table=found.table.assign(reading=reading))
    compared = journeys.compare(STRONG, [NPS])
    spec = replace(NPS, role="guardrail", margin=2)
    judged = replace(
        compared, table=compared.table.assign(verdict=verdict, role=G, margin=2.0),
        metrics=(spec,),
    )  # fmt: skip
    response = journeys.response_rate(STRONG, [NPS])
    table = journeys.decision(judged, response=response, bounds=read).checks
    (found_,) = table.loc[table["criterion"] == "NPS (guardrail)", "found"]
    assert f": {kept}" in found_


def test_a_test_without_a_planned_end_may_ship_at_any_look():
    found, _ = changed(GAIN, horizon=OPEN_END)
    assert chosen(found) == "ship"
    assert found.checks.set_index("criterion").loc["length", "met"] == "yes"


def test_respondents_alike_need_no_bounds():
    users = survey([300, 300, 300, 2100], [200, 280, 420, 2100])
    response = journeys.response_rate(users, [NPS])
    assert not response.failed
    compared = journeys.compare(users, [NPS])
    with_, without = (
        journeys.decision(compared, response=response, bounds=bounds)
        for bounds in (journeys.bounds(users, [NPS]), None)
    )
    assert with_.text == without.text == "Ship b: NPS is better."


def test_failed_gate_leaves_one_thing_to_do():
    users = pd.DataFrame({"variant": ["a"] * 700 + ["b"] * 300})
    found, text = changed(GAIN, GUARD, gate=journeys.sample_ratio(users))
    assert found.text == "No verdict on b: the sample ratio check failed."
    assert text == (
        "Nothing in these numbers: find out what unbalanced the users, mend it and run "
        "the test again."
    )
    assert found.changes.empty
    row = found.checks.set_index("criterion").loc["sample ratio"]
    assert (row["required"], row["found"], row["met"]) == (
        "p at or above 0.01", "p < 0.001", "no",
    )  # fmt: skip


def test_criteria_that_changed_are_said_with_the_recommendation():
    specs = [GAIN[0], GUARD[0]]
    registered = {"metrics": [GAIN[0], replace(GUARD[0], margin=2)]}
    late = journeys.criteria(specs, control="a", registered=registered)
    found, _ = changed(GAIN, GUARD, criteria=late)
    assert found.text.endswith(
        f"Criteria {late.digest[:12]}: changed since registered: margin of NPS from 2 "
        "to 1."
    )
    assert found.notes == ()
    kept = journeys.criteria(specs, control="a", registered=late.digest)
    found, _ = changed(GAIN, GUARD, criteria=kept)
    assert "Criteria" not in found.text
    assert found.notes == (f"Criteria {kept.digest[:12]}: as registered.",)
    assert found.checks.set_index("criterion").loc["criteria", "met"] == "yes"


def test_checks_hold_every_criterion_against_what_was_found():
    given_ = [metric("paid", 3, 2, min_effect=2), OPEN, LOOSE, metric("x", 1, 1, X)]
    rows = journeys.decision(measured(*given_, correction="none")).checks
    assert rows.drop(columns="treatment_arm").to_numpy().tolist() == [
        ["paid (decision)", "better, by at least 2",
         "+3.0 (95 % CI 1.0 to 5.0): better", "open"],
        ["spend (decision)", "better", "+1.0 (95 % CI −1.0 to 3.0): cannot tell",
         "open"],
        ["NPS (guardrail)", "a loss of 0.5 excluded",
         "+0.2 (95 % CI −0.8 to 1.2): cannot tell; a loss of 1.4 can be told from "
         "none in four cases of five", "open"],
    ]  # fmt: skip


def test_notes_of_claims_and_segments():
    found, _ = changed(GAIN, claims=Said(), segments=Said(words="Effects are alike."))
    assert found.notes == ("Claim +2.", "Effects are alike.")
    assert found.memo.endswith("Claim +2.\nEffects are alike.")
    skipped = type("Skipped", (), {"text": "Skipped.", "findings": ()})()
    assert changed(GAIN, claims=skipped)[0].notes == ()


def test_memo_on_paper_names_each_treatment_and_escapes_names():
    both = Comparison(
        table=pd.concat(
            [
                measured(metric("<i>paid</i>", 3, 2), arm="b").table,
                measured(metric("<i>paid</i>", -3, 2), arm="{c}").table,
            ],
            ignore_index=True,
        ),
        metrics=(Mean(name="<i>paid</i>", column="p"),),
        control_name="a",
    )
    found = journeys.decision(both)
    assert found.text == (
        "Ship b: <i>paid</i> is better. Roll back {c}: <i>paid</i> is worse."
    )
    shown = found._repr_html_()
    assert "<i>" not in shown
    assert "&lt;i&gt;paid" in shown
    assert "<strong>What would change it ({c}).</strong> To &#x27;keep running" in shown
    assert shown.count("<td>{c}</td>") == 1
    assert "would_change" in found.to_frame().columns


def test_sample_of_users_end_to_end():
    rng = np.random.default_rng(4)
    n = 3000
    users = pd.DataFrame(
        {"variant": np.resize(["control", "b"], n), "paid": rng.random(n) < 0.2}
    )
    spec = Proportion(name="paid", column="paid", min_effect=0.005)
    compared = journeys.compare(users, [spec])
    found = journeys.decision(compared, gate=journeys.sample_ratio(users))
    assert chosen(found) == "keep running"
    row = found.checks.iloc[-1]
    assert row["required"] == "better, by at least 0.5 percentage points"
    assert "can be told from none in four cases of five" in row["found"]
