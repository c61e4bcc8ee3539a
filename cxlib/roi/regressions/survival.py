"""Who leaves when: hazard ratios, and customers kept over a year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.estimate.cox import Cox, Spells, Ties, concordance, cox, proportional
from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, column
from cxlib.roi.regressions._at_risk import Asked, AtRisk, at_risk
from cxlib.roi.regressions._kept import kept
from cxlib.roi.regressions._parts import group_totals
from cxlib.roi.regressions._spec import as_names

Array = npt.NDArray[np.float64]
CovType = Literal["CR0", "CR0_G"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Survival(Told):
    """A proportional-hazards regression of leaving.

    Attributes
    ----------
    table : pandas.DataFrame
        term, n, n_events, estimate (change per point of the share kept over the
        horizon), std_error, ci_lower, ci_upper, df, pvalue (of the hazard ratio), unit,
        hazard_ratio, hazard_ratio_ci_lower, hazard_ratio_ci_upper, log_hazard_ratio,
        log_hazard_ratio_std_error; the score first.
    checks : pandas.DataFrame
        term ('all' last), chi2, df, pvalue: whether hazard ratios are constant.
    share_kept, share_kept_ci_lower, share_kept_ci_upper : float
        Customers kept over the horizon, at the scores as they are.
    horizon, begun : float
        In units of tenure; the tenure at which the first customer is seen.
    concordance : float
        How often who leaves first had the higher hazard.
    n, n_events, n_clusters : int
    """

    checks: pd.DataFrame
    share_kept: float
    share_kept_ci_lower: float
    share_kept_ci_upper: float
    horizon: float
    begun: float
    concordance: float
    n: int
    n_events: int
    n_clusters: int
    score: str
    confidence_level: float
    log_likelihood: float

    @property
    def text(self) -> str:
        """Change of the share kept, hazard ratio, and whether the ratio is constant."""
        row, level = self.table.iloc[0], self.confidence_level
        ends = _words.interval(
            row["ci_lower"], row["ci_upper"], "share", confidence_level=level
        )
        ratio, low, high = (
            _format.number(row[f"hazard_ratio{end}"])
            for end in ("", "_ci_lower", "_ci_upper")
        )
        return (
            f"One point more on {_words.plain(self.score)} goes with "
            f"{_words.change(row['estimate'], 'share')} of customers kept to tenure "
            f"{self.horizon:g} ({ends}, n = {self.n:,}, {self.n_events:,} left), where "
            f"{_format.quantity(self.share_kept, 'share')} are kept; the hazard of "
            f"leaving is multiplied by {ratio} ({100 * level:g} % CI {low} to {high})."
            f"{self._doubt()}"
        )

    def _doubt(self) -> str:
        doubted = self.checks[(self.checks["pvalue"] < 1 - self.confidence_level)]
        names = [t for t in doubted["term"].tolist() if t != "all"]
        if not names:
            return ""
        return (
            f" The ratio of {_words.listed([_words.plain(n) for n in names])} changes "
            "with tenure, so read it as an average over the customers seen."
        )

    @property
    def display(self) -> pd.DataFrame:
        """Terms with both scales."""
        rows = self.table
        ratio = rows.assign(
            estimate=rows["hazard_ratio"], ci_lower=rows["hazard_ratio_ci_lower"],
            ci_upper=rows["hazard_ratio_ci_upper"], unit="score",
        )  # fmt: skip
        texts = [
            f"{r.estimate:.2f} ({r.ci_lower:.2f} to {r.ci_upper:.2f})"
            for r in ratio.itertuples()
        ]
        return pd.DataFrame(
            {
                "term": rows["term"], "kept, per point, interval": changes(rows),
                "hazard ratio, interval": texts,
                "constant ratio, p": [
                    _format.pvalue(p) for p in self.checks["pvalue"].iloc[:-1]
                ],
                "left": column(rows["n_events"], "count"),
            }
        )  # fmt: skip

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The score's change of the share kept."""
        row = self.table.iloc[0]
        return (
            Finding(
                id=f"customers kept per {self.score} point", statement=self.text,
                estimate=float(row["estimate"]), unit="share_points",
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=self.n,
                confidence_level=self.confidence_level,
            ),
        )  # fmt: skip


