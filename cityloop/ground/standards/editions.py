"""Whole editions as values, and what differs between two of them."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from cityloop.ground.standards.models import Crosswalk, Limit, Rule, RuleDocument
from cityloop.ground.standards.rows import LimitData, Pair, PhotoData, RuleData, WindowData

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


def differences(before: Iterable[RuleData], after: Iterable[RuleData]) -> list[RuleChange]:
    """What differs, by category and situation."""
    old, new = {rule.key: rule for rule in before}, {rule.key: rule for rule in after}
    found = []
    for key in sorted(old.keys() | new.keys()):
        one, other = old.get(key), new.get(key)
        if one is None or other is None:
            found.append(RuleChange(key, one, other))
        elif fields := tuple(name for name in RuleData._fields if getattr(one, name) != getattr(other, name)):
            found.append(RuleChange(key, one, other, fields))
    return found


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
