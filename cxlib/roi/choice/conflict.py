"""Initiatives that raise one team's indicator and lower another's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cxlib import _checks
from cxlib.errors import DataError, Problem
from cxlib.result import Finding
from cxlib.roi import _words
from cxlib.roi._display import Told
from cxlib.roi.choice._columns import texts
from cxlib.roi.choice._scenarios import by_name

PREFIX = "kpi_"
COLUMNS = ["initiative", "kpi", "sign", "sure", "estimate", "low", "high", "evidence"]
PAIRS = ["initiative", "raises", "lowers", "sure", "evidence"]
_SIGNS = {"+": 1.0, "-": -1.0, "−": -1.0, "0": 0.0, "=": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Conflicts(Told):
    """What each initiative does to each indicator, and where it sets two at odds.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, kpi, sign (better, worse, none), sure (the range is on one side of
        zero; False where no range is given), estimate (blank where only a sign is
        given), low, high, evidence. Blank cells of the file are left out.
    pairs : pandas.DataFrame
        initiative, raises, lowers, sure (both), evidence: one row a conflict.
    n_kpis, n_initiatives : int
    reason : str
        Why nothing was compared, else empty.
    """

    pairs: pd.DataFrame
    n_kpis: int
    n_initiatives: int
    reason: str = ""

    @property
    def text(self) -> str:
        """Which initiatives set which indicators at odds."""
        if self.table.empty:
            return f"No conflict was looked for: {self.reason}."
        if self.pairs.empty:
            return (
                f"None of {self.n_initiatives} initiatives is expected to make one of "
                f"{self.n_kpis} indicators better and another worse."
            )
        said = [
            f"{row['initiative']} ({row['raises']} up, {row['lowers']} down; evidence: "
            f"{row['evidence'] or 'none given'})"
            for _, row in self.pairs.head(3).iterrows()
        ]
        more = len(self.pairs) - 3
        rest = f", and {more} more" if more > 0 else ""
        who = self.pairs["initiative"].nunique()
        sure = int(self.pairs["sure"].sum())
        return (
            f"{who} of {self.n_initiatives} initiatives "
            f"{'sets' if who == 1 else 'set'} indicators at odds: "
            f"{', '.join(said) if rest else _words.listed(said)}{rest}. The ranges "
            f"given bear out {sure} of {len(self.pairs)} conflicts."
        )

    @property
    def display(self) -> pd.DataFrame:
        """The matrix of signs, at most four indicators wide; else the conflicts."""
        if self.table.empty:
            return pd.DataFrame()
        if self.n_kpis > 4:
            return self.pairs.assign(
                sure=self.pairs["sure"].map({True: "yes", False: "no"})
            )
        mark = self.table["sign"].map({"better": "+", "worse": "−", "none": "0"})
        shown = self.table.assign(
            mark=mark.where(self.table["sure"] | (mark == "0"), mark + " ?")
        )
        wide = shown.pivot_table(
            index="initiative", columns="kpi", values="mark", aggfunc="first"
        ).fillna("")
        order = list(dict.fromkeys(self.table["initiative"]))
        return wide.loc[order, list(dict.fromkeys(self.table["kpi"]))].reset_index()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The number of conflicts."""
        if self.table.empty:
            return ()
        return (
            Finding(id="conflicts between indicators", statement=self.text,
                    estimate=float(len(self.pairs)), unit="count"),
        )  # fmt: skip


