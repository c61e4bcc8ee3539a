"""Ctrl-C, and a scheduler's ways of saying the same."""

from __future__ import annotations

import os
import signal
from typing import Any

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_FIRST = b"\nStopping; what has run is kept. Once more stops at once.\n"
_SECOND = b"\nStopped at once; reports being made stay without a page.\n"
_told: list[int] = []


def listen() -> None:
    """Treat SIGTERM and SIGHUP as Ctrl-C: the first keeps what has run.

    The second ends the process at once, with exit code 130; its kernels see that
    and end too. A signal that is ignored, as nohup does with SIGHUP, stays ignored.
    """
    for name in _NAMES:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _interrupt)


def _interrupt(number: int, _: Any) -> None:
    """Raise at the first signal, leave at the second."""
    _told.append(number)
    if len(_told) > 1:
        _say(_SECOND)
        os._exit(130)
    _say(_FIRST)
    raise KeyboardInterrupt


def _say(text: bytes) -> None:
    """Write without buffers: a signal may come in the middle of another print."""
    try:
        os.write(2, text)
    except OSError:  # the terminal has gone
        return
