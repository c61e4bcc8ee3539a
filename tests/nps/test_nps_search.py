"""Segment search: R's test and split, an honest half, false findings, words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import nps
from cxlib.errors import ArgumentError
from cxlib.estimate.association import association, best_split, sidak


@pytest.fixture
def planted():
    draw = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "plan": draw.choice(["basic", "plus", "pro"], 1200),
            "region": draw.choice(list("abcde"), 1200),
            "age": draw.integers(18, 80, 1200),
            "account": draw.integers(0, 500, 1200),
            "weight": draw.uniform(0.5, 2, 1200),
        }
    )
    lift = (frame["plan"] == "basic") * (1 + 4 * (frame["region"] == "a"))
    frame["score"] = np.clip(draw.integers(4, 11, 1200) - lift, 0, 10)
    return frame


def test_root_split_equals_partykit(oracle, shared):
    case = oracle("nps_roi.json", "14_segment_discovery_ctree_root")
    rows = pd.read_csv(shared("oracles/data/housing.csv"))
    y = rows["Sat"].map({"Low": -1, "Medium": 0, "High": 1})
    tests, expected = {}, case["expected"]
    for name in case["inputs"]["candidates"]:
        codes = pd.factorize(rows[name], sort=True)[0]
        tests[name] = association(codes, y, nominal=True, weights=rows["Freq"])
        assert tests[name].statistic == pytest.approx(
            expected["statistic"][name], rel=1e-8
        )
        assert tests[name].df == expected["df"][name]
        assert tests[name].pvalue == pytest.approx(expected["p"][name], rel=1e-8)
    best = sidak([test.pvalue for test in tests.values()])
    assert best == pytest.approx(list(expected["p_bonferroni"].values()), rel=1e-8)
    chosen = min(tests, key=lambda name: tests[name].pvalue)
    assert chosen == expected["chosen"]
    codes, names = pd.factorize(rows[chosen], sort=True)
    side = best_split(codes, y, nominal=True, weights=rows["Freq"])
    assert (
        f"Infl %in% c({', '.join(f'{chr(34)}{n}{chr(34)}' for n in names[side])})"
        in (expected["split"])
    )


def test_search_uses_that_test_on_its_half_only(planted):
    found = nps.find_segments(planted, ["plan", "region"], rng=4)
    tests = found.searched[found.searched["node"] == "all"]
    assert tests["n"].tolist() == [found.n_searched] * 2
    assert found.n_searched + found.n_estimated == len(planted)
    assert tests["pvalue_adj"].to_numpy() == pytest.approx(sidak(tests["pvalue"]))
    row = found.table.iloc[0]
    assert row["n"] + row["n_against"] == found.n_estimated


def test_finds_the_planted_segment_and_the_one_inside_it(planted):
    columns = ["plan", "region", "age"]
    found = nps.find_segments(planted, columns, max_depth=2)
    names = found.confirmed["segment"].tolist()
    assert names[0] == "plan: basic"
    assert "plan: basic, region: a" in names
    assert found.leaves["n"].sum() == found.n_estimated
    assert "3 columns (plan, region and age) searched in one half" in found.text
    assert f"other half (n = {found.n_estimated:,})" in found.text
    assert found.findings[0].estimate == found.table["effect_size"].iloc[0]
    assert "in the half searched" in found._repr_html_()


def test_clusters_stay_in_one_half_and_seed_decides(planted):
    args = {"weights": "weight", "cluster": "account"}
    one = nps.find_segments(planted, ["plan"], rng=3, **args)
    again = nps.find_segments(planted, ["plan"], rng=3, **args)
    pd.testing.assert_frame_equal(one.table, again.table)
    assert one.confirmed["segment"].tolist() == ["plan: basic"]


def test_numbers_are_banded_and_split_between_neighbours():
    draw = np.random.default_rng(0)
    age = draw.integers(18, 80, 800).astype(float)
    age[:20] = np.nan
    score = np.where(age > 45, 10, 3)
    found = nps.find_segments(pd.DataFrame({"score": score, "age": age}), ["age"])
    assert found.table["segment"].iloc[0].startswith("age: up to ")


def test_says_why_there_is_nothing(planted):
    assert nps.find_segments(planted, []).text == (
        "No columns were given, so no segment was searched for."
    )
    few = nps.find_segments(planted.head(60), ["plan"])
    assert few.text.startswith("60 answers are too few")
    flat = nps.find_segments(planted.assign(one="x"), ["one"])
    assert flat.text.startswith("1 column (one) searched: none splits")
    with pytest.raises(ArgumentError, match="the score itself"):
        nps.find_segments(planted, ["score"])
    with pytest.raises(ArgumentError, match="`max_depth` is 3"):
        nps.find_segments(planted, ["plan"], max_depth=3)


@pytest.mark.slow
def test_false_findings_on_noise_stay_at_five_percent():
    """Eight columns of noise: .05 when honest, about .36 on the answers searched."""
    draw = np.random.default_rng(0)
    columns, honest, naive, runs = list("abcdefgh"), 0, 0, 500
    for seed in range(runs):
        frame = pd.DataFrame(draw.integers(0, 2, (600, 8)), columns=columns)
        frame["score"] = draw.choice([3, 8, 10], 600)
        found = nps.find_segments(frame, columns, rng=seed)
        honest += len(found.confirmed)
        naive += found.searched["pvalue"].min() < 0.05
    assert honest / runs == pytest.approx(0.05, abs=3 * (0.05 * 0.95 / runs) ** 0.5)
    assert naive / runs == pytest.approx(0.36, abs=0.08)
