"""The same coefficient with its errors clustered by other columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, column, plain, pvalues
from cxlib.roi.regressions import _sandwich
from cxlib.roi.regressions._design import Prepared, Rows, keyed, prepare, select, solve
from cxlib.roi.regressions._long import Long
from cxlib.roi.regressions._spec import FEW_CLUSTERS, as_names
from cxlib.roi.regressions._within import compact
from cxlib.roi.regressions.outcomes import Fits, each
from cxlib.roi.regressions.regression import Fit, refusal

Ints = npt.NDArray[np.int64]
LINEAR = {"two_way", "one_way", "pooled"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ClusteredErrors(Told):
    """The score's coefficient under several clusterings of its errors.

    Attributes
    ----------
    table : pandas.DataFrame
        outcome, clusters, relation ('as fitted', 'customers nested', 'crossed',
        'both ways'), method (the convention), n_clusters (the smaller number, of two),
        n, estimate, std_error, ci_lower, ci_upper, statistic, df, pvalue, wild_pvalue
        (under 20 nested clusters, else blank), unit.
    reasons : dict
        Outcome to why there are none.
    """

    reasons: dict[str, str]
    confidence_level: float
    currency: str

    @property
    def text(self) -> str:
        """The least certain clustering of each outcome, with its interval."""
        names = list(self.table["outcome"].unique()) if len(self.table) else []
        told = [self._sentence(str(name)) for name in names]
        told += [
            f"{_words.started(name)}: errors are clustered as fitted only, {reason}."
            for name, reason in self.reasons.items()
        ]
        return " ".join(told) or "No outcome was estimated: there are no errors."

    def _sentence(self, outcome: str) -> str:
        rows = self.table[self.table["outcome"] == outcome]
        widest = rows.iloc[int((rows["ci_upper"] - rows["ci_lower"]).argmax())]
        size = _words.change(widest["estimate"], widest["unit"], self.currency)
        ends = _words.interval(
            widest["ci_lower"], widest["ci_upper"], widest["unit"],
            confidence_level=self.confidence_level,
        )  # fmt: skip
        groups = f"{widest['clusters']} ({widest['n_clusters']:,})"
        least = (
            f"clustered by {groups}"
            if len(rows) == 1
            else f"of {len(rows)} clusterings that by {groups} is the least certain"
        )
        return (
            f"{_words.started(outcome)}: {size} a point; {least} ({ends}, "
            f"n = {widest['n']:,} rows)."
        )

    @property
    def display(self) -> pd.DataFrame:
        """Intervals by clustering, in words."""
        if self.table.empty:
            return self.table
        groups = column(self.table["n_clusters"], "count")
        second = pvalues(self.table["wild_pvalue"])
        return pd.DataFrame(
            {
                "outcome": plain(self.table["outcome"]),
                "clusters": self.table["clusters"] + " (" + groups + ")",
                "per point, interval": changes(self.table, self.currency),
                "p": pvalues(self.table["pvalue"]),
                "p, wild bootstrap": second,
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """None: the coefficient is a finding of the regression."""
        return ()


def clustered_errors(
    periods: pd.DataFrame,
    fits: Fit | Fits,
    *,
    by: Sequence[str] = (),
    n_boot: int = 9_999,
    rng: int | np.random.Generator = 0,
) -> ClusteredErrors:
    """Give the score's coefficient with its errors clustered by one or two columns.

    Use it where customers belong to accounts, or a whole region or month moves at
    once: then customers are not independent and the errors of the fit are too small.

    Parameters
    ----------
    periods : pandas.DataFrame
        The rows that were fitted.
    fits : Fit or Fits
    by : sequence of str
        At most two columns beside the fit's own clusters. One in which customers stay
        (account) is clustered one way by it, since it holds the customers. Two columns
        are clustered both ways, unless one holds the other: then by the coarser.
    n_boot : int
        Draws of the wild bootstrap, at least 199.
    rng : int or numpy.random.Generator

    Returns
    -------
    ClusteredErrors

    Raises
    ------
    DataError
        For a column that is not there.

    Notes
    -----
    One way: CR1 (CRV3 under 20 clusters that hold whole customers), t(G - 1). Both
    ways: variance by the first plus by the second less by their crossing, each with
    its own small-sample factor; where that is less than the larger of the two, the
    larger stands; t(min(G1, G2) - 1). Under 20 clusters that hold whole customers the
    wild cluster bootstrap gives a second p-value: hypothesis imposed, signs (Webb's
    six points for 12 clusters or fewer), CR0 t statistics; a p from 6 clusters or
    fewer is coarse whatever the method. Straight-line models only. A blank label, or
    fewer than 3 clusters, leaves a clustering out.

    References
    ----------
    Cameron, A. C., Gelbach, J. B. and Miller, D. L. (2011). Robust inference with
    multiway clustering. Journal of Business and Economic Statistics 29, 238-249.
    doi:10.1198/jbes.2010.07136. Cameron, Gelbach and Miller (2008). Bootstrap-based
    improvements for inference with clustered errors. Review of Economics and
    Statistics 90, 414-427. doi:10.1162/rest.90.3.414

    Examples
    --------
    >>> from cxlib import roi, simulate
    >>> panel = simulate.periods(200, rng=1)
    >>> panel["account"] = panel["customer_id"].str[-1]
    >>> found = clustered_errors(panel, roi.fit(panel, "revenue"), by=["account"])
    >>> found.table[["clusters", "relation", "n_clusters"]].values.tolist()
    [['customer id', 'as fitted', 192], ['account', 'customers nested', 10]]
    """
    names = as_names(by, "by")
    _checks.in_range(len(names), "by", 0, 2)
    _checks.in_range(n_boot, "n_boot", 199, 1e6)
    _checks.columns(periods, names, "periods")
    fitted, generator = each(fits), _checks.generator(rng)
    shared = keyed(periods, fitted[0].spec) if fitted else periods
    rows: list[dict[str, object]] = []
    reasons: dict[str, str] = {}
    for fit in fitted:
        try:
            rows += _rows(shared, fit, names, n_boot, generator)
        except DataError as error:
            reasons[fit.spec.outcome] = refusal(error).rstrip(".")
    return ClusteredErrors(
        table=pd.DataFrame(rows), unit="amount", reasons=reasons,
        confidence_level=fitted[0].spec.confidence_level if fitted else 0.95,
        currency=fitted[0].spec.currency if fitted else "",
        method="One way CR1, CRV3 under 20 clusters of whole customers; both ways by "
        "Cameron, Gelbach and Miller.",
    )  # fmt: skip


def _rows(
    periods: Long | pd.DataFrame,
    fit: Fit,
    names: tuple[str, ...],
    n_boot: int,
    generator: np.random.Generator,
) -> list[dict[str, object]]:
    prepared = prepare(periods, fit.spec)
    if prepared.spec.model not in LINEAR:
        raise DataError("the model is not a straight line")
    rows = select(prepared)
    found = _sandwich.pulled(rows)
    labelled = {}
    for name in names:
        codes = _codes(prepared, rows, name)
        if codes is not None:
            labelled[name] = codes
    lines = [
        _line(
            fit, rows, (_words.plain(fit.spec.clusters), "as fitted", fit.se_type),
            fit.row["std_error"], fit.n_clusters,
        )
    ]  # fmt: skip
    for name, codes in labelled.items():
        lines.append(_single(fit, prepared, rows, found, name, codes))
        if lines[-1]["method"] == "CRV3":
            lines[-1]["wild_pvalue"] = _sandwich.wild(
                found, rows, codes, n_boot=n_boot, generator=generator
            )
    if len(labelled) == 2:
        lines += _double(fit, rows, found, labelled)
    return lines


def _codes(prepared: Prepared, rows: Rows, name: str) -> Ints | None:
    """Return the column's codes in the rows used; None if blank or under 3 levels."""
    used = prepared.long.groups(name)[0][rows.keep]
    if (used < 0).any() or len(np.unique(used)) < 3:
        return None
    return compact(used)


