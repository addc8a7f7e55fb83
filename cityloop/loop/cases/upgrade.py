"""What drags on is brought before those concerned: once for each case, by itself, as a consultation."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime, timedelta

from django.db import connection, transaction

from cityloop.core.actor import SYSTEM
from cityloop.core.texts import N_, said_in
from cityloop.ground.places.city import CityValue
from cityloop.loop.cases.actions import Move, advance_many
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.lifecycle import GIVES, STEPS
from cityloop.loop.cases.queries import snapshots
from cityloop.loop.clocks.ground import ground
from cityloop.loop.clocks.policy import Upgrade

CHUNK = 500
"""So many cases are stepped in one transaction."""
STEP = STEPS["consult"]
WHY = {
    "returns": N_("It was returned again and again."),
    "extensions": N_("It was given more time again and again."),
    "reworks": N_("It was sent back again and again."),
    "age": N_("It has been open for a long time."),
}
Bodies = tuple[tuple[int, tuple[int, ...]], ...]


def upgrade(*, at: datetime) -> int:
    """Ask all who had to do with each case that drags on `at`; how many there were. Twice is harmless."""
    here = ground()
    found = dragging(here.clock.policy.upgrade, at)
    ids = sorted(found)
    asked = 0
    for start in range(0, len(ids), CHUNK):
        with transaction.atomic():
            asked += _ask(ids[start : start + CHUNK], found, here.city, at)
    return asked


def dragging(told: Upgrade, at: datetime) -> dict[int, str]:
    """Open cases over which nobody was consulted and that have crossed what the city lets pass, each with the first
    thing it has crossed (a key of WHY); one statement, none where the city lets everything pass."""
    if not any(limit is not None for limit in told):
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, CASE WHEN returns >= %(returns)s THEN 'returns' WHEN extensions >= %(extensions)s"
            " THEN 'extensions' WHEN reworks >= %(reworks)s THEN 'reworks' WHEN opened_at <= %(before)s THEN 'age' END"
            " FROM (SELECT c.id, c.opened_at, c.round - 1 AS reworks,"
            "  (SELECT count(*) FROM cases_assignment a WHERE a.case_id = c.id AND a.verdict = 'returned') AS returns,"
            "  (SELECT count(*) FROM cases_hold h WHERE h.case_id = c.id AND h.kind = 'extension' AND h.granted)"
            "   AS extensions"
            "  FROM cases_case c WHERE c.closed_at IS NULL AND c.state = ANY(%(states)s) AND NOT EXISTS"
            "   (SELECT FROM cases_assignment k WHERE k.case_id = c.id AND k.kind = %(kind)s)) x"
            " WHERE returns >= %(returns)s OR extensions >= %(extensions)s OR reworks >= %(reworks)s"
            " OR opened_at <= %(before)s",
            {
                **{name: getattr(told, name) for name in ("returns", "extensions", "reworks")},
                "before": at - timedelta(days=told.age_days) if told.age_days is not None else None,
                "states": list(STEP.sources),
                "kind": GIVES[STEP.name],
            },
        )
        return dict(cursor.fetchall())


def _ask(ids: Collection[int], found: dict[int, str], city: CityValue, at: datetime) -> int:
    standing, bodies = snapshots(sorted(ids), lock=True), _concerned(ids, city.day(at))
    language = city.settings["languages"][0]
    plans = [
        (
            snapshot,
            [
                Move(
                    STEP.name,
                    max(at, snapshot.case.last_at),
                    Facts(organisations=bodies[case_id], reason=said_in(language, WHY[found[case_id]])),
                )
            ],
        )
        for case_id, snapshot in standing.items()
        if bodies.get(case_id) and snapshot.case.state in STEP.sources
        if not any(duty.row.kind == GIVES[STEP.name] for duty in snapshot.duties)
    ]
    advance_many(plans, actor=SYSTEM, recorded_at=at)
    return len(plans)


def _concerned(ids: Collection[int], day: date) -> dict[int, Bodies]:
    """Whom each case was with, and whom the ledger names for it, as far as they are there on a day."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT x.case_id, o.id, o.path FROM ("
            " SELECT case_id, acting_org_id AS org FROM cases_assignment WHERE case_id = ANY(%(ids)s) AND no > 1"
            "  AND kind = 'main'"
            " UNION SELECT c.id, p.organisation_id FROM cases_case c JOIN registry_ledgerparty p"
            "  ON p.row_id = c.ledger_row_id WHERE c.id = ANY(%(ids)s)) x"
            " JOIN accounts_organisation o ON o.id = x.org AND daterange(o.valid_from, o.valid_to) @> %(day)s::date"
            " ORDER BY x.case_id, o.code",
            {"ids": list(ids), "day": day},
        )
        found = defaultdict[int, list[tuple[int, tuple[int, ...]]]](list)
        for case_id, organisation, path in cursor.fetchall():
            found[case_id].append((organisation, tuple(path)))
    return {case_id: tuple(rows) for case_id, rows in found.items()}
