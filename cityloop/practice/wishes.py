"""What a pack wants of the city that is made up for practice: the section `practice` of pack.yaml."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from cityloop.core.fields import Code, HoursCell, Name, Names, OptionalDay, Strict, refusal

Degrees = tuple[Annotated[float, Field(ge=-180, le=180)], Annotated[float, Field(ge=-90, le=90)]]
"""Longitude and latitude."""


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise refusal("mapping_pattern", value=text) from error
    return text


class Carving(Strict):
    """An area without an outline of its own, cut out of others: so many km2 around a place."""

    area: Code
    out_of: Annotated[list[Code], Field(min_length=1)]
    middle: Degrees
    km2: Annotated[float, Field(gt=0)]


class SpecialWish(Strict):
    """Special zones of one kind: circles in built-up land. `name` may hold {name}, that of the community."""

    level: Annotated[str, Field(min_length=1, max_length=30)]
    name: Name
    names: Names = {}
    count: Annotated[int, Field(ge=0, le=100_000)]
    radius_m: Annotated[float, Field(gt=0, le=2_000)] = 100.0
    hours: HoursCell = ""


class GridNames(Strict):
    """How grids are called: {name} is the area that holds them, {number} counts inside of it."""

    name: Name
    names: Names = {}


class Share(Strict):
    """Hectares; `ground`: of a community, in proportion; `built_up`: of what is built up in it, at most."""

    ground: Annotated[float, Field(gt=0)]
    built_up: Annotated[float, Field(gt=0)]


class ThingWish(Strict):
    """What stands in a layer. `form`: `roads` across what is built up; points `along` the roads of a layer, or
    `scattered`; `blocks` in single grids; decks `over` the longest roads of a layer. `share` of all points that are
    wished, or `count`. `name` may hold {name}, that of the community, and {number}; `states` by weight."""

    form: Literal["roads", "along", "scattered", "blocks", "over"]
    of: str = ""
    share: Annotated[float, Field(gt=0)] | None = None
    count: Annotated[int, Field(ge=0, le=999_999)] = 0
    name: Annotated[str, Field(max_length=200)] = ""
    states: dict[Annotated[str, Field(max_length=20)], Annotated[float, Field(gt=0)]] = {}


class PlantWish(Strict):
    """What is to be wrong with so many duties of a wish, and is kept to be found. `drop`: it is not there; `end`: its
    contract ran out on the day `until`; `double`: `organisation` has it too; `narrow`: it leaves a strip of `strip_m`
    metres along the border of its district. `kind`: as what it is to be found."""

    how: Literal["drop", "end", "double", "narrow"]
    kind: Literal["ground", "surface", "phase", "hours", "contract", "dispute"]
    count: Annotated[int, Field(ge=1, le=10_000)] = 1
    until: OptionalDay = None
    organisation: Annotated[str, Field(max_length=80)] = ""
    strip_m: Annotated[float, Field(gt=0, le=500)] = 15.0


class Planted(Strict):
    """Something wrong with the ledger that somebody thought of: codes of duties that are dropped, columns that change
    (each with its `code`), lines that are added; `expect`: as what it is to be found, kept with the truth."""

    expect: dict[str, str]
    drop: list[str] = []
    change: list[dict[str, str]] = []
    add: list[dict[str, str]] = []


class PlantFile(Strict):
    """A file of `practice pack --plant`."""

    plants: list[Planted]


class DutyWish(Strict):
    """A duty for `each` area of a level, or each thing of a layer; the other keys are columns of ledger.csv. Texts may
    hold {code} of the area or thing, {district} and {street} in which it lies, and its {number}."""

    each: Code
    code: Annotated[str, Field(min_length=1, max_length=80)]
    tier: str = ""
    category: str = ""
    stratum: str = ""
    phase: str = ""
    hours: HoursCell = ""
    role: str = ""
    organisation: Annotated[str, Field(min_length=1)]
    lot: str = ""
    until: OptionalDay = None
    basis: str = ""
    plant: PlantWish | None = None


class Wishes(Strict):
    """`levels`: those of districts, streets and communities; `urban`: what the name of a town's community
    holds; `points`: so many objects that are points, shared out among the layers with a `share`; `days`: of
    the closed cases."""

    seed: int = 1
    levels: Annotated[list[str], Field(min_length=3, max_length=3)] = ["district", "street", "community"]
    middle: Degrees
    urban: Annotated[str, AfterValidator(_pattern)] = "$^"
    town: Share = Share(ground=1, built_up=25)
    village: Share = Share(ground=5, built_up=6)
    unit_grids: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    responsibility_grids: Annotated[int, Field(ge=1, le=1_000_000)]
    assessment_grids: Annotated[int, Field(ge=1, le=100)] = 3
    responsibility: GridNames = GridNames(name="{name} {number}")
    assessment: GridNames = GridNames(name="{name} {number}")
    special: list[SpecialWish] = []
    carve: list[Carving] = []
    points: Annotated[int, Field(ge=0, le=5_000_000)] = 50_000
    things: dict[Code, ThingWish] = {}
    ledger: list[DutyWish] = []
    open_cases: Annotated[int, Field(ge=0, le=1_000_000)] = 400
    closed_cases: Annotated[int, Field(ge=0, le=1_000_000)] = 6_000
    days: Annotated[int, Field(ge=1, le=365)] = 30
