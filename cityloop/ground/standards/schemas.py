"""What the API of the rule book takes and gives."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from cityloop.ground.standards.rows import LimitData, PhotoData, RuleData, WindowData

Kind = Literal["component", "event", "item"]
Language = Annotated[str, Field(pattern=r"^(en|zh)$")]
Code = Annotated[str, Field(min_length=1, max_length=40)]
Sentence = Annotated[str, Field(max_length=4000)]
Word = Annotated[str, Field(max_length=60)]


class Taken(Schema):
    model_config = ConfigDict(extra="forbid")


class RuleLimit(Taken):
    """`unit`: h round the clock, wh working hours, d calendar days, wd working days."""

    stage: Word = "handle"
    part: Word = ""
    value: Annotated[Decimal, Field(max_digits=9, decimal_places=3)]
    unit: Annotated[str, Field(max_length=2)]
    calendar: Annotated[str, Field(max_length=40)] = "default"
    area_class: Word = ""
    season: Word = ""


class RulePhoto(Taken):
    kind: Word
    app: bool = False


class RuleWindow(Taken):
    """From one day of the year (MM-DD) through another, on weekdays, within hours (HH:MM); what is empty is any."""

    first: Annotated[str, Field(max_length=5)] = ""
    last: Annotated[str, Field(max_length=5)] = ""
    days: Annotated[list[Annotated[str, Field(max_length=3)]], Field(max_length=7)] = []
    start: Annotated[str, Field(max_length=5)] = ""
    end: Annotated[str, Field(max_length=5)] = ""


class RuleClause(Taken):
    """A document by its code, and the clause of it."""

    code: Code
    clause: Annotated[str, Field(max_length=200)] = ""


class RuleWords(Taken):
    filing_condition: Sentence = ""
    closing_condition: Sentence = ""
    do_not_collect: Sentence = ""


class RuleIn(Taken):
    """A rule whole, in the city's own language with translations; limits in their order."""

    category: Code
    situation: Word = ""
    situation_names: dict[Language, Annotated[str, Field(max_length=200)]] = {}
    filing_condition: Sentence = ""
    closing_condition: Sentence = ""
    do_not_collect: Sentence = ""
    translations: dict[Language, RuleWords] = {}
    no_collect: Annotated[list[RuleWindow], Field(max_length=20)] = []
    photos: Annotated[list[RulePhoto], Field(max_length=10)] = []
    handlers: Annotated[list[Word], Field(max_length=10)] = []
    urgent: bool = False
    self_handling: bool = False
    self_handling_cap: int | None = None
    check_mode: Word = "on_site"
    check_window: Word = ""
    closing_kinds: Annotated[list[Word], Field(max_length=10)] = []
    law_clause: Sentence = ""
    source: Annotated[str, Field(max_length=200)] = ""
    documents: Annotated[list[RuleClause], Field(max_length=20)] = []
    limits: Annotated[list[RuleLimit], Field(max_length=40)] = []

    def data(self) -> RuleData:
        said: dict[str, Any] = dict(self)
        said["translations"] = {
            language: {name: text for name, text in words if text} for language, words in self.translations.items()
        }
        said["no_collect"] = tuple(WindowData(*row) for row in map(_values, self.no_collect))
        said["photos"] = tuple(PhotoData(row.kind, row.app) for row in self.photos)
        said["documents"] = tuple((row.code, row.clause) for row in self.documents)
        said["limits"] = tuple(LimitData(*_values(row)) for row in self.limits)
        said["handlers"], said["closing_kinds"] = tuple(self.handlers), tuple(self.closing_kinds)
        return RuleData(**said)


def _values(row: Schema) -> list[Any]:
    return [tuple(value) if isinstance(value, list) else value for _, value in row]


class RuleLimitOut(Schema):
    stage: str
    part: str
    value: float
    unit: str
    calendar: str
    area_class: str
    season: str


class RuleDocumentOut(Schema):
    """A document as a rule names it; in the language asked for."""

    code: str
    title: str
    kind: str
    clause: str
    link: str


class RuleRow(Schema):
    """A rule in the language asked for. `closing_kinds` and `check_window` empty: all of them, any time."""

    category: str
    category_name: str
    kind: Kind
    local: bool
    major: str
    major_name: str
    scheme: str
    situation: str
    situation_name: str
    filing_condition: str
    closing_condition: str
    do_not_collect: str
    no_collect: list[RuleWindow]
    photos: list[RulePhoto]
    handlers: list[str]
    urgent: bool
    self_handling: bool
    self_handling_cap: int | None
    check_mode: str
    check_window: str
    closing_kinds: list[str]
    law_clause: str
    source: str
    documents: list[RuleDocumentOut]
    limits: list[RuleLimitOut]


