"""Charts of new, marking, praised and unseen themes: marks, labels, nothing to draw."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cxlib import plots, voc


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def names(ax):
    return [label.get_text() for label in ax.get_yticklabels()]


RISERS = pd.DataFrame(
    {"kind": ["word", "group", "code", "word"], "theme": ["a", "b, c", "$D$", "e"],
     "n": 900, "share_before": [0.0, 0.01, 0.1, 0.1],
     "share_after": [0.06, 0.06, 0.11, 0.1], "estimate": [0.06, 0.05, 0.01, 0.0],
     "ci_lower": [0.04, 0.03, -0.02, -0.1], "ci_upper": [0.08, 0.07, 0.04, 0.1],
     "emerging": [True, True, False, False], "told_by": ["a", "a", "", ""]}
)  # fmt: skip


def test_risers_show_both_waves_and_the_interval_of_the_change():
    ax = plots.emerging(RISERS, before="May", after="June")
    assert names(ax) == ["a (word)", r"\$D\$ (code)"], "told of once, no idle word"
    first, last = ax.collections[1:3]
    assert first.get_offsets()[:, 0].tolist() == pytest.approx([0, 10])
    assert last.get_offsets()[:, 0].tolist() == pytest.approx([6, 11])
    segments = ax.collections[0].get_segments()
    assert segments[1][:, 0] == pytest.approx([8, 14])
    assert [t.get_text() for t in ax.texts] == ["+6.0", "+1.0"]
    assert "May hollow, June" in ax.get_xlabel()
    ax.figure.canvas.draw()


def test_keyness_draws_the_strongest_words_with_their_counts():
    found = voc.keyness(["noisy room"] * 9 + ["big room"], ["big staff"] * 20)
    ax = plots.keyness(found.table, target="complaints")
    assert names(ax) == ["room", "noisy"]
    assert [t.get_text() for t in ax.texts] == ["10 against 0", "9 against 0"]
    widths = [bar.get_width() for bar in ax.patches]
    assert widths == pytest.approx(found.table["z"].tolist()[:2])
    assert "complaints" in ax.get_xlabel()


def test_tone_of_codes_is_sorted_with_interval_and_the_whole():
    nan = np.nan
    rows = pd.DataFrame(
        {"about": ["all", *["code"] * 4], "code": ["", "top", "x", "y", "z"],
         "name": ["all verbatims", "Top", "X", "Y", "Z"],
         "parent": ["", "", "top", "top", ""], "n": [90, 60, 40, 30, 3],
         "estimate": [0.5, 0.5, 0.8, 0.2, nan], "ci_lower": [0.4, 0.4, 0.7, 0.1, nan],
         "ci_upper": [0.6, 0.6, 0.9, 0.3, nan]}
    )  # fmt: skip
    ax = plots.code_sentiment(rows, weak=["y"])
    assert names(ax) == ["Y (weak)", "X"]
    assert ax.collections[0].get_segments()[1][:, 0] == pytest.approx([70, 90])
    assert {"20.0  n = 30", "all 50.0"} <= {t.get_text() for t in ax.texts}


def test_curve_is_solid_where_coded_and_dashed_where_foretold():
    codes = np.repeat(
        [f"c{i}" for i in range(12)], [30, 20, 9, 7, 5, 4, 2, 2, 1, 1, 1, 1]
    )
    found = voc.unseen(pd.DataFrame({"verbatim_id": range(83), "code": codes}))
    ax = plots.themes_seen(found.table)
    solid, dashed = ax.lines
    assert solid.get_xdata()[-1] == dashed.get_xdata()[0] == 83
    assert dashed.get_xdata()[-1] == 166
    assert dashed.get_linestyle() == "--"
    assert ax.texts[0].get_text() == "now: 95.2 %, 12 codes"


def test_nothing_to_draw_and_axes_given():
    closed = voc.unseen(
        pd.DataFrame({"verbatim_id": range(30), "code": "a"}),
        codebook=voc.Codebook.from_dict(
            {"version": 1, "codes": [{"id": "a", "phrases": {"en": ["a"]}}]}
        ),
    )
    assert plots.themes_seen(closed.table).texts[0].get_text() == "no curve to draw"
    none = pd.DataFrame()
    for draw in (plots.emerging, plots.keyness, plots.code_sentiment):
        assert draw(none).texts[0].get_text().startswith("no ")
    given = plt.figure().add_subplot()
    assert plots.emerging(RISERS, ax=given) is given
