"""Waves of a tracker: their order, and who answered in several."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate.contrast import Method
from cxlib.nps import _words
from cxlib.nps._answers import BLANK, Answers, collect, label
from cxlib.nps._suppress import is_hidden, statuses
from cxlib.scales import Scale


def order(column: pd.Series) -> list[str]:
    """Return the wave labels in time order, blanks left out.

    An ordered categorical gives its own order; other labels sort by their text with
    numbers compared as numbers ('W2' before 'W10').
    """
    seen = set(label(column).unique()) - {BLANK}
    if isinstance(column.dtype, pd.CategoricalDtype) and column.cat.ordered:
        named = label(pd.Series(column.cat.categories))
        return [name for name in named if name in seen]
    return sorted(seen, key=_natural)


def _natural(name: str) -> list[tuple[int, float, str]]:
    parts = re.split(r"(\d+)", name)
    return [(0, float(p), "") if p.isdigit() else (1, 0.0, p.casefold()) for p in parts]


def pick(
    waves: Sequence[str], before: str | None, after: str | None
) -> tuple[str, str]:
    """Return the two waves to compare; the last two where none is named."""
    first = str(before) if before else waves[-2] if not after else ""
    last = str(after) if after else waves[-1]
    if not first:
        place = waves.index(last) if last in waves else -1
        first = waves[place - 1] if place > 0 else ""
    for name, value in (("after", last), ("before", first)):
        if value not in waves:
            hint = _checks.did_you_mean(value, waves)
            raise ArgumentError(f"`{name}` is {value!r}, which is no wave; {hint}")
    if first == last:
        raise ArgumentError(f"`before` and `after` are both {first!r}; name two waves.")
    return first, last


def tracked(
    responses: pd.DataFrame, wave: str, *, score: str,
    scale: str | Mapping[str, Any] | Scale, weights: str | None, strata: str | None,
    cluster: str | None, respondent: str | None, confidence_level: float,
    method: Method = "adjusted", needs: Sequence[str] = (),
) -> tuple[Answers, list[str]]:  # fmt: skip
    """Return the valid answers, linked over waves by person, and the waves in order."""
    _checks.columns(responses, [wave], "responses")
    linked = cluster_of(responses, cluster, respondent)
    rows, strata = strata_by_wave(responses, wave, strata, linked)
    answers = collect(
        rows, score=score, scale=scale, weights=weights, strata=strata, cluster=linked,
        method=method, confidence_level=confidence_level, needs=(wave, *needs),
    )  # fmt: skip
    return answers, order(answers.rows[wave])


def shown_or_not(labels: pd.Series, names: Sequence[str], min_n: int) -> list[str]:
    """Return the status of each wave; answers of no wave are part of the total too."""
    counts = labels.value_counts().reindex([*names, BLANK], fill_value=0).tolist()
    return statuses(counts if counts[-1] else counts[:-1], min_n)[: len(names)]


def too_few(
    labels: pd.Series, names: Sequence[str], pair: tuple[str, str], min_n: int
) -> str:
    """Say why two waves may not be compared; empty where they may."""
    counts = labels.value_counts()
    few = [name for name in pair if counts.get(name, 0) < min_n]
    if few:
        verb = "has" if len(few) == 1 else "have"
        told = f"{verb} fewer than {min_n} valid answers: not compared."
        return f"{_words.listing(few)} {told}"
    status = dict(zip(names, shown_or_not(labels, names, min_n), strict=True))
    hidden = [name for name in pair if is_hidden(status[name])]
    if hidden:
        verb = "is" if len(hidden) == 1 else "are"
        return (
            f"{_words.listing(hidden)} {verb} hidden to protect a wave with fewer than "
            f"{min_n} valid answers: not compared."
        )
    return ""


def cluster_of(
    responses: pd.DataFrame, cluster: str | None, respondent: str | None
) -> str | None:
    """Return the column that links answers of one person across waves.

    With both given the cluster must hold each respondent whole.
    """
    if not respondent:
        return cluster
    _checks.columns(responses, [respondent], "responses")
    if not cluster or cluster == respondent:
        return respondent
    _checks.columns(responses, [cluster], "responses")
    pairs = responses[[respondent, cluster]].dropna().drop_duplicates()
    split = int((pairs[respondent].value_counts() > 1).sum())
    if split:
        raise DataError(
            f"{split:,} respondents of column '{respondent}' belong to more than one "
            f"'{cluster}'; a cluster must hold each respondent whole: give `cluster` "
            "or `respondent`, not both."
        )
    return cluster


def strata_by_wave(
    responses: pd.DataFrame, wave: str, strata: str | None, cluster: str | None
) -> tuple[pd.DataFrame, str | None]:
    """Cross the strata with the waves, which were drawn separately.

    Clusters that span waves would be cut by that, so then the strata stay.
    """
    if not strata or cluster or strata not in responses.columns:
        return responses, strata
    name = "_stratum_in_wave"
    crossed = label(responses[wave]) + " / " + label(responses[strata])
    return responses.assign(**{name: crossed}), name


def overlap(
    answers: Answers, respondent: str | None,
    a: npt.NDArray[np.bool_], b: npt.NDArray[np.bool_],
) -> int:  # fmt: skip
    """Number of respondents with an answer in both groups of rows."""
    if not respondent:
        return 0
    ids = answers.rows[respondent]
    return len(set(ids[a].dropna()) & set(ids[b].dropna()))
