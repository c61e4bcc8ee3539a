"""The same investments under two readers' assumptions, side by side."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _format
from cxlib.data.overrides import Overrides
from cxlib.errors import ArgumentError
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column
from cxlib.roi.investments._tables import PORTFOLIO
from cxlib.roi.investments.case import Case
from cxlib.roi.investments.draws import Draws
from cxlib.roi.investments.reasons import Reasons, attribute
from cxlib.roi.investments.simulation import EVEN, SURE, Simulation

Array = npt.NDArray[np.float64]
DROPPED, ALIKE = "dropped", 0.5
COLUMNS = [
    *("initiative", "n", "ours_amount", "ours_p10_amount", "ours_p90_amount"),
    *("theirs_amount", "theirs_p10_amount", "theirs_p90_amount", "difference_amount"),
    *("difference_p10_amount", "difference_p90_amount", "share_positive_ours"),
    *("share_positive_theirs", "decision_ours", "decision_theirs", "verdict"),
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class SideBySide(Told):
    """Returns under our assumptions and under another reader's, on the same draws.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, n (draws), ours_amount, theirs_amount (mean net present value),
        their p10 and p90, difference_amount (theirs less ours, draw by draw) with p10
        and p90, share_positive_ours, share_positive_theirs, decision_ours,
        decision_theirs (fund, measure first, do not fund, dropped), verdict (agree,
        differ); in the order of ours, all together last.
    who : str
        The other reader.
    reasons : Reasons or None
        The whole difference, split over the assumptions.
    currency : str
    reason : str
        Why nothing was compared, else empty.
    """

    who: str
    currency: str
    reasons: Reasons | None = None
    reason: str = ""

    @property
    def total(self) -> pd.Series:
        """The row of all together."""
        return self.table.iloc[-1]

    @property
    def text(self) -> str:
        """How many still pay, both returns, and what accounts for the difference."""
        if self.table.empty:
            return f"There is nothing to set side by side: {self.reason}."
        row, each = self.total, self.table.iloc[:-1]
        ours, theirs = each["ours_amount"] > 0, each["theirs_amount"] > 0
        before, after = int(ours.sum()), int((ours & theirs).sum())
        new = int((theirs & ~ours).sum())
        many = f"{before} initiative{'s' if before != 1 else ''}"
        more = f", and {new} that did not pay {'does' if new == 1 else 'do'}" * (
            new > 0
        )
        low, high = _format.ends(
            row["theirs_p10_amount"], row["theirs_p90_amount"], "amount"
        )
        why = (
            f" {self.reasons.text}" if self.reasons and len(self.reasons.table) else ""
        )
        return (
            f"Under the assumptions of {self.who}, {after} of the {many} that pay "
            f"under ours still pay{more}; all together return "
            f"{_words.money(row['theirs_amount'], self.currency)} (80 % interval {low} "
            f"to {high}) in place of {_words.money(row['ours_amount'], self.currency)} "
            f"({row['n']:,} draws).{why}"
        )

    @property
    def display(self) -> pd.DataFrame:
        """One line an initiative, in words."""
        rows = self.table
        chance = [
            column(rows[f"share_positive_{side}"], "share", decimals=0) + "\u00a0%: "
            for side in ("ours", "theirs")
        ]
        return pd.DataFrame(
            {
                "initiative": rows["initiative"],
                "ours (P10 to P90)": _span(rows, "ours"),
                f"{self.who} (P10 to P90)": _span(rows, "theirs"),
                "difference (P10 to P90)": _span(rows, "difference"),
                "chance and decision": chance[0] + rows["decision_ours"] + " → "
                + chance[1] + rows["decision_theirs"],
            }
        )  # fmt: skip

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The return of all together for the other reader, and the difference."""
        if self.table.empty:
            return ()
        row = self.total
        names = {"theirs": f"net present value for {self.who}",
                 "difference": f"difference for {self.who}"}  # fmt: skip
        return tuple(
            Finding(
                id=name, statement=self.text, unit="amount", n=int(row["n"]),
                estimate=float(row[f"{side}_amount"]),
                ci_lower=float(row[f"{side}_p10_amount"]),
                ci_upper=float(row[f"{side}_p90_amount"]), confidence_level=0.8,
            )
            for side, name in names.items()
        )  # fmt: skip


def sceptic(case: Case, overrides: Overrides) -> SideBySide:
    """Run a business case again under another reader's assumptions.

    Use it with the file of a sceptic, such as the CFO (`data.read_overrides`).

    Parameters
    ----------
    case : Case
        Ours.
    overrides : Overrides
        What the other reader would assume.

    Returns
    -------
    SideBySide
        With the difference split over the assumptions (`attribute`); of nothing, and
        with the reason, where none is replaced or nothing was simulated.

    Raises
    ------
    DataError
        For overrides of what is not in the case.

    Examples
    --------
    >>> from cxlib import data, roi
    >>> one = pd.DataFrame({"name": ["Callback"], "cost": [100.0], "effect": [1.0],
    ...     "effect_low": [0.5], "effect_high": [1.5], "reach": [75],
    ...     "evidence": ["randomised"]})
    >>> ours = roi.Case(initiatives=one, value=2.0, steps_per_year=1, horizon=1)
    >>> cfo = data.parse_overrides({"who": "the CFO", "discount_rate": 0.5,
    ...                             "initiatives": {"Callback": {"cost": 150}}})
    >>> found = roi.sceptic(ours, cfo)
    >>> found.table["verdict"].tolist(), round(found.reasons.total_amount)
    (['differ', 'differ'], -89)
    """
    if not overrides.items:
        return _nothing(overrides.who, case.money, "no assumption was replaced")
    ours, theirs = case.simulate(), case.under(overrides).simulate()
    found = side_by_side(ours, theirs, who=overrides.who)
    if found.table.empty:
        return found
    total = float(found.total["difference_amount"])
    return replace(found, reasons=attribute(case, overrides, total=total))


