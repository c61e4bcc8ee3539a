"""Why the score of those who comment moved: mentions, and score when mentioned."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format, scales
from cxlib.data.convert import as_text
from cxlib.errors import ArgumentError
from cxlib.estimate import Correction, adjust
from cxlib.result import Assumption, Finding
from cxlib.voc._change_rows import BOTH, CHANGE, ELSE, MENTIONS, SCORE, Splitter
from cxlib.voc._frames import (
    code_list,
    code_names,
    membership,
    plan_of,
    said,
)
from cxlib.voc._linked import linked
from cxlib.voc._score import ScaleLike, score_values
from cxlib.voc._words import Row, Told, column, finding, measured, records, spans
from cxlib.voc.codebook import Codebook

_COLUMNS = [
    *("code", "name", "parent", "component", "basis", "n", "n_before", "n_after"),
    *("share_before", "share_after", "gap_before", "gap_after"),
    *("estimate", "std_error", "ci_lower", "ci_upper", "pvalue_adj"),
]
_PARTS = {
    MENTIONS: "how often it is said", SCORE: "score when said", BOTH: "together",
    CHANGE: "the whole change",
}  # fmt: skip
_SPLIT = Assumption(
    text="The split is arithmetic: it says which themes the change goes with, not what "
    "caused it, and theirs is the score of those who wrote something.",
    quality="medium", impact="high",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ScoreChange(Told):
    """The change of the score between two waves and each code's part in it.

    `table`: code, name, parent, component, basis ('corrected', 'machine only'), n,
    n_before, n_after (verbatims with the code and a score), share_before, share_after
    (of mentions), gap_before, gap_after (score of those who mention it less that of
    others, all codes held), estimate (in the score's unit), std_error, ci_lower,
    ci_upper, pvalue_adj (Holm over parts). The rows 'both' and the row
    '(everything else)' add up to the row 'change' exactly; 'both' is 'mentions' plus
    'score'.
    """

    waves: tuple[str, str]
    scores: tuple[float, float]
    label: str
    confidence_level: float
    reason: str = ""

    @property
    def text(self) -> str:
        """The change, and the parts that are beyond noise."""
        if self.table.empty:
            return self.reason
        first, last = (_format.number(score, self.unit) for score in self.scores)
        whole = records(self.table[self.table["component"] == CHANGE])[0]
        lead = (
            f"From {self.waves[0]} to {self.waves[1]} {self.label} of those who say "
            f"something went from {first} to {last}, a change of "
            f"{self._size(whole)} ({self._measured(whole)})."
        )
        clear = self._clear()
        if not clear:
            return f"{lead} No theme carries a part of it that is beyond noise."
        told = " ".join(self._statement(row) for row in clear[:3])
        return f"{lead} {told} This splits the change; it does not say what caused it."

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The change and its largest clear parts."""
        if self.table.empty:
            return ()
        whole = records(self.table[self.table["component"] == CHANGE])[0]
        name = f"{self.label} change {self.waves[0]} to {self.waves[1]}"
        told = f"{self.label} changed by {self._size(whole)} ({self._measured(whole)})."
        found = [finding("score_change", told, whole, self.unit, name)]
        for row in self._clear()[:2]:
            key = f"score_change_{row['code']}_{row['component']}"
            what = f"{row['name']}, part of the change"
            found.append(finding(key, self._statement(row), row, self.unit, what))
        return tuple(found)

    def _clear(self) -> list[Row]:
        """The parts beyond noise, the largest first."""
        rows = self.table[self.table["component"].isin([MENTIONS, SCORE])]
        rows = rows[rows["pvalue_adj"] < 1 - self.confidence_level]
        order = rows["estimate"].abs().sort_values(ascending=False).index
        return records(rows.loc[order])

    def _size(self, row: Row) -> str:
        unit = "share_points" if self.unit == "share" else self.unit
        return _format.quantity(row["estimate"], unit, signed=True)

    def _measured(self, row: Row) -> str:
        return measured(row, self.unit, self.confidence_level)

    def _statement(self, row: Row) -> str:
        size, found = self._size(row), self._measured(row)
        if row["code"] == ELSE:
            return f"{size} ({found}) are common to all, whatever they mention."
        if row["component"] == MENTIONS:
            shares = [
                _format.quantity(row[f"share_{when}"], "share")
                for when in ("before", "after")
            ]
            more = "more" if row["share_after"] > row["share_before"] else "fewer"
            return (
                f"{size} ({found}) go with {more} mentions of {row['name']} "
                f"({shares[0]} to {shares[1]})."
            )
        lower = "lower" if row["estimate"] < 0 else "higher"
        return f"{size} ({found}) go with a {lower} score where {row['name']} is said."

    def _display(self) -> pd.DataFrame:
        rows = self.table
        return pd.DataFrame(
            {
                "code": rows["name"],
                "part": rows["component"].map(_PARTS),
                "said before, %": column(rows, "share_before", "share"),
                "after, %": column(rows, "share_after", "share"),
                "gap before": column(rows, "gap_before", self.unit, signed=True),
                "gap after": column(rows, "gap_after", self.unit, signed=True),
                "of the change": column(rows, "estimate", self.unit, signed=True),
                f"{100 * self.confidence_level:g} % CI": spans(rows, self.unit),
                "n": column(rows, "n", "count"),
                "basis": rows["basis"].fillna(_format.MISSING),
            }
        )


def score_change(
    responses: pd.DataFrame,
    coded: pd.DataFrame,
    *,
    by: str,
    before: str = "",
    after: str = "",
    codings: pd.DataFrame | None = None,
    scale: ScaleLike = "nps",
    score: str = "score",
    codebook: Codebook | None = None,
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    verbatim: str = "verbatim",
    language: str = "",
    min_n: int = 10,
    correction: Correction = "holm",
    confidence_level: float = 0.95,
) -> ScoreChange:
    """Split the change of a score between two waves over the codes, exactly.

    Parameters
    ----------
    responses, coded, codings : pandas.DataFrame
        As for `voc.impact`.
    by : str
        Column of the waves; blank for none: the result is then empty.
    before, after : str
        The waves to compare; blank for the last two.
    scale, score, codebook, weights, strata, cluster, verbatim, language
        As for `voc.impact`.
    min_n : int
        A wave with fewer mentions of a code gives it no score of its own.
    correction : {"holm", "fdr_bh", "fdr_by", "bonferroni", "none"}
        Over all parts.
    confidence_level : float

    Returns
    -------
    ScoreChange

    Notes
    -----
    In each wave the score is, exactly, a base plus the sum over codes of the share of
    mentions p times the gap b (the code's slope in a least-squares model of all codes
    that are no other's parent): a verbatim with two codes is shared out by the model,
    not counted twice. A code's part is then ``(p1 - p0)(b0 + b1)/2`` for mentions and
    ``(b1 - b0)(p0 + p1)/2`` for the score when it is said (Kitagawa's symmetric split,
    the Shapley value of two factors); what is left is the change of the base, common to
    all whatever they mention. Where one wave has too few mentions, the other's gap
    stands for both and only the mentions part is told. Hand codes correct p and b as in
    `voc.impact` where both waves have enough of them. Intervals: linearised under the
    design; a cluster may have rows in both waves.

    References
    ----------
    Kitagawa, E. M. (1955). Components of a difference between two rates. JASA 50,
    1168-1194. doi:10.1080/01621459.1955.10501299

    Examples
    --------
    >>> told = pd.DataFrame({"verbatim": "words", "wave": ["a"] * 100 + ["b"] * 100,
    ...                      "score": [0] * 20 + [10] * 80 + [0] * 40 + [10] * 60})
    >>> late = [f"row {i + 1}" for i in [*range(20), *range(100, 140)]]
    >>> coded = pd.DataFrame({"verbatim_id": late, "code": "late"})
    >>> found = score_change(told, coded, by="wave").table.set_index("component")
    >>> found.loc[["change", "mentions", "score"], "estimate"].round(6).to_list()[:2]
    [-40.0, -40.0]
    """
    if not scale or not by:
        missing = "score" if by else "column of waves"
        return _none(f"Not computed: no {missing} was given.")
    chosen = scales.get(scale)
    _checks.columns(responses, [score, by], "responses")
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    pair = _pick(responses[by], before, after)
    if pair is None:
        return _none(f"Not computed: '{by}' has fewer than two waves to compare.")
    told = said(responses, verbatim=verbatim)
    y = score_values(told.frame, score, chosen)
    wave = as_text(told.frame[by]).astype(object).to_numpy()
    known = np.isfinite(y) & np.isin(wave, pair)
    few = _too_few(wave[known], pair, min_n)
    if few:
        return _none(few)
    codes = _finest(code_list(coded, codebook), codebook)
    has = membership(told.ids, coded, codes)[known]
    plan = plan_of(told.frame[known], weights, strata, cluster)
    both = linked(told.ids[known], y[known], has, plan, codings, codes, codebook)
    ends = [both.inside(wave[known] == name) for name in pair]
    rows = Splitter(ends[0], ends[1], plan, min_n, confidence_level).rows()
    scores = [float(np.average(y[known], weights=end.w)) for end in ends]
    return ScoreChange(
        table=_tabulate(rows, codes, codebook, language, correction, int(known.sum())),
        unit=chosen.unit, label=chosen.label, waves=pair, scores=(scores[0], scores[1]),
        confidence_level=confidence_level, assumptions=(_SPLIT,),
        method=f"Symmetric split of a regression on all codes. {chosen.label} = "
        f"{chosen.rule}; parts named after {correction}.",
    )  # fmt: skip


def _too_few(wave: npt.NDArray[np.object_], pair: tuple[str, str], min_n: int) -> str:
    """Say which wave has too few scored verbatims; blank if none has."""
    for name in pair:
        n = int((wave == name).sum())
        if n < 2 * min_n:
            return (
                f"Not computed: {n} verbatims of {name} have a score; "
                f"{2 * min_n} are needed."
            )
    return ""


def _none(reason: str) -> ScoreChange:
    nothing = float("nan")
    return ScoreChange(
        table=pd.DataFrame(), waves=("", ""), scores=(nothing, nothing), label="",
        confidence_level=0.95, reason=reason,
    )  # fmt: skip


def _pick(given: pd.Series, before: str, after: str) -> tuple[str, str] | None:
    """Return the two waves to compare, the last two where none is named."""
    seen = set(as_text(given).dropna().astype(str))
    waves = sorted(seen, key=_natural)
    if isinstance(given.dtype, pd.CategoricalDtype) and given.cat.ordered:
        waves = [str(c) for c in given.cat.categories if str(c) in seen]
    if len(waves) < 2:
        return None
    for name, value in (("before", before), ("after", after)):
        if value and value not in waves:
            hint = _checks.did_you_mean(value, waves)
            raise ArgumentError(f"`{name}` is {value!r}, which is no wave; {hint}")
    last = after or waves[-1]
    earlier = waves[: waves.index(last)] or [waves[-1]]
    first = before or earlier[-1]
    if first == last:
        raise ArgumentError(f"`before` and `after` are both {first!r}; name two waves.")
    return first, last


def _natural(name: str) -> list[tuple[int, float, str]]:
    parts = re.split(r"(\d+)", name)
    return [(0, float(p), "") if p.isdigit() else (1, 0.0, p.casefold()) for p in parts]


def _finest(codes: tuple[str, ...], codebook: Codebook | None) -> tuple[str, ...]:
    """Leave out codes that are another code's parent."""
    if codebook is None:
        return codes
    wider = {parent for code in codes for parent in codebook.ancestors(code)}
    return tuple(code for code in codes if code not in wider)


def _tabulate(
    rows: list[dict[str, object]], codes: tuple[str, ...], codebook: Codebook | None,
    language: str, correction: Correction, n: int,
) -> pd.DataFrame:  # fmt: skip
    """Name the rows and correct the tests of the parts."""
    named = []
    for row in rows:
        code = row["code"]
        whole = {"name": "all" if code == "all" else ELSE, "parent": "", "n": n}
        known = whole if isinstance(code, str) else code_names(
            codes[int(str(code))], codebook, language
        )  # fmt: skip
        named.append(row | known)
    table = pd.DataFrame(named, columns=[*_COLUMNS, "pvalue"])
    part = table["component"].isin([MENTIONS, SCORE])
    table["pvalue_adj"] = adjust(table["pvalue"].where(part), correction)
    return table[_COLUMNS]
