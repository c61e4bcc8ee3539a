"""The same score under other reasonable choices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import DataError
from cxlib.estimate import bootstrap, design
from cxlib.estimate.score_interval import score_interval
from cxlib.nps import _design_words, _display, _words
from cxlib.nps._answers import Answers, collect
from cxlib.scales import Scale

COLUMNS = [
    "group", "choice", "n", "estimate", "std_error", "ci_lower", "ci_upper",
    "moved",
]  # fmt: skip
REPORTED = "as reported"
CUTS = "cut points"
TRIM_AT = 3.0
SPEEDER_SHARE = 1 / 3
Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Sensitivity(_display.Bracketed):
    """The score under other choices.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a choice, in the score's unit: group ('as reported', 'interval',
        'weights and clusters', 'answers used', 'cut points'), choice, n, estimate,
        std_error, ci_lower, ci_upper, moved (estimate less the one reported).
    label : str
        What the score is called.
    confidence_level : float
    """

    label: str

    @property
    def text(self) -> str:
        """How far other choices move the score."""
        t = self.table
        reported = t.iloc[0]
        other = t[~t["group"].isin([REPORTED, CUTS])]
        low = min(other["estimate"].min(), reported["estimate"])
        high = max(other["estimate"].max(), reported["estimate"])
        ends = (other["ci_lower"].min(), other["ci_upper"].max())
        number = _format.quantity(reported["estimate"], self.unit)
        many = _words.plural(len(other), "other reasonable choice")
        if high - low < 1e-9:
            lead = f"{many} leave {self.label} at {number}"
        else:
            top = _format.quantity(high, self.unit)
            span = f"{_format.number(low, self.unit)} and {top}"
            lead = (
                f"Under {many} {self.label} lies between {span} (as reported: {number})"
            )
        widest = " to ".join(_format.number(end, self.unit) for end in ends)
        return f"{lead}; their intervals together span {widest}.{self._cuts()}"

    def _cuts(self) -> str:
        cuts = self.table[self.table["group"] == CUTS]["estimate"]
        if cuts.empty:
            return ""
        low, high = (
            _format.number(cuts.min(), self.unit),
            _format.quantity(cuts.max(), self.unit),
        )
        return (
            " Moving a cut point by one answer, which asks another question, gives "
            f"{low} to {high}."
        )

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a choice; its group on the first row."""
        t = self.table
        gap = _format.difference_unit(self.unit)
        return (
            {
                "": t["group"].where(~t["group"].duplicated(), ""),
                "choice": t["choice"],
                "n": _display.numbers(t["n"], "count"),
                f"{self.label}{_display.unit_word(self.unit)}": (
                    _display.with_ends(t, "estimate", self.unit)
                ),
                "moved": _display.numbers(t["moved"], gap, signed=True),
            },
        )


