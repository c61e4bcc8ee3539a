"""From the user's columns to ours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    """Rename the user's columns and add the constants of `set`; see `name_columns`."""
    frame = opened.frame
    names = list(map(str, frame.columns))
    named, problems = name_columns(names, opened.labels, source, known)
    out = pd.DataFrame({c: frame[theirs] for c, theirs in named.items()}, frame.index)
    return out.assign(**{str(k): str(v) for k, v in source.set.items()}), problems


def name_columns(
    names: list[str], labels: Mapping[str, str], source: Source, known: Iterable[str]
) -> tuple[dict[str, str], list[Problem]]:
    """Name the user's columns as declared, then what a survey tool always calls them.

    Parameters
    ----------
    names : list of str
        The file's columns.
    labels : dict
        Question text -> column, where the tool writes both.
    source : Source
        Its `columns` maps ours to theirs.
    known : iterable of str
        Our columns of this table.

    Returns
    -------
    named : dict
        Our name -> theirs, ours first; the rest under their own names.
    problems : list of Problem
        Every declared column that the file does not have.
    """
    problems = []
    taken: dict[str, str] = {}
    for ours, theirs in source.columns.items():
        found, fix = _find(str(theirs), names, labels)
        if found is None:
            problems.append(
                Problem(
                    rule=f"`columns.{ours}` names a column that the file does not have",
                    fix=fix, file=source.name, column=str(theirs),
                )
            )  # fmt: skip
        else:
            taken[ours] = found
    folded = {name.casefold(): name for name in reversed(names)}
    folded |= {ours: ours for ours in known if ours in names}
    usual = _USUAL.get(source.format, {})
    for ours in known:
        for name in (ours, *usual.get(ours, ())):
            if (
                ours not in taken
                and ours not in source.set
                and name.casefold() in folded
            ):
                taken[ours] = folded[name.casefold()]
    rest = [c for c in names if c not in taken.values() and c not in taken]
    return taken | {c: c for c in rest}, problems


def _hint(word: str, options: Iterable[object]) -> str:
    """`did_you_mean` as a sentence of its own."""
    hint = _checks.did_you_mean(word, options)
    return hint[:1].upper() + hint[1:]


def _find(
    theirs: str, names: list[str], labels: Mapping[str, str]
) -> tuple[str | None, str]:
    """The one column that a declared name, question text or pattern stands for."""
    wanted = " ".join(theirs.split())
    for candidates in (names, list(labels)):
        for fold in (str, str.casefold):
            hits = [n for n in candidates if fold(n) == fold(wanted)]
            if len(hits) == 1:
                return labels.get(hits[0], hits[0]), ""
    if "*" in wanted:
        pattern = wanted.casefold().replace("[", "[[]").replace("?", "[?]")
        hits = [n for n in names if fnmatchcase(n.casefold(), pattern)]
        hits = hits or [
            own for n, own in labels.items() if fnmatchcase(n.casefold(), pattern)
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
    return None, _hint(wanted, [*names, *labels])


def keep_rows(
    frame: pd.DataFrame, source: Source
) -> tuple[pd.DataFrame, list[Check], list[Problem]]:
    """Keep the rows that the source asks for and count the others."""
    checks, problems = [], []
    for column, wanted in source.keep.items():
        if column not in frame.columns:
            problems.append(cannot_keep(source, column, frame.columns))
            continue
        values = wanted_texts(wanted)
        texts = as_text(frame[column])
        inside = texts.isin(values)
        checks.append(kept(source, column, values, texts[~inside].sort_values()))
        frame = frame[inside]
    if frame.empty and not problems:
        problems.append(keeps_nothing(source))
    return frame, checks, problems


def wanted_texts(wanted: object) -> list[str]:
    """Return the values of a `keep` as text."""
    listed = list(wanted) if isinstance(wanted, (list, tuple, set)) else [wanted]
    return as_text(pd.Series(listed, dtype="object")).to_list()


def kept(
    source: Source,
    column: str,
    values: list[str],
    outside: pd.Series,
    *,
    rows: int | None = None,
) -> Check:
    """Say what one `keep` left out: `outside` holds its texts, blank ones last."""
    seen = [*examples(outside, n=6, words=True)]
    seen += ["blank"] if outside.isna().any() else []
    detail = f"kept {', '.join(sorted(values))}; left out {', '.join(seen) or 'none'}"
    left_out = len(outside) if rows is None else rows
    return Check.ok(f"{source.name}: keep {column}", detail, left_out)


def cannot_keep(source: Source, column: str, names: Iterable[object]) -> Problem:
    """Say that a `keep` names no column."""
    return Problem(
        rule="`keep` names a column that the table does not have",
        fix=_hint(column, names), file=source.name, column=column,
    )  # fmt: skip


def keeps_nothing(source: Source) -> Problem:
    """Say that no row passes `keep`."""
    return Problem(
        rule="`keep` leaves no row", file=source.name,
        fix="Compare its values with those in the file.",
    )  # fmt: skip


def missing_columns(
    filled: Mapping[str, int], n_rows: int, needed: Iterable[str], *,
    rules: Contract, name: str,
) -> list[Problem]:  # fmt: skip
    """One problem for each needed column that is absent or blank throughout.

    `filled` holds each column's cells that are not blank.
    """
    problems = []
    for column in dict.fromkeys([*rules.required, *needed]):
        if column not in filled:
            hint = _hint(column, filled)
            problems.append(
                Problem(
                    rule="the column is needed and the table does not have it",
                    fix=f"Map it under `columns`: {column}: <your column>. {hint}",
                    file=name, column=column,
                )
            )  # fmt: skip
        elif not filled[column]:
            problems.append(
                Problem(
                    rule="every cell is blank", rows=n_rows, file=name,
                    column=column, fix="Map another column, or export it again.",
                )
            )  # fmt: skip
    return problems
