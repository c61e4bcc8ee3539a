"""Train one model a code from hand codes and from what the codebook itself says."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from cxlib.voc._features import Features
from cxlib.voc._kernel import INTERCEPT, Shared, fit

Array = npt.NDArray[np.float64]
Floats = npt.NDArray[np.float32]
Places = npt.NDArray[np.intp]
_WEIGHT, _FADES = 50.0, 200
_NESTED_MAX = 1_500
_HELD = 10.0
_GRID = np.linspace(-3, 3, 25)


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """What a model learns from.

    Attributes
    ----------
    features : Features
        Rows coded by hand first, then rows that the codebook alone labels.
    hand : ndarray, shape (n_hand, codes)
        Share of coders who gave the code.
    guessed : ndarray, shape (n_guessed, codes)
        How likely the codebook's texts and phrases make the code.
    use_hand : ndarray of bool, shape (codes,)
        Whether hand codes train the code: enough were given.
    fold : ndarray of int, shape (n_hand,)
    """

    features: Features
    hand: Floats
    guessed: Floats
    use_hand: npt.NDArray[np.bool_]
    fold: Places


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """Models, and what they say of rows that they have not seen.

    Attributes
    ----------
    unseen : ndarray, shape (n_hand, codes)
        Log odds (codes balanced) of each hand-coded row by the model without its fold.
    cut : ndarray, shape (n_hand, codes)
        Log odds above which the row gets the code; chosen without its fold.
    words, meaning, own, constant : ndarray, (terms | dimensions | codes, 2 | codes)
        Coefficients, the mean over the folds' models.
    cuts, odds : ndarray, shape (codes,)
        The mean cut; log odds of having the code at all.
    """

    unseen: Floats
    cut: Floats
    words: Floats
    meaning: Floats
    own: Floats
    constant: Floats
    cuts: Floats
    odds: Floats


def train(lessons: Lessons) -> Trained:
    """Fit all folds of all codes together.

    The model of a fold never sees the fold's rows; its cut is chosen on the other
    folds, each scored by a model that saw neither (up to 1,500 hand-coded rows; above,
    by the model of the row's own fold, which saw the fold to be cut but not the row).
    """
    n, codes = lessons.hand.shape
    folds = int(lessons.fold.max()) + 1 if n else 1
    held: list[tuple[int, ...]] = [(k,) for k in range(folds)] if n else [()]
    if n and folds > 2 and n <= _NESTED_MAX:
        held += list(combinations(range(folds), 2))
    shared = Shared(lessons.features.likeness(), lessons.features.own)
    label = np.vstack([lessons.hand, lessons.guessed]).astype(np.float32)
    weight = np.hstack([_weights(lessons, out) for out in held])
    code = np.tile(np.arange(codes), len(held))
    alpha, scores = fit(shared, np.tile(label, len(held)), weight, code)
    by_set = {
        out: scores[:n, k * codes : (k + 1) * codes] for k, out in enumerate(held)
    }
    mean = alpha[:, : folds * codes].reshape(len(label), folds, codes).mean(axis=1)
    return _trained(lessons, by_set, mean.astype(np.float32))


def _trained(
    lessons: Lessons, by_set: dict[tuple[int, ...], Floats], mean: Floats
) -> Trained:
    """Gather what folds say of rows they did not see, and the mean coefficients."""
    n, codes = lessons.hand.shape
    unseen = np.zeros((n, codes), dtype=np.float32)
    cut = np.zeros((n, codes), dtype=np.float32)
    for k in np.unique(lessons.fold):
        rows = lessons.fold == k
        unseen[rows] = by_set[(int(k),)][rows]
    for k in np.unique(lessons.fold):
        inner = unseen.copy()
        for j in np.unique(lessons.fold):
            pair = (int(min(j, k)), int(max(j, k)))
            if j != k and pair in by_set:
                inner[lessons.fold == j] = by_set[pair][lessons.fold == j]
        rows = lessons.fold != k
        cut[~rows] = _cuts(inner[rows], lessons.hand[rows], lessons.use_hand)
    features = lessons.features
    cuts = cut.mean(axis=0) if n else np.zeros(codes, dtype=np.float32)
    return Trained(
        unseen=unseen, cut=cut, cuts=cuts, odds=_odds(lessons),
        words=np.asarray(features.words.T @ mean, dtype=np.float32),
        meaning=features.meaning.T @ mean,
        own=np.einsum("rck,rc->ck", features.own, mean),
        constant=INTERCEPT**2 * mean.sum(axis=0),
    )  # fmt: skip


def _weights(lessons: Lessons, out: tuple[int, ...]) -> Floats:
    """Return row weights, shape (rows, codes): yes and no weigh the same in all."""
    kept = ~np.isin(lessons.fold, out)[:, None] & lessons.use_hand
    n = kept.sum(axis=0)
    total = np.where(n > 0, _WEIGHT * np.minimum(1, _FADES / np.maximum(n, 1)), _WEIGHT)
    hand = _balanced(lessons.hand, kept.astype(np.float32), n)
    guessed = np.ones_like(lessons.guessed)
    return np.vstack([hand, _balanced(lessons.guessed, guessed, total)])


def _balanced(label: Floats, weight: Floats, total: Array) -> Floats:
    """Scale weights so that yes and no make half of a total each, code by code."""
    if not len(label):
        return weight
    yes = (weight * label).sum(axis=0)
    no = (weight * (1 - label)).sum(axis=0)
    up = np.divide(total / 2, yes, out=np.zeros_like(yes), where=yes > 0)
    down = np.divide(total / 2, no, out=np.zeros_like(no), where=no > 0)
    scaled: Floats = weight * (label * up + (1 - label) * down)
    return scaled.astype(np.float32)


def _cuts(scores: Floats, hand: Floats, use: npt.NDArray[np.bool_]) -> Floats:
    """Return the cut of best F1, drawn towards zero where few have the code."""
    yes = hand.sum(axis=0)
    best = np.zeros(len(use), dtype=np.float32)
    top = np.full(len(use), -1.0)
    for cut in sorted(_GRID, key=abs):
        given = scores > cut
        f1 = 2 * (given * hand).sum(axis=0) / np.maximum(given.sum(axis=0) + yes, 1)
        better = f1 > top + 1e-9
        best, top = np.where(better, cut, best), np.where(better, f1, top)
    return np.where(use, best * yes / (yes + _HELD), 0).astype(np.float32)


def _odds(lessons: Lessons) -> Floats:
    """Return log odds of each code: by hand where that trains it, else as guessed."""
    rows = lessons.guessed if len(lessons.guessed) else lessons.hand
    share = rows.mean(axis=0)
    if len(lessons.hand):
        share = np.where(lessons.use_hand, lessons.hand.mean(axis=0), share)
    share = np.clip(share, 1e-3, 1 - 1e-3)
    return np.asarray(np.log(share / (1 - share)), dtype=np.float32)
