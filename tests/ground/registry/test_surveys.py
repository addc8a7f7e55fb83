"""Lines of a file become objects of a layer; what is wrong is said line by line."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import pytest
import shapely

from cityloop.config.pack.layers import LayerSpec
from cityloop.ground.places.locate import AreaMap, AreaRow, GridRow
from cityloop.ground.registry.geotables import GeoTable
from cityloop.ground.registry.surveys import Kind, Survey, survey

CITY = AreaRow(1, "9901", "city", [1], shapely.to_wkb(shapely.box(10, 50, 11, 51)))
PLACES = AreaMap([CITY], [GridRow(7, "990100001001", 1, 10.0, 50.0, 10.001, 50.001)])
SPEC = LayerSpec.model_validate(
    {
        "name": "Toilets",
        "attributes": {
            "stalls": {"type": "integer", "minimum": 1, "required": True},
            "open": {"type": "boolean"},
            "grade": {"choices": ["one", "two"]},
            "built": {"type": "date"},
        },
    }
)
TOILETS = Kind("point", SPEC.data("toilets", 0).attributes)
HERE = shapely.Point(10.0005, 50.0005)


def read(cells: Mapping[str, str], shape: Any = HERE, kind: Kind = TOILETS) -> Survey:
    row = {"stalls": "3"} | dict(cells)
    table = GeoTable(list(row), [row], np.array([shape], dtype=object), [4], [])
    return survey("toilets.csv", table, kind, PLACES, {"parks": 5})


def test_a_line_becomes_an_object_in_its_place() -> None:
    found = read({"code": " T1 ", "owner": "parks", "open": "是", "grade": "one", "built": "2019-03-02", "hue": "red"})
    (one,) = found.objects
    assert (one.line, one.code, one.owner, one.maintainer, one.area, one.grid) == (4, "T1", 5, None, 1, 7)
    assert orjson.loads(one.attributes) == {"stalls": 3, "open": True, "grade": "one", "built": "2019-03-02"}
    assert (found.problems, found.unknown) == ([], ["hue"])


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        ({"stalls": ""}, "stalls", "value_missing"),
        ({"stalls": "three"}, "stalls", "no_number"),
        ({"stalls": "2.5"}, "stalls", "no_number"),
        ({"stalls": "nan"}, "stalls", "no_number"),
        ({"stalls": "0"}, "stalls", "out_of_range"),
        ({"open": "maybe"}, "open", "no_bool"),
        ({"grade": "on"}, "grade", "not_one_of_near"),
        ({"built": "2.3.2019"}, "built", "day_unreadable"),
        ({"owner": "park"}, "owner", "organisation_unknown_near"),
    ],
)
def test_what_is_wrong_with_a_cell_is_said_and_the_line_left_out(cells: dict[str, str], field: str, code: str) -> None:
    found = read(cells)
    assert [(one.line, one.field, one.code) for one in found.problems] == [(4, field, code)]
    assert found.objects == []


def test_geometries_of_another_kind_and_outside_of_the_city() -> None:
    assert [one.code for one in read({}, shapely.box(10, 50, 10.1, 50.1)).problems] == ["geometry_other"]
    assert [one.code for one in read({}, None).problems] == ["geometry_other"]
    assert [one.code for one in read({}, shapely.Point(50, 10)).problems] == ["object_outside"]
    polygons = TOILETS._replace(geometry="polygon")
    (one,) = read({}, shapely.box(10.1, 50.1, 10.2, 50.2), polygons).objects
    assert (list(one.bounds), one.area) == ([10.1, 50.1, 10.2, 50.2], 1)


def test_a_code_that_stands_twice() -> None:
    shapes = np.array([HERE, HERE], dtype=object)
    table = GeoTable(["code", "stalls"], [{"code": "T1", "stalls": "1"}] * 2, shapes, [2, 5], [])
    found = survey("t.csv", table, TOILETS, PLACES, {})
    assert [(one.line, one.facts["first"]) for one in found.problems] == [(5, 2)]
    assert len(found.objects) == 1
