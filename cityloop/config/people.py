"""What the verbs of `cityloop account` do: users, what they hold, how they sign in. Changes are the system's own."""

from collections.abc import Sequence
from datetime import datetime
from secrets import token_urlsafe

from django.db import transaction

from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Unknown
from cityloop.ground.accounts import actions
from cityloop.ground.accounts.models import Post, User


@transaction.atomic
def make_token(name: str, posts: Sequence[str]) -> str:
    """A user (made when new) who holds these posts, and a fresh secret for the API; all of it or nothing."""
    now = clock.now()
    return actions.make_token(_holder(name, posts, now), actor=SYSTEM, at=now)


@transaction.atomic
def make_password(name: str, posts: Sequence[str]) -> str:
    """A user (made when new) who holds these posts, and a fresh password; all of it or nothing."""
    password = token_urlsafe(12)
    actions.set_password(_holder(name, posts, clock.now()), password, actor=SYSTEM)
    return password


def switch_off(name: str) -> None:
    """Let a user sign in no more; every session ends."""
    user = User.objects.filter(username=name).first()
    if user is None:
        raise Unknown("user_unknown", user=name)
    actions.switch_off(user, actor=SYSTEM)


def _holder(name: str, posts: Sequence[str], now: datetime) -> User:
    user = User.objects.filter(username=name).first() or actions.make_user(name, actor=SYSTEM)
    for code in posts:
        post = Post.objects.filter(code=code).first()
        if post is None:
            raise Unknown("post_unknown", post=code)
        actions.give_tenure(user, post, actor=SYSTEM, at=now)
    return user
