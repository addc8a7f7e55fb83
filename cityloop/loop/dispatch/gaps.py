"""HTTP edge of what is wrong with the ledger, with how many past cases it concerned."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
import shapely
from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from cityloop.core import clock, texts
from cityloop.core.texts import _
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.city import city
from cityloop.ground.registry.changing import Code, DutyIn
from cityloop.ground.registry.findings import Gap
from cityloop.ground.registry.gaps import what_if as registry_what_if
from cityloop.ground.registry.ledger_api import READ
from cityloop.ground.registry.proposals import fit_duty
from cityloop.ground.registry.queries import ledger_of
from cityloop.ground.registry.soundness import resolved
from cityloop.ground.registry.terrain import Terrain
from cityloop.ground.registry.words import KIND_TITLES
from cityloop.ground.registry.worklist import counted, worklist
from cityloop.loop.cases.catalogue import catalogue
from cityloop.loop.cases.queries import count_by_ground

MOST = 500
Kind = Literal["", "ground", "sliver", "surface", "phase", "hours", "contract", "dispute"]

router = Router(tags=["ledger"])


class Coded(Schema):
    code: str
    name: str


class LedgerGap(Schema):
    """`number`: its place among all of the day; `rows`: the duties that are the cause; `area`: the smallest that holds
    it; `why`: the roles in dispute, or the day a contract ended; `cases`: past cases of the ground and the categories;
    `geometry`: GeoJSON in WGS-84, where it was asked for and the ground is known."""

    number: int
    kind: str
    kind_title: str
    area_m2: float
    categories: list[Coded]
    rows: list[str]
    area: Coded | None
    object: str
    phase: str
    stratum: str
    hours: str
    why: str
    cases: int
    geometry: dict[str, Any] | None


class LedgerGaps(Schema):
    """`counts`: of the day, by kind; `next` is to be given as `after` for the following page; null on the last."""

    at: datetime
    counts: dict[str, int]
    gaps: list[LedgerGap]
    next: int | None


class Filters(Schema):
    """`at`: the day of this instant, today if none is told; `area`: a code, with all below it."""

    at: datetime | None = None
    kind: Kind = ""
    category: Annotated[str, Field(max_length=40)] = ""
    area: Annotated[str, Field(max_length=40)] = ""
    geometry: bool = False
    after: Annotated[int, Field(ge=0)] = 0
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100


@router.get("/ledger/gaps", response=LedgerGaps)
def gaps(request: HttpRequest, asked: Query[Filters]) -> dict[str, Any]:
    """Gaps and disputes on a day, each cause once."""
    actor_of(request).require(READ)
    here, at = city(), asked.at or clock.now()
    known, found = catalogue(here.revision), worklist(here, at)
    categories = set(known.under_category(asked.category)) if asked.category else set()
    areas = set(known.areas_called(asked.area)) if asked.area else set()
    chosen = [
        (number, gap)
        for number, gap in enumerate(found.gaps, start=1)
        if number > asked.after
        and asked.kind in ("", gap.kind)
        and (not categories or not gap.categories or categories & set(gap.categories))
        and (not areas or areas & set(gap.areas))
    ]
    page = chosen[: asked.limit]
    return {
        "at": found.terrain.at,
        "counts": {kind: sum(gap.kind == kind for gap in found.gaps) for kind in KIND_TITLES},
        "gaps": told(page, found.terrain, here.revision, geometry=asked.geometry),
        "next": page[-1][0] if len(chosen) > len(page) else None,
    }


class WhatIf(Schema):
    """Duties as they would be, and codes of those that would end; `at`: judged on the day of this instant."""

    at: datetime
    duties: Annotated[list[DutyIn], Field(max_length=100)] = []
    removals: Annotated[list[Code], Field(max_length=100)] = []


class WhatIfOut(Schema):
    appear: list[LedgerGap]
    disappear: list[LedgerGap]


@router.post("/ledger/what-if", response=WhatIfOut)
def what_if(request: HttpRequest, body: WhatIf) -> dict[str, Any]:
    """The gaps and disputes that would appear and disappear. Nothing is written."""
    actor_of(request).require(READ)
    here = city()
    day = here.day(body.at)
    fresh = resolved(here, [fit_duty(duty.model_dump(mode="json"), here, day) for duty in body.duties])
    gone = {duty.code for duty in body.duties} | set(body.removals)
    ledger, terrain = ledger_of(here.revision), worklist(here, body.at).terrain
    ended = [duty.id for duty in ledger.duties.values() if duty.code in gone]
    effect = registry_what_if(ledger, ended, fresh, terrain)
    codes = {duty.id: duty.code for duty in (*ledger.duties.values(), *fresh)}
    return {
        name: told(list(enumerate(found, start=1)), terrain, here.revision, geometry=True, codes=codes)
        for name, found in effect._asdict().items()
    }


def told(
    page: list[tuple[int, Gap]],
    terrain: Terrain,
    revision: str,
    *,
    geometry: bool,
    codes: Mapping[int, str] | None = None,
) -> list[dict[str, Any]]:
    """Findings as people read them; one statement for all their cases. `codes`: of duties, where not those known."""
    language, known = texts.spoken(), catalogue(revision)
    codes = codes or {duty.id: duty.code for duty in ledger_of(revision).duties.values()}
    named = {row.id: {"code": row.code, "name": row.said(language)} for row in (*known.categories,)}
    areas = {row.id: {"code": row.code, "name": row.said(language)} for row in known.areas}
    cases = counted([gap for _number, gap in page], terrain, count_by_ground())
    return [
        {
            "number": number,
            "kind": gap.kind.value,
            "kind_title": _(KIND_TITLES[gap.kind]),
            "categories": [named[category] for category in gap.categories],
            "rows": list(dict.fromkeys(codes[duty] for duty in gap.duties)),
            "area_m2": gap.area_m2,
            "phase": gap.phase,
            "stratum": gap.stratum,
            "hours": gap.hours,
            "why": gap.why,
            "area": areas.get(gap.areas[-1]) if gap.areas else None,
            "object": gap.object_code,
            "cases": count,
            "geometry": _geojson(gap.shape) if geometry else None,
        }
        for (number, gap), count in zip(page, cases, strict=True)
    ]


def _geojson(shape: bytes | None) -> dict[str, Any] | None:
    return None if shape is None else orjson.loads(shapely.to_geojson(shapely.from_wkb(shape)))
