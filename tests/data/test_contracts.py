"""Rules of a whole table: ids, keys, blanks, repeats."""

from __future__ import annotations

import pytest


def test_identical_rows_are_dropped_once(put, load, cautions):
    text = "respondent_id,score\nr1,9\nr1,9\nr2,3\n"
    table = load(put("responses.csv", text), scale="nps")
    assert table.counts["asked"] == 2
    assert cautions(table) == [
        (
            "responses.csv: repeated rows",
            "identical to an earlier row in every column: dropped",
            1,
        )
    ]


def test_identical_answers_without_an_id_are_different_people(put, load):
    table = load(put("responses.csv", "score,plan\n9,a\n9,a\n"), scale="nps")
    assert table.counts["asked"] == 2


def test_respondents_who_answer_again(put, load, cautions):
    table = load(put("responses.csv", "respondent_id,score\nr1,9\nr1,3\n"), scale="nps")
    assert cautions(table) == [
        (
            "responses.csv: respondent_id",
            "answers from a respondent seen before: declare `cluster` for honest "
            "intervals",
            1,
        )
    ]


def test_some_blank_ids(put, load, cautions):
    text = "respondent_id,score\nr1,9\n,3\n,8\n"
    table = load(put("responses.csv", text), scale="nps")
    assert table.frame["respondent_id"].isna().sum() == 2
    assert cautions(table) == [
        (
            "responses.csv: respondent_id",
            "blank: each such row counts as a respondent of its own",
            2,
        )
    ]


def test_one_response_is_a_table(put, load):
    table = load(put("responses.csv", "respondent_id,score\nr1,9\n"), scale="nps")
    assert table.text == "1 asked, 1 answered (100.0 %), 0 blank, 0 invalid."


@pytest.mark.parametrize(
    ("table", "text", "said"),
    [
        (
            "users",
            "user_id,variant\nu1,A\nu1,B\nu2,A\n",
            "column 'user_id': user_id must name one row only (2 rows). Seen: 'u1'. "
            "Keep one row for each, or aggregate the export first.",
        ),
        (
            "users",
            "user_id,variant\nu1,A\nu2,\n",
            "column 'variant': may not be blank (1 row). Fill the cells, or drop those "
            "rows from the export.",
        ),
        (
            "periods",
            "customer_id,period,revenue\nc1,2025Q1,5\nc1,2025Q1,6\n",
            "column 'customer_id': customer_id + period must name one row only (2 "
            "rows). Seen: 'c1 / 2025Q1'. Keep one row for each, or aggregate the "
            "export "
            "first.",
        ),
        (
            "events",
            "user_id,occurred_at\nu1,2025-01-01\n",
            "column 'touchpoint': the column is needed and the table does not have it. "
            "Map it under `columns`: touchpoint: <your column>. There are 'user_id', "
            "'occurred_at'.",
        ),
        (
            "initiatives",
            "name,cost,effect\nx,ten thousand,1\n",
            "column 'cost': is not a number (1 row). Seen: 'xxx xxxxxxxx'. Mend the "
            "cells, or list the texts that mean no answer under `missing`.",
        ),
    ],
)
def test_contracts_that_are_broken(put, fails, table, text, said):
    assert fails(put("t.csv", text), table=table) == (
        f"t.csv: one problem to mend.\n  - t.csv · {said}"
    )


def test_repeated_events_are_kept(put, load):
    text = "user_id,occurred_at,touchpoint\n" + "u1,2025-01-01,home\n" * 2
    table = load(put("e.csv", text), table="events")
    assert table.counts == {"rows": 2}
    assert table.text == (
        "events: 2 rows, one journey step each; 2025-01-01 to 2025-01-01."
    )


def test_a_coder_who_found_nothing(put, load):
    text = "verbatim_id,coder,code\nv1,a,price\nv2,a,\n"
    table = load(put("c.csv", text), table="codings")
    assert table.frame["code"].isna().tolist() == [False, True]


def test_every_problem_at_once(put, fails):
    text = "user_id,occurred_at,touchpoint,value\nu1,soon,home,cheap\n"
    said = fails(put("e.csv", text), table="events")
    assert said.startswith("e.csv: 2 problems to mend.\n")
    assert "'occurred_at'" in said
    assert "'value'" in said


def test_table_shows_its_checks(put, load):
    table = load(put("responses.csv", "score,a\n9,<b>\n8,c\n"), scale="nps")
    page = table._repr_html_()
    assert "2 asked, 2 answered (100.0 %), 0 blank, 0 invalid." in page
    assert "no id column: rows are numbered" in page
    assert "&lt;b&gt;" not in page
    assert "<b>" not in page


def test_nothing_of_a_verbatim_reaches_a_message(put, fails):
    words = "Rude courier"
    text = f"id,when,kpi,nps\n1,{words},{words},{words}\n2,{words},{words},{words}\n"
    columns = {"responded_at": "when", "weight": "kpi", "score": "nps"}
    said = fails({"path": put("a.csv", text), "columns": columns}, scale="nps")
    assert "problems to mend" in said
    assert "ude" not in said.replace("excluded", "")
