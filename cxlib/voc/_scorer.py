"""Code any number of verbatims with a trained model, in chunks of flat memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from cxlib.voc._features import Features, Reader
from cxlib.voc._frames import membership, verbatim_ids
from cxlib.voc._training import Trained
from cxlib.voc.codebook import Codebook
from cxlib.voc.coder import code as by_rules
from cxlib.voc.text import answers

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]
CHUNK = 20_000
_HIT = 3.0


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Roles:
    """Who gives which code.

    Attributes
    ----------
    taught : ndarray of int
        Places of the codes that the model gives.
    by_rule : ndarray of bool, shape (codes,)
        Codes that the rules give; the remaining ones come from their children.
    """

    taught: Places
    by_rule: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """Brings the taught codes' own columns to one scale."""

    taught: Places
    mean: Floats
    spread: Floats

    @classmethod
    def of(cls, own: Floats, taught: Places) -> Scale:
        """Take mean and spread of likeness from rows."""
        likeness = own[:, taught, 0]
        spread = np.maximum(likeness.std(axis=0), 1e-3)
        return cls(taught, likeness.mean(axis=0), spread)

    def apply(self, features: Features) -> Features:
        """Return the features with these columns: likeness in spreads, phrase 0/3."""
        own = features.own[:, self.taught]
        own[..., 0] = (own[..., 0] - self.mean) / self.spread
        own[..., 1] *= _HIT
        return Features(features.words, features.meaning, own)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Coder:
    """A coder that was trained once and codes any number of verbatims.

    Attributes
    ----------
    codebook : Codebook
    verbatim : str
        Column of the texts.
    language : str or None
        Column of their language.
    """

    codebook: Codebook
    verbatim: str
    language: str | None
    roles: Roles
    reader: Reader | None = None
    scale: Scale | None = None
    trained: Trained | None = None

    def code(self, responses: pd.DataFrame) -> pd.DataFrame:
        """Return the coded table of verbatims: see `learn` for its columns."""
        frame = responses.assign(verbatim_id=verbatim_ids(responses))
        parts = [
            self._chunk(frame.iloc[start : start + CHUNK])
            for start in range(0, max(len(frame), 1), CHUNK)
        ]
        return parts[0] if len(parts) == 1 else pd.concat(parts, ignore_index=True)

    def stream(self, frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        """Yield one coded table a frame; memory is that of the largest frame.

        Give the frames a `verbatim_id`: without one, rows are named by their place in
        their own frame.
        """
        return (self.code(frame) for frame in frames)

    def thresholds(self) -> list[float]:
        """Return the share above which each code is given; NaN where rules give it."""
        found = np.full(len(self.codebook.ids), np.nan)
        if self.trained is not None:
            found[self.roles.taught] = to_share(self.trained.cuts, self.trained.odds)
        return [float(one) for one in found]

    def _chunk(self, frame: pd.DataFrame) -> pd.DataFrame:
        rules = by_rules(
            frame, self.codebook, verbatim=self.verbatim, language=self.language
        )
        kept = answers(frame[self.verbatim]) == "said"
        ids = pd.Index(frame["verbatim_id"])[kept]
        fired = membership(ids, rules, self.codebook.ids)
        given, shares = self.decide(frame[self.verbatim][kept].tolist(), fired)
        return coded_table(self.codebook, ids, given, shares, rules, self.roles)

    def decide(self, texts: list[str], fired: Bools) -> tuple[Bools, Floats]:
        """Return which taught codes texts have and how likely; equal texts once."""
        taught = self.roles.taught
        if self.trained is None or self.reader is None or self.scale is None:
            none = np.zeros((len(texts), len(taught)), dtype=np.float32)
            return none > 0, none
        if not texts:
            return np.zeros((0, len(taught)), dtype=bool), np.zeros(
                (0, len(taught)), dtype=np.float32
            )
        keys = pd.DataFrame(np.packbits(fired, axis=1)).assign(text=texts)
        groups = keys.groupby(list(keys.columns), sort=False).ngroup().to_numpy()
        first = np.unique(groups, return_index=True)[1]
        read = self.reader.read([texts[i] for i in first], fired[first])
        scores = linear(self.trained, self.scale.apply(read))[groups]
        return scores > self.trained.cuts, to_share(scores, self.trained.odds)


def linear(trained: Trained, features: Features) -> Floats:
    """Return the scores of rows by the mean model."""
    scores = np.asarray(features.words @ trained.words, dtype=np.float32)
    scores += features.meaning @ trained.meaning
    scores += np.einsum("rck,ck->rc", features.own, trained.own)
    return np.asarray(scores + trained.constant, dtype=np.float32)


def to_share(scores: Floats, odds: Floats) -> Floats:
    """Return the chance of having a code: the balance of the training undone."""
    return np.asarray(1 / (1 + np.exp(-(scores + odds))), dtype=np.float32)


def spread_out(
    codebook: Codebook, given: Bools, shares: Floats, fired: Bools, roles: Roles
) -> tuple[Bools, Bools, Floats]:
    """Return who has a code, whether by the model, and its share, for all codes."""
    codes = codebook.ids
    has = fired & roles.by_rule
    wide = has.astype(np.float32)
    model = np.zeros_like(has)
    has[:, roles.taught] = model[:, roles.taught] = given
    wide[:, roles.taught] = shares
    place = {name: i for i, name in enumerate(codes)}
    for child in codes:
        for above in codebook.ancestors(child):
            mine, parent = place[child], place[above]
            has[:, parent] |= has[:, mine]
            model[:, parent] |= model[:, mine]
            wide[:, parent] = np.maximum(wide[:, parent], wide[:, mine])
    return has, model, wide


def coded_table(
    codebook: Codebook, ids: pd.Index, given: Bools, shares: Floats,
    rules: pd.DataFrame, roles: Roles,
) -> pd.DataFrame:  # fmt: skip
    """Return the long table of codes given, parents with their children."""
    fired = membership(ids, rules, codebook.ids)
    has, model, wide = spread_out(codebook, given, shares, fired, roles)
    row, code = np.nonzero(has)
    names = pd.Index(codebook.ids, dtype="str")
    found = pd.DataFrame(
        {
            "verbatim_id": pd.array(np.asarray(ids, dtype=object)[row], dtype="str"),
            "code": pd.Categorical.from_codes(code, categories=names),
            "share": wide[row, code].astype(float),
            "source": pd.array(
                np.where(model[row, code], "model", "rule").astype(object), dtype="str"
            ),
        }
    )
    found = found.merge(rules, on=["verbatim_id", "code"], how="left")
    found["phrase"] = found["phrase"].fillna("")
    return found[["verbatim_id", "code", "phrase", "share", "source"]]
