"""The result of a comparison by segment and how it is worded."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

import pandas as pd

from cxlib import _format
from cxlib.journeys import _words
from cxlib.result import Finding, Result

MAX_SENTENCES, MAX_NAMES, MAX_TESTS = 3, 6, 12


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SegmentEffects(Result):
    """Each metric's effect by segment, after the test that the effects differ at all.

    Attributes
    ----------
    table : pandas.DataFrame
        metric, kind, role, by, segment, treatment_arm, control_arm, unit, n_control,
        n_treatment (users with a value), share_users, control, treatment, effect_size,
        std_error, its interval, rel_effect_size and its interval, shrunk_effect_size
        with its interval (partially pooled), share_own (the weight of the segment's own
        users in it).
    tests : pandas.DataFrame
        One row a metric, segment column and treatment: n_segments, n_control,
        n_treatment, the overall effect with its interval, statistic (Welch's F), df,
        df_error, pvalue, pvalue_adj, differs, pvalue_sign (Gail and Simon), share_i2,
        tau (standard deviation between the segments' true effects) with its interval,
        left_out (segments that are too small), n_left_out.
    confidence_level : float
    reason : str
        Why nothing was compared; empty where something was.
    """

    tests: pd.DataFrame = field(default_factory=pd.DataFrame)
    confidence_level: float = 0.95
    reason: str = ""

    @property
    def text(self) -> str:
        """Where effects differ, how much and how far; where not, the overall effect."""
        if self.reason:
            return f"Segments are not compared: {self.reason}."
        ordered = self.tests.sort_values("pvalue_adj", kind="stable")
        apart = ordered[ordered["differs"]]
        alike = ordered[~ordered["differs"] & ordered["pvalue"].notna()]
        untold = ordered[ordered["pvalue"].isna()]
        said = [self.sentence(row) for _, row in apart.head(MAX_SENTENCES).iterrows()]
        more = apart.iloc[MAX_SENTENCES:]
        if len(more):
            said.append(f"The effect also differs for {self._names(more)}.")
        if len(alike) == 1 and not len(apart):
            said.append(self.sentence(alike.iloc[0]))
        elif len(alike):
            named = len(alike) <= MAX_NAMES
            which = f": {self._names(alike)}" if named else f" ({len(alike)} tests)"
            where = "Elsewhere no" if len(apart) else "No"
            said.append(
                f"{where} effect differs between segments beyond chance, so read the "
                f"overall effect{which}."
            )
        if len(untold):
            said.append(f"Too few users to compare segments: {self._names(untold)}.")
        return " ".join(said)

    def sentence(self, row: pd.Series) -> str:
        """Return one test in words, with the spread, its interval and n."""
        head = f"{self._name(row)}: "
        n = f"n = {int(row['n_control'] + row['n_treatment']):,}"
        segments = f"the {int(row['n_segments'])} segments"
        if pd.isna(row["pvalue"]):
            return f"{head}too few users to compare segments."
        if not row["differs"]:
            found = _words.effect(row, row["unit"], self.confidence_level, f", {n}")
            return (
                f"{head}the effect does not differ between {segments} by more than "
                f"chance (standard deviation {self._spread(row)}); overall {found}."
            )
        sign = " Its sign differs too." if row["pvalue_sign"] < self._alpha else ""
        return (
            f"{head}the effect differs between {segments} by more than chance "
            f"(standard deviation {self._spread(row)}, {n}); shrunken it goes from "
            f"{self._ends(row)}.{sign}"
        )

    def _spread(self, row: pd.Series) -> str:
        """Return '4.1 percentage points, 95 % CI 0.3 to 9.8'."""
        low, high = row["tau_ci_lower"], row["tau_ci_upper"]
        size = _words.change(row["tau"], row["unit"], (high - low) / 2).lstrip("+")
        level = _words.percent(self.confidence_level)
        return f"{size}, {level} CI {_words.ends(low, high, row['unit'])}"

    def _ends(self, row: pd.Series) -> str:
        """Return the lowest and the highest shrunken effect with interval and n."""
        mine = self.table[self.table["shrunk_effect_size"].notna()]
        for name in ("metric", "by", "treatment_arm"):
            mine = mine[mine[name] == row[name]]
        ordered = mine.sort_values("shrunk_effect_size")
        return " to ".join(self._shrunken(ordered.iloc[i]) for i in (0, -1))

    def _shrunken(self, row: pd.Series) -> str:
        moved = _shrunken(row)
        n = int(row["n_control"] + row["n_treatment"])
        told = _words.effect(moved, row["unit"], self.confidence_level, f", n = {n:,}")
        return f"{told} for {row['by']} = {row['segment']}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """One finding a test: the spread between segments."""
        if self.reason:
            return ()
        several = _words.several_arms(self.tests)
        return tuple(
            Finding(
                id=_words.slug(
                    row["metric"], "by", row["by"],
                    row["treatment_arm"] if several else "", "spread",
                ),
                statement=self.sentence(row), estimate=float(row["tau"]),
                unit=_format.difference_unit(row["unit"]),
                ci_lower=float(row["tau_ci_lower"]),
                ci_upper=float(row["tau_ci_upper"]),
                n=int(row["n_control"] + row["n_treatment"]),
                label=f"{self._name(row)}, spread of the effect between segments",
                confidence_level=self.confidence_level,
            )
            for _, row in self.tests[self.tests["pvalue"].notna()].iterrows()
        )  # fmt: skip

    @property
    def _alpha(self) -> float:
        return 1 - self.confidence_level

    def _name(self, row: pd.Series) -> str:
        several = _words.several_arms(self.tests)
        arm = f" ({row['treatment_arm']})" if several else ""
        return f"{row['metric']}{arm} by {row['by']}"

    def _names(self, rows: pd.DataFrame) -> str:
        return _words.listed(self._name(row) for _, row in rows.iterrows())

    def _repr_html_(self) -> str:
        if self.reason:
            return f"<p class='cx-skipped'>{html.escape(self.text)}</p>"
        first = self.tests.sort_values("pvalue_adj", kind="stable").head(MAX_TESTS)
        first = self.tests.loc[sorted(first.index)]
        tests = pd.DataFrame([self._tested(row) for _, row in first.iterrows()])
        shown = self._apart()
        each = pd.DataFrame([self._cells(row) for _, row in shown.iterrows()])
        parts = each.to_html(index=False, border=0, classes="cx") if len(each) else ""
        left = len(self.table) - len(shown)
        more = f" {left} effects by segment are in the exported table." if left else ""
        unseen = len(self.tests) - len(first)
        more += f" So are {unseen} more tests." if unseen else ""
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{tests.to_html(index=False, border=0, classes='cx')}{parts}"
            f"<p class='method'>{html.escape(self.method + more)}</p>"
        )

    def _apart(self) -> pd.DataFrame:
        """Return the segments of those effects that differ beyond chance."""
        keys = ["metric", "by", "treatment_arm"]
        apart = self.tests.loc[self.tests["differs"], keys].apply(tuple, axis=1)
        return self.table[self.table[keys].apply(tuple, axis=1).isin(set(apart))]

    def _tested(self, row: pd.Series) -> dict[str, str]:
        told = "untested" if pd.isna(row["pvalue"]) else "no"
        return {
            "effect": self._name(row),
            "segments": _format.count(row["n_segments"]),
            "differs beyond chance": "yes" if row["differs"] else told,
            "p (adjusted)": _format.pvalue(row["pvalue_adj"]),
            "spread (sd)": self._spread(row).replace(" percentage points", " pp")
            if told == "no" else _format.MISSING,
            "n": _words.pair(row),
            "left out": row["left_out"] or _format.MISSING,
        }  # fmt: skip

    def _cells(self, row: pd.Series) -> dict[str, str]:
        several = _words.several_arms(self.table)
        shrunk = _format.MISSING
        if pd.notna(row["shrunk_effect_size"]):
            shrunk = _words.fixed(_words.difference(_shrunken(row), row["unit"]))
        return {
            "metric": row["metric"], "by": row["by"], "segment": row["segment"],
            **_words.cells(row, row["unit"], self.confidence_level, several=several),
            "shrunken": shrunk, "n": _words.pair(row),
        }  # fmt: skip


_ENDS = ("", "_ci_lower", "_ci_upper")


def _shrunken(row: pd.Series) -> pd.Series:
    """Return the shrunken effect under the names of an effect."""
    return pd.Series({f"effect_size{e}": row[f"shrunk_effect_size{e}"] for e in _ENDS})
