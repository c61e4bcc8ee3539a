"""Whether money that moves the score biases the estimate, and what is left without."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib.errors import DataError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, column, plain
from cxlib.roi.regressions._design import (
    Rows,
    effects_of,
    keyed,
    prepare,
    select,
    solve,
)
from cxlib.roi.regressions._long import Long
from cxlib.roi.regressions._solve import Solved, least_squares
from cxlib.roi.regressions._within import compact
from cxlib.roi.regressions.outcomes import Fits, each
from cxlib.roi.regressions.regression import Fit, refusal

Array = npt.NDArray[np.float64]
WHOLE, CORRECTED, GAP = "all periods", "corrected", "bias (difference)"
MIN_PERIODS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class HalfPanel(Told):
    """The score's coefficient with the bias of feedback taken out.

    Attributes
    ----------
    table : pandas.DataFrame
        outcome, part ('all periods', 'first half', 'second half', 'corrected', 'bias
        (difference)'), n, estimate, std_error, ci_lower, ci_upper, statistic, df,
        pvalue, unit.
    verdicts : dict
        Outcome to 'no feedback seen', 'feedback, holds' (the corrected interval leaves
        out zero), 'feedback, undone' or 'not possible'.
    reasons : dict
        Outcome to why it was not possible.
    n_customers : dict
    """

    verdicts: dict[str, str]
    reasons: dict[str, str]
    n_customers: dict[str, int]
    confidence_level: float
    currency: str

    @property
    def text(self) -> str:
        """What is left of each estimate, and whether feedback was seen."""
        told = [self._sentence(outcome) for outcome in self.verdicts]
        return " ".join(told) or "No outcome was estimated: nothing to correct."

    def _sentence(self, outcome: str) -> str:
        name = _words.started(outcome)
        if outcome in self.reasons:
            return f"{name}: no correction for feedback, {self.reasons[outcome]}."
        verdict = {
            "no feedback seen": "halves and whole agree, so no feedback of money on "
            "the score shows",
            "feedback, holds": "halves and whole disagree, as when money moves the "
            "score; what is left is not zero",
            "feedback, undone": "halves and whole disagree, as when money moves the "
            "score; what is left cannot be told from zero",
        }[self.verdicts[outcome]]
        n = f"n = {self.n_customers[outcome]:,} customers"
        return (
            f"{name}: {verdict} ({self.size(outcome, WHOLE)} over all periods, "
            f"{self.size(outcome, CORRECTED)} corrected, {n})."
        )

    def size(self, outcome: str, part: str) -> str:
        """Return one estimate with its interval, in words."""
        rows = self.table[self.table["outcome"] == outcome]
        row = rows[rows["part"] == part].iloc[0]
        ends = _words.interval(
            row["ci_lower"], row["ci_upper"], row["unit"],
            confidence_level=self.confidence_level,
        )  # fmt: skip
        return f"{_words.change(row['estimate'], row['unit'], self.currency)}, {ends}"

    @property
    def display(self) -> pd.DataFrame:
        """Estimates in words."""
        if self.table.empty:
            return self.table
        return pd.DataFrame(
            {
                "outcome": plain(self.table["outcome"]),
                "periods": self.table["part"],
                "per point, interval": changes(self.table, self.currency),
                "rows": column(self.table["n"], "count"),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The corrected coefficient of each outcome."""
        if self.table.empty:
            return ()
        rows = self.table[self.table["part"] == CORRECTED].to_dict("records")
        return tuple(
            Finding(
                id=f"{row['outcome']} corrected for feedback",
                statement=self._sentence(row["outcome"]),
                estimate=float(row["estimate"]), unit=row["unit"],
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=self.n_customers[row["outcome"]],
                confidence_level=self.confidence_level,
            )
            for row in rows
        )  # fmt: skip


def half_panel(periods: pd.DataFrame, fits: Fit | Fits) -> HalfPanel:
    """Correct fixed-effects estimates for money that moves later scores.

    Use it beside `placebo_lead`: the lead finds money that moves the *next* period's
    score, this finds money that moves the score of the *same* period, which the lead
    cannot see. It needs customer effects and at least 4 usable periods.

    Parameters
    ----------
    periods : pandas.DataFrame
        The rows that were fitted.
    fits : Fit or Fits

    Returns
    -------
    HalfPanel
        With the reason for an outcome without customer effects or too few periods.

    Notes
    -----
    Fixed effects subtract each customer's mean, which holds the money of all periods;
    a score that answers to money is then correlated with it, and the estimate is
    biased by an amount that falls as 1/T (Nickell). Cut in two halves, the panel has
    about twice that bias, so ``2 b - (n1 b1 + n2 b2) / n`` is free of it to first
    order (half-panel jackknife). Errors from the clusters' joint influence. Feedback
    is seen where the difference of the two estimates leaves out zero. An effect that
    changes between the halves shows as feedback too.

    Simulated: 300 customers, no effect, money moving the score of the same month by
    0.3 of its standard deviation: the uncorrected t test at 5 % finds an effect in
    44 %, 34 % and 13 % of panels of 6, 12 and 24 months, the corrected one in 6.5 %,
    5.5 % and 4.5 %; feedback is seen in 86 %, 99 % and 98 %. The price is precision:
    the corrected error is about a fifth larger with 6 months, the same with 24.

    References
    ----------
    Dhaene, G. and Jochmans, K. (2015). Split-panel jackknife estimation of
    fixed-effect models. Review of Economic Studies 82, 991-1030.
    doi:10.1093/restud/rdv007. Nickell, S. (1981). Biases in dynamic models with fixed
    effects. Econometrica 49, 1417-1426. doi:10.2307/1911408

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(300, rng=1)
    >>> half_panel(panel, roi.fit(panel, "revenue")).verdicts
    {'revenue': 'no feedback seen'}
    """
    fitted = each(fits)
    shared = keyed(periods, fitted[0].spec) if fitted else periods
    tables, verdicts, reasons, customers = [], {}, {}, {}
    for fit in fitted:
        name = fit.spec.outcome
        try:
            table, customers[name] = _parts(shared, fit)
        except DataError as error:
            verdicts[name], reasons[name] = "not possible", refusal(error).rstrip(".")
            continue
        tables.append(table)
        verdicts[name] = _verdict(table, 1 - fit.spec.confidence_level)
    return HalfPanel(
        table=pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(),
        unit="amount", verdicts=verdicts, reasons=reasons, n_customers=customers,
        method="Half-panel jackknife: twice the estimate less that of the two halves.",
        confidence_level=fitted[0].spec.confidence_level if fitted else 0.95,
        currency=fitted[0].spec.currency if fitted else "",
    )  # fmt: skip


def _verdict(table: pd.DataFrame, alpha: float) -> str:
    pvalue = table.set_index("part")["pvalue"]
    if not pvalue[GAP] < alpha:
        return "no feedback seen"
    return "feedback, holds" if pvalue[CORRECTED] < alpha else "feedback, undone"


def _parts(periods: pd.DataFrame | Long, fit: Fit) -> tuple[pd.DataFrame, int]:
    prepared = prepare(periods, fit.spec)
    if prepared.spec.model not in {"two_way", "one_way"}:
        raise DataError("customers are not compared with themselves")
    rows = select(prepared)
    whole = solve(prepared, rows)
    first, second = (
        _half(rows, at, prepared.spec.model, whole) for at in _cut(rows.time)
    )
    share = first[0] / (first[0] + second[0])
    b, pull = whole.coef[0], whole.influence[:, 0]
    mean = share * first[1] + (1 - share) * second[1]
    mean_pull = share * first[2] + (1 - share) * second[2]
    cases = {
        WHOLE: (whole.n, b, pull),
        "first half": first, "second half": second,
        CORRECTED: (whole.n, 2 * b - mean, 2 * pull - mean_pull),
        GAP: (whole.n, mean - b, mean_pull - pull),
    }  # fmt: skip
    t = float(stats.t.isf((1 - fit.spec.confidence_level) / 2, whole.df))
    table = pd.DataFrame(
        [_row(part, case, t, whole.df) for part, case in cases.items()]
    )
    table.insert(0, "outcome", fit.spec.outcome)
    return table.assign(unit=prepared.unit), whole.n_entities


def _row(
    part: str, case: tuple[int, float, Array], t: float, df: float
) -> dict[str, object]:
    n, estimate, pull = case
    error = float(np.square(pull).sum() ** 0.5)
    if error == 0:
        raise DataError(f"nothing varies within customers in the {part}")
    return {
        "part": part, "n": n, "estimate": float(estimate), "std_error": error,
        "ci_lower": estimate - t * error, "ci_upper": estimate + t * error,
        "statistic": estimate / error, "df": df,
        "pvalue": 2 * float(stats.t.sf(abs(estimate / error), df)),
    }  # fmt: skip


def _cut(time: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    """Return the rows before and after the period that halves them best."""
    seen = np.unique(time)
    if len(seen) < MIN_PERIODS:
        raise DataError(
            f"{len(seen)} usable periods cannot be halved (at least {MIN_PERIODS})"
        )
    share = np.array([(time < at).mean() for at in seen[2:-1]])
    middle = seen[2:-1][np.abs(share - 0.5).argmin()]
    return [np.flatnonzero(time < middle), np.flatnonzero(time >= middle)]


def _half(
    rows: Rows, at: npt.NDArray[np.int64], model: str, whole: Solved
) -> tuple[int, float, Array]:
    """Return rows, coefficient and each cluster's influence within one half."""
    entity = rows.entity[at]
    at = at[np.bincount(entity)[entity] > 1]
    if not len(at):
        raise DataError("no customer has two usable periods in each half")
    taken = effects_of(compact(rows.entity[at]), rows.time[at], model)
    x = rows.x[at]
    left = np.square(taken.out(x.T)).sum(axis=1)
    kept = left > 1e-9 * np.square(x - x.mean(axis=0)).sum(axis=0)
    clusters = np.unique(rows.cluster[at])
    if not kept[0] or len(clusters) < 3:
        raise DataError("the score does not vary within customers in each half")
    found = least_squares(
        rows.y[at], x[:, kept], cluster=compact(rows.cluster[at]), effects=taken,
        cov_type="CR1",
    )  # fmt: skip
    pull = np.zeros(len(whole.clusters))
    pull[clusters] = found.influence[:, 0]
    return found.n, float(found.coef[0]), pull
