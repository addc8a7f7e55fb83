"""Who somebody is at an instant."""

from datetime import datetime
from hashlib import sha256

from django.db import connection

from cityloop.core.actor import Actor, HeldPost
from cityloop.ground.accounts.roles import ROLES

_ACTOR_OF_TOKEN = """
SELECT u.id, u.username, u.first_name, p.code, p.role, p.axis, p.organisation_id, p.area_id
FROM accounts_token t
JOIN accounts_user u ON u.id = t.user_id AND u.is_active
LEFT JOIN (accounts_tenure h JOIN accounts_post p ON p.id = h.post_id)
    ON h.user_id = u.id
    AND h.valid_from <= %(at)s AND (h.valid_to IS NULL OR h.valid_to > %(at)s)
    AND daterange(p.valid_from, p.valid_to) @>
        (%(at)s::timestamptz AT TIME ZONE coalesce((SELECT zone FROM places_city), 'UTC'))::date
WHERE t.digest = %(digest)s AND (t.expires_at IS NULL OR t.expires_at > %(at)s)
ORDER BY p.id
"""


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
    if not rows:
        return None
    user, username, name = rows[0][:3]
    return Actor(f"user:{user}", name or username, tuple(_held(*row[3:]) for row in rows if row[3] is not None))


def _held(code: str, role: str, axis: str, organisation: int, area: int | None) -> HeldPost:
    known = ROLES.get(role)  # a role this version does not know allows nothing
    permissions = known.permissions if known else frozenset()
    return HeldPost(code, axis, permissions, organisation, area, handles=known.handles if known else False)
