"""A million short verbatims coded by phrases: `voc.code` against plain regexes.

    python benchmarks/voc_coder.py [--rows 1000000] [--chunk 50000] [--jobs 2]

Verbatims are made of the sample's words, nearly all different, and never held all at
once: each chunk is made, coded, counted and dropped, so that memory does not grow with
their number (peak memory at a tenth of the rows stands beside). The peer is what an
analyst writes: a dozen regexes, one a code, `Series.str.contains`. CPU seconds of
the coding alone give the ratio (another process may share the machine); with
`--jobs 2` chunks go to two processes, and wall time is of the whole pass.
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
        words = [
            p.removeprefix("re:").replace("(", "(?:").replace("*", r"\w*")
            for phrases in one.phrases.values() for p in phrases
        ]  # fmt: skip
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
    start = time.process_time()
    codes = voc.code(frame, book())["code"].value_counts()
    return time.process_time() - start, Counter(codes.to_dict())


def plain(seed: int, size: int) -> tuple[float, Counter[str]]:
    texts = chunk(seed, size)["verbatim"]
    start = time.process_time()
    found = {
        code: int(texts.str.contains(one).sum()) for code, one in regexes().items()
    }
    return time.process_time() - start, Counter(found)


def work(job: tuple[str, int, int]) -> tuple[float, Counter[str], float]:
    """Code one chunk; return seconds, counts and peak memory so far in MB."""
    name, seed, size = job
    seconds, counts = (ours if name == "voc.code" else plain)(seed, size)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return seconds, counts, peak


def run(name: str, chunks: int, size: int, jobs: int) -> pd.Series:
    """Code all chunks in fresh processes; return rates, codes and peak MB."""
    todo = [(name, seed, size) for seed in range(chunks)]
    start = time.perf_counter()
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as workers:
        found = list(workers.map(work, todo))
    wall, cpu = time.perf_counter() - start, sum(one[0] for one in found)
    rows = chunks * size
    return pd.Series(
        {"rows": rows, "a CPU second": rows / cpu, "a second, all": rows / wall,
         "codes": sum(one[1].total() for one in found),
         "peak MB": max(one[2] for one in found)}
    )  # fmt: skip


def report(rows: int, size: int, jobs: int) -> Iterator[str]:
    chunks = max(1, rows // size)
    tenth = max(jobs, chunks // 10)
    table = pd.DataFrame(
        {"voc.code": run("voc.code", chunks, size, jobs),
         "voc.code, a tenth": run("voc.code", tenth, size, jobs),
         "regexes, a tenth": run("regexes", tenth, size, jobs)}
    ).T  # fmt: skip
    yield table.map("{:,.0f}".format).to_string()
    rate = table["a CPU second"]
    ratio = rate["regexes, a tenth"] / rate["voc.code, a tenth"]
    yield f"CPU time of voc.code / of the regexes: {ratio:.2f} ({jobs} processes)"


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
