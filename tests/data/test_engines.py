"""Tables that stay in their files: every engine holds them to the same rules."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
import tomllib
from pathlib import Path

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import pytest
from packaging.requirements import Requirement

from cxlib import data
from cxlib.data.frames import collect
from cxlib.errors import ArgumentError, CxError, DataError

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "data" / "sample"
SPARK = pytest.param("spark", marks=pytest.mark.spark)
everywhere = pytest.mark.parametrize(
    "engine", ["duckdb", "polars", SPARK], indirect=True
)


@pytest.fixture(params=["duckdb", "polars"])
def engine(request) -> str:
    """Both engines of one machine; `everywhere` adds Spark, which is slow to test."""
    if request.param == "spark":
        request.getfixturevalue("spark")
    return request.param


def rows_of(table: data.Table) -> pd.DataFrame:
    """All rows, sorted, as pandas has them."""
    frame = table.frame
    if not isinstance(frame, pd.DataFrame):
        frame = collect(nw.from_native(frame).lazy())
    for name in frame.columns:
        if frame[name].dtype == object or isinstance(frame[name].dtype, pd.StringDtype):
            frame[name] = frame[name].astype("str")
        elif pd.api.types.is_datetime64_any_dtype(frame[name]):
            if frame[name].dt.tz is not None:
                frame[name] = frame[name].dt.tz_convert("UTC").dt.tz_localize(None)
            frame[name] = frame[name].astype("datetime64[us]")
    return frame.sort_values(list(frame.columns), ignore_index=True)


def same(one: data.Table, other: data.Table) -> None:
    """Same rows, counts, checks, sentence and provenance."""
    assert other.counts == one.counts
    assert other.text == one.text
    assert other._repr_html_() == one._repr_html_()
    assert other.files == one.files
    pd.testing.assert_frame_equal(other.checks, one.checks)
    pd.testing.assert_frame_equal(rows_of(other), rows_of(one))


def broken(read, source, **options) -> set[tuple[str, str, int]]:
    """Rule, column and rows of every problem."""
    with pytest.raises(DataError) as caught:
        read(source, **options)
    assert caught.value.problems, str(caught.value)
    return {(p.rule, p.column, p.rows) for p in caught.value.problems}


# --- the same table -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("table", "file", "options"),
    [
        ("users", "users.csv", {"needs": ["region", "device"]}),
        ("events", "events.csv", {}),
        ("responses", "responses.csv", {"scale": "nps"}),
        ("invitations", "invitations.csv", {}),
        ("periods", "periods.csv", {}),
        ("codings", "codings.csv", {}),
    ],
)
def test_the_sample_is_the_same_table_in_every_engine(engine, table, file, options):
    source = str(SAMPLE / file)
    same(
        data.read(table, source, **options),
        data.read(table, source, engine=engine, **options),
    )


def test_a_real_log_with_renamed_columns_and_a_bucket_to_leave_out(engine, shared):
    source = {
        "path": str(shared("data/simple_shop_ab/ab_test_demo.csv")),
        "columns": {
            "user_id": "client_id", "touchpoint": "event", "occurred_at": "timestamp",
            "variant": "user_backet", "value": "transaction_value",
        },
        "keep": {"variant": ["control", "test"]},
    }  # fmt: skip
    table = data.read("events", source, engine=engine)
    same(data.read("events", source), table)
    assert table.counts == {"rows": 10_039}


MESSY = (
    'user_id; variant ;Spend;age;vip;code;joined;email;note\n'
    ' u1 ;a;1.234,5;31;yes;007;2025-01-02;a@b.it;"two\nlines"\n'
    'u2;b;-2,5;n/a;no;008;2025-01-03T04:05;c@d.it;"say ""no"""\n'
    ";;;;;;;;\n"
    'u3;a;;44;no;009;2025-01-03 04:05:06.5+02:00;e@f.it;\n'
    'u4;c;3;50;yes;010;2025-01-04;g@h.it;x\n'
)  # fmt: skip


@everywhere
def test_a_messy_export_is_read_as_in_memory(engine, put, load):
    source = {
        "path": put("a.csv", MESSY), "decimal": ",", "missing": ["n/a"],
        "keep": {"variant": ["a", "b"]}, "set": {"wave": "W1"},
        "columns": {"spend": "Spend"},
    }  # fmt: skip
    table = load(source, table="users", engine=engine)
    same(load(source, table="users"), table)
    rows = rows_of(table).sort_values("user_id")
    assert rows["user_id"].tolist() == ["u1", "u2", "u3"]
    assert rows["spend"].tolist()[:2] == [1234.5, -2.5]
    assert rows["code"].tolist() == ["007", "008", "009"]
    assert rows["note"].tolist()[:2] == ["two\nlines", 'say "no"']
    assert "email" not in rows


