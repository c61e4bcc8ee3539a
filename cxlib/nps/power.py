"""How many answers, invitations and weeks a question needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks, _format, scales
from cxlib.errors import ArgumentError
from cxlib.nps import _display, _words
from cxlib.nps._answers import Answers, collect
from cxlib.result import Assumption
from cxlib.scales import Scale

DIFFERENCE, DETECTABLE = "detect a difference", "detectable with these answers"
MARGIN, WORST = "margin of error", "margin of error, whatever the answers"
COLUMNS = [
    "question", "effect_size", "variance", "n_exact", "n", "n_total", "n_invitations",
    "weeks",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Power(_display.Told):
    """Answers needed.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a question: question; effect_size, the difference or margin in the
        score's unit; variance of one answer's value, averaged over both groups;
        n_exact and n, answers a group before and after rounding up; n_total;
        n_invitations; weeks (NaN without weekly invitations).
    curve : pandas.DataFrame
        effect_size, n, share_power: the chance of detecting each difference.
    power, deff, response_rate, confidence_level : float
    pilot_n : int or None
        Answers behind the variance; None where shares were given.
    label : str
    """

    curve: pd.DataFrame
    power: float
    deff: float
    response_rate: float
    confidence_level: float
    pilot_n: int | None
    label: str

    @property
    def text(self) -> str:
        """What the first difference, the n at hand and the margin ask for."""
        if self.reason:
            return self.reason
        told = []
        for name in (DIFFERENCE, DETECTABLE, MARGIN):
            rows = self.table[self.table["question"] == name]
            if len(rows):
                told.append(self._sentence(name, rows.iloc[0].to_dict()))
        return " ".join(told)

    def _sentence(self, name: str, row: Mapping[Any, Any]) -> str:
        size = _format.quantity(row["effect_size"], _format.difference_unit(self.unit))
        n, power = (
            _format.count(row["n"]),
            _format.number(self.power, "share", decimals=0),
        )
        if name == DETECTABLE:
            return (
                f"With {n} answers a group, a difference of {size} is detected with "
                f"{power} % power."
            )
        asked = f"{_format.count(row['n_invitations'])} invitations in all"
        if np.isfinite(row["weeks"]):
            asked += f", {_words.plural(int(row['weeks']), 'week')}"
        if name == MARGIN:
            return f"A margin of ± {size} needs {n} answers ({asked})."
        return (
            f"To detect a difference of {size} with {power} % power, each of two "
            f"groups needs {n} answers ({asked})."
        )

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a question."""
        t = self.table
        if self.reason:
            return ()
        columns = {
            "to": t["question"].where(~t["question"].duplicated(), ""),
            f"difference{_display.unit_word(_format.difference_unit(self.unit))}": (
                _display.numbers(t["effect_size"], _format.difference_unit(self.unit))
            ),
            "answers a group": _display.numbers(t["n"], "count"),
            "answers in all": _display.numbers(t["n_total"], "count"),
            "invitations": _display.numbers(t["n_invitations"], "count"),
        }
        if t["weeks"].notna().any():
            columns["weeks"] = _display.numbers(t["weeks"], "count")
        return (columns,)


