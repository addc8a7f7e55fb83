"""Why a case is due when it is: each of its clocks, limit by limit and stretch by stretch, as data for a screen."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from cityloop.core.units import LimitUnit
from cityloop.ground.standards.queries import LimitValue
from cityloop.loop.cases.countdown import countdown
from cityloop.loop.cases.queries import clocks_begun, holds_of, snapshots
from cityloop.loop.cases.rows import HoldRow
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.clocks.deadlines import HANDLE, TOTAL, Clock
from cityloop.loop.clocks.explain import explain
from cityloop.loop.clocks.scales import Pause


def why(case_id: int, clock: Clock, at: datetime) -> list[dict[str, Any]]:
    """The clocks of a case that have a deadline: the case's own, the unit's, that of the stage it stands in."""
    snapshot = snapshots([case_id])[case_id]
    asked = [hold for hold in holds_of([case_id]).get(case_id, []) if hold.granted and hold.starts_at]
    begun = clocks_begun([case_id], clock.rules.starts).get(case_id)
    case, unit = snapshot.case, snapshot.unit
    found = []
    if case.due_at is not None:
        total = clock.limits(TOTAL, case.rule_id, case.areas, case.opened_at)[:1]
        start = case.opened_at if total or begun is None else begun.first
        limits = total or clock.limits(HANDLE, case.rule_id, case.areas, start)
        found.append(_clock("case", start, case.due_at, case.yellow_at, limits, asked, clock, at))
    if unit is not None and unit.due_at is not None and begun is not None:
        mine = [hold for hold in asked if hold.assignment_id == unit.id]
        limits = clock.limits(HANDLE, case.rule_id, case.areas, begun.last)
        found.append(_clock("unit", begun.last, unit.due_at, unit.yellow_at, limits, mine, clock, at))
    return [*found, *_stage(snapshot, clock, at)]


def _stage(snapshot: Snapshot, clock: Clock, at: datetime) -> Iterable[dict[str, Any]]:
    """The stay that is open, where its limit is not the unit's own."""
    case = snapshot.case
    span = snapshot.unit_span or snapshot.root_span
    if span is None or span.due_at is None or span.stage in ("handle", "out"):
        return
    shared = next((row for row in clock.combined if span.stage in row.stages), None)
    limits = (shared.limit,) if shared else clock.limits(span.stage, case.rule_id, case.areas, span.started_at)[:1]
    start, pauses = clock.shared_start(shared, span.started_at, snapshot.stays) if shared else (span.started_at, ())
    found = _clock("stage", start, span.due_at, span.yellow_at, limits, (), clock, at, pauses)
    yield found | {"stage": span.stage, "shared": sorted(shared.stages) if shared else []}


def _clock(
    what: str,
    start: datetime,
    due_at: datetime,
    yellow_at: datetime | None,
    limits: Sequence[LimitValue],
    asked: Sequence[HoldRow],
    clock: Clock,
    at: datetime,
    pauses: Sequence[Pause] = (),
) -> dict[str, Any]:
    """`links` are empty where the limits do not lead to the deadline: somebody else set it."""
    pauses = [*pauses, *_pauses(asked)]
    links, ends = [], start
    granted = _extensions(asked, limits)
    for position, limit in enumerate((*limits, *granted)):
        stretches = explain(limit.value, limit.unit, ends, clock.calendar(limit), pauses)
        if not stretches or stretches[-1].ends is None:
            break
        begins, ends = ends, stretches[-1].ends
        links.append(
            {
                "part": limit.part,
                "value": limit.value,
                "unit": limit.unit,
                "calendar": limit.calendar,
                "extends": position >= len(limits),
                "begins": begins,
                "ends": ends,
                "stretches": [stretch._asdict() | {"counted": float(stretch.counted)} for stretch in stretches],
            }
        )
    told = ends == due_at
    return {
        "what": what,
        "stage": "",
        "shared": [],
        "started_at": start,
        "due_at": due_at,
        "yellow_at": yellow_at,
        "explained": told,
        "links": links if told else [],
        "countdown": countdown(due_at, limits[-1] if limits else None, clock, at),
    }


def _pauses(asked: Iterable[HoldRow]) -> list[Pause]:
    """From when until when granted pauses stopped the clock; to the earlier of two ends."""
    found: list[Pause] = []
    for hold in asked:
        if hold.kind != "extension" and hold.starts_at is not None:
            ends = [mark for mark in (hold.ended_at, hold.until_at) if mark is not None]
            found.append((hold.starts_at, max(hold.starts_at, min(ends)) if ends else None))
    return found


def _extensions(asked: Iterable[HoldRow], limits: Sequence[LimitValue]) -> list[LimitValue]:
    calendar = limits[-1].calendar if limits else "default"
    return [
        LimitValue(HANDLE, "", hold.value, LimitUnit(hold.unit), calendar, "", "")
        for hold in asked
        if hold.kind == "extension" and hold.value is not None
    ]
