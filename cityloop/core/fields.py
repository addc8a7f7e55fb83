"""Types of what people write into files: every value arrives as the text that stood there, the type says what it is.

Codes given to `refusal` are keys of `problems.TEXTS`.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, ClassVar
from unicodedata import normalize

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from cityloop.core.hours import read_hours

_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff\ud800-\udfff]")
LANGUAGE = r"^[a-z]{2,3}$"


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Row(Strict):
    """A line of a table. Cells are read with full-width digits, letters and signs as their plain ones; but those of
    `prose` columns, which are sentences, names and what other systems print, stay as they were written."""

    prose: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="before")
    @classmethod
    def _narrow(cls, cells: Any) -> Any:
        if not isinstance(cells, Mapping):
            return cells
        return {
            column: (clean if column in cls.prose else narrow)(cell) if isinstance(cell, str) else cell
            for column, cell in cells.items()
        }


def refusal(code: str, **facts: object) -> PydanticCustomError:
    return PydanticCustomError(code, code, facts)


def narrow(text: str) -> str:
    """Full-width digits, letters, signs and spaces as their plain ones."""
    return normalize("NFKC", clean(text)).strip()


def clean(text: str) -> str:
    """A text as every row and file can hold it: one kind of line break, no control characters."""
    return _CONTROLS.sub("", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def _code(text: str) -> str:
    if not text.isprintable() or ":" in text:
        raise refusal("code_unfit", value=text)
    return text


def _iso_day(value: object) -> object:
    """Pydantic would read bare numbers as seconds since 1970."""
    if isinstance(value, str) and not _DAY.fullmatch(value):
        raise refusal("day_unreadable", value=value)
    return value


def _hours(text: str) -> str:
    try:
        read_hours(text)
    except ValueError as error:
        raise refusal("hours_unreadable", value=str(error) or text) from error
    return text


def _yes(value: object) -> object:
    if isinstance(value, str):
        if value.casefold() not in ("", "yes", "no", "是", "否"):
            raise refusal("no_yes", value=value)
        return value.casefold() in ("yes", "是")
    return value


Code = Annotated[str, Field(min_length=1, max_length=40), AfterValidator(_code)]
Ref = Annotated[str, Field(max_length=80)]
"""The code of a row elsewhere, or empty; where codes belong to schemes it may be written `scheme:code`."""
Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = dict[Annotated[str, Field(pattern=LANGUAGE)], Name]
Day = Annotated[date, BeforeValidator(_iso_day)]
Blank = BeforeValidator(lambda value: None if value == "" else value)
OptionalDay = Annotated[Day | None, Blank]
HoursCell = Annotated[str, AfterValidator(_hours)]
"""Weekly hours as `core.hours` reads them; empty is round the clock."""
Yes = Annotated[bool, BeforeValidator(_yes)]
"""yes, or no, or nothing, which is no."""


class NamedRow(Row):
    """A line that names something, in the city's own language and perhaps in others."""

    prose = frozenset({"name", "name_zh", "name_en"})

    code: Code
    name: Name
    name_zh: str = ""
    name_en: str = ""

    @property
    def names(self) -> dict[str, str]:
        return in_languages(zh=self.name_zh, en=self.name_en)


def in_languages(**texts: str) -> dict[str, str]:
    """Language to text, without the languages that have none."""
    return {language: text for language, text in texts.items() if text}


def empty_means(text: str) -> BeforeValidator:
    """What an empty cell means."""
    return BeforeValidator(lambda value: value or text)
