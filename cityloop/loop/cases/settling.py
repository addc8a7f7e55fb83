"""A consultation ends in a decision: who was heard, and the row of the ledger that is made of it."""

from datetime import datetime

from django.db import connection

from cityloop.core.actor import Actor
from cityloop.core.errors import Refused
from cityloop.ground.registry.proposals import settle
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.clocks.ground import Ground


def settled(snapshot: Snapshot, facts: Facts, here: Ground, actor: Actor, at: datetime) -> int:
    """The decision as a row of the ledger: who answers for this category in the unit grid of the case, or its area.

    Refused where the case lies nowhere: the row would hold for the whole city.
    """
    case = snapshot.case
    category, area, grid = _scope(case.id)
    if not (area or grid):
        raise Refused("scope_missing")
    party = {"role": "handler", "organisation": here.organisations.by_id[facts.organisation or 0].code}
    told = {
        "code": f"C{case.number}-{case.seq + 1}", "tier": facts.tier, "category": category, "area": area, "grid": grid,
        "basis": facts.basis, "parties": [party],
    }  # fmt: skip
    heard = [{"organisation": code, "by": by, "at": when.isoformat()} for code, by, when in opinions(case.id)]
    return settle(told, title=case.number, basis=facts.basis, heard=heard, actor=actor, at=at)


def opinions(case_id: int) -> list[tuple[str, str, datetime]]:
    """The bodies that gave an opinion in a case: code, who entered it, when."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT ON (o.code) o.code, e.actor, e.at FROM cases_assignment a"
            " JOIN accounts_organisation o ON o.id = a.acting_org_id"
            " JOIN cases_entry e ON e.case_id = a.case_id AND e.at = a.ended_at AND e.step = 'finish_duty'"
            " WHERE a.case_id = %s AND a.kind = 'consult' AND a.verdict = 'answered' ORDER BY o.code, e.at DESC",
            [case_id],
        )
        return list(cursor.fetchall())


def _scope(case_id: int) -> tuple[str, str, str]:
    """The codes of the category of a case, of the smallest area that holds it if it has no unit grid, and of its grid.
    Empty where there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.code, coalesce((SELECT a.code FROM places_area a WHERE a.id = c.areas[cardinality(c.areas)]"
            " AND c.grid_id IS NULL), ''), coalesce(g.code, '') FROM cases_case c"
            " JOIN standards_category k ON k.id = c.category_id LEFT JOIN places_unitgrid g ON g.id = c.grid_id"
            " WHERE c.id = %s",
            [case_id],
        )
        category, area, grid = cursor.fetchone()
    return category, area, grid
