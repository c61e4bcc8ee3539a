"""The result of the sample ratio check, and what to look for when it fails."""

from __future__ import annotations

import html
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _format
from cxlib.errors import DataError, Problem
from cxlib.journeys import _words
from cxlib.journeys.experiments._looks import Looks
from cxlib.result import Finding, Result

ALL = "all users"
TESTED = ["statistic", "df", "pvalue", "pvalue_anytime", "pvalue_adj", "status"]
_LOOK_FOR = (
    "Look for users lost after assignment (redirects, crashes, consent), filters "
    "applied after assignment (bots, eligibility), a changed traffic split, a restart, "
    "or logging that one variant triggers more often; name columns fixed before "
    "assignment under `srm_by` (platform, browser, entry page) to see where it sits."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SampleRatio(Result):
    """Users by variant against the planned split.

    Attributes
    ----------
    table : pandas.DataFrame
        segment, variant, n, n_expected, share_observed, share_expected; and the
        segment's joint chi-square on each of its rows: statistic, df, pvalue;
        pvalue_anytime (valid at every look); pvalue_adj (of the one the gate goes by,
        over the segments; all users stand alone), status.
    alpha : float
        The gate fails below it.
    n_repeated, n_mixed, n_blank : int
        Surplus rows of users seen before, users seen in more than one variant, rows
        without a variant; none of them is counted in the table.
    max_mixed : float
        The gate fails where a larger share of users was in more than one variant.
    looks : {"once", "any"}
        Which of the two p-values the gate goes by.
    n_looks : int
        Days that the anytime-valid test looked at; 1 without a time column.
    """

    alpha: float = 0.01
    n_repeated: int = 0
    n_mixed: int = 0
    n_blank: int = 0
    max_mixed: float = 0.01
    looks: Looks = "once"
    n_looks: int = 1

    @property
    def tests(self) -> pd.DataFrame:
        """One row a segment: n, statistic, df, pvalue, pvalue_adj, status."""
        size = self.table.groupby("segment", sort=False)["n"].sum()
        first = self.table.drop_duplicates("segment").set_index("segment")
        return first.assign(n=size)[["n", *TESTED]].reset_index()

    @property
    def n(self) -> int:
        """Users counted."""
        return int(self.tests["n"].iloc[0])

    @property
    def passed(self) -> bool:
        """Whether the comparison may be read."""
        return not self._failures()

    @property
    def text(self) -> str:
        """Whether the split is as planned, with counts."""
        tests = self.tests
        whole = tests.iloc[0]
        verdict = "is as planned" if whole["status"] != "stop" else "is not as planned"
        arms = self.table[self.table["segment"] == ALL]
        shown = _words.listed(
            f"{row.variant} {row.n:,} "
            f"({_format.quantity(row.share_observed, 'share')}, planned "
            f"{_format.number(row.share_expected, 'share')} %)"
            for row in arms.itertuples()
        )
        said = f"The split {verdict}: {shown}; {self._chance(whole)}."
        return " ".join([said, *_segment_text(tests.iloc[1:]), *self._exposure_text()])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Users counted; no interval, it is a count."""
        return (
            Finding(
                id="users", statement=self.text, estimate=float(self.n), unit="count",
                n=self.n,
            ),
        )  # fmt: skip

    def _repr_html_(self) -> str:
        tests = self.tests
        shown = tests[["segment"]].copy()
        for name, rows in self.table.groupby("variant", sort=False):
            planned = _format.quantity(rows["share_expected"].iloc[0], "share")
            shown[f"{name} (planned {planned})"] = [
                f"{n:,} ({_format.quantity(share, 'share')})"
                for n, share in zip(rows["n"], rows["share_observed"], strict=True)
            ]
        shown["p (adjusted)"] = [_format.pvalue(p) for p in tests["pvalue_adj"]]
        shown["status"] = tests["status"]
        return (
            f"<p class='finding'>{html.escape(self.text)}</p>"
            f"{shown.to_html(index=False, border=0, classes='cx')}"
            f"<p class='method'>{html.escape(self.method)}</p>"
        )

    def require(self) -> None:
        """Raise DataError if the gate failed, saying what to look for."""
        problems = self._failures()
        if problems:
            raise DataError(
                "The variants cannot be compared: the sample ratio check failed. "
                "Whatever unbalanced the users may also have moved the metrics.",
                problems=problems,
            )

    def _chance(self, test: pd.Series) -> str:
        if not np.isfinite(test["pvalue"]):
            return "too few users to test it"
        if self.looks == "any":
            return self._at_any_look(test)
        p = test["pvalue"]
        how = "< 0.1 %" if p < 0.001 else _format.quantity(p, "share")
        chi2 = _format.number(test["statistic"])
        return (
            f"chance alone gives a split this uneven in {how} of sound experiments "
            f"(chi-square {chi2} on {int(test['df'])} df, p {_pshown(p)}; "
            f"the gate stops below {self.alpha:g})"
        )

    def _at_any_look(self, test: pd.Series) -> str:
        over = f"{self.n_looks:,} looks" if self.n_looks > 1 else "any look"
        return (
            f"p {_pshown(test['pvalue_anytime'])} valid over {over} (the gate stops "
            f"below {self.alpha:g}; chi-square at this look alone p "
            f"{_pshown(test['pvalue'])})"
        )

    def _exposure_text(self) -> list[str]:
        said = []
        if self.n_mixed:
            said.append(
                f"{_users(self.n_mixed)} seen in more than one variant: left out."
            )
        if self.n_repeated:
            rows = "row" if self.n_repeated == 1 else "rows"
            said.append(
                f"{self.n_repeated:,} repeated {rows} of the same user: left out."
            )
        if self.n_blank:
            said.append(f"{_users(self.n_blank)} without a variant: left out.")
        return said

    def _failures(self) -> list[Problem]:
        tests = self.tests
        failed = tests[tests["status"] == "stop"]
        problems = [
            Problem(
                rule=f"{row['segment']}: {self._counts(row['segment'])}, "
                f"{self._measure(row)}, p {_pshown(row['pvalue_adj'])}, "
                f"below the limit of {self.alpha:g}",
                fix=_LOOK_FOR if i == 0 else "",
            )
            for i, (_, row) in enumerate(failed.iterrows())
        ]
        share = self.n_mixed / (int(tests["n"].iloc[0]) + self.n_mixed)
        if share > self.max_mixed:
            shown = _format.quantity(share, "share")
            limit = _format.quantity(self.max_mixed, "share")
            rule = (
                f"{_users(self.n_mixed)} ({shown}) in more than one variant, "
                f"over {limit}"
            )
            fix = (
                "Look for an id that changes (log-in, device) or assignment by session."
            )
            problems.append(Problem(rule=rule, fix=fix))
        if self.n_repeated > self.max_mixed * self.n:
            rule = f"{self.n_repeated:,} surplus rows of users that already have one"
            fix = "Give one row a user: aggregate the export first."
            problems.append(Problem(rule=rule, fix=fix))
        return problems

    def _measure(self, row: pd.Series) -> str:
        if self.looks == "any":
            return "anytime-valid test"
        return f"chi-square {_format.number(row['statistic'])}"

    def _counts(self, segment: str) -> str:
        arms = self.table[self.table["segment"] == segment]
        return _words.listed(
            f"{row.variant} {row.n:,} (planned {row.n_expected:,.0f})"
            for row in arms.itertuples()
        )


def _pshown(p: float) -> str:
    return f"{p:.1e}" if p < 0.001 else f"{p:.4f}" if p < 0.02 else f"{p:.2f}"


def _users(n: int) -> str:
    return f"{n:,} user was" if n == 1 else f"{n:,} users were"


def _segment_text(segments: pd.DataFrame) -> list[str]:
    """Say which segments are off."""
    if segments.empty:
        return []
    failed = segments.loc[segments["status"] == "stop", "segment"].tolist()
    if failed:
        where = _words.listed(failed)
        return [f"It is off in {where} (Holm over {len(segments)} segments)."]
    return [f"None of {len(segments)} segments is off (Holm)."]
