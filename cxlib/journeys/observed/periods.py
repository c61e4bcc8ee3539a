"""One period against those before and after it, where nobody randomised."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.estimate import adjust
from cxlib.estimate.contrast import contrast
from cxlib.estimate.design import Array, Design
from cxlib.journeys import _words
from cxlib.journeys._frames import Frame
from cxlib.journeys.experiments.specs import Metric, Score
from cxlib.journeys.observed import _rows
from cxlib.journeys.observed._calendar import Calendar, Instant, Rows, calendar, told
from cxlib.journeys.observed._rows import Outcome
from cxlib.result import Assumption, Finding, Result

BEFORE, AFTER = "the period before", "the period after"
PLACEBO = "placebo: the later half before, against the earlier"
LEAST, MIN_N = 20, 10


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class BeforeAfter(Result):
    """An outcome from a date on against other periods.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a comparison (with the period before, with the period after where the
        change ended, then the placebo): comparison, n, n_control, n_treatment, control,
        treatment, effect_size with std_error and interval, statistic, df, pvalue,
        pvalue_adj (Holm over the comparisons, not the placebo).
    claimed : bool
        Whether a change at the date is claimed.
    reasons : tuple of str
        What speaks against it.
    """

    metric: str
    at: str
    until: str
    claimed: bool
    reasons: tuple[str, ...]
    n_unknown: int
    confidence_level: float

    @property
    def comparisons(self) -> pd.DataFrame:
        """The table without the placebo."""
        return self.table[self.table["comparison"] != PLACEBO]

    @property
    def text(self) -> str:
        """Each comparison, then whether a change is claimed."""
        span = f"from {self.at}" + (f" to {self.until}" if self.until else " on")
        told = [self._sentence(row) for _, row in self.comparisons.iterrows()]
        verdict = (
            f"A change {span} is what the periods beside it support"
            if self.claimed
            else f"No change {span} is claimed: {_words.listed(self.reasons)}"
        )
        return f"Not an experiment. {self.metric} {span}: {'; '.join(told)}. {verdict}."

    def _sentence(self, row: pd.Series) -> str:
        treatment, control = _words.arms(row, self.unit)
        found = _words.effect(
            row, self.unit, self.confidence_level, f", n = {int(row['n']):,}"
        )
        return f"{treatment} against {control} in {row['comparison']}, {found}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Each comparison."""
        told = self.text
        return tuple(
            Finding(
                id=_words.slug(self.metric, row["comparison"]),
                statement=told, estimate=float(row["effect_size"]),
                unit={"share": "share_points"}.get(self.unit, self.unit),
                ci_lower=float(row["effect_size_ci_lower"]),
                ci_upper=float(row["effect_size_ci_upper"]), n=int(row["n"]),
                label=f"{self.metric} against {row['comparison']}",
                confidence_level=self.confidence_level,
            )
            for _, row in self.comparisons.iterrows()
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = []
        for _, row in self.table.iterrows():
            named = pd.concat(
                [row, pd.Series({"control_arm": "it", "treatment_arm": "the period"})]
            )
            cells = _words.cells(named, self.unit, self.confidence_level, several=False)
            shown.append(
                {"against": row["comparison"], **cells, "rows": _words.pair(row)}
            )
        table = pd.DataFrame(shown).to_html(index=False, border=0, classes="cx")
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>{table}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )


