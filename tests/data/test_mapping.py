"""From the user's columns to ours: what is found, kept, set, and said when not."""

from __future__ import annotations

import pytest

from cxlib import data

TEXT = (
    "ID,Q1_NPS,How likely are you to recommend us?,Q2 [why],Q2 [plan],Done\n"
    "a,9,8,fine,Basic,TRUE\nb,3,2,slow,Pro,FALSE\nc,8,7,ok,Pro,TRUE\n"
)


@pytest.fixture
def source(put):
    return {"path": put("a.csv", TEXT)}


@pytest.mark.parametrize(
    ("theirs", "first"),
    [
        ("Q1_NPS", 9),
        ("q1_nps", 9),
        ("  Q1_NPS ", 9),
        ("How likely are you  to recommend us?", 8),
        ("*recommend us?", 8),
        ("how*", 8),
    ],
)
def test_a_column_by_name_case_text_or_pattern(source, load, theirs, first):
    table = load(source | {"columns": {"score": theirs}}, scale="nps")
    assert table.frame["score"].iloc[0] == first


def test_brackets_and_question_marks_in_a_pattern_mean_themselves(source, load, fails):
    table = load(source | {"columns": {"verbatim": "Q2 [why*"}})
    assert table.frame["verbatim"].iloc[0] == "fine"
    assert (
        "did you mean" in fails(source | {"columns": {"verbatim": "Q? [why*"}}).lower()
    )


def test_a_pattern_that_fits_several_columns(source, fails):
    assert fails(source | {"columns": {"verbatim": "Q2*"}}) == (
        "a.csv: one problem to mend.\n"
        "  - a.csv · column 'Q2*': `columns.verbatim` names a column that the file "
        "does "
        "not have. The pattern fits 2 columns: 'Q2 [why]', 'Q2 [plan]'; narrow it."
    )


def test_unknown_columns_are_listed_together_and_keep_their_case(source, fails):
    columns = {"score": "Q1_NPSS", "verbatim": "zzz"}
    assert fails(source | {"columns": columns}, scale="nps") == (
        "a.csv: 2 problems to mend.\n"
        "  - a.csv · column 'Q1_NPSS': `columns.score` names a column that the file "
        "does "
        "not have. Did you mean 'Q1_NPS'?\n"
        "  - a.csv · column 'zzz': `columns.verbatim` names a column that the file "
        "does "
        "not have. There are 'ID', 'Q1_NPS', 'How likely are you to recommend us?', "
        "'Q2 [why]', 'Q2 [plan]', 'Done'."
    )


def test_needed_columns(source, fails):
    assert fails(source, scale="nps", needs=["", "Plan_"]) == (
        "a.csv: 2 problems to mend.\n"
        "  - a.csv · column 'Plan_': the column is needed and the table does not have "
        "it. Map it under `columns`: Plan_: <your column>. There are 'ID', 'Q1_NPS', "
        "'How likely are you to recommend us?', 'Q2 [why]', 'Q2 [plan]', 'Done'.\n"
        "  - a.csv · column 'score': the column is needed and the table does not have "
        "it. Map it under `columns`: score: <your column>. There are 'ID', 'Q1_NPS', "
        "'How likely are you to recommend us?', 'Q2 [why]', 'Q2 [plan]', 'Done'."
    )


def test_needs_given_as_one_name(source, load):
    assert "Done" in load(source, needs="Done").frame.columns


def test_all_blank_column(put, fails):
    assert fails(put("b.csv", "respondent_id,score\nr1,\nr2,\n"), scale="nps") == (
        "b.csv: one problem to mend.\n"
        "  - b.csv · column 'score': every cell is blank (2 rows). Map another column, "
        "or export it again."
    )


def test_exact_name_beats_another_case(put, load):
    table = load(put("b.csv", "respondent_id,score,Score\nr1,9,1\n"), scale="nps")
    assert table.frame["score"].tolist() == [9]
    assert table.frame["Score"].tolist() == [1]


def test_set_and_parts(put, load):
    put("w1.csv", "ID,NPS,age\na,9,30\n")
    put("w2.csv", "ID,Score,age\na,3,over 60\n")
    source = {
        "columns": {"respondent_id": "ID", "score": "NPS"},
        "set": {"survey": "relation"},
        "parts": [
            {"path": "w1.csv", "set": {"wave": 1}},
            {"path": "w2.csv", "set": {"wave": 2}, "columns": {"score": "Score"}},
        ],
    }
    table = load(source, scale="nps")
    assert table.frame["wave"].tolist() == ["1", "2"]
    assert table.frame["survey"].tolist() == ["relation", "relation"]
    assert table.frame["score"].tolist() == [9, 3]
    assert table.frame["age"].tolist() == ["30", "over 60"]
    assert [file.path for file in table.files] == ["w1.csv", "w2.csv"]
    assert table.counts["asked"] == 2


@pytest.mark.parametrize("wanted", [["Pro"], "Pro", ("Pro",)])
def test_keep(source, load, wanted):
    columns = {"respondent_id": "ID", "plan": "Q2 [plan]"}
    table = load(source | {"columns": columns, "keep": {"plan": wanted}})
    assert table.frame["respondent_id"].tolist() == ["b", "c"]
    (row,) = table.checks[table.checks["rule"] == "a.csv: keep plan"].itertuples()
    assert (row.status, row.rows, row.detail) == ("pass", 1, "kept Pro; left out Basic")


