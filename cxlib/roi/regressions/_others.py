"""Other models that could have been meant for the same outcome."""

from __future__ import annotations

from cxlib.roi.regressions._spec import Model, Specification
from cxlib.roi.regressions.regression import Fit

SCALED = {"two_part", "tweedie", "poisson", "poisson_fe"}
_AMOUNTS: dict[str, tuple[tuple[str, Model, float], ...]] = {
    "two_way": (("customer effects only", "one_way", 0),),
    "gamma": (("least squares", "pooled", 0), ("variance as the mean", "poisson", 0)),
    "tweedie": (
        ("Tweedie, variance power 1.3", "tweedie", 1.3),
        ("Tweedie, variance power 1.7", "tweedie", 1.7),
        ("least squares", "pooled", 0),
    ),
    "two_part": (
        ("one part, Tweedie 1.3", "tweedie", 1.3),
        ("one part, Tweedie 1.7", "tweedie", 1.7),
        ("least squares", "pooled", 0),
    ),
    "poisson": (
        ("least squares", "pooled", 0), ("variance power 1.5", "tweedie", 1.5),
    ),
    "poisson_fe": (("linear, customer and period effects", "two_way", 0),),
}  # fmt: skip


def other_models(fit: Fit) -> list[tuple[str, Specification]]:
    """Return labelled specifications that differ in the model alone."""
    spec = fit.spec
    if spec.model in {"logit", "discrete_time", "cloglog"}:
        options = _yes_no(fit)
    else:
        options = _AMOUNTS.get(spec.model, ())
    return [
        (label, spec.but(model=model, power=power)) for label, model, power in options
    ]


def _yes_no(fit: Fit) -> tuple[tuple[str, Model, float], ...]:
    if fit.cross_section:
        return (("linear", "pooled", 0),)
    twin: dict[str, tuple[tuple[str, Model, float], ...]] = {
        "discrete_time": (("complementary log-log", "cloglog", 0),),
        "cloglog": (("logit of leaving", "discrete_time", 0),),
    }
    linear: Model = "two_way"
    return (
        *twin.get(fit.spec.model, ()),
        ("linear, customer and period effects", linear, 0),
    )
