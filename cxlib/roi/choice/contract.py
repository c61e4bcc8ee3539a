"""What every initiative must say before it is compared: three hypotheses."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from cxlib.result import Assumption, Finding
from cxlib.roi import _words
from cxlib.roi._display import Told
from cxlib.roi.choice._columns import texts
from cxlib.roi.choice._scenarios import by_name

KINDS = ("experience", "operational", "financial")
COLUMNS = ["initiative", *KINDS, "missing", "complete"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Hypotheses(Told):
    """Which hypotheses each initiative carries, and which are missing.

    Attributes
    ----------
    table : pandas.DataFrame
        initiative, experience, operational, financial (as written), missing (kinds
        separated by ';'), complete.
    reason : str
        Why nothing was looked at, else empty.
    """

    reason: str = ""

    @property
    def text(self) -> str:
        """How many are complete, and what is missing where."""
        if self.table.empty:
            return f"No hypothesis was looked for: {self.reason}."
        lacks = self.table[~self.table["complete"].astype(bool)]
        n = len(self.table)
        if lacks.empty:
            return (
                f"All {n} initiatives say what they should change in experience, "
                + ("operations and money.")
            )
        said = [
            f"{name} ({missing.replace('; ', ', ')})"
            for name, missing in zip(lacks["initiative"], lacks["missing"], strict=True)
        ]
        return (
            f"{n - len(lacks)} of {n} initiatives carry all three hypotheses. Missing: "
            f"{_words.listed(said)}."
        )

    @property
    def display(self) -> pd.DataFrame:
        """One line an initiative."""
        if self.table.empty:
            return pd.DataFrame()
        shown = self.table[["initiative", *KINDS]]
        return shown.where(shown != "", "missing")

    @property
    def findings(self) -> tuple[Finding, ...]:
        """How many are complete."""
        if self.table.empty:
            return ()
        return (
            Finding(id="initiatives with three hypotheses", statement=self.text,
                    estimate=float(self.table["complete"].sum()), unit="count",
                    n=len(self.table)),
        )  # fmt: skip


def hypotheses(initiatives: pd.DataFrame | None) -> Hypotheses:
    """List the initiatives that do not say what they should change.

    Use it before initiatives are compared: what has no hypothesis cannot be tracked
    afterwards.

    Parameters
    ----------
    initiatives : pandas.DataFrame or None
        name, hypothesis_experience, hypothesis_operational, hypothesis_financial: a
        sentence each ("waiting time falls by two days"). An absent column is missing
        for all.

    Returns
    -------
    Hypotheses
        Of nothing, and with the reason, without initiatives. Missing hypotheses are
        an assumption of low quality, not an error.

    Examples
    --------
    >>> rows = pd.DataFrame({"name": ["A"], "hypothesis_experience": ["NPS +3"],
    ...     "hypothesis_financial": ["churn -1 %"]})
    >>> print(hypotheses(rows).text)
    0 of 1 initiatives carry all three hypotheses. Missing: A (operational).
    """
    if initiatives is None or initiatives.empty:
        empty = pd.DataFrame(columns=COLUMNS)
        return Hypotheses(table=empty, reason="no initiatives were given")
    by_name(initiatives, ())
    table = pd.DataFrame({"initiative": initiatives["name"].astype(str).to_numpy()})
    for kind in KINDS:
        table[kind] = texts(initiatives, f"hypothesis_{kind}")
    lacks = [
        "; ".join(kind for kind in KINDS if not row[kind])
        for row in table.to_dict("records")
    ]
    table = table.assign(missing=lacks, complete=[not lack for lack in lacks])
    unsaid = [
        f"{n} ({m})" for n, m in zip(table["initiative"], lacks, strict=True) if m
    ]
    assumed = (
        Assumption(
            text=f"Hypotheses that nobody wrote down: {_words.listed(unsaid)}.",
            quality="low", impact="medium",
        ),
    ) if unsaid else ()  # fmt: skip
    return Hypotheses(
        table=table, assumptions=assumed, method="As written in the table."
    )
