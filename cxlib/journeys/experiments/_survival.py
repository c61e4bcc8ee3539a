"""The result of bounds: whether what the respondents show survives."""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _format
from cxlib.estimate.counts import compare_shares
from cxlib.journeys import _words
from cxlib.journeys.experiments.specs import Metric
from cxlib.result import Finding, Result

ANSWERED = "those who answered"
EITHER = "would answer in either variant"
ALL = "all exposed users"
NONE = "No survey metric is among the metrics, so there are no bounds to compute."
ARMS = ("control", "treatment")
CHANCE = 0.05
Ends = tuple[float, float]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ResponseBounds(Result):
    """Each survey effect, and what is left of it if others had answered.

    Attributes
    ----------
    table : pandas.DataFrame
        Three rows a metric and treatment: metric, role, treatment_arm, control_arm,
        unit, n_control, n_treatment (answers), n_exposed_control,
        n_exposed_treatment, effect_size (of those who answered), direction, margin,
        share_answered_control, share_answered_treatment, population,
        effect_size_lower and effect_size_upper (the bounds) with std_error_lower and
        std_error_upper, effect_size_ci_lower and effect_size_ci_upper (interval of the
        effect, not of the bounds), share_trimmed (answers left out, of treatment's
        where positive, of control's where negative), verdict (against no effect),
        verdict_margin (against a loss of the margin), reading.
    metrics : tuple of Metric
    monotone : bool
        Whether those who would answer in either variant may be judged by.
    """

    metrics: tuple[Metric, ...] = ()
    confidence_level: float = 0.95
    monotone: bool = True

    @property
    def judged(self) -> pd.DataFrame:
        """The rows that verdicts rest on, one a metric and treatment."""
        if self.table.empty:
            return self.table
        population = EITHER if self.monotone else ALL
        return self.table[self.table["population"] == population]

    def reading(self, metric: str, treatment_arm: str) -> str:
        """Return the verdict that the bounds alone give; 'cannot tell' without any."""
        rows = self.judged
        if rows.empty:
            return "cannot tell"
        mine = (rows["metric"] == metric) & (rows["treatment_arm"] == treatment_arm)
        return str(rows.loc[mine, "reading"].iloc[0]) if mine.any() else "cannot tell"

    def interval(self, metric: str, treatment_arm: str) -> tuple[float, float]:
        """Return the interval that verdicts rest on."""
        rows = self.judged
        mine = (rows["metric"] == metric) & (rows["treatment_arm"] == treatment_arm)
        row = rows[mine].iloc[0]
        return float(row["effect_size_ci_lower"]), float(row["effect_size_ci_upper"])

    @property
    def text(self) -> str:
        """What survives, one metric and treatment after the other."""
        if self.table.empty:
            return NONE
        return " ".join(self.sentence(row) for _, row in self.judged.iterrows())

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The bounds, one a metric and treatment; no single estimate."""
        return tuple(
            Finding(
                id=_words.slug(row["metric"], row["treatment_arm"], "bounds"),
                statement=self.sentence(row),
                estimate=None,
                unit=_format.difference_unit(row["unit"]),
                ci_lower=_finite(row["effect_size_ci_lower"]),
                ci_upper=_finite(row["effect_size_ci_upper"]),
                n=int(row["n_control"] + row["n_treatment"]),
                label=f"{row['metric']}, bounds",
                confidence_level=self.confidence_level,
            )
            for _, row in self.judged.iterrows()
        )

    def sentence(self, row: pd.Series) -> str:
        """Return who answered more often and what that leaves of the effect."""
        said = [_rates(row), *(["That gap may be chance."] if _chance(row) else [])]
        if not np.isfinite(row["effect_size_lower"]):
            said.append("Too few answers for bounds.")
            return " ".join(said)
        said.append(self._verdict(row))
        if np.isfinite(row["margin"]):
            said.append(_margin(row))
        return " ".join(said)

    def _verdict(self, row: pd.Series) -> str:
        gain = row["effect_size"] * _sign(row) >= 0
        half = _half(row)
        moved = _words.change(row["effect_size"], row["unit"], half)
        name = f"The {'gain' if gain else 'loss'} of {moved} in {row['metric']}"
        where = (
            "among all exposed users, whatever the silent would have said,"
            if row["population"] == ALL
            else "among those who would answer in either variant"
        )
        low, high = (
            _words.change(row[f"effect_size_{end}"], row["unit"], half)
            for end in ("lower", "upper")
        )
        inside = _words.ends(
            row["effect_size_ci_lower"], row["effect_size_ci_upper"], row["unit"]
        )
        n = row["n_control"] + row["n_treatment"]
        between = "is about" if low == high else f"lies between {_bare(low)} and"
        found = (
            f"{where} it {between} {high} "
            f"({_words.percent(self.confidence_level)} CI {inside}, n = {n:,} answers)"
        )
        outcome = {
            "survives": "survives",
            "does not survive": "does not survive",
            "cannot tell": self._doubt(row),
        }[row["verdict"]]
        return f"{name} {outcome}: {found}."

    def _doubt(self, row: pd.Series) -> str:
        """Say whether chance or who answered leaves an effect in doubt."""
        same = (self.table["metric"] == row["metric"]) & (
            self.table["treatment_arm"] == row["treatment_arm"]
        )
        plain = self.table[same & (self.table["population"] == ANSWERED)].iloc[0]
        low, high = plain["effect_size_ci_lower"], plain["effect_size_ci_upper"]
        if low <= 0 <= high:
            return "is not beyond chance even among those who answered"
        return "may not survive"

    def _repr_html_(self) -> str:
        shown = pd.DataFrame([self._shown(row) for _, row in self.table.iterrows()])
        cells = shown.to_html(index=False, border=0, classes="cx") if len(shown) else ""
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>{cells}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )

    def _shown(self, row: pd.Series) -> dict[str, str]:
        half, unit = _half(row), row["unit"]
        several = _words.several_arms(self.table)
        low, high = row["effect_size_lower"], row["effect_size_upper"]
        ends = [_bare(_words.change(end, unit, half)) for end in (low, high)]
        inside = (row["effect_size_ci_lower"], row["effect_size_ci_upper"])
        found = {"metric": row["metric"]}
        if several:
            found["variant"] = row["treatment_arm"]
        found |= {
            "effect on": row["population"],
            "lies between": ends[0] if low == high else f"{ends[0]} and {ends[1]}",
            f"{_words.percent(self.confidence_level)} CI": _words.ends(*inside, unit),
            "effect shown": row["verdict"],
            "margin kept": row["verdict_margin"],
            "n": _words.pair(row),
        }
        free = {"metric", "effect on", "effect shown", "margin kept"}
        return {
            name: str(text) if name in free else _words.fixed(str(text))
            for name, text in found.items()
        }


def against(
    row: Mapping[str, Any], plain: Ends, found: Ends, inside: Ends
) -> dict[str, str]:
    """Return the verdicts on the bounds against no effect and against the margin."""
    sign = _sign(row)
    side = sign if min(sign * end for end in plain) > 0 else -sign
    margin = float(row["margin"])
    return {
        "verdict": _survival(side, 0.0, plain, found, inside),
        "verdict_margin": (
            _survival(sign, -margin, plain, found, inside)
            if np.isfinite(margin)
            else ""
        ),
    }


def _survival(side: int, limit: float, plain: Ends, found: Ends, inside: Ends) -> str:
    """Compare the worst of each pair of ends, seen from a side, with a limit."""
    shown, bound, sure = (
        min(side * end for end in ends) for ends in (plain, found, inside)
    )
    if not np.isfinite([shown, bound, sure]).all() or shown <= limit:
        return "cannot tell"
    if sure > limit:
        return "survives"
    return "does not survive" if bound <= limit else "cannot tell"


def reading(row: Mapping[str, Any], inside: Ends, strict: Ends) -> str:
    """Return better, not worse, worse or cannot tell from intervals alone."""
    sign = _sign(row)
    gains = sorted(sign * end for end in inside)
    sure = sorted(sign * end for end in strict)
    if not np.isfinite([*gains, *sure]).all():
        return "cannot tell"
    if sure[0] > 0:
        return "better"
    if np.isfinite(row["margin"]) and gains[0] > -row["margin"]:
        return "not worse"
    return "worse" if sure[1] < 0 else "cannot tell"


def _rates(row: pd.Series) -> str:
    """Say who answered more often, and by how much."""
    a, b = row["share_answered_control"], row["share_answered_treatment"]
    of_b, of_a = (_words.level(share, "share", 0.01) for share in (b, a))
    if abs(b - a) < 0.0005:
        how = f"{row['metric']} as often as {row['control_arm']}"
    else:
        by = _words.level(abs(b - a), "share", 0.01).removesuffix(" %")
        how = (
            f"{row['metric']} {by} percentage points {'more' if b > a else 'less'} "
            f"often than {row['control_arm']}"
        )
    return f"{row['treatment_arm']} answered {how} ({of_b} against {of_a})."


def _chance(row: pd.Series) -> bool:
    """Whether the gap in response rates lies within chance."""
    n = [float(row[f"{what}_{arm}"]) for arm in ARMS for what in ("n", "n_exposed")]
    if min(n) <= 0:
        return False
    return compare_shares(n[0], n[1], n[2], n[3]).pvalue >= CHANCE


def _margin(row: pd.Series) -> str:
    """Say whether a loss of the margin stays excluded."""
    margin = _words.limit(row["margin"], row["unit"])
    outcome = {
        "survives": "is excluded there too",
        "does not survive": "is excluded among those who answered, but not there",
        "cannot tell": "is not excluded",
    }[row["verdict_margin"]]
    return f"A loss of {margin} {outcome}."


def _bare(text: str) -> str:
    return text.removesuffix(" percentage points").removesuffix(" points")


def _sign(row: Mapping[str, Any] | pd.Series) -> int:
    return 1 if row["direction"] == "increase" else -1


def _half(row: pd.Series) -> float:
    return float(row["effect_size_ci_upper"] - row["effect_size_ci_lower"]) / 2


def _finite(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
