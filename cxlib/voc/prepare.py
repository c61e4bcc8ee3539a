"""Verbatims before coding: who says something, in which language, how often twice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from cxlib import _checks, _format
from cxlib.result import Assumption
from cxlib.voc._copies import copy_groups
from cxlib.voc._frames import verbatim_ids
from cxlib.voc._language import base, detect
from cxlib.voc._words import Told, column
from cxlib.voc.text import answers, fold, words

Copies = Literal["keep", "once a person", "once"]
_MIN_SIGNS = 20  # "all good" written by forty people is no copy
_CHECKED = 2_000
_COLUMNS = ["part", "what", "n", "share_part", "certainty"]
_LONG = f"{_MIN_SIGNS} signs or more"
_SHOWN = {
    "said": "say something", "nothing": "say “n/a”, “nothing” or the like",
    "copies": "repeat another", "copies of one person": "of these, by the same person",
    "copies across people": "of these, by somebody else",
    "groups": "groups of copies", "set apart": "set apart by the parameters",
}  # fmt: skip
_SAME = Assumption(
    text="A verbatim's language is told from its words; short ones stay unknown and "
    "take the phrases of all languages.",
    quality="medium", impact="low",
)  # fmt: skip
_KEPT = Assumption(
    text="Copies are answers of their own unless the parameters set them apart.",
    quality="medium", impact="medium",
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Prepared(Told):
    """Verbatims sorted before coding.

    `table`: part ('answers', 'languages', 'copies'), what, n, share_part (of the part's
    whole: responses, verbatims that say something), certainty (mean, of a detected
    language). `frame`: the responses with the columns language (as the survey or the
    words tell; '' unknown), said ('said', 'nothing', 'blank'), duplicate_of (id of the
    first of its copies; '' if it is the first or has none), n_words.
    """

    frame: pd.DataFrame
    detected: bool
    n_checked: int
    n_contradicted: int

    @property
    def text(self) -> str:
        """What is left to code, what repeats, and in which languages."""
        return f"{self._answers()} {self._copies()} {self._languages()}".strip()

    def _n(self, part: str, what: str) -> int:
        rows = self.table
        return int(rows.loc[(rows["part"] == part) & (rows["what"] == what), "n"].sum())

    def _answers(self) -> str:
        asked, told = self._n("answers", "asked"), self._n("answers", "said")
        return (
            f"{told:,} of {asked:,} responses say something "
            f"({self._n('answers', 'blank'):,} blank, "
            f"{self._n('answers', 'nothing'):,} such as “n/a” or “nothing”)."
        )

    def _copies(self) -> str:
        copies = self._n("copies", "copies")
        if not copies:
            return f"None of {_LONG} repeats another."
        what = ("largest group", "groups", "set apart", "copies of one person")
        largest, groups, apart, own = (self._n("copies", name) for name in what)
        told = f"{apart:,} of them set apart" if apart else "kept and counted"
        one = f"{groups:,} group{'' if groups == 1 else 's'}"
        return (
            f"{copies:,} of {self._n('copies', _LONG):,} with {_LONG} repeat another "
            f"word for word or nearly ({one}, the largest of {largest:,}; "
            f"{own:,} by the same person); {told}."
        )

    def _languages(self) -> str:
        rows = self.table[self.table["part"] == "languages"]
        shares = ", ".join(
            f"{row.what} {_format.quantity(row.share_part, 'share')}"
            for row in rows.itertuples()
        )
        known = f"Languages: {shares}." if shares else ""
        if not self.detected:
            return f"{known} They were not detected: py3langid is not installed."
        if not self.n_checked:
            return known
        return (
            f"{known} The words contradict the survey's own language in "
            f"{self.n_contradicted:,} of {self.n_checked:,} checked."
        )

    def _display(self) -> pd.DataFrame:
        rows = self.table
        shown = pd.DataFrame(
            {
                "part": rows["part"].where(~rows["part"].duplicated(), ""),
                "what": [_SHOWN.get(str(what), str(what)) for what in rows["what"]],
                "n": column(rows, "n", "count"),
                "share of part, %": column(rows, "share_part", "share"),
            }
        )
        if rows["certainty"].notna().any():
            shown["certainty, %"] = column(rows, "certainty", "share")
        return shown


def prepare(
    responses: pd.DataFrame,
    *,
    verbatim: str = "verbatim",
    language: str = "",
    languages: Iterable[str] = ("it", "en"),
    min_certainty: float = 0.8,
    similarity: float = 0.8,
    copies: Copies = "keep",
) -> Prepared:
    """Sort verbatims before coding: what says something, language, copies.

    Use `.frame` in its responses' place, with `language="language"` for the coder.

    Parameters
    ----------
    responses : pandas.DataFrame
        One row a response; verbatim_id or respondent_id where there are.
    verbatim : str
        Column of the texts.
    language : str
        Column of the language that the survey recorded; it wins over the words. Blank
        for none.
    languages : iterable of str
        Languages to tell apart: `codebook.languages`.
    min_certainty : float, 0-1
        Below it, and under eight letters, a verbatim's language stays unknown ('').
    similarity : float, 0-1
        Share of five-character runs that near-equal texts have in common.
    copies : {'keep', 'once a person', 'once'}
        'keep' leaves copies in `.frame`; 'once a person' leaves out what a person
        repeats of his own; 'once' every copy, whoever wrote it.

    Returns
    -------
    Prepared

    Notes
    -----
    Copies are texts of 20 signs or more that are equal without case, accents and
    punctuation, or whose shingles have a Jaccard similarity of `similarity` or more
    (MinHash candidates, each checked; groups are chained). Short answers repeat by
    nature and are not copies. Copies from one person need a respondent_id. Language:
    naive Bayes over byte n-grams (py3langid, Lui and Baldwin 2011); a text clearly in a
    language the codebook lacks gets that language's tag, so it is seen. The survey's
    language is checked on up to 2,000 texts, evenly spaced.

    References
    ----------
    Broder (1997), doi:10.1109/SEQUEN.1997.666900. Lui and Baldwin (2011), IJCNLP.

    Examples
    --------
    >>> told = pd.DataFrame({"verbatim": [
    ...     "The courier never came to my door", "Il corriere non si è presentato",
    ...     "the courier never came to my door!", "n/a", None]})
    >>> found = prepare(told)
    >>> found.frame["language"].to_list()
    ['en', 'it', 'en', '', '']
    >>> found.text
    '3 of 5 responses say something (1 blank, 1 such as “n/a” or “nothing”). 1 of 3 with
    20 signs or more repeat another word for word or nearly (1 group, the largest of 2;
    0 by the same person); kept and counted. Languages: en 66.7 %, it 33.3 %.'
    """
    _checks.columns(
        responses, [verbatim, *([language] if language else [])], "responses"
    )
    _checks.in_range(min_certainty, "min_certainty", 0, 1)
    _checks.in_range(similarity, "similarity", 0.5, 1)
    _checks.one_of(copies, "copies", ("keep", "once a person", "once"))
    texts = responses[verbatim].astype(object).reset_index(drop=True)
    frame = responses.assign(
        said=answers(texts),
        n_words=texts.map(_n_words).to_numpy(dtype=int),
        duplicate_of="",
    )
    told = frame["said"].to_numpy() == "said"
    tags = _Languages(texts[told], frame.loc[told, language] if language else None)
    certainty = tags.tell(languages, min_certainty)
    frame["language"] = ""
    frame.loc[told, "language"] = tags.labels
    group = _groups(texts, told, similarity)
    first, own = _firsts(group, frame)
    frame["duplicate_of"] = np.where(first >= 0, verbatim_ids(responses)[first], "")
    apart = {"keep": np.zeros(len(own), bool), "once": first >= 0}.get(copies, own)
    rows = [*_answer_rows(frame), *_copy_rows(group, first, own, apart)]
    rows += _language_rows(frame.loc[told, "language"], certainty)
    return Prepared(
        table=pd.DataFrame(rows, columns=_COLUMNS), unit="share", frame=frame[~apart],
        detected=tags.detected, n_checked=tags.n_checked,
        n_contradicted=tags.n_contradicted, assumptions=(_SAME, _KEPT),
        method="Copies: MinHash and Jaccard similarity of five-character runs. "
        "Language: the survey's, else naive Bayes over byte n-grams.",
    )  # fmt: skip


class _Languages:
    """The languages of the verbatims that say something."""

    def __init__(self, texts: pd.Series, recorded: pd.Series | None) -> None:
        self.texts = texts
        blank = np.full(len(texts), "", dtype=object)
        self.labels = (
            blank if recorded is None else np.array([base(t) for t in recorded], object)
        )
        self.detected, self.n_checked, self.n_contradicted = True, 0, 0

    def tell(self, languages: Iterable[str], floor: float) -> pd.Series:
        """Fill in what the survey left blank; return how certain each filled one is."""
        wanted = tuple(languages)
        certainty = pd.Series(np.nan, index=range(len(self.texts)))
        open_, given = self.labels == "", np.flatnonzero(self.labels != "")
        step = max(1, -(-len(given) // _CHECKED))
        places = np.union1d(np.flatnonzero(open_), given[::step])
        numbers, unique = pd.factorize(self.texts.to_numpy()[places])
        found = detect([str(text) for text in unique], wanted, min_certainty=floor)
        self.detected = found is not None or not len(unique)
        if found is None:
            return certainty
        labels, sure = found[0][numbers], found[1][numbers]
        checked = ~open_[places] & (labels != "")
        self.n_checked = int(checked.sum())
        self.n_contradicted = int((labels != self.labels[places])[checked].sum())
        fill = open_[places] & (labels != "")
        self.labels[places[fill]] = labels[fill]
        certainty.iloc[places[fill]] = sure[fill]
        return certainty


def _n_words(text: object) -> int:
    return len(words(fold(text))) if isinstance(text, str) else 0


def _groups(texts: pd.Series, told: np.ndarray, similarity: float) -> np.ndarray:
    """Return the group of copies of each row; -1 where it says nothing or is short."""
    plain = np.full(len(texts), "", dtype=object)
    for row in np.flatnonzero(told):
        joined = " ".join(words(fold(texts.iloc[row])))
        plain[row] = joined if len(joined) >= _MIN_SIGNS else ""
    numbers, unique = pd.factorize(pd.Series(plain).mask(plain == ""))
    group = copy_groups(list(unique), similarity=similarity)
    return np.where(numbers < 0, -1, group[numbers] if len(group) else -1)


def _firsts(group: np.ndarray, frame: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return the row each row is a copy of (-1: none), and if by the same person."""
    rows = pd.DataFrame({"group": group, "row": np.arange(len(group))})
    rows = rows[rows["group"] >= 0]
    first = np.full(len(group), -1)
    own = np.zeros(len(group), dtype=bool)
    first[rows["row"]] = rows.groupby("group")["row"].transform("first")
    first[first == np.arange(len(group))] = -1
    if "respondent_id" in frame.columns:
        who = frame["respondent_id"].to_numpy()[rows["row"]]
        again = rows.assign(who=who).duplicated(["group", "who"]) & ~pd.isna(who)
        own[rows["row"]] = again.to_numpy()
    return first, own