def power(
    responses: pd.DataFrame | None,
    differences: Sequence[float] = (2.0, 3.0, 5.0, 8.0, 10.0),
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    cluster: str | None = None,
    shares: Sequence[float] = (),
    shares_after: Sequence[float] = (),
    n: int = 0,
    margin: float = 0.0,
    deff: float = 0.0,
    response_rate: float = 1.0,
    weekly_invitations: int = 0,
    power: float = 0.8,
    confidence_level: float = 0.95,
) -> Power:
    """Plan a survey: answers, invitations and weeks for a difference or a margin.

    Use it before asking. A difference that needs more answers than there are customers
    cannot be detected by this survey.

    Parameters
    ----------
    responses : pandas.DataFrame or None
        Earlier answers, from which the spread and the design effect are taken.
    differences : sequence of float
        Differences between two groups of the same size (or two waves of other
        people), in the score's unit: points for a net score, fractions for a share.
    score, scale, weights, cluster
        As in `nps.score`.
    shares, shares_after : sequence of float
        In place of answers: shares of detractors and promoters of a net score, or the
        top share. With `shares_after` the difference between the two is planned too,
        each group with its own spread.
    n : int
        Answers a group at hand: adds the smallest difference they detect.
    margin : float
        Half width of an interval wanted: adds the answers of one group.
    deff : float
        Design effect; 0 takes that of the earlier answers (1 where there are none).
    response_rate : float
        Answers an invitation, in (0, 1].
    weekly_invitations : int
        0 leaves the weeks out.
    power, confidence_level : float
        Two-sided.

    Returns
    -------
    Power

    Raises
    ------
    ArgumentError
        For shares that are not shares, differences that are not positive.

    Notes
    -----
    Normal approximation: n = deff (z_a + z_b)^2 (v1 + v2) / d^2 answers a group, where
    v is the variance of one answer's value (promoter 1, passive 0, detractor -1); both
    groups take that of the earlier answers unless `shares_after` is given. Paired waves
    need fewer. Margin: n = deff z^2 v / m^2; at worst v is 1 (1/4 for a share).

    References
    ----------
    Cohen, J. (1988). Statistical power analysis for the behavioral sciences, 2nd ed.
    Lawrence Erlbaum. doi:10.4324/9780203771587

    Examples
    --------
    >>> from cxlib import nps
    >>> plan = nps.power(None, [], shares=[0.25, 0.45], shares_after=[0.22, 0.50])
    >>> plan.table[["effect_size", "n"]].round(1).values.tolist()
    [[8.0, 1597.0]]
    """
    for size in differences:
        _check({"differences": size}, {}, "()")
    _check({}, {"power": power, "confidence_level": confidence_level}, "()")
    _checks.in_range(response_rate, "response_rate", 0, 1, ends="(]")
    free = {"n": n, "margin": margin, "deff": deff}
    _check(free | {"weekly_invitations": weekly_invitations}, {}, "[)")
    kept = scales.get(scale)
    _reachable(differences, kept)
    if len(shares):
        pilot = _Pilot.of_shares(shares, kept)
    elif responses is None:
        why = "No earlier answers and no shares were given: nothing to plan."
        return _none(why, kept)
    else:
        answers = collect(
            responses, score=score, scale=kept, weights=weights, strata=None,
            cluster=cluster, confidence_level=confidence_level,
        )  # fmt: skip
        pilot = _Pilot.of_answers(answers)
    if not pilot.variance > 0:
        return _none("All answers count the same: no spread to plan from.", kept)
    after = _Pilot.of_shares(shares_after, kept) if len(shares_after) else None
    asks = _Asks(pilot, kept, deff or pilot.deff, power, confidence_level)
    rows = asks.rows(differences, after, n, margin)
    table = _invited(pd.DataFrame(rows), response_rate, weekly_invitations)
    return _result(asks, table[COLUMNS], response_rate)


def _reachable(differences: Sequence[float], scale: Scale) -> None:
    """Raise for a difference that the scale cannot show."""
    most = {"net": 200.0, "share": 1.0}.get(scale.kind, scale.high - scale.low)
    for value in differences:
        if value > most:
            raise ArgumentError(
                f"`differences` holds {value:g}; {scale.label} cannot differ by more "
                f"than {most:g} ({scale.unit}): a share is given as 0.03, not 3."
                if scale.kind == "share"
                else f"`differences` holds {value:g}; {scale.label} cannot differ by "
                f"more than {most:g} ({scale.unit})."
            )


def _check(
    amounts: Mapping[str, float], shares: Mapping[str, float], ends: str
) -> None:
    """Raise unless amounts are positive (or zero, by `ends`), shares within 0 and 1."""
    for given, most in ((amounts, np.inf), (shares, 1.0)):
        for name, value in given.items():
            _checks.in_range(value, name, 0, most, ends=ends)


@dataclass(frozen=True, slots=True)
class _Pilot:
    """Mean and variance of one answer's value, and where they come from."""

    mean: float
    variance: float
    n: int | None = None
    deff: float = 1.0

    @classmethod
    def of_answers(cls, answers: Answers) -> _Pilot:
        """From earlier answers, with their design effect."""
        w = answers.plan.weights / answers.plan.weights.sum()
        centre = float(w @ answers.values)
        spread = float(w @ np.square(answers.values - centre))
        own = answers.estimate()
        return cls(centre, spread, own.n, own.deff)

    @classmethod
    def of_shares(cls, shares: Sequence[float], scale: Scale) -> _Pilot:
        """From shares of detractors and promoters, or the top share."""
        want = {"net": 2, "share": 1}.get(scale.kind, 0)
        given = [float(share) for share in shares]
        if len(given) != want or min(given) < 0 or sum(given) > 1:
            need = {
                "net": "the shares of detractors and promoters, together at most 1",
                "share": "the share of top answers, 0 to 1",
                "mean": "none: a mean is planned from earlier answers",
            }[scale.kind]
            raise ArgumentError(f"`shares` is {given}; give {need}.")
        low, top = (given[0], given[1]) if want == 2 else (0.0, given[0])
        return cls(top - low, top + low - (top - low) ** 2)


