"""Translate what a running notebook displays and draws."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from matplotlib.ticker import Formatter

from cxlib.report.answer import PENDING
from cxlib.report.language.page import translate
from cxlib.report.language.translator import Translator, translator

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_state: dict[str, str] = {"language": "en"}
_ORIGINAL = "_format_in_english"


def current() -> Translator:
    """Return the translator of the language that the notebook uses."""
    return translator(_state["language"])


def use(language: str) -> None:
    """Show results in a language from here on.

    Parameters
    ----------
    language : str
        One of `LANGUAGES`.

    Raises
    ------
    ArgumentError
        For any other.

    Notes
    -----
    Tables, sentences and numbers that the notebook holds stay as they are: only what
    is drawn and displayed is translated. Under `cx run` what is displayed is left to
    the exporter, which then sees every report in one language.
    """
    translator(language)
    _state["language"] = language
    _hook_display(language)


def _hook_display(language: str) -> None:
    """Let IPython, where it runs, translate HTML and answers before it sends them."""
    from IPython import get_ipython

    shell = get_ipython()
    formatter = getattr(shell, "display_formatter", None)
    if formatter is None:
        return
    original = getattr(formatter, _ORIGINAL, None)
    if original is not None:
        formatter.format = original
    if language == "en" or "CX_ROOT" in os.environ:
        return
    setattr(formatter, _ORIGINAL, formatter.format)
    formatter.format = _translated(formatter.format, translator(language))


def _translated(
    original: Callable[..., tuple[dict[str, Any], dict[str, Any]]], words: Translator
) -> Callable[..., tuple[dict[str, Any], dict[str, Any]]]:
    """Return IPython's `format` with its output translated."""

    def _format(*args: Any, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = original(*args, **kwargs)
        return {mime: bundle(mime, one, words) for mime, one in data.items()}, metadata

    return _format


def bundle(mime: str, value: Any, words: Translator) -> Any:
    """Return one representation of an output translated.

    Parameters
    ----------
    mime : str
        HTML is translated as a page, plain text as sentences, the JSON of an answer
        in each of its texts; anything else is returned as it is.
    value : object
        The representation.
    words : Translator
        Of the language.
    """
    if mime == "text/html" and PENDING not in str(value):
        from bs4 import BeautifulSoup

        soup = BeautifulSoup(str(value), "html.parser")
        translate(soup, words)
        return f'<div lang="{words.language}">{soup}</div>'
    if mime == "text/plain":
        return words.text(str(value))
    return _texts(value, words) if mime.endswith("cx.answer+json") else value


def _texts(value: Any, words: Translator) -> Any:
    """Translate every text of a JSON value, ids and states excepted."""
    if isinstance(value, Mapping):
        kept = {"id", "kind", "state", "unit_id"}
        return {k: v if k in kept else _texts(v, words) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_texts(one, words) for one in value]
    return words.text(value) if isinstance(value, str) else value


class _Local(Formatter):
    """A tick formatter whose labels are translated."""

    def __init__(self, inner: Formatter, words: Translator) -> None:
        self.inner = inner
        self.words = words

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self.words.text(self.inner(x, pos))

    def format_ticks(self, values: list[float]) -> list[str]:
        return [self.words.text(one) for one in self.inner.format_ticks(values)]

    def get_offset(self) -> str:
        return self.words.text(self.inner.get_offset())

    def set_locs(self, locs: Any) -> None:
        self.inner.set_locs(locs)

    def set_axis(self, axis: Any) -> None:
        self.inner.set_axis(axis)


def translate_figure(figure: Figure, words: Translator) -> None:
    """Translate the texts and tick labels of a chart in place.

    Parameters
    ----------
    figure : matplotlib Figure
        About to be drawn.
    words : Translator
        Of the language.
    """
    from matplotlib.axis import Axis
    from matplotlib.text import Text

    if words.language == "en":
        return
    for text in figure.findobj(Text):
        if isinstance(text, Text):
            text.set_text(words.text(text.get_text()))
    for axis in figure.findobj(Axis):  # figure.axes has no inset and no second axis
        if isinstance(axis, Axis):
            axis.set_major_formatter(_Local(axis.get_major_formatter(), words))
