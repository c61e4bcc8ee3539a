"""Segments found by search, estimated on answers that the search did not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError
from cxlib.estimate import adjust
from cxlib.nps import _design_words, _display, _search, _words
from cxlib.nps._answers import Answers, Rows, collect
from cxlib.result import Assumption, Finding
from cxlib.scales import Scale

COLUMNS = [
    "segment", "against", "column", "n_searched", "searched_effect", "n", "n_against",
    "estimate", "ci_lower", "ci_upper", "rest", "effect_size", "effect_size_ci_lower",
    "effect_size_ci_upper", "statistic", "df", "pvalue", "pvalue_adj",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class FoundSegments(_display.Bracketed):
    """Splits that a search proposed, with scores from the other half.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a split, in the score's unit: segment (the side with the lower score
        in the half searched) and against (the other side); searched_effect, their
        difference there, which is too large by choice; estimate and rest, the scores
        of the two in the other half; effect_size, their difference, with interval,
        statistic, df, pvalue, pvalue_adj (Holm over the splits).
    searched : pandas.DataFrame
        One row a column and node: statistic, df, pvalue, pvalue_adj (for the number
        of columns), whether chosen. On the half that was searched.
    leaves : pandas.DataFrame
        Segments at the end of the tree: n, estimate and interval, other half.
    columns : tuple of str
    label : str
    n_searched, n_estimated : int
    confidence_level : float
    """

    searched: pd.DataFrame
    leaves: pd.DataFrame
    columns: tuple[str, ...]
    label: str
    n_searched: int
    n_estimated: int

    @property
    def confirmed(self) -> pd.DataFrame:
        """Splits whose difference is beyond noise in the other half."""
        if self.table.empty:
            return self.table
        return self.table[self.table["pvalue_adj"] < 1 - self.confidence_level]

    @property
    def text(self) -> str:
        """What was searched, what was found and that the other half says so."""
        if self.reason:
            return self.reason
        lead = (
            f"{_search.described(list(self.columns))} searched in one half of the "
            f"answers (n = {self.n_searched:,})"
        )
        lead = lead[0].upper() + lead[1:]
        first = self.table.iloc[0].to_dict()
        if self.confirmed.empty:
            return (
                f"{lead}: the best split, {first['segment']}, does not hold in the "
                f"other half, where it differs by {self._gap(first)}."
            )
        held = " ".join(
            self._statement(row) for row in self.confirmed.to_dict("records")
        )
        return (
            f"{lead}; the estimates come from the other half (n = "
            f"{self.n_estimated:,}). {held}"
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The splits that hold."""
        if self.reason:
            return ()
        name = _words.plain_label(self.label)
        return tuple(
            _words.finding(
                f"{name} {row['segment']} vs {row['against']}", self._statement(row),
                {
                    "estimate": row["effect_size"],
                    "ci_lower": row["effect_size_ci_lower"],
                    "ci_upper": row["effect_size_ci_upper"],
                },
                self.unit, row["n"],
                level=self.confidence_level,
            )
            for row in self.confirmed.to_dict("records")
        )  # fmt: skip

    def _gap(self, row: Mapping[Any, Any]) -> str:
        return _words.with_interval(
            row["effect_size"], row["effect_size_ci_lower"],
            row["effect_size_ci_upper"], _format.difference_unit(self.unit),
            self.confidence_level, row["n"] + row["n_against"], signed=True,
        )  # fmt: skip

    def _statement(self, row: Mapping[Any, Any]) -> str:
        own, other = (
            _format.quantity(row[key], self.unit) for key in ("estimate", "rest")
        )
        return (
            f"{row['segment']} has {self.label} {own} against {other} for "
            f"{row['against']}: {self._gap(row)}."
        )

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """The splits, then what was searched."""
        if self.reason:
            return ()
        t, s = self.table, self.searched
        gap = _format.difference_unit(self.unit)
        unit = _display.unit_word(self.unit)
        return (
            {
                "segment": t["segment"],
                "against": t["against"],
                "n": _display.numbers(t["n"], "count"),
                f"{self.label}{unit}": _display.with_ends(t, "estimate", self.unit),
                "difference": _display.with_ends(
                    t, "effect_size", gap, prefix="effect_size_", signed=True
                ),
                "in the half searched": _display.numbers(
                    t["searched_effect"], gap, signed=True
                ),
                "p, Holm": _display.pvalues(t["pvalue_adj"]),
            },
            {
                "searched in": s["node"],
                "column": s["column"],
                "groups": _display.numbers(s["groups"], "count"),
                "chi-square": _display.numbers(s["statistic"], "score"),
                "df": _display.numbers(s["df"], "count"),
                "p": _display.pvalues(s["pvalue"]),
                "p, best of all": _display.pvalues(s["pvalue_adj"]),
                "chosen": s["chosen"].map({True: "yes", False: ""}),
            },
        )


