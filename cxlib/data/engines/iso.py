"""Texts to dates: one spelling of ISO 8601, and formats as each engine writes them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import narwhals as nw

from cxlib.errors import ArgumentError

ISO8601 = "ISO8601"
_ISO = (
    r"^\d{4}[-/]\d{1,2}[-/]\d{1,2}"
    r"([T ]\d{1,2}:\d{2}(:\d{2}(\.\d{1,9})?)?( ?(Z|[+-]\d{2}(:?\d{2})?))?)?$"
)
_USUAL = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?$"
_CODES = ["%Y", "%m", "%d", "%H", "%M", "%S", "%f", "%I", "%p", "%b", "%B"]


def spelled(text: nw.Expr, group: str) -> nw.Expr:
    """Spell an ISO 8601 text out as 'Y-m-d H:M:S' and a zone, UTC where it has none.

    Anything else becomes null. `group` is how the engine writes a group in a
    replacement, such as '${}'.
    """
    usual = text.str.contains(_USUAL)
    zoned = nw.concat_str(text.str.replace_all("T", " ", literal=True), nw.lit("Z"))
    return nw.when(usual).then(zoned).otherwise(_respelled(text, group))


def _respelled(text: nw.Expr, group: str) -> nw.Expr:
    one, two = group.format(1), group.format(2)
    return (
        nw.when(text.str.contains(_ISO))
        .then(text)
        .str.replace_all("T", " ", literal=True)
        .str.replace_all("/", "-", literal=True)
        .str.replace_all(r"^(\S+)$", f"{one} 00:00:00")
        .str.replace_all(r"^(\S+ \d+:\d+)( ?(?:Z|[+-].*)?)$", f"{one}:00{two}")
        .str.replace_all(r"^(\S+ [\d:.]+)$", f"{one}Z")
        .str.replace_all(r"^(\S+ \S+) (\S+)$", f"{one}{two}")
    )


def translated(date_format: str, codes: Mapping[str, str], *, engine: str) -> str:
    """Rewrite a date format with an engine's own codes.

    A key of one letter and no '%' is how the engine quotes plain letters.
    """
    out = []
    for piece in re.findall(r"%.|[A-Za-z]+|[^%A-Za-z]+", date_format):
        if piece.startswith("%") and piece not in _CODES:
            raise ArgumentError(
                f"`date_format` is {date_format!r}; engine '{engine}' takes "
                f"{', '.join(_CODES)}, or 'ISO8601'."
            )
        plain = codes.get("text", "{}").format(piece) if piece.isalpha() else piece
        out.append(codes.get(piece, plain))
    return "".join(out)
