"""The committed notebooks keep the contract that runs, readers and diffs rely on."""

from __future__ import annotations

import ast
import base64
import re
import statistics
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
MAX_LINES, MEDIAN_LINES, MAX_IMAGE, MAX_FILE = 12, 3, 60_000, 500_000

pytestmark = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def test_the_notebooks_are_there(path):
    assert {p.stem for p in NOTEBOOKS} >= {
        "coding_sheet", "customer_value", "experiment_plan", "journey_comparison",
        "journey_observed", "journey_paths", "nps_drivers", "nps_segmentation",
        "nps_survey", "roi_choice", "roi_investment", "roi_regression",
        "roi_tracking", "voc_coding", "voc_impact",
    }  # fmt: skip


def cells(path, kind="code"):
    return [c for c in nbformat.read(path, 4).cells if c.cell_type == kind]


def tagged(path, tag):
    return [c for c in cells(path) if tag in c.metadata.get("tags", [])]


def lines(cell):
    return [line for line in cell.source.splitlines() if line.strip()]


def test_opens_with_question_decision_and_population(path):
    notebook = nbformat.read(path, 4)
    nbformat.validate(notebook)
    first = notebook.cells[0].source
    assert first.startswith("# ")
    assert {"**Question**", "**Decision", "**Population"} <= set(
        re.findall(r"\*\*(?:Question\*\*|Decision|Population)", first)
    )
    markdown = "\n".join(c.source for c in cells(path, "markdown"))
    assert len(re.findall(r"^# ", markdown, re.MULTILINE)) == 1


@pytest.mark.parametrize("tag", ["parameters", "setup", "answer", "export"])
def test_has_each_tagged_cell_once(path, tag):
    assert len(tagged(path, tag)) == 1


def test_every_parameter_is_typed_commented_and_documented(path):
    source = tagged(path, "parameters")[0].source
    for statement in ast.parse(source).body:
        assert isinstance(statement, ast.AnnAssign), ast.unparse(statement)
        text = source.splitlines()[statement.end_lineno - 1]
        opening = source.splitlines()[statement.lineno - 1]
        assert "  # " in text or "  # " in opening, f"no comment: {text}"


def test_common_parameters_are_there(path):
    body = ast.parse(tagged(path, "parameters")[0].source).body
    defaults = {s.target.id: ast.literal_eval(s.value) for s in body}
    assert len(defaults) == len(body), "a parameter is declared twice"
    assert defaults["confidence_level"] == 0.95
    assert defaults["thresholds"] == {}
    assert defaults["report_language"] == "en"
    assert isinstance(defaults["seed"], int)
    assert defaults["output_dir"] == f"reports/draft/{path.stem}"


def test_cells_are_short_and_hold_no_definitions(path):
    code = [c for c in cells(path) if "parameters" not in c.metadata.get("tags", [])]
    sizes = [len(lines(c)) for c in code]
    assert max(sizes) <= MAX_LINES
    assert statistics.median(sizes) <= MEDIAN_LINES
    banned = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Try)
    for cell in code:
        found = [n for n in ast.walk(ast.parse(cell.source)) if isinstance(n, banned)]
        assert not found, cell.source


def test_paths_are_relative_and_warnings_are_not_hidden(path):
    source = "\n".join(c.source for c in cells(path))
    for word in ("filterwarnings", "%autoreload", "/home/", "/work/", "/tmp/", "C:\\"):
        assert word not in source


def test_answer_stands_before_the_data(path):
    order = [tuple(c.metadata.get("tags", [])) for c in nbformat.read(path, 4).cells]
    assert [tags for tags in order if tags][:3] == [
        ("parameters",), ("setup",), ("answer",),
    ]  # fmt: skip


def test_is_committed_executed_from_top_to_bottom(path):
    counts = [c.execution_count for c in cells(path)]
    assert counts == list(range(1, len(counts) + 1))
    outputs = [o for c in cells(path) for o in c.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    assert not [o for o in outputs if o.get("name") == "stderr"]


def test_no_volatile_metadata(path):
    notebook = nbformat.read(path, 4)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert all(set(c.metadata) <= {"tags"} for c in notebook.cells)
    assert path.stat().st_size <= MAX_FILE


def test_charts_are_small_and_say_what_they_show(path):
    charts = 0
    for cell in cells(path):
        for output in cell.outputs:
            for kind in {"image/png", "image/svg+xml"} & set(output.get("data", {})):
                charts += 1
                image = output.data[kind]
                size = len(base64.b64decode(image) if kind == "image/png" else image)
                assert size <= MAX_IMAGE, cell.source
                alt = output.metadata[kind]["alt"]
                assert len(alt) > 20, cell.source
            assert "<Axes" not in output.get("data", {}).get("text/plain", "")
    assert charts >= 3


def test_sentences_are_checked_by_nbval(path):
    marked = [c for c in cells(path) if "# NBVAL_CHECK_OUTPUT" in c.source]
    assert len(marked) >= 3
    assert all(c.outputs for c in marked)


def test_no_number_about_the_data_is_typed_in_markdown(path):
    for cell in cells(path, "markdown"):
        prose = re.sub(
            r"`[^`]*`|\([^)]*\d{4}[^)]*\)|doi:\S+|10\.\d{4}\S*", "", cell.source
        )
        assert not re.search(r"\d+(\.\d+)? ?%|\bn = \d|[−-]\d+\.\d+", prose), (
            cell.source
        )
