"""Whole editions as values, and what differs between two of them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Literal, NamedTuple

from django.db.models import Q

from cityloop.core.errors import Unknown
from cityloop.ground.standards.checking import Kind, Known
from cityloop.ground.standards.models import Category, Crosswalk, Document, Edition, Limit, Proposal, Rule, RuleDocument
from cityloop.ground.standards.rows import (
    CategoryData,
    DocumentData,
    LimitData,
    Pair,
    PhotoData,
    RuleData,
    WindowData,
    from_json,
)

_LISTS = ("handlers", "closing_kinds")
_PLAIN = tuple(
    name
    for name in RuleData._fields
    if name not in ("category", "no_collect", "photos", "documents", "limits", *_LISTS)
)


def rules_of(edition: int) -> list[RuleData]:
    """All rules of an edition by category and situation; three statements."""
    limits: dict[int, list[LimitData]] = {}
    for pk, *limit in (
        Limit.objects.filter(rule__edition=edition)
        .order_by("position", "id")
        .values_list("rule_id", *LimitData._fields)
    ):
        limits.setdefault(pk, []).append(LimitData(*limit))
    documents: dict[int, list[tuple[str, str]]] = {}
    for pk, document, clause in (
        RuleDocument.objects.filter(rule__edition=edition)
        .order_by("id")
        .values_list("rule_id", "document__code", "clause")
    ):
        documents.setdefault(pk, []).append((document, clause))
    rows = Rule.objects.filter(edition=edition).values("id", "category__code", "no_collect", "photos", *_LISTS, *_PLAIN)
    found = [_rule(row, tuple(limits.get(row["id"], ())), tuple(documents.get(row["id"], ()))) for row in rows]
    return sorted(found, key=lambda rule: rule.key)


def _rule(row: Any, limits: tuple[LimitData, ...], documents: tuple[tuple[str, str], ...]) -> RuleData:
    fields: dict[str, Any] = {name: row[name] for name in _PLAIN} | {name: tuple(row[name]) for name in _LISTS}
    fields |= {"category": row["category__code"], "limits": limits, "documents": documents}
    fields["no_collect"] = tuple(WindowData(**window | {"days": tuple(window["days"])}) for window in row["no_collect"])
    fields["photos"] = tuple(PhotoData(**photo) for photo in row["photos"])
    return RuleData(**fields)


class RuleChange(NamedTuple):
    """A rule that differs. None where there is no rule; `fields`: names of what differs where both are."""

    key: tuple[str, str]
    before: RuleData | None
    after: RuleData | None
    fields: tuple[str, ...] = ()

    @property
    def kind(self) -> Literal["new", "changed", "gone"]:
        return "new" if self.before is None else "gone" if self.after is None else "changed"


def difference(before: RuleData | None, after: RuleData | None) -> RuleChange:
    """How a rule differs; one of both is there."""
    key = (before or after or RuleData("")).key
    if before is None or after is None:
        return RuleChange(key, before, after)
    return RuleChange(
        key, before, after, tuple(name for name in RuleData._fields if getattr(before, name) != getattr(after, name))
    )


def differences(before: Iterable[RuleData], after: Iterable[RuleData]) -> list[RuleChange]:
    """What differs, by category and situation."""
    old, new = {rule.key: rule for rule in before}, {rule.key: rule for rule in after}
    keys = sorted(old.keys() | new.keys())
    return [difference(old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]


def said(rules: Iterable[RuleData]) -> list[RuleData]:
    """The rules without the empty ones."""
    return [rule for rule in rules if not rule.empty]


def whole(rules: Iterable[RuleData], minors: Iterable[str]) -> list[RuleData]:
    """The rules, and an empty one for each minor category that has none without a situation, so that a report of it
    can be opened before anybody has said which situation it is."""
    found = {rule.key: rule for rule in rules}
    for code in minors:
        found.setdefault((code, ""), RuleData(code))
    return list(found.values())


def crosswalk_pairs() -> list[Pair]:
    """What counts as what, by scheme and code; one statement."""
    rows = Crosswalk.objects.order_by(
        "from_category__scheme", "to_category__scheme", "from_category__code"
    ).values_list("from_category__scheme", "from_category__code", "to_category__scheme", "to_category__code")
    return [((from_scheme, from_code), (to_scheme, to_code)) for from_scheme, from_code, to_scheme, to_code in rows]


def categories_of(scheme: str) -> list[CategoryData]:
    """The categories of a scheme, majors first; one statement."""
    rows = (
        Category.objects.filter(scheme=scheme)
        .order_by("level", "code")
        .values_list("code", "name", "names", "kind", "level", "parent__code", "local", "source")
    )
    return [CategoryData(*row[:5], row[5] or "", *row[6:]) for row in rows]


def documents() -> list[DocumentData]:
    return [DocumentData(*row) for row in Document.objects.order_by("code").values_list(*DocumentData._fields)]


def edition_called(code: str) -> Edition:
    """Unknown where there is none."""
    found = Edition.objects.filter(code=code).first()
    if found is None:
        raise Unknown("edition_unknown", edition=code)
    return found


def edition_on(day: date) -> Edition:
    """The edition in force on a day; Unknown where there is none."""
    found = Edition.objects.filter(Q(valid_to=None) | Q(valid_to__gt=day), valid_from__lte=day).first()
    if found is None:
        raise Unknown("edition_none", day=day)
    return found


def known_in(scheme: str, settings: Mapping[str, Any]) -> Known:
    """What rules for a scheme may refer to, by the rows that are there and the city's settings; two statements."""
    return Known(
        categories={row.code: Kind(row.kind, row.level) for row in categories_of(scheme)},
        calendars=settings.get("calendars", ["default"]),
        documents=list(Document.objects.values_list("code", flat=True)),
        complete=bool(settings.get("complete")),
    )


def last_edition() -> Edition:
    """The edition that no other follows yet; Unknown before the first."""
    found = Edition.objects.order_by("valid_from", "id").last()
    if found is None:
        raise Unknown("city_missing")
    return found


# Proposals


def changes_of(proposal: Proposal) -> list[RuleChange]:
    """What a proposal changes, by category and situation."""
    return [
        difference(
            from_json(row["before"]) if row["before"] else None, from_json(row["after"]) if row["after"] else None
        )
        for row in proposal.changes
    ]


def known_for(proposal: Proposal, settings: Mapping[str, Any]) -> Known:
    """As `known_in`, with the categories that the proposal brings."""
    known = known_in(proposal.scheme, settings)
    fresh = {row["code"]: Kind(row["kind"], row["level"]) for row in proposal.categories}
    return replace(known, categories={**known.categories, **fresh})


def rules_after(proposal: Proposal) -> list[RuleData]:
    """All rules of the edition that a proposal would make."""
    rules = {rule.key: rule for rule in rules_of(proposal.base_id)}
    for change in changes_of(proposal):
        rules.pop(change.key, None)
        if change.after is not None:
            rules[change.key] = change.after
    fresh = [CategoryData(**row) for row in proposal.categories]
    minors = [row.code for row in (*categories_of(proposal.scheme), *fresh) if row.reportable]
    return whole(rules.values(), minors)