def test_keep_says_nothing_of_long_or_personal_values(put, load):
    words = "the courier was rude to my mother"
    source = {
        "path": put("b.csv", f"respondent_id,kind\na,x\nb,{words}\nc,m@x.it\nd,\n")
    }
    checks = load(source | {"keep": {"kind": ["x"]}}).checks
    assert checks["detail"].iloc[-1] == (
        "kept x; left out <text of 6 characters>, <text of 33 characters>, blank"
    )


def test_keep_compares_whole_numbers_whatever_their_type(tmp_path, load):
    import pandas as pd

    frame = pd.DataFrame({"respondent_id": ["a", "b"], "progress": [100.0, 40.0]})
    frame.to_parquet(tmp_path / "a.parquet")
    table = load({"path": "a.parquet", "keep": {"progress": [100]}})
    assert table.frame["respondent_id"].tolist() == ["a"]


def test_keep_that_leaves_nothing_or_names_nothing(source, fails):
    assert fails(source | {"keep": {"Done": ["yes"]}}) == (
        "a.csv: one problem to mend.\n"
        "  - a.csv: `keep` leaves no row. Compare its values with those in the file."
    )
    assert fails(source | {"keep": {"Dome": ["yes"]}}) == (
        "a.csv: one problem to mend.\n"
        "  - a.csv · column 'Dome': `keep` names a column that the table does not "
        "have. "
        "Did you mean 'Done'?"
    )


def test_missing_texts(put, load):
    source = {"path": put("b.csv", "respondent_id,score,plan\na,99,NA\nb,9,none\n")}
    table = load(source | {"missing": [99, "none"]}, scale="nps")
    assert table.counts == {"asked": 2, "answered": 1, "blank": 1, "invalid": 0}
    assert table.frame["plan"].tolist()[0] == "NA"
    assert table.frame["plan"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "`responses` is None; it must be a path, or a mapping with a `path`."),
        (7, "`responses` is 7; it must be a path, or a mapping with a `path`."),
        ({}, "`responses` has no `path`; name the file to read."),
        ("", "`responses` has no `path`; name the file to read."),
        ({"pth": "a.csv"}, "`responses.pth` is not a key of a source; did you mean "
         "'path'?"),
        ({"path": "a.csv", "Sep": ";"}, "`responses.Sep` is not a key of a source; did "
         "you mean 'sep'?"),
        ({"path": "a.csv", "format": "spss"}, "`responses.format` is 'spss'; use one "
         "of "
         "'csv', 'qualtrics', 'surveymonkey', 'parquet', 'excel', 'duckdb', "
             "'coding_sheet', 'table'."),
        ({"path": "a.csv", "columns": ["score"]}, "`responses.columns` is ['score']; "
         "it "
         "must be a mapping."),
        ({"path": "a.csv", "columns": {"score": None}}, "`responses.columns.score` is "
         "blank; name a column of the file."),
        ({"path": "a.csv", "missing": "99"}, "`responses.missing` is '99'; it must be "
         "a "
         "list."),
        ({"path": "a.csv", "sep": 9}, "`responses.sep` is 9; it must be text; put it "
         "in "
         "quotes."),
        ({"path": "a.csv", "sep": ";;"}, "`responses.sep` is ';;'; a separator is one "
         "character, such as ';' or '\\t', or the word "
         "'spaces'."),
        ({"path": "a.csv", "decimal": ";"}, "`responses.decimal` is ';'; use '.' or "
         "','."),
        ({"path": "a.csv", "date_format": "dd/mm/yyyy"}, "`responses.date_format` is "
         "'dd/mm/yyyy'; spell it with % codes, such as '%d/%m/%Y %H:%M', or as "
         "'ISO8601'."),
        ({"path": "a.csv", "date_format": "mixed"}, "`responses.date_format` is "
         "'mixed'; "
         "spell it with % codes, such as '%d/%m/%Y %H:%M', or as 'ISO8601'."),
        ({"path": "a.duckdb"}, "`responses` reads a DuckDB file but has no `query`."),
        ({"parts": [7]}, "`responses.parts` holds 7; each must be a source."),
        ({"parts": [{"pth": "a.csv"}]}, "`responses.parts.pth` is not a key of a "
         "source; "
         "did you mean 'path'?"),
    ],
)  # fmt: skip
def test_sources_that_are_not_well_formed(fails, given, said):
    assert fails(given) == said


def test_unknown_table(tmp_path):
    with pytest.raises(ValueError, match="`table` is 'answers'; use one of"):
        data.read("answers", "a.csv", root=tmp_path)


def test_personal_columns_are_left_in_the_file(put, load):
    names = (
        "respondent_id,score,E-mail,First Name,Phone Number,IPAddress,Author,"
        "Customer Name,Data di nascita,author_country,Contact,cognome,name\n"
    )
    row = "r1,9,a@b.it,Ada,333,1.2.3.4,Ada L,Ada L,1990,IT,ada@b.it,L,Roadshow\n"
    source = {"path": put("a.csv", names + row)}
    table = load(source, scale="nps")
    assert list(table.frame.columns) == [
        "respondent_id", "score", "author_country", "name",
    ]  # fmt: skip
    assert table.checks["detail"].tolist()[-1] == (
        "personal columns left in the file: E-mail, First Name, Phone Number, "
        "IPAddress, "
        "Author, Customer Name, Data di nascita, Contact, cognome"
    )
    asked = load(source | {"columns": {"respondent_id": "E-mail"}}, needs=["Author"])
    assert asked.frame["respondent_id"].tolist() == ["a@b.it"]
    assert asked.frame["Author"].tolist() == ["Ada L"]
