"""English sentences by theme and polarity, and the words that fill their slots."""

from __future__ import annotations

SLOTS = {
    "item": ("the lamp", "the sofa", "the coat", "the jumper", "the table"),
    "days": ("three days", "five days", "a week", "ten days"),
    "mins": ("twenty minutes", "forty minutes", "an hour", "half an hour"),
    "city": ("Turin", "Milan", "Florence", "Rome", "Verona"),
    "very": ("very", "really", "truly"),
}

SENTENCES: dict[str, tuple[str, ...]] = {
    "delivery-": (
        "delivery came {days} late",
        "the courier never showed up and nobody told me",
        "{item} should have come on Monday, I waited {days} longer",
        "shipping is painfully slow, the parcel sat in the depot for {days}",
        "my parcel never arrived, still nothing after {days}",
        "they promise 48 hours and take {days}",
        "late delivery for the second time, {very} disappointed",
        "tracking said delivered but I never got {item}",
    ),
    "delivery+": (
        "delivery was on time, {item} even came early",
        "{very} fast shipping",
        "the courier was polite and punctual",
        "ordered in the evening and had it in {city} the next day",
    ),
    "damage-": (
        "{item} arrived broken, the packaging was a joke",
        "the box was crushed and {item} scratched",
        "damaged goods, one corner was smashed",
        "a piece was missing and the glass was in bits",
        "the wrapping was open and the thing dented",
    ),
    "returns-": (
        "the return was a nightmare, refund after {days}",
        "I am still waiting for my refund",
        "to change a size you have to order again and post it back at your own cost",
        "returning {item} in the {city} shop was impossible",
        "complicated returns process, one form after another",
    ),
    "returns+": (
        "easy return and the refund came in {days}",
        "I exchanged {item} with no fuss",
        "free returns, {very} handy",
    ),
    "staff+": (
        "{very} kind and knowledgeable staff",
        "the assistant in the {city} shop was lovely",
        "they advised me patiently, you can tell they love what they do",
        "helpful and friendly people",
        "the team in the department are {very} good",
        "a wonderful welcome in {city}",
    ),
    "staff-": (
        "rude assistant, as if I was bothering him",
        "unfriendly staff in the {city} shop",
        "nobody around to ask, no staff to be found",
        "the lady at the till snapped at me",
    ),
    "support-": (
        "{mins} on the phone to the call centre with no answer",
        "customer service does not exist, three mails and no reply",
        "support keeps sending me to another number",
        "the line drops every time I am about to reach an operator",
        "I wrote in the chat and after {mins} they closed it on me",
    ),
    "support+": (
        "{very} quick support, sorted in {mins}",
        "the operator on the phone fixed everything at once",
        "competent customer service",
    ),
    "price-": (
        "prices are too high for what you get",
        "{item} costs twice as much as elsewhere",
        "shipping charges are expensive",
        "everything has gone up since last year",
        "the promised discount was not applied",
        "{very} expensive",
    ),
    "price+": (
        "great value for money",
        "fair prices and good offers",
        "{item} in the sale, a bargain",
        "with the 20 per cent discount it is worth it",
    ),
    "quality+": (
        "{item} is good quality, excellent materials",
        "{very} beautiful and well made products",
        "after a year {item} still looks new",
        "soft fabric and perfect seams",
        "the quality is better than expected",
    ),
    "quality-": (
        "{item} fell apart after {days}",
        "poor quality, feels like plastic",
        "terrible materials compared with the pictures",
        "the seams opened at the first wash",
    ),
    "app-": (
        "the app keeps freezing",
        "since the update the application closes by itself",
        "the app is so slow, it never loads my basket",
        "I can no longer log in from my phone since you updated it",
        "the app crashes whenever I open my favourites",
    ),
    "app+": (
        "the app is handy and clear",
        "a {very} well done application",
        "ordering from the app is so simple",
    ),
    "checkout-": (
        "card payment was refused twice",
        "the basket empties itself at checkout",
        "confusing payment page, I could not tell whether the order went through",
        "it charged me twice for the same order",
        "it asks for the address again at every step",
    ),
    "loyalty-": (
        "my loyalty points expired without notice",
        "you changed the loyalty scheme and I lost all my points",
        "the loyalty card is worth nothing now",
        "my points vanished from the account",
    ),
    "good": (
        "all good, keep it up",
        "a positive experience",
        "customer for years and always happy",
        "I recommend it to everyone",
        "nothing to complain about",
        "my assistant at work told me about you and I am glad",
        "worth coming late in the evening, no queue",
    ),
    "fair": (
        "average, could be better",
        "fairly good but nothing special",
        "neither good nor bad",
        "it is fine",
    ),
    "bad": (
        "awful experience, I will not be back",
        "I expected better",
        "disappointed",
        "I would not recommend it to anyone",
    ),
    "noise": ("n/a", ".", "nothing", "none", "-", "ok", "dunno", "no"),
}

OPENERS = ("I must say ", "Unfortunately ", "Honestly, ", "Last order: ")
GLAD = ("I must say ", "Finally, ", "Honestly, ", "Last order: ")
SAME = (". Also, ", ", and then ", "; ")
OTHER = (", but ", ", however ", ". On the other hand ")
ENDINGS = (".", ".", ".", "", "", "!", "...")
