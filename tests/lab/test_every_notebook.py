"""Every notebook, opened, run and saved in JupyterLab by a real browser."""

from __future__ import annotations

import nbformat
import pytest

from tests.lab.labpage import close, open_lab, open_notebook, picture, run_all, save
from tests.lab.labpage import wrong as wrong_on
from tests.lab.labserver import ROOT, git

NOTEBOOKS = sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))

pytestmark = pytest.mark.slow


def outside_outputs(notebook):
    """The notebook as an author wrote it: sources, tags, ids, metadata."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return notebook


def problems(page, lab, name):
    """Open, run, save and close one notebook; return what was not right."""
    path = lab.project / "notebooks" / name
    before = nbformat.read(path, 4)
    open_notebook(page, name)
    run_all(page, seconds=240)
    save(page)
    found = wrong_on(page)
    after = nbformat.read(path, 4)
    code = [cell for cell in after.cells if cell.cell_type == "code"]
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("not every cell ran once, in order")
    kinds = {output.output_type for cell in code for output in cell.outputs}
    found += sorted(kinds - {"display_data", "execute_result", "stream"})
    if outside_outputs(after) != outside_outputs(before):
        found.append("saving changed more than outputs")
    close(page, name)
    page.wait_for_timeout(500)
    return found + wrong_on(page)


def test_each_runs_saves_and_closes_without_a_word(browser, lab, tmp_path):
    page = open_lab(browser, lab)
    found = {}
    for name in NOTEBOOKS:
        try:
            found[name] = problems(page, lab, name)
        except Exception as error:  # the others are still worth knowing
            picture(page, tmp_path / f"{name}.png")
            found[name] = [f"{error}"[:400], *wrong_on(page)]
            page = open_lab(browser, lab, "/lab?reset")
            page.goto(lab.at("/lab/tree/notebooks?reset"))
    assert {name: what for name, what in found.items() if what} == {}

    page.wait_for_timeout(5000)
    assert lab.ask("/api/kernels") == [], "closing a notebook left its kernel"
    assert not lab.calls.exists(), f"asked of another machine: {lab.calls.read_text()}"
    # matplotlib makes an empty folder for settings, and caches the fonts it found
    files = [path for path in lab.home.rglob("*") if path.is_file()]
    kept = [path.relative_to(lab.home) for path in files]
    assert [path for path in kept if path.parts[0] != ".cache"] == []
    changed = git(lab.project, "status", "--porcelain").split()[1::2]
    assert all(name.startswith("notebooks/") for name in changed), changed
