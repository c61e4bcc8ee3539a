"""One test over customers: right by hand, valid under no effect, finds the step."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.spatial.distance import jensenshannon

from cxlib import data, journeys, simulate
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import permutation
from cxlib.estimate.permutation import collapse, jensen_shannon, max_t
from cxlib.journeys.flows._moves import Moves, between, moves
from cxlib.journeys.flows._walk import walk
from cxlib.simulate.experiment import STEPS
from tests.journeys.test_sample_and_real import ROOT
from tests.journeys.test_transitions import walks

NAMES = {
    "variant": "variant", "user": "user_id", "journey": None,
    "touchpoint": "touchpoint", "time": "occurred_at",
}  # fmt: skip


def planted(seed, n, lift, **options):
    users = simulate.users(n, rng=seed, lift=lift)
    events = simulate.events(users, rng=seed, lift=lift)
    return journeys.divergence(events, users=users, rng=seed, **options)


def patterns_of(rng, n=9, k=4):
    counts = rng.integers(0, 3, (n, k))
    treated = np.arange(n) < n // 2
    row, column = np.nonzero(counts)
    group = np.array([0, 0, 1, 1])
    found = collapse(row, column, counts[row, column], treated=treated, group=group)
    return found, counts, treated, group


def residual_z(counts, treated, group):
    """Each column's z under permutation, written out row by row."""
    n, m = len(treated), int(treated.sum())
    z = np.full(counts.shape[1], np.nan)
    for k in range(counts.shape[1]):
        base = counts[:, group == group[k]].sum(axis=1)
        residual = counts[:, k] - counts[:, k].sum() / base.sum() * base
        variance = m * (n - m) / n * residual.var(ddof=1)
        if variance > 1e-9:
            z[k] = residual[treated].sum() / np.sqrt(variance)
    return z


def test_statistic_is_the_permutation_z_of_the_residuals(rng):
    found, counts, treated, group = patterns_of(rng)
    ours = max_t(found, n_resamples=1, rng=0).z
    assert ours == pytest.approx(residual_z(counts, treated, group))


def test_pvalues_agree_with_every_permutation_there_is(rng):
    found, counts, treated, group = patterns_of(rng)
    seen = np.abs(residual_z(counts, treated, group))
    n, m = len(treated), int(treated.sum())
    every = []
    for chosen in itertools.combinations(range(n), m):
        label = np.isin(np.arange(n), chosen)
        every.append(np.abs(residual_z(counts, label, group)))
    exact = (np.max(every, axis=1) >= seen.max() - 1e-9).mean()
    p = max_t(found, n_resamples=20_000, rng=1).pvalue
    assert p == pytest.approx(exact, abs=4 * np.sqrt(exact * (1 - exact) / 20_000))


def test_customers_are_collapsed_without_losing_any(rng):
    found, counts, treated, _ = patterns_of(rng, n=200)
    distinct = len(np.unique(counts, axis=0))
    assert len(found.control) == distinct
    assert found.treatment.sum() == treated.sum()
    whole = found.counts.T @ (found.control + found.treatment)
    assert whole.tolist() == counts.sum(axis=0).tolist()


def test_common_patterns_are_drawn_hypergeometrically(rng):
    sizes = np.array([300, 60, 3, 1])
    drawn = np.concatenate(list(permutation._draws(sizes, 90, 20_000, rng)))
    assert set(drawn.sum(axis=1)) == {90.0}
    for i, size in enumerate(sizes):
        law = stats.hypergeom(sizes.sum(), size, 90)
        assert drawn[:, i].mean() == pytest.approx(law.mean(), rel=0.02, abs=0.01)
        assert drawn[:, i].var() == pytest.approx(law.var(), rel=0.06)


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=8
    ).filter(lambda rows: all(sum(side) > 0 for side in zip(*rows, strict=True)))
)
def test_distance_is_scipys_and_has_its_bounds(rows):
    p, q = (np.array(side, dtype=float) / sum(side) for side in zip(*rows, strict=True))
    ours = float(jensen_shannon(p, q))
    assert 0 <= ours <= 1 + 1e-12
    assert ours == pytest.approx(float(jensenshannon(p, q, base=2)), abs=1e-7)
    assert float(jensen_shannon(q, p)) == pytest.approx(ours)


def test_planted_step_is_named():
    found = planted(1, 6000, 0.12)
    test = found.tests.iloc[0]
    assert test["parts_at"] == "checkout"
    assert test["distance"] > test["distance_by_chance"]
    assert "differ from those of control by more than chance allows" in found.text
    assert "They part at 'checkout': " in found.text
    assert found.advice == (
        "Look first at 'checkout', where the journeys of treatment part."
    )
    (finding,) = found.findings
    assert finding.unit == "share_points"
    assert finding.statement.startswith("At 'checkout', ")
    assert "checkout → " in found._repr_html_()


