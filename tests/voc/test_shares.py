"""Differences inside the design, unequal draws, and shares of all respondents."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from cxlib import voc
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import design, design_se, estimate
from cxlib.estimate.contrast import share_gap
from cxlib.estimate.covariance import domain_influence
from cxlib.estimate.poststratify import Cells
from cxlib.estimate.ppi import corrected_share
from cxlib.estimate.propensity import fit_propensity, ipw_influence
from cxlib.voc._gaps import gap_of
from cxlib.voc._shares import Readings, share_of

BOOK = voc.Codebook.from_dict(
    {"version": 1, "codes": [
        {"id": "late", "name": {"en": "Late"}, "phrases": {"en": ["late"]}},
        {"id": "rude", "phrases": {"en": ["rude"]}}]}
)  # fmt: skip


def told(late, **columns):
    texts = np.where(late, "late", "fine")
    return pd.DataFrame({"respondent_id": range(len(texts)), "verbatim": texts}).assign(
        **columns
    )


def shares(frame, **options):
    return voc.prevalence(frame, voc.code(frame, BOOK), codebook=BOOK, **options)


def hand(rows, late, **columns):
    ids = pd.Series(rows).astype(str)
    return pd.DataFrame(
        {"verbatim_id": ids, "coder": "a", "code": np.where(late, "late", "")}
    ).assign(**columns)


def row(found, segment="all"):
    return found.table.set_index(["segment", "code"]).loc[(segment, "late")]


def test_waves_are_set_against_the_one_before_in_natural_order():
    wave = np.repeat(["W2", "W10", "W1"], 200)
    late = np.concatenate([np.arange(200) < k for k in (60, 20, 60)])
    found = shares(told(late, wave=wave), by="wave", against="previous")
    assert found.table["segment"].unique().tolist() == ["all", "W1", "W2", "W10"]
    assert row(found, "W1")["compared_with"] == ""
    assert np.isnan(row(found, "W1")["effect_size"])
    assert row(found, "W2")["effect_size"] == pytest.approx(0)
    last = row(found, "W10")
    assert last["compared_with"] == "W2"
    assert last["effect_size"] == pytest.approx(-0.2)
    arms = [estimate(late[wave == w].astype(float), "share") for w in ("W2", "W10")]
    low = -0.2 - np.hypot(0.1 - arms[1].ci_lower, arms[0].ci_upper - 0.3)
    assert last["effect_size_ci_lower"] == pytest.approx(low, abs=1e-9)
    assert found.text.startswith(
        "Late fell from 30.0 % in W2 to 10.0 % in W10 (−20.0 percentage points, 95 % CI"
    )
    change = found.findings[0]
    assert (change.id, change.unit) == ("change_late_in_W10", "share_points")
    assert change.estimate == pytest.approx(-0.2)


def test_an_ordered_categorical_keeps_its_order_and_blank_waves_have_no_before():
    wave = pd.Categorical(
        ["spring"] * 50 + ["autumn"] * 50 + [None] * 50, ["spring", "autumn"],
        ordered=True,
    )  # fmt: skip
    found = shares(told(np.arange(150) % 3 == 0, wave=wave), by="wave",
                   against="previous")  # fmt: skip
    assert row(found, "autumn")["compared_with"] == "spring"
    assert row(found, "(blank)")["compared_with"] == ""
    assert found.text == "No code changed from wave to wave beyond noise."
    with pytest.raises(ArgumentError, match="`against` is 'first'; use one of 'rest'"):
        shares(told([True, False] * 9), against="first")


def test_the_test_agrees_with_the_interval():
    rng = np.random.default_rng(2)
    for seed in range(40):
        half = np.arange(120) < 60
        late = rng.random(120) < np.where(half, 0.3, 0.3 + seed / 100)
        own = row(shares(told(late, plan=np.where(half, "a", "b")), by="plan"), "a")
        outside = own["effect_size_ci_lower"] > 0 or own["effect_size_ci_upper"] < 0
        assert outside == (own["pvalue"] < 0.05)


def test_clusters_with_rows_in_both_segments_are_a_paired_comparison():
    """Each account answers once in either segment, and always alike: no noise left."""
    account = np.tile(np.arange(300), 2)
    late = account % 3 == 0
    frame = told(late, plan=np.repeat(["a", "b"], 300), account=account)
    together = row(shares(frame, by="plan", cluster="account"), "a")
    apart = row(shares(frame, by="plan"), "a")
    width = together["effect_size_ci_upper"] - together["effect_size_ci_lower"]
    assert width < 0.2 * (apart["effect_size_ci_upper"] - apart["effect_size_ci_lower"])
    clash = frame.assign(verbatim=np.where(
        (frame["plan"] == "b") ^ (account % 3 == 0), "late", "fine"))  # fmt: skip
    wide = row(shares(clash, by="plan", cluster="account"), "a")
    apart = row(shares(clash, by="plan"), "a")
    assert wide["std_error"] == pytest.approx(apart["std_error"], rel=0.02)
    assert (wide["effect_size_ci_upper"] - wide["effect_size_ci_lower"]) > 1.3 * (
        apart["effect_size_ci_upper"] - apart["effect_size_ci_lower"]
    )


def test_gap_of_independent_groups_is_newcombes():
    """Newcombe (1998), example a: 56/70 against 48/80, .2000 (.0524 to .3339)."""
    y = np.r_[np.arange(70) < 56, np.arange(80) < 48].astype(float)
    rows = np.repeat([True, False], [70, 80])
    plan = design(150)
    arms = [estimate(y, "share", plan=plan, domain=r) for r in (~rows, rows)]
    u = np.column_stack([domain_influence(y, r, plan) for r in (~rows, rows)])
    found = share_gap(*arms, influence=u, plan=plan)
    assert found.estimate == pytest.approx(0.2)
    assert (found.ci_lower, found.ci_upper) == pytest.approx((0.0524, 0.3339), abs=5e-5)


def test_unequal_draws_weigh_by_their_probability():
    """Plan b, where late is common, was read ten times as often."""
    rng = np.random.default_rng(3)
    plan = np.where(np.arange(4000) < 2000, "a", "b")
    truth = rng.random(4000) < np.where(plan == "a", 0.1, 0.5)
    chance = np.where(plan == "a", 0.03, 0.3)
    read = np.flatnonzero(rng.random(4000) < chance)
    frame = told(np.zeros(4000, dtype=bool), plan=plan)
    given = hand(read, truth[read], inclusion=chance[read])
    right = row(shares(frame, codings=given))
    plain = row(shares(frame, codings=given.drop(columns="inclusion")))
    assert right["ci_lower"] < truth.mean() < right["ci_upper"]
    assert plain["ci_lower"] > truth.mean()
    alike = row(shares(frame, codings=given.assign(inclusion=0.1)))
    assert alike["estimate"] == pytest.approx(plain["estimate"])
    some = given.assign(inclusion=given["inclusion"].where(plan[read] == "b"))
    filled = row(shares(frame, codings=some))
    assert abs(filled["estimate"] - right["estimate"]) < 0.05
    with pytest.raises(DataError, match="1 of 3 hand readings have no inclusion"):
        corrected_share([1, 0, 1, 0], [1, 0, 1, np.nan], inclusion=[0.5, 0, 0.5, 0])


def test_struck_counts_stand_in_html_and_nothing_else_is_markup():
    late = np.arange(400) < 120
    frame = told(late, plan="<b>x</b>")
    rows = np.arange(0, 400, 2)
    found = shares(frame, codings=hand(rows, late[rows]))
    assert "<s>30.0</s>" in found._repr_html_()
    assert "<b>x" not in shares(frame, by="plan")._repr_html_()


def asked(rng, n, n_hand=0):
    """People who comment by score and segment, and speak of late by the same."""
    score = np.clip(np.round(7 + rng.normal(0, 2.5, n)), 0, 10)
    plan = rng.choice(["a", "b"], n, p=[0.3, 0.7])
    true = rng.random(n) < np.select([score <= 6, score <= 8], [0.4, 0.2], 0.08)
    talks = rng.random(n) < np.select([score <= 6, score <= 8], [0.75, 0.25], 0.4) * (
        np.where(plan == "a", 1, 0.6)
    )
    seen = np.where(true, rng.random(n) < 0.85, rng.random(n) < 0.04)
    text = np.where(talks, np.where(seen, "late", "fine"), None)
    frame = pd.DataFrame(
        {"respondent_id": range(n), "verbatim": text, "score": score, "plan": plan}
    )
    read = rng.choice(np.flatnonzero(talks), n_hand, replace=False)
    return frame, hand(read, true[read]), true, talks


def everybody(frame, **options):
    options = {"by": "plan"} | options
    found = voc.reweighted(frame, voc.code(frame, BOOK), codebook=BOOK, **options)
    return found, found.table.set_index("code").loc["late"]


def test_reweighting_is_inverse_propensity_by_a_saturated_logit():
    frame, _, _, talks = asked(np.random.default_rng(4), 3000)
    found, late = everybody(frame)
    band = np.digitize(frame["score"], [7, 9])
    cell = band * 2 + (frame["plan"] == "a")
    model = fit_propensity(np.eye(6)[cell], talks)
    y = (frame["verbatim"] == "late").to_numpy(dtype=float)[talks]
    assert late["estimate"] == pytest.approx(np.average(y, weights=model.weights))
    se, _ = design_se(ipw_influence(y, model), design(3000))
    assert late["std_error"] == pytest.approx(se, rel=1e-6)
    assert found.cells["n"].sum() == 3000
    assert np.ptp(found.cells["share_said"] * found.cells["weight"]) < 1e-12


def test_one_cell_changes_nothing_and_says_so():
    frame, _, _, _ = asked(np.random.default_rng(5), 60)
    frame["score"], frame["plan"] = 10, "a"
    found, late = everybody(frame)
    assert late["effect_size"] == pytest.approx(0)
    assert late["estimate"] == pytest.approx(row(shares(frame))["estimate"])
    assert found.text.startswith("All respondents are one cell: nothing is")


def test_small_cells_are_merged_and_blank_scores_kept():
    frame, _, _, _ = asked(np.random.default_rng(6), 2000)
    frame.loc[:199, "score"] = np.nan
    frame["plan"] = np.where(np.arange(2000) % 500 == 0, "rare", frame["plan"])
    found, _ = everybody(frame)
    assert (found.cells["n_said"] >= 10).all()
    assert not found.cells["cell"].str.contains("rare").any()
    assert found.cells["cell"].str.startswith("no score").any()
    assert found.cells["n"].sum() == 2000


def test_reweighted_text_and_reason():
    frame, _, _, _ = asked(np.random.default_rng(7), 6000)
    found, late = everybody(frame)
    assert late["effect_size"] < 0
    assert " say something in “detractor, a”, " in found.text
    assert "Late would be in " in found.text
    assert found.findings[0].n == 6000
    none, *_ = [voc.reweighted(frame, voc.code(frame, BOOK), scale="")]
    assert none.text == (
        "Not computed: neither a score nor a segment tells who stays silent."
    )
    assert none.findings == ()
    with pytest.raises(DataError, match="column 'plam' is not in responses"):
        everybody(frame, by="plam")


def test_one_wave_has_nothing_before_it():
    found = shares(told(np.arange(60) < 20, wave="W1"), by="wave", against="previous")
    assert found.text == "No wave has one before it to be compared with."
    assert found.findings == ()


def test_influence_is_what_a_row_moves_the_estimate_by():
    """Against the numerical derivative in every row's weight, cells re-estimated."""
    rng = np.random.default_rng(9)
    codes, spoke = rng.integers(0, 3, 60), rng.random(60) < 0.6
    w, y = rng.uniform(0.5, 2, 60), rng.random(60)

    def cells(weights):
        return Cells(codes=codes, answered=spoke, plan=design(60, weights=weights))

    g = cells(w).weights
    point = g @ y[spoke]
    found = cells(w).influence(g * (y[spoke] - point))
    for i in range(60):
        more = w.copy()
        more[i] *= 1 + 1e-6
        moved = (cells(more).weights @ y[spoke] - point) / 1e-6
        assert found[i] == pytest.approx(moved, abs=1e-6)


