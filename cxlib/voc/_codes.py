"""One code of a codebook, and the hash of many."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

Texts = Mapping[str, str]
Phrases = Mapping[str, tuple[str, ...]]
TEXTS = ("name", "definition")
LISTS = ("phrases", "exclude", "examples", "counterexamples")
ACTIVE, MERGED, RETIRED = "active", "merged", "retired"


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
    examples, counterexamples : mapping of language to tuple of str
        Texts that should, and should not, get the code.
    status : {"active", "merged", "retired"}
    merged_into : str
        Id of the code that a merged one is counted with now.
    since : str
        Version in which the code first stood.
    """

    id: str
    name: Texts
    definition: Texts
    parent: str
    phrases: Phrases
    exclude: Phrases
    examples: Phrases = field(default_factory=dict)
    counterexamples: Phrases = field(default_factory=dict)
    status: str = ACTIVE
    merged_into: str = ""
    since: str = ""

    def to_dict(self) -> dict[str, Any]:
        """Return what a codebook file says of the code; blank parts are left out."""
        given: dict[str, Any] = {"id": self.id}
        given |= {part: dict(getattr(self, part)) for part in TEXTS}
        given["parent"] = self.parent
        given |= {
            part: {key: list(values) for key, values in getattr(self, part).items()}
            for part in LISTS
        }
        given["status"] = "" if self.status == ACTIVE else self.status
        given |= {"merged_into": self.merged_into, "since": self.since}
        return {key: value for key, value in given.items() if value}


def from_entry(entry: Mapping[str, Any]) -> Code:
    """Build a code from what a file says of it, once checked."""
    since = entry.get("since")
    return Code(
        id=entry["id"], parent=entry.get("parent") or "",
        name=dict(entry.get("name") or {}),
        definition=dict(entry.get("definition") or {}),
        phrases=_lists(entry.get("phrases")), exclude=_lists(entry.get("exclude")),
        examples=_lists(entry.get("examples")),
        counterexamples=_lists(entry.get("counterexamples")),
        status=entry.get("status") or ACTIVE,
        merged_into=entry.get("merged_into") or "",
        since="" if since is None else str(since),
    )  # fmt: skip


def _lists(given: Mapping[str, Iterable[str]] | None) -> dict[str, tuple[str, ...]]:
    return {key: tuple(values) for key, values in (given or {}).items() if values}


def digest(version: str, codes: Iterable[Code]) -> str:
    """Return the sha256 of what the codes say, whatever the layout of their file."""
    content = []
    for one in codes:
        said: list[Any] = [
            one.id, sorted(one.name.items()), sorted(one.definition.items()),
            one.parent, sorted(one.phrases.items()), sorted(one.exclude.items()),
        ]  # fmt: skip
        later = {k: v for k, v in one.to_dict().items() if k in _LATER}
        content.append([*said, later] if later else said)
    return hashlib.sha256(
        json.dumps([version, content], sort_keys=True).encode()
    ).hexdigest()


_LATER = ("examples", "counterexamples", "status", "merged_into", "since")
