"""What contacts cost, by theme, and what one repeat avoided is worth."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib import _checks, _format
from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column, levels
from cxlib.roi.worth._contact_rows import (
    EVERY,
    MORE,
    QUANTITIES,
    REPEAT,
    SOLVED,
    THEMES,
    by_theme,
    quantities,
)
from cxlib.roi.worth._contacts import Columns, Contacts, read


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CostToServe(Told):
    """Cost of contacts by theme, of repeats, and of matters not solved at first.

    Attributes
    ----------
    table : pandas.DataFrame
        theme, n (contacts), n_customers, minutes (mean); estimate, std_error,
        ci_lower, ci_upper (cost of a contact); total_amount, share (of all cost),
        share_repeat (of contacts), repeat_amount, share_resolved, status; the dearest
        in all first, all themes last. Themes under 10 customers are one row.
    repeats : pandas.DataFrame
        quantity, n, n_customers, estimate, std_error, ci_lower, ci_upper, unit: cost of
        a repeat and of a first contact; further contacts where the first did not solve
        it; what one that does saves; cost ratio of unsolved contacts.
    repeat_days : float
    reason : str
        Why there is nothing, else empty.
    currency : str
    confidence_level : float
    """

    repeats: pd.DataFrame
    repeat_days: float
    reason: str
    currency: str
    confidence_level: float

    @property
    def text(self) -> str:
        """What a repeat is worth, what solving at first saves, where cost goes."""
        if self.reason:
            return f"Cost to serve cannot be told: {self.reason}."
        return " ".join(
            part for part in (self._repeat(), self._first(), self._most()) if part
        )

    def value(self, quantity: str) -> pd.Series | None:
        """Return a row of `repeats`, None where it could not be told.

        Parameters
        ----------
        quantity : str
            As in the column, 'a repeat contact' say.
        """
        rows = self.repeats[self.repeats["quantity"] == quantity]
        return None if rows.empty else rows.iloc[0]

    def _ends(self, row: pd.Series) -> str:
        return _format.interval(
            row["ci_lower"], row["ci_upper"], row["unit"],
            confidence_level=self.confidence_level,
        )  # fmt: skip

    def _repeat(self) -> str:
        row = self.value(REPEAT)
        if row is None:
            return "Too few contacts repeat another to say what one is worth."
        return (
            f"One repeat contact avoided is worth "
            f"{_words.money(row['estimate'], self.currency)} ({self._ends(row)}, "
            f"n = {row['n']:,} repeats of {row['n_customers']:,} customers)."
        )

    def _first(self) -> str:
        more, saved = self.value(MORE), self.value(SOLVED)
        if more is None or saved is None:
            return ""
        return (
            "A first contact that does not solve the matter goes with "
            f"{_format.number(more['estimate'], signed=True)} further contacts "
            f"({self._ends(more)}, n = {more['n']:,} matters), theme held constant: "
            f"{_words.money(saved['estimate'], self.currency)} ({self._ends(saved)})."
        )

    def _most(self) -> str:
        rows = self.table[self.table["theme"] != EVERY].dropna(subset=["share"])
        if len(rows) < 2:
            return ""
        top = rows.iloc[0]
        share, again = (
            _format.number(top[name], "share", decimals=0)
            for name in ("share", "share_repeat")
        )
        return (
            f"Most of the cost is {top['theme']}: {share} %, "
            f"{_words.money(top['total_amount'], self.currency)}; {again} % of its "
            f"{top['n']:,.0f} contacts are repeats."
        )

    @property
    def display(self) -> pd.DataFrame:
        """Themes in words."""
        rows = self.table
        unit = f", {self.currency}" if self.currency else ""
        return pd.DataFrame(
            {
                "theme": rows["theme"],
                f"cost of a contact{unit}": levels(rows),
                "of all cost, %": column(rows["share"], "share", decimals=0),
                "repeats, %": column(rows["share_repeat"], "share", decimals=0),
                "contacts": column(rows["n"], "count"),
            }
        )

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The amounts of `repeats`, and further contacts."""
        rows = self.repeats[self.repeats["unit"] != "ratio"]
        return tuple(
            Finding(
                id=row["quantity"], statement=f"{_words.started(row['quantity'])}.",
                estimate=float(row["estimate"]), unit=row["unit"], n=int(row["n"]),
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                confidence_level=self.confidence_level,
            )
            for _, row in rows.iterrows()
        )  # fmt: skip


