"""What could be wrong with a coefficient, and how it may be worded."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _format
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told
from cxlib.roi.regressions._design import (
    Prepared,
    Rows,
    curved,
    prepare,
    residual,
    select,
    solve,
)
from cxlib.roi.regressions._goodness import goodness
from cxlib.roi.regressions._spec import BINARY, CURVED, FEW_CLUSTERS, WITHIN, CovType
from cxlib.roi.regressions.confounding import Sensitivity, sensitivity
from cxlib.roi.regressions.lead import Placebo, placebo_lead
from cxlib.roi.regressions.outcomes import Fits, each, refused_of
from cxlib.roi.regressions.regression import Fit

Array = npt.NDArray[np.float64]
Row = tuple[str, str, str]
MAX_VIF, MAX_CONDITION, MAX_PULL, FEW_CUSTOMERS_LOST = 10.0, 30.0, 0.5, 0.05


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Diagnosis(Told):
    """Checks of every outcome, and the word each has earned.

    Attributes
    ----------
    table : pandas.DataFrame
        outcome, check, status (pass, caution, stop), detail.
    wording : dict
        Outcome to 'effect' or 'association'.
    why : dict
        Outcome to the reasons for the word.
    sensitivity : dict
        Outcome to its `Sensitivity`.
    """

    wording: dict[str, str]
    why: dict[str, str]
    sensitivity: dict[str, Sensitivity]

    @property
    def text(self) -> str:
        """How each outcome may be read, and why."""
        groups: dict[tuple[str, str], list[str]] = {}
        for outcome, word in self.wording.items():
            groups.setdefault((word, self.why[outcome]), []).append(
                _words.plain(outcome)
            )
        read = [
            f"{_words.started(_words.listed(names))} may be read as an {word}: {why}."
            for (word, why), names in groups.items()
        ]
        stopped = self.table[self.table["check"] == "estimated"]
        return " ".join(
            read
            + [
                f"{_words.started(r['outcome'])} is not estimated."
                for _, r in stopped.iterrows()
            ]
        )

    @property
    def display(self) -> pd.DataFrame:
        """Checks by outcome; several outcomes that share a row share it."""
        if self.table.empty:
            return self.table
        keys = ["check", "status", "detail"]
        joined = self.table.groupby(keys, sort=False)["outcome"].agg(
            lambda names: ", ".join(_words.plain(n) for n in names)
        )
        shown = joined.reset_index()[["check", "outcome", "status", "detail"]]
        order = list(dict.fromkeys(shown["check"]))
        return shown.sort_values(
            "check", key=lambda c: c.map(order.index), kind="stable"
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The robustness value of each outcome."""
        return tuple(
            Finding(
                id=f"robustness value of {outcome}",
                statement=f"{outcome}: {found.text}",
                estimate=found.robustness, unit="share",
            )
            for outcome, found in self.sensitivity.items()
        )  # fmt: skip


def diagnose(
    periods: pd.DataFrame, fits: Fit | Fits, *, placebo: Placebo | None = None
) -> Diagnosis:
    """Check each regression and decide between "effect" and "association".

    Parameters
    ----------
    periods : pandas.DataFrame
        The rows that were fitted.
    fits : Fit or Fits
    placebo : Placebo, optional
        Computed when not given.

    Returns
    -------
    Diagnosis

    Notes
    -----
    An outcome is worded "effect" only where customers are compared with themselves,
    the score comes first, the placebo lead is silent, the interval leaves out zero
    and no check stops; else "association". Collinearity: largest variance inflation
    factor above 10, or condition number of the columns (unit length, after effects)
    above 30. Influence: leaving out the customer that pulls most moves the estimate
    by more than half a standard error. Clusters: fewer than 20. Attrition: more than
    5 % of customers have no row in the last period and their mean score differs by
    more than a tenth of a standard deviation. Models that are not straight lines:
    form of the mean by Pregibon's link test at 5 %, spread by Park's test (off by more
    than half a power), means by tenth of the fitted (off by more than 10 % and beyond
    chance). None of this proves an effect: only a
    randomised change does.

    References
    ----------
    Belsley, D. A., Kuh, E. and Welsch, R. E. (1980). Regression Diagnostics. Wiley.
    doi:10.1002/0471725153. Pregibon, D. (1980). Goodness of link tests. Applied
    Statistics 29, 15-24. doi:10.2307/2346405. Park, R. E. (1966). Estimation with
    heteroscedastic error terms. Econometrica 34, 888. doi:10.2307/1910108. Cinelli,
    C. and Hazlett, C. (2020). JRSS B 82, 39-67. doi:10.1111/rssb.12348

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(300, rng=1)
    >>> diagnose(panel, roi.fit(panel, "revenue")).wording
    {'revenue': 'effect'}
    """
    lead = placebo_lead(periods, fits) if placebo is None else placebo
    rows: list[tuple[str, str, str, str]] = []
    wording, why, robust = {}, {}, {}
    for fit in each(fits):
        name = fit.spec.outcome
        found, robust[name] = _checks_of(periods, fit, lead)
        rows += [(name, *row) for row in found]
        wording[name], why[name] = _word(found)
    for outcome, reason in refused_of(fits):
        rows.append((outcome, "estimated", "stop", reason))
    return Diagnosis(
        table=pd.DataFrame(rows, columns=["outcome", "check", "status", "detail"]),
        wording=wording, why=why, sensitivity=robust,
        method="'Effect' needs: within customers, score first, placebo silent, "
        "interval without zero, no stop.",
    )  # fmt: skip


