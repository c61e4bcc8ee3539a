"""The planted parameters of each table and what they imply, from probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields
from functools import partial
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cxlib import _checks
from cxlib.errors import ArgumentError
from cxlib.simulate import _felt, _implied, _population, coding, experiment, panel
from cxlib.simulate._felt import STATES
from cxlib.simulate._population import Survey
from cxlib.simulate.experiment import Trial
from cxlib.simulate.panel import Panel

Table = Literal["responses", "codings", "users", "periods"]
PANEL_CUSTOMERS, PANEL_SEED = 20_000, 1


def truth(
    table: Table, parameters: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Return what a simulated table holds, computed from its probabilities.

    Parameters
    ----------
    table : {'responses', 'codings', 'users', 'periods'}
        The table.
    parameters : mapping, optional
        The arguments given to the generator, where they are not the defaults:
        those of `Survey`, `Trial` or `Panel`, and `miss`, `extra` for codings.

    Returns
    -------
    dict
        Plain dicts, strings and floats. NPS in points, shares as fractions.

    Notes
    -----
    Survey truths come from the exact law of the latent score: drivers are summed
    over all 3,125 answers, themes over all pairs. 'unweighted' is what answers as
    they come estimate, 'weighted' what weighted answers estimate, which within a
    wave is the customers' own score. Only 'pooled ols' of periods is simulated
    (20,000 customers), since rounding leaves it no closed form.

    Examples
    --------
    >>> from cxlib import simulate
    >>> known = simulate.truth("users", {"lift": 0.0})
    >>> known["conversion"]["difference"]
    0.0
    """
    makers: dict[str, tuple[type, Callable[[Any], dict[str, Any]]]] = {
        "responses": (Survey, _survey),
        "codings": (coding.Errors, _codings),
        "users": (Trial, _trial),
        "periods": (Panel, _panel),
    }
    _checks.one_of(table, "table", makers)
    model, make = makers[table]
    known = [field.name for field in fields(model)]
    for name in parameters or {}:
        if name not in known:
            raise ArgumentError(
                f"`parameters` has '{name}'; {_checks.did_you_mean(name, known)}"
            )
    chosen = model(**(parameters or {}))
    return rounded({"parameters": asdict(chosen), **make(chosen)})


def rounded(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a nested dict with floats rounded to six decimals, never -0."""
    return {
        key: rounded(value)
        if isinstance(value, dict)
        else round(value, 6) + 0.0
        if isinstance(value, float)
        else value
        for key, value in values.items()
    }


def _survey(survey: Survey) -> dict[str, Any]:
    """Return the truth of the responses."""
    told = _implied.themes(survey)
    steps = _felt.theme_steps(survey) * _population.GRID
    effects = {s[0] + s[1]: float(e) for s, e in zip(STATES, steps, strict=False)}
    return {
        "nps": {
            "unweighted": _implied.nps(survey, weighted=False),
            "weighted": _implied.nps(survey, weighted=True),
        },
        "last change": {
            "unweighted": _implied.change(survey, weighted=False),
            "weighted": _implied.change(survey, weighted=True),
        },
        "verbatims": _implied.verbatims(survey),
        "themes": told,
        "latent effect of themes": effects,
        "theme not in the codebook": "loyalty",
        "drivers": _implied.drivers(survey),
        "response rate": _implied.response_rate(survey),
        "score blank": survey.blank,
    }


def _codings(errors: coding.Errors) -> dict[str, Any]:
    """Return the agreement of the two coders, given the default responses."""
    told = _implied.themes(Survey())
    prevalence = {name: float(told[name]["prevalence"]) for name in coding.LISTED}  # type: ignore[arg-type]
    kappa = partial(coding.kappa, errors=errors)
    values = {name: kappa(p) for name, p in prevalence.items()}
    return {
        "kappa": values,
        "mean kappa": float(np.mean(list(values.values()))),
        "pooled kappa": kappa(float(np.mean(list(prevalence.values())))),
    }


def _trial(trial: Trial) -> dict[str, Any]:
    """Return the truth of users and events."""
    share = np.array([1 - experiment.LOYAL_SHARE, experiment.LOYAL_SHARE])
    reached = np.einsum("avs,v->as", experiment.reach(trial), share)
    arms = dict(zip(experiment.VARIANTS, range(2), strict=True))
    steps = experiment.STEPS
    return {
        "conversion": _arms(experiment.conversion(trial)),
        "spend": _arms(experiment.mean_spend(trial)),
        "correlation of spend and pre_spend": experiment.correlation(trial),
        "reach": {arm: _implied.labelled(steps, reached[a]) for arm, a in arms.items()},
        "step rate": {
            arm: _implied.labelled(steps[1:], reached[a, 1:] / reached[a, :-1])
            for arm, a in arms.items()
        },
        "step that the treatment moves": "checkout -> payment",
        "nps": _arms(trial.control_nps + np.array([0.0, trial.nps_lift])),
        "nps of converted minus others": experiment.CONVERTED_NPS,
        "response rate": {"control": experiment.RESPONSE, "difference": 0.0},
        "contacts": {"control": experiment.mean_contacts(), "difference": 0.0},
    }


def _arms(values: NDArray[np.float64]) -> dict[str, float]:
    """Return control, treatment and their difference."""
    control, treatment = (float(value) for value in values)
    difference = treatment - control
    return {"control": control, "treatment": treatment, "difference": difference}


def _panel(known: Panel) -> dict[str, Any]:
    """Return the truth of the periods."""
    return {
        "effect of one point of last month's score": {
            "revenue": known.revenue_effect,
            "cost_to_serve": known.cost_effect,
            "churn odds factor": known.churn_odds,
            "upsell odds factor": known.upsell_odds,
            "churn log odds": float(np.log(known.churn_odds)),
            "upsell log odds": float(np.log(known.upsell_odds)),
        },
        "placebo lead": 0.0 if known.reverse == 0 else None,
        "monthly churn at score 7, plan basic": panel.CHURN_AT_7,
        "monthly upsell at score 7": panel.UPSELL_AT_7,
        "effect of drivers on this month's latent score": panel.DRIVER_ON_SCORE,
        "pooled ols": _pooled(known),
    }


def _pooled(known: Panel) -> dict[str, float]:
    """Return the slopes that OLS without customer effects converges to, simulated."""
    frame = panel.draw(PANEL_CUSTOMERS, 12, known, np.random.default_rng(PANEL_SEED))
    frame["last"] = frame.groupby("customer_id")["score"].shift()
    pairs = frame.dropna(subset=["last"])
    spread = float(pairs["last"].var())
    return {
        name: float(pairs["last"].cov(pairs[name])) / spread
        for name in ("revenue", "cost_to_serve")
    }
