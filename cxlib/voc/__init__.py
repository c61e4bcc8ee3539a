"""Verbatims: code them, measure how well, and say what they say."""

from cxlib.voc._reliability import reliability
from cxlib.voc.agreement import agreement
from cxlib.voc.audit import audit
from cxlib.voc.bridge import bridge
from cxlib.voc.choices import caveats, choices, decision
from cxlib.voc.codebook import Code, Codebook
from cxlib.voc.coder import code
from cxlib.voc.cooccurrence import cooccurrence
from cxlib.voc.coverage import commenters, coverage
from cxlib.voc.discovery import keyness, suggest_codes
from cxlib.voc.disputes import disagreements
from cxlib.voc.drift import drift
from cxlib.voc.emerging import emerging
from cxlib.voc.impact import impact
from cxlib.voc.learn import learn
from cxlib.voc.next_up import next_to_code
from cxlib.voc.parity import parity
from cxlib.voc.prepare import prepare
from cxlib.voc.prevalence import prevalence
from cxlib.voc.quotes import quotes
from cxlib.voc.redact import names_of, redact
from cxlib.voc.reweighted import reweighted
from cxlib.voc.score_change import score_change
from cxlib.voc.sentiment import sentiment
from cxlib.voc.sheets import read_sheet, write_sheet
from cxlib.voc.solved import if_solved
from cxlib.voc.text import answers, clean
from cxlib.voc.unseen import unseen
from cxlib.voc.versions import check_examples, compare_codebooks

__all__ = [
    "Code",
    "Codebook",
    "agreement",
    "answers",
    "audit",
    "bridge",
    "caveats",
    "check_examples",
    "choices",
    "clean",
    "code",
    "commenters",
    "compare_codebooks",
    "cooccurrence",
    "coverage",
    "decision",
    "disagreements",
    "drift",
    "emerging",
    "if_solved",
    "impact",
    "keyness",
    "learn",
    "names_of",
    "next_to_code",
    "parity",
    "prepare",
    "prevalence",
    "quotes",
    "read_sheet",
    "redact",
    "reliability",
    "reweighted",
    "score_change",
    "sentiment",
    "suggest_codes",
    "unseen",
    "write_sheet",
]


def __dir__() -> list[str]:
    """Name what is for users; after a Tab, its modules would hide it."""
    return __all__
