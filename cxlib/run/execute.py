"""Run one notebook; the exception, and nothing else, says how it ended."""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cxlib.report.states import BY_ERROR
from cxlib.report.words import error_text
from cxlib.run.environment import LEAVE
from cxlib.run.secrets import hide_text

if TYPE_CHECKING:
    from cxlib.run.engine import Watch

_MARKER = "papermill-error-cell-tag"
START_TIMEOUT = 120
# ipykernel ends with its parent, but not where that died while the kernel was starting
# and orphans go to another process than the first, as in a user's systemd session.
_LEAVE = "if __import__('os').getppid() != {}: __import__('os')._exit(1)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended: its status, the error in words and the cell it was in."""

    status: str
    error: str = ""
    cell: int | None = None


def prepare_imports() -> None:
    """Keep papermill's import from building grammars nobody uses (2.5 cpu s).

    jsonschema imports rfc3987_syntax where it is installed (with JupyterLab) and
    copes where it is not: python-jsonschema/jsonschema#1521.
    """
    sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]


def execute(
    notebook: Path,
    params: Mapping[str, Any],
    *,
    root: Path,
    watch: Watch,
    timeout: float | None = None,
) -> Ending:
    """Execute a notebook with parameters, in a kernel of its own.

    Parameters
    ----------
    notebook : pathlib.Path
        Its file is not changed.
    params : mapping
        Parameters papermill injects.
    root : pathlib.Path
        The kernel's working directory.
    watch : Watch
        Holds the notebook while it runs; saved, whole, when this returns.
    timeout : float, optional
        Seconds one cell may take.

    Returns
    -------
    Ending
        Never raises for what happens in the notebook.
    """
    prepare_imports()
    import nbformat
    import papermill

    logging.getLogger("papermill").setLevel(logging.ERROR)
    try:
        with _transport() as config:
            papermill.execute_notebook(
                nbformat.read(notebook, as_version=4),
                None,
                dict(params),
                engine_name="cx",
                kernel_name="python3",
                progress_bar=False,
                start_timeout=START_TIMEOUT,
                execution_timeout=timeout,
                config=config,
                resources={"metadata": {"path": str(root)}},
                watch=watch,
            )
        ending = _exited(watch)
    except Exception as error:  # any of them is the run's ending
        ending = _ending(error, watch, timeout)
    return _settle(watch, ending)


def _settle(watch: Watch, ending: Ending) -> Ending:
    """Drop papermill's error markers, save the notebook, return the ending.

    The kernel's own log is kept where it may say why there is no answer in a cell.
    """
    telling = ending.status == "died" or (ending.error and ending.cell is None)
    if watch.log.is_file() and not (telling and watch.log.stat().st_size):
        watch.log.unlink()
    if watch.notebook is None:
        return ending
    watch.notebook.cells = [
        cell
        for cell in watch.notebook.cells
        if _MARKER not in cell.metadata.get("tags", [])
    ]
    watch.save()
    return ending


def short_temporary() -> str:
    """Return the folder for sockets, whose whole path may hold some 100 characters."""
    base = tempfile.gettempdir()
    return base if len(base) < 60 else "/tmp"


@contextlib.contextmanager
def _transport() -> Iterator[Any]:
    """Yield a kernel configuration: unix sockets where there are any.

    No TCP port is opened, so parallel runs cannot race for one. The folder must be
    this run's own (kernels that share it answer each other's messages) and short
    (a socket's path may hold some 100 characters).
    """
    from traitlets.config import Config

    if os.name != "posix":
        yield Config()
        return
    folder = tempfile.mkdtemp(prefix=f"cx-{os.getpid()}-", dir=short_temporary())
    try:
        kernel = {"transport": "ipc", "ip": f"{folder}/k"}
        leave = f"{LEAVE}{_LEAVE.format(os.getpid())}"
        client = {"extra_arguments": [leave]}
        yield Config({"KernelManager": kernel, "NotebookClient": client})
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _exited(watch: Watch) -> Ending:
    """Return 'ok' unless a cell called sys.exit(), which papermill lets pass."""
    for index, cell in enumerate(watch.notebook.cells):
        for output in cell.get("outputs", []):
            if output.output_type == "error" and output.ename == "SystemExit":
                text = "SystemExit: the notebook ended itself before its last cell."
                return Ending(status="failed", error=text, cell=index)
    return Ending(status="ok")


def _ending(error: Exception, watch: Watch, timeout: float | None) -> Ending:
    """Return how a run ended from the exception that ended it."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    cell = watch.cell
    if watch.stopped.is_set():
        return Ending(status="interrupted", error="Interrupted by the user.", cell=cell)
    if isinstance(error, PapermillExecutionError):
        status = BY_ERROR.get(error.ename, "failed")
        text = error_text(error.ename, error.evalue)
        return Ending(status=status, error=hide_text(text), cell=error.cell_index)
    if isinstance(error, CellTimeoutError) and timeout:
        text = f"A cell took longer than {timeout:g} s (--timeout) and was stopped."
        return Ending(status="timeout", error=text, cell=cell)
    if isinstance(error, DeadKernelError):
        text = (
            "The kernel died before the cell was done, most often because the machine "
            "ran out of memory."
        )
        return Ending(status="died", error=text, cell=cell)
    text = f"{type(error).__name__}: {str(error).strip()}"
    return Ending(status="failed", error=hide_text(text), cell=cell)
