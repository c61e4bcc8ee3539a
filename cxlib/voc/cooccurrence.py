"""Which codes are said together more often than chance would have it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.estimate import Correction, Design, adjust, design_se
from cxlib.estimate.multiplicity import CORRECTED as CORRECTION_NAMES
from cxlib.result import Assumption, Finding
from cxlib.voc._frames import (
    Bools,
    code_list,
    code_names,
    finest,
    membership,
    plan_of,
    said,
)
from cxlib.voc._pairs import ratings_of
from cxlib.voc._shares import (
    CORRECTED,
    FEW,
    MACHINE,
    Readings,
    Share,
    inclusion_of,
    share_of,
)
from cxlib.voc._words import Row, Told, column, finding, measured, records, spans
from cxlib.voc._words import sentence as capital
from cxlib.voc.codebook import Codebook

Array = npt.NDArray[np.float64]
_SHOWN = 12
_COLUMNS = [
    *("code", "name", "other", "other_name", "n", "n_both", "share_both"),
    *("share_expected", "estimate", "ci_lower", "ci_upper", "phi", "basis", "pvalue"),
]
_LENGTH = Assumption(
    text="Long comments mention more of everything; part of what comes together comes "
    "from that.",
    quality="medium", impact="medium",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Cooccurrence(Told):
    """Pairs of codes: how often together, against chance.

    `table`: one row a pair of the finest codes: code, name, other, other_name, n
    (verbatims), n_both (the machine's count), share_both, share_expected (product of
    the two shares), estimate (lift: both over expected) with its interval, phi
    (correlation of the two), basis ('corrected', 'machine only', 'too few'), pvalue,
    pvalue_adj. Pairs in fewer than `min_n` verbatims show nothing.
    """

    confidence_level: float

    @property
    def text(self) -> str:
        """The pairs that come together, and that keep apart, beyond noise."""
        clear = self._clear()
        if not clear:
            return "No two codes come together more or less often than by chance."
        more = len(clear) - 2
        others = f" {more} more pairs differ from chance." if more > 0 else ""
        return " ".join(self._statement(row) for row in clear[:2]) + others

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The three strongest pairs."""
        return tuple(
            finding(
                f"together_{row['code']}_{row['other']}", self._statement(row), row,
                "score", f"{row['name']} with {row['other_name']}, times chance",
                level=self.confidence_level,
            )
            for row in self._clear()[:3]
        )  # fmt: skip

    def _clear(self) -> list[Row]:
        rows = self.table[self.table["pvalue_adj"] < 1 - self.confidence_level]
        far = np.abs(np.log(rows["estimate"].to_numpy(dtype=float)))
        return records(rows.iloc[np.argsort(-far, kind="stable")])

    def _statement(self, row: Row) -> str:
        share = _format.quantity(row["share_both"], "share")
        found = measured(row, "score", self.confidence_level)
        verb = "come together" if row["estimate"] > 1 else "keep apart: they meet only"
        return (
            f"{capital(row['name'])} and {row['other_name']} {verb} "
            f"{_format.number(row['estimate'])} times as often as by chance ({found}; "
            f"both in {share} of verbatims)."
        )

    def _display(self) -> pd.DataFrame:
        rows = pd.DataFrame(self._clear()[:_SHOWN])
        if rows.empty:
            return rows
        return pd.DataFrame(
            {
                "code": rows["name"],
                "with": rows["other_name"],
                "times chance": column(rows, "estimate", "score"),
                f"{100 * self.confidence_level:g} % CI": spans(rows, "score"),
                "both, %": column(rows, "share_both", "share"),
                "by chance, %": column(rows, "share_expected", "share"),
                "phi": column(rows, "phi", "score"),
                "n": column(rows, "n", "count"),
                "basis": rows["basis"],
            }
        )


