"""A small city with people at its desks and a few cases, and what looks at it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from journeys.conftest import Person, desk_city, holder_of, own_clock

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import Actor, HeldPost
from cityloop.ground.accounts.models import Organisation
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.places.models import Area
from cityloop.results.cockpit import scope, tiles, wall
from cityloop.results.cockpit.scope import view_token

__all__ = ["desk_city", "own_clock"]

WEST, EAST = (10.002, 50.005), (10.018, 50.009)
REPORT = {"channel": "app", "category": "0101", "words": "Deep hole"}
LINE: list[tuple[str, str, dict[str, str], str]] = [
    ("register", "acceptor", {}, "registered"),
    ("file", "shift_leader", {}, "filed"),
    ("dispatch", "dispatcher", {}, "dispatched"),
    ("sign_for", "handler", {}, "handling"),
    ("handle", "handler", {"result": "Filled and level"}, "handled"),
    ("check", "collector", {"verdict": "solved"}, "checked"),
    ("close", "shift_leader", {"closing_kind": "solved"}, "closed"),
]


@dataclass
class Desk:
    """Opens cases and brings them round the loop, each step by whoever may take it."""

    people: dict[str, Person] = field(default_factory=dict)

    def person(self, post: str) -> Person:
        if post not in self.people:
            self.people[post] = holder_of(post)
        return self.people[post]

    def opened(self, place: tuple[float, float] = WEST, **changes: Any) -> str:
        body = REPORT | {"lon": place[0], "lat": place[1]} | changes
        answer = self.person("machine").post("/reports", body)
        assert answer.status_code == 201, answer.content
        case = answer.json()["case"]
        assert isinstance(case, str)
        return case

    def step(self, case: str, name: str, post: str, **facts: str) -> None:
        answer = self.person(post).post(f"/cases/{case}/steps", {"step": name, **facts})
        assert answer.status_code == 200, answer.content

    def brought(self, case: str, state: str, unit: str = "roads") -> str:
        """The case in this state, by way of this unit."""
        for name, post, facts, after in LINE:
            told = facts | ({"organisation": unit} if name == "dispatch" else {})
            self.step(case, name, f"handler-{unit}" if post == "handler" else post, **told)
            if after == state:
                break
        return case


@pytest.fixture
def desk(desk_city: Pack) -> Desk:
    return Desk()


@pytest.fixture(autouse=True)
def _nothing_kept() -> Iterator[None]:
    """Figures are kept for seconds, and a test takes less."""
    yield
    forget()
    scope._kept.clear()


def forget() -> None:
    tiles._kept.clear()
    wall._kept.clear()
    wall._rates.clear()


def later(**passed: float) -> None:
    clock.set_shift(clock.shift() + timedelta(**passed))
    forget()


def post(role: str, *, organisation: str = "", area: str = "") -> HeldPost:
    """A post of this role; a handler's of an organisation."""
    known = ROLES[role]
    return HeldPost(
        role,
        known.axis,
        known.permissions,
        Organisation.objects.get(code=organisation).pk if organisation else None,
        Area.objects.get(code=area).pk if area else None,
        handles=known.handles,
    )


def token(role: str, *, organisation: str = "", area: str = "") -> str:
    return view_token(Actor("user:0", "somebody", (post(role, organisation=organisation, area=area),)))


def get(path: str, **query: str) -> Any:
    return Client().get(f"/api{path}", query, headers={"Accept-Language": "en"})
