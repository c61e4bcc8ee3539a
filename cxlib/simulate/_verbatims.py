"""Write verbatims from sentence templates, many rows at a time."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cxlib.simulate import _words_en, _words_it
from cxlib.simulate._felt import STATES

LANGUAGES = ("it", "en")
NOISE_SHARE = 0.3  # of the verbatims that hold no theme
LOWER, UPPER, TYPO = 0.12, 0.015, 0.04
OPENER_SHARE = 0.22
_WORDS: tuple[Any, ...] = (_words_it, _words_en)
_TONES = ("bad", "fair", "good", "noise")
_KINDS = (*(state[0] + state[1] for state in STATES), *_TONES)
_POLARITY = np.array([-1 if k[-1] == "-" else 1 if k[-1] == "+" else 0 for k in _KINDS])
_POLARITY[_KINDS.index("bad")], _POLARITY[_KINDS.index("good")] = -1, 1
NOISE = _KINDS.index("noise")

Texts = NDArray[np.object_]
Integers = NDArray[np.int64]


def fillings(template: str, slots: dict[str, tuple[str, ...]]) -> list[str]:
    """Return the template with every combination of words in its slots."""
    used = [name for name in slots if f"{{{name}}}" in template]
    choices = itertools.product(*(slots[name] for name in used))
    return [template.format(**dict(zip(used, c, strict=True))) for c in choices]


@lru_cache(maxsize=1)
def _pools() -> tuple[Texts, Integers, Integers]:
    """Return all sentences, a row a language and kind: template starts and counts."""
    sentences: list[str] = []
    starts = np.zeros((len(LANGUAGES), len(_KINDS), 8), dtype=np.int64)
    counts = np.zeros_like(starts)
    for i, words in enumerate(_WORDS):
        for j, kind in enumerate(_KINDS):
            for k, template in enumerate(words.SENTENCES[kind]):
                filled = fillings(template, words.SLOTS)
                starts[i, j, k], counts[i, j, k] = len(sentences), len(filled)
                sentences += filled
    return texts(sentences), starts, counts


def texts(values: Sequence[str]) -> Texts:
    """Return strings as an object array."""
    return np.array(values, dtype=object)


@lru_cache(maxsize=1)
def _capitalised() -> Texts:
    """Return the sentences with a capital first letter."""
    silent = {text for words in _WORDS for text in words.SENTENCES["noise"]}
    return texts([s if s in silent else s[:1].upper() + s[1:] for s in _pools()[0]])


def _sentences(
    kind: Integers, language: Integers, rng: np.random.Generator
) -> Integers:
    """Draw a template, then a filling, and return the sentence's number."""
    _, starts, counts = _pools()
    n_templates = (counts > 0).sum(axis=2)[language, kind]
    template = (rng.random(kind.size) * n_templates).astype(np.int64)
    count = counts[language, kind, template]
    filling = (rng.random(kind.size) * count).astype(np.int64)
    chosen: Integers = starts[language, kind, template] + filling
    return chosen


def _pick(options: str, language: Integers, rng: np.random.Generator) -> Texts:
    """Draw one of a list of connecting words in each row's language."""
    lists = [getattr(words, options) for words in _WORDS]
    flat = texts([word for words in lists for word in words])
    size = np.array([len(words) for words in lists])
    start = np.array([0, size[0]])[language]
    drawn = (rng.random(language.size) * size[language]).astype(np.int64)
    chosen: Texts = flat[start + drawn]
    return chosen


def kinds(first: Integers, group: Integers, rng: np.random.Generator) -> Integers:
    """Return the kind of the first sentence, `NOISE` where nothing is said.

    Parameters
    ----------
    first : array of int
        First theme state, `len(STATES)` for none.
    group : array of int
        0 detractor, 1 passive, 2 promoter: the tone where there is no theme.
    rng : numpy.random.Generator
        Source of the draws.
    """
    none = first == len(STATES)
    silent = none & (rng.random(first.size) < NOISE_SHARE)
    kind = np.where(none, len(STATES) + group, first)
    return np.where(silent, NOISE, kind)


def write(
    first: Integers, second: Integers, language: Integers, rng: np.random.Generator
) -> Texts:
    """Return one verbatim a row.

    Parameters
    ----------
    first : array of int
        Kind of the first sentence, from `kinds`.
    second : array of int
        State of the second sentence, `len(STATES)` for none.
    language : array of int
        0 Italian, 1 English.
    rng : numpy.random.Generator
        Source of the draws.
    """
    plain, capital = _pools()[0], _capitalised()
    lead = _sentences(first, language, rng)
    opened = (rng.random(first.size) < OPENER_SHARE) & (first != NOISE)
    glad = np.where(_POLARITY[first] > 0, 1, 0)
    opener = np.where(
        glad == 1, _pick("GLAD", language, rng), _pick("OPENERS", language, rng)
    )
    text = np.where(opened, opener + plain[lead], capital[lead])
    two = np.flatnonzero(second < len(STATES))
    same = _POLARITY[first[two]] == _POLARITY[second[two]]
    spoken = language[two]
    link = np.where(same, _pick("SAME", spoken, rng), _pick("OTHER", spoken, rng))
    text[two] = text[two] + link + plain[_sentences(second[two], spoken, rng)]
    ending = np.where(first == NOISE, "", _pick("ENDINGS", language, rng))
    return _roughened(text + ending, first, rng)


def _roughened(text: Texts, first: Integers, rng: np.random.Generator) -> Texts:
    """Lower-case, shout or mistype some of the verbatims."""
    u = rng.random(text.size)
    where = rng.random(text.size)
    u[first == NOISE] = 1.0
    for i in np.flatnonzero(u < LOWER + UPPER + TYPO):
        if u[i] < LOWER:
            text[i] = text[i].lower()
        elif u[i] < LOWER + UPPER:
            text[i] = text[i].upper()
        else:
            at = 1 + int(where[i] * (len(text[i]) - 3))
            text[i] = text[i][:at] + text[i][at + 1] + text[i][at] + text[i][at + 2 :]
    return text