def find_segments(
    responses: pd.DataFrame,
    columns: Sequence[str],
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    cluster: str | None = None,
    max_depth: int = 1,
    min_leaf: int = 30,
    nominal: bool = False,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> FoundSegments:
    """Search for the segment that differs most, and check it on unseen answers.

    Use it to find where to look. A segment named beforehand is better served by
    `by_segment`, which uses all answers.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked.
    columns : sequence of str
        Columns to search; none gives a result that says so. Numbers with more than 12
        values are put in five bands of equal size.
    score, scale, weights, cluster
        As in `nps.score`. Clusters are not torn between the halves.
    max_depth : {1, 2}
        2 also splits the two sides, where the test on the searched half, corrected
        for the number of columns, says that they can be.
    min_leaf : int
        Fewest answers of a side, in each half. At least 10.
    nominal : bool
        Search for a difference in the shares of any class instead of in the score.
    confidence_level : float
    rng : int or numpy.random.Generator
        Decides which answers are searched.

    Returns
    -------
    FoundSegments

    Notes
    -----
    On one random half the column with the smallest p-value (permutation test as in
    conditional-inference trees) is split in two where the sides differ most. The two
    sides are then compared on the other half, with Holm's correction over the splits.
    On noise this confirms a split about 5 % of the time; testing the best of eight
    noise splits on the answers that chose it does so 36 % of the time.

    References
    ----------
    Hothorn, T., Hornik, K. and Zeileis, A. (2006). Unbiased recursive partitioning.
    JCGS 15, 651-674. doi:10.1198/106186006X133933. Athey, S. and Imbens, G. (2016).
    Recursive partitioning for heterogeneous causal effects. PNAS 113, 7353-7360.
    doi:10.1073/pnas.1510489113

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from cxlib import nps
    >>> draw = np.random.default_rng(1)
    >>> plan = draw.choice(["basic", "plus", "pro"], 600)
    >>> answers = pd.DataFrame({
    ...     "plan": plan, "region": draw.choice(["n", "s"], 600),
    ...     "score": np.clip(draw.integers(3, 11, 600) - 3 * (plan == "basic"), 0, 10),
    ... })
    >>> nps.find_segments(answers, ["plan", "region"]).confirmed["segment"].tolist()
    ['plan: basic']
    """
    names = list(dict.fromkeys(name for name in columns if name))
    _check(names, score, max_depth, min_leaf)
    answers = collect(
        responses, score=score, scale=scale, weights=weights, strata=None,
        cluster=cluster, confidence_level=confidence_level, needs=tuple(names),
    )  # fmt: skip
    if not names:
        return _none(answers, "No columns were given, so no segment was searched for.")
    first = _search.halves(answers, rng)
    if min(first.sum(), (~first).sum()) < 2 * min_leaf:
        return _none(
            answers,
            f"{answers.n:,} answers are too few to search one half and estimate on the "
            f"other with sides of at least {min_leaf}.",
        )
    grown, tests, leaves = _grow(answers, first, names, max_depth, min_leaf, nominal)
    if not grown:
        return _none(
            answers,
            f"{_search.described(names)} searched: none splits the answers in two "
            f"sides of at least {min_leaf} in each half.",
        )
    return _result(answers, first, names, grown, tests, leaves)


def _check(names: list[str], score: str, max_depth: int, min_leaf: int) -> None:
    _checks.one_of(max_depth, "max_depth", (1, 2))
    _checks.in_range(min_leaf, "min_leaf", 10, np.inf, ends="[)")
    if score in names:
        raise ArgumentError(
            f"`columns` holds '{score}', the score itself; leave it out."
        )


Node = tuple[str, Rows]


def _grow(
    answers: Answers, first: Rows, names: list[str], max_depth: int, min_leaf: int,
    nominal: bool,  # noqa: FBT001
) -> tuple[list[dict[str, object]], list[pd.DataFrame], list[Node]]:  # fmt: skip
    """Rows of the splits, tests of every node, and the segments at the end."""
    found = _search.candidates(answers, names, min_leaf)
    queue: list[tuple[str, Rows, int]] = [("all", np.ones(answers.n, bool), 1)]
    rows, tests, leaves = [], [], []
    while queue:
        node, inside, depth = queue.pop(0)
        split = (
            _search.best(
                answers, first & inside, found, min_leaf=min_leaf, nominal=nominal
            )
            if (first & inside).sum() >= 2 * min_leaf and depth <= max_depth
            else None
        )
        if split is not None:
            tests.append(split.tests.assign(node=node))
        if split is None or not _worth(answers, split, first, inside, depth, min_leaf):
            leaves.append((node, inside))
            continue
        prefix = "" if node == "all" else f"{node}, "
        sides = [
            (prefix + rule, inside & side)
            for rule, side in zip(split.rules, split.inside, strict=True)
        ]
        rows.append(_row(answers, first, sides, split.rules[0].split(":")[0]))
        queue += [(rule, side, depth + 1) for rule, side in sides]
    return rows, tests, leaves


def _worth(
    answers: Answers, split: _search.Split, first: Rows, inside: Rows, depth: int,
    min_leaf: int,
) -> bool:  # fmt: skip
    """Whether to split: large enough to estimate; below the root also significant."""
    sizes = [int((side & inside & ~first).sum()) for side in split.inside]
    p = float(split.tests.loc[split.tests["chosen"], "pvalue_adj"].iloc[0])
    return min(sizes) >= min_leaf and (depth == 1 or p < 1 - answers.level)


def _row(
    answers: Answers, first: Rows, sides: list[Node], column: str
) -> dict[str, object]:
    """Two sides compared on the other half, beside what the search saw."""
    (rule, low), (other, high) = sides
    f, y, w = answers.scale.factor, answers.values, answers.plan.weights
    seen = [
        float(np.average(y[side & first], weights=w[side & first]))
        for side in (low, high)
    ]
    unseen = answers.at(~first)
    a, b = low[~first], high[~first]
    own, gap = unseen.estimate(a), unseen.contrast(b, a)
    return {
        "segment": rule, "against": other, "column": column,
        "n_searched": int((low & first).sum()),
        "searched_effect": f * (seen[0] - seen[1]), "n": own.n,
        "n_against": int(b.sum()), "estimate": own.estimate, "ci_lower": own.ci_lower,
        "ci_upper": own.ci_upper, "rest": unseen.estimate(b).estimate,
        "effect_size": gap.estimate, "effect_size_ci_lower": gap.ci_lower,
        "effect_size_ci_upper": gap.ci_upper, "statistic": gap.statistic,
        "df": gap.df, "pvalue": gap.pvalue,
    }  # fmt: skip


def _result(
    answers: Answers, first: Rows, names: list[str], grown: list[dict[str, object]],
    tests: list[pd.DataFrame], leaves: list[Node],
) -> FoundSegments:  # fmt: skip
    table = pd.DataFrame(grown)
    table["pvalue_adj"] = adjust(table["pvalue"].to_numpy(dtype=float), "holm")
    unseen = answers.at(~first)
    ends = pd.DataFrame(
        [
            {"segment": rule, **unseen.estimate(rows[~first]).as_row()}
            for rule, rows in leaves
        ]
    )
    searched = pd.concat(tests, ignore_index=True)
    return FoundSegments(
        table=table[COLUMNS], unit=answers.scale.unit, searched=searched, leaves=ends,
        columns=tuple(names), label=answers.scale.label, n_searched=int(first.sum()),
        n_estimated=int((~first).sum()), confidence_level=answers.level,
        method=_method(answers, len(names)), assumptions=_assumptions(answers),
    )  # fmt: skip


def _none(answers: Answers, reason: str) -> FoundSegments:
    return FoundSegments(
        table=pd.DataFrame(), unit=answers.scale.unit, searched=pd.DataFrame(),
        leaves=pd.DataFrame(), columns=(), label=answers.scale.label, n_searched=0,
        n_estimated=0, confidence_level=answers.level, reason=reason[0].upper()
        + reason[1:],
    )  # fmt: skip


def _method(answers: Answers, m: int) -> str:
    name = _design_words.interval_name(answers.scale, answers.plan, answers.method)
    return (
        "Split chosen on one random half by the smallest permutation p-value of "
        f"{_words.plural(m, 'column')}; difference, interval and p-value from the "
        f"other half. {name}, {_design_words.design_name(answers.plan)}; Holm over "
        "the splits."
    )


def _assumptions(answers: Answers) -> tuple[Assumption, ...]:
    once = Assumption(
        text="The search was run once: repeating it with other seeds or columns until "
        "something holds would undo the honest split.",
        quality="medium", impact="high",
    )  # fmt: skip
    return (*_design_words.sampling(answers.plan), once)
