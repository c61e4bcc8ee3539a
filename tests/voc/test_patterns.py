"""Regular expressions: those that could run away are refused, the others are not."""

from __future__ import annotations

import re
import time

import pandas as pd
import pytest

from cxlib import voc
from cxlib.errors import DataError
from cxlib.voc._patterns import runaway

RUNAWAY = [
    r"(a+)+$", r"(a*)*b", r"(?:a|a)+$", r"(?:a|ab)*c", r"(\w+\s?)+x", r"(a|b|ab)*c$",
    r"(?:a?){40}a{40}", r"(a+){12}b", r"((a+)b?)+c", r"(?:.{0,40}){0,9}x",
    r"(?=(a+)+$)a", r"(?:(a+)|b)+c", r".*.*.*x", r"\s*\s*\s*x", r".*a.*b.*c",
    r"(?:a b)*(?:a b)*(?:a b)*x", r"(?:x|y+)*z", "a?" * 30 + "b",
]  # fmt: skip
HARMLESS = [
    r"\d+ days?", r"not (?:\w+ ){0,3}late", r"(?:\w+\W+){1,3}late", r"never.*arriv",
    r".*late.*courier", r"\bnot .{0,20}late\b", r"(?:very )*late", r"(?:late|slow)+",
    r"non (?:\w+\s+)*arriv", r"colou?rs?", r"(?:ha ){3,}", r"(a++)+b", r"rot+[oa]",
    r"\w+\W+\w+\W+\w+", r"\d{2,4}[/-]\d{1,2}[/-]\d{1,2}", r"(?<!not )late",
    r"(?:un|una) (?:buon|ottim)[oa]?", r"non.*mai.*arriv", r"\b(?:cost|tariff)\w*",
]  # fmt: skip


@pytest.mark.parametrize("pattern", RUNAWAY)
def test_what_could_run_away_is_refused(pattern):
    assert runaway(pattern)


@pytest.mark.parametrize("pattern", HARMLESS)
def test_what_is_harmless_passes_and_stays_fast(pattern):
    assert runaway(pattern) == ""
    book = voc.Codebook.from_dict(
        {"version": 1, "codes": [{"id": "a", "phrases": {"en": ["re:" + pattern]}}]}
    )
    words = re.findall(r"[a-z]+", pattern)
    hostile = [sign * 20_000 for sign in ("a", " ", "1", "ha ", "late ", "a b ", "1/")]
    hostile += [(" ".join(words) + " ") * 2_000, "not " + "very " * 4_000]
    start = time.process_time()
    voc.code(pd.DataFrame({"verbatim": hostile}), book)
    assert time.process_time() - start < 4


def test_the_refusal_says_what_to_write():
    with pytest.raises(DataError) as caught:
        voc.Codebook.from_dict(
            {"version": 1, "codes": [{"id": "a", "phrases": {"en": ["re:(a+)+$"]}}]}
        )
    assert str(caught.value) == (
        "codebook: 1 problem to mend.\n"
        "  - codebook · column 'a': `phrases.en`: 're:(a+)+$' repeats what already "
        "repeats in more than one way: one long text could keep it busy for hours. "
        "Bound it, as in `late.{0,30}courier`, or list the phrases."
    )


def test_an_open_repeat_reads_the_first_2000_signs():
    book = voc.Codebook.from_dict({"version": 1, "codes": [
        {"id": "open", "phrases": {"en": ["re:\\d+ days"]}},
        {"id": "bound", "phrases": {"en": ["re:\\d{1,3} days"]}}]})  # fmt: skip
    far = "word " * 500 + "12 days"
    found = voc.code(pd.DataFrame({"verbatim": [far, "12 days"]}), book)
    rows = set(zip(found["verbatim_id"], found["code"], strict=True))
    assert rows == {("row 1", "bound"), ("row 2", "open"), ("row 2", "bound")}
