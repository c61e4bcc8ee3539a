"""The codebook of the sample: four top themes and nine codes, Italian and English."""

from __future__ import annotations

from typing import Any

import yaml

TEXT = """\
# Codebook of the made-up company Terzapiazza. Ids never change; see data/README.md.
version: 1
codes:
  - id: fulfilment
    name: {en: Fulfilment, it: Evasione dell'ordine}
    definition: {en: "From the order to the door and back.", it: "Dall'ordine alla porta e ritorno."}
    parent: null
    phrases: {en: [], it: []}
    exclude: {en: [], it: []}
  - id: delivery
    name: {en: Delivery, it: Consegna}
    definition: {en: "Time and manner of delivery, good or bad.", it: "Tempi e modi della consegna, nel bene e nel male."}
    parent: fulfilment
    phrases:
      en: ["delivery", "late", "courier*", "shipping", "parcel*", "never arrived", "came early"]
      it: ["consegna*", "ritardo", "corriere*", "spedizione", "pacco", "pacchi", "mai arrivato", "prima del previsto"]
    exclude:
      en: ["later", "shipping charges", "delivery charges"]
      it: ["spese di spedizione", "spese di consegna"]
  - id: damage
    name: {en: Damaged goods, it: Merce danneggiata}
    definition: {en: "Goods broken, dented or incomplete on arrival.", it: "Merce rotta, ammaccata o incompleta all'arrivo."}
    parent: fulfilment
    phrases:
      en: ["broken", "damaged", "dented", "scratched", "crushed", "piece was missing", "packaging"]
      it: ["rotto", "rotta", "danneggiat*", "ammaccat*", "graffiat*", "schiacciat*", "mancava un pezzo", "imballaggio"]
    exclude: {en: [], it: []}
  - id: returns
    name: {en: Returns and refunds, it: Resi e rimborsi}
    definition: {en: "Sending back, exchanging, getting the money back.", it: "Restituire, cambiare, riavere i soldi."}
    parent: fulfilment
    phrases:
      en: ["return", "returns", "returning", "refund*", "exchange*", "money back"]
      it: ["reso", "resi", "rimbors*", "restituire", "restituzione", "cambiare taglia"]
    exclude: {en: ["return to the shop again"], it: ["reso conto"]}
  - id: people
    name: {en: People, it: Persone}
    definition: {en: "The people who serve customers.", it: "Le persone che servono i clienti."}
    parent: null
    phrases: {en: [], it: []}
    exclude: {en: [], it: []}
  - id: staff
    name: {en: Shop staff, it: Personale di negozio}
    definition: {en: "Manner and skill of the staff in the shop.", it: "Modi e competenza del personale in negozio."}
    parent: people
    phrases:
      en: ["staff", "assistant*", "rude", "friendly", "unfriendly", "welcome", "at the till"]
      it: ["personale", "commess*", "addett*", "gentilissim*", "scortes*", "maleducat*", "accoglienza", "alla cassa"]
    exclude: {en: [], it: ["dati personali"]}
  - id: support
    name: {en: Customer support, it: Assistenza clienti}
    definition: {en: "Reaching customer service and being helped by it.", it: "Raggiungere il servizio clienti ed esserne aiutati."}
    parent: people
    phrases:
      en: ["customer service", "call centre", "call center", "support", "operator*", "on the phone", "chat"]
      it: ["assistenza", "call center", "servizio clienti", "operator*", "al telefono", "in chat"]
    exclude: {en: [], it: []}
  - id: offer
    name: {en: Offer, it: Offerta}
    definition: {en: "What is sold and for how much.", it: "Che cosa si vende e a quanto."}
    parent: null
    phrases: {en: [], it: []}
    exclude: {en: [], it: []}
  - id: price
    name: {en: Price, it: Prezzo}
    definition: {en: "Prices, discounts and charges, high or fair.", it: "Prezzi, sconti e spese, alti o giusti."}
    parent: offer
    phrases:
      en: ["price", "prices", "expensive", "discount*", "value for money", "bargain", "costs twice"]
      it: ["prezz*", "caro", "care", "cara", "sconto", "sconti", "in saldo", "costa il doppio", "re:\\\\bspese di (spedizione|consegna)\\\\b"]
    exclude: {en: ["priceless"], it: ["cara assistenza"]}
  - id: quality
    name: {en: Product quality, it: Qualità del prodotto}
    definition: {en: "How well the product is made and how long it lasts.", it: "Quanto il prodotto è fatto bene e quanto dura."}
    parent: offer
    phrases:
      en: ["quality", "materials", "well made", "fell apart", "seams", "still looks new"]
      it: ["qualità", "material*", "ben fatti", "rovinat*", "cuciture", "come nuovo"]
    exclude: {en: [], it: ["rapporto qualità prezzo", "qualità prezzo"]}
  - id: digital
    name: {en: Digital, it: Digitale}
    definition: {en: "Site and app.", it: "Sito e app."}
    parent: null
    phrases: {en: [], it: []}
    exclude: {en: [], it: []}
  - id: app
    name: {en: Mobile app, it: App}
    definition: {en: "The mobile app: speed, faults, ease.", it: "L'app: velocità, guasti, facilità."}
    parent: digital
    phrases:
      en: ["app", "application", "crash*", "log in"]
      it: ["app", "applicazione", "crash*", "accedere"]
    exclude: {en: [], it: []}
  - id: checkout
    name: {en: Checkout and payment, it: Cassa e pagamento online}
    definition: {en: "Basket, payment and order confirmation online.", it: "Carrello, pagamento e conferma dell'ordine online."}
    parent: digital
    phrases:
      en: ["checkout", "payment", "charged me twice", "basket empties"]
      it: ["checkout", "pagamento", "addebitato", "si svuota il carrello"]
    exclude: {en: [], it: []}
"""  # noqa: E501


def codebook() -> dict[str, Any]:
    """Return the codebook of the sample, in the schema of `voc.Codebook`.

    Returns
    -------
    dict
        version and codes: id, name, definition, parent, phrases and exclude, the
        texts by language. Top themes have no phrases: they hold what their codes
        hold. The phrases miss some ways of saying a theme, as real ones do.

    Examples
    --------
    >>> from cxlib import simulate
    >>> [c["id"] for c in simulate.codebook()["codes"] if c["parent"] is None]
    ['fulfilment', 'people', 'offer', 'digital']
    """
    book: dict[str, Any] = yaml.safe_load(TEXT)
    return book
