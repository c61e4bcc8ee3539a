"""A small workbook made in a temporary folder."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PARAMETERS = """\
responses: dict = {"path": "data/answers.csv"}  # the answers
segment: str = "plan"  # column that holds the segment
level: float = 0.95  # of every interval
min_n: int = 30  # smallest base shown
weighted: bool = False  # use the weights
drivers: list[str] = []  # columns that may drive the score
target: float | None = None  # the score aimed at
codebook: str = "data/book.yaml"  # the themes
thresholds: dict = {}  # finding -> {min: …} or {max: …}
seed: int = 7  # of everything random
output_dir: str = "reports/draft/x"  # where results are written"""
HOSTILE = (
    "late <script>document.title='PWNED'</script>"
    "<img src=https://evil.example/p.png onerror=document.title='PWNED'> "
    "![p](https://evil.example/q.png) ![l](../data/secret.png) "
    "<meta http-equiv=refresh content='0;url=https://evil.example/'>"
    "<link rel=dns-prefetch href=//evil.example><style>body{display:none}</style>"
)
SETUP = f"""\
import pandas as pd
from IPython.display import HTML, Markdown, display
from cxlib import report
from cxlib.result import Finding, Result
report.set_theme()
hostile = {HOSTILE!r}"""
SCORE = """\
table = pd.DataFrame({"segment": ["=1+1", "pro"], "estimate": [-24.7, 3.2]})
table["n"] = [2353, 9]
text = "NPS is −24.7 points (95 % CI −28.2 to −21.1, n = 2,353)."
nps = Finding(id="nps", statement=text, estimate=-24.7, unit="points",
              ci_lower=-28.2, ci_upper=-21.1, n=2353)
score = type("Score", (Result,), {"text": text, "findings": (nps,)})(table=table)
score"""
CHART = """\
from matplotlib import pyplot as plt
ax = plt.subplots()[1]
ax.plot([1, 2], [3, 1])
report.show(ax, alt="It falls from 3 to 1.")"""
SHOW = """\
display(Markdown(hostile))
display(HTML(hostile))
pd.DataFrame({"v": [hostile]})"""
ANSWER = """\
headline = report.answer(score, decision="Mend delivery first.", caveats=["One wave."])
slot.update(headline)"""
BODIES = {
    "good": [SCORE, CHART, SHOW, ANSWER, 'report.export(output_dir, {"score": score})'],
    "fails": ["print('partial output')", "raise KeyError('plan')", "print('later')"],
    "stops": [
        "from cxlib.errors import DataError, Problem\n"
        "blank = Problem(rule='holds blank ids', fix='Fill them in.', rows=12,\n"
        "                column='respondent_id')\n"
        "raise DataError('The answers break their contract.', problems=[blank])"
    ],
    "dies": ["print('partial output')", "import os; os._exit(3)", "print('later')"],
    "refuses": [
        "from cxlib.errors import ArgumentError\nraise ArgumentError('`scale` is odd.')"
    ],
    "exits": ["import sys; sys.exit(0)", "print('later')"],
    "sleeps": ["print('partial output')", "import time; time.sleep(60)"],
}


def code(source, *tags):
    return new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


def notebook(name):
    cells = [
        new_markdown_cell(f"# Report {name}\n\n**Question** Is it {name}?"),
        code(PARAMETERS, "parameters"),
        code(SETUP, "setup"),
        code("slot = report.placeholder(thresholds)", "answer"),
        new_markdown_cell("## What was found"),
        *(code(source) for source in BODIES[name]),
    ]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel})


def build(root: Path) -> Path:
    """Make the workbook: notebooks, data and a params file for each notebook."""
    for folder in ("notebooks", "params/sample", "data"):
        (root / folder).mkdir(parents=True)
    rows = "\n".join(f"r{i},{i % 11}" for i in range(50))
    (root / "data/answers.csv").write_text(f"respondent_id,score\n{rows}\n")
    (root / "data/book.yaml").write_text("version: 1\n")
    (root / "data/secret.png").write_bytes(b"SECRET-BYTES")
    for name in BODIES:
        nbformat.write(notebook(name), root / "notebooks" / f"{name}.ipynb")
        text = "segment: plan\nresponses: {path: data/answers.csv}\n"
        (root / f"params/sample/{name}.yaml").write_text(text)
    return root


class Silent:
    """Progress that keeps what it was told."""

    def __init__(self):
        self.told = []

    def started(self, job):
        self.told.append(("started", job.name))

    def moved(self, job, done, total):
        self.told.append(("moved", job.name, done, total))

    def ended(self, outcome):
        self.told.append(("ended", outcome.job.name, outcome.status))


@pytest.fixture
def workbook(tmp_path, monkeypatch):
    """A fresh workbook; nothing in it has run."""
    monkeypatch.delenv("CX_ROOT", raising=False)
    return build(tmp_path / "book")


@pytest.fixture(scope="module")
def shared_workbook(tmp_path_factory):
    """One workbook for all tests of a module."""
    return build(tmp_path_factory.mktemp("module") / "book")


@pytest.fixture(scope="session")
def silent():
    """Make a progress that only takes notes."""
    return Silent


@pytest.fixture
def write(workbook):
    """Write a params file for the notebook 'good' and return its path."""

    def to(text, name="params/sample/good.yaml"):
        path = workbook / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return to


@pytest.fixture(scope="session")
def figure():
    """Return one headline figure, with its numbers."""

    def of(value, /, label="NPS", **more):
        return {
            "id": label.lower(), "label": label, "value": f"{value:.1f}",
            "unit": "points", "interval": f"95 % CI {value - 1:.1f} to {value + 1:.1f}",
            "n": "n = 9", "statement": "s", "estimate": value, "kind": "points",
            "ci_lower": value - 1, "ci_upper": value + 1, **more,
        }  # fmt: skip

    return of


@pytest.fixture
def add(tmp_path, figure):
    """Add a run to the site in tmp_path: its manifest and a page."""

    def one(programme, name, day, status="ok", **more):
        month, day_of_month = divmod(day - 1, 28)
        date = f"{2026 + month // 12}-{month % 12 + 1:02}-{day_of_month + 1:02}"
        run_id = f"{date.replace('-', '')}T100000Z-abcdef"
        folder = tmp_path / programme / name / run_id
        folder.mkdir(parents=True)
        good = {"decision": "Do it.", "figures": [figure(float(day))]}
        said = {
            "run_id": run_id,
            "programme": programme,
            "name": name,
            "notebook": "notebooks/good.ipynb",
            "params_file": f"params/{programme}/{name}.yaml",
            "status": status,
            "started": f"{date}T10:00:00.000+00:00",
            "finished": "x",
            "seconds": 3.0,
            "error": "" if status in {"ok", "running"} else f"{status} happened",
            "headline": good if status == "ok" else {},
            "files": ["results.json"],
        }
        (folder / "manifest.json").write_text(json.dumps(said | more))
        page = "<!DOCTYPE html><html lang=en><title>r</title><h1>The report</h1>"
        (folder / "report.html").write_text(page)
        return folder

    return one
