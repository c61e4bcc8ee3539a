"""Choosing what to code next, on real Italian hotel reviews with published codes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cxlib import voc

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def absita(shared):
    table = pd.read_csv(
        shared("data/absita_2018_it/absita_2018_training.csv"), sep=";"
    ).drop_duplicates("sentence_id")
    book = voc.Codebook.from_yaml(ROOT / "tests/voc/codebooks/absita.yaml")
    ids = table["sentence_id"].astype(str)
    truth = table[[f"{code}_presence" for code in book.ids]].eq(1)
    truth = truth.set_axis(ids, axis=0).set_axis(list(book.ids), axis=1)
    texts = pd.DataFrame({"verbatim_id": ids, "verbatim": table["sentence"]})
    return texts, truth, book


def coded_by_hand(truth, ids):
    rows = [
        (one, "gold", code)
        for one in ids
        for code in (truth.columns[truth.loc[one]].tolist() or [""])
    ]
    return pd.DataFrame(rows, columns=["verbatim_id", "coder", "code"])


def mean_kappa(learned, truth, ids):
    """Mean Cohen's kappa over codes, on verbatims nobody coded."""
    rest = learned.shares.index.difference(ids)
    gave = pd.crosstab(learned.coded["verbatim_id"], learned.coded["code"]) > 0
    machine = gave.reindex(index=rest, columns=truth.columns, fill_value=False)
    true = truth.loc[rest]
    agree = (machine == true).mean()
    p, q = machine.mean(), true.mean()
    chance = p * q + (1 - p) * (1 - q)
    return float(((agree - chance) / (1 - chance)).mean())


def test_chosen_verbatims_teach_more_than_random_ones(absita):
    texts, truth, book = absita
    gains = []
    for seed in range(2):
        frame = texts.sample(2000, random_state=seed).reset_index(drop=True)
        order = np.random.default_rng(seed).permutation(frame["verbatim_id"])
        start = list(order[:50])

        def taught(ids, frame=frame, seed=seed):
            codings = coded_by_hand(truth, ids)
            return voc.learn(frame, book, codings=codings, n_resamples=2, rng=seed)

        chosen = voc.next_to_code(
            frame, taught(start), codebook=book, codings=coded_by_hand(truth, start),
            n=50, n_audit=0, rng=seed,
        ).sheet["verbatim_id"].tolist()  # fmt: skip
        active, passive = (
            mean_kappa(taught(ids), truth, ids)
            for ids in (start + chosen, start + list(order[50:100]))
        )
        gains.append(active - passive)
    assert np.mean(gains) > 0
