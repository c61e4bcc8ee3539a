"""Hold the score column to its scale and count the denominator."""

from __future__ import annotations

from math import inf, isinf

import pandas as pd

from cxlib.data.checks import Check, examples
from cxlib.errors import Problem
from cxlib.scales import REGISTRY, Scale

MAX_INVALID_SHARE = 0.2
_MIN_TO_DOUBT = 50


def check_scores(
    frame: pd.DataFrame, scale: Scale, file: str
) -> tuple[pd.DataFrame, dict[str, int], list[Check], list[Problem]]:
    """Blank the answers that are off the scale; see `judge`."""
    score = frame["score"]
    tally = score.groupby(score, sort=False).size()
    counts, checks, problems = judge(tally, len(score), scale, file)
    return (
        frame.assign(score=score.where(scale.valid(score))), counts, checks, problems
    )  # fmt: skip


def judge(
    tally: pd.Series, asked: int, scale: Scale, file: str
) -> tuple[dict[str, int], list[Check], list[Problem]]:
    """Count asked, answered and so on from how often each answer was given.

    A share of more than 20 % off the scale, or a registry scale whose upper half (on
    an NPS scale: whose promoters) nobody in 50 used, stops the run: the declared scale
    is most likely wrong. A highest answer that nobody in 50 gave is a caution.

    Parameters
    ----------
    tally : pandas.Series
        Rows by answer; text is infinite, a blank is left out.
    asked : int
        Rows, blank ones included.
    scale : Scale
    file : str
        For messages.
    """
    answers = pd.Series(tally.index, tally.index, dtype=float)
    valid = scale.valid(answers)
    given, answered = int(tally.sum()), int(tally[valid].sum())
    off = given - answered
    counts = {
        "asked": asked, "answered": answered, "blank": asked - given, "invalid": off,
    }  # fmt: skip
    problems = _wrong_scale(answers, valid, counts, scale, file)
    checks = []
    if off:
        seen = ", ".join(examples(answers[~valid].map(_shown), words=True))
        detail = f"off the scale {scale.low:g}-{scale.high:g} ({seen}): not counted"
        checks.append(Check.caution(f"{file}: score", detail, off))
    used = answers[valid].max() if answered else scale.high
    if not problems and answered >= _MIN_TO_DOUBT and used < scale.high:
        detail = (
            f"nobody answered above {used:g} on the scale {scale.low:g}-{scale.high:g}"
        )
        checks.append(Check.caution(f"{file}: score", detail, answered))
    return counts, checks, problems


def _wrong_scale(
    answers: pd.Series, valid: pd.Series, counts: dict[str, int], scale: Scale,
    file: str,
) -> list[Problem]:  # fmt: skip
    off, answered = counts["invalid"], counts["answered"]
    given = answered + off
    if given and off / given > MAX_INVALID_SHARE:
        rule = f"lies off the declared scale {scale.low:g}-{scale.high:g}"
        return [_problem(rule, answers, off, file, overrule=False)]
    top = answers[valid].max() if answered else scale.high
    doubtful = scale.name in REGISTRY and answered >= _MIN_TO_DOUBT
    middle = (scale.low + scale.high) / 2
    if doubtful and (top <= middle or (scale.kind == "net" and top < scale.top_from)):
        rule = (
            f"no answer is above {top:g} on the declared scale '{scale.name}' "
            f"({scale.low:g}-{scale.high:g})"
        )
        return [_problem(rule, answers, answered, file)]
    return []


def _shown(answer: float) -> str:
    return "text" if isinf(answer) else f"{answer:g}"


def _problem(
    rule: str, score: pd.Series, rows: int, file: str, *, overrule: bool = True
) -> Problem:
    numbers = score[score.abs() < inf]
    low, high = numbers.min(), numbers.max()
    fits = [s.name for s in REGISTRY.values() if s.low <= low and high == s.high]
    hint = (
        f" (answers run {low:g} to {high:g}; {', '.join(fits)} would fit)"
        if fits
        else ""
    )
    anyway = ", or spell it out as a mapping to use it all the same" if overrule else ""
    return Problem(
        rule=rule, rows=rows, file=file, column="score",
        fix=f"Declare the right `scale`{hint}{anyway}.",
    )  # fmt: skip


def unscaled(frame: pd.DataFrame, file: str) -> tuple[pd.DataFrame, list[Check]]:
    """Blank the text in a score column for which no scale was declared."""
    text = frame["score"].abs() == inf
    if not text.any():
        return frame, []
    return (
        frame.assign(score=frame["score"].mask(text)), [text_scores(file, text.sum())]
    )  # fmt: skip


def text_scores(file: str, rows: int) -> Check:
    """Say how many scores were text."""
    detail = "text in place of a number: blank"
    return Check.caution(f"{file}: score", detail, int(rows))
