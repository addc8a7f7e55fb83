"""A whole ledger for a made-up city, with gaps and disputes planted in it, and the truth about these.

Lines are those of ledger.csv, column to text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import shapely

from cityloop.core.errors import Refused
from cityloop.ground.places.gridding import STEP
from cityloop.ground.places.metres import around
from cityloop.practice.made import GivenArea
from cityloop.practice.things import Things
from cityloop.practice.wishes import DutyWish, Planted, PlantWish, Wishes

COLUMNS = (
    "code", "tier", "category", "situation", "area", "area_class", "grid", "drawn", "road", "object", "phase",
    "stratum", "hours", "role", "organisation", "lot", "until", "person", "duty", "basis", "valid_from", "valid_to",
)  # fmt: skip
Line = dict[str, str]
Truth = dict[str, str]
"""`kind`, and what names it: category, area, object, phase, stratum, duty (the code of the line that it is about)."""


class Place(NamedTuple):
    """An area or a thing for which a duty can be. `column`: of the ledger, that names it."""

    code: str
    column: str
    home: str
    state: str
    number: int


class Duties:
    """`shapes`: outlines of areas by code."""

    def __init__(self, wishes: Wishes, areas: Sequence[GivenArea], shapes: Mapping[str, Any], things: Things) -> None:
        self.wishes, self.areas, self.shapes, self.things = wishes, areas, shapes, things
        self.by_code = {area.code: area for area in areas}
        self._places: dict[str, list[Place]] = {}

    def lines(self) -> tuple[list[Line], list[Truth]]:
        """Every duty that is wished, and what was planted. Refused where a wish names no level and no layer."""
        lines: list[Line] = []
        truths: list[Truth] = []
        for number, wish in enumerate(self.wishes.ledger):
            places = self._each(wish.each)
            picked = self._picked(wish, places, Random(f"{self.wishes.seed} plant {number}"))
            for place in places:
                line = self._line(wish, place)
                if wish.plant is None or place.code not in picked:
                    lines.append(line)
                    continue
                lines += self._planted(wish.plant, line, place)
                named = ("category", "area", "phase", "stratum")
                truths.append(
                    {"kind": wish.plant.kind, "duty": line["code"], "object": line["object"] or line["road"]}
                    | {column: line[column] for column in named}
                )
        return lines, truths

    def _each(self, each: str) -> list[Place]:
        if each not in self._places:
            if each in self.things.layers:
                column = "road" if self.things.layers[each].wish.form == "roads" else "object"
                found = self.things.of(each)
                self._places[each] = [
                    Place(thing.code, column, thing.community, thing.state, number)
                    for number, thing in enumerate(found, start=1)
                ]
            else:
                areas = [area for area in self.areas if area.level == each]
                if not areas:
                    raise Refused("practice_each", each=each)
                self._places[each] = [
                    Place(area.code, "area", area.code, "", number) for number, area in enumerate(areas, start=1)
                ]
        return self._places[each]

    def _line(self, wish: DutyWish, place: Place) -> Line:
        top, middle, _ = self.wishes.levels
        above = self._above(place.home)
        told = {
            "code": place.code, "number": place.number, "district": above.get(top, ""), "street": above.get(middle, "")
        }  # fmt: skip
        line = dict.fromkeys(COLUMNS, "")
        for column in ("tier", "category", "stratum", "phase", "hours", "role", "basis"):
            line[column] = getattr(wish, column)
        for column in ("code", "organisation", "lot"):
            line[column] = getattr(wish, column).format(**told)
        line["until"] = wish.until.isoformat() if wish.until else ""
        line[place.column] = place.code
        return line

    def _above(self, code: str) -> dict[str, str]:
        """Level to the code of the area of it that holds an area."""
        found = {}
        while (area := self.by_code.get(code)) is not None:
            found[area.level] = area.code
            code = area.parent
        return found

    def _picked(self, wish: DutyWish, places: Sequence[Place], chance: Random) -> set[str]:
        if wish.plant is None:
            return set()
        fit = [place.code for place in places if not wish.phase or place.state == wish.phase]
        if wish.plant.how == "narrow":
            fit = [code for code in fit if _one_piece(self._strip(code, wish.plant))]
        return set(chance.sample(fit, min(wish.plant.count, len(fit))))

    def _planted(self, plant: PlantWish, line: Line, place: Place) -> Iterator[Line]:
        if plant.how == "end":
            yield line | {"until": plant.until.isoformat() if plant.until else ""}
        elif plant.how == "double":
            above = self._above(place.home)
            other = plant.organisation.format(district=above.get(self.wishes.levels[0], ""))
            yield from (line, line | {"code": f"{line['code']}-2", "organisation": other})
        elif plant.how == "narrow":
            left = shapely.difference(self.shapes[place.code], self._strip(place.code, plant), grid_size=STEP)
            yield line | {"area": "", "drawn": str(shapely.to_wkt(left, rounding_precision=10))}

    def _strip(self, code: str, plant: PlantWish) -> Any:
        """What of an area lies along the border of its district."""
        district = self._above(code)[self.wishes.levels[0]]
        metres = around([self.shapes[code]])
        border = shapely.boundary(metres.shapes([self.shapes[district]])[0])
        near = shapely.buffer(
            shapely.intersection(border, shapely.buffer(metres.shapes([self.shapes[code]])[0], 1.0)), plant.strip_m
        )
        back = shapely.transform(near, lambda p: p / (metres.lon_m, metres.lat_m) + (metres.lon, metres.lat))
        return shapely.intersection(self.shapes[code], back, grid_size=STEP)


def plant(lines: list[Line], plants: Iterable[Planted]) -> tuple[list[Line], list[Truth]]:
    """Lines as somebody else wants them wrong: `drop` codes, `change` columns of codes, `add` lines; `expect` is kept.

    Refused where a code is not there.
    """
    by_code: dict[str, list[Line]] = {}
    for line in lines:
        by_code.setdefault(line["code"], []).append(line)
    truths = []
    for one in plants:
        for code in [*one.drop, *(change["code"] for change in one.change)]:
            if code not in by_code:
                raise Refused("plant_unknown", duty=code)
        for code in one.drop:
            del by_code[code]
        for change in one.change:
            by_code[change["code"]] = [line | dict(change) for line in by_code[change["code"]]]
        for line in one.add:
            by_code.setdefault(line["code"], []).append(dict.fromkeys(COLUMNS, "") | dict(line))
        truths.append(dict(one.expect))
    return [line for some in by_code.values() for line in some], truths


def _one_piece(shape: Any) -> bool:
    return shape.geom_type == "Polygon" and not shape.is_empty
