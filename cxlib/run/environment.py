"""The environment a kernel gets, and when it and its runner collect garbage.

Looking for garbage every 700 objects, as Python does, takes a tenth of the time of
kernels that have their imports frozen and an eighth of that of the runner.
"""

from __future__ import annotations

import os

# Threads of linear algebra wait for each other: on two cores twenty times the CPU time.
ONE_THREAD = dict.fromkeys(
    ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1"
)
COLLECT_AFTER = (50_000, 20, 20)
LEAVE = "--IPKernelApp.exec_lines="  # makes a kernel end that has lost its runner


def kernel_environment(root: str | None = None) -> dict[str, str]:
    """Return the variables of a kernel: this process's own, and where the workbook is.

    One thread of linear algebra, unless the user asked for another number.
    """
    found = {**ONE_THREAD, **os.environ}
    return found if root is None else {**found, "CX_ROOT": root}
