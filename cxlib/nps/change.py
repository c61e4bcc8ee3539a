"""What changed between two waves: customers' views, or who they are."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _format
from cxlib.errors import ArgumentError
from cxlib.estimate import Difference, Estimate
from cxlib.estimate.contrast import Method
from cxlib.nps import _design_words, _display, _waves, _words
from cxlib.nps._answers import Answers
from cxlib.nps._change_rows import ALL, parts, row_of, tabulate
from cxlib.nps._subtract import kept_back
from cxlib.nps.trend import assumptions
from cxlib.result import Finding
from cxlib.scales import Scale


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Change(_display.Told):
    """The change of a score between two waves, and its split.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a segment and component, in the score's unit. Component 'change' is
        after minus before; 'rate' and 'mix' are the segment's parts of the total
        change and sum to it exactly over all segments. Segment 'all' holds totals.
        before, after: the scores; share_before, share_after: of the answers.
        pvalue, pvalue_adj: of the segments' own changes, Holm over segments.
    waves : tuple of str
        Before and after.
    first, last : Estimate or None
        Score of each wave.
    overall : Difference or None
        The total change.
    label, by : str
        What the score is called; the column of the split, or ''.
    n_both : int
        Respondents who answered in both waves, where that was declared.
    confidence_level : float
    """

    waves: tuple[str, str]
    first: Estimate | None
    last: Estimate | None
    overall: Difference | None
    label: str
    by: str
    n_both: int
    confidence_level: float

    @property
    def simpson(self) -> bool:
        """Whether a mix shift beyond noise turns the segments' direction round."""
        if not self.by or self.overall is None:
            return False
        rate, mix = self._total("rate"), self._total("mix")
        real = mix["ci_lower"] > 0 or mix["ci_upper"] < 0
        return bool(real and rate["estimate"] * self.overall.estimate < 0)

    @property
    def text(self) -> str:
        """Size of the change, how much is mix, and which segment carries it."""
        if self.overall is None or self.first is None or self.last is None:
            return self.reason
        before, after = self.waves
        lead = (
            f"From {before} to {after} {self.label} went from "
            f"{_format.quantity(self.first.estimate, self.unit)} "
            f"(n = {self.first.n:,}) to "
            f"{_format.quantity(self.last.estimate, self.unit)} "
            f"(n = {self.last.n:,}), a change of {self._size(self.overall.as_row())}; "
            f"{self._noise()}."
        )
        return " ".join(part for part in (lead, self._paired(), self._split()) if part)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The change, then its rate and mix."""
        if self.overall is None or self.first is None or self.last is None:
            return ()
        n = self.first.n + self.last.n
        label = _words.plain_label(self.label)
        name = f"{label} change {self.waves[0]} to {self.waves[1]}"
        unit, level = self.unit, self.confidence_level
        whole = self.overall.as_row()
        told = f"{self.label} changed by {self._size(whole)}."
        found = [_words.finding(name, told, whole, unit, n, level=level)]
        for component, words in (("rate", "views"), ("mix", "customer mix")):
            if self.by:
                row, own = self._total(component), f"{name} {component}"
                told = f"Changed {words} ({self.by}) gave {self._size(row)}."
                found.append(_words.finding(own, told, row, unit, n, level=level))
        return tuple(found)

    def _total(self, component: str) -> dict[Any, Any]:
        t = self.table
        return (
            t[(t["segment"] == ALL) & (t["component"] == component)].iloc[0].to_dict()
        )

    def _size(self, row: Mapping[Any, Any]) -> str:
        return _words.with_interval(
            row["estimate"], row["ci_lower"], row["ci_upper"],
            _format.difference_unit(self.unit), self.confidence_level, signed=True,
        )  # fmt: skip

    def _noise(self) -> str:
        level = 1 - self.confidence_level
        real = self.overall is not None and self.overall.pvalue < level
        return "more than noise" if real else "noise alone can give this"

    def _paired(self) -> str:
        if not self.n_both:
            return ""
        people = _words.plural(self.n_both, "respondent")
        verb = "is" if self.n_both == 1 else "are"
        return f"{people} answered both times and {verb} compared with themselves."

    def _split(self) -> str:
        if not self.by:
            return ""
        rate, mix = self._total("rate"), self._total("mix")
        told = (
            f"Split by {self.by}: {self._size(rate)} because scores inside the "
            f"segments changed, {self._size(mix)} because the mix of customers did."
        )
        flip = (
            " The two point in opposite directions (Simpson's paradox): read the "
            "segments, not the total."
            if self.simpson
            else ""
        )
        return told + flip + self._inside()

    def _inside(self) -> str:
        """Which segments' own scores changed beyond noise, else the largest part."""
        t = self.table[self.table["segment"] != ALL]
        rate = t[t["component"] == "rate"].set_index("segment")
        own = t[t["component"] == "change"].set_index("segment")
        real = own[own["pvalue_adj"] < 1 - self.confidence_level]
        if real.empty:
            return (
                " No segment's own score changed beyond noise after Holm's correction."
            )
        told = [
            f"{name} by {self._size(row)}, which makes "
            + _format.quantity(
                rate.loc[name, "estimate"],
                _format.difference_unit(self.unit),
                signed=True,
            )
            + " of the total"
            for name, row in zip(real.index, real.to_dict("records"), strict=True)
        ]
        return f" Beyond noise after Holm's correction changed: {'; '.join(told)}."

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """Each segment's own change, then what it gave to the total."""
        t, gap = self.table, _format.difference_unit(self.unit)
        if self.overall is None:
            return ()
        own = t[t["component"] == "change"].set_index("segment", drop=False)
        name = self.by or "answers"
        first = {
            name: own["segment"],
            "n": _pair(own, "n_", "count"),
            "share, %": _pair(own, "share_", "share", decimals=0),
            f"{self.label}{_display.unit_word(self.unit)}": _pair(own, "", self.unit),
            "change": _display.with_ends(own, "estimate", gap, signed=True),
            "p": _display.pvalues(own["pvalue_adj"]),
        }
        if (own["note"] != "").any():
            first["note"] = own["note"]
        if not self.by:
            return (first,)
        second = {name: own["segment"]}
        for component, words in (("rate", "its score"), ("mix", "its share")):
            part = t[t["component"] == component].set_index("segment").loc[own.index]
            cells = _display.with_ends(part, "estimate", gap, signed=True)
            second[f"gave by {words}"] = cells
        return first, second

    @property
    def footnote(self) -> str:
        """What the columns mean, then the method."""
        gave = " Gave: part of the total change." if self.by else ""
        return f"{_display.brackets(self.confidence_level)}{gave} {self.method}"


