"""Contacts with customer care: minutes, solved or not, and those who come back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.simulate.survey import ids

FIRST_DAY, DAYS = "2025-01-01", 365
THEMES = ("billing", "delivery", "returns", "account")
CONTACTED = np.array([0.30, 0.40, 0.15, 0.10])
MINUTES = np.array([7.0, 9.0, 12.0, 5.0])
SOLVED = np.array([0.75, 0.60, 0.50, 0.85])
CHANNELS, RATES = ("phone", "chat"), np.array([0.80, 0.50])
BACK_SOLVED, BACK_UNSOLVED = 0.10, 0.70
REPEAT_LONGER, SHAPE, CUSTOMER_SD = 1.3, 3.0, 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactTruth:
    """What `contacts` is drawn from.

    `repeat_cost` is the mean EUR of a contact that follows another on the same matter,
    `more_contacts` the contacts that an unsolved first one brings on top, over all
    first contacts.
    """

    repeat_cost: float
    more_contacts: float


def contact_truth() -> ContactTruth:
    """Return the numbers that an analysis of `contacts` should find.

    Notes
    -----
    A contact leads to another with chance q = .10 solved + .70 (1 - solved), so a
    matter has q / (1 - q) repeats and an unsolved first contact .60 / (1 - q) more than
    a solved one. The customers' factor on minutes has mean 1.

    Examples
    --------
    >>> round(contact_truth().more_contacts, 2)
    0.9
    """
    again = BACK_SOLVED * SOLVED + BACK_UNSOLVED * (1 - SOLVED)
    first = CONTACTED / CONTACTED.sum()
    repeats = first * again / (1 - again)
    cost = MINUTES * REPEAT_LONGER * RATES.mean()
    return ContactTruth(
        repeat_cost=float(repeats @ cost / repeats.sum()),
        more_contacts=float(first @ ((BACK_UNSOLVED - BACK_SOLVED) / (1 - again))),
    )


def contacts(n: int, *, rng: int | np.random.Generator = 0) -> pd.DataFrame:
    """Simulate a year of contacts with customer care.

    Parameters
    ----------
    n : int
        Customers; some never call.
    rng : int or numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        contact_id, customer_id, occurred_at, theme, channel, handle_minutes,
        cost_per_minute (EUR), resolved_first (1 where that contact solved the matter);
        one row a contact, by time.

    Notes
    -----
    A customer has at most one matter a theme. Who was not helped comes back with
    chance .70 within a fortnight, who was with .10; repeats take 1.3 times the
    minutes. Minutes are Gamma around the theme's mean times a factor of the customer,
    so contacts of one customer are alike. Half of all contacts are by phone.

    Examples
    --------
    >>> from cxlib import simulate
    >>> simulate.contacts(50, rng=1)["theme"].value_counts().index[0]
    'delivery'
    """
    _checks.in_range(n, "n", 0, float("inf"))
    draws = _checks.generator(rng)
    factor = np.exp(CUSTOMER_SD * draws.normal(size=n) - CUSTOMER_SD**2 / 2)
    who, theme = np.nonzero(draws.random((n, len(THEMES))) < CONTACTED)
    day = draws.uniform(0, DAYS, len(who))
    parts, longer = [], 1.0
    while len(who):
        solved = draws.random(len(who)) < SOLVED[theme]
        mean = MINUTES[theme] * factor[who] * longer
        minutes = draws.gamma(SHAPE, size=len(who)) * mean / SHAPE
        parts.append((who, theme, day, minutes, solved))
        chance = np.where(solved, BACK_SOLVED, BACK_UNSOLVED)
        back = draws.random(len(who)) < chance
        who, theme = who[back], theme[back]
        day = day[back] + draws.uniform(1, 14, len(who))
        longer = REPEAT_LONGER
    who, theme, day, minutes, solved = (
        (np.concatenate(column) for column in zip(*parts, strict=True))
        if parts
        else (np.array([], dtype=int),) * 5
    )
    return _rows(who, theme, day, minutes, solved, n, draws)


def _rows(
    who: np.ndarray,
    theme: np.ndarray,
    day: np.ndarray,
    minutes: np.ndarray,
    solved: np.ndarray,
    n: int,
    draws: np.random.Generator,
) -> pd.DataFrame:
    order = np.argsort(day, kind="stable")
    channel = draws.integers(0, 2, len(order))
    start = np.datetime64(FIRST_DAY, "s")
    return pd.DataFrame(
        {
            "contact_id": ids("K", len(order), 6),
            "customer_id": ids("C", n, 6)[who[order]],
            "occurred_at": start + np.floor(86400 * day[order]).astype(int),
            "theme": np.array(THEMES)[theme[order]],
            "channel": np.array(CHANNELS)[channel],
            "handle_minutes": np.round(minutes[order], 1),
            "cost_per_minute": RATES[channel],
            "resolved_first": solved[order].astype(int),
        }
    )
