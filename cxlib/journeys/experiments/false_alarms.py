"""A/A tests on the user's own data: whether the metrics keep their error rate."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.errors import DataError
from cxlib.estimate import adjust, wilson
from cxlib.journeys import _words
from cxlib.journeys._frames import Frame, collect, lazy
from cxlib.journeys.experiments._moments import by_variant, prepare
from cxlib.journeys.experiments._relabel import Relabelled, pvalues
from cxlib.journeys.experiments.declared import metrics as build
from cxlib.journeys.experiments.specs import Metric
from cxlib.result import Assumption, Finding, Result

FLAG = 0.01


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FalseAlarms(Result):
    """How often each metric finds a difference where there is none.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a metric: metric, kind, n (users with a value), n_resamples,
        n_alarms, share_false and its interval share_false_ci_lower and _upper,
        alpha, share_declared (the rate promised, alpha), pvalue_adj (exact test
        against it, Holm over the metrics), largest_share (of the sum of squares that
        one value brings), status ("holds", "too many", "too few", "untested").
    n_users, n_used : int
        Users there were; users drawn at random for the test.
    confidence_level : float
        Of the intervals on the rates.
    """

    n_users: int = 0
    n_used: int = 0
    confidence_level: float = 0.95

    @property
    def failed(self) -> frozenset[str]:
        """Metrics that alarm too often: their verdicts cannot be trusted."""
        rows = self.table["status"] == "too many"
        return frozenset(self.table.loc[rows, "metric"])

    @property
    def text(self) -> str:
        """Which metrics hold their error rate, with the rates of those that do not."""
        alpha = _format.quantity(self.table["share_declared"].iloc[0], "share")
        said = []
        for status, words in _SAID.items():
            rows = self.table[self.table["status"] == status]
            if len(rows):
                named = _words.listed(self._rate(row) for _, row in rows.iterrows())
                said.append(words.format(named=named, alpha=alpha))
        runs = int(self.table["n_resamples"].max())
        drawn = "" if self.n_used == self.n_users else (
            f", on {self.n_used:,} of {self.n_users:,} users drawn at random"
        )  # fmt: skip
        said.append(f"{runs:,} splits of the same users without any difference{drawn}.")
        return " ".join(said)

    def _rate(self, row: pd.Series) -> str:
        share = _format.quantity(row["share_false"], "share")
        between = _format.interval(
            row["share_false_ci_lower"], row["share_false_ci_upper"], "share",
            confidence_level=self.confidence_level,
        )  # fmt: skip
        return f"{row['metric']} ({share}, {between})"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The false-alarm rate of every metric."""
        return tuple(
            Finding(
                id=_words.slug(row["metric"], "false alarms"),
                statement=f"{self._rate(row)}: {row['status']}.",
                estimate=float(row["share_false"]), unit="share",
                ci_lower=float(row["share_false_ci_lower"]),
                ci_upper=float(row["share_false_ci_upper"]),
                n=int(row["n_resamples"]), label=f"{row['metric']}, false alarms",
                confidence_level=self.confidence_level,
            )
            for _, row in self.table.iterrows()
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = pd.DataFrame(
            {
                "metric": row["metric"],
                "false alarms": _format.quantity(row["share_false"], "share"),
                f"{_words.percent(self.confidence_level)} CI": " to ".join(
                    _format.number(row[f"share_false_ci_{end}"], "share")
                    for end in ("lower", "upper")
                ),
                "promised": _format.quantity(row["share_declared"], "share"),
                "users with a value": _format.count(row["n"]),
                "weight of one value": _format.quantity(row["largest_share"], "share"),
                "status": row["status"],
            }
            for _, row in self.table.iterrows()
        )
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{shown.to_html(index=False, border=0, classes='cx')}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )


_SAID = {
    "too many": "Too many false alarms, so verdicts cannot be trusted: {named}; "
    "{alpha} are promised.",
    "too few": "Fewer false alarms than the {alpha} promised, so real effects are "
    "missed more often than planned: {named}.",
    "holds": "False alarms are about as rare as promised ({alpha}): {named}.",
    "untested": "Could not be tested: {named}.",
}
_ASSUMPTIONS = (
    Assumption(
        text="The error rates are those of these users; the test's users spread "
        "alike.",
        quality="medium", impact="medium",
    ),
)  # fmt: skip


