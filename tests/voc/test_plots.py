"""Charts of verbatims: what is drawn, in which order, with which labels."""

from __future__ import annotations

import inspect

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb

from cxlib import plots, voc

CODES = ("late", "rude", "dear")
BOOK = voc.Codebook.from_dict(
    {"version": 1, "codes": [
        {"id": "top"},
        *({"id": c, "name": {"en": c.title()}, "parent": "top", "phrases": {"en": [c]}}
          for c in CODES)]}
)  # fmt: skip


@pytest.fixture
def frame():
    rng = np.random.default_rng(4)
    has = rng.random((900, 3)) < [0.5, 0.3, 0.1]
    texts = [" ".join(np.array(CODES)[row]) + " words" for row in has]
    score = np.clip(8 - 4 * has[:, 0] + 2 * has[:, 1] + rng.integers(0, 3, 900), 0, 10)
    plan = rng.choice(["a", "b"], 900)
    return pd.DataFrame(
        {"respondent_id": range(900), "verbatim": texts, "score": score, "plan": plan}
    )


@pytest.fixture
def hand(frame):
    rows = frame.iloc[::3]
    seen = rows["verbatim"].str.contains("late") | (rows["respondent_id"] % 5 == 0)
    return pd.DataFrame(
        {"verbatim_id": rows["respondent_id"].astype(str), "coder": "a",
         "code": np.where(seen, "late", "")}
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


def shares(frame, **options):
    return voc.prevalence(frame, voc.code(frame, BOOK), codebook=BOOK, **options)


def test_shares_are_sorted_with_interval_value_and_n(frame):
    found = shares(frame)
    ax = plots.code_shares(found.table, weak=["rude"])
    assert names(ax) == ["Late", "Rude (weak)", "Dear"], "the wider code is not drawn"
    drawn = ax.collections[0].get_segments()[0][:, 0]
    row = found.table.set_index("code").loc["late"]
    assert drawn == pytest.approx([100 * row["ci_lower"], 100 * row["ci_upper"]])
    assert ax.texts[0].get_text() == f"{100 * row['estimate']:.1f}  n = 900"
    assert ax.get_xlabel() == "% of verbatims that say something"
    assert not ax.figure.legends, "nothing was corrected, so there is no raw mark"


def test_raw_count_is_drawn_hollow_where_corrected(frame, hand):
    found = shares(frame, codings=hand)
    ax = plots.code_shares(found.table)
    hollow = next(c for c in ax.collections if c.get_label().startswith("machine"))
    raw = found.table.set_index("code")["share_machine"]
    assert hollow.get_offsets()[0][0] == pytest.approx(100 * raw["late"])
    assert hollow.get_facecolor().size == 0
    assert ax.figure.legends


def test_impact_bubbles_stand_at_share_and_impact(frame):
    found = voc.impact(frame, voc.code(frame, BOOK), codebook=BOOK)
    ax = plots.code_impact(found.table, unit=found.unit, label=found.label)
    rows = found.table[found.table["code"] != "top"].reset_index(drop=True)
    level, upright, bubbles, _, held = ax.collections[:5]
    x, y = 100 * rows["share_mentions"], rows["estimate"]
    assert np.allclose(bubbles.get_offsets(), np.column_stack([x, y]))
    area = bubbles.get_sizes()
    assert area[0] / area[1] == pytest.approx(rows["n"][0] / rows["n"][1])
    assert np.allclose(held.get_offsets()[:, 1], rows["adjusted"])
    assert upright.get_segments()[0][:, 1] == pytest.approx(
        [rows["ci_lower"][0], rows["ci_upper"][0]]
    )
    assert level.get_segments()[0][:, 0] == pytest.approx(
        [100 * rows[f"share_mentions_ci_{end}"][0] for end in ("lower", "upper")]
    )
    assert {text.get_text() for text in ax.texts} == {"Late", "Rude", "Dear"}
    assert any(np.allclose(line.get_ydata(), 0) for line in ax.lines)
    assert ax.get_ylabel() == "points of NPS it accounts for (association)"


def test_weak_codes_and_unclear_impacts_are_drawn_as_such(frame):
    found = voc.impact(frame, voc.code(frame, BOOK), codebook=BOOK)
    table = found.table.copy()
    table.loc[table["code"] == "dear", ["ci_lower", "ci_upper"]] = [-9.0, 9.0]
    ax = plots.code_impact(table, weak=["late"])
    codes = [code for code in table["code"] if code != "top"]
    faces = ax.collections[2].get_facecolor()[:, :3]
    assert np.allclose(faces[codes.index("dear")], 1), "open: may be none"
    edge = ax.collections[2].get_edgecolor()[codes.index("late"), :3]
    assert np.allclose(edge, to_rgb("#7a8390"))
    assert "Late (weak)" in {text.get_text() for text in ax.texts}


def test_impact_names_do_not_touch(frame):
    table = pd.DataFrame(
        {"code": list("abcdefgh"), "name": [f"Long name of {c}" for c in "abcdefgh"],
         "parent": "", "n": 50, "share_mentions": np.linspace(0.10, 0.12, 8),
         "share_mentions_ci_lower": 0.05, "share_mentions_ci_upper": 0.2,
         "estimate": np.linspace(-1, 0.5, 8), "adjusted": 0.0, "ci_lower": -3.0,
         "ci_upper": 3.0}
    )  # fmt: skip
    ax = plots.code_impact(table)
    ax.figure.draw_without_rendering()
    boxes = [text.get_tightbbox() for text in ax.texts]
    touching = [a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i]]
    assert len(boxes) == 8
    assert sum(touching) <= 1


