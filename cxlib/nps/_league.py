"""The rows of a league table: raw, pooled and ranked, small segments kept back."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import scales
from cxlib.estimate.domains import domains
from cxlib.estimate.pooling import Pooled, Ranks, pool, ranks
from cxlib.nps._answers import Answers
from cxlib.nps._subtract import Codes, jointly
from cxlib.nps._suppress import COMPLEMENT, is_hidden

COLUMNS = [
    "segment", "n", "n_eff", "raw", "raw_ci_lower", "raw_ci_upper", "estimate",
    "std_error", "ci_lower", "ci_upper", "share_own", "rank_lower", "rank_upper",
    "share_best", "share_top", "share_bottom", "place", "status",
]  # fmt: skip
TOP, BOTTOM, MIDDLE, OPEN = (
    "top quarter", "bottom quarter", "in between", "cannot be ranked",
)  # fmt: skip


def prior_scale(scale: scales.Scale) -> float:
    """Scale of the prior of tau: one eighth of the score's range, before the factor."""
    width = {"net": 2.0, "share": 1.0, "mean": scale.high - scale.low}[scale.kind]
    return width / 8


def crossed(answers: Answers, columns: Sequence[str]) -> pd.Series:
    """One label an answer; several columns are crossed."""
    labels = answers.labels(columns[0])
    for column in columns[1:]:
        labels = labels + " · " + answers.labels(column)
    return labels


def _statuses(
    answers: Answers, columns: Sequence[str], codes: Codes, min_n: int
) -> list[str]:
    """Hidden or shown, beside tables that show each of the crossed columns.

    Crossings of some of the columns are in no table, and may not come out of these.
    """
    names = sorted(columns)
    margins = [pd.factorize(answers.labels(name), sort=True)[0] for name in names]
    if len(margins) < 2:
        return jointly([codes], min_n)[0]
    given = jointly(margins, min_n)
    pairs = [
        pd.factorize(crossed(answers, some), sort=True)[0]
        for size in range(2, len(columns))
        for some in itertools.combinations(columns, size)
    ]
    given += [[COMPLEMENT] * (int(one.max()) + 1) for one in pairs]
    return jointly([*margins, *pairs, codes], min_n, given=given)[-1]


def rows_of(
    answers: Answers, columns: Sequence[str], *, min_n: int, sure: float, n_draws: int,
    rng: int | np.random.Generator,
) -> tuple[pd.DataFrame, Pooled]:  # fmt: skip
    """Return the league table, the highest pooled score first, and the model."""
    codes, names = pd.factorize(crossed(answers, columns), sort=True)
    each = domains(answers.values, codes, answers.plan)
    found = pool(
        each.mean, each.variance, scale=prior_scale(answers.scale),
        confidence_level=answers.level,
    )  # fmt: skip
    ranked = ranks(
        each.mean, each.variance, found, n_draws=n_draws, rng=rng,
        confidence_level=answers.level,
    )  # fmt: skip
    f, limits = answers.scale.factor, _limits(answers.scale)
    half = stats.norm.isf((1 - answers.level) / 2) * np.sqrt(each.variance)
    table = pd.DataFrame({
        "segment": names, "n": each.n.astype(int), "n_eff": each.n_eff,
        "raw": f * each.mean, "raw_ci_lower": f * np.clip(each.mean - half, *limits),
        "raw_ci_upper": f * np.clip(each.mean + half, *limits),
        "estimate": f * np.clip(found.estimate, *limits),
        "std_error": f * found.std_error,
        "ci_lower": f * np.clip(found.ci_lower, *limits),
        "ci_upper": f * np.clip(found.ci_upper, *limits), "share_own": found.weight,
        "rank_lower": ranked.lower, "rank_upper": ranked.upper,
        "share_best": ranked.p_best, "share_top": ranked.p_top,
        "share_bottom": ranked.p_bottom, "place": _places(ranked, sure),
        "status": _statuses(answers, columns, codes, min_n),
    })[COLUMNS]  # fmt: skip
    table = table.sort_values("estimate", ascending=False, kind="stable")
    return _kept_back(table.reset_index(drop=True)), found


def _limits(scale: scales.Scale) -> tuple[float, float]:
    ends = {"net": (-1.0, 1.0), "share": (0.0, 1.0), "mean": (scale.low, scale.high)}
    return ends[scale.kind]


def _places(ranked: Ranks, sure: float) -> list[str]:
    """Where each segment surely stands; no place where ranks span half the table."""
    wide = ranked.upper - ranked.lower + 1 > len(ranked.lower) / 2
    place = np.where(wide, OPEN, MIDDLE)
    place = np.where(ranked.p_top >= sure, TOP, place)
    return [str(p) for p in np.where(ranked.p_bottom >= sure, BOTTOM, place)]


def _kept_back(table: pd.DataFrame) -> pd.DataFrame:
    """Hidden segments lose their numbers and stand last, in the order of names."""
    hidden = table["status"].map(is_hidden).astype(bool)
    blank = [c for c in COLUMNS if c not in {"segment", "status", "place"}]
    kept = table.astype(dict.fromkeys(blank, float))
    kept.loc[hidden, blank] = np.nan
    kept.loc[hidden, "place"] = ""
    last = kept[hidden].sort_values("segment")
    return pd.concat([kept[~hidden], last], ignore_index=True)
