"""Themes that nobody has coded yet: how much of what is said, and how many more."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.estimate.counts import share_from_counts
from cxlib.result import Assumption, Finding
from cxlib.voc._richness import Seen
from cxlib.voc._words import Row, Told, column, finding, measured, records, spans
from cxlib.voc.audit import audit
from cxlib.voc.codebook import Codebook

_STEPS = 8
_RANDOM = Assumption(
    text="The verbatims coded by hand are a random sample of those to come.",
    quality="medium", impact="high",
)  # fmt: skip
_OPEN = Assumption(
    text="Coders opened a new code whenever a verbatim said something new.",
    quality="medium", impact="high",
)  # fmt: skip
_LEAST = (
    "Good-Turing coverage of verbatims that hold several codes (Chao and Jost), "
    "Esty's interval; unseen codes by Chao2, a lower bound; no further than twice n."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Unseen(Told):
    """How much of what is said the codes opened so far take in.

    `table`: one row a number of coded verbatims, up to twice those coded: n_coded,
    basis ('coded', 'foretold'), estimate (share of mentions that are of codes already
    seen) with interval, n_codes (codes to expect), n (verbatims it rests on). With a
    closed codebook one row: the share of verbatims that no code fits.

    `unseen_codes`: at least so many more exist. `more`, `more_lower`, `more_upper`:
    verbatims to code until `target` is covered; infinite beyond twice n.
    """

    target: float = float("nan")
    unseen_codes: float = float("nan")
    more: float = float("nan")
    more_lower: float = float("nan")
    more_upper: float = float("nan")
    confidence_level: float = 0.95
    reason: str = ""

    @property
    def text(self) -> str:
        """How much is covered, and how many more to code."""
        if self.reason:
            return self.reason
        row = self._now()
        return (
            f"{row['n']:,} verbatims coded by hand gave {row['n_codes']:.0f} codes. "
            f"{self._statement(row)} {self._further(row)}"
        )  # fmt: skip

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The share covered; with a closed codebook, the share that no code fits."""
        if self.table.empty:
            return ()
        row = self._now()
        if "n_codes" not in row:
            return (
                finding(
                    "share_no_code_fits",
                    self.reason,
                    row,
                    "share",
                    level=self.confidence_level,
                ),
            )
        return (
            finding(
                "share_themes_seen",
                self._statement(row),
                row,
                "share",
                level=self.confidence_level,
            ),
        )

    def _now(self) -> Row:
        return records(self.table[self.table["basis"] == "coded"])[-1]

    def _statement(self, row: Row) -> str:
        share = _format.quantity(row["estimate"], "share")
        found = measured(row, "share", self.confidence_level)
        return f"They take in {share} of all that is said ({found})."

    def _further(self, row: Row) -> str:
        goal, n = _format.quantity(self.target, "share"), row["n"]
        if self.more == 0:
            return f"That is at or above the {goal} aimed at."
        if self.more > n:
            return f"{goal} lies beyond what {n:,} more can be foretold to reach."
        low, high = (_format.count(np.ceil(x)) for x in (self.more_lower, self.more))
        top = _format.count(np.ceil(self.more_upper))
        reach = f"{low} to {top}" if self.more_upper <= n else f"{low} to over {n:,}"
        return f"Code about {high} more ({reach}) to take in {goal}."

    def _display(self) -> pd.DataFrame:
        rows = self.table
        shown = {
            "verbatims coded": column(rows, "n_coded", "count"),
            "basis": rows["basis"],
            "taken in, %": column(rows, "estimate", "share"),
            f"{100 * self.confidence_level:g} % CI": spans(rows, "share"),
        }
        if "n_codes" not in rows:
            shown["no code fits, %"] = shown.pop("taken in, %")
            return pd.DataFrame(shown)
        return pd.DataFrame(shown | {"codes": column(rows, "n_codes", "count")})


