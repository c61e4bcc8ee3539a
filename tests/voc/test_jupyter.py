"""A hand-coded survey whose keywords are published: an exact oracle for the coder.

`prep/hinderances_themes.csv` (Project Jupyter, CC0) gives, for each of 763 answers, the
themes and the keyword expressions that made somebody give them. The keywords stand in
runs, one run a theme, so the theme of each keyword can be worked out; the expressions
were matched from the beginning of a word.
"""

from __future__ import annotations

from collections import Counter
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
import yaml

from cxlib import voc

PREP = "data/jupyter_ux_2015/prep/"
BOOK = Path(__file__).parent / "codebooks" / "jupyter_ux.yaml"
Rows = list[tuple[int, list[str], list[str]]]


def gold(path: Path) -> Rows:
    """Row, themes and keywords of every answer that somebody coded."""
    table = pd.read_csv(path, sep=";", index_col=0).dropna()
    return [(i, a.split(","), b.split(",")) for i, a, b in table.itertuples()]


def splits(themes: list[str], keywords: list[str]) -> list[list[str]]:
    """Every way to cut the keywords into one run a theme, none twice in a run."""
    found = []
    for cuts in combinations(range(1, len(keywords)), len(themes) - 1):
        ends = (0, *cuts, len(keywords))
        runs = zip(themes, ends, ends[1:], strict=False)
        owner = [theme for theme, a, b in runs for _ in range(a, b)]
        if len(set(zip(keywords, owner, strict=False))) == len(keywords):
            found.append(owner)
    return found


def assign(rows: Rows) -> dict[int, list[tuple[str, str]]]:
    """Give each keyword of each answer its theme.

    A keyword has a theme either in all answers or in none, so a cut that gives it a
    theme which some other answer rules out is dropped, until nothing changes; of two
    readings that nothing tells apart, the first is taken.
    """
    options = {i: splits(themes, keywords) for i, themes, keywords in rows}
    said = {i: keywords for i, _, keywords in rows}
    while True:
        allowed: dict[str, set[str]] = {}
        for i, cuts in options.items():
            here: dict[str, set[str]] = {}
            for owner in cuts:
                for keyword, theme in zip(said[i], owner, strict=False):
                    here.setdefault(keyword, set()).add(theme)
            for keyword, themes in here.items():
                allowed[keyword] = allowed.get(keyword, themes) & themes
        kept = {
            i: [
                owner
                for owner in cuts
                if all(t in allowed[k] for k, t in zip(said[i], owner, strict=True))
            ]
            for i, cuts in options.items()
        }
        if kept == options:
            open_ = [i for i, cuts in kept.items() if len(cuts) > 1]
            if not open_:
                return {
                    i: list(zip(said[i], cuts[0], strict=True))
                    for i, cuts in kept.items()
                }
            kept[open_[0]] = kept[open_[0]][:1]
        options = kept


def build(rows: Rows) -> dict[str, object]:
    """Derive the codebook: one code a theme, one `re:` phrase a keyword."""
    themes: dict[str, set[str]] = {}
    for pairs in assign(rows).values():
        for keyword, theme in pairs:
            themes.setdefault(theme, set()).add(keyword)
    codes = [
        {"id": theme, "phrases": {"en": [rf"re:\b(?:{k})" for k in sorted(keywords)]}}
        for theme, keywords in sorted(themes.items())
    ]
    return {"version": 1, "codes": codes}


@pytest.fixture(scope="module")
def rows(shared):
    return gold(shared(PREP + "hinderances_themes.csv"))


@pytest.fixture(scope="module")
def coded(shared):
    answers = pd.read_csv(shared(PREP + "survey_short_columns.csv"), index_col=0)
    frame = pd.DataFrame(
        {"verbatim_id": answers.index, "verbatim": answers["hinderances"]}
    )
    return voc.code(frame, voc.Codebook.from_yaml(BOOK))


def test_committed_codebook_is_the_derived_one(rows):
    assert yaml.safe_load(BOOK.read_text("utf-8")) == build(rows)


def test_all_1888_keywords_fire_at_their_row_and_none_elsewhere(rows, coded):
    told = {(i, theme, k) for i, pairs in assign(rows).items() for k, theme in pairs}
    fired = {
        (int(row.verbatim_id), row.code, phrase.removeprefix(r"re:\b(?:")[:-1])
        for row in coded.itertuples()
        for phrase in row.phrase.split(" · ")
    }
    assert len(told) == 1888
    assert fired == told


def test_themes_of_every_answer_are_reproduced(rows, coded):
    told = {(str(i), theme) for i, themes, _ in rows for theme in themes}
    fired = set(zip(coded["verbatim_id"], coded["code"], strict=False))
    assert fired == told
    assert Counter(theme for _, theme in fired)["development"] == 425
