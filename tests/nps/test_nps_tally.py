"""Counts give the numbers of the rows, whatever frame holds them."""

from __future__ import annotations

import time

import duckdb
import numpy as np
import pandas as pd
import pytest

from cxlib import nps
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import design, estimate
from cxlib.estimate.contrast import contrast
from cxlib.estimate.partition import partition

SHARED = ["n", "estimate", "std_error", "ci_lower", "ci_upper", "n_eff"]
GAPS = ["rest", "effect_size", "effect_size_ci_lower", "effect_size_ci_upper"]
TESTS = ["statistic", "df", "pvalue", "pvalue_adj", "share_of_answers"]
NAMES = [*SHARED, *GAPS, *TESTS]


def survey(n: int = 3000, seed: int = 5) -> pd.DataFrame:
    draw = np.random.default_rng(seed)
    score = draw.choice(12, n).astype(float)
    score[draw.random(n) < 0.05] = np.nan
    return pd.DataFrame(
        {
            "score": score, "plan": draw.choice([*"abcd", None], n),
            "wave": draw.choice(["W1", "W2", "W10"], n), "w": draw.uniform(0.2, 3, n),
            "account": draw.integers(0, 300, n), "region": draw.integers(0, 6, n),
        }
    )  # fmt: skip


def sorted_by(table: pd.DataFrame, key: str) -> pd.DataFrame:
    return table.sort_values(key, kind="stable").reset_index(drop=True)


@pytest.mark.parametrize("weights", [None, "w"])
@pytest.mark.parametrize("scale", ["nps", "csat", "csat_mean", "ces"])
def test_numbers_are_those_of_the_rows(weights, scale):
    frame = survey()
    counts = nps.tally(frame, "plan", scale=scale, weights=weights)
    ours = sorted_by(nps.from_counts(counts).table, "plan")
    rows = nps.by_segment(frame, "plan", scale=scale, weights=weights).table
    theirs = sorted_by(rows, "segment")
    assert ours["plan"].tolist() == theirs["segment"].tolist()
    pd.testing.assert_frame_equal(ours[NAMES], theirs[NAMES], rtol=1e-9, atol=1e-9)
    whole = nps.score(frame, scale=scale, weights=weights).overall
    overall = nps.from_counts(counts).overall
    for name in ("n", "estimate", "std_error", "ci_lower", "ci_upper", "n_eff"):
        assert getattr(overall, name) == pytest.approx(getattr(whole, name), abs=1e-9)


@pytest.mark.parametrize("weights", [None, "w"])
def test_waves_change_as_the_rows_do(weights):
    frame = survey().dropna(subset=["score", "plan"]).query("score <= 10")
    frame = frame.reset_index(drop=True)
    counts = nps.tally(frame, ["plan", "wave"], weights=weights)
    table = nps.from_counts(counts, wave="wave").table.set_index(["plan", "wave"])
    y = np.select([frame["score"] >= 9, frame["score"] <= 6], [1, -1], 0)
    plan = design(len(frame), weights=frame[weights] if weights else None)
    own = (frame["plan"] == "b").to_numpy()
    late, early = (own & (frame["wave"] == w).to_numpy() for w in ("W10", "W2"))
    rows = contrast(y, "net", a=early, b=late, plan=plan)
    found = table.loc[("b", "W10")]
    assert found["change"] == pytest.approx(100 * rows.estimate, abs=1e-9)
    assert found["change_ci_upper"] == pytest.approx(100 * rows.ci_upper, abs=1e-9)
    assert found["change_pvalue"] == pytest.approx(rows.pvalue, abs=1e-9)
    others = ~own & (frame["wave"] == "W10").to_numpy()
    rest = contrast(y, "net", a=others, b=late, plan=plan)
    assert found["effect_size_ci_lower"] == pytest.approx(100 * rest.ci_lower, abs=1e-9)
    assert pd.isna(table.loc[("b", "W1"), "change"])


def test_any_frame_gives_the_same_counts():
    import narwhals as nw
    import pyarrow as pa

    frame = survey(500)
    arrow = pa.Table.from_pandas(frame, preserve_index=False)
    relation = duckdb.connect().from_arrow(arrow)
    lazy = nw.from_native(arrow).lazy("duckdb")
    first = nps.tally(frame, ["plan", "wave"], weights="w")
    for other in (arrow, relation, lazy):
        again = nps.tally(other, ["plan", "wave"], weights="w")
        pd.testing.assert_frame_equal(first.cells, again.cells)
        for name in ("n", "weight", "weight2"):
            np.testing.assert_allclose(
                getattr(first.levels, name), getattr(again.levels, name), rtol=1e-12
            )
        assert first.text == again.text


def test_text_answers_and_numbers_count_alike():
    frame = pd.DataFrame({"score": ["10", " ", "3", "9", "x", None], "g": [*"aabbab"]})
    found = nps.tally(frame, "g")
    assert found.text == (
        "3 valid answers in 2 cells of g; 6 asked, 2 blank, 1 invalid."
    )


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, None])
def test_bad_weights_stop(bad):
    frame = pd.DataFrame({"score": [10, 9, 3, 2], "g": [*"aabb"], "w": [1, 1, 1, bad]})
    with pytest.raises(DataError, match="1 of 4 groups of answers hold weights"):
        nps.tally(frame, "g", weights="w")
    assert nps.tally(frame.assign(score=[10, 9, 3, 99]), "g", weights="w")


