"""Who answered: the response rate by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import chi2_contingency

from cxlib import _checks
from cxlib.estimate import Correction, Estimate, adjust, estimate
from cxlib.estimate.counts import compare_shares, share_from_counts
from cxlib.estimate.multiplicity import CORRECTED
from cxlib.nps import _display, _words
from cxlib.nps._answers import label
from cxlib.nps._invited import NO_FILE, Invited, Rows, link
from cxlib.nps._subtract import jointly
from cxlib.nps._suppress import SHOWN, is_hidden
from cxlib.result import Assumption, Finding
from cxlib.scales import Scale

COLUMNS = [
    "by", "segment", "n", "n_answers", "estimate", "std_error", "ci_lower", "ci_upper",
    "rest", "effect_size", "effect_size_ci_lower", "effect_size_ci_upper", "statistic",
    "pvalue", "pvalue_adj", "status",
]  # fmt: skip
NUMBERS = COLUMNS[2:-1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ResponseRates(_display.Told):
    """Share of the invited who gave a valid answer, by group.

    Attributes
    ----------
    table : pandas.DataFrame
        by, segment, n (invited), n_answers, estimate, std_error, ci_lower, ci_upper,
        rest (rate of the others), effect_size with its interval (against the rest),
        statistic, pvalue, pvalue_adj, status.
    overall : Estimate or None
        Response rate of all invited.
    tests : pandas.DataFrame
        by, statistic, df, pvalue: whether the groups of a column differ at all.
    correction : str
    stray : str
        How many answers had no invitation.
    """

    overall: Estimate | None
    tests: pd.DataFrame
    correction: Correction = "holm"
    stray: str = ""

    @property
    def rate(self) -> float:
        """Response rate of all invited; NaN without invitations."""
        return self.overall.estimate if self.overall else float("nan")

    @property
    def differing(self) -> pd.DataFrame:
        """Groups shown whose rate differs from the rest beyond noise."""
        if self.overall is None or self.table.empty:
            return pd.DataFrame(columns=COLUMNS)
        limit = 1 - self.overall.confidence_level
        return self.table[self.table["pvalue_adj"] < limit]

    @property
    def text(self) -> str:
        """The rate of all, and the groups that answer least and most."""
        if self.overall is None:
            return self.reason
        e = self.overall
        told = _words.with_interval(
            e.estimate, e.ci_lower, e.ci_upper, "share", e.confidence_level
        )
        lead = f"{told[: told.index(' (')]} of {e.n:,} invited answered "
        lead += f"{told[told.index('(') :]}."
        parts = (lead, self._groups(), self._together(), self.stray, self._kept_back())
        return " ".join(part for part in parts if part)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The response rate of all invited."""
        if self.overall is None:
            return ()
        e = self.overall
        told = _words.estimate_text(e, "share")
        return (
            Finding(
                id="response rate", statement=f"The response rate is {told}.",
                estimate=e.estimate, unit="share", ci_lower=e.ci_lower,
                ci_upper=e.ci_upper, n=e.n, confidence_level=e.confidence_level,
            ),
        )  # fmt: skip

    def _groups(self) -> str:
        """'Least: call_centre (channel) 15.0 % (…); most: …'."""
        if self.table.empty:
            return "No columns were given, so groups are not compared."
        apart = self.differing
        if apart.empty:
            return "No group answers more or less often than the rest beyond noise."
        ends = [
            f"{word} in {self._cell(rows.iloc[place].to_dict())}"
            for word, rows, place in (
                ("least often", apart, int(apart["estimate"].argmin())),
                ("most often", apart, int(apart["estimate"].argmax())),
            )
        ]
        if len(apart) == 1:
            row = apart.iloc[0].to_dict()
            word = "less" if row["effect_size"] < 0 else "more"
            return f"Only {self._cell(row)} answers {word} often than the rest."
        many = _words.plural(len(apart), "group answers", "groups answer")
        return f"{many} unlike the rest: {_words.listing(ends)}."

    def _cell(self, row: Mapping[Any, Any]) -> str:
        level = self.overall.confidence_level if self.overall else 0.95
        rate = _words.with_interval(
            row["estimate"], row["ci_lower"], row["ci_upper"], "share", level, row["n"]
        )
        return f"{row['segment']} ({row['by']}), {rate}"

    def _together(self) -> str:
        """Columns whose groups differ at all."""
        if self.tests.empty or self.overall is None:
            return ""
        limit = 1 - self.overall.confidence_level
        names = [
            f"{row['by']} (p {_words.p_text(row['pvalue'])})"
            for row in self.tests.to_dict("records")
            if row["pvalue"] < limit
        ]
        return f"Who answers depends on {_words.listing(names)}." if names else ""

    def _kept_back(self) -> str:
        if self.table.empty:
            return ""
        hidden = int(self.table["status"].map(is_hidden).sum())
        verb = "is" if hidden == 1 else "are"
        return f"{_words.plural(hidden, 'group')} {verb} hidden." if hidden else ""

    @property
    def shown(self) -> tuple[_display.Columns, ...]:
        """One row a group; the column's name on its first row."""
        t = self.table
        if t.empty:
            return ()
        hidden = t["status"].map(is_hidden).astype(bool)
        rates = _display.with_ends(t, "estimate", "share")
        return (
            {
                "": t["by"].where(~t["by"].duplicated(), ""),
                "group": t["segment"],
                "invited": _display.numbers(t["n"], "count"),
                "answered": _display.numbers(t["n_answers"], "count"),
                "rate, %": rates.where(~hidden, t["status"]),
                "against the rest, pp": _display.with_ends(
                    t, "effect_size", "share_points", prefix="effect_size_", signed=True
                ),
                "p": _display.pvalues(t["pvalue_adj"]),
            },
        )

    @property
    def footnote(self) -> str:
        """What stands in brackets, then the method."""
        level = self.overall.confidence_level if self.overall else 0.95
        return f"{_display.brackets(level)} {self.method}"