def survival(
    customers: pd.DataFrame,
    event: str = "churned",
    *,
    tenure: str,
    entry: str = "",
    score: str = "score",
    drivers: Sequence[str] = (),
    cluster: str = "",
    horizon: float = 12,
    ties: Ties = "efron",
    cov_type: CovType = "CR0_G",
    confidence_level: float = 0.95,
) -> Survival:
    """Regress the time to leaving on the score: Cox's proportional hazards.

    Use it where each customer has a tenure and a flag of having left, or several
    spells with a score of their own. For customers seen every period `fit` with a
    discrete-time model keeps the score ahead of the leaving, and its coefficient can
    be valued by `point_value`.

    Parameters
    ----------
    customers : pandas.DataFrame
        One row a customer or spell.
    event : str
        0/1 column: 1 where the customer left at `tenure`, 0 where still there.
    tenure : str
        Time from joining to leaving or to the last look, in any unit.
    entry : str
        Tenure at which the row came under observation; 0 for all when empty. Needed
        where customers who left before the look are not in the file.
    score : str
        Numeric column; the coefficient is per point of it.
    drivers : sequence of str
        Columns held constant; text becomes 0/1 columns.
    cluster : str
        Column to cluster errors by (customer, account); each row when empty.
    horizon : float
        Tenure to which customers are to be kept, in the unit of `tenure`.
    ties : {"efron", "breslow"}
    cov_type : {"CR0", "CR0_G"}
        Clustered errors without factor (as R), or times G/(G - 1).
    confidence_level : float

    Returns
    -------
    Survival

    Raises
    ------
    DataError
        Fewer than 10 events, a score that decides who left, a horizon beyond the
        last event, an entry after the end, leaving at a tenure of zero, text where a
        number is needed ('Yes' of leaving).

    Notes
    -----
    Estimand: mean over the rows of exp(-H0(horizon) exp(x b)), its derivative by the
    score (0/1 drivers: change from 0 to 1), the values of a row being held to the
    horizon. Errors stack the influence of coefficients, baseline and averaging; t on
    clusters less one. A row is at risk from just after `entry`. Constancy of ratios:
    exact score test on the Kaplan-Meier scale (`cox.zph` of R's survival 3, not that
    of 1994). Customers who are still there are taken to leave later like those whom
    they resemble. Rows with a blank in any column are left out, and rows still there
    at a tenure of zero (at `entry`), who were at risk for no time; both are counted in
    the assumptions.

    References
    ----------
    Cox, D. R. (1972). Regression models and life-tables. JRSS B 34, 187-220.
    doi:10.1111/j.2517-6161.1972.tb00899.x. Lin, D. Y. and Wei, L. J. (1989). The
    robust inference for the Cox model. JASA 84, 1074-1078.
    doi:10.1080/01621459.1989.10478874

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> score = rng.integers(0, 11, 800)
    >>> left_at = np.ceil(rng.exponential(30 * np.exp(0.1 * (score - 5))))
    >>> customers = pd.DataFrame({"score": score, "tenure": np.minimum(left_at, 36),
    ...     "churned": (left_at <= 36).astype(int)})
    >>> found = survival(customers, tenure="tenure")
    >>> print(found.text.partition(";")[0])
    One point more on score goes with +2.15 percentage points of customers kept to \
tenure 12 (95 % CI 1.46 to 2.84, n = 800, 547 left), where 67.7 % are kept
    """
    _checks.one_of(ties, "ties", get_args(Ties))
    _checks.one_of(cov_type, "cov_type", get_args(CovType))
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.in_range(horizon, "horizon", 0, float("inf"), ends="()")
    asked = Asked(
        event=event, tenure=tenure, entry=entry, score=score, cluster=cluster,
        drivers=as_names(drivers, "drivers"),
    )  # fmt: skip
    rows = at_risk(customers, asked, horizon=horizon, ties=ties)
    return _result(rows, horizon, cov_type, confidence_level)


