"""Coding sheets: drawn, written, filled, read back."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import openpyxl
import pandas as pd
import pytest

from cxlib import data, voc
from cxlib.data.coding_sheet import CODING, FIRST_ROW, HIDDEN, ID_ROW, READ_ME
from cxlib.errors import ArgumentError, DataError
from cxlib.voc._spread import systematic

BOOK = voc.Codebook.from_dict(
    {
        "version": 3,
        "codes": [
            {
                "id": "delivery",
                "name": {"en": "=Delivery"},
                "phrases": {"en": ["late"]},
                "examples": {"en": ["Two weeks late"]},
                "counterexamples": {"en": ["I was late for work"]},
            },
            {"id": "price", "phrases": {"en": ["dear", "expensive"]}},
        ],
    }
)
WORDS = (
    "It came late",
    "Far too dear",
    "=cmd|' /C calc'!A0",
    "Write to a@b.it",
    "Ok \x00\u202e!",
)


def told(n=60):
    texts = [f"{WORDS[i % len(WORDS)]} number {i}" for i in range(n)]
    return pd.DataFrame(
        {"verbatim_id": [f"v{i}" for i in range(n)], "verbatim": texts,
         "channel": ["web", "shop"] * (n // 2)}
    )  # fmt: skip


def drawn(frame, codings=None, *, n=10, n_audit=20, rng=1, **more):
    coded = voc.code(frame, BOOK)
    return voc.next_to_code(
        frame, coded, codebook=BOOK, codings=codings, n=n, n_audit=n_audit, rng=rng,
        **more,
    )  # fmt: skip


def fill(path, answer, *, rows=None, on=None):
    """Fill rows as a coder would: `answer(text)` gives the codes, None leaves a row."""
    book = openpyxl.load_workbook(path)
    sheet = book[CODING]
    heads = {cell.value: cell.column for cell in sheet[ID_ROW]}
    for number in range(FIRST_ROW, sheet.max_row + 1)[:rows]:
        codes = answer(sheet.cell(number, heads["(text)"]).value)
        if codes is None:
            continue
        for code in codes or ["(nothing fits)"]:
            sheet.cell(number, heads[code]).value = "yes"
    if on:
        guide = book[READ_ME]
        row = next(r for r in guide.iter_rows(max_col=2) if r[0].value == "Coded on")
        row[1].value = on
    book.save(path)


def by_words(text):
    return [c for c, w in (("delivery", "late"), ("price", "dear")) if w in text]


@pytest.fixture
def sheet(tmp_path):
    found = drawn(told())
    return voc.write_sheet(tmp_path, found, codebook=BOOK, coder="Anna").path, found


def test_workbook_has_drop_downs_locks_and_no_formula(sheet):
    path, found = sheet
    book = openpyxl.load_workbook(path)
    coding = book[CODING]
    (rule,) = coding.data_validations.dataValidation
    assert (rule.type, rule.formula1) == ("list", '"yes,no,?"')
    heads = [cell.value for cell in coding[ID_ROW]]
    assert heads == ["verbatim_id", "(text)", "(language)", "delivery", "price",
                     "(nothing fits)", "(note)"]  # fmt: skip
    assert f"D{FIRST_ROW}" in rule.sqref
    assert f"F{FIRST_ROW + len(found.sheet) - 1}" in rule.sqref
    assert f"C{FIRST_ROW}" not in rule.sqref
    assert f"G{FIRST_ROW}" not in rule.sqref
    assert coding.protection.sheet
    assert coding.cell(FIRST_ROW, 1).protection.locked
    assert not coding.cell(FIRST_ROW, 4).protection.locked
    assert book[HIDDEN].sheet_state == "veryHidden"
    cells = [cell for one in book for row in one.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    texts = [coding.cell(r, 2).value for r in range(FIRST_ROW, coding.max_row + 1)]
    assert any(text.startswith("=cmd") for text in texts)
    assert not any("a@b.it" in text or "\u202e" in text for text in texts)


def test_coders_see_what_a_code_means(sheet):
    guide = openpyxl.load_workbook(sheet[0])[READ_ME]
    told = " ".join(str(cell) for row in guide.iter_rows(values_only=True)
                    for cell in row)  # fmt: skip
    assert "Words such as: late." in told
    assert "Yes: “Two weeks late”." in told
    assert "No: “I was late for work”." in told


def test_what_is_filled_is_what_is_read(sheet):
    path, found = sheet
    fill(path, by_words, on="2026-03-05")
    got = voc.read_sheet(path, codebook=BOOK)
    rows = got.codings
    expected = {
        row.verbatim_id: set(by_words(row.text)) for row in found.sheet.itertuples()
    }
    given = rows.assign(code=rows["code"].fillna("")).groupby("verbatim_id")["code"]
    assert given.agg(lambda c: set(c) - {""}).to_dict() == expected
    kinds = found.sheet.set_index("verbatim_id")["sample"]
    assert (rows["sample"] == rows["verbatim_id"].map(kinds)).all()
    assert set(rows["coded_at"]) == {pd.Timestamp("2026-03-05")}
    assert rows.loc[rows["sample"] == "audit", "inclusion"].unique() == [20 / 60]
    assert got.table.loc[0, ["n_asked", "n_coded", "n_left"]].tolist() == [30, 30, 0]
    assert set(voc.audit(rows)["sample"]) == {"audit"}


def test_rows_left_blank_are_missing_not_no(sheet):
    path, _ = sheet
    fill(path, by_words, rows=12)
    got = voc.read_sheet(path, codebook=BOOK)
    assert got.codings["verbatim_id"].nunique() == 12
    assert "18 not read (missing)" in got.text


def test_params_read_a_folder_of_sheets(sheet, tmp_path):
    fill(sheet[0], by_words)
    source = {"path": str(tmp_path), "format": "coding_sheet"}
    table = data.read("codings", source)
    direct = voc.read_sheet(tmp_path, codebook=BOOK).codings
    assert table.frame["verbatim_id"].tolist() == direct["verbatim_id"].tolist()
    assert table.frame["code"].isna().tolist() == direct["code"].isna().tolist()
    assert len(table.files[0].sha256) == 64


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("delivery", "maybe", "column 'delivery': must be yes, no, ? or blank"),
        ("verbatim_id", "v999", "column 'verbatim_id': was not asked"),
        ("(nothing fits)", "yes", "nothing fits, and yet a code is given"),
    ],
)
def test_bad_cells_are_named_by_file_column_and_row(sheet, column, value, said):
    path, _ = sheet
    fill(path, lambda _: ["delivery", "price"])
    book = openpyxl.load_workbook(path)
    heads = {cell.value: cell.column for cell in book[CODING][ID_ROW]}
    book[CODING].cell(FIRST_ROW + 4, heads[column]).value = value
    book.save(path)
    with pytest.raises(DataError) as error:
        voc.read_sheet(path, codebook=BOOK)
    assert said in str(error.value)
    assert "Anna.xlsx" in str(error.value)
    assert f"Mend row {FIRST_ROW + 4}." in str(error.value)


def test_changed_heading_stops(sheet):
    path, _ = sheet
    book = openpyxl.load_workbook(path)
    book[CODING].cell(ID_ROW, 4).value = "delivry"
    book.save(path)
    with pytest.raises(DataError, match=r"column 'delivery': is not there"):
        voc.read_sheet(path, codebook=BOOK)


def test_one_coders_verbatims_in_two_files_stop(sheet, tmp_path):
    path, _ = sheet
    fill(path, by_words)
    (tmp_path / "copy.xlsx").write_bytes(path.read_bytes())
    with pytest.raises(DataError, match="coder Anna coded the same verbatims in two"):
        voc.read_sheet(tmp_path, codebook=BOOK)


def test_another_codebook_is_said_and_an_unknown_code_stops(sheet):
    path, _ = sheet
    fill(path, by_words)
    newer = voc.Codebook.from_dict(
        {"version": 4, "codes": [{"id": c, "phrases": {"en": [c]}} for c in BOOK.ids]}
    )
    assert "another version of the codebook: Anna.xlsx" in (
        voc.read_sheet(path, codebook=newer).text
    )
    smaller = voc.Codebook.from_dict(
        {"version": 5, "codes": [{"id": "delivery", "phrases": {"en": ["late"]}}]}
    )
    with pytest.raises(DataError, match="code 'price'"):
        voc.read_sheet(path, codebook=smaller)


def test_work_is_never_written_over(sheet, tmp_path):
    path, found = sheet
    voc.write_sheet(tmp_path, found, codebook=BOOK, coder="Anna")
    fill(path, by_words, rows=1)
    with pytest.raises(DataError, match="is there and holds codes"):
        voc.write_sheet(tmp_path, found, codebook=BOOK, coder="Anna")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "=1"])
def test_coders_name_files(name, sheet, tmp_path):
    with pytest.raises(ArgumentError, match="it names a file"):
        voc.write_sheet(tmp_path, sheet[1], codebook=BOOK, coder=name)


def test_no_sheet_at_all(tmp_path):
    with pytest.raises(DataError, match=r"holds no \.xlsx file"):
        voc.read_sheet(tmp_path, codebook=BOOK)
    (tmp_path / "a.xlsx").write_text("no workbook")
    with pytest.raises(DataError, match="cannot be read"):
        voc.read_sheet(tmp_path, codebook=BOOK)
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    with pytest.raises(DataError, match="is no coding sheet"):
        voc.read_sheet(tmp_path, codebook=BOOK)


def test_two_coders_share_the_random_rows_and_split_the_chosen(tmp_path):
    found = drawn(told(), coders=["A", "B"], n=11)
    whose = found.sheet.groupby("sample")["coder"].value_counts().to_dict()
    assert whose == {("audit", ""): 20, ("chosen", "A"): 6, ("chosen", "B"): 5}
    for coder in "AB":
        path = voc.write_sheet(tmp_path, found, codebook=BOOK, coder=coder).path
        fill(path, by_words)
    codings = voc.read_sheet(tmp_path, codebook=BOOK).codings
    assert voc.audit(codings).groupby("verbatim_id")["coder"].nunique().eq(2).all()
    people = voc.agreement(codings, codebook=BOOK, n_resamples=20).table
    assert people["n"].max() == 20
    assert people.set_index("code").loc["delivery", "estimate"] == pytest.approx(1)


def test_second_round_takes_chosen_verbatims_into_the_random_sample(tmp_path):
    frame = told()
    first = drawn(frame, n=30, n_audit=6)
    fill(
        voc.write_sheet(tmp_path / "1.xlsx", first, codebook=BOOK, coder="A").path,
        by_words,
    )
    codings = voc.read_sheet(tmp_path, codebook=BOOK).codings
    second = drawn(frame, codings, n=0, n_audit=24, rng=2)
    assert second.promoted
    assert len(second.promoted) + len(second.sheet) == 24
    assert not set(second.sheet["verbatim_id"]) & set(codings["verbatim_id"])
    path = voc.write_sheet(tmp_path / "2.xlsx", second, codebook=BOOK, coder="A").path
    half = voc.read_sheet(tmp_path, codebook=BOOK).codings
    assert voc.audit(half)["verbatim_id"].nunique() == 6
    fill(path, by_words)
    both = voc.audit(voc.read_sheet(tmp_path, codebook=BOOK).codings)
    assert set(second.promoted) <= set(both["verbatim_id"])
    assert both["verbatim_id"].nunique() == 30
    assert both["inclusion"].unique() == [0.5]


def test_audit_sample_is_drawn_with_equal_chance():
    strata = np.array(["web"] * 37 + ["shop"] * 3, dtype=object)
    rng = np.random.default_rng(5)
    draws = [systematic(strata, 10, rng) for _ in range(4000)]
    assert {len(set(draw)) for draw in draws} == {10}
    assert {int((strata[draw] == "shop").sum()) for draw in draws} == {0, 1}
    times = np.bincount(np.concatenate(draws), minlength=40)
    spread = np.sqrt(4000 * 0.25 * 0.75)
    assert np.abs(times - 1000).max() < 4 * spread


def test_chosen_are_new_differ_and_lie_near_the_line():
    frame = told()
    shares = pd.DataFrame(
        {"delivery": np.linspace(0, 1, 60), "price": 0.0}, index=frame["verbatim_id"]
    )
    lines = pd.DataFrame({"code": ["delivery", "(mean)"], "threshold": [0.5, None]})
    model = SimpleNamespace(coded=voc.code(frame, BOOK), shares=shares, table=lines)
    done = pd.DataFrame({"verbatim_id": ["v30"], "coder": "A", "code": ["delivery"]})
    found = voc.next_to_code(
        frame, model, codebook=BOOK, codings=done, n=5, n_audit=0
    ).sheet
    place = found["verbatim_id"].str[1:].astype(int)
    assert "v30" not in set(found["verbatim_id"])
    assert (place.sub(29.5).abs() <= 13.5).all()
    assert found["text"].nunique() == 5
    same = frame.assign(verbatim="the very same words")
    assert len(drawn(same, n=10, n_audit=0).sheet) == 1


def test_everything_coded_leaves_nothing_to_code():
    frame = told()
    done = pd.DataFrame({"verbatim_id": frame["verbatim_id"], "coder": "A", "code": ""})
    found = drawn(frame, done)
    assert found.sheet.empty
    assert found.text.startswith("0 verbatims to code next")


def test_chosen_rows_move_no_share_and_no_agreement():
    frame = told()
    coded = voc.code(frame, BOOK)
    fair = pd.DataFrame(
        {"verbatim_id": [f"v{i}" for i in range(30)], "coder": "A",
         "code": ["delivery", None, None] * 10, "sample": "audit"}
    )  # fmt: skip
    hard = pd.DataFrame(
        {"verbatim_id": [f"v{i}" for i in range(30, 60)], "coder": "A",
         "code": "price", "sample": "chosen"}
    )  # fmt: skip
    both = pd.concat([fair, hard])
    for table in (
        lambda c: voc.prevalence(frame, coded, codings=c, codebook=BOOK).table,
        lambda c: voc.agreement(c, machine=coded, codebook=BOOK, n_resamples=20).table,
        lambda c: voc.choices(frame, coded, codings=c, codebook=BOOK).table,
    ):
        pd.testing.assert_frame_equal(table(both), table(fair))
    all_fair = voc.prevalence(
        frame, coded, codings=both.drop(columns="sample"), codebook=BOOK
    )
    assert not all_fair.table.equals(voc.prevalence(frame, coded, codings=fair).table)
