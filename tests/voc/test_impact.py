"""Impact on the score: the vendors' formula, its interval, and overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from cxlib import voc
from cxlib.errors import DataError

BOOK = voc.Codebook.from_dict(
    {"version": 1, "codes": [
        {"id": c, "phrases": {"en": [c]}} for c in ("late", "rude", "ok")]}
)  # fmt: skip


def answers(n=600, seed=1):
    rng = np.random.default_rng(seed)
    late = rng.random(n) < 0.3
    rude = rng.random(n) < np.where(late, 0.5, 0.1)
    score = np.clip(np.round(8.5 - 3 * late + rng.normal(0, 1.5, n)), 0, 10)
    text = np.char.add(np.where(late, "late ", ""), np.where(rude, "rude", "words"))
    return pd.DataFrame({"verbatim": text, "score": score}), late, rude


def impact(frame, **options):
    return voc.impact(frame, voc.code(frame, BOOK), codebook=BOOK, **options)


@pytest.mark.parametrize(
    "scale", ["nps", {"name": "s", "low": 0, "high": 10, "kind": "mean"}]
)
def test_leave_one_out_is_the_vendors_formula(scale):
    frame, late, _ = answers()
    found = impact(frame, scale=scale)
    row = found.table.set_index("code").loc["late"]
    n, total = late.sum(), len(frame)
    formula = n * (row["score_with"] - found.score) / (total - n)
    assert row["estimate"] == pytest.approx(formula)
    assert row["estimate"] == pytest.approx(found.score - row["score_without"])


def test_interval_agrees_with_the_bootstrap():
    frame, late, _ = answers()
    y = np.where(frame["score"] >= 9, 100, np.where(frame["score"] <= 6, -100, 0))
    rng = np.random.default_rng(3)
    picks = rng.integers(0, 600, (2000, 600))
    draws = [y[i].mean() - y[i][~late[i]].mean() for i in picks]
    row = impact(frame).table.set_index("code").loc["late"]
    assert row["std_error"] == pytest.approx(np.std(draws), rel=0.06)


def test_adjusted_is_share_times_the_slope_with_the_others_held():
    frame, late, rude = answers(3000)
    row = impact(frame, scale={"name": "s", "low": 0, "high": 10, "kind": "mean"})
    rows = row.table.set_index("code")
    model = sm.OLS(
        frame["score"], sm.add_constant(np.column_stack([late, rude]) * 1.0)
    ).fit()
    assert rows.loc["late", "adjusted"] == pytest.approx(
        late.mean() * model.params.iloc[1]
    )
    assert rows.loc["rude", "adjusted"] == pytest.approx(
        rude.mean() * model.params.iloc[2]
    )
    assert rows.loc["rude", "ci_upper"] < 0, "alone, rude carries the blame of late"
    held = rows.loc["rude", ["adjusted_ci_lower", "adjusted_ci_upper"]]
    assert held.iloc[0] < 0 < held.iloc[1], "with late held it does not"


def test_relatives_are_not_held_against_each_other():
    book = voc.Codebook.from_dict(
        {"version": 1, "codes": [
            {"id": "top"},
            {"id": "late", "parent": "top", "phrases": {"en": ["late"]}}]}
    )  # fmt: skip
    frame, _, _ = answers()
    rows = voc.impact(frame, voc.code(frame, book), codebook=book).table.set_index(
        "code"
    )
    assert rows.loc["top", "adjusted"] == pytest.approx(rows.loc["late", "adjusted"])
    assert rows.loc["late", "adjusted"] == pytest.approx(rows.loc["late", "estimate"])


def test_few_mentions_get_no_estimate():
    frame, _, _ = answers(60)
    row = impact(frame).table.set_index("code").loc["ok"]
    assert row["n"] == 0
    assert np.isnan(row["estimate"])


def test_no_score_no_mentions_no_answers():
    frame, _, _ = answers(60)
    none = impact(frame, scale="")
    assert none.text == "Not computed: no score was given to tie the codes to."
    assert none.findings == ()
    assert "Not computed" in none._repr_html_()
    few = impact(frame.head(5))
    assert few.text == "Not computed: 5 verbatims have a score; 20 are needed."
    noise = frame.assign(
        score=[10, 0] * 30, verbatim=["late", "late", "fine", "fine"] * 15
    )
    assert impact(noise).text == (
        "No code is clearly tied to NPS among the 60 verbatims with a score."
    )
    with pytest.raises(DataError, match="column 'nps' is not in responses"):
        impact(frame, score="nps")


def test_sentences_say_association():
    frame, _, _ = answers()
    text = impact(frame).text
    assert text.startswith("Verbatims that mention late account for −")
    assert text.endswith("This is association, not what mending it would bring.")
