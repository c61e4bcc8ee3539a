"""The score and the order of segments under other cut points."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _format
from cxlib.errors import DataError
from cxlib.nps import _design_words, _display, _words
from cxlib.nps._answers import Answers, collect
from cxlib.nps._subtract import kept_back
from cxlib.nps.ordinal import OrdinalShift, ordinal
from cxlib.scales import Scale

COLUMNS = [
    "cuts", "reported", "bottom_to", "top_from", "segment", "n", "estimate",
    "ci_lower", "ci_upper", "moved", "rank", "effect_size", "effect_size_ci_lower",
    "effect_size_ci_upper", "pvalue",
]  # fmt: skip
ALL = "all"
Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CutPoints(_display.Bracketed):
    """Scores under shifted cut points.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a choice of cut points and segment ('all' for everybody), in the
        score's unit: estimate with interval; moved, less the reported choice; rank;
        effect_size, the segment less the rest, with interval and raw pvalue.
    shift : OrdinalShift
        Shift of whole answers between the segments, without cut points.
    order : pandas.DataFrame
        cuts; agreement, Kendall's tau-b with the reported order of the segments.
    label : str
    confidence_level : float
    """

    shift: OrdinalShift
    order: pd.DataFrame
    label: str

    @property
    def text(self) -> str:
        """How far the score moves, and whether the segments keep their order."""
        if self.reason:
            return self.reason
        whole = self.table[self.table["segment"] == ALL]
        low, high = whole["estimate"].min(), whole["estimate"].max()
        own = whole.loc[whole["reported"], "estimate"].iloc[0]
        lead = (
            f"Over {_words.plural(len(whole), 'choice')} of cut points {self.label} "
            f"lies between {_format.number(low, self.unit)} and "
            f"{_format.quantity(high, self.unit)} (as reported: "
            f"{_format.quantity(own, self.unit)}): levels compare only within a choice."
        )
        return " ".join(part for part in (lead, self._order(), self._shift()) if part)

    def _order(self) -> str:
        if self.order.empty:
            return ""
        same = int((self.order["agreement"] > 1 - 1e-9).sum())
        parts = self.table[self.table["segment"] != ALL]
        signs = parts.groupby("segment")["effect_size"].agg(
            lambda gap: bool((np.sign(gap) == np.sign(gap.iloc[0])).all())
        )
        turned = [str(name) for name in signs.index[~signs]]
        lead = f"The segments keep their order in {same} of {len(self.order)} choices"
        if not turned:
            return f"{lead}, and none crosses from above to below the rest."
        verb = "is" if len(turned) == 1 else "are"
        return (
            f"{lead}; {_words.listing(turned)} {verb} above the rest under some and "
            "below it under others."
        )

    def _shift(self) -> str:
        return "" if self.shift.reason else self.shift.text

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a choice, one column a segment."""
        if self.reason:
            return ()
        t = self.table.assign(
            cell=_display.with_ends(self.table, "estimate", self.unit)
        )
        wide = t.pivot_table(
            index="cuts", columns="segment", values="cell", aggfunc="first", sort=False
        )
        rows = wide.reset_index()
        return ({str(name): rows[name] for name in rows.columns}, *self.shift.shown)


def cut_points(
    responses: pd.DataFrame,
    by: str = "",
    *,
    beside: Sequence[str] = (),
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    min_n: int = 10,
    confidence_level: float = 0.95,
) -> CutPoints:
    """Move the cut points of a score by one answer and see what stays.

    Use it before a decision that hangs on the order of segments or on a difference.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked.
    by : str
        Column of segments, or of two waves; "" for everybody only.
    beside : sequence of str
        Other segment columns whose scores the same readers see: what these would give
        away is hidden too.
    score, scale, weights, strata, cluster
        As in `nps.score`. A mean has no cut points: the result says so.
    min_n : int
        Segments with fewer answers are left out, with a second one.
    confidence_level : float

    Returns
    -------
    CutPoints

    Notes
    -----
    Each of the two cuts moves one answer down and up, nine choices for NPS. Other cut
    points ask another question, so levels are not comparable across them; the order of
    segments and the sign of a difference should not hang on them. Beside it stands the
    proportional-odds shift, which uses all answers and no cut point.

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({
    ...     "score": [10, 9, 8, 7, 6, 3] * 10 + [10, 10, 9, 8, 8, 6] * 10,
    ...     "plan": ["basic"] * 60 + ["plus"] * 60,
    ... })
    >>> found = nps.cut_points(answers, "plan")
    >>> len(found.order), float(found.order["agreement"].min())
    (9, 1.0)
    """
    answers = collect(
        responses, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, confidence_level=confidence_level,
        needs=tuple(filter(None, (by, *beside))) if by else (),
    )  # fmt: skip
    label = answers.scale.label
    domains = _domains(answers, by, beside, min_n)
    table = _table(answers, score, domains)
    shown = np.any([*domains.values()], axis=0) if domains else None
    return CutPoints(
        table=table, unit=answers.scale.unit, label=label, order=_order(table),
        shift=_shift(answers, by, score, shown, weights, strata, cluster),
        confidence_level=confidence_level,
        reason=f"{label} is a mean and has no cut points." if table.empty else "",
        method=f"{label}: each cut point one answer down and up. "
        f"{_design_words.interval_name(answers.scale, answers.plan, 'adjusted')}, "
        f"{_design_words.design_name(answers.plan)}.",
        assumptions=_design_words.sampling(answers.plan),
    )  # fmt: skip