def test_errors_are_worded():
    frame = survey(100)
    with pytest.raises(DataError, match="column 'plam' is not in responses; did you"):
        nps.tally(frame, "plam")
    with pytest.raises(DataError, match="has 0 valid answers on the scale 0-10"):
        nps.tally(frame.assign(score=99), "plan")
    with pytest.raises(ArgumentError, match="`wave` is 'plum'; use one of 'plan'"):
        nps.from_counts(nps.tally(frame, "plan"), wave="plum")


def test_small_cells_stay_hidden_in_table_and_change():
    frame = pd.DataFrame(
        {
            "score": [10, 3] * 100 + [9] * 4, "plan": ["a", "b"] * 100 + ["c"] * 4,
            "wave": ([1] * 100 + [2] * 100) + [1] * 4,
        }
    )  # fmt: skip
    found = nps.from_counts(nps.tally(frame, ["plan", "wave"]), wave="wave")
    hidden = found.table["status"].str.startswith("hidden")
    assert hidden.sum() == 2
    numbers = found.table.loc[hidden].drop(columns=["plan", "wave", "status"])
    assert numbers.isna().all(axis=None)
    after = found.table.query("plan == 'a' and wave == '2'").iloc[0]
    before = found.table.query("plan == 'a' and wave == '1'").iloc[0]
    assert pd.isna(after["change"]) == pd.isna(before["estimate"])
    assert "2 cells hidden (too few answers)." in found.text
    assert "c" not in found.differing["plan"].tolist()


def test_without_segments_there_is_one_cell():
    found = nps.from_counts(nps.tally(survey(200), ""))
    assert found.text == "Fewer than two cells can be shown and compared."
    assert found.overall.n == found.table["n"].sum()


def test_draws_agree_with_the_analytic_interval_and_are_quick():
    frame = survey(20_000, seed=8)
    counts = nps.tally(frame, ["plan", "wave", "region"], weights="w")
    start = time.process_time()
    table = nps.from_counts(counts, n_draws=2000, rng=1).table
    assert time.process_time() - start < 3
    width = (table["ci_upper"] - table["ci_lower"]).median()
    assert (table["draw_ci_lower"] - table["ci_lower"]).abs().max() < 0.15 * width
    assert "clusters and strata are not in counts" in nps.from_counts(counts).method


DESIGNS = [
    {"weights": True}, {"cluster": True}, {"strata": True},
    {"weights": True, "cluster": True, "strata": True},
    {"weights": True, "strata": True, "fpc": True},
    {},
]  # fmt: skip


@pytest.mark.parametrize("parts", DESIGNS, ids=lambda p: "+".join(p) or "simple")
@pytest.mark.parametrize("kind", ["net", "share", "mean"])
@pytest.mark.parametrize("method", ["adjusted", "t", "wald"])
def test_a_partition_is_every_domain_one_by_one(parts, kind, method):
    draw = np.random.default_rng(2)
    n = 240
    codes = draw.choice([-1, 0, 1, 2, 3], n)
    y = {
        "net": draw.choice([-1.0, 0, 1], n), "share": draw.choice([0.0, 1], n),
        "mean": draw.normal(7, 2, n),
    }[kind]  # fmt: skip
    y[codes == 3] = y[codes == 3][0]
    strata = np.repeat([0, 1, 2], n // 3)
    plan = design(
        n, weights=draw.uniform(0.5, 2, n) if parts.get("weights") else None,
        cluster=strata * 30 + draw.integers(0, 30, n) if parts.get("cluster") else None,
        strata=strata if parts.get("strata") else None,
        fpc=np.full(n, 500.0) if parts.get("fpc") else None,
    )  # fmt: skip
    found = partition(y, kind, codes=codes, k=4, plan=plan, method=method)
    gap, step = found.against_rest(), found.between([0], [1])
    for i in range(3):
        rows = codes == i
        own = contrast(y, kind, a=~rows, b=rows, plan=plan, method=method)
        for name in ("estimate", "std_error", "ci_lower", "ci_upper", "df", "pvalue"):
            assert gap[name][i] == pytest.approx(getattr(own, name), rel=1e-8, abs=1e-9)
    pair = contrast(y, kind, a=codes == 0, b=codes == 1, plan=plan, method=method)
    assert step["ci_lower"][0] == pytest.approx(pair.ci_lower, rel=1e-8, abs=1e-9)
    if method == "adjusted":
        for i in range(3):
            one = estimate(
                y[codes == i] if plan.simple else y, kind,
                plan=None if plan.simple else plan,
                domain=None if plan.simple else codes == i,
            )  # fmt: skip
            for name in ("n", "estimate", "std_error", "ci_lower", "ci_upper", "n_eff"):
                ours = getattr(found.cells, name)[i]
                assert ours == pytest.approx(getattr(one, name), rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(
    "design_of", [{}, {"weights": "w"}, {"weights": "w", "cluster": "account"}]
)
def test_fifty_segments_of_100_000_answers_take_moments(design_of):
    frame = survey(100_000).assign(cell=lambda d: d["account"] % 50)
    start = time.process_time()
    nps.by_segment(frame, "cell", **design_of)
    assert time.process_time() - start < 2
