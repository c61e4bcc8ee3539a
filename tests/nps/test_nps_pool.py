"""Partial pooling: outside numbers, properties, coverage, ranks, suppression."""

from __future__ import annotations

import time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from cxlib import nps, plots
from cxlib.errors import ArgumentError
from cxlib.estimate import adjust, design, estimate
from cxlib.estimate.against_rest import against_rest
from cxlib.estimate.domains import domains
from cxlib.estimate.pooling import pool, ranks

EFFECTS, ERRORS = [28, 8, -3, 7, -1, 1, 18, 12], [15, 10, 16, 11, 9, 11, 10, 18]


@pytest.fixture
def stores():
    draw = np.random.default_rng(1)
    store = draw.integers(0, 20, 900)
    lean = draw.normal(0, 0.4, 20)[store]
    score = np.clip(np.round(8 + lean + draw.normal(0, 2, 900)), 0, 10)
    return pd.DataFrame(
        {
            "score": score, "store": [f"s{i:02d}" for i in store],
            "weight": draw.uniform(0.5, 2, 900), "account": draw.integers(0, 300, 900),
            "region": draw.choice(["n", "s"], 900),
        }
    )  # fmt: skip


def test_random_intercepts_equal_lme4(oracle, shared):
    """Oracle 24: with R's variance components, shrunken subjects are its BLUPs."""
    case = oracle("nps_roi.json", "24_mixed_model_partial_pooling")["expected"]
    rows = pd.read_csv(shared("oracles/data/sleepstudy.csv"))
    each = rows.groupby("Subject")["Reaction"].agg(["mean", "size"])
    v = case["ri_var_resid"] / each["size"]
    tau = case["ri_var_subject"] ** 0.5
    found = pool(each["mean"], v, scale=np.inf, tau=tau)
    blup = pd.Series(found.estimate - found.mean, each.index.astype(str))
    for subject, value in case["ri_blup"].items():
        assert blup[subject] == pytest.approx(value, rel=1e-6)
    middle = case["ri_fixed"]["(Intercept)"] + 4.5 * case["ri_fixed"]["Days"]
    assert found.mean == pytest.approx(middle, rel=1e-9)
    flat = pool(each["mean"], v, scale=np.inf)
    step = flat.tau_grid[1] - flat.tau_grid[0]
    mode = flat.tau_grid[flat.tau_mass.argmax()]
    assert mode == pytest.approx(tau, abs=step)


def test_eight_schools_as_in_the_textbook():
    """Gelman et al., Bayesian Data Analysis, table 5.3 (200 draws): medians, ends."""
    found = pool(EFFECTS, np.square(ERRORS), scale=np.inf)
    assert found.estimate.round().tolist() == [11, 8, 6, 8, 5, 6, 11, 8]
    book = {0: (-2, 31), 1: (-5, 23), 2: (-11, 19), 4: (-9, 18), 6: (-1, 26)}
    for school, ends in book.items():
        mine = (found.ci_lower[school], found.ci_upper[school])
        assert mine == pytest.approx(ends, abs=3)


def test_quadrature_agrees_with_plain_draws():
    found = pool(EFFECTS, np.square(ERRORS), scale=10)
    draw = np.random.default_rng(0)
    v = np.square(ERRORS)
    tau = draw.choice(found.tau_grid, 200_000, p=found.tau_mass)[:, None]
    w = 1 / (v + tau**2)
    mu = (w * EFFECTS).sum(axis=1) / w.sum(axis=1)
    mu = draw.normal(mu, w.sum(axis=1) ** -0.5)[:, None]
    own = tau**2 / (v + tau**2)
    theta = draw.normal(mu + own * (EFFECTS - mu), np.sqrt(own * v))
    low, high = np.quantile(theta, [0.025, 0.975], axis=0)
    assert found.ci_lower == pytest.approx(low, abs=0.3)
    assert found.ci_upper == pytest.approx(high, abs=0.3)
    assert found.std_error == pytest.approx(theta.std(axis=0), abs=0.1)


