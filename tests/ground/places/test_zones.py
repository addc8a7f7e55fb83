"""Guarded places hold a point in their hours, on their days, and several may hold it at once."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import shapely

from cityloop.core.hours import read_hours, spans
from cityloop.ground.places.models import Area
from cityloop.ground.places.queries import zone_map
from cityloop.ground.places.zones import Zone, ZoneMap

SCHOOL = shapely.to_wkb(shapely.box(0, 0, 1, 1))
EVENT = shapely.to_wkb(shapely.box(0.5, 0, 2, 1))
HOURS = "mon-fri 07:00-08:30 16:00-18:00"
ZONES = ZoneMap(
    [
        Zone(2, "S2", "event", "Event", {}, spans({}), EVENT),
        Zone(1, "S1", "school", "School", {}, spans(read_hours(HOURS)), SCHOOL),
    ]
)


@pytest.mark.parametrize(
    ("lon", "moment", "held"),
    [
        (0.7, "2025-03-03T07:00", ["S1", "S2"]),
        (0.7, "2025-03-03T08:30", ["S2"]),
        (0.7, "2025-03-02T07:30", ["S2"]),  # a Sunday
        (0.2, "2025-03-03T17:59", ["S1"]),
        (0.2, "2025-03-03T12:00", []),
        (3.0, "2025-03-03T07:30", []),
    ],
)
def test_a_zone_counts_in_its_hours(lon: float, moment: str, held: list[str]) -> None:
    assert [zone.code for zone in ZONES.at(lon, 0.5, datetime.fromisoformat(moment).replace(tzinfo=UTC))] == held


def test_no_zones_hold_nothing() -> None:
    assert ZoneMap([]).at(0, 0, datetime(2025, 1, 1, tzinfo=UTC)) == []


@pytest.mark.django_db
def test_zones_begin_and_end_by_date(django_assert_num_queries: Any) -> None:
    told = {"level": "event", "name": "Fair", "scheme": "special", "shape": EVENT}
    Area.objects.create(code="S1", valid_from=date(2025, 3, 1), valid_to=date(2025, 3, 8), **told)
    Area.objects.create(code="S2", valid_from=date(2025, 3, 8), hours={"sat": [["09:00", "12:00"]]}, **told)
    Area.objects.create(code="D1", level="district", name="No zone", shape=EVENT, valid_from=date(2025, 1, 1))
    with django_assert_num_queries(1):
        assert [zone.code for zone in zone_map(date(2025, 3, 7)).zones] == ["S1"]
    (fair,) = zone_map(date(2025, 3, 8)).zones
    assert fair.hours == spans({"sat": [["09:00", "12:00"]]})
