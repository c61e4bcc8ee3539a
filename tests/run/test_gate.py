"""The gate: every message in full, everything reported at once."""
# ruff: noqa: E501  messages are quoted whole, one a line

from __future__ import annotations

import pytest

from cxlib.errors import ArgumentError
from cxlib.run import check, find


def texts(path):
    (job,) = check([path])
    return [f"{one.line}: {one.text}" for one in job.troubles]


def test_good_file_passes_with_its_names_and_files(write, workbook):
    (job,) = check([write("segment: region\nlevel: 1\n")])
    assert job.troubles == ()
    assert job.status == "ok"
    assert job.label == "sample/good"
    assert job.params == {"segment": "region", "level": 1}
    assert job.files == {
        "responses.path": workbook / "data/answers.csv",
        "codebook": workbook / "data/book.yaml",
    }


def test_empty_file_means_all_defaults(write):
    assert texts(write("")) == []
    assert texts(write("# nothing but a comment\n")) == []


def test_stem_before_the_first_dot_names_the_notebook(write, workbook):
    (job,) = check([write("segment: a\n", "params/north/good.stores.yaml")])
    assert (job.programme, job.name) == ("north", "good.stores")
    assert job.notebook == workbook / "notebooks/good.ipynb"
    assert job.troubles == ()


NOT = "not a parameter of notebooks/good.ipynb;"
TAKES = "there are 'responses', 'segment', 'level', 'min_n', 'weighted', 'drivers', 'target', 'codebook', 'thresholds', 'seed', 'output_dir'"
CASES = {
    "segmnt: a": f"1: segmnt: {NOT} did you mean 'segment'?",
    "zzz: 1": f"1: zzz: {NOT} {TAKES}.",
    "level: high": "1: level: is the text 'high'; it takes a number.",
    "level: 0,95": "1: level: is the text '0,95'; it takes a number. Write 0.95 without quotes.",
    "level: 1e-3": "1: level: is the text '1e-3'; it takes a number. Write 0.001 without quotes.",
    "level: true": "1: level: is true, true or false; it takes a number.",
    "min_n: 1.5": "1: min_n: is 1.5, a number; it takes a whole number.",
    "min_n: true": "1: min_n: is true, true or false; it takes a whole number.",
    "segment: 1.10": "1: segment: is 1.10, a number; it takes text. Write it in quotes: '1.10'.",
    "segment: true": "1: segment: is true, true or false; it takes text. Write it in quotes: 'true'.",
    "segment:": "1: segment: is empty; it takes text. Leave the line out for the default, 'plan'.",
    "segment: [a]": "1: segment: is ['a'], a list; it takes text.",
    "segment: no": "1: segment: YAML reads no as false; quote it ('no') for the text, write false for the truth value.",
    "weighted: yes": "1: weighted: YAML reads yes as true; quote it ('yes') for the text, write true for the truth value.",
    "weighted: 'no'": "1: weighted: is the text 'no'; it takes true or false. Write false.",
    "segment: 00123": "1: segment: YAML reads 00123 as 83; quote it ('00123').",
    "min_n: 12:30": "1: min_n: YAML reads 12:30 as 750; quote it ('12:30').",
    "segment: 2026-02-30": "1: segment: 2026-02-30 is no valid date (day is out of range for month); quote it if it is text.",
    "drivers: price": "1: drivers: is the text 'price'; it takes a list. Write [price].",
    "drivers: [price, 3]": "1: drivers[1]: is 3, a whole number; it takes text. Write it in quotes: '3'.",
    "drivers:\n  - price\n  - no": "3: drivers[1]: YAML reads no as false; quote it ('no') for the text, write false for the truth value.",
    "target: high": "1: target: is the text 'high'; it takes a number or nothing (null).",
    "responses: 3": "1: responses: is 3, a whole number; it takes a mapping (key: value).",
    "segment: a\nsegment: b": "2: segment: given twice, in lines 1 and 2; keep one.",
    "codebook: data/bok.yaml": "1: codebook: data/bok.yaml does not exist; did you mean 'book.yaml'?",
    "- a\n- b": "1: the file must map parameter names to values, one `name: value` a line.",
    "segment: a: b": "1: not valid YAML at line 1, column 11: mapping values are not allowed here. A text that holds ': ' must be in quotes.",
    "segment:\n\tplan": "2: not valid YAML at line 2, column 1: found character '\\t' that cannot start any token. Indent with spaces, never with tabs.",
    "segment: &a [*a]": "1: segment[0]: refers to itself.",
}  # fmt: skip


@pytest.mark.parametrize("text", CASES)
def test_message_in_full(write, text):
    assert texts(write(text))[0] == CASES[text]


SOURCES = {
    "path: data/answers.csv\n  colums: {score: q1}": "3: responses.colums: not a key of a source; did you mean 'columns'?",
    "path: data/answer.csv": "2: responses.path: data/answer.csv does not exist; did you mean 'answers.csv'?",
    "path: data/empty.csv": "2: responses.path: data/empty.csv is empty (0 bytes); export it again.",
    "path: data": "2: responses.path: data is a folder; name a file in it.",
    "format: csv": "1: `responses` has no `path`; name the file to read.",
    "path: data/answers.csv\n  format: cvs": "1: `responses.format` is 'cvs'; use one of 'csv', 'qualtrics', 'surveymonkey', 'parquet', 'excel', 'duckdb', "
             "'coding_sheet', 'table'.",
}  # fmt: skip


@pytest.mark.parametrize("text", SOURCES)
def test_source_message_in_full(write, workbook, text):
    (workbook / "data/empty.csv").touch()
    assert texts(write(f"responses:\n  {text}")) == [SOURCES[text]]