def _checks_of(
    periods: pd.DataFrame, fit: Fit, lead: Placebo
) -> tuple[list[Row], Sensitivity]:
    prepared = prepare(periods, fit.spec)
    rows = select(prepared)
    left = residual(rows.x, rows.entity, rows.time, prepared.spec.model)
    robust = _sensitivity(fit, prepared, rows, left)
    found = [
        _comparison(fit), _order(fit), _placebo(fit, lead),
        *([("separation", "pass", "the scores of both outcomes overlap")]
          if fit.spec.model in {*BINARY, "two_part"} else []),
        _collinearity(left, rows.names), _influence(fit, prepared, rows),
        *_form(prepared, rows), _clusters(fit, prepared, rows), _attrition(prepared),
        _unmeasured(robust),
    ]  # fmt: skip
    return found, robust


def _form(prepared: Prepared, rows: Rows) -> list[Row]:
    """Return the checks of models that are not straight lines."""
    if prepared.spec.model not in {*CURVED, "logit"}:
        return []
    return goodness(curved(prepared, rows, "CR1"))


def _unmeasured(robust: Sensitivity) -> Row:
    status = "pass" if robust.robustness_ci > 0 else "caution"
    return "unmeasured causes", status, robust.text


def _comparison(fit: Fit) -> Row:
    held = (
        f"held constant: {_words.listed(list(fit.spec.drivers))}"
        if fit.spec.drivers
        else ("no driver held constant")
    )
    if fit.spec.model in WITHIN:
        names = (
            _words.listed(list(dict.fromkeys(d.split(":")[0] for d in fit.dropped)))
            if (fit.dropped)
            else ""
        )
        gone = f"; {names} never changes within a customer and is absorbed"
        return (
            "comparison", "pass",
            f"customers with themselves ({held}{gone if fit.dropped else ''})",
        )  # fmt: skip
    return "comparison", "caution", f"between customers ({held})"


def _order(fit: Fit) -> Row:
    when = _words.later(fit.spec.lag, fit.period)
    status = "pass" if fit.spec.lag else "caution"
    return "order in time", status, f"the outcome is taken {when}"


def _placebo(fit: Fit, lead: Placebo) -> Row:
    verdict = lead.verdicts.get(fit.spec.outcome, "not possible")
    status = {"silent": "pass", "loud": "stop"}.get(verdict, "caution")
    reason = lead.reasons.get(fit.spec.outcome, "")
    return "placebo lead", status, f"{verdict}{': ' if reason else ''}{reason}"


def _collinearity(left: Array, names: tuple[str, ...]) -> Row:
    if left.shape[1] < 2:
        return "collinearity", "pass", "one column only"
    scaled = left / np.sqrt(np.square(left).sum(axis=0))
    inflation = np.diag(np.linalg.inv(scaled.T @ scaled))
    values = np.linalg.svd(scaled, compute_uv=False)
    worst, condition = int(inflation.argmax()), float(values[0] / values[-1])
    bad = inflation[worst] > MAX_VIF or condition > MAX_CONDITION
    detail = (
        f"largest variance inflation {inflation[worst]:.1f} ({names[worst]}), "
        f"condition number {condition:.1f}"
    )
    return "collinearity", "caution" if bad else "pass", detail


def _influence(fit: Fit, prepared: Prepared, rows: Rows) -> Row:
    solved = solve(prepared, rows)
    pull = solved.influence[:, 0] * (-1 if solved.cov_type == "CRV3" else 1)
    most = int(np.abs(pull).argmax())
    moved, error = float(pull[most]), float(solved.std_error[0])
    share = abs(moved) / error if error else 0.0
    after = _words.change(fit.row["estimate"] - moved, fit.unit, fit.spec.currency)
    detail = (
        f"without the {_cluster_word(fit)} that pulls most the estimate is about "
        f"{after} ({share:.1f} standard errors away)"
    )
    return "influence", "caution" if share > MAX_PULL else "pass", detail


