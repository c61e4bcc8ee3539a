"""Initiatives whose effect an experiment measured: what may be claimed of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from scipy import stats

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.roi.investments.initiatives import P90

CLAIM = "_claim"


def with_claims(
    initiatives: pd.DataFrame,
    claims: Mapping[str, Mapping[str, Any]],
    *,
    confidence_level: float = 0.95,
) -> pd.DataFrame:
    """Put what an experiment may claim in place of an initiative's declared effect.

    Use it with the findings of `journeys.claims` (`data.read_claims`): a winner that
    was picked because its gain was large enters a business case shrunken, never raw.

    Parameters
    ----------
    initiatives : pandas.DataFrame
        As `simulate` takes it; columns name, effect, effect_low, effect_high.
    claims : mapping
        Initiative's name: a finding with id, estimate, ci_lower, ci_upper, unit,
        statement and results (where it stands).
    confidence_level : float
        Of the findings' intervals.

    Returns
    -------
    pandas.DataFrame
        A copy: effect, its P10 and P90, evidence "randomised" and the source of the
        initiatives named; the others as they were.

    Raises
    ------
    DataError
        For a name that is no initiative, a finding that is no claim (its id does not
        end in `_claim`), has no gain to claim, or is not in points of the score.

    Notes
    -----
    P10 and P90 are taken from each end of the interval as those of a normal
    distribution on that side.

    Examples
    --------
    >>> plans = pd.DataFrame(
    ...     {"name": ["checkout"], "cost": [5000.0], "effect": [0.5],
    ...      "effect_low": [0.2], "effect_high": [0.8], "evidence": ["expert"]}
    ... )
    >>> claim = {"id": "score_claim", "estimate": 0.3, "ci_lower": 0.1, "ci_upper": 0.5,
    ...          "unit": "score", "statement": "claim +0.3", "results": "r.json"}
    >>> found = with_claims(plans, {"checkout": claim})
    >>> found[["effect", "effect_low", "evidence"]].round(3).values.tolist()
    [[0.3, 0.169, 'randomised']]
    """
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    names = ["name", "effect", "effect_low", "effect_high"]
    _checks.columns(initiatives, names, "initiatives")
    shrink = P90 / float(stats.norm.isf((1 - confidence_level) / 2))
    plans = initiatives.copy()
    for name in {"evidence", "source"} - set(plans.columns):
        plans[name] = pd.Series(pd.NA, index=plans.index, dtype="string")
    for name, claim in claims.items():
        _check(name, claim, [str(one) for one in plans["name"]])
        effect = float(claim["estimate"])
        low, high = (
            effect + shrink * (float(claim[end]) - effect)
            for end in ("ci_lower", "ci_upper")
        )
        source = f"{claim['results']}, {claim['id']}"
        cells: list[Any] = [effect, low, high, "randomised", source]
        columns = [*names[1:], "evidence", "source"]
        for column, value in zip(columns, cells, strict=True):
            plans.loc[plans["name"] == name, column] = value
    return plans


def _check(name: str, claim: Mapping[str, Any], known: list[str]) -> None:
    where = f"finding '{claim['id']}' for '{name}'"
    if name not in known:
        hint = _checks.did_you_mean(name, known)
        raise DataError(f"`measured` names the initiative '{name}'; {hint}")
    if not str(claim["id"]).endswith(CLAIM):
        raise DataError(
            f"{where} is no claim: a gain as it was measured is too large where it was "
            f"picked because it was large; name the finding that ends in '{CLAIM}'."
        )
    if claim["estimate"] is None:
        raise DataError(
            f"{where} has no gain to claim ({claim['statement']}); leave the "
            "initiative's declared effect, or take it out."
        )
    if claim["unit"] != "score":
        raise DataError(
            f"{where} is in {claim['unit']}; an initiative's effect is in points of "
            "the score: compare the mean of the answers as a decision metric."
        )
