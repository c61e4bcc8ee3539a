"""Italian sentences by theme and polarity, and the words that fill their slots."""

from __future__ import annotations

SLOTS = {
    "item": ("il lampadario", "il divano", "il cappotto", "il maglione", "il tavolo"),
    "days": ("tre giorni", "cinque giorni", "una settimana", "dieci giorni"),
    "mins": ("venti minuti", "quaranta minuti", "un'ora", "mezz'ora"),
    "city": ("Torino", "Bari", "Firenze", "Cagliari", "Verona"),
    "very": ("molto", "davvero", "veramente"),
}

SENTENCES: dict[str, tuple[str, ...]] = {
    "delivery-": (
        "la consegna è arrivata con {days} di ritardo",
        "il corriere non si è mai presentato e nessuno ha avvisato",
        "{item} doveva arrivare lunedì, ho aspettato {days} in più",
        "spedizione lentissima, il pacco è rimasto fermo {days}",
        "pacco mai arrivato, dopo {days} ancora niente",
        "promettono 48 ore e ci mettono {days}",
        "consegna in ritardo per la seconda volta, {very} deluso",
        "il tracking diceva consegnato ma io non ho ricevuto {item}",
    ),
    "delivery+": (
        "consegna puntuale, {item} è arrivato prima del previsto",
        "spedizione {very} veloce",
        "corriere gentile e in orario",
        "ordinato la sera e ricevuto il giorno dopo a {city}",
    ),
    "damage-": (
        "{item} è arrivato rotto, imballaggio ridicolo",
        "scatola schiacciata e {item} graffiato",
        "merce danneggiata, un angolo era spaccato",
        "mancava un pezzo e il vetro era in frantumi",
        "imballo aperto e prodotto ammaccato",
    ),
    "returns-": (
        "il reso è stato un incubo, rimborso dopo {days}",
        "sto ancora aspettando il rimborso",
        "per cambiare taglia tocca rifare l'ordine e rispedire a proprie spese",
        "restituire {item} in negozio a {city} era impossibile",
        "procedura di reso complicata, moduli su moduli",
    ),
    "returns+": (
        "reso semplice e rimborso in {days}",
        "ho cambiato {item} senza storie",
        "restituzione gratuita, {very} comoda",
    ),
    "staff+": (
        "personale {very} gentile e preparato",
        "la commessa del negozio di {city} è stata gentilissima",
        "mi hanno consigliato con pazienza, si vede che amano il loro lavoro",
        "addetti cortesi e disponibili",
        "i ragazzi del reparto sono {very} bravi",
        "accoglienza splendida a {city}",
    ),
    "staff-": (
        "commesso scortese, sembrava gli dessi fastidio",
        "personale maleducato nel negozio di {city}",
        "nessuno in reparto a cui chiedere, addetti introvabili",
        "la signora alla cassa mi ha risposto malissimo",
    ),
    "support-": (
        "{mins} al telefono con il call center senza risposta",
        "assistenza clienti inesistente, tre mail e zero risposte",
        "il servizio clienti rimanda sempre a un altro numero",
        "cade la linea ogni volta che sto per parlare con un operatore",
        "ho scritto in chat e dopo {mins} mi hanno chiuso la conversazione",
    ),
    "support+": (
        "assistenza {very} rapida, problema risolto in {mins}",
        "l'operatore al telefono ha risolto tutto subito",
        "servizio clienti competente",
    ),
    "price-": (
        "prezzi troppo alti per quello che offrono",
        "{item} costa il doppio che altrove",
        "spese di spedizione care",
        "rispetto all'anno scorso è aumentato tutto",
        "lo sconto promesso non è stato applicato",
        "{very} caro",
    ),
    "price+": (
        "ottimo rapporto qualità prezzo",
        "prezzi onesti e belle offerte",
        "{item} in saldo, un affare",
        "con lo sconto del 20 per cento conviene",
    ),
    "quality+": (
        "{item} è di qualità, materiali ottimi",
        "prodotti {very} belli e ben fatti",
        "dopo un anno {item} è ancora come nuovo",
        "tessuto morbido e cuciture perfette",
        "qualità superiore alle aspettative",
    ),
    "quality-": (
        "{item} si è rovinato dopo {days}",
        "qualità scadente, sembra plastica",
        "materiali pessimi rispetto alle foto",
        "le cuciture si sono aperte al primo lavaggio",
    ),
    "app-": (
        "l'app si blocca di continuo",
        "dopo l'aggiornamento l'applicazione si chiude da sola",
        "app lentissima, non carica il carrello",
        "non riesco più ad accedere dal telefono da quando l'avete aggiornata",
        "crash continui dell'app appena apro i preferiti",
    ),
    "app+": (
        "l'app è comoda e chiara",
        "applicazione fatta {very} bene",
        "ordinare dall'app è semplicissimo",
    ),
    "checkout-": (
        "il pagamento con carta è stato rifiutato due volte",
        "al checkout si svuota il carrello",
        "pagina di pagamento confusa, non capivo se l'ordine era partito",
        "mi ha addebitato due volte lo stesso ordine",
        "chiede di nuovo l'indirizzo a ogni passaggio",
    ),
    "loyalty-": (
        "i punti della tessera fedeltà sono scaduti senza preavviso",
        "avete cambiato il programma fedeltà e ho perso tutti i punti",
        "la tessera fedeltà non vale più niente",
        "i miei punti sono spariti dal conto",
    ),
    "good": (
        "tutto bene, continuate così",
        "esperienza positiva",
        "sono cliente da anni e mi trovo bene",
        "consiglio a tutti",
        "nulla da dire, soddisfatto",
        "ho trovato il regalo giusto per una persona cara",
        "mi ha parlato di voi l'assistenza del mio palazzo",
    ),
    "fair": (
        "nella media, si può migliorare",
        "abbastanza bene ma niente di speciale",
        "né bene né male",
        "va bene così",
    ),
    "bad": (
        "esperienza pessima, non tornerò",
        "mi aspettavo di meglio",
        "deluso",
        "non lo consiglio a nessuno",
    ),
    "noise": ("n/a", ".", "niente", "nessuno", "-", "ok", "boh", "no"),
}

OPENERS = ("Devo dire che ", "Purtroppo ", "Sinceramente ", "Ultimo acquisto: ")
GLAD = ("Devo dire che ", "Finalmente ", "Sinceramente ", "Ultimo acquisto: ")
SAME = (". Inoltre ", ", e poi ", "; ")
OTHER = (", ma ", ", però ", ". In compenso ")
ENDINGS = (".", ".", ".", "", "", "!", "...")
