"""What a customer who buys when they like is still worth: BG/NBD and gamma-gamma."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from cxlib import _checks, _format
from cxlib.errors import ArgumentError, DataError
from cxlib.estimate import bg_nbd, gamma_gamma
from cxlib.estimate.bg_nbd import BgNbd
from cxlib.estimate.gamma_gamma import GammaGamma
from cxlib.result import Assumption, Grade
from cxlib.roi.worth._histories import Histories, by_day, histories
from cxlib.roi.worth._repeat_rows import Ahead, held_out, rows
from cxlib.roi.worth.repeat_values import RepeatValues

COLUMNS = ["quantity", "n", "estimate", "std_error", "ci_lower", "ci_upper", "unit"]
CHECKED = [
    *("repeats", "n", "weeks", "estimate", "std_error", "ci_lower", "ci_upper"),
    *("actual", "rel_error"),
]
RELATED = 0.3


def repeat_value(
    transactions: pd.DataFrame,
    *,
    margin: float,
    discount_rate: float = 0.08,
    horizon: int = 3,
    customer: str = "customer_id",
    date: str = "bought_at",
    amount: str = "amount",
    end: str = "",
    held_back: float = 1 / 3,
    confidence_level: float = 0.95,
    currency: str = "",
    rng: int | np.random.Generator = 0,
) -> RepeatValues:
    """Value customers who buy when they like and never say that they left.

    Use it for shops and other purchases without a contract. Where leaving is in the
    data, use `lifetime_value`. Not for purchases on a schedule, or where customers
    bought before the data begin.

    Parameters
    ----------
    transactions : pandas.DataFrame
        One row a purchase; several on one day count as one.
    margin : float
        Contribution margin as a share of the amount, 0 to 1.
    discount_rate : float
        Yearly.
    horizon : int
        Years, 1 to 30.
    customer, date, amount : str
        Columns; `amount` blank to count purchases without valuing them.
    end : str
        Last day the data cover ('2025-12-31'); blank for the last purchase. Rows after
        it are not used.
    held_back : float
        Share of the time, at its end, that a first fit does not see and is tested on;
        0 for no test, at most 0.8.
    confidence_level : float
    currency : str
    rng : int or numpy.random.Generator
        For the chance part of the test's interval.

    Returns
    -------
    RepeatValues
        With the reason where nobody bought again.

    Raises
    ------
    DataError
        For missing columns, or no usable row.

    Notes
    -----
    While active a customer buys at their own steady rate, and after each repeat may
    leave with their own chance (BG/NBD). So who has not bought again cannot have left:
    read the share still active of repeat buyers, not of all. Amounts vary around a
    lasting mean of the customer, unrelated to how often they buy (gamma-gamma, on
    repeat purchases). Both by maximum likelihood, intervals by the delta method on the
    Hessian: they hold the error of the parameters, not the model's. The value sums
    margin x amount x purchases over the quarters to come, discounted at their middle;
    days whose amounts sum to less than 0 are no purchase. The test fits all but the
    last part and foretells it; its interval adds the chance of buying.

    References
    ----------
    Fader, P. S., Hardie, B. G. S. and Lee, K. L. (2005). Marketing Science 24, 275-284.
    doi:10.1287/mksc.1040.0098. Fader, P. S. and Hardie, B. G. S. (2013). The
    gamma-gamma model of monetary value. http://www.brucehardie.com/notes/025/

    Examples
    --------
    >>> from cxlib import simulate
    >>> found = repeat_value(simulate.purchases(400, rng=1), margin=0.3)
    >>> found.table["quantity"].tolist()[0], len(found.check)
    ('repeat buyers still active', 5)
    """
    _checks.in_range(margin, "margin", 0, 1)
    _checks.in_range(horizon, "horizon", 1, 30)
    _checks.in_range(discount_rate, "discount_rate", -1, float("inf"), ends="()")
    _checks.in_range(held_back, "held_back", 0, 0.8)
    ahead = Ahead(
        horizon=int(horizon), discount_rate=discount_rate, margin=margin,
        confidence_level=confidence_level,
    )  # fmt: skip
    bought, left_out = by_day(transactions, customer=customer, date=date, amount=amount)
    last = _end(end, bought["day"].max())
    known = histories(bought, end=last, left_out=left_out)
    try:
        model = bg_nbd.fit(known.purchases)
        spend = _spend(known) if amount else None
    except DataError as error:
        return _result(ahead, currency, reason=str(error).rstrip("."))
    generator = _checks.generator(rng)
    check = _check(bought, last, held_back, confidence_level, generator)
    return _result(
        ahead, currency, table=rows(known, model, spend, ahead), check=check,
        parameters=_parameters(model, spend, confidence_level),
        assumptions=_assumptions(known, amount, left_out),
    )  # fmt: skip


def _end(end: str, last: pd.Timestamp) -> pd.Timestamp:
    if not end:
        return last
    try:
        return pd.Timestamp(end).normalize()
    except ValueError:
        raise ArgumentError(
            f"`end` is {end!r}; use a date such as '2025-12-31', or ''."
        ) from None


def _spend(known: Histories) -> GammaGamma:
    again = known.amount > 0
    return gamma_gamma.fit(known.purchases.frequency[again], known.amount[again])


def _check(
    bought: pd.DataFrame,
    last: pd.Timestamp,
    held_back: float,
    level: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    first = bought["day"].min()
    split = last - pd.Timedelta(days=round((last - first).days * held_back))
    if held_back and first < split < last:
        try:
            return held_out(
                bought, split=split, end=last, confidence_level=level, rng=rng
            )
        except DataError:
            pass
    return pd.DataFrame(columns=CHECKED)


def _parameters(model: BgNbd, spend: GammaGamma | None, level: float) -> pd.DataFrame:
    names = ["r", "alpha", "a", "b"] + (["p", "q", "gamma"] if spend else [])
    logs, error = model.logs, np.sqrt(np.diag(model.covariance))
    if spend is not None:
        logs = np.concatenate([logs, spend.logs])
        error = np.concatenate([error, np.sqrt(np.diag(spend.covariance))])
    half = stats.norm.isf((1 - level) / 2) * error
    return pd.DataFrame(
        {
            "parameter": names, "estimate": np.exp(logs),
            "ci_lower": np.exp(logs - half), "ci_upper": np.exp(logs + half),
        }
    )  # fmt: skip


def _result(
    ahead: Ahead,
    currency: str,
    *,
    reason: str = "",
    table: pd.DataFrame | None = None,
    parameters: pd.DataFrame | None = None,
    check: pd.DataFrame | None = None,
    assumptions: tuple[Assumption, ...] = (),
) -> RepeatValues:
    blank = pd.DataFrame(columns=["parameter", "estimate", "ci_lower", "ci_upper"])
    return RepeatValues(
        table=pd.DataFrame(columns=COLUMNS) if table is None else table,
        parameters=blank if parameters is None else parameters,
        check=pd.DataFrame(columns=CHECKED) if check is None else check,
        reason=reason, horizon=ahead.horizon, currency=currency, unit="amount",
        confidence_level=ahead.confidence_level, assumptions=assumptions,
        method=f"BG/NBD and gamma-gamma by maximum likelihood; margin "
        f"{100 * ahead.margin:g} % of amounts; {ahead.horizon} years at "
        f"{100 * ahead.discount_rate:g} % a year; delta method.",
    )  # fmt: skip


def _assumptions(
    known: Histories, amount: str, left_out: int
) -> tuple[Assumption, ...]:
    x = known.purchases.frequency
    found = [
        Assumption(
            text="Customers buy at a steady rate until they leave for good: no season, "
            "no campaign, no return.", quality="low", impact="high",
        ),
        Assumption(
            text="Nobody leaves before a second purchase: this model counts who bought "
            "once as active.", quality="low", impact="medium",
        ),
        Assumption(
            text="Everybody's first purchase is in the data.", quality="medium",
            impact="high",
        ),
    ]  # fmt: skip
    again = x > 0
    if amount and again.sum() > 2 and np.ptp(x[again]) > 0:
        r = float(np.corrcoef(x[again], known.amount[again])[0, 1])
        text = (
            "How often a customer buys does not go with how much (correlation "
            f"{_format.number(r, 'score')})."
        )
        quality: Grade = "low" if abs(r) > RELATED else "medium"
        found.append(Assumption(text=text, quality=quality, impact="medium"))
    if left_out:
        text = f"Nothing hangs on {left_out:,} rows without customer, date or amount."
        found.append(Assumption(text=text, quality="medium", impact="low"))
    return tuple(found)
