"""The runner's side of warm kernels: start the server, ask it for kernels."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from cxlib.run.environment import kernel_environment

READY = b"ready"
_PATIENCE = 120.0
# Arrow's allocator would start a thread, and threads do not survive a fork.
_ALONE = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
_PACKAGE = Path(__file__).parents[3]
# As in a fresh kernel, no folder of ours is left on the path for imports.
_BOOT = """\
import sys
sys.path[0] = {package!r}
from cxlib.run.warm.server import main
del sys.path[0]
main()
"""


class ServerError(Exception):
    """No warm kernel is to be had; a fresh one will do."""


class KernelServer:
    """A process with the imports done, for as long as this object is open.

    Notes
    -----
    It starts at once and is ready some seconds later; `launch` waits for that. May be
    used from several threads. A session of its own keeps Ctrl-C from it.
    """

    def __init__(self) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115  closed in close()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        boot = _BOOT.format(package=str(_PACKAGE))
        with theirs:
            self._process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-c", boot],
                stdin=theirs.fileno(),
                stdout=self._log,
                stderr=self._log,
                env={**kernel_environment(), **_ALONE},
                start_new_session=True,
            )
        self._lock = threading.Lock()
        self._state = b""
        self.abandoned = False

    @property
    def pid(self) -> int:
        """The server's process."""
        return self._process.pid

    def launch(
        self,
        argv: list[str],
        *,
        env: Mapping[str, str],
        cwd: str,
        log: int,
        weights: bool = False,
    ) -> Forked:
        """Return a kernel with these arguments, environment and working directory.

        `log` is the descriptor of the file it writes to beside its cells; `weights`
        has the server load those of VoC's models first, unless it has.

        Raises
        ------
        ServerError
            If the server could not start, or has died.
        """
        self._wait_ready()
        ours, theirs = socket.socketpair()
        wanted = {"argv": argv, "env": dict(env), "cwd": cwd, "weights": weights}
        asked = json.dumps(wanted)
        try:
            with theirs:
                socket.send_fds(self._control, [b"k"], [theirs.fileno(), log])
            ours.sendall(f"{asked}\n".encode())
            return Forked(ours)
        except OSError as error:
            ours.close()
            raise ServerError(f"the server has died ({error})") from error

    def _wait_ready(self) -> None:
        """Wait for the imports, once."""
        with self._lock:
            if not self._state:
                self._control.settimeout(_PATIENCE)
                with contextlib.suppress(OSError):
                    self._state = self._control.recv(1_000)
                self._control.settimeout(None)
                self._state = self._state or self._last_words()
        if self._state != READY:
            raise ServerError(self._state.decode(errors="replace"))

    def _last_words(self) -> bytes:
        """Return the last line the server wrote."""
        self._log.seek(0)
        lines = self._log.read().strip().splitlines()
        return lines[-1] if lines else b"it did not start"

    def abandon(self) -> None:
        """Launch no more kernels; whoever waits for one is told so at once."""
        self.abandoned = True
        self._process.kill()

    def close(self) -> None:
        """End the server, at once if it was of no use, and any kernel that is left."""
        self._control.close()
        if self._state != READY:
            self._process.kill()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class Forked:
    """A kernel as `subprocess.Popen` would show it; raises OSError if it never was."""

    stdin = stdout = stderr = None

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._text = b""
        self.returncode: int | None = None
        self.pid = 0
        while not self.pid:
            self._listen(None)
            if self.returncode is not None and not self.pid:
                raise OSError(f"the kernel ended with {self.returncode} at its start")

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        self._listen(0.0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code once it has ended."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise subprocess.TimeoutExpired("kernel", timeout or 0.0)
            self._listen(left)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def _listen(self, timeout: float | None) -> None:
        """Take in what the link says; a link that breaks means the server is dead."""
        if self.returncode is not None:
            return
        if not select.select([self._link], [], [], timeout)[0]:
            return
        got = b""
        with contextlib.suppress(OSError):
            got = self._link.recv(100)
        *lines, self._text = (self._text + (got or b"\nexit -9\n")).split(b"\n")
        for line in filter(None, lines):
            word, _, number = line.partition(b" ")
            if word == b"pid":
                self.pid = int(number)
            elif word == b"exit" and self.returncode is None:
                self.returncode = int(number)
                self._link.close()
