"""The codebook: what it accepts, and what it says when it does not."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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


MOVED = [
    leaf("price", since=2, examples={"en": ["so dear"]}),
    leaf("cost", status="merged", merged_into="price"),
    leaf("fax", status="retired"),
]


def test_merged_and_retired_codes_are_former_ones():
    found = voc.Codebook.from_dict(book(*MOVED))
    assert found.ids == ("price",)
    assert [one.id for one in found.former] == ["cost", "fax"]
    assert [found.now(one) for one in ("price", "cost", "fax")] == [
        "price",
        "price",
        "",
    ]
    assert "1 code (1 merged, 1 retired), phrases in en" in found.text
    told = pd.DataFrame({"verbatim": ["price", "cost", "fax", "price and cost"]})
    coded = voc.code(told, found)
    assert coded["verbatim_id"].tolist() == ["row 1", "row 2", "row 4"]
    assert coded["phrase"].tolist() == ["price", "cost", "price · cost"]
    hand = pd.DataFrame({"verbatim_id": "1", "code": ["cost", "price", "fax"]})
    assert found.roll_up(hand)["code"].tolist() == ["price", ""]


@pytest.mark.parametrize(
    ("codes", "told"),
    [
        (
            [leaf("a", status="gone")],
            "column 'a': `status` is 'gone'. Use active, merged or retired.",
        ),
        (
            [leaf("a", status="merged"), leaf("b")],
            "`merged_into` is None and `status` is 'merged'. Give both",
        ),
        (
            [leaf("a", merged_into="b"), leaf("b")],
            "`merged_into` is 'b' and `status` is 'active'.",
        ),
        (
            [leaf("a", status="merged", merged_into="bb"), leaf("b")],
            "`merged_into`: 'bb' is not a code.",
        ),
        (
            [leaf("a", status="merged", merged_into="a"), leaf("b")],
            "column 'a': `merged_into`: 'a' is merged itself.",
        ),
        (
            [
                leaf("a", status="merged", merged_into="b"),
                leaf("b", status="merged", merged_into="c"),
                leaf("c"),
            ],
            "`merged_into`: 'b' is merged itself. Name c.",
        ),
        (
            [leaf("a", parent="b"), leaf("b", status="retired")],
            "the parent 'b' is retired. Name an active parent, or null.",
        ),
        (
            [leaf("a", examples={"en": [""]})],
            "`examples.en`: '' is not a text. Write what a customer could say",
        ),
        ([leaf("a", since=["x"])], "`since` is ['x']."),
        (
            [{"id": "a"}, leaf("b", parent="a", status="retired")],
            "column 'a': has no phrases.",
        ),
    ],
)
def test_every_broken_rule_of_a_codes_life_is_said(codes, told):
    assert told in problem(book(*codes))


WORD = st.text("abcdeéß快 ;\\'\"#:-&0", min_size=1, max_size=9).map(
    lambda text: ("x" + text + "x").strip()
)
LISTED = st.dictionaries(
    st.sampled_from(["en", "it", "no", "pt-BR"]),
    st.lists(WORD, min_size=1, max_size=3, unique=True),
    max_size=3,
)
SPOKEN = st.dictionaries(st.sampled_from(["en", "no"]), WORD, max_size=2)


@st.composite
def books(draw):
    names = draw(st.lists(st.from_regex(r"[a-z]{1,6}", fullmatch=True), min_size=1,
                          max_size=5, unique=True))  # fmt: skip
    codes = []
    for place, name in enumerate(names):
        first = place == 0
        status = (
            "active"
            if first
            else draw(st.sampled_from(["active", "merged", "retired"]))
        )
        codes.append({
            "id": name, "name": draw(SPOKEN), "definition": draw(SPOKEN),
            "phrases": {"en": [draw(WORD)]} | draw(LISTED), "exclude": draw(LISTED),
            "examples": draw(LISTED), "counterexamples": draw(LISTED),
            "parent": None if first else draw(st.sampled_from([None, names[0]])),
            "status": status, "since": draw(st.sampled_from([None, "2", "2026-01"])),
            "merged_into": names[0] if status == "merged" else None,
        })  # fmt: skip
    version = draw(st.sampled_from(["1", "2026-11", "v 3"]))
    return voc.Codebook.from_dict({"version": version, "codes": codes})


@settings(max_examples=25)
@given(books())
def test_files_and_tables_hold_the_same_codebook(made):
    with TemporaryDirectory() as folder:
        path = made.to_yaml(Path(folder) / "b.yaml")
        back = voc.Codebook.from_file(path)
        assert (back.sha256, back.codes, back.former) == (
            made.sha256, made.codes, made.former,
        )  # fmt: skip
        table = made.to_table()
        assert voc.Codebook.from_table(table).sha256 == made.sha256
        table.to_csv(Path(folder) / "b.csv", index=False)
        assert voc.Codebook.from_file(Path(folder) / "b.csv").sha256 == made.sha256


def test_an_excel_list_becomes_the_versioned_file(tmp_path):
    rows = pd.DataFrame(
        {"ID": ["price", "cost", None], "Parent": [None, "price", None],
         "Name EN": ["Price", "Cost", None], "Phrases_en": ["dear;\npric*", 12.0, None],
         "phrases_it": ["caro; re:a\\;b", None, None]}
    )  # fmt: skip
    rows.to_excel(tmp_path / "list.xlsx", index=False)
    made = voc.Codebook.from_file(tmp_path / "list.xlsx")
    assert made.version == "1"
    assert made.codes[0].phrases == {"en": ("dear", "pric*"), "it": ("caro", "re:a;b")}
    assert made.codes[1].phrases == {"en": ("12",)}
    kept = made.to_yaml(tmp_path / "book.yaml")
    assert voc.Codebook.from_yaml(kept).sha256 == made.sha256
    (tmp_path / "list.csv").write_text('id;phrases_en\nprice;"dear;pric*"\n')
    assert voc.Codebook.from_file(tmp_path / "list.csv").codes[0].phrases == {
        "en": ("dear", "pric*")
    }


def test_bad_tables_name_file_row_and_column(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text(
        "id,parent,phrases_en,exclude_en,status\n"
        "price,,re:(,,\n"
        "Price,shop,dear,,\n"
        ",,late,,\n"
        "fax,prise,fax,*x,gone\n"
    )
    with pytest.raises(DataError) as caught:
        voc.Codebook.from_file(path)
    told = str(caught.value)
    assert "list.csv · column 'id': row 3 (Price): the id is given twice" in told
    assert "list.csv · column 'id': row 4: code 3 has the id None" in told
    assert (
        "list.csv · column 'phrases_en': row 2 (price): 're:(' is not a regular" in told
    )
    assert "list.csv · column 'exclude_en': row 5 (fax): '*x' has a `*`" in told
    path.write_text("id,parent,phrases_en\nprice,shop,dear\nshap,,x\n")
    with pytest.raises(
        DataError, match=r"column 'parent': row 2 \(price\): the parent"
    ):
        voc.Codebook.from_file(path)
    path.write_text("code,phrases,nmae_en,phrases_en\nprice,dear,,x\n")
    with pytest.raises(DataError) as caught:
        voc.Codebook.from_file(path)
    told = str(caught.value)
    assert told.startswith("list.csv: 4 problems to mend.")
    assert "column 'code': is not a column of a codebook." in told
    assert "column 'phrases': is not a column of a codebook. Name its language" in told
    assert "list.csv: has no column `id`. Add a column `id`: one row a code" in told
    path.write_text("id,version,phrases_en\nprice,1,dear\ncost,2,x\n")
    with pytest.raises(DataError, match="holds several versions: 1, 2"):
        voc.Codebook.from_file(path)
    with pytest.raises(ArgumentError, match=r"its ending must be one of \.yaml"):
        voc.Codebook.from_file(tmp_path / "list.docx")