def test_a_cell_in_which_nobody_answered_stops():
    cells = Cells(codes=np.array([0, 0, 1]), plan=design(3),
                  answered=np.array([True, True, False]))  # fmt: skip
    with pytest.raises(DataError, match="nobody answered in 1 of 2 cells"):
        _ = cells.weights


@pytest.mark.slow
def test_reweighted_covers_everybody():
    rng = np.random.default_rng(8)
    _, _, true, talks = asked(rng, 1_000_000)
    truth, tilt = true.mean(), true.mean() - true[talks].mean()
    assert tilt < -0.04
    inside, gaps, plain = [], [], []
    for _ in range(300):
        frame, given, *_ = asked(rng, 1200, 200)
        late = everybody(frame, codings=given)[1]
        inside.append(late["ci_lower"] <= truth <= late["ci_upper"])
        low, high = late["effect_size_ci_lower"], late["effect_size_ci_upper"]
        gaps.append(low <= tilt <= high)
        plain.append(row(shares(frame, codings=given))["ci_lower"] <= truth)
    assert 0.92 <= np.mean(inside) <= 0.98
    assert 0.91 <= np.mean(gaps) <= 0.98
    assert np.mean(plain) < 0.8


CASES = {
    "good machine": (2000, 300, 0.1, 0.95, 0.99, ""),
    "bad machine": (2000, 300, 0.1, 0.5, 0.7, ""),
    "no signal": (2000, 300, 0.2, 0.5, 0.5, ""),
    "rare code": (3000, 300, 0.03, 0.9, 0.99, ""),
    "clustered": (2000, 300, 0.2, 0.9, 0.95, "cluster"),
    "weighted": (2000, 300, 0.2, 0.9, 0.95, "weights"),
    "drawn unequally": (2000, 300, 0.2, 0.9, 0.95, "inclusion"),
}