def response_rate(
    invitations: pd.DataFrame | None,
    responses: pd.DataFrame,
    *,
    by: str | Sequence[str] = (),
    respondent: str = "respondent_id",
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    min_n: int = 10,
    correction: Correction = "holm",
    confidence_level: float = 0.95,
) -> ResponseRates:
    """Estimate how many of those invited answered, by group.

    Use it first: where groups answer unlike each other and score unlike each other, the
    score of the answers is not that of the customers.

    Parameters
    ----------
    invitations : pandas.DataFrame or None
        One row an invitation. None: a result that says so.
    responses : pandas.DataFrame
        One row an answer.
    by : str or sequence of str
        Columns of the invitations; each is a partition of its own.
    respondent : str
        Column of both tables that links an answer to its invitation.
    score, scale
        As in `nps.score`; a blank answer, or one off the scale, counts as none.
    min_n : int
        Groups with fewer answers, or fewer who did not answer, are hidden, and with
        them the next smallest.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over all groups of all columns.
    confidence_level : float

    Returns
    -------
    ResponseRates

    Notes
    -----
    Rates: Wilson. Each group against all other invitations: Newcombe's interval and
    the score test. Whether groups of a column differ at all: Pearson's chi-square,
    without hiding anything. Invitations count as independent.

    References
    ----------
    Newcombe, R. G. (1998). Interval estimation for the difference between independent
    proportions. Statistics in Medicine 17, 873-890.
    doi:10.1002/(SICI)1097-0258(19980430)17:8<873::AID-SIM779>3.0.CO;2-I

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> sent = pd.DataFrame({"respondent_id": range(200)})
    >>> sent["plan"] = ["a"] * 100 + ["b"] * 100
    >>> came = pd.DataFrame({"respondent_id": range(60, 140), "score": 9})
    >>> nps.response_rate(sent, came, by="plan").table["estimate"].tolist()
    [0.4, 0.4]
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    _checks.in_range(min_n, "min_n", 2, np.inf, ends="[)")
    columns = list(dict.fromkeys(c for c in ([by] if isinstance(by, str) else by) if c))
    if invitations is None:
        return ResponseRates(
            table=pd.DataFrame(), tests=pd.DataFrame(), overall=None, unit="share",
            reason=f"{NO_FILE}who did not answer is not known.",
        )  # fmt: skip
    invited = link(
        invitations, responses, respondent=respondent, score=score, scale=scale,
        needs=columns,
    )  # fmt: skip
    rates = [_rates(invited, column, confidence_level) for column in columns]
    named = CORRECTED[correction]
    for part, status in zip(rates, _statuses(invited, columns, min_n), strict=True):
        part["status"] = status
    return ResponseRates(
        table=_table(rates, columns, correction), unit="share",
        overall=estimate(
            invited.answered.astype(float), "share", confidence_level=confidence_level
        ),
        tests=pd.DataFrame([_test(invited, column) for column in columns]),
        correction=correction, stray=invited.stray_text,
        method="Wilson intervals; each group against all other invitations (Newcombe, "
        f"score test), {named} correction over all groups; hidden under {min_n} "
        "answers or non-answers, with a second group so that subtraction gives "
        "nothing.",
        assumptions=(_assumption(),),
    )  # fmt: skip


def _statuses(invited: Invited, columns: Sequence[str], min_n: int) -> list[list[str]]:
    """Hidden where answers or non-answers are few, or give such a group away."""
    coded = [pd.factorize(label(invited.rows[name]), sort=True) for name in columns]
    groups = [len(names) for _, names in coded]
    came, stayed = (
        jointly([codes[rows] for codes, _ in coded], min_n, groups=groups)
        for rows in (invited.answered, ~invited.answered)
    )
    return [
        [
            next((word for word in pair if is_hidden(word)), SHOWN)
            for pair in zip(*both, strict=True)
        ]
        for both in zip(came, stayed, strict=True)
    ]


def _rates(invited: Invited, column: str, level: float) -> pd.DataFrame:
    labels = label(invited.rows[column])
    rows = [
        _row(np.asarray(labels == name), invited.answered, level)
        | {"by": column, "segment": str(name)}
        for name in sorted(labels.unique())
    ]
    return pd.DataFrame(rows)


def _row(rows: Rows, answered: Rows, level: float) -> dict[str, Any]:
    """Rate of one group, and its gap to the rest."""
    n, x = int(rows.sum()), int(answered[rows].sum())
    total, came = len(rows), int(answered.sum())
    row: dict[str, Any] = {"n": n, "n_answers": x}
    if n >= 2:
        own = share_from_counts(x, n, confidence_level=level).as_row()
        row |= {k: v for k, v in own.items() if k in NUMBERS}
    if min(n, total - n) < 2:
        return row
    gap = compare_shares(came - x, total - n, x, n, confidence_level=level)
    return row | {
        "rest": gap.control, "effect_size": gap.effect_size,
        "effect_size_ci_lower": gap.effect_size_ci_lower,
        "effect_size_ci_upper": gap.effect_size_ci_upper, "statistic": gap.statistic,
        "pvalue": gap.pvalue,
    }  # fmt: skip


def _table(
    parts: list[pd.DataFrame], columns: list[str],
    correction: Correction,
) -> pd.DataFrame:  # fmt: skip
    """All groups as one family of tests; small ones keep their numbers back."""
    if not columns:
        return pd.DataFrame()
    table = pd.concat(parts, ignore_index=True).reindex(
        columns=[*COLUMNS[:-2], "status"]
    )
    table["pvalue_adj"] = adjust(table["pvalue"].to_numpy(dtype=float), correction)
    hidden = table["status"].map(is_hidden).astype(bool)
    table[NUMBERS] = table[NUMBERS].astype(float).where(~hidden)
    order = table["by"].map({name: i for i, name in enumerate(columns)})
    table = table.assign(_order=order).sort_values(
        ["_order", "estimate"], ascending=[True, False], kind="stable"
    )
    return table[COLUMNS].reset_index(drop=True)


def _test(invited: Invited, column: str) -> dict[str, Any]:
    """Pearson's chi-square of answering over the groups of a column."""
    counts = pd.crosstab(label(invited.rows[column]), invited.answered).to_numpy()
    if min(counts.shape) < 2:
        return {"by": column, "statistic": np.nan, "df": np.nan, "pvalue": np.nan}
    found = chi2_contingency(counts, correction=False)
    return {
        "by": column, "statistic": float(found.statistic), "df": float(found.dof),
        "pvalue": float(found.pvalue),
    }  # fmt: skip


def _assumption() -> Assumption:
    return Assumption(
        text="The invitations are complete, and nobody was invited twice under two "
        "identifiers.",
        quality="medium", impact="medium",
    )  # fmt: skip
