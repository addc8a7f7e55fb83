"""What looks like abuse, and is held for a person. Pure."""

import re

from cityloop.core.texts import N_
from cityloop.field.participation.limits import CITY_FREELY, FREELY, Recent
from cityloop.loop.intake.channels.citizen import Words

REASONS: dict[str, str] = {
    "many": N_("many from one sender"),
    "city_many": N_("very many in the whole city"),
    "same_words": N_("the same words as before"),
    "links": N_("many links"),
    "outside": N_("outside the city"),
}
LINKS = 2
"""So many addresses of pages may stand in a report."""
_LINK = re.compile(r"https?://|www\.", re.IGNORECASE)


def suspicion(told: Words, recent: Recent, *, outside: bool) -> str:
    """One of REASONS, or nothing."""
    if outside:
        return "outside"
    if len(_LINK.findall(told.words)) > LINKS:
        return "links"
    if told.words.strip() and _bare(told.words) in {_bare(words) for words in recent.words}:
        return "same_words"
    if recent.mine >= FREELY:
        return "many"
    return "city_many" if recent.all >= CITY_FREELY else ""


def _bare(words: str) -> str:
    """Words without what is quickly changed about them."""
    return "".join(letter for letter in words.casefold() if letter.isalnum())
