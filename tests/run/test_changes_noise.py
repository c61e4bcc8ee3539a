"""The noise expected between two runs: hand-made cases, and its declared coverage."""

from __future__ import annotations

import json
import math
import stat

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from cxlib.run.changes.noise import Move, correlation, move, verdicts
from cxlib.run.changes.overlap import (
    APART,
    SIZE,
    UNKNOWN,
    Overlap,
    least,
    overlap,
    sketch,
    sketch_of,
    together,
)
from cxlib.run.provenance import sha256

KEY = "k" * 16
Z = float(stats.norm.ppf(0.975))


def finding(estimate, low, high, n=1000):
    return {"estimate": estimate, "ci_lower": low, "ci_upper": high, "n": n}


def rows(numbers):
    return [f"r{i},{i % 7}".encode() for i in numbers]


def sketched(numbers):
    return sketch([rows(numbers)], KEY)


def test_independent_samples_add_their_squares():
    found = move(finding(20, 17, 23), finding(22, 18, 26))
    assert found.difference == 2
    assert found.noise == pytest.approx(5)


def test_each_direction_uses_the_ends_that_face_each_other():
    was, now = finding(100, 90, 140), finding(150, 120, 160)
    assert move(was, now).noise == pytest.approx(math.hypot(30, 40))
    assert move(now, was).noise == pytest.approx(math.hypot(30, 40))
    falls = move(finding(150, 120, 160), finding(100, 90, 140))
    assert falls.difference == -50


def test_a_growing_sample_leaves_the_difference_of_the_variances():
    was, now = finding(20, 16, 24, n=400), finding(21, 19, 23, n=1600)
    found = move(was, now, overlap=Overlap(was=1.0, now=0.25))
    assert found.noise == pytest.approx(math.sqrt(4**2 - 2**2))


def test_noise_is_at_the_level_of_the_present_run():
    was, now = finding(20, 17, 23), finding(22, 18, 26)
    wide = move(was, now, levels=(0.95, 0.99))
    z95, z99 = stats.norm.ppf([0.975, 0.995])
    assert wide.noise == pytest.approx(math.hypot(3 * z99 / z95, 4))
    assert wide.level == 0.99


@pytest.mark.parametrize("ends", [(None, None), (math.nan, 25.0), (-math.inf, 25.0)])
def test_without_an_interval_nothing_is_judged(ends):
    found = move(finding(20, 17, 23), finding(22, *ends))
    assert found.noise is None
    assert math.isnan(found.pvalue)
    assert verdicts([found]) == ["no interval"]


def test_numbers_of_few_units_never_look_surer_than_their_files():
    share = Overlap(was=1.0, now=0.9)
    assert correlation(52, 52, share) == pytest.approx(math.sqrt(0.9))
    assert correlation(None, 52, share) == pytest.approx(math.sqrt(0.9))
    assert correlation(100, 400, share) == pytest.approx(0.5)


def test_verdicts_hold_for_all_numbers_together():
    moves = [Move(difference=d, noise=1.0, level=0.95) for d in (0.5, 1.1, 3.0, -0.2)]
    assert verdicts(moves) == [
        "within noise", "unclear", "beyond noise", "within noise",
    ]  # fmt: skip
    raw = [one.pvalue for one in moves]
    assert raw[1] == pytest.approx(2 * stats.norm.sf(1.1 * stats.norm.ppf(0.975)))
    outside = multipletests(raw, 0.05, "holm")[0].tolist()
    assert [v == "beyond noise" for v in verdicts(moves)] == outside
    assert verdicts(moves[1:2]) == ["beyond noise"]


@pytest.mark.parametrize(
    ("old", "new", "was", "now"),
    [
        (range(400), range(400, 900), 0, 0),
        (range(400), range(1000), 1, 0.4),
        (range(1000), range(500), 0.5, 1),
        (range(600), range(300, 900), 0.5, 0.5),
        (range(600), range(600), 1, 1),
    ],
)
def test_small_tables_share_what_they_share(old, new, was, now):
    found = overlap(sketched(old), sketched(new))
    assert found.was == pytest.approx(was)
    assert found.now == pytest.approx(now, rel=1e-3)


