"""Take reports in, learn from them, open cases from them."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import orjson
from django.db import connection, transaction

from cityloop.core import bulk
from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.bulk import Table
from cityloop.core.errors import Refused, Unknown
from cityloop.ground.places.city import city
from cityloop.ground.places.queries import areas_on
from cityloop.loop.cases import actions as cases
from cityloop.loop.cases.actions import Move
from cityloop.loop.cases.facts import Facts, Opening
from cityloop.loop.cases.record import FIRST
from cityloop.loop.cases.rows import CaseRow
from cityloop.loop.clocks.ground import Ground, ground
from cityloop.loop.dispatch.actions import assignment_facts
from cityloop.loop.evidence.actions import claim, photo_ids
from cityloop.loop.evidence.queries import PhotoValue
from cityloop.loop.intake.facts import Learned, learn
from cityloop.loop.intake.replies.actions import owe
from cityloop.loop.intake.report import FactValue, Report

REPORTS = Table(
    "intake_report",
    {
        "number": "text",
        "channel": "text",
        "outside_id": "text",
        "happened_at": "timestamptz",
        "recorded_at": "timestamptz",
        "lon": "float8",
        "lat": "float8",
        "datum": "text",
        "address": "text",
        "words": "text",
        "evidence": "jsonb",
        "reporter": "jsonb",
        "raw": "jsonb",
        "case_id": "int8",
    },
)
FACTS = Table(
    "intake_fact",
    {
        "report_id": "int8",
        "name": "text",
        "value": "jsonb",
        "source": "text",
        "confidence": "int2",
        "at": "timestamptz",
    },
)
PHOTO_CONFIDENCE = 80
"""In percent: how far the metadata of a photo are believed."""
WHAT_A_CASE_NEEDS = ("category_missing", "category_unknown")
"""Facts that keep a report on the desk until a person adds the missing one."""


class Receipt(NamedTuple):
    """What a sender gets at once: the report's number, its case if one was opened, what is still missing."""

    number: str
    case: str | None
    known: bool
    missing: tuple[str, ...]


def receive(report: Report, *, actor: Actor, number: str = "") -> Receipt:
    """Take a report in; a (channel, outside id) that is known already changes nothing and gets its old number.

    Photos must have been uploaded (Unknown otherwise); what their metadata told becomes facts of the report.
    `number`: one that was taken for this report before (see `cases.take_number`), where its sender has it already.
    Outside the transaction are the reads, and the number: were its row held until the commit, every report of the
    day would wait for the one before.
    """
    actor.require("reports.create")
    here = ground()
    if report.channel not in here.city.settings.get("channels", {}):
        raise Unknown("channel_unknown", channel=report.channel)
    if number:
        (case_id,) = bulk.reserve(cases.CASE_IDS, 1)
    else:
        number, case_id = cases.take_number(here.city.code, here.city.day(report.happened_at))
    areas = areas_on(here.city.revision, here.city.day(report.happened_at))
    learned = learn(report, areas.place(report.lon, report.lat, report.area), areas, here)
    return _take_in(report, learned, here, number, case_id, actor)


@transaction.atomic
def _take_in(report: Report, learned: Learned, here: Ground, number: str, case_id: int, actor: Actor) -> Receipt:
    opens = learned.rule is not None
    report_id = _insert_report(report, f"R{number}", case_id if opens else None)
    if report_id is None:
        return _known(report)
    photos = claim(photo_ids(report.evidence), actor=actor, at=report.recorded_at) if report.evidence else []
    if opens:
        moves = opening_moves(report, learned, here, number, case_id)
        cases.advance_many([(None, moves)], actor=actor, recorded_at=report.recorded_at)
    bulk.insert(FACTS, fact_rows(report_id, [*learned.facts, *_photo_facts(photos)], report.recorded_at))
    owe(report_id, report.order_number, report.channel, here, report.recorded_at)
    missing = tuple(fact.name for fact in learned.facts if fact.name in WHAT_A_CASE_NEEDS)
    return Receipt(f"R{number}", number if opens else None, False, missing)


@transaction.atomic
def add_category(number: str, category: str, *, actor: Actor, at: datetime) -> Receipt:
    """A person adds the fact that was missing; the case opens with the report's own number."""
    actor.require("cases.register")
    here = ground()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, channel, outside_id, happened_at, lon, lat, address, words, evidence::json, case_id"
            " FROM intake_report"
            " WHERE number = %s FOR UPDATE",
            [number],
        )
        row = cursor.fetchone()
    if row is None:
        raise Unknown("report_unknown", number=number)
    report_id, channel, outside_id, happened_at, lon, lat, address, words, evidence, case_id = row
    if case_id is not None:
        raise Refused("report_opened", number=number)
    report = Report(
        channel, outside_id, happened_at, at, {}, lon=lon, lat=lat, address=address, words=words, category=category,
        evidence=tuple(evidence),
    )  # fmt: skip
    areas = areas_on(here.city.revision, here.city.day(report.happened_at))
    learned = learn(report, areas.place(report.lon, report.lat, report.area), areas, here)
    if learned.rule is None:
        raise Unknown("category_unknown", category=category)
    (case_id,) = bulk.reserve(cases.CASE_IDS, 1)
    moves = opening_moves(report, learned, here, number.removeprefix("R"), case_id, at=at)
    cases.advance_many([(None, moves)], actor=actor, recorded_at=at)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE intake_report SET case_id = %s WHERE id = %s", [case_id, report_id])
    bulk.insert(FACTS, fact_rows(report_id, [FactValue("category", category, actor.key), *learned.facts], at))
    return Receipt(number, number.removeprefix("R"), False, ())


