"""Which rated experiences go with the answer, and how surely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import bootstrap
from cxlib.estimate.design import Array
from cxlib.estimate.shapley import MAX_PREDICTORS
from cxlib.nps import _design_words, _display, _importance, _words
from cxlib.nps._answers import Answers, collect
from cxlib.result import Assumption, Finding
from cxlib.scales import Scale

COLUMNS = [
    "driver", "n", "estimate", "ci_lower", "ci_upper", "r2_part", "share_first",
    "relative_weight", "r2_first", "r2_last", "coefficient", "coefficient_ci_lower",
    "coefficient_ci_upper", "std_beta", "correlation", "vif", "mean", "mean_ci_lower",
    "mean_ci_upper", "std_dev", "place",
]  # fmt: skip
HIGH_VIF = 5.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Drivers(_display.Told):
    """Importance of drivers for the answer.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a driver, the most important first: estimate, its share of the spread
        of answers that the drivers explain together, with a bootstrap interval;
        r2_part, the same in R-squared; share_first, how often resamples put it first;
        relative_weight, Johnson's split of R-squared as a check; r2_first and r2_last,
        what it explains alone and what it adds to all others; coefficient, answer
        points a driver point with the others held, with its interval; std_beta, the
        same in standard deviations; correlation; vif; mean with its interval;
        std_dev; place, where it lies to the average driver ('' without `item_scale`).
    r2, r2_ci : float, tuple of float
        Share of the spread of answers that all drivers explain.
    n, n_dropped : int
        Answers used; valid answers left out because a driver is blank.
    constant : tuple of str
        Drivers left out because everybody gave the same value.
    confidence_level : float
    """

    r2: float
    r2_ci: tuple[float, float]
    n: int
    n_dropped: int
    constant: tuple[str, ...]
    confidence_level: float

    @property
    def text(self) -> str:
        """What the drivers explain, which comes first and how surely."""
        if self.reason:
            return self.reason
        explained = _words.with_interval(
            self.r2, *self.r2_ci, "share", self.confidence_level, self.n
        )
        many = _words.plural(len(self.table), "driver")
        lead = f"{many} together explain {explained} of the spread of the answers."
        return " ".join(
            part
            for part in (lead, self._first(), self._overlap(), self._left_out())
            if part
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The most important driver's share."""
        if self.reason:
            return ()
        top = self.table.iloc[0].to_dict()
        return (
            Finding(
                id=f"driver share {top['driver']}", statement=self._first(),
                estimate=float(top["estimate"]), unit="share",
                ci_lower=float(top["ci_lower"]), ci_upper=float(top["ci_upper"]),
                n=self.n,
                confidence_level=self.confidence_level,
            ),
        )  # fmt: skip

    @property
    def place_text(self) -> str:
        """Which drivers lie surely where, against the average driver."""
        return self.reason or _importance.place_text(self.table)

    def _share(self, row: Mapping[Any, Any]) -> str:
        return _words.with_interval(
            row["estimate"], row["ci_lower"], row["ci_upper"], "share",
            self.confidence_level,
        )  # fmt: skip

    def _first(self) -> str:
        rows = self.table.to_dict("records")
        top, share = rows[0]["driver"], self._share(rows[0])
        lead = f"Most strongly associated is {top}: {share} of that"
        if len(rows) == 1:
            return f"{lead}."
        second = f"then {rows[1]['driver']} with {self._share(rows[1])}"
        sure = rows[0]["share_first"]
        if sure >= self.confidence_level:
            return f"{lead}, {second}."
        first = _format.number(sure, "share", decimals=0)
        return (
            f"{lead}, {second}; which of the drivers is first cannot be told "
            f"({top} in {first} % of resamples)."
        )

    def _overlap(self) -> str:
        high = self.table[self.table["vif"] > HIGH_VIF]["driver"].tolist()
        if not high:
            return ""
        one = len(high) == 1
        return (
            f"{_words.listing(high)} {'overlaps' if one else 'overlap'} strongly with "
            f"the other drivers (variance inflation over {HIGH_VIF:g}), so shares are "
            "hard to tell apart."
        )

    def _left_out(self) -> str:
        blank = (
            f"{self.n_dropped:,} of {self.n + self.n_dropped:,} answers are left out "
            "for a blank driver."
            if self.n_dropped
            else ""
        )
        if not self.constant:
            return blank
        names = _words.listing(self.constant)
        return f"{blank} Not ranked, because all values are equal: {names}.".strip()

    @property
    def shown(self) -> Sequence[_display.Columns]:
        """One row a driver."""
        t = self.table
        if self.reason:
            return ()
        return (
            {
                "driver": t["driver"],
                "share, %": _display.with_ends(t, "estimate", "share"),
                "first, %": _display.numbers(t["share_first"], "share"),
                "slope": _display.with_ends(
                    t, "coefficient", "score", prefix="coefficient_", signed=True
                ),
                "mean": _display.with_ends(t, "mean", "score", prefix="mean_"),
            },
            {
                "driver": t["driver"],
                "LMG": _display.numbers(t["r2_part"], "share"),
                "Johnson": _display.numbers(t["relative_weight"], "share"),
                "alone": _display.numbers(t["r2_first"], "share"),
                "added": _display.numbers(t["r2_last"], "share"),
                "slope in SD": _display.numbers(t["std_beta"], "score", signed=True),
                "VIF": _display.numbers(t["vif"], "score"),
            },
        )

    @property
    def footnote(self) -> str:
        """What the columns mean, then the method."""
        return (
            f"{_display.brackets(self.confidence_level)} "
            "Share: of the spread that the drivers explain. First: of resamples that "
            "put the driver first. Slope: answer points a driver point, the others "
            f"held. Second table, % of R-squared: shared out (LMG, Johnson), of the "
            "driver alone, added to the others. VIF: overlap with the others. "
            f"{self.method}"
        )


