"""Texts of foreign files: in which encoding they are, and whether they were once read in a wrong one."""

import codecs
import re
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from cityloop.core.errors import Refused

UTF8, GB18030 = "utf-8", "gb18030"
"""GB18030 reads all that GB2312 and GBK wrote."""
_CHINESE = {"936", "54936", "gbk", "gb2312", "gb18030", "cp936", "ansi936", "oem936", "euccn"}
_LATIN1 = re.compile(r"(?:iso)?[-_ ]?8859[-_ ]?(\d\d?)")
_LOST = re.compile("\ufffd|锟斤拷")
_LOOKED_AT = 5_000
TITLES = {UTF8: "UTF-8", GB18030: "GB18030"}


def codec(name: str) -> str:
    """The codec that a person, or a .cpg file, means by a name such as GBK, 936, UTF-8 or ISO 88591; else Refused."""
    plain = name.strip().casefold().removeprefix("ldid/")
    bare = plain.replace(" ", "").replace("-", "").replace("_", "")
    if bare in _CHINESE:
        return GB18030
    if bare in ("utf8", "65001", "cp65001", "utf8sig"):
        return UTF8
    if latin := _LATIN1.fullmatch(plain):
        bare = f"iso8859-{latin[1]}"
    for known in (plain, bare, f"cp{bare.removeprefix('ansi').removeprefix('oem')}"):
        try:
            "a".encode(known)
        except (LookupError, ValueError):
            continue
        return known
    raise Refused("encoding_unknown", encoding=name.strip()[:40])


def decoded(raw: bytes, encoding: str) -> str:
    """A text of a fixed width field: half a character at its end is what the width cut off. Else UnicodeDecodeError."""
    return raw.decode("ascii") if raw.isascii() else codecs.getincrementaldecoder(encoding)().decode(raw)


def detected(texts: Iterable[bytes]) -> str:
    """UTF-8 if all of the texts are, else GB18030."""
    for raw in texts:
        try:
            decoded(raw, UTF8)
        except UnicodeDecodeError:
            return GB18030
    return UTF8


def whole(data: bytes, path: object, encoding: str | None) -> tuple[str, str]:
    """A text file and its encoding: the one named, else UTF-8 with or without a byte order mark, else GB18030."""
    named = codec(encoding) if encoding else ""
    for tried in [named] if named else [UTF8, GB18030]:
        try:
            text = data.decode("utf-8-sig" if tried == UTF8 else tried)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text, tried
    raise Refused("geofile_not_text", path=path, encoding=TITLES.get(named, named) or "UTF-8, GB18030")


class Misread(NamedTuple):
    """A text as it stands, as it was meant, and the encoding that it was written in; or, with nothing `meant`, how
    many texts have lost characters for good."""

    text: str
    meant: str
    encoding: str
    lost: int = 0


def misread(texts: Iterable[str]) -> Misread | None:
    """Whether at least half of the texts that are not plain ASCII were written in one encoding and read in another.

    Read are, UTF-8 as GBK: `浜曠洊` for `井盖`; GBK as Latin-1: `¾®¸Ç`; UTF-8 as Latin-1: `äº•ç›–`; and GBK as UTF-8,
    which cannot be undone. Of the texts the first few thousand are looked at.
    """
    foreign = list(dict.fromkeys(islice((text for text in texts if not text.isascii()), _LOOKED_AT)))
    found = [one for text in foreign if (one := _meant(text))]
    if found and 2 * len(found) >= len(foreign):
        return found[0]
    lost = [text for text in foreign if _LOST.search(text)]
    return Misread(lost[0], "", "", len(lost)) if lost else None


def _meant(text: str) -> Misread | None:
    if (single := _single_bytes(text)) is not None:
        for encoding in (UTF8, GB18030):
            try:
                meant = decoded(single, encoding)
            except UnicodeDecodeError:
                continue
            if encoding == UTF8 or _common(meant) > 0.5:
                return Misread(text, meant, TITLES[encoding]) if meant and meant != text else None
        return None
    meant = text.encode(GB18030, "ignore").decode(UTF8, "ignore")
    if 2 * len(meant) >= len(text) and _common(meant) >= _common(text) + 0.5:
        return Misread(text, meant, TITLES[UTF8])
    return None


def _single_bytes(text: str) -> bytes | None:
    """The bytes of a text that was read as Latin-1 or Windows-1252; None where it cannot have been."""
    found = bytearray()
    for character in text:
        if ord(character) < 256:
            found.append(ord(character))
            continue
        try:
            found += character.encode("cp1252")
        except UnicodeEncodeError:
            return None
    return bytes(found)


def _common(text: str) -> float:
    """Of the characters that are not ASCII, the share of the 3755 common ones and of punctuation in GB 2312."""
    foreign = [character for character in text if not character.isascii()]
    return sum(map(_is_common, foreign)) / len(foreign) if foreign else 0.0


def _is_common(character: str) -> bool:
    try:
        row = character.encode("gb2312")[0]
    except UnicodeEncodeError:
        return False
    return row in (0xA1, 0xA3) or 0xB0 <= row <= 0xD7