@everywhere
@pytest.mark.parametrize(
    ("date_format", "cells"),
    [
        ("", ["2025-01-02", "2025-01-02T03:04", "2025-1-2 03:04:05.25+02:00"]),
        ("ISO8601", ["2025-01-02", "2025-01-02 03:04:05Z", "2025/01/02"]),
        ("%d/%m/%Y", ["1/2/2025", "13/02/2025", "28/02/2024"]),
        ("%d/%m/%Y %H:%M", ["01/02/2025 06:05", "9/3/2025 2:30", "30/03/2025 02:30"]),
        ("%m-%d-%Y %I:%M %p", ["01-02-2025 06:05 PM", "01-02-2025 12:05 am"]),
        ("%Y%m%d", ["20250102", "20241231"]),
        ("%d %b %Y", ["01 Feb 2025", "28 Dec 2024"]),
        ("%d.%m.%Y %H:%M:%S.%f", ["01.02.2025 06:05:04.5", "01.02.2025 06:05:04.125"]),
        ("%Y-%m-%dT%H:%M:%S", ["2025-01-02T03:04:05", "2025-10-26T02:30:00"]),
    ],
)
def test_dates_are_the_same_instants(engine, put, load, date_format, cells):
    lines = [f"u{i},{cell},x" for i, cell in enumerate(cells)]
    text = "\n".join(["user_id,occurred_at,touchpoint", *lines])
    source = {"path": put("e.csv", text), "date_format": date_format}
    source = {key: value for key, value in source.items() if value}
    same(
        load(source, table="events"),
        load(source, table="events", engine=engine),
    )


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kolkata"])
@pytest.mark.spark
def test_spark_reads_the_clock_of_the_file_not_of_its_session(spark, put, load, zone):
    kept = spark.conf.get("spark.sql.session.timeZone")
    text = (
        "user_id,occurred_at,touchpoint\nu,2025-03-09 02:30:00,x\nv,2025-03-09T02:30Z,x"
    )
    source = put("e.csv", text)
    spark.conf.set("spark.sql.session.timeZone", zone)
    try:
        table = load(source, table="events", engine="spark")
        same(load(source, table="events"), table)
    finally:
        spark.conf.set("spark.sql.session.timeZone", kept)


@everywhere
@pytest.mark.parametrize(
    "scale", ["nps", None, {"name": "own", "low": 0, "high": 10, "kind": "mean"}]
)
def test_scores_labels_and_texts(engine, put, load, scale):
    cells = ["10 - Extremely likely", "9", "", "soon", "7", "8.0", "0 - Not at all"]
    lines = [f"r{i},{cell}" for i, cell in enumerate(cells)]
    source = put("r.csv", "\n".join(["respondent_id,score", *lines]))
    same(load(source, scale=scale), load(source, scale=scale, engine=engine))


@everywhere
def test_rows_without_ids_are_numbered_apart(engine, put, load):
    source = put("r.csv", "score,plan\n9,a\n9,a\n3,b\n")
    table = load(source, scale="nps", engine=engine)
    assert table.counts["answered"] == 3
    assert rows_of(table)["respondent_id"].nunique() == 3
    pd.testing.assert_frame_equal(table.checks, load(source, scale="nps").checks)


@everywhere
def test_files_of_several_kinds_become_one_table(engine, put, load):
    put("a.csv", "user_id,variant,plan,n\n1,a,7,1\n2,b,8,2\n")
    put("b.csv", "user_id,variant,plan,n,extra\nx1,a,gold,1.5,3\nx2,b,gold,2,\n")
    source = {"parts": ["a.csv", {"path": "b.csv", "set": {"wave": "2"}}]}
    same(
        load(source, table="users"),
        load(source, table="users", engine=engine),
    )


@everywhere
def test_identical_rows_are_dropped_once(engine, put, load):
    source = put("c.csv", "verbatim_id,coder,code\n1,a,x\n1,a,x\n1,a,\n1,a,\n2,b,x\n")
    table = load(source, table="codings", engine=engine)
    same(load(source, table="codings"), table)
    assert table.counts == {"rows": 3}
    with pytest.raises(DataError, match=r"1 / a / \(blank\)"):
        load(put("d.csv", "verbatim_id,coder,code,n\n1,a,,1\n1,a,,2\n2,b,x,1\n"),
             table="codings", engine=engine)  # fmt: skip


