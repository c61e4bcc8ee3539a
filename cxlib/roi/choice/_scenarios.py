"""Draws of investments as this room needs them, and their summaries."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks, _format
from cxlib.errors import ArgumentError, DataError
from cxlib.roi.investments._cells import named
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.simulation import Simulation

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
SURE = 0.8
NEVER = "no initiative was simulated"


def drawn(simulation: Simulation | Draws) -> Draws | None:
    """Return the draws, None where nothing was simulated."""
    if isinstance(simulation, Simulation):
        found = simulation.draws
    elif hasattr(simulation, "together"):
        found = simulation
    else:
        raise ArgumentError(
            f"`simulation` is a {type(simulation).__name__}; give what `roi.simulate` "
            "returns, or its `draws`."
        )
    return found if found is not None and len(found.names) else None


def why_not(simulation: Simulation | Draws) -> str:
    """Say why there are no draws."""
    reason = getattr(simulation, "reason", "")
    return f"{NEVER}: {reason}" if reason else NEVER


def by_name(initiatives: pd.DataFrame | None, names: tuple[str, ...]) -> pd.DataFrame:
    """Return the table of initiatives in the order of the draws.

    Without a table, or where a name is not in it, cells are blank; a name that was not
    simulated is left out.
    """
    if initiatives is None:
        return pd.DataFrame(index=pd.Index(names, name="name"))
    _checks.columns(initiatives, ["name"], "initiatives")
    names_given = named(initiatives)
    if names_given.str.strip().eq("").any():
        raise DataError("an initiative has no `name`; name it.")
    keyed = initiatives.assign(name=names_given).set_index("name")
    if keyed.index.has_duplicates:
        twice = keyed.index[keyed.index.duplicated()][0]
        raise DataError(f"initiative '{twice}' is in the table twice; rename one.")
    missing = [name for name in names if name not in keyed.index]
    if missing:
        raise DataError(
            f"initiative '{missing[0]}' was simulated and is not in the table; "
            "give the table that was simulated."
        )
    return keyed.loc[list(names)]


def spans(values: Array) -> dict[str, Array]:
    """Return mean, P10, P50 and P90 of each column, and the share above zero."""
    low, mid, high = np.quantile(values, (0.1, 0.5, 0.9), axis=0)
    return {
        "npv_amount": values.mean(axis=0), "p10_amount": low, "p50_amount": mid,
        "p90_amount": high, "share_positive": (values > 0).mean(axis=0),
    }  # fmt: skip


def span(values: Array, currency: str = "") -> str:
    """Word draws of an amount: '120 EUR (80 % interval 90 to 150)'.

    >>> span(np.array([1.0, 2.0, 3.0]), "EUR")
    '2.00 EUR (80 % interval 1.20 to 2.80)'
    """
    low, high = np.quantile(values, (0.1, 0.9))
    return f"{_amount(float(values.mean()), currency)} ({eighty(low, high)})"


def eighty(low: float, high: float) -> str:
    """Word an 80 % interval of an amount."""
    first, last = _format.ends(float(low), float(high), "amount")
    return f"80 % interval {first} to {last}"


def _amount(value: float, currency: str) -> str:
    return f"{_format.number(value, 'amount')} {currency}".strip()


def chance(value: float) -> str:
    """Word a probability without decimals: '83 %', '> 99 %'.

    >>> chance(0.834), chance(0.9991), chance(0.0), chance(1.0), chance(0.003)
    ('83 %', '> 99 %', '0 %', '100 %', '< 1 %')
    """
    if 0.99 < value < 1:
        return "> 99 %"
    if 0 < value < 0.01:
        return "< 1 %"
    return f"{_format.number(float(value), 'share', decimals=0)} %"
