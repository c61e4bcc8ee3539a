"""The event log behind the users of the A/B test; the two reconcile exactly."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from cxlib import _checks
from cxlib.simulate.experiment import (
    LOYAL_SHARE,
    STEPS,
    VARIANTS,
    Trial,
    conversion,
    reach,
)
from cxlib.simulate.survey import named, rows_of

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

USER_COLUMNS = ["user_id", "variant", "assigned_at", "device", "spend", "converted"]
TOUCHPOINTS = (*STEPS, "help")
# a journey in order, every place an event may be: step index, 7 = help
LAYOUT = np.array([0, 1, 2, 0, 1, 2, 1, 2, 1, 2, 7, 3, 2, 3, 4, 7, 3, 4, 5, 6, 7, 7, 7])
BROWSED_BEFORE = 0.2
SEARCH_AGAIN = 0.38
BACK_TO_PRODUCT = 0.15
BACK_TO_CART = 0.12
HELP_EARLY = 0.3
APP_OF_MOBILE = 0.45
LOG_GAP = (3.7, 0.9)  # seconds between two events of a visit


def events(
    users: pd.DataFrame, *, rng: int | np.random.Generator = 0, lift: float = 0.12
) -> pd.DataFrame:
    """Simulate the journeys of simulated users.

    Parameters
    ----------
    users : pandas.DataFrame
        From `simulate.users`.
    rng : int or numpy.random.Generator
        Seed or generator.
    lift : float
        The `lift` given to `simulate.users`.

    Returns
    -------
    pandas.DataFrame
        user_id, occurred_at, touchpoint, channel, value; by user and time, never
        two events of a user in the same second. `value` is NaN but at confirmation.

    Notes
    -----
    A user is converted if and only if there is a confirmation, `spend` is the sum
    of `value` and `contacts` the number of 'help' events. The furthest step is
    drawn given the conversion, so that step rates are those of `users`. Loops
    (search again, back to product, back to cart), a browsing visit on the day
    before (20 % of users) and the number of 'help' events do not depend on the arm.
    The first event of a user is at `assigned_at`.

    Examples
    --------
    >>> from cxlib import simulate
    >>> users = simulate.users(500, rng=1)
    >>> events = simulate.events(users, rng=1)
    >>> int((events["touchpoint"] == "confirmation").sum() - users["converted"].sum())
    0
    """
    _checks.columns(users, [*USER_COLUMNS, "contacts"], "users")
    generator = _checks.generator(rng)
    furthest = _furthest(users, Trial(lift=lift), generator)
    contacts = users["contacts"].to_numpy(dtype=np.int64)
    happens = _happens(furthest, contacts, generator)
    user, slot = np.nonzero(happens)
    step = LAYOUT[slot]
    value = users["spend"].to_numpy(dtype=float)[user]
    return pd.DataFrame(
        {
            "user_id": users["user_id"].to_numpy(dtype=object)[user],
            "occurred_at": _times(users, user, slot, generator),
            "touchpoint": named(TOUCHPOINTS, step),
            "channel": _channels(users, generator)[user],
            "value": np.where(step == STEPS.index("confirmation"), value, np.nan),
        }
    )


def _furthest(users: pd.DataFrame, trial: Trial, rng: np.random.Generator) -> Integers:
    """Draw the furthest step of each user, given variant and conversion."""
    share = np.array([1 - LOYAL_SHARE, LOYAL_SHARE])
    reached = np.einsum("avs,v->as", reach(trial), share)
    stops = reached[:, :-1] - reached[:, 1:]
    stops /= 1 - conversion(trial)[:, None]
    arm = (users["variant"] == VARIANTS[1]).to_numpy().astype(np.int64)
    converted = users["converted"].to_numpy(dtype=bool)
    return np.where(converted, len(STEPS) - 1, rows_of(stops[arm], rng))


def _happens(furthest: Integers, contacts: Integers, rng: np.random.Generator) -> Flags:
    """Return which places of the layout hold an event, shape (users, places)."""
    size = furthest.size
    reached = furthest[:, None] >= np.arange(len(STEPS))
    before = (rng.random(size) < BROWSED_BEFORE)[:, None] & reached[:, :3]
    loops = np.minimum(rng.geometric(1 - SEARCH_AGAIN, size) - 1, 2)
    again = reached[:, [2, 2, 2, 2]] & (loops[:, None] >= np.array([1, 1, 2, 2]))
    to_product = reached[:, 3] & (rng.random(size) < BACK_TO_PRODUCT)
    to_cart = reached[:, 4] & (rng.random(size) < BACK_TO_CART)
    early = (contacts > 0) & (rng.random(size) < HELP_EARLY) & reached[:, 2]
    browsing, paying = early & ~reached[:, 4], early & reached[:, 4]
    late = (contacts - early)[:, None] > np.arange(3)
    parts = [
        before,
        reached[:, :3],
        again,
        browsing,
        reached[:, 3],
        to_product,
        to_product,
        reached[:, 4],
        paying,
        to_cart,
        to_cart,
        reached[:, 5:],
        late,
    ]
    return np.column_stack(parts)


def _times(
    users: pd.DataFrame, user: Integers, slot: Integers, rng: np.random.Generator
) -> NDArray[np.datetime64]:
    """Return the time of each event: the visit starts when the user is assigned."""
    gap = 1 + np.exp(rng.normal(*LOG_GAP, user.size)).astype(np.int64)
    main = slot >= 3
    starts = (slot == 3) | (slot == 0)
    passed = np.cumsum(gap)
    first = np.maximum.accumulate(np.where(starts, np.arange(user.size), 0))
    assigned = users["assigned_at"].to_numpy().astype("datetime64[s]")[user]
    browsed = np.zeros(len(users), dtype=bool)
    browsed[user[slot == 0]] = True
    next_day = np.where(main & browsed[user], 86400, 0)
    since = (passed - passed[first] + next_day).astype("timedelta64[s]")
    at: NDArray[np.datetime64] = assigned + since
    return at


def _channels(users: pd.DataFrame, rng: np.random.Generator) -> NDArray[np.object_]:
    """Return 'app' for a part of the mobile users, else 'web'."""
    mobile = (users["device"] == "mobile").to_numpy()
    app = mobile & (rng.random(len(users)) < APP_OF_MOBILE)
    return named(("web", "app"), app.astype(np.int64))
