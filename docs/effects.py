"""What happenings do to the clocks of a case, found out by letting them happen: `docs/reference/clocks.md`."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cityloop.core.actor import SYSTEM
from cityloop.core.units import LimitUnit
from cityloop.ground.standards.queries import LimitValue, RuleValue
from cityloop.loop.cases.facts import Extension, Facts, Opening
from cityloop.loop.cases.lifecycle import STEPS
from cityloop.loop.cases.record import FIRST
from cityloop.loop.cases.rows import CaseRow
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.cases.step import step
from cityloop.loop.clocks.calendar import calendar
from cityloop.loop.clocks.deadlines import Clock, Rules

ZONE = ZoneInfo("Asia/Shanghai")
DAY = [["08:00", "12:00"], ["14:00", "18:00"]]
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), DAY)
START = datetime(2026, 3, 2, 8, 0, tzinfo=ZONE)
"""A Monday; the steps of a walk are half an hour apart."""
CENTRE, UNIT, RULE = 1, 2, 1
FACTS = Facts(
    rule=RULE,
    organisation=UNIT,
    reason="not_ours",
    result="done",
    verdict="solved",
    closing_kind="solved",
    extension=Extension(Decimal(1), LimitUnit.WORKING_DAYS),
    until=START + timedelta(days=3),
    review_on=date(2026, 6, 1),
    measures="fenced off",
)
DESK = ("report", "register", "file")
OUT = (*DESK, "dispatch", "sign_for")


class Happening(NamedTuple):
    """A step after others; `rules` are settings other than the usual, `told` says what the words of the step do not."""

    before: Sequence[str]
    step: str
    told: str = ""
    rules: Rules = Rules()


HAPPENINGS = (
    Happening((), "report"),
    Happening(("report",), "ask_verification"),
    Happening(("report", "ask_verification"), "pre_verify"),
    Happening(("report",), "register"),
    Happening(("report", "register"), "file"),
    Happening(DESK, "dispatch"),
    Happening(DESK, "dispatch", "`starts: sign_for`", Rules(starts="sign_for")),
    Happening(OUT[:-1], "sign_for", "also by silence, at the limit for signing"),
    Happening(OUT[:-1], "sign_for", "`starts: sign_for`", Rules(starts="sign_for")),
    Happening(OUT, "finish_part"),
    Happening(OUT, "request_return"),
    Happening((*OUT, "request_return"), "grant_return"),
    Happening((*OUT, "request_return"), "deny_return"),
    Happening((*OUT, "request_return", "grant_return"), "dispatch", "again, after a return"),
    Happening(OUT, "ask_extension"),
    Happening((*OUT, "ask_extension"), "grant_hold", "extension, back to the asking"),
    Happening((*OUT, "ask_deferral"), "grant_hold", "deferral, back to the asking"),
    Happening((*OUT, "ask_deferral"), "grant_hold", "deferral; `deferral: runs`", Rules(deferral="runs")),
    Happening((*OUT, "ask_deferral", "grant_hold"), "end_hold", "deferral, before its end"),
    Happening((*OUT, "ask_shelving"), "grant_hold", "shelving, back to the asking"),
    Happening((*OUT, "ask_shelving"), "grant_hold", "shelving; `shelving: runs`", Rules(shelving="runs")),
    Happening((*OUT, "ask_shelving", "grant_hold"), "end_hold", "shelving"),
    Happening((*OUT, "ask_shelving", "grant_hold"), "handle", "shelved: the pause ends"),
    Happening((*OUT, "ask_deferral"), "deny_hold"),
    Happening(OUT, "remind"),
    Happening(OUT, "handle"),
    Happening((*OUT, "handle"), "rework"),
    Happening((*OUT, "handle"), "rework", "`rework: rest`", Rules(rework="rest")),
    Happening((*OUT, "handle"), "check"),
    Happening((*OUT, "handle", "check"), "close"),
    Happening(OUT, "void"),
)


def effects() -> list[list[str]]:
    """For each happening: what it does to the clock of the case, of the unit, and of the stage it stands in."""
    return [_row(happening) for happening in HAPPENINGS]


def _row(happening: Happening) -> list[str]:
    limits = _clock(happening.rules)
    before: Snapshot | None = None
    for number, name in enumerate(happening.before):
        before = _take(before, name, number, limits)
    after = _take(before, happening.step, len(happening.before), limits)
    told = f" ({happening.told})" if happening.told else ""
    return [f"{STEPS[happening.step].title}{told}", _case(before, after), _unit(before, after), _stage(before, after)]


def _clock(rules: Rules) -> Clock:
    default = calendar({"code": "default", "zone": "Asia/Shanghai", "week": WEEK})
    stages = {
        name: _limit(name, "4", LimitUnit.WORKING_HOURS)
        for name in ("register", "file", "dispatch", "sign_for", "check")
    }
    parts = (
        _limit("handle", "2", LimitUnit.HOURS, "make_safe"),
        _limit("handle", "3", LimitUnit.WORKING_DAYS, "repair"),
    )
    book = {RULE: RuleValue(RULE, 1, None, "1", limits=(*parts, _limit("total", "6", LimitUnit.WORKING_DAYS)))}
    return replace(Clock(ZONE, {"default": default}), stages=stages, book=book, rules=rules)


def _limit(stage: str, value: str, unit: LimitUnit, part: str = "") -> LimitValue:
    return LimitValue(stage, part, Decimal(value), unit, "default", "", "")


def _take(before: Snapshot | None, name: str, number: int, limits: Clock) -> Snapshot:
    at = START + timedelta(minutes=30 * number)
    case = CaseRow(1, "1", "", 0, FIRST, at, 0, 0, 1, at, None, 1, rule_id=RULE)
    facts = FACTS._replace(verdict="true") if name == "pre_verify" else FACTS
    facts = facts._replace(opening=Opening(case, CENTRE)) if before is None else facts
    return step(before, name, SYSTEM, at, facts, clock=limits, recorded_at=at).snapshot


def _case(before: Snapshot | None, after: Snapshot) -> str:
    was = before.case.due_at if before else None
    return "ends" if after.case.closed_at else _said(was, after.case.due_at, after)


def _unit(before: Snapshot | None, after: Snapshot) -> str:
    was, now = before.unit if before else None, after.unit
    if now is None:
        return "-"
    if was is None or was.no != now.no:
        return _begun(now.due_at, now.due_at == (was.due_at if was else None))
    if now.ended_at:
        return "-" if was.ended_at else "ends" + (", moved" if was.due_at != now.due_at else "")
    return _said(was.due_at, now.due_at, after)


def _stage(before: Snapshot | None, after: Snapshot) -> str:
    """The clock of where the case stands: at the unit if it is with one, else at the centre."""
    was, now = (snapshot and (snapshot.unit_span or snapshot.root_span) for snapshot in (before, after))
    if now is None:
        return "ends"
    if was is None or was.no != now.no:
        return f"{now.stage}: {_begun(now.due_at, False)}"
    return f"{now.stage}: {_said(was.due_at, now.due_at, after)}"


def _begun(due_at: datetime | None, rest: bool) -> str:
    return "no limit yet" if due_at is None else "begins with the rest" if rest else "begins"


def _said(was: datetime | None, now: datetime | None, after: Snapshot) -> str:
    if was == now:
        return "goes on" if now else "-"
    if was is None:
        return "goes on with what was left" if after.hold and after.hold.granted else "begins"
    if now is None:
        return "left out of what is due"
    return "moves later" if now > was else "moves back"
