"""The same effects under other reasonable choices."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import narwhals as nw
import numpy as np
import pandas as pd

from cxlib import _checks, scales
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import Correction
from cxlib.estimate.clusters import wild_bootstrap
from cxlib.estimate.counts import Interval
from cxlib.journeys import _words
from cxlib.journeys._frames import (
    Frame,
    Lazy,
    check_numeric,
    collect,
    lazy,
    number,
)
from cxlib.journeys.experiments._looks import Looking
from cxlib.journeys.experiments.comparison import compare, gather
from cxlib.journeys.experiments.effects import Comparison
from cxlib.journeys.experiments.specs import (
    GeometricMean,
    Mean,
    Metric,
    Proportion,
    Ratio,
    Score,
)
from cxlib.journeys.experiments.verdicts import judge
from cxlib.result import Finding, Result

DECLARED = "as declared"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Sensitivity(Result):
    """Effects under the declared and other choices.

    Attributes
    ----------
    table : pandas.DataFrame
        metric, treatment_arm, control_arm, choice, unit, n, control, treatment,
        effect_size and its interval, pvalue, verdict; for each metric the declared
        choice first.
    """

    confidence_level: float = 0.95
    notes: tuple[str, ...] = field(default=())

    @property
    def changed(self) -> pd.DataFrame:
        """The rows whose verdict differs from the declared one."""
        key = ["metric", "treatment_arm"]
        own = self.table[self.table["choice"] == DECLARED].set_index(key)["verdict"]
        base = pd.Series([own[tuple(pair)] for pair in self.table[key].to_numpy()])
        return self.table[(self.table["verdict"] != base.to_numpy())]

    @property
    def text(self) -> str:
        """Whether any verdict depends on the choice."""
        other = self.table[self.table["choice"] != DECLARED]
        changed = self.changed if len(other) else other
        said = []
        if other.empty:
            said.append("No other choice applies to these metrics.")
        elif changed.empty:
            n = len(other)
            tried = "1 other estimate" if n == 1 else f"{n} other estimates"
            said.append(f"No verdict changes under {tried}.")
        else:
            turned = [
                f"{row.metric} ({row.treatment_arm}) is '{row.verdict}' {row.choice}"
                for row in changed.itertuples()
            ]
            said.append(f"The verdict depends on the choice: {_words.listed(turned)}.")
        return " ".join([*said, *self.notes])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The sentence; the estimates are those of the comparison."""
        return (
            Finding(id="sensitivity", statement=self.text, estimate=None, unit="count"),
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = pd.DataFrame([self._shown(row) for _, row in self.table.iterrows()])
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{shown.to_html(index=False, border=0, classes='cx')}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )

    def _shown(self, row: pd.Series) -> dict[str, str]:
        several = _words.several_arms(self.table)
        return {
            "metric": row["metric"],
            "choice": row["choice"],
            **_words.cells(row, row["unit"], self.confidence_level, several=several),
            "n": f"{row['n']:,}",
            "verdict": row["verdict"],
        }


def sensitivity(
    users: Frame,
    comparison: Comparison,
    *,
    variant: str = "variant",
    cluster: str | None = None,
    strata: str | Sequence[str] | None = None,
    winsorise: float = 0.99,
    per_protocol: str | None = None,
    correction: Correction = "holm",
    n_boot: int = 1999,
    rng: int | np.random.Generator = 0,
) -> Sensitivity:
    """Estimate every effect again under other reasonable choices.

    Parameters
    ----------
    users : frame
        The frame that was compared.
    comparison : Comparison
        As declared; gives metrics, control, treatments and level.
    variant, cluster, strata, correction
        As they were given to `compare`.
    winsorise : float
        Values of means and of ratios' numerators above this quantile of the non-zero
        values (all variants together) are set to it.
    per_protocol : str, optional
        0/1 column of users who got what they were assigned; compared alone.
    n_boot, rng : int, int or numpy.random.Generator
        Draws and seed of the wild cluster bootstrap.

    Returns
    -------
    Sensitivity

    Notes
    -----
    Tried where they apply: without CUPED; winsorised, or not where it was declared; net
    scores as the mean of the answers; the other interval of a proportion; without
    strata; per protocol, which gives up randomisation; with clusters, the wild
    bootstrap's p-value and interval (the p-value alone for a geometric mean), and
    clusters ignored, which understates the error. The quantile is over non-zero values
    because most users of a spend metric spend nothing. A margin is kept where the unit
    stays the same.

    Examples
    --------
    >>> import pandas as pd
    >>> users = pd.DataFrame(
    ...     {"variant": ["a", "b"] * 50, "spend": [0.0, 1.0, 2.0, 3.0, 500.0] * 20}
    ... )
    >>> found = compare(users, [Mean(name="spend", column="spend")], control="a")
    >>> sensitivity(users, found).table["choice"].tolist()
    ['as declared', 'winsorised at 99 %']
    """
    _checks.in_range(winsorise, "winsorise", 0.5, 1, ends="()")
    parts, tuned = [_rows(comparison, DECLARED)], comparison.tuning_n or None

    def again(
        frame: Frame, specs: Sequence[Metric], choice: str, *,
        by: str | None = cluster, within: str | Sequence[str] | None = strata,
    ) -> None:  # fmt: skip
        found = compare(
            frame, specs, variant=variant, control=comparison.control_name,
            treatments=list(comparison.table["treatment_arm"].unique()), cluster=by,
            strata=within, correction=correction,
            confidence_level=comparison.confidence_level,
            looks=comparison.looks, tuning_n=tuned if by == cluster else None,
        )  # fmt: skip
        parts.append(_rows(found, choice))

    specs = comparison.metrics
    tried = _respecified(specs, winsorise, plain=not (cluster or strata))
    for choice, changed in tried:
        again(users, changed, choice)
    if strata:
        again(users, specs, "without strata", within=None)
    if per_protocol:
        again(_followed(users, per_protocol, variant), specs, "per protocol")
    if cluster:
        wild = _wild(users, comparison, variant, cluster, correction, n_boot, rng)
        parts.append(wild)
        again(users, specs, "clusters ignored", by=None)
    return _gather(comparison, parts)


