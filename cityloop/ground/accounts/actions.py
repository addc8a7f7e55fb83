"""The only writers of users, passwords, tenures, tokens and saved filters."""

from collections.abc import Sequence
from datetime import datetime, time
from secrets import token_urlsafe
from zoneinfo import ZoneInfo

from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, Q

from cityloop.core.actor import Actor
from cityloop.core.errors import Conflict, Refused, Unknown
from cityloop.ground.accounts.models import Post, SavedFilter, Tenure, Token, User
from cityloop.ground.accounts.queries import digest_of, user_of
from cityloop.ground.places.models import City

MOST_FILTERS = 100
"""Filters that one user may keep."""


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
def name_user(user: User, name: str, *, actor: Actor) -> None:
    """Call a user otherwise; the user name stays."""
    actor.require("accounts.manage")
    User.objects.filter(pk=user.pk).update(first_name=name)


@transaction.atomic
def set_password(user: User, password: str, *, actor: Actor) -> None:
    """Give a user a new password; every session made before ends. Refused when it is too weak, or shown to all."""
    actor.require("accounts.manage")
    present = User.objects.select_for_update(no_key=True).get(pk=user.pk)
    if present.demo:
        raise Refused("demo_password_fixed", user=present.username)
    try:
        validate_password(password, present)
    except ValidationError as error:
        raise Refused("password_weak", reason=" ".join(error.messages)) from error
    present.set_password(password)
    present.save(update_fields=["password"])


@transaction.atomic
def switch_off(user: User, *, actor: Actor) -> None:
    """Let a user sign in no more, and end every session for good. Tokens answer no more while the user is off."""
    actor.require("accounts.manage")
    User.objects.filter(pk=user.pk, is_active=True).update(is_active=False, sign_ins_ended=F("sign_ins_ended") + 1)


@transaction.atomic
def switch_on(user: User, *, actor: Actor) -> None:
    """Let a user sign in again; sessions that ended stay ended."""
    actor.require("accounts.manage")
    User.objects.filter(pk=user.pk).update(is_active=True)


@transaction.atomic
def drop_second_factor(user: User, *, actor: Actor) -> None:
    """Forget a lost second factor and its recovery codes; every session made before ends."""
    actor.require("accounts.manage")
    Authenticator.objects.filter(user_id=user.pk).delete()
    User.objects.filter(pk=user.pk).update(sign_ins_ended=F("sign_ins_ended") + 1)


@transaction.atomic
def make_demo_users(password: str, *, actor: Actor) -> int:
    """One user for each post that is in force and has no demo user yet, named like it; how many were made.

    Each holds its post since the post began. Refused in a database that `demo` did not make.
    """
    actor.require("accounts.manage")
    city = City.objects.select_for_update().filter(made_by_demo=True).first()
    if city is None:
        raise Refused("demo_elsewhere")
    taken = set(User.objects.values_list("username", flat=True))
    posts = [post for post in Post.objects.filter(valid_to=None).order_by("id") if post.code not in taken]
    hashed = make_password(password)
    users = User.objects.bulk_create(
        User(username=post.code, first_name=post.name[:150], password=hashed, demo=True) for post in posts
    )
    zone = ZoneInfo(city.zone)
    Tenure.objects.bulk_create(
        Tenure(user=user, post=post, valid_from=datetime.combine(post.valid_from, time.min, zone))
        for user, post in zip(users, posts, strict=True)
    )
    return len(users)


@transaction.atomic
def save_filter(page: str, name: str, query: str, *, actor: Actor) -> SavedFilter:
    """Keep a filter under a name; the one of that name on that page gives way. Refused beyond MOST_FILTERS."""
    owner = user_of(actor)
    User.objects.select_for_update(no_key=True).get(pk=owner)
    known = SavedFilter.objects.filter(user=owner)
    if known.count() >= MOST_FILTERS and not known.filter(page=page, name=name).exists():
        raise Refused("filters_full", most=MOST_FILTERS)
    kept, _ = SavedFilter.objects.update_or_create(user_id=owner, page=page, name=name, defaults={"query": query})
    return kept


@transaction.atomic
def drop_filter(number: int, *, actor: Actor) -> None:
    """Forget a filter of one's own; Unknown for everybody else's."""
    if not SavedFilter.objects.filter(pk=number, user=user_of(actor)).delete()[0]:
        raise Unknown("filter_unknown", filter=number)


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
