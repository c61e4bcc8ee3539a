"""Scores, gaps and changes of all cells at once, from counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.estimate import Correction, Estimate, adjust
from cxlib.estimate.cells import Cells, from_levels, gaps
from cxlib.estimate.multiplicity import CORRECTED, CORRECTIONS
from cxlib.nps import _display, _waves, _words
from cxlib.nps._suppress import is_hidden, statuses
from cxlib.nps.tally import Tally
from cxlib.result import Assumption, Finding

_MOST_SHOWN = 20
_SCALED = ("estimate", "std_error", "ci_lower", "ci_upper")
_GAP = ("estimate", "ci_lower", "ci_upper", "statistic", "df", "pvalue")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CountScores(_display.Told):
    """Scores of cells, from counts.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a cell, in the score's unit: its labels, n, share_of_answers, estimate,
        std_error, ci_lower, ci_upper, n_eff; rest and effect_size (cell less the rest
        of its wave, or of all) with interval, statistic, df, pvalue, pvalue_adj; with
        waves change, change_ci_lower, change_ci_upper, change_pvalue,
        change_pvalue_adj since the wave before; with draws draw_ci_lower,
        draw_ci_upper; status. Hidden rows carry no number.
    overall : Estimate
    by : tuple of str
    label, correction : str
    """

    overall: Estimate
    by: tuple[str, ...]
    label: str
    correction: str

    @property
    def differing(self) -> pd.DataFrame:
        """Cells that differ from the rest beyond noise, the furthest first."""
        real = self.table[self.table["pvalue_adj"] < 1 - self.overall.confidence_level]
        return real.sort_values(
            "effect_size", key=lambda gap: gap.abs(), ascending=False, kind="stable"
        )

    @property
    def text(self) -> str:
        """How many cells stand apart, which most, and how many changed."""
        if self.reason:
            return self.reason
        tested, apart = int(self.table["pvalue"].notna().sum()), self.differing
        cells = _words.plural(tested, "cell")
        lead = f"Of {cells} compared with the rest, {len(apart)} differ beyond noise."
        if len(apart):
            lead += f" Furthest: {self._apart(apart.iloc[0].to_dict())}."
        return f"{lead}{self._changes()}{self._hidden()}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The score of all answers."""
        name = _words.plain_label(self.label)
        told = _words.estimate_text(self.overall, self.unit)
        return (
            Finding(
                id=f"{name} of all cells", statement=f"{self.label} is {told}.",
                estimate=self.overall.estimate, ci_lower=self.overall.ci_lower,
                ci_upper=self.overall.ci_upper, unit=self.unit, n=self.overall.n,
                confidence_level=self.overall.confidence_level,
            ),
        )  # fmt: skip

    def _apart(self, row: Mapping[Any, Any]) -> str:
        gap = _words.with_interval(
            row["effect_size"], row["effect_size_ci_lower"],
            row["effect_size_ci_upper"], _format.difference_unit(self.unit),
            self.overall.confidence_level, row["n"], signed=True,
        )  # fmt: skip
        where = " / ".join(str(row[name]) for name in self.by)
        score = _format.quantity(row["estimate"], self.unit)
        return f"{where} with {score}, a difference of {gap}"

    def _changes(self) -> str:
        if "change" not in self.table:
            return ""
        p = self.table["change_pvalue_adj"].dropna()
        real = int((p < 1 - self.overall.confidence_level).sum())
        many = _words.plural(len(p), "change")
        return f" Of {many} from one wave to the next, {real} are beyond noise."

    def _hidden(self) -> str:
        hidden = int(self.table["status"].map(is_hidden).sum())
        cells = _words.plural(hidden, "cell")
        return f" {cells} hidden (too few answers)." if hidden else ""

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """The cells furthest from the rest."""
        if self.reason:
            return ()
        t = self.differing.head(_MOST_SHOWN)
        gap = _format.difference_unit(self.unit)
        return (
            {name: t[name] for name in self.by}
            | {
                "n": _display.numbers(t["n"], "count"),
                f"{self.label}{_display.unit_word(self.unit)}": (
                    _display.with_ends(t, "estimate", self.unit)
                ),
                "against the rest": _display.with_ends(
                    t, "effect_size", gap, prefix="effect_size_", signed=True
                ),
                "p": _display.pvalues(t["pvalue_adj"]),
            },
        )

    @property
    def footnote(self) -> str:
        """Which cells are listed, then the method."""
        return (
            f"{_display.brackets(self.overall.confidence_level)} At most "
            f"{_MOST_SHOWN} cells that differ are listed. {self.method}"
        )


