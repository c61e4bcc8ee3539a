"""Every format a survey or a warehouse exports."""

from __future__ import annotations

import gzip
import hashlib

import duckdb
import numpy as np
import pandas as pd
import pytest

PLAIN = "respondent_id,score,plan\nr1,9,Basic\nr2,3,Pro\nr3,,Pro\n"
NUMBERED = (
    "responses.csv: respondent_id",
    "no id column: rows are numbered, repeat respondents cannot be seen",
)


def scores(table):
    return table.frame["score"].tolist()


def test_csv(put, load, cautions):
    table = load(put("responses.csv", PLAIN), scale="nps")
    assert table.text == "3 asked, 2 answered (66.7 %), 1 blank, 0 invalid."
    assert table.counts == {"asked": 3, "answered": 2, "blank": 1, "invalid": 0}
    assert scores(table)[:2] == [9, 3]
    assert table.frame["plan"].tolist() == ["Basic", "Pro", "Pro"]
    assert cautions(table) == []
    assert table.checks["detail"].tolist() == ["separator ',' found in the header"]
    (file,) = table.files
    assert (file.path, file.n_rows) == ("responses.csv", 3)
    assert (file.n_bytes, file.sha256) == (
        len(PLAIN),
        hashlib.sha256(PLAIN.encode()).hexdigest(),
    )


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("semicolon.csv", PLAIN.replace(",", ";")),
        ("tabs.tsv", PLAIN.replace(",", "\t")),
        ("pipes.txt", PLAIN.replace(",", "|")),
        ("crlf.csv", PLAIN.replace("\n", "\r\n")),
        ("old_mac.csv", PLAIN.replace("\n", "\r")),
        ("bom.csv", b"\xef\xbb\xbf" + PLAIN.encode()),
        ("utf16.csv", PLAIN.encode("utf-16")),
        ("zipped.csv.gz", gzip.compress(PLAIN.encode(), mtime=0)),
        ("blank_lines.csv", "\n\n" + PLAIN.replace("\nr2", "\n\nr2") + "\n\n"),
        ("no_last_newline.csv", PLAIN.rstrip()),
        ("trailing_comma.csv", PLAIN.replace("Basic", "Basic,").replace("Pro", "Pro,")),
        ("spaces.csv", " respondent_id , score , plan \n r1 , 9 , Basic \nr2,3,Pro\n"
         "r3, ,Pro\n"),
        ("quoted.csv", PLAIN.replace("Basic", '"Basic"')),
    ],
)  # fmt: skip
def test_the_same_table_in_many_dresses(put, load, name, content):
    table = load(put(name, content), scale="nps")
    assert list(table.frame.columns) == ["respondent_id", "score", "plan"]
    assert table.frame["respondent_id"].tolist() == ["r1", "r2", "r3"]
    np.testing.assert_array_equal(scores(table), [9, 3, np.nan])
    assert table.frame["plan"].tolist() == ["Basic", "Pro", "Pro"]


def test_separator_is_told_by_all_rows_not_by_the_header_alone(put, load):
    text = "Score, from 0 to 10, please;Comment\n9;fine, thanks\n3;no\n"
    table = load(
        {"path": put("a.csv", text), "columns": {"score": "Score*"}}, scale="nps"
    )
    assert scores(table) == [9, 3]
    assert table.frame["Comment"].tolist() == ["fine, thanks", "no"]


def test_declared_separator(put, load):
    for sep in ("\t", "\\t", "tab"):
        source = {"path": put("a.txt", "respondent_id\tscore\nr1\t9\n"), "sep": sep}
        assert scores(load(source, scale="nps")) == [9]


