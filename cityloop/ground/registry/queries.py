"""Readers of the responsibility ledger."""

from collections.abc import Sequence
from functools import lru_cache

from django.db import connection

from cityloop.ground.registry.ledger import Duty, Ledger, Party


def ledger(categories: Sequence[int | None] | None = None) -> Ledger:
    """The duties in force at any time, for `categories` and for any category, or all; one statement."""
    wanted = [category for category in categories or () if category is not None]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT r.id, r.code, r.tier, r.category_id, r.situation, r.area_id, r.grid_id, r.object_code,"
            " r.valid_from, r.valid_to, p.role, p.organisation_id"
            " FROM registry_ledgerrow r JOIN registry_ledgerparty p ON p.row_id = r.id"
            " WHERE r.state = 'in_force' AND (%s OR r.category_id IS NULL OR r.category_id = ANY(%s))"
            " ORDER BY r.id, p.id",
            [categories is None, wanted],
        )
        rows = cursor.fetchall()
    duties: dict[int, Duty] = {}
    for *scope, role, organisation in rows:
        duty = duties.get(scope[0]) or Duty._make((*scope, ()))
        duties[duty.id] = duty._replace(parties=(*duty.parties, Party(role, organisation)))
    return Ledger(duties.values())


@lru_cache(maxsize=2)
def ledger_of(revision: str) -> Ledger:
    """All duties, read once per revision of the city's pack."""
    return ledger()
