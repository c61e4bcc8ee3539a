"""From the user's columns to ours."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase

import pandas as pd

from cxlib import _checks
from cxlib.data.checks import Check, examples
from cxlib.data.contract import Contract
from cxlib.data.convert import as_text
from cxlib.data.open import Opened
from cxlib.data.source import Source
from cxlib.errors import Problem

_USUAL = {
    "qualtrics": {
        "respondent_id": ("ResponseId", "ResponseID"),
        "responded_at": ("RecordedDate", "EndDate"),
    },
    "surveymonkey": {"respondent_id": ("Respondent ID", "RespondentID")},
}


def map_columns(
    opened: Opened, source: Source, known: Iterable[str]
) -> tuple[pd.DataFrame, list[Problem]]:
    """Rename the user's columns as declared, then what a survey tool always calls them.

    Parameters
    ----------
    opened : Opened
    source : Source
        Its `columns` maps ours to theirs; its `set` adds constants.
    known : iterable of str
        Our columns of this table.

    Returns
    -------
    frame : pandas.DataFrame
        Our columns first; the rest under their own names.
    problems : list of Problem
        Every declared column that the file does not have.
    """
    frame, problems = opened.frame, []
    taken: dict[str, str] = {}
    for ours, theirs in source.columns.items():
        found, fix = _find(str(theirs), opened)
        if found is None:
            problems.append(
                Problem(
                    rule=f"`columns.{ours}` names a column that the file does not have",
                    fix=fix, file=source.name, column=str(theirs),
                )
            )  # fmt: skip
        else:
            taken[ours] = found
    folded = {str(name).casefold(): str(name) for name in reversed(frame.columns)}
    folded |= {ours: ours for ours in known if ours in frame.columns}
    usual = _USUAL.get(source.format, {})
    for ours in known:
        for name in (ours, *usual.get(ours, ())):
            if (
                ours not in taken
                and ours not in source.set
                and name.casefold() in folded
            ):
                taken[ours] = folded[name.casefold()]
    mapped = {ours: frame[theirs] for ours, theirs in taken.items()}
    rest = [c for c in frame.columns if c not in taken.values() and c not in taken]
    out = pd.DataFrame(mapped | {c: frame[c] for c in rest}, index=frame.index)
    return out.assign(**{str(k): str(v) for k, v in source.set.items()}), problems


def _hint(word: str, options: Iterable[object]) -> str:
    """`did_you_mean` as a sentence of its own."""
    hint = _checks.did_you_mean(word, options)
    return hint[:1].upper() + hint[1:]


def _find(theirs: str, opened: Opened) -> tuple[str | None, str]:
    """The one column that a declared name, question text or pattern stands for."""
    names = list(map(str, opened.frame.columns))
    wanted = " ".join(theirs.split())
    for candidates in (names, list(opened.labels)):
        for fold in (str, str.casefold):
            hits = [n for n in candidates if fold(n) == fold(wanted)]
            if len(hits) == 1:
                return opened.labels.get(hits[0], hits[0]), ""
    if "*" in wanted:
        pattern = wanted.casefold().replace("[", "[[]").replace("?", "[?]")
        hits = [n for n in names if fnmatchcase(n.casefold(), pattern)]
        hits = hits or [
            own
            for n, own in opened.labels.items()
            if fnmatchcase(n.casefold(), pattern)
        ]
        if len(hits) == 1:
            return hits[0], ""
        if hits:
            shown = ", ".join(f"'{name}'" for name in hits[:4])
            more = ", …" if len(hits) > 4 else ""
            return (
                None,
                f"The pattern fits {len(hits)} columns: {shown}{more}; narrow it.",
            )
    return None, _hint(wanted, [*names, *opened.labels])


def keep_rows(
    frame: pd.DataFrame, source: Source
) -> tuple[pd.DataFrame, list[Check], list[Problem]]:
    """Keep the rows that the source asks for and count the others."""
    checks, problems = [], []
    for column, wanted in source.keep.items():
        if column not in frame.columns:
            fix = _hint(column, frame.columns)
            problems.append(
                Problem(
                    rule="`keep` names a column that the table does not have",
                    fix=fix, file=source.name, column=column,
                )
            )  # fmt: skip
            continue
        values = as_text(pd.Series(_listed(wanted), dtype="object"))
        texts = as_text(frame[column])
        inside = texts.isin(values)
        seen = [*examples(texts[~inside].sort_values(), n=6, words=True)]
        seen += ["blank"] if texts[~inside].isna().any() else []
        detail = (
            f"kept {', '.join(sorted(values))}; left out {', '.join(seen) or 'none'}"
        )
        left_out = int((~inside).sum())
        checks.append(Check.ok(f"{source.name}: keep {column}", detail, left_out))
        frame = frame[inside]
    if frame.empty and not problems:
        problems.append(
            Problem(
                rule="`keep` leaves no row", file=source.name,
                fix="Compare its values with those in the file.",
            )
        )  # fmt: skip
    return frame, checks, problems


def _listed(wanted: object) -> list[object]:
    return list(wanted) if isinstance(wanted, (list, tuple, set)) else [wanted]


def missing_columns(
    frame: pd.DataFrame, needed: Iterable[str], contract: Contract, name: str
) -> list[Problem]:
    """One problem for each needed column that is absent or blank throughout."""
    problems = []
    for column in dict.fromkeys([*contract.required, *needed]):
        if column not in frame.columns:
            hint = _hint(column, frame.columns)
            problems.append(
                Problem(
                    rule="the column is needed and the table does not have it",
                    fix=f"Map it under `columns`: {column}: <your column>. {hint}",
                    file=name, column=column,
                )
            )  # fmt: skip
        elif frame[column].isna().all():
            problems.append(
                Problem(
                    rule="every cell is blank", rows=len(frame), file=name,
                    column=column, fix="Map another column, or export it again.",
                )
            )  # fmt: skip
    return problems