def side_by_side(
    ours: Simulation,
    theirs: Simulation,
    *,
    who: str = "the sceptic",
    reasons: Reasons | None = None,
) -> SideBySide:
    """Compare two simulations of the same plans, draw by draw.

    Parameters
    ----------
    ours, theirs : Simulation
        From the same seed and number of draws, so that luck is the same in both.
    who : str
        Whose assumptions the second are.
    reasons : Reasons, optional
        From `attribute`.

    Returns
    -------
    SideBySide
        Of nothing, and with the reason, where ours holds no initiative.

    Raises
    ------
    ArgumentError
        For simulations that do not share their draws.

    Notes
    -----
    The difference of an initiative is taken within each draw, so its P10 to P90 is how
    much the assumptions matter, not how uncertain the return is. An initiative dropped
    by the other reader returns zero there. Decisions are those of `Simulation`: fund
    at a chance of a return above zero of 80 % or more, do not fund below 50 %.

    Examples
    --------
    >>> from cxlib import roi
    >>> one = pd.DataFrame({"name": ["Callback"], "cost": [100.0], "effect": [1.0],
    ...     "effect_low": [0.5], "effect_high": [1.5], "reach": [50]})
    >>> first, second = (roi.simulate(one.assign(cost=c), 2.0) for c in (100.0, 130.0))
    >>> found = roi.side_by_side(first, second).table.iloc[0]
    >>> [round(float(found[f"difference{p}_amount"]), 6) for p in ("_p10", "")]
    [-30.0, -30.0]
    """
    if ours.draws is None or ours.table.empty:
        return _nothing(who, ours.currency, ours.reason or "nothing was simulated")
    other = theirs.draws
    _check(ours.draws, other)
    order = [name for name in ours.table["initiative"] if name in ours.draws.names]
    extra = [name for name in (other.names if other else ()) if name not in order]
    pairs = [(n, _of(ours.draws, n), _of(other, n)) for n in [*order, *extra]]
    whole = (PORTFOLIO, _all(ours.draws), _all(other))
    return SideBySide(
        table=pd.DataFrame([_row(*one) for one in [*pairs, whole]], columns=COLUMNS),
        unit="amount", who=who, currency=ours.currency, reasons=reasons,
        method="Mean net present value, P10 to P90; differences draw by draw on common "
        "random numbers; chance: P(ROI > 0).",
    )  # fmt: skip


def _nothing(who: str, currency: str, reason: str) -> SideBySide:
    return SideBySide(
        table=pd.DataFrame(columns=COLUMNS), unit="amount", who=who, currency=currency,
        reason=reason,
    )  # fmt: skip


def _check(ours: Draws, theirs: Draws | None) -> None:
    """Refuse draws that do not belong to the same worlds."""
    if theirs is None:
        return
    if len(ours.alone) != len(theirs.alone):
        raise ArgumentError(
            f"`ours` has {len(ours.alone):,} draws and `theirs` {len(theirs.alone):,}; "
            "simulate both with the same `n_draws` and seed."
        )
    both = [name for name in ours.inputs if name in theirs.inputs]
    alike = [_alike(ours.inputs[name], theirs.inputs[name]) for name in both]
    if both and max(alike) < ALIKE:
        raise ArgumentError(
            f"`ours` and `theirs` do not share their draws of the {both[0]}; simulate "
            "both with the same seed (`rng=1`)."
        )


def _alike(a: Array, b: Array) -> float:
    """Return the rank correlation of two inputs' draws."""
    first, second = (np.argsort(np.argsort(one)).astype(float) for one in (a, b))
    return float(np.corrcoef(first, second)[0, 1])


def _of(draws: Draws | None, name: str) -> Array | None:
    if draws is None or name not in draws.names:
        return None
    return draws.alone[:, draws.names.index(name)]


def _all(draws: Draws | None) -> Array | None:
    return None if draws is None else draws.together(draws.names)


def _row(name: str, ours: Array | None, theirs: Array | None) -> list[object]:
    """Return one line of the table; what is not planned returns zero."""
    n = len(next(one for one in (ours, theirs) if one is not None))
    first, second = (np.zeros(n) if one is None else one for one in (ours, theirs))
    size = [x for one in (first, second, second - first) for x in _summary(one)]
    chances = [float((one > 0).mean()) for one in (first, second)]
    said = [
        DROPPED if given is None else _decision(chance)
        for given, chance in zip((ours, theirs), chances, strict=True)
    ]
    acted = [DROPPED if one == "do not fund" else one for one in said]
    return [
        name,
        n,
        *size,
        *chances,
        *said,
        "agree" if acted[0] == acted[1] else "differ",
    ]


def _summary(draws: Array) -> list[float]:
    return [float(draws.mean()), *map(float, np.quantile(draws, [0.1, 0.9]))]


def _decision(chance: float) -> str:
    if chance >= SURE:
        return "fund"
    return "measure first" if chance >= EVEN else "do not fund"


def _span(rows: pd.DataFrame, side: str) -> pd.Series:
    size, low, high = (
        column(rows[f"{side}{end}_amount"], "amount") for end in ("", "_p10", "_p90")
    )
    return size + " (" + low + "\u00a0to\u00a0" + high + ")"
