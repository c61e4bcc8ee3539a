"""Impact corrected by hand codes: right where the machine alone is not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from cxlib import voc
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.confounding import robustness_value

CODES = [f"c{k}" for k in range(5)]
MEAN = {"name": "s", "low": 0, "high": 10, "kind": "mean"}


def drawn(rng, n, *, miss=0.1, extra=0.02, effect=2.0, account_sd=0.0):
    """Scores, true codes and a machine that misses more among the satisfied."""
    account = np.arange(n) // 2
    shared = rng.normal(0, account_sd, n)[account]
    # Accounts tend to speak of the same thing.
    latent = rng.normal(0, 1, (n, 5))
    if account_sd:
        latent = 0.6 * latent + 0.8 * rng.normal(0, 1, (n, 5))[account]
    true = latent < -1.0
    true[:, 1] |= true[:, 0] & (rng.random(n) < 0.4)
    lean = effect * true[:, 0] + 1.0 * true[:, 2]
    score = np.clip(np.round(8 - lean + shared + rng.normal(0, 2.2, n)), 0, 10)
    unseen = miss + 0.15 * (score >= 9)[:, None]
    machine = np.where(true, rng.random((n, 5)) >= unseen, rng.random((n, 5)) < extra)
    frame = pd.DataFrame(
        {"verbatim_id": np.arange(n).astype(str), "verbatim": "words", "score": score,
         "account": account, "weight": rng.uniform(0.5, 2.0, n)}
    )  # fmt: skip
    return frame, true, machine


def long(frame, has, rows=None, **more):
    """The long table of codes, with a blank row where a coder found nothing."""
    rows = np.arange(len(frame)) if rows is None else rows
    ids, codes = frame["verbatim_id"].to_numpy(), np.array([*CODES, ""])
    padded = np.column_stack([has[rows], ~has[rows].any(axis=1)])
    row, column = np.nonzero(padded)
    table = pd.DataFrame({"verbatim_id": ids[rows[row]], "code": codes[column]})
    return table.assign(**more)


def coded(frame, has):
    table = long(frame, has)
    table = table[table["code"] != ""]
    return table.assign(code=pd.Categorical(table["code"], CODES))


def impact(frame, machine, hand=None, **options):
    return voc.impact(frame, coded(frame, machine), codings=hand, **options)


def by_code(found):
    return found.table.set_index("code")


def held(row, truth, name):
    stem = "" if name == "estimate" else f"{name}_"
    return row[f"{stem}ci_lower"] <= truth[name] <= row[f"{stem}ci_upper"]


def test_all_read_by_hand_is_the_regression_on_true_codes():
    frame, true, machine = drawn(np.random.default_rng(1), 900)
    hand = long(frame, true, coder="a")
    found = by_code(impact(frame, machine, hand, scale=MEAN))
    model = sm.OLS(frame["score"], sm.add_constant(true * 1.0)).fit()
    for k, code in enumerate(CODES):
        row = found.loc[code]
        rest = frame["score"][~true[:, k]].mean()
        assert row["slope"] == pytest.approx(model.params.iloc[k + 1])
        assert row["adjusted"] == pytest.approx(true[:, k].mean() * row["slope"])
        assert row["estimate"] == pytest.approx(frame["score"].mean() - rest)
        assert row["n_hand"] == 900
        assert row["n_positive"] == true[:, k].sum()


def test_slope_error_is_the_hc2_of_statsmodels():
    frame, true, _ = drawn(np.random.default_rng(1), 900)
    row = by_code(impact(frame, true, scale=MEAN)).loc["c0"]
    model = sm.OLS(frame["score"], sm.add_constant(true * 1.0)).fit(cov_type="HC2")
    low, high = model.conf_int().iloc[1]
    assert row["slope_ci_lower"] == pytest.approx(low, rel=0.003)
    assert row["slope_ci_upper"] == pytest.approx(high, rel=0.003)


def test_robustness_is_that_of_the_classical_regression():
    frame, true, _ = drawn(np.random.default_rng(1), 900)
    found = by_code(impact(frame, true, scale=MEAN))
    model = sm.OLS(frame["score"], sm.add_constant(true * 1.0)).fit()
    for k, code in enumerate(CODES):
        value = robustness_value(model.tvalues.iloc[k + 1], model.df_resid)
        assert found.loc[code, "share_robustness"] == pytest.approx(value)
    ends = found["share_robustness_ci"]
    assert ends["c0"] > 0
    assert ends["c3"] == 0, "an interval that holds zero needs no other cause"
    assert (ends <= found["share_robustness"]).all()


def test_a_perfect_machine_is_left_as_it_is_and_a_useless_one_is_not_trusted():
    rng = np.random.default_rng(2)
    frame, true, _ = drawn(rng, 2000)
    rows = rng.choice(2000, 300, replace=False)
    hand = long(frame, true, rows, coder="a")
    good = by_code(impact(frame, true, hand)).loc["c0"]
    assert good["basis"] == "corrected"
    assert good["estimate"] == pytest.approx(good["machine_estimate"], abs=0.35)
    noise = rng.random(true.shape) < 0.15
    bad = by_code(impact(frame, noise, hand)).loc["c0"]
    alone = by_code(impact(frame.iloc[rows], true[rows])).loc["c0"]
    wide = [row["ci_upper"] - row["ci_lower"] for row in (good, bad, alone)]
    assert wide[0] < 0.6 * wide[1]
    assert wide[1] == pytest.approx(wide[2], rel=0.15)
    assert bad["estimate"] == pytest.approx(alone["estimate"], abs=2)


def test_few_hand_codes_leave_the_machine_and_say_so():
    frame, true, machine = drawn(np.random.default_rng(3), 800)
    hand = long(frame, true, np.arange(20), coder="a")
    found = impact(frame, machine, hand)
    assert set(found.table["basis"]) == {"machine only"}
    assert "The machine's codes are taken as true." in found.text
    plain = impact(frame, machine)
    assert plain.table["estimate"].tolist() == found.table["estimate"].tolist()
    assert any("too little was coded by hand" in a.text for a in found.assumptions)


def test_a_code_the_machine_never_finds_rests_on_people():
    frame, true, machine = drawn(np.random.default_rng(3), 800)
    blind = machine.copy()
    blind[:, 0] = False
    hand = long(frame, true, np.arange(400), coder="a")
    row = by_code(impact(frame, blind, hand)).loc["c0"]
    assert row["basis"] == "hand only"
    assert row["ci_upper"] < 0
    assert row["n"] == 0


def test_chosen_rows_never_correct():
    frame, true, machine = drawn(np.random.default_rng(4), 900)
    audit = long(frame, true, np.arange(300), coder="a", sample="audit")
    chosen = long(frame, true, np.arange(600, 900), coder="a", sample="chosen")
    both = impact(frame, machine, pd.concat([audit, chosen]))
    assert both.table.equals(impact(frame, machine, audit).table)
    blank = audit.assign(sample=None)
    assert impact(frame, machine, blank).table.equals(both.table)
    assert set(impact(frame, machine, chosen).table["basis"]) == {"machine only"}


def test_rows_drawn_with_less_chance_count_for_more():
    rng = np.random.default_rng(5)
    frame, true, machine = drawn(rng, 6000, miss=0.3)
    chance = np.where(frame["score"] <= 6, 0.5, 0.1)
    rows = np.flatnonzero(rng.random(6000) < chance)
    hand = long(frame, true, rows, coder="a")
    told = hand.assign(inclusion=chance[hand["verbatim_id"].astype(int)])
    known = by_code(impact(frame, true)).loc["c0", "estimate"]
    right = by_code(impact(frame, machine, told)).loc["c0"]
    wrong = by_code(impact(frame, machine, hand)).loc["c0"]
    assert right["ci_lower"] <= known <= right["ci_upper"]
    assert abs(right["estimate"] - known) < abs(wrong["estimate"] - known)


@pytest.mark.parametrize("scale", ["nps", MEAN])
def test_scores_with_and_without_agree_with_the_impact(scale):
    frame, true, machine = drawn(np.random.default_rng(6), 1500)
    found = impact(frame, machine, long(frame, true, np.arange(300), coder="a"),
                   scale=scale)  # fmt: skip
    for row in found.table.to_dict("records"):
        share = row["share_mentions"]
        whole = share * row["score_with"] + (1 - share) * row["score_without"]
        assert whole == pytest.approx(found.score)
        assert found.score - row["score_without"] == pytest.approx(row["estimate"])


def test_if_solved_needs_the_readers_own_share():
    frame, true, _ = drawn(np.random.default_rng(7), 900)
    found = impact(frame, true)
    none = voc.if_solved(found, {})
    assert none.table.empty
    assert none.findings == ()
    assert none.text.startswith("Not computed: what mending a code would bring rests")
    half = voc.if_solved(found, {"c0": 0.5, "c2": 1})
    row = by_code(found).loc["c0"]
    assert by_code(half).loc["c0", "estimate"] == pytest.approx(-row["adjusted"] / 2)
    assert by_code(half).loc["c0", "ci_lower"] == pytest.approx(
        -row["adjusted_ci_upper"] / 2
    )
    assert half.text.startswith("If 50.0 % of those who mention c0 then answered like")
    assert half.text.endswith("is true these data cannot say.")
    assert [f.id for f in half.findings] == ["if_solved_c0", "if_solved_c2"]
    with pytest.raises(ArgumentError, match=r"must lie in \[0, 1\]"):
        voc.if_solved(found, {"c0": 50})
    with pytest.raises(ArgumentError, match="names the code 'c9'; there are"):
        voc.if_solved(found, {"c9": 0.5})
    empty = voc.if_solved(impact(frame, true, scale=""), {"c0": 0.5})
    assert empty.text == "Not computed: no score was given to tie the codes to."


def test_bad_codings_are_named():
    frame, true, machine = drawn(np.random.default_rng(8), 300)
    with pytest.raises(DataError, match="column 'coder' is not in codings"):
        impact(frame, machine, long(frame, true))


CASES = {
    "good machine": {"miss": 0.1, "extra": 0.02},
    "bad machine": {"miss": 0.4, "extra": 0.1},
    "no signal": {"miss": 0.85, "extra": 0.1},
    "clusters and weights": {"miss": 0.1, "extra": 0.02, "account_sd": 1.5},
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_corrected_impact_covers_its_truth_where_the_machine_does_not(case):
    rng = np.random.default_rng(20)
    options = CASES[case]
    design = (
        {"cluster": "account", "weights": "weight"} if "account_sd" in options else {}
    )
    big, true, _ = drawn(rng, 300_000, **options)
    truth = by_code(impact(big, true)).loc["c0"]
    covered = {name: [] for name in ("estimate", "adjusted", "slope", "machine")}
    ratio = []
    for _ in range(200):
        frame, true, machine = drawn(rng, 1600, **options)
        rows = rng.choice(1600, 300, replace=False)
        hand = long(frame, true, rows, coder="a")
        row = by_code(impact(frame, machine, hand, **design)).loc["c0"]
        for name in ("estimate", "adjusted", "slope"):
            covered[name].append(held(row, truth, name))
        raw = {"machine": truth["estimate"]}
        covered["machine"].append(held(row, raw, "machine"))
        alone = by_code(impact(frame.iloc[rows], true[rows], **design)).loc["c0"]
        wide = [r["ci_upper"] - r["ci_lower"] for r in (row, alone)]
        ratio.append(wide[0] / wide[1])
    print(case, {k: round(float(np.mean(v)), 3) for k, v in covered.items()},
          "width / hand only", round(float(np.mean(ratio)), 2))  # fmt: skip
    for name in ("estimate", "adjusted", "slope"):
        assert 0.90 <= np.mean(covered[name]) <= 0.995, name
    assert np.mean(covered["machine"]) < (0.9 if case == "good machine" else 0.95)
    assert np.mean(ratio) < (0.75 if options["miss"] == 0.1 else 1.12)


def test_no_codes_at_all_have_no_impact():
    frame, _, _ = drawn(np.random.default_rng(9), 100)
    none = pd.DataFrame({"verbatim_id": [], "code": []}, dtype=str)
    found = voc.impact(frame, none)
    assert found.text == "Not computed: no verbatim has a code."
    waves = frame.assign(wave=["a", "b"] * 50)
    moved = voc.score_change(waves, none, by="wave")
    assert moved.table["code"].tolist() == ["all", "(none of these)"]
    whole, rest = moved.table["estimate"]
    assert whole == rest