def _cluster_word(fit: Fit) -> str:
    return _words.plain(fit.spec.cluster) if fit.spec.cluster else "customer"


def _clusters(fit: Fit, prepared: Prepared, rows: Rows) -> Row:
    n = fit.n_clusters
    if n >= FEW_CLUSTERS:
        return "clusters", "pass", f"{n:,} ({_cluster_word(fit)}); {fit.se_type} errors"
    kinds: tuple[CovType, ...] = ("CR1", "CRV3")
    errors = [f"{_error(prepared, rows, kind):.3g} ({kind})" for kind in kinds]
    detail = (
        f"{n} only; standard error {' against '.join(errors)}, {fit.se_type} is printed"
    )
    return "clusters", "caution", detail


def _error(prepared: Prepared, rows: Rows, kind: CovType) -> float:
    again = replace(prepared, spec=replace(prepared.spec, cov_type=kind))
    return float(solve(again, rows).std_error[0])


def _attrition(prepared: Prepared) -> Row:
    long = prepared.long
    if long.single_period:
        return "attrition", "pass", "one period: nobody can leave"
    last = np.maximum.reduceat(
        long.time, np.r_[0, np.flatnonzero(np.diff(long.entity)) + 1]
    )
    gone = last < long.time.max()
    share = float(gone.mean())
    score = long.values(prepared.spec.score)
    means = pd.Series(score).groupby(long.entity).mean().to_numpy(dtype=float)
    spread = float(np.nanstd(means)) or 1.0
    lost = (
        f"{_format.quantity(share, 'share')} of customers have no row in the last "
        f"{long.calendar.name}"
    )
    if share in {0, 1}:
        return "attrition", "pass", lost
    apart = float(np.nanmean(means[gone]) - np.nanmean(means[~gone])) / spread
    detail = (
        f"{lost}; their mean score is {_format.number(abs(apart))} standard "
        f"deviations {'lower' if apart < 0 else 'higher'}"
    )
    if prepared.leaving is not None:
        return "attrition", "pass", f"{detail}: leaving is the outcome itself"
    bad = share > FEW_CUSTOMERS_LOST and abs(apart) > 0.1
    return "attrition", "caution" if bad else "pass", detail


def _sensitivity(fit: Fit, prepared: Prepared, rows: Rows, left: Array) -> Sensitivity:
    """Return the robustness value, benchmarked by the driver that would hurt most."""
    y = residual(rows.y[:, None], rows.entity, rows.time, prepared.spec.model)[:, 0]
    options = [
        sensitivity(
            estimate=fit.row["estimate"],
            std_error=fit.row["std_error"],
            dof=float(fit.df_resid),
            benchmark=benchmark,
            confidence_level=fit.spec.confidence_level,
        )
        for benchmark in _benchmarks(y, left, rows.names)
    ]
    return min(options, key=lambda s: abs(float(s.table["estimate"].iloc[-1])))


def _benchmarks(
    y: Array, left: Array, names: tuple[str, ...]
) -> list[dict[str, object] | None]:
    """Return each driver's partial R2 with score and outcome, or [None]."""
    found: list[dict[str, object] | None] = []
    others = left[:, 1:]
    for j, name in enumerate(names[1:]):
        rest = np.delete(others, j, axis=1)
        with_score = _partial_r2(left[:, 0], others[:, j], rest)
        with_outcome = _partial_r2(
            y, others[:, j], np.column_stack([left[:, :1], rest])
        )
        if with_score < 0.49 and with_outcome < 1:
            found.append(
                {"name": name, "r2_score": with_score, "r2_outcome": with_outcome}
            )
    return found or [None]


def _partial_r2(y: Array, x: Array, rest: Array) -> float:
    """Return the squared correlation of y and x given the rest."""
    if rest.shape[1]:
        y = y - rest @ np.linalg.lstsq(rest, y, rcond=None)[0]
        x = x - rest @ np.linalg.lstsq(rest, x, rcond=None)[0]
    scale = float(np.square(y).sum() * np.square(x).sum())
    return float((x @ y) ** 2 / scale) if scale > 0 else 0.0


def _word(found: list[Row]) -> tuple[str, str]:
    status = {check: state for check, state, _ in found}
    doubts = []
    if status["comparison"] != "pass":
        doubts.append("customers are compared with other customers")
    if status["order in time"] != "pass":
        doubts.append("score and outcome share a period")
    if status["placebo lead"] == "stop":
        doubts.append("the placebo lead is loud")
    elif status["placebo lead"] != "pass":
        doubts.append("the placebo lead could not clear it")
    if status["unmeasured causes"] != "pass":
        doubts.append("its interval holds zero")
    if doubts:
        return "association", _words.listed(doubts)
    return "effect", (
        "customers are compared with themselves, the score comes first and the placebo "
        "lead is silent; it was not randomised"
    )
