"""Follow coders over time: who stays steady, and who drifts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.estimate.tracking import control_limits
from cxlib.result import Assumption, Finding
from cxlib.voc._frames import membership
from cxlib.voc._pairs import Ratings, ratings_of
from cxlib.voc._words import Row, Told, finding, measured, records
from cxlib.voc.audit import audit
from cxlib.voc.codebook import Codebook

Array = npt.NDArray[np.float64]
Series = tuple[str, str, Array, Array, npt.NDArray[np.object_]]
Period = Literal["week", "month", "quarter"]
PEOPLE, MACHINE = "people", "machine"
_PAIR = " with "
_FREQUENCY = {"week": "W", "month": "M", "quarter": "Q"}
_COLUMNS = [
    "coder", "against", "period", "n", "estimate", "std_error", "ci_lower", "ci_upper",
    "centre", "limit_lower", "limit_upper", "signal",
]  # fmt: skip
_ASSUMPTIONS = (
    Assumption(
        text="The verbatims of one period are as hard to code as those of another.",
        quality="medium", impact="high",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CoderDrift(Told):
    """Agreement of each coder, period by period, within the limits of a steady one.

    `table`: one row a coder, what she is set against ('people', 'machine', or the gold
    coder's name) and period: n (comparisons of a verbatim), estimate (agreement beyond
    chance, 1 = full), std_error, ci_lower, ci_upper, centre (all her periods),
    limit_lower and limit_upper (where a steady coder stays), signal. Two coders without
    a third make one series, 'A with B'.
    """

    confidence_level: float
    false_alarm_rate: float
    reason: str = ""

    @property
    def text(self) -> str:
        """Who left the limits, when, and how many false alarms to expect."""
        if self.table.empty:
            return self.reason
        looked = int(self.table["centre"].notna().sum())
        alarms = _format.number(looked * self.false_alarm_rate)
        declared = f"{looked} looks; {alarms} false alarms are to be expected."
        signals = records(self.table[self.table["signal"]])
        if not signals:
            return f"No coder left the limits of a steady one in {declared}"
        told = " ".join(self._statement(row) for row in signals[:3])
        return f"{told} In {declared}{self._together(signals)}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The periods outside the limits."""
        return tuple(
            finding(
                f"drift_{row['coder']}_{row['period']}", self._statement(row), row,
                "score", f"{row['coder']} in {row['period']}, agreement",
                level=self.confidence_level,
            )
            for row in records(self.table)
            if row["signal"]
        )  # fmt: skip

    def _statement(self, row: Row) -> str:
        value, centre = (_format.number(row[c]) for c in ("estimate", "centre"))
        found = measured(row, "score", self.confidence_level)
        other = {PEOPLE: "the other coders", MACHINE: "the machine"}
        whom = other.get(row["against"], row["against"])
        whose = row["coder"] if _PAIR in row["coder"] else f"{row['coder']} with {whom}"
        return (
            f"In {row['period']} the agreement of {whose} is {value} "
            f"({found}), outside the limits around {centre}."
        )

    def _together(self, signals: Sequence[Row]) -> str:
        """Say when all coders moved at once: then it is rather the verbatims."""
        rows = [row for row in signals if row["against"] == MACHINE]
        coders = set(self.table.loc[self.table["against"] == MACHINE, "coder"])
        for period in dict.fromkeys(row["period"] for row in rows):
            if (
                len(coders) > 1
                and {row["coder"] for row in rows if row["period"] == period} == coders
            ):
                return (
                    f" In {period} all coders moved against the machine: look at the "
                    "verbatims before the coders."
                )
        return ""


