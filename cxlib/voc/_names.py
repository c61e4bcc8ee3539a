"""Find persons' names: after a title or cue, in a signature, or known by sight."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from cxlib.voc._given_names import CAPITAL, SURE

LABEL = "[name]"
Known = Mapping[str, tuple[tuple[str, ...], ...]]
_FIRST = r"[^\W\d_a-z]"  # a letter that is not lower-case ASCII
_PART = rf"{_FIRST}(?=[\w'’-]*[^\WA-Z\d_])[\w'’-]+"  # not an abbreviation
_OF = r"(?:(?:de|di|da|del|della|dos|von|van|der|den|la|le|el|al)[ \t]+){1,2}"
_NAME = rf"(?:{_FIRST}\.[ \t]?)?{_PART}(?:[ \t]+(?:{_OF})?{_PART}){{0,2}}"
_LETTERS = r"[^\W\d_][^\W\d_'’-]+"
_TITLES = (
    r"mr|mrs|ms|miss|mister|dr|doctor|prof|sig\.ra|sig\.na|sig|signor|signora|signorina|"
    r"dott|dott\.ssa|dottor|dottoressa|ing|avv|rag|geom|mme|mlle|herr|frau|señor|señora|"
    r"sr|sra"
)
_SHORT_TITLES = r"mrs?|ms|dr|sig\.?\s?(?:ra|na)|sig\.|dott\.(?:ssa)?|prof\.|avv\.|ing\."
_CUES = (
    r"my name is|name's|i am called|this is|speak(?:ing)? (?:to|with)|"
    r"spoke (?:to|with)|talked (?:to|with)|chat(?:ted)? with|dealt with|served by|"
    r"helped by|assisted by|looked after by|thanks? (?:you )?(?:so much )?to|"
    r"shout ?out to|(?:man|woman|lady|guy|girl|person|staff) (?:called|named)|"
    r"signed|mi chiamo|il mio nome è|mi chiamano|sono (?:il|la) signora?|"
    r"(?:parlato|discusso|chattato|trattato) con|(?:servit|aiutat|assistit|seguit|"
    r"accolt|consigliat)[oaie] da|grazie(?: mille| infinite| di cuore)? a|"
    r"complimenti a|un grazie a|di nome|firmato|si chiama|un cert[oa]|una certa|"
    r"je m'appelle|ich heiße|mein name ist|me llamo|mi nombre es|"
    r"(?:kind |best |warm |many )?(?:regards|wishes),?|sincerely,?|yours,|cheers,|"
    r"cordiali saluti,?|distinti saluti,?|(?:un )?saluti?,|saluti|a presto,|in fede,?|"
    r"thanks,|thank you,|grazie,|ciao,|my colleague|ask(?:ed)? for|"
    r"chiedete di|il collega|la collega"
)
_ROLES = (
    r"(?:operat|addett|commess|impiegat|tecnic|cassier|camerier|consulent|responsabil|"
    r"infermier|autist|collabora|venditor|venditric|segretari|receptionist|direttor|"
    r"direttric|fattorin|postin|idraulic|elettricist|meccanic|ragazz|signor)\w{0,6}|"
    r"agent|advisor|adviser|assistant|cashier|clerk|colleague|driver|engineer|employee|"
    r"fitter|manager|nurse|operator|receptionist|rep|representative|salesman|supervisor|"
    r"saleswoman|server|staff member|technician|waiter|waitress|barista"
)
_TITLED = re.compile(rf"\b(?i:{_TITLES})(?:\.|\b)[ \t]*(?=({_NAME}))\1")
_LOW_TITLED = re.compile(rf"\b(?i:{_SHORT_TITLES})[ \t]+(?=({_LETTERS}))\1")
_CUED = re.compile(rf"\b(?i:{_CUES})[ \t\n:]+(?=({_NAME}))\1")
_ROLE = re.compile(rf"\b(?i:{_ROLES})[ \t]+(?=({_NAME}))\1")
_INTRO = "my name is|name's|mi chiamo|il mio nome è"
_LOW_INTRO = re.compile(rf"\b(?i:{_INTRO})[ \t]+(?=({_LETTERS}))\1")
_HELLO = re.compile(
    rf"\b(?i:i'?m|i am|sono|qui)[ \t]+(?=({_NAME}))\1"
    r"(?=[ \t]*(?:[.,;:]|$|\b(?:and|from|here|e|ed|un|una|la|il)\b))"
)
_HERE = re.compile(rf"(?<![\w'])(?=({_NAME}))\1(?=[ \t]+here\b)")
_INITIAL = re.compile(rf"(?<![\w.])(?={_FIRST}\.[ \t]?({_PART}(?:[ \t]+{_PART})?))"
                      rf"{_FIRST}\.[ \t]?\1")  # fmt: skip
_SIGNED = re.compile(
    r"(?:\n[ \t]{0,3}|[.!?\s][ \t]{0,3}(?:--?|[—–])[ \t]{0,3})"
    rf"(?=({_NAME}))\1[ \t]*[.!]?\s*$"
)
# Cues in a text in small letters: cheap to look for before the costly patterns run.
_CAPITAL_INSIDE = re.compile(rf".\W{_FIRST}|^{_FIRST}.*\bhere\b", re.DOTALL)
_AFTER_CUE = (
    (re.compile(rf"\b(?:{_TITLES})\b"), (_TITLED,)),
    (re.compile(rf"\b(?:{_CUES})"), (_CUED,)),
    (re.compile(rf"\b(?:{_ROLES})[ \t]"), (_ROLE,)),
)
_SEEN_LOW = re.compile(rf"\b(?:{_SHORT_TITLES}|{_INTRO})")
_JOINED = frozenset("@/_[]#")
_WORDS = re.compile(_LETTERS)
_MORE = re.compile(rf"(?:[ \t]+(?:{_OF})?{_PART}){{1,2}}|[ \t]+{_FIRST}\.(?!\w)")
_PLACE = re.compile(
    r"(?i)\b(?:via|viale|piazza|piazzale|corso|largo|vicolo|san|santa|santo|st|s|saint|"
    r"porta|ponte|monte|villa|palazzo|hotel|ospedale|stadio|lago|super)\.?[ \t]+$"
)
# "The Victoria", "una Giulia": a thing, where the name may be one.
_DETERMINED = re.compile(
    r"(?i)(?<!\w)(?:the|a|an|my|your|this|una?|la|il|mia|tua|alla|della|nella|dalla|"
    r"from|to|in|at|near)[ \t]+$"
)
_WEEK = """
    monday tuesday wednesday thursday friday saturday sunday january february march
    april may june july august september october november december lunedi martedi
    mercoledi giovedi venerdi sabato domenica gennaio febbraio marzo aprile maggio
    giugno luglio agosto settembre ottobre novembre dicembre natale pasqua christmas
    easter
