"""What people type, and the place they mean: a golden list over real names, and the ways in which names change."""

import csv
import gzip
import json
from datetime import date
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest
import shapely
from conftest import SHARED
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import Denied
from cityloop.ground.places import gazetteer, naming
from cityloop.ground.places.actions import AreaData, area_ids, put_areas
from cityloop.ground.places.gazetteer import Match, search
from cityloop.ground.places.learning import Address, Road, from_addresses, from_roads
from cityloop.ground.places.naming import NameData, Number, put_names

REPOSITORY = Path(__file__).resolve().parents[3]

GOLDEN = Path(__file__).with_name("golden.csv")
_revisions = count()


@pytest.fixture
def revision(db: None) -> str:
    """A city without areas yet, as nobody has read it before."""
    return f"gazetteer-{next(_revisions)}"


def wrong_answers(golden: str, revision: str) -> tuple[int, list[str]]:
    """How many queries of a set there are, and those whose first answer is another."""
    with GOLDEN.open(encoding="utf-8") as file:
        lines = [line for line in csv.DictReader(file) if line["set"] == golden]
    wrong = []
    for line in lines:
        found = search(line["typed"], revision)
        if not (found and is_meant(found[0], line["first"], line["number"])):
            wrong.append(f"{line['typed']} -> {[(one.name, one.number, one.score) for one in found[:3]]}")
    return len(lines), wrong


def is_meant(match: Match, first: str, number: str) -> bool:
    if "|" in first:
        return match.kind == "crossing" and all(road in match.name for road in first.split("|"))
    if " & " in first:
        return match.kind == "crossing" and set(match.name.split(" & ")) == set(first.split(" & "))
    return match.name == first and (not number or (match.number == int(number) and match.exact_number))


def boston() -> list[NameData]:
    """Every address and crossing of the history that comes along."""
    rows = duckdb.execute(
        "SELECT location_street_name, longitude, latitude FROM read_parquet(?) WHERE location_street_name IS NOT NULL",
        [str(REPOSITORY / "packs/boston/history.parquet")],
    ).fetchall()
    return from_addresses(Address(text.removeprefix("INTERSECTION "), lon, lat, None) for text, lon, lat in rows)


def futian() -> list[NameData]:
    with gzip.open(SHARED / "data/shenzhen_futian_roads/edges.geojson.gz") as file:
        features = json.load(file)["features"]
    return from_roads(
        [
            Road(name, shapely.geometry.shape(feature["geometry"]), None)
            for feature in features
            for name in (feature["properties"]["name"] or "").split(";")
            if name
        ]
    )


def jinan() -> None:
    with (REPOSITORY / "packs/jinan/areas.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    tree = [
        AreaData(
            "division", row["code"], row["level"], row["name"], {}, row["parent"] and f"division:{row['parent']}", None
        )
        for row in rows
    ]
    put_areas(tree, {area.ref for area in tree}, actor=SYSTEM, begins=date(2023, 6, 30))
    naming.put_areas(actor=SYSTEM)


def test_golden_boston(revision: str) -> None:
    put_names("past", boston(), actor=SYSTEM)
    asked, wrong = wrong_answers("boston", revision)
    assert (asked, len(wrong) <= 3) == (75, True), wrong


def test_golden_jinan(revision: str) -> None:
    jinan()
    asked, wrong = wrong_answers("jinan", revision)
    assert (asked, len(wrong) <= 4) == (85, True), wrong


@pytest.mark.shared
def test_golden_futian(revision: str) -> None:
    put_names("roads", futian(), actor=SYSTEM)
    asked, wrong = wrong_answers("futian", revision)
    assert (asked, len(wrong) <= 2) == (40, True), wrong


def road(name: str, *numbers: Number, code: str = "", **told: Any) -> NameData:
    return NameData(code or name, "road", name, 117.0, 36.6, numbers=numbers, **told)


@pytest.mark.parametrize(
    ("typed", "points"),
    [
        ("117.02, 36.65", [(117.02, 36.65)]),
        ("36.65 117.02", [(117.02, 36.65)]),
        ("36.65N 117.02E", [(117.02, 36.65)]),
        ("E117.02，N36.65", [(117.02, 36.65)]),
        ("-71.06 42.36", [(-71.06, 42.36), (42.36, -71.06)]),
        ("42.36N 71.06W", [(-71.06, 42.36)]),
    ],
)
def test_coordinates_are_points(revision: str, typed: str, points: list[tuple[float, float]]) -> None:
    assert [(one.lon, one.lat) for one in search(typed, revision)] == points
    assert {one.kind for one in search(typed, revision)} == {"point"}


@pytest.mark.parametrize("typed", ["", "   ", "，", "!?", "12", "%", "_", "\\", "a" * 500, "117.02", "999.5 999.5"])
def test_what_says_nothing_finds_nothing(revision: str, typed: str) -> None:
    put_names("file", [road("经十路")], actor=SYSTEM)
    assert search(typed, revision) == []


