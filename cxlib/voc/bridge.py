"""The same verbatims coded under two versions of a codebook: which trends break."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import Correction, Design, adjust, estimate
from cxlib.result import Assumption, Finding
from cxlib.voc._both import Array, pairs, read_both
from cxlib.voc._frames import Bools, Said, finest, levels, plan_of, said
from cxlib.voc._words import (
    Row,
    Told,
    column,
    finding,
    measured,
    records,
    sentence,
    spans,
)
from cxlib.voc.codebook import Codebook

BOTH, NEW, GONE, FEW = "both", "new", "gone", "too few"
_VALUES = ("estimate", "std_error", "ci_lower", "ci_upper", "statistic", "pvalue")
_SAME = Assumption(
    text="Nothing differs between the two codings but the codebook: same verbatims, "
    "same kind of coder, none who saw the other coding.",
    quality="medium", impact="high",
)  # fmt: skip
_DRAWN = Assumption(
    text="The verbatims coded under both versions are a random sample of those whose "
    "trend is read.",
    quality="medium", impact="medium",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Bridge(Told):
    """How far a new codebook alone moves each code's share.

    `table`: one row a segment ('all' first) and code: segment, code, name, parent, n
    (verbatims coded under both), share_old, share_new, n_gained, n_lost (verbatims that
    have the code under the new version only, under the old only), estimate (the break:
    new minus old), std_error, ci_lower, ci_upper, statistic, pvalue, pvalue_adj, basis
    ('hand' or 'machine'), status ('both', 'new', 'gone', 'too few').
    """

    versions: tuple[str, str]
    by: str
    confidence_level: float

    @property
    def broken(self) -> tuple[str, ...]:
        """Codes whose trend breaks, somewhere, beyond noise."""
        return tuple(dict.fromkeys(str(row["code"]) for row in self._breaks()))

    @property
    def text(self) -> str:
        """Which trends break, by how much, and how far the others may have moved."""
        old, new = self.versions
        tested = finest(self.table[self.table["status"] == BOTH])
        if tested.empty:
            return f"Versions {old} and {new} share no code with enough verbatims."
        breaks = self._breaks()
        n = tested["code"].nunique()
        trends = f"{_format.count(n)} trend{'' if n == 1 else 's'}"
        lead = f"From version {old} to {new} of the codebook,"
        if not breaks:
            return f"{lead} none of {trends} breaks beyond noise{self._most(tested)}."
        told = " ".join(self._statement(row) for row in breaks[:2])
        rest = tested[~tested["code"].isin(self.broken)]
        verb = "breaks" if len(self.broken) == 1 else "break"
        count = f"{len(self.broken)} of {trends} {verb}"
        return f"{lead} {count}{self._most(rest)}. {told}"

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The three widest breaks."""
        return tuple(
            finding(
                f"break_{row['code']}" + (f"_in_{row['segment']}" if self.by else ""),
                self._statement(row), row, "share_points",
                f"{row['name']}: break of the codebook",
                level=self.confidence_level,
            )
            for row in self._breaks()[:3]
        )  # fmt: skip

    def _breaks(self) -> list[Row]:
        """Clear breaks: of all verbatims first, then of segments, widest first."""
        rows = self.table[self.table["pvalue_adj"] < 1 - self.confidence_level]
        part, size = rows["segment"] != "all", -rows["estimate"].abs()
        ranked = rows.assign(_part=part, _size=size).sort_values(["_part", "_size"])
        return records(ranked.drop(columns=["_part", "_size"]))

    def _most(self, rows: pd.DataFrame) -> str:
        ends = rows[["ci_lower", "ci_upper"]].abs().to_numpy(dtype=float)
        if not np.isfinite(ends).any():
            return ""
        most = _format.quantity(float(np.nanmax(ends)), "share_points")
        return f"; the intervals of the others stay within {most}"

    def _statement(self, row: Row) -> str:
        old, new = (
            _format.quantity(row[f"share_{when}"], "share") for when in ("old", "new")
        )
        gap = _format.quantity(row["estimate"], "share_points", signed=True)
        where = f" in {row['segment']}" if row["segment"] != "all" else ""
        found = measured(row, "share_points", self.confidence_level)
        read = f"{sentence(row['name'])}{where} reads {new} instead of {old}"
        return f"{read}: {gap} ({found})."

    def _display(self) -> pd.DataFrame:
        rows = self.table
        shown = {
            "code": rows["name"],
            "old, %": column(rows, "share_old", "share"),
            "new, %": column(rows, "share_new", "share"),
            "break, points": column(rows, "estimate", "share", signed=True),
            f"{100 * self.confidence_level:g} % CI": spans(rows, "share"),
            "gained": column(rows, "n_gained", "count"),
            "lost": column(rows, "n_lost", "count"),
            "n": column(rows, "n", "count"),
            "breaks": ["yes" if p < 1 - self.confidence_level else _none(p, status)
                       for p, status in zip(rows["pvalue_adj"], rows["status"],
                                            strict=True)],
        }  # fmt: skip
        first = {self.by: rows["segment"]} if self.by else {}
        return pd.DataFrame(first | shown)


