"""Can a reader work out a hidden cell from all that two notebooks export together?

The attack knows linear algebra: every exported row is a sum over answers, so a cell can
be worked out exactly where its rows lie in the span of the rows exported. That each
exported n is the count of the rows it is read as is asserted first: an attack that
misreads a table would prove nothing.
"""

from __future__ import annotations

import itertools
import json
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cxlib import nps, plots, report
from cxlib.nps._subtract import jointly
from cxlib.nps._suppress import is_hidden

COLUMNS = ["shop", "region", "channel"]
K = 10


def programme(seed, waves=2):
    """Shops nested in regions, tiny cells everywhere, a few answers without a wave."""
    draw = np.random.default_rng(seed)
    sizes = {"a": 70, "b": 60, "c": 4, "d": 45, "e": 12, "f": 80, "g": 25}
    shop = np.repeat(list(sizes), list(sizes.values()))
    n = len(shop)
    names = [f"W{i}" for i in range(1, waves + 1)]
    blank = 0.015 * (waves > 2)
    odds = [*[(1 - blank) / waves] * waves, blank]
    frame = pd.DataFrame(
        {
            "shop": shop,
            "region": pd.Series(shop).map(dict(zip("abcdefg", "NNNSSEE", strict=True))),
            "channel": draw.choice(["app", "web", "desk", "post"], n,
                                   p=[0.5, 0.35, 0.13, 0.02]),
            "wave": draw.choice([*names, None], n, p=odds),
            "person": [f"p{i % (n - 90):03d}" for i in range(n)],
            "id": np.arange(n), "score": draw.integers(3, 11, n),
            "ease": draw.integers(1, 6, n), "speed": draw.integers(1, 6, n),
        }
    )  # fmt: skip
    if waves > 2:
        frame.loc[frame.index[:6], "wave"] = "W0"
    return frame


def segmentation(frame, folder):
    """The calls of notebooks/nps_segmentation.ipynb in its order."""
    score = nps.score(frame)
    segments = nps.by_segment(frame, COLUMNS)
    results = {
        "score": score, "segments": segments,
        "league": nps.pool(frame, COLUMNS, n_draws=200),
        "found_segments": nps.find_segments(frame, COLUMNS),
        "trend": nps.trend(frame, "wave"),
        "control_chart": nps.control_chart(frame, "wave"),
        "change_point": nps.change_point(frame, "wave", n_resamples=200),
        "change": nps.change(frame, "wave", by="shop", beside=COLUMNS),
        "drivers": nps.drivers(frame, ["ease", "speed"], n_resamples=50),
        "sensitivity": nps.sensitivity(frame, n_resamples=50),
    }  # fmt: skip
    report.export(folder, results)
    return results


def survey(frame, folder):
    """Those calls of notebooks/nps_survey.ipynb that speak of groups."""
    draw = np.random.default_rng(1)
    silent = frame[COLUMNS].sample(n=len(frame), replace=True, random_state=2)
    invited = pd.concat([frame, silent.assign(id=-1 - np.arange(len(silent)))])
    margins = {c: invited[c].value_counts().to_dict() for c in ("region", "channel")}
    results = {
        "score": nps.score(frame),
        "response_rate": nps.response_rate(invited, frame, by=COLUMNS, respondent="id"),
        "raking": nps.rake(frame, margins),
        "transitions": nps.transitions(frame.assign(w=frame["wave"]), "w", "person",
                                       n_resamples=200, rng=draw),
        "feature": nps.feature_gap(frame, "shop", ["channel", "ease"], value="e"),
        "cut_points": nps.cut_points(frame, "shop", beside=COLUMNS),
    }  # fmt: skip
    report.export(folder, results)
    return results


def known_rows(frame, folder):
    """What the files say: for each exported n, the rows it counts."""
    tables = SimpleNamespace(
        **{
            file.stem: pd.read_csv(file, dtype={"segment": str})
            for file in (folder / "tables").glob("*.csv")
        }
    )
    found = [(np.ones(len(frame), bool), len(frame))]

    def add(rows, n):
        if np.isfinite(n):
            found.append((np.asarray(rows), n))

    for row in getattr(tables, "segments", pd.DataFrame()).to_dict("records"):
        add(frame[row["by"]] == row["segment"], row["n"])
    for row in getattr(tables, "response_rate", pd.DataFrame()).to_dict("records"):
        add(frame[row["by"]] == row["segment"], row["n_answers"])
    for row in getattr(tables, "cut_points", pd.DataFrame()).to_dict("records"):
        if row["segment"] != "all":
            add(frame["shop"] == row["segment"], row["n"])
    crossed = frame[COLUMNS].agg(" · ".join, axis=1)
    for row in getattr(tables, "league", pd.DataFrame()).to_dict("records"):
        add(crossed == row["segment"], row["n"])
    for name in ("trend", "control_chart"):
        for row in getattr(tables, name, pd.DataFrame()).to_dict("records"):
            add(frame["wave"] == row["wave"], row["n"])
    return found + changes(frame, tables) + searches(frame, tables)


def changes(frame, tables):
    """Segments in two waves; those put together are what the others leave."""
    table = getattr(tables, "change", pd.DataFrame())
    if table.empty:
        return []
    table = table[table["component"] == "change"]
    named = set(table["segment"]) & set(frame["shop"])
    inside = {"all": np.ones(len(frame), bool)}
    inside |= {name: (frame["shop"] == name).to_numpy() for name in named}
    inside["(small segments together)"] = ~frame["shop"].isin(named).to_numpy()
    waves = sorted(frame["wave"].dropna().unique())[-2:]
    return [
        (inside[row["segment"]] & (frame["wave"] == wave).to_numpy(), row[f"n_{end}"])
        for row in table.to_dict("records")
        for wave, end in zip(waves, ("before", "after"), strict=True)
    ]