def _respecified(
    specs: Sequence[Metric], at: float, *, plain: bool
) -> list[tuple[str, list[Metric]]]:
    """Return each other choice of how metrics are measured, with those it changes."""
    heavy = [m for m in specs if isinstance(m, Mean | Ratio)]
    net = [m for m in specs if isinstance(m, Score) and m.rule.kind == "net"]
    flags = [m for m in specs if isinstance(m, Proportion) and not m.covariate]
    tried: list[tuple[str, list[Metric]]] = [
        ("without CUPED", [replace(m, covariate="") for m in specs if m.covariate]),
        (
            f"winsorised at {100 * at:g} %",
            [replace(m, winsorise=at) for m in heavy if m.winsorise != at],
        ),
        ("not winsorised", [replace(m, winsorise=None) for m in heavy if m.winsorise]),
        ("as mean of the answers", [_as_mean(m) for m in net]),
    ]
    if plain:
        for interval, name in _OTHER.items():
            changed = [
                replace(m, interval=interval) for m in flags if m.interval != interval
            ]
            tried.append((f"{name} interval", list(changed)))
    return [(choice, changed) for choice, changed in tried if changed]


def _wild(
    users: Frame, comparison: Comparison, variant: str, cluster: str,
    correction: Correction, n_boot: int, rng: int | np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Return the comparison with p-values and intervals of the wild bootstrap."""
    level = comparison.confidence_level
    found = gather(
        users, comparison.metrics, variant=variant, cluster=cluster, strata=None,
        looking=Looking.of("once", None, level, clustered=True),
    )  # fmt: skip
    stream = _checks.generator(rng)
    place = {metric.name: i for i, metric in enumerate(comparison.metrics)}
    table = comparison.table.copy()
    for at, row in comparison.table.iterrows():
        i = place[row["metric"]]
        both = found.clusters(i, (row["control_arm"], row["treatment_arm"]))
        wild = wild_bootstrap(
            *both.arms, confidence_level=level, n_boot=n_boot, rng=stream
        )
        metric = comparison.metrics[i]
        table.loc[at, "pvalue"] = wild.pvalue
        if not isinstance(metric, GeometricMean):
            ends = ["effect_size_ci_lower", "effect_size_ci_upper"]
            bounds = [wild.ci_lower * metric.factor, wild.ci_upper * metric.factor]
            table.loc[at, ends] = bounds
    judged = judge(table, correction, 1 - level)
    return _rows_of(judged, "wild cluster bootstrap")


def _gather(comparison: Comparison, parts: list[pd.DataFrame]) -> Sensitivity:
    """Put the choices of one metric and treatment together."""
    table = pd.concat(parts, ignore_index=True)
    order = {metric.name: i for i, metric in enumerate(comparison.metrics)}
    found = comparison.table["treatment_arm"].unique()
    arms = {name: i for i, name in enumerate(found)}
    rank = table["metric"].map(order) * len(arms) + table["treatment_arm"].map(arms)
    table = table.iloc[rank.argsort(kind="stable")].reset_index(drop=True)
    return Sensitivity(
        table=table, confidence_level=comparison.confidence_level,
        method="Verdicts within each choice's own family of metrics.",
    )  # fmt: skip


def _rows(found: Comparison, choice: str) -> pd.DataFrame:
    return _rows_of(found.table, choice)


def _rows_of(table: pd.DataFrame, choice: str) -> pd.DataFrame:
    table = table.assign(choice=choice)
    table["n"] = table["n_control"] + table["n_treatment"]
    return table[_COLUMNS]


_COLUMNS = [
    *("metric", "treatment_arm", "control_arm", "choice", "unit", "n"),
    *("control", "treatment"),
    *(
        "effect_size",
        "effect_size_ci_lower",
        "effect_size_ci_upper",
        "pvalue",
        "verdict",
    ),
]
_OTHER: dict[Interval, str] = {
    "newcombe": "Newcombe", "miettinen_nurminen": "Miettinen-Nurminen",
}  # fmt: skip


def _as_mean(metric: Score) -> Score:
    """Return the mean of the same answers as a metric, without its limits in points."""
    scale = replace(metric.rule, kind="mean", name=f"{metric.rule.name}_mean")
    return replace(metric, scale=scales.get(scale), margin=None, min_effect=None)


def _followed(users: Frame, column: str, variant: str) -> Lazy:
    """Return the users who got what they were assigned."""
    opened = users if isinstance(users, nw.LazyFrame) else nw.from_native(users)
    names = opened.collect_schema().names()
    rows = lazy(users, [column, *names], "users")
    check_numeric(rows, [column], "users")
    kept = rows.filter(number(column) == 1)
    arms = collect(kept.group_by(variant).agg(nw.len().alias("n")))
    if len(arms) < 2:
        raise DataError(
            f"column '{column}' leaves fewer than two variants per protocol."
        )
    if column == variant:
        raise ArgumentError(f"`per_protocol` is '{column}', which is the variant.")
    return kept
