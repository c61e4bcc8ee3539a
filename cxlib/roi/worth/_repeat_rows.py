"""Numbers of repeat purchases: what is expected, what it is worth, how well it held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from cxlib.estimate import bg_nbd, gamma_gamma
from cxlib.estimate.bg_nbd import BgNbd, Purchases
from cxlib.estimate.delta import jacobian
from cxlib.estimate.gamma_gamma import GammaGamma
from cxlib.roi.worth._histories import Histories, histories, later

Array = npt.NDArray[np.float64]
WEEKS = 365.25 / 7
PER_YEAR = 4
VALUE, NEW = "value of a present customer", "value of a new customer after the first"
PURCHASES, AMOUNT = "repeat purchases of a present customer", "amount of a purchase"
AGAIN, ACTIVE = "repeat buyers still active", "present customers still active"
GROUPS = ("0", "1", "2", "3 or more")
_DRAWS, _NOBODY = 60, Purchases(np.zeros(1), np.zeros(1), np.zeros(1))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ahead:
    """What is asked: years ahead, discount, margin on amounts, interval."""

    horizon: int
    discount_rate: float
    margin: float
    confidence_level: float

    @property
    def factor(self) -> Array:
        """Discount at the middle of each quarter."""
        middle = (np.arange(self.horizon * PER_YEAR) + 0.5) / PER_YEAR
        return np.asarray((1 + self.discount_rate) ** -middle)

    def discounted(self, logs: Array, people: Purchases) -> Array:
        """Discounted purchases expected of each customer."""
        ends = WEEKS * np.arange(1, self.horizon * PER_YEAR + 1) / PER_YEAR
        total = np.array([bg_nbd.expected(logs, people, t) for t in ends.tolist()])
        return np.asarray(self.factor @ np.diff(total, axis=0, prepend=0))


def rows(
    known: Histories, model: BgNbd, spend: GammaGamma | None, ahead: Ahead
) -> pd.DataFrame:
    """Return one row a quantity, by the delta method on both models."""
    people, counts, amount, which = _distinct(known)
    logs, covariance = model.logs, model.covariance
    names = [AGAIN, ACTIVE, PURCHASES]
    if spend is not None:
        names += [AMOUNT, VALUE, NEW]
        logs = np.concatenate([logs, spend.logs])
        covariance = _block(covariance, spend.covariance)
    share, again = counts / counts.sum(), counts * (people.frequency > 0)

    def quantities(at: Array) -> Array:
        active = bg_nbd.active(at[:4], people)
        found = [
            again @ active / again.sum(),
            share @ active,
            share @ bg_nbd.expected(at[:4], people, WEEKS * ahead.horizon),
        ]
        if spend is not None:
            each = gamma_gamma.expected_amount(at[4:], people.frequency, amount)
            anybody = gamma_gamma.expected_amount(at[4:], [0.0], [0.0])[0]
            bought = ahead.discounted(at[:4], people)
            newly = ahead.discounted(at[:4], _NOBODY)[0]
            found += [anybody, ahead.margin * share @ (each * bought)]
            found += [ahead.margin * anybody * newly]
        return np.array(found)

    slopes = jacobian(quantities, logs, steps=np.full(len(logs), 1e-3))
    error = np.sqrt(np.diag(slopes @ covariance @ slopes.T))
    n = np.array([int(again.sum()), *[len(which)] * (len(names) - 1)])
    return _table(names, quantities(logs), error, n, ahead)


def _table(
    names: list[str],
    estimate: Array,
    error: Array,
    n: npt.NDArray[np.int64],
    ahead: Ahead,
) -> pd.DataFrame:
    units = ["share", "share", "score", "amount", "amount", "amount"]
    half = float(stats.norm.isf((1 - ahead.confidence_level) / 2)) * error
    return pd.DataFrame(
        {
            "quantity": names, "n": n, "estimate": estimate, "std_error": error,
            "ci_lower": estimate - half, "ci_upper": estimate + half,
            "unit": units[: len(names)],
        }
    )  # fmt: skip


def _distinct(
    known: Histories,
) -> tuple[Purchases, Array, Array, npt.NDArray[np.int64]]:
    """Return distinct histories, how many have each, and their amounts."""
    one = known.purchases
    columns = np.column_stack(
        [one.frequency, one.recency, one.age, np.nan_to_num(known.amount)]
    )
    found, which, counts = np.unique(
        columns, axis=0, return_inverse=True, return_counts=True
    )
    people = Purchases(found[:, 0], found[:, 1], found[:, 2])
    return people, counts.astype(float), found[:, 3], which.ravel()


def _block(first: Array, second: Array) -> Array:
    k = len(first)
    joint = np.zeros((k + len(second),) * 2)
    joint[:k, :k], joint[k:, k:] = first, second
    return joint


def held_out(
    bought: pd.DataFrame,
    *,
    split: pd.Timestamp,
    end: pd.Timestamp,
    confidence_level: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Fit until the split and compare with what came after, by repeats until then.

    The interval is of the sum to come: error of the parameters and chance of buying.
    """
    before = histories(bought, end=split)
    model = bg_nbd.fit(before.purchases)
    weeks = (end - split).days / 7
    happened = later(bought, before.customers, after=split, end=end)
    x = before.purchases.frequency
    groups = {
        "all": np.ones(len(x), dtype=bool),
        **{name: x == at for at, name in enumerate(GROUPS[:3])},
        GROUPS[3]: x >= len(GROUPS) - 1,
    }
    flags = np.array(list(groups.values()), dtype=float)

    def sums(logs: Array) -> Array:
        return np.asarray(flags @ bg_nbd.expected(logs, before.purchases, weeks))

    slopes = jacobian(sums, model.logs, steps=np.full(4, 1e-3))
    chance = flags @ _spread(model.logs, before.purchases, weeks, rng)
    error = np.sqrt(np.diag(slopes @ model.covariance @ slopes.T) + chance)
    z = float(stats.norm.isf((1 - confidence_level) / 2))
    mean, n = sums(model.logs), flags.sum(axis=1)
    table = pd.DataFrame(
        {
            "repeats": list(groups), "n": n.astype(int), "weeks": weeks,
            "estimate": mean, "std_error": error,
            "ci_lower": np.maximum(mean - z * error, 0), "ci_upper": mean + z * error,
            "actual": flags @ happened,
        }
    )  # fmt: skip
    actual = table["actual"].replace(0, np.nan)
    return table.assign(rel_error=table["estimate"] / actual - 1)


def _spread(
    logs: Array, people: Purchases, weeks: float, rng: np.random.Generator
) -> Array:
    """Variance of each customer's purchases to come, parameters given."""
    total, squares = np.zeros(len(people.age)), np.zeros(len(people.age))
    for _ in range(_DRAWS):
        one = bg_nbd.simulate_ahead(logs, people, weeks, rng=rng)
        total += one
        squares += one**2
    mean = total / _DRAWS
    return np.asarray((squares / _DRAWS - mean**2) * _DRAWS / (_DRAWS - 1))