def test_nothing_is_named_where_nothing_differs():
    found = planted(2, 1500, 0.0)
    assert found.findings == ()
    assert found.text.endswith(": no step is named.")
    assert "do not differ" in found.advice
    assert not found.table["parts_here"].any()


def test_users_without_events_part_at_the_start():
    shop = walks(np.random.default_rng(3), n=400)
    users = shop[["user_id", "variant"]].drop_duplicates()
    silent = users["user_id"].str.endswith(("1", "3")) & (users["variant"] == "t")
    kept = shop[~shop["user_id"].isin(users.loc[silent, "user_id"])]
    found = journeys.divergence(kept.drop(columns="variant"), users=users)
    start = found.moves.set_index(["from", "to"]).loc[("(start)", "(end)")]
    assert start["treatment"] == pytest.approx(silent.sum() / 200)
    assert found.tests["parts_at"].tolist() == ["(start)"]
    assert "They part at the start: nothing is done in " in found.text


def test_engines_and_row_order_agree(rng, engine):
    events = walks(rng, n=300, lift=0.3)
    plain = journeys.divergence(events, n_resamples=99)
    other = journeys.divergence(
        engine(events.sample(frac=1, random_state=1)), n_resamples=99
    )
    pd.testing.assert_frame_equal(plain.table, other.table)
    pd.testing.assert_frame_equal(plain.tests, other.tests)


def test_two_treatments_are_both_corrected(rng):
    events = walks(rng, n=900, lift=0.25)
    third = events["user_id"].str[-1].isin(list("05"))
    events = events.assign(variant=events["variant"].where(~third, "other"))
    found = journeys.divergence(events, n_resamples=199)
    adjusted = np.minimum(2 * found.tests["pvalue"], 1)
    assert found.tests["pvalue_adj"].tolist() == adjusted.tolist()
    assert found.tests["treatment_arm"].tolist() == ["other", "t"]
    assert found.text.count("The journeys of ") == 2


def test_errors_are_worded(rng):
    events = walks(rng, n=200)
    with pytest.raises(ArgumentError, match="`control` names the variant 'ctrl'; did"):
        journeys.divergence(events, control="ctrl")
    with pytest.raises(DataError, match="no touchpoint is left by 1,000 users of"):
        journeys.divergence(events, min_n=500, n_resamples=9)
    with pytest.raises(ArgumentError, match="`n_resamples` is 0; it must lie in"):
        journeys.divergence(events, n_resamples=0)
    with pytest.raises(ArgumentError, match="`steps` names the touchpoint 'hme'; did"):
        journeys.divergence(events, steps=["hme"])


def test_shop_differs_by_what_adds_up(shared):
    """Its pooled z of 3.403 is known; by permutation it is smaller by n / (n - 1)."""
    shared("data/simple_shop_ab/ab_test_demo.csv")
    path = ROOT / "tests" / "params" / "simple_shop" / "journey_paths.yaml"
    given_ = yaml.safe_load(path.read_text())
    log = data.read("events", given_["events"], root=ROOT)
    found = journeys.divergence(log.frame, steps=given_["steps"])
    paid = found.reached.set_index("touchpoint").loc["payment_done"]
    assert paid["statistic"] == pytest.approx(3.403 * np.sqrt(1126 / 1127), abs=5e-4)
    assert found.tests["reached_first"].tolist() == ["payment_choice"]
    assert "No single step carries it" in found.text


@pytest.mark.slow
def test_false_alarms_keep_to_their_level():
    """600 users, no effect, 500 relabellings: 5 % plus three binomial errors."""
    users = simulate.users(600, rng=5, lift=0)
    events = simulate.events(users, rng=5, lift=0)
    made, rng = moves(walk(events, users=users, **NAMES)), np.random.default_rng(0)
    pvalues = []
    for _ in range(500):
        arm = pd.Series(np.where(rng.random(600) < 0.5, "a", "b"))
        relabelled = Moves(made.entries, arm, made.kinds)
        found, _ = between(relabelled, "a", "b", min_n=30, rare=10)
        pvalues.append(max_t(found, n_resamples=99, rng=rng).pvalue)
    for level in (0.05, 0.2):
        bound = 3 * np.sqrt(level * (1 - level) / 500)
        assert np.mean(np.array(pvalues) <= level) == pytest.approx(level, abs=bound)


@pytest.mark.slow
def test_planted_step_is_found_in_nine_of_ten_runs():
    """3,000 users and a lift of .12: 98 % were found over 60 other seeds."""
    options = {"n_resamples": 199, "steps": STEPS}
    named = [
        planted(seed, 3000, 0.12, **options).tests["parts_at"].iloc[0]
        for seed in range(100, 125)
    ]
    assert np.mean([name == "checkout" for name in named]) >= 0.9