def test_quoted_line_breaks_in_header_and_cells(put, load):
    text = (
        'respondent_id,"How likely\nare you, 0-10?","Why?\r\n(in your words)"\n'
        'r1,9,"first line\nsecond, line"\nr2,3,""\n'
    )
    source = {
        "path": put("a.csv", text),
        "columns": {"score": "How likely are you, 0-10?", "verbatim": "Why?*"},
    }
    table = load(source, scale="nps")
    assert scores(table) == [9, 3]
    assert table.frame["verbatim"].iloc[0] == "first line\nsecond, line"
    assert table.frame["verbatim"].isna().tolist() == [False, True]


def test_decimal_comma(put, load):
    text = "respondent_id;score;weight;age\nr1;9;1,5;1.234,5\nr2;3;0,75;30\n"
    table = load({"path": put("a.csv", text), "decimal": ","}, scale="nps")
    assert table.frame["weight"].tolist() == [1.5, 0.75]
    assert table.frame["age"].tolist() == [1234.5, 30]


def test_a_point_is_not_dropped_from_a_number_with_decimal_comma(put, fails, load):
    text = "respondent_id;score;weight;age\nr1;9;1.5;2.5\nr2;3;0,75;30\n"
    source = {"path": put("a.csv", text), "decimal": ","}
    assert fails(source, scale="nps") == (
        "a.csv: one problem to mend.\n"
        "  - a.csv · column 'weight': is not a number (1 row). Seen: '1.5'. Mend the "
        "cells, or list the texts that mean no answer under `missing`."
    )
    other = load({"path": put("b.csv", text.replace("1.5", "1,5")), "decimal": ","})
    assert other.frame["age"].tolist() == ["2.5", "30"]


@pytest.mark.parametrize(
    ("cells", "fix"),
    [
        (("1,5", "0,75"), 'It looks like a decimal comma: declare `decimal: ","`.'),
        (("1,500", "2,000"), 'Is the comma a decimal (`decimal: ","`) or does it part '
         'thousands (`decimal: "."`)? Declare it.'),
    ],
)  # fmt: skip
def test_undeclared_comma_in_numbers_stops(put, fails, cells, fix):
    text = f"respondent_id;weight\nr1;{cells[0]}\nr2;{cells[1]}\n"
    assert fails(put("a.csv", text)) == (
        "a.csv: one problem to mend.\n"
        f"  - a.csv · column 'weight': is not a number (2 rows). Seen: '{cells[0]}', "
        f"'{cells[1]}'. {fix}"
    )


def test_declared_thousands(put, load):
    text = "respondent_id;weight\nr1;1,500.5\nr2;2e3\n"
    table = load({"path": put("a.csv", text), "decimal": "."})
    assert table.frame["weight"].tolist() == [1500.5, 2000]


def test_encodings(put, load, fails, cautions):
    raw = "respondent_id,score,città\nr1,9,Forlì\n".encode("latin-1")
    declared = load({"path": put("a.csv", raw), "encoding": "latin-1"}, scale="nps")
    assert declared.frame["città"].tolist() == ["Forlì"]
    found = load("a.csv", scale="nps")
    assert found.frame["città"].tolist() == ["Forlì"]
    assert cautions(found) == [
        (
            "a.csv",
            "not UTF-8 (byte 0xE0 at 24); read as cp1252: check accented letters, or "
            "declare `encoding`",
            0,
        )
    ]
    assert fails({"path": "a.csv", "encoding": "utf-8"}) == (
        "a.csv: byte 0xE0 at position 24 is not utf-8; declare the file's encoding "
        "('cp1252', 'mac_roman')."
    )
    assert fails({"path": "a.csv", "encoding": "latin-one"}) == (
        "a.csv: encoding 'latin-one' is unknown; try 'utf-8' or 'cp1252'."
    )


def test_nul_characters(put, load, cautions):
    table = load(put("a.csv", "respondent_id,score\nr1,9\x00\nr2,3\n"), scale="nps")
    assert scores(table) == [9, 3]
    assert cautions(table) == [("a.csv", "NUL characters removed", 0)]


