"""Which runs get a warm kernel."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cxlib
from cxlib.run.warm.client import KernelServer
from cxlib.run.warm.preload import top_level

if TYPE_CHECKING:
    from cxlib.run.jobs import Job

_APART = {"spark", "polars"}


@contextlib.contextmanager
def ahead(
    params: Sequence[Path], *, warm: bool | None
) -> Iterator[KernelServer | None]:
    """Yield a server that has begun its imports, where runs may well want one.

    Parameters
    ----------
    params : sequence of pathlib.Path
        As a user names them, files and folders: which runs they are is not known yet.
    warm : bool or None
        As for `kernels`, which ends a server that is not wanted after all.
    """
    several = len(params) > 1 or any(path.is_dir() for path in params)
    if _forks() and (warm or (warm is None and several)):
        with KernelServer() as server:
            yield server
    else:
        yield None


@contextlib.contextmanager
def kernels(
    jobs: Sequence[Job], *, warm: bool | None, started: KernelServer | None = None
) -> Iterator[KernelServer | None]:
    """Yield the server for these jobs, None where each starts a kernel afresh.

    Parameters
    ----------
    jobs : sequence of Job
        All that are about to run.
    warm : bool or None
        None decides by what pays: two runs and more.
    started : KernelServer, optional
        The one to use, if any is.
    """
    suited = [job for job in jobs if fits(job)]
    if warm is False or not suited or (warm is None and len(suited) < 2):
        if started is not None:
            started.close()
        yield None
        return
    with started or KernelServer() as server:
        yield server


def _forks() -> bool:
    """Whether this system forks as the server does."""
    return sys.platform.startswith("linux")


def fits(job: Job) -> bool:
    """Whether a job may have a warm kernel: on Linux, without Spark's JVM or Polars.

    Nor where the workbook has modules of its own in the place of those preloaded: a
    fresh kernel would import them.
    """
    if not _forks() or _value(job, "engine") in _APART:
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
