"""What is regressed on what: one immutable specification, shared by every check."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError

Model = Literal[
    "auto", "two_way", "one_way", "pooled", "logit", "gamma", "tweedie", "poisson",
    "poisson_fe", "two_part", "discrete_time", "cloglog",
]  # fmt: skip
CovType = Literal["auto", "CR0", "CR0_G", "CR1", "CR1_slopes", "CR1_dummies", "CRV3"]

MODEL_LABEL = {
    "two_way": "customer and period fixed effects",
    "one_way": "customer fixed effects",
    "pooled": "pooled OLS",
    "logit": "logit with period effects, average marginal effect",
    "gamma": "Gamma with log link and period effects, average marginal effect",
    "tweedie": "Tweedie with log link and period effects, average marginal effect",
    "poisson": "quasi-Poisson with log link and period effects, average marginal "
    "effect",
    "poisson_fe": "quasi-Poisson with log link, customer and period effects, average "
    "marginal effect",
    "two_part": "two parts (logit of any, Gamma of how much) with period effects, "
    "average marginal effect of their product",
    "discrete_time": "discrete-time survival, logit of leaving with period effects, "
    "average marginal effect",
    "cloglog": "discrete-time survival, complementary log-log of leaving with period "
    "effects, average marginal effect",
}
COV_LABEL = {
    "CR0": "clustered, no small-sample factor (CR0)",
    "CR0_G": "clustered, factor G/(G-1)",
    "CR1": "clustered CR1, slopes, period effects and constant counted "
    "(as pyfixest, gretl)",
    "CR1_slopes": "clustered CR1, slopes only counted (linearmodels group_debias)",
    "CR1_dummies": "clustered CR1, customer dummies counted (OLS with dummies)",
    "CRV3": "clustered CRV3, delete-one-cluster jackknife",
}
FEW_CLUSTERS = 20
WITHIN = {"two_way", "one_way", "poisson_fe"}
LEAVING = {"discrete_time", "cloglog"}
CURVED = {"gamma", "tweedie", "poisson", "poisson_fe", "two_part", *LEAVING}
BINARY = {"logit", *LEAVING}
PERIOD_EFFECTS = {"two_way", "logit", *CURVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Specification:
    """One regression question.

    Attributes
    ----------
    outcome, score : str
        Columns: what is explained, and the experience score that may explain it.
    drivers : tuple of str
        Further columns held constant, taken at the same time as the score.
    lag : int
        Periods by which score and drivers precede the outcome.
    entity, time, cluster : str
        Columns of customer, period, and of what the errors are clustered by.
    model, cov_type : str
        See `fit`; "auto" is settled when the data are seen.
    confidence_level : float
    currency : str
        Printed after amounts.
    power : float
        Variance power of a Tweedie, 0 to estimate it.
    tenure : str
        Column of how long a customer has been with you, for models of leaving.
    """

    outcome: str
    score: str = "score"
    drivers: tuple[str, ...] = ()
    lag: int = 1
    entity: str = "customer_id"
    time: str = "period"
    cluster: str = ""
    model: Model = "auto"
    cov_type: CovType = "auto"
    confidence_level: float = 0.95
    currency: str = ""
    power: float = 0.0
    tenure: str = ""

    @property
    def clusters(self) -> str:
        """The column errors are clustered by."""
        return self.cluster or self.entity

    def but(
        self,
        *,
        lag: int | None = None,
        model: Model | None = None,
        drivers: tuple[str, ...] | None = None,
        power: float | None = None,
    ) -> Specification:
        """Return this specification with some choices replaced."""
        return replace(
            self,
            lag=self.lag if lag is None else lag,
            model=self.model if model is None else model,
            drivers=self.drivers if drivers is None else drivers,
            power=self.power if power is None else power,
        )


def check(spec: Specification) -> Specification:
    """Raise ArgumentError for a value that cannot be meant."""
    if str(spec.model) == "cox":
        raise ArgumentError(
            "`model` is 'cox'; a Cox regression takes tenures and not periods: use "
            "`roi.survival`, or `model` 'discrete_time' for customers by period."
        )
    _checks.one_of(spec.model, "model", get_args(Model))
    _checks.one_of(spec.cov_type, "cov_type", get_args(CovType))
    _checks.in_range(spec.confidence_level, "confidence_level", 0, 1, ends="()")
    if spec.power:
        _checks.in_range(spec.power, "power", 1, 2)
    if isinstance(spec.lag, bool) or not isinstance(spec.lag, int) or spec.lag < 0:
        raise ArgumentError(
            f"`lag` is {spec.lag!r}; use the whole number of periods (0, 1, 2, …) by "
            "which the score comes before the outcome."
        )
    named = [spec.outcome, spec.score, *spec.drivers]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise ArgumentError(
            f"'{twice[0]}' is named twice among outcome, score and drivers; "
            "a column has one part to play."
        )
    return spec


def columns_of(spec: Specification) -> list[str]:
    """Return every column a specification needs, each once."""
    return list(
        dict.fromkeys(
            [
                spec.entity,
                spec.time,
                spec.clusters,
                spec.outcome,
                spec.score,
                *spec.drivers,
                *([spec.tenure] if spec.tenure else []),
            ]
        )
    )


def as_names(names: Sequence[str] | str, argument: str) -> tuple[str, ...]:
    """Return a tuple of column names; a bare string is a mistake worth a message."""
    if isinstance(names, str):
        raise ArgumentError(f"`{argument}` is {names!r}; use a list: ['{names}'].")
    return tuple(names)


def numeric(frame: pd.DataFrame, name: str) -> bool:
    """Return whether a column holds numbers or flags."""
    dtype, kinds = frame[name].dtype, pd.api.types
    real = kinds.is_numeric_dtype(dtype) and not kinds.is_complex_dtype(dtype)
    return real or kinds.is_bool_dtype(dtype)