def test_rows_blank_throughout_are_no_respondents(put, load, cautions):
    table = load(put("a.csv", "respondent_id,score\nr1,9\n,\n,\nr2,\n"), scale="nps")
    assert table.counts["asked"] == 2
    assert cautions(table) == [("a.csv", "rows with every cell blank: dropped", 2)]


def test_repeated_and_blank_headers(put, load):
    text = "respondent_id,x,x,,x (2)\nr1,1,2,3,4\n"
    table = load(put("a.csv", text))
    assert list(table.frame.columns) == [
        "respondent_id", "x", "x (3)", "column 4", "x (2)",
    ]  # fmt: skip
    assert table.frame.iloc[0, 1:].tolist() == [1, 2, 3, 4]


def test_one_column_is_a_doubt_about_the_separator(put, load, cautions):
    table = load(put("responses.csv", "score\n9\n3\n"), scale="nps")
    detail = "one column only; is the separator really ','? Declare `sep`."
    assert ("responses.csv", detail, 0) in cautions(table)
    assert (*NUMBERED, 2) in cautions(table)
    assert table.frame["respondent_id"].tolist() == ["row 1", "row 2"]


SURVEYMONKEY = (
    "Respondent ID,Start Date,How likely?,,Your plan,\n"
    ",,Response,Why?,Basic,Pro\n"
    "1,2025-03-01,9,fine,Basic,\n"
    "2,2025-03-02,3,slow,,Pro\n"
)


def test_surveymonkey_two_rows(put, load):
    source = {
        "path": put("a.csv", SURVEYMONKEY),
        "format": "surveymonkey",
        "columns": {"score": "How likely? | Response", "verbatim": "*why?"},
    }
    table = load(source, scale="nps")
    assert scores(table) == [9, 3]
    assert table.frame["respondent_id"].tolist() == ["1", "2"]
    assert table.frame["verbatim"].tolist() == ["fine", "slow"]
    assert table.frame["Your plan | Pro"].isna().tolist() == [True, False]


def test_surveymonkey_labels_in_another_language(put, load):
    text = SURVEYMONKEY.replace("Response", "Antwort").replace(",,Antwort", ",,Antwort")
    source = {
        "path": put("a.csv", text),
        "format": "surveymonkey",
        "columns": {"score": "How likely? | Antwort"},
    }
    assert scores(load(source, scale="nps")) == [9, 3]


def test_surveymonkey_short_second_row(put, load):
    text = "Respondent ID,Score,Plan\n,Response\n1,9,Basic\n"
    source = {"path": put("a.csv", text), "format": "surveymonkey"}
    table = load(source | {"columns": {"score": "Score*"}}, scale="nps")
    assert table.frame["Plan"].tolist() == ["Basic"]


def test_surveymonkey_one_row(put, load):
    text = "Respondent ID,Score\n1,9\n2,3\n"
    source = {"path": put("a.csv", text), "format": "surveymonkey"}
    assert scores(load(source, scale="nps")) == [9, 3]


QUALTRICS = (
    "StartDate,RecordedDate,IPAddress,ResponseId,Q1_NPS,Q2\n"
    "Start,Recorded,IP,Response ID,How likely are you?,Why?\n"
    '"{""ImportId"":""startDate""}","{""ImportId"":""r""}","{""ImportId"":""i""}",'
    '"{""ImportId"":""_id""}","{""ImportId"":""QID1""}","{""ImportId"":""QID2""}"\n'
    "2025-03-01 10:00:00,2025-03-01 10:05:00,1.2.3.4,R_1,9,fine\n"
)


@pytest.mark.parametrize("theirs", ["Q1_NPS", "q1_nps", "How likely are you?", "How *"])
def test_qualtrics_three_rows(put, load, theirs):
    source = {"path": put("a.csv", QUALTRICS), "format": "qualtrics"}
    table = load(source | {"columns": {"score": theirs}}, scale="nps")
    assert scores(table) == [9]
    assert table.frame["respondent_id"].tolist() == ["R_1"]
    assert table.frame["responded_at"].tolist() == [pd.Timestamp("2025-03-01 10:05")]
    assert "IPAddress" not in table.frame.columns
    assert "personal columns left in the file: IPAddress" in set(table.checks["detail"])


