"""The only writer of categories and of the rule book's editions."""

import json
from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from django.db import transaction

from cityloop.core import bulk
from cityloop.core.actor import Actor
from cityloop.core.errors import Refused
from cityloop.ground.places.actions import SET_UP, renew
from cityloop.ground.standards.models import Category, Crosswalk, Document, Edition, Limit, Rule, RuleDocument
from cityloop.ground.standards.rows import CategoryData, DocumentData, Pair, RuleData

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
        "local": "bool",
        "source": "text",
    },
    key=("id",),
)


@transaction.atomic
def put_categories(scheme: str, tree: Sequence[CategoryData], touched: Collection[str], *, actor: Actor) -> None:
    """Add or rename the `touched` categories of a scheme, given parents first."""
    actor.require(SET_UP)
    write_categories(scheme, [row for row in tree if row.code in touched])


def write_categories(scheme: str, rows: Sequence[CategoryData]) -> None:
    """As `put_categories`, for writers of this room that have judged who may; inside their transaction."""
    ids = category_ids(scheme)
    fresh = [row.code for row in rows if row.code not in ids]
    ids |= dict(zip(fresh, bulk.reserve("standards_category_id_seq", len(fresh)), strict=True))
    bulk.upsert(CATEGORIES, [_category(scheme, row, ids) for row in rows])


def _category(scheme: str, row: CategoryData, ids: dict[str, int]) -> tuple[Any, ...]:
    names = json.dumps(row.names)
    parent = ids.get(row.parent)
    return ids[row.code], scheme, row.code, row.kind, row.level, row.name, names, parent, row.local, row.source


@transaction.atomic
def rename_category(category: Category, *, name: str, names: dict[str, str], actor: Actor) -> None:
    """Call a category otherwise. What it is, and the rules for it, come with an edition."""
    actor.require(SET_UP)
    renew(actor=actor)
    Category.objects.filter(pk=category.pk).update(name=name, names=names)


@transaction.atomic
def put_documents(documents: Sequence[DocumentData], *, actor: Actor) -> None:
    """Add documents, or say anew what those of the same codes are."""
    actor.require(SET_UP)
    Document.objects.bulk_create(
        (Document(**document._asdict()) for document in documents),
        update_conflicts=True,
        unique_fields=["code"],
        update_fields=DocumentData._fields[1:],
    )


@transaction.atomic
def put_crosswalk(pairs: Sequence[Pair], *, actor: Actor) -> None:
    """From here on just these categories count as those."""
    actor.require(SET_UP)
    schemes = {scheme for pair in pairs for scheme, _code in pair}
    ids = {scheme: category_ids(scheme) for scheme in schemes}
    Crosswalk.objects.all().delete()
    Crosswalk.objects.bulk_create(
        Crosswalk(from_category_id=ids[one[0]][one[1]], to_category_id=ids[other[0]][other[1]]) for one, other in pairs
    )


@transaction.atomic
def begin_edition(code: str, rules: Sequence[RuleData], *, scheme: str, actor: Actor, begins: date) -> Edition:
    """A new rule book in force from `begins` on; the one before it ends there. Refused if it began later."""
    actor.require(SET_UP)
    return write_edition(code, rules, scheme=scheme, begins=begins)


def write_edition(code: str, rules: Sequence[RuleData], *, scheme: str, begins: date) -> Edition:
    """As `begin_edition`, for writers of this room that have judged who may; inside their transaction."""
    last = Edition.objects.select_for_update().order_by("valid_from", "id").last()
    if last is not None:
        if begins < last.valid_from:
            raise Refused("edition_before_last", edition=code, last=last.code, since=last.valid_from)
        Edition.objects.filter(pk=last.pk).update(valid_to=begins)
    edition = Edition.objects.create(code=code, scheme=scheme, valid_from=begins)
    categories = category_ids(scheme)
    documents = dict(Document.objects.values_list("code", "id"))
    made = Rule.objects.bulk_create(_rule(rule, edition, categories[rule.category]) for rule in rules)
    Limit.objects.bulk_create(
        Limit(rule=row, position=position, **limit._asdict())
        for row, rule in zip(made, rules, strict=True)
        for position, limit in enumerate(rule.limits)
    )
    RuleDocument.objects.bulk_create(
        RuleDocument(rule=row, document_id=documents[document], clause=clause)
        for row, rule in zip(made, rules, strict=True)
        for document, clause in rule.documents
    )
    return edition


def _rule(rule: RuleData, edition: Edition, category: int) -> Rule:
    fields = rule._asdict()
    for name in ("category", "documents", "limits"):
        del fields[name]
    for name in ("no_collect", "photos"):
        fields[name] = [row._asdict() for row in fields[name]]
    return Rule(edition=edition, category_id=category, **fields)


def category_ids(scheme: str) -> dict[str, int]:
    """Ids of a scheme's categories by code; one statement."""
    return dict(Category.objects.filter(scheme=scheme).values_list("code", "id"))
