"""Verbatims: code them, measure how well, and say what they say."""

from cxlib.voc._reliability import reliability
from cxlib.voc.agreement import Agreement, agreement
from cxlib.voc.bridge import Bridge, bridge
from cxlib.voc.choices import caveats, choices, decision
from cxlib.voc.codebook import Code, Codebook
from cxlib.voc.coder import code
from cxlib.voc.coverage import Commenters, Coverage, commenters, coverage
from cxlib.voc.discovery import keyness, suggest_codes
from cxlib.voc.impact import Impact, impact
from cxlib.voc.prevalence import Prevalence, prevalence
from cxlib.voc.quotes import Quotes, quotes
from cxlib.voc.redact import redact
from cxlib.voc.text import answers, clean
from cxlib.voc.versions import check_examples, compare_codebooks

__all__ = [
    "Agreement",
    "Bridge",
    "Code",
    "Codebook",
    "Commenters",
    "Coverage",
    "Impact",
    "Prevalence",
    "Quotes",
    "agreement",
    "answers",
    "bridge",
    "caveats",
    "check_examples",
    "choices",
    "clean",
    "code",
    "commenters",
    "compare_codebooks",
    "coverage",
    "decision",
    "impact",
    "keyness",
    "prevalence",
    "quotes",
    "redact",
    "reliability",
    "suggest_codes",
]