def _nested(inner: Ints, outer: Ints) -> bool:
    """Return whether every inner group lies in one outer group."""
    pairs = np.unique(inner * (int(outer.max()) + 1) + outer)
    return len(pairs) == len(np.unique(inner))


def _single(
    fit: Fit, prepared: Prepared, rows: Rows, found: _sandwich.Pulled, name: str,
    codes: Ints,
) -> dict[str, object]:  # fmt: skip
    groups = int(codes.max()) + 1
    nested = _nested(rows.entity, codes)
    if nested and groups < FEW_CLUSTERS:
        spec = replace(prepared.spec, cov_type="CRV3")
        again = solve(replace(prepared, spec=spec), replace(rows, cluster=codes))
        error, kind = float(again.std_error[0]), "CRV3"
    else:
        error, kind = _sandwich.one_way(found, codes) ** 0.5, "CR1"
    relation = "customers nested" if nested else "crossed"
    return _line(fit, rows, (_words.plain(name), relation, kind), error, groups)


def _double(
    fit: Fit, rows: Rows, found: _sandwich.Pulled, labelled: dict[str, Ints]
) -> list[dict[str, object]]:
    (first, a), (second, b) = labelled.items()
    if _nested(a, b) or _nested(b, a):
        return []
    variance, floored = _sandwich.two_way(found, a, b)
    kind = "two-way CR1, the larger of the two" if floored else "two-way CR1"
    name = f"{_words.plain(first)} and {_words.plain(second)}"
    groups = int(min(a.max(), b.max())) + 1
    return [_line(fit, rows, (name, "both ways", kind), variance**0.5, groups)]


def _line(
    fit: Fit, rows: Rows, told: tuple[str, str, str], error: float, groups: int
) -> dict[str, object]:
    estimate, df = fit.row["estimate"], float(groups - 1)
    half = float(stats.t.isf((1 - fit.spec.confidence_level) / 2, df)) * error
    return {
        "outcome": fit.spec.outcome, "clusters": told[0], "relation": told[1],
        "method": told[2], "n_clusters": groups, "n": len(rows.y),
        "estimate": estimate, "std_error": error, "ci_lower": estimate - half,
        "ci_upper": estimate + half, "statistic": estimate / error, "df": df,
        "pvalue": 2 * float(stats.t.sf(abs(estimate / error), df)),
        "wild_pvalue": float("nan"), "unit": fit.unit,
    }  # fmt: skip
