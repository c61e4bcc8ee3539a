"""Lay out what a coder learns from: hand codes, and rows the codebook labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.voc._embed import Encoder
from cxlib.voc._features import Reader
from cxlib.voc._frames import Said, membership
from cxlib.voc._guesses import guesses
from cxlib.voc._scorer import (
    CHUNK,
    Coder,
    Roles,
    Scale,
    coded_table,
    spread_out,
    to_share,
)
from cxlib.voc._shares import hand_codes
from cxlib.voc._training import Lessons, Trained, train
from cxlib.voc.audit import audit
from cxlib.voc.codebook import Codebook

Array = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
MIN_CODED, MAX_CODED = 20, 6_000
_GUESSED = 1_500
BY_HAND, BY_BOOK, BY_RULE, BY_CHILDREN = "hand codes", "codebook", "rules", "children"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pupil:
    """What there is to learn from and with.

    Attributes
    ----------
    heard : Said
        Rows that say something.
    texts : list of str
    fired : ndarray of bool, shape (rows, codes)
        What the rules found.
    hand : ndarray, shape (rows, codes)
        Share of coders who gave the code; NaN where nobody looked.
    """

    heard: Said
    texts: list[str]
    rules: pd.DataFrame
    fired: Bools
    hand: Array
    codebook: Codebook
    encoder: Encoder | None
    min_positives: int

    @classmethod
    def of(
        cls, heard: Said, verbatim: str, rules: pd.DataFrame,
        codings: pd.DataFrame | None, codebook: Codebook, encoder: Encoder | None,
        min_positives: int,
    ) -> Pupil:  # fmt: skip
        """Bring responses, rules and codings together."""
        return cls(
            heard=heard, texts=heard.frame[verbatim].tolist(), rules=rules,
            fired=membership(heard.ids, rules, codebook.ids),
            hand=hand_codes(heard.ids, codings, codebook.ids, codebook, chosen=True),
            codebook=codebook, encoder=encoder, min_positives=min_positives,
        )  # fmt: skip

    @property
    def looked(self) -> Places:
        """Rows that people coded."""
        return np.flatnonzero(np.isfinite(self.hand[:, 0]))

    def basis(self) -> list[str]:
        """Return what gives each code: see the constants of this module."""
        book, hand = self.codebook, self.hand[self.looked]
        parents = {above for one in book.ids for above in book.ancestors(one)}
        found = []
        for code, column in zip(book.codes, hand.T, strict=True):
            fewest = min(column.sum(), (1 - column).sum())
            if code.id in parents and not code.phrases:
                found.append(BY_CHILDREN)
            elif len(hand) >= MIN_CODED and fewest >= self.min_positives:
                found.append(BY_HAND)
            else:
                found.append(BY_RULE if self.encoder is None else BY_BOOK)
        return found


def teach(
    pupil: Pupil, coder: Coder, n_folds: int, rng: np.random.Generator
) -> tuple[Coder, Places, Trained | None]:
    """Train the model; return the coder, its hand-coded rows and what it learnt."""
    taught = coder.roles.taught
    if not len(taught):
        return coder, np.array([], dtype=np.intp), None
    rows = pupil.looked if len(pupil.looked) >= MIN_CODED else pupil.looked[:0]
    rows = np.sort(rng.permutation(rows)[:MAX_CODED])
    others = _unlike(pupil, rng)
    both = np.concatenate([rows, others])
    texts = [pupil.texts[i] for i in both]
    reader = Reader(pupil.codebook, pupil.encoder, texts)
    features = reader.read(texts, pupil.fired[both])
    scale = Scale.of(features.own, taught)
    features = scale.apply(features)
    basis = np.array(pupil.basis())[taught]
    lessons = Lessons(
        features=features,
        hand=pupil.hand[np.ix_(rows, taught)].astype(np.float32),
        guessed=guesses(features.own[len(rows) :], alike=pupil.encoder is not None),
        use_hand=(basis == BY_HAND) & (len(rows) > 0),
        fold=rng.permutation(np.arange(len(rows)) % n_folds),
    )
    trained = train(lessons)
    ready = Coder(
        codebook=coder.codebook, verbatim=coder.verbatim, language=coder.language,
        roles=coder.roles, reader=reader, scale=scale, trained=trained,
    )  # fmt: skip
    return ready, rows, trained


def _unlike(pupil: Pupil, rng: np.random.Generator) -> Places:
    """Draw rows that nobody coded, each text once; any rows if all were coded."""
    free = np.ones(len(pupil.texts), dtype=bool)
    free[pupil.looked] = False
    places = np.flatnonzero(free) if free.any() else np.arange(len(free))
    once = pd.Series([pupil.texts[i] for i in places]).drop_duplicates().index
    drawn = rng.permutation(places[once.to_numpy()])[:_GUESSED]
    return np.asarray(np.sort(drawn), dtype=np.intp)


def coded_all(
    pupil: Pupil, coder: Coder, rows: Places, trained: Trained | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Code every row; those that trained the model by the model without their fold."""
    parts = [
        coder.decide(pupil.texts[i : i + CHUNK], pupil.fired[i : i + CHUNK])
        for i in range(0, len(pupil.texts), CHUNK)
    ]
    given = np.concatenate([part[0] for part in parts])
    shares = np.concatenate([part[1] for part in parts])
    if trained is not None and len(rows):
        given[rows] = trained.unseen > trained.cut
        shares[rows] = to_share(trained.unseen, trained.odds)
    about = (pupil.codebook, pupil.heard.ids, given, shares)
    table = coded_table(*about, pupil.rules, coder.roles)
    wide = spread_out(pupil.codebook, given, shares, pupil.fired, coder.roles)[2]
    codes = pd.Index(pupil.codebook.ids, dtype="str")
    return table, pd.DataFrame(wide, index=pupil.heard.ids, columns=codes)


def roles_of(basis: list[str]) -> Roles:
    """Return who gives which code."""
    kinds = np.array(basis)
    taught = np.flatnonzero(np.isin(kinds, (BY_HAND, BY_BOOK)))
    return Roles(taught=taught, by_rule=kinds == BY_RULE)


def scored_rows(pupil: Pupil, codings: pd.DataFrame | None) -> Places:
    """Return the hand-coded rows that were drawn at random, not picked."""
    if codings is None:
        return pupil.looked
    drawn = set(audit(codings)["verbatim_id"].astype(str))
    inside = [i for i in pupil.looked if str(pupil.heard.ids[i]) in drawn]
    return np.array(inside, dtype=np.intp)