def cost_to_serve(
    contacts: pd.DataFrame,
    *,
    theme: str = "theme",
    resolved: str = "resolved_first",
    minutes: str = "handle_minutes",
    rate: str = "cost_per_minute",
    cost: str = "",
    customer: str = "customer_id",
    contact: str = "contact_id",
    occurred: str = "occurred_at",
    repeat_days: float = 30,
    confidence_level: float = 0.95,
    currency: str = "",
) -> CostToServe:
    """Tell what contacts cost by theme, and what solving a matter at first would save.

    Use it on the export of a contact centre to value fewer repeats. Not to compare
    agents, whose customers differ.

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row a contact.
    theme : str
        Column of theme or stage; blank for one theme.
    resolved : str
        1 where that contact solved the matter, 0 where not; blank for none.
    minutes, rate : str
        Minutes a contact took and cost of a minute, whose product is its cost.
    cost : str
        Column of the cost itself, in place of `minutes` times `rate`.
    customer, contact : str
        Columns of ids; `contact` blank where there is none.
    occurred : str
        Column of time; blank where rows are in their order already.
    repeat_days : float
        A contact repeats the customer's last one on the same theme if it follows
        within so many days; without a time every later one does.
    confidence_level : float
    currency : str

    Returns
    -------
    CostToServe

    Raises
    ------
    DataError
        For missing columns, repeated ids, negative costs, flags other than 0 and 1.

    Notes
    -----
    Costs of a contact are means, t intervals clustered by customer. Further contacts:
    Poisson regression (log link) of the repeats of a matter on whether its first
    contact solved it and on theme, mean change over all matters; matters begun in the
    last `repeat_days` are left out, as repeats may follow. What one solved saves is
    that times the mean cost of a repeat, the covariance of both counted. The cost ratio
    of unsolved contacts is a Gamma regression with log link. All are comparisons of
    matters that may differ in difficulty: associations. Blank costs, customers or times
    are left out and counted; a blank theme is one of its own.

    References
    ----------
    Gourieroux, C., Monfort, A. and Trognon, A. (1984). Econometrica 52, 701-720.
    doi:10.2307/1913472. Manning, W. G. and Mullahy, J. (2001). Estimating log models:
    to transform or not to transform? Journal of Health Economics 20, 461-494.
    doi:10.1016/S0167-6296(01)00086-8

    Examples
    --------
    >>> from cxlib import simulate
    >>> found = cost_to_serve(simulate.contacts(500, rng=1))
    >>> found.table["theme"].tolist()[-1], found.repeats["quantity"].tolist()[0]
    ('all themes', 'a repeat contact')
    """
    _checks.in_range(repeat_days, "repeat_days", 0, float("inf"), ends="()")
    _checks.in_range(confidence_level, "confidence_level", 0, 1, ends="()")
    names = Columns(
        theme=theme, resolved=resolved, minutes=minutes, rate=rate, cost=cost,
        customer=customer, contact=contact, occurred=occurred,
    )  # fmt: skip
    nothing = not len(contacts)
    found = None if nothing else read(contacts, names, repeat_days=repeat_days)
    themes, repeats = pd.DataFrame(columns=THEMES), pd.DataFrame(columns=QUANTITIES)
    if found is not None:
        themes = by_theme(found, confidence_level)
        repeats = quantities(found, confidence_level)
    return CostToServe(
        table=themes, repeats=repeats, unit="amount", repeat_days=repeat_days,
        reason="there are no contacts" if found is None else "", currency=currency,
        confidence_level=confidence_level, method=_method(names, repeat_days),
        assumptions=_assumptions(found) if found is not None else (),
    )  # fmt: skip


def _method(names: Columns, repeat_days: float) -> str:
    price = names.cost or f"{names.minutes} x {names.rate}"
    within = f"within {repeat_days:g} days" if names.occurred else "later in the file"
    return (
        f"Cost: {_words.plain(price)}. A repeat: same customer and theme, {within}. "
        "Means clustered by customer; further contacts by Poisson regression on solved "
        "and theme."
    )


def _assumptions(found: Contacts) -> tuple[Assumption, ...]:
    listed = [
        Assumption(
            text="Minutes that are not needed are saved or used otherwise.",
            quality="medium", impact="high",
        ),
        Assumption(
            text="Matters solved at first are as hard as those that were not, within a "
            "theme.", quality="low", impact="high",
        ),
        Assumption(
            text="A contact of the same customer and theme is about the same matter.",
            quality="medium" if found.dated else "low", impact="medium",
        ),
    ]  # fmt: skip
    if found.left_out:
        n = f"{found.left_out:,}"
        text = f"Nothing hangs on {n} contacts without customer, cost or time."
        listed.append(Assumption(text=text, quality="medium", impact="low"))
    return tuple(listed)
