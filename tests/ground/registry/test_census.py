"""The census through the API: area by area, layer by layer, and as tables."""

import csv
import io
from datetime import UTC, date, datetime
from typing import Any

import openpyxl
import pytest
import shapely
from journeys.conftest import Person, holder_of, nobody

from cityloop.config.pack.reading import Pack
from cityloop.core.actor import SYSTEM
from cityloop.ground.places.models import Area
from cityloop.ground.registry.inventory import put_layers, take_objects
from cityloop.ground.registry.objects import LayerData, ObjectData

MARCH, MAY = date(2025, 3, 1), date(2025, 5, 1)
SCHEMA = {
    "type": "object",
    "properties": {
        "grade": {"type": "string", "title": "Grade", "titles": {"zh": "等级"}, "enum": ["first", "second"]},
        "stalls": {"type": "integer", "title": "Stalls"},
    },
}


def thing(line: int, area: int | None, grade: str = "first", state: str = "open") -> ObjectData:
    lon, lat = 10 + line / 1000, 50.001
    shape = shapely.to_wkb(shapely.Point(lon, lat))
    told = f'{{"grade": "{grade}"}}'
    return ObjectData(line, f"T{line}", "", shape, (lon, lat, lon, lat), told, state, None, None, None, area, None)


@pytest.fixture
def reader(desk_city: Pack) -> Person:
    put_layers([LayerData("toilets", "Public toilets", {"zh": "公厕"}, "point", attributes=SCHEMA),
                LayerData("lamps", "Lamps", {}, "point", position=1)], actor=SYSTEM)  # fmt: skip
    west, east = (Area.objects.get(code=code).pk for code in ("990100001", "990100002"))
    facts: dict[str, Any] = {"actor": SYSTEM, "at": datetime(2025, 3, 1, tzinfo=UTC), "whole": True}
    before = [thing(1, west), thing(2, west, "second"), thing(3, east), thing(4, None)]
    take_objects("toilets", before, day=MARCH, **facts)
    take_objects("toilets", [*before[1:], thing(5, east, state="shut"), thing(6, east)], day=MAY, **facts)
    return holder_of("acceptor")


def asked(person: Person, query: str = "") -> Any:
    answer = person.get(f"/objects/census?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def figures(lines: list[dict[str, Any]], layer: str = "toilets") -> dict[str, tuple[int, int]]:
    return {line["area"]: (line["count"], line["before"]) for line in lines if line["layer"] == layer}


def test_a_city_is_counted_with_its_parts_and_what_lies_in_none(reader: Person) -> None:
    found = asked(reader, f"against={MARCH}")
    assert figures(found["total"]) == {"990100": (4, 3)}
    assert figures(found["lines"]) == {"990100001": (1, 2), "990100002": (3, 1), "": (1, 1)}
    assert figures(found["lines"], "lamps") == {"990100001": (0, 0), "990100002": (0, 0), "": (0, 0)}
    assert [layer["name"] for layer in found["layers"]] == ["Public toilets", "Lamps"]
    west = found["lines"][0]
    assert (west["area_name"], west["parts"], west["per_km2"]) == ("West", False, round(1 / west["km2"], 2))
    assert found["total"][0]["km2"] == pytest.approx(sum(line["km2"] for line in found["lines"][:4:2]))


def test_another_day_has_other_figures(reader: Person) -> None:
    found = asked(reader, f"day={MARCH}")
    assert (found["day"], found["against"]) == (str(MARCH), None)
    assert figures(found["total"]) == {"990100": (3, 3)}


def test_one_layer_falls_apart_by_state_or_by_an_attribute_with_few_values(reader: Person) -> None:
    found = asked(reader, "layer=toilets&by=grade&area=990100")
    assert [(kind["code"], kind["title"]) for kind in found["kinds"]] == [("state", ""), ("grade", "Grade")]
    assert found["total"][0]["values"] == {"first": 3, "second": 1}
    by_state = asked(reader, "layer=toilets&by=state&area=990100002")
    assert (by_state["total"][0]["values"], by_state["lines"]) == ({"open": 2, "shut": 1}, [])
    assert [area["name"] for area in by_state["trail"]] == ["Tiny", "East"]


def test_tables_say_the_same(reader: Person) -> None:
    query = f"layer=toilets&by=grade&against={MARCH}"
    lines = list(csv.DictReader(io.StringIO(reader.get(f"/objects/census.csv?{query}").content.decode("utf-8-sig"))))
    assert [(line["area_name"], line["objects"], line["change"], line["first"]) for line in lines] == [
        ("Tiny", "4", "1", "3"), ("West", "1", "-1", "0"), ("East", "3", "2", "3"), ("", "1", "0", "1")
    ]  # fmt: skip
    book = openpyxl.load_workbook(io.BytesIO(reader.get(f"/objects/census.xlsx?{query}").content))
    rows = list(book["census"].values)
    assert [row[4] for row in rows] == ["objects", 4, 1, 3, 1]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("area=1", 404, "area_unknown"),
        ("layer=none", 404, "layer_unknown"),
        ("layer=toilets&by=stalls", 422, "census_by_unknown"),
        ("by=state", 422, "census_by_unknown"),
        ("day=yesterday", 422, "input_wrong"),
    ],
)
def test_what_cannot_be_counted_is_said(reader: Person, query: str, status: int, code: str) -> None:
    for path in ("census", "census.csv", "census.xlsx"):
        answer = reader.get(f"/objects/{path}?{query}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_who_may_not_counts_nothing(reader: Person) -> None:
    for path in ("census", "census.csv", "census.xlsx"):
        assert nobody().get(f"/objects/{path}").status_code == 403


def test_it_costs_a_constant_number_of_statements(reader: Person, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(14):
        asked(reader, f"against={MARCH}")
