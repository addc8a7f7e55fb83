"""Objects of a layer come as a whole file: compared, taken in, changed, moved, gone; and every step is kept."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any

import pytest
import shapely
from django.db import DatabaseError, connection, transaction

from cityloop.config.pack.reading import Pack
from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import CityloopError, Denied
from cityloop.ground.registry import stock
from cityloop.ground.registry.inventory import put_layers, take_objects
from cityloop.ground.registry.models import ObjectChange, UrbanObject
from cityloop.ground.registry.objects import LayerData, ObjectData, ObjectDifference

MARCH, MAY = date(2025, 3, 1), date(2025, 5, 1)
AT = datetime(2025, 5, 1, 8, tzinfo=UTC)
TOILETS = LayerData("toilets", "Public toilets", {"zh": "公厕"}, "point", class_code="0301")
LAMPS = LayerData("lamps", "Lamps", {}, "point", class_code="0102", position=1)


def thing(line: int, code: str, lon: float, lat: float, name: str = "", attributes: str = "{}") -> ObjectData:
    shape = shapely.to_wkb(shapely.Point(lon, lat))
    return ObjectData(line, code, name, shape, (lon, lat, lon, lat), attributes, "", None, None, None, None, None)


THREE = (thing(2, "T1", 10.001, 50.001, "Market"), thing(3, "T2", 10.002, 50.002), thing(4, "T3", 10.009, 50.009))


def take(rows: Iterable[ObjectData], layer: str = "toilets", **facts: Any) -> ObjectDifference:
    told: dict[str, Any] = {"whole": True, "actor": SYSTEM, "day": MARCH, "at": AT, "source": "toilets.csv"} | facts
    return take_objects(layer, rows, **told)


@pytest.fixture(autouse=True)
def layers(tiny_city: Pack) -> None:
    put_layers([TOILETS, LAMPS], actor=SYSTEM)


def test_a_file_is_taken_in_once() -> None:
    assert take(THREE, apply=False).counts == {"new": 3, "changed": 0, "moved": 0, "gone": 0}
    assert not UrbanObject.objects.exists()
    assert take(THREE).first == {"new": ["T1", "T2", "T3"]}
    assert take(THREE).counts == {"new": 0, "changed": 0, "moved": 0, "gone": 0}
    assert ObjectChange.objects.count() == 3
    assert [row["objects"] for row in stock.layers()] == [3, 0]


def test_what_changed_moved_and_went_is_told_and_kept() -> None:
    take(THREE)
    after = (thing(2, "T1", 10.001, 50.001, "Old market", '{"stalls": 4}'), thing(3, "T2", 10.0025, 50.002))
    found = take(after, day=MAY)
    assert (found.counts, found.first) == (
        {"new": 0, "changed": 1, "moved": 1, "gone": 1},
        {"changed": ["T1"], "moved": ["T2"], "gone": ["T3"]},
    )
    one = stock.one("T1")
    assert (one["name"], one["attributes"], one["valid_from"], one["valid_to"]) == (
        "Old market", {"stalls": 4}, MARCH, None
    )  # fmt: skip
    assert [(row["kind"], row["day"], row["by"], row["source"]) for row in one["changes"]] == [
        ("changed", MAY, SYSTEM.key, "toilets.csv"),
        ("new", MARCH, SYSTEM.key, "toilets.csv"),
    ]
    assert one["changes"][0]["before"]["name"] == "Market"
    moved = stock.one("T2")["changes"][0]["before"]["shape"]
    assert shapely.from_wkb(bytes.fromhex(moved)).equals(shapely.Point(10.002, 50.002))
    assert stock.one("T3")["valid_to"] == MAY
    assert take(after, day=MAY).counts == {"new": 0, "changed": 0, "moved": 0, "gone": 0}


def test_a_part_of_a_layer_leaves_the_rest() -> None:
    take(THREE)
    assert take(THREE[:1], whole=False).counts["gone"] == 0
    assert [row["code"] for row in stock.page(stock.layer("toilets").pk, 10)] == ["T1", "T2", "T3"]


def test_codes_of_other_layers_and_ended_ones_are_refused_and_nothing_is_done() -> None:
    take(THREE)
    take(THREE[:2], day=MAY)
    found = take([thing(7, "T3", 10.001, 50.002), thing(9, "T9", 10.003, 50.003)], whole=False, day=MAY)
    assert found.taken == [(7, "T3")]
    assert take([thing(2, "T1", 10.001, 50.001)], layer="lamps").taken == [(2, "T1")]
    assert UrbanObject.objects.count() == 3


def test_what_has_no_code_is_given_one_and_known_again() -> None:
    rows = [thing(2, "", 10.001, 50.001), thing(3, "9901000301000007", 10.002, 50.002), thing(4, "", 10.003, 50.003)]
    take(rows)
    codes = ["9901000301000007", "9901000301000008", "9901000301000009"]
    assert [row["code"] for row in stock.page(stock.layer("toilets").pk, 10)] == codes
    assert take(rows).counts == {"new": 0, "changed": 0, "moved": 0, "gone": 0}
    put_layers([LayerData("benches", "Benches", {}, "point")], actor=SYSTEM)
    with pytest.raises(CityloopError, match="Layer benches has no class code"):
        take([thing(2, "", 10.001, 50.001)], layer="benches")


def test_found_by_box_and_by_distance_in_one_statement_each(django_assert_num_queries: Any) -> None:
    take(THREE)
    toilets = stock.layer("toilets").pk
    with django_assert_num_queries(1):
        assert [row["code"] for row in stock.in_box(toilets, (10.0, 50.0, 10.005, 50.005), 10)] == ["T1", "T2"]
    with django_assert_num_queries(1):
        assert [row["code"] for row in stock.nearest(toilets, 10.008, 50.008, 2)] == ["T3", "T2"]


def test_the_census_counts_and_compares_two_days() -> None:
    take(THREE)
    take(THREE[:2], day=MAY)
    assert stock.census(MAY, MARCH) == [{"area": None, "layer": "toilets", "value": "", "count": 2, "before": 3}]


def test_changes_are_never_edited_and_not_everybody_may_write() -> None:
    take(THREE)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        ObjectChange.objects.all().delete()
    with pytest.raises(Denied):
        take(THREE, actor=Actor("user:1", "x"))
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('registry_incoming')")
        assert cursor.fetchone() == (None,)