@pytest.fixture
def typed(tmp_path) -> pd.DataFrame:
    """A Parquet file with every type that a contract may meet."""
    frame = pd.DataFrame(
        {
            "user_id": [1, 2, 3], "variant": ["a", "b", "a"],
            "occurred_at": pd.to_datetime(["2025-01-02 03:04:05.25"] * 3),
            "zoned": pd.to_datetime(["2025-07-01"] * 3).tz_localize("Europe/Rome"),
            "touchpoint": pd.Categorical(["x", "y", "x"]),
            "value": [1.5, np.nan, -99.0],
            "flag": [True, False, True], "half": [1.0, 2.0, 3.0],
            "note": ["", " n/a ", "z"],
        }
    )  # fmt: skip
    frame.to_parquet(tmp_path / "t.parquet")
    return frame


@everywhere
def test_parquet_keeps_its_types(engine, typed, load):
    columns = {"journey_id": "half", "channel": "flag"}
    source = {"path": "t.parquet", "missing": ["n/a", "-99"], "columns": columns}
    table = load(source, table="events", engine=engine)
    same(load(source, table="events"), table)
    rows = rows_of(table)
    assert rows["user_id"].tolist() == ["1", "2", "3"]
    assert rows["journey_id"].tolist() == ["1", "2", "3"]
    assert rows["value"].isna().tolist() == [False, True, True]


@everywhere
def test_lists_and_records_stay_in_the_file_and_are_named(engine, load, tmp_path):
    frame = pd.DataFrame({"user_id": ["u", "v"], "variant": ["a", "b"]})
    frame["tags"] = [["x"], ["y", "z"]]
    frame["seen"] = [{"n": 1}, {"n": 2}]
    frame.to_parquet(tmp_path / "n.parquet")
    table = load("n.parquet", table="users", engine=engine)
    assert table.checks[["status", "detail"]].to_numpy().tolist() == [
        ["caution", "lists or records left in the file: tags, seen"]
    ]
    assert list(rows_of(table).columns) == ["user_id", "variant"]


@everywhere
def test_a_zone_in_parquet_becomes_utc(engine, typed, load):
    source = {"path": "t.parquet", "columns": {"occurred_at": "zoned"}}
    rows = rows_of(load(source, table="events", engine=engine))
    assert rows["occurred_at"].astype(str).unique().tolist() == ["2025-06-30 22:00:00"]


@everywhere
def test_a_folder_and_a_pattern_are_one_table(engine, load, tmp_path):
    folder = tmp_path / "log"
    folder.mkdir()
    lines = pd.read_csv(SAMPLE / "events.csv")
    lines.iloc[:20_000].to_parquet(folder / "1.parquet")
    lines.iloc[20_000:].to_parquet(folder / "2.parquet")
    (folder / "_SUCCESS").write_text("")
    whole = data.read("events", str(SAMPLE / "events.csv"))
    for path in ("log", "log/*.parquet"):
        source = {"path": path, "format": "parquet"}
        table = load(source, table="events", engine=engine)
        assert table.counts == whole.counts
        assert len(table.files) == 1
        pd.testing.assert_frame_equal(rows_of(table), rows_of(whole))


def test_delimited_files_of_a_folder_share_their_header(engine, load, put, tmp_path):
    (tmp_path / "log").mkdir()
    put("log/1.csv", "user_id,variant\nu,a\n")
    put("log/2.csv", "user_id,variant\nv,b\n")
    table = load("log", table="users", engine=engine)
    assert rows_of(table)["variant"].tolist() == ["a", "b"]
    put("log/3.csv", "variant,user_id\na,w\n")
    with pytest.raises(DataError) as caught:
        load("log", table="users", engine=engine)
    assert str(caught.value) == (
        "3.csv has not the header of 1.csv; files read together have the same columns "
        "in the same order. List others under `parts`."
    )


@everywhere
def test_a_zipped_export(engine, put, load):
    raw = gzip.compress((SAMPLE / "users.csv").read_bytes())
    source = put("users.csv.gz", raw)
    table = load(source, table="users", engine=engine)
    same(load(source, table="users"), table)
    assert table.files[0].sha256 == hashlib.sha256(raw).hexdigest()


def test_a_query_on_a_duckdb_file_is_a_snapshot(load, tmp_path):
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as made:
        made.execute("create table u as select range::varchar user_id, 'a' variant"
                     " from range(5)")  # fmt: skip
    query = "select user_id, variant from u where user_id <> '0';"
    source = {"path": "crm.duckdb", "query": query}
    table = load(source, table="users", engine="duckdb")
    same(load(source, table="users"), table)
    with duckdb.connect(str(tmp_path / "crm.duckdb")) as free:
        free.execute("delete from u")
    assert len(rows_of(table)) == 4


