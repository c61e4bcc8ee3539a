"""Coders compared: where they disagree, and whether one drifts."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from cxlib import plots, simulate, voc
from cxlib.errors import ArgumentError, DataError

SAMPLE = voc.Codebook.from_dict(simulate.codebook())
BOOK = voc.Codebook.from_dict(
    {"version": 1, "codes": [{"id": c, "phrases": {"en": [c]}} for c in ("x", "y")]}
)


@pytest.fixture(scope="module")
def answers():
    return simulate.responses(4000, rng=3, hidden=True)


def readings(a, b, *, ids=None):
    """Two coders' codes of each verbatim, given as strings of code letters."""
    rows = []
    for coder, given in (("Anna", a), ("Ben", b)):
        for i, codes in enumerate(given):
            name = ids[i] if ids else f"v{i}"
            rows += [(name, coder, code) for code in codes or [""]]
    return pd.DataFrame(rows, columns=["verbatim_id", "coder", "code"])


def told(n, text="words"):
    return pd.DataFrame(
        {"verbatim_id": [f"v{i}" for i in range(n)],
         "verbatim": [f"{text} {i}" for i in range(n)]}
    )  # fmt: skip


def test_counts_by_hand():
    codings = readings(["x"] * 10 + ["xy"] * 2, ["x"] * 7 + [""] * 3 + ["y"] * 2)
    found = voc.disagreements(codings, told(12), codebook=BOOK, k=2)
    x, y = (found.table.set_index("code").loc[code] for code in "xy")
    assert (x["n"], x["n_given"], x["n_disputed"], x["n_more"]) == (12, 12, 5, 5)
    assert (x["more_by"], x["estimate"]) == ("Anna", pytest.approx(5 / 12))
    # statsmodels proportion_confint(5, 12, method="wilson")
    assert x["ci_lower"] == pytest.approx(0.19326, abs=1e-5)
    assert x["ci_upper"] == pytest.approx(0.68049, abs=1e-5)
    assert (y["n_given"], y["n_disputed"], y["more_by"]) == (2, 0, "")
    assert found.text.startswith("Coders differ most on x: of the 12 verbatims")
    assert len(found.disputed) == 5
    assert found.disputed["readings"].iloc[0] == "Anna: x · Ben: none"


def test_rare_codes_show_no_share_and_no_verbatim():
    codings = readings(["x"] * 9 + [""] * 9, [""] * 18)
    found = voc.disagreements(codings, told(18), codebook=BOOK, k=10)
    assert found.table["estimate"].isna().all()
    assert found.disputed.empty
    assert found.text.startswith("No code with 10 uses is disputed in 18 verbatims.")


def test_disputed_verbatims_are_redacted_and_escaped():
    hostile = "<img src=x onerror=alert(1)> mail me at a@b.it"
    codings = readings(["x"] * 12, [""] * 12)
    found = voc.disagreements(codings, told(12, hostile), codebook=BOOK)
    page = found._repr_html_()
    assert "<img" not in page
    assert "a@b.it" not in page
    assert "&lt;img" in page
    assert "a@b.it" not in found.disputed.to_string()
    assert "verbatim" not in found.table.columns


@pytest.mark.parametrize("codings", [None, readings(["x"], ["x"])[:1]])
def test_nobody_to_compare_with(codings):
    found = voc.disagreements(codings, told(3), codebook=BOOK)
    assert found.text == (
        "No verbatim was read by two coders: there is nothing to compare."
    )
    assert plots.code_disputes(found.table).texts[0].get_text().startswith("no code")
    plt.close("all")


def test_unknown_codes_stop():
    with pytest.raises(DataError, match="code 'z'"):
        voc.disagreements(readings(["z"], ["x"]), told(1), codebook=BOOK)


def test_drift_by_hand():
    a = ["x"] * 20 + [""] * 20
    b = ["x"] * 20 + [""] * 10 + ["x"] * 10
    codings = readings(a, b).assign(
        batch=lambda t: np.where(t["verbatim_id"].str[1:].astype(int) % 2, "2", "1")
    )
    only_x = voc.Codebook.from_dict(
        {"version": 1, "codes": [{"id": "x", "phrases": {"en": ["x"]}}]}
    )
    found = voc.drift(codings, only_x, by="batch").table
    # Cohen: p = .5, q = .75, chance disagreement .5 * .25 + .75 * .5 = .5
    assert found["estimate"].tolist() == pytest.approx([1 - 0.25 / 0.5] * 2)
    assert found["centre"].tolist() == pytest.approx([0.5, 0.5])
    assert found["n"].tolist() == [20, 20]
    assert set(found["coder"]) == {"Anna with Ben"}
    assert not found["signal"].any()