def searches(frame, tables):
    """A rule's answers in the two halves add up to all that it names."""
    found = []
    for row in getattr(tables, "found_segments", pd.DataFrame()).to_dict("records"):
        column, names = row["segment"].split(": ")
        named = set(names.split(" or "))
        other = set(row["against"].split(": ")[1].split(" or "))
        spelt = frame[column].unique()
        rare = set(spelt) - named - other
        rest = named if any(n not in spelt for n in named) else set()
        inside = frame[column].isin((named | rare) if rest else named)
        found.append((inside.to_numpy(), row["n"] + row["n_searched"]))
    return found


def worked_out(frame, known):
    """Cells of fewer than ten answers that lie in the span of what is known."""
    keys = [*COLUMNS, "wave"]
    labels = frame[keys].astype(object).fillna("none").astype(str)
    atom, first = pd.factorize(labels.agg("|".join, axis=1))
    atoms = labels.iloc[[int(np.flatnonzero(atom == i)[0]) for i in range(len(first))]]
    for rows, n in known:
        assert rows.sum() == n
    system = np.array(
        [[rows[atom == i].any() for i in range(len(first))] for rows, _ in known],
        dtype=float,
    )
    size = np.bincount(atom)
    targets = {}
    for some in [*keys, *itertools.combinations(keys, 2), tuple(COLUMNS)]:
        cells = atoms[[some] if isinstance(some, str) else list(some)].agg(
            "|".join, axis=1
        )
        for name in cells.unique():
            inside = (cells == name).to_numpy(dtype=float)
            if inside @ size < K:
                targets[f"{some} {name}"] = inside
    basis = np.linalg.svd(system, full_matrices=False)
    basis = basis[2][basis[1] > 1e-8]
    return [
        name
        for name, inside in targets.items()
        if inside @ inside - np.square(basis @ inside).sum() < 1e-6
    ], len(targets)


@pytest.mark.parametrize("waves", [2, 5])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_hidden_can_be_worked_out(tmp_path, seed, waves):
    frame = programme(seed, waves)
    found = segmentation(frame, tmp_path / "one")
    other = survey(frame, tmp_path / "two")
    known = known_rows(frame, tmp_path / "one") + known_rows(frame, tmp_path / "two")
    given_away, small = worked_out(frame, known)
    assert small > 30
    assert len(known) > 25
    assert given_away == []
    words = " ".join(one.text for one in (*found.values(), *other.values()))
    hidden = found["segments"].table
    hidden = set(hidden.loc[hidden["status"].map(is_hidden), "segment"])
    assert "c" in hidden
    assert not found["change"].reason
    findings = (tmp_path / "one" / "results.json").read_text()
    ids = {one["id"] for one in json.loads(findings)["findings"]}
    for name in hidden:
        assert f"{name} (shop)" not in words
        assert not any(i.endswith(f" {name}") for i in ids)


def test_the_attack_succeeds_where_columns_hide_alone(tmp_path, monkeypatch):
    """The test above can fail: with each column hidden on its own, cells come out."""
    from cxlib.nps import _subtract

    monkeypatch.setattr(_subtract, "_MOST", 0)
    frame = programme(1)
    segmentation(frame, tmp_path)
    assert worked_out(frame, known_rows(frame, tmp_path))[0]


def test_charts_draw_no_hidden_cell():
    frame = programme(1)
    found = nps.by_segment(frame, COLUMNS)
    hidden = found.table["status"].map(is_hidden).astype(bool)
    assert hidden.any()
    axes = plots.segment_scores(found.table, unit="points", label="NPS")
    drawn = np.concatenate(
        [line.get_xdata() for line in axes.lines]
        + [c.get_offsets()[:, 0] for c in axes.collections if len(c.get_offsets())]
    )
    plt.close(axes.figure)
    raw = {c: nps.score(frame[frame["shop"] == c]).overall for c in "c"}
    for one in raw.values():
        assert not np.isclose(drawn.astype(float), one.estimate).any()


def test_columns_of_one_partition_hide_as_before():
    codes = np.repeat([0, 1, 2], [200, 25, 4])
    assert jointly([codes], K) == [
        ["shown", "hidden (protects a smaller one)", "hidden (n < 10)"]
    ]


def test_blank_names_beside_are_ignored():
    frame = programme(1)
    for found in (
        nps.change(frame, "wave", by="shop", beside=["", "region"]),
        nps.cut_points(frame, "shop", beside=["", "region"]),
    ):
        assert "c" not in set(found.table["segment"])


def test_a_wave_that_protects_another_is_not_compared():
    sizes = {"W1": 80, "W2": 4, "W3": 90, "W4": 30}
    frame = pd.DataFrame({"wave": np.repeat(list(sizes), list(sizes.values()))})
    frame["score"] = np.resize([3, 8, 10, 10], len(frame))
    found = nps.change(frame, "wave")
    assert found.reason == (
        "W4 is hidden to protect a wave with fewer than 10 valid answers: not compared."
    )
    assert not nps.change(frame, "wave", before="W1", after="W3").reason


def test_answers_without_a_wave_are_part_of_the_total():
    frame = pd.DataFrame({"wave": ["W1"] * 50 + ["W2"] * 60 + ["W3"] * 70 + [None] * 3})
    frame["score"] = np.resize([3, 8, 10, 10], len(frame))
    assert nps.trend(frame, "wave").table["n"].isna().tolist() == [True, False, False]
    assert nps.control_chart(frame, "wave").reason