def false_alarms(
    users: Frame,
    metrics: Sequence[Metric | Mapping[str, Any]],
    *,
    cluster: str | None = None,
    assigned_by: str | None = None,
    share_treatment: float = 0.5,
    n_resamples: int = 500,
    max_users: int = 100_000,
    rng: int | np.random.Generator = 0,
    confidence_level: float = 0.95,
) -> FalseAlarms:
    """Split the same users at random again and again, and count the differences found.

    Use it before a test on users like those to come, or on a finished test. It finds
    metrics whose error rate is off: one value that outweighs all others, rows that are
    no independent users, an assignment by account analysed by user. It cannot find a
    broken assignment; that is `sample_ratio`.

    Parameters
    ----------
    users : frame
        As for `compare`; a variant column is not read.
    metrics : sequence of Metric or mapping
    cluster : str, optional
        Analyse by this unit, as in `compare`.
    assigned_by : str, optional
        Column of the unit that is assigned as a whole; `cluster` when not given, else
        the row. With another column than `cluster` this shows what a wrong unit of
        analysis costs.
    share_treatment : float
        Share of units given to treatment, in (0, 1).
    n_resamples : int
        Random splits, 100 or more.
    max_users : int
        Above it, so many users (whole units, where assigned by unit) are drawn at
        random and used for every split.
    rng : int or numpy.random.Generator
    confidence_level : float
        Of the comparison, and of the interval on its error rate.

    Returns
    -------
    FalseAlarms

    Raises
    ------
    DataError
        For fewer than 20 units to assign, and as `compare` raises.

    Notes
    -----
    Splits have a fixed size; each is compared by the very estimators of `compare` for
    one planned look, without correction. Interval on the rate: Wilson. A metric is
    flagged where an exact binomial test against the promised rate, Holm-corrected over
    the metrics, has p under 0.01, so that a sound metric is rarely flagged; the
    interval may then exclude the promised rate without a flag.

    References
    ----------
    Kohavi, R., Tang, D. and Xu, Y. (2020). Trustworthy online controlled experiments,
    ch. 19. Cambridge University Press. doi:10.1017/9781108653985

    Examples
    --------
    >>> from cxlib.journeys import Mean
    >>> users = pd.DataFrame({"spend": np.arange(200.0)})
    >>> found = false_alarms(users, [Mean(name="spend", column="spend")], rng=1)
    >>> found.table["status"].tolist()
    ['holds']
    """
    specs = build(metrics)
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.in_range(share_treatment, "share_treatment", 0, 1, ends="()")
    _checks.in_range(n_resamples, "n_resamples", 100, 100_000)
    _checks.in_range(max_users, "max_users", 100, np.inf, ends="[)")
    random = _checks.generator(rng)
    unit = assigned_by or cluster
    keys = list(dict.fromkeys(key for key in (unit, cluster) if key))
    columns = [name for metric in specs for name in metric.columns]
    rows = lazy(users, dict.fromkeys([*keys, *columns]), "users")
    prepared = prepare(rows, specs, keys)
    by_variant(prepared.with_columns(nw.lit("all").alias("arm")), specs, "arm")
    values = collect(prepared)
    used, codes = _drawn(values, unit, max_users, random)
    plan = Relabelled(
        values=used, metrics=specs, unit=codes, cluster=cluster,
        share=share_treatment, level=confidence_level,
    )  # fmt: skip
    found = pvalues(plan, n_resamples, random)
    return FalseAlarms(
        table=_table(specs, found, used, confidence_level), unit="share",
        n_users=len(values), n_used=len(used), confidence_level=confidence_level,
        assumptions=_ASSUMPTIONS,
        method=f"Random splits by {unit or 'user'}, the estimators of the comparison, "
        "Wilson intervals; flagged by an exact test at 1 % (Holm).",
    )  # fmt: skip


def _drawn(
    values: pd.DataFrame, unit: str | None, most: int, rng: np.random.Generator
) -> tuple[pd.DataFrame, np.ndarray]:
    """Return the rows to use, whole units together, and each row's unit as a number."""
    codes = np.arange(len(values))
    if unit:
        values = values[values[unit].notna()]
        codes = pd.factorize(values[unit], sort=True)[0]
    n = int(codes.max()) + 1 if len(codes) else 0
    if n < 20:
        raise DataError(
            f"{n} units to assign at random; an A/A test needs at least 20."
        )
    if len(values) > most:
        order = rng.permutation(n)
        kept = np.cumsum(np.bincount(codes)[order]) <= most
        rows = np.isin(codes, order[kept])
        values, codes = values[rows], np.unique(codes[rows], return_inverse=True)[1]
    return values.reset_index(drop=True), codes


def _table(
    metrics: Sequence[Metric], found: np.ndarray, used: pd.DataFrame, level: float
) -> pd.DataFrame:
    """Count alarms and judge every metric's rate."""
    alpha, rows = 1 - level, []
    for i, metric in enumerate(metrics):
        p = found[np.isfinite(found[:, i]), i]
        hits, runs = int((p < alpha).sum()), len(p)
        low, high = wilson(hits / runs, runs, confidence_level=level) if runs else (
            np.nan, np.nan,
        )  # fmt: skip
        exact = stats.binomtest(hits, runs, alpha).pvalue if runs else np.nan
        y = used[f"y{i}"].to_numpy(dtype=float)
        square = np.square(y - np.nanmean(y))
        rows.append(
            {
                "metric": metric.name, "kind": metric.kind,
                "n": int(np.isfinite(y).sum()), "n_resamples": runs, "n_alarms": hits,
                "share_false": hits / runs if runs else np.nan,
                "share_false_ci_lower": low, "share_false_ci_upper": high,
                "share_declared": alpha, "pvalue": exact,
                "largest_share": np.nanmax(square) / max(np.nansum(square), 1e-300),
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    table["pvalue_adj"] = adjust(table["pvalue"].to_numpy(), "holm")
    off = (table["pvalue_adj"] < FLAG).to_numpy()
    many = (table["share_false"] > alpha).to_numpy()
    table["status"] = np.select(
        [table["pvalue"].isna(), off & many, off & ~many],
        ["untested", "too many", "too few"], "holds",
    )  # fmt: skip
    return table
