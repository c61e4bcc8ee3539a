"""From params files to a site of reports: gate, run, record, index."""

from __future__ import annotations

from cxlib.run.folder import Outcome
from cxlib.run.gate import check
from cxlib.run.jobs import Job, find
from cxlib.run.remote import Mirror
from cxlib.run.runner import Runner
from cxlib.run.site.build import write_site

__all__ = ["Job", "Mirror", "Outcome", "Runner", "check", "find", "write_site"]
