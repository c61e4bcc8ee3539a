"""What an analyst does in JupyterLab, by mouse and keyboard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.lab.labserver import Lab

NOTEBOOK = ".jp-NotebookPanel:not(.lm-mod-hidden)"
WRONG = ", ".join(
    f'{NOTEBOOK} [data-mime-type="application/vnd.jupyter.{kind}"]'
    for kind in ("stderr", "error")
)
# until every cell has run, or one of them says that something is wrong
SETTLED = f"""() => {{
  const cells = [...document.querySelectorAll('{NOTEBOOK} .jp-CodeCell')]
    .filter(cell => cell.querySelector('.cm-content').textContent.trim());
  const ran = cells.length && cells.every(
    cell => /\\[\\d+\\]/.test(cell.querySelector('.jp-InputPrompt').textContent));
  return ran || document.querySelector('{WRONG}') !== null;
}}"""


def open_lab(browser: Any, lab: Lab, path: str = "/lab", **context: Any) -> Any:
    """Open a page of the server and wait until Lab has drawn itself."""
    page = browser.open(
        lab.at(path), **{"viewport": {"width": 1400, "height": 900}} | context
    )
    page.set_default_timeout(60_000)
    page.wait_for_selector("#jupyterlab-splash", state="detached")
    page.wait_for_selector(".jp-DirListing-item")
    return page


def open_notebook(page: Any, name: str) -> None:
    """Double-click a notebook in the file browser and wait for its kernel."""
    page.locator(f".jp-DirListing-item:has-text('{name}')").dblclick()
    page.wait_for_selector(f".lm-DockPanel .lm-mod-current:has-text('{name}')")
    wait_until_idle(page)


def wait_until_idle(page: Any) -> None:
    """Wait for the kernel; before it is there, its light says idle too."""
    page.wait_for_selector("#jp-main-statusbar :text-matches('^Python 3.*Idle$')")
    page.wait_for_selector(f"{NOTEBOOK} [data-status=idle]", state="attached")


def forget_stored_outputs(page: Any) -> None:
    """Clear every output, so that what stands there later was made by this run."""
    menu(page, "Edit", command="editmenu:clear-all")
    page.wait_for_function(
        f"() => !document.querySelector('{NOTEBOOK} .jp-OutputArea-output')"
    )


def insert_cell(page: Any, text: str) -> None:
    """Insert a cell below the first code cell that is there, and type into it.

    Each key waits for the one before it: typed ahead of Lab, keys are lost.
    """
    cells = page.locator(f"{NOTEBOOK} .jp-CodeCell")
    before = cells.count()
    cells.first.locator(".jp-InputPrompt").click()
    page.wait_for_selector(f"{NOTEBOOK} .jp-Notebook.jp-mod-commandMode")
    page.keyboard.press("b")
    page.wait_for_function(
        "([cells, n]) => document.querySelectorAll(cells).length > n",
        arg=[f"{NOTEBOOK} .jp-CodeCell", before],
    )
    page.keyboard.press("Enter")
    active = f"{NOTEBOOK} .jp-CodeCell.jp-mod-active .cm-content"
    page.wait_for_selector(f"{active}:focus")
    page.keyboard.type(text)
    page.wait_for_selector(f"{active}:has-text('{text}')")


def run_all(page: Any, *, seconds: float) -> None:
    """Run > Run All Cells, and wait for the last of them."""
    forget_stored_outputs(page)
    menu(page, "Run", command="runmenu:run-all")
    wait_until_settled(page, seconds=seconds)


def wait_until_settled(page: Any, *, seconds: float) -> None:
    page.wait_for_function(SETTLED, timeout=1000 * seconds)
    wait_until_idle(page)


def menu(page: Any, name: str, *, command: str) -> None:
    """Choose an entry of a menu of the bar."""
    page.get_by_role("menuitem", name=name, exact=True).click()
    page.locator(f'.lm-Menu-item[data-command="{command}"]').first.click()


def save(page: Any) -> None:
    """File > Save, and wait until the tab is no longer marked as changed."""
    menu(page, "File", command="docmanager:save")
    page.wait_for_selector(
        ".lm-DockPanel .lm-mod-current.jp-mod-dirty", state="detached"
    )


def close(page: Any, name: str) -> None:
    """Close a tab by its cross."""
    tab = page.locator(f".lm-DockPanel .lm-TabBar-tab:has-text('{name}')")
    tab.locator(".lm-TabBar-tabCloseIcon").click()
    tab.wait_for(state="detached")


def wrong(page: Any) -> list[str]:
    """Return what cells wrote to stderr or raised, and the questions Lab asks."""
    shown = f"{WRONG}, .jp-Dialog"
    return [text.strip()[-400:] for text in page.locator(shown).all_inner_texts()]


def picture(page: Any, path: Path) -> None:
    """Keep what the page looks like, for whoever wonders why a test failed."""
    page.screenshot(path=str(path))
