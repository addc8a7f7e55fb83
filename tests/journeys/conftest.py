"""A small city, empty and with its history."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from cityloop.config import replaying
from cityloop.config.pack import reading
from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.ground.accounts.actions import give_tenure, make_token, make_user
from cityloop.ground.accounts.models import Post, User
from cityloop.ground.accounts.roles import ROLES
from cityloop.loop.history import replay
from cityloop.loop.history.replay import Replayed
from journeys.command import TINY, inline_pool

JUNE = datetime(2025, 6, 2, 8, 0, tzinfo=UTC)
"""After the end of the tiny city's history, and a Monday."""


@pytest.fixture
def own_clock() -> Iterator[None]:
    """The clock may be moved; the next test finds it right."""
    yield
    clock.set_shift(timedelta(0))


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Histories are replayed without other processes, which could not see the test's transaction."""
    monkeypatch.setattr(replay, "_pool", inline_pool)


@pytest.fixture
def tiny_city(db: None, own_clock: None) -> Pack:
    """The tiny pack applied; its clock shows a Monday in June."""
    clock.set_shift(JUNE - datetime.now(UTC))
    pack = reading.load(TINY)
    apply(pack, actor=SYSTEM, at=clock.now())
    return pack


@pytest.fixture
def tiny_replayed(tiny_city: Pack, inline: None) -> Replayed:
    """The tiny city with its history taken in and sealed."""
    return take(tiny_city)


@pytest.fixture
def desk_city(db: None, own_clock: None, tmp_path: Path) -> Pack:
    """The tiny city with a person at every desk: no step is taken by itself, and each role has its post."""
    return with_desks(tmp_path)


STRICT = """
  loop:
    return_within: {value: 4, unit: wh}
    feedback: required
    proof: required
    near_m: 300
    redo_within: {value: 7, unit: d}
    published_on: 5
"""
"""A city that asks for everything that can be asked for."""


@pytest.fixture
def strict_city(db: None, own_clock: None, tmp_path: Path) -> Pack:
    """The same, where windows are short, proof is asked for, and results are fed back before they are checked."""
    return with_desks(tmp_path, STRICT, rules={"photos": "after"})


def with_desks(
    tmp_path: Path,
    settings: str = "",
    *,
    rules: Mapping[str, str] = {},
    units: Sequence[tuple[str, str]] = (),
    otherwise: Mapping[str, str] = {},
    at: datetime = JUNE,
) -> Pack:
    """The tiny city applied with a post for each role, and with more settings; its clock shows a Monday in June.

    `rules`: what every rule of its book says besides. `units`: more of them, each with the one above it. `otherwise`:
    what its pack says instead.
    """
    clock.set_shift(at - datetime.now(UTC))
    folder = shutil.copytree(TINY, tmp_path / "desk")
    pack = folder / "pack.yaml"
    text = pack.read_text(encoding="utf-8")
    assert "opens_itself: [register, file, dispatch]" in text
    text = text.replace("opens_itself: [register, file, dispatch]", f"opens_itself: []{settings.rstrip()}")
    for said, instead in otherwise.items():
        assert said in text
        text = text.replace(said, instead)
    pack.write_text(text, encoding="utf-8")
    with (folder / "organisations.csv").open("a", encoding="utf-8") as table:
        table.writelines(f"{unit},{unit.title()},{unit},unit,{above},\n" for unit, above in units)
    if rules:
        first, *lines = (folder / "rules.csv").read_text(encoding="utf-8").splitlines()
        told = [",".join((first, *rules)), *(",".join((line, *rules.values())) for line in lines)]
        (folder / "rules.csv").write_text("\n".join(told) + "\n", encoding="utf-8")
    posts = [("code", "name", "role", "organisation", "area")]
    posts += [(role, role, role, "centre", "") for role in ROLES if role != "handler"]
    handling = ("roads", "parks", *(unit for unit, _ in units))
    posts += [(f"handler-{place}", f"Handler of {place}", "handler", place, "") for place in handling]
    (folder / "posts.csv").write_text("".join(",".join(post) + "\n" for post in posts), encoding="utf-8")
    found = reading.load(folder)
    apply(found, actor=SYSTEM, at=clock.now())
    return found


@dataclass
class Person:
    """Somebody who holds one post and speaks to the API in English."""

    headers: dict[str, str]

    def get(self, path: str) -> Any:
        return Client().get(f"/api{path}", headers=self.headers)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        return Client().post(f"/api{path}", body, content_type="application/json", headers=self.headers)


def holder_of(post: str) -> Person:
    user = make_user(f"holder of {post}", actor=SYSTEM)
    give_tenure(user, Post.objects.get(code=post), actor=SYSTEM, at=clock.now() - timedelta(days=1))
    secret = make_token(user, actor=SYSTEM, at=clock.now())
    return Person({"Authorization": f"Bearer {secret}", "Accept-Language": "en"})


def nobody() -> Person:
    """Somebody who has signed in and holds no post."""
    user = User.objects.filter(username="nobody").first() or make_user("nobody", actor=SYSTEM)
    secret = make_token(user, actor=SYSTEM, at=clock.now())
    return Person({"Authorization": f"Bearer {secret}", "Accept-Language": "en"})


def take(pack: Pack, **changes: Any) -> Replayed:
    """Replay the history of a pack; all of it unless `until` or `limit` say otherwise."""
    wanted = {"file": None, "until": None, "limit": None, "told": untold} | changes
    return replaying.take_history(pack, **wanted)


def untold(_name: str, _total: int | None) -> replay.Progress:
    return lambda _count: None