def read_by(rng, n, n_hand, share, sensitivity, specificity, kind):
    """One code read by machine and people; accounts of 4 share a leaning."""
    lean = rng.normal(0, 1, n // 4)[np.arange(n) // 4] if kind == "cluster" else 0.0
    truth = rng.random(n) < expit(_START[kind, share] + lean)
    seen = np.where(truth, rng.random(n) < sensitivity, rng.random(n) > specificity)
    chance = np.full(n, n_hand / n)
    if kind == "inclusion":
        chance *= np.where(truth | (rng.random(n) < 0.5), 1.5, 0.5)
    given = np.where(rng.random(n) < chance, truth, np.nan)
    plan = design(
        n,
        cluster=np.arange(n) // 4 if kind == "cluster" else None,
        weights=rng.choice([0.5, 2.0], n) if kind == "weights" else None,
    )
    drawn = chance if kind == "inclusion" else None
    segment = rng.random(n) < 0.4
    return Readings(seen.astype(bool), given, plan, 0.95, drawn), segment


def start(kind, share):
    """Log odds whose mean share over the leanings is the planted one."""
    lean = np.random.default_rng(1).normal(0, 1, 100_000) if kind == "cluster" else 0.0
    ends = [-8.0, 8.0]
    for _ in range(40):
        middle = sum(ends) / 2
        ends[int(np.mean(expit(middle + lean)) > share)] = middle
    return ends[0]


_START = {(case[-1], case[2]): start(case[-1], case[2]) for case in CASES.values()}


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_corrected_shares_and_gaps_keep_their_promise(name):
    """Nominal 95 %; narrower than people alone if good, no wider if bad."""
    case, rng = CASES[name], np.random.default_rng(5)
    n, share = case[0], case[2]
    everyone = np.ones(n, dtype=bool)
    inside, alarms, width, alone = [], [], [], []
    for _ in range(300):
        read, segment = read_by(rng, *case)
        best = share_of(read, everyone, 10).best
        inside.append(best.ci_lower <= share <= best.ci_upper)
        width.append(best.ci_upper - best.ci_lower)
        blind = Readings(everyone & False, read.hand, read.plan, 0.95, read.inclusion)
        people = share_of(blind, everyone, 10).best
        alone.append(people.ci_upper - people.ci_lower)
        a, b = (share_of(read, rows, 10) for rows in (segment, ~segment))
        alarms.append(gap_of(a, b, read.plan)["pvalue"] < 0.05)
    assert np.mean(inside) >= 0.92
    assert np.mean(alarms) <= 0.085
    assert np.mean(width) <= 1.01 * np.mean(alone)
    if name in {"good machine", "clustered", "weighted"}:
        assert np.mean(width) <= 0.75 * np.mean(alone)
