"""Read and show verbatims: customers' words, which may be hostile."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

MAX_CHARS = 20_000
_CONTROL = (
    "\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\ufeff\ufff0-\ufffb\ud800-\udfff\U000e0000-\U000e007f"
)
_UNSEEN = re.compile(f"[{_CONTROL}]")
_ACCENT = re.compile("[\u0300-\u036f]")
_MARK = "\u0300-\u036f\u0483-\u0489\u20d0-\u20ff"
_STACKED = re.compile(f"([{_MARK}]{{3}})[{_MARK}]+")
# Thai, Lao, kana and Han put no space between words: each sign is a word.
_SPACELESS = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = re.compile(f"[{_SPACELESS}]|[^\\W{_SPACELESS}]+")
# Answers that fill the box and say nothing, folded; words of many languages because
# a survey asked in one is answered in another.
_EMPTY_ANSWERS = (
    "n a;na;nd;n d;nil;none;nothing;no;nope;no comment;no comments;nothing to add;"
    "nothing to say;not applicable;no answer;no reason;null;nan;idk;i don t know;"
    "don t know;niente;nulla;nessuno;nessuna;nessun commento;non saprei;non so;"
    "niente da dire;niente da aggiungere;nulla da dire;nulla da aggiungere;"
    "nessun motivo;non applicabile;nada;ninguno;ninguna;nada que decir;rien;aucun;"
    "aucune;sans commentaire;rien a dire;nichts;keine;kein kommentar;keine angabe;"
    "nao;nenhum;nenhuma;x;xx;xxx"
)
_NOTHING = frozenset(_EMPTY_ANSWERS.split(";"))


def fold(text: str) -> str:
    r"""Return the text without case, accents and unseen characters, for matching.

    Parameters
    ----------
    text : str
        Only the first 20,000 characters are read: a customer does not write more,
        and nothing a customer writes may stop a run.

    Returns
    -------
    str
        White space is kept as it is.

    Examples
    --------
    >>> fold("PERCHÉ\x00 Così")
    'perche cosi'
    """
    text = text[:MAX_CHARS]
    if text.isascii():
        return _UNSEEN.sub("", text.lower())
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _UNSEEN.sub("", unicodedata.normalize("NFC", _ACCENT.sub("", plain)))


def words(text: str) -> list[str]:
    """Return the words of a folded text, in order.

    Examples
    --------
    >>> words("l'attesa, 24/7")
    ['l', 'attesa', '24', '7']
    """
    return _WORD.findall(text)


def placed_words(text: str) -> list[tuple[str, int, int]]:
    """Return the words of a folded text with their begin and end.

    Examples
    --------
    >>> placed_words("so late")
    [('so', 0, 2), ('late', 3, 7)]
    """
    return [(m[0], m.start(), m.end()) for m in _WORD.finditer(text)]


def clean(text: str, *, width: int | None = None) -> str:
    r"""Return a verbatim as one line that is safe to show as text.

    Parameters
    ----------
    text : str
    width : int, optional
        Cut at a word's end after so many characters, with an ellipsis.

    Returns
    -------
    str
        Without NUL, control, bidirectional and other unseen characters and without
        towers of accents. It is not escaped: whatever renders it does that.

    Examples
    --------
    >>> clean("late\x00 \u202e again\n\n=cmd", width=12)
    'late again…'
    """
    shown = _STACKED.sub(r"\1", _UNSEEN.sub("", text[: 4 * MAX_CHARS]))
    shown = " ".join(shown.split())
    if width is None or len(shown) <= width:
        return shown
    head = shown[:width]
    return (head.rsplit(" ", 1)[0] if " " in head else head).rstrip(" ,;:") + "…"


def answers(texts: Iterable[object]) -> npt.NDArray[np.object_]:
    r"""Sort verbatims into 'said', 'nothing' and 'blank'.

    Parameters
    ----------
    texts : iterable
        Verbatims; anything but a string is blank.

    Returns
    -------
    ndarray of str, one a verbatim
        'blank': missing, or only white space and unseen characters. 'nothing': only
        punctuation, or an answer such as "n/a", ".", "niente" or "nothing". 'said':
        all others, an emoji included: the denominator of every share.

    Examples
    --------
    >>> list(answers(["late", " ", None, "N/A", "...", "Niente!", "\U0001f620"]))
    ['said', 'blank', 'blank', 'nothing', 'nothing', 'nothing', 'said']
    """
    values = pd.Series(list(texts), dtype=object)
    codes, unique = pd.factorize(values, use_na_sentinel=True)
    kinds = np.array([_answer(text) for text in unique] + ["blank"], dtype=object)
    found: npt.NDArray[np.object_] = kinds[codes]
    return found


@lru_cache(maxsize=50_000)
def _answer(text: object) -> str:
    """Sort one verbatim; a notebook asks of the same ones again and again."""
    if not isinstance(text, str):
        return "blank"
    folded = fold(text)
    if not folded.strip():
        return "blank"
    if len(folded) > 60:
        return "said"
    found = " ".join(words(folded))
    if found:
        return "nothing" if found in _NOTHING else "said"
    emoji = any(unicodedata.category(sign) == "So" for sign in folded)
    return "said" if emoji else "nothing"
