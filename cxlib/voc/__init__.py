"""Verbatims: code them, measure how well, and say what they say."""

from cxlib.voc._reliability import reliability
from cxlib.voc.agreement import Agreement, agreement
from cxlib.voc.choices import caveats, choices, decision
from cxlib.voc.codebook import Code, Codebook
from cxlib.voc.coder import code
from cxlib.voc.coverage import Commenters, Coverage, commenters, coverage
from cxlib.voc.discovery import keyness, suggest_codes
from cxlib.voc.emerging import Emerging, emerging
from cxlib.voc.impact import Impact, impact
from cxlib.voc.prevalence import Prevalence, prevalence
from cxlib.voc.quotes import Quotes, quotes
from cxlib.voc.redact import redact
from cxlib.voc.sentiment import Sentiment, sentiment
from cxlib.voc.text import answers, clean
from cxlib.voc.unseen import Unseen, unseen

__all__ = [
    "Agreement",
    "Code",
    "Codebook",
    "Commenters",
    "Coverage",
    "Emerging",
    "Impact",
    "Prevalence",
    "Quotes",
    "Sentiment",
    "Unseen",
    "agreement",
    "answers",
    "caveats",
    "choices",
    "clean",
    "code",
    "commenters",
    "coverage",
    "decision",
    "emerging",
    "impact",
    "keyness",
    "prevalence",
    "quotes",
    "redact",
    "reliability",
    "sentiment",
    "suggest_codes",
    "unseen",
]
