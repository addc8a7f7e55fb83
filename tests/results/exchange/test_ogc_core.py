"""OGC API - Features Part 1 (17-069r4): the abstract tests of its Annex A that apply; each names its requirement."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import shapely
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cityloop.config.pack.reading import Pack
from cityloop.ground.places.models import Area, City
from cityloop.ground.registry.models import UrbanObject

from .conftest import put

SPEC = "http://www.opengis.net/spec/ogcapi-features"
GEOJSON, HTML = "application/geo+json", "text/html"
TOILETS = {f"T{n:02}": shapely.Point(10.0005 + n * 0.0008, 50.0005 + n % 5 * 0.002) for n in range(24)}


WRONG_BOXES = (
    *("", "1,2,3", "1,2,3,4,5", "1,2,3,4,5,6,7", "a,b,c,d", "nan,0,1,1"),
    *("0,2,1,1", "0,0,1,91", "-181,0,1,1"),
)
WRONG_TIMES = (*("", "..", "yesterday", "2025-03-01T00:00:00", "2025-13-01", "2025-03-02/2025-03-01", "2025/x"),)


@pytest.fixture(autouse=True)
def _filled(layered: Pack) -> None:
    told = {code: json.dumps({"seats": n % 4, "open": n % 2 == 0}) for n, code in enumerate(TOILETS)}
    put("toilets", TOILETS, attributes=told, names={"T01": "Gate"})
    put("roads", {"R1": shapely.LineString([(10.001, 50.001), (10.009, 50.009)])})


def get(path: str, **query: str) -> Any:
    """An answer of /ogc, asked as a client that takes anything."""
    return Client().get(f"/ogc{path}", query, headers={"Accept-Language": "en"})


def body(path: str, **query: str) -> Any:
    answer = get(path, **query)
    assert answer.status_code == 200, answer.content
    return json.loads(answer.content)


def ids(path: str, **query: str) -> list[str]:
    return [feature["id"] for feature in body(path, **query)["features"]]


def rels(links: list[dict[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for link in links:
        found.setdefault(link["rel"], []).append(link["type"])
    return found


def follow(href: str) -> Any:
    parts = urlsplit(href)
    return Client().get(parts.path, dict(parse_qsl(parts.query)), headers={"Accept-Language": "en"})


def test_the_landing_page_leads_everywhere() -> None:
    """/req/core/root-op, /req/core/root-success"""
    for path in ("", "/"):
        links = body(path)["links"]
        assert {"self", "service-desc", "service-doc", "conformance", "data"} <= rels(links).keys()
    for link in links:
        assert follow(link["href"]).status_code == 200
        assert follow(link["href"])["Content-Type"].partition(";")[0] == link["type"].partition(";")[0]


def test_the_api_is_described() -> None:
    """/req/core/api-definition-op, /req/core/api-definition-success, /req/oas30/oas-definition-1 and -2"""
    answer = get("/api")
    assert answer["Content-Type"] == "application/vnd.oai.openapi+json;version=3.0"
    told = json.loads(answer.content)
    assert told["openapi"].startswith("3.0")
    assert {"/", "/conformance", "/collections", "/collections/{collectionId}"} <= told["paths"].keys()
    assert {"/collections/toilets/items", "/collections/toilets/items/{featureId}"} <= told["paths"].keys()
    assert not any("lids" in path for path in told["paths"])


def test_the_description_resolves_and_says_which_errors_come() -> None:
    """/req/oas30/completeness, /req/oas30/exceptions-codes"""
    told = body("/api")

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            if "$ref" in value:
                found = told
                for part in value["$ref"].removeprefix("#/").split("/"):
                    found = found[part]
            for inner in value.values():
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)

    walk(told)
    for operations in told["paths"].values():
        assert {"200", "400", "404"} <= operations["get"]["responses"].keys()
    numbers = [operations["get"]["operationId"] for operations in told["paths"].values()]
    assert len(numbers) == len(set(numbers))


def test_what_holds_here_is_said() -> None:
    """/req/core/conformance-op, /req/core/conformance-success"""
    wanted = {f"{SPEC}-1/1.0/conf/{name}" for name in ("core", "oas30", "html", "geojson")}
    assert set(body("/conformance")["conformsTo"]) == {*wanted, f"{SPEC}-2/1.0/conf/crs"}


@pytest.mark.parametrize("path", ["", "/conformance", "/api", "/collections", "/collections/toilets"])
def test_plain_http_holds(path: str) -> None:
    """/req/core/http"""
    head = Client().head(f"/ogc{path}")
    assert (head.status_code, head.content) == (200, b"")
    refused = Client().post(f"/ogc{path}")
    assert (refused.status_code, refused["Allow"]) == (405, "GET, HEAD")
    assert get(f"{path}/there/is/nothing/here").status_code == 404


@pytest.mark.parametrize(
    "path", ["", "/conformance", "/api", "/collections", "/collections/toilets", "/collections/toilets/items",
             "/collections/toilets/items/T01"],
)  # fmt: skip
def test_unknown_parameters_are_refused(path: str) -> None:
    """/req/core/query-param-unknown"""
    answer = get(path, unknown="1")
    assert (answer.status_code, answer.json()["code"]) == (400, "parameter_unknown")
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("query", "code"),
    [
        *(({"limit": value}, "fact_wrong") for value in ("0", "-1", "x", "1.5", "", "٣")),
        *(({"bbox": value}, "bbox_unreadable") for value in WRONG_BOXES),
        *(({"datetime": value}, "datetime_unreadable") for value in WRONG_TIMES),
        ({"seats": "many"}, "fact_wrong"),
        ({"open": "perhaps"}, "fact_wrong"),
        ({"width": "inf"}, "fact_wrong"),
        ({"f": "xml"}, "fact_wrong"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused(query: dict[str, str], code: str) -> None:
    """/req/core/query-param-invalid"""
    answer = get("/collections/toilets/items", **query)
    assert (answer.status_code, answer.json()["code"]) == (400, code)


def test_a_parameter_stands_there_once() -> None:
    """/req/core/query-param-invalid"""
    assert Client().get("/ogc/collections/toilets/items?limit=1&limit=2").status_code == 400


def test_coordinates_are_longitude_and_latitude() -> None:
    """/req/core/crs84"""
    (first,) = body("/collections/toilets/items", limit="1")["features"]
    assert first["geometry"] == {"type": "Point", "coordinates": [10.0005, 50.0005]}


def test_collections_are_listed_with_their_links() -> None:
    """/req/core/fc-md-op, fc-md-success, fc-md-links, fc-md-items, fc-md-items-links"""
    told = body("/collections")
    assert {"self", "alternate"} <= rels(told["links"]).keys()
    names = [one["id"] for one in told["collections"]]
    assert names == ["toilets", "roads", "greens", "areas-division-city", "areas-division-district"]
    for one in told["collections"]:
        assert sorted(rels(one["links"])["items"]) == [GEOJSON, HTML]
        assert one["itemType"] == "feature"


def test_extents_hold_all_features() -> None:
    """/req/core/fc-md-extent"""
    told = {one["id"]: one["extent"] for one in body("/collections")["collections"]}
    west, south, east, north = shapely.total_bounds(list(TOILETS.values()))
    assert told["toilets"]["spatial"]["bbox"] == [[west, south, east, north]]
    assert told["toilets"]["temporal"]["interval"] == [["2025-03-01T00:00:00Z", None]]
    assert told["greens"]["spatial"]["bbox"] == [[-180, -90, 180, 90]]
    assert told["areas-division-district"]["spatial"]["bbox"] == [[10.0, 50.0, 10.02, 50.01]]


def test_a_level_that_has_ended_holds_nothing() -> None:
    """/req/core/fc-md-extent"""
    Area.objects.filter(level="district").update(valid_to="2025-01-01")
    City.objects.update(digest="changed")
    told = body("/collections/areas-division-district")
    assert told["extent"]["spatial"]["bbox"] == [[-180, -90, 180, 90]]
    assert ids("/collections/areas-division-district/items") == []
    assert len(ids("/collections/areas-division-district/items", datetime="2024-12-31")) == 2


def test_one_collection_says_the_same_as_the_list() -> None:
    """/req/core/sfc-md-op, /req/core/sfc-md-success"""
    for listed in body("/collections")["collections"]:
        alone = body(f"/collections/{listed['id']}")
        assert {k: v for k, v in alone.items() if k != "links"} == {k: v for k, v in listed.items() if k != "links"}
        assert {"self", "alternate", "items"} <= rels(alone["links"]).keys()


def test_features_come_as_a_collection_with_links() -> None:
    """/req/core/fc-op, fc-response, fc-links, fc-rel-type, /req/geojson/definition, /req/geojson/content"""
    answer = get("/collections/toilets/items")
    assert answer["Content-Type"] == GEOJSON
    told = answer.json()
    assert told["type"] == "FeatureCollection"
    assert sorted(rels(told["links"])) == ["alternate", "collection", "self"]
    assert all(link["rel"] and link["type"] for link in told["links"])
    assert {feature["type"] for feature in told["features"]} == {"Feature"}
    assert 'rel="self"' in answer["Link"]


@pytest.mark.parametrize(
    ("name", "schema"),
    [
        ("limit", {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 100}),
        ("datetime", {"type": "string"}),
    ],
)
def test_parameters_are_described(name: str, schema: dict[str, Any]) -> None:
    """/req/core/fc-limit-definition, /req/core/fc-time-definition"""
    told = body("/api")["components"]["parameters"][name]
    assert (told["name"], told["in"], told["required"], told["style"], told["explode"]) == (
        name,
        "query",
        False,
        "form",
        False,
    )
    assert told["schema"] == schema


def test_the_box_is_described() -> None:
    """/req/core/fc-bbox-definition"""
    told = body("/api")["components"]["parameters"]["bbox"]
    assert (told["style"], told["explode"]) == ("form", False)
    counts = [(one["minItems"], one["maxItems"], one["items"]) for one in told["schema"]["oneOf"]]
    assert counts == [(4, 4, {"type": "number"}), (6, 6, {"type": "number"})]


def test_no_more_features_come_than_asked_for() -> None:
    """/req/core/fc-limit-response-1"""
    for limit, count in (("1", 1), ("7", 7), ("24", 24), ("100", 24), ("100000", 24)):
        assert len(ids("/collections/toilets/items", limit=limit)) == count


def test_pages_follow_each_other_without_gap_or_repetition() -> None:
    """/req/core/fc-links, fc-numberMatched, fc-numberReturned, /rec/core/fc-next-1 and -2"""
    for query in ({}, {"bbox": "10,50,10.02,50.005"}, {"open": "true"}):
        seen: list[str] = []
        answer = body("/collections/toilets/items", limit="5", **query)
        while True:
            assert answer["numberReturned"] == len(answer["features"]) <= 5
            seen += [feature["id"] for feature in answer["features"]]
            following = [link["href"] for link in answer["links"] if link["rel"] == "next"]
            if not following:
                break
            answer = follow(following[0]).json()
        assert len(seen) == len(set(seen)) == answer["numberMatched"]
        assert seen == ids("/collections/toilets/items", **query)


def test_a_page_after_the_last_is_empty_and_counts_all() -> None:
    """/req/core/fc-numberMatched"""
    told = body("/collections/toilets/items", after="Z", bbox="10,50,10.02,50.01")
    assert (told["numberMatched"], told["numberReturned"], told["features"]) == (len(TOILETS), 0, [])


@pytest.mark.parametrize(
    "box",
    [
        "10.001,50.0,10.008,50.003",
        "10.001,50.0,-5,10.008,50.003,900",
        "0,0,1,1",
        "-180,-90,180,90",
        "10.0005,50.0005,10.0005,50.0005",
    ],
)
def test_only_what_intersects_the_box_comes(box: str) -> None:
    """/req/core/fc-bbox-response"""
    numbers = [float(number) for number in box.split(",")]
    west, south, east, north = numbers if len(numbers) == 4 else [*numbers[:2], *numbers[3:5]]
    wanted = [c for c, p in TOILETS.items() if west <= p.x <= east and south <= p.y <= north]
    told = body("/collections/toilets/items", bbox=box)
    assert ([feature["id"] for feature in told["features"]], told["numberMatched"]) == (wanted, len(wanted))


def test_a_box_is_asked_of_the_shape_and_not_of_what_surrounds_it() -> None:
    """/req/core/fc-bbox-response"""
    assert ids("/collections/roads/items", bbox="10.004,50.004,10.005,50.005") == ["R1"]
    assert ids("/collections/roads/items", bbox="10.007,50.001,10.009,50.003") == []
    assert body("/collections/roads/items", bbox="10.007,50.001,10.009,50.003")["numberMatched"] == 0
    assert ids("/collections/areas-division-district/items", bbox="10.001,50.001,10.002,50.002") == ["990100001"]


def test_a_box_may_cross_the_antimeridian() -> None:
    """/req/core/fc-bbox-response"""
    put("toilets", {"F1": shapely.Point(179.5, -17), "F2": shapely.Point(-179.5, -17), "F3": shapely.Point(0, -17)})
    assert ids("/collections/toilets/items", bbox="179,-20,-179,-10") == ["F1", "F2"]
    assert ids("/collections/toilets/items", bbox="-179.9,-20,179,-10") == ["F2", "F3"]


@pytest.mark.parametrize(
    ("when", "wanted"),
    [
        ("2025-02-28T12:00:00Z", []),
        ("2025-02-28T23:30:00Z", ["A", "B"]),  # the city's day has begun
        ("2025-03-01", ["A", "B"]),
        ("2025-03-09T22:59:00Z", ["A", "B"]),
        ("2025-03-10T12:00:00+01:00", ["B"]),
        ("../2025-02-01", []),
        ("2025-03-10/..", ["B"]),
        ("2025-03-05/", ["A", "B"]),
        ("/2025-03-01T12:00:00Z", ["A", "B"]),
        ("2025-01-01/2030-01-01", ["A", "B"]),
        ("../..", ["A", "B"]),
    ],
)
def test_only_what_was_in_force_then_comes(when: str, wanted: list[str]) -> None:
    """/req/core/fc-time-response"""
    put("greens", {"A": shapely.box(10, 50, 10.001, 50.001), "B": shapely.box(10, 50, 10.002, 50.001)})
    UrbanObject.objects.filter(code="A").update(valid_to="2025-03-10")
    assert ids("/collections/greens/items", datetime=when) == wanted
    assert ids("/collections/greens/items") == ["B"]


def test_areas_are_asked_for_by_time_as_well() -> None:
    """/req/core/fc-time-response"""
    assert ids("/collections/areas-division-district/items", datetime="2010-01-01T00:00:00Z") == []
    assert len(ids("/collections/areas-division-district/items", datetime="2025-01-01T00:00:00Z")) == 2


def test_a_page_says_when_it_was_made() -> None:
    """/req/core/fc-timeStamp"""
    assert body("/collections/toilets/items")["timeStamp"].endswith("Z")


def test_properties_may_be_asked_for() -> None:
    """/rec/core/fc-filters"""
    path = "/collections/toilets/items"
    assert ids(path, seats="3") == [f"T{n:02}" for n in range(3, 24, 4)]
    assert ids(path, open="false", seats="1") == [f"T{n:02}" for n in range(1, 24, 4)]
    assert ids(path, name="Gate") == ids(path, code="T01") == ["T01"]
    assert ids(path, kind="nothing\0") == []
    assert ids("/collections/areas-division-district/items", parent="990100", code="990100002") == ["990100002"]
    told = {one["name"] for one in body("/api")["paths"][path]["get"]["parameters"] if "name" in one}
    assert told == {"seats", "open", "kind", "width", "name", "code", "state"}


def test_one_feature_comes_with_its_links() -> None:
    """/req/core/f-op, f-success, f-links"""
    answer = get("/collections/toilets/items/T01")
    assert answer["Content-Type"] == GEOJSON
    told = answer.json()
    (listed,) = body("/collections/toilets/items", code="T01")["features"]
    assert {k: v for k, v in told.items() if k != "links"} == listed
    assert sorted(rels(told["links"])) == ["alternate", "collection", "self"]
    assert told["properties"]["seats"] == 1
    area = body("/collections/areas-division-district/items/990100001")
    assert area["properties"]["name"] == "West"
    assert shapely.from_geojson(json.dumps(area["geometry"])).bounds == (10.0, 50.0, 10.01, 50.01)


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/collections/nothing", "collection_unknown"),
        ("/collections/nothing/items", "collection_unknown"),
        ("/collections/toilets/items/R1", "feature_unknown"),
        ("/collections/areas-division-district/items/990100", "feature_unknown"),
        ("/collections/toilets/items/x%00", "feature_unknown"),
    ],
)
def test_what_is_not_there_is_not_found(path: str, code: str) -> None:
    """/req/core/http"""
    answer = get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, code)


@pytest.mark.parametrize(
    "path", ["", "/conformance", "/api", "/collections", "/collections/toilets", "/collections/toilets/items",
             "/collections/toilets/items/T01"],
)  # fmt: skip
def test_everything_is_also_a_page(path: str) -> None:
    """/req/html/definition, /req/html/content"""
    asked = Client().get(f"/ogc{path}", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    for answer in (get(path, f="html"), asked):
        assert answer["Content-Type"] == "text/html; charset=utf-8"
        text = answer.content.decode()
        assert text.startswith("<!DOCTYPE html>")
        assert "unsafe" not in answer["Content-Security-Policy"]
    if path.endswith("T01"):
        assert "Gate" in text


def test_a_page_shows_what_is_in_the_data_and_never_runs_it() -> None:
    """/req/html/content"""
    put("toilets", {"T1": shapely.Point(10.001, 50)}, names={"T1": "<script>"})
    text = get("/collections/toilets/items/T1", f="html").content.decode()
    assert "&lt;script&gt;" in text
    assert "<script>" not in text


@pytest.mark.parametrize("collection", ["toilets", "roads", "areas-division-district"])
def test_a_page_costs_as_many_statements_however_much_is_on_it(collection: str) -> None:
    counts = []
    for limit in ("1", "100"):
        get(f"/collections/{collection}/items", limit=limit)
        with CaptureQueriesContext(connection) as asked:
            get(f"/collections/{collection}/items", limit=limit, bbox="10,50,10.006,50.006")
        counts.append(len(asked))
    assert counts[0] == counts[1] <= 4
