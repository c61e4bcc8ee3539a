"""A held-out set that measures redaction: templates and names the patterns never saw.

Nobody may tune a pattern to what fails here: it would stop measuring. The planted
texts of data/sample and of the tests are there for tuning.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from cxlib.simulate._planted import check_letter, digits, iban, luhn

GIVEN = (
    *("Alessia", "Fabrizio", "Ludovica", "Gennaro", "Ornella", "Tiziano", "Rosa"),
    *("Chiara", "Carmela", "Ettore", "Mirko", "Samuele", "Noemi", "Giulio", "Callum"),
    *("Siobhan", "Darren", "Imogen", "Trevor", "Heather", "Will", "Grace", "Tyrone"),
    *("Bethany", "Oluwaseun", "Chidinma", "Xiaoming", "Mei", "Arjun", "Lakshmi"),
    *("Harpreet", "Fatima", "Youssef", "Khadija", "Mehmet", "Aylin", "Dragan"),
    *("Ionut", "Mihaela", "Agnieszka", "Wojciech", "Svitlana", "Dmytro", "Guadalupe"),
    *("José", "Thiago", "Élodie", "Bjørn", "Søren", "Kwame", "Hiroshi", "Leilani"),
)
SURNAMES = (
    *("Esposito", "Zanetti", "Mazzoni", "D'Angelo", "De Luca", "Ferrari", "Conte"),
    *("O'Connor", "Whitfield", "MacDonald", "Hughes", "Baker", "Young", "Popescu"),
    *("Kowalczyk", "Nguyen", "Okonkwo", "Hussain", "Patel", "Iyer", "Chen", "Schäfer"),
    *("Al-Masri", "Öztürk", "García", "van der Berg", "Lindqvist", "Novák"),
)
# How a name stands in a text; {} is the name.
NAMES: dict[str, dict[str, tuple[str, ...]]] = {
    "introduction": {
        "it": ("mi chiamo {}, cliente da anni", "Buongiorno, sono {} e ho un reclamo",
               "il mio nome è {}", "Parla {}: ancora nessuna risposta"),
        "en": ("my name is {} and I am fed up", "Hello, {} here, still no refund",
               "I'm {} and I want my money back", "the name's {}, check your records"),
    },
    "title": {
        "it": ("la signora {} è stata scortese", "il dott. {} mi ha ignorato",
               "ho scritto alla sig.ra {} due volte", "l'avv. {} vi contatterà"),
        "en": ("Mrs {} was rude on the phone", "Dr {} never called back",
               "a certain Mr. {} promised a refund", "Miss {} sorted it all"),
    },
    "role": {
        "it": ("il tecnico {} è arrivato tardi", "la cassiera {} è un tesoro",
               "l'addetto {} non sapeva nulla", "la responsabile {} non risponde"),
        "en": ("your technician {} left a mess", "the cashier {} was lovely",
               "store manager {} refused to help", "agent {} hung up on me"),
    },
    "dealt with": {
        "it": ("mi ha risposto {} con cortesia", "sono stata seguita da {} benissimo",
               "un grazie di cuore a {}", "ho discusso con {} per un'ora"),
        "en": ("I was looked after by {} brilliantly", "big thank you to {} in store",
               "had a chat with {} about it", "{} was so patient with me"),
    },
    "signature": {
        "it": ("Servizio pessimo, non torno più. {}", "Pacco rotto di nuovo!\n{}",
               "aspetto da un mese\n-- {}", "Tutto bene grazie.\nUn saluto, {}"),
        "en": ("Never buying here again. {}", "Still waiting for a reply\n{}",
               "Great shop, will be back - {}", "Please call me.\nYours, {}"),
    },
    "bare": {
        "it": ("al banco {} mi ha fatto aspettare", "con {} mi trovo bene",
               "solo {} sapeva cosa fare", "peccato che {} non ci sia più"),
        "en": ("at the desk {} made me wait", "without {} it was a mess",
               "only {} knew what to do", "give {} a pay rise"),
    },
}  # fmt: skip
_OTHER: dict[str, dict[str, tuple[str, ...]]] = {
    "email": {
        "it": ("rispondetemi a {}", "la mia posta: {}", "({}) attendo"),
        "en": ("you can reach me via {}", "e-mail={} thanks", "contact {}, please"),
    },
    "url": {
        "it": ("le foto sono qui: {}", "vedi {} per i dettagli"),
        "en": ("photos at {} if needed", "proof: {}"),
    },
    "phone": {
        "it": ("cell {}", "richiamatemi allo {} dopo cena", "tel.{}"),
        "en": ("ring {} after six", "mob: {}", "call me back on {}!"),
    },
    "card": {
        "it": ("addebitato due volte sulla {}", "la mia carta n. {}"),
        "en": ("charged twice on {}", "my Visa is {}"),
    },
    "iban": {
        "it": ("bonificate su {}", "il mio conto è {} grazie"),
        "en": ("pay it into {}", "account {}"),
    },
    "tax code": {
        "it": ("c.f. {}", "il mio CF: {}", "{} (codice fiscale)"),
        "en": ("my Italian tax id {}", "fiscal code is {}"),
    },
    "vat": {
        "it": ("fattura a P.IVA {}", "la partita iva è {}"),
        "en": ("VAT number {}", "invoice to VAT {}"),
    },
    "plate": {
        "it": ("parcheggiata la mia {}", "auto targata {}"),
        "en": ("my car, reg {}", "the van {} blocked me"),
    },
    "handle": {
        "it": ("su instagram sono {}", "taggatemi {}"),
        "en": ("dm me {}", "I'm {} on twitter"),
    },
}
HARMLESS: dict[str, tuple[str, ...]] = {
    "product or brand": (
        "La Mercedes Classe A consegnata in ritardo", "the Alexa stopped talking",
        "Ho comprato una Giulia Quadrifoglio", "My Dyson Airwrap broke in a week",
        "Il corriere Bartolini non suona mai", "Hermes left it in the rain",
        "Nintendo Mario Kart arrived scratched", "Le scarpe Valentino sono bellissime",
        "Peroni gelata e pizza Margherita ottima", "the Victoria sponge was dry",
        "Black Friday was a joke", "Customer Service never answers",
        "I got a Max Mara coat", "Uso l'app Poste Italiane da anni",
        "The Chase card was declined", "Prime Video does not load on Fire Stick",
    ),
    "order number": (
        "ordine 302-1234567 mai arrivato", "order #48120937 is missing",
        "rif. pratica 2025/00417", "my ticket INC0045821 was closed",
        "codice articolo 8057092301445", "tracking 1Z999AA10123456784 is stuck",
        "invoice no. 20251107-3", "numero cliente 7712034",
        "polizza n. 4400912", "SKU 00993-21-XL",
    ),
    "price": (
        "pagato 1.249,90 euro", "it cost £1,299.00 plus 49.90 shipping",
        "da 19,99 a 24,99 in un mese", "EUR 2500 for a sofa",
        "sconto del 30 % mai applicato", "I paid 120 and 35 for delivery",
        "100000 punti persi", "rimborso di 45.50€ atteso",
    ),
    "date or hours": (
        "aperti dalle 9.00 alle 13.00 e dalle 15.30", "open 09:00-17:30 Mon-Fri",
        "consegnato il 14/02/2025 alle 18:45", "on 2025-03-07 at 10:15",
        "dal 01.09.2024 al 31.12.2024", "between 8 and 12 on 3 March 2025",
        "orario 8-20 continuato", "since 12 Jan 2024 nothing",
    ),
    "place or day": (
        "il negozio di via Garibaldi è sporco", "the Oxford Street branch is better",
        "Tuesday in London it rained", "a San Lorenzo il parcheggio è caro",
        "Piazza Duomo sempre affollata", "Victoria station pick-up was easy",
        "a Natale tutto chiuso", "la filiale di Santa Maria Novella",
        "April was better than May", "the Jersey City store",
    ),
    "plain praise or blame": (
        "Spero che sara risolto presto", "sono serena, tutto ok",
        "la spiegazione era chiara", "I will mark this as unread and bill you",
        "la rosa arrivata era appassita", "grace period too short",
        "Mi chiamano sempre all'ora di cena", "this is Ridiculous",
        "Buongiorno, sono Delusa dal servizio", "Thanks, Great job",
        "Grazie a Tutti, personale gentilissimo", "signora molto gentile alla cassa",
        "the driver Never called", "il tecnico Non è venuto",
        "I am Happy with it", "Ottimo. Consigliato", "Pessimo servizio.\nSconsigliato",
        "speak with Support", "only Monday works", "l'addetta gentile e preparata",
    ),
}  # fmt: skip


def personal_texts(
    n: int, *, rng: int | np.random.Generator = 20260301
) -> pd.DataFrame:
    """Return n texts a kind that hold an invented secret.

    Columns: text, secret, kind, way (how a name stands; blank for other kinds),
    written ('Given', 'Given Surname', 'lower', 'initial' for names), language.

    >>> personal_texts(1)["kind"].nunique()
    10
    """
    draw = np.random.default_rng(rng) if isinstance(rng, int) else rng
    rows: list[dict[str, str]] = []
    for kind, templates in _OTHER.items():
        for i in range(n):
            language = ("it", "en")[i % 2]
            secret = _MAKE[kind](i, draw)
            text = _one(templates[language], draw).format(secret)
            rows.append(
                {"text": text, "secret": secret, "kind": kind, "way": "", "written": "",
                 "language": language}
            )  # fmt: skip
    for way, by_language in NAMES.items():
        for i in range(n):
            language = ("it", "en")[i % 2]
            written, secret = _name(way, draw)
            text = _one(by_language[language], draw).format(secret)
            rows.append(
                {"text": text, "secret": secret, "kind": "name", "way": way,
                 "written": written, "language": language}
            )  # fmt: skip
    return pd.DataFrame(rows)


def harmless_texts() -> pd.DataFrame:
    """Return texts that hold no personal data, with what they hold instead.

    >>> list(harmless_texts().columns)
    ['text', 'kind']
    """
    rows = [(text, kind) for kind, texts in HARMLESS.items() for text in texts]
    return pd.DataFrame(rows, columns=["text", "kind"])


def _one(options: tuple[str, ...], rng: np.random.Generator) -> str:
    return options[int(rng.integers(len(options)))]


def _name(way: str, rng: np.random.Generator) -> tuple[str, str]:
    """Return how the name is written, and the name."""
    given, surname = _one(GIVEN, rng), _one(SURNAMES, rng)
    if way == "title":
        return (
            ("lower", surname.lower()) if rng.random() < 0.2 else ("Surname", surname)
        )
    chance = rng.random()
    if chance < 0.2:
        return "lower", given.lower()
    if chance < 0.3:
        return "initial", f"{given[0]}. {surname}"
    if chance < 0.6:
        return "Given Surname", f"{given} {surname}"
    return "Given", given


def _email(i: int, rng: np.random.Generator) -> str:
    given = _one(GIVEN, rng).lower().encode("ascii", "ignore").decode()
    host = ("libero.example", "mail.example.it", "posta-x.example.com")[i % 3]
    local = (given, f"{given}.{digits(2, rng)}", f"info_{given}", f"{given}+cx")[i % 4]
    at = ("@", "@", "@", " @ ", "(at)")[i % 5]
    return f"{local}{at}{host}"


def _url(i: int, rng: np.random.Generator) -> str:
    end = digits(4, rng)
    return (
        f"https://drive.example/d/{end}?u=me", f"http://foto.example.it/{end}",
        f"www.profilo-{end}.example", f"linkedin.com/in/user{end}", f"t.co/a{end}",
        f"HTTPS://WWW.EXAMPLE.ORG/{end}",
    )[i % 6]  # fmt: skip


def _phone(i: int, rng: np.random.Generator) -> str:
    end = digits(4, rng)
    return (
        f"347 55{end[:2]} {end[2:]}1", f"+39 333.55.5{end[:2]}.{end[2:]}",
        f"02 4895{end}", f"06/6982{end}", f"07700 90{end}", f"+44 7700 90{end}",
        f"0161 496 {end}",
        f"(020) 7946 {end}", f"+49 30 2312{end}", f"328-555{end}",
    )[i % 10]  # fmt: skip


def _card(i: int, rng: np.random.Generator) -> str:
    start = ("4539", "5412", "4000", "5105")[i % 4]
    number = luhn(start + digits(11, rng))
    separator = ("", " ", "-", ".")[i % 4]
    return separator.join(number[j : j + 4] for j in range(0, 16, 4))


def _iban(i: int, rng: np.random.Generator) -> str:
    plain = (
        iban(digits(22, rng)), f"DE{digits(20, rng)}",
        f"GB{digits(2, rng)}NWBK{digits(14, rng)}", f"ES{digits(22, rng)}",
        iban(digits(22, rng)),
    )[i % 5]  # fmt: skip
    grouped = " ".join(plain[j : j + 4] for j in range(0, len(plain), 4))
    return (plain, grouped, grouped.lower(), plain[:14] + " " + plain[14:])[i % 4]


def _tax_code(i: int, rng: np.random.Generator) -> str:
    letters = "".join(rng.choice(list("BCDFGLMNPRSTVZ"), 6))
    month = rng.choice(list("ABCDEHLMPRST"))
    code = f"{letters}{rng.integers(40, 99)}{month}"
    code += f"{rng.integers(1, 29) + 40 * (i % 2):02d}"
    code += str(rng.choice(["G273", "A944", "Z140", "D612"]))
    code += check_letter(code) if i % 3 else "Q"
    spaced = f"{code[:3]} {code[3:6]} {code[6:11]} {code[11:15]} {code[15]}"
    return (code, code.lower(), spaced)[i % 3]


def _vat(i: int, rng: np.random.Generator) -> str:
    number = digits(11, rng)
    return (number, f"IT{number}", f"IT {number}", f"GB{number[:9]}")[i % 4]


def _plate(i: int, rng: np.random.Generator) -> str:
    a = "".join(rng.choice(list("ABCDEFGHJKLMNPRSTVWXYZ"), 5))
    number = digits(3, rng)
    return (
        f"{a[:2]}{number}{a[2:4]}", f"{a[:2]} {number} {a[2:4]}",
        f"{a[:2]}-{number}-{a[2:4]}", f"{a[:2]}{number}{a[2:4]}".lower(),
    )[i % 4]  # fmt: skip


def _handle(i: int, rng: np.random.Generator) -> str:
    given = _one(GIVEN, rng).lower().encode("ascii", "ignore").decode()
    return (f"@{given}", f"@{given}_{digits(2, rng)}", f"@the.{given}", f"@{given}ok")[
        i % 4
    ]


_MAKE: dict[str, Callable[[int, np.random.Generator], str]] = {
    "email": _email, "url": _url, "phone": _phone, "card": _card, "iban": _iban,
    "tax code": _tax_code, "vat": _vat, "plate": _plate, "handle": _handle,
}  # fmt: skip