def test_large_tables_share_about_what_they_share():
    found = overlap(sketched(range(60_000)), sketched(range(20_000, 100_000)))
    assert found.was == pytest.approx(2 / 3, abs=0.06)
    assert found.now == pytest.approx(0.5, abs=0.06)
    grown = overlap(sketched(range(50_000)), sketched(range(51_000)))
    assert grown.was == 1
    assert grown.now == pytest.approx(50 / 51)


def test_a_sample_of_hashes_cannot_show_that_nothing_changed():
    found = overlap(sketched(range(9000)), sketched(range(8999, -1, -1)))
    assert found == Overlap(was=1.0, now=1 - 1 / SIZE)


def test_order_chunks_and_files_do_not_matter():
    whole = sketched(range(5000))
    parts = [sketched(range(2000, 5000)), sketched(range(2000))]
    chunks = sketch([rows(range(4000, 5000)), rows(range(4000))], KEY)
    for one in (together(parts), chunks):
        assert one.hashes.tolist() == whole.hashes.tolist()
        assert one.n_rows == whole.n_rows
    assert overlap(together(parts), whole).was == 1


def test_rows_that_cannot_be_told_apart_count_as_unknown():
    scores = [str(i % 11).encode() for i in range(2000)]
    found = overlap(sketch([scores], KEY), sketch([scores[:1500]], KEY))
    assert found == UNKNOWN
    assert (found.was, found.now) == (0, 0)


def test_another_key_or_no_sketch_is_unknown():
    other = sketch([rows(range(10))], "x" * 16)
    assert overlap(sketched(range(10)), other) == UNKNOWN
    assert overlap(None, sketched(range(10))) == UNKNOWN
    assert sketch([], KEY) is None
    assert least([]) == UNKNOWN
    assert least([Overlap(was=1, now=0.5), Overlap(was=0.7, now=0.9)]) == Overlap(
        was=0.7, now=0.5
    )


@pytest.fixture
def people(tmp_path):
    """The same forty people in every format."""
    frame = pd.DataFrame({"id": [f"ann{i}@x.example" for i in range(40)]})
    frame["score"] = frame.index % 11
    paths = [tmp_path / f"p.{kind}" for kind in ("csv", "csv.gz", "parquet", "xlsx")]
    frame.to_csv(paths[0], index=False)
    frame.to_csv(paths[1], index=False)
    frame.to_parquet(paths[2])
    frame.to_excel(paths[3], index=False)
    return paths


def test_every_format_has_a_sketch_and_none_has_a_name(people, tmp_path):
    out = tmp_path / "reports"
    for path in people:
        made = sketch_of(path, out, sha256(path))
        assert made.n_rows in {40, 41}
        again = sketch_of(tmp_path / "gone", out, sha256(path))
        assert again.hashes.tolist() == made.hashes.tolist()
    kept = [path for path in out.rglob("*") if path.is_file()]
    assert len(kept) == 5
    assert not any(b"ann" in path.read_bytes() for path in kept)


def test_the_key_is_random_private_and_made_once(people, tmp_path):
    path, digest = people[0], sha256(people[0])
    one, two = (sketch_of(path, tmp_path / name, digest) for name in "ab")
    assert one.key_id != two.key_id
    assert not set(one.hashes.tolist()) & set(two.hashes.tolist())
    key = tmp_path / "a/.cx/key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    before = key.read_text()
    sketch_of(people[3], tmp_path / "a", sha256(people[3]))
    assert key.read_text() == before
    assert [p.name for p in key.parent.iterdir()].count("key") == 1
    assert not list(key.parent.glob(".key*"))


def test_a_file_that_changed_since_has_no_sketch(people, tmp_path):
    digest = sha256(people[0])
    people[0].write_text("id,score\nbob,1\n")
    assert sketch_of(people[0], tmp_path / "reports", digest) is None


