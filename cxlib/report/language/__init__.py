"""Reports in other languages: the words from catalogues, the numbers by locale."""

from cxlib.report.language.catalogue import LANGUAGES, Language
from cxlib.report.language.notebook import bundle, current, translate_figure, use
from cxlib.report.language.page import translate
from cxlib.report.language.translator import Translator, translator

__all__ = [
    "LANGUAGES",
    "Language",
    "Translator",
    "bundle",
    "current",
    "translate",
    "translate_figure",
    "translator",
    "use",
]