def from_counts(
    counts: Tally,
    *,
    wave: str | None = None,
    min_n: int = 10,
    correction: Correction = "holm",
    n_draws: int = 0,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> CountScores:
    """Estimate every cell of a tally, its gap to the rest and its change over waves.

    Use it after `tally`, with any number of rows behind the counts.

    Parameters
    ----------
    counts : Tally
    wave : str, optional
        Column of the tally that holds the wave. The rest of a cell is then the rest of
        its wave, and each cell is compared with the same segment a wave before.
    min_n : int
        Cells with fewer answers are hidden, with a second one in each wave. At least 2.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over all cells, and over all changes.
    n_draws : int
        Multinomial draws of each cell's counts for a second, percentile interval; 0
        for none.
    confidence_level : float
    rng : int or numpy.random.Generator

    Returns
    -------
    CountScores

    Notes
    -----
    The numbers are those of `nps.by_segment` on the rows: adjusted Wald (Wilson for a
    share, Student for a mean) on the effective n, from n, sum w and sum w^2 of each
    value. Answers count as independent: there are no clusters or strata here, because
    counts do not hold them. Draws of weighted counts take Kish's n of the cell.

    References
    ----------
    Rocks, B. (2016). Interval estimation for the Net Promoter Score. The American
    Statistician 70, 365-372. doi:10.1080/00031305.2016.1198124

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame(
    ...     {"score": [10, 3] * 40 + [10] * 60, "plan": ["a"] * 80 + ["b"] * 60}
    ... )
    >>> found = nps.from_counts(nps.tally(answers, "plan")).table
    >>> found[["plan", "n", "estimate", "effect_size"]]
      plan   n  estimate  effect_size
    0    a  80       0.0       -100.0
    1    b  60     100.0        100.0
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.in_range(n_draws, "n_draws", 0, 1_000_000)
    _checks.one_of(correction, "correction", CORRECTIONS)
    if min_n < 2:
        raise ArgumentError(f"`min_n` is {min_n}; it must be at least 2.")
    names = tuple(str(name) for name in counts.cells.columns)
    if wave:
        _checks.one_of(wave, "wave", names)
    table, cells = _table(counts, wave or None, confidence_level)
    if n_draws:
        ends = _drawn(counts, cells, n_draws, _checks.generator(rng))
        table["draw_ci_lower"], table["draw_ci_upper"] = ends
    table = _hide(table, wave or None, names, min_n, correction)
    everyone = counts.levels.summed(np.zeros(len(cells.n), dtype=np.intp), 1)
    overall = _cells(counts, everyone, confidence_level).one(0)
    alone = len(table) < 2 or table["pvalue"].isna().all()
    return CountScores(
        table=table, unit=counts.scale.unit, overall=overall, by=names,
        label=counts.scale.label, correction=correction,
        reason="Fewer than two cells can be shown and compared." if alone else "",
        method=_method(counts, correction, min_n, n_draws), assumptions=_independent(),
    )  # fmt: skip


def _cells(counts: Tally, levels: Any, level: float) -> Cells:  # noqa: ANN401
    """Cells in the score's unit."""
    return from_levels(
        levels, counts.scale.kind, total=float(counts.levels.n.sum()),
        weighted=counts.weighted, confidence_level=level,
    ).scaled(counts.scale.factor)  # fmt: skip


def _table(counts: Tally, wave: str | None, level: float) -> tuple[pd.DataFrame, Cells]:
    """Every cell beside the rest and beside its wave before, nothing hidden yet."""
    labels, own = counts.cells, counts.levels
    group = pd.factorize(labels[wave])[0] if wave else np.zeros(len(labels), dtype=int)
    whole = own.summed(group, int(group.max()) + 1).at(group)
    cells, rest = _cells(counts, own, level), _cells(counts, whole.less(own), level)
    gap = _gap(rest, cells)
    table = labels.assign(**cells.columns()).drop(columns="df")
    table["share_of_answers"] = own.weight.sum(axis=0) / own.weight.sum()
    table["rest"] = np.where(np.isfinite(gap["estimate"]), rest.estimate, np.nan)
    table["effect_size"] = gap["estimate"]
    for name in ("ci_lower", "ci_upper"):
        table[f"effect_size_{name}"] = gap[name]
    for name in ("statistic", "df", "pvalue"):
        table[name] = gap[name]
    if wave:
        after, before = _steps(labels, wave)
        step = _gap(cells.at(before), cells.at(after))
        for column, name in (
            ("change", "estimate"), ("change_ci_lower", "ci_lower"),
            ("change_ci_upper", "ci_upper"), ("change_pvalue", "pvalue"),
        ):  # fmt: skip
            table[column] = np.nan
            table.loc[after, column] = step[name]
    return table, cells


def _gap(a: Cells, b: Cells) -> dict[str, npt.NDArray[np.float64]]:
    """Differences, NaN where a side has fewer than two answers."""
    found = gaps(a, b)
    two = (a.n >= 2) & (b.n >= 2)
    return {name: np.where(two, found[name], np.nan) for name in _GAP}


def _steps(
    labels: pd.DataFrame, wave: str
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Rows of cells, and of the same segments in the wave before."""
    order = {name: i for i, name in enumerate(_waves.order(labels[wave]))}
    place = labels.assign(_at=labels[wave].map(order), _row=np.arange(len(labels)))
    place = place[place["_at"].notna()].drop(columns=wave)
    keys = [c for c in place.columns if c != "_row"]
    earlier = place.assign(_at=place["_at"] + 1)
    both = place.merge(earlier, on=keys, suffixes=("", "_before"))
    return both["_row"].to_numpy(dtype=np.intp), both["_row_before"].to_numpy(np.intp)


def _drawn(
    counts: Tally, cells: Cells, n_draws: int, rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Percentile ends of the score over multinomial draws of each cell's counts."""
    weight = counts.levels.weight
    shares = (weight / weight.sum(axis=0)).T
    shares /= shares.sum(axis=1, keepdims=True)
    size = np.maximum(1, np.rint(cells.n_eff)).astype(int)
    drawn = rng.multinomial(size, shares, (n_draws, len(size)))
    scores = drawn @ counts.levels.values / size * counts.scale.factor
    tail = (1 - cells.confidence_level) / 2
    return np.asarray(np.quantile(scores, [tail, 1 - tail], axis=0))


def _hide(
    table: pd.DataFrame, wave: str | None, by: Sequence[str], min_n: int,
    correction: Correction,
) -> pd.DataFrame:  # fmt: skip
    """Correct the tests, then keep back the cells that may not be shown."""
    table["pvalue_adj"] = adjust(table["pvalue"].to_numpy(dtype=float), correction)
    group = table[wave] if wave else pd.Series("", table.index)
    for _, rows in table.groupby(group, sort=False):
        table.loc[rows.index, "status"] = statuses(rows["n"], min_n)
    hidden = table["status"].map(is_hidden).to_numpy(dtype=bool)
    if wave:
        _, before = _steps(table[list(by)], wave)
        after, _ = _steps(table[list(by)], wave)
        lost = after[hidden[before]]
        changes = [c for c in table.columns if c.startswith("change")]
        p = table["change_pvalue"].to_numpy(dtype=float)
        table["change_pvalue_adj"] = adjust(p, correction)
        table.loc[lost, [*changes, "change_pvalue_adj"]] = np.nan
    if hidden.any():
        table.loc[hidden, [c for c in table if c not in {*by, "status"}]] = np.nan
    else:
        table["n"] = table["n"].astype(int)
    last = [c for c in table.columns if c != "status"]
    return table[[*last, "status"]]


def _method(counts: Tally, correction: str, min_n: int, n_draws: int) -> str:
    name = {"net": "Adjusted-Wald", "share": "Wilson", "mean": "Student t"}
    design = "weights, on Kish's effective n" if counts.weighted else "no weights"
    draws = f" {n_draws:,} multinomial draws a cell." if n_draws else ""
    return (
        f"{name[counts.scale.kind]} intervals from counts ({design}; clusters and "
        f"strata are not in counts: use nps.by_segment). {CORRECTED[correction]} "
        f"correction over all cells; hidden under {min_n} answers.{draws}"
    )


def _independent() -> tuple[Assumption, ...]:
    return (
        Assumption(
            text="Each answer is independent of the others: nobody answers twice, and "
            "answers of one account do not move together.",
            quality="low", impact="medium",
        ),
    )  # fmt: skip
