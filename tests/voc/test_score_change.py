"""The change of a score split over codes: exact, symmetric, covered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cxlib import voc
from cxlib.errors import ArgumentError, DataError

CODES = ("late", "rude", "dear")
MEAN = {"name": "s", "low": 0, "high": 10, "kind": "mean"}


def drawn(rng, n, *, late=(0.15, 0.30), gap=(2.0, 2.0), base=(8.0, 8.0)):
    """Two waves of n rows: scores, true codes and a machine that errs."""
    after = np.repeat([0, 1], n)
    chance = np.column_stack([np.array(late)[after], *[np.full(2 * n, 0.2)] * 2])
    true = rng.random((2 * n, 3)) < chance
    true[:, 1] |= true[:, 0] & (rng.random(2 * n) < 0.3)
    mean = np.array(base)[after] - np.array(gap)[after] * true[:, 0] - true[:, 2]
    score = np.clip(np.round(mean + rng.normal(0, 2, 2 * n)), 0, 10)
    machine = np.where(
        true, rng.random(true.shape) > 0.15, rng.random(true.shape) < 0.03
    )
    frame = pd.DataFrame(
        {"verbatim_id": np.arange(2 * n).astype(str), "verbatim": "words",
         "score": score, "wave": np.array(["W9", "W10"])[after],
         "account": np.arange(2 * n) % n // 2, "weight": rng.uniform(0.5, 2, 2 * n)}
    )  # fmt: skip
    return frame, true, machine


def coded(frame, has):
    row, column = np.nonzero(has)
    ids = frame["verbatim_id"].to_numpy()[row]
    codes = pd.Categorical.from_codes(column, CODES)
    return pd.DataFrame({"verbatim_id": ids, "code": codes})


def read(frame, true, rows):
    told = coded(frame.iloc[rows], true[rows]).astype({"code": str})
    blank = frame["verbatim_id"].iloc[rows[~true[rows].any(axis=1)]]
    nothing = pd.DataFrame({"verbatim_id": blank, "code": ""})
    return pd.concat([told, nothing]).assign(coder="a")


def change(frame, has, **options):
    options = {"by": "wave", **options}
    return voc.score_change(frame, coded(frame, has), **options)


def part(found, code, component):
    table = found.table
    return table[(table["code"] == code) & (table["component"] == component)].iloc[0]


def summed(found):
    return found.table.loc[found.table["component"] == "both", "estimate"].sum()


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 10_000), hand=st.booleans(), weighted=st.booleans(),
    n=st.integers(150, 400),
)  # fmt: skip
def test_parts_add_up_to_the_change_exactly(seed, hand, weighted, n):
    rng = np.random.default_rng(seed)
    frame, true, machine = drawn(rng, n)
    people = read(frame, true, rng.choice(2 * n, n // 2, replace=False))
    found = change(
        frame, machine, codings=people if hand else None,
        weights="weight" if weighted else None,
    )  # fmt: skip
    whole = part(found, "all", "change")["estimate"]
    assert summed(found) == pytest.approx(whole, abs=1e-9)
    assert whole == pytest.approx(found.scores[1] - found.scores[0])
    rows = found.table.pivot_table(
        index="code", columns="component", values="estimate"
    ).dropna()
    assert np.allclose(rows["mentions"] + rows["score"], rows["both"])


def test_parts_are_kitagawas_with_verbatims_shared_out():
    """By hand: every verbatim once for each of its codes, with weight 1 / codes."""
    frame, true, _ = drawn(np.random.default_rng(1), 500)
    found = change(frame, true, scale=MEAN)
    part_of = np.column_stack([true, ~true.any(axis=1)])
    rows, codes = np.nonzero(part_of)
    copies = frame.iloc[rows].assign(
        code=np.array([*CODES, "(none of these)"])[codes],
        w=1 / part_of.sum(axis=1)[rows],
    )
    copies["wy"] = copies["w"] * copies["score"]
    sums = copies.pivot_table(
        index="code", columns="wave", values=["w", "wy"], aggfunc="sum"
    )
    q, s = sums["w"] / 500, sums["wy"] / sums["w"]
    middle = frame["score"].mean()
    moved = (q["W10"] - q["W9"]) * (s.mean(axis=1) - middle)
    felt = (s["W10"] - s["W9"]) * q.mean(axis=1)
    for code in CODES:
        told = part(found, code, "mentions")
        assert told["estimate"] == pytest.approx(moved[code])
        assert part(found, code, "score")["estimate"] == pytest.approx(felt[code])
        assert told["share_after"] == pytest.approx(q.loc[code, "W10"])
        assert told["score_before"] == pytest.approx(s.loc[code, "W9"])
    none = part(found, "(none of these)", "both")["estimate"]
    assert none == pytest.approx((moved + felt)["(none of these)"])


def test_there_and_back_is_the_same_with_the_sign_turned():
    frame, true, _ = drawn(np.random.default_rng(2), 300)
    there = change(frame, true, before="W9", after="W10")
    back = change(frame, true, before="W10", after="W9")
    for component in ("mentions", "score", "both"):
        a, b = (part(found, "late", component) for found in (there, back))
        assert a["estimate"] == pytest.approx(-b["estimate"])
        assert a["std_error"] == pytest.approx(b["std_error"])


@pytest.mark.slow
def test_interval_agrees_with_the_bootstrap():
    frame, true, _ = drawn(np.random.default_rng(3), 400)
    found = change(frame, true, cluster="account")
    rng = np.random.default_rng(4)
    names = ("mentions", "score")
    draws = []
    by_account = [np.flatnonzero(frame["account"] == a) for a in range(200)]
    for _ in range(150):
        rows = np.concatenate([by_account[a] for a in rng.integers(0, 200, 200)])
        copy = frame.iloc[rows].assign(verbatim_id=np.arange(len(rows)).astype(str))
        again = change(copy, true[rows])
        draws.append([part(again, "late", name)["estimate"] for name in names])
    for name, spread in zip(names, np.std(draws, axis=0), strict=True):
        assert part(found, "late", name)["std_error"] == pytest.approx(spread, rel=0.2)


def test_a_theme_that_is_new_has_a_mention_part_only():
    frame, true, _ = drawn(np.random.default_rng(5), 400)
    true[:400, 0] = False
    found = change(frame, true)
    row = part(found, "late", "mentions")
    assert row["share_before"] == 0
    assert np.isnan(row["score_before"])
    assert part(found, "late", "both")["estimate"] == pytest.approx(row["estimate"])
    told = found.table[found.table["code"] == "late"]["component"]
    assert told.tolist() == ["both", "mentions"]
    assert summed(found) == pytest.approx(part(found, "all", "change")["estimate"])


def test_sentences_name_the_part_and_no_cause():
    frame, true, _ = drawn(np.random.default_rng(6), 900, late=(0.1, 0.4))
    text = change(frame, true).text
    assert text.startswith("From W9 to W10 NPS of those who say something went from ")
    assert "go with more mentions of late (" in text
    assert text.endswith("This splits the change; it does not say what caused it.")
    worse = change(*drawn(np.random.default_rng(6), 900, gap=(0.5, 4))[:2])
    assert "go with a lower score where late is said." in worse.text
    found = change(frame, true)
    assert found.findings[0].id == "score_change"
    assert "score_change_late_mentions" in [f.id for f in found.findings]
    still = change(*drawn(np.random.default_rng(8), 100, late=(0.15, 0.15))[:2])
    assert still.text.endswith("No theme carries a part of it that is beyond noise.")
    assert "how often it is said" in found._repr_html_()


def test_wider_codes_are_left_out():
    frame, true, _ = drawn(np.random.default_rng(7), 200)
    book = voc.Codebook.from_dict(
        {"version": 1, "codes": [{"id": "service"}, *(
            {"id": c, "parent": "service", "phrases": {"en": [c]}} for c in CODES)]}
    )  # fmt: skip
    found = change(frame, true, codebook=book)
    assert "service" not in set(found.table["code"])
    assert summed(found) == pytest.approx(part(found, "all", "change")["estimate"])


def test_what_cannot_be_split_says_so():
    frame, true, _ = drawn(np.random.default_rng(8), 100)
    assert change(frame, true, scale="").text == "Not computed: no score was given."
    assert change(frame, true, by="").text == (
        "Not computed: no column of waves was given."
    )
    assert change(frame.assign(wave="W9"), true).text == (
        "Not computed: 'wave' has fewer than two waves to compare."
    )
    few = frame.assign(score=frame["score"].where(frame.index < 105))
    assert change(few, true).text == (
        "Not computed: 5 verbatims of W10 have a score; 20 are needed."
    )
    assert change(few, true).findings == ()
    with pytest.raises(ArgumentError, match="`after` is 'W11', which is no wave; did"):
        change(frame, true, after="W11")
    with pytest.raises(ArgumentError, match="are both 'W9'; name two waves"):
        change(frame, true, before="W9", after="W9")
    with pytest.raises(DataError, match="column 'waves' is not in responses"):
        change(frame, true, by="waves")


def test_the_sample_fell_where_its_fall_was_planted():
    sample = Path(__file__).parents[2] / "data" / "sample"
    frame = pd.read_csv(sample / "responses.csv")
    book = voc.Codebook.from_yaml(sample / "codebook.yaml")
    found = voc.score_change(
        frame, voc.code(frame, book, language="language"), by="wave", codebook=book,
        codings=pd.read_csv(sample / "codings.csv"), cluster="account_id",
    )  # fmt: skip
    clear = found.table[found.table["pvalue_adj"] < 0.05]
    assert clear[["code", "component"]].to_numpy().tolist() == [["app", "score"]]
    assert clear["estimate"].iloc[0] < -2


@pytest.mark.slow
@pytest.mark.parametrize("clustered", [False, True])
def test_parts_cover_their_truth(clustered):
    rng = np.random.default_rng(9)
    moves = {"late": (0.15, 0.28), "gap": (1.5, 3.0), "base": (8.2, 7.4)}
    big, true, _ = drawn(rng, 200_000, **moves)
    truth = change(big, true)
    cells = [("late", "mentions"), ("late", "score"), ("(none of these)", "both")]
    names = [*cells, ("rude", "both"), ("all", "change")]
    covered = {name: [] for name in names}
    naive = []
    for _ in range(120):
        frame, true, machine = drawn(rng, 900, **moves)
        people = read(frame, true, rng.choice(1800, 400, replace=False))
        cluster = "account" if clustered else None
        found = change(frame, machine, codings=people, cluster=cluster)
        plain = change(frame, machine, cluster=cluster)
        for name in names:
            row, known = part(found, *name), part(truth, *name)["estimate"]
            covered[name].append(row["ci_lower"] <= known <= row["ci_upper"])
        row, known = part(plain, *names[0]), part(truth, *names[0])["estimate"]
        naive.append(row["ci_lower"] <= known <= row["ci_upper"])
    told = {name: round(float(np.mean(hit)), 3) for name, hit in covered.items()}
    print(told, "machine alone, mentions", round(float(np.mean(naive)), 3))
    assert all(share >= 0.89 for share in told.values()), told