def test_a_house_number_that_is_not_known_gives_the_nearest_of_its_side(revision: str) -> None:
    numbers = [Number(n, n, 117 + n / 1000, 36.6) for n in (1, 2, 5, 8)] + [Number(10, 16, 117.2, 36.6)]
    put_names("file", [road("经十路", *numbers)], actor=SYSTEM)
    assert search("经十路5号", revision)[0][8:10] == (5, True)
    assert search("经十路12号", revision)[0][8:10] == (12, True)
    assert search("经十路十二号", revision)[0][8:10] == (12, True)
    assert search("经十路6号", revision)[0][8:10] == (8, False)
    assert search("经十路7号", revision)[0][8:10] == (5, False)
    assert search("经十路", revision)[0][8:10] == (None, False)


def test_names_of_a_source_are_what_it_said_last(revision: str) -> None:
    first = [road("经十路", Number(1, 1, 117, 36)), road("经七路", Number(3, 3, 117, 36)), road("纬二路")]
    assert put_names("file", first, actor=SYSTEM) == (3, 0)
    assert put_names("other", [road("舜耕路")], actor=SYSTEM) == (1, 0)
    assert put_names("file", first, actor=SYSTEM) == (0, 0)
    second = [road("经十路", Number(1, 1, 117, 36), Number(2, 2, 117, 36)), road("经七大街", code="经七路")]
    assert put_names("file", second, actor=SYSTEM) == (1, 2)
    assert [one.name for one in search("经", revision)] == ["经十路", "经七大街"]
    assert search("经十路2号", revision)[0].exact_number
    assert search("纬二路", revision) == []
    assert search("舜耕路", revision)[0].name == "舜耕路"
    assert put_names("file", [], actor=SYSTEM) == (0, 2)


def test_only_who_sets_a_city_up_may_name(db: None) -> None:
    with pytest.raises(Denied):
        put_names("file", [road("经十路")], actor=Actor("somebody", "Somebody"))
    assert search("经十路", "nobody named it") == []


def test_what_is_internal_is_not_found_by_the_public(revision: str) -> None:
    put_names("file", [road("经十路"), road("军民路", public=False)], actor=SYSTEM)
    assert [one.name for one in search("军民路", revision)] == ["军民路"]
    assert search("军民路", revision, public=True) == []
    assert [one.name for one in gazetteer.at(117.0, 36.6, public=True)] == ["经十路"]


def test_a_point_is_told_by_its_house_number_and_what_is_near(revision: str) -> None:
    roads = [road("经十路", Number(9, 9, 117.0011, 36.6)), road("远路")._replace(lon=118.0)]
    put_names("file", roads, actor=SYSTEM)
    found = gazetteer.at(117.001, 36.6)
    assert [(one.name, one.number) for one in found] == [("经十路", 9), ("经十路", None)]
    assert gazetteer.at(10, 10) == []


def test_areas_named_before_or_after_choose_among_equals(revision: str) -> None:
    areas = [AreaData("division", "1", "city", "某市", {"en": "Some City"}, "", None)]
    areas += [AreaData("division", code, "district", name, {"en": english}, "division:1", None)
              for code, name, english in (("101", "东区", "East End"), ("102", "西区", "West End"))]  # fmt: skip
    put_areas(areas, {area.ref for area in areas}, actor=SYSTEM, begins=date(2026, 1, 1))
    ids = area_ids()
    for code in ("101", "102"):
        names = [road("人民路", code=f"{code}-p", area=ids[f"division:{code}"], names={"en": "People Rd"})]
        put_names(code, names, actor=SYSTEM)
    assert {one.code for one in search("人民路", revision)} == {"101-p", "102-p"}
    for typed, code in (("西区人民路", "102-p"), ("某市东区人民路", "101-p"), ("People Road, West End", "102-p")):
        first, second = search(typed, revision)
        assert (first.code, first.score > second.score) == (code, True)


def test_a_search_is_a_constant_number_of_statements(revision: str) -> None:
    put_names("past", boston()[:3000], actor=SYSTEM)
    search("warm", revision)
    for typed in ("33 beacon st", "no such thing anywhere", "a st & b st", "beacon"):
        with CaptureQueriesContext(connection) as statements:
            search(typed, revision)
        assert len(statements) <= 6


def test_roads_that_meet_have_a_crossing(revision: str) -> None:
    lines = [Road("经十路", shapely.LineString([(117, 36), (117.1, 36)]), None),
             Road("舜耕路", shapely.LineString([(117.05, 36), (117.05, 36.1)]), None),
             Road("远路", shapely.LineString([(118, 36), (118, 36.1)]), None)]  # fmt: skip
    put_names("roads", from_roads(lines), actor=SYSTEM)
    for typed in ("经十路与舜耕路交叉口", "舜耕路经十路路口", "经10路/舜耕路"):
        (first, *_) = search(typed, revision)
        assert (first.kind, first.name, first.lon, first.lat) == ("crossing", "经十路与舜耕路交叉口", 117.05, 36)
    assert not [one for one in search("远路与舜耕路", revision) if one.kind == "crossing"]
