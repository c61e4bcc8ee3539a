"""How papermill comes by a warm kernel."""

from __future__ import annotations

import logging
import sys
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from papermill.clientwrap import PapermillNotebookClient

from cxlib.run.environment import LEAVE
from cxlib.run.warm.client import KernelServer, ServerError

_LAUNCHER = [sys.executable, "-m", "ipykernel_launcher"]
_log = logging.getLogger("cxlib.run.warm")


class WarmProvisioner(LocalProvisioner):
    """Has the server fork a kernel; starts one afresh where that cannot be."""

    server: KernelServer
    weights: bool

    async def launch_kernel(
        self, cmd: list[str], **kwargs: Any
    ) -> KernelConnectionInfo:
        """Launch a kernel of the server's own Python, any other afresh.

        A forked kernel is not the runner's child: the server ends it, and it must not
        look for its parent itself.
        """
        if cmd[: len(_LAUNCHER)] != _LAUNCHER:
            return await super().launch_kernel(cmd, **kwargs)
        try:
            process = self.server.launch(
                [_unwatched(part) for part in cmd[len(_LAUNCHER) :]],
                env=kwargs["env"],
                cwd=str(kwargs["cwd"]),
                log=kwargs["stderr"].fileno(),
                weights=self.weights,
            )
        except ServerError as error:
            if self.server.abandoned:
                raise
            _log.warning("No warm kernel, starting one afresh: %s.", error)
            return await super().launch_kernel(cmd, **kwargs)
        self.process = process  # type: ignore[assignment]
        self.cwd = kwargs["cwd"]
        self.pid = self.pgid = process.pid
        return self.connection_info


def _unwatched(part: str) -> str:
    """Return an argument; the one to look for a parent becomes one to do nothing."""
    return f"{LEAVE}pass" if part.startswith(LEAVE) else part


class WarmClient(PapermillNotebookClient):  # type: ignore[misc]
    """Papermill's client with a kernel from a server."""

    server: KernelServer
    weights: bool

    def create_kernel_manager(self) -> Any:
        """Return the usual manager with our provisioner in it."""
        manager = super().create_kernel_manager()
        manager.provisioner = WarmProvisioner(
            kernel_spec=manager.kernel_spec, parent=manager
        )
        manager.provisioner.server = self.server
        manager.provisioner.weights = self.weights
        return manager