def test_steady_coder_is_left_alone_and_a_drifting_one_named(answers):
    coded = voc.code(answers, SAMPLE, language="language")
    steady = simulate.codings(answers, rng=1, n=900, months=6)
    assert not voc.drift(steady, SAMPLE, machine=coded).table["signal"].any()
    moved = simulate.codings(answers, rng=1, n=1500, months=6, drift=0.6)
    found = voc.drift(moved, SAMPLE, machine=coded)
    signals = found.table[found.table["signal"]]
    assert set(signals.loc[signals["against"] == "machine", "coder"]) == {"B"}
    assert "A with B" in set(signals["coder"])
    assert "false alarms are to be expected" in found.text
    assert found.findings[0].n == 250


def test_gold_coder_tells_who_of_the_others_moved(answers):
    moved = simulate.codings(answers, rng=1, n=900, months=6, drift=0.45)
    third = simulate.codings(answers, rng=1, n=900, months=6)
    third = third[third["coder"] == "B"].assign(coder="C")
    found = voc.drift(pd.concat([moved, third]), SAMPLE, gold="A").table
    assert set(found["against"]) == {"A"}
    assert set(found.loc[found["signal"], "coder"]) == {"B"}


@pytest.mark.slow
def test_false_alarms_and_power_of_drift(answers):
    coded = voc.code(answers, SAMPLE, language="language")
    alarms = looks = named = blamed = 0
    for seed in range(60):
        steady = simulate.codings(answers, rng=seed, n=900, months=6)
        table = voc.drift(steady, SAMPLE, false_alarm_rate=0.02).table
        alarms, looks = alarms + int(table["signal"].sum()), looks + len(table)
        moved = simulate.codings(answers, rng=seed, n=900, months=6, drift=0.45)
        table = voc.drift(moved, SAMPLE, machine=coded).table
        who = table.loc[table["signal"] & (table["against"] == "machine"), "coder"]
        named += "B" in set(who)
        blamed += "A" in set(who)
    assert alarms / looks < 0.02 + 3 * np.sqrt(0.02 * 0.98 / looks)
    assert named >= 35  # 42 when measured: six months of 150 show a moving coder often
    assert blamed <= 2


def test_why_drift_is_not_followed(answers):
    plain = simulate.codings(answers, rng=1, n=50)
    assert "no column 'coded_at'" in voc.drift(plain, SAMPLE).text
    assert "nothing was coded" in voc.drift(None, SAMPLE).text
    one = simulate.codings(answers, rng=1, n=50, months=2)
    one = one[one["coder"] == "A"]
    assert "no verbatim has two readings" in voc.drift(one, SAMPLE).text
    with pytest.raises(ArgumentError, match="`gold` is 'Zoe'"):
        voc.drift(simulate.codings(answers, rng=1, n=50, months=2), SAMPLE, gold="Zoe")


def test_few_verbatims_in_a_period_have_no_estimate(answers):
    given = simulate.codings(answers, rng=1, n=100, months=6)
    table = voc.drift(given, SAMPLE).table
    assert table["estimate"].isna().all()
    assert (table["n"] < 20).all()
    ax = plots.coder_drift(table)
    assert ax.texts[0].get_text() == "no period to draw"
    plt.close("all")


def test_simulated_dates_leave_the_codes_alone(answers):
    plain = simulate.codings(answers, rng=4, n=200)
    dated = simulate.codings(answers, rng=4, n=200, months=4)
    pd.testing.assert_frame_equal(plain, dated.drop(columns="coded_at"))
    assert dated.groupby("coded_at")["verbatim_id"].nunique().tolist() == [50] * 4


def test_drift_chart_draws_a_mark_and_a_range_a_period(answers):
    given = simulate.codings(answers, rng=1, n=300, months=3)
    table = voc.drift(given, SAMPLE).table
    ax = plots.coder_drift(table)
    assert len(ax.patches) == 3
    assert ax.collections[-2].get_offsets()[:, 1].tolist() == pytest.approx(
        table["estimate"].tolist()
    )
    assert "n = 100" in ax.get_xticklabels()[0].get_text()
    plt.close("all")


def test_quality_chart_puts_the_worst_code_on_top():
    rows = pd.DataFrame(
        {"code": ["a", "b", "c", "(mean of codes)"], "name": ["A", "B", "C", "mean"],
         "estimate": [0.9, 0.4, np.nan, 0.6], "ci_lower": [0.8, 0.2, np.nan, 0.5],
         "ci_upper": [1.0, 0.6, np.nan, 0.7], "rule_kappa": [0.5, 0.6, np.nan, 0.55],
         "n_positive": [30, 12, 0, 42]}
    )  # fmt: skip
    ax = plots.coder_quality(rows)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["B", "A"]
    assert ax.yaxis_inverted()
    assert any("n = 12" in text.get_text() for text in ax.texts)
    plt.close("all")
