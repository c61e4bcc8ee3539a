"""From params files to a site of reports: gate, run, record, index.

Its names are imported when they are first used: a warm kernel's server can then start
before pandas is there.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cxlib.run.folder import Outcome
    from cxlib.run.gate import check
    from cxlib.run.jobs import Job, find
    from cxlib.run.remote import Mirror
    from cxlib.run.runner import Runner
    from cxlib.run.site.build import write_site

__all__ = ["Job", "Mirror", "Outcome", "Runner", "check", "find", "write_site"]
_MODULES = {
    "Job": "jobs", "Mirror": "remote", "Outcome": "folder", "Runner": "runner",
    "check": "gate", "find": "jobs", "write_site": "site.build",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import a name from its module."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__() -> list[str]:
    """Name what is for users."""
    return __all__
