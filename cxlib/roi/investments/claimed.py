"""Initiatives whose effect an experiment measured: what may be claimed of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from scipy import stats

from cxlib import _checks
from cxlib.errors import DataError
from cxlib.roi import _words
from cxlib.roi.investments._cells import RETAINED, REVENUE, SCORE, SERVING
from cxlib.roi.investments.distributions import P90

CLAIM = "_claim"
_YEAR, _EACH = "times_a_year", "amount_each"
_NEEDS: dict[tuple[str, str], tuple[str, ...]] = {
    (SCORE, "score"): (),
    (REVENUE, "amount"): (_YEAR,),
    (SERVING, "amount"): (_YEAR,),
    (RETAINED, "share_points"): (_YEAR,),
    (REVENUE, "share_points"): (_YEAR, _EACH),
    (SERVING, "share_points"): (_YEAR, _EACH),
}
_MEANT = {
    REVENUE: "money a customer, or a share with `amount_each`",
    SERVING: "money a customer, or a share with `amount_each`",
    RETAINED: "share points of customers",
}
_ASKED = {
    _YEAR: "how many such windows make a year",
    _EACH: "the money of one",
}


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
        As `simulate` takes it; columns name, effect, effect_low, effect_high, and
        `effect_on` where it is not the score. What was measured in money or shares
        needs `times_a_year`: how many windows of the test make a year (12 for the gain
        of a monthly mail, 1 for a test of a year). A share that is to become money (a
        conversion) needs `amount_each`: revenue, or cost to serve, of one.
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
        end in `_claim`), has no gain to claim, or is in a unit that cannot be turned
        into that of `effect_on`.

    Notes
    -----
    P10 and P90 are taken from each end of the interval as those of a normal
    distribution on that side. A claim on the score is taken as it is; one in money is
    multiplied by `times_a_year` for revenue or cost_to_serve (money a customer and
    year); a share by `times_a_year` for retained, and by `amount_each` as well for
    revenue or cost_to_serve. So a gain is taken to come again with every window.

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
        at = plans["name"].astype(str) == name
        scale = _scale(plans[at].iloc[0], claim)
        effect = scale * float(claim["estimate"])
        low, high = sorted(
            effect + shrink * (scale * float(claim[end]) - effect)
            for end in ("ci_lower", "ci_upper")
        )
        source = f"{claim['results']}, {claim['id']}"
        cells: list[Any] = [effect, low, high, "randomised", source]
        columns = [*names[1:], "evidence", "source"]
        for column, value in zip(columns, cells, strict=True):
            plans.loc[at, column] = value
    return plans


def _check(name: str, claim: Mapping[str, Any], known: list[str]) -> None:
    where = _where(name, claim)
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


def _where(name: str, claim: Mapping[str, Any]) -> str:
    return f"finding '{claim['id']}' for '{name}'"


def _scale(row: pd.Series, claim: Mapping[str, Any]) -> float:
    """Return what turns a claim into the unit of the initiative's effect."""
    given = row.get("effect_on")
    acts_on = SCORE if pd.isna(given) or given == "" else str(given)
    unit, where = claim["unit"], _where(str(row["name"]), claim)
    needs = _NEEDS.get((acts_on, unit))
    if needs is None:
        wanted = (
            "is in points of the score: compare the mean of the answers as a decision "
            "metric"
            if acts_on == SCORE
            else f"on {_words.plain(acts_on)} is in {_MEANT[acts_on]}"
        )
        raise DataError(f"{where} is in {unit}; an initiative's effect {wanted}.")
    found = 1.0
    for column in needs:
        cell = pd.Series([row.get(column)])
        given = float(pd.to_numeric(cell, errors="coerce").iloc[0])
        if not given > 0:
            raise DataError(
                f"{where} is in {unit} of one window of the test; give the initiative "
                f"`{column}`: {_ASKED[column]}."
            )
        found *= given
    return found
