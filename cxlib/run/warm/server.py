"""The process that kernels are forked from; runs apart, with one thread.

It is told what to do over its standard input, a socket. Each message is one byte with
two descriptors: the link to whoever wants the kernel, and the kernel's log. The link
then carries one line of JSON (see `_Request`), back come `pid N` from the kernel and
`exit N` from the server. When the runner closes the socket, or dies, every kernel is
killed and the server ends; when the server dies, the kernels die with it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import json
import os
import selectors
import signal
import socket
import sys
import threading
import time
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from cxlib.run.environment import COLLECT_AFTER
from cxlib.run.warm.preload import preload, preload_weights

READY = b"ready"
_BACKEND = "module://matplotlib_inline.backend_inline"
_LAUNCHER = str(getattr(find_spec("ipykernel_launcher"), "origin", ""))
_PATIENCE = 10.0
_LAST_WORD = 2.0
_DIE_WITH_PARENT = 1


@dataclass(frozen=True, slots=True)
class _Child:
    """A forked kernel as the server knows it."""

    pid: int
    handle: int
    link: socket.socket


@dataclass(frozen=True, slots=True)
class _Request:
    """A kernel to become."""

    link: socket.socket
    log: int
    argv: list[str]
    env: dict[str, str]
    cwd: str
    weights: bool


def main() -> None:
    """Import what notebooks import, then fork a kernel whenever one is asked for."""
    control = socket.socket(fileno=os.dup(0))
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.environ.setdefault("MPLBACKEND", _BACKEND)  # matplotlib reads it once
    before = set(os.environ)
    gc.disable()  # a quarter of the time of imports, for little that is not kept
    preload()
    added = {name: os.environ[name] for name in set(os.environ) - before}
    if threads() > 1:
        control.send(b"importing started threads, which do not survive a fork")
        return
    gc.freeze()
    gc.enable()
    gc.set_threshold(*COLLECT_AFTER)
    control.send(READY)
    request = _Server(control).serve()
    if request is not None:
        _become(request, added)
        _leave()


def threads() -> int:
    """Return how many threads this process has, those of C libraries included."""
    return len(os.listdir("/proc/self/task"))


class _Server:
    """Waits for requests and for kernels to end."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._children: set[_Child] = set()
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)

    def serve(self) -> _Request | None:
        """Return the request in each forked child, None in the server at its end."""
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    self._reap(key.data)
                    continue
                data, fds, _, _ = socket.recv_fds(self._control, 1, 2)
                if not data:
                    self._end()
                    return None
                request = _received(fds)
                if request is None or not _ready_for(request):
                    continue
                if self._forked(request):
                    return request

    def _forked(self, request: _Request) -> bool:
        """Fork; whether this is the child, which keeps nothing of the server's."""
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._selector.close()
            self._control.close()
            for child in self._children:
                os.close(child.handle)
                child.link.close()
            return True
        os.close(request.log)
        child = _Child(pid, os.pidfd_open(pid), request.link)
        self._children.add(child)
        self._selector.register(child.handle, selectors.EVENT_READ, child)
        return False

    def _reap(self, child: _Child) -> None:
        """Pass on how a kernel ended."""
        code = os.waitstatus_to_exitcode(os.waitpid(child.pid, 0)[1])
        self._selector.unregister(child.handle)
        os.close(child.handle)
        with contextlib.suppress(OSError):
            child.link.sendall(b"exit %d\n" % code)
        child.link.close()
        self._children.discard(child)

    def _end(self) -> None:
        """Kill the kernels that are left, and what they started."""
        for child in self._children:
            with contextlib.suppress(OSError):
                os.killpg(child.pid, signal.SIGKILL)


def _ready_for(request: _Request) -> bool:
    """Load what the kernel shares; let the asker go if that has started threads."""
    if request.weights:
        preload_weights()
    if threads() == 1:
        return True
    request.link.close()
    os.close(request.log)
    return False


def _received(fds: list[int]) -> _Request | None:
    """Read what is asked for; nothing where the asker has gone."""
    link, log = socket.socket(fileno=fds[0]), fds[1]
    link.settimeout(_PATIENCE)
    try:
        asked: dict[str, Any] = json.loads(link.makefile("rb").readline())
    except (OSError, ValueError):
        link.close()
        os.close(log)
        return None
    link.settimeout(None)
    return _Request(link, log, **asked)


def _become(request: _Request, added: dict[str, str]) -> None:
    """Be the kernel: a session, streams, environment and random stream of its own.

    `added` are the variables that imports set, as they would in a fresh kernel.
    """
    server = os.getppid()
    os.setsid()
    _die_with(server)
    os.dup2(request.log, 1)
    os.dup2(request.log, 2)
    os.close(request.log)
    os.environ.clear()
    os.environ.update({**added, **request.env, "JPY_PARENT_PID": str(server)})
    time.tzset()
    os.chdir(request.cwd)
    from ipykernel.kernelapp import IPKernelApp

    sys.argv = [_LAUNCHER, *request.argv]
    _reseed()
    request.link.sendall(b"pid %d\n" % os.getpid())
    request.link.close()
    IPKernelApp.launch_instance(request.argv, parent_handle=server)


def _leave() -> None:
    """End as Python does, but for taking its modules apart, which nobody waits for.

    The thread that was asked to end the kernel has the last word: whoever closes the
    kernel's output before it is heard waits for it until the runner loses patience.
    """
    from ipykernel.kernelapp import IPKernelApp

    asked = IPKernelApp.instance().control_thread
    if asked is not None:
        asked.join(_LAST_WORD)
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()
    atexit._run_exitfuncs()
    for stream in (sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    os._exit(0)


def _die_with(parent: int) -> None:
    """Have Linux kill this process as soon as its parent is dead."""
    import ctypes

    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _reseed() -> None:
    """Give numpy's shared stream a state of its own; `random` does so by itself."""
    mtrand = sys.modules.get("numpy.random.mtrand")
    if mtrand is not None:
        mtrand._rand.seed()
