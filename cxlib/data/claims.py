"""What an earlier report says may be claimed: findings of its results.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError
from cxlib.paths import resolve


def read_claims(
    measured: Mapping[str, Mapping[str, str]], *, root: Path | None = None
) -> dict[str, dict[str, Any]]:
    """Read the finding that each name leans on from a results.json.

    Parameters
    ----------
    measured : mapping
        Name (of an initiative): `results`, the path of a results.json, and `finding`,
        the id of a claim in it.
    root : pathlib.Path, optional
        Folder that relative paths start from; the project's root.

    Returns
    -------
    dict of dict
        The findings (id, statement, estimate, unit, ci_lower, ci_upper, n) by name,
        each with the path it came from under `results`.

    Raises
    ------
    ArgumentError
        For a key other than `results` and `finding`.
    DataError
        For a file that is missing or no results.json, or a finding that is not in it.

    Examples
    --------
    >>> read_claims({})
    {}
    """
    return {name: _one(name, dict(given), root) for name, given in measured.items()}


def _one(name: str, given: dict[str, str], root: Path | None) -> dict[str, Any]:
    if set(given) != {"results", "finding"}:
        raise ArgumentError(
            f"`measured` of '{name}' has {sorted(given)}; give `results` (the path of "
            "a results.json) and `finding` (the id of a claim in it)."
        )
    path = resolve(given["results"], root=root)
    try:
        found = json.loads(path.read_text("utf-8"))["findings"]
        known = {str(one["id"]): one for one in found}
    except (OSError, ValueError, KeyError, TypeError) as why:
        raise DataError(
            f"{given['results']} is no results.json of a report that can be read."
        ) from why
    if given["finding"] not in known:
        hint = _checks.did_you_mean(given["finding"], known)
        raise DataError(
            f"finding '{given['finding']}' is not in {given['results']}; {hint}"
        )
    return dict(known[given["finding"]]) | {"results": given["results"]}
