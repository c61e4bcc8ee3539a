"""Code verbatims by the codebook's phrases and say which phrase fired."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.voc._frames import verbatim_ids
from cxlib.voc._phrases import Finder, Phrase, cleared, parse
from cxlib.voc.codebook import Codebook
from cxlib.voc.text import fold

SEPARATOR = " · "
Rows = npt.NDArray[np.intp]


def code(
    responses: pd.DataFrame,
    codebook: Codebook,
    *,
    verbatim: str = "verbatim",
    language: str | None = None,
) -> pd.DataFrame:
    """Give every verbatim the codes whose phrases it holds.

    The floor that any other coder is measured against: deterministic, and each
    assignment says why. It knows themes, not whether they are praised or blamed.

    Parameters
    ----------
    responses : pandas.DataFrame
        With the verbatims; `verbatim_id`, else `respondent_id`, else the row's place
        names them (a respondent's second verbatim is "id#2").
    codebook : Codebook
    verbatim : str
        Column of the texts.
    language : str, optional
        Column of the verbatim's language, as the codebook writes it ("it", or
        "it-IT"). Where it is blank, not in the codebook, or not given at all, the
        phrases of all languages apply.

    Returns
    -------
    pandas.DataFrame
        verbatim_id, code (categorical over all codes, so that unused ones count 0)
        and phrase: the codebook's phrases that fired, joined by " · ". One row a
        verbatim and code, in the order of the responses and the codebook. Never a
        word of the verbatim.

    Notes
    -----
    Parents get their children's rows, once. An exclude phrase takes away the code's
    own phrases that it overlaps or touches (blanks, a quote or a hyphen between, no
    other word and no other punctuation): "not late" leaves "very late" elsewhere in
    the verbatim alone. Phrases of a merged code give the code it was merged into;
    those of a retired code give nothing. Only the first 20,000 characters of a
    verbatim are read (2,000 by a regular expression with an open repeat, 300 with
    two, fewer where bounded ones can share out a text in many ways, never under 200).
    Equal verbatims are read once.

    Examples
    --------
    >>> import pandas as pd
    >>> book = Codebook.from_dict({"version": 1, "codes": [
    ...     {"id": "delivery", "exclude": {"en": ["not late"]},
    ...      "phrases": {"en": ["late", "courier*"], "it": ["ritardo"]}}]})
    >>> told = pd.DataFrame(
    ...     {"verbatim": ["LATE; rude couriers", "not late", "In ritàrdo"]})
    >>> print(code(told, book).to_string(index=False))
    verbatim_id     code          phrase
          row 1 delivery late · courier*
          row 3 delivery         ritardo
    """
    _checks.columns(
        responses, [verbatim, *([language] if language else [])], "responses"
    )
    ids = verbatim_ids(responses)
    texts = responses[verbatim].astype(object).reset_index(drop=True)
    found: list[tuple[Rows, Rows, list[str]]] = []
    for key, rows in _by_language(responses, language, codebook):
        found.append(_Coder(codebook, key).code(texts.iloc[rows], rows))
    rows = np.concatenate([part[0] for part in found])
    codes = np.concatenate([part[1] for part in found])
    phrases = np.array([text for part in found for text in part[2]], dtype=object)
    order = np.lexsort((codes, rows))
    return pd.DataFrame(
        {
            "verbatim_id": ids[rows[order]].astype("str"),
            "code": pd.Categorical(
                np.array(codebook.ids, dtype=object)[codes[order]],
                categories=pd.Index(codebook.ids, dtype="str"),
            ),
            "phrase": pd.array(phrases[order], dtype="str"),
        }
    )


def _by_language(
    responses: pd.DataFrame, language: str | None, codebook: Codebook
) -> Iterator[tuple[str, Rows]]:
    """Yield each language of the codebook ('' for all of them) and its rows."""
    if not language:
        yield "", np.arange(len(responses))
        return
    folded = {key.casefold(): key for key in codebook.languages}

    def known(value: object) -> str:
        tag = (
            str(value).strip().casefold().replace("_", "-")
            if isinstance(value, str)
            else ""
        )
        return folded.get(tag) or folded.get(tag.split("-")[0], "")

    keys = responses[language].map(known, na_action=None).astype(object).to_numpy()
    for key in sorted(set(keys)) or [""]:
        yield key, np.flatnonzero(keys == key)


class _Coder:
    """A codebook's phrases of one language, ready to work.

    `owner` says of each phrase which code wrote it, the place of the code it gives,
    and whether it excludes.
    """

    def __init__(self, codebook: Codebook, language: str) -> None:
        place = {name: i for i, name in enumerate(codebook.ids)}
        self.owner: list[tuple[int, int, bool]] = []
        phrases: list[Phrase] = []
        for source, one in enumerate((*codebook.codes, *codebook.former)):
            target = place.get(codebook.now(one.id), -1)
            for excluding, given in ((False, one.phrases), (True, one.exclude)):
                keys = [language] if language else list(given)
                texts = dict.fromkeys(t for key in keys for t in given.get(key, ()))
                texts = texts if target >= 0 else {}
                phrases += [parse(text) for text in texts]
                self.owner += [(source, target, excluding)] * len(texts)
        self.finder = Finder(phrases)
        self.above = [[place[a] for a in codebook.ancestors(c)] for c in codebook.ids]
        self.seen: dict[tuple[int, ...], tuple[list[int], list[str]]] = {}

    def code(self, texts: pd.Series, rows: Rows) -> tuple[Rows, Rows, list[str]]:
        """Return row, code and phrase of every assignment; each text is read once."""
        numbers, unique = pd.factorize(texts)
        given = [self._assign(text) for text in unique]
        none: tuple[list[int], list[str]] = ([], [])
        each = [given[i] if i >= 0 else none for i in numbers]
        sizes = [len(codes) for codes, _ in each]
        codes = np.array([c for one, _ in each for c in one], dtype=np.intp)
        return np.repeat(rows, sizes), codes, [p for _, one in each for p in one]

    def _assign(self, text: object) -> tuple[list[int], list[str]]:
        hits = self.finder.find(text) if isinstance(text, str) else ()
        if hits in self.seen:
            return self.seen[hits]
        barring = {self.owner[hit][0] for hit in hits if self.owner[hit][2]}
        if barring:
            return self._codes(self._left(str(text), hits, barring))
        self.seen[hits] = self._codes(hits)
        return self.seen[hits]

    def _left(
        self, text: str, hits: tuple[int, ...], barring: set[int]
    ) -> tuple[int, ...]:
        """Return the hits that no exclude phrase of their code takes away."""
        folded = fold(text)
        places = self.finder.places(
            text, [hit for hit in hits if self.owner[hit][0] in barring]
        )
        kept = list[int]()
        for hit in hits:
            source, _, excluding = self.owner[hit]
            against = [
                place for other in places
                if self.owner[other][0] == source and self.owner[other][2]
                for place in places[other]
            ]  # fmt: skip
            if excluding or (against and cleared(folded, places[hit], against)):
                continue
            kept.append(hit)
        return tuple(kept)

    def _codes(self, hits: tuple[int, ...]) -> tuple[list[int], list[str]]:
        """Turn phrases that fired into codes, parents in."""
        fired: dict[int, dict[str, None]] = {}
        for hit in hits:
            for one in (self.owner[hit][1], *self.above[self.owner[hit][1]]):
                fired.setdefault(one, {})[self.finder.phrases[hit].text] = None
        return sorted(fired), [SEPARATOR.join(fired[one]) for one in sorted(fired)]