def test_effective_sizes_equal_those_of_one_domain_at_a_time(stores):
    values = np.sign(np.where(stores["score"] >= 9, 1, -1.0 * (stores["score"] <= 6)))
    codes = pd.factorize(stores["store"], sort=True)[0]
    for parts in (
        {}, {"weights": stores["weight"]}, {"cluster": stores["account"]},
        {
            "weights": stores["weight"], "cluster": stores["account"],
            "strata": stores["region"],
        },
    ):  # fmt: skip
        plan = design(900, **parts)
        each = domains(values, codes, plan)
        for i in (0, 7, 19):
            one = estimate(values, "net", plan=plan, domain=codes == i)
            assert each.mean[i] == pytest.approx(one.estimate)
            assert each.n_eff[i] == pytest.approx(one.n_eff)


def test_unanimous_small_segment_is_pulled_and_has_width():
    frame = pd.DataFrame(
        {
            "score": [10] * 12 + [10, 8, 3] * 60 + [10, 10, 3] * 40,
            "store": ["tiny"] * 12 + ["b"] * 90 + ["c"] * 90 + ["d"] * 120,
        }
    )
    row = nps.pool(frame, "store").table.set_index("segment").loc["tiny"]
    assert row["raw"] == 100
    assert row["estimate"] < 90
    assert row["ci_upper"] - row["ci_lower"] > 20
    assert row["ci_upper"] <= 100


def test_order_of_rows_and_scale_of_weights_do_not_matter(stores):
    one = nps.pool(stores, "store", weights="weight").table
    shuffled = stores.sample(frac=1, random_state=3).assign(
        weight=lambda t: 7 * t["weight"]
    )
    other = nps.pool(shuffled, "store", weights="weight").table
    pd.testing.assert_frame_equal(one, other, rtol=1e-7)


def test_sign_flip_mirrors_scores_and_ranks(stores):
    one = pool(EFFECTS, np.square(ERRORS), scale=10)
    other = pool(-np.array(EFFECTS), np.square(ERRORS), scale=10)
    assert other.estimate == pytest.approx(-one.estimate)
    assert other.ci_lower == pytest.approx(-one.ci_upper, abs=1e-4)


def test_clear_winner_is_best_and_equal_segments_cannot_be_ranked():
    y = np.r_[np.zeros(7), 3.0]
    found = ranks(y, np.full(8, 0.01), pool(y, np.full(8, 0.01), scale=0.5))
    assert found.p_best[-1] == 1
    assert (found.lower[-1], found.upper[-1]) == (1, 1)
    assert found.p_best.sum() == pytest.approx(1)
    assert found.p_top.sum() == pytest.approx(2)
    frame = pd.DataFrame({"score": [10, 8, 3] * 80, "store": list("abcdefgh") * 30})
    table = nps.pool(frame, "store").table
    assert (table["place"] == "cannot be ranked").all()


def test_small_segments_are_hidden_with_another(stores):
    few = pd.concat([stores, stores.head(4).assign(store="rare")], ignore_index=True)
    found = nps.pool(few, "store")
    hidden = found.table[found.table["estimate"].isna()]
    assert "rare" in set(hidden["segment"])
    assert len(hidden) == 2
    numbers = hidden.drop(columns=["segment", "place", "status"])
    assert numbers.isna().all(axis=None)
    assert "rare" not in found.text
    axes = plots.league_table(found.table)
    assert "rare" not in [t.get_text() for t in axes.get_yticklabels()]
    plt.close(axes.figure)


def test_text_and_finding_repeat_the_table(stores):
    found = nps.pool(stores, ["store"], weights="weight", cluster="account")
    assert f"{found.tau:.1f} points" in found.text
    assert found.table["segment"].iloc[0] in found.text
    assert "cannot be ranked" in found.text
    assert found.findings[0].estimate == found.tau
    assert "rank" in found._repr_html_()


