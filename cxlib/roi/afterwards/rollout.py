"""What a staggered roll-out did, in words and tables."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib import _format
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, changes, column

OVERALL, EVENT, COHORT, CALENDAR = "overall", "event", "cohort", "calendar"
USUAL = "what the usual two-way regression would have said"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Staggered(Told):
    """A roll-out, unit by unit, against units that did not have it yet.

    Attributes
    ----------
    table : pandas.DataFrame
        part (overall, event, cohort, calendar), label, event (periods since the
        start), n (treated units), n_control, estimate, std_error, ci_lower, ci_upper,
        band_lower, band_upper (all events at once), statistic, df, pvalue, before (a
        placebo), unit.
    cells : pandas.DataFrame
        cohort, period, event, n, n_control, estimate, std_error, ci_lower, ci_upper.
    worth : pandas.DataFrame
        what, n, estimate, ci_lower, ci_upper, unit: money, empty without a margin.
    usual : pandas.DataFrame
        The static two-way regression: estimate, std_error, ci_lower, ci_upper,
        share_negative_weights. For comparison only.
    drift : pandas.DataFrame
        The mean step before the start, and the average with that drift taken out, had
        it gone on; empty where `base` is universal.
    left_out : pandas.DataFrame
        cohort, period, reason: what could not be compared.
    placebo : float
        p-value that nothing moved before the start; NaN where it cannot be tested.
    claimed : bool
        Whether the difference may be read as an effect.
    reasons : tuple of str
        What speaks against it.
    """

    cells: pd.DataFrame
    worth: pd.DataFrame
    usual: pd.DataFrame
    drift: pd.DataFrame
    left_out: pd.DataFrame
    placebo: float
    placebo_test: str
    claimed: bool
    reasons: tuple[str, ...]
    reason: str
    outcome: str
    unit_name: str
    period: str
    currency: str
    confidence_level: float

    @property
    def overall(self) -> pd.Series:
        """The first row of the table."""
        return self.table.iloc[0]

    @property
    def text(self) -> str:
        """Size, interval and n; the placebo; money; the usual regression."""
        if self.reason:
            return f"No roll-out to follow: {self.reason}."
        parts = [self._size(), self._before(), self._money(), self._usual()]
        return " ".join(part for part in parts if part)

    def _size(self) -> str:
        row = self.overall
        named = _words.plain(self.outcome)
        place = f"per {_words.plain(self.unit_name)} and {self.period}"
        word = "effect on" if self.claimed else "difference in"
        tail = "" if self.claimed else f" No effect is claimed: {self._against()}."
        return (
            f"Not an experiment. {_words.started(word)} {named} of the treated: "
            f"{self.change(row)} {place} ({self.ends(row)}, n = {int(row['n'])} "
            f"treated and {int(row['n_control'])} untreated).{tail}"
        )

    def _against(self) -> str:
        return _words.listed(list(self.reasons))

    def change(self, row: pd.Series) -> str:
        """One row's size in words."""
        currency = self.currency if row["unit"] == "amount" else ""
        return _words.change(row["estimate"], str(row["unit"]), currency)

    def ends(self, row: pd.Series) -> str:
        """One row's interval in words."""
        return _words.interval(
            row["ci_lower"], row["ci_upper"], str(row["unit"]),
            confidence_level=self.confidence_level,
        )  # fmt: skip

    @property
    def leads(self) -> pd.DataFrame:
        """Rows of the periods before the start."""
        events = self.table[self.table["part"] == EVENT]
        return events[events["before"].astype(bool)]

    def _before(self) -> str:
        before = self.leads
        if not len(before) or pd.isna(self.placebo):
            return "There is no placebo: no period before can be compared."
        gap = before.iloc[int(before["estimate"].abs().to_numpy().argmax())]
        alike = self.placebo >= 1 - self.confidence_level
        return (
            f"Placebo, {len(before)} {self.period}s before the start: the two moved "
            f"{'alike' if alike else 'apart already'} (largest step "
            f"{self.change(gap)}, {self.placebo_test}, p = "
            f"{_format.pvalue(self.placebo)})."
        ).replace("p = <", "p <")

    def _money(self) -> str:
        if self.worth.empty:
            return ""
        row = self.worth.iloc[-1]
        return (
            f"So far that is {_words.money(row['estimate'], self.currency)} of margin "
            f"in all ({self.ends(row)}, {int(row['n']):,} treated "
            f"{_words.plain(self.unit_name)}-{self.period}s)."
        )

    def _usual(self) -> str:
        if self.usual.empty:
            return ""
        row = self.usual.iloc[0]
        share = row["share_negative_weights"]
        how = (
            f"{_format.quantity(share, 'share')} of the treated cells count negatively "
            "in it"
            if share > 0
            else "it counts later periods and earlier cohorts for less"
        )
        return (
            f"The usual two-way regression would have said {self.change(row)} "
            f"({self.ends(row)}); {how}."
        )

    @property
    def display(self) -> pd.DataFrame:
        """All treated, each cohort, the drift before, then the usual regression."""
        if self.reason:
            return pd.DataFrame()
        rows = self.table[self.table["part"].isin([OVERALL, COHORT])]
        rows = pd.concat([rows, self.drift, self.usual.assign(label=USUAL)])
        currency = self.currency if self.unit == "amount" else ""
        name = f"difference per {_words.plain(self.unit_name)} and {self.period}"
        return pd.DataFrame(
            {
                "": rows["label"], f"{name}, interval": changes(rows, currency),
                "treated": column(rows["n"], "count"),
                "untreated": column(rows["n_control"], "count"),
            }
        ).reset_index(drop=True)  # fmt: skip

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The money in all where there is a margin, then the average."""
        if self.reason:
            return ()
        row, unit = self.overall, {"share": "share_points"}.get(self.unit, self.unit)
        found = [
            Finding(
                id=f"{self.outcome}_of_the_treated", statement=self.text,
                estimate=float(row["estimate"]), unit=unit,
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=int(row["n"]),
                label=f"{_words.plain(self.outcome)} per "
                f"{_words.plain(self.unit_name)} and {self.period}",
                confidence_level=self.confidence_level,
            )
        ]  # fmt: skip
        found += [
            Finding(
                id=f"{self.outcome}_total", statement=self._money(),
                estimate=float(row["estimate"]), unit="amount",
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=int(row["n"]), label="delivered so far, margin",
                confidence_level=self.confidence_level,
            )
            for _, row in self.worth.iloc[-1:].iterrows()
        ]  # fmt: skip
        return tuple(found[::-1])