def unseen(
    codings: pd.DataFrame | None,
    *,
    codebook: Codebook | None = None,
    target: float = 0.95,
    min_n: int = 20,
    confidence_level: float = 0.95,
) -> Unseen:
    """Estimate how much of what is said is of themes that no coder has opened yet.

    Use it while people code openly, to know when to stop. With a closed codebook the
    codes cannot tell: the share of verbatims that no code fits is given instead.

    Parameters
    ----------
    codings : pandas.DataFrame or None
        verbatim_id, code (blank: looked, found nothing), optional sample: only rows
        that are blank there or 'audit' were drawn at random and are counted.
    codebook : Codebook, optional
        Its codes were there for coders to choose: where they used no other, the coding
        was closed. Leave out for codes that coders opened themselves.
    target : float
        Share of mentions to take in, 0 to 1.
    min_n : int
        Fewest verbatims to say anything of.
    confidence_level : float

    Returns
    -------
    Unseen

    Notes
    -----
    With Q1 and Q2 codes in one and in two of T verbatims and U mentions, the unseen
    share is ``Q1 / U * A``, ``A = (T - 1) Q1 / ((T - 1) Q1 + 2 Q2)``, times ``A^m``
    after m more; before, its expectation in fewer verbatims. Ends of the curve's
    interval and of the verbatims to code move with those of the unseen share. A code
    given by several coders to one verbatim counts once. Weights are not used.

    References
    ----------
    Good, I. J. (1953). The population frequencies of species. Biometrika 40, 237-264.
    doi:10.1093/biomet/40.3-4.237. Esty, W. W. (1983). A normal limit law for a
    nonparametric estimator of the coverage of a random sample. Annals of Statistics
    11, 905-912. doi:10.1214/aos/1176346256. Chao, A. et al. (2014). Rarefaction and
    extrapolation with Hill numbers. Ecological Monographs 84, 45-67.
    doi:10.1890/13-0133.1

    Examples
    --------
    >>> import pandas as pd
    >>> codes = ["late"] * 15 + ["rude"] * 6 + ["dear"] * 2 + ["wet", "lost"]
    >>> hand = pd.DataFrame({"verbatim_id": range(25), "code": codes})
    >>> print(unseen(hand).text)
    25 verbatims coded by hand gave 5 codes. They take in 92.3 % of all that is said \
(95 % CI 77.0 to 100.0, n = 25). Code about 11 more (0 to over 25) to take in 95.0 %.
    """
    _checks.in_range(target, "target", 0, 1, ends="()")
    if codings is None or codings.empty:
        return _none("Not computed: nothing was coded by hand.")
    _checks.columns(codings, ["verbatim_id", "code"], "the hand codes")
    rows = _audited(codings)
    n = int(rows["verbatim_id"].nunique())
    if n < max(2, min_n):
        return _none(
            f"Not computed: {n:,} verbatims were coded by hand at random, and "
            f"{max(2, min_n):,} are needed."
        )
    given = rows[rows["code"] != ""].drop_duplicates()
    counts = given["code"].value_counts()
    if codebook is not None and set(counts.index) <= set(codebook.ids):
        fitted = int(given["verbatim_id"].nunique())
        return _closed(n - fitted, n, len(codebook.ids), confidence_level)
    if counts.empty:
        return _none(f"Not computed: coders found nothing in {n:,} verbatims.")
    return _opened(Seen(n, counts.to_numpy(dtype=int)), target, confidence_level)


def _none(reason: str) -> Unseen:
    return Unseen(table=pd.DataFrame(), reason=reason)


def _audited(codings: pd.DataFrame) -> pd.DataFrame:
    """Return verbatim_id and code, as text, of the rows drawn at random."""
    codings = audit(codings)
    code = codings["code"].astype(object).where(codings["code"].notna(), "")
    return pd.DataFrame(
        {
            "verbatim_id": codings["verbatim_id"].astype(str),
            "code": code.astype(str).str.strip(),
        }
    )


def _closed(without: int, n: int, n_codes: int, level: float) -> Unseen:
    found = share_from_counts(without, n, confidence_level=level).as_row()
    row: dict[Hashable, Any] = {"n_coded": n, "basis": "coded"}
    for name in ("n", "estimate", "std_error", "ci_lower", "ci_upper"):
        row[name] = found[name]
    share = _format.quantity(row["estimate"], "share")
    return Unseen(
        table=pd.DataFrame([row]), unit="share", confidence_level=level,
        assumptions=(_RANDOM,),
        method="Share of verbatims to which no coder gave a code; Wilson interval.",
        reason=(
            f"Coders chose among {n_codes} codes, so themes that these lack cannot be "
            f"counted; no code fits {share} of verbatims "
            f"({measured(row, 'share', level)})."
        ),
    )  # fmt: skip


def _opened(seen: Seen, target: float, level: float) -> Unseen:
    ends = seen.unseen_ci(level)
    past = np.linspace(0, seen.n, _STEPS + 1)[1:].round().astype(int)
    rows = []
    for n in np.unique([*past, *(seen.n + past)]):
        left = seen.unseen_at(int(n))
        scale = left / seen.unseen() if seen.once else 1.0
        lower, upper = (1 - min(end * scale, 1.0) for end in ends[::-1])
        rows.append({
            "n_coded": int(n), "basis": "coded" if n <= seen.n else "foretold",
            "n": seen.n, "estimate": 1 - left, "ci_lower": min(lower, 1 - left),
            "ci_upper": max(upper, 1 - left), "n_codes": seen.codes_at(int(n)),
        })  # fmt: skip
    reach = [seen.to_reach(target, x) for x in (ends[0], seen.unseen(), ends[1])]
    low, mid, high = (x if x <= seen.n else float("inf") for x in reach)
    return Unseen(
        table=pd.DataFrame(rows), unit="share", target=target,
        unseen_codes=seen.unseen_codes, more=mid, more_lower=low, more_upper=high,
        confidence_level=level, assumptions=(_RANDOM, _OPEN), method=_LEAST,
    )  # fmt: skip
