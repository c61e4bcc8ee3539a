"""Times, sizes, values and errors in the words of a report."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from cxlib.report.states import BY_ERROR

_ANSI = re.compile("\x1b\\[[0-9;]*[A-Za-z]")
_MARKUP = re.compile(r"[*_`]|\[([^\]]*)\]\([^)]*\)")


def plain(markdown: str) -> str:
    """Return a line of Markdown as plain text."""
    return _MARKUP.sub(lambda match: match[1] or "", markdown).strip()


def message_blocks(text: str) -> dict[str, Any]:
    """Split an error's text into its first line and its bullet points."""
    lines = [line.rstrip() for line in text.strip().splitlines() if line.strip()]
    points = [line.strip()[2:] for line in lines[1:] if line.strip().startswith("- ")]
    rest = [line.strip() for line in lines[1:] if not line.strip().startswith("- ")]
    return {"lead": lines[0] if lines else "", "points": points, "rest": rest}


def error_text(name: str, message: str) -> str:
    """Return an error as text; our own are sentences and need no class name."""
    message = _ANSI.sub("", message)
    return message if name in BY_ERROR else f"{name}: {message}"


def duration(seconds: float) -> str:
    """Return a duration in words: '12.3 s', '2 min 5 s'."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s"


def moment(iso: str) -> str:
    """Return an ISO time in UTC as '2026-01-31 10:15 UTC'."""
    return f"{iso[:10]} {iso[11:16]} UTC" if len(iso) >= 16 else iso


def size(n_bytes: float) -> str:
    """Return a file size in words."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if n_bytes < 1000 or unit == "GB":
            return (
                f"{n_bytes:.0f} {unit}" if unit == "bytes" else f"{n_bytes:.1f} {unit}"
            )
        n_bytes /= 1000
    return ""


def exact(value: object) -> str:
    """Return a number with every digit it has, a dash where there is none.

    Examples
    --------
    >>> exact(-0.1483), exact(3926), exact(None)
    ('-0.1483', '3926', '–')
    """
    return "–" if value is None else str(value)


def as_yaml(value: object) -> str:
    """Return a value as it would stand in a params file.

    Examples
    --------
    >>> as_yaml({"path": "a.csv"}), as_yaml(True), as_yaml("pro")
    ('{path: a.csv}', 'true', 'pro')
    """
    if isinstance(value, str):
        return value
    options: dict[str, Any] = {"allow_unicode": True, "sort_keys": False}
    value = json.loads(json.dumps(value, default=str))  # notebook nodes become dicts
    text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6, **options)
    return text.removesuffix("...\n").strip()
