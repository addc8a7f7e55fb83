"""Things and duties of a made-up city: the same for the same seed, where they should be, and wrong only as is told."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
import shapely

from cityloop.core.errors import Refused
from cityloop.practice import duties
from cityloop.practice.made import GivenArea
from cityloop.practice.things import LayerWish, Things, communities
from cityloop.practice.wishes import Planted, Wishes

WEST, SOUTH, CELL = 116.0, 39.0, 0.001
BOXES = [(WEST + x * CELL, SOUTH + y * CELL, WEST + (x + 1) * CELL, SOUTH + (y + 1) * CELL)
         for x in range(12) for y in range(8)]  # fmt: skip
TOWN = shapely.box(WEST, SOUTH, WEST + 12 * CELL, SOUTH + 8 * CELL)
AREAS = [
    GivenArea("1", "district", "One", {}, "", None),
    GivenArea("11", "street", "Street", {}, "1", None),
    GivenArea("111", "community", "Town", {}, "11", None),
]
SHAPES = dict.fromkeys(("1", "11", "111"), TOWN)
SCHEMA = {
    "grade": {"type": "string", "enum": ["a", "b"]}, "stalls": {"type": "integer", "minimum": 1, "maximum": 3},
    "open": {"type": "boolean"}, "since": {"type": "string", "format": "date"}, "note": {"type": "string"},
    "width": {"type": "number", "minimum": 0},
}  # fmt: skip
WISHES = Wishes.model_validate(
    {
        "middle": (WEST, SOUTH),
        "responsibility_grids": 1,
        "things": {
            "roads": {"form": "roads", "count": 5, "name": "{name} road {number}"},
            "lamps": {"form": "along", "of": "roads", "share": 3},
            "toilets": {"form": "scattered", "share": 1},
            "sites": {"form": "blocks", "count": 30, "states": {"works": 1, "left": 1}},
            "decks": {"form": "over", "of": "roads", "count": 2},
        },
        "ledger": [
            {"each": "roads", "code": "C-{code}", "tier": "contract", "category": "01",
             "organisation": "{district}-firm", "lot": "L{number}",
             "plant": {"how": "end", "kind": "contract", "count": 2, "until": "2025-06-30"}},
            {"each": "decks", "code": "U-{code}", "stratum": "under", "organisation": "bridges",
             "plant": {"how": "drop", "kind": "surface"}},
            {"each": "sites", "code": "S-{code}", "phase": "left", "organisation": "station-{street}",
             "plant": {"how": "drop", "kind": "phase"}},
            {"each": "district", "code": "W-{code}", "category": "02", "organisation": "drains",
             "plant": {"how": "double", "kind": "dispute", "organisation": "water-{district}"}},
            {"each": "street", "code": "G-{code}", "category": "03", "organisation": "greens",
             "plant": {"how": "narrow", "kind": "ground", "strip_m": 20}},
        ],
    }
)  # fmt: skip


def things(total: int = 80, schema: dict[str, Any] = SCHEMA) -> Things:
    here = communities([("111", box) for box in BOXES], {"111": ("Town", TOWN)})
    layers = [LayerWish(code, f"9{place}", schema, wish) for place, (code, wish) in enumerate(WISHES.things.items())]
    return Things(here, WISHES, layers, total)


def test_points_are_shared_out_and_every_thing_lies_in_town() -> None:
    made = things()
    assert {layer: len(list(made.of(layer))) for layer in made.layers} == {
        "roads": 5, "lamps": 60, "toilets": 20, "sites": 30, "decks": 2
    }  # fmt: skip
    for layer in ("roads", "toilets", "sites"):
        shapes = np.array([thing.shape for thing in made.of(layer)], dtype=object)
        assert shapely.covers(TOWN.buffer(1e-9), shapes).all()
    first = next(made.of("roads"))
    assert (first.code, first.name, first.community) == ("90000001", "Town road 1", "111")


def test_attributes_are_those_that_the_layer_allows() -> None:
    for thing in things().of("toilets"):
        told = thing.attributes
        assert told.keys() == {"grade", "stalls", "open", "since", "width"}
        assert (told["grade"] in "ab", 1 <= told["stalls"] <= 3, isinstance(told["open"], bool)) == (True, True, True)


def test_the_same_things_come_out_whatever_else_is_made() -> None:
    more, bare = things(800), things(0, {})
    for layer in ("roads", "sites", "decks"):
        one = [(t.code, t.state, shapely.to_wkb(t.shape)) for t in things().of(layer)]
        assert one == [(t.code, t.state, shapely.to_wkb(t.shape)) for t in more.of(layer)]
        assert one == [(t.code, t.state, shapely.to_wkb(t.shape)) for t in bare.of(layer)]


def test_duties_are_wrong_as_the_truth_says_and_nowhere_else() -> None:
    lines, truths = duties.Duties(WISHES, AREAS, SHAPES, things()).lines()
    by_code = {line["code"]: line for line in lines}
    assert Counter(truth["kind"] for truth in truths) == {
        "contract": 2, "surface": 1, "phase": 1, "dispute": 1, "ground": 1
    }  # fmt: skip
    ended = {truth["object"] for truth in truths if truth["kind"] == "contract"}
    assert {line["road"] for line in lines if line["until"]} == ended
    assert by_code["C-90000001"] | {"until": ""} == dict.fromkeys(duties.COLUMNS, "") | {
        "code": "C-90000001", "tier": "contract", "category": "01", "organisation": "1-firm", "lot": "L1",
        "road": "90000001",
    }  # fmt: skip
    gone = {truth["duty"] for truth in truths if truth["kind"] in ("surface", "phase")}
    assert not gone & by_code.keys()
    states = {f"S-{thing.code}": thing.state for thing in things().of("sites")}
    assert [states[code] for code in gone if code in states] == ["left"]
    assert sum(code.startswith("S-") for code in by_code) == 29
    assert [by_code[code]["organisation"] for code in ("W-1", "W-1-2")] == ["drains", "water-1"]
    narrow = by_code["G-11"]
    assert narrow["area"] == ""
    left = shapely.difference(TOWN, shapely.from_wkt(narrow["drawn"]))
    assert 0 < left.area < TOWN.area / 4
    assert truths[-1]["area"] == "11"


def test_an_outsider_plants_by_codes_and_the_truth_is_kept() -> None:
    lines, _ = duties.Duties(WISHES, AREAS, SHAPES, things()).lines()
    plants = [
        Planted(expect={"kind": "contract"}, change=[{"code": "C-90000001", "until": "2025-01-01"}]),
        Planted(expect={"kind": "ground"}, drop=["W-1"]),
        Planted(expect={"kind": "dispute"}, add=[{"code": "X", "organisation": "other"}]),
    ]
    changed, truths = duties.plant(lines, plants)
    by_code = {line["code"]: line for line in changed}
    assert by_code["C-90000001"]["until"] == "2025-01-01"
    assert ("W-1" in by_code, by_code["X"]["tier"]) == (False, "")
    assert [truth["kind"] for truth in truths] == ["contract", "ground", "dispute"]
    with pytest.raises(Refused) as refused:
        duties.plant(lines, [Planted(expect={}, drop=["nobody"])])
    assert refused.value.code == "plant_unknown"


def test_a_duty_for_nothing_that_is_there_is_refused() -> None:
    wrong = WISHES.model_copy(update={"ledger": [WISHES.ledger[0].model_copy(update={"each": "village"})]})
    with pytest.raises(Refused) as refused:
        duties.Duties(wrong, AREAS, SHAPES, things()).lines()
    assert refused.value.code == "practice_each"