"""
_BRANDS = """
    amazon apple android google microsoft samsung huawei facebook instagram whatsapp
    twitter netflix paypal visa mastercard hermes bartolini poste italiane tim
    vodafone fastweb iliad wind enel eni ebay zalando ikea tesco sainsbury asda aldi
    lidl lloyds barclays santander evri yodel royal mail fedex uber deliveroo glovo
    alexa siri windows word excel team support service services customer store shop
    help italia italy london milano roma napoli torino madonna trenitalia italo
    ryanair easyjet
"""
_COMMON = """
    il lo la gli le un una uno e ed o ma se che chi cui come quando dove perche non
    piu mai sempre ancora gia poi anche solo molto tanto poco tutto tutti tutta
    tutte nessuno niente nulla questo questa quello quella mio mia tuo tua suo sua
    nostro vostro voi noi loro io tu lui lei mi ti si ci vi ne ho hai ha abbiamo
    avete hanno sono sei siamo siete era ero stato stata essere avere fare fatto per
    con su tra fra di da dal dalla del della dei delle al alla ai alle nel nella sul
    sulla a in buongiorno buonasera salve ciao grazie prego saluti cordiali distinti
    gentile gentilissimo gentilissima ottimo ottima pessimo pessima buono buona
    bello bella bravo brava bravissimo bravissima delusa deluso contento contenta
    felice soddisfatto soddisfatta cliente servizio prodotto consigliato consigliata
    sconsigliato consiglio vergogna assistenza personale negozio male bene benissimo
    malissimo perfetto perfetta peccato spero attendo aspetto basta mail email pec
    parte cuore scortese row seat room gate floor line dutch french italian german
    english british american spanish irish scottish welsh canadian australian indian
    chinese italiano italiana great good bad happy sad angry disappointed thank
    thanks hello hi hey regards best ok yes no please sorry never always very really
    still again just job work ridiculous awful terrible excellent amazing fantastic
    perfect nice friendly rude poor lovely brilliant helpful recommended order
    number iva staff all everyone everybody it's i'm don't can't won't wrong
    misspelled spelled spelt god here there who late out called great disgusting
    shocking unbelievable highly definitely overall sent cheers tried told said came
    went was is are were has had did does took made gave left got
