"""What `cx list` prints: notebooks, their questions and parameters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from cxlib.report.parameters import Parameter, of_notebook
from cxlib.run.jobs import read_notebook

_TITLE = re.compile(r"(?m)^# +(.+)$")
_QUESTION = re.compile(r"(?m)^\*\*Question:?\*\*:? *(.+?)\s*$")


def listing(root: Path) -> str:
    """Return the notebooks of a project with their questions and parameters.

    Parameters
    ----------
    root : pathlib.Path
        The project's folder.

    Returns
    -------
    str
        One block a notebook: its title and question, then each parameter with
        type, default and comment. A broken notebook is listed as such.
    """
    blocks = [_block(path) for path in sorted((root / "notebooks").glob("*.ipynb"))]
    return "\n\n".join(blocks) or f"No notebook in {root / 'notebooks'}."


def _block(path: Path) -> str:
    """Return the block of one notebook."""
    try:
        notebook = read_notebook(path)
        parameters = of_notebook(notebook)
    except (ValueError, OSError, SyntaxError) as error:
        return f"{path.stem}: cannot be read: {error}"
    return "\n".join([f"{path.stem}: {_about(notebook)}", *_lines(parameters)])


def _about(notebook: Mapping[str, Any]) -> str:
    """Return the title and the question of the first Markdown cell."""
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            source = "".join(cell["source"])
            title, question = _TITLE.search(source), _QUESTION.search(source)
            parts = [match[1].strip() for match in (title, question) if match]
            return "\n  ".join(parts)
    return ""


def _lines(parameters: tuple[Parameter, ...]) -> Iterator[str]:
    """Yield a line for each parameter."""
    shown = [
        (f"{p.name}: {p.annotation}", repr(p.default) if p.known else p.default)
        for p in parameters
    ]
    wide = max((len(name) for name, _ in shown), default=0)
    for (name, default), one in zip(shown, parameters, strict=True):
        comment = f"  # {one.comment}" if one.comment else ""
        yield f"    {name:<{wide}} = {default}{comment}"
