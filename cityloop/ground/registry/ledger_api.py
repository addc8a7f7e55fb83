"""HTTP edge of the responsibility ledger: its rows, who answers here and why, contracts about to end."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from cityloop.core import clock, texts
from cityloop.core.errors import Refused, Unknown
from cityloop.core.texts import _
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.city import CityValue, city
from cityloop.ground.places.locate import Place
from cityloop.ground.places.queries import areas_on
from cityloop.ground.registry import records
from cityloop.ground.registry.ledger import Answer, Party
from cityloop.ground.registry.queries import ledger_of, question, thing_on
from cityloop.ground.registry.spots import Thing
from cityloop.ground.registry.words import FINDING_TITLES, LOST_TITLES, ROLE_TITLES, TIER_TITLES
from cityloop.ground.registry.worklist import ending
from cityloop.ground.standards.queries import rule_book

READ = "ledger.read"
MOST = 500

router = Router(tags=["ledger"])
Tier = Literal["", "owner", "contract", "line", "territory"]
Code = Annotated[str, Field(max_length=80)]


class LedgerPartyOut(Schema):
    """`until`: the first day on which its contract no longer runs."""

    role: str
    role_title: str
    organisation: str
    name: str
    lot: str
    until: date | None
    person: str


class LedgerRowOut(Schema):
    """A duty; empty scopes are any. `drawn`: WKT in WGS-84; `hours`: as packs write them; `proposal`, `ended_by`: the
    proposals that it began and ended by."""

    code: str
    tier: str
    tier_title: str
    category: str
    category_name: str
    situation: str
    area: str
    area_name: str
    area_class: str
    grid: str
    road: str
    drawn: str
    object: str
    phase: str
    stratum: str
    hours: str
    duty: str
    basis: str
    valid_from: date
    valid_to: date | None
    proposal: int | None
    ended_by: int | None
    parties: list[LedgerPartyOut]


class LedgerPage(Schema):
    """`next` is to be given as `after` for the following page; null on the last."""

    rows: list[LedgerRowOut]
    next: str | None


class Body(Schema):
    code: str
    name: str


class LostRow(Schema):
    """`why`: not_yet, no_longer, contract_ended, other_situation, other_phase, other_stratum, outside_hours,
    weaker_tier, less_specific."""

    row: LedgerRowOut
    why: str
    why_title: str


class LedgerAnswer(Schema):
    """`finding`: named, fallback (territory only), gap or dispute; `handler`: whom a case would be dispatched to;
    `interim`: who acts at once where nobody or two answer; `reason`: the tier, and what pins the rows down."""

    at: datetime
    finding: str
    finding_title: str
    handler: Body | None
    interim: Body | None
    reason: list[str]
    rows: list[LedgerRowOut]
    lost: list[LostRow]
    parties: list[LedgerPartyOut]
    grid: str | None
    areas: list[str]
    area_class: str
    object: str
    phase: str
    road: str


class EndingOut(Schema):
    """`followed`: the same duty goes on that day."""

    row: LedgerRowOut
    ends: date
    followed: bool


class Filters(Schema):
    """`area`: a code, with all below it; `category` likewise; `thing`: code of an object or a road."""

    day: date | None = None
    tier: Tier = ""
    category: Annotated[str, Field(max_length=40)] = ""
    area: Annotated[str, Field(max_length=40)] = ""
    organisation: Annotated[str, Field(max_length=40)] = ""
    thing: Annotated[str, Field(max_length=40)] = ""
    after: Code = ""
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100


@router.get("/ledger/rows", response=LedgerPage)
def rows(request: HttpRequest, asked: Query[Filters]) -> dict[str, Any]:
    """Duties in force on a day (today, if none is told), by code."""
    actor_of(request).require(READ)
    filters = asked.dict()
    day, limit = filters.pop("day") or city().day(clock.now()), filters.pop("limit")
    found = records.page(day, limit + 1, texts.spoken(), **filters)
    return {"rows": titled(found[:limit]), "next": found[limit - 1]["code"] if found[limit:] else None}


@router.get("/ledger/rows/{code}", response=list[LedgerRowOut])
def one(request: HttpRequest, code: str) -> list[dict[str, Any]]:
    """Every row that a duty ever was, the latest first."""
    actor_of(request).require(READ)
    return titled(records.versions(code, texts.spoken()))


class Asked(Schema):
    """`area`: a code, where no point is known; `object`: the thing meant; `at`: now, if none is told."""

    category: Annotated[str, Field(min_length=1, max_length=40)]
    situation: Annotated[str, Field(max_length=60)] = ""
    lon: Annotated[float | None, Field(ge=-180, le=180)] = None
    lat: Annotated[float | None, Field(ge=-90, le=90)] = None
    area: Annotated[str, Field(max_length=40)] = ""
    object: Annotated[str, Field(max_length=40)] = ""
    stratum: Literal["on", "under", "above"] = "on"
    at: datetime | None = None


@router.get("/ledger/who", response=LedgerAnswer)
def who(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """Who answers for a category at a spot and an instant, by which rows, and why the others do not."""
    actor_of(request).require(READ)
    return who_answers(city(), asked, asked.at or clock.now())


def who_answers(here: CityValue, asked: Asked, at: datetime) -> dict[str, Any]:
    """The answer with its explanation. Refused without a place; Unknown where what is named is not there."""
    if at.tzinfo is None:
        raise Refused("instant_unreadable", text=at.isoformat())
    day = here.day(at)
    rule = rule_book(here.revision).rule(asked.category, day, asked.situation)
    thing = thing_on(day, asked.object) if asked.object else None
    place = _place(here, asked, day, thing)
    told = question(
        here, (rule.category, rule.major), place, at, situation=asked.situation, stratum=asked.stratum, thing=thing
    )
    answer = ledger_of(here.revision).who_answers_for(told)
    known = areas_on(here.revision, day)
    grids = {grid.id: grid.code for grid in known.grids if grid.id == told.grid}
    codes = {area.id: area.code for area in known.areas if area.id in told.areas}
    return _answer(answer, at) | {
        "grid": grids.get(told.grid or 0),
        "areas": [codes[area] for area in told.areas if area in codes],
        "area_class": told.area_class,
        "object": told.object_code,
        "phase": told.phase,
        "road": told.road,
    }


def _place(here: CityValue, asked: Asked, day: date, thing: Thing | None) -> Place:
    lon, lat = thing.inner if thing and asked.lon is None else (asked.lon, asked.lat)
    if (lon is None or lat is None) and not asked.area:
        raise Refused("place_missing")
    place = areas_on(here.revision, day).place(lon, lat, asked.area)
    if not place.areas and asked.area:
        raise Unknown("area_unknown", area=asked.area)
    return place


def _answer(answer: Answer, at: datetime) -> dict[str, Any]:
    language = texts.spoken()
    ids = [duty.id for duty in (*answer.duties, *(duty for duty, _why in answer.lost))]
    known = records.by_id(ids, language)
    titled([*known.values()])
    acting = {"handler": answer.handler, "interim": answer.interim}
    bodies = records.bodies([*acting.values(), *(party.organisation for party in answer.parties)], language)
    return {name: bodies[pk] if pk else None for name, pk in acting.items()} | {
        "at": at,
        "finding": answer.finding.value,
        "finding_title": _(FINDING_TITLES[answer.finding]),
        "reason": list(answer.reason),
        "rows": [known[duty.id] for duty in answer.duties],
        "lost": [
            {"row": known[duty.id], "why": why.value, "why_title": _(LOST_TITLES[why])} for duty, why in answer.lost
        ],
        "parties": [_party(party, bodies[party.organisation]) for party in answer.parties],
    }


def _party(party: Party, body: dict[str, str]) -> dict[str, Any]:
    title = _(ROLE_TITLES[party.role])
    return party._asdict() | {"role_title": title, "organisation": body["code"], "name": body["name"]}


@router.get("/ledger/contracts", response=list[EndingOut])
def contracts(
    request: HttpRequest, days: Annotated[int, Query(ge=1, le=3660)] = 90, day: date | None = None
) -> list[dict[str, Any]]:
    """Duties in force whose contract ends within so many days, the first first."""
    actor_of(request).require(READ)
    here = city()
    found = ending(ledger_of(here.revision), day or here.day(clock.now()), days)
    rows_ = records.by_id([duty.id for duty, _, _ in found], texts.spoken())
    return [{"row": titled([rows_[duty.id]])[0], "ends": ends, "followed": followed} for duty, ends, followed in found]


def titled(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows with what their tier and roles are called."""
    for row in found:
        row["tier_title"] = _(TIER_TITLES[row["tier"]])
        for party in row["parties"]:
            party["role_title"] = _(ROLE_TITLES[party["role"]])
    return found
