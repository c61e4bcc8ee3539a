"""Warm kernels: forked from one process that has the imports done."""

from __future__ import annotations

from cxlib.run.warm.choice import ahead, fits, kernels, needs_weights
from cxlib.run.warm.client import KernelServer, ServerError

__all__ = [
    "KernelServer",
    "ServerError",
    "ahead",
    "fits",
    "kernels",
    "needs_weights",
]
