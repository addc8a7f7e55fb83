"""Lines of the tables of the rule book, as packs, files and forms give them: one format for all three.

rules.csv, categories.csv, crosswalk.csv, documents.csv
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cityloop.core.fields import (
    Blank,
    Code,
    NamedRow,
    OptionalDay,
    Ref,
    Row,
    Yes,
    empty_means,
    in_languages,
    refusal,
)
from cityloop.core.units import LimitUnit
from cityloop.ground.standards import cells
from cityloop.ground.standards.rows import (
    PROSE,
    CategoryData,
    DocumentData,
    LimitData,
    PhotoData,
    RuleData,
    WindowData,
)
from cityloop.ground.standards.words import (
    CHECK_MODES,
    CLOSING_KINDS,
    DOCUMENT_KINDS,
    HANDLERS,
    PHOTO_KINDS,
    STAGES,
)

TRANSLATED = ("en", "zh")
_THOUSANDTH = Decimal("0.001")
Text = Annotated[str, Field(max_length=4000)]
Short = Annotated[str, Field(max_length=20)]


def _slug(text: str) -> str:
    if not text.isprintable() or ":" in text or " " in text:
        raise refusal("slug_unfit", value=text)
    return text


def _stage(text: str) -> str:
    if text not in STAGES:
        raise refusal("stage_unknown", value=text, known=", ".join(STAGES))
    return text


class CategoryLine(NamedRow):
    """categories.csv. `key`: how the history names it; an empty `scheme` is the pack's own."""

    prose = NamedRow.prose | {"key", "source"}

    kind: Annotated[Literal["component", "event", "item"], empty_means("event")] = "event"
    level: Annotated[Literal["major", "minor"], empty_means("minor")] = "minor"
    parent: Ref = ""
    key: str = ""
    scheme: Annotated[str, Field(max_length=40)] = ""
    local: Yes = False
    source: Annotated[str, Field(max_length=200)] = ""

    @property
    def ref(self) -> str:
        return f"{self.scheme}:{self.code}" if self.scheme else self.code

    def data(self) -> CategoryData:
        return CategoryData(
            self.code, self.name, self.names, self.kind, self.level, self.parent, self.local, self.source
        )


class DocumentLine(Row):
    """documents.csv"""

    prose = frozenset({"title", "title_zh", "title_en", "issuer", "summary", "summary_zh", "summary_en"})

    code: Annotated[Code, AfterValidator(_slug)]
    title: Annotated[str, Field(min_length=1, max_length=300)]
    title_zh: str = ""
    title_en: str = ""
    kind: Annotated[str, empty_means("standard"), AfterValidator(cells.one_of(DOCUMENT_KINDS))] = "standard"
    issuer: Annotated[str, Field(max_length=200)] = ""
    issued_on: OptionalDay = None
    summary: Text = ""
    summary_zh: Text = ""
    summary_en: Text = ""
    link: Annotated[str, Field(max_length=500)] = ""

    def data(self) -> DocumentData:
        return DocumentData(
            self.code, self.title, in_languages(zh=self.title_zh, en=self.title_en), self.kind, self.issuer,
            self.issued_on, self.summary, in_languages(zh=self.summary_zh, en=self.summary_en), self.link,
        )  # fmt: skip


class CrosswalkLine(Row):
    """crosswalk.csv: one category and what it counts as in another scheme; an empty scheme is the pack's own."""

    from_scheme: Annotated[str, Field(max_length=40)] = ""
    from_code: Code
    to_scheme: Annotated[str, Field(max_length=40)] = ""
    to_code: Code

    @property
    def ends(self) -> tuple[tuple[str, str], tuple[str, str]]:
        return (self.from_scheme, self.from_code), (self.to_scheme, self.to_code)