def _pair(
    table: pd.DataFrame, prefix: str, unit: str, *, decimals: int | None = None
) -> pd.Series:
    """'before → after' in one cell."""
    a, b = (
        _display.numbers(table[f"{prefix}{end}"], unit, decimals=decimals)
        for end in ("before", "after")
    )
    return _display.unbroken(a + " → " + b)


def change(
    responses: pd.DataFrame,
    wave: str | None,
    *,
    before: str | None = None,
    after: str | None = None,
    by: str | None = None,
    beside: Sequence[str] = (),
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    respondent: str | None = None,
    min_n: int = 10,
    method: Method = "adjusted",
    confidence_level: float = 0.95,
) -> Change:
    """Compare two waves and split the change into views and mix.

    Use it to ask whether customers changed their minds or the customers changed.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked in a wave.
    wave : str or None
        Column of the wave; without one the result says that there is no comparison.
    before, after : str, optional
        Labels of the two waves; the last two where not given.
    by : str, optional
        Segment column of the split.
    beside : sequence of str
        Other segment columns whose scores the same readers see: what these would give
        away is hidden too.
    score, scale, weights, strata, cluster
        As in `nps.score`.
    respondent : str, optional
        Column of the person, where the same people answered in both waves: the
        comparison is then paired.
    min_n : int
        Segments with fewer answers in a wave are put together. At least 2.
    method : {"adjusted", "t", "wald"}
        As in `nps.score`; a declared `respondent` turns "adjusted" into "t".
    confidence_level : float

    Returns
    -------
    Change

    Notes
    -----
    Kitagawa's split: rate_g = (r1 - r0) (s0 + s1) / 2, mix_g = (s1 - s0) ((r0 + r1) / 2
    - c), r the segment's score, s its share, c the mean of the two total scores; the
    centre c makes a segment's mix independent of where zero lies. They sum exactly. A
    segment that appears or vanishes counts as mix. Standard errors come from influence
    values through the one design, so shares and scores estimated from the same rows,
    weights, clusters and paired respondents are all allowed for; intervals are
    Student t and can be too narrow for segments whose answers are all alike. With
    paired respondents the change is the design's mean difference: those who answered
    once still count, respondents who answered both times cancel.

    References
    ----------
    Kitagawa, E. M. (1955). Components of a difference between two rates. JASA 50,
    1168-1194. doi:10.1080/01621459.1955.10501299

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({
    ...     "score": [10] * 60 + [3] * 40 + [10] * 40 + [3] * 60,
    ...     "wave": ["Q1"] * 100 + ["Q2"] * 100,
    ...     "plan": (["basic"] * 50 + ["plus"] * 50) * 2,
    ... })
    >>> found = nps.change(answers, "wave", by="plan")
    >>> found.table.query("segment == 'all'")[["component", "estimate"]].round(1)
      component  estimate
    0    change     -40.0
    1      rate     -40.0
    2       mix       0.0
    """
    if min_n < 2:
        raise ArgumentError(f"`min_n` is {min_n}; it must be at least 2.")
    if not wave:
        return _none(
            "No wave column was given, so no change is measured.", confidence_level
        )
    answers, names = _waves.tracked(
        responses, wave, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, respondent=respondent,
        method="t" if respondent and method == "adjusted" else method,
        confidence_level=confidence_level, needs=tuple(filter(None, (by, *beside))),
    )  # fmt: skip
    if len(names) < 2:
        only = f"one wave only ('{names[0]}')" if names else "no wave label"
        return _none(
            f"Column '{wave}' has {only}: a change needs two.", confidence_level
        )
    pair = _waves.pick(names, before, after)
    labels = answers.labels(wave)
    why = _waves.too_few(labels, names, pair, min_n)
    if why:
        return _none(why, confidence_level, pair)
    hidden = kept_back(answers.beside(by, beside), by, min_n) if by else ()
    answers = answers.at(np.asarray(labels.isin(pair)))
    return _change(answers, wave, pair, by or "", respondent, min_n, hidden)


