"""An object store (s3://, gs://) as a folder: list, fetch, send, drop."""

from __future__ import annotations

import contextlib
import mimetypes
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from cxlib.errors import ArgumentError, StoreError

if TYPE_CHECKING:
    from pyarrow import fs

SCHEMES = ("s3", "gs")
_THREADS = 8
_HTML = {".html": "text/html; charset=utf-8", ".json": "application/json"}
_KEPT = "What was run is whole on this machine; the next run sends what is missing."


@dataclass(frozen=True, slots=True)
class Store:
    """A folder in an object store.

    Attributes
    ----------
    address : str
        As messages show it: without options.
    system : pyarrow.fs.FileSystem
        The store.
    base : str
        Bucket and prefix.
    """

    address: str
    system: fs.FileSystem
    base: str

    @classmethod
    def open(cls, address: str) -> Store:
        """Return the store at an address.

        Parameters
        ----------
        address : str
            `s3://bucket/prefix` or `gs://bucket/prefix`. Options follow a question
            mark, as pyarrow takes them: `?region=eu-south-1`, or
            `?scheme=http&endpoint_override=host:port` for a server of one's own.
            Keys come from the environment, a role or the provider's own files.

        Raises
        ------
        ArgumentError
            For another kind of address, one without a bucket, or one with a key.
        """
        from pyarrow import fs

        parts = urlsplit(address)
        if parts.scheme not in SCHEMES or not parts.netloc:
            raise ArgumentError(
                f"`--store` is {address!r}; use s3://bucket/prefix or "
                "gs://bucket/prefix."
            )
        shown = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
        user = parts.netloc.rpartition("@")[0]
        if user not in {"", "anonymous"} or "key" in parts.query.lower():
            raise ArgumentError(
                f"`--store` holds a key for {shown}, and command lines are logged. "
                "Take it out, change it, and keep the new one in the environment."
            )
        try:
            system, base = fs.FileSystem.from_uri(address)
        except (OSError, ValueError) as error:
            raise ArgumentError(f"`--store` {shown}: {_reason(error)}") from error
        return cls(shown.rstrip("/"), system, base.rstrip("/"))

    def files(self) -> frozenset[PurePosixPath]:
        """Return every file, by its place under the folder."""
        from pyarrow import fs

        with self._told("read"):
            where = fs.FileSelector(self.base, recursive=True, allow_not_found=True)
            found = self.system.get_file_info(where)
        return frozenset(
            PurePosixPath(one.path).relative_to(self.base)
            for one in found
            if one.type == fs.FileType.File
        )

    def fetch(self, paths: Iterable[PurePosixPath], folder: Path) -> None:
        """Copy files into a folder of this machine."""

        def one(path: PurePosixPath) -> None:
            with self._told("read"):
                stream = self.system.open_input_stream(f"{self.base}/{path}")
                with stream:
                    content = stream.read()
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)

        _each(one, paths)

    def send(self, folder: Path, paths: Iterable[PurePosixPath]) -> None:
        """Copy files of a folder of this machine here; each appears whole."""

        def one(path: PurePosixPath) -> None:
            content = (folder / path).read_bytes()
            with self._told("written"):
                where, about = f"{self.base}/{path}", {"Content-Type": _kind(path)}
                with self.system.open_output_stream(where, metadata=about) as stream:
                    stream.write(content)

        _each(one, paths)

    def drop(self, path: str) -> None:
        """Delete a folder and all in it."""
        with self._told("written"), contextlib.suppress(FileNotFoundError):
            self.system.delete_dir(f"{self.base}/{path}")

    @contextlib.contextmanager
    def _told(self, what: str) -> Iterator[None]:
        """Turn an error of the store into a sentence."""
        try:
            yield
        except OSError as error:
            text = f"{self.address} cannot be {what}: {_reason(error)} {_KEPT}"
            raise StoreError(text) from error


def _each(act: Callable[[PurePosixPath], None], paths: Iterable[PurePosixPath]) -> None:
    """Do something with several files at a time; the first error ends it."""
    with ThreadPoolExecutor(_THREADS) as pool:
        for _ in pool.map(act, paths):
            pass


def _kind(path: PurePosixPath) -> str:
    """Return a file's content type, so that a browser shows pages as pages."""
    guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return _HTML.get(path.suffix, guessed)


def _reason(error: Exception) -> str:
    """Return the first line of an error, as a sentence."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return f"{lines[0].rstrip('.')}."
