"""The main line that a row implies: which steps were taken, when, and which of those times are told."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from cityloop.loop.history.instants import InstantReader, Unreadable, compile_instant
from cityloop.loop.history.mapping import StepColumn, Steps
from cityloop.loop.history.rows import MAIN_LINE, KnownFact, PlannedStep, Raw

Planner = Callable[[Raw, datetime, datetime | None, bool, list[KnownFact]], tuple[PlannedStep, ...]]
"""(row, opened, closed or None, closing time told, facts to add to) -> the steps in order."""

Anchor = Literal["opened", "closed"]
Taken = tuple[datetime | None, bool]
"""When a step was taken (None: not as far as the row tells), and whether its own column says so."""

_AFTER_OPENING = MAIN_LINE[:5]


def compile_steps(steps: Steps, zone: ZoneInfo, empty: Iterable[str], folder: Path | None) -> Planner:
    """A step without a column is taken at `opened` or `closed`. Times are made to never go backwards."""
    specs = steps.in_order()
    anchors: list[Anchor] = ["opened"]
    columns: dict[int, InstantReader] = {}
    for place, (name, spec) in enumerate(specs.items(), start=1):
        if isinstance(spec, StepColumn):
            anchors.append(spec.fallback or ("opened" if name in _AFTER_OPENING else "closed"))
            columns[place] = compile_instant(spec, zone, empty, folder)
        else:
            anchors.append(spec)
    anchors.append("closed")
    if not columns and anchors == sorted(anchors, reverse=True):
        return _simple(anchors.count("opened"))

    def plan(
        raw: Raw, opened: datetime, closed: datetime | None, told: bool, facts: list[KnownFact]
    ) -> tuple[PlannedStep, ...]:
        taken: list[Taken] = [(opened if anchor == "opened" else closed, False) for anchor in anchors]
        taken[0], taken[-1] = (opened, True), (closed, told)
        for place, reader in columns.items():
            if (at := _told(MAIN_LINE[place], reader, raw, facts, taken[place][0] is not None)) is not None:
                taken[place] = (at, True)
        return _forwards(taken, opened, closed, zone, facts)

    return plan


def _simple(at_opening: int) -> Planner:
    """Nothing is told but the opening and the closing: the first `at_opening` steps, then the others."""
    first, rest = MAIN_LINE[1:at_opening], MAIN_LINE[at_opening:-1]

    def plan(
        _raw: Raw, opened: datetime, closed: datetime | None, told: bool, _facts: list[KnownFact]
    ) -> tuple[PlannedStep, ...]:
        steps = [PlannedStep("report", opened, False)]
        steps += [PlannedStep(name, opened, True) for name in first]
        if closed is not None:
            steps += [PlannedStep(name, closed, True) for name in rest]
            steps.append(PlannedStep("close", closed, not told))
        return tuple(steps)

    return plan


def _told(name: str, reader: InstantReader, raw: Raw, facts: list[KnownFact], expected: bool) -> datetime | None:
    try:
        at = reader(raw)
    except Unreadable as error:
        facts.append(KnownFact("step_time_unreadable", {"step": name, "printed": error.args[0]}))
        return None
    if at is None and expected:
        facts.append(KnownFact("step_time_missing", {"step": name}))
    return at


def _forwards(
    taken: Sequence[Taken], opened: datetime, closed: datetime | None, zone: ZoneInfo, facts: list[KnownFact]
) -> tuple[PlannedStep, ...]:
    """Every step up to the last one taken, each not before its predecessor nor after the closing."""
    last = max(place for place, (at, _told) in enumerate(taken) if at is not None)
    steps: list[PlannedStep] = []
    floor = opened
    for place, name in enumerate(MAIN_LINE[: last + 1]):
        at, told = taken[place]
        if at is None:  # not told itself, but a later step is: it was taken by then
            at = next(later for later, _told in taken[place:] if later is not None)
        fit = max(at, floor)
        if closed is not None:
            fit = min(fit, closed)
        if told and fit != at:
            printed = at.astimezone(zone).isoformat()
            facts.append(KnownFact("step_time_moved", {"step": name, "printed": printed}))
        floor = fit
        steps.append(PlannedStep(name, fit, not told or fit != at))
    return tuple(steps)
