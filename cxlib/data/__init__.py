"""Open a table from any source, map its columns and hold it to its contract."""

from cxlib.data.claims import read_claims
from cxlib.data.contract import CONTRACTS, Contract, contract
from cxlib.data.open import FileInfo
from cxlib.data.overrides import (
    Override,
    Overrides,
    parse_overrides,
    read_overrides,
)
from cxlib.data.promises import read_promises
from cxlib.data.read import read
from cxlib.data.source import FORMATS, KEYS, Source, parse
from cxlib.data.table import Table
from cxlib.paths import project_root

__all__ = [
    "CONTRACTS",
    "FORMATS",
    "KEYS",
    "Contract",
    "FileInfo",
    "Override",
    "Overrides",
    "Source",
    "Table",
    "contract",
    "parse",
    "parse_overrides",
    "project_root",
    "read",
    "read_claims",
    "read_overrides",
    "read_promises",
]


def __dir__() -> list[str]:
    """Name what is for users; after a Tab, its modules would hide it."""
    return __all__
