"""Errors read as sentences, also in a notebook, and carry their exit code."""

from __future__ import annotations

import pickle

import pytest

from cxlib.errors import ArgumentError, CxError, DataError, Problem


@pytest.mark.parametrize(
    ("error", "exit_code"), [(CxError, 1), (ArgumentError, 2), (DataError, 3)]
)
def test_exit_codes(error, exit_code):
    assert error("x").exit_code == exit_code
    assert isinstance(error("x"), ValueError)


def test_ipython_shows_one_line_and_no_traceback():
    assert DataError("too few.")._render_traceback_() == ["DataError: too few."]


def test_problem_names_place_rule_rows_examples_and_fix():
    problem = Problem(
        rule="is not a number",
        fix="Mend the cells.",
        file="a.csv",
        column="weight",
        rows=1234,
        examples=("n/a", "x"),
    )
    assert str(problem) == (
        "a.csv · column 'weight': is not a number (1,234 rows). Seen: 'n/a', 'x'. "
        "Mend the cells."
    )


def test_problem_without_place_or_rows():
    assert str(Problem(rule="no row is left", fix="Widen it.")) == (
        "no row is left. Widen it."
    )


def test_one_row_is_singular():
    assert "(1 row)." in str(Problem(rule="is blank", fix="Fill it.", rows=1))


def test_data_error_lists_every_problem():
    problems = [Problem(rule="one", fix="A."), Problem(rule="two", fix="B.")]
    error = DataError("2 problems to mend.", problems=problems)
    assert str(error) == "2 problems to mend.\n  - one. A.\n  - two. B."
    assert error.problems == tuple(problems)


def test_data_error_survives_a_process_boundary():
    error = DataError("stop.", problems=[Problem(rule="one", fix="A.")])
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert again.problems == error.problems