class RuleFull(RuleRow):
    """With the rule as it was written, in all its languages."""

    written: RuleIn


class RuleHits(Schema):
    """The edition in force on the day asked for; `total`: how many rules fit, of which `rules` are the best."""

    edition: str
    on: date
    total: int
    rules: list[RuleRow]


class RuleCategory(Schema):
    edition: str
    on: date
    code: str
    name: str
    kind: Kind
    local: bool
    source: str
    rules: list[RuleFull]


class RuleMinor(Schema):
    """`situations`: rules of a situation; `urgent`: how many rules are; `limited`: whether any sets a limit."""

    code: str
    name: str
    kind: Kind
    local: bool
    situations: int
    urgent: int
    limited: bool


class RuleMajor(Schema):
    """A major category, or none, with the minor ones below it that have rules."""

    code: str
    name: str
    kind: Kind
    rules: int
    minors: list[RuleMinor]


class RuleTree(Schema):
    edition: str
    on: date
    majors: list[RuleMajor]


class RuleEdition(Schema):
    """In force from `valid_from` up to but not including `valid_to`; `proposal`: the one it came from."""

    code: str
    scheme: str
    valid_from: date
    valid_to: date | None
    in_force: bool
    rules: int
    proposal: int | None


class RuleChangeOut(Schema):
    """`before` and `after`: the rule whole; `fields`: which of theirs differ, where both are."""

    change: Literal["new", "changed", "gone"]
    category: str
    category_name: str
    situation: str
    situation_name: str
    fields: list[str]
    before: RuleIn | None
    after: RuleIn | None


class RuleComparison(Schema):
    before: str
    after: str
    changes: list[RuleChangeOut]


class RulePair(Schema):
    """`through`: what it counts as in between, where no crosswalk leads straight to the other scheme."""

    from_code: str
    from_name: str
    to_code: str
    to_name: str
    through: list[str]


class RuleCrosswalk(Schema):
    from_scheme: str
    to_scheme: str
    pairs: list[RulePair]
    schemes: list[tuple[str, str]] = Field(description="all crosswalks there are: from a scheme, to a scheme")


class RuleBookDocument(Schema):
    """A document in the language asked for; `rules`: how many rules of the edition in force name it."""

    code: str
    title: str
    kind: str
    issuer: str
    issued_on: date | None
    summary: str
    link: str
    rules: int


class RuleProposalIn(Taken):
    """`begins`: first day of the edition; `basis`: the code of a document, or words."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    reason: Sentence = ""
    basis: Annotated[str, Field(max_length=200)] = ""
    begins: date


class RuleKey(Taken):
    category: Code
    situation: Word = ""


class RuleCategoryIn(Taken):
    """A minor or major category that is not there yet, under a major one of the same scheme."""

    code: Code
    name: Annotated[str, Field(min_length=1, max_length=200)]
    name_zh: Annotated[str, Field(max_length=200)] = ""
    name_en: Annotated[str, Field(max_length=200)] = ""
    kind: Annotated[str, Field(max_length=12)] = "event"
    level: Annotated[str, Field(max_length=12)] = "minor"
    parent: Annotated[str, Field(max_length=40)] = ""
    local: bool = True
    source: Annotated[str, Field(max_length=200)] = ""

    def cells(self) -> dict[str, str]:
        return {name: ("yes" if value else "") if name == "local" else value for name, value in self}


class RuleDecision(Taken):
    note: Annotated[str, Field(max_length=2000)] = ""


class RulePerson(Schema):
    """Who did it and when; `name` is empty where it was no person."""

    name: str
    at: datetime


class RuleProposalRow(Schema):
    """`changes`: how many rules it touches; `stale`: another edition has come since it was written."""

    number: int
    title: str
    reason: str
    basis: str
    scheme: str
    base: str
    begins: date
    state: Literal["draft", "submitted", "approved", "rejected", "withdrawn"]
    made: RulePerson
    submitted: RulePerson | None
    decided: RulePerson | None
    note: str
    edition: str | None
    changes: int
    categories: int
    stale: bool
    may: list[str] = Field(description="what the asker may do with it now")


class RuleNewCategory(Schema):
    code: str
    name: str
    kind: Kind
    level: Literal["major", "minor"]
    parent: str
    local: bool


class RuleProposalFull(RuleProposalRow):
    """With its difference to the base edition; `since`: what changed since the base edition, where it is stale."""

    differences: list[RuleChangeOut]
    new_categories: list[RuleNewCategory]
    since: list[RuleChangeOut]
