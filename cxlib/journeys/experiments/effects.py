"""The result of a comparison: effects, verdicts and how they are worded."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _format
from cxlib.journeys import _words
from cxlib.journeys.experiments._looks import Looks
from cxlib.journeys.experiments.specs import ROLES, Metric
from cxlib.result import Finding, Result

MAX_SENTENCES = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Comparison(Result):
    """Each metric in each treatment against control.

    Attributes
    ----------
    table : pandas.DataFrame
        metric, kind, role, treatment_arm, control_arm, unit,
        n_control, n_treatment (users with a value), n_exposed_control,
        n_exposed_treatment, control, treatment, effect_size, std_error, its interval,
        rel_effect_size and its interval (NaN where it means nothing), statistic, df,
        pvalue, pvalue_adj (within the metric's family), direction, margin,
        share_variance_removed (by CUPED and strata), winsorised_at (the cap of a
        winsorised metric), n_clusters_control, n_clusters_treatment, icc (how alike a
        cluster's users are), n_strata, verdict.
    metrics : tuple of Metric
    confidence_level : float
    control_name : str
    family : str
        The families of tests that were corrected together, in words.
    adjustment : str
        What took variance out: 'CUPED', 'Post-stratification' or both.
    looks : {"once", "any"}
        "any" where intervals, p-values and verdicts hold at every look.
    tuning_n : int
        Users (clusters) at which intervals for any look are tightest.
    """

    metrics: tuple[Metric, ...] = ()
    confidence_level: float = 0.95
    control_name: str = "control"
    family: str = ""
    adjustment: str = "CUPED"
    looks: Looks = "once"
    tuning_n: int = 0

    def of(self, role: str) -> pd.DataFrame:
        """Return the rows of one role."""
        return self.table[self.table["role"] == role]

    @property
    def text(self) -> str:
        """The main metrics' effects in sentences; the rest by verdict."""
        main = self.of("decision") if len(self.of("decision")) else self.table
        said = [self.sentence(row) for _, row in main.head(MAX_SENTENCES).iterrows()]
        rest = self.table.drop(index=main.index[:MAX_SENTENCES])
        for verdict, rows in rest.groupby("verdict", sort=False):
            names = [f"{row['metric']}{self._arm(row)}" for _, row in rows.iterrows()]
            said.append(f"{str(verdict).capitalize()}: {_words.listed(names)}.")
        if self.looks == "any":
            said.append("All this holds however often one looks.")
        return " ".join(said)

    def sentence(self, row: pd.Series) -> str:
        """Return one metric's effect with interval, n and verdict."""
        treatment, control = _words.arms(row, row["unit"])
        n = row["n_control"] + row["n_treatment"]
        extra = f"{relative(row)}, n = {n:,}"
        found = _words.effect(row, row["unit"], self.confidence_level, extra)
        return (
            f"{row['metric']}: {row['treatment_arm']} {treatment} against "
            f"{row['control_arm']} {control}, {found}: {row['verdict']}."
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One finding a metric and treatment, decision metrics first."""
        rows = self.table.sort_values(
            "role", key=lambda role: role.map(ROLES.index), kind="stable"
        )
        return tuple(self._finding(row) for _, row in rows.iterrows())

    def _finding(self, row: pd.Series) -> Finding:
        return Finding(
            id=_words.slug(row["metric"], self._arm(row)[2:-1], "effect"),
            statement=self.sentence(row),
            estimate=float(row["effect_size"]),
            unit=_format.difference_unit(row["unit"]),
            ci_lower=float(row["effect_size_ci_lower"]),
            ci_upper=float(row["effect_size_ci_upper"]),
            n=int(row["n_control"] + row["n_treatment"]),
            label=f"{row['metric']}{self._arm(row)}, difference",
            confidence_level=self.confidence_level,
        )

    def _arm(self, row: pd.Series) -> str:
        """Return ' (variant)' where there is more than one treatment."""
        several = len(self.table["treatment_arm"].unique()) > 1
        return f" ({row['treatment_arm']})" if several else ""

    def _repr_html_(self) -> str:
        shown = pd.DataFrame([self._shown(row) for _, row in self.table.iterrows()])
        parts = (self.method, self.family, self.cuped, self.clusters)
        note = " ".join(part for part in parts if part)
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{shown.to_html(index=False, border=0, classes='cx')}"
            f"<p class='method'>{html.escape(note)}</p>"
        )

    @property
    def cuped(self) -> str:
        """How much of the variance the adjustment removed, or an empty text."""
        rows = self.table[self.table["share_variance_removed"].notna()]
        if rows.empty:
            return ""
        parts = [
            f"{_format.quantity(row['share_variance_removed'], 'share')} of the "
            f"variance of {row['metric']}{self._arm(row)}"
            for _, row in rows.iterrows()
        ]
        return f"{self.adjustment} removed {_words.listed(parts)}."

    @property
    def clusters(self) -> str:
        """How many clusters each arm has and how alike their users are, or empty."""
        if "icc" not in self.table or self.table["n_clusters_control"].isna().all():
            return ""
        parts = [
            f"{row['metric']}{self._arm(row)} {row['n_clusters_control']:,.0f} / "
            f"{row['n_clusters_treatment']:,.0f}, {_format.number(row['icc'])}"
            for _, row in self.table.iterrows()
        ]
        return f"Clusters and intraclass correlation: {'; '.join(parts)}."

    def _shown(self, row: pd.Series) -> dict[str, str]:
        several = _words.several_arms(self.table)
        p = _format.pvalue(row["pvalue_adj"])
        known = "" if p == _format.MISSING else f" ({_words.fixed(p)})"
        verdict = _words.fixed(row["verdict"]) + known
        return {
            "metric": row["metric"],
            **_words.cells(row, row["unit"], self.confidence_level, several=several),
            "relative": _words.fixed(relative(row)[2:]) or _format.MISSING,
            "verdict (adjusted p)": verdict,
            "n": _words.pair(row),
        }


def relative(row: pd.Series) -> str:
    """Return '; +53 %, 20 to 99 %', or nothing where it means nothing."""
    names = [f"rel_effect_size{end}" for end in ("", "_ci_lower", "_ci_upper")]
    values = [float(row[name]) for name in names]
    if not np.isfinite(values).all():
        return ""
    change, low, high = (
        _format.number(100 * value, "amount", decimals=0, signed=i == 0)
        for i, value in enumerate(values)
    )
    return f"; {change} %, {low} to {high} %"
