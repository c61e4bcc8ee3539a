"""How many rows two data files share, found without keeping a row."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import io
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from cxlib.report.files import to_json, write_text
from cxlib.run.provenance import sha256 as _sha256

Hashes = npt.NDArray[np.uint64]
FOLDER = ".cx"
SIZE = 4096
_CHUNK = 32_000_000
_TOLD_APART = 0.99
_TEXT = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """Share of the old rows, and of the new rows, that are in both; 0 if unknown."""

    was: float = 0.0
    now: float = 0.0
    known: bool = True


APART = Overlap()
UNKNOWN = Overlap(known=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """The smallest keyed hashes of a table's rows, how often each occurs, all rows.

    The smallest hashes of two tables are the same random choice of rows in both, so
    what they share says what the tables share. `key_id` tells keys apart.
    """

    key_id: str
    n_rows: int
    hashes: Hashes
    repeats: npt.NDArray[np.int64]

    @property
    def complete(self) -> bool:
        """Whether every row's hash was kept."""
        return len(self.hashes) < SIZE

    @property
    def tells_apart(self) -> bool:
        """Whether rows differ: equal rows of two people cannot be matched."""
        return (
            len(self.repeats) > 0 and float(np.mean(self.repeats == 1)) >= _TOLD_APART
        )


def sketch_of(path: Path, out: Path, sha256: str) -> Sketch | None:
    """Return the sketch of a data file, made once and kept in the reports folder.

    Parameters
    ----------
    path : pathlib.Path
        A text, Parquet or Excel file.
    out : pathlib.Path
        The reports folder; its `.cx` folder holds the key and the sketches.
    sha256 : str
        The file's hash as the run recorded it; another file gives no sketch.

    Returns
    -------
    Sketch or None
        None for other formats, and where the file has gone or changed since.

    Notes
    -----
    A row's hash is SipHash of its text under a random key of 96 bits, made once for
    each reports folder and readable by its owner alone. Without the key nobody can
    test whether somebody's row is in the data; with it, only who already has the
    whole row. Any change of a row, such as a new weight, makes it another row.
    """
    place = out / FOLDER
    kept = place / "rows" / f"{sha256}.json"
    key = _key(place)
    found = _load(kept, key)
    if found is not None:
        return found
    try:
        made = sketch(_lines(path), key) if _sha256(path) == sha256 else None
    except (OSError, ValueError, KeyError, ImportError):
        return None
    if made is not None:
        _keep(kept, made)
    return made


def sketch(chunks: Iterable[Sequence[bytes]], key: str) -> Sketch | None:
    """Return the sketch of rows that come in chunks; None for no rows."""
    from pandas.util import hash_array

    hashes, repeats = np.empty(0, np.uint64), np.empty(0, np.int64)
    n_rows = 0
    for chunk in chunks:
        rows = np.empty(len(chunk), object)
        rows[:] = chunk
        fresh = hash_array(rows, hash_key=key, categorize=False)
        n_rows += len(chunk)
        ones = np.ones(len(fresh), np.int64)
        hashes, repeats = _smallest(
            np.concatenate([hashes, fresh]), np.concatenate([repeats, ones])
        )
    if not n_rows:
        return None
    return Sketch(key_id=_name(key), n_rows=n_rows, hashes=hashes, repeats=repeats)


def together(sketches: Sequence[Sketch]) -> Sketch:
    """Return the sketch of several files as one table."""
    return reduce(_joined, sketches)


def overlap(was: Sketch | None, now: Sketch | None) -> Overlap:
    """Return what two tables share.

    Parameters
    ----------
    was, now : Sketch or None

    Returns
    -------
    Overlap
        `known` is False without a sketch, with sketches made under different keys,
        and where more than one row in a hundred has a double: then independent
        samples are assumed, which calls too few moves real, not too many.

    Notes
    -----
    With k = 4096 hashes a share has a standard error of at most 0.8 points, none
    where the tables are smaller than that. The share
    of the side that lost fewer rows is used as found; the other follows from the
    numbers of rows. A change too rare to show in the hashes counts as one in k.
    """
    if was is None or now is None or was.key_id != now.key_id:
        return UNKNOWN
    if not (was.tells_apart and now.tells_apart):
        return UNKNOWN
    ends = [int(one.hashes[-1]) for one in (was, now) if not one.complete]
    limit = min(ends, default=int(np.iinfo(np.uint64).max))
    old, new = (one.hashes[one.hashes <= limit] for one in (was, now))
    shared = len(np.intersect1d(old, new))
    kept = shared / max(1, len(old)), shared / max(1, len(new))
    if kept[0] >= kept[1]:
        first = kept[0]
        return _capped(first, first * was.n_rows / now.n_rows, sampled=bool(ends))
    second = kept[1]
    return _capped(second * now.n_rows / was.n_rows, second, sampled=bool(ends))


