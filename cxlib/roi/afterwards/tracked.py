"""What past promises came to, in words and tables."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib import _format
from cxlib.estimate.promises import Factor
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told, column

OVERDUE, EDITED, LATE, KEPT, EARLY, OPEN = (
    "overdue", "edited since", "made after the fact", "measured", "measured early",
    "not due yet",
)  # fmt: skip
ORDER = (OVERDUE, EDITED, LATE, KEPT, EARLY, OPEN)
SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Tracked(Told):
    """Promises against deliveries.

    Attributes
    ----------
    table : pandas.DataFrame
        One row a promise, overdue ones first: claim_id, initiative, metric, kind, unit,
        status, made_on, due_on, days_overdue, promised, low, high, level, delivered,
        delivered_low, delivered_high, surprise (standard deviations), covered, ratio,
        interval_score, evidence, owner.
    calibration : pandas.DataFrame
        level, n, n_covered, estimate, ci_lower, ci_upper (share of intervals that
        held), worst and best (had all overdue ones missed, or held).
    groups : pandas.DataFrame
        by, group, n, n_covered, estimate, ci_lower, ci_upper; blank where few.
    factor : Factor
        Delivered for each unit promised, of benefits.
    width : Factor
        How many times as wide the intervals should have been.
    """

    calibration: pd.DataFrame
    groups: pd.DataFrame
    factor: Factor
    width: Factor
    on: str
    n_unsealed: int
    currency: str
    confidence_level: float

    def of(self, status: str) -> pd.DataFrame:
        """Promises of one status."""
        return self.table[self.table["status"] == status]

    @property
    def text(self) -> str:
        """What is overdue, how many intervals held, and how optimistic they were."""
        if not len(self.table):
            return "No promise is in the register yet."
        parts = [
            self._counts(),
            *self._broken(),
            *self._held(),
            self._wide(),
            self._bias(),
        ]
        return " ".join(part for part in parts if part)

    def _counts(self) -> str:
        n = {status: len(self.of(status)) for status in ORDER}
        due = len(self.table) - n[OPEN] - n[EARLY]
        first = f"Of {len(self.table)} promises {due} were due by {self.on}"
        if not due:
            return f"{first}: there is nothing to hold against them yet."
        measured = f"{n[KEPT]} {'is' if n[KEPT] == 1 else 'are'} measured"
        return f"{first}; {measured}, {self._overdue()}."

    def _overdue(self) -> str:
        late = self.of(OVERDUE)
        if not len(late):
            return "none is overdue"
        names = list(dict.fromkeys(late["initiative"]))
        more = len(names) - SHOWN
        shown = names[:SHOWN] + ([f"{more} more"] if more > 0 else [])
        return (
            f"{len(late)} {'is' if len(late) == 1 else 'are'} overdue: "
            f"{_words.listed(shown)}"
        )

    def _broken(self) -> list[str]:
        told = []
        for status, why in (
            (EDITED, "changed after it was made"),
            (LATE, "made after its delivery was measured"),
        ):
            n = len(self.of(status))
            if n:
                were = "promise was" if n == 1 else "promises were"
                told.append(
                    f"{n} {were} {why} and {'is' if n == 1 else 'are'} left out."
                )
        return told

    def _held(self) -> list[str]:
        known = self.calibration[self.calibration["n"] > 0]
        return [self._holding(row) for _, row in known.iterrows()]

    def _holding(self, row: pd.Series) -> str:
        level = _format.number(row["level"], "share", decimals=0)
        return (
            f"{int(row['n_covered'])} of {int(row['n'])} promised intervals, of "
            f"{level} % each, held ({self._share(row)}): {self._verdict(row)}."
        )

    def _share(self, row: pd.Series) -> str:
        low, high = (
            _format.number(row[end], "share", decimals=0)
            for end in ("ci_lower", "ci_upper")
        )
        return f"{100 * self.confidence_level:g} % CI {low} to {high} %"

    def _verdict(self, row: pd.Series) -> str:
        if row["ci_upper"] < row["level"]:
            return "they were too narrow"
        if row["ci_lower"] > row["level"]:
            return "they were too wide"
        return "too few to call them wrong by counting"

    def _wide(self) -> str:
        f = self.width
        if pd.isna(f.estimate) or f.ci_lower <= 1 <= f.ci_upper:
            return ""
        size, low, high = (
            _format.number(x, decimals=1) for x in (f.estimate, f.ci_lower, f.ci_upper)
        )
        return (
            f"By how far deliveries lay from promises, {size} times their width would "
            f"have been right ({100 * self.confidence_level:g} % CI {low} to {high}, "
            f"n = {f.n})."
        )

    def _bias(self) -> str:
        f = self.factor
        if pd.isna(f.estimate):
            return ""
        told = (
            f"Of each 1.00 promised {_format.number(f.estimate)} was delivered "
            f"({100 * self.confidence_level:g} % CI {_format.number(f.ci_lower)} to "
            f"{_format.number(f.ci_upper)}, n = {f.n}): "
        )
        if f.ci_lower <= 1 <= f.ci_upper:
            return told + "no bias can be told from these."
        return told + f"multiply new promises by {_format.number(self.shrink)}."

    @property
    def shrink(self) -> float:
        """Factor for new promises: the delivery factor where it is told from one."""
        f = self.factor
        told = not pd.isna(f.estimate) and not f.ci_lower <= 1 <= f.ci_upper
        return max(0.0, f.estimate) if told else 1.0

    @property
    def display(self) -> pd.DataFrame:
        """Gains that were due, and whatever of the rest needs a hand."""
        known = self.table
        if not len(known):
            return pd.DataFrame()
        silent = known["status"].isin([OPEN, EARLY])
        silent |= (known["status"] == KEPT) & (known["kind"] != "benefit")
        rows = known[~silent].reset_index(drop=True)
        return pd.DataFrame(
            {
                "initiative": rows["initiative"] + ", " + rows["metric"],
                "status": rows["status"].where(
                    rows["days_overdue"] <= 0,
                    rows["status"] + " " + rows["days_overdue"].astype("str") + " days",
                ),
                "promised": _spans(rows, "promised", "low", "high"),
                "delivered": _spans(
                    rows, "delivered", "delivered_low", "delivered_high"
                ),
                "held": rows["covered"].map({1.0: "yes", 0.0: "no"}).fillna(""),
            }
        )  # fmt: skip

    @property
    def reliability(self) -> pd.DataFrame:
        """Coverage, bias and width as one table of few rows."""
        rows = [
            {"what": f"{row['level']:.0%} intervals that held".replace("%", " %"),
             "n": row["n"], "estimate": row["estimate"], "ci_lower": row["ci_lower"],
             "ci_upper": row["ci_upper"]}
            for _, row in self.calibration.iterrows()
        ]  # fmt: skip
        for what, f in (("delivered of each unit promised", self.factor),
                        ("width that would have been right", self.width)):  # fmt: skip
            rows.append({"what": what, "n": f.n, "estimate": f.estimate,
                         "ci_lower": f.ci_lower, "ci_upper": f.ci_upper})  # fmt: skip
        return pd.DataFrame(rows)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Coverage by level, and the delivery factor."""
        found = [
            Finding(
                id=f"coverage_of_{100 * row['level']:g}",
                statement=self._holding(row),
                estimate=float(row["estimate"]), unit="share",
                ci_lower=float(row["ci_lower"]), ci_upper=float(row["ci_upper"]),
                n=int(row["n"]), label=f"{100 * row['level']:g} % intervals that held",
                confidence_level=self.confidence_level,
            )
            for _, row in self.calibration[self.calibration["n"] > 0].iterrows()
        ]  # fmt: skip
        f = self.factor
        if not pd.isna(f.estimate):
            found.append(
                Finding(
                    id="delivered_per_promised", statement=self._bias(),
                    estimate=f.estimate, unit="score", ci_lower=f.ci_lower,
                    ci_upper=f.ci_upper, n=f.n, label="delivered of each 1.00 promised",
                    confidence_level=self.confidence_level,
                )
            )  # fmt: skip
        return tuple(found)

    def counted(self) -> pd.DataFrame:
        """Promises that count: measured when due, unchanged, made beforehand."""
        return self.of(KEPT)

    def grouped(self) -> Grouped:
        """Coverage by group, as a result of its own."""
        return Grouped(table=self.groups, unit="share")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Grouped(Told):
    """Intervals that held, by group."""

    @property
    def text(self) -> str:
        """How many groups can be told apart."""
        if not len(self.table):
            return "No promise with an interval was measured yet."
        large = int(self.table["estimate"].notna().sum())
        return (
            f"{large} of {len(self.table)} groups hold enough measured promises to be "
            "told apart; they overlap, so differences between them are no comparison."
        )

    @property
    def display(self) -> pd.DataFrame:
        """Groups in words."""
        rows = self.table
        ends = [
            f"{_format.number(a, 'share', decimals=0)} to "
            f"{_format.number(b, 'share', decimals=0)} %" if pd.notna(a) else "too few"
            for a, b in zip(rows["ci_lower"], rows["ci_upper"], strict=True)
        ]  # fmt: skip
        return pd.DataFrame(
            {"by": rows["by"], "group": rows["group"],
             "promises": column(rows["n"], "count"), "intervals that held": ends}
        )  # fmt: skip


def _spans(table: pd.DataFrame, *names: str) -> list[str]:
    columns = [table[name].tolist() for name in names]
    texts = []
    for value, low, high, unit in zip(*columns, table["unit"], strict=True):
        size, *ends = (_format.number(x, unit) for x in (value, low, high))
        span = f" ({ends[0]} to {ends[1]})" if pd.notna(low) else ""
        texts.append(f"{size}{span}" if pd.notna(value) else _format.MISSING)
    return texts
