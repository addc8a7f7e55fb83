"""Land that is made up tiles its outlines on every level, is numbered and nested, and is the same for the same seed."""

from collections import Counter
from random import Random
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from cityloop.core.errors import Refused
from cityloop.ground.places.beats import design
from cityloop.ground.places.metres import polygons_of, square_metres
from cityloop.ground.places.seams import seam_errors
from cityloop.practice import land, made
from cityloop.practice.cutting import cut
from cityloop.practice.made import GivenArea
from cityloop.practice.wishes import Share, Wishes

LON, LAT = 116.3, 39.9
WISHES = Wishes.model_validate(
    {
        "middle": (LON, LAT), "urban": "Town", "responsibility_grids": 40, "unit_grids": 100,
        "town": {"ground": 1, "built_up": 12}, "village": {"ground": 3, "built_up": 4},
        "special": [{"level": "school", "name": "School, {name}", "count": 3, "hours": "mon-fri 07:00-08:30"}],
    }
)  # fmt: skip


def district(shape: Any, seed: int) -> land.District:
    chance = Random(seed)
    streets = []
    for number in range(1, chance.randint(2, 4)):
        street = f"990101{number:03}"
        communities = [
            land.Community(f"{street}{one:03}", chance.choice(["Town", "Village"]))
            for one in range(1, chance.randint(2, 8))
        ]
        streets.append(land.Street(street, f"Street {number}", communities))
    return land.District("990101", shapely.to_wkb(shape), streets)


def ground(seed: int, radius: float) -> Any:
    """A random star of some degrees, in one piece."""
    chance = np.random.default_rng(seed)
    angle = np.sort(chance.uniform(0, 2 * np.pi, int(chance.integers(5, 40))))
    reach = radius * chance.uniform(0.3, 1, len(angle))
    star = shapely.make_valid(shapely.Polygon(np.c_[LON + reach * np.cos(angle), LAT + reach * np.sin(angle)]))
    return max(polygons_of(star), key=lambda part: float(part.area))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.lists(st.floats(0.5, 9), min_size=1, max_size=30))
def test_cuts_are_connected_tile_and_keep_the_proportions_of_plain_ground(seed: int, weights: list[float]) -> None:
    whole = ground(seed, 0.05)
    parts = cut(whole, weights, Random(seed), (LON, LAT))
    assert [part.geom_type for part in parts] == ["Polygon"] * len(weights)
    assert seam_errors([whole], parts, [0] * len(parts)) == []
    square = cut(shapely.box(LON, LAT, LON + 0.1, LAT + 0.08), weights, Random(seed), (LON, LAT))
    shares = square_metres(square) / square_metres(square).sum()
    assert shares == pytest.approx([weight / sum(weights) for weight in weights], rel=0.05)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6))
def test_a_district_is_settled_without_a_seam(seed: int) -> None:
    job = district(ground(seed, 0.03), seed)
    found = land.settle(job, WISHES)
    shapes = {code: shapely.from_wkb(shape) for code, shape in found.shapes.items()}
    streets = [street.code for street in job.streets]
    communities = [one.code for street in job.streets for one in street.communities]
    assert shapes.keys() == {*streets, *communities}
    whole = shapely.from_wkb(job.shape)
    assert seam_errors([whole], [shapes[code] for code in streets], [0] * len(streets)) == []
    above = [streets.index(code[:9]) for code in communities]
    assert seam_errors([shapes[code] for code in streets], [shapes[code] for code in communities], above) == []
    of = [communities.index(unit.community) for unit in found.units]
    assert seam_errors([shapes[c] for c in communities], [unit.polygon for unit in found.units], of) == []
    numbers = Counter(unit.community for unit in found.units)
    codes = [f"{code}{number:03}" for code in communities for number in range(1, numbers[code] + 1)]
    assert sorted(unit.code for unit in found.units) == codes
    assert min(numbers[code] for code in communities) >= 1
    assert sorted(code for groups in found.parts.values() for group in groups for code in group) == communities
    assert land.settle(job, WISHES) == found


