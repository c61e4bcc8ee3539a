"""What word a comparison of users who chose themselves deserves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from cxlib.estimate.aipw import Estimand
from cxlib.estimate.design import Array, Design
from cxlib.estimate.overlap import Rows, effective
from cxlib.journeys import _words
from cxlib.journeys.experiments.specs import Metric
from cxlib.journeys.observed.association import BALANCED
from cxlib.result import Assumption

LEAST, TRIMMED = 30, 0.2
Model = Literal["auto", "linear", "logistic"]


@dataclass(frozen=True, slots=True)
class Settings:
    """What was asked."""

    exposure: str
    covariates: tuple[str, ...]
    metric: Metric
    estimand: Estimand
    trim: float | Literal["crump"]
    ordered: bool
    min_robustness: float | None
    model: Model
    folds: int
    level: float
    unknown: int


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """Rows, propensities `e` and the weights of the headline, `after`."""

    y: Array
    inside: Rows
    x: Array
    columns: list[str]
    plan: Design
    e: Array
    keep: Rows
    after: Array
    bound: float
    table: pd.DataFrame


def poor(fitted: Fitted, trimmed: float, settings: Settings) -> tuple[str, ...]:
    """Why users have too few counterparts."""
    found = []
    whom = {"treated": f" with {settings.exposure}"}.get(settings.estimand, "")
    if trimmed >= TRIMMED:
        found.append(
            f"{_words.level(trimmed, 'share', 0.01)} of the users{whom} have hardly a "
            "counterpart"
        )
    sizes = [effective(fitted.after[r]) for r in (fitted.inside, ~fitted.inside)]
    if min(sizes) < LEAST:
        which = "with" if sizes[0] < sizes[1] else "without"
        found.append(
            f"the users {which} it that resemble the others are worth "
            f"{min(sizes):.0f} only"
        )
    return tuple(found)


def against(
    balance: pd.DataFrame, robustness: float, settings: Settings
) -> tuple[str, ...]:
    """What forbids the word effect."""
    found = []
    if not settings.ordered:
        found.append(
            f"nothing here shows that {settings.exposure} came before "
            f"{settings.metric.name}"
        )
    off = balance.loc[~(balance["after"].abs() < BALANCED), "covariate"].tolist()
    if off:
        found.append(f"the weighted users still differ in {_words.listed(off)}")
    if settings.min_robustness is None:
        found.append("nobody declared how strong a hidden cause may be")
    elif robustness < settings.min_robustness:
        least = _words.level(settings.min_robustness, "share", 0.01)
        found.append(f"a hidden cause weaker than the declared {least} could undo it")
    return tuple(found)


def method(settings: Settings, fitted: Fitted) -> str:
    """One line on the estimator."""
    model = "logistic" if settings.metric.result_unit == "share" else "linear"
    model = model if settings.model == "auto" else settings.model
    unknown = (
        f" {settings.unknown:,} users without a known exposure or outcome left out."
        if settings.unknown
        else ""
    )
    low, high = f"{fitted.bound:.2g}", f"{1 - fitted.bound:.2g}"
    trimmed = (
        f"users with a chance of {settings.exposure} outside {low} to {high} trimmed"
        if fitted.bound > 0
        else "nobody trimmed"
    )
    return (
        "Augmented inverse-propensity weighting, logistic propensity, "
        f"{model} outcome, {settings.folds}-fold cross-fitted; {trimmed}.{unknown}"
    )


def assumptions(settings: Settings) -> tuple[Assumption, ...]:
    """What must hold."""
    return (
        Assumption(
            text="Nothing outside the covariates goes with both having "
            f"{settings.exposure} and {settings.metric.name}.",
            quality="low", impact="high",
        ),
        Assumption(
            text=f"{settings.exposure} was settled before {settings.metric.name}: "
            "users who stay longer have more time for both, and the outcome may lead "
            "to it.",
            quality="high" if settings.ordered else "low", impact="high",
        ),
        Assumption(
            text=f"The covariates were settled before {settings.exposure}: adjusting "
            "for what it changed hides part of the difference.",
            quality="medium", impact="high",
        ),
    )  # fmt: skip
