"""List what English reports say that a catalogue lacks, as entries for it.

    python tools/untranslated.py it reports/sample/*/latest/report.html > new.po

Numbers, values and dates become holes. Names of segments, themes and files have to be
made `{x}` by hand; then the entry, translated, goes into a .po file in
cxlib/report/language/<language>/. The last line, on standard error, says how much of
the words a reader sees is translated.
"""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup

from cxlib.report.language import translator
from cxlib.report.language.catalogue import DATE, NUMBER, UNIT
from cxlib.report.language.page import is_english, texts

END = r"(?![\w]|[.,]\d)"
PARTS = re.compile(
    rf"(?P<d>{DATE})|(?<![\w.,])(?P<v>{NUMBER}(?: {UNIT})? \([^()]*\d[^()]*\)"
    rf"|{NUMBER} {UNIT}{END}(?! CI))|(?<![\w.,])(?P<n>{NUMBER}){END}"
)
WORD = re.compile(r"[^\W\d_]{2,}")


def holed(text: str) -> str:
    """Return a text with its numbers, values and dates as holes."""
    seen: Counter[str] = Counter()

    def hole(found: re.Match[str]) -> str:
        kind = found.lastgroup or "n"
        digit = seen[kind] or ""
        seen[kind] += 1
        return f"{{{kind}{digit}}}"

    return PARTS.sub(hole, " ".join(text.split()))


def pieces(path: Path, language: str) -> Iterator[tuple[str, bool, bool]]:
    """Yield each piece of a page: its text, whether it is known, whether it is ours."""
    words = translator(language)
    soup = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
    for element in soup.select("section.text, footer th"):
        element.decompose()
    for node in texts(soup):
        heading = node.find_parent(["th", "button", "summary", "h2", "h3"]) is not None
        for text, known in words.parts(str(node)):
            yield text, known, heading or is_english(text)


def main(language: str, paths: list[Path]) -> None:
    """Print the entries of all reports, the most frequent first."""
    found: Counter[str] = Counter()
    total = lacking = 0
    for path in paths:
        for text, known, ours in pieces(path, language):
            count = len(WORD.findall(text))
            total += count
            if not known and ours:
                lacking += count
                found[holed(text)] += 1
    for text, times in found.most_common():
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        print(f'# {times}\nmsgid "{quoted}"\nmsgstr ""\n')
    share = 1 - lacking / total if total else 1
    print(f"{share:.1%} of {total:,} words translated", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1], [Path(name) for name in sys.argv[2:]])
