"""Leave a person's particulars in the export: they are never read unless mapped."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from cxlib.data.checks import Check
from cxlib.data.source import Source

_WHO = r"(recipient|customer|client|cliente|contact|respondent|user|your|location)?"
_PERSONAL = re.compile(
    rf"""{_WHO}(first|last|full|sur|user)?name | {_WHO}e?mail(address|id)?
    | {_WHO}ip(v4|address)? | {_WHO}(latitude|longitude)
    | {_WHO}(mobile|cell|home)?(tele)?phone(number|no)? | mobile(number)? | author
    | customdata\d* | codicefiscale | (nome)?(e)?cognome | nome | nominativo | telefono
    | cellulare | indirizzo | {_WHO}address | externaldatareference | externalreference
    | dateofbirth | birthdate | dob | datadinascita""",
    re.VERBOSE,
)
ADDRESS = r"[^@\s]+@[^@\s]+\.[^@\s]+"
_TOOLS = {"qualtrics", "surveymonkey"}


def drop_personal(
    frame: pd.DataFrame, source: Source, ours: Iterable[str]
) -> tuple[pd.DataFrame, list[Check]]:
    """Drop columns whose name says e-mail, phone, IP address, place or a person's name.

    So do columns that hold mostly e-mail addresses, whatever their name. A column that
    the params file maps or needs stays: somebody asked for it by name. A bare "name" is
    personal in a survey tool's export only.
    """
    wanted = asked_for(source, ours)
    personal = [
        c
        for c in frame.columns
        if c not in wanted and (is_personal(str(c), source) or _addresses(frame[c]))
    ]
    if not personal:
        return frame, []
    return frame.drop(columns=personal), [left_out(personal, source)]


def asked_for(source: Source, ours: Iterable[str]) -> set[str]:
    """Return the columns that stay because somebody named them."""
    return {*ours, *source.columns, *source.set, *source.keep}


def left_out(personal: Iterable[str], source: Source) -> Check:
    """Say which columns are not read."""
    detail = f"personal columns left in the file: {', '.join(map(str, personal))}"
    return Check.ok(source.name, detail)


def is_personal(column: str, source: Source) -> bool:
    """Whether a column's name says that it holds a person's particulars."""
    folded = re.sub(r"[^a-z0-9]", "", column.casefold())
    if folded in {"name", "nome", "address", "indirizzo"}:
        return source.format in _TOOLS
    return _PERSONAL.fullmatch(folded) is not None


def _addresses(column: pd.Series) -> bool:
    """Whether most filled cells are e-mail addresses."""
    if not (pd.api.types.is_string_dtype(column) or column.dtype == object):
        return False
    filled = column.dropna().head(200).astype("string")
    return bool(len(filled) and filled.str.fullmatch(ADDRESS).mean() > 0.5)
