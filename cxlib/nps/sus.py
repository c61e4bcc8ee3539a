"""System Usability Scale: ten items, one score from 0 to 100."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks, scales
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import Difference
from cxlib.nps import _display, _words
from cxlib.nps._answers import BLANK, Answers, collect, label
from cxlib.nps._suppress import is_hidden, statuses
from cxlib.result import Assumption, Finding

ITEMS = 10
AVERAGE = 68.0
ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Sus(_display.Bracketed):
    """SUS of all respondents and of groups.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a group, 'all' first: group, n, estimate, std_dev, std_error, ci_lower,
        ci_upper, status. Hidden rows carry no number.
    difference : Difference or None
        Second group less the first, where there are two.
    n_incomplete, n_filled, n_straight : int
        Respondents left out for blank items; kept with a blank item counted as the
        middle; giving the same answer to all ten items.
    confidence_level, average : float
    """

    difference: Difference | None
    n_incomplete: int
    n_filled: int
    n_straight: int
    average: float

    @property
    def text(self) -> str:
        """The score, how it lies to the average, the two groups, and doubts."""
        if self.reason:
            return self.reason
        row = self.table.iloc[0].to_dict()
        side = (
            "above" if row["ci_lower"] > self.average
            else "below" if row["ci_upper"] < self.average else "not clearly apart from"
        )  # fmt: skip
        lead = (
            f"SUS is {self._value(row)}, {side} the usual average of {self.average:g}."
        )
        return f"{lead}{self._groups()}{self._doubts()}"

    def _value(self, row: Mapping[Any, Any]) -> str:
        return _words.with_interval(
            row["estimate"], row["ci_lower"], row["ci_upper"], self.unit,
            self.confidence_level, row["n"],
        )  # fmt: skip

    def _groups(self) -> str:
        gap = self.difference
        if gap is None:
            return ""
        first, second = self.table["group"].iloc[1:3]
        size = _words.with_interval(
            gap.estimate, gap.ci_lower, gap.ci_upper, self.unit, self.confidence_level,
            signed=True,
        )  # fmt: skip
        sure = gap.pvalue < 1 - self.confidence_level
        verb = "differs from" if sure else "does not differ beyond noise from"
        return f" {second} {verb} {first}: {size}."

    def _doubts(self) -> str:
        told = [
            f"{_words.plural(n, 'respondent')} {what}"
            for n, what in (
                (self.n_incomplete, "left out for blank items"),
                (self.n_filled, "kept with blank items counted as the middle answer"),
                (self.n_straight, "gave the same answer to all items, though half are "
                 "worded the other way"),
            )
            if n
        ]  # fmt: skip
        return f" {'; '.join(told)}." if told else ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The score of all, and the difference of two groups."""
        if self.reason:
            return ()
        row = {str(k): v for k, v in self.table.iloc[0].items()}
        found = [
            _words.finding(
                "SUS",
                f"SUS is {self._value(row)}.",
                row,
                self.unit,
                row["n"],
                level=self.confidence_level,
            )
        ]
        if self.difference is not None:
            first, second = self.table["group"].iloc[1:3]
            found.append(
                _words.finding(
                    f"SUS {second} less {first}", self._groups().strip(),
                    self.difference.as_row(), self.unit, row["n"],
                    level=self.confidence_level,
                )
            )  # fmt: skip
        return tuple(found)

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a group."""
        t = self.table
        if self.reason:
            return ()
        hidden = t["status"].map(is_hidden).astype(bool)
        scores = _display.with_ends(t, "estimate", self.unit)
        return (
            {
                "group": t["group"],
                "n": _display.numbers(t["n"], "count"),
                "SUS": scores.where(~hidden, t["status"]),
                "SD": _display.numbers(t["std_dev"], self.unit),
            },
        )


def sus_scores(
    responses: pd.DataFrame,
    columns: Sequence[str],
    *,
    labels: Mapping[str, float] | None = None,
    max_blank: int = 0,
) -> pd.DataFrame:
    """Score each respondent, 0 to 100; NaN with too many blank items.

    Use it to give `nps.score`, `nps.by_segment` or `nps.drivers` a column on the scale
    'sus'.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a respondent.
    columns : sequence of str
        The ten items in the questionnaire's order: odd ones praise, even ones blame.
    labels : mapping of str to number, optional
        What each text answer counts, 1 to 5; case and outer spaces do not matter.
    max_blank : int
        Blank items that count as the middle answer, 3 (Brooke's rule for an item that
        cannot be answered). 0 leaves such respondents out.

    Returns
    -------
    pandas.DataFrame
        score, n_blank, straight (all ten answers alike), index of `responses`.

    Examples
    --------
    >>> import pandas as pd
    >>> names = [f"q{i}" for i in range(10)]
    >>> best = pd.DataFrame([[5, 1] * 5, [3] * 10], columns=names)
    >>> sus_scores(best, names)["score"].tolist()
    [100.0, 50.0]
    """
    names = list(columns)
    if len(names) != ITEMS or len(set(names)) != ITEMS:
        raise ArgumentError(
            f"`columns` has {len(set(names))} items; the SUS has {ITEMS}, in order."
        )
    _checks.columns(responses, names, "responses")
    _checks.in_range(max_blank, "max_blank", 0, ITEMS - 1)
    answers = pd.DataFrame(
        {i: _item(responses[name], labels, name) for i, name in enumerate(names)}
    )
    blank = answers.isna().sum(axis=1)
    straight = (blank == 0) & (answers.max(axis=1) == answers.min(axis=1))
    sign = np.where(np.arange(ITEMS) % 2 == 0, 1.0, -1.0)
    points = (answers.fillna(3.0) - 3.0) * sign + 2.0
    score = (2.5 * points.sum(axis=1)).where(blank <= max_blank)
    return pd.DataFrame({"score": score, "n_blank": blank, "straight": straight})


def _item(
    column: pd.Series, labels: Mapping[str, float] | None, name: str
) -> pd.Series:
    """Answers 1 to 5 of one item; raises for anything else that is not blank."""
    text = column.astype("str").str.strip()
    blank = column.isna() | (text == "")
    number = pd.to_numeric(column, errors="coerce").astype("float64")
    if labels:
        counted = {str(word).strip().casefold(): float(v) for word, v in labels.items()}
        number = text.str.casefold().map(counted).astype("float64").fillna(number)
    wrong = ~blank & ~number.isin([1, 2, 3, 4, 5])
    if wrong.any():
        seen = ", ".join(repr(str(v)) for v in column[wrong].unique()[:3])
        raise DataError(
            f"column '{name}': {int(wrong.sum()):,} answers are not 1 to 5 (seen: "
            f"{seen}); say in `labels` what each text answer counts."
        )
    return number


def sus(
    responses: pd.DataFrame,
    columns: Sequence[str],
    *,
    labels: Mapping[str, float] | None = None,
    by: str | None = None,
    weights: str | None = None,
    cluster: str | None = None,
    max_blank: int = 0,
    min_n: int = 10,
    average: float = AVERAGE,
    confidence_level: float = 0.95,
) -> Sus:
    """Estimate the System Usability Scale, of all and by group.

    Use it for the ten-item questionnaire; single items are drivers on the scale
    'likert'.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a respondent.
    columns, labels, max_blank
        As in `sus_scores`. Without columns the result says that there is no SUS.
    by : str, optional
        Column of the group (system, version). Two groups are compared.
    weights, cluster : str, optional
        As in `nps.score`.
    min_n : int
        Groups with fewer respondents are hidden. At least 2.
    average : float
        Score to compare with; 68 is the mean of 446 published studies.
    confidence_level : float

    Returns
    -------
    Sus

    Notes
    -----
    Odd items count answer less 1, even ones 5 less answer, the sum times 2.5. The
    interval is Student's t on the design, cut at 0 and 100, where the mean must lie;
    two groups by Welch. Respondents who gave one answer to all ten items are counted,
    not left out: they score 50 whatever they mean.

    References
    ----------
    Brooke, J. (1996). SUS: a quick and dirty usability scale. In Usability Evaluation
    in Industry, Taylor & Francis, 189-194. Sauro, J. (2011). A Practical Guide to the
    System Usability Scale. Measuring Usability.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> items = pd.DataFrame(
    ...     [[5, 1] * 5, [4, 2] * 5, [4, 1] * 5], columns=[f"q{i}" for i in range(10)]
    ... )
    >>> print(nps.sus(items, list(items)).text.split(",")[0])
    SUS is 87.50 (95 % CI 56.45 to 100.00
    """
    if not list(columns):
        return _none("No item columns were given, so there is no SUS.")
    _checks.in_range(min_n, "min_n", 2, np.inf, ends="[)")
    scored = sus_scores(responses, columns, labels=labels, max_blank=max_blank)
    rows = responses.assign(_sus=scored["score"])
    answers = collect(
        rows, score="_sus", scale="sus", weights=weights, strata=None, cluster=cluster,
        confidence_level=confidence_level, needs=tuple(c for c in (by,) if c),
    )  # fmt: skip
    kept = scored["score"].notna()
    table, difference = _grouped(answers, by, min_n)
    return Sus(
        table=table, unit="score", difference=difference, average=average,
        confidence_level=confidence_level, n_incomplete=int((~kept).sum()),
        n_filled=int((kept & (scored["n_blank"] > 0)).sum()),
        n_straight=int((kept & scored["straight"]).sum()),
        method=_method(max_blank), assumptions=_assumptions(),
    )  # fmt: skip


def _grouped(
    answers: Answers, by: str | None, min_n: int
) -> tuple[pd.DataFrame, Difference | None]:
    """All respondents, then each group; the difference where two may be shown."""
    rows = [_row(answers, ALL, np.ones(answers.n, dtype=bool), "shown")]
    if not by:
        return pd.DataFrame(rows), None
    named = label(answers.rows[by])
    names = [str(name) for name in sorted(named.unique()) if name != BLANK]
    domains = [np.asarray(named == name) for name in names]
    status = statuses([d.sum() for d in domains], min_n)
    for name, rows_of, word in zip(names, domains, status, strict=True):
        rows.append(_row(answers, name, rows_of, word))
    two = len(names) == 2 and not any(map(is_hidden, status))
    difference = answers.contrast(domains[0], domains[1]) if two else None
    return pd.DataFrame(rows), difference


def _row(
    answers: Answers, name: str, rows: np.ndarray[Any, Any], status: str
) -> dict[str, object]:
    """One group; its interval cut where the scale ends."""
    empty = ("n", "estimate", "std_dev", "std_error", "ci_lower", "ci_upper")
    if is_hidden(status):
        return {"group": name, "status": status, **dict.fromkeys(empty, np.nan)}
    own = answers.estimate(None if rows.all() else rows)
    values, w = answers.values[rows], answers.plan.weights[rows]
    low, high = answers.scale.low, answers.scale.high
    spread = float(np.average((values - own.estimate) ** 2, weights=w))
    return {
        "group": name, "n": own.n, "estimate": own.estimate,
        "std_dev": (spread * own.n / (own.n - 1)) ** 0.5, "std_error": own.std_error,
        "ci_lower": float(np.clip(own.ci_lower, low, high)),
        "ci_upper": float(np.clip(own.ci_upper, low, high)), "status": status,
    }  # fmt: skip


def _method(max_blank: int) -> str:
    blank = (
        f"up to {_words.plural(max_blank, 'blank item')} counted as the middle"
        if max_blank
        else "respondents with a blank item left out"
    )
    return (
        f"{scales.get('sus').label}: odd items less 1, even items from 5, times 2.5; "
        f"{blank}. Student t interval cut at 0 and 100; groups by Welch."
    )


def _assumptions() -> tuple[Assumption, ...]:
    return (
        Assumption(
            text="All ten items were asked in the standard order, odd ones worded "
            "positively and even ones negatively.",
            quality="medium", impact="high",
        ),
        Assumption(
            text="Respondents answered independently and stand for the users.",
            quality="medium", impact="medium",
        ),
    )  # fmt: skip


def _none(reason: str) -> Sus:
    return Sus(
        table=pd.DataFrame(columns=["group"]), difference=None, n_incomplete=0,
        n_filled=0, n_straight=0, confidence_level=float("nan"), average=AVERAGE,
        reason=reason,
    )  # fmt: skip
