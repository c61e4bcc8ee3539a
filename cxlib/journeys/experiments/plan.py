"""The result of planning a test: users, weeks and what they can find."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from cxlib import _format
from cxlib.journeys import _words
from cxlib.journeys.experiments._looks import Looks
from cxlib.result import Finding, Result

MAX_SENTENCES = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Plan(Result):
    """Users that each metric needs.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a metric: metric, kind, role, unit, question (detect, exclude the
        margin, none), baseline and sd (one user's value, after CUPED) in the unit,
        effect_size (or margin), rel_effect_size, alpha (after correction),
        share_answered, deff, share_variance_removed, n_control, n_treatment (smallest
        treatment) and n, users; weeks; detectable and rel_detectable, the smallest
        effect found at the planned n; share_power at the planned n for the effect.
    curve : pandas.DataFrame
        metric, unit, looks, n, question, effect_size, share_power, half_width,
        detectable over a grid of users, for one planned look and for any look.
    n : int
        Users planned; 0 where none were given.
    daily_users, power, confidence_level : float
    looks : {"once", "any"}
    split : tuple of float
        Share of users of control and of each treatment.
    """

    curve: pd.DataFrame = field(default_factory=pd.DataFrame)
    n: int = 0
    daily_users: float = 0
    power: float = 0.8
    looks: Looks = "once"
    confidence_level: float = 0.95
    split: tuple[float, ...] = (0.5, 0.5)

    @property
    def needed(self) -> float:
        """Users that the most demanding metric needs; NaN where nothing was asked."""
        return float(self.table["n"].max())

    @property
    def length(self) -> str:
        """How long to run the test, in a sentence or two."""
        asked = self.table[np.isfinite(self.table["n"].astype(float))]
        if asked.empty:
            return "No effect and no margin was given, so no length can be planned."
        last = asked.sort_values("n", kind="stable").iloc[-1]
        users = f"{_format.count(last['n'])} users"
        weeks = _weeks(last).removeprefix(", ")
        run = f"for {weeks}, until {users} are in" if weeks else f"until {users} are in"
        said = f"Run the test {run}: {last['metric']} needs most."
        short = asked[asked["n"] > self.n] if self.n else asked[:0]
        if len(short):
            named = _words.listed(
                f"{row['metric']} ({_format.quantity(row['share_power'], 'share')})"
                for _, row in short.iterrows()
            )
            power = f"{100 * self.power:g} %"
            said += f" The {self.n:,} planned leave a chance below {power} for {named}."
        return said

    @property
    def text(self) -> str:
        """Users and weeks of each metric asked about, then what n can find."""
        asked = self.table[self.table["question"] != "none"]
        said = [self._sentence(row) for _, row in asked.head(MAX_SENTENCES).iterrows()]
        if len(asked) > 1:
            hardest = asked.sort_values("n").iloc[-1]
            said.append(
                f"{hardest['metric']} decides the length: "
                f"{_format.count(hardest['n'])} users{_weeks(hardest)} for all of them."
            )
        if self.n:
            said.append(self._found())
        if self.looks == "any" and said:
            said.append("All this allows a look at any time.")
        return " ".join(said) or "No effect, margin or number of users to plan for."

    def _sentence(self, row: pd.Series) -> str:
        size, unit = float(row["effect_size"]), row["unit"]
        goal = _words.change(size, unit, size / 2)
        aim = f"detect {goal} on"
        if row["question"] != "detect":
            aim = f"exclude a loss of {goal.removeprefix('+')} on"
        start = _words.level(row["baseline"], unit, size / 2)
        power, n = f"{100 * self.power:g} % power", _format.count(row["n"])
        return (
            f"To {aim} {row['metric']} (from {start}) with {power} takes {n} users in "
            f"all{_weeks(row)}."
        )

    def _found(self) -> str:
        parts = []
        for _, row in self.table.iterrows():
            size, unit = float(row["detectable"]), row["unit"]
            if np.isfinite(size):
                found = _words.change(size, unit, size / 2)
                parts.append(f"{found} on {row['metric']}")
        if not parts:
            return (
                f"{self.n:,} users can detect nothing within the range of the values."
            )
        return f"{self.n:,} users can detect {_words.listed(parts)}."

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Users for each metric; planned, so without an interval."""
        asked = self.table[np.isfinite(self.table["n"].astype(float))]
        return tuple(
            Finding(
                id=_words.slug(row["metric"], "users"), statement=self._sentence(row),
                estimate=float(row["n"]), unit="count", label=f"{row['metric']}, users",
            )
            for _, row in asked.iterrows()
        )  # fmt: skip

    def _repr_html_(self) -> str:
        shown = pd.DataFrame([self._shown(row) for _, row in self.table.iterrows()])
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{shown.to_html(index=False, border=0, classes='cx')}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )

    def _shown(self, row: pd.Series) -> dict[str, str]:
        unit, size = row["unit"], float(row["effect_size"])
        half = size / 2 if np.isfinite(size) else float(row["detectable"]) / 2
        asked = row["question"] != "none"
        cells = {
            "metric": row["metric"],
            "to": row["question"] if asked else _format.MISSING,
            "baseline": _words.level(row["baseline"], unit, half),
            "difference": _words.change(size, unit, half) if asked else _format.MISSING,
            "users a variant": _format.count(row["n_treatment"]),
            "users in all": _format.count(row["n"]),
        }
        if self.daily_users:
            cells["weeks"] = _format.count(row["weeks"])
        if self.n:
            found = float(row["detectable"])
            cells[f"found by {self.n:,} users"] = _words.change(found, unit, found / 2)
        cells["answered"] = _format.quantity(row["share_answered"], "share")
        if (self.table["deff"] > 1).any():
            cells["design effect"] = _format.number(row["deff"])
        short = {k: v.replace(" percentage points", " pp") for k, v in cells.items()}
        return {k: v if k == "to" else _words.fixed(v) for k, v in short.items()}


def _weeks(row: pd.Series) -> str:
    """Return ', 3 weeks' where the weeks are known."""
    if not np.isfinite(row["weeks"]):
        return ""
    weeks = int(row["weeks"])
    return f", {weeks:,} week{'' if weeks == 1 else 's'}"