def test_parts_are_checked_one_by_one(write):
    text = "responses:\n  parts:\n    - {path: data/answers.csv, sett: {wave: a}}\n    - {path: data/gone.csv}\n"
    assert texts(write(text)) == [
        "3: responses.parts[0].sett: not a key of a source; did you mean 'set'?",
        "4: responses.parts[1].path: data/gone.csv does not exist; "
        "did you mean 'answers.csv'?",
    ]


def test_everything_wrong_is_reported_at_once(write):
    found = texts(write("segmnt: a\nlevel: x\nmin_n: 1.5\ncodebook: gone/x.yaml\n"))
    assert [text.split(":")[1].strip() for text in found] == [
        "segmnt",
        "level",
        "min_n",
        "codebook",
    ]


def test_parameters_weigh_more_than_data(write):
    (data,) = check([write("codebook: data/gone.yaml")])
    (both,) = check([write("codebook: data/gone.yaml\nlevel: x")])
    assert (data.status, both.status) == ("data", "params")


def test_dates_become_iso_text(write):
    (job,) = check([write("segment: 2026-01-31\ndrivers: [2026-02-01]")])
    assert job.params == {"segment": "2026-01-31", "drivers": ["2026-02-01"]}
    assert job.troubles == ()


def test_keys_are_text_as_written(write):
    text = "responses: {path: data/answers.csv, keep: {on: ['no'], 2024: [1]}}"
    (job,) = check([write(text)])
    assert job.params["responses"]["keep"] == {"on": ["no"], "2024": [1]}


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("db_password: hunter2", "db_password"),
        ("responses: {path: 'postgres://ann:hunter2@host/db'}", "responses.path"),
        ("segment: 'host=h password=hunter2'", "segment"),
        ("segment: ghp_hunter2hunter2hunter2hunter2hunter2", "segment"),
    ],
)
def test_secrets_are_refused_without_being_repeated(write, text, key):
    found = texts(write(text))
    assert (
        f"1: {key}: looks like a secret, and parameters are printed in the report. "
        "Take it out, change it where it was used, and keep the new one in an "
        "environment variable." in found
    )
    assert not any("hunter2" in one for one in found)


def test_columns_of_the_data_are_no_secrets(write):
    text = "responses: {path: data/answers.csv, keep: {token: [a]}, columns: {score: password}}"
    assert texts(write(text)) == []


def test_unknown_notebook_is_named(write):
    assert texts(write("", "params/sample/godo.yaml")) == [
        "None: notebooks/godo.ipynb does not exist (the file's name up to the first dot "
        "names the notebook); did you mean 'good'?"
    ]


def test_broken_notebook_is_named(write, workbook):
    path = workbook / "notebooks/good.ipynb"
    path.write_text("{}")
    assert texts(write("")) == [f"None: {path}: not a Jupyter notebook (format 4)."]


def test_two_files_for_one_place(write):
    first, second = write("", "params/a/good.yaml"), write("", "params/b/a/good.yaml")
    jobs = check([first, second])
    assert jobs[0].troubles == ()
    assert [one.text for one in jobs[1].troubles] == [
        "params/a/good.yaml has the same programme and name, a/good; rename one of the two."
    ]


def test_not_utf8(write):
    assert texts(write(b"segment: caff\xe8\n")) == [
        "None: not UTF-8 text (byte 13); save the file as UTF-8."
    ]


def test_find_takes_files_and_folders(workbook, write):
    write("", "params/sample/.hidden.yaml")
    write("", "params/sample/_read_by_others.yaml")
    found = find([workbook / "params", workbook / "params/sample/good.yaml"])
    assert len(found) == len(set(found)) == 7
    with pytest.raises(ArgumentError, match="no such params file or folder"):
        find([workbook / "nowhere"])
    with pytest.raises(ArgumentError, match=r"no \.yaml or \.yml file in this folder"):
        find([workbook / "data"] if not (workbook / "data/book.yaml").unlink() else [])


def test_gate_does_not_depend_on_the_working_directory(write, tmp_path, monkeypatch):
    path = write("segment: a\n")
    monkeypatch.chdir(tmp_path)
    assert texts(path) == []


@pytest.fixture
def with_engine(workbook):
    """The notebook 'good' with a parameter `engine`."""
    path = workbook / "notebooks/good.ipynb"
    text = path.read_text()
    added = 'engine: str = \\"pandas\\"  # works the rows\\n'
    path.write_text(text.replace("segment: str =", f"{added}segment: str =", 1))
    return workbook


def test_an_engine_that_there_is_not(write, with_engine):
    assert texts(write("engine: ibis")) == [
        "1: `engine` is 'ibis'; use one of 'pandas', 'duckdb', 'polars', 'spark'."
    ]


def test_engines_take_folders_and_patterns(write, with_engine):
    folder = with_engine / "data/log"
    folder.mkdir()
    for name in ("1.csv", "2.csv", "_SUCCESS"):
        (folder / name).write_text("respondent_id,score\nr1,9\n")
    for path in ("data/log", "data/log/*.csv"):
        (job,) = check([write(f"engine: duckdb\nresponses: {{path: '{path}'}}")])
        assert job.troubles == ()
        assert [k for k in job.files if k.startswith("responses")] == [
            "responses.path[0]", "responses.path[1]",
        ]  # fmt: skip
    assert texts(write("engine: duckdb\nresponses: {path: 'data/no/*.csv'}"))
    assert texts(write("responses: {path: data/log}")) == [
        "1: responses.path: data/log is a folder; name a file in it."
    ]
