"""The outcome at each score: the picture before any regression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _format, estimate
from cxlib.errors import DataError
from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi._display import levels as level_texts
from cxlib.roi.regressions._design import Prepared, prepare
from cxlib.roi.regressions._spec import Specification, as_names
from cxlib.roi.regressions.separation import level_names, separation

MIN_N, SAID_N = 10, 30


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Levels(Told):
    """Mean outcome by score.

    Attributes
    ----------
    table : pandas.DataFrame
        outcome, score, n, n_events (0/1 outcomes), estimate, std_error, ci_lower,
        ci_upper, unit; levels in their order, estimates blank under 10 rows.
    separated : dict
        Outcome to 'complete' or 'quasi-complete' where the score decides it.
    """

    separated: dict[str, str]
    currency: str

    @property
    def text(self) -> str:
        """Lowest against highest score, and separation where there is any."""
        if self.table.empty:
            return "No outcome could be shown by score."
        return " ".join(self._sentence(name) for name in self.table["outcome"].unique())

    def _sentence(self, outcome: str) -> str:
        rows = self.table[self.table["outcome"] == outcome]
        name = _words.started(outcome)
        kind = self.separated.get(outcome)
        if kind:
            counts = ", ".join(
                f"score {r['score']}: {r['n_events']:,.0f} of {r['n']:,}"
                for _, r in rows.iterrows()
            )
            return (
                f"The score separates {_words.plain(outcome)} ({kind} separation): "
                f"{counts}. A score that decides an outcome was probably asked after "
                "it or made from it."
            )
        filled = rows[rows["estimate"].notna()]
        common = filled[filled["n"] >= SAID_N]
        filled = common if len(common) > 1 else filled
        if len(filled) < 2:
            return f"{name}: fewer than two scores have {MIN_N} rows to average."
        low, high = self._level(filled.iloc[0]), self._level(filled.iloc[-1])
        verb = "is" if rows["unit"].iloc[0] == "share" else "averages"
        return f"{name} {verb} {low}, and {high}; nothing else is held constant."

    def _level(self, row: pd.Series) -> str:
        size = _format.quantity(row["estimate"], row["unit"])
        if row["unit"] == "amount":
            size = _words.money(row["estimate"], self.currency)
        ends = _format.interval(row["ci_lower"], row["ci_upper"], row["unit"])
        return f"{size} at score {row['score']} ({ends}, n = {row['n']:,})"

    @property
    def display(self) -> pd.DataFrame:
        """One row a score, one column an outcome."""
        if self.table.empty:
            return self.table
        shown = self.table.assign(text=level_texts(self.table))
        order = list(dict.fromkeys(self.table["score"]))
        counts = self.table.groupby("score")["n"].max()
        wide = shown.pivot_table(
            index="score", columns="outcome", values="text", aggfunc="first"
        )
        found = pd.DataFrame({"score": order})
        found["rows"] = column(counts.reindex(order).reset_index(drop=True), "count")
        for name in self.table["outcome"].unique():
            unit = self.table.loc[self.table["outcome"] == name, "unit"].iloc[0]
            head = f"{_words.plain(name)}, {'%' if unit == 'share' else self.currency}"
            texts = wide[name].reindex(order).fillna("too few")
            found[head.rstrip(", ")] = texts.to_numpy()
        return found

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Separation, which is a headline; levels are in the table."""
        return tuple(
            Finding(
                id=f"{outcome} separated by the score",
                statement=self._sentence(outcome), estimate=None, unit="share",
            )
            for outcome in self.separated
        )  # fmt: skip


def by_score(
    periods: pd.DataFrame,
    outcomes: Sequence[str],
    *,
    score: str = "score",
    lag: int = 1,
    entity: str = "customer_id",
    time: str = "period",
    cluster: str = "",
    confidence_level: float = 0.95,
    currency: str = "",
) -> Levels:
    """Average each outcome at each score of the earlier period.

    Parameters
    ----------
    periods : pandas.DataFrame
        One row a customer and period.
    outcomes : sequence of str
    score, lag, entity, time, cluster, confidence_level, currency
        As in `fit`.

    Returns
    -------
    Levels
        A score with more than 11 values is cut into fifths.

    Notes
    -----
    Wilson intervals for 0/1 outcomes, t for means, clustered by customer; nothing is
    held constant, so this describes and does not explain. For 0/1 outcomes the table
    also shows separation: a score at which all, or none, have the event.

    Examples
    --------
    >>> import pandas as pd
    >>> one = pd.DataFrame({"customer_id": range(60), "period": "Q3",
    ...     "score": [1] * 20 + [3] * 20 + [5] * 20,
    ...     "churned": [1] * 20 + [0, 1] * 10 + [0] * 20})
    >>> by_score(one, ["churned"], lag=0).separated
    {'churned': 'quasi-complete'}
    """
    tables, separated = [], {}
    for name in as_names(outcomes, "outcomes"):
        spec = Specification(
            outcome=name, score=score, lag=lag, entity=entity, time=time,
            cluster=cluster, confidence_level=confidence_level,
        )  # fmt: skip
        prepared = prepare(periods, spec)
        x = prepared.long.shifted(prepared.long.values(score), lag)
        tables.append(_one(prepared, x))
        found = separation(x, prepared.outcome) if prepared.binary else None
        if found is not None and found.kind != "none":
            separated[name] = found.kind
    return Levels(
        table=pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(),
        unit="amount", separated=separated, currency=currency,
        method="Means by score, clustered by customer; nothing held constant.",
        assumptions=_assumptions(separated),
    )  # fmt: skip


def _one(prepared: Prepared, x: np.ndarray) -> pd.DataFrame:
    spec, kind = prepared.spec, "share" if prepared.binary else "mean"
    seen = np.isfinite(x) & np.isfinite(prepared.outcome)
    if not seen.any():
        raise DataError(f"no row has both '{spec.outcome}' and '{spec.score}'.")
    y, (at, names) = prepared.outcome[seen], pd.factorize(level_names(x[seen]))
    codes, known = prepared.long.groups(spec.clusters)
    labels = np.where(codes < 0, len(known) + np.arange(len(codes)), codes)[seen]
    rows = []
    for code, level in enumerate(names):
        inside = at == code
        row = {
            "outcome": spec.outcome, "score": level, "n": int(inside.sum()),
            "n_events": float(y[inside].sum()) if prepared.binary else np.nan,
        }  # fmt: skip
        if inside.sum() >= MIN_N and len(np.unique(labels[inside])) > 1:
            plan = estimate.design(int(inside.sum()), cluster=labels[inside])
            found = estimate.estimate(
                y[inside], "share" if kind == "share" else "mean", plan=plan,
                confidence_level=spec.confidence_level,
            ).as_row()  # fmt: skip
            row |= {
                k: found[k] for k in ("estimate", "std_error", "ci_lower", "ci_upper")
            }
        rows.append(row | {"unit": prepared.unit, "at": float(x[seen][inside].min())})
    table = pd.DataFrame(rows).sort_values("at").drop(columns="at")
    return table.reindex(
        columns=["outcome", "score", "n", "n_events", "estimate", "std_error",
                 "ci_lower", "ci_upper", "unit"]
    )  # fmt: skip


def _assumptions(separated: dict[str, str]) -> tuple[Assumption, ...]:
    return tuple(
        Assumption(
            text=f"The score was given before {outcome} was known, although it decides "
            "it at nearly every value.", quality="low", impact="high",
        )
        for outcome in separated
    )  # fmt: skip