def drift(
    codings: pd.DataFrame | None,
    codebook: Codebook,
    *,
    by: str = "coded_at",
    period: Period = "month",
    machine: pd.DataFrame | None = None,
    gold: str = "",
    min_n: int = 20,
    false_alarm_rate: float = 0.0027,
    confidence_level: float = 0.95,
) -> CoderDrift:
    """Follow each coder's agreement over time.

    Parameters
    ----------
    codings : pandas.DataFrame or None
        What people coded: verbatim_id, coder, code (blank: looked, found nothing).
        Only verbatims drawn at random count: those chosen for the machine are harder.
    codebook : Codebook
        Lists the codes and gives parents those of their children.
    by : str
        Column of dates, or of batches that are taken as they are.
    period : {"week", "month", "quarter"}
        For dates.
    machine : pandas.DataFrame, optional
        The machine's codes, to set each coder against as well. It tells which of two
        coders moved.
    gold : str
        Coder whose codes are the standard; blank sets each against all others.
    min_n : int
        Periods with fewer comparisons have no estimate.
    false_alarm_rate : float
        Chance that one period of a steady coder falls outside.
    confidence_level : float

    Returns
    -------
    CoderDrift
        Empty, with the reason, where there are no dates or nobody to compare with.

    Notes
    -----
    A verbatim's score is ``1 - d / e``: d, the share of codes on which the two readings
    differ; e, the share that would differ by chance, from both readers' frequencies
    over all periods (Cohen's). A period's estimate is the mean, so periods are
    comparable even where their themes differ in frequency. Limits and intervals take
    the spread of scores over all periods of the series, the limits also that a period
    is part of its centre (analysis of means).

    References
    ----------
    Cohen, J. (1960). doi:10.1177/001316446002000104. Nelson, P. R., Wludyka, P. S. and
    Copeland, K. A. F. (2005). The Analysis of Means. doi:10.1137/1.9780898718362

    Examples
    --------
    >>> from cxlib import simulate
    >>> answers = simulate.responses(4000, rng=1, hidden=True)
    >>> book = Codebook.from_dict(simulate.codebook())
    >>> given = simulate.codings(answers, rng=1, n=900, months=6)
    >>> drift(given, book).table["signal"].sum()
    np.int64(0)
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.in_range(false_alarm_rate, "false_alarm_rate", 0, 1, ends="()")
    _checks.one_of(period, "period", tuple(_FREQUENCY))
    codings = None if codings is None else audit(codings)
    reason = _why_not(codings, by)
    if codings is None or reason:
        return _none(reason, confidence_level)
    given = codebook.roll_up(codings).rename(columns={"verbatim_id": "unit"})
    coders = list(dict.fromkeys(given["coder"].astype(str)))
    if gold:
        _checks.one_of(gold, "gold", coders)
    ratings = ratings_of(given, codebook.ids)
    when = _when(given, by, period, ratings, coders)
    rules = (min_n, confidence_level, false_alarm_rate)
    compared = _series(ratings, when, coders, machine, codebook.ids, gold)
    rows = [row for one in compared for row in _rows(one, *rules)]
    if not rows:
        return _none("Not followed: no verbatim has two readings.", confidence_level)
    return CoderDrift(
        table=pd.DataFrame(rows, columns=_COLUMNS), assumptions=_ASSUMPTIONS,
        confidence_level=confidence_level, false_alarm_rate=false_alarm_rate,
        method=(
            "Agreement beyond chance over all codes (chance from all periods); limits "
            f"by analysis of means, false-alarm rate {false_alarm_rate:g} a period."
        ),
    )  # fmt: skip


def _why_not(codings: pd.DataFrame | None, by: str) -> str:
    """Return why there is nothing to follow; blank where there is."""
    if codings is None or codings.empty:
        return "Not followed: nothing was coded by hand."
    _checks.columns(codings, ["verbatim_id", "coder", "code"], "codings")
    if by not in codings.columns or codings[by].isna().all():
        return f"Not followed: no column '{by}' says when the codes were given."
    return ""


def _none(reason: str, level: float) -> CoderDrift:
    return CoderDrift(
        table=pd.DataFrame(), reason=reason, confidence_level=level,
        false_alarm_rate=0.0,
    )  # fmt: skip


def _when(
    codings: pd.DataFrame, by: str, period: Period, ratings: Ratings, coders: list[str]
) -> npt.NDArray[np.object_]:
    """Return the period in which each coder (column) read each unit (row)."""
    column = codings[by]
    if pd.api.types.is_datetime64_any_dtype(column):
        known = column.dt.to_period(_FREQUENCY[period]).astype(str)
        column = known.where(column.notna())
    labels = column.astype(object).where(column.notna(), "")
    found = np.full(ratings.looked.shape, "", dtype=object)
    rows = ratings.units.get_indexer(pd.Index(codings["unit"].astype(str)))
    place = pd.Index(coders).get_indexer(pd.Index(codings["coder"].astype(str)))
    found[rows, place] = labels.astype(str).to_numpy()
    return found


def _series(
    ratings: Ratings,
    when: npt.NDArray[np.object_],
    coders: list[str],
    machine: pd.DataFrame | None,
    codes: tuple[str, ...],
    gold: str,
) -> Iterator[Series]:
    """Yield name, against whom, both readings and the period of each comparison."""
    gave = ratings.gave.astype(float)
    for place, coder in enumerate(coders):
        others = [i for i, name in enumerate(coders)
                  if i != place and (not gold or name == gold)]  # fmt: skip
        if coder == gold or (len(coders) == 2 and not gold and place == 1):
            continue
        pair = len(coders) == 2 and not gold
        rows = [
            (unit, i)
            for i in others
            for unit in np.flatnonzero(ratings.looked[:, place] & ratings.looked[:, i])
        ]
        if rows:
            unit, other = np.array(rows).T
            name = f"{coder}{_PAIR}{coders[1]}" if pair else coder
            mine, theirs = gave[unit, place], gave[unit, other]
            yield name, gold or PEOPLE, mine, theirs, when[unit, place]
    if machine is not None:
        has = membership(ratings.units, machine, codes).astype(float)
        for place, coder in enumerate(coders):
            unit = np.flatnonzero(ratings.looked[:, place])
            yield coder, MACHINE, gave[unit, place], has[unit], when[unit, place]


def _rows(
    series: Series, min_n: int, level: float, rate: float
) -> list[dict[str, object]]:
    """One row a period: agreement beyond chance and the limits of a steady coder."""
    name, against, mine, theirs, labels = series
    score = _beyond_chance(mine, theirs)
    rows = list[dict[str, object]]()
    kept = list[dict[str, object]]()
    groups = list[Array]()
    for one in sorted(set(labels) - {""}):
        inside = labels == one
        rows.append({"coder": name, "against": against, "period": one,
                     "n": int(inside.sum()), "signal": False})  # fmt: skip
        if inside.sum() >= max(min_n, 2) and np.isfinite(score).all():
            kept.append(rows[-1])
            groups.append(score[inside])
    if len(kept) > 1:
        for row, values in zip(kept, _limited(groups, level, rate), strict=True):
            row.update(values)
    return rows


def _beyond_chance(mine: Array, theirs: Array) -> Array:
    """Return agreement, 0 as by chance, 1 full, one a row; NaN if no code varies."""
    p, q = mine.mean(axis=0), theirs.mean(axis=0)
    chance = float((p * (1 - q) + q * (1 - p)).mean())
    differ: Array = np.abs(mine - theirs).mean(axis=1)
    return 1 - differ / chance if chance > 0 else np.full(len(mine), np.nan)


def _limited(
    groups: Sequence[Array], level: float, rate: float
) -> Iterator[dict[str, object]]:
    """Yield each period's mean, interval and limits."""
    means = np.array([group.mean() for group in groups])
    n = np.array([len(group) for group in groups], dtype=float)
    df = float(n.sum() - len(n))
    within = sum(float(((group - group.mean()) ** 2).sum()) for group in groups)
    std_error = np.sqrt(within / df / n)
    found = control_limits(
        means, np.diag(std_error**2), weights=n / n.sum(), dispersed=False,
        false_alarm_rate=rate, df=df,
    )  # fmt: skip
    wide = float(stats.t.isf((1 - level) / 2, df))
    for mean, error, half in zip(means, std_error, found.half, strict=True):
        yield {
            "estimate": float(mean), "std_error": float(error),
            "ci_lower": float(mean - wide * error),
            "ci_upper": min(1.0, float(mean + wide * error)), "centre": found.centre,
            "limit_lower": float(found.centre - half),
            "limit_upper": float(found.centre + half),
            "signal": bool(abs(mean - found.centre) > half + 1e-12),
        }  # fmt: skip
