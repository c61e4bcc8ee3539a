"""From params files and folders to the runs they ask for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cxlib.errors import ArgumentError
from cxlib.paths import project_root
from cxlib.report.parameters import Parameter, of_notebook
from cxlib.run.yamlfile import Trouble

SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One run that a params file asks for.

    `name` is the file's stem, `programme` its folder; `params` what the file gives;
    `files` the data files it needs, by the words that name them; `troubles`
    whatever keeps it from running.
    """

    path: Path
    root: Path
    programme: str
    name: str
    notebook: Path
    params: Mapping[str, Any] = field(default_factory=dict)
    parameters: tuple[Parameter, ...] = ()
    files: Mapping[str, Path] = field(default_factory=dict)
    troubles: tuple[Trouble, ...] = ()

    @property
    def label(self) -> str:
        """Programme and name, as the terminal and the index show it."""
        return f"{self.programme}/{self.name}"

    @property
    def status(self) -> str:
        """'ok' where the run may start, else why not: 'params' or 'data'."""
        kinds = {trouble.kind for trouble in self.troubles}
        return "params" if "params" in kinds else "data" if kinds else "ok"


def find(paths: Iterable[Path]) -> list[Path]:
    """Return the params files that paths name; a folder stands for all in it.

    Not for those whose name, or whose folder's, starts with a dot or an underscore:
    they are read by runs (such as a sceptic's assumptions), and are none themselves.

    Raises
    ------
    ArgumentError
        For a path that is not there, or a folder without params files.
    """
    found: dict[Path, None] = {}
    for path in paths:
        if path.is_file():
            found[path.resolve()] = None
            continue
        if not path.is_dir():
            raise ArgumentError(f"{path}: no such params file or folder.")
        inside = sorted(
            file.resolve()
            for file in path.rglob("*")
            if file.suffix.lower() in SUFFIXES
            and file.is_file()
            and not any(part[0] in "._" for part in file.relative_to(path).parts)
        )
        if not inside:
            raise ArgumentError(f"{path}: no .yaml or .yml file in this folder.")
        found.update(dict.fromkeys(inside))
    return list(found)


def outline(path: Path) -> Job:
    """Return the job of a params file before its contents are read.

    Notes
    -----
    The stem up to its first dot names the notebook, so `nps_segmentation.stores.yaml`
    is a second run of notebooks/nps_segmentation.ipynb.
    """
    root = project_root(path.parent)
    stem = path.name[: -len(path.suffix)]
    notebook = root / "notebooks" / f"{stem.partition('.')[0]}.ipynb"
    return Job(
        path=path, root=root, programme=path.parent.name, name=stem, notebook=notebook
    )


def read_notebook(path: Path) -> dict[str, Any]:
    """Return a notebook's JSON.

    Raises
    ------
    ArgumentError
        If the file is not a notebook.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(notebook["cells"], list):
            return dict(notebook)
    except (ValueError, KeyError, TypeError):
        pass
    raise ArgumentError(f"{path}: not a Jupyter notebook (format 4).")


def read_parameters(path: Path) -> tuple[Parameter, ...]:
    """Return the parameters of a notebook file.

    Raises
    ------
    ArgumentError
        If the file is not a notebook or its parameters cell is not Python.
    """
    try:
        return of_notebook(read_notebook(path))
    except SyntaxError as error:
        raise ArgumentError(
            f"{path}: line {error.lineno} of the parameters cell is not valid Python "
            f"({error.msg})."
        ) from error


def shown(path: Path, root: Path) -> str:
    """Return a path as messages show it: relative to the project where it can be."""
    try:
        return path.relative_to(root).as_posix()
    except ValueError:
        return str(path)