def test_qualtrics_legacy(put, load):
    text = "\ufeffV1,V8,Q1,\nResponseID,EndDate,How likely?,\nR_1,2025-03-01,9,\n"
    source = {"path": put("a.csv", text), "format": "qualtrics"}
    table = load(source | {"columns": {"score": "How likely?"}}, scale="nps")
    assert scores(table) == [9]
    assert table.frame["respondent_id"].tolist() == ["R_1"]
    assert table.frame["responded_at"].notna().all()


FRAME = pd.DataFrame(
    {
        "respondent_id": [1, 2, 3],
        "responded_at": pd.to_datetime(["2025-03-01", "2025-03-02", "2025-03-03"]),
        "score": [9.0, 3.0, None],
        "plan": ["Basic", " ", "Pro"],
        "visits": [1, 99, 3],
    }
)


@pytest.mark.parametrize("kind", ["parquet", "excel", "duckdb", "query"])
def test_typed_formats(tmp_path, load, kind):
    if kind == "excel":
        FRAME.to_excel(tmp_path / "a.xlsx", index=False)
        source = {"path": "a.xlsx"}
    elif kind == "duckdb":
        with duckdb.connect(str(tmp_path / "a.duckdb")) as connection:
            connection.register("frame", FRAME)
            connection.execute("CREATE TABLE answers AS SELECT * FROM frame")
        source = {"path": "a.duckdb", "query": "SELECT * FROM answers"}
    else:
        FRAME.to_parquet(tmp_path / "a.parquet")
        source = {"path": "a.parquet"}
    if kind == "query":
        query = "SELECT * FROM 'a.parquet'"
        source = {"format": "duckdb", "query": query}
    table = load(source | {"missing": ["99"]}, scale="nps")
    assert table.frame["respondent_id"].tolist() == ["1", "2", "3"]
    assert table.frame["responded_at"].dt.day.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(scores(table), [9, 3, np.nan])
    assert table.frame["plan"].isna().tolist() == [False, True, False]
    np.testing.assert_array_equal(table.frame["visits"].astype(float), [1, np.nan, 3])
    assert table.counts["asked"] == 3


def test_nullable_and_categorical_columns_become_plain(tmp_path, load):
    frame = pd.DataFrame(
        {
            "respondent_id": ["a", "b"],
            "score": pd.array([9, None], dtype="Int64"),
            "visits": pd.array([1, None], dtype="Int64"),
            "clicks": pd.array([1, 2], dtype="Int64"),
            "paid": pd.array([True, None], dtype="boolean"),
            "plan": pd.Categorical(
                ["Basic", "Pro"], categories=["Pro", "Basic", "Old"]
            ),
        }
    ).set_index("respondent_id")
    frame.to_parquet(tmp_path / "a.parquet")
    table = load("a.parquet", scale="nps")
    kinds = {name: str(kind) for name, kind in table.frame.dtypes.items()}
    assert kinds == {
        "respondent_id": "str", "score": "float64", "visits": "float64",
        "clicks": "int64", "paid": "float64", "plan": "str",
    }  # fmt: skip
    assert table.frame["respondent_id"].tolist() == ["a", "b"]


