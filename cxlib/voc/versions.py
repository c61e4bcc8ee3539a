"""What changed between two versions of a codebook, and whether its examples hold."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pandas as pd

from cxlib import _format
from cxlib.voc._codes import ACTIVE, LISTS, MERGED, RETIRED, TEXTS, Code
from cxlib.voc._words import Told, records, sentence
from cxlib.voc.codebook import Codebook
from cxlib.voc.coder import code as coded_by_rule
from cxlib.voc.redact import redact
from cxlib.voc.text import clean

_COLUMNS = ("change", "code", "name", "language", "before", "after")
_LIFE = ("added", "removed", MERGED, RETIRED, "revived", "moved")
_SAID = {"name": "renamed", "definition": "redefined"}
_ITEMS = {
    "phrases": "phrase", "exclude": "exclude phrase", "examples": "example",
    "counterexamples": "counterexample",
}  # fmt: skip
_COUNTS = (
    *_LIFE,
    *(f"{_ITEMS[p]} {w}" for p in LISTS[:2] for w in ("added", "removed")),
)
_WIDTH = 80


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class CodebookChange(Told):
    """What differs between two versions of a codebook.

    `table`: one row a change: change (added, removed, merged, retired, revived, moved,
    renamed, redefined, or a phrase, exclude phrase, example or counterexample added or
    removed), code, name, language ('' for all), before, after.
    """

    versions: tuple[str, str]
    same: bool

    @property
    def text(self) -> str:
        """The number of changes of each kind, the codes' lives by name."""
        old, new = self.versions
        if self.same:
            return "The two codebooks are the same, to the letter."
        head = f"From version {old} to version {new} of the codebook"
        if self.table.empty:
            return f"{head} no code changed."
        parts = [
            self._lives(kind) for kind in _LIFE if kind in set(self.table["change"])
        ]
        others = self.table[~self.table["change"].isin(_LIFE)]
        sizes = others.groupby("change", sort=False)["code"].agg(["size", "nunique"])
        for kind, size, n in sizes.itertuples():
            codes = f"{n} code{'' if n == 1 else 's'}"
            parts.append(
                f"{n} {kind}"
                if kind in _SAID.values()
                else f"{size} × {kind} ({codes})"
            )
        return f"{head}: {'; '.join(parts)}."

    def _lives(self, kind: str) -> str:
        rows = self.table[self.table["change"] == kind]
        into = " into " if kind == MERGED else " under "
        names = [
            f"{row['name']}{into + row['after'] if kind in (MERGED, 'moved') else ''}"
            for row in records(rows)
        ]
        return f"{len(rows)} {kind} ({', '.join(names)})"

    @property
    def touched(self) -> tuple[str, ...]:
        """Codes whose share may differ because of what changed, not of customers."""
        rows = self.table[self.table["change"].isin(_COUNTS)]
        return tuple(dict.fromkeys(rows["code"]))


def compare_codebooks(
    old: Codebook, new: Codebook, *, language: str = ""
) -> CodebookChange:
    """List what differs between two versions of a codebook.

    Parameters
    ----------
    old, new : Codebook
    language : str
        Language of the names.

    Returns
    -------
    CodebookChange

    Notes
    -----
    Codes are the same where their ids are: an id never changes. One that vanishes is
    "removed": better keep it with ``status: retired``, so that codings made with it
    can still be read. Whether a change moved the numbers, `voc.bridge` tells.

    Examples
    --------
    >>> old = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "price", "phrases": {"en": ["dear"]}},
    ...     {"id": "cost", "phrases": {"en": ["cost*"]}}]})
    >>> new = Codebook.from_dict({"version": 2, "codes": [
    ...     {"id": "price", "phrases": {"en": ["dear", "pric*"]}},
    ...     {"id": "cost", "status": "merged", "merged_into": "price",
    ...      "phrases": {"en": ["cost*"]}}]})
    >>> print(compare_codebooks(old, new).text)
    From version 1 to version 2 of the codebook: 1 merged (cost into price);
    1 × phrase added (1 code).
    """
    was, now = _by_id(old), _by_id(new)
    rows = list[dict[str, str]]()
    for name in dict.fromkeys((*now, *was)):
        label = (new if name in now else old).label(name, language)
        start = {"code": name, "name": label}
        found = _changes(was.get(name), now.get(name))
        rows += [
            start
            | dict(zip(("change", "language", "before", "after"), one, strict=True))
            for one in found
        ]
    table = pd.DataFrame(rows, columns=list(_COLUMNS), dtype=object).astype("str")
    order = table["change"].map({kind: i for i, kind in enumerate(_LIFE)})
    table = table.iloc[order.fillna(len(_LIFE)).argsort(kind="stable")]
    return CodebookChange(
        table=table.reset_index(drop=True), versions=(old.version, new.version),
        same=old.sha256 == new.sha256, method="Codes matched by id.",
    )  # fmt: skip


