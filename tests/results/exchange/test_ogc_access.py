"""Who gets what at /ogc: public layers and divisions for everybody, the rest for who has signed in and may see it."""

from typing import Any

import pytest
import shapely
from django.contrib.auth import get_user_model
from django.test import Client
from journeys.conftest import Person, holder_of, nobody

from cityloop.config.pack.reading import Pack
from cityloop.core.actor import SYSTEM
from cityloop.ground.accounts.actions import give_tenure, make_token, make_user
from cityloop.ground.accounts.models import Post
from cityloop.ground.accounts.structure import PostData, put_posts

from .conftest import DAY, put

PUBLIC = ["toilets", "roads", "greens", "areas-division-city", "areas-division-district"]
WEST, EAST = shapely.Point(10.002, 50.005), shapely.Point(10.018, 50.009)


@pytest.fixture(autouse=True)
def _filled(layered: Pack) -> None:
    put("lids", {"L1": WEST, "L2": EAST}, areas={"L1": "990100001", "L2": "990100002"})


def ask(path: str, person: Person | None = None, **query: str) -> Any:
    return Client().get(f"/ogc{path}", query, headers=person.headers if person else {"Accept-Language": "en"})


def listed(person: Person | None = None) -> list[str]:
    return [one["id"] for one in ask("/collections", person).json()["collections"]]


def in_the_west() -> Person:
    """Somebody whose post is in the western district."""
    put_posts([PostData("west", "West", "collector", "centre", "division:990100001")], actor=SYSTEM, begins=DAY)
    return holder_of("west")


def test_everybody_sees_public_layers_and_divisions() -> None:
    assert listed() == PUBLIC
    assert "lids" not in str(ask("/api").content)


def test_who_has_signed_in_sees_the_rest() -> None:
    person = holder_of("acceptor")
    assert listed(person) == ["toilets", "lids", *PUBLIC[1:], "grids-unit"]
    assert ask("/collections/lids/items", person).json()["numberMatched"] == 2
    grids = ask("/collections/grids-unit/items", person, bbox="10.001,50.001,10.002,50.002").json()
    assert [one["id"] for one in grids["features"]] == ["990100001001"]
    assert grids["features"][0]["properties"]["parent"] == "990100001"


def test_a_post_of_an_area_sees_internal_objects_of_that_area() -> None:
    person = in_the_west()
    for query in ({}, {"bbox": "-180,-90,180,90"}, {"name": ""}):
        told = ask("/collections/lids/items", person, **query).json()
        assert ([one["id"] for one in told["features"]], told["numberMatched"]) == (["L1"], 1)
    assert ask("/collections/lids/items/L2", person).status_code == 404
    assert ask("/collections/lids", person).json()["extent"]["spatial"]["bbox"] == [[WEST.x, WEST.y, WEST.x, WEST.y]]


@pytest.mark.parametrize("path", ["/collections/lids", "/collections/lids/items", "/collections/lids/items/L1"])
def test_internal_layers_are_refused_to_others(path: str) -> None:
    answer = ask(path)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")
    answer = ask(path, nobody())
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")


def test_a_token_that_is_not_known_is_refused_and_not_ignored() -> None:
    answer = ask("/collections", Person({"Authorization": "Bearer nonsense"}))
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_a_session_of_a_browser_counts_too() -> None:
    user = make_user("sits at a desk", actor=SYSTEM)
    give_tenure(user, Post.objects.get(code="acceptor"), actor=SYSTEM, at=_long_ago())
    assert make_token(user, actor=SYSTEM, at=_long_ago())
    client = Client()
    client.force_login(get_user_model().objects.get(pk=user.pk), "allauth.account.auth_backends.AuthenticationBackend")
    assert "lids" in str(client.get("/ogc/collections").content)


def _long_ago() -> Any:
    from datetime import UTC, datetime

    return datetime(2025, 5, 1, tzinfo=UTC)
