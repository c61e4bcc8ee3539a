"""How a value with its unit, interval and n is written in each language."""

from __future__ import annotations

import re
from collections.abc import Callable
from re import Match

WORDS: dict[str, dict[str, str]] = {
    "it": {
        **{"point": "punto", "points": "punti", "percentuali": "percentuali"},
        **{"day": "giorno", "days": "giorni", "hour": "ora", "hours": "ore"},
        **{"minute": "minuto", "minutes": "minuti", "week": "settimana"},
        **{"weeks": "settimane", "month": "mese", "months": "mesi"},
        **{"year": "anno", "years": "anni", "customers": "clienti", "rows": "righe"},
        **{"to": "a", "of": "di", "and": "e", "or": "o", "from": "da", "da": "da"},
        **{"a": "a", "di": "di", "e": "e", "n": "n", "p": "p", "pp": "pp", "df": "gl"},
        **{"IC": "IC", "intervallo": "intervallo", "credibile": "credibile"},
        **{
            "dal": "dal",
            "al": "al",
            "punti": "punti",
            "interval": "intervallo",
            **{"users": "utenti", "utenti": "utenti", "esposti": "esposti"},
            **{"answers": "risposte", "departures": "partenze", "in": "in"},
            **{"periods": "periodi"},
            "KB": "KB",
            "MB": "MB",
        },
    }
}

PHRASES: dict[str, dict[str, str]] = {
    "it": {
        "percentage points": "punti percentuali",
        "percentage point": "punto percentuale",
        "exposed users": "utenti esposti",
    }
}


def _italian(found: Match[str]) -> str:
    """'95 % CI 1 to 2' becomes 'IC 95 % da 1 a 2'."""
    kind = (found["kind"] or "").strip()
    names = {
        "": "",
        "CI": "IC ",
        "interval": "intervallo ",
        "credible interval": "intervallo credibile ",
    }
    level, gap = found["level"] or "", found["gap"]
    ends = f"da{gap}{found['low']}{gap}a{gap}{found['high']}"
    return f"{names[kind]}{level}{ends}"


RANGES: dict[str, Callable[[Match[str]], str]] = {"it": _italian}
PERIODS: dict[str, str] = {"it": r"dal \g<low> al \g<high>"}

_BEFORE_A_VOWEL = re.compile(
    r"\b(?P<word>[Ii]l|[Nn]el|[Aa]l|[Dd]el|[Dd]al|[Ss]ul)\s"
    r"(?=8|11(?!\d)|1(?!\d|\.\d))"
)


def _elided(text: str) -> str:
    """'al 80 %' becomes 'all'80 %': 1, 8 and 11 begin with a vowel."""

    def short(found: Match[str]) -> str:
        word = found["word"]
        return "L'" if word == "Il" else "l'" if word == "il" else f"{word}l'"

    return _BEFORE_A_VOWEL.sub(short, text)


SOUNDS: dict[str, Callable[[str], str]] = {"it": _elided}
