"""The register of promises: fed from reports, and never rewritten."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.data.seals import seals
from cxlib.errors import ArgumentError, DataError
from cxlib.roi import _words
from cxlib.roi._display import Told
from cxlib.roi.afterwards import _claims

NEW, SAME, KEPT = "new", "there already", "kept as first promised"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Register(Told):
    """Promises to append to the register.

    Attributes
    ----------
    table : pandas.DataFrame
        The new rows, sealed, with the register's columns: append them to its file.
    states : pandas.DataFrame
        claim_id, initiative, status (new, there already, kept as first promised),
        promised (in the register), now (in the report).
    claims : pandas.DataFrame
        The whole register with the new rows, every promise sealed.
    """

    states: pd.DataFrame
    claims: pd.DataFrame

    @property
    def text(self) -> str:
        """How many are new, and which a report would now put otherwise."""
        if not len(self.states):
            return "No promise was given to register."
        n = {s: int((self.states["status"] == s).sum()) for s in (NEW, SAME, KEPT)}
        parts = [f"{n[NEW]} to append, {n[SAME]} there already"]
        moved = self.states[self.states["status"] == KEPT]
        if len(moved):
            parts.append(
                f"{n[KEPT]} kept as first promised, though the report now says "
                f"otherwise: {_words.listed(moved['initiative'].tolist())} (a new "
                "promise needs a `claim_id` of its own)"
            )
        return f"Of {len(self.states)} promises given: {'; '.join(parts)}."

    @property
    def display(self) -> pd.DataFrame:
        """Each promise given and what became of it."""
        if not len(self.states):
            return pd.DataFrame()
        shown = self.states.copy()
        for name in ("promised", "now"):
            shown[name] = shown[name].map(lambda x: f"{x:,.6g}".replace("-", "−"))
        return shown.rename(columns={"claim_id": "claim", "now": "the report says"})


def register(
    claims: pd.DataFrame | None,
    promises: Mapping[str, Mapping[str, Any]],
    *,
    made_on: str,
    level: float = 0.95,
) -> Register:
    """Turn findings of reports into promises, once.

    Use it when an investment is decided: what the business case says is then a promise
    that `track` holds against what came. Run again, it adds nothing and changes
    nothing.

    Parameters
    ----------
    claims : pandas.DataFrame or None
        The register so far.
    promises : mapping
        Initiative: a finding (id, estimate, ci_lower, ci_upper, unit, statement,
        results) with its terms, as `data.read_promises` gives them: due_on, and where
        wanted owner, level, metric, kind, evidence, claim_id.
    made_on : str
        The day of the promise.
    level : float
        Of intervals whose terms do not say.

    Returns
    -------
    Register

    Raises
    ------
    DataError
        For a promise in the register that was edited since it was sealed, or a finding
        without an estimate.
    ArgumentError
        For a promise without a date on which it is due, or due before it is made.

    Notes
    -----
    claim_id is made of the initiative and the finding, not of the run: next week's run
    with another number is the same promise, which stays as it was made. The seal is a
    hash of everything promised; who edits a promise breaks it.

    Examples
    --------
    >>> found = {"id": "npv", "estimate": 90.0, "ci_lower": 20.0, "ci_upper": 160.0,
    ...          "unit": "amount", "statement": "+90", "results": "r.json"}
    >>> terms = {"due_on": "2026-12-31", "level": 0.8}
    >>> given = {"Checkout": found | terms}
    >>> first = register(None, given, made_on="2026-01-02")
    >>> again = register(first.claims, given, made_on="2026-02-02")
    >>> len(first.table), len(again.table), again.states["status"].tolist()
    (1, 0, ['there already'])
    """
    _checks.in_range(level, "level", 0, 1, ends="()")
    day = _claims.date_of(made_on, "made_on")
    known = _claims.read_register(claims)
    _check_seals(known)
    given = [_row(name, dict(one), day, level) for name, one in promises.items()]
    fresh = _claims.read_register(pd.DataFrame(given, columns=list(_claims.COLUMNS)))
    fresh["seal"] = seals(fresh)
    status, before = _compared(fresh, known)
    new = fresh[status == NEW].reset_index(drop=True)
    known["seal"] = seals(known)
    return Register(
        table=new, unit="amount",
        states=pd.DataFrame(
            {
                "claim_id": fresh["claim_id"], "initiative": fresh["initiative"],
                "status": status, "promised": before, "now": fresh["promised"],
            }
        ),
        claims=pd.concat([known, new], ignore_index=True) if len(new) else known,
        method="A promise is named by initiative and finding, and sealed by a hash.",
    )  # fmt: skip


def _row(
    name: str, one: dict[str, Any], day: pd.Timestamp, level: float
) -> dict[str, Any]:
    """One finding as a row of the register."""
    if one.get("estimate") is None:
        raise DataError(
            f"the finding '{one.get('id')}' for '{name}' has no estimate to promise "
            f"({one.get('statement', '')})."
        )
    if not one.get("due_on"):
        raise ArgumentError(
            f"the promise for '{name}' has no `due_on`; say when it can be measured."
        )
    due = _claims.date_of(str(one["due_on"]), "due_on")
    if due <= day:
        raise ArgumentError(
            f"the promise for '{name}' is due on {due:%Y-%m-%d}, not after it is made "
            f"({day:%Y-%m-%d})."
        )
    unit = {"share_points": "share"}.get(str(one["unit"]), one["unit"])
    ends = [np.nan if one.get(c) is None else one[c] for c in ("ci_lower", "ci_upper")]
    return {
        "claim_id": one.get("claim_id") or slug(f"{name} {one['id']}"),
        "made_on": day, "initiative": name, "statement": one.get("statement", ""),
        "metric": one.get("metric") or one["id"], "kind": one.get("kind", ""),
        "unit": unit, "promised": one["estimate"], "low": ends[0], "high": ends[1],
        "level": one.get("level", level), "due_on": due, "owner": one.get("owner", ""),
        "evidence": one.get("evidence", ""), "source": one.get("results", ""),
    }  # fmt: skip


def slug(words: str) -> str:
    """Turn words into an id.

    Parameters
    ----------
    words : str

    Returns
    -------
    str

    Examples
    --------
    >>> slug("Second courier, in the South: NPV")
    'second-courier-in-the-south-npv'
    """
    return re.sub(r"[^a-z0-9]+", "-", words.casefold()).strip("-")


def _check_seals(known: pd.DataFrame) -> None:
    broken = known[_claims.edited(known)]
    if len(broken):
        names = ", ".join(f"'{one}'" for one in broken["claim_id"][:5])
        raise DataError(
            f"{len(broken)} promises in the register were edited after they were made "
            f"({names}): put back what was promised, or withdraw them under an id of "
            "their own."
        )


def _compared(fresh: pd.DataFrame, known: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """What becomes of each promise given, and what the register has of it."""
    sealed = ["promised", "low", "high", "level"]
    old = known.set_index("claim_id")[sealed].reindex(fresh["claim_id"])
    there = fresh["claim_id"].isin(known["claim_id"]).to_numpy(dtype=bool)
    a, b = old.to_numpy(dtype=float), fresh[sealed].to_numpy(dtype=float)
    alike = np.isclose(a, b, rtol=1e-9, equal_nan=True).all(axis=1)
    status = np.where(~there, NEW, np.where(alike, SAME, KEPT))
    promised = np.where(there, a[:, 0], b[:, 0])
    return pd.Series(status, index=fresh.index), pd.Series(promised, index=fresh.index)