def _domains(
    answers: Answers, by: str, beside: Sequence[str], min_n: int
) -> dict[str, np.ndarray[Any, Any]]:
    """Rows of the segments that may be shown."""
    if not by:
        return {}
    labels = answers.labels(by)
    hidden = kept_back(answers.beside(by, beside), by, min_n)
    return {
        str(name): (labels == name).to_numpy(dtype=bool)
        for name in sorted(labels.unique())
        if name not in hidden
    }


def _choices(scale: Scale) -> Iterator[tuple[str, Scale, bool]]:
    """Cut points, their names, and whether they are the reported choice."""
    if scale.kind == "mean":
        return
    for bottom in (-1, 0, 1) if scale.kind == "net" else (0,):
        for top in (-1, 0, 1):
            net = scale.kind == "net"
            moved = replace(scale, top_from=scale.top_from + top)
            if net:
                moved = replace(moved, bottom_to=scale.bottom_to + bottom)
            inside = scale.low < moved.top_from <= scale.high
            if not inside or (
                net and not scale.low <= moved.bottom_to < moved.top_from
            ):
                continue
            name = f"from {moved.top_from:g}"
            name = f"to {moved.bottom_to:g}, {name}" if net else name
            yield name, moved, top == bottom == 0


def _table(
    answers: Answers, score: str, domains: Mapping[str, np.ndarray[Any, Any]]
) -> pd.DataFrame:
    rows: list[Row] = []
    for name, scale, reported in _choices(answers.scale):
        moved = replace(answers, values=scale.values(answers.rows[score]), scale=scale)
        head: Row = {
            "cuts": name, "reported": reported,
            "bottom_to": scale.bottom_to, "top_from": scale.top_from,
        }  # fmt: skip
        rows.append(head | {"segment": ALL} | _kept(moved.estimate().as_row()))
        for segment, inside in domains.items():
            row = head | {"segment": segment} | _kept(moved.estimate(inside).as_row())
            if 2 <= inside.sum() <= len(inside) - 2:
                gap = moved.contrast(~inside, inside)
                row |= {
                    "effect_size": gap.estimate,
                    "effect_size_ci_lower": gap.ci_lower,
                    "effect_size_ci_upper": gap.ci_upper,
                    "pvalue": gap.pvalue,
                }
            rows.append(row)
    table = pd.DataFrame(rows, columns=COLUMNS)
    if table.empty:
        return table
    own = table[table["reported"]].set_index("segment")["estimate"]
    table["moved"] = table["estimate"] - table["segment"].map(own)
    parts = table["segment"] != ALL
    table["rank"] = (
        table[parts].groupby("cuts")["estimate"].rank(ascending=False, method="min")
    )
    return table


def _kept(row: Mapping[str, float]) -> Row:
    return {k: row[k] for k in COLUMNS if k in row}


def _order(table: pd.DataFrame) -> pd.DataFrame:
    """Agreement of the segments' order with the reported one."""
    parts = table[table["segment"] != ALL]
    if parts["segment"].nunique() < 2:
        return pd.DataFrame()
    wide = parts.pivot_table(
        index="cuts", columns="segment", values="estimate", sort=False
    )
    own = parts.loc[parts["reported"], "cuts"].iloc[0]
    agreement = [
        float(stats.kendalltau(wide.loc[own], wide.loc[cuts]).statistic)
        for cuts in wide.index
    ]
    return pd.DataFrame({"cuts": list(wide.index), "agreement": agreement})


def _shift(
    answers: Answers, by: str, score: str, shown: np.ndarray[Any, Any] | None,
    weights: str | None, strata: str | None, cluster: str | None,
) -> OrdinalShift:  # fmt: skip
    """Shift of the answers between the shown segments; says why where there is none."""
    rows = answers.rows if shown is None else answers.rows[shown]
    given: dict[str, Any] = {
        "score": score, "scale": answers.scale, "confidence_level": answers.level,
    }  # fmt: skip
    if not by or shown is None:
        return ordinal(rows, (), **given)
    rows = rows.assign(**{by: answers.labels(by)[shown]})
    try:
        return ordinal(
            rows, (by,), weights=weights, strata=strata, cluster=cluster, **given
        )
    except DataError as error:
        return replace(ordinal(rows, (), **given), reason=str(error))
