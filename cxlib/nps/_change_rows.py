"""The rows of a change: each segment's own change, its rate and its mix."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd
from scipy import stats

from cxlib.estimate import adjust, design_se
from cxlib.estimate.design import Array
from cxlib.nps import _split
from cxlib.nps._answers import Answers, Rows

ALL = "all"
POOLED = "(small segments together)"
COLUMNS = [
    "segment", "component", "n_before", "n_after", "share_before", "share_after",
    "before", "after", "estimate", "std_error", "ci_lower", "ci_upper", "pvalue",
    "pvalue_adj", "note",
]  # fmt: skip


def tabulate(rows: list[dict[str, object]]) -> pd.DataFrame:
    """Return the table, the segments' own changes corrected as one family."""
    table = pd.DataFrame(rows, columns=COLUMNS)
    own = (table["component"] == "change") & (table["segment"] != ALL)
    raw = table["pvalue"].astype(float).where(own)
    table["pvalue_adj"] = adjust(raw.to_numpy(dtype=float), "holm")
    total = (table["component"] == "change") & (table["segment"] == ALL)
    table.loc[total, "pvalue_adj"] = table.loc[total, "pvalue"]
    return table


def parts(
    answers: Answers, a: Rows, b: Rows, by: str, min_n: int, hidden: Collection[str]
) -> list[dict[str, object]]:
    """Totals of rate and mix, then three rows a segment, the largest part first."""
    named = _segments(answers, a, b, by, min_n, hidden)
    found = _split.split(answers.values, a, b, list(named.values()), answers.plan)
    rows: list[dict[str, object]] = [
        row_of(ALL, part, (int(a.sum()), int(b.sum())), (1.0, 1.0))
        | _interval(answers, getattr(found, part).sum(), influence.sum(axis=1))
        for part, influence in (
            ("rate", found.rate_influence),
            ("mix", found.mix_influence),
        )
    ]
    for i in np.argsort(-np.abs(found.rate + found.mix), kind="stable"):
        name = list(named)[i]
        rows += _segment(answers, a & named[name], b & named[name], name, found, int(i))
    return rows


def _segment(
    answers: Answers, a: Rows, b: Rows, name: str, found: _split.Split, i: int
) -> list[dict[str, object]]:
    """Own change, rate and mix of one segment."""
    factor, n = answers.scale.factor, (int(a.sum()), int(b.sum()))
    note = "" if min(n) else "appeared" if n[1] else "vanished"
    head = row_of(name, "change", n, (found.share_before[i], found.share_after[i])) | {
        "before": found.before[i] * factor, "after": found.after[i] * factor,
        "note": note,
    }  # fmt: skip
    own: dict[str, object] = {}
    if min(n) >= 2:
        gap = answers.contrast(a, b).as_row()
        own = {k: gap[k] for k in COLUMNS if k in gap}
    rate = _interval(answers, found.rate[i], found.rate_influence[:, i])
    mix = _interval(answers, found.mix[i], found.mix_influence[:, i])
    return [
        head | own,
        head | {"component": "rate"} | rate,
        head | {"component": "mix"} | mix,
    ]


def _segments(
    answers: Answers, a: Rows, b: Rows, by: str, min_n: int, hidden: Collection[str]
) -> dict[str, Rows]:
    """Rows of each segment, those too small for a wave put together."""
    labels = answers.labels(by)
    named = {name: np.asarray(labels == name) for name in sorted(labels.unique())}
    counts = [[int((rows & wave).sum()) for rows in named.values()] for wave in (a, b)]
    back = np.array([name in hidden for name in named])
    small = _split.to_pool(counts[0], counts[1], min_n, back)
    kept = {k: v for (k, v), s in zip(named.items(), small, strict=True) if not s}
    pooled = [v for v, s in zip(named.values(), small, strict=True) if s]
    return kept | ({POOLED: np.any(pooled, axis=0)} if pooled else {})


def _interval(answers: Answers, value: float, influence: Array) -> dict[str, object]:
    """Estimate, linearised standard error and t interval in the score's unit."""
    factor = answers.scale.factor
    std_error, df = design_se(influence, answers.plan)
    half = float(stats.t.isf((1 - answers.level) / 2, df)) * std_error
    return {
        "estimate": float(value) * factor, "std_error": std_error * factor,
        "ci_lower": (float(value) - half) * factor,
        "ci_upper": (float(value) + half) * factor,
    }  # fmt: skip


def row_of(
    segment: str, component: str, n: tuple[int, int], share: tuple[float, float]
) -> dict[str, object]:
    return {
        "segment": segment, "component": component, "n_before": n[0], "n_after": n[1],
        "share_before": float(share[0]), "share_after": float(share[1]), "note": "",
    }  # fmt: skip
