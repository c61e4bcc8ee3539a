"""List what a report still says in English, as entries for a catalogue.

    python tools/untranslated.py reports/it/*/latest.html > new.po

Numbers and dates become holes. Names of segments, themes and files have to be made
`{x}` by hand; then the entry, translated, goes into cxlib/report/language/<language>/.
The last line, on standard error, says how much of the words is translated.
"""

import re
import sys
from collections import Counter
from pathlib import Path

from bs4 import BeautifulSoup

from cxlib.report.language.catalogue import DATE, NUMBER, UNIT

END = r"(?![\w]|[.,]\d)"
PARTS = re.compile(
    rf"(?P<d>{DATE})|(?<![\w.,])(?P<v>{NUMBER}(?: {UNIT})? \([^()]*\d[^()]*\)"
    rf"|{NUMBER} {UNIT}{END}(?! CI))|(?<![\w.,])(?P<n>{NUMBER}){END}"
)
WORD = re.compile(r"[^\W\d_]{2,}")


def holed(text: str) -> str:
    """Return a text with its numbers and dates as holes."""
    seen: Counter[str] = Counter()

    def hole(found: re.Match[str]) -> str:
        kind = found.lastgroup or "n"
        digit = seen[kind] or ""
        seen[kind] += 1
        return f"{{{kind}{digit}}}"

    return PARTS.sub(hole, " ".join(text.split()))


def words(soup: BeautifulSoup) -> int:
    """Return how many words a reader sees that are not data or code."""
    return sum(
        len(WORD.findall(text))
        for text in soup.find_all(string=True)
        if not text.find_parent(["code", "pre", "script", "style", "head", "math"])
    )


def main(paths: list[Path]) -> None:
    """Print the entries of all reports, the most frequent first."""
    found: Counter[str] = Counter()
    total = english = 0
    for path in paths:
        soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        total += words(soup)
        for element in soup.select(
            "main [lang=en], footer [lang=en], header [lang=en]"
        ):
            text = element.get_text()
            english += len(WORD.findall(text))
            found[holed(text)] += 1
    for text, count in found.most_common():
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        print(f'# {count}\nmsgid "{quoted}"\nmsgstr ""\n')
    share = 1 - english / total if total else 1
    print(f"{share:.1%} of {total:,} words translated", file=sys.stderr)


if __name__ == "__main__":
    main([Path(name) for name in sys.argv[1:]])
