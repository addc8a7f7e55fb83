"""What a screen needs to count a deadline down by itself, in the limit's own time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from cityloop.ground.standards.queries import LimitValue
from cityloop.loop.clocks.deadlines import HANDLE, TOTAL, Clock
from cityloop.loop.clocks.due import remaining, running


def countdown(due_at: datetime | None, limit: LimitValue | None, clock: Clock, at: datetime) -> dict[str, Any] | None:
    """How much is left at `at`, whether it shrinks, and when that changes; elapsed time without a known limit."""
    if due_at is None:
        return None
    unit, calendar = (limit.unit, clock.calendar(limit)) if limit else (None, clock.calendars["default"])
    runs, changes_at = running(at, unit, calendar)
    return {
        "remaining_s": round(remaining(at, due_at, unit, calendar).total_seconds()),
        "runs": runs,
        "changes_at": changes_at,
        "provisional": clock.provisional(due_at, limit),
    }


def of_case(clock: Clock, rule: int | None, areas: Sequence[int], opened_at: datetime) -> LimitValue | None:
    """The limit in whose time the case's own clock runs."""
    limits = clock.limits(TOTAL, rule, areas, opened_at) or clock.limits(HANDLE, rule, areas, opened_at)
    return limits[-1] if limits else None


def of_stage(
    clock: Clock, stage: str | None, part: str | None, rule: int | None, areas: Sequence[int], at: datetime
) -> LimitValue | None:
    """The limit in whose time a stay runs."""
    if stage is None:
        return None
    shared = next((row.limit for row in clock.combined if stage in row.stages), None)
    limits = (shared,) if shared else clock.limits(stage, rule, areas, at)
    return next((limit for limit in limits if limit.part == part), limits[-1] if limits else None)
