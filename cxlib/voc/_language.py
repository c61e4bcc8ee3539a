"""Tell the language of verbatims, or say that it cannot be told."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cxlib.voc.text import clean

# Written by many customers wherever a survey is asked: a verbatim in one of these must
# not pass for the nearest language of the codebook.
_NEIGHBOURS = ("en", "it", "fr", "de", "es", "pt", "nl")
_READ = 400
_MIN_LETTERS = 8
Texts = npt.NDArray[np.object_]
Floats = npt.NDArray[np.float64]


def base(tag: object) -> str:
    """Return the language of a tag, small: 'it-IT' is 'it', a blank is ''.

    >>> base("pt_BR"), base(None)
    ('pt', '')
    """
    text = tag.strip().casefold() if isinstance(tag, str) else ""
    return text.replace("_", "-").split("-")[0]


def detect(
    texts: Sequence[str], languages: Iterable[str], *, min_certainty: float
) -> tuple[Texts, Floats] | None:
    """Return a language and its certainty a text; None without py3langid.

    '' where the text is short, the certainty below the floor, or no language is given;
    the tag of another language where the text is clearly in that one.
    """
    identifier = _identifier(tuple(dict.fromkeys(map(base, languages))))
    if identifier is None:
        return None
    model, wanted = identifier
    labels = np.full(len(texts), "", dtype=object)
    certainty = np.zeros(len(texts))
    for i, text in enumerate(texts):
        shown = clean(text[: 2 * _READ])[:_READ]
        if wanted and sum(map(str.isalpha, shown)) >= _MIN_LETTERS:
            labels[i], certainty[i] = _one(model, wanted, shown, min_certainty)
    return labels, certainty


def _one(
    model: Any,  # noqa: ANN401
    wanted: frozenset[str],
    text: str,
    floor: float,
) -> tuple[str, float]:
    ranked = model.rank(text)
    top, share = ranked[0]
    if top not in wanted and share >= floor:
        return top, float(share)
    among = [(name, share) for name, share in ranked if name in wanted]
    name, best = among[0]
    certainty = float(best / (sum(share for _, share in among) or 1))
    if len(wanted) == 1:
        certainty = float(best)
    return (name if certainty >= floor else ""), certainty


@cache
def _identifier(languages: tuple[str, ...]) -> tuple[Any, frozenset[str]] | None:
    whole = identifier()
    if whole is None:
        return None
    model = copy.copy(whole)
    wanted = frozenset(languages) & set(model.labels)
    model.set_languages(wanted | set(_NEIGHBOURS))
    return model, wanted


@cache
def identifier() -> Any:  # noqa: ANN401
    """Return the identifier of all its languages, None where it is not installed."""
    try:
        import py3langid  # noqa: PLC0415  # may be missing, and takes a second
        from py3langid.langid import LanguageIdentifier  # noqa: PLC0415
    except ImportError:
        return None
    file = Path(py3langid.__file__).parent / "data" / "model.npz.xz"
    return LanguageIdentifier.from_modelpath(file, norm_probs=True)