@pytest.mark.spark
def test_a_query_on_sparks_catalogue(spark, load):
    spark.sql("select 'u' user_id, 'a' variant").createOrReplaceTempView("assigned")
    source = {"format": "table", "query": "select * from assigned"}
    table = load(source, table="users", engine="spark")
    assert table.text == "users: 1 rows, one randomised unit each."
    assert table.files[0].path == "query"


@everywhere
def test_tables_of_one_engine_can_be_joined(engine, put, load):
    from cxlib import journeys

    users = load(put("u.csv", "user_id,variant\nu,a\nv,b\n"), table="users")
    answers = put("r.csv", "respondent_id,score\nv,9\n")
    source = load("u.csv", table="users", engine=engine)
    joined = journeys.with_scores(source.frame, load(answers, engine=engine).frame)
    assert isinstance(joined, type(source.frame))
    found = collect(nw.from_native(joined).lazy()).sort_values("user_id")
    assert found["score"].isna().tolist() == [True, False]
    assert users.counts == source.counts


@pytest.mark.spark
@pytest.mark.parametrize("file", ["events.csv", "responses.csv"])
def test_the_sample_is_the_same_table_in_spark(spark, file):
    table, source = file.removesuffix(".csv"), str(SAMPLE / file)
    scale = "nps" if table == "responses" else None
    same(
        data.read(table, source, scale=scale),
        data.read(table, source, scale=scale, engine="spark"),
    )


# --- the same problems ---------------------------------------------------------------

USERS = "user_id,variant,spend\n"
EVENTS = "user_id,occurred_at,touchpoint,value\n"


@pytest.mark.parametrize(
    ("table", "text", "options"),
    [
        ("users", "user_id,group\nu,a\n", {}),
        ("users", USERS + "u,a,1\nv,,2\n,b,3\n", {}),
        ("users", USERS + "u,,1\nv,,2\n", {}),
        ("users", USERS + "u,a,1\nu,b,2\nv,a,1\n", {}),
        ("users", USERS + "u,a,1\nu,a,1\nu,b,1\n", {}),
        ("users", USERS + "u,a,\nv,b,\n", {"needs": ["spend"]}),
        ("users", USERS + "u,a,1\n", {"needs": ["region"]}),
        ("events", EVENTS + "u,2025-01-01,x,12 EUR\nv,2025-01-02,y,3\n", {}),
        ("events", EVENTS + 'u,2025-01-01,x,"1,5"\nv,2025-01-02,y,"2,5"\n', {}),
        ("events", EVENTS + "u,2025-01-01,x,\nv,yesterday,y,3\n", {}),
        ("events", EVENTS + "u,31/12/2025,x,\nv,2025-01-01,y,3\n", {}),
        ("events", EVENTS + "u,01/02/2025,x,\nv,02/03/2025,y,3\n", {}),
        ("periods", "customer_id,retained\nu,1\nv,maybe\n", {}),
        ("periods", "customer_id,period,revenue\n1,Q1,5\n1,Q1,6\n2,,7\n", {}),
    ],
)
def test_a_broken_file_has_the_same_problems(engine, put, load, table, text, options):
    source = put("a.csv", text)
    found = broken(load, source, table=table, engine=engine, **options)
    assert found == broken(load, source, table=table, **options)


@everywhere
@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("users", {"keep": {"plan": ["a"]}}),
        ("users", {"keep": {"variant": ["z"]}}),
        ("users", {"columns": {"variant": "arm"}}),
        ("events", {"date_format": "%d/%m/%Y", "columns": {"occurred_at": "at",
                                                           "touchpoint": "variant"}}),
    ],
)  # fmt: skip
def test_a_source_that_does_not_fit_its_file(engine, put, load, table, keys):
    source = {"path": put("a.csv", "user_id,variant,at\nu,a,2025-01-01\n")} | keys
    found = broken(load, source, table=table, engine=engine)
    assert found == broken(load, source, table=table)


def test_scores_off_the_declared_scale(engine, put, load):
    lines = [f"r{i},{i % 5 + 1}" for i in range(60)]
    source = put("r.csv", "\n".join(["respondent_id,score", *lines]))
    found = broken(load, source, engine=engine, scale="nps")
    assert found == broken(load, source, scale="nps")


@everywhere
def test_a_few_bad_dates_are_blank_and_counted(engine, put, load):
    lines = [f"r{i},2025-01-{i % 28 + 1:02}" for i in range(200)] + ["r,soon"]
    source = put("r.csv", "\n".join(["respondent_id,responded_at", *lines]))
    same(load(source), load(source, engine=engine))