class RuleLine(Row):
    """rules.csv: one limit. Lines of the same category and situation are one rule with several limits; what is the
    rule's own stands in one of them, or alike in several."""

    prose = frozenset(
        {
            "situation_zh", "situation_en", "law_clause", "source",
            *(column for name in PROSE for column in (name, f"{name}_en", f"{name}_zh")),
        }
    )  # fmt: skip

    category: Annotated[str, Field(min_length=1, max_length=80)]
    situation: Annotated[str, Field(max_length=60), AfterValidator(_slug)] = ""
    situation_zh: Annotated[str, Field(max_length=200)] = ""
    situation_en: Annotated[str, Field(max_length=200)] = ""
    filing_condition: Text = ""
    filing_condition_en: Text = ""
    filing_condition_zh: Text = ""
    closing_condition: Text = ""
    closing_condition_en: Text = ""
    closing_condition_zh: Text = ""
    stage: Annotated[str, empty_means("handle"), AfterValidator(_stage)] = "handle"
    part: Annotated[str, Field(max_length=60)] = ""
    value: Annotated[Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=3)] | None, Blank] = None
    unit: Annotated[LimitUnit | None, Blank] = None
    calendar: Annotated[str, empty_means("default"), Field(max_length=40)] = "default"
    area_class: Short = ""
    season: Short = ""
    urgent: Yes = False
    self_handling: Yes = False
    self_handling_cap: Annotated[Annotated[int, Field(gt=0, le=1000)] | None, Blank] = None
    do_not_collect: Text = ""
    do_not_collect_en: Text = ""
    do_not_collect_zh: Text = ""
    no_collect: Annotated[tuple[WindowData, ...], BeforeValidator(cells.windows)] = ()
    photos: Annotated[tuple[PhotoData, ...], BeforeValidator(cells.photos(PHOTO_KINDS))] = ()
    handlers: Annotated[tuple[str, ...], BeforeValidator(cells.words(HANDLERS))] = ()
    check_mode: Annotated[Annotated[str, AfterValidator(cells.one_of(CHECK_MODES))] | None, Blank] = None
    check_window: Annotated[str, AfterValidator(cells.check_window)] = ""
    closing_kinds: Annotated[tuple[str, ...], BeforeValidator(cells.words(CLOSING_KINDS))] = ()
    documents: Annotated[tuple[tuple[str, str], ...], BeforeValidator(cells.documents)] = ()
    law_clause: Text = ""
    source: Annotated[str, Field(max_length=200)] = ""

    @model_validator(mode="after")
    def _value_with_unit(self) -> Self:
        if (self.value is None) != (self.unit is None):
            raise refusal("value_without_unit")
        return self

    @property
    def rule(self) -> tuple[str, str]:
        return self.category, self.situation

    @property
    def limit(self) -> LimitData | None:
        if self.value is None or self.unit is None:
            return None
        value = self.value.quantize(_THOUSANDTH)
        return LimitData(self.stage, self.part, value, self.unit.value, self.calendar, self.area_class, self.season)


LIMIT_COLUMNS = ("stage", "part", "value", "unit", "calendar", "area_class", "season")
RULE_COLUMNS = tuple(name for name in RuleLine.model_fields if name not in (*LIMIT_COLUMNS, "category", "situation"))
"""What belongs to a rule whole, whatever its limits."""
_BLANK: tuple[Any, ...] = (None, False, "", ())


def rules_from(lines: Iterable[RuleLine]) -> list[RuleData]:
    """The rules that lines make up, in the order in which they begin."""
    found: dict[tuple[str, str], list[RuleLine]] = {}
    for line in lines:
        found.setdefault(line.rule, []).append(line)
    return [_rule(lines) for lines in found.values()]


def _rule(lines: Sequence[RuleLine]) -> RuleData:
    said: dict[str, Any] = {}
    for name in RULE_COLUMNS:
        said[name] = next((cell for line in lines if (cell := getattr(line, name)) not in _BLANK), None)
    translations = {}
    for language in TRANSLATED:
        texts = {name: said.pop(f"{name}_{language}") for name in PROSE}
        if found := {name: text for name, text in texts.items() if text}:
            translations[language] = found
    names = in_languages(zh=said.pop("situation_zh") or "", en=said.pop("situation_en") or "")
    limits = tuple(limit for line in lines if (limit := line.limit) is not None)
    cap = said.pop("self_handling_cap")
    plain = {name: cell for name, cell in said.items() if cell is not None}
    return RuleData(
        lines[0].category, lines[0].situation, names, translations=translations, limits=limits,
        self_handling_cap=cap, **plain,
    )  # fmt: skip


def cells_of(rule: RuleData) -> list[dict[str, str]]:
    """The lines of a rule as cells: its limits in their order, all of its own in the first line."""
    own = {
        "filing_condition": rule.filing_condition,
        "closing_condition": rule.closing_condition,
        "do_not_collect": rule.do_not_collect,
        "urgent": "yes" if rule.urgent else "",
        "self_handling": "yes" if rule.self_handling else "",
        "self_handling_cap": "" if rule.self_handling_cap is None else str(rule.self_handling_cap),
        "no_collect": cells.write_windows(rule.no_collect),
        "photos": cells.write_photos(rule.photos),
        "handlers": " ".join(rule.handlers),
        "check_mode": rule.check_mode,
        "check_window": rule.check_window,
        "closing_kinds": " ".join(rule.closing_kinds),
        "documents": cells.write_documents(rule.documents),
        "law_clause": rule.law_clause,
        "source": rule.source,
    }
    for language in TRANSLATED:
        own[f"situation_{language}"] = rule.situation_names.get(language, "")
        for name in PROSE:
            own[f"{name}_{language}"] = rule.translations.get(language, {}).get(name, "")
    lines: list[dict[str, str]] = [
        dict(zip(LIMIT_COLUMNS, (*limit[:2], f"{limit.value.normalize():f}", *limit[3:]), strict=True))
        for limit in rule.limits
    ] or [{}]
    key = {"category": rule.category, "situation": rule.situation}
    return [key | line | ({} if position else own) for position, line in enumerate(lines)]
