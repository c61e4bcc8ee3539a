"""Find a source's files and read through each once: hash, size, encoding, quotes."""

from __future__ import annotations

import glob
import gzip
import hashlib
import zlib
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from cxlib.data.open import missing_file
from cxlib.data.source import Source
from cxlib.errors import DataError
from cxlib.paths import resolve

_CHUNK, _HEAD = 1 << 20, 200_000
_SUFFIXES = {
    "csv": (".csv", ".tsv", ".txt", ".csv.gz", ".tsv.gz"),
    "parquet": (".parquet", ".pq"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scanned:
    """One file read through: its hash and size, and what text readers trip over."""

    path: Path
    sha256: str
    n_bytes: int
    head: bytes = b""
    quoted_lines: bool = False


class _Text(NamedTuple):
    head: bytes = b""
    quoted_lines: bool = False


def find_files(source: Source, root: Path | None) -> list[Path]:
    """Return the file, or the files of a folder or pattern, by name."""
    path = resolve(source.path, root=root)
    if path.is_file():
        return [path]
    ends = _SUFFIXES[source.format]
    if path.is_dir():
        inside = sorted(path.rglob("*"))
    elif glob.has_magic(str(path)):
        inside = [Path(name) for name in sorted(glob.glob(str(path), recursive=True))]
        ends = ("",)
    else:
        raise DataError(missing_file(source, path))
    found = [
        file
        for file in inside
        if file.is_file()
        and file.name.lower().endswith(ends)
        and not file.name.startswith((".", "_"))
    ]
    if not found:
        raise DataError(
            f"{source.path} holds no {source.format} file; name the files to read."
        )
    return found


def scan(path: Path, source: Source) -> Scanned:
    """Read a file through once, in pieces.

    Raises
    ------
    DataError
        If it cannot be opened or, being text, is in another encoding, leaves a quote
        open or is empty.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as handle:
            if source.format == "csv":
                facts = _scan_text(_hashed(handle, digest), path, source)
            else:
                facts = _Text()
                for _ in _hashed(handle, digest):
                    pass
    except OSError as error:
        raise DataError(f"{path.name} cannot be opened: {error.strerror}.") from None
    return Scanned(
        path=path, sha256=digest.hexdigest(), n_bytes=path.stat().st_size,
        head=facts.head, quoted_lines=facts.quoted_lines,
    )  # fmt: skip


def together(files: list[Scanned]) -> tuple[str, int]:
    """Return one hash and size: the file's own, or of all names, sizes and hashes."""
    if len(files) == 1:
        return files[0].sha256, files[0].n_bytes
    listed = repr([(file.path.name, file.n_bytes, file.sha256) for file in files])
    total = sum(file.n_bytes for file in files)
    return hashlib.sha256(listed.encode()).hexdigest(), total


def _hashed(handle: object, digest: object) -> Iterator[bytes]:
    while chunk := handle.read(_CHUNK):  # type: ignore[attr-defined]
        digest.update(chunk)  # type: ignore[attr-defined]
        yield chunk


def _scan_text(chunks: Iterator[bytes], path: Path, source: Source) -> _Text:
    """Check encoding and quotes; keep the first bytes."""
    text = _unzipped(chunks, path) if path.suffix == ".gz" else chunks
    decoder = getincrementaldecoder(source.encoding or "utf-8")()
    head, odd, quoted, position = b"", False, False, 0
    for chunk in text:
        head += chunk[: max(0, _HEAD - len(head))]
        try:
            decoder.decode(chunk)
        except UnicodeDecodeError as error:
            raise DataError(_undecoded(path, source, error, position)) from None
        if odd or b'"' in chunk:
            pieces = chunk.split(b"\n")
            for number, piece in enumerate(pieces):
                odd ^= piece.count(b'"') % 2 == 1
                quoted |= odd and number < len(pieces) - 1
        position += len(chunk)
    if odd:
        raise DataError(
            f"{path.name}: a quote is opened and never closed; quote the texts that "
            "hold a separator or quote."
        )
    if not head.strip(b"\xef\xbb\xbf\r\n\t "):
        raise DataError(f"{path.name} is empty; export it again.")
    return _Text(head, quoted)


def _unzipped(chunks: Iterator[bytes], path: Path) -> Iterator[bytes]:
    """Unzip piece by piece, members after the first too."""
    tool = zlib.decompressobj(wbits=31)
    try:
        for chunk in chunks:
            rest = chunk
            while rest:
                yield tool.decompress(rest)
                rest = tool.unused_data
                if tool.eof:
                    tool = zlib.decompressobj(wbits=31)
    except (zlib.error, gzip.BadGzipFile):
        raise DataError(
            f"{path.name} is not a whole gzip file; export it again."
        ) from None


def _undecoded(
    path: Path, source: Source, error: UnicodeDecodeError, position: int
) -> str:
    byte = f"byte 0x{error.object[error.start]:02X}"
    where = f"about position {position + error.start:,}"
    told = source.encoding or "UTF-8"
    return (
        f"{path.name}: {byte} at {where} is not {told}; save the file as UTF-8, or "
        "read it with `engine: pandas`."
    )
