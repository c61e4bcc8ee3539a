"""The same coefficient under other reasonable choices, and one unreasonable one."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from cxlib.errors import DataError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, column, plain
from cxlib.roi.regressions._design import Prepared, prepare, select, solve
from cxlib.roi.regressions._others import SCALED, other_models
from cxlib.roi.regressions._spec import CURVED, WITHIN, Specification
from cxlib.roi.regressions.outcomes import Fits, each
from cxlib.roi.regressions.regression import Fit, coefficients, refusal
from cxlib.roi.regressions.separation import refuse_separated

MAIN, LOGGED = "as reported", "log outcome, times its mean"
LEANS = "leans on how long customers stayed, since leaving ends their rows"
COMPARISON = "pooled OLS (biased)"
_COLUMNS = [
    *("outcome", "specification", "n", "estimate", "std_error", "ci_lower", "ci_upper"),
    *("pvalue", "unit", "note"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Specifications(Told):
    """Estimates of the score's coefficient under several specifications.

    Attributes
    ----------
    table : pandas.DataFrame
        outcome, specification, n, estimate, std_error, ci_lower, ci_upper, pvalue,
        unit, note (why a row is blank). The first row of an outcome is the one
        reported, the last the biased comparison.
    """

    confidence_level: float
    currency: str

    @property
    def text(self) -> str:
        """Range and sign over the reasonable specifications, outcome by outcome."""
        if self.table.empty:
            return "No outcome was estimated, so there is nothing to vary."
        return " ".join(self._sentence(o) for o in self.table["outcome"].unique())

    def _sentence(self, outcome: str) -> str:
        rows = self.table[
            (self.table["outcome"] == outcome) & self.table["estimate"].notna()
        ]
        lagged = rows["specification"].str.startswith("lag ")
        fair = rows[(rows["specification"] != COMPARISON) & ~lagged]
        unit = str(rows["unit"].iloc[0])
        span = self._span(fair["estimate"], unit)
        other = (
            f" (at other lags {self._span(rows[lagged]['estimate'], unit)})"
            if lagged.any()
            else ""
        )
        sign = np.sign(fair["estimate"].iloc[0])
        same = int((np.sign(fair["estimate"]) == sign).sum())
        clear = int(((fair["ci_lower"] > 0) | (fair["ci_upper"] < 0)).sum())
        biased = rows[rows["specification"] == COMPARISON]["estimate"]
        against = (
            f"; ignoring who the customer is would say "
            f"{_words.change(float(biased.iloc[0]), unit, self.currency)}"
            if len(biased)
            else ""
        )
        return (
            f"{_words.started(outcome)}: {span} over {len(fair)} specifications at the "
            f"same lag{other}; the sign agrees in {same} of them and the interval "
            f"leaves out zero in {clear}{against}."
        )

    def _span(self, estimates: pd.Series, unit: str) -> str:
        low, high = (
            _words.change(float(x), unit, self.currency)
            for x in (estimates.min(), estimates.max())
        )
        return low if low == high else f"{low} to {high}"

    @property
    def display(self) -> pd.DataFrame:
        """Estimates in words."""
        if self.table.empty:
            return self.table
        told = changes(self.table, self.currency)
        return pd.DataFrame(
            {
                "outcome": plain(self.table["outcome"]),
                "specification": self.table["specification"],
                "per point, interval": told.where(
                    self.table["estimate"].notna(), self.table["note"]
                ),
                "rows": column(self.table["n"], "count"),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The range of each outcome, without an interval of its own."""
        return tuple(
            Finding(
                id=f"{outcome} over specifications", statement=self._sentence(outcome),
                estimate=None, unit="amount",
            )
            for outcome in (self.table["outcome"].unique() if len(self.table) else ())
        )  # fmt: skip


