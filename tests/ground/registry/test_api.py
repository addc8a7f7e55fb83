"""Layers and objects through the API."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import shapely
from django.test import Client
from journeys.conftest import Person, holder_of, nobody

from cityloop.config.pack.reading import Pack
from cityloop.core.actor import SYSTEM
from cityloop.ground.registry.inventory import put_layers, take_objects
from cityloop.ground.registry.objects import LayerData, ObjectData


@pytest.fixture
def person(tiny_city: Pack) -> Person:
    put_layers([LayerData("toilets", "Public toilets", {"zh": "公厕"}, "point")], actor=SYSTEM)
    rows = [
        ObjectData(n, f"T{n}", "", shapely.to_wkb(shapely.Point(10 + n / 1000, 50)), (10 + n / 1000, 50) * 2, "{}", "",
                   None, None, None, None, None)
        for n in range(1, 6)
    ]  # fmt: skip
    take_objects("toilets", rows, whole=True, actor=SYSTEM, day=date(2025, 3, 1), at=datetime(2025, 3, 1, tzinfo=UTC))
    return holder_of("acceptor")


def codes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    found = answer.json()
    return [row["code"] for row in (found["objects"] if isinstance(found, dict) else found)]


def test_layers_come_in_the_readers_language(person: Person) -> None:
    (layer,) = person.get("/layers").json()
    assert (layer["name"], layer["objects"]) == ("Public toilets", 5)


def test_objects_come_in_pages_by_box_and_by_distance(person: Person) -> None:
    first = person.get("/objects?layer=toilets&limit=3")
    assert (codes(first), first.json()["next"]) == (["T1", "T2", "T3"], "T3")
    rest = person.get("/objects?layer=toilets&limit=3&after=T3")
    assert (codes(rest), rest.json()["next"]) == (["T4", "T5"], None)
    assert codes(person.get("/objects?layer=toilets&box=10.0015,49,10.0035,51")) == ["T2", "T3"]
    assert codes(person.get("/objects/nearest?layer=toilets&lon=10.0049&lat=50&limit=2")) == ["T5", "T4"]


def test_one_object_says_how_it_came_to_be(person: Person) -> None:
    one = person.get("/objects/by-code/T2").json()
    assert one["geometry"] == {"type": "Point", "coordinates": [10.002, 50.0]}
    assert [(row["kind"], row["day"]) for row in one["changes"]] == [("new", "2025-03-01")]


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/objects?layer=none", 404, "layer_unknown"),
        ("/objects?layer=toilets&box=1,2,3", 422, "box_unreadable"),
        ("/objects?layer=toilets&box=11,50,10,51", 422, "box_unreadable"),
        ("/objects?layer=toilets&box=nan,50,10,51", 422, "box_unreadable"),
        ("/objects/by-code/none", 404, "object_unknown"),
    ],
)
def test_what_is_not_there_is_said(person: Person, path: str, status: int, code: str) -> None:
    answer = person.get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_who_may_not_sees_nothing(person: Person) -> None:
    assert Client().get("/api/layers").status_code == 401
    assert nobody().get("/layers").status_code == 403
