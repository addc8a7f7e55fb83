"""The only writers of users, tenures and tokens."""

from collections.abc import Sequence
from datetime import datetime
from secrets import token_urlsafe

from django.db import transaction
from django.db.models import Q

from cityloop.core.actor import Actor
from cityloop.core.errors import Conflict, Refused, Unknown
from cityloop.ground.accounts.models import Post, Tenure, Token, User
from cityloop.ground.accounts.queries import digest_of
from cityloop.ground.places.models import City


@transaction.atomic
def make_user(username: str, *, actor: Actor, name: str = "") -> User:
    """A person or machine without a password: it signs in with tokens. Conflict when the name is taken."""
    actor.require("accounts.manage")
    user, made = User.objects.get_or_create(
        username=username, defaults={"first_name": name, "password": "!", "is_active": True}
    )
    if not made:
        raise Conflict("user_taken", user=username)
    return user


@transaction.atomic
def give_tenure(user: User, post: Post, *, actor: Actor, at: datetime, until: datetime | None = None) -> Tenure:
    """Let `user` hold `post` from `at` (until `until`). Giving what is already held changes nothing.

    Refused when the user holds, at any instant of that time, a post on the other axis, unless the city's
    setting `axes_merged` allows it.
    """
    actor.require("accounts.manage")
    if until is not None and until <= at:
        raise Refused("fact_wrong", fact="until", value=until.isoformat())
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    overlapping = _overlapping(user, at, until)
    for held in overlapping:
        if held.post_id == post.pk:
            return held
    other = [held.post.code for held in overlapping if held.post.axis != post.axis]
    if other and not _axes_merged():
        raise Refused("axes_mixed", user=user.username, post=post.code, other=", ".join(other))
    return Tenure.objects.create(user=user, post=post, valid_from=at, valid_to=until)


def _overlapping(user: User, start: datetime, end: datetime | None) -> Sequence[Tenure]:
    tenures = Tenure.objects.select_related("post").filter(user=user).order_by("valid_from", "id")
    tenures = tenures.filter(Q(valid_to=None) | Q(valid_to__gt=start))
    return list(tenures if end is None else tenures.filter(valid_from__lt=end))


def _axes_merged() -> bool:
    settings = City.objects.values_list("settings", flat=True).first() or {}
    return bool(settings.get("axes_merged"))


@transaction.atomic
def end_tenure(tenure: Tenure, *, actor: Actor, at: datetime) -> None:
    """Let a tenure end at `at`; one that ends earlier stays as it is."""
    actor.require("accounts.manage")
    Tenure.objects.filter(Q(valid_to=None) | Q(valid_to__gt=at), pk=tenure.pk).update(valid_to=at)


@transaction.atomic
def make_token(user: User, *, actor: Actor, at: datetime, expires_at: datetime | None = None, label: str = "") -> str:
    """A new sign-in for `user`. The secret is returned this once; only its digest is kept."""
    actor.require("accounts.manage")
    secret = "cl_" + token_urlsafe(32)
    Token.objects.create(digest=digest_of(secret), user=user, label=label, made_at=at, expires_at=expires_at)
    return secret


@transaction.atomic
def revoke_token(digest: str, *, actor: Actor, at: datetime) -> None:
    """End the token with this digest at `at`; one that ended earlier stays as it is."""
    actor.require("accounts.manage")
    token = Token.objects.select_for_update().filter(pk=digest).first()
    if token is None:
        raise Unknown("token_unknown", digest=digest[:12])
    if token.expires_at is None or token.expires_at > at:
        token.expires_at = at
        token.save(update_fields=["expires_at"])
