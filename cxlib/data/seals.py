"""Seals of promises: a hash of everything that was promised."""

from __future__ import annotations

import hashlib

import pandas as pd

SEALED = ("claim_id", "made_on", "initiative", "metric", "kind", "unit", "promised",
          "low", "high", "level", "due_on")  # fmt: skip
_DATES, _NUMBERS = ("made_on", "due_on"), ("promised", "low", "high", "level")


def seals(claims: pd.DataFrame) -> pd.Series:
    """Return the seal of each promise: it changes with anything that was promised.

    Parameters
    ----------
    claims : pandas.DataFrame
        With the columns of `SEALED`; dates as times.

    Returns
    -------
    pandas.Series of str

    Examples
    --------
    >>> rows = pd.DataFrame({name: ["x"] for name in SEALED})
    >>> day = pd.Timestamp("2026-01-02")
    >>> rows = rows.assign(made_on=day, due_on=day, promised=1.0, low=0.0, high=2.0)
    >>> first, same, other = (seals(rows.assign(level=x))[0] for x in (0.8, 0.8, 0.9))
    >>> first == same, first == other
    (True, False)
    """
    texts = pd.Series("", index=claims.index, dtype="str")
    for name in SEALED:
        texts = texts + "|" + _printed(claims[name], name)
    found = ["s" + hashlib.sha256(t.encode()).hexdigest()[:12] for t in texts.tolist()]
    return pd.Series(found, index=claims.index, dtype="str")


def _printed(values: pd.Series, name: str) -> pd.Series:
    if name in _DATES:
        return pd.Series(values.dt.strftime("%Y-%m-%d").fillna("").astype("str"))
    if name in _NUMBERS:
        texts = ["" if pd.isna(x) else f"{x:.10g}" for x in values.tolist()]
        return pd.Series(texts, index=values.index, dtype="str")
    return values.astype("str")
