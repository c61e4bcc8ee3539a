"""Shares with their interval, in a sentence or a cell."""

from __future__ import annotations

import pandas as pd

from cxlib.journeys import _words


def share(row: pd.Series) -> str:
    """Return an estimated share as '19.0 %', as precise as its interval."""
    half = float(row["ci_upper"] - row["ci_lower"]) / 2
    return _words.level(row["estimate"], "share", half)


def cell(row: pd.Series) -> str:
    """Return '19.0 % (17.7 to 20.5)'."""
    ends = _words.ends(row["ci_lower"], row["ci_upper"], "share")
    return _words.fixed(f"{share(row)} ({ends})")