def test_change_draws_both_parts_and_the_whole(frame):
    waves = frame.assign(wave=np.repeat(["a", "b"], 450))
    waves.loc[waves.index >= 450, "score"] -= 1
    coded = voc.code(waves, BOOK)
    found = voc.score_change(waves, coded, by="wave", codebook=BOOK)
    ax = plots.code_change(found.table, unit=found.unit, label=found.label)
    assert names(ax)[0] == "the whole change of NPS, n = 900"
    silent = (~waves["verbatim"].str.contains("|".join(CODES))).sum()
    assert names(ax)[-1] == f"none of these codes, n = {silent}"
    told = ax.get_legend_handles_labels()[1]
    assert told == ["said more or less often", "higher or lower score when said"]
    drawn = sum(
        float(mark.get_offsets()[:, 0].sum())
        for mark in ax.collections
        if mark.get_label() in told
    )
    rows = found.table.set_index("code")
    rest = rows.loc["(none of these)", "estimate"]
    assert drawn + rest == pytest.approx(rows.loc["all", "estimate"])
    assert plots.code_change(pd.DataFrame()).texts[0].get_text() == "no change to draw"


def test_heatmap_tells_share_interval_and_n(frame):
    found = shares(frame, by="plan")
    ax = plots.code_heatmap(found.table)
    n = (frame["plan"] == "a").sum()
    heads = [label.get_text() for label in ax.get_xticklabels()]
    assert heads[:2] == ["all\nn = 900", f"a\nn = {n}"]
    cell = found.table.set_index(["segment", "code"]).loc[("a", "late")]
    told = {text.get_text() for text in ax.texts}
    assert f"{100 * cell['estimate']:.0f}*" in told
    assert f"{100 * cell['ci_lower']:.0f}–{100 * cell['ci_upper']:.0f}" in told
    assert ax.get_xlabel().endswith("* machine's count")


def test_heatmap_draws_at_most_eight_segments(frame):
    many = frame.assign(plan=[f"s{i % 12:02d}" for i in range(900)])
    ax = plots.code_heatmap(shares(many, by="plan").table)
    assert len(ax.get_xticklabels()) == 9


def test_agreement_marks_both_pairs_and_the_bar(frame, hand):
    other = hand.assign(coder="b", code=lambda t: t["code"].where(t.index % 6 != 0, ""))
    found = voc.agreement(
        pd.concat([hand, other]),
        machine=voc.code(frame, BOOK),
        codebook=BOOK,
        n_resamples=50,
    )
    ax = plots.code_agreement(found.table, min_agreement=0.8)
    assert names(ax)[0] == "(all codes together)"
    assert "Late" in names(ax)
    assert "top" not in names(ax)
    labels = ax.get_legend_handles_labels()[1]
    assert labels == ["people with people (n = 300)", "machine with people (n = 300)"]
    assert any(text.get_text() == "weak below 0.8" for text in ax.texts)


def test_one_segment_one_code_and_nothing():
    one = pd.DataFrame({"verbatim": ["late"] * 12 + ["fine"] * 12})
    ax = plots.code_heatmap(shares(one).table)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["all\nn = 24"]
    none = voc.prevalence(one.head(3), voc.code(one.head(3), BOOK)).table
    for draw in (plots.code_shares, plots.code_heatmap):
        assert draw(none).texts[0].get_text() == "no code to draw"
    assert plots.code_impact(pd.DataFrame()).texts[0].get_text() == "no impact to draw"
    given = plt.figure().add_subplot()
    assert plots.code_shares(shares(one).table, ax=given) is given


def test_hostile_names_are_drawn_as_text(frame):
    book = voc.Codebook.from_dict(
        {"version": 1, "codes": [
            {"id": "late", "name": {"en": "$\\frac{1}{0} & <b>Late$"},
             "phrases": {"en": ["late"]}}]}
    )  # fmt: skip
    found = voc.prevalence(frame, voc.code(frame, book), codebook=book)
    ax = plots.code_shares(found.table)
    ax.figure.canvas.draw()


def test_every_chart_of_codes_can_grey_the_weak_ones():
    """`code_agreement` and `code_disputes` are what says which are weak."""
    charts = [name for name in plots.__all__ if name.startswith(("code_", "cooc"))]
    assert len(charts) >= 6
    for name in set(charts) - {"code_agreement", "code_disputes"}:
        assert "weak" in inspect.signature(getattr(plots, name)).parameters, name
