"""Which variants are compared with which."""

from __future__ import annotations

from collections.abc import Sequence

from cxlib import _checks
from cxlib.errors import ArgumentError, DataError


def treatments(
    found: Sequence[str], control: str, chosen: Sequence[str] | None
) -> list[str]:
    """Return the variants to compare with control: those chosen, else all others."""
    for name in [control, *(chosen or ())]:
        if name not in found:
            where = "control" if name == control else "treatments"
            hint = _checks.did_you_mean(name, found)
            raise ArgumentError(f"`{where}` names the variant '{name}'; {hint}")
    kept = list(chosen) if chosen else [name for name in found if name != control]
    if control in kept:
        raise ArgumentError(f"`treatments` names '{control}', which is the control.")
    if not kept:
        raise DataError(
            f"a comparison needs two variants; users have only '{control}'."
        )
    return kept
