"""Suggest codes for what the codebook does not cover; suggestions are never counted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib import _checks
from cxlib.voc._clusters import clusters, overlap
from cxlib.voc._frames import said
from cxlib.voc._vocabulary import Vocabulary
from cxlib.voc._words import Told, column
from cxlib.voc.redact import redact

Array = npt.NDArray[np.float64]
_MAX_TEXTS = 3000
_MIN_TEXTS = 20
_EVERYDAY = 0.05
_STABLE = 0.3
_PRIOR, _MARKS, _FEWEST = 50.0, 1.96, 5
_SELDOM = 0.005
_COLUMNS = [
    *("n", "share_uncoded", "terms", "share_marked", "share_marked_elsewhere"),
    "stability",
]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Keyness(Told):
    """Words that mark one set of verbatims against another.

    `table`: term, n_target, n_rest (verbatims with the term), log_odds, z; strongest
    first. For ranking only: z is not a test.
    """

    @property
    def text(self) -> str:
        """The strongest words."""
        strong = self.table[self.table["z"] > 1.96].head(8)
        if strong.empty:
            return "No word marks these verbatims against the others."
        return f"Words that mark these verbatims: {', '.join(strong['term'])}."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Suggestions(Told):
    """Groups of uncoded verbatims that look alike, with the words that mark them.

    `table`: suggestion (1, 2, ...; those best told apart by their words first), n
    (uncoded verbatims in the group), share_uncoded, terms, share_marked and
    share_marked_elsewhere (verbatims with one of the first three terms, in the group
    and in all others), stability (how well the group comes back from other seeds).
    """

    n_uncoded: int
    reason: str = ""

    def _display(self) -> pd.DataFrame:
        rows = self.table
        return pd.DataFrame(
            {
                "words that mark the group": rows["terms"],
                "n": column(rows, "n", "count"),
                "with these words, %": column(rows, "share_marked", "share"),
                "elsewhere, %": column(rows, "share_marked_elsewhere", "share"),
                "stability": column(rows, "stability", "score"),
            }
        )

    @property
    def text(self) -> str:
        """The groups worth a look, or why there are none."""
        if self.table.empty:
            return self.reason
        words = self.table["terms"].head(3).str.split(", ").str[:3].str.join(", ")
        named = "; ".join(
            f"{terms} ({n:,})" for terms, n in zip(words, self.table["n"], strict=False)
        )
        groups = "one group" if len(self.table) == 1 else f"{len(self.table)} groups"
        return (
            f"{self.n_uncoded:,} verbatims have no code. They fall into {groups} for a "
            f"person to read: {named}. Suggestions only: nothing here is counted."
        )


def keyness(
    target: Iterable[str],
    rest: Iterable[str],
    *,
    min_texts: int = 5,
    prior: float = 500.0,
) -> Keyness:
    """Rank words by how much more often the target verbatims use them.

    Parameters
    ----------
    target, rest : iterable of str
        Two sets of verbatims.
    min_texts : int
        Words in fewer target verbatims are left out: rare words are noise, and may
        be somebody's name.
    prior : float
        Weight, in words, of the shared background; more favours frequent words.

    Returns
    -------
    Keyness

    Notes
    -----
    Log-odds ratio with an informative Dirichlet prior from both sets together; texts
    are redacted first. For ranking and plots, not for testing.

    References
    ----------
    Monroe, B. L., Colaresi, M. P. and Quinn, K. M. (2008). Fightin' words. Political
    Analysis 16, 372-403. doi:10.1093/pan/mpn018

    Examples
    --------
    >>> found = keyness(["noisy room"] * 9 + ["big room"], ["big staff"] * 20)
    >>> found.table["term"].to_list()
    ['room', 'noisy']
    """
    first, second = list(redact(target)), list(redact(rest))
    inside = np.arange(len(first) + len(second)) < len(first)
    table = Vocabulary.of(first + second).ranked(inside, prior=prior)
    table = table[table["n_target"] >= min_texts].reset_index(drop=True)
    return Keyness(table=table, method="Log-odds with an informative Dirichlet prior.")


def suggest_codes(
    responses: pd.DataFrame,
    coded: pd.DataFrame,
    *,
    verbatim: str = "verbatim",
    n_groups: int = 12,
    min_texts: int = 10,
    n_terms: int = 6,
    rng: int | np.random.Generator = 0,
) -> Suggestions:
    """Group the uncoded verbatims and say which words mark each group.

    Use it to find what the codebook lacks. It suggests; a person reads, names the code
    and writes its phrases, and only those are counted.

    Parameters
    ----------
    responses, coded : pandas.DataFrame
        As for `voc.prevalence`.
    verbatim : str
        Column of the texts.
    n_groups : int
        Groups to look for; those that no word marks are left out.
    min_texts : int
        Smallest group, and fewest uncoded verbatims a shown word must be in (at most
        5): a rare word may be somebody's name.
    n_terms : int
        Words a group.
    rng : int or numpy.random.Generator
        Seed: the same seed gives the same groups.

    Returns
    -------
    Suggestions

    Notes
    -----
    TF-IDF of letters (3 to 5), PCA to 50 dimensions, 15-nearest-neighbour graph,
    spectral clustering, on at most 3,000 uncoded verbatims drawn with the seed; equal
    ones count as one. Words of a group by log-odds against all other verbatims, coded
    ones included; words in more than 5 % of those are everyday words and are left out,
    whatever the language. A group without words of its own, or that other seeds do not
    find, is left out. Stability: mean best Jaccard overlap with the groups of two other
    seeds. Texts are redacted first.

    Examples
    --------
    >>> import pandas as pd
    >>> told = pd.DataFrame({"verbatim": ["parking was full"] * 30 + ["late"] * 30})
    >>> late = [f"row {i}" for i in range(31, 61)]
    >>> coded = pd.DataFrame({"verbatim_id": late, "code": "delivery"})
    >>> suggest_codes(told, coded, n_groups=1).table["n"].tolist()
    [30]
    """
    generator = _checks.generator(rng)
    _checks.in_range(n_groups, "n_groups", 1, 50)
    told = said(responses, verbatim=verbatim)
    uncoded = ~told.ids.isin(coded["verbatim_id"].astype(str))
    n = int(uncoded.sum())
    if n < max(_MIN_TEXTS, min_texts):
        reason = f"{n:,} verbatims have no code: too few to look for new ones."
        return Suggestions(table=pd.DataFrame(), n_uncoded=n, reason=reason)
    texts = redact(told.frame[verbatim]).to_numpy(dtype=object)
    open_ = texts[uncoded]
    if len(open_) > _MAX_TEXTS:
        open_ = open_[np.sort(generator.choice(len(open_), _MAX_TEXTS, replace=False))]
    groups = clusters(open_, n_groups, rng=generator)
    rows = _describe(open_, texts[~uncoded], groups, min_texts, n_terms)
    table = pd.DataFrame(rows)
    if not table.empty:
        lift = table["share_marked"] / (table["share_marked_elsewhere"] + _SELDOM)
        order = lift.sort_values(ascending=False, kind="stable").index
        table = table.loc[order, _COLUMNS].reset_index(drop=True)
        table.insert(0, "suggestion", np.arange(1, len(table) + 1))
    reason = f"{n:,} verbatims have no code, and no words mark groups among them."
    return Suggestions(
        table=table, n_uncoded=n, reason=reason,
        method=(
            "Spectral clustering of TF-IDF (PCA 50, 15 neighbours), words by log-odds "
            "against all other verbatims; seeded; suggests, never counts."
        ),
    )  # fmt: skip


def _describe(
    texts: npt.NDArray[np.object_], rest: npt.NDArray[np.object_],
    runs: list[npt.NDArray[np.intp]], min_texts: int, n_terms: int,
) -> list[dict[str, object]]:  # fmt: skip
    """Return one row a group that is large enough and has words of its own."""
    vocabulary = Vocabulary.of([*texts, *rest])
    rows = []
    for group in np.unique(runs[0]):
        inside = runs[0] == group
        stable = float(np.mean([overlap(inside, run) for run in runs[1:]]))
        if inside.sum() < min_texts or stable < _STABLE:
            continue
        whole = np.concatenate([inside, np.zeros(len(rest), dtype=bool)])
        found = vocabulary.ranked(whole, prior=_PRIOR)
        rare = found["n_rest"] <= _EVERYDAY * max((~whole).sum(), 1)
        often = found["n_target"] >= min(_FEWEST, min_texts)
        marks = found["z"] > (-np.inf if whole.all() else _MARKS)
        terms = found.loc[rare & often & marks, "term"].head(n_terms).tolist()
        held = vocabulary.holds(terms[:3])
        row = {"n": int(inside.sum()), "share_uncoded": float(inside.mean())}
        row |= {"share_marked": held[whole].mean(), "stability": stable}
        row |= {"share_marked_elsewhere": held[~whole].mean() if rest.size else 0.0}
        if terms:
            rows.append({**row, "terms": ", ".join(terms)})
    return rows
