"""Users with something against users without it, where they chose themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import covariates as _covariates
from cxlib.estimate.aipw import ESTIMANDS, Estimand, Nuisance, adjusted_gap, cross_fit
from cxlib.estimate.contrast import contrast
from cxlib.estimate.design import Array, Design
from cxlib.estimate.overlap import Rows, crump, histogram, kept, tilt
from cxlib.journeys._frames import Frame
from cxlib.journeys.observed import _judge, _rows, _strength
from cxlib.journeys.observed._judge import LEAST, Fitted, Model, Settings
from cxlib.journeys.observed._rows import Outcome
from cxlib.journeys.observed.association import (
    RAW,
    WHOM,
    Association,
    Verdict,
)

CLIPPED = 0.001 + 1e-9
NAMES = {one: f"adjusted, {WHOM[one]}" for one in ("all", "treated", "overlap")}


def adjusted_effect(
    users: Frame,
    exposure: str,
    covariates: Sequence[str],
    *,
    outcome: Outcome,
    value: str = "",
    estimand: Estimand = "all",
    trim: float | Literal["crump"] = "crump",
    ordered: bool = False,
    min_robustness: float | None = None,
    outcome_model: Model = "auto",
    folds: int = 5,
    weights: str | None = None,
    cluster: str | None = None,
    confidence_level: float = 0.95,
    rng: int | np.random.Generator = 0,
) -> Association:
    """Compare users with something with users without it, adjusted for who has it.

    Use it where nobody assigned the exposure, such as a touchpoint that users came by
    themselves; make its column with `with_touchpoint`. An experiment belongs to
    `compare`.

    Parameters
    ----------
    users : frame
        One row a user.
    exposure : str
        Column: yes/no, true/false, 1/0, or labels with `value`.
    covariates : sequence of str
        Columns settled before the exposure; numbers enter straight, labels as
        categories, a blank is a category of its own.
    outcome : str, Metric or mapping
        A column (0/1: a share; else a mean), or a mean, proportion or score as in
        `compare`.
    value : str
        Label that counts as with; every other one is without.
    estimand : {"all", "treated", "overlap"}
        Whose difference the sentence reports: everybody (ATE), those with it (ATT),
        or those who might as well have it as not (ATO). The table holds all three.
    trim : float or "crump"
        Users with a chance below this of having it, or above 1 less this, have hardly
        a counterpart and leave "all"; above only, they leave "treated". In [0, 0.5),
        or the bound of least variance.
    ordered : bool
        Whether the exposure came before the outcome by construction, as after
        `with_touchpoint(..., before=)`.
    min_robustness : float, optional
        Share of what is left of exposure and outcome that no hidden cause explains, as
        somebody who knows the trade declares. Without it the word effect is not used.
    outcome_model : {"auto", "linear", "logistic"}
        "auto" is logistic for a share.
    folds : int
        Of the cross-fitting; rows of one cluster stay together.
    weights, cluster : str, optional
        Columns of sampling weights and of the unit that repeats.
    confidence_level : float
    rng : int or numpy.random.Generator
        Of the folds.

    Returns
    -------
    Association

    Raises
    ------
    ArgumentError
        For an estimand, trim, exposure or covariate out of order.
    DataError
        For a missing column, under 30 users with or without, or no covariate that
        varies.

    Notes
    -----
    Augmented inverse-propensity weighting, cross-fitted: right if either the logistic
    propensity or the outcome model is. Errors from influence values through the design,
    Student t.

    The word effect needs all of: exposure before outcome (`ordered`); every covariate
    within 0.1 standard deviations after weighting; overlap; and a robustness value of
    the interval of at least `min_robustness`. Overlap is poor, and nothing is compared,
    where a fifth or more of the users in question are trimmed, or the weighted users
    with or without are worth fewer than 30. A blank exposure or outcome leaves its user
    out and is counted.

    E-value: a share's by its risk ratio, a mean's by exp(0.91 d). Robustness value and
    benchmarks treat the estimate as a regression coefficient.

    References
    ----------
    Chernozhukov, V. et al. (2018). Double/debiased machine learning. Econometrics
    Journal 21, C1-C68. doi:10.1111/ectj.12097. Li, F., Morgan, K. L. and Zaslavsky,
    A. M. (2018). JASA 113, 390-400. doi:10.1080/01621459.2016.1260466. Crump, R. K. et
    al. (2009). Biometrika 96, 187-199. doi:10.1093/biomet/asn055. VanderWeele, T. J.
    and Ding, P. (2017). Annals of Internal Medicine 167, 268-274. doi:10.7326/M16-2607.
    Cinelli, C. and Hazlett, C. (2020). JRSS B 82, 39-67. doi:10.1111/rssb.12348

    Examples
    --------
    >>> draw = np.random.default_rng(1)
    >>> keen = draw.random(4000) < 0.5
    >>> had = draw.random(4000) < np.where(keen, 0.6, 0.3)
    >>> paid = draw.random(4000) < np.where(keen, 0.5, 0.2)
    >>> users = pd.DataFrame({"had_chat": had, "keen": keen, "paid": paid * 1})
    >>> found = adjusted_effect(users, "had_chat", ["keen"], outcome="paid")
    >>> found.verdict, bool(found.row("raw")["effect_size_ci_lower"] > 0)
    ('association', True)
    >>> bool(found.row(found.headline)["effect_size_ci_lower"] < 0)
    True
    """
    _check(estimand, outcome_model, trim, min_robustness, confidence_level)
    names = list(dict.fromkeys(name for name in covariates if name))
    if not names:
        raise ArgumentError("`covariates` is empty; name what decides who has it.")
    rows, metric = _rows.gather(
        users, outcome, [exposure, *names, weights or "", cluster or ""], "users"
    )
    for bad in (exposure, metric.column):
        if bad in names:
            raise ArgumentError(f"`covariates` holds '{bad}' itself; leave it out.")
    group = _covariates.binary(rows[exposure], value)
    known = np.isfinite(group) & rows[_rows.VALUE].notna().to_numpy(dtype=bool)
    rows, inside = rows[known].reset_index(drop=True), group[known] == 1
    _enough(inside, exposure)
    settings = Settings(
        f"{exposure} = {value}" if value else exposure, tuple(names), metric, estimand,
        trim, ordered, min_robustness, outcome_model, folds, confidence_level,
        int((~known).sum()),
    )  # fmt: skip
    return _compare(rows, inside, _rows.plan_of(rows, weights, cluster), settings, rng)


def _check(
    estimand: str, model: str, trim: float | str, robustness: float | None,
    level: float,
) -> None:  # fmt: skip
    _checks.one_of(estimand, "estimand", ESTIMANDS)
    _checks.one_of(model, "outcome_model", ("auto", "linear", "logistic"))
    _checks.in_range(level, "confidence_level", 0, 1, ends="()")
    if isinstance(trim, str):
        _checks.one_of(trim, "trim", ("crump",))
    else:
        _checks.in_range(trim, "trim", 0, 0.5, ends="[)")
    if robustness is not None:
        _checks.in_range(robustness, "min_robustness", 0, 1, ends="()")


def _enough(inside: Rows, exposure: str) -> None:
    few = min(int(inside.sum()), int((~inside).sum()))
    if few < LEAST:
        raise DataError(
            f"only {few} users with or without {exposure} have an outcome; at least "
            f"{LEAST} of each are needed."
        )


def _compare(
    rows: pd.DataFrame, inside: Rows, plan: Design, settings: Settings,
    rng: int | np.random.Generator,
) -> Association:  # fmt: skip
    y = _rows.values_of(rows)
    x, columns = _covariates.matrix(rows, settings.covariates)
    kind = _rows.kind(settings.metric)
    fit = cross_fit(
        y, inside, x, plan=plan, folds=settings.folds, outcome=_model(settings), rng=rng
    )
    e, factor = fit.propensity, settings.metric.factor
    bound = _bound(e, settings.trim)
    keeps = {"all": kept(e, bound), "treated": e <= 1 - bound, "overlap": e > 0}
    raw = contrast(
        y, kind, a=~inside, b=inside, plan=plan, confidence_level=settings.level
    )
    base = float(plan.weights[~inside] @ y[~inside] / plan.weights[~inside].sum())
    table = [_row(RAW, inside, base, raw.as_row(), factor)]
    for one, name in NAMES.items():
        if min((keeps[one] & inside).sum(), (keeps[one] & ~inside).sum()) >= 2:
            found = _adjusted(y, inside, fit, plan, one, keeps[one], settings.level)
            table.append(_row(name, inside[keeps[one]], found[0], found[1], factor))
    after = np.where(
        keeps[settings.estimand],
        plan.weights * tilt(e, inside, estimand=settings.estimand), 0.0,
    )  # fmt: skip
    return _result(
        Fitted(
            y * factor, inside, x, columns, plan, e, keeps[settings.estimand], after,
            bound, pd.DataFrame(table),
        ),
        settings,
    )  # fmt: skip


def _model(settings: Settings) -> Literal["linear", "logistic"]:
    if settings.model != "auto":
        return settings.model
    return "logistic" if _rows.kind(settings.metric) == "share" else "linear"


def _bound(e: Array, trim: float | Literal["crump"]) -> float:
    """The trimming bound; what `cross_fit` has clipped is always outside it."""
    if trim != "crump":
        return trim
    free = e[(e > CLIPPED) & (e < 1 - CLIPPED)]
    return max(crump(free), CLIPPED) if len(free) < len(e) else crump(e)


def _adjusted(
    y: Array, inside: Rows, fit: Nuisance, plan: Design, estimand: Any,  # noqa: ANN401
    keep: Rows, level: float,
) -> tuple[float, dict[str, float]]:  # fmt: skip
    """The level without, and the gap with its Student interval."""
    found = adjusted_gap(
        y, inside, nuisance=fit, plan=plan, estimand=estimand, keep=keep
    )
    half = float(stats.t.isf((1 - level) / 2, found.df)) * found.std_error
    t = found.estimate / found.std_error if found.std_error > 0 else float("nan")
    return found.control, {
        "estimate": found.estimate, "std_error": found.std_error,
        "ci_lower": found.estimate - half, "ci_upper": found.estimate + half,
        "statistic": t, "df": found.df,
        "pvalue": float(2 * stats.t.sf(abs(t), found.df)),
    }  # fmt: skip


def _row(
    name: str, inside: Rows, base: float, gap: dict[str, float], factor: float
) -> dict[str, Any]:
    return {
        "comparison": name, "n": len(inside), "n_control": int((~inside).sum()),
        "n_treatment": int(inside.sum()), "control": factor * base,
        "treatment": factor * (base + gap["estimate"]),
        "effect_size": factor * gap["estimate"],
        "std_error": factor * gap["std_error"],
        "effect_size_ci_lower": factor * gap["ci_lower"],
        "effect_size_ci_upper": factor * gap["ci_upper"],
        "statistic": gap["statistic"], "df": gap["df"], "pvalue": gap["pvalue"],
    }  # fmt: skip


def _result(fitted: Fitted, settings: Settings) -> Association:
    estimand, table = settings.estimand, fitted.table
    about = fitted.inside if estimand == "treated" else np.ones_like(fitted.inside)
    trimmed = float((~fitted.keep)[about].mean())
    gap = _headline(fitted, settings)
    w = fitted.plan.weights
    spread = float(np.sqrt(np.cov(fitted.y, aweights=w)))
    share = settings.metric.result_unit == "share"
    hidden = _strength.strength(gap, share=share, spread=spread)
    balance = _balance(fitted, settings)
    poor = _judge.poor(fitted, trimmed, settings)
    against = () if poor else _judge.against(balance, hidden.robustness_ci, settings)
    word: Verdict = "association" if against else "effect"
    return Association(
        table=table, unit=settings.metric.result_unit,
        method=_judge.method(settings, fitted),
        assumptions=_judge.assumptions(settings), reasons=poor or against,
        verdict="not compared" if poor else word, balance=balance, strength=hidden,
        overlap=histogram(fitted.e, fitted.inside), headline=NAMES[estimand],
        benchmarks=_strength.benchmarks(
            fitted.y, fitted.inside.astype(float), fitted.x, fitted.columns,
            settings.covariates, w, gap,
        ),
        estimand=estimand, exposure=settings.exposure, metric=settings.metric.name,
        covariates=settings.covariates, bound=fitted.bound, share_trimmed=trimmed,
        n_unknown=settings.unknown, confidence_level=settings.level,
    )  # fmt: skip


def _headline(fitted: Fitted, settings: Settings) -> _strength.Gap:
    """The gap that the sentence reports; the raw one where it could not be made."""
    table = fitted.table
    found = table[table["comparison"] == NAMES[settings.estimand]]
    row = (found if len(found) else table).iloc[0]
    return _strength.Gap(
        estimate=float(row["effect_size"]), std_error=float(row["std_error"]),
        ci_lower=float(row["effect_size_ci_lower"]),
        ci_upper=float(row["effect_size_ci_upper"]), control=float(row["control"]),
        level=settings.level, dof=max(2.0, float(row["n"]) - fitted.x.shape[1] - 2),
    )  # fmt: skip


def _balance(fitted: Fitted, settings: Settings) -> pd.DataFrame:
    inside = fitted.inside
    if not (fitted.after[inside].any() and fitted.after[~inside].any()):
        return pd.DataFrame(columns=["covariate", "before", "after"])
    return _covariates.balance(
        fitted.x, fitted.columns, inside, fitted.plan.weights, fitted.after,
        spread_of="inside" if settings.estimand == "treated" else "both",
    )  # fmt: skip
