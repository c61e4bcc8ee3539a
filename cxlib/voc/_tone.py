"""Praise or blame in a verbatim's words: a linear head on sentence embeddings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from cxlib.voc._embed import Encoder

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
_SEED_WEIGHT = 100.0


@cache
def seeds() -> tuple[tuple[str, ...], Array]:
    """Return our own example sentences and whether each praises (1) or blames (0)."""
    text = files("cxlib.voc").joinpath("tone.json").read_text("utf-8")
    told = json.loads(text)
    rows = [
        (sentence, float(tone == "praise"))
        for language in told.values()
        for tone, sentences in language.items()
        for sentence in sentences
    ]
    return tuple(row[0] for row in rows), np.array([row[1] for row in rows])


@dataclass(frozen=True, slots=True, eq=False)
class Tone:
    """Chance that each verbatim praises, read in two ways.

    `seeds`: by our own sentences alone; `fitted`: by the survey's own top and bottom
    scores too, each verbatim read by a model that saw no answer of its customer, NaN
    where there were too few of either.
    """

    seeds: Array
    fitted: Array


def read_tone(
    texts: list[str], top: Bools, bottom: Bools, *, groups: npt.NDArray[np.intp],
    encoder: Encoder, n_folds: int, min_ends: int, rng: np.random.Generator,
) -> Tone:  # fmt: skip
    """Read the tone of texts; `top` and `bottom` mark the scores to learn from."""
    known, praise = seeds()
    vectors = np.asarray(encoder.encode([*known, *texts]), dtype=float)
    own, rows = vectors[: len(known)], vectors[len(known) :]
    by_seeds = _head(own, praise, np.ones(len(own))).predict_proba(rows)[:, 1]
    fitted = np.full(len(rows), np.nan)
    enough = min(top.sum(), bottom.sum()) >= min_ends
    if not enough or len(np.unique(groups)) < n_folds:
        return Tone(by_seeds, fitted)
    mixed = rng.permutation(int(groups.max()) + 1)[groups]
    light = np.full(len(own), _SEED_WEIGHT / len(own))
    for train, test in GroupKFold(n_folds).split(rows, groups=mixed):
        clear = train[(top | bottom)[train]]
        model = _head(
            np.vstack([own, rows[clear]]),
            np.concatenate([praise, top[clear]]),
            np.concatenate([light, np.ones(len(clear))]),
        )
        fitted[test] = model.predict_proba(rows[test])[:, 1]
    return Tone(by_seeds, fitted)


def _head(x: Array, y: Array, weight: Array) -> LogisticRegression:
    """Fit the head; praise and blame weigh alike whatever their numbers."""
    balance = np.where(
        y == 1, weight[y == 0].sum() / weight.sum(), weight[y == 1].sum() / weight.sum()
    )
    model = LogisticRegression(C=10.0, max_iter=1000)
    return model.fit(x, y, sample_weight=2 * weight * balance)
