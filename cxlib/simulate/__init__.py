"""Seeded generators of every table, with known truth.

They feed data/sample, the documentation, the tests and the calibration studies.
"""

from __future__ import annotations

from cxlib.simulate.book import codebook
from cxlib.simulate.care import contact_truth, contacts
from cxlib.simulate.clicks import events
from cxlib.simulate.coding import codings
from cxlib.simulate.deliveries import claims, rollout
from cxlib.simulate.experiment import users
from cxlib.simulate.investments import initiatives
from cxlib.simulate.outreach import invitations
from cxlib.simulate.panel import periods
from cxlib.simulate.sample import write_sample
from cxlib.simulate.shop import purchases
from cxlib.simulate.survey import responses
from cxlib.simulate.truth import truth

__all__ = [
    "claims",
    "codebook",
    "codings",
    "contact_truth",
    "contacts",
    "events",
    "initiatives",
    "invitations",
    "periods",
    "purchases",
    "responses",
    "rollout",
    "truth",
    "users",
    "write_sample",
]


def __dir__() -> list[str]:
    """Name what is for users; after a Tab, its modules would hide it."""
    return __all__