@pytest.mark.parametrize("damage", ["", "[]", '{"key_id": 1}', "{"])
def test_a_damaged_sketch_is_made_again(people, tmp_path, damage):
    out, digest = tmp_path / "reports", sha256(people[0])
    made = sketch_of(people[0], out, digest)
    kept = out / ".cx/rows" / f"{digest}.json"
    kept.write_text(damage)
    assert sketch_of(people[0], out, digest).hashes.tolist() == made.hashes.tolist()
    assert json.loads(kept.read_text())["n_rows"] == 41


def nps(scores):
    """NPS with its ordinary 95 % interval."""
    points = 100.0 * ((scores >= 9).astype(float) - (scores <= 6))
    mean, n = points.mean(), len(points)
    half = Z * points.std(ddof=1) / math.sqrt(n)
    return finding(mean, mean - half, mean + half, n=n)


def draw(rng, n, *, shift=0.0):
    steps = [0.26 - shift, 0.54 - shift]
    return np.array([3, 8, 10])[np.searchsorted(steps, rng.random(n))]


DESIGNS = {
    "independent": (range(1500), range(1500, 3500)),
    "growing": (range(3000), range(3600)),
    "shrinking": (range(3000), range(1500)),
    "half shared": (range(2000), range(1000, 3000)),
    "rolling year": (range(3000), range(250, 3250)),
    "larger than the sketch": (range(9000), range(900, 9900)),
}


def alarms(design, rng, *, runs, shift=0.0, blind=False):
    """Return how often a move is beyond its own noise."""
    old, new = (np.array(side) for side in DESIGNS[design])
    share = APART if blind else overlap(sketched(old), sketched(new))
    fired = 0
    for _ in range(runs):
        scores = draw(rng, 1 + max(old.max(), new.max()))
        fresh = np.setdiff1d(new, old)
        scores[fresh] = draw(rng, len(fresh), shift=shift)
        found = move(nps(scores[old]), nps(scores[new]), overlap=share)
        fired += abs(found.difference) > found.noise
    return fired / runs


@pytest.mark.parametrize("design", DESIGNS)
@pytest.mark.slow
def test_a_steady_truth_is_beyond_noise_as_often_as_declared(design):
    runs = 2000
    rate = alarms(design, np.random.default_rng(8), runs=runs)
    low, high = stats.binom.ppf([0.001, 0.999], runs, 0.05) / runs
    # The sketch's own error may add to the simulation's.
    assert low - 0.006 < rate < high + 0.006, rate


@pytest.mark.slow
def test_taking_a_growing_sample_for_independent_would_hide_a_fall():
    rng = np.random.default_rng(9)
    steady = alarms("growing", rng, runs=1500, blind=True)
    assert steady < 0.005
    fall = {"runs": 400, "shift": -0.12}
    assert alarms("growing", rng, **fall) > 0.9
    assert alarms("growing", rng, **fall, blind=True) < 0.6


@pytest.mark.slow
def test_a_true_shift_fires():
    for design in ("independent", "half shared", "rolling year"):
        rng = np.random.default_rng(10)
        assert alarms(design, rng, runs=300, shift=0.12) > 0.8, design


@pytest.mark.slow
def test_a_quiet_run_seldom_names_any_of_many_numbers():
    """Family-wise: 14 numbers of nested samples, none of which has moved."""
    rng = np.random.default_rng(11)
    old, new = (np.arange(2000), np.arange(2600))
    share = overlap(sketched(old), sketched(new))
    runs, fired = 500, 0
    for _ in range(runs):
        moves = [
            move(nps(scores[old]), nps(scores), overlap=share)
            for scores in draw(rng, (14, 2600))
        ]
        fired += "beyond noise" in verdicts(moves)
    assert fired / runs < stats.binom.ppf(0.999, runs, 0.05) / runs
    assert fired
