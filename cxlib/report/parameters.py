"""Read a notebook's parameters without running it."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: its annotation as written, default and comment.

    `known` is False where the default is an expression rather than a literal;
    `default` is then its source text.
    """

    name: str
    annotation: str
    default: object
    comment: str
    known: bool = True


def tagged(notebook: Mapping[str, Any], tag: str) -> str:
    """Return the source of the first code cell that carries the tag."""
    for cell in notebook["cells"]:
        tags: Sequence[str] = cell.get("metadata", {}).get("tags", [])
        if cell["cell_type"] == "code" and tag in tags:
            source = cell["source"]
            return source if isinstance(source, str) else "".join(source)
    return ""


def parse(source: str) -> tuple[Parameter, ...]:
    """Return the assignments of a parameters cell.

    Parameters
    ----------
    source : str
        Python source; lines that assign no plain name are passed over.

    Returns
    -------
    tuple of Parameter
        In the order of the cell; a name assigned twice keeps its last value.

    Examples
    --------
    >>> [seed] = parse("seed: int = 1  # any whole number")
    >>> seed.name, seed.annotation, seed.default, seed.comment
    ('seed', 'int', 1, 'any whole number')
    """
    found: dict[str, Parameter] = {}
    comments = _comments(source)
    for statement in ast.parse(source).body:
        target: ast.expr
        if isinstance(statement, ast.AnnAssign) and statement.value is not None:
            target, annotation = statement.target, ast.unparse(statement.annotation)
        elif isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target, annotation = statement.targets[0], ""
        else:
            continue
        if isinstance(target, ast.Name) and statement.value is not None:
            default, known = _literal(statement.value)
            kind = type(default).__name__ if known and default is not None else ""
            last = statement.end_lineno or statement.lineno
            comment = comments.get(last, comments.get(statement.lineno, ""))
            found[target.id] = Parameter(
                target.id, annotation or kind, default, comment, known
            )
    return tuple(found.values())


def of_notebook(notebook: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """Return the parameters of a notebook: those of its `parameters` cell."""
    return parse(tagged(notebook, "parameters"))


def injected(notebook: Mapping[str, Any]) -> dict[str, object]:
    """Return the values that papermill injected into an executed notebook."""
    try:
        given = parse(tagged(notebook, "injected-parameters"))
    except SyntaxError:
        return {}
    return {one.name: one.default for one in given}


def _comments(source: str) -> dict[int, str]:
    """Return the comment of each line that has one."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return {
        token.start[0]: token.string.lstrip("# ").strip()
        for token in tokens
        if token.type == tokenize.COMMENT
    }


def _literal(node: ast.expr) -> tuple[object, bool]:
    """Return the value of a literal, or the text of an expression."""
    try:
        return ast.literal_eval(node), True
    except ValueError:
        return ast.unparse(node), False