@pytest.mark.parametrize("seed", range(6))
def test_beats_of_a_town_come_out_even_and_connected_on_ground_cut_aslant(seed: int) -> None:
    """No lattice: cells are clipped by the borders of communities that run any way."""
    town = WISHES.model_copy(update={"urban": "Town|Village", "town": Share(ground=1, built_up=5_000)})
    units = land.settle(district(ground(seed, 0.02), seed), town).units
    cells, load = [unit.polygon for unit in units], [unit.load for unit in units]
    found = design(cells, load, max(1, len(units) // 12), seed)
    assert (found.balanced, found.figures.worst <= 1.15, found.figures.connected) == (True, True, True)


def areas() -> list[GivenArea]:
    """A city of two districts side by side, the second without an outline."""
    box = shapely.box(LON, LAT, LON + 0.05, LAT + 0.04)
    found = [
        GivenArea("9901", "city", "City", {}, "", None),
        GivenArea("990101", "district", "One", {}, "9901", shapely.to_wkb(box)),
        GivenArea("990102", "district", "Two", {"en": "Second"}, "9901", None),
    ]  # fmt: skip
    for top in ("990101", "990102"):
        for street in (f"{top}001", f"{top}002"):
            found.append(GivenArea(street, "street", street, {}, top, None))
            for one in range(1, 6):
                name = "Town" if one < 3 else "Village"
                found.append(GivenArea(f"{street}{one:03}", "community", name, {}, street, None))
    return found


CARVED = WISHES.model_copy(
    update={"carve": Wishes.model_validate({
        "middle": (LON, LAT), "responsibility_grids": 1,
        "carve": [{"area": "990102", "out_of": ["990101"], "middle": (LON + 0.04, LAT + 0.03), "km2": 4}],
    }).carve}
)  # fmt: skip


@pytest.fixture(scope="module")
def city() -> made.Land:
    return made.make_land(areas(), CARVED)


def test_a_city_has_as_many_grids_as_it_wishes_and_each_counts_to_one_beat(city: made.Land) -> None:
    beats = [area for area in city.areas if area.scheme == "responsibility"]
    assert (len(beats), len(city.units) >= 100) == (40, True)
    assert {area.parent for area in beats} == {area.code for area in areas() if area.level == "community"}
    counted = {code: Counter(ref.split(":")[0] for ref in refs) for code, refs in city.counts_to.items()}
    assert all((counts["responsibility"], counts["assessment"]) == (1, 1) for counts in counted.values())
    assert len(counted) == len(city.units)
    cells = {unit.code: unit.polygon for unit in city.units}
    for beat in beats:
        members = [cells[code] for code, refs in city.counts_to.items() if f"responsibility:{beat.code}" in refs]
        assert square_metres([shapely.symmetric_difference(shapely.union_all(members), beat.shape)])[0] < 1
        assert beat.shape.geom_type == "Polygon"
        assert city.shapes[beat.parent].buffer(1e-9).covers(beat.shape)


def test_a_district_without_an_outline_is_carved_out_and_said_to_be_made(city: made.Land) -> None:
    assert square_metres([city.shapes["990102"]])[0] == pytest.approx(4e6, rel=0.02)
    assert not city.shapes["990101"].overlaps(city.shapes["990102"])
    assert {"990101", "990102", "990101001", "990101001001"} <= city.made
    assert "9901" not in city.made
    schools = [area for area in city.areas if area.scheme == "special"]
    assert [(area.name, area.hours) for area in schools] == [("School, Town", "mon-fri 07:00-08:30")] * 3


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"responsibility_grids": 3}, "practice_beats"),
        ({"responsibility_grids": 900_000}, "practice_beats"),
        ({"unit_grids": 900_000}, "practice_few_grids"),
        ({"carve": []}, "practice_no_outline"),
        ({"carve": [CARVED.carve[0].model_copy(update={"out_of": ["990109"]})]}, "practice_no_outline"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(change: dict[str, Any], error: str) -> None:
    with pytest.raises(Refused) as refused:
        made.make_land(areas(), CARVED.model_copy(update=change))
    assert refused.value.code == error
