"""git shows and merges notebooks cell by cell, with our environment and without."""

from __future__ import annotations

import os
import subprocess
import sys

import nbformat
import pytest

from tests.lab.labserver import ROOT, git

ENABLE = "import sys, pathlib; sys.path.insert(0, 'lab'); import notebook_diffs; "
ENABLE += "notebook_diffs.enable(pathlib.Path.cwd())"
NOTEBOOK = "notebooks/roi_choice.ipynb"

pytestmark = pytest.mark.slow


@pytest.fixture
def project(tmp_path):
    """A repository with one notebook and the drivers of `make lab`."""
    for name in (
        ".gitattributes",
        "nbdime_config.json",
        "lab/notebook_diffs.py",
        NOTEBOOK,
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "config", "user.name", "Analyst")
    git(tmp_path, "config", "user.email", "analyst@example.com")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "the workbook")
    enable(tmp_path)
    return tmp_path


def enable(project):
    bare = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(
        [sys.executable, "-c", ENABLE], cwd=project, check=True, env=os.environ | bare
    )


def edit(project, *, cell, text="", count=None):
    """Change a cell's source, or only what a run leaves behind."""
    path = project / NOTEBOOK
    notebook = nbformat.read(path, 4)
    if text:
        notebook.cells[cell].source += text
    for one in notebook.cells:
        if count and one.cell_type == "code":
            one.execution_count = count
            for output in one.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = count
    if count:
        notebook.metadata.language_info = {"name": "python", "version": "3.99"}
    nbformat.write(notebook, path)


def forget_environment(project):
    """Make the drivers point where no environment is any more."""
    config = project / ".git" / "config"
    bin_folder = os.path.dirname(sys.executable)
    config.write_text(config.read_text().replace(bin_folder, "/nowhere/bin"))


def test_a_changed_cell_is_readable(project):
    edit(project, cell=0, text="\n\nMind the **season**.", count=99)
    shown = git(project, "diff")
    assert "+Mind the **season**." in [line.strip() for line in shown.splitlines()]
    assert "modified /cells/0/source" in shown
    assert len(shown.splitlines()) < 20, "more than the change is shown:\n" + shown
    assert "\x1b" not in shown, "colours in a file or a pipe"


def test_what_only_a_run_changes_is_not_shown(project):
    edit(project, cell=0, count=99)
    shown = git(project, "diff")
    assert "execution_count" not in shown
    assert "language_info" not in shown


def test_two_people_change_different_cells_and_both_stay(project):
    git(project, "checkout", "-q", "-b", "other")
    edit(project, cell=0, text="\n\nTheirs.", count=7)
    git(project, "commit", "-q", "-am", "theirs")
    git(project, "checkout", "-q", "main")
    edit(project, cell=3, text="\n\nOurs.", count=9)
    git(project, "commit", "-q", "-am", "ours")
    git(project, "merge", "-q", "other")
    merged = nbformat.read(project / NOTEBOOK, 4)
    nbformat.validate(merged)
    assert merged.cells[0].source.endswith("Theirs.")
    assert merged.cells[3].source.endswith("Ours.")


def test_git_works_on_when_the_environment_is_gone(project):
    forget_environment(project)
    edit(project, cell=0, text="\n\nTheirs.")
    shown = git(project, "diff")
    assert "Theirs." in shown
    assert "@@" in shown
    git(project, "checkout", "-q", "-b", "other")
    git(project, "commit", "-q", "-am", "theirs")
    git(project, "checkout", "-q", "main")
    edit(project, cell=3, text="\n\nOurs.")
    git(project, "commit", "-q", "-am", "ours")
    git(project, "merge", "-q", "other")
    merged = nbformat.read(project / NOTEBOOK, 4)
    assert merged.cells[0].source.endswith("Theirs.")
    assert merged.cells[3].source.endswith("Ours.")


def test_drivers_find_a_new_environment_and_respect_a_chosen_one(project):
    forget_environment(project)
    enable(project)
    assert "/nowhere/" not in (project / ".git" / "config").read_text()
    git(project, "config", "diff.jupyternotebook.command", "my-own-diff")
    enable(project)
    assert git(project, "config", "diff.jupyternotebook.command") == "my-own-diff\n"


def test_a_repository_without_drivers_compares_as_text(project):
    for kind in ("diff", "merge"):
        git(project, "config", "--remove-section", f"{kind}.jupyternotebook")
    edit(project, cell=0, text="\n\nTheirs.")
    assert "Theirs." in git(project, "diff")
