"""Leave a person's particulars in the export: they are never read unless mapped."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from cxlib.data.checks import Check
from cxlib.data.source import Source

_PERSONAL = re.compile(
    r"""(recipient)?(first|last|full|sur)?name | (recipient)?e?mail(address)?
    | ip(address)?
    | (location)?(latitude|longitude) | (mobile)?phone(number)? | author | customdata\d*
    | codicefiscale | nome | cognome | telefono | cellulare | indirizzo | address
    | externaldatareference | externalreference | dateofbirth""",
    re.VERBOSE,
)
_TOOLS = {"qualtrics", "surveymonkey"}


def drop_personal(
    frame: pd.DataFrame, source: Source, ours: Iterable[str]
) -> tuple[pd.DataFrame, list[Check]]:
    """Drop columns whose name says e-mail, phone, IP address, place or a person's name.

    A column that the params file maps stays: somebody asked for it by name. A bare
    "name" is personal in a survey tool's export only.
    """
    wanted = {*ours, *source.columns, *source.set, *source.keep}
    personal = [
        c for c in frame.columns if c not in wanted and _is_personal(str(c), source)
    ]
    if not personal:
        return frame, []
    detail = f"personal columns left in the file: {', '.join(map(str, personal))}"
    return frame.drop(columns=personal), [Check.ok(source.name, detail)]


def _is_personal(column: str, source: Source) -> bool:
    folded = re.sub(r"[^a-z0-9]", "", column.casefold())
    if folded in {"name", "nome", "address", "indirizzo"}:
        return source.format in _TOOLS
    return _PERSONAL.fullmatch(folded) is not None
