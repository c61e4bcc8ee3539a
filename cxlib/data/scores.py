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
    """Blank the answers that are off the scale and count asked, answered and so on.

    A share of more than 20 % off the scale, or a registry scale whose upper half (on
    an NPS scale: whose promoters) nobody in 50 used, stops the run: the declared scale
    is most likely wrong. A highest answer that nobody in 50 gave is a caution.
    """
    score = frame["score"]
    valid = scale.valid(score)
    off = score.notna() & ~valid
    counts = {
        "asked": len(frame), "answered": int(valid.sum()),
        "blank": int(score.isna().sum()), "invalid": int(off.sum()),
    }  # fmt: skip
    problems = _wrong_scale(score, valid, off, scale, file)
    checks = []
    if off.any():
        seen = ", ".join(examples(score[off].map(_shown), words=True))
        detail = f"off the scale {scale.low:g}-{scale.high:g} ({seen}): not counted"
        checks.append(Check.caution(f"{file}: score", detail, int(off.sum())))
    used = score[valid].max() if valid.any() else scale.high
    if not problems and valid.sum() >= _MIN_TO_DOUBT and used < scale.high:
        detail = (
            f"nobody answered above {used:g} on the scale {scale.low:g}-{scale.high:g}"
        )
        checks.append(Check.caution(f"{file}: score", detail, int(valid.sum())))
    return frame.assign(score=score.where(valid)), counts, checks, problems


def _wrong_scale(
    score: pd.Series, valid: pd.Series, off: pd.Series, scale: Scale, file: str
) -> list[Problem]:
    given = int(score.notna().sum())
    if given and off.sum() / given > MAX_INVALID_SHARE:
        rule = f"lies off the declared scale {scale.low:g}-{scale.high:g}"
        return [_problem(rule, score, int(off.sum()), file, overrule=False)]
    top = score[valid].max() if valid.any() else scale.high
    doubtful = scale.name in REGISTRY and valid.sum() >= _MIN_TO_DOUBT
    middle = (scale.low + scale.high) / 2
    if doubtful and (top <= middle or (scale.kind == "net" and top < scale.top_from)):
        rule = (
            f"no answer is above {top:g} on the declared scale '{scale.name}' "
            f"({scale.low:g}-{scale.high:g})"
        )
        return [_problem(rule, score, int(valid.sum()), file)]
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
    check = Check.caution(
        f"{file}: score", "text in place of a number: blank", int(text.sum())
    )
    return frame.assign(score=frame["score"].mask(text)), [check]