def sensitivity(
    responses: pd.DataFrame,
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    strata: str | None = None,
    cluster: str | None = None,
    respondent: str | None = None,
    duration: str | None = None,
    n_resamples: int = 1000,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> Sensitivity:
    """Repeat the score under other reasonable choices.

    Use it to see whether a conclusion hangs on how the score was computed.

    Parameters
    ----------
    responses, score, scale, weights, strata, cluster
        As in `nps.score`.
    respondent : str, optional
        Column of the person: adds the score with the last answer of each only.
    duration : str, optional
        Column of the time taken, any unit: adds the score without speeders (faster
        than a third of the median).
    n_resamples : int
        Bootstrap resamples. At least 50.
    confidence_level : float
    rng : int or numpy.random.Generator

    Returns
    -------
    Sensitivity

    Notes
    -----
    First row: the score as `nps.score` gives it. Intervals: Wald, Student t, the score
    interval where rows are equally weighted and independent, and the percentile
    bootstrap of answers or whole clusters. Weights and clusters: without them, and
    with weights cut at three times their median. Cut points: promoters (or the top
    box) and detractors one answer further up or down; that is another estimand, so
    the sentence keeps it apart.

    References
    ----------
    Efron, B. (1979). Bootstrap methods: another look at the jackknife. Annals of
    Statistics 7, 1-26. doi:10.1214/aos/1176344552

    Examples
    --------
    >>> import pandas as pd
    >>> from cxlib import nps
    >>> answers = pd.DataFrame({"score": [10] * 20 + [8] * 11 + [3] * 9})
    >>> found = nps.sensitivity(answers).table
    >>> found.query("group == 'interval'")["choice"].tolist()
    ['Wald', 'Student t', 'score interval', 'bootstrap']
    """
    _checks.in_range(n_resamples, "n_resamples", 50, 100_000)
    extra = [name for name in (respondent, duration) if name]
    answers = collect(
        responses, score=score, scale=scale, weights=weights, strata=strata,
        cluster=cluster, confidence_level=confidence_level, needs=tuple(extra),
    )  # fmt: skip
    rows = [_row(REPORTED, REPORTED, answers)]
    rows += _intervals(answers, n_resamples, rng)
    rows += _designs(answers)
    rows += _subsets(answers, respondent, duration)
    rows += _cuts(answers, score)
    table = pd.DataFrame(rows, columns=COLUMNS)
    unit = "clusters" if answers.plan.clustered else "answers"
    table["moved"] = table["estimate"] - table["estimate"].iloc[0]
    return Sensitivity(
        table=table, unit=answers.scale.unit, label=answers.scale.label,
        confidence_level=confidence_level,
        method=f"{answers.scale.label}: {answers.scale.rule}. {n_resamples:,} "
        f"bootstrap resamples of {unit}.",
        assumptions=_design_words.sampling(answers.plan),
    )  # fmt: skip


def _row(group: str, choice: str, answers: Answers) -> Row:
    row = answers.estimate().as_row()
    return {"group": group, "choice": choice} | {k: row[k] for k in COLUMNS if k in row}


def _intervals(
    answers: Answers, n_resamples: int, rng: int | np.random.Generator
) -> list[Row]:
    """Other intervals around the same estimate."""
    rows = [_row("interval", "Wald", replace(answers, method="wald"))]
    if answers.scale.kind != "mean":
        rows.append(_row("interval", "Student t", replace(answers, method="t")))
    factor = answers.scale.factor
    base = rows[0] | {"std_error": np.nan}
    if answers.plan.simple and answers.scale.kind == "net":
        counts = [int((answers.values == v).sum()) for v in (-1, 0, 1)]
        ends = score_interval(counts, confidence_level=answers.level)
        ends_row = {"ci_lower": ends[0] * factor, "ci_upper": ends[1] * factor}
        rows.append(base | {"choice": "score interval"} | ends_row)
    w, y = answers.plan.weights, answers.values
    draws = factor * bootstrap(
        lambda k: (k * w) @ y / (k @ w), answers.n, n_resamples=n_resamples, rng=rng,
        cluster=answers.plan.cluster if answers.plan.clustered else None,
    )  # fmt: skip
    low, high = np.quantile(draws, [(1 - answers.level) / 2, (1 + answers.level) / 2])
    boot = {"std_error": float(draws.std(ddof=1)), "ci_lower": low, "ci_upper": high}
    return [*rows, base | {"choice": "bootstrap"} | boot]


def _designs(answers: Answers) -> list[Row]:
    """Without weights, without clusters, with trimmed weights."""
    plan, group = answers.plan, "weights and clusters"
    parts = {"weights": plan.weights, "strata": plan.strata, "cluster": plan.cluster}
    used = {
        "weights": plan.weighted,
        "strata": plan.stratified,
        "cluster": plan.clustered,
    }
    words = {
        "weights": "without weights",
        "strata": "without strata",
        "cluster": "without clusters",
    }
    rows = []
    for left_out in (name for name, given in used.items() if given):
        kept = {k: v for k, v in parts.items() if used[k] and k != left_out}
        other = replace(answers, plan=design(answers.n, **kept))
        rows.append(_row(group, words[left_out], other))
    most = TRIM_AT * float(np.median(plan.weights))
    if plan.weighted and plan.weights.max() > most:
        trimmed = replace(plan, weights=np.minimum(plan.weights, most))
        rows.append(
            _row(
                group,
                f"weights cut at {TRIM_AT:g} x median",
                replace(answers, plan=trimmed),
            )
        )
    return rows


def _subsets(
    answers: Answers, respondent: str | None, duration: str | None
) -> list[Row]:
    """Without earlier answers of the same person, without speeders."""
    rows: list[Row] = []
    if respondent:
        when = answers.rows.get("responded_at", pd.Series(range(answers.n)))
        order = answers.rows.assign(_when=when).sort_values("_when", kind="stable")
        late = ~order[respondent].duplicated(keep="last") | order[respondent].isna()
        keep = late.sort_index().to_numpy(dtype=bool)
        rows += _without("last answer of each respondent", answers, keep)
    if duration:
        taken = pd.to_numeric(answers.rows[duration], errors="coerce")
        fast = (taken < SPEEDER_SHARE * taken.median()).to_numpy(dtype=bool)
        rows += _without(
            "without speeders (under 1/3 of the median time)", answers, ~fast
        )
    return rows


def _without(choice: str, answers: Answers, keep: np.ndarray[Any, Any]) -> list[Row]:
    """The score of some answers; nothing if none is left out or too few stay."""
    if keep.all():
        return []
    try:
        return [_row("answers used", choice, answers.at(keep))]
    except DataError:
        return []


def _cuts(answers: Answers, score: str) -> Iterator[Row]:
    """One cut point moved by one answer."""
    scale = answers.scale
    if scale.kind == "mean":
        return
    box = "promoters" if scale.kind == "net" else "top box"
    moves = [
        ("top_from", step, f"{box} from {scale.top_from + step:g}") for step in (-1, 1)
    ]
    if scale.kind == "net":
        moves += [
            ("bottom_to", step, f"detractors to {scale.bottom_to + step:g}")
            for step in (-1, 1)
        ]
    for cut, step, choice in moves:
        moved = replace(scale, **{cut: getattr(scale, cut) + step})
        inside = moved.low < moved.top_from <= moved.high
        apart = scale.kind == "share" or moved.low <= moved.bottom_to < moved.top_from
        if inside and apart:
            values = moved.values(answers.rows[score])
            yield _row(CUTS, choice, replace(answers, values=values, scale=moved))
