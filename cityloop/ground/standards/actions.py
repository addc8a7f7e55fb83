"""The only writer of categories and of the rule book's editions."""

import json
from collections.abc import Collection, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction

from cityloop.core import bulk
from cityloop.core.actor import Actor
from cityloop.core.errors import Refused
from cityloop.ground.places.actions import SET_UP, renew
from cityloop.ground.standards.models import Category, Edition, Limit, Rule

CATEGORIES = bulk.Table(
    "standards_category",
    {
        "id": "int8",
        "scheme": "text",
        "code": "text",
        "kind": "text",
        "level": "text",
        "name": "text",
        "names": "jsonb",
        "parent_id": "int8",
    },
    key=("id",),
)


class CategoryData(NamedTuple):
    code: str
    name: str
    names: dict[str, str]
    kind: str
    level: str
    parent: str


class LimitData(NamedTuple):
    stage: str
    part: str
    value: Decimal
    unit: str
    calendar: str


class RuleData(NamedTuple):
    """One rule of an edition; limits of one stage count in their order."""

    category: str
    situation: str
    filing_condition: str
    closing_condition: str
    source: str
    limits: tuple[LimitData, ...]


@transaction.atomic
def put_categories(scheme: str, tree: Sequence[CategoryData], touched: Collection[str], *, actor: Actor) -> None:
    """Add or rename the `touched` categories of a scheme, given parents first."""
    actor.require(SET_UP)
    ids = category_ids(scheme)
    fresh = [row.code for row in tree if row.code not in ids]
    ids |= dict(zip(fresh, bulk.reserve("standards_category_id_seq", len(fresh)), strict=True))
    rows = [
        (ids[row.code], scheme, row.code, row.kind, row.level, row.name, json.dumps(row.names), ids.get(row.parent))
        for row in tree
        if row.code in touched
    ]
    bulk.upsert(CATEGORIES, rows)


@transaction.atomic
def rename_category(category: Category, *, name: str, names: dict[str, str], actor: Actor) -> None:
    """Call a category otherwise. What it is, and the rules for it, come with an edition."""
    actor.require(SET_UP)
    renew(actor=actor)
    Category.objects.filter(pk=category.pk).update(name=name, names=names)


@transaction.atomic
def begin_edition(
    code: str,
    digest: str,
    rules: Sequence[RuleData],
    *,
    scheme: str,
    actor: Actor,
    begins: date,
) -> Edition:
    """A new rule book in force from `begins` on; the one before it ends there. Refused if it began later."""
    actor.require(SET_UP)
    last = Edition.objects.order_by("valid_from", "id").last()
    if last is not None:
        if begins < last.valid_from:
            raise Refused("edition_before_last", edition=code, last=last.code, since=last.valid_from)
        Edition.objects.filter(pk=last.pk).update(valid_to=begins)
    edition = Edition.objects.create(code=code, digest=digest, valid_from=begins)
    categories = category_ids(scheme)
    made = Rule.objects.bulk_create(
        Rule(
            edition=edition,
            category_id=categories[rule.category],
            situation=rule.situation,
            filing_condition=rule.filing_condition,
            closing_condition=rule.closing_condition,
            source=rule.source,
        )
        for rule in rules
    )
    limits = []
    for row, rule in zip(made, rules, strict=True):
        for position, limit in enumerate(rule.limits):
            limits.append(Limit(rule=row, position=position, **limit._asdict()))
    Limit.objects.bulk_create(limits)
    return edition


def category_ids(scheme: str) -> dict[str, int]:
    """Ids of a scheme's categories by code; one statement."""
    return dict(Category.objects.filter(scheme=scheme).values_list("code", "id"))