def _none(pvalue: float, status: str) -> str:
    return "no" if np.isfinite(pvalue) else "" if status == BOTH else status


def bridge(
    responses: pd.DataFrame,
    old: Codebook,
    new: Codebook,
    *,
    coded: tuple[pd.DataFrame, pd.DataFrame] | None = None,
    codings: tuple[pd.DataFrame | None, pd.DataFrame | None] | None = None,
    by: str | None = None,
    n: int | None = None,
    rng: int | np.random.Generator = 0,
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    verbatim: str = "verbatim",
    verbatim_language: str | None = None,
    language: str = "",
    min_n: int = 10,
    correction: Correction = "holm",
    confidence_level: float = 0.95,
) -> Bridge:
    """Code the same verbatims under two codebooks and test each code's difference.

    Use it before a trend is drawn over a change of codebook: what the new version
    alone moves is no change of customers.

    Parameters
    ----------
    responses : pandas.DataFrame
        Those that say something are coded twice.
    old, new : Codebook
    coded : (pandas.DataFrame, pandas.DataFrame), optional
        The machine's codes under old and new, of whatever coder; the rule coder's
        when not given.
    codings : (pandas.DataFrame, pandas.DataFrame), optional
        What people coded under old and new. Where at least 20 verbatims have both,
        these alone count.
    by : str, optional
        Column of segments or waves to look into; blank for none.
    n : int, optional
        Draw so many verbatims at random instead of taking all.
    rng : int or numpy.random.Generator
        Of that draw.
    weights, strata, cluster : str, optional
        Columns of the survey design; blank for none.
    verbatim : str
        Column of the texts.
    verbatim_language : str, optional
        Column of their language.
    language : str
        Language of the names.
    min_n : int
        Segments with fewer verbatims are not tested.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over all segments and finest codes that both versions know.
    confidence_level : float

    Returns
    -------
    Bridge

    Notes
    -----
    A code that was merged is counted under the one it was merged into, in both
    versions: its own disappearance is no break. Each verbatim gives +1 (new only),
    -1 (old only) or 0, and the mean of these is the break: a paired comparison, so
    verbatims on which the two agree cancel. Interval: adjusted Wald of a -1/0/1
    variable (as for a net score) on the design's effective n; the mean with Student's t
    where several people coded a verbatim and their shares are averaged. Codes of one
    version only have no break.

    References
    ----------
    Rocks, B. (2016). Interval estimation for the Net Promoter Score. The American
    Statistician 70, 365-372. doi:10.1080/00031305.2016.1198124. Agresti, A. and
    Min, Y. (2005). Simple improved confidence intervals for comparing matched
    proportions. Statistics in Medicine 24, 729-740. doi:10.1002/sim.1781

    Examples
    --------
    >>> old = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "price", "phrases": {"en": ["dear"]}}]})
    >>> new = Codebook.from_dict({"version": 2, "codes": [
    ...     {"id": "price", "phrases": {"en": ["dear", "costs"]}}]})
    >>> said = pd.DataFrame({"verbatim": ["dear"] * 20 + ["costs"] * 12 + ["ok"] * 68})
    >>> print(bridge(said, old, new).text)
    From version 1 to 2 of the codebook, 1 of 1 trend breaks. Price reads 32.0 % instead
    of 20.0 %: +12.0 percentage points (95 % CI 5.0 to 18.3, n = 100).
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    codebooks = (old, new)
    told = _drawn(said(responses, verbatim=verbatim), n, rng)
    read = read_both(told, codebooks, coded, codings, verbatim, verbatim_language)
    plan = plan_of(told.frame, weights, strata, cluster).at(read.kept)
    frame = told.frame[read.kept]
    rows = [
        {"segment": level, **name, **_row(pair, inside, plan, min_n, confidence_level)}
        for level, inside in levels(frame, by)
        for name, pair in pairs(read, codebooks, language)
    ]
    table = pd.DataFrame(rows).assign(basis=read.basis)
    fine = table.index.isin(finest(table).index)
    tested = table["pvalue"].where(fine & (table["status"] == BOTH))
    return Bridge(
        table=table.assign(pvalue_adj=adjust(tested, correction)), unit="share",
        versions=(old.version, new.version), by=by or "",
        confidence_level=confidence_level, assumptions=(_SAME, _DRAWN),
        method=f"Paired difference of shares ({read.basis} codes, adjusted Wald on the "
        f"design's effective n); {correction} over all codes and segments.",
    )  # fmt: skip


def _drawn(told: Said, n: int | None, rng: int | np.random.Generator) -> Said:
    """Keep n verbatims drawn at random."""
    if n is None or n >= len(told.ids):
        return told
    if n < 2:
        raise ArgumentError(f"`n` is {n}; draw at least 2 verbatims.")
    size = len(told.ids)
    rows = np.sort(_checks.generator(rng).choice(size, size=n, replace=False))
    return replace(told, frame=told.frame.iloc[rows], ids=told.ids[rows])


def _row(
    pair: tuple[Array | None, Array | None],
    inside: Bools,
    plan: Design,
    min_n: int,
    level: float,
) -> dict[str, object]:
    """Compare the two readings of one code inside some rows."""
    old, new = pair
    w = np.where(inside, plan.weights, 0.0)
    shares = [float("nan") if y is None or not w.any() else float(w @ y / w.sum())
              for y in pair]  # fmt: skip
    row: dict[str, object] = {
        "n": int(inside.sum()), "share_old": shares[0], "share_new": shares[1],
        "n_gained": None, "n_lost": None,
    }  # fmt: skip
    row |= dict.fromkeys(_VALUES, float("nan"))
    if inside.sum() < max(min_n, 2):
        hidden = {"share_old": float("nan"), "share_new": float("nan")}
        return row | hidden | {"status": FEW}
    if old is None or new is None:
        return row | {"status": NEW if old is None else GONE}
    gap = new - old
    counts = {"n_gained": int((gap[inside] > 0).sum()),
              "n_lost": int((gap[inside] < 0).sum())}  # fmt: skip
    return row | counts | {"status": BOTH} | _tested(gap, inside, plan, level)


def _tested(gap: Array, inside: Bools, plan: Design, level: float) -> dict[str, object]:
    """Estimate the mean of the paired differences and test it against none."""
    whole = bool(np.isin(gap, (-1, 0, 1)).all())
    try:
        found = estimate(
            gap, "net" if whole else "mean", plan=plan, domain=inside,
            confidence_level=level,
        )  # fmt: skip
    except DataError:
        return {"status": FEW}
    z = found.centre / found.centre_se if found.centre_se > 0 else float("nan")
    df = found.df if plan.clustered or not whole else np.inf
    return {
        "estimate": found.estimate, "std_error": found.std_error,
        "ci_lower": found.ci_lower, "ci_upper": found.ci_upper, "statistic": z,
        "pvalue": float(2 * stats.t.sf(abs(z), df)),
    }  # fmt: skip
