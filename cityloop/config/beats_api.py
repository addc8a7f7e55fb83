"""HTTP edge of beats: those of an area today, with their work, beside others that would be more even."""

from typing import Annotated, Any

import orjson
import shapely
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from cityloop.config.beat_plans import Present, designed, grids_inside, outlines, present_beats
from cityloop.core import clock, texts
from cityloop.core.errors import Refused
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.beats import Figures
from cityloop.ground.places.city import city
from cityloop.ground.places.locate import GridRow
from cityloop.ground.places.metres import Index
from cityloop.ground.places.queries import areas_on
from cityloop.ground.registry.api import AreaRef, Code
from cityloop.ground.registry.census import area_with_parts
from cityloop.ground.registry.inventory import EDIT

router = Router(tags=["grids"])
MOST = 1_500
"""Unit grids that are looked at while somebody waits: the beats of a street take seconds, of a district minutes."""


class BeatsAsked(Schema):
    """`area`: a code, empty for the whole city; `beats`: how many to design, 0 for none; `seed`: the same number makes
    the same beats again."""

    area: Code = ""
    beats: Annotated[int, Field(ge=0, le=MOST)] = 0
    seed: Annotated[int, Field(ge=0, le=10**6)] = 0


class BeatOut(Schema):
    """`relative`: its load over the mean; `pieces`: 1 where it is connected; `compactness`: 1 for a circle, 0.785 for a
    square; `geometry`: GeoJSON in WGS-84."""

    number: int
    grids: int
    load: float
    relative: float
    pieces: int
    compactness: float
    km2: float
    geometry: dict[str, Any]


class DivisionOut(Schema):
    """`worst`: the largest load over the mean; `left_out`: unit grids in no beat."""

    worst: float
    connected: bool
    compactness: float
    left_out: int
    beats: list[BeatOut]


class BeatsOut(Schema):
    """`trail`: the area and those above it, the largest first; `parts`: those below it; `grids`: unit grids in it, more
    than `most` are not looked at here. `bound`: no design is more even, as far as simple counting tells; `moved`: the
    share of the work that would change its beat."""

    trail: list[AreaRef]
    parts: list[AreaRef]
    grids: int
    most: int
    load: float | None = None
    present: DivisionOut | None = None
    design: DivisionOut | None = None
    bound: float | None = None
    balanced: bool | None = None
    moved: float | None = None


@router.get("/grids/beats", response=BeatsOut)
def beats(request: HttpRequest, asked: Query[BeatsAsked]) -> dict[str, Any]:
    """The present beats of an area and, where a number is given, as many connected ones of about equal work. Nothing
    is changed."""
    actor_of(request).require(EDIT)
    here = city()
    day = here.day(clock.now())
    trail, parts = area_with_parts(asked.area, day, texts.spoken())
    code = trail[-1]["code"]
    places = areas_on(here.revision, day)
    count = len(grids_inside(code, places))
    told = {"trail": trail, "parts": parts, "grids": count, "most": MOST}
    if not asked.beats:
        return told | (_now(present_beats(code, here, places, day)) if 0 < count <= MOST else {})
    if count > MOST:
        raise Refused("area_too_large_here", area=code, cells=count, most=MOST)
    now, found = designed(code, asked.beats, here, places, day, asked.seed)
    return (
        told
        | _now(now)
        | {
            "design": _division(found.figures, now.grids, found.assignment),
            "bound": found.bound,
            "balanced": found.balanced,
            "moved": found.moved,
        }
    )


def _now(found: Present) -> dict[str, Any]:
    return {"load": float(found.load.sum()), "present": _division(found.figures, found.grids, found.assignment)}


def _division(figures: Figures | None, grids: list[GridRow], assignment: Index | None) -> dict[str, Any] | None:
    if figures is None or assignment is None:
        return None
    shapes = shapely.to_geojson(outlines(grids, assignment)).tolist()
    return {
        "worst": figures.worst,
        "connected": figures.connected,
        "compactness": figures.compactness,
        "left_out": figures.left_out,
        "beats": [
            {
                "number": number, "grids": part.cells, "load": part.load, "relative": part.relative,
                "pieces": part.pieces, "compactness": part.compactness, "km2": part.area_m2 / 1e6,
                "geometry": orjson.loads(shape),
            }
            for number, (part, shape) in enumerate(zip(figures.parts, shapes, strict=True), start=1)
        ],
    }  # fmt: skip