"""
_BRAND_PAIRS = (
    *("john lewis", "louis vuitt", "ralph laure", "tommy hilfi", "tom ford", "tom tom"),
    *("harry potte", "mario kart", "marco polo", "paul smith", "giorgio arman"),
    *("michael kors", "kate spade", "ted baker", "max mara", "max facto", "jack danie"),
    *(
        "ben & jer",
        "thomas cook",
        "richard brans",
        "emporio",
        "calvin klei",
        "frank provo",
        "charles tyrwh",
    ),
)
STOP = frozenset(f"{_WEEK} {_BRANDS} {_COMMON}".split()) | ENGLISH_STOP_WORDS


def folded(word: str) -> str:
    """Return the word small and without accents."""
    if word.isascii():
        return word.lower()
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(sign for sign in plain if not unicodedata.combining(sign))


def known_names(names: Iterable[str]) -> Known:
    """Return the given names, folded and split, by their first word."""
    found: dict[str, dict[tuple[str, ...], None]] = {}
    for name in names:
        parts = tuple(folded(word) for word in re.findall(r"\w+", name))
        if sum(map(len, parts)) > 1:
            found.setdefault(parts[0], {})[parts] = None
    return {
        first: tuple(sorted(each, key=len, reverse=True))
        for first, each in found.items()
    }


def is_part(word: str) -> bool:
    """Whether a part of a person's name may be taken out where it stands alone."""
    letters = sum(map(str.isalpha, word))
    return letters > 2 and folded(word) not in STOP


def take_known(text: str, known: Known) -> str:
    """Take out names of a record, wherever they stand and however written."""
    tokens = [(m.start(), m.end(), folded(m[0])) for m in re.finditer(r"\w+", text)]
    out, done, i = [], 0, 0
    while i < len(tokens):
        options = known.get(tokens[i][2], ())
        read = [
            word for _, _, word in tokens[i : i + max(map(len, options), default=0)]
        ]
        size = next((len(o) for o in options if list(o) == read[: len(o)]), 0)
        if size:
            out += [text[done : tokens[i][0]], LABEL]
            done = tokens[i + size - 1][1]
        i += max(size, 1)
    return "".join([*out, text[done:]]) if out else text


def take_names(text: str) -> str:
    """Take out what stands where a name stands, and names known by sight."""
    small = text.lower()
    if _CAPITAL_INSIDE.search(text):
        for seen, patterns in _AFTER_CUE:
            if seen.search(small):
                for pattern in patterns:
                    text = pattern.sub(_name_out, text)
        for pattern in (_HELLO, _HERE, _INITIAL, _SIGNED):
            text = pattern.sub(_name_out, text)
    if _SEEN_LOW.search(small):
        for pattern in (_LOW_TITLED, _LOW_INTRO):
            text = pattern.sub(_name_out, text)
    return _by_sight(text)


def _name_out(match: re.Match[str]) -> str:
    """Keep the cue, take the name; a capital after a cue need not be a name."""
    words = [folded(word) for word in re.findall(r"[\w'’]+", match[1])]
    if not words or any(word in STOP for word in words[:1]):
        return match[0]
    return match[0][: match.start(1) - match.start()] + LABEL


def _by_sight(text: str) -> str:
    """Take out known given names, with the capitalised words that follow them."""
    out, done = [], 0
    for match in _WORDS.finditer(text):
        if match.start() < done or not _is_name(match, text):
            continue
        more = _MORE.match(text, match.end())
        capital = not match[0].islower()
        out += [text[done : match.start()], LABEL]
        done = more.end() if more and capital else match.end()
    return "".join([*out, text[done:]]) if out else text


def _is_name(match: re.Match[str], text: str) -> bool:
    """Whether a word is a given name here: not a brand, a place or an abbreviation."""
    word = folded(match[0])
    sure = word in SURE
    if not sure and word not in CAPITAL:
        return False
    start, end = match.span()
    pair = f"{word} {folded(text[end + 1 : end + 9])}"
    around = {*text[max(0, start - 1) : start], *text[end : end + 1]}
    before = text[max(0, start - 12) : start]
    if (
        pair.startswith(_BRAND_PAIRS)
        or around & _JOINED
        or _PLACE.search(before)
        or (match[0].isupper() and not text.isupper())
    ):
        return False
    return sure or _stands_alone(match, text, before)


def _stands_alone(match: re.Match[str], text: str, before: str) -> bool:
    """Whether the capital is the name's own, not a sentence's or a thing's."""
    if not match[0].istitle() or _DETERMINED.search(before):
        return False
    last = before.rstrip(" \t\"'“«(")
    opens = not last or last[-1] in ".!?:\n•-"
    return _MORE.match(text, match.end()) is not None or not opens
