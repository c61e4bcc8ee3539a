"""Invented personal data and hostile texts, planted to test redaction and display."""

from __future__ import annotations

import string
from typing import Any

import numpy as np
import pandas as pd

PII_LEAD = {
    "email": {"it": "scrivetemi a {}", "en": "write to me at {}"},
    "phone": {"it": "il mio numero è {}", "en": "my number is {}"},
    "iban": {"it": "rimborso su {}", "en": "refund to {}"},
    "fiscal_code": {"it": "codice fiscale {}", "en": "fiscal code {}"},
    "card": {"it": "carta {}", "en": "card {}"},
}
HOSTILE = (
    "<img src=x onerror=\"document.title='cx'\"> deluso",
    "=cmd|' /C calc'!A0",
    "\u202eotla orteid\u202c שלום وداعا",
    "Tutto 👍👍 ma il 📦 😡😡😡 👨‍👩‍👧",
)
PER_KIND = 5
# value of each digit or letter in an odd place: codice fiscale and Italian IBAN
_ODD = (
    *(1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18),
    *(20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23),
)


def plant(
    responses: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return the answers with planted texts, and where they are.

    Personal data follow a verbatim that is there already, so its themes stay;
    hostile texts replace verbatims that hold no theme.
    """
    frame = responses.copy()
    said = frame["verbatim"].fillna("").astype(object)
    themed = np.flatnonzero((frame["themes"] != "") & (said != ""))
    kinds = [kind for kind in PII_LEAD for _ in range(PER_KIND)]
    rows = rng.choice(themed, size=min(len(kinds), len(themed)), replace=False)
    planted = []
    for row, (i, kind) in zip(rows, enumerate(kinds), strict=False):
        text = personal(kind, i % PER_KIND, rng)
        lead = PII_LEAD[kind][str(frame["language"].iloc[row])].format(text)
        said.iloc[row] = f"{said.iloc[row]} {lead}"
        who = str(frame["respondent_id"].iloc[row])
        planted.append({"respondent_id": who, "kind": kind, "text": text})
    plain = np.flatnonzero((frame["themes"] == "") & (said != ""))
    rows = rng.choice(plain, size=min(len(HOSTILE), len(plain)), replace=False)
    said.iloc[rows] = list(HOSTILE[: len(rows)])
    hostile = [str(frame["respondent_id"].iloc[row]) for row in rows]
    frame["verbatim"] = said.where(said != "", None).astype("str")
    return frame, {"pii": planted, "hostile": hostile}


def personal(kind: str, variant: int, rng: np.random.Generator) -> str:
    """Return one invented item of a kind, in one of its ways of being written."""
    if kind == "email":
        names = ("mario.rossi", "j.smith+shop", "anna_b", "luca-verdi", "K.Brown84")
        hosts = ("example.com", "example.org", "mail.example.net")
        return f"{names[variant]}@{hosts[variant % 3]}"
    if kind == "phone":
        return _phone(variant, digits(3, rng))
    if kind == "iban":
        plain = iban(digits(5, rng) + digits(5, rng) + digits(12, rng))
        groups = " ".join(plain[i : i + 4] for i in range(0, len(plain), 4))
        return (plain, groups, plain.lower(), groups, plain)[variant]
    if kind == "fiscal_code":
        code = _fiscal_code(rng)
        return code if variant % 2 else code.lower()
    card = luhn("400000" + digits(9, rng))
    separator = ("", " ", "-", " ", "")[variant]
    return separator.join(card[i : i + 4] for i in range(0, 16, 4))


def digits(n: int, rng: np.random.Generator) -> str:
    """Return n random digits."""
    return "".join(str(d) for d in rng.integers(0, 10, n))


def _phone(variant: int, tail: str) -> str:
    """Return a phone number; the British ones are reserved for fiction."""
    return (
        f"+39 340 0000{tail}",
        f"3400000{tail}",
        f"+44 20 7946 0{tail}",
        f"020 7946 0{tail}",
        f"0039-02-5550{tail}",
    )[variant]


def luhn(number: str) -> str:
    """Return the number with its Luhn check digit.

    >>> luhn("411111111111111")
    '4111111111111111'
    """
    doubled = [int(d) * (2 - i % 2) for i, d in enumerate(reversed(number))]
    total = sum(d - 9 if d > 9 else d for d in doubled)
    return number + str(-total % 10)


def iban(account: str) -> str:
    """Return an Italian IBAN of bank, branch and account digits, checks valid."""
    values = [_ODD[int(d)] if i % 2 == 0 else int(d) for i, d in enumerate(account)]
    basic = string.ascii_uppercase[sum(values) % 26] + account
    as_number = "".join(str(int(c, 36)) for c in basic + "IT00")
    return f"IT{98 - int(as_number) % 97:02d}{basic}"


def _fiscal_code(rng: np.random.Generator) -> str:
    """Return a codice fiscale whose check letter is right."""
    consonants = "BCDFGLMNPRSTVZ"
    names = "".join(rng.choice(list(consonants), 6))
    born = f"{rng.integers(50, 99)}{rng.choice(list('ABCDEHLMPRST'))}"
    born += f"{rng.integers(1, 29):02d}"
    code = f"{names}{born}{rng.choice(['F205', 'H501', 'L219'])}"
    return code + check_letter(code)


def check_letter(code: str) -> str:
    """Return the check letter of the first 15 characters of a codice fiscale."""
    places = [int(c, 36) - 10 if c.isalpha() else int(c) for c in code]
    odd = sum(_ODD[place] for place in places[::2])
    return string.ascii_uppercase[(odd + sum(places[1::2])) % 26]
