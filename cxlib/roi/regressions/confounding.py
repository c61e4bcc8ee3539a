"""How strong an unmeasured cause would have to be to undo an estimate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.estimate.confounding import as_strong, robustness_value
from cxlib.result import Finding
from cxlib.roi._display import Told

_KEYS = ("name", "r2_score", "r2_outcome", "times")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Sensitivity(Told):
    """Robustness of an estimate to what was not measured.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a case (the estimate, and a confounder as strong as the benchmark):
        case, estimate, std_error, ci_lower, ci_upper.
    partial_r2 : float
        Share of the outcome's remaining variance that the score explains.
    robustness : float
        Share of the remaining variance of both score and outcome that an unmeasured
        cause must explain to move the estimate by the fraction `q`.
    robustness_ci : float
        The same, to bring the interval to that point; 0 where it is there already.
    benchmark : str
        Name of the benchmark, empty where none was given.
    """

    partial_r2: float
    robustness: float
    robustness_ci: float
    q: float
    benchmark: str

    @property
    def text(self) -> str:
        """The robustness value in one sentence, and the benchmark in another."""
        goal = "to zero" if self.q == 1 else f"by {100 * self.q:g} %"
        first = (
            "An unmeasured cause would have to explain "
            f"{_format.quantity(self.robustness, 'share')} of what is left of both "
            f"score and outcome to bring the estimate {goal}"
        )
        weak = (
            f", and {_format.quantity(self.robustness_ci, 'share')} to bring its "
            "interval there."
            if self.robustness_ci > 0
            else "; the interval reaches that far already."
        )
        return first + weak + self._benchmark()

    def _benchmark(self) -> str:
        if not self.benchmark:
            return ""
        row = self.table.iloc[-1]
        holds = row["ci_lower"] > 0 or row["ci_upper"] < 0
        verdict = "would leave it" if holds else "would leave it in doubt"
        return f" One as strong as {self.benchmark} {verdict}."

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The robustness value."""
        return (
            Finding(
                id="robustness value", statement=self.text, estimate=self.robustness,
                unit="share",
            ),
        )  # fmt: skip


def sensitivity(
    *,
    estimate: float,
    std_error: float,
    dof: float,
    q: float = 1,
    benchmark: Mapping[str, object] | None = None,
    confidence_level: float = 0.95,
) -> Sensitivity:
    """Return the robustness value of any estimate with a standard error.

    Parameters
    ----------
    estimate, std_error : float
        A regression coefficient (or marginal effect); the error may be clustered.
    dof : float
        Residual degrees of freedom of the regression (rows less all coefficients),
        not the number of clusters.
    q : float
        Fraction of the estimate to be explained away, above 0; 1 brings it to zero.
    benchmark : mapping, optional
        `name` of a measured driver, `r2_score` and `r2_outcome`: its partial R2 with
        the score and with the outcome, given the rest; `times`: how many times as
        strong the unmeasured cause is (default 1).
    confidence_level : float

    Returns
    -------
    Sensitivity

    Notes
    -----
    ``f = q |t| / sqrt(dof)`` and ``RV = (sqrt(f^4 + 4 f^2) - f^2) / 2``; for the
    interval f is reduced by ``t* / sqrt(dof - 1)``. A clustered error larger than the
    classical one makes the value smaller, which errs on the safe side. The benchmark
    bounds the bias by the formulas of section 4.4 of the paper.

    References
    ----------
    Cinelli, C. and Hazlett, C. (2020). Making sense of sensitivity: extending omitted
    variable bias. JRSS B 82, 39-67. doi:10.1111/rssb.12348

    Examples
    --------
    >>> found = sensitivity(estimate=0.09731582, std_error=0.02325654, dof=783)
    >>> round(found.robustness, 3), round(found.robustness_ci, 3)
    (0.139, 0.076)
    """
    _checks.in_range(std_error, "std_error", 0, float("inf"), ends="()")
    _checks.in_range(dof, "dof", 1, float("inf"), ends="()")
    _checks.in_range(q, "q", 0, float("inf"), ends="()")
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    t = abs(estimate) / std_error
    level = (1 - confidence_level) / 2
    cases = [("as estimated", estimate, std_error)]
    if benchmark is not None:
        cases.append(_bounded(estimate, std_error, dof, benchmark))
    return Sensitivity(
        table=_cases(cases, dof, level), unit="score",
        method="Robustness value of Cinelli and Hazlett (2020).",
        partial_r2=t**2 / (t**2 + dof), robustness=robustness_value(t, dof, q=q),
        robustness_ci=robustness_value(t, dof, q=q, confidence_level=confidence_level),
        q=q,
        benchmark=cases[-1][0] if benchmark is not None else "",
    )  # fmt: skip


def _cases(
    cases: list[tuple[str, float, float]], dof: float, level: float
) -> pd.DataFrame:
    quantile = float(stats.t.isf(level, dof))
    rows = [(n, b, s, b - quantile * s, b + quantile * s) for n, b, s in cases]
    return pd.DataFrame(
        rows, columns=["case", "estimate", "std_error", "ci_lower", "ci_upper"]
    )


def _bounded(
    estimate: float, std_error: float, dof: float, benchmark: Mapping[str, object]
) -> tuple[str, float, float]:
    """Return the estimate under a confounder so many times as strong as a driver."""
    for key in benchmark:
        if key not in _KEYS:
            raise ArgumentError(
                f"`benchmark` has '{key}'; {_checks.did_you_mean(str(key), _KEYS)}"
            )
    for key in _KEYS[:3]:
        if key not in benchmark:
            raise ArgumentError(f"`benchmark` lacks '{key}'.")
    score, outcome = (
        float(str(benchmark["r2_score"])),
        float(str(benchmark["r2_outcome"])),
    )
    times = float(str(benchmark.get("times", 1)))
    left, error = as_strong(
        estimate, std_error, dof=dof, exposure_r2=score, outcome_r2=outcome, times=times
    )
    if math.isnan(left):
        raise ArgumentError(
            f"`benchmark` is too strong: {times:g} times '{benchmark['name']}' would "
            "explain all of the score."
        )
    label = str(benchmark["name"]) if times == 1 else f"{times:g} x {benchmark['name']}"
    return label, left, error
