"""What an analyst meets: the first screen, the menus, a Tab, a second window."""

from __future__ import annotations

import re
import subprocess

import pytest

from tests.lab.labpage import (
    NOTEBOOK,
    forget_stored_outputs,
    insert_cell,
    menu,
    open_lab,
    open_notebook,
    wait_until_settled,
    wrong,
)
from tests.lab.labserver import address, environment, git, make_lab, stop

SMALL = "roi_choice.ipynb"

pytestmark = pytest.mark.slow


def test_opens_on_readme_notebooks_and_contents(browser, lab):
    page = open_lab(browser, lab)
    page.locator(".jp-MarkdownViewer h1:has-text('cx-workbook')").wait_for()
    files = page.locator(".jp-DirListing-itemText").all_inner_texts()
    assert len([name for name in files if name.endswith(".ipynb")]) >= 15
    contents = page.locator("#table-of-contents .jp-tocItem-content")
    contents.filter(has_text="Two commands").wait_for()
    assert wrong(page) == []
    # a link of the README opens the notebook, and its headings take the place
    page.locator(".jp-MarkdownViewer a", has_text="roi_choice").first.click()
    contents.filter(has_text="Method and assumptions").wait_for()


def test_restart_and_run_all_then_export_the_report(browser, lab, tmp_path):
    page = open_lab(browser, lab, "/lab/workspaces/export/tree/notebooks")
    open_notebook(page, SMALL)
    forget_stored_outputs(page)
    menu(page, "Run", command="runmenu:restart-and-run-all")
    page.locator(".jp-Dialog button.jp-mod-accept").click()
    wait_until_settled(page, seconds=240)
    assert wrong(page) == []
    page.locator(f"{NOTEBOOK} .cx-answer .cx-decision").wait_for()

    tools = page.locator(f"{NOTEBOOK} .jp-NotebookPanel-toolbar").inner_html()
    assert re.search("(?i)nbd(iff|ime)", tools), "nbdime's buttons are missing"
    page.get_by_role("menuitem", name="File", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Save and Export Notebook As").hover()
    entry = page.locator(".lm-Menu-item:has-text('CX report')")
    with page.expect_download(timeout=60_000) as coming:
        entry.click()
    kept = tmp_path / "report.html"
    coming.value.save_as(kept)
    report = kept.read_text("utf-8")
    assert coming.value.suggested_filename == "roi_choice.html"
    assert "Content-Security-Policy" in report
    assert re.search(r"class=.cx-decision", report)
    assert not re.search(r"""(src|href)=["']https?://""", report)


def test_tab_and_shift_tab_in_a_cell(browser, lab):
    page = open_lab(browser, lab, "/lab/workspaces/tab/tree/notebooks")
    open_notebook(page, SMALL)
    forget_stored_outputs(page)
    insert_cell(page, "from cxlib import nps")
    page.keyboard.press("Control+Enter")
    prompt = page.locator(f"{NOTEBOOK} .jp-CodeCell.jp-mod-active .jp-InputPrompt")
    prompt.filter(has_text=re.compile(r"\[\d+\]")).wait_for()
    insert_cell(page, "nps.by_s")
    page.keyboard.press("Tab")
    offered = page.locator(".jp-Completer-item")
    offered.first.wait_for()
    assert [text.split()[1] for text in offered.all_inner_texts()] == [".by_segment"]
    page.keyboard.press("Enter")
    page.keyboard.type("(")
    page.keyboard.press("Shift+Tab")
    tooltip = page.locator(".jp-Tooltip").inner_text()
    assert tooltip.startswith("Signature:")
    assert "Estimate each segment's score" in tooltip


def test_a_second_start_keeps_the_layout_and_finds_another_port(lab, tmp_path):
    before = {path.name: path.read_bytes() for path in layouts(lab)}
    home, log = tmp_path / "home", tmp_path / "log"
    home.mkdir()
    env = environment(lab.project, home, tmp_path / "calls")
    port = int(lab.url.partition("127.0.0.1:")[2].partition("/")[0])
    server = make_lab(lab.project, env, log, port=port)
    try:
        assert address(server, log) != lab.url
        assert {path.name: path.read_bytes() for path in layouts(lab)} == before
    finally:
        stop(server)


def test_git_is_set_up_and_nothing_is_left_for_it_to_see(lab):
    command = git(lab.project, "config", "--local", "diff.jupyternotebook.command")
    assert "git-nbdiffdriver" in command
    ignored = subprocess.run(
        ["git", "check-ignore", ".jupyter"], cwd=lab.project, check=False
    )
    assert ignored.returncode == 0


def layouts(lab):
    return sorted((lab.project / ".jupyter/lab/workspaces").iterdir())
