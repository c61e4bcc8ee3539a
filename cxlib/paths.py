"""Find the workbook and its files, whatever the working directory is."""

from __future__ import annotations

import os
from pathlib import Path

from cxlib.errors import ArgumentError


def project_root(start: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder that holds notebooks/ and params/.

    Parameters
    ----------
    start : path, optional
        File or folder to look from; the working directory if omitted. The search
        goes up to the root of the disk.

    Returns
    -------
    pathlib.Path
        Absolute path. The environment variable CX_ROOT, where set, wins.

    Raises
    ------
    ArgumentError
        If no folder above `start` is a workbook.
    """
    forced = os.environ.get("CX_ROOT")
    if forced:
        return Path(forced).expanduser().resolve()
    origin = Path(start or ".").resolve()
    for folder in (origin, *origin.parents):
        if (folder / "notebooks").is_dir() and (folder / "params").is_dir():
            return folder
    raise ArgumentError(
        f"no workbook at {origin} or above it: a workbook is a folder that holds "
        "notebooks/ and params/. Go into it, or set the environment variable CX_ROOT."
    )


def resolve(
    path: str | os.PathLike[str], root: str | os.PathLike[str] | None = None
) -> Path:
    """Return an absolute path; a relative one counts from the project root.

    Parameters
    ----------
    path : path
        `~` stands for the home folder.
    root : path, optional
        The project root, where it is already known.

    Returns
    -------
    pathlib.Path
    """
    given = Path(path).expanduser()
    if given.is_absolute():
        return given
    return (Path(root) if root is not None else project_root()) / given