def test_says_why_there_is_nothing(stores):
    assert nps.pool(stores, "").text == (
        "No segment column was given, so segments are not pooled."
    )
    assert nps.pool(stores, "region").text == (
        "region has 2 values; pooling needs at least 3 segments."
    )
    with pytest.raises(ArgumentError, match=r"`sure` is 1\.2"):
        nps.pool(stores, "store", sure=1.2)
    with pytest.raises(ArgumentError, match="at least 3"):
        pool([1, 2], [1, 1], scale=1)


def test_other_scales_keep_their_unit():
    draw = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"score": draw.integers(1, 6, 300), "store": draw.choice(list("abcd"), 300)}
    )
    share = nps.pool(frame, "store", scale="csat")
    mean = nps.pool(frame, "store", scale="csat_mean")
    assert share.table["estimate"].between(0, 1).all()
    assert mean.table["estimate"].between(1, 5).all()
    assert "percentage points" in share.text


def test_counts_against_the_rest_equal_by_segment():
    counts = np.array([[9, 11, 20], [30, 20, 40], [5, 5, 30]])
    frame = pd.concat(
        [
            pd.DataFrame({"score": np.repeat([3, 8, 10], c), "store": name})
            for name, c in zip("abc", counts, strict=True)
        ]
    )
    table = nps.by_segment(frame, "store").table.sort_values("segment")
    found = against_rest(counts)
    assert found.pvalue == pytest.approx(table["pvalue"].to_numpy())
    assert 100 * found.ci_lower == pytest.approx(
        table["effect_size_ci_lower"].to_numpy()
    )


def test_five_thousand_segments_take_well_under_a_second():
    draw = np.random.default_rng(0)
    v = draw.uniform(0.01, 0.2, 5000)
    y = 0.2 * draw.normal(size=5000) + np.sqrt(v) * draw.normal(size=5000)
    start = time.process_time()
    found = pool(y, v, scale=0.25)
    assert time.process_time() - start < 2
    assert found.tau == pytest.approx(0.2, abs=0.02)


BASES = {"middle": (-0.4, 0.2), "ceiling": (-1.2, -0.6), "far ceiling": (-1.5, -1.0)}


@pytest.mark.slow
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("spread", [0.0, 0.15, 0.4])
@pytest.mark.parametrize("sizes", [(8, 5, 40), (30, 3, 20), (30, 10, 100)])
def test_pooled_intervals_cover(base, spread, sizes):
    """Answers from a latent normal scale; 200 surveys of k segments."""
    (low, high), (k, least, most) = BASES[base], sizes
    draw = np.random.default_rng(5)
    hits, pooled, raw = [], [], []
    for _ in range(200):
        lean = draw.normal(0, spread, k)
        bottom, top = norm.cdf(low - lean), norm.sf(high - lean)
        n = draw.integers(least, most + 1, k)
        codes = np.repeat(np.arange(k), n)
        u = draw.random(len(codes))
        values = 1.0 * (u > 1 - top[codes]) - (u < bottom[codes])
        each = domains(values, codes, design(len(codes)))
        found = pool(each.mean, each.variance, scale=0.25)
        truth = top - bottom
        hits.append(((found.ci_lower <= truth) & (truth <= found.ci_upper)).mean())
        pooled.append(np.square(found.estimate - truth).mean())
        raw.append(np.square(each.mean - truth).mean())
    assert np.mean(hits) >= 0.92
    assert np.mean(pooled) < np.mean(raw)


@pytest.mark.slow
@pytest.mark.parametrize("p", [(0.15, 0.2, 0.65), (0.3, 0.3, 0.4), (0.05, 0.15, 0.8)])
def test_family_wise_error_of_twelve_equal_segments(p):
    """20,000 surveys; Holm on adjusted Wald, each segment against the rest."""
    draw = np.random.default_rng(2)
    sizes = [15, 20, 25, 30, 40, 50, 60, 80, 100, 150, 200, 230]
    counts = np.stack([draw.multinomial(n, p, 20_000) for n in sizes], axis=1)
    raw = against_rest(counts).pvalue
    alarms = np.mean([(adjust(row, "holm") < 0.05).any() for row in raw])
    assert alarms <= 0.07