@dataclass(frozen=True, slots=True)
class _Asks:
    """The formulas, with everything that stays the same over the rows."""

    pilot: _Pilot
    scale: Scale
    deff: float
    power: float
    level: float

    @property
    def alpha(self) -> float:
        return float(stats.norm.isf((1 - self.level) / 2))

    @property
    def both(self) -> float:
        return self.alpha + float(stats.norm.ppf(self.power))

    def rows(
        self, differences: Sequence[float], after: _Pilot | None, n: int, margin: float
    ) -> list[dict[str, object]]:
        factor, v = self.scale.factor, self.pilot.variance
        pairs = [(d / factor, v) for d in differences]
        if after is not None:
            shift = abs(after.mean - self.pilot.mean)
            pairs.insert(0, (shift, (v + after.variance) / 2))
        rows = [
            self._row(DIFFERENCE, d, u, self.deff * self.both**2 * 2 * u / d**2, 2)
            for d, u in pairs
            if d > 0
        ]
        if n:
            least = self.both * (2 * v * self.deff / n) ** 0.5
            rows.append(self._row(DETECTABLE, least, v, float(n), 2))
        if margin:
            m = margin / factor
            worst = {"net": 1.0, "share": 0.25}.get(self.scale.kind)
            for name, u in ((MARGIN, v), (WORST, worst)):
                if u is not None:
                    need = self.deff * self.alpha**2 * u / m**2
                    rows.append(self._row(name, m, u, need, 1))
        return rows

    def _row(
        self, name: str, size: float, variance: float, n: float, groups: int
    ) -> dict[str, object]:
        whole = int(np.ceil(n - 1e-9))
        return {
            "question": name, "effect_size": size * self.scale.factor,
            "variance": variance, "n_exact": n, "n": whole, "n_total": groups * whole,
        }  # fmt: skip

    def curve(self, table: pd.DataFrame) -> pd.DataFrame:
        """Chance of detecting each difference over a grid of n."""
        rows = table[table["question"] == DIFFERENCE]
        if rows.empty:
            return pd.DataFrame(columns=["effect_size", "n", "share_power"])
        most = float(rows["n"].median()) * 1.6
        grid = np.unique(np.geomspace(max(10, most / 200), max(20, most), 60).round())
        parts = []
        for size, u in rows[["effect_size", "variance"]].to_numpy(dtype=float):
            shift = size / self.scale.factor / np.sqrt(2 * u * self.deff / grid)
            tails = stats.norm.cdf(shift - self.alpha) + stats.norm.cdf(
                -shift - self.alpha
            )
            parts.append(
                pd.DataFrame({"effect_size": size, "n": grid, "share_power": tails})
            )
        return pd.concat(parts, ignore_index=True)


def _invited(
    table: pd.DataFrame, response_rate: float, weekly_invitations: int
) -> pd.DataFrame:
    """Add invitations and weeks, both rounded up."""
    if table.empty:
        return table.reindex(columns=COLUMNS)
    invited = np.ceil(table["n_total"].astype(float) / response_rate - 1e-9)
    weeks = np.ceil(invited / weekly_invitations) if weekly_invitations else np.nan
    return table.assign(n_invitations=invited.astype(int), weeks=weeks)


def _result(asks: _Asks, table: pd.DataFrame, response_rate: float) -> Power:
    source = f"{asks.pilot.n:,} earlier answers" if asks.pilot.n else "the shares given"
    alike = Assumption(
        text="Answers to come spread as the earlier ones, and people answer at the "
        "rate assumed.",
        quality="medium", impact="high",
    )  # fmt: skip
    return Power(
        table=table, unit=asks.scale.unit, curve=asks.curve(table), power=asks.power,
        deff=asks.deff, response_rate=response_rate, confidence_level=asks.level,
        pilot_n=asks.pilot.n, label=asks.scale.label, assumptions=(alike,),
        method=(
            f"Two-sided normal test at {100 * (1 - asks.level):g} %, "
            f"{100 * asks.power:g} % power; spread from {source}, design effect "
            f"{asks.deff:.2f}, response rate {100 * response_rate:.3g} %."
        ),
        reason="" if len(table) else "No difference, n or margin was given to plan.",
    )  # fmt: skip


def _none(reason: str, scale: Scale) -> Power:
    nan = float("nan")
    return Power(
        table=pd.DataFrame(columns=COLUMNS), unit=scale.unit, power=nan, deff=nan,
        curve=pd.DataFrame(columns=["effect_size", "n", "share_power"]), pilot_n=None,
        response_rate=nan, confidence_level=nan, label=scale.label, reason=reason,
    )  # fmt: skip
