"""A consultation ends in a decision: who was heard, and the row of the ledger that is made of it."""

from datetime import datetime

from django.db import connection

from cityloop.core.actor import Actor
from cityloop.ground.registry.proposals import settle
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.clocks.ground import Ground


def settled(snapshot: Snapshot, facts: Facts, here: Ground, actor: Actor, at: datetime) -> int:
    """The decision as a row of the ledger: who answers for this category in the unit grid of the case, or its area."""
    case = snapshot.case
    category = here.rules.by_id[case.rule_id].category_code if case.rule_id else ""
    area, grid = _place_codes(case.id)
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


def _place_codes(case_id: int) -> tuple[str, str]:
    """The codes of the smallest area and of the unit grid that hold a case; empty where there is none, the area's too
    where the grid says it all."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce((SELECT a.code FROM places_area a WHERE a.id = c.areas[cardinality(c.areas)]"
            " AND c.grid_id IS NULL), ''), coalesce(g.code, '') FROM cases_case c"
            " LEFT JOIN places_unitgrid g ON g.id = c.grid_id WHERE c.id = %s",
            [case_id],
        )
        area, grid = cursor.fetchone()
    return area, grid
