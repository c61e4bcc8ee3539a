"""Redaction on a set whose templates and names the patterns were not tuned to."""

from __future__ import annotations

import re
import unicodedata

import pytest

from cxlib import voc
from cxlib.simulate._personal import harmless_texts, personal_texts


def squash(text):
    plain = unicodedata.normalize("NFKD", text.casefold())
    return re.sub(r"[^a-z0-9]", "", plain)


def gone(row):
    """Whether nothing of the secret can be read: no part of a name, no six digits."""
    if row.kind == "name":
        parts = [p for p in re.split(r"[ .]+", row.secret) if len(p) > 1]
        return not any(
            re.search(rf"\b{re.escape(p)}\b", row.shown, re.IGNORECASE) for p in parts
        )
    secret, shown = squash(row.secret), squash(row.shown)
    return not any(secret[i : i + 5] in shown for i in range(max(1, len(secret) - 4)))


@pytest.fixture(scope="module")
def measured():
    rows = personal_texts(240)
    rows["shown"] = voc.redact(rows["text"]).to_numpy()
    rows["gone"] = [gone(row) for row in rows.itertuples()]
    return rows


def test_print(measured):
    print(measured.groupby("kind")["gone"].mean().round(3))
    names = measured[measured["kind"] == "name"]
    print(names.pivot_table(index="way", columns="language", values="gone").round(2))
    print(names.groupby("written")["gone"].mean().round(2))
    harmless = harmless_texts()
    harmless["kept"] = voc.redact(harmless["text"]) == harmless["text"]
    print(harmless.groupby("kind")["kept"].agg(["mean", "size"]).round(2))
    print(harmless["kept"].mean())