def opening(report: Report, learned: Learned, ground: Ground, number: str, case_id: int) -> Facts:
    """The facts with which the first step opens a case: place, category, rule and ledger row as of now."""
    assert learned.rule is not None  # the caller has seen to it
    place, duties = learned.place, learned.answer.duties if learned.answer else ()
    case = CaseRow(
        id=case_id,
        number=number,
        state="",
        seq=0,
        head=FIRST,
        last_at=report.happened_at,
        assignments_made=0,
        spans_made=0,
        round=1,
        opened_at=report.happened_at,
        closed_at=None,
        category_id=learned.rule.category,
        rule_id=learned.rule.id,
        ledger_row_id=duties[0].id if duties else None,
        grid_id=place.grid,
        areas=place.areas,
        channel=report.channel,
        lon=place.lon,
        lat=place.lat,
        address=report.address,
    )
    centre = ground.organisations.named(ground.city.settings["centre"]).id
    return Facts(opening=Opening(case, centre), evidence=report.evidence)


def opening_moves(
    report: Report, learned: Learned, ground: Ground, number: str, case_id: int, *, at: datetime | None = None
) -> list[Move]:
    """The steps a live report takes by itself: as far as the pack lets it and the ledger knows who answers.

    The case begins `at` (when it happened, if not told); what the desk does begins when we learned of it.
    """
    moves = [Move("report", at or report.happened_at, opening(report, learned, ground, number, case_id))]
    at = report.recorded_at
    for name in ground.city.settings.get("opens_itself", ()):
        if name == "register":
            moves.append(Move(name, at, actor=SYSTEM))
        elif name == "file" and learned.rule and learned.rule.undecided:
            break  # which situation it is, a person has to say
        elif name == "file":
            moves.append(Move(name, at, Facts(rule=learned.rule.id if learned.rule else None), SYSTEM))
        elif name == "dispatch" and learned.answer and learned.answer.handler and learned.rule:
            organisation = ground.organisations.by_id[learned.answer.handler]
            moves.append(Move(name, at, assignment_facts(organisation, learned.answer), SYSTEM))
    return moves


class Shown(NamedTuple):
    """A contact that was shown unmasked: of which report, of which case if it has one, under which post."""

    number: str
    case_id: int | None
    post: str


@transaction.atomic
def note_unmaskings(shown: Iterable[Shown], *, actor: Actor, at: datetime) -> None:
    """Write down that `actor` saw these contacts; once for each report and day. One statement, none for nothing."""
    rows = list(shown)
    if not rows:
        return
    numbers, cases_, posts = map(list, zip(*rows, strict=True))
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO intake_unmasking (actor, post, number, case_id, at, day)"
            " SELECT %s, s.post, s.number, s.case_id, %s, %s"
            " FROM unnest(%s::text[], %s::int8[], %s::text[]) AS s (number, case_id, post)"
            " ON CONFLICT (number, actor, day) DO NOTHING",
            [actor.key, at, city().day(at), numbers, cases_, posts],
        )


def report_row(report: Report, number: str, case_id: int | None) -> tuple[Any, ...]:
    """A report as `REPORTS` writes it."""
    return (
        number,
        report.channel,
        report.outside_id,
        report.happened_at,
        report.recorded_at,
        report.lon,
        report.lat,
        "WGS84",
        report.address,
        report.words,
        _json(report.evidence),
        _json(report.reporter),
        report.raw if isinstance(report.raw, str) else _json(report.raw),
        case_id,
    )


def fact_rows(report_id: int, facts: Iterable[FactValue], at: datetime) -> list[Sequence[object]]:
    """Facts as `FACTS` writes them."""
    return [(report_id, fact.name, _json(fact.value), fact.source, fact.confidence, at) for fact in facts]


def _photo_facts(photos: Iterable[PhotoValue]) -> list[FactValue]:
    """When and where photos were taken, as their metadata say: a camera's clock may be wrong."""
    facts = []
    for photo in photos:
        source = f"photo:{photo.id[:12]}"
        if photo.taken_at is not None:
            facts.append(FactValue("photo_time", photo.taken_at, source, PHOTO_CONFIDENCE))
        if photo.lon is not None:
            facts.append(FactValue("photo_place", [photo.lon, photo.lat], source, PHOTO_CONFIDENCE))
    return facts


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _insert_report(report: Report, number: str, case_id: int | None) -> int | None:
    places = ", ".join(f"%s::{kind}" for kind in REPORTS.columns.values())
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO intake_report ({', '.join(REPORTS.columns)}) VALUES ({places})"
            " ON CONFLICT (channel, outside_id) DO NOTHING RETURNING id",
            report_row(report, number, case_id),
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None


def _known(report: Report) -> Receipt:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.number, c.number FROM intake_report r LEFT JOIN cases_case c ON c.id = r.case_id"
            " WHERE r.channel = %s AND r.outside_id = %s",
            [report.channel, report.outside_id],
        )
        number, case = cursor.fetchone()
    return Receipt(number, case, True, () if case else ("category_missing",))