def cooccurrence(
    responses: pd.DataFrame,
    coded: pd.DataFrame,
    *,
    codings: pd.DataFrame | None = None,
    codebook: Codebook | None = None,
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    verbatim: str = "verbatim",
    language: str = "",
    min_n: int = 10,
    correction: Correction = "holm",
    confidence_level: float = 0.95,
) -> Cooccurrence:
    """Find pairs of codes that come together more, or less, often than by chance.

    Parameters
    ----------
    responses, coded, codings, codebook, weights, strata, cluster, verbatim, language
        As for `voc.prevalence`.
    min_n : int
        Pairs that the machine finds in fewer verbatims are not reported.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over all pairs reported.
    confidence_level : float

    Returns
    -------
    Cooccurrence

    Notes
    -----
    Lift is the share of verbatims with both codes over the product of the two shares;
    its interval is that of the log, by influence values under the design. Where people
    read enough (5 verbatims with both codes), all three shares are corrected as in
    `voc.prevalence`: a machine that confuses two codes makes them come together. Codes
    that are others' parents are left out: they contain their children.

    Examples
    --------
    >>> told = pd.DataFrame({"verbatim": ["late rude"] * 20 + ["late"] * 10
    ...                      + ["rude"] * 10 + ["fine"] * 60})
    >>> book = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "late", "phrases": {"en": ["late"]}},
    ...     {"id": "rude", "phrases": {"en": ["rude"]}}]})
    >>> from cxlib.voc.coder import code
    >>> row = cooccurrence(told, code(told, book), codebook=book).table.iloc[0]
    >>> [round(float(row[c]), 2) for c in ("estimate", "ci_lower", "ci_upper")]
    [2.22, 1.71, 2.89]
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    told = said(responses, verbatim=verbatim)
    plan = plan_of(told.frame, weights, strata, cluster)
    names = pd.DataFrame(
        [code_names(c, codebook, language) for c in code_list(coded, codebook)],
        columns=["code", "name", "parent"],
    )
    named = records(finest(names))
    codes = tuple(str(row["code"]) for row in named)
    read = _Both.of(told.ids, coded, codings, codes, codebook, plan, confidence_level)
    rows = [
        {"code": a["code"], "name": a["name"], "other": b["code"],
         "other_name": b["name"], **read.row(i, j, min_n)}
        for (i, a), (j, b) in combinations(enumerate(named), 2)
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=_COLUMNS)
    pvalues = table["pvalue"].to_numpy(dtype=float)
    return Cooccurrence(
        table=table.assign(pvalue_adj=adjust(pvalues, correction)), unit="score",
        confidence_level=confidence_level, assumptions=(_LENGTH,),
        method=(
            "Lift with a log interval, linearised; corrected by hand codes where "
            f"enough; {CORRECTION_NAMES[correction]} correction over pairs."
        ),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class _Both:
    """What machine and people read, code by code.

    `gave` is who gave what, shape (n, coders, codes), `looked` who looked at all.
    """

    machine: Bools
    looked: Bools
    gave: Bools
    plan: Design
    level: float
    inclusion: Array | None

    @classmethod
    def of(
        cls, ids: pd.Index, coded: pd.DataFrame, codings: pd.DataFrame | None,
        codes: tuple[str, ...], codebook: Codebook | None, plan: Design, level: float,
    ) -> _Both:  # fmt: skip
        machine = membership(ids, coded, codes)
        empty = codings is None or codings.empty
        if codings is None or empty:
            none = np.zeros((len(ids), 1, len(codes)), dtype=bool)
            return cls(machine, none[..., 0], none, plan, level, None)
        _checks.columns(codings, ["verbatim_id", "coder", "code"], "codings")
        given = codings[["verbatim_id", "coder", "code"]]
        given = codebook.roll_up(given) if codebook is not None else given
        ratings = ratings_of(given.rename(columns={"verbatim_id": "unit"}), codes)
        place = ratings.units.get_indexer(ids.astype(str))
        looked = ratings.looked[place] & (place >= 0)[:, None]
        gave = ratings.gave[place] & looked[..., None]
        hand = np.where(looked.any(axis=1), 1.0, np.nan)[:, None]
        return cls(machine, looked, gave, plan, level, inclusion_of(ids, codings, hand))

    def row(self, i: int, j: int, min_n: int) -> dict[str, object]:
        """Return one pair's columns; NaN where it is rare."""
        n_both = int((self.machine[:, i] & self.machine[:, j]).sum())
        about: dict[str, object] = {"n": len(self.machine), "basis": FEW}
        if n_both < max(min_n, 2):
            return about
        hand = self._share((i, j), by_hand=True)
        checked = hand.row["basis"] == CORRECTED
        both = hand if checked else self._share((i, j), by_hand=False)
        first, second = (self._share((k,), by_hand=checked) for k in (i, j))
        about |= {"n_both": n_both, "basis": CORRECTED if checked else MACHINE}
        return about | self._lift(both, first, second)

    def _share(self, which: tuple[int, ...], *, by_hand: bool) -> Share:
        """Return the share of verbatims with all of some codes."""
        machine: Bools = np.all(self.machine[:, list(which)], axis=1)
        coders = self.looked.sum(axis=1)
        times = np.all(self.gave[..., list(which)], axis=2).sum(axis=1)
        seen = (coders > 0) & by_hand
        hand = np.where(seen, times / np.maximum(coders, 1), np.nan)
        everyone: Bools = np.ones(len(coders), dtype=bool)
        drawn = self.inclusion if by_hand else None
        read = Readings(machine, hand, self.plan, self.level, drawn)
        return share_of(read, everyone, 2)

    def _lift(self, both: Share, a: Share, b: Share) -> dict[str, float]:
        shares = [s.best.estimate if s.best else np.nan for s in (both, a, b)]
        p, pa, pb = shares
        if both.best is None or not min(shares) > 0 or max(pa, pb) >= 1:
            return {"share_both": p}
        influence = both.influence / p - a.influence / pa - b.influence / pb
        std_error, df = design_se(influence, self.plan)
        plain = design_se(both.influence, self.plan)[0]
        unseen = max(0.0, both.best.std_error**2 - plain**2) ** 0.5 / p
        error = float(np.hypot(std_error, unseen)) or float("nan")
        dist = stats.t(df) if self.plan.clustered else stats.norm()
        half = float(dist.isf((1 - self.level) / 2)) * error
        log = float(np.log(p / (pa * pb)))
        lift, low, high = (float(np.exp(log + d)) for d in (0.0, -half, half))
        return {
            "share_both": p, "share_expected": pa * pb, "estimate": lift,
            "ci_lower": low, "ci_upper": high,
            "phi": (p - pa * pb) / float(np.sqrt(pa * (1 - pa) * pb * (1 - pb))),
            "pvalue": float(2 * dist.sf(abs(log) / error)),
        }  # fmt: skip