def _by_id(book: Codebook) -> dict[str, Code]:
    return {one.id: one for one in (*book.codes, *book.former)}


def _changes(was: Code | None, now: Code | None) -> Iterator[tuple[str, str, str, str]]:
    """Yield kind, language, before and after of what differs."""
    if now is None or was is None:
        if was is not None:
            yield "removed", "", was.id, ""
        elif now is not None and now.status == ACTIVE:
            yield "added", "", "", now.id
        return
    if was.status != now.status:
        kind = "revived" if now.status == ACTIVE else now.status
        yield kind, "", was.merged_into or was.id, now.merged_into
    elif was.merged_into != now.merged_into:
        yield MERGED, "", was.merged_into, now.merged_into
    if was.parent != now.parent and now.status == ACTIVE:
        yield "moved", "", was.parent, now.parent or "the top"
    yield from _said(was, now)


def _said(was: Code, now: Code) -> Iterator[tuple[str, str, str, str]]:
    for part in TEXTS:
        before, after = getattr(was, part), getattr(now, part)
        for key in dict.fromkeys((*before, *after)):
            if before.get(key, "") != after.get(key, ""):
                yield _SAID[part], key, before.get(key, ""), after.get(key, "")
    for part in LISTS:
        before, after = getattr(was, part), getattr(now, part)
        for key in dict.fromkeys((*before, *after)):
            old, new = before.get(key, ()), after.get(key, ())
            for item in (one for one in new if one not in old):
                yield f"{_ITEMS[part]} added", key, "", item
            for item in (one for one in old if one not in new):
                yield f"{_ITEMS[part]} removed", key, item, ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class ExampleCheck(Told):
    """Whether the codebook's own examples are coded as it says.

    `table`: one row an example: code, name, language, example (personal data taken
    out), expected ('yes' or 'no'), found, phrase (what fired), right.
    """

    @property
    def wrong(self) -> pd.DataFrame:
        """The examples that are coded otherwise."""
        return self.table[~self.table["right"]]

    @property
    def text(self) -> str:
        """How many examples hold, and the first that does not."""
        n, codes = len(self.table), self.table["code"].nunique()
        if not n:
            return "The codebook gives no examples to test its phrases on."
        what = f"{_format.count(n)} example{'' if n == 1 else 's'}"
        of = f"{what} of {codes} code{'' if codes == 1 else 's'}"
        if self.wrong.empty:
            return f"The phrases code the {of} as the codebook says."
        row = records(self.wrong)[0]
        why = "no phrase of it fires"
        if row["found"] == "yes":
            why = f"“{row['phrase']}” gives it"
        does = "should" if row["expected"] == "yes" else "should not"
        return (
            f"{len(self.wrong)} of the {of} are coded otherwise than the codebook "
            f"says: “{row['example']}” {does} get {sentence(row['name'])}, and {why}."
        )

    def _display(self) -> pd.DataFrame:
        columns = ["name", "language", "example", "expected", "found", "phrase"]
        return self.wrong[columns].rename(columns={"name": "code"})


def check_examples(codebook: Codebook, *, language: str = "") -> ExampleCheck:
    """Code the examples that a codebook gives and list those that come out wrong.

    Parameters
    ----------
    codebook : Codebook
        With `examples` (texts that should get the code) and `counterexamples`.
    language : str
        Language of the names.

    Returns
    -------
    ExampleCheck

    Examples
    --------
    >>> book = Codebook.from_dict({"version": 1, "codes": [{
    ...     "id": "price", "phrases": {"en": ["dear"]},
    ...     "examples": {"en": ["much too dear", "costs a lot"]},
    ...     "counterexamples": {"en": ["oh dear"]}}]})
    >>> print(check_examples(book).text)
    2 of the 3 examples of 1 code are coded otherwise than the codebook says: “costs a
    lot” should get Price, and no phrase of it fires.
    """
    rows = [
        {"code": one.id, "name": codebook.label(one.id, language), "language": key,
         "example": text, "expected": expected}
        for one in codebook.codes
        for given, expected in ((one.examples, "yes"), (one.counterexamples, "no"))
        for key, texts in given.items() for text in texts
    ]  # fmt: skip
    columns = ["code", "name", "language", "example", "expected"]
    table = pd.DataFrame(rows, columns=columns, dtype=object).astype("str")
    coded = coded_by_rule(table, codebook, verbatim="example", language="language")
    phrases = {
        (row["verbatim_id"], row["code"]): row["phrase"] for row in records(coded)
    }
    fired = [
        phrases.get((f"row {i}", name), "") for i, name in enumerate(table["code"], 1)
    ]
    table["found"] = ["yes" if phrase else "no" for phrase in fired]
    table["phrase"] = pd.array(fired, dtype="str")
    table["right"] = table["found"] == table["expected"]
    shown = [clean(text, width=_WIDTH) for text in redact(table["example"])]
    table["example"] = pd.array(shown, dtype="str")
    method = "Rule coder, each example in its own language."
    return ExampleCheck(table=table, method=method)
