"""When the money follows the score: all lags at once, their sum, and the leads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _format
from cxlib.errors import ArgumentError, DataError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, column, plain
from cxlib.roi.regressions._design import keyed
from cxlib.roi.regressions._distributed import Profile, listed, profile
from cxlib.roi.regressions.outcomes import Fits, each
from cxlib.roi.regressions.regression import Fit, refusal


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class LagProfile(Told):
    """The score's coefficient at every lag, held constant for one another.

    Attributes
    ----------
    table : pandas.DataFrame
        outcome, kind ('lead', 'lag', 'sum'), term, lag (negative for a lead, blank for
        the sum), declared (the lag of the main regression), n, estimate, std_error,
        ci_lower, ci_upper, band_lower, band_upper (hold for all lags of an outcome at
        once), statistic, df, pvalue, unit.
    largest : dict
        Outcome to the lags that may be the largest, the most likely first.
    lead_pvalues : dict
        Outcome to the p-value of all leads being zero; absent without leads.
    reasons : dict
        Outcome to why there is no profile.
    no_leads : dict
        Outcome to why its leads are left out.
    n_customers, rows_before : dict
        Outcome to customers here, and to the rows of the main regression.
    """

    largest: dict[str, tuple[int, ...]]
    lead_pvalues: dict[str, float]
    reasons: dict[str, str]
    no_leads: dict[str, str]
    n_customers: dict[str, int]
    rows_before: dict[str, int]
    confidence_level: float
    currency: str
    period: str

    @property
    def text(self) -> str:
        """Sum over the lags, the declared lag, and which lag is largest."""
        told = [self._sentence(outcome) for outcome in self.largest]
        told += [
            f"{_words.started(outcome)}: there is no lag profile, {reason}."
            for outcome, reason in self.reasons.items()
        ]
        return " ".join(told) or "No outcome was estimated: there is no lag profile."

    def _sentence(self, outcome: str) -> str:
        rows = self.table[self.table["outcome"] == outcome]
        lags = rows[rows["kind"] == "lag"]
        n = _words.rows(int(rows["n"].iloc[0]), self.n_customers[outcome])
        lost = self.rows_before[outcome] - int(rows["n"].iloc[0])
        fewer = f"; {lost:,} rows fewer than in the main regression" if lost else ""
        one = lags[lags["declared"]].iloc[0]
        when = _words.later(int(one["lag"]), self.period)
        return (
            f"{_words.started(outcome)}: a lasting point more goes with "
            f"{self._sized(rows[rows['kind'] == 'sum'])}, over lags "
            f"{listed(lags['lag'])} ({n}{fewer}); at the declared lag ({when}) alone "
            f"{self._sized(lags[lags['declared']])}. {self._which(outcome)}"
            f"{self._ahead(outcome)}"
        )

    def _sized(self, rows: pd.DataFrame) -> str:
        row = rows.iloc[0]
        ends = _words.interval(
            row["ci_lower"], row["ci_upper"], row["unit"],
            confidence_level=self.confidence_level,
        )  # fmt: skip
        return f"{_words.change(row['estimate'], row['unit'], self.currency)}, {ends}"

    def _which(self, outcome: str) -> str:
        first, *others = self.largest[outcome]
        if not others:
            return f"Lag {first} is the largest, beyond the noise."
        lags = "lag" if len(others) == 1 else "lags"
        return f"Lag {first} is the largest seen, but {lags} {listed(others)} may be."

    def _ahead(self, outcome: str) -> str:
        if outcome not in self.lead_pvalues:
            return ""
        loud = self.lead_pvalues[outcome] < 1 - self.confidence_level
        return (
            " The score that comes after predicts the money too, so none of this may "
            "be read forward."
            if loud
            else " The score that comes after does not predict it."
        )

    @property
    def display(self) -> pd.DataFrame:
        """Coefficients by lag, in words."""
        if self.table.empty:
            return self.table
        band = self.table[[*("estimate", "unit")]].assign(
            ci_lower=self.table["band_lower"], ci_upper=self.table["band_upper"]
        )
        both = changes(band, self.currency).str.partition("(")[2].str.rstrip(")")
        return pd.DataFrame(
            {
                "outcome": plain(self.table["outcome"]),
                "score taken": self.table["term"]
                + np.where(self.table["declared"], " (declared)", ""),
                "per point, interval": changes(self.table, self.currency),
                "interval for all lags at once": both.where(
                    self.table["band_lower"].notna(), _format.MISSING
                ),
                "rows": column(self.table["n"], "count"),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The sum over the lags of each outcome."""
        if self.table.empty:
            return ()
        rows = self.table[self.table["kind"] == "sum"]
        return tuple(
            Finding(
                id=f"{row['outcome']} per {row['term']}",
                statement=self._sentence(row["outcome"]),
                estimate=float(row["estimate"]), unit=row["unit"],
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=self.n_customers[row["outcome"]],
                confidence_level=self.confidence_level,
            )
            for row in rows.to_dict("records")
        )  # fmt: skip


