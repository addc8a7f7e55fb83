"""One spelling for what is written in many ways, so that names can be compared; and how Chinese is typed in Latin."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from pypinyin import lazy_pinyin

CJK = re.compile(r"[㐀-䶿一-鿿]")
_NUMERALS = re.compile(r"[〇零一二两三四五六七八九十百千]+")
_DIGITS = {
    numeral: value for value, numerals in enumerate(("〇零", "一", "二两", *"三四五六七八九")) for numeral in numerals
}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_OFFICES = (
    (re.compile(r"(社区)?(居民委员会|居委会)|社区工作站"), "社区"),
    (re.compile(r"村?(村民委员会|村委会)"), "村"),
    (re.compile(r"(街道)?办事处|街道办"), "街道"),
)
"""The office stands for the place: what is searched is the village, written is its committee."""
_SHORT = {
    "street": "st", "str": "st", "avenue": "ave", "av": "ave", "road": "rd", "boulevard": "blvd", "square": "sq",
    "place": "pl", "drive": "dr", "terrace": "ter", "lane": "ln", "court": "ct", "highway": "hwy", "parkway": "pkwy",
    "park": "pk", "circle": "cir", "mount": "mt", "saint": "st", "north": "n", "south": "s", "east": "e", "west": "w",
    "northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw",
}  # fmt: skip
"""Words of addresses in English with their usual short forms."""


class Key(NamedTuple):
    """One way to ask for a name: `n` as it is written, `p` its sounds in Latin, `i` their first letters."""

    kind: str
    text: str


@lru_cache(maxsize=10_000)
def fold(text: str) -> str:
    """Text as it is compared: no case, width, accents, punctuation, spaces in Chinese; numerals as digits."""
    return _joined(digits(_plain(text)))


def digits(text: str) -> str:
    """Chinese numerals in digits."""
    return _NUMERALS.sub(_number, text)


def sounds(text: str) -> tuple[str, str]:
    """What somebody types who writes Chinese in Latin: all syllables, and their first letters; both run together."""
    syllables = lazy_pinyin(_joined(_plain(text)))
    return "".join(syllables).replace(" ", ""), "".join(
        one[0] if not one.isdigit() else one for one in syllables if one.strip()
    ).replace(" ", "")


def keys(*names: str) -> list[Key]:
    """Every way to ask for something of these names, each once."""
    found: dict[Key, None] = {}
    for name in names:
        found[Key("n", fold(name))] = None
        if CJK.search(name):
            whole, initials = sounds(name)
            found |= dict.fromkeys((Key("p", whole), Key("i", initials)))
    return [key for key in found if key.text]


def _plain(text: str) -> str:
    """Lower case without accents; offices as their places; anything but letters and digits is a space."""
    kept = text.casefold()
    if not kept.isascii():
        decomposed = unicodedata.normalize("NFKD", kept)
        kept = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
        for office, place in _OFFICES:
            kept = office.sub(place, kept)
    return re.sub(r"[\W_]+", " ", kept)


def _joined(text: str) -> str:
    """Single spaces, and only between words in Latin, which take their short forms."""
    joined = " ".join([_SHORT.get(word, word) for word in text.split()])
    return joined if joined.isascii() else re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", joined)


def _number(match: re.Match[str]) -> str:
    """Chinese numerals in digits; without tens they are read one by one, as in numbers of years."""
    text = match[0]
    if not any(unit in text for unit in _UNITS):
        return "".join(str(_DIGITS[numeral]) for numeral in text)
    total, digit = 0, 0
    for numeral in text:
        if numeral in _UNITS:
            total += (digit or 1) * _UNITS[numeral]
            digit = 0
        else:
            digit = _DIGITS[numeral]
    return str(total + digit)