def _change(
    answers: Answers, wave: str, pair: tuple[str, str], by: str,
    respondent: str | None, min_n: int, hidden: Collection[str],
) -> Change:  # fmt: skip
    labels = answers.labels(wave)
    a, b = (np.asarray(labels == name) for name in pair)
    overall = answers.contrast(a, b)
    first, last = answers.estimate(a), answers.estimate(b)
    total = row_of(ALL, "change", (int(a.sum()), int(b.sum())), (1.0, 1.0)) | {
        "before": first.estimate, "after": last.estimate, "estimate": overall.estimate,
        "std_error": overall.std_error, "ci_lower": overall.ci_lower,
        "ci_upper": overall.ci_upper, "pvalue": overall.pvalue,
    }  # fmt: skip
    rows = [total, *(parts(answers, a, b, by, min_n, hidden) if by else [])]
    return Change(
        table=tabulate(rows), unit=answers.scale.unit, waves=pair,
        first=first, last=last, overall=overall, label=answers.scale.label, by=by,
        n_both=_waves.overlap(answers, respondent, a, b),
        confidence_level=answers.level, method=_method(answers, respondent),
        assumptions=assumptions(answers),
    )  # fmt: skip


def _none(
    reason: str, confidence_level: float, waves: tuple[str, str] = ("", "")
) -> Change:
    return Change(
        table=pd.DataFrame(), waves=waves, first=None, last=None, overall=None,
        label="", by="", n_both=0, confidence_level=confidence_level, reason=reason,
    )  # fmt: skip


def _method(answers: Answers, respondent: str | None) -> str:
    name = _design_words.interval_name(answers.scale, answers.plan, answers.method)
    paired = "paired by respondent, " if respondent else ""
    return (
        f"{name}, {paired}{_design_words.design_name(answers.plan)}. Kitagawa split "
        "with the mix centred; t intervals from influence values."
    )
