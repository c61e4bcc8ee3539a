"""The register of promises: every cell checked, every promise sealed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.data.seals import seals
from cxlib.errors import ArgumentError, DataError, Problem

TEXTS = ("claim_id", "initiative", "statement", "metric", "kind", "unit", "owner",
         "evidence", "source", "measured_how", "seal")  # fmt: skip
DATES = ("made_on", "due_on", "measured_on")
NUMBERS = ("promised", "low", "high", "level", "delivered", "delivered_low",
           "delivered_high")  # fmt: skip
COLUMNS = (
    "claim_id", "made_on", "initiative", "statement", "metric", "kind", "unit",
    "promised", "low", "high", "level", "due_on", "owner", "evidence", "source", "seal",
    "delivered", "delivered_low", "delivered_high", "measured_how", "measured_on",
)  # fmt: skip
BENEFIT, COST, TIME = "benefit", "cost", "time"
KINDS = (BENEFIT, COST, TIME)
UNITS = ("amount", "share", "score", "points", "count")


def read_register(claims: pd.DataFrame | None) -> pd.DataFrame:
    """Return the register with every column; raise DataError with every problem."""
    if claims is None:
        claims = pd.DataFrame(columns=list(COLUMNS))
    _checks.columns(claims, ["claim_id", "promised", "due_on"], "claims")
    frame = pd.DataFrame(index=range(len(claims)))
    for name in COLUMNS:
        given = (
            claims[name].reset_index(drop=True)
            if name in claims.columns
            else pd.Series(np.nan, index=frame.index)
        )
        frame[name] = _column(given, name)
    frame["kind"] = frame["kind"].mask(frame["kind"] == "", BENEFIT)
    frame["unit"] = frame["unit"].mask(frame["unit"] == "", "amount")
    problems = _problems(frame)
    if problems:
        raise DataError("the claims cannot be tracked as they are.", problems=problems)
    return frame


def _column(given: pd.Series, name: str) -> pd.Series:
    if name in NUMBERS:
        return pd.to_numeric(given, errors="coerce").astype(float)
    if name in DATES:
        return pd.to_datetime(given, errors="coerce").dt.tz_localize(None)
    return given.astype("string").str.strip().fillna("").astype("str")


def _rules(frame: pd.DataFrame) -> list[tuple[str, npt.ArrayLike, str, str]]:
    """Column, rows at fault, rule and repair of everything checked."""
    names = frame["claim_id"]
    low, high, promised, level, delivered = (
        frame[c].to_numpy(dtype=float)
        for c in ("low", "high", "promised", "level", "delivered")
    )
    positive = frame["kind"].isin([COST, TIME]).to_numpy(dtype=bool)
    return [
        ("claim_id", (names == "") | names.duplicated(), "is blank or not unique",
         "Give every promise an id of its own."),
        ("promised", ~np.isfinite(promised), "is blank", "Say what was promised."),
        ("due_on", frame["due_on"].isna(), "is blank or no date",
         "Say when the promise can be held against what came."),
        ("low", (low > promised) | (np.isfinite(low) != np.isfinite(high)),
         "is above the promise, or one end is missing", "Give both ends, or neither."),
        ("high", high < promised, "is below the promise", "Mend the interval."),
        ("level", np.isfinite(low) & ~((level > 0) & (level < 1)),
         "is no share between 0 and 1", "0.8 where the ends are P10 and P90."),
        ("kind", ~frame["kind"].isin(KINDS), f"is none of {', '.join(KINDS)}",
         "A promised gain is a benefit; a budget a cost; a duration a time."),
        ("unit", ~frame["unit"].isin(UNITS), f"is none of {', '.join(UNITS)}",
         "Write the kind of number; the currency is a parameter."),
        ("delivered", positive & ((promised <= 0) | (delivered <= 0)),
         "or the promise is not above zero", "Costs and times are positive."),
        ("delivered_low", (frame["delivered_low"] > delivered)
         | (frame["delivered_high"] < delivered),
         "and delivered_high do not enclose the delivery", "Mend the interval."),
        ("measured_on", np.isfinite(delivered) & frame["measured_on"].isna(),
         "is blank where something was delivered", "Say when it was measured."),
    ]  # fmt: skip


def _problems(frame: pd.DataFrame) -> list[Problem]:
    names = frame["claim_id"]
    return [
        Problem(
            rule=rule,
            column=column,
            rows=int(np.sum(bad)),
            fix=fix,
            examples=tuple(names[np.asarray(bad, dtype=bool)][:3]),
        )
        for column, bad, rule, fix in _rules(frame)
        if np.any(bad)
    ]


def edited(frame: pd.DataFrame) -> pd.Series:
    """Promises whose seal is not that of what they now say."""
    return (frame["seal"] != "") & (frame["seal"] != seals(frame))


def date_of(given: str, name: str) -> pd.Timestamp:
    """Read one date of an argument."""
    try:
        found = pd.Timestamp(given)
    except (ValueError, TypeError) as why:
        raise ArgumentError(
            f"`{name}` is {given!r}; give a date such as '2026-01-31'."
        ) from why
    if pd.isna(found):
        raise ArgumentError(f"`{name}` is empty; give a date such as '2026-01-31'.")
    return found.normalize()
