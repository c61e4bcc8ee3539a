"""Cells become dates, scores, numbers and labels, or are counted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from cxlib.data.checks import examples


def dated(put, load, cells, **source):
    rows = "\n".join(f'r{i},"{cell}"' for i, cell in enumerate(cells))
    path = put("a.csv", f"respondent_id,responded_at\n{rows}\n")
    return load({"path": path, **source})


@pytest.mark.parametrize(
    ("cell", "declared", "read"),
    [
        ("2025-03-01", "", "2025-03-01"),
        ("2025-03-01 10:30:15.25", "", "2025-03-01 10:30:15.25"),
        ("2025-03-01T10:30:00Z", "", "2025-03-01 10:30"),
        ("2025-03-01T00:30:00+02:00", "", "2025-02-28 22:30"),
        ("01/03/2025 10:30", "%d/%m/%Y %H:%M", "2025-03-01 10:30"),
        ("03/01/2025 08:15 PM", "%m/%d/%Y %I:%M %p", "2025-03-01 20:15"),
        ("2025-03-01", "ISO8601", "2025-03-01"),
    ],
)
def test_dates(put, load, cautions, cell, declared, read):
    table = dated(put, load, [cell], date_format=declared)
    assert table.frame["responded_at"].tolist() == [pd.Timestamp(read)]
    assert cautions(table) == []


def test_one_format_that_fits_is_used_and_said(put, load, cautions):
    table = dated(put, load, ["13/02/2025 10:00", "01/03/2025 11:30"])
    assert table.frame["responded_at"].dt.month.tolist() == [2, 3]
    assert cautions(table) == [
        (
            "a.csv: responded_at",
            "date_format '%d/%m/%Y %H:%M' fits every cell; declare it",
            0,
        )
    ]
    assert table.text == (
        "responses: 2 rows, one survey answer each; 2025-02-13 to 2025-03-01."
    )


PLACE = "a.csv: one problem to mend.\n  - a.csv · column 'responded_at': "


@pytest.mark.parametrize(
    ("cells", "declared", "said"),
    [
        (
            ["01/03/2025", "02/03/2025"],
            "",
            "day and month cannot be told apart: %d/%m/%Y and %m/%d/%Y both fit (2 "
            "rows). Seen: '01/03/2025', '02/03/2025'. Declare `date_format`, such as "
            "'%d/%m/%Y %H:%M'.",
        ),
        (
            ["2025-03-01", "13/02/2025", "12 marzo 2025"],
            "",
            "no one date format fits every cell (mixed styles?) (3 rows). Seen: "
            "'13/02/2025', '12 marzo 2025'. Declare `date_format`, such as "
            "'%d/%m/%Y %H:%M'.",
        ),
        (
            ["2025-03-01", "2025-03-02"],
            "%d/%m/%Y",
            "is not a date in the declared format '%d/%m/%Y' (2 rows). Seen: "
            "'2025-03-01', '2025-03-02'. Mend `date_format`, or the cells: a column "
            "has "
            "one date style.",
        ),
        (
            ["rude courier", "Maria Rossi 42", "call me at a@b.it please"],
            "",
            "no one date format fits every cell (mixed styles?) (3 rows). Seen: "
            "'xxxx xxxxxxx', 'xxxxx xxxxx 42', '<text of 24 characters>'. Declare "
            "`date_format`, such as '%d/%m/%Y %H:%M'.",
        ),
    ],
)
def test_dates_that_stop_the_run(put, load, fails, cells, declared, said):
    rows = "\n".join(f"r{i},{cell}" for i, cell in enumerate(cells))
    path = put("a.csv", f"respondent_id,responded_at\n{rows}\n")
    assert fails({"path": path, "date_format": declared}) == PLACE + said


@pytest.mark.parametrize("declared", ["", "%Y-%m-%d"])
def test_a_few_bad_dates_are_blank_and_counted(put, load, cautions, declared):
    cells = ["2025-03-01"] * 199 + ["soon"]
    table = dated(put, load, cells, date_format=declared)
    assert table.frame["responded_at"].isna().sum() == 1
    shown = "'%Y-%m-%d'" if declared else "ISO 8601"
    assert cautions(table) == [
        ("a.csv: responded_at", f"not a date in {shown}: left blank (xxxx)", 1)
    ]


def test_odd_dates(put, load, cautions):
    table = dated(put, load, ["1970-01-01", "2999-01-01", "2025-03-01", ""])
    assert cautions(table) == [
        ("a.csv: responded_at", "dated 1970-01-01 or before: a placeholder?", 1),
        ("a.csv: responded_at", "dated in the future", 1),
    ]


def test_dates_that_excel_and_databases_keep_as_dates(tmp_path, load):
    when = [pd.Timestamp("2025-03-01 10:00"), None]
    frame = pd.DataFrame({"respondent_id": ["a", "b"], "responded_at": when})
    frame.to_excel(tmp_path / "a.xlsx", index=False)
    declared = {"path": "a.xlsx", "date_format": "%d/%m/%Y"}
    assert load(declared).frame["responded_at"].tolist()[0] == when[0]
    frame.assign(responded_at=frame["responded_at"].dt.date).to_parquet(
        tmp_path / "a.parquet"
    )
    assert load("a.parquet").frame["responded_at"].dt.day.tolist()[0] == 1
    zoned = frame.assign(
        responded_at=frame["responded_at"].dt.tz_localize("Europe/Rome")
    )
    zoned.to_parquet(tmp_path / "z.parquet")
    assert load("z.parquet").frame["responded_at"].tolist()[0] == pd.Timestamp(
        "2025-03-01 09:00"
    )


def scored(put, load, cells, scale="nps", **source):
    rows = "\n".join(f'r{i},"{cell}"' for i, cell in enumerate(cells))
    path = put("a.csv", f"respondent_id,score\n{rows}\n")
    return load({"path": path, **source}, scale=scale)


def test_denominator(put, load, cautions):
    table = scored(put, load, [9, 10, 3, "", 11, "refused", 7.5] + [8] * 9)
    assert table.text == "16 asked, 12 answered (75.0 %), 1 blank, 3 invalid."
    assert cautions(table) == [
        ("a.csv: score", "off the scale 0-10 (11, text, 7.5): not counted", 3)
    ]
    assert table.frame["score"].isna().sum() == 4


@pytest.mark.parametrize(
    ("cell", "read"),
    [
        ("10 - Extremely likely", 10),
        ("0 = Not at all likely", 0),
        ("9: very", 9),
        ("10 (Extremely likely)", 10),
        ("5 stars", 5),
        ("7. fairly", 7),
        ("9 - 10 Promoter", np.nan),
        ("0 - 6", np.nan),
        ("7/10", np.nan),
        ("nine", np.nan),
        ("-3 - no", np.nan),
        (" 8 ", 8),
        ("8.0", 8),
    ],
)
def test_labelled_scores(put, load, cell, read):
    table = scored(put, load, [8] * 9 + [cell])
    np.testing.assert_array_equal(table.frame["score"].iloc[-1], read)
    assert table.counts["invalid"] == int(np.isnan(read))


def test_labelled_scores_are_said(put, load, cautions):
    table = scored(put, load, ["10 - Extremely likely", "0 - Not at all likely", "8"])
    assert cautions(table) == [
        (
            "a.csv: score",
            "the number before a label was read ('10 - Extremely likely')",
            2,
        )
    ]


WRONG = "a.csv: one problem to mend.\n  - a.csv · column 'score': "


@pytest.mark.parametrize(
    ("cells", "scale", "said"),
    [
        (
            [1, 2, 3, 4, 5] * 12,
            "nps",
            "no answer is above 5 on the declared scale 'nps' (0-10) (60 rows). "
            "Declare "
            "the right `scale` (answers run 1 to 5; csat, csat_mean, likert, "
            "likert_top would fit), or spell it out as a mapping to use it all the "
            "same.",
        ),
        (
            [1, 2, 3, 4, 5, 6, 7] * 12,
            "nps",
            "no answer is above 7 on the declared scale 'nps' (0-10) (84 rows). "
            "Declare "
            "the right `scale` (answers run 1 to 7; ces, ces_mean would fit), or spell "
            "it out as a mapping to use it all the same.",
        ),
        (
            [0, 5, 10, 9],
            "csat",
            "lies off the declared scale 1-5 (3 rows). Declare the right `scale` "
            "(answers run 0 to 10; nps would fit).",
        ),
        (
            [60, 70, 100],
            "nps",
            "lies off the declared scale 0-10 (3 rows). Declare the right `scale` "
            "(answers run 60 to 100; sus would fit).",
        ),
        (
            ["good", "bad", "9"],
            "nps",
            "lies off the declared scale 0-10 (2 rows). Declare the right `scale`.",
        ),
    ],
)
def test_wrong_scale(put, fails, cells, scale, said):
    rows = "\n".join(f"r{i},{cell}" for i, cell in enumerate(cells))
    path = put("a.csv", f"respondent_id,score\n{rows}\n")
    assert fails(path, scale=scale) == WRONG + said


def test_a_scale_spelt_out_overrules_the_doubt(put, load, cautions):
    scale = {"name": "nps", "low": 0, "high": 10, "kind": "net"}
    scale |= {"top_from": 9, "bottom_to": 6}
    table = scored(put, load, [1, 2, 3] * 20, scale=scale)
    assert table.counts["answered"] == 60
    assert cautions(table) == [
        ("a.csv: score", "nobody answered above 3 on the scale 0-10", 60)
    ]


def test_scores_without_a_scale(put, load, cautions):
    table = scored(put, load, ["9", "text here", ""], scale=None)
    assert cautions(table) == [("a.csv: score", "text in place of a number: blank", 1)]
    assert table.counts == {"rows": 3}
    assert table.text == "responses: 3 rows, one survey answer each."


def test_decimal_comma_in_scores(put, load):
    scale = {"name": "x", "low": 0, "high": 10, "kind": "mean", "integer": False}
    table = scored(put, load, ["7,5", "8,0", "9"], scale=scale, decimal=",")
    assert table.frame["score"].tolist() == [7.5, 8, 9]


@pytest.mark.parametrize(
    ("cells", "read", "kind"),
    [
        (["1", "2"], [1, 2], "int64"),
        (["1", ""], [1, np.nan], "float64"),
        (["1.5", "2"], [1.5, 2], "float64"),
        (["True", "false"], [1, 0], "float64"),
        (["00123", "4"], ["00123", "4"], "str"),
        (["12345678901234567", "12345678901234568"],
         ["12345678901234567", "12345678901234568"], "str"),
        (["1,5", "2"], ["1,5", "2"], "str"),
        (["Basic", "2"], ["Basic", "2"], "str"),
        (["inf", "nan"], ["inf", "nan"], "str"),
        (["0", "0"], [0, 0], "int64"),
        (["", ""], [np.nan, np.nan], "str"),
    ],
)  # fmt: skip
def test_columns_outside_the_contract(put, load, cells, read, kind):
    rows = "\n".join(f'r{i},"{cell}",x' for i, cell in enumerate(cells))
    table = load(put("a.csv", f"respondent_id,extra,x\n{rows}\n"))
    assert str(table.frame["extra"].dtype) == kind
    pd.testing.assert_series_equal(
        table.frame["extra"], pd.Series(read, dtype=kind, name="extra")
    )


def test_flags(put, load, fails):
    text = "customer_id,period,retained\na,1,yes\nb,1,0\nc,1,TRUE\nd,1,\n"
    table = load(put("p.csv", text), table="periods")
    np.testing.assert_array_equal(table.frame["retained"], [1, 0, 1, np.nan])
    assert fails(put("p.csv", text.replace("yes", "churned")), table="periods") == (
        "p.csv: one problem to mend.\n"
        "  - p.csv · column 'retained': is neither 0/1, true/false nor yes/no (1 row). "
        "Seen: 'xxxxxxx'. Recode the column."
    )


def test_examples_keep_dates_and_blanks_and_hide_words():
    shown = examples(pd.Series(["12 Gennaio 2025", "8:09 PM", "n/a", "Mara 3"]), n=9)
    assert shown == ("12 Gennaio 2025", "8:09 PM", "n/a", "xxxx 3")
    assert examples(pd.Series(["Basic", "x" * 25]), words=True) == (
        "Basic",
        "<text of 25 characters>",
    )
