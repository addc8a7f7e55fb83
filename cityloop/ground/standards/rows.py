"""The rows of the rule book as values: what writers take, readers give, and files and proposals hold."""

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple


class CategoryData(NamedTuple):
    """A category of a scheme that the caller names; `parent` is a code of the same scheme, or empty."""

    code: str
    name: str
    names: dict[str, str]
    kind: str
    level: str
    parent: str
    local: bool = False
    source: str = ""

    @property
    def reportable(self) -> bool:
        return self.level == "minor" and self.kind != "item"


Pair = tuple[tuple[str, str], tuple[str, str]]
"""What counts as what in a crosswalk: (scheme, code) and (scheme, code)."""


class DocumentData(NamedTuple):
    code: str
    title: str
    titles: dict[str, str]
    kind: str
    issuer: str = ""
    issued_on: date | None = None
    summary: str = ""
    summaries: dict[str, str] = {}
    link: str = ""


class LimitData(NamedTuple):
    """`part`: parts of one stage run one after another; empty `area_class` and `season` are any."""

    stage: str
    part: str
    value: Decimal
    unit: str
    calendar: str
    area_class: str = ""
    season: str = ""


class PhotoData(NamedTuple):
    """A photo that has to be there; `app`: taken in the app, not picked from what the phone holds."""

    kind: str
    app: bool = False


class WindowData(NamedTuple):
    """When something is not collected: from one day of the year (MM-DD) through another, on some weekdays, within
    hours (HH:MM). What is empty is any; a window whose end lies before its beginning goes over New Year or midnight."""

    first: str = ""
    last: str = ""
    days: tuple[str, ...] = ()
    start: str = ""
    end: str = ""


class RuleData(NamedTuple):
    """One rule of an edition. `category` is a code of the edition's scheme; limits stand in their order.

    `situation_names`: language to what the situation is called. `translations`: language to any of `PROSE`.
    `documents`: pairs of a document's code and a clause.
    """

    category: str
    situation: str = ""
    situation_names: dict[str, str] = {}
    filing_condition: str = ""
    closing_condition: str = ""
    do_not_collect: str = ""
    translations: dict[str, dict[str, str]] = {}
    no_collect: tuple[WindowData, ...] = ()
    photos: tuple[PhotoData, ...] = ()
    handlers: tuple[str, ...] = ()
    urgent: bool = False
    self_handling: bool = False
    self_handling_cap: int | None = None
    check_mode: str = "on_site"
    check_window: str = ""
    closing_kinds: tuple[str, ...] = ()
    law_clause: str = ""
    source: str = ""
    documents: tuple[tuple[str, str], ...] = ()
    limits: tuple[LimitData, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        return self.category, self.situation

    @property
    def empty(self) -> bool:
        """Whether it only says that there is the category."""
        return self == RuleData(self.category)


PROSE = ("filing_condition", "closing_condition", "do_not_collect")
"""What a rule says in sentences, in the city's own language and in translations."""


def as_json(rule: RuleData) -> dict[str, Any]:
    """A rule whole, as proposals keep it and the API gives and takes it."""
    return rule._asdict() | {
        "no_collect": [window._asdict() | {"days": list(window.days)} for window in rule.no_collect],
        "photos": [photo._asdict() for photo in rule.photos],
        "handlers": list(rule.handlers),
        "closing_kinds": list(rule.closing_kinds),
        "documents": [{"code": code, "clause": clause} for code, clause in rule.documents],
        "limits": [limit._asdict() | {"value": f"{limit.value.normalize():f}"} for limit in rule.limits],
    }


def from_json(data: dict[str, Any]) -> RuleData:
    """The rule that `as_json` wrote."""
    thousandth = Decimal("0.001")
    lists: dict[str, Any] = {
        "no_collect": tuple(WindowData(**row | {"days": tuple(row["days"])}) for row in data["no_collect"]),
        "photos": tuple(PhotoData(**row) for row in data["photos"]),
        "handlers": tuple(data["handlers"]),
        "closing_kinds": tuple(data["closing_kinds"]),
        "documents": tuple((row["code"], row["clause"]) for row in data["documents"]),
        "limits": tuple(
            LimitData(**row | {"value": Decimal(row["value"]).quantize(thousandth)}) for row in data["limits"]
        ),
    }
    return RuleData(**data | lists)