def lag_profile(
    periods: pd.DataFrame,
    fits: Fit | Fits,
    *,
    lags: int | Sequence[int] = (0, 1, 2, 3),
    leads: int = 1,
    rng: int | np.random.Generator = 0,
) -> LagProfile:
    """Estimate the score's coefficient at several lags together, and their sum.

    Use it to see whether the money comes when it was said to come, and what a lasting
    point is worth once all of it has. Do not use it to choose the lag of the main
    regression: that is declared beforehand, and the interval of a lag picked here as
    the largest is too narrow (its band is not).

    Parameters
    ----------
    periods : pandas.DataFrame
        The rows that were fitted.
    fits : Fit or Fits
        Their regressions; model, declared lag, drivers and clusters are from these.
    lags : int or sequence of int
        Periods by which the score comes first, or the largest of them. The declared
        lag is always among them.
    leads : int
        Periods after the outcome at which the score is taken too, as a placebo; 0 for
        none.
    rng : int or numpy.random.Generator
        Of the bands' critical value.

    Returns
    -------
    LagProfile
        With the reason, instead of rows, for an outcome whose panel is too short, and
        for a cross-section.

    Raises
    ------
    ArgumentError
        For a lag or a number of leads that is not a whole number of 0 or more.

    Notes
    -----
    A distributed-lag model: the outcome on the score at all lags and leads together,
    with the drivers at the declared lag and the effects and clusters of the main
    regression; a logit as average marginal effects. Estimand of a lag: mean difference
    of the outcome per point of the score so many periods before, the scores of the
    other periods held constant. Their sum is what a point that lasts goes with in the
    long run, and equally what a point of one period goes with over all later ones.
    Intervals of single lags are t with clusters - 1; the bands hold for all lags of an
    outcome at once (sup-t, from the joint covariance). A lag may be the largest unless
    its size lies below another's beyond the band of all pairwise differences. A row
    needs a score at every lag and lead, so gaps and blanks cost more rows than in the
    main regression; how many is said.

    Fixed effects need a score that past money does not move. Where it does (an
    unhappy bill this month, a lower score the next), the estimate is biased even if
    the lag is right, and the bias fades only with the number of periods T (Nickell).
    Simulated with 300 customers, no effect, and money that moves the next month's
    score by 0.3 of its standard deviation: the main regression finds an effect at 5 %
    in 29 %, 26 % and 14 % of panels of 6, 12 and 24 months; the lead was loud in all
    600 of them, so a loud lead forbids reading the profile forward. Where money moves
    the score of the same month (44 %, 34 % and 13 %) the lead stays at its 5 %:
    `half_panel` is the guard there.

    References
    ----------
    Nickell, S. (1981). Biases in dynamic models with fixed effects. Econometrica 49,
    1417-1426. doi:10.2307/1911408. Montiel Olea, J. L. and Plagborg-Moller, M. (2019).
    Simultaneous confidence bands. Journal of Applied Econometrics 34, 1-17.
    doi:10.1002/jae.2656

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(300, rng=1)
    >>> found = lag_profile(panel, roi.fit(panel, "revenue"), lags=2)
    >>> found.largest
    {'revenue': (1,)}
    """
    wanted = _wanted(lags)
    _check_whole(leads, "leads", "periods after the outcome")
    fitted = each(fits)
    shared = keyed(periods, fitted[0].spec) if fitted else periods
    parts: list[Profile] = []
    reasons: dict[str, str] = {}
    for fit in fitted:
        try:
            parts.append(profile(shared, fit, wanted, leads, rng))
        except DataError as error:
            reasons[fit.spec.outcome] = refusal(error).rstrip(".")
    return _gathered(parts, reasons, fitted)


def _gathered(
    parts: list[Profile], reasons: dict[str, str], fitted: tuple[Fit, ...]
) -> LagProfile:
    tables = [part.table for part in parts]
    return LagProfile(
        table=pd.concat(tables, ignore_index=True) if tables else pd.DataFrame(),
        unit="amount", largest={p.outcome: p.largest for p in parts},
        lead_pvalues={
            p.outcome: p.lead_pvalue for p in parts if p.lead_pvalue is not None
        },
        reasons=reasons, no_leads={p.outcome: p.no_leads for p in parts if p.no_leads},
        n_customers={p.outcome: p.n_customers for p in parts},
        rows_before={p.outcome: p.rows_before for p in parts},
        confidence_level=fitted[0].spec.confidence_level if fitted else 0.95,
        currency=fitted[0].spec.currency if fitted else "",
        period=fitted[0].period if fitted else "period",
        method="Distributed lags: all lags and leads together, with the effects, "
        "drivers and clusters of the main regression; sup-t bands over the lags."
        + "".join(
            f" {_words.started(p.outcome)}: no leads, {p.no_leads}."
            for p in parts
            if p.no_leads
        ),
    )  # fmt: skip


def _wanted(lags: int | Sequence[int]) -> tuple[int, ...]:
    what = "periods, or a list of them,"
    if not isinstance(lags, Sequence):
        _check_whole(lags, "lags", what)
        return tuple(range(lags + 1))
    for lag in lags:
        _check_whole(lag, "lags", what)
    return tuple(sorted(set(lags)))


def _check_whole(value: object, name: str, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ArgumentError(
            f"`{name}` holds {value!r}; use the whole number of {what} (0, 1, 2, …)."
        )
