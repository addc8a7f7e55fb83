"""Demo accounts: one per post, in a database that `demo` made, and nowhere else."""

import os
import stat
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cityloop.config import commands, demo, session
from cityloop.config.pack import reading
from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Refused
from cityloop.ground.accounts import actions
from cityloop.ground.accounts.models import Post, Tenure, User
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.places.models import City

TINY = Path(__file__).resolve().parent.parent / "packs" / "tiny"
EN = {"Accept-Language": "en"}


@pytest.fixture(autouse=True)
def _quick(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(scope="module")
def pack() -> Pack:
    return reading.load(TINY)


def test_every_post_has_its_log_in_which_stands_on_the_sign_in_page(db: None, pack: Pack) -> None:
    demo.prepare(pack)
    listed = Client().get("/api/demo-logins", headers=EN).json()
    assert {one["username"] for one in listed} == set(Post.objects.values_list("code", flat=True))
    assert {one["password"] for one in listed} == {demo.PASSWORD}
    acceptor = next(one for one in listed if one["role"] == "acceptor")
    assert (acceptor["role_title"], acceptor["area"]) == ("Acceptor", None)
    browser = Client()
    body = {"username": acceptor["username"], "password": acceptor["password"]}
    answer = browser.post("/_allauth/browser/v1/auth/login", body, content_type="application/json")
    assert answer.status_code == 200
    assert browser.get("/api/me").json()["permissions"] == sorted(ROLES["acceptor"].permissions)


def test_doing_it_again_makes_only_what_is_missing(db: None, pack: Pack) -> None:
    made = demo.prepare(pack)
    assert made == Post.objects.count() == Tenure.objects.count()
    assert demo.prepare(pack) == 0
    Tenure.objects.filter(user__username="auditor").delete()
    User.objects.filter(username="auditor").delete()
    assert demo.prepare(pack) == 1


def test_a_city_that_was_there_before_gets_no_accounts(db: None, pack: Pack) -> None:
    apply(pack, actor=SYSTEM, at=clock.now())
    assert demo.prepare(pack) == 0
    assert not User.objects.exists()
    with pytest.raises(Refused, match="Demo accounts may exist only"):
        actions.make_demo_users("x", actor=SYSTEM)
    assert not User.objects.exists()


def test_what_is_not_a_demo_is_not_served_with_demo_accounts(db: None, pack: Pack, monkeypatch: Any) -> None:
    served: list[str] = []

    def serve(host: str, *_: Any, **__: Any) -> int:
        served.append(host)
        return 0

    monkeypatch.setattr("cityloop.config.serve.serve", serve)
    demo.prepare(pack)
    commands.serve("127.0.0.1", 0)
    City.objects.update(made_by_demo=False)
    assert Client().get("/api/demo-logins", headers=EN).json() == []
    with pytest.raises(Refused, match="which `cityloop demo` did not make"):
        commands.serve("127.0.0.1", 0)
    assert served == ["127.0.0.1"]


def test_the_password_that_everybody_knows_stays(db: None, pack: Pack) -> None:
    demo.prepare(pack)
    browser = Client(headers=EN)
    user = User.objects.get(username="acceptor")
    browser.force_login(user)
    body = {"current_password": demo.PASSWORD, "new_password": "mine-alone-from-now"}
    answer = browser.post("/_allauth/browser/v1/account/password/change", body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "demo_password_fixed"
    with pytest.raises(Refused, match="shown to everybody"):
        actions.set_password(user, "mine-alone-from-now", actor=SYSTEM)
    assert User.objects.get(pk=user.pk).check_password(demo.PASSWORD)


def test_the_packs_that_come_along_have_a_post_for_every_desk() -> None:
    """Every role that a person plays, a collector of one district, and handlers."""
    for folder in sorted(path for path in commands.PACKS[1].iterdir() if (path / reading.FILE).is_file()):
        posts = reading.load(folder).posts
        assert {post.role for post in posts} >= set(ROLES) - {"machine"}
        assert any(post.role == "collector" and post.area for post in posts)
        assert sum(post.role == "handler" for post in posts) >= 3


def test_the_embedded_database_keeps_its_secret_to_itself(tmp_path: Path) -> None:
    secret = session._secret(tmp_path)
    assert len(secret) >= 32
    assert session._secret(tmp_path) == secret
    assert os.listdir(tmp_path) == ["secret"]
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_demo_posts_were_held_before_the_citys_now(db: None, pack: Pack) -> None:
    """So that they hold however far back its clock is set."""
    demo.prepare(pack)
    assert all(begun < clock.now() - timedelta(days=1) for begun in Tenure.objects.values_list("valid_from", flat=True))
