"""The result of a decision: a memo that can be read on paper."""

from __future__ import annotations

import html
from dataclasses import dataclass, field

import pandas as pd

from cxlib.journeys import _words
from cxlib.result import Finding, Result

_SENTENCE = {
    "ship": "Ship {treatment_arm}: {because}.",
    "hold": "Hold {treatment_arm}, keep {control_arm} for now: {because}.",
    "roll back": "Roll back {treatment_arm}: {because}.",
    "keep running": "Keep {treatment_arm} running: {because}.",
    "no verdict": "No verdict on {treatment_arm}: {because}.",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Decision(Result):
    """What to do with each treatment, why, and what would change it.

    Attributes
    ----------
    table : pandas.DataFrame
        treatment_arm, control_arm, decision (ship, keep running, hold, roll back,
        no verdict), because, would_change; the best first.
    where : str
        Where on the way the variants part, in a sentence, or empty.
    checks : pandas.DataFrame
        treatment_arm, criterion, required, found, met (yes, no, open).
    changes : pandas.DataFrame
        Each metric that could turn a recommendation, the closest first:
        treatment_arm, metric, role, verdict, unit, slack (by how much the effect would
        have to move), slack_se (the same in standard errors), n (users exposed now),
        n_more (users still needed to settle an effect of the size seen, in four cases
        of five), turns_to, sentence.
    notes : tuple of str
        What other results add: criteria, claims, segments.
    changed : str
        How the criteria differ from those registered, or empty.
    """

    where: str = ""
    checks: pd.DataFrame = field(default_factory=pd.DataFrame)
    changes: pd.DataFrame = field(default_factory=pd.DataFrame)
    notes: tuple[str, ...] = ()
    changed: str = ""

    @property
    def text(self) -> str:
        """The recommendation, one sentence a treatment."""
        said = [_sentence(row) for _, row in self.table.iterrows()]
        arms = self.table.loc[self.table["decision"] == "ship", "treatment_arm"]
        shipped = [str(name) for name in arms]
        if len(shipped) > 1:
            said.append(
                f"{_words.listed(shipped)} each beat "
                f"{self.table['control_arm'].iloc[0]}; they were not tested against "
                "each other."
            )
        return " ".join([*said, *(part for part in (self.where, self.changed) if part)])

    @property
    def memo(self) -> str:
        """The recommendation, what would change it and the notes, as plain text."""
        said = [self.text]
        for _, row in self.table.iterrows():
            if row["would_change"]:
                said.append(f"{self._heading(row)}: {row['would_change']}")
        return "\n".join([*said, *self.notes])

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The recommendation; it has no estimate of its own."""
        return (
            Finding(id="decision", statement=self.text, estimate=None, unit="count"),
        )  # fmt: skip

    def _heading(self, row: pd.Series) -> str:
        arm = f" ({row['treatment_arm']})" if _words.several_arms(self.table) else ""
        return f"What would change it{arm}"

    def _repr_html_(self) -> str:
        parts = [f"<p class='finding'>{html.escape(self.text)}</p>"]
        for _, row in self.table.iterrows():
            if row["would_change"]:
                heading = html.escape(self._heading(row))
                told = html.escape(row["would_change"])
                parts.append(f"<p><strong>{heading}.</strong> {told}</p>")
        if len(self.checks):
            shown = self.checks
            if not _words.several_arms(self.table):
                shown = shown.drop(columns="treatment_arm")
            shown = shown.rename(columns={"treatment_arm": "variant"})
            parts.append(shown.to_html(index=False, border=0, classes="cx"))
        parts += [f"<p>{html.escape(note)}</p>" for note in self.notes]
        return "".join([*parts, f"<p class='method'>{html.escape(self.method)}</p>"])


def _sentence(row: pd.Series) -> str:
    """Word one recommendation; a brace in a name is no placeholder."""
    return _SENTENCE[str(row["decision"])].format_map(dict(row))