def specifications(periods: pd.DataFrame, fits: Fit | Fits) -> Specifications:
    """Estimate the score's coefficient under other lags, effects, drivers and scales.

    Parameters
    ----------
    periods : pandas.DataFrame
        The rows that were fitted.
    fits : Fit or Fits

    Returns
    -------
    Specifications

    Notes
    -----
    Varied one at a time from the specification reported: lag 0, 1 and 2; customer
    effects alone; without drivers; log outcome (times the mean outcome, so that the
    unit stays; only where every outcome is positive); a linear probability model with
    customer and period effects beside a logit, which for an outcome that ends a
    customer's rows leans on how long they stayed; complementary log-log beside a logit
    of leaving; least squares, another variance (Tweedie 1.3 and 1.7) or another number
    of parts beside models of amounts; and pooled OLS, biased by whatever lasts about a
    customer, for comparison. A specification that the data cannot carry
    stays in the table, blank, with the reason.

    References
    ----------
    Simonsohn, U., Simmons, J. P. and Nelson, L. D. (2020). Specification curve
    analysis. Nature Human Behaviour 4, 1208-1214. doi:10.1038/s41562-020-0912-z

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(200, rng=1)
    >>> table = specifications(panel, roi.fit(panel, "revenue")).table
    >>> table["specification"].tolist()[:3]
    ['as reported', 'lag 0', 'lag 2']
    """
    fitted = each(fits)
    rows = [row for fit in fitted for row in _rows(periods, fit)]
    return Specifications(
        table=pd.DataFrame(rows, columns=_COLUMNS), unit="amount",
        confidence_level=fitted[0].spec.confidence_level if fitted else 0.95,
        currency=fitted[0].spec.currency if fitted else "",
        method="One choice changed at a time; errors clustered as in the main fit."
        + _notes(rows),
    )  # fmt: skip


def _notes(rows: list[dict[str, object]]) -> str:
    """Return what must be said of specifications that were estimated."""
    said = [
        f" {_words.started(str(row['outcome']))}, {row['specification']}: "
        f"{row['note']}."
        for row in rows
        if row["note"] and row["n"]
    ]
    return "".join(said)


def _rows(periods: pd.DataFrame, fit: Fit) -> list[dict[str, object]]:
    return [
        _estimate(periods, fit, name, spec, log=log)
        for name, spec, log in _variants(fit)
    ]


def _variants(fit: Fit) -> list[tuple[str, Specification, bool]]:
    spec = fit.spec
    found = [(MAIN, spec, False)]
    if not fit.cross_section:
        found += [
            (f"lag {lag}", spec.but(lag=lag), False)
            for lag in (0, 1, 2)
            if lag != spec.lag
        ]
    if spec.drivers:
        found.append(("without drivers", spec.but(drivers=()), False))
    found += [(label, other, False) for label, other in other_models(fit)]
    if fit.unit != "share" and spec.model not in SCALED:
        straight = spec.model if spec.model not in CURVED else "pooled"
        found.append((LOGGED, spec.but(model=straight), True))
    if spec.model in WITHIN:
        found.append((COMPARISON, spec.but(model="pooled", drivers=()), False))
    return found


def _estimate(
    periods: pd.DataFrame, fit: Fit, name: str, spec: Specification, *, log: bool
) -> dict[str, object]:
    blank: dict[str, object] = {
        "outcome": spec.outcome, "specification": name, "n": 0, "unit": fit.unit,
        "note": "",
    }  # fmt: skip
    try:
        prepared = prepare(periods, spec)
        scale = 1.0
        if log:
            prepared, scale = _logged(prepared)
        rows = select(prepared)
        refuse_separated(prepared, rows)
        table = coefficients(rows, solve(prepared, rows), spec.confidence_level)
    except DataError as error:
        return blank | {"note": refusal(error)}
    first = table.iloc[0]
    sized = {
        k: float(first[k]) * scale
        for k in ("estimate", "std_error", "ci_lower", "ci_upper")
    }
    note = LEANS if spec.model in WITHIN and fit.leaving is not None else ""
    return blank | sized | {
        "n": int(first["n"]), "pvalue": float(first["pvalue"]), "note": note
    }  # fmt: skip


def _logged(prepared: Prepared) -> tuple[Prepared, float]:
    y = prepared.outcome
    if np.nanmin(y) <= 0:
        n = int((y <= 0).sum())
        raise DataError(
            f"{n:,} rows of '{prepared.spec.outcome}' are zero or negative."
        )
    return replace(prepared, outcome=np.log(y)), float(np.nanmean(y))
