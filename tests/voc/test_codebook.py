"""The codebook: what it accepts, and what it says when it does not."""

from __future__ import annotations

import pandas as pd
import pytest

from cxlib import voc
from cxlib.errors import ArgumentError, DataError


def book(*codes, **top):
    return {"version": 1, "codes": list(codes), **top}


def leaf(name="late", **more):
    return {"id": name, "phrases": {"en": [name]}, **more}


def problem(content):
    with pytest.raises(DataError) as caught:
        voc.Codebook.from_dict(content)
    return str(caught.value)


def test_any_language_key_will_do():
    found = voc.Codebook.from_dict(
        book(
            {
                "id": "ship",
                "name": {"sw": "Meli"},
                "phrases": {"sw": ["meli"], "zh": ["快递"]},
            }
        )
    )
    assert found.languages == ("sw", "zh")
    assert found.label("ship", "en") == "Meli"
    told = pd.DataFrame(
        {"verbatim": ["我的快递很慢", "MELI imechelewa"], "l": ["zh", "sw"]}
    )
    assert voc.code(told, found, language="l")["phrase"].tolist() == ["快递", "meli"]


def test_hash_follows_the_content_not_the_layout(tmp_path):
    path = tmp_path / "b.yaml"
    path.write_text("version: 1\ncodes: [{phrases: {en: [late]}, id: late}]\n")
    same = voc.Codebook.from_dict(book(leaf()))
    assert voc.Codebook.from_yaml(path).sha256 == same.sha256
    assert voc.Codebook.from_dict(book(leaf(), version=2)).sha256 != same.sha256
    assert same.text == (
        f"Codebook version 1: 1 code, phrases in en; sha256 {same.sha256[:12]}."
    )


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (
            book(leaf(phrase={"en": ["x"]})),
            "`phrase` is not a key. Did you mean 'phrases'?",
        ),
        (
            book(leaf(), verzion=1),
            "codebook: `verzion` is not a key. Did you mean 'version'?",
        ),
        (
            book(leaf(), leaf("Late")),
            "column 'Late': the id is given twice. An id names one code for ever; "
            "give the second another.",
        ),
        (
            book(leaf(parent="ship"), leaf("shop")),
            "column 'late': the parent 'ship' is not a code. Did you mean 'shop'?",
        ),
        (
            book(leaf("a", parent="b"), leaf("b", parent="a")),
            "column 'a': its parents go round in a circle: a > b > a. "
            "Let one of them have `parent: null`.",
        ),
        (
            book({"id": "a", "phrases": {"en": []}}),
            "column 'a': has no phrases. Give at least one phrase, or make it the "
            "parent of a code with some.",
        ),
        (book(leaf("a", exclude={"en": [" "]})), "`exclude.en`: a phrase is empty."),
        (
            book({"id": "a", "phrases": {"en": ["re:("]}}),
            "`phrases.en`: 're:(' is not a regular expression: missing ), "
            "unterminated subpattern at position 0. Mend the pattern.",
        ),
        (
            book({"id": "a", "phrases": {"en": ["re:x*"]}}),
            "'re:x*' matches every verbatim. Let the pattern need a letter.",
        ),
        (
            book({"id": "a", "phrases": {"en": ["*late"]}}),
            "'*late' has a `*` that does not end two letters or more.",
        ),
        (
            book({"id": "a", "phrases": {"en": [True]}}),
            "True is not text. Put it in quotes.",
        ),
        (book({"id": "a", "phrases": {False: ["x"]}}), 'quote the language `"no"`.'),
        (book({"id": "a", "phrases": {"en": "late"}}), "`phrases.en` is not a list."),
        (
            book({"id": "a", "phrases": ["late"]}),
            "`phrases` is not a list per language.",
        ),
        (book({"id": 7, "phrases": {"en": ["x"]}}), "code 1 has the id 7."),
        ({"version": 1, "codes": []}, "`codes` is not a list of codes."),
        ({"codes": [leaf()]}, "lacks `version`."),
        ([], "is not a mapping. Start with `version:` and `codes:`."),
        (book("late"), "code 1 is not a mapping."),
        (book(leaf() | {"name": ["late"]}), "`name` is not a text per language."),
    ],
)
def test_every_broken_rule_is_said(content, told):
    assert told in problem(content)


def test_all_problems_are_said_at_once():
    message = problem(book(leaf("a", parent="z"), {"id": "b", "colour": 1}))
    assert message.startswith("codebook: 1 problem to mend.")
    message = problem(book(leaf("a", parent="z"), {"id": "b"}))
    assert message.startswith("codebook: 2 problems to mend.")


def test_file_errors(tmp_path):
    path = tmp_path / "book.yaml"
    with pytest.raises(ArgumentError, match=r"there is no such file: check the path\."):
        voc.Codebook.from_yaml(path)
    path.write_text("version: 1\nversion: 2\ncodes: []\n")
    with pytest.raises(DataError) as caught:
        voc.Codebook.from_yaml(path)
    assert str(caught.value) == (
        "book.yaml is not readable as YAML: the key 'version' is given twice "
        "in line 1, column 1."
    )
    with pytest.raises(ArgumentError, match=r"did you mean 'book.yaml'\?"):
        voc.Codebook.from_yaml(tmp_path / "bok.yaml")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="not readable as YAML"):
        voc.Codebook.from_yaml(path)


def test_roll_up_adds_parents_once_and_knows_its_codes():
    tree = voc.Codebook.from_dict(
        book(leaf("top"), leaf("mid", parent="top"), leaf("low", parent="mid"))
    )
    given = pd.DataFrame({"unit": [1, 1, 2, 3], "code": ["low", "mid", "", None]})
    rolled = tree.roll_up(given)
    assert sorted(rolled.loc[rolled["unit"] == 1, "code"]) == ["low", "mid", "top"]
    assert len(rolled) == 5
    with pytest.raises(DataError) as caught:
        tree.roll_up(pd.DataFrame({"code": ["lwo"]}))
    assert str(caught.value) == (
        "code 'lwo' (1 rows) is not in the codebook; did you mean 'low'?"
    )
    assert tree.relatives("mid") == {"top", "low"}