def _result(
    rows: AtRisk, horizon: float, cov_type: CovType, confidence_level: float
) -> Survival:
    spells, names, codes = rows.spells, rows.names, rows.codes
    found = cox(spells)
    groups = int(codes.max()) + 1
    factor = (groups / (groups - 1)) ** 0.5 if cov_type == "CR0_G" else 1.0
    wide = float(stats.t.isf((1 - confidence_level) / 2, groups - 1))
    change, base = kept(spells, found, horizon, codes, factor)
    table = _table(found, names, codes, factor, wide).assign(
        estimate=change.effects, std_error=change.errors,
        ci_lower=change.effects - wide * change.errors,
        ci_upper=change.effects + wide * change.errors, n=len(codes),
        n_events=int(spells.event.sum()), df=groups - 1.0, unit="share",
    )  # fmt: skip
    chi2, pvalues = proportional(spells, found)
    share, error = float(base.effects[0]), float(base.errors[0])
    return Survival(
        table=table[_COLUMNS], unit="share", n=len(codes), n_clusters=groups,
        n_events=int(spells.event.sum()), horizon=float(horizon),
        begun=float(spells.entry.min()), score=names[0], share_kept=share,
        share_kept_ci_lower=share - wide * error,
        share_kept_ci_upper=share + wide * error, confidence_level=confidence_level,
        checks=pd.DataFrame(
            {"term": [*names, "all"], "chi2": chi2,
             "df": [*np.ones(len(names), dtype=int), len(names)], "pvalue": pvalues}
        ),
        concordance=concordance(spells, found.coef),
        log_likelihood=found.log_likelihood, method=_method(spells, cov_type, groups),
        assumptions=(*_assumptions(names[0]), *rows.left_out),
    )  # fmt: skip


_COLUMNS = [
    *("term", "n", "n_events", "estimate", "std_error", "ci_lower", "ci_upper", "df"),
    *("pvalue", "unit", "hazard_ratio", "hazard_ratio_ci_lower"),
    *("hazard_ratio_ci_upper", "log_hazard_ratio", "log_hazard_ratio_std_error"),
]


def _table(
    found: Cox,
    names: list[str],
    codes: npt.NDArray[np.int64],
    factor: float,
    wide: float,
) -> pd.DataFrame:
    pulls = group_totals(found.scores @ found.covariance, codes, int(codes.max()) + 1)
    error = np.sqrt(np.square(pulls).sum(axis=0)) * factor
    df = float(codes.max())
    return pd.DataFrame(
        {
            "term": names, "hazard_ratio": np.exp(found.coef),
            "hazard_ratio_ci_lower": np.exp(found.coef - wide * error),
            "hazard_ratio_ci_upper": np.exp(found.coef + wide * error),
            "log_hazard_ratio": found.coef, "log_hazard_ratio_std_error": error,
            "pvalue": 2 * stats.t.sf(np.abs(found.coef / error), df),
        }
    )  # fmt: skip


def _method(spells: Spells, cov_type: CovType, groups: int) -> str:
    begun = float(spells.entry.min())
    late = f" from a tenure of {begun:g}" if begun > 0 else ""
    factor = "no small-sample factor" if cov_type == "CR0" else "factor G/(G-1)"
    return (
        f"Cox proportional hazards{late}, {spells.ties.capitalize()} ties; errors "
        f"clustered, {factor}, {groups:,} clusters, t({groups - 1})."
    )


def _assumptions(score: str) -> tuple[Assumption, ...]:
    name = _words.plain(score)
    return (
        Assumption(
            text=f"Customers with another {name} would leave alike but for it and the "
            "drivers named.", quality="low", impact="high",
        ),
        Assumption(
            text="Whether a customer is still seen says nothing about leaving later.",
            quality="medium", impact="high",
        ),
        Assumption(
            text="A point multiplies the hazard alike at every tenure.",
            quality="medium", impact="medium",
        ),
    )  # fmt: skip