@everywhere
def test_dates_in_no_declared_format_name_the_one_to_declare(engine, put, load):
    text = EVENTS + "u,31/12/2025,x,\nv,30/12/2025,y,3\n"
    with pytest.raises(DataError) as caught:
        load(put("a.csv", text), table="events", engine=engine)
    assert str(caught.value) == (
        "a.csv: one problem to mend.\n"
        "  - a.csv · column 'occurred_at': is not a date in ISO 8601 and no format is "
        "declared (2 rows). Seen: '30/12/2025', '31/12/2025'. Declare `date_format: "
        "'%d/%m/%Y'`, which fits what was looked at."
    )


# --- what cannot be read --------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "a.csv is empty; export it again."),
        (b"user_id,variant\n", "a.csv has a header but no rows; export it again."),
        (b"user_id,variant\n\xff\xfe,a\n", "a.csv: byte 0xFF at about position 16 is "
         "not UTF-8; save the file as UTF-8, or read it with `engine: pandas`."),
        (b'user_id,variant\n"u,a\n', "a.csv: a quote is opened and never closed; quote "
         "the texts that hold a separator or quote."),
        (b"PAR1....", "a.csv is a Parquet file, not text; declare `format: parquet`."),
        (b"\n\nuser_id,variant\nu,a\n", "a.csv begins with a blank line; remove it."),
    ],
)  # fmt: skip
def test_files_that_are_no_table(engine, put, fails, raw, said):
    assert fails(put("a.csv", raw), table="users", engine=engine) == said


@everywhere
def test_a_row_with_too_many_cells_stops(engine, put, fails):
    text = "user_id,variant\nu,a\nv,b,anna rossi\nw\n"
    said = fails(put("a.csv", text), table="users", engine=engine)
    assert "cells" in said
    assert "header" in said
    assert "anna" not in said


@everywhere
def test_names_that_differ_in_case_only(engine, put, fails):
    said = fails(put("a.csv", "user_id,variant,Plan,plan\nu,a,x,y\n"),
                 table="users", engine=engine)  # fmt: skip
    assert said == (
        "a.csv: one problem to mend.\n  - a.csv · column 'plan': differs from column "
        "'Plan' in case only. Rename one of the two, or read with `engine: pandas`."
    )


@everywhere
@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"path": "a.xlsx"}, "`format` is 'excel'; engine 'ENGINE' reads "),
        ({"path": "a.csv", "format": "qualtrics"}, "`format` is 'qualtrics'; engine "),
        ({"path": "a.csv", "encoding": "cp1252"}, "`encoding` is 'cp1252'; engine "),
        ({"path": "a.csv", "date_format": "%j"}, "`date_format` is '%j'; engine "
         "'ENGINE' takes %Y, %m, %d, %H, %M, %S, %f, %I, %p, %b, %B, or 'ISO8601'."),
        ({"path": "s3://b/a.csv"}, "`path` is 's3://b/a.csv'; read it with `format: "
         "table` and a `query`"),
    ],
)  # fmt: skip
def test_what_an_engine_cannot_read_is_an_argument(engine, put, load, source, said):
    put("a.csv", EVENTS + "u,100,x,\n")
    with pytest.raises(ArgumentError) as caught:
        load(source, table="events", engine=engine)
    assert str(caught.value).startswith(said.replace("ENGINE", engine))


def test_sparks_catalogue_belongs_to_spark(load):
    source = {"format": "table", "query": "select 1"}
    with pytest.raises(CxError, match="declare `engine: spark`"):
        load(source, table="users")
    with pytest.raises(ArgumentError, match="engine 'duckdb' reads csv, parquet"):
        load(source, table="users", engine="duckdb")


def test_an_unknown_engine(load):
    with pytest.raises(ArgumentError) as caught:
        load("a.csv", engine="ibis")
    assert str(caught.value) == (
        "`engine` is 'ibis'; use one of 'pandas', 'duckdb', 'polars', 'spark'."
    )


def test_a_missing_file(engine, fails):
    said = fails("nothing.csv", table="users", engine=engine)
    assert said.startswith("file nothing.csv does not exist.")


def test_engines_are_imported_when_they_are_used():
    code = (
        "import sys; from cxlib import data;"
        " data.read('users', 'data/sample/users.csv');"
        " print([m for m in ('polars', 'pyspark') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"


def test_the_pyspark_that_is_installed_is_one_that_the_extra_allows():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    (wanted,) = map(Requirement, project["optional-dependencies"]["spark"])
    lines = (ROOT / "requirements-spark.lock").read_text("utf-8").splitlines()
    pins = dict(line.split("==") for line in lines)
    assert pins[wanted.name] in wanted.specifier
