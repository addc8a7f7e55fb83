"""Who somebody is at an instant."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any, NamedTuple

from django.db import connection

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.errors import Denied
from cityloop.ground.accounts.models import SavedFilter, User
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.places.models import City

_HELD = """
LEFT JOIN (accounts_tenure h JOIN accounts_post p ON p.id = h.post_id)
    ON h.user_id = u.id
    AND h.valid_from <= %(at)s AND (h.valid_to IS NULL OR h.valid_to > %(at)s)
    AND daterange(p.valid_from, p.valid_to) @>
        (%(at)s::timestamptz AT TIME ZONE coalesce((SELECT zone FROM places_city), 'UTC'))::date
"""
"""The posts that a user holds at an instant, by the days of the city."""
_ACTOR_OF_TOKEN = f"""
SELECT u.id, u.username, u.first_name, p.code, p.role, p.axis, p.organisation_id, p.area_id
FROM accounts_token t
JOIN accounts_user u ON u.id = t.user_id AND u.is_active
{_HELD}
WHERE t.digest = %(digest)s AND (t.expires_at IS NULL OR t.expires_at > %(at)s)
ORDER BY p.id
"""
_SIGNED_IN = f"""
SELECT u.id, u.username, u.first_name, p.code, p.role, p.axis, p.organisation_id, p.area_id,
    EXISTS (SELECT FROM mfa_authenticator m WHERE m.user_id = u.id AND m.type = 'totp'),
    coalesce((SELECT settings -> 'second_factor_roles' FROM places_city), '[]') @> to_jsonb(p.role::text)
FROM accounts_user u
{_HELD}
WHERE u.id = %(user)s AND u.is_active
ORDER BY p.id
"""
_POSTS = f"""
SELECT p.code, p.name, p.role, p.axis, o.code, o.name, o.names::json, a.code, a.name, a.names::json
FROM accounts_user u
{_HELD}
JOIN accounts_organisation o ON o.id = p.organisation_id
LEFT JOIN places_area a ON a.id = p.area_id
WHERE u.id = %(user)s AND u.is_active
ORDER BY p.id
"""
_DEMO_LOGINS = """
SELECT u.username, p.code, p.name, p.role, p.axis, o.code, o.name, o.names::json, a.code, a.name, a.names::json
FROM places_city c
JOIN accounts_user u ON c.made_by_demo AND u.demo AND u.is_active
JOIN accounts_tenure h ON h.user_id = u.id AND h.valid_from <= %(at)s AND (h.valid_to IS NULL OR h.valid_to > %(at)s)
JOIN accounts_post p ON p.id = h.post_id
    AND daterange(p.valid_from, p.valid_to) @> (%(at)s::timestamptz AT TIME ZONE c.zone)::date
JOIN accounts_organisation o ON o.id = p.organisation_id
LEFT JOIN places_area a ON a.id = p.area_id
ORDER BY p.id
"""


class Named(NamedTuple):
    """A code with its name, and that name in other languages."""

    code: str
    name: str
    names: dict[str, str]


class PostLine(NamedTuple):
    """A post as its holder reads it; `area` None is the whole city."""

    code: str
    name: str
    role: str
    axis: str
    organisation: Named
    area: Named | None


class DemoLogin(NamedTuple):
    username: str
    post: PostLine


class SignedIn(NamedTuple):
    """Who a session belongs to. `second_factor`: there is one; `owes_second_factor`: a post asks for one, none is."""

    actor: Actor
    username: str
    second_factor: bool
    owes_second_factor: bool


def digest_of(secret: str) -> str:
    """What is kept of a token's secret: 64 hexadecimal digits."""
    return sha256(secret.encode()).hexdigest()


def actor_of_token(secret: str, at: datetime) -> Actor | None:
    """Who signs in with this token, with the posts held at `at`; one SQL statement.

    None when the token is unknown or has expired or its user is switched off. A user without a post is
    somebody, who may do nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ACTOR_OF_TOKEN, {"digest": digest_of(secret), "at": at})
        rows = cursor.fetchall()
    return _actor(rows) if rows else None


def signed_in(user: int, at: datetime) -> SignedIn | None:
    """The user of a session with the posts held at `at`; one SQL statement. None when switched off."""
    with connection.cursor() as cursor:
        cursor.execute(_SIGNED_IN, {"user": user, "at": at})
        rows = cursor.fetchall()
    if not rows:
        return None
    second_factor = rows[0][8]
    return SignedIn(_actor(rows), rows[0][1], second_factor, not second_factor and any(row[9] for row in rows))


def actor_of_user(user: int, at: datetime) -> Actor | None:
    """The same as `actor_of_token` for somebody who is known already."""
    found = signed_in(user, at)
    return found.actor if found else None


def posts_of(user: int, at: datetime) -> list[PostLine]:
    """The posts that a user holds at `at`, with their organisations and areas; one SQL statement."""
    with connection.cursor() as cursor:
        cursor.execute(_POSTS, {"user": user, "at": at})
        return [_post_line(*row) for row in cursor.fetchall()]


def demo_logins(at: datetime) -> list[DemoLogin]:
    """The demo accounts of a database that `demo` made, with their posts; none in any other. One SQL statement."""
    with connection.cursor() as cursor:
        cursor.execute(_DEMO_LOGINS, {"at": at})
        rows = cursor.fetchall()
    return [DemoLogin(row[0], _post_line(*row[1:])) for row in rows]


def demo_accounts_strayed() -> bool:
    """Whether demo accounts exist in a database that `demo` did not make."""
    made = City.objects.filter(made_by_demo=True).exists()
    return not made and User.objects.filter(demo=True).exists()


def user_of(actor: Actor) -> int:
    """The id of the user who acts. Denied for the system's own actors, which own nothing."""
    kind, _, number = actor.key.partition(":")
    if kind != "user":
        raise Denied("not_a_user")
    return int(number)


def names_of(keys: Iterable[str]) -> dict[str, str]:
    """What the persons among actors' keys are called; one statement."""
    ids = [int(key.removeprefix("user:")) for key in keys if key.startswith("user:")]
    rows = User.objects.filter(pk__in=ids).values_list("id", "first_name", "username")
    return {f"user:{pk}": first or username for pk, first, username in rows}


def filters_of(actor: Actor, page: str = "") -> list[SavedFilter]:
    """The filters this user has saved, of one page or of all; one SQL statement."""
    found = SavedFilter.objects.filter(user=user_of(actor)).order_by("page", "name")
    return list(found.filter(page=page) if page else found)


def _actor(rows: Sequence[Sequence[Any]]) -> Actor:
    user, username, name = rows[0][:3]
    return Actor(f"user:{user}", name or username, tuple(_held(*row[3:8]) for row in rows if row[3] is not None))


def _post_line(code: str, name: str, role: str, axis: str, *places: Any) -> PostLine:
    organisation, area = Named(*places[:3]), Named(*places[3:])
    return PostLine(code, name, role, axis, organisation, area if area.code else None)


def _held(code: str, role: str, axis: str, organisation: int, area: int | None) -> HeldPost:
    known = ROLES.get(role)  # a role this version does not know allows nothing
    permissions = known.permissions if known else frozenset()
    handles = known.handles if known else False
    return HeldPost(code, axis, permissions, organisation, area, handles=handles, role=role)
