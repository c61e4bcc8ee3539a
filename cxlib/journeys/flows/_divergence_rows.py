"""The numbers of a divergence: the test, touchpoints, moves and who came where."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cxlib.estimate import Moments, ratio
from cxlib.estimate.permutation import MaxT, Patterns, jensen_shannon
from cxlib.journeys.flows._moves import sums


def one_treatment(
    patterns: Patterns, kinds: pd.DataFrame, found: MaxT, arms: dict[str, str],
    family: int, order: dict[str, float], level: float,
) -> tuple[pd.DataFrame, ...]:  # fmt: skip
    """Return one treatment's test, touchpoints, moves and touchpoints reached."""
    listed = _listed(patterns, kinds, found, level)
    listed["pvalue_adj"] = np.minimum(listed["pvalue_adj"] * family, 1.0)
    listed.insert(0, "position", listed["from"].map(order))
    for i, (name, arm) in enumerate(arms.items()):
        listed.insert(i, name, arm)
    came = listed["to"] == ""
    moves, reached = listed[~came], listed[came].drop(columns="to")
    table = _touchpoints(moves, level)
    table["distance"] = table["touchpoint"].map(_distances(patterns, kinds))
    at = table.loc[table["parts_here"], "touchpoint"]
    reached = reached.rename(columns={"from": "touchpoint"}).sort_values("position")
    other = reached.loc[reached["pvalue_adj"] < 1 - level, "touchpoint"]
    test = {
        **arms, "n_control": int(patterns.control.sum()),
        "n_treatment": int(patterns.treatment.sum()), "distance": found.distance,
        "distance_by_chance": found.distance_by_chance,
        "statistic": float(listed["statistic"].abs().max()), "pvalue": found.pvalue,
        "pvalue_adj": min(1.0, found.pvalue * family),
        "parts_at": str(at.iloc[0]) if len(at) else "",
        "reached_first": str(other.iloc[0]) if len(other) else "",
    }  # fmt: skip
    ranked = moves.sort_values(["pvalue_adj", "position", "to"], na_position="last")
    return pd.DataFrame([test]), table, ranked, reached


def _touchpoints(moves: pd.DataFrame, level: float) -> pd.DataFrame:
    """Return the clearest move from each touchpoint, in the order of the way."""
    clear = moves.assign(size=moves["statistic"].abs().fillna(-1))
    clear = clear.sort_values(["position", "size"], ascending=[True, False])
    table = clear.drop_duplicates("from").drop(columns="size")
    table = table.rename(columns={"from": "touchpoint"}).reset_index(drop=True)
    real = (table["pvalue_adj"] < 1 - level).to_numpy(dtype=bool)
    return table.assign(parts_here=real & (np.cumsum(real) == 1))


def _listed(
    patterns: Patterns, kinds: pd.DataFrame, found: MaxT, level: float
) -> pd.DataFrame:
    """Return both arms' shares of each move, their difference and its test."""
    arms = sums(patterns, patterns.control), sums(patterns, patterns.treatment)
    nan = dict.fromkeys(_NUMBERS, float("nan"))
    rows = []
    for (start, to), a, b in zip(kinds.to_numpy().tolist(), *arms, strict=True):
        here = {"from": start, "to": to}
        here |= {"n_control": _left(a), "n_treatment": _left(b)}
        both = a.mean[1] > 0 and b.mean[1] > 0
        rows.append(
            here | (ratio(a, b, confidence_level=level).as_row() if both else nan)
        )
    names = ["from", "to", "n_control", "n_treatment", *_NUMBERS]
    listed = pd.DataFrame(rows)[names]
    return listed.assign(statistic=found.z, pvalue_adj=found.pvalue_adj)


_NUMBERS = (
    "control", "treatment", "effect_size", "std_error", "effect_size_ci_lower",
    "effect_size_ci_upper",
)  # fmt: skip


def _left(arm: Moments) -> int:
    return round(float(arm.mean[1] * arm.n))


def _distances(patterns: Patterns, kinds: pd.DataFrame) -> dict[str, float]:
    """Return how far apart the arms' next steps are, by touchpoint left."""
    counts = [patterns.counts.T @ w for w in (patterns.control, patterns.treatment)]
    found = {}
    for start in kinds["from"].unique():
        own = ((kinds["from"] == start) & (kinds["to"] != "")).to_numpy(dtype=bool)
        shares = [np.asarray(c[own] / max(c[own].sum(), 1)) for c in counts]
        found[str(start)] = float(jensen_shannon(*shares))
    return found
