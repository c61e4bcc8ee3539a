"""What stands under a chart: its finding, short where it has just been read."""

from __future__ import annotations

import html
import re
from typing import Any

from cxlib.report.words import plain

HEADING = re.compile(r"(?m)^(#{1,6}) +(.+?)\s*#*$")
_SENTENCE = re.compile(r"(?<=[.!?]) +(?=[A-ZÀ-Þ“\"'(\d−+])")
_BRACKET = re.compile(r" \(((?:[^()]|\([^()]*\))*)\)")
_SURE = re.compile(r"\d+(?:[.,]\d+)? ?% (?:CI|IC|interval|intervallo|credible)|n = ")
_CUT = re.compile(r"[;:] ")
_LONG, _BRIEF = 160, 35


def caption_figures(notebook: Any) -> None:
    """Number the images; give each a caption that states its finding.

    Parameters
    ----------
    notebook : NotebookNode
        Changed in place: the metadata of each image get alt, number and caption.

    Notes
    -----
    A sentence that is printed above the chart is shortened in the caption; one that
    is not stands there whole. As the caption says the finding, the alternative text
    only says what the image is, so that nobody hears the same twice.
    """
    heading, said, number = "", "", 0
    used: set[str] = set()
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (found := HEADING.findall(cell.source)):
            heading = plain(found[-1][1])
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            text = data.get("text/html", output.get("text", ""))
            said += html.unescape("".join(text))
            images = [mime for mime in data if mime.startswith("image/")]
            number += bool(images)
            for mime in images:
                meta = output.metadata.setdefault(mime, {})
                _describe(meta, heading=heading, said=said, used=used)
                meta["number"] = number


def caption(alt: str, *, said: str = "", used: set[str] | None = None) -> str:
    """Return the caption of a chart that shows what `alt` says.

    Parameters
    ----------
    alt : str
        One or more sentences.
    said : str
        What the page said before the chart.
    used : set of str, optional
        Sentences that head earlier captions; the one used here is added.

    Examples
    --------
    >>> finding = "Delivery is in 17.6 % (95 % CI 15.7 to 19.5, n = 9). More differ."
    >>> caption(finding, said=finding)
    'Delivery is in 17.6 %.'
    >>> caption(finding)
    'Delivery is in 17.6 % (95 % CI 15.7 to 19.5, n = 9). More differ.'
    """
    used = set() if used is None else used
    sentences = _whole(_SENTENCE.split(" ".join(alt.split())))
    said = " ".join(said.split())
    first = next((one for one in sentences if one not in used), sentences[0])
    used.add(first)
    rest = [one for one in sentences if one != first and one not in said]
    return " ".join([_short(first) if first in said else first, *rest])


def _whole(sentences: list[str]) -> list[str]:
    """Join what says little by itself ("Not an experiment.") with what follows."""
    joined: list[str] = []
    for one in sentences:
        if joined and len(joined[-1]) < _BRIEF and not re.search(r"\d", joined[-1]):
            joined[-1] += f" {one}"
        else:
            joined.append(one)
    return joined


def _describe(meta: Any, *, heading: str, said: str, used: set[str]) -> None:
    """Set the caption and the alternative text of one image."""
    named = f"Chart: {heading}" if heading else "Chart"
    alt, own = meta.get("alt", ""), meta.get("caption", "")
    if own:
        meta["alt"] = named if not alt or alt in said else alt
    elif alt:
        meta["caption"], meta["alt"] = caption(alt, said=said, used=used), named
    else:
        meta["caption"], meta["alt"] = heading, named


def _short(sentence: str) -> str:
    """Return a sentence without its intervals and bases."""

    def kept(match: re.Match[str]) -> str:
        parts = re.split(r"(?<=[,;]) ", match[1])
        parts = [part for part in parts if not _SURE.match(part)]
        return f" ({' '.join(parts).rstrip(',; ')})" if parts else ""

    short = _BRACKET.sub(kept, sentence)
    if len(short) > _LONG and (cut := _CUT.search(short, _BRIEF)):
        short = f"{short[: cut.start()]}."
    return short