def least(overlaps: Iterable[Overlap]) -> Overlap:
    """Return the smallest shares among several tables."""
    found = list(overlaps) or [UNKNOWN]
    return Overlap(
        was=min(one.was for one in found),
        now=min(one.now for one in found),
        known=all(one.known for one in found),
    )


def _capped(was: float, now: float, *, sampled: bool) -> Overlap:
    """Keep shares in range; sampled ones cannot show that nothing changed at all."""
    was, now = min(was, 1.0), min(now, 1.0)
    if sampled and was == now == 1.0:
        now -= 1 / SIZE
    return Overlap(was=was, now=now)


def _smallest(
    hashes: Hashes, repeats: npt.NDArray[np.int64]
) -> tuple[Hashes, npt.NDArray[np.int64]]:
    """Return the smallest distinct hashes and how often each occurs."""
    distinct, which = np.unique(hashes, return_inverse=True)
    counted = np.bincount(which, weights=repeats, minlength=len(distinct))
    return distinct[:SIZE], counted[:SIZE].astype(np.int64)


def _joined(one: Sketch, other: Sketch) -> Sketch:
    hashes, repeats = _smallest(
        np.concatenate([one.hashes, other.hashes]),
        np.concatenate([one.repeats, other.repeats]),
    )
    key_id = one.key_id if one.key_id == other.key_id else ""
    n_rows = one.n_rows + other.n_rows
    return Sketch(key_id=key_id, n_rows=n_rows, hashes=hashes, repeats=repeats)


def _lines(path: Path) -> Iterator[list[bytes]]:
    """Yield the rows of a file as bytes, in chunks."""
    name = path.name.lower()
    opener: Any = gzip.open if name.endswith(".gz") else open
    if name.removesuffix(".gz").endswith(_TEXT):
        with opener(path, "rb") as file:
            while lines := file.readlines(_CHUNK):
                yield [line.rstrip(b"\r\n") for line in lines]
    elif name.endswith((".parquet", ".pq")):
        yield from _parquet_rows(path)
    elif name.endswith((".xlsx", ".xlsm")):
        import pandas as pd

        sheets = pd.read_excel(path, sheet_name=None, dtype=object)
        for sheet in sheets.values():
            yield sheet.to_csv(index=False, lineterminator="\n").encode().splitlines()


def _parquet_rows(path: Path) -> Iterator[list[bytes]]:
    """Yield the rows of a Parquet file as text, a batch at a time."""
    from pyarrow import csv, parquet

    plain = csv.WriteOptions(include_header=False)
    for batch in parquet.ParquetFile(path).iter_batches():
        text = io.BytesIO()
        csv.write_csv(batch, text, plain)
        yield text.getvalue().splitlines()


def _key(place: Path) -> str:
    """Return the folder's key, made where there is none."""
    file = place / "key"
    if not file.is_file():
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        spare = place / f".key.{secrets.token_hex(8)}"
        handle = os.open(spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as opened:
            opened.write(secrets.token_urlsafe(12))
        # The first of several processes wins; all read the winner's key.
        with contextlib.suppress(FileExistsError):
            os.link(spare, file)
        spare.unlink()
    return file.read_text(encoding="ascii").strip()


def _name(key: str) -> str:
    return hashlib.sha256(f"cx rows {key}".encode()).hexdigest()[:12]


def _keep(file: Path, made: Sketch) -> None:
    file.parent.mkdir(exist_ok=True, mode=0o700)
    twice = np.flatnonzero(made.repeats != 1)
    record = {
        "key_id": made.key_id,
        "n_rows": made.n_rows,
        "hashes": base64.b64encode(made.hashes.astype("<u8").tobytes()).decode(),
        "repeats": [[int(i), int(made.repeats[i])] for i in twice],
    }
    write_text(file, to_json(record))


def _load(file: Path, key: str) -> Sketch | None:
    """Return a kept sketch, None where there is none made under this key."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        raw = base64.b64decode(record["hashes"], validate=True)
        hashes = np.frombuffer(raw, "<u8").astype(np.uint64)
        repeats = np.ones(len(hashes), np.int64)
        for index, times in record["repeats"]:
            repeats[index] = times
        found = Sketch(
            key_id=record["key_id"],
            n_rows=record["n_rows"],
            hashes=hashes,
            repeats=repeats,
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return None
    return found if found.key_id == _name(key) else None