def drivers(
    responses: pd.DataFrame,
    drivers: Sequence[str],
    *,
    score: str = "score",
    scale: str | Mapping[str, Any] | Scale = "nps",
    weights: str | None = None,
    cluster: str | None = None,
    item_scale: Sequence[float] = (),
    n_resamples: int = 500,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> Drivers:
    """Share out what rated experiences explain of the answers.

    Use it to see where to look first. It shows association: a driver at the top need
    not move the score when it is improved; an experiment can tell.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a person asked.
    drivers : sequence of str
        Numeric columns, at most 15; none gives a result that says so.
    score, scale, weights, cluster
        As in `nps.score`.
    item_scale : sequence of float
        Lowest and highest answer, where all drivers are items rated on one scale: then
        each is placed against the average driver. Empty where they are not.
    n_resamples : int
        Bootstrap resamples of answers, or of clusters. At least 50.
    confidence_level : float
    rng : int or numpy.random.Generator

    Returns
    -------
    Drivers

    Raises
    ------
    ArgumentError
        For more than 15 drivers, or the score among them.
    DataError
        For a driver without numbers or with values off `item_scale`, or one that
        others determine exactly.

    Notes
    -----
    Outcome: the answer itself on its scale, not the promoter classes. Importance:
    Shapley (LMG) share of R-squared over all subsets of drivers; never negative and
    never set to zero, so an irrelevant driver shows a small positive share. Intervals:
    percentile bootstrap, weights kept. Rows with a blank driver are left out and
    counted. At least 30 and 5 a driver answers are needed. Means are weighted, their
    interval Student's t on the design. A driver has a place only if both its intervals,
    each at its own level, lie clear of the average share and the average mean, which
    are taken as given.

    References
    ----------
    Groemping, U. (2007). Estimators of relative importance in linear regression based
    on variance decomposition. The American Statistician 61, 139-147.
    doi:10.1198/000313007X188252. Johnson, J. W. (2000). A heuristic method for
    estimating the relative weight of predictor variables in multiple regression.
    Multivariate Behavioral Research 35, 1-19. doi:10.1207/S15327906MBR3501_1

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from cxlib import nps
    >>> draw = np.random.default_rng(1)
    >>> ease, price = draw.integers(1, 6, (2, 400))
    >>> answer = np.clip(ease + price // 3 + draw.integers(0, 4, 400), 0, 10)
    >>> rated = pd.DataFrame({"score": answer, "ease": ease, "price": price})
    >>> nps.drivers(rated, ["ease", "price"]).table["driver"].tolist()
    ['ease', 'price']
    """
    names = list(dict.fromkeys(name for name in drivers if name))
    if not names:
        return _none(
            "No driver columns were given, so drivers are not ranked.", confidence_level
        )
    _check(names, score, n_resamples, item_scale)
    answers = collect(
        responses, score=score, scale=scale, weights=weights, strata=None,
        cluster=cluster, confidence_level=confidence_level, needs=tuple(names),
    )  # fmt: skip
    x = _numbers(answers, names)
    _importance.on_scale(x, names, item_scale)
    complete = np.asarray(np.isfinite(x).all(axis=1))
    reason = _too_few(int(complete.sum()), len(names))
    if reason:
        return _none(reason, confidence_level)
    dropped = int((~complete).sum())
    answers, x = answers.at(complete), x[complete]
    y = pd.to_numeric(answers.rows[score]).to_numpy(dtype=float)
    moving = np.ptp(x, axis=0) > 0
    if not moving.any() or np.ptp(y) == 0:
        what = "Everybody gave the same answer" if moving.any() else "No driver varies"
        return _none(f"{what}: there is nothing to rank.", confidence_level)
    kept = [name for name, moves in zip(names, moving, strict=True) if moves]
    found = _rank(answers, np.column_stack([x[:, moving], y]), kept, n_resamples, rng)
    constant = tuple(name for name in names if name not in kept)
    if item_scale:
        found.table["place"] = _importance.places(found.table)
    return replace(found, n_dropped=dropped, constant=constant)


def _too_few(complete: int, drivers: int) -> str:
    """Why there are too few answers, or nothing."""
    need = max(30, 5 * drivers)
    if complete >= need:
        return ""
    return (
        f"Only {complete:,} answers have a number for all {drivers} drivers; {need} "
        "are needed to rank them."
    )


def _check(
    names: list[str], score: str, n_resamples: int, item_scale: Sequence[float]
) -> None:
    _checks.in_range(n_resamples, "n_resamples", 50, 100_000)
    if item_scale and not (len(item_scale) == 2 and item_scale[0] < item_scale[1]):
        raise ArgumentError(
            f"`item_scale` is {list(item_scale)}; give the lowest and the highest "
            "answer, such as [1, 5], or [] where drivers are not rated on one scale."
        )
    if len(names) > MAX_PREDICTORS:
        raise ArgumentError(
            f"`drivers` has {len(names)} columns; at most {MAX_PREDICTORS} are ranked: "
            "leave out those that measure the same."
        )
    if score in names:
        raise ArgumentError(
            f"`drivers` holds '{score}', the score itself; leave it out."
        )


def _numbers(answers: Answers, names: list[str]) -> Array:
    """Driver columns as numbers, NaN where blank or text."""
    columns = [pd.to_numeric(answers.rows[name], errors="coerce") for name in names]
    for name, column in zip(names, columns, strict=True):
        if column.isna().all():
            raise DataError(
                f"driver '{name}' holds no number; give a numeric column, or use it as "
                "a segment."
            )
    return np.column_stack([column.to_numpy(dtype=float) for column in columns])


def _rank(
    answers: Answers,
    z: Array,
    names: list[str],
    n_resamples: int,
    rng: int | np.random.Generator,
) -> Drivers:
    """Importance of the columns of z for its last one."""
    w = answers.plan.weights
    cov = _importance.covariance(z, w)
    _importance.determined(cov[:-1, :-1], names)
    cluster = answers.plan.cluster if answers.plan.clustered else None
    draws = bootstrap(
        lambda k: _importance.covariance(z, k * w), len(z), cluster=cluster,
        n_resamples=n_resamples, rng=rng,
    )  # fmt: skip
    draws = draws[(np.diagonal(draws, axis1=1, axis2=2) > 0).all(axis=1)]
    found = _importance.importance(cov[None], draws, answers.level)
    table = pd.DataFrame(
        {
            "driver": names, "n": len(z), "place": "", **found.pop("columns"),
            **_importance.parts(cov),
            **_importance.performance(z[:, :-1], answers.plan, answers.level),
        }
    )  # fmt: skip
    table = table.sort_values("estimate", ascending=False, kind="stable")
    return Drivers(
        table=table[COLUMNS].reset_index(drop=True), unit="share", n=len(z),
        n_dropped=0, constant=(), confidence_level=answers.level,
        method=_method(answers, len(draws)), assumptions=_assumptions(answers), **found,
    )  # fmt: skip


def _method(answers: Answers, resamples: int) -> str:
    unit = "clusters" if answers.plan.clustered else "answers"
    weighted = ", weighted" if answers.plan.weighted else ""
    return (
        f"Shapley (LMG) shares of R-squared of the answer; {resamples:,} bootstrap "
        f"resamples of {unit}{weighted}. Association, not cause."
    )


def _none(reason: str, confidence_level: float) -> Drivers:
    nan = float("nan")
    return Drivers(
        table=pd.DataFrame(), unit="share", r2=nan, r2_ci=(nan, nan), n=0, n_dropped=0,
        constant=(), confidence_level=confidence_level, reason=reason,
    )  # fmt: skip


def _assumptions(answers: Answers) -> tuple[Assumption, ...]:
    cause = Assumption(
        text="Driver shares show association: something that moves both a driver and "
        "the answer (the customer's mood, the issue itself) would look the same.",
        quality="low", impact="high",
    )  # fmt: skip
    straight = Assumption(
        text="Each driver goes with the answer in a straight line, alike for all.",
        quality="medium", impact="medium",
    )  # fmt: skip
    return (*_design_words.sampling(answers.plan), cause, straight)
