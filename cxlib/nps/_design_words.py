"""Words for the method line and the assumptions that every score shares."""

from __future__ import annotations

from cxlib.estimate import Design
from cxlib.nps import _words
from cxlib.result import Assumption
from cxlib.scales import Scale


def interval_name(scale: Scale, plan: Design, method: str) -> str:
    """Name the interval used, for the method line."""
    if method != "adjusted":
        return "Wald interval" if method == "wald" else "Student t interval"
    name = {"net": "Adjusted-Wald", "share": "Wilson", "mean": "Student t"}[scale.kind]
    return f"{name} interval" + (
        "" if plan.simple or scale.kind == "mean" else " on effective n"
    )


def design_name(plan: Design) -> str:
    """Say in words what the standard errors allow for."""
    parts = [
        name
        for name, given in (
            ("weights", plan.weighted),
            ("strata", plan.stratified),
            ("clusters", plan.clustered),
        )
        if given
    ]
    return (
        f"linearised for {_words.listing(parts)}"
        if parts
        else "unweighted, answers independent"
    )


def sampling(plan: Design) -> tuple[Assumption, ...]:
    """What must hold for any score of a survey to mean what it says."""
    respond = Assumption(
        text="People who answered would score like those who did not, "
        + (
            "within the cells that the weights balance."
            if plan.weighted
            else "on average."
        ),
        quality="medium" if plan.weighted else "low",
        impact="high",
    )
    independent = Assumption(
        text="Answers of different clusters are independent."
        if plan.clustered
        else "Each answer is independent of the others: nobody answers twice, and "
        "answers of one account do not move together.",
        quality="high" if plan.clustered else "medium",
        impact="medium",
    )
    return respond, independent