def conflicts(initiatives: pd.DataFrame | None) -> Conflicts:
    """List initiatives that make one team's indicator better and another's worse.

    Use it before a choice that one team pays for. It lists what the table expects; it
    tests nothing.

    Parameters
    ----------
    initiatives : pandas.DataFrame or None
        name, and for each indicator `kpi_<indicator>`: '+' (better for whoever answers
        for it), '-', '0', or an effect as a number that is positive where it is better;
        optional `kpi_<indicator>_low` and `_high` (P10, P90) and evidence.

    Returns
    -------
    Conflicts
        Of nothing, and with the reason, without initiatives or indicators.

    Raises
    ------
    DataError
        For cells that are neither a sign nor a number, and ranges that do not hold
        their effect; all at once.

    Notes
    -----
    A handling time that falls is better: write '+', or the effect with its sign turned.
    A conflict is borne out where both ranges lie on their side of zero.

    Examples
    --------
    >>> rows = pd.DataFrame({"name": ["Chatbot"], "kpi_nps": ["-"],
    ...     "kpi_handling_time": ["+"], "evidence": ["expert"]})
    >>> conflicts(rows).pairs[["raises", "lowers"]].values.tolist()
    [['handling time', 'nps']]
    """
    if initiatives is None or initiatives.empty:
        return _nothing("no initiatives were given")
    _checks.columns(initiatives, ["name"], "initiatives")
    by_name(initiatives, ())
    kpis = _indicators(initiatives)
    if not kpis:
        return _nothing("no column begins with 'kpi_'")
    problems: list[Problem] = []
    parts = [_one(initiatives, kpi, problems) for kpi in kpis]
    if problems:
        raise DataError("the indicators cannot be compared.", problems=problems)
    table = pd.concat(parts, ignore_index=True)
    place = {name: at for at, name in enumerate(initiatives["name"].astype(str))}
    table = table.sort_values(
        "initiative", key=lambda names: names.map(place), kind="stable",
        ignore_index=True,
    )  # fmt: skip
    if table.empty:
        return _nothing("every indicator is blank")
    return Conflicts(
        table=table, pairs=_pairs(table), n_kpis=len(kpis),
        n_initiatives=len(initiatives),
        method="Signs as expected in the table; '?' where no range bears a sign out.",
    )  # fmt: skip


def _indicators(frame: pd.DataFrame) -> list[str]:
    names = [str(c) for c in frame.columns if str(c).startswith(PREFIX)]
    ends = {f"{c}_{end}" for c in names for end in ("low", "high")}
    return [c for c in names if c not in ends]


def _one(frame: pd.DataFrame, kpi: str, problems: list[Problem]) -> pd.DataFrame:
    """Return the rows of one indicator; problems are added to the list."""
    words = texts(frame, kpi)
    number = pd.to_numeric(pd.Series(words), errors="coerce").to_numpy(dtype=float)
    signs = np.array([_SIGNS.get(word, np.nan) for word in words])
    way = np.where(np.isnan(signs), np.sign(number), signs)
    blank = np.array([word == "" for word in words])
    value = np.where(np.isnan(signs), number, np.nan)
    low, high = (
        pd.to_numeric(frame.get(f"{kpi}_{end}", pd.Series(np.nan, frame.index)),
                      errors="coerce").to_numpy(dtype=float)
        for end in ("low", "high")
    )  # fmt: skip
    rules = (
        (np.isnan(way) & ~blank, "is neither a sign nor a number",
         "Write +, -, 0 or an effect."),
        ((low > value) | (high < value) | (low > high), "lies outside its range",
         "Mend effect, low or high."),
    )  # fmt: skip
    for bad, rule, fix in rules:
        if bad.any():
            seen = tuple(np.array(words, dtype=object)[bad][:3])
            problems.append(
                Problem(
                    rule=rule, column=kpi, rows=int(bad.sum()), fix=fix, examples=seen
                )
            )
    names = np.array(["worse", "none", "better"])
    sides = np.where(np.isnan(way), 0, way).astype(int)
    return pd.DataFrame(
        {
            "initiative": frame["name"].astype(str).to_numpy(),
            "kpi": _words.plain(kpi.removeprefix(PREFIX)), "sign": names[sides + 1],
            "sure": (low > 0) | (high < 0), "estimate": value, "low": low,
            "high": high, "evidence": texts(frame, "evidence"),
        }
    )[~blank]  # fmt: skip


def _pairs(table: pd.DataFrame) -> pd.DataFrame:
    up = table[table["sign"] == "better"]
    down = table[table["sign"] == "worse"]
    both = up.merge(down, on="initiative", suffixes=("", "_down"), sort=False)
    found = pd.DataFrame(
        {
            "initiative": both["initiative"], "raises": both["kpi"],
            "lowers": both["kpi_down"], "sure": both["sure"] & both["sure_down"],
            "evidence": both["evidence"],
        },
        columns=PAIRS,
    )  # fmt: skip
    return found.sort_values("sure", ascending=False, kind="stable", ignore_index=True)


def _nothing(reason: str) -> Conflicts:
    return Conflicts(
        table=pd.DataFrame(columns=COLUMNS), pairs=pd.DataFrame(columns=PAIRS),
        n_kpis=0, n_initiatives=0, reason=reason,
    )  # fmt: skip
