"""Kernels that start and end without the pauses of a kernel of unknown speed."""

from __future__ import annotations

import time
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.manager import AsyncKernelManager

_PATIENCE = 1.0  # seconds to wait for an answer
_QUIET = 0.05  # seconds to wait for what follows it, at first; then twice as long
_POLL = 0.01


class PromptClient(AsyncKernelClient):
    """A client that is ready when the kernel says that it is idle.

    The usual one listens for a fifth of a second whether there is more to come, which
    is a tenth of a short notebook's time.
    """

    async def wait_for_ready(self, timeout: float | None = None) -> None:
        """Wait until the kernel has answered and all it said has been read.

        Raises
        ------
        RuntimeError
            If the kernel has died, or does not answer within `timeout` seconds.
        """
        deadline = float("inf") if timeout is None else time.monotonic() + timeout
        quiet = _QUIET
        while not await self._answered(self.kernel_info(), quiet):
            quiet = min(2 * quiet, _PATIENCE)
            if not await self.is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if time.monotonic() > deadline:
                raise RuntimeError(f"Kernel didn't respond in {timeout:g} seconds")

    async def _answered(self, asked: str, quiet: float) -> bool:
        """Whether a request was answered, to the message that the kernel is idle."""
        reply: dict[str, Any] = {}
        said: dict[str, Any] = {}
        try:
            while not _of(reply, asked):
                reply = await self.get_shell_msg(timeout=_PATIENCE)
            while not (_of(said, asked) and _idle(said)):
                said = await self.get_iopub_msg(timeout=quiet)
        except Empty:  # what was said before the connection stood is lost: ask again
            return False
        self._handle_kernel_info_reply(reply)
        return True


class PromptManager(AsyncKernelManager):
    """A manager that sees at once that a kernel has ended, not a tenth later."""

    def __init__(self, **options: Any) -> None:
        super().__init__(client_factory=PromptClient, **options)

    async def _async_finish_shutdown(
        self,
        waittime: float | None = None,
        pollinterval: float = _POLL,
        restart: bool = False,  # noqa: FBT001, FBT002  as jupyter_client calls it
    ) -> None:
        await super()._async_finish_shutdown(waittime, pollinterval, restart)


def _of(message: dict[str, Any], asked: str) -> bool:
    """Whether a message answers a request."""
    header: dict[str, Any] = message.get("parent_header") or {}
    return header.get("msg_id") == asked


def _idle(message: dict[str, Any]) -> bool:
    """Whether a message says that the kernel has nothing to do."""
    return bool(message["content"].get("execution_state") == "idle")
