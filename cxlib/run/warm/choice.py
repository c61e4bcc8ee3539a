"""Which runs get a warm kernel."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import cxlib
from cxlib.run.jobs import Job
from cxlib.run.warm.client import KernelServer
from cxlib.run.warm.preload import top_level

_APART = {"spark", "polars"}


@contextlib.contextmanager
def kernels(jobs: Sequence[Job], *, warm: bool | None) -> Iterator[KernelServer | None]:
    """Yield the server for these jobs, None where each starts a kernel afresh.

    Parameters
    ----------
    jobs : sequence of Job
        All that are about to run.
    warm : bool or None
        None decides by what pays: two runs and more.
    """
    suited = [job for job in jobs if fits(job)]
    if warm is False or not suited or (warm is None and len(suited) < 2):
        yield None
        return
    with KernelServer() as server:
        yield server


def fits(job: Job) -> bool:
    """Whether a job may have a warm kernel: on Linux, without Spark's JVM or Polars.

    Nor where the workbook has modules of its own in the place of those preloaded: a
    fresh kernel would import them.
    """
    if not sys.platform.startswith("linux") or _value(job, "engine") in _APART:
        return False
    ours = Path(cxlib.__file__).parents[1]
    if job.root == ours:
        return True
    hidden = (job.root / f"{name}{end}" for name in top_level() for end in ("", ".py"))
    return not any(path.exists() for path in hidden)


def needs_weights(job: Job) -> bool:
    """Whether a job uses the models of VoC."""
    return bool(_value(job, "embeddings") == "auto")


def _value(job: Job, name: str) -> Any:
    """Return a parameter as given, or its default."""
    default = next((one.default for one in job.parameters if one.name == name), None)
    return job.params.get(name, default)