def test_excel_sheet_and_untidy_headers(tmp_path, load, fails):
    with pd.ExcelWriter(tmp_path / "a.xlsx") as book:
        pd.DataFrame({"note": ["cover"]}).to_excel(
            book, sheet_name="Cover", index=False
        )
        answers = {"Respondent\nID ": [7], " NPS  score": ["9"]}
        pd.DataFrame(answers).to_excel(book, sheet_name="Answers", index=False)
    source = {
        "path": "a.xlsx",
        "sheet": "Answers",
        "columns": {"respondent_id": "Respondent ID", "score": "NPS score"},
    }
    assert scores(load(source, scale="nps")) == [9]
    assert fails(source | {"sheet": "Answer"}) == (
        "a.xlsx cannot be read as excel: Worksheet named 'Answer' not found"
    )


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.csv", b"", "empty.csv is empty; export it again."),
        ("empty.csv", b" \n \n", "empty.csv is empty; export it again."),
        ("empty.csv", b"\xef\xbb\xbf", "empty.csv is empty; export it again."),
        ("empty.csv", b"\x00\x00", "empty.csv is empty; export it again."),
        ("head.csv", b"respondent_id,score\n",
         "head.csv has a header but no rows; export it again."),
        ("head.csv", b"respondent_id,score\n,\n",
         "head.csv has a header but no rows; export it again."),
        ("wide.csv", b"a,b\n1,2\n1,2,3\n",
         "wide.csv: row 3 has 3 cells where the header has 2; quote the texts that "
         "hold a separator or quote."),
        ("wide.csv", b"a,b\n1,2\n1,2,3,4,5\n",
         "wide.csv: line 3 has 5 cells where the header has 2; quote the texts that "
         "hold a separator or quote."),
        ("quote.csv", b'a,b\n1,"rude courier\n2,3\n',
         "quote.csv: a quote is opened and never closed; quote the texts that hold a "
         "separator or quote."),
        ("bad.csv.gz", b"respondent_id,score\nr1,9\n",
         "bad.csv.gz is not a whole gzip file; export it again."),
        ("book.csv", b"PK\x03\x04....", "book.csv is a workbook or a zip, not text; "
         "declare `format: excel`, or unzip it."),
        ("old.csv", b"\xd0\xcf\x11\xe0....", "old.csv is an old Excel workbook, not "
         "text; save it as .xlsx."),
        ("p.csv", b"PAR1....", "p.csv is a Parquet file, not text; declare `format: "
         "parquet`."),
        ("z.csv", gzip.compress(b"a,b\n", mtime=0),
         "z.csv is gzipped, not text; end its name in .gz."),
        ("not.xlsx", b"a,b\n1,2\n",
         "not.xlsx cannot be read as excel: it is no .xlsx workbook; declare what it "
         "is under `format`."),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read(put, fails, name, content, said):
    assert fails(put(name, content)) == said


@pytest.mark.parametrize(("name"), ["old.xls", "b.xlsb", "o.ods", "not.parquet"])
def test_foreign_workbooks_are_refused_in_one_line(put, fails, name):
    said = fails(put(name, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600))
    assert said.startswith(f"{name} cannot be read as ")
    assert "\n" not in said


def test_a_query_that_fails_or_returns_nothing(put, fails):
    put("a.csv", "verbatim\nrude courier\n")
    source = {"format": "duckdb"}
    said = fails(source | {"query": "SELECT CAST(verbatim AS INT) FROM 'a.csv'"})
    assert said.startswith("query cannot be read as duckdb: Conversion Error: ")
    assert "courier" not in said
    assert fails(source | {"query": "-- nothing"}) == (
        "query cannot be read as duckdb: `query` returns no table; end it with a "
        "SELECT."
    )
    assert fails(source | {"query": "SELECT * FROM 'a.csv' LIMIT 0"}) == (
        "query returns no rows; mend the query."
    )
    assert "Table with name nowhere does not exist" in fails(
        source | {"query": "SELECT * FROM nowhere"}
    )


def test_missing_file_and_folder(put, fails, tmp_path):
    put("answers.csv", PLAIN)
    (tmp_path / "raw").mkdir()
    assert fails("answer.csv") == (
        "file answer.csv does not exist. That folder holds answers.csv. Paths are "
        "relative to the project's root."
    )
    assert fails("nowhere/answers.csv") == (
        "file nowhere/answers.csv does not exist. Paths are relative to the project's "
        "root."
    )
    assert fails("raw") == "raw is a folder; name one file in it."
