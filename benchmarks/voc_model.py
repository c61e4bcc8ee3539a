"""A million verbatims by a learnt coder, against scikit-learn's predict.

    python benchmarks/voc_model.py [--rows 1000000] [--embeddings none|auto]

Made-up short verbatims, all distinct, arrive in frames of 20,000; the coder was trained
on 600 hand codes. Reported: texts a CPU second, peak memory after a quarter and after
all (flat if streaming works), and the ratio of CPU to the plain pipeline: the same two
vectorisers and `OneVsRestClassifier(LogisticRegression).predict`, without embeddings,
phrases, shares and long table. With embeddings the encoder is nearly all of the cost.
"""

from __future__ import annotations

import argparse
import resource
from collections.abc import Iterator

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline, make_pipeline, make_union

from cxlib import data, voc

FRAME = 20_000


def cpu() -> float:
    """CPU seconds of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak() -> float:
    """Peak memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def frames(seeds: list[str], rows: int) -> Iterator[pd.DataFrame]:
    """Yield frames of distinct verbatims: two halves of real ones and a number."""
    rng = np.random.default_rng(1)
    halves = [text[: len(text) // 2] for text in seeds]
    for start in range(0, rows, FRAME):
        size = min(FRAME, rows - start)
        first, second = rng.integers(0, len(halves), (2, size))
        texts = [
            f"{halves[a]} {halves[b]} {start + i}"
            for i, (a, b) in enumerate(zip(first, second, strict=True))
        ]
        ids = [f"v{start + i}" for i in range(size)]
        yield pd.DataFrame({"verbatim_id": ids, "verbatim": texts})


def plain(texts: list[str], labels: np.ndarray) -> Pipeline:
    """What an analyst would write."""
    vectors = make_union(
        TfidfVectorizer(ngram_range=(1, 2)),
        TfidfVectorizer(ngram_range=(3, 5), analyzer="char_wb"),
    )
    model = OneVsRestClassifier(LogisticRegression(class_weight="balanced"))
    return make_pipeline(vectors, model).fit(texts, labels)


def sample() -> tuple[pd.DataFrame, pd.DataFrame, voc.Codebook]:
    """Return the sample's answers, hand codes and codebook."""
    root = data.project_root() / "data" / "sample"
    answers = pd.read_csv(root / "responses.csv", dtype={"verbatim": "str"})
    codings = pd.read_csv(root / "codings.csv")
    return answers, codings, voc.Codebook.from_yaml(root / "codebook.yaml")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--embeddings", choices=("none", "auto"), default="none")
    given = parser.parse_args()
    answers, codings, book = sample()
    start = cpu()
    learned = voc.learn(answers, book, codings=codings, embeddings=given.embeddings)
    print(f"learn on the sample: {cpu() - start:.1f} CPU s, peak {peak():.0f} MB")
    texts = [text for text in answers["verbatim"] if isinstance(text, str)]
    start, seen, found, quarter = cpu(), 0, 0, 0.0
    for coded in learned.coder.stream(frames(texts, given.rows)):
        seen, found = seen + FRAME, found + len(coded)
        quarter = quarter or (peak() if seen >= given.rows / 4 else 0.0)
    ours = cpu() - start
    rate = given.rows / ours
    print(f"{given.rows:,} verbatims, {found:,} codes: {rate:,.0f} texts a CPU second")
    print(f"peak {quarter:.0f} MB after a quarter, {peak():.0f} MB after all")
    hand = codings.dropna(subset=["code"])
    wide = pd.crosstab(hand["verbatim_id"].astype(str), hand["code"]) > 0
    said = answers.set_index(answers["respondent_id"].astype(str))["verbatim"]
    said = said[wide.index].fillna("")
    model = plain(said.tolist(), wide.to_numpy())
    rows = min(given.rows, 5 * FRAME)
    start = cpu()
    for frame in frames(texts, rows):
        model.predict(frame["verbatim"])
    theirs = (cpu() - start) / rows
    print(f"CPU of ours / plain predict: {ours / given.rows / theirs:.2f}")


if __name__ == "__main__":
    main()
