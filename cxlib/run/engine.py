"""A papermill engine that can be watched, saved whole and stopped."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from nbclient.exceptions import DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import (
    NBClientEngine,
    NotebookExecutionManager,
    papermill_engines,
)

from cxlib.report.files import write_text
from cxlib.run.environment import kernel_environment
from cxlib.run.kernels import PromptManager
from cxlib.run.warm.client import KernelServer
from cxlib.run.warm.provisioner import WarmClient

NAME = "cx"
SAVE_AFTER = 2.0
SAVING_SHARE = 20  # saving takes a twentieth of the time at most


class Watch:
    """One run as seen from outside: where it is, how to save and how to stop it.

    Parameters
    ----------
    output : pathlib.Path
        Where the notebook is kept while it runs.
    on_cell : callable
        Called with the number of cells done and of all cells.
    server : KernelServer, optional
        Where the kernel is forked; without one it is started afresh.
    weights : bool
        Whether it uses the models of VoC, which the server then loads once.

    Notes
    -----
    Papermill saves twice a cell, which costs more than the cells themselves once
    a notebook holds some megabytes of charts. Here a change is saved two seconds later
    (later still where saving is slow), so that is what a killed run may lose.
    """

    def __init__(
        self,
        output: Path,
        on_cell: Callable[[int, int], None],
        server: KernelServer | None = None,
        *,
        weights: bool = False,
    ) -> None:
        self.output = output
        self.server = server
        self.weights = weights
        self.log = output.with_name("kernel.log")
        self.on_cell = on_cell
        self.notebook: Any = None
        self.cell: int | None = None
        self.client: Any = None
        self.stopped = threading.Event()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._cost = 0.0

    def changed(self) -> None:
        """Save soon, unless that is already due."""
        if self._timer is None and self.notebook is not None:
            delay = max(SAVE_AFTER, SAVING_SHARE * self._cost)
            self._timer = threading.Timer(delay, self._save_late)
            self._timer.daemon = True
            self._timer.start()

    def save(self) -> None:
        """Write the notebook as it is, and nothing later unless it changes.

        In one line, in a quarter of the time: `RunFolder` writes what is kept.
        """
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        with self._lock:
            started = time.perf_counter()
            write_text(self.output, json.dumps(self.notebook, ensure_ascii=False))
            self._cost = time.perf_counter() - started

    def _save_late(self) -> None:
        """Save from the timer's thread; what fails is saved at the end."""
        self._timer = None
        try:
            self.save()
        except RuntimeError:  # the notebook grew while it was being written
            self.changed()
        except OSError:
            return

    def stop(self) -> None:
        """End the run: no further cell starts, and the kernel is killed."""
        self.stopped.set()
        manager = getattr(self.client, "km", None)
        pid = getattr(getattr(manager, "provisioner", None), "pid", None)
        if pid:
            try:
                # The kernel leads its own session: its children go with it.
                os.killpg(pid, signal.SIGKILL)
            except (AttributeError, OSError):
                return


class _Manager(NotebookExecutionManager):  # type: ignore[misc]
    """Papermill's record keeping, with our way of saving."""

    watch: Watch

    def save(self, **_: Any) -> None:
        self.last_save_time = self.now()

    def autosave_cell(self, **_: Any) -> None:
        self.watch.changed()

    def cell_start(
        self, cell: Any, cell_index: int | None = None, **kwargs: Any
    ) -> None:
        if self.watch.stopped.is_set():
            raise DeadKernelError("stopped from outside")
        self.watch.cell = cell_index
        super().cell_start(cell, cell_index, **kwargs)

    def cell_complete(
        self, cell: Any, cell_index: int | None = None, **kwargs: Any
    ) -> None:
        super().cell_complete(cell, cell_index, **kwargs)
        self.watch.changed()
        self.watch.on_cell((cell_index or 0) + 1, len(self.nb.cells))


class WatchedEngine(NBClientEngine):  # type: ignore[misc]
    """Papermill's engine, run under a `Watch` that is passed as `watch=`."""

    @classmethod
    def execute_notebook(
        cls, nb: Any, kernel_name: str, *, watch: Watch, **kwargs: Any
    ) -> Any:
        """Execute the notebook, recording what papermill's own engine records."""
        options = {"progress_bar": False, "autosave_cell_every": 0}
        manager = _Manager(nb, **options)
        manager.watch = watch
        watch.notebook = nb
        manager.notebook_start()
        watch.save()
        for name in ("output_path", "log_output", "input_path", *options):
            kwargs.pop(name, None)
        try:
            _run_cells(manager, kernel_name, kwargs)
        finally:
            manager.notebook_complete()
        return manager.nb


def _run_cells(manager: _Manager, kernel_name: str, options: dict[str, Any]) -> None:
    """Execute the cells in a kernel of their own."""
    watch = manager.watch
    kind = PapermillNotebookClient if watch.server is None else WarmClient
    client = kind(
        manager,
        kernel_name=kernel_name,
        kernel_manager_class=PromptManager,
        timeout=options["execution_timeout"],
        startup_timeout=options["start_timeout"],
        config=options["config"],
        resources=options["resources"],
    )
    client.server, client.weights = watch.server, watch.weights
    watch.client = client
    environment = kernel_environment(options["resources"]["metadata"]["path"])
    with watch.log.open("wb") as log:
        client.execute(stdout=log, stderr=log, env=environment)


papermill_engines.register(NAME, WatchedEngine)