def _answer_rows(frame: pd.DataFrame) -> list[tuple[object, ...]]:
    asked = max(1, len(frame))
    counts = [("asked", len(frame))] + [
        (kind, int((frame["said"] == kind).sum()))
        for kind in ("said", "blank", "nothing")
    ]
    return [("answers", kind, n, n / asked, np.nan) for kind, n in counts]


def _copy_rows(
    group: np.ndarray, first: np.ndarray, own: np.ndarray, apart: np.ndarray
) -> list[tuple[object, ...]]:
    sizes = np.bincount(group[group >= 0]) if (group >= 0).any() else np.zeros(1, int)
    told = max(1, int((group >= 0).sum()))
    counts = {
        _LONG: int((group >= 0).sum()),
        "copies": int((first >= 0).sum()),
        "copies of one person": int(own.sum()),
        "copies across people": int(((first >= 0) & ~own).sum()),
        "groups": int((sizes > 1).sum()),
        "largest group": int(sizes.max()) if sizes.max() > 1 else 0,
        "set apart": int(apart.sum()),
    }
    return [
        ("copies", what, n, np.nan if what == "groups" else n / told, np.nan)
        for what, n in counts.items()
    ]


def _language_rows(labels: pd.Series, certainty: pd.Series) -> list[tuple[object, ...]]:
    counts = labels.value_counts()
    return [
        (
            "languages", str(tag) or "unknown", int(n), n / len(labels),
            float(certainty[(labels == tag).to_numpy()].mean()),
        )
        for tag, n in sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    ]  # fmt: skip
