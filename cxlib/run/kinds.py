"""Whether a value from a params file fits a parameter's annotation."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any

from cxlib.run.yamlfile import Key

_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "tuple": "a list",
    "dict": "a mapping (key: value)",
    "None": "nothing (null)",
    "Path": "text",
}
_TYPES: dict[str, tuple[type, ...]] = {
    "str": (str,),
    "Path": (str,),
    "int": (int,),
    "float": (int, float),
    "list": (list,),
    "tuple": (list,),
    "dict": (dict,),
    "bool": (bool,),
}
_SYNONYMS = {"List": "list", "Dict": "dict", "Mapping": "dict", "Sequence": "list"}


def misfit(value: object, annotation: str) -> tuple[Key, str] | None:
    """Return where a value does not fit its annotation and what would; else None.

    Parameters
    ----------
    value : object
        As read from YAML.
    annotation : str
        A Python annotation such as 'str | dict', 'list[str]', 'Literal["a", "b"]'.
        A name this function does not know fits everything.

    Examples
    --------
    >>> misfit(True, "int")
    ((), 'a whole number')
    >>> misfit(["a", 1], "list[str]")
    ((1,), 'text')
    """
    if not annotation:
        return None
    return _misfit(value, ast.parse(annotation, mode="eval").body)


def words(value: object) -> str:
    """Name the kind of a value."""
    if value is None:
        return "empty"
    return _WORDS.get(type(value).__name__, type(value).__name__)


def _misfit(value: Any, node: ast.expr) -> tuple[Key, str] | None:
    """As `misfit`, for a parsed annotation."""
    options = _options(node)
    if len(options) > 1:
        return _none_of(value, options)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return _misfit(value, ast.parse(node.value, mode="eval").body)
    if isinstance(node, ast.Constant):
        return None if value is None else ((), _WORDS["None"])
    name = _name(node.value if isinstance(node, ast.Subscript) else node)
    if name == "Literal" and isinstance(node, ast.Subscript):
        return _outside(value, ast.literal_eval(node.slice))
    return _not_a(value, name, node)


def _none_of(value: Any, options: list[ast.expr]) -> tuple[Key, str] | None:
    """Return a misfit unless the value fits one member of a union."""
    found = [_misfit(value, option) for option in options]
    misses = [one for one in found if one is not None]
    if len(misses) < len(found):
        return None
    deep = next((one for one in misses if one[0]), None)
    return deep or ((), " or ".join(dict.fromkeys(words for _, words in misses)))


def _not_a(value: Any, name: str, node: ast.expr) -> tuple[Key, str] | None:
    """Return a misfit unless the value is of the named type, inside and out."""
    if name not in _TYPES:
        return None
    truth = isinstance(value, bool) and name != "bool"
    if truth or not isinstance(value, _TYPES[name]):
        return (), _WORDS[name]
    return _inside(value, node) if isinstance(node, ast.Subscript) else None


def _options(node: ast.expr) -> list[ast.expr]:
    """Return the members of a union, or the annotation itself."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return [*_options(node.left), *_options(node.right)]
    if isinstance(node, ast.Subscript):
        inner = node.slice
        members = inner.elts if isinstance(inner, ast.Tuple) else [inner]
        if _name(node.value) == "Optional":
            return [*members, ast.Constant(None)]
        if _name(node.value) == "Union":
            return list(members)
    return [node]


def _name(node: ast.expr) -> str:
    """Return the last part of a name: typing.List -> list."""
    name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
    return _SYNONYMS.get(name, name)


def _outside(value: object, allowed: Any) -> tuple[Key, str] | None:
    """Return a misfit unless the value is one of a Literal's."""
    choices = allowed if isinstance(allowed, tuple) else (allowed,)
    same = [choice for choice in choices if choice == value]
    if any(type(choice) is type(value) for choice in same):
        return None
    return (), "one of " + ", ".join(repr(choice) for choice in choices)


def _inside(value: Any, node: ast.Subscript) -> tuple[Key, str] | None:
    """Return the first item of a list or mapping that does not fit."""
    inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    items = value.items() if isinstance(value, Mapping) else enumerate(value)
    for key, item in items:
        found = _misfit(item, inner[-1])
        if found:
            return (key, *found[0]), found[1]
    return None
