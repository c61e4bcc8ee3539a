"""The same effects under other reasonable choices."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import narwhals as nw
import pandas as pd

from cxlib import _checks, scales
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import Correction
from cxlib.journeys import _words
from cxlib.journeys._frames import (
    Frame,
    Lazy,
    check_numeric,
    collect,
    label,
    lazy,
    number,
)
from cxlib.journeys.experiments.comparison import compare
from cxlib.journeys.experiments.effects import Comparison
from cxlib.journeys.experiments.specs import Mean, Metric, Ratio, Score
from cxlib.result import Finding, Result

DECLARED = "as declared"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sensitivity(Result):
    """Effects under the declared and other choices.

    Attributes
    ----------
    table : pandas.DataFrame
        metric, treatment_arm, control_arm, choice, unit, n, control, treatment,
        effect_size and its interval, verdict; for each metric the declared choice
        first.
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
        said = []
        if other.empty:
            said.append("No other choice applies to these metrics.")
        elif self.changed.empty:
            n = len(other)
            tried = "1 other estimate" if n == 1 else f"{n} other estimates"
            said.append(f"No verdict changes under {tried}.")
        else:
            turned = [
                f"{row.metric} ({row.treatment_arm}) is '{row.verdict}' {row.choice}"
                for row in self.changed.itertuples()
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
    winsorise: float = 0.99,
    per_protocol: str | None = None,
    correction: Correction = "holm",
) -> Sensitivity:
    """Estimate every effect again under other reasonable choices.

    Parameters
    ----------
    users : frame
        The frame that was compared.
    comparison : Comparison
        As declared; gives metrics, control, treatments and level.
    variant, cluster, correction
        As they were given to `compare`.
    winsorise : float
        Values of means and of ratios' numerators above this quantile of the non-zero
        values (all variants together) are set to it.
    per_protocol : str, optional
        0/1 column of users who got what they were assigned; compared alone.

    Returns
    -------
    Sensitivity

    Notes
    -----
    Tried where they apply: without CUPED; winsorised; net scores as the mean of the
    answers; per protocol, which gives up randomisation; clusters ignored, which
    understates the error. The quantile is over non-zero values because most users of a
    spend metric spend nothing. A margin is kept where the unit stays the same.

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
        frame: Frame, specs: Sequence[Metric], by: str | None, choice: str
    ) -> None:
        found = compare(
            frame, specs, variant=variant, control=comparison.control_name,
            treatments=list(comparison.table["treatment_arm"].unique()), cluster=by,
            correction=correction, confidence_level=comparison.confidence_level,
            looks=comparison.looks, tuning_n=tuned if by == cluster else None,
        )  # fmt: skip
        parts.append(_rows(found, choice))

    specs = comparison.metrics
    adjusted = [replace(m, covariate="") for m in specs if m.covariate]
    if adjusted:
        again(users, adjusted, cluster, "without CUPED")
    heavy = [m for m in specs if isinstance(m, Mean | Ratio)]
    if heavy:
        clipped = _winsorised(users, heavy, variant, cluster, winsorise)
        again(clipped, heavy, cluster, f"winsorised at {100 * winsorise:g} %")
    net = [m for m in specs if isinstance(m, Score) and m.rule.kind == "net"]
    if net:
        again(users, [_as_mean(m) for m in net], cluster, "as mean of the answers")
    if per_protocol:
        again(_followed(users, per_protocol, variant), specs, cluster, "per protocol")
    if cluster:
        again(users, specs, None, "clusters ignored")
    return _gather(comparison, parts)


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
    table = found.table.assign(choice=choice)
    table["n"] = table["n_control"] + table["n_treatment"]
    return table[_COLUMNS]


_COLUMNS = [
    *("metric", "treatment_arm", "control_arm", "choice", "unit", "n"),
    *("control", "treatment"),
    *("effect_size", "effect_size_ci_lower", "effect_size_ci_upper", "verdict"),
]


def _as_mean(metric: Score) -> Score:
    """Return the mean of the same answers as a metric, without its margin in points."""
    scale = replace(metric.rule, kind="mean", name=f"{metric.rule.name}_mean")
    return replace(metric, scale=scales.get(scale), margin=None)


def _winsorised(
    users: Frame, heavy: Sequence[Metric], variant: str, cluster: str | None, at: float
) -> Lazy:
    """Return users with the heavy columns clipped at their quantile."""
    names = [variant, *([cluster] if cluster else [])]
    rows = lazy(users, [*names, *(c for m in heavy for c in m.columns)], "users")
    targets = list(dict.fromkeys(metric.column for metric in heavy))
    check_numeric(rows, targets, "users")
    rows = rows.with_columns(number(name).alias(name) for name in targets)
    caps = collect(
        rows.filter(~label(variant).is_null()).select(
            nw.when(nw.col(name) != 0)
            .then(nw.col(name))
            .quantile(at, "linear")
            .alias(name)
            for name in targets
        )
    ).iloc[0]
    return rows.with_columns(
        nw.when(nw.col(name) > float(caps[name]))
        .then(nw.lit(float(caps[name])))
        .otherwise(nw.col(name))
        .alias(name)
        for name in targets
        if pd.notna(caps[name])
    )


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
