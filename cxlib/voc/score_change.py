"""Why the score of those who comment moved: mentions, and score when mentioned."""

from __future__ import annotations

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
    in_order,
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
    *("share_before", "share_after", "score_before", "score_after"),
    *("estimate", "std_error", "ci_lower", "ci_upper", "pvalue_adj"),
]
_PARTS = {
    MENTIONS: "how often it is said", SCORE: "score when said",
    BOTH: "both", CHANGE: "the whole change",
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
    (of what is said: a verbatim with two codes counts half for each), score_before,
    score_after (where it is said), estimate (in the score's unit), std_error, ci_lower,
    ci_upper, pvalue_adj (Holm over parts). The rows 'both' add up to the row 'change'
    exactly; a code's 'both' is its 'mentions' plus its 'score'.
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
        found = [
            finding(
                "score_change",
                told,
                whole,
                _format.difference_unit(self.unit),
                name,
                level=self.confidence_level,
            )
        ]
        for row in self._clear()[:2]:
            key = f"score_change_{row['code']}_{row['component']}"
            what = f"{row['name']}, part of the change"
            found.append(
                finding(
                    key,
                    self._statement(row),
                    row,
                    _format.difference_unit(self.unit),
                    what,
                    level=self.confidence_level,
                )
            )
        return tuple(found)

    def _clear(self) -> list[Row]:
        """The parts beyond noise, the largest first."""
        rows = self.table[_is_part(self.table)]
        rows = rows[rows["pvalue_adj"] < 1 - self.confidence_level]
        order = rows["estimate"].abs().sort_values(ascending=False).index
        return records(rows.loc[order])

    def _size(self, row: Row) -> str:
        unit = _format.difference_unit(self.unit)
        return _format.quantity(row["estimate"], unit, signed=True)

    def _measured(self, row: Row) -> str:
        return measured(row, self.unit, self.confidence_level)

    def _statement(self, row: Row) -> str:
        size, found = self._size(row), self._measured(row)
        if row["code"] == ELSE:
            return f"{size} ({found}) are of verbatims with none of these codes."
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
        whole = self.table["component"] == CHANGE
        rows = self.table[_is_part(self.table) | whole]
        return pd.DataFrame(
            {
                "code": rows["name"],
                "part": rows["component"].map(_PARTS),
                "said before, %": column(rows, "share_before", "share"),
                "after, %": column(rows, "share_after", "share"),
                f"{self.label} before": column(rows, "score_before", self.unit),
                f"{self.label} after": column(rows, "score_after", self.unit),
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
    A verbatim with several codes is shared out equally among them (the Shapley value of
    its mention), so that the shares q of all codes and of 'none of these' add up to one
    and the score is exactly the sum of q times s, the score where the code is said. A
    code's part is then ``(q1 - q0)(mean of s0, s1 - mean of both waves' scores)`` for
    mentions and ``(s1 - s0)(q0 + q1)/2`` for the score when it is said (Kitagawa's
    symmetric split). Where one wave has too few mentions, the other's score stands for
    both and only the mentions part is told. Codes that are another's parent are left
    out. Hand codes correct q and s as in `voc.impact` where both waves have enough of
    them. Intervals: linearised under the design; a cluster may have rows in both waves.

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
    >>> found.loc[["change", "mentions", "score"], "estimate"].round(6).to_list()
    [-40.0, -28.0, 0.0]
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
    if few := _too_few(wave[known], pair, min_n):
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
        method=f"Kitagawa's symmetric split; several codes in one verbatim share it. "
        f"{chosen.label} = "
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
    waves = in_order(set(as_text(given).dropna().astype(str)), given)
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
        whole = {"name": code, "parent": "", "n": row.get("n", n)}
        known = whole if isinstance(code, str) else code_names(
            codes[int(str(code))], codebook, language
        )  # fmt: skip
        named.append(row | known)
    table = pd.DataFrame(named, columns=[*_COLUMNS, "pvalue"])
    tested = table["pvalue"].where(_is_part(table))
    table["pvalue_adj"] = adjust(tested, correction)
    return table[_COLUMNS]


def _is_part(table: pd.DataFrame) -> pd.Series:
    """Return which rows are a part on their own: not a sum of others."""
    return table["component"].isin([MENTIONS, SCORE]) | (table["code"] == ELSE)
