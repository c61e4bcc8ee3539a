"""What an earlier report promises: findings of its results.json, and the terms."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxlib import _checks
from cxlib.data.claims import read_claims
from cxlib.errors import ArgumentError

PLACE = ("results", "finding")
TERMS = ("due_on", "owner", "level", "metric", "kind", "evidence", "claim_id")


def read_promises(
    promises: Mapping[str, Mapping[str, Any]], *, root: Path | None = None
) -> dict[str, dict[str, Any]]:
    """Read the findings that are to be promises, with the terms of each.

    Parameters
    ----------
    promises : mapping
        Initiative: `results` (path of a results.json), `finding` (id in it), `due_on`,
        and where wanted `owner`, `level` (of the interval, 0.8 for P10 to P90),
        `metric`, `kind` (benefit, cost, time), `evidence`, `claim_id`.
    root : pathlib.Path, optional
        Folder that relative paths start from; the project's root.

    Returns
    -------
    dict of dict
        Finding and terms by initiative, for `roi.register`.

    Raises
    ------
    ArgumentError
        For an unknown key.
    DataError
        For a file that is missing or no results.json, or a finding that is not in it.

    Examples
    --------
    >>> read_promises({})
    {}
    """
    for name, given in promises.items():
        for key in given:
            if key not in (*PLACE, *TERMS):
                hint = _checks.did_you_mean(key, (*PLACE, *TERMS))
                raise ArgumentError(f"`promises` of '{name}' has '{key}'; {hint}")
    places = {
        name: {key: str(given[key]) for key in PLACE if key in given}
        for name, given in promises.items()
    }
    found = read_claims(places, root=root)
    return {
        name: found[name] | {key: given[key] for key in TERMS if key in given}
        for name, given in promises.items()
    }
