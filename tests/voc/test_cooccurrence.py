"""Codes together: table by hand, what moves the lift, calibration and the chart."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.contingency_tables import Table2x2

from cxlib import plots, voc

CODES = ("late", "rude", "dear")
BOOK = voc.Codebook.from_dict(
    {"version": 1, "codes": [
        {"id": "top"},
        *({"id": c, "name": {"en": c.title()}, "parent": "top", "phrases": {"en": [c]}}
          for c in CODES)]}
)  # fmt: skip


def told(has, **columns):
    texts = [" ".join(np.array(CODES)[: row.size][row]) + " words" for row in has]
    return pd.DataFrame({"respondent_id": range(len(texts)), "verbatim": texts}).assign(
        **columns
    )


def pairs(frame, **options):
    found = voc.cooccurrence(frame, voc.code(frame, BOOK), codebook=BOOK, **options)
    return found, found.table.set_index(["code", "other"])


def drawn(rng, n, together=0.1, a=0.25, b=0.3):
    cell = rng.choice(4, n, p=[together, a - together, b - together,
                               1 - a - b + together])  # fmt: skip
    return np.column_stack([cell <= 1, (cell == 0) | (cell == 2)])


def test_lift_and_phi_follow_from_the_two_by_two_table():
    has = np.repeat([[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], [30, 20, 30, 120], 0)
    found, table = pairs(told(has.astype(bool)))
    row = table.loc[("late", "rude")]
    assert row["estimate"] == pytest.approx(0.15 / (0.25 * 0.3))
    assert row["share_expected"] == pytest.approx(0.075)
    cells = Table2x2([[30, 20], [30, 120]])
    assert row["phi"] == pytest.approx(
        (30 * 120 - 20 * 30) / np.sqrt(50 * 150 * 60 * 140)
    )
    assert (row["pvalue"] < 0.001) == (cells.log_oddsratio_pvalue() < 0.001)
    assert row["n_both"] == 30
    assert found.text.startswith("Late and Rude come together 2.00 times as often as ")
    assert found.findings[0].id == "together_late_rude"
    assert ("late", "top") not in table.index


def test_rare_pairs_show_nothing():
    has = np.repeat([[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], [9, 20, 30, 120], 0)
    row = pairs(told(has.astype(bool)))[1].loc[("late", "rude")]
    assert row["basis"] == "too few"
    assert row[["n_both", "share_both", "estimate", "phi"]].isna().all()
    assert (
        pairs(told(has.astype(bool)), min_n=9)[1].loc[("late", "rude"), "n_both"] == 9
    )


def test_weights_and_clusters_enter():
    rng = np.random.default_rng(1)
    has = np.column_stack([drawn(rng, 400), np.zeros(400, dtype=bool)])
    plain = pairs(told(has))[1].loc[("late", "rude")]
    twice = told(np.repeat(has, 2, axis=0), account=np.repeat(np.arange(400), 2))
    tied = pairs(twice, cluster="account")[1].loc[("late", "rude")]
    assert tied["estimate"] == pytest.approx(plain["estimate"])
    assert tied["ci_lower"] == pytest.approx(plain["ci_lower"], rel=0.01)
    loose = pairs(twice)[1].loc[("late", "rude")]
    assert loose["ci_lower"] > tied["ci_lower"]
    moved = pairs(told(has, w=np.where(has[:, 0], 2.0, 1.0)), weights="w")[1]
    assert moved.loc[("late", "rude"), "share_both"] > plain["share_both"]


def test_a_machine_that_confuses_two_codes_is_corrected():
    """Every 'rude' of the machine is also 'late': people say otherwise."""
    rng = np.random.default_rng(2)
    true = rng.random((3000, 2)) < [0.25, 0.3]
    seen = np.column_stack([true[:, 0] | (true[:, 1] & (rng.random(3000) < 0.4)),
                            true[:, 1], np.zeros(3000, dtype=bool)])  # fmt: skip
    frame = told(seen)
    read = rng.choice(3000, 700, replace=False)
    rows = [
        (str(i), coder, code)
        for i in read
        for coder in "ab"
        for code in ([c for c, t in zip(CODES, true[i], strict=False) if t] or [""])
    ]
    people = pd.DataFrame(rows, columns=["verbatim_id", "coder", "code"])
    raw = pairs(frame)[1].loc[("late", "rude")]
    right = pairs(frame, codings=people)[1].loc[("late", "rude")]
    assert raw["ci_lower"] > 1.2
    assert right["basis"] == "corrected"
    assert right["ci_lower"] < 1 < right["ci_upper"]


def test_no_pair_by_chance_alone_is_said():
    rng = np.random.default_rng(3)
    found, _ = pairs(told(rng.random((500, 3)) < 0.3))
    assert found.text == (
        "No two codes come together more or less often than by chance."
    )
    assert found._repr_html_().count("<table") == 0


@pytest.mark.slow
@pytest.mark.parametrize("together", [0.075, 0.12, 0.04])
def test_lift_covers(together):
    rng = np.random.default_rng(4)
    truth, inside = together / 0.075, []
    for _ in range(250):
        has = drawn(rng, 500, together)
        ids = np.arange(500).astype(str)
        coded = pd.DataFrame(
            [(ids[i], CODES[k]) for i, k in np.argwhere(has)],
            columns=["verbatim_id", "code"],
        )
        frame = pd.DataFrame({"verbatim_id": ids, "verbatim": "words"})
        row = voc.cooccurrence(frame, coded).table.iloc[0]
        inside.append(row["ci_lower"] <= truth <= row["ci_upper"])
    assert 0.92 <= np.mean(inside) <= 0.98


def test_chart_of_pairs():
    has = np.repeat([[1, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 0]], [30, 20, 30, 120], 0)
    found, _ = pairs(told(has.astype(bool)))
    ax = plots.cooccurrence(found.table, weak=["rude"])
    assert [t.get_text() for t in ax.get_yticklabels()] == ["Rude"]
    assert ax.get_yticklabels()[0].get_color() == plots._marks.GREY
    assert [t.get_text() for t in ax.texts] == ["2.0", "1.6–2.5"]
    none = plots.cooccurrence(pairs(told(has[:5].astype(bool)))[0].table)
    assert none.texts[0].get_text() == "no pair of codes to draw"
    plt.close("all")


def test_chart_of_everybody():
    has = np.random.default_rng(5).random((600, 3)) < 0.3
    frame = told(has, score=np.where(has[:, 0], 3, 10))
    silent = (np.arange(600) % 2 == 0) & ~has[:, 0]
    frame["verbatim"] = frame["verbatim"].where(~silent, None)
    found = voc.reweighted(frame, voc.code(frame, BOOK), codebook=BOOK)
    ax = plots.code_reweighted(found.table, weak=["dear"])
    assert "Dear (weak)" in [t.get_text() for t in ax.get_yticklabels()]
    hollow = next(c for c in ax.collections if c.get_label().startswith("among"))
    rows = found.table.set_index("code").loc[["late"]]
    assert 100 * rows["share_commenters"].iloc[0] in hollow.get_offsets()[:, 0]
    assert rows["effect_size"].iloc[0] < -0.05
    plt.close("all")
