"""Impact: coverage of its interval, and no false alarms without an effect."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib import voc

CODES = [f"c{k}" for k in range(8)]
BOOK = voc.Codebook.from_dict(
    {"version": 1, "codes": [{"id": c, "phrases": {"en": [c]}} for c in CODES]}
)


def drawn(rng, n, effect):
    has = rng.random((n, 8)) < 0.12
    score = np.clip(np.round(8 - effect * has[:, 0] + rng.normal(0, 2.2, n)), 0, 10)
    ids = [str(i) for i in range(n)]
    rows, columns = np.nonzero(has)
    coded = pd.DataFrame(
        {"verbatim_id": np.array(ids)[rows], "code": np.array(CODES)[columns]}
    )
    return pd.DataFrame(
        {"verbatim_id": ids, "verbatim": "words", "score": score}
    ), coded


@pytest.mark.slow
@pytest.mark.parametrize("n", [150, 600])
def test_impact_covers_its_truth(n):
    rng = np.random.default_rng(8)
    big, coded = drawn(rng, 200_000, 2.0)
    truth = voc.impact(big, coded, codebook=BOOK).table.set_index("code").loc["c0"]
    inside, adjusted = [], []
    for _ in range(600):
        row = voc.impact(*drawn(rng, n, 2.0), codebook=BOOK, min_n=5)
        row = row.table.set_index("code").loc["c0"]
        inside.append(row["ci_lower"] <= truth["estimate"] <= row["ci_upper"])
        low, high = row["adjusted_ci_lower"], row["adjusted_ci_upper"]
        adjusted.append(low <= truth["adjusted"] <= high)
    assert 0.92 <= np.mean(inside) <= 0.98
    assert 0.92 <= np.mean(adjusted) <= 0.98


@pytest.mark.slow
def test_no_code_is_named_without_an_effect():
    rng = np.random.default_rng(9)
    named = [
        bool(voc.impact(*drawn(rng, 400, 0.0), codebook=BOOK).findings)
        for _ in range(400)
    ]
    assert np.mean(named) <= 0.09
