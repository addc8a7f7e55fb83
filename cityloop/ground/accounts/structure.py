"""The only writer of organisations and posts. Many rows are a constant number of statements."""

import json
from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple

from django.db import transaction

from cityloop.core import bulk
from cityloop.core.actor import Actor
from cityloop.ground.accounts.models import Organisation, Post
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.places.actions import SET_UP, area_ids, end_rows

ORGANISATIONS = bulk.Table(
    "accounts_organisation",
    {
        "id": "int8",
        "code": "text",
        "name": "text",
        "names": "jsonb",
        "kind": "text",
        "parent_id": "int8",
        "path": "int8[]",
        "valid_from": "date",
        "valid_to": "date",
    },
    key=("id",),
)
POSTS = bulk.Table(
    "accounts_post",
    {
        "code": "text",
        "name": "text",
        "role": "text",
        "axis": "text",
        "organisation_id": "int8",
        "area_id": "int8",
        "valid_from": "date",
    },
    key=("code",),
)


class OrganisationData(NamedTuple):
    code: str
    name: str
    names: dict[str, str]
    kind: str
    parent: str


class PostData(NamedTuple):
    """`area` is written `scheme:code`; empty is the whole city."""

    code: str
    name: str
    role: str
    organisation: str
    area: str


@transaction.atomic
def put_organisations(
    tree: Sequence[OrganisationData], touched: Collection[str], *, actor: Actor, begins: date
) -> None:
    """Write the `touched` organisations of a whole tree, parents first, and every path that moves with them."""
    actor.require(SET_UP)
    known = {
        code: (pk, list(path), since)
        for pk, code, path, since in Organisation.objects.values_list("id", "code", "path", "valid_from")
    }
    fresh = [row.code for row in tree if row.code not in known]
    ids = {code: pk for code, (pk, _, _) in known.items()} | dict(
        zip(fresh, bulk.reserve("accounts_organisation_id_seq", len(fresh)), strict=True)
    )
    paths: dict[str, list[int]] = {}
    rows = []
    for row in tree:
        path = paths[row.code] = [*paths.get(row.parent, []), ids[row.code]]
        _, before, since = known.get(row.code, (0, [], begins))
        if row.code in touched or path != before:
            rows.append(
                (ids[row.code], row.code, row.name, json.dumps(row.names), row.kind, ids.get(row.parent), path,
                 since, None)
            )  # fmt: skip
    bulk.upsert(ORGANISATIONS, rows)


@transaction.atomic
def put_posts(posts: Sequence[PostData], *, actor: Actor, begins: date) -> None:
    """Add posts, valid from `begins` on, or change them. The axis follows from the role."""
    actor.require(SET_UP)
    areas = area_ids()
    organisations = organisation_ids()
    since = dict(Post.objects.values_list("code", "valid_from"))
    bulk.upsert(
        POSTS,
        [
            (post.code, post.name, post.role, ROLES[post.role].axis.value, organisations[post.organisation],
             areas[post.area] if post.area else None, since.get(post.code, begins))
            for post in posts
        ],
    )  # fmt: skip


@transaction.atomic
def end_organisations(codes: Collection[str], *, actor: Actor, day: date) -> None:
    """Organisations that are no more; their codes are not used again."""
    actor.require(SET_UP)
    end_rows("accounts_organisation", "code", codes, day)


@transaction.atomic
def end_posts(codes: Collection[str], *, actor: Actor, day: date) -> None:
    """Posts that are no more; whoever holds one may act under it no longer."""
    actor.require(SET_UP)
    end_rows("accounts_post", "code", codes, day)


def organisation_ids() -> dict[str, int]:
    """Ids of all organisations by code; one statement."""
    return dict(Organisation.objects.values_list("code", "id"))
