"""Translation without a web framework: the command and the errors speak before Django is set up.

The catalogue is the one that Django's templates use (`cityloop/locale`), compiled by `make setup`.
"""

import gettext
import os
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path

LOCALE_DIR = Path(__file__).resolve().parent.parent / "locale"
LANGUAGES = {"zh": "zh_Hans", "en": "en"}
_language: ContextVar[str] = ContextVar("language", default="zh")


def choose(argv: Sequence[str], environ: Mapping[str, str]) -> str:
    """The language asked for by `--lang`, else by LANG and its kin, else Chinese."""
    for here, following in zip(argv, [*argv[1:], ""], strict=True):
        value = following if here == "--lang" else here.removeprefix("--lang=") if "--lang=" in here else ""
        if value in LANGUAGES:
            return value
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        prefix = environ.get(name, "").split(".")[0].split("_")[0]
        if prefix in LANGUAGES:
            return prefix
    return "zh"


def speak(language: str) -> None:
    """Use `language` (`zh` or `en`) from here on in this context, also for the command line's own headings."""
    _language.set(language)
    os.environ["LANGUAGE"] = LANGUAGES[language]
    gettext.bindtextdomain("messages", str(LOCALE_DIR))


def prefer(language: str) -> None:
    """Use `language` (`zh` or `en`) from here on in this context only: for threads that serve many people."""
    _language.set(language)


def spoken() -> str:
    return _language.get()


def N_(text: str) -> str:
    """Mark a text for translation where it stands as data."""
    return text


def _(text: str) -> str:
    """The text in the language spoken here; itself where the catalogue has none."""
    return _catalogue(_language.get()).gettext(text)


def said_in(language: str, text: str) -> str:
    """The text in `language` (`zh` or `en`), whatever is spoken here."""
    return _catalogue(language).gettext(text)


class Term(str):
    """A code that people read by its title: programs see the code, `str()` gives the title in the language spoken."""

    said: str

    def __new__(cls, code: str, said: str) -> "Term":
        term = super().__new__(cls, code)
        term.said = said
        return term

    def __str__(self) -> str:
        return _(self.said)


class Terms(tuple[Term, ...]):
    """Several codes: a list to programs, their titles to people."""

    def __str__(self) -> str:
        return _(", ").join(map(str, self))


@lru_cache
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("django", LOCALE_DIR, [LANGUAGES[language]], fallback=True)