def before_after(
    rows: Frame,
    *,
    outcome: Outcome,
    at: Instant,
    until: Instant | None = None,
    time: str = "occurred_at",
    weights: str | None = None,
    cluster: str | None = None,
    confidence_level: float = 0.95,
) -> BeforeAfter:
    """Compare an outcome from a date on with the periods beside it.

    Use it for an incident or a redesign that met everybody. A comparison group
    (`difference_in_differences`) or a long series (`interrupted_series`) tells more.

    Parameters
    ----------
    rows : frame
        One row a user, answer or departure (see `departures`).
    outcome : str, Metric or mapping
        As in `adjusted_effect`.
    at : str, date or number
        When it began; the first moment that counts as changed.
    until : str, date or number, optional
        When it ended; the period after it is then a second comparison.
    time : str
        Column of times, or of numbers in order.
    weights, cluster : str, optional
        Columns of sampling weights and of the unit that repeats.
    confidence_level : float

    Returns
    -------
    BeforeAfter

    Raises
    ------
    DataError
        For a missing column, or under two rows (ten survey answers) in a period.

    Notes
    -----
    Shares: Newcombe's interval and Fisher's exact test; net scores: adjusted Wald;
    means: Welch; with weights or clusters, linearised. A change is claimed where the
    period differs from every period beside it in the same direction (Holm) and the
    placebo, the later half of the time before against the earlier, is silent. With an
    end, differing from one neighbour only is no claim: which period is chosen for the
    comparison would decide the answer.

    References
    ----------
    Campbell, D. T. (1969). Reforms as experiments. American Psychologist 24, 409-429.
    doi:10.1037/h0027982

    Examples
    --------
    >>> paid = [1, 0] * 100 + [1, 0, 0, 0] * 50
    >>> rows = pd.DataFrame({"day": range(400), "paid": paid})
    >>> found = before_after(rows, outcome="paid", at=200, time="day")
    >>> found.claimed, float(found.table["effect_size"].iloc[0])
    (True, -0.25)
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    table, metric = _rows.gather(
        rows, outcome, [time, weights or "", cluster or ""], "rows"
    )
    known = (table[time].notna() & table[_rows.VALUE].notna()).to_numpy(dtype=bool)
    table = table[known].reset_index(drop=True)
    clock = calendar(table[time], at=at, until=until, name=time)
    plan = _rows.plan_of(table, weights, cluster)
    y = _rows.values_of(table)
    found = _compare(y, metric, clock, plan, confidence_level)
    alpha = 1 - confidence_level
    reasons = _reasons(found, alpha)
    return BeforeAfter(
        table=found, unit=metric.result_unit, metric=metric.name, at=told(clock.at),
        until="" if clock.until is None else told(clock.until), claimed=not reasons,
        reasons=reasons, n_unknown=int((~known).sum()),
        confidence_level=confidence_level, assumptions=_ASSUMPTIONS,
        method=_method(metric, plan, int((~known).sum())),
    )  # fmt: skip


_ASSUMPTIONS = (
    Assumption(
        text="Nothing else changed at that date: no season, campaign, price or other "
        "kind of user.",
        quality="low", impact="high",
    ),
)  # fmt: skip


def _compare(
    y: Array, metric: Metric, clock: Calendar, plan: Design, level: float
) -> pd.DataFrame:
    """Every comparison, then the placebo."""
    past, before = clock.past, np.asarray(~clock.after)
    during = np.asarray(clock.after & ~past)
    pairs: list[tuple[str, Rows, Rows]] = [(BEFORE, before, during)]
    if clock.until is not None:
        pairs.append((AFTER, past, during))
    least = MIN_N if isinstance(metric, Score) else 2
    for name, base, own in pairs:
        if min(base.sum(), own.sum()) < least:
            raise DataError(
                f"{name} of {told(clock.at)} has {int(base.sum())} rows and the period "
                f"itself {int(own.sum())}; at least {least} of each are needed."
            )
    middle = clock.when[before].median()
    late = np.asarray((clock.when >= middle).to_numpy(dtype=bool))
    halves = np.asarray(before & late)
    if min(halves.sum(), (before & ~halves).sum()) >= LEAST:
        pairs.append((PLACEBO, before & ~halves, halves))
    table = pd.DataFrame(
        [_row(*pair, y=y, metric=metric, plan=plan, level=level) for pair in pairs]
    )
    asked = table["comparison"] != PLACEBO
    table.loc[asked, "pvalue_adj"] = adjust(table.loc[asked, "pvalue"], "holm")
    return table


def _row(
    name: str, base: Rows, own: Rows, *, y: Array, metric: Metric, plan: Design,
    level: float,
) -> dict[str, Any]:  # fmt: skip
    kind, factor = _rows.kind(metric), metric.factor
    gap = contrast(y, kind, a=base, b=own, plan=plan, confidence_level=level)
    means = [
        factor * float(plan.weights[r] @ y[r] / plan.weights[r].sum())
        for r in (base, own)
    ]
    pvalue = gap.pvalue
    if kind == "share" and plan.simple:
        counts = [[y[r].sum(), r.sum() - y[r].sum()] for r in (own, base)]
        pvalue = float(stats.fisher_exact(np.array(counts).astype(int)).pvalue)
    return {
        "comparison": name, "n": int(base.sum() + own.sum()),
        "n_control": int(base.sum()), "n_treatment": int(own.sum()),
        "control": means[0], "treatment": means[1],
        "effect_size": factor * gap.estimate, "std_error": factor * gap.std_error,
        "effect_size_ci_lower": factor * gap.ci_lower,
        "effect_size_ci_upper": factor * gap.ci_upper, "statistic": gap.statistic,
        "df": gap.df, "pvalue": pvalue,
    }  # fmt: skip


def _reasons(table: pd.DataFrame, alpha: float) -> tuple[str, ...]:
    """What speaks against a change at the date."""
    found = []
    own = table[table["comparison"] != PLACEBO]
    loud = own["pvalue_adj"] < alpha
    if not loud.all():
        quiet = own.loc[~loud, "comparison"].tolist()
        also = own.loc[loud, "comparison"].tolist()
        found.append(
            f"it differs from {also[0]} but not clearly from {quiet[0]}"
            if also
            else f"it does not differ clearly from {' or '.join(quiet)}"
        )
    elif len(set(own["effect_size"] > 0)) > 1:
        found.append("it lies above one period beside it and below the other")
    placebo = table[table["comparison"] == PLACEBO]
    if placebo.empty:
        found.append("the time before is too short for a placebo")
    elif float(placebo["pvalue"].iloc[0]) < alpha:
        found.append("the outcome already moved within the time before (placebo)")
    return tuple(found)


def _method(metric: Metric, plan: Design, unknown: int) -> str:
    how = {
        "share": "Newcombe's interval, Fisher's exact test", "net": "adjusted Wald",
        "mean": "Welch's interval",
    }[_rows.kind(metric)]  # fmt: skip
    if not plan.simple:
        how = "linearised standard errors, by the design"
    left = f" {unknown:,} rows without a time or outcome left out." if unknown else ""
    return f"{how[0].upper()}{how[1:]}; Holm over the comparisons.{left}"
