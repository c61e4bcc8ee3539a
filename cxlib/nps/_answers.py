"""The valid answers of a survey with their design: what every question starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, scales
from cxlib.errors import DataError
from cxlib.estimate import Design, Difference, Estimate, design, estimate
from cxlib.estimate.contrast import Method, contrast, plain
from cxlib.estimate.covariance import design_cov, domain_influence
from cxlib.estimate.covariates import BLANK, label
from cxlib.estimate.design import Array
from cxlib.estimate.heterogeneity import Heterogeneity, heterogeneity
from cxlib.estimate.partition import Partition, partition
from cxlib.scales import Scale

__all__ = ["BLANK", "Answers", "Rows", "collect", "label"]

Rows = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answers:
    """Valid answers only.

    Attributes
    ----------
    rows : pandas.DataFrame
        The n rows with a valid answer, index 0..n-1.
    values : ndarray, shape (n,)
        What the scale counts: -1/0/1, 0/1 or the answer.
    plan : Design
    scale : Scale
    asked, blank, invalid : int
        Rows of the table; without an answer; with one off the scale.
    method : {"adjusted", "t", "wald"}
    level : float
        Confidence level.
    """

    rows: pd.DataFrame
    values: Array
    plan: Design
    scale: Scale
    asked: int
    blank: int
    invalid: int
    method: Method
    level: float

    @property
    def n(self) -> int:
        """Valid answers."""
        return len(self.values)

    def estimate(self, domain: Rows | None = None) -> Estimate:
        """Estimate the score, in its unit, of all answers or inside a domain."""
        if domain is None or self.plan.simple:
            values = self.values if domain is None else self.values[domain]
            plan = self.plan if domain is None else self.plan.at(domain)
            found = estimate(
                values, self.scale.kind, plan=plan, confidence_level=self.level
            )
        else:
            found = estimate(
                self.values, self.scale.kind, plan=self.plan, domain=domain,
                confidence_level=self.level,
            )  # fmt: skip
        return plain(found, self.method, self.plan).scaled(self.scale.factor)

    def contrast(self, a: Rows, b: Rows) -> Difference:
        """Score of rows `b` minus score of rows `a`, in the score's unit."""
        found = contrast(
            self.values, self.scale.kind, a=a, b=b, plan=self.plan,
            method=self.method, confidence_level=self.level,
        )  # fmt: skip
        factor = self.scale.factor
        scaled = ("estimate", "std_error", "ci_lower", "ci_upper")
        return replace(
            found, **{name: factor * getattr(found, name) for name in scaled}
        )

    def covariance(self, domains: list[Rows], found: list[Estimate]) -> Array:
        """Covariance of domain estimates, in the score's unit squared.

        Variances are those of the interval (`centre_se`), correlations the design's.
        """
        spread = np.array([one.centre_se for one in found])
        if self.plan.simple:
            return np.asarray(np.diag(spread**2))
        influence = np.column_stack(
            [domain_influence(self.values, rows, self.plan) for rows in domains]
        )
        cov = design_cov(influence, self.plan)[0]
        sd = np.sqrt(np.diag(cov))
        scale = np.divide(spread, sd, out=np.zeros_like(sd), where=sd > 0)
        linked = cov * np.outer(scale, scale)
        np.fill_diagonal(linked, spread**2)
        return np.asarray(linked)

    def parted(self, codes: npt.NDArray[np.intp], k: int) -> Partition:
        """All k segments at once, unscaled; code -1 is no segment."""
        return partition(
            self.values, self.scale.kind, codes=codes, k=k, plan=self.plan,
            method=self.method, confidence_level=self.level,
        )  # fmt: skip

    def alike(self, parts: Partition, shown: list[int]) -> Heterogeneity | None:
        """Test that segments share one score; None under two to compare."""
        usable = [i for i in shown if parts.cells.n[i] >= 2]
        if len(usable) < 2:
            return None
        strata = len(np.unique(self.plan.strata))
        error = self.plan.n_clusters - strata if self.plan.clustered else np.inf
        return heterogeneity(
            parts.cells.centre[usable], parts.covariance[np.ix_(usable, usable)],
            df_error=float(max(1, error)),
        )  # fmt: skip

    def at(self, keep: Rows) -> Answers:
        """Return some of the answers, with their part of the design."""
        return replace(
            self, rows=self.rows[keep].reset_index(drop=True), values=self.values[keep],
            plan=self.plan.at(keep),
        )  # fmt: skip

    def labels(self, column: str) -> pd.Series:
        """Return a column as text labels; a blank is a label of its own."""
        return label(self.rows[column])

    def beside(self, by: str, others: Sequence[str]) -> dict[str, pd.Series]:
        """Return the labels of a column and of those that are shown beside it."""
        return {name: self.labels(name) for name in (by, *others) if name}


def collect(
    responses: pd.DataFrame,
    *,
    score: str,
    scale: str | Mapping[str, Any] | Scale,
    weights: str | None,
    strata: str | None,
    cluster: str | None,
    fpc: str | None = None,
    method: Method = "adjusted",
    confidence_level: float,
    needs: tuple[str, ...] = (),
) -> Answers:
    """Check the columns, keep the valid answers and build their design."""
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.one_of(method, "method", ("adjusted", "t", "wald"))
    kept = scales.get(scale)
    named = [name for name in (weights, strata, cluster, fpc) if name]
    _checks.columns(responses, [score, *named, *needs], "responses")
    given = _given(responses[score])
    valid = kept.valid(responses[score]).to_numpy(dtype=bool)
    _enough(int(valid.sum()), len(responses), int(given.sum()), score, kept)
    rows = responses[valid].reset_index(drop=True)

    def part(name: str | None) -> npt.ArrayLike | None:
        return rows[name].to_numpy() if name else None

    return Answers(
        rows=rows, values=kept.values(rows[score]), scale=kept, asked=len(responses),
        plan=design(
            len(rows), weights=_numbers(rows, weights), strata=part(strata),
            cluster=part(cluster), fpc=_numbers(rows, fpc),
        ),
        blank=int((~given).sum()), invalid=int((given & ~valid).sum()), method=method,
        level=confidence_level,
    )  # fmt: skip


def _given(score: pd.Series) -> npt.NDArray[np.bool_]:
    """Where something was answered; spaces are not an answer."""
    blank = score.isna() | (score.astype("str").str.strip() == "")
    return np.asarray(~blank.to_numpy(dtype=bool))


def _numbers(rows: pd.DataFrame, column: str | None) -> Array | None:
    if not column:
        return None
    number = pd.to_numeric(rows[column], errors="coerce")
    return np.asarray(number.to_numpy(dtype=float))


def _enough(valid: int, asked: int, given: int, score: str, scale: Scale) -> None:
    """Raise unless an interval can be made."""
    if valid >= 2:
        return
    have = "no valid answer" if valid == 0 else "only 1 valid answer"
    raise DataError(
        f"column '{score}' has {have} on the scale {scale.low:g}-{scale.high:g}: "
        f"{asked:,} asked, {asked - given:,} blank, {given - valid:,} invalid; an "
        "interval needs at least two. Check the column mapping, `scale` and the period."
    )
