"""Cases whose units ask for more time, against the deadlines that docs/deadlines.md computes by hand."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from cases.clocks import clock, limit
from cases.walk import Walk, dispatched
from cityloop.core.units import LimitUnit
from cityloop.loop.cases.facts import Extension
from docs.by_hand import CALENDARS, MORE_TIME, ROWS, Row

STEPS = {"granted": "grant_hold", "denied": "deny_hold", "ended": "end_hold"}


@pytest.mark.parametrize("row", [row for row in ROWS if row.section == MORE_TIME], ids=lambda row: row.number)
def test_by_hand(row: Row) -> None:
    what, *happenings = row.pauses.split("; ")
    parts = [part.split() for part in row.limit.split(", ")]
    limits = [limit("handle", value, unit, str(number)) for number, (value, unit) in enumerate(parts)]
    walk = dispatched(replace(clock(limits), calendars={"default": CALENDARS[row.calendar]}), row.starts, row.starts)
    walk.to("sign_for", row.starts)
    for happening in happenings:
        name, at = happening.split(" ", 1)
        if name == "asked":
            _ask(walk, row, what, at)
        else:
            walk.to(STEPS[name], at)
    assert walk.unit_due == walk.case_due == (None if row.due == "none" else row.at(row.due))


def _ask(walk: Walk, row: Row, what: str, at: str) -> None:
    kind, _, more = what.partition(" ")
    facts: dict[str, Extension | datetime] = {}
    if kind == "extension":
        value, unit = more.removeprefix("of ").split()
        facts["extension"] = Extension(Decimal(value), LimitUnit(unit))
    elif kind == "deferral":
        facts["until"] = row.at(more.removeprefix("until "))
    walk.to(f"ask_{kind}", at, **facts)
