"""A million short verbatims coded by phrases: `voc.code` against plain regexes.

    python benchmarks/voc_coder.py [--rows 1000000] [--chunk 50000] [--jobs 2]

Verbatims are made of the sample's words, nearly all different, and never held all at
once: each chunk is made, coded, counted and dropped, so that memory does not grow with
their number (peak memory at a tenth of the rows stands beside). The peer is what an
analyst writes: a dozen regexes, one a code, `Series.str.contains`. Seconds are wall
time of the coding alone; with `--jobs 2`, chunks go to two processes.
"""

from __future__ import annotations

import argparse
import re
import resource
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pandas as pd

from cxlib import voc

SAMPLE = Path(__file__).resolve().parent.parent / "data" / "sample"


@cache
def book() -> voc.Codebook:
    return voc.Codebook.from_yaml(SAMPLE / "codebook.yaml")


@cache
def pool() -> np.ndarray:
    """Words of the sample's verbatims, as often as they are written."""
    texts = pd.read_csv(SAMPLE / "responses.csv", usecols=["verbatim"])["verbatim"]
    return np.array(" ".join(texts.dropna()).split(), dtype=object)


@cache
def regexes() -> dict[str, re.Pattern[str]]:
    """One plain regex a code: its phrases of all languages, case ignored."""
    found = {}
    for one in book().codes:
        words = [p.replace("*", r"\w*") for ps in one.phrases.values() for p in ps]
        if words:
            found[one.id] = re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)
    return found


def chunk(seed: int, size: int) -> pd.DataFrame:
    """Make verbatims of 4 to 14 words."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(4, 15, size)
    drawn = rng.choice(pool(), lengths.sum())
    ends = np.cumsum(lengths)
    texts = [" ".join(drawn[e - n : e]) for e, n in zip(ends, lengths, strict=True)]
    return pd.DataFrame({"verbatim": texts})


def ours(seed: int, size: int) -> tuple[float, Counter[str]]:
    frame = chunk(seed, size)
    start = time.perf_counter()
    codes = voc.code(frame, book())["code"].value_counts()
    return time.perf_counter() - start, Counter(codes.to_dict())


def plain(seed: int, size: int) -> tuple[float, Counter[str]]:
    texts = chunk(seed, size)["verbatim"]
    start = time.perf_counter()
    found = {
        code: int(texts.str.contains(one).sum()) for code, one in regexes().items()
    }
    return time.perf_counter() - start, Counter(found)


def work(job: tuple[str, int, int]) -> tuple[float, Counter[str], float]:
    """Code one chunk; return seconds, counts and peak memory so far in MB."""
    name, seed, size = job
    seconds, counts = (ours if name == "voc.code" else plain)(seed, size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return seconds, counts, peak


def run(
    name: str, rows: int, size: int, jobs: int
) -> tuple[float, Counter[str], float]:
    """Code all chunks in fresh processes; return coding seconds, counts, peak MB."""
    todo = [(name, seed, size) for seed in range(max(1, rows // size))]
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as workers:
        found = list(workers.map(work, todo))
    counts = sum((one[1] for one in found), Counter[str]())
    return sum(one[0] for one in found) / jobs, counts, max(one[2] for one in found)


def report(rows: int, size: int, jobs: int) -> Iterator[str]:
    tenth = run("voc.code", rows // 10, size, jobs)
    mine = run("voc.code", rows, size, jobs)
    peer = run("regexes", rows // 10, size, jobs)
    rates = mine[1].total(), rows / mine[0], rows / 10 / peer[0]
    yield f"{rows:,} verbatims, chunks of {size:,}, {jobs} processes"
    yield f"  voc.code   {rates[1]:>10,.0f} texts/s  {mine[0]:6.1f} s"
    yield f"             {rates[0]:,} codes given (parents in)"
    yield f"  regexes    {rates[2]:>10,.0f} texts/s  (on a tenth)"
    yield f"  time of voc.code / time of the regexes: {rates[2] / rates[1]:.2f}"
    yield f"  peak memory a process: {mine[2]:.0f} MB; at a tenth {tenth[2]:.0f} MB"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--chunk", type=int, default=50_000)
    options.add_argument("--jobs", type=int, default=2)
    given = options.parse_args()
    for line in report(given.rows, given.chunk, given.jobs):
        print(line)


if __name__ == "__main__":
    main()
