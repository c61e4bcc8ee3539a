"""The codebook: which themes there are and which phrases say them."""

from __future__ import annotations

import hashlib
import html
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from cxlib import _checks, paths
from cxlib.errors import ArgumentError, DataError
from cxlib.voc._schema import code_problems, structure_problems

Texts = Mapping[str, str]
Phrases = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One theme.

    Attributes
    ----------
    id : str
        Never changes; a renamed theme keeps it.
    name, definition : mapping of language to text
    parent : str
        Id of the wider theme, '' at the top.
    phrases, exclude : mapping of language to tuple of str
        What gives the code, and what takes it away again.
    """

    id: str
    name: Texts
    definition: Texts
    parent: str
    phrases: Phrases
    exclude: Phrases


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Codebook:
    """Codes, in order, with the version and the hash of what they say.

    Build it with `from_yaml` or `from_dict`.

    Attributes
    ----------
    version : str
        As declared.
    codes : tuple of Code
    sha256 : str
        Of the content, whatever the layout of the file.

    Notes
    -----
    A phrase is matched without regard to case and accents, as whole words in a row
    (punctuation between them does not matter). `*` ends a prefix: ``courier*``
    matches "couriers". ``re:`` starts a regular expression, searched anywhere in the
    folded text. A phrase of `exclude` anywhere in a verbatim takes the code away.
    A verbatim that has a code has the code's parents too.

    Examples
    --------
    >>> book = Codebook.from_dict({
    ...     "version": 1,
    ...     "codes": [{"id": "price", "phrases": {"en": ["expensive", "pric*"]}}],
    ... })
    >>> book.ids, book.languages, book.sha256[:8]
    (('price',), ('en',), '00934926')
    """

    version: str
    codes: tuple[Code, ...]
    sha256: str

    @classmethod
    def from_dict(
        cls, content: Mapping[str, Any], *, source: str = "codebook"
    ) -> Codebook:
        """Check the content of a codebook and build it.

        Parameters
        ----------
        content : mapping
            ``{version, codes: [{id, name, definition, parent, phrases, exclude}]}``;
            name and definition map a language to text, phrases and exclude to a list.
        source : str
            What messages call it.

        Raises
        ------
        DataError
            With every broken rule: unknown keys, ids that are blank or repeat,
            parents that are not there or go round in a circle, codes without
            phrases, phrases without words, regular expressions that do not compile.
        """
        problems = structure_problems(content, source)
        if not problems:
            problems = code_problems(content["codes"], source)
        if problems:
            what = "problem" if len(problems) == 1 else "problems"
            raise DataError(
                f"{source}: {len(problems)} {what} to mend.", problems=problems
            )
        codes = tuple(_code(entry) for entry in content["codes"])
        version = str(content["version"])
        return cls(version=version, codes=codes, sha256=_hash(version, codes))

    @classmethod
    def from_yaml(cls, path: str | Path) -> Codebook:
        """Read and check a codebook file.

        Parameters
        ----------
        path : path
            A relative one counts from the project root, else from the working folder.

        Raises
        ------
        ArgumentError
            If there is no such file.
        DataError
            If it is not YAML or not a codebook; see `from_dict`.
        """
        file = _find(path)
        try:
            content = yaml.load(
                file.read_text(encoding="utf-8-sig"), Loader=_UniqueLoader
            )
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise DataError(
                f"{file.name} is not readable as YAML: {_where(error)}"
            ) from None
        return cls.from_dict(content, source=file.name)

    @property
    def ids(self) -> tuple[str, ...]:
        """The codes' ids, in order."""
        return tuple(code.id for code in self.codes)

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages that have phrases, sorted."""
        return tuple(sorted({key for code in self.codes for key in code.phrases}))

    def label(self, code: str, language: str = "") -> str:
        """Return a code's name in a language, else its first name, else its id."""
        names = next((one.name for one in self.codes if one.id == code), {})
        return names.get(language) or next(iter(names.values()), code)

    def ancestors(self, code: str) -> tuple[str, ...]:
        """Return a code's parents, nearest first."""
        parents = {one.id: one.parent for one in self.codes}
        found: list[str] = []
        while code := parents.get(code, ""):
            found.append(code)
        return tuple(found)

    def relatives(self, code: str) -> frozenset[str]:
        """Return the ids above and below a code."""
        below = {one for one in self.ids if code in self.ancestors(one)}
        return frozenset(below.union(self.ancestors(code)))

    def roll_up(self, codings: pd.DataFrame, *, code: str = "code") -> pd.DataFrame:
        """Give every coded row's parents the same row, once.

        Parameters
        ----------
        codings : pandas.DataFrame
            Long table of assignments; other columns are carried along.
        code : str
            Column of the code; a blank (looked, found nothing) is left alone.

        Raises
        ------
        DataError
            If a code is not in the codebook.
        """
        _checks.columns(codings, [code], "codings")
        blank = codings[code].isna() | (codings[code].astype(str).str.strip() == "")
        used = codings.loc[~blank, code].astype(str)
        for name in used.unique():
            if name not in self.ids:
                hint = _checks.did_you_mean(name, self.ids)
                rows = int((used == name).sum())
                raise DataError(
                    f"code '{name}' ({rows:,} rows) is not in the codebook; {hint}"
                )
        parts = [codings] + [
            codings[~blank & (codings[code] == name)].assign(**{code: above})
            for name in self.ids
            for above in self.ancestors(name)
        ]
        return pd.concat(parts, ignore_index=True).drop_duplicates(ignore_index=True)

    @property
    def text(self) -> str:
        """One line for a report: version, size, languages and hash."""
        one = "code" if len(self.codes) == 1 else "codes"
        return (
            f"Codebook version {self.version}: {len(self.codes)} {one}, phrases in "
            f"{', '.join(self.languages)}; sha256 {self.sha256[:12]}."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return one row a code: id, name, parent and phrases per language."""
        rows = [
            {"code": one.id, "name": self.label(one.id), "parent": one.parent}
            | {
                f"n_phrases_{key}": len(one.phrases.get(key, ()))
                for key in self.languages
            }
            for one in self.codes
        ]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        table = self.to_frame().to_html(index=False, border=0, classes="cx")
        return f"<p class='finding'>{html.escape(self.text)}</p>{table}"


class _UniqueLoader(yaml.SafeLoader):
    """Safe loader that refuses a key given twice (YAML keeps the last in silence)."""

    def construct_mapping(
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[Any, Any]:
        keys = [str(getattr(key, "value", "")) for key, _ in node.value]
        for twice in {key for key in keys if keys.count(key) > 1 and key != "<<"}:
            raise yaml.constructor.ConstructorError(
                None, None, f"the key '{twice}' is given twice", node.start_mark
            )
        return dict(super().construct_mapping(node, deep))


def _find(path: str | Path) -> Path:
    try:
        file = paths.resolve(path)
    except ArgumentError:
        file = Path(path)
    if not file.is_file():
        near = (
            [one.name for one in file.parent.glob("*.y*ml")]
            if file.parent.is_dir()
            else []
        )
        hint = _checks.did_you_mean(file.name, near) if near else "check the path."
        raise ArgumentError(f"`codebook` is '{path}'; there is no such file: {hint}")
    return file


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    place = f" in line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return f"{getattr(error, 'problem', None) or error}{place}."


def _code(entry: Mapping[str, Any]) -> Code:
    return Code(
        id=entry["id"],
        name=dict(entry.get("name") or {}),
        definition=dict(entry.get("definition") or {}),
        parent=entry.get("parent") or "",
        phrases=_lists(entry.get("phrases")),
        exclude=_lists(entry.get("exclude")),
    )


def _lists(given: Mapping[str, Iterable[str]] | None) -> dict[str, tuple[str, ...]]:
    return {key: tuple(values) for key, values in (given or {}).items() if values}


def _hash(version: str, codes: tuple[Code, ...]) -> str:
    content = [
        [one.id, sorted(one.name.items()), sorted(one.definition.items()), one.parent,
         sorted(one.phrases.items()), sorted(one.exclude.items())]
        for one in codes
    ]  # fmt: skip
    return hashlib.sha256(json.dumps([version, content]).encode()).hexdigest()
