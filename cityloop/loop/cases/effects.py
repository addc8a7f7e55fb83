"""What every step does to the clocks of a case, found out by letting it happen. Pure: no database, no now."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from cityloop.core.actor import SYSTEM
from cityloop.core.errors import CityloopError
from cityloop.core.texts import N_
from cityloop.core.units import LimitUnit
from cityloop.ground.standards.queries import LimitValue, RuleValue
from cityloop.loop.cases import holds
from cityloop.loop.cases.facts import Call, Extension, Facts, Opening, Other, Recounted
from cityloop.loop.cases.lifecycle import CHOICES, GIVES, KEEP, STEPS, STEPS_FROM
from cityloop.loop.cases.record import FIRST
from cityloop.loop.cases.rows import CaseRow
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.cases.step import step
from cityloop.loop.clocks.calendar import calendar
from cityloop.loop.clocks.deadlines import USUAL, Clock, Rules
from cityloop.loop.clocks.policy import NOTHING_ASKED, Policy

CLOCK_WORDS = {
    "none": N_("does not run"),
    "no_limit": N_("no limit yet"),
    "begins": N_("begins to run"),
    "begins_with_rest": N_("begins with the rest"),
    "goes_on": N_("goes on"),
    "moves_later": N_("moves later"),
    "moves_back": N_("moves back"),
    "stops": N_("stops: left out of what is due"),
    "resumes": N_("goes on with what was left"),
    "ends": N_("ends"),
    "ends_moved": N_("ends, moved"),
}
"""What a step can do to a clock."""

ZONE = ZoneInfo("Asia/Shanghai")
DAY = [["08:00", "12:00"], ["14:00", "18:00"]]
WEEK = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), DAY)
START = datetime(2026, 3, 2, 8, 0, tzinfo=ZONE)
"""A Monday; the steps of a walk are half an hour apart."""
DAY_OFF = {"2026-03-04": list[list[str]]()}
"""What a calendar learns of before deadlines are counted anew."""
CENTRE, UNIT, RULE = 1, 2, 1
CREW, BODIES = (3, (CENTRE, UNIT, 3)), ((4, (CENTRE, 4)), (5, (CENTRE, 5)))
FIRST_DUTY = 3
"""Its number, where one is given after the dispatch."""
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
    basis="a decree",
    order="1",
    urgency="hard",
    scenario="storm",
    tier="line",
    heard=True,
    ledger_row=1,
    calls=tuple(Call("report_in", body, path, "urgent") for body, path in BODIES),
    duty=FIRST_DUTY,
    rating="good",
    other=Other(2, "2", "filed"),
)
DESK = ("report", "register", "file")
OUT = (*DESK, "dispatch", "sign_for")
CLOSED = (*OUT, "handle", "check", "close")
FEEDS_BACK = Policy(feedback="required")


class Happening(NamedTuple):
    """A step after others; `told` says what its title does not, `rules` are settings other than the usual."""

    before: Sequence[str]
    step: str
    told: str = ""
    rules: Rules = USUAL
    policy: Policy = NOTHING_ASKED

    def settings(self) -> dict[str, str]:
        """The settings that are other than the usual."""
        usual = USUAL._asdict() | NOTHING_ASKED._asdict()
        told = self.rules._asdict() | self.policy._asdict()
        return {name: value for name, value in told.items() if value != usual[name]}


class OnClocks(NamedTuple):
    """What a happening does to the clocks of the case, of the unit, and of the stage that the case then stands in."""

    case: str
    unit: str
    stage: str
    stands_in: str = ""


HAPPENINGS = (
    Happening((), "report"),
    Happening(("report",), "ask_verification"),
    Happening(("report", "ask_verification"), "pre_verify"),
    Happening(("report",), "register"),
    Happening(("report", "register"), "file"),
    Happening(DESK, "dispatch"),
    Happening(DESK, "dispatch", rules=Rules(starts="sign_for")),
    Happening(OUT[:-1], "sign_for", N_("also by silence, at the limit for signing")),
    Happening(OUT[:-1], "sign_for", rules=Rules(starts="sign_for")),
    Happening(OUT, "finish_part"),
    Happening(OUT, "request_return"),
    Happening((*OUT, "request_return"), "grant_return"),
    Happening((*OUT, "request_return"), "deny_return"),
    Happening((*OUT, "request_return", "grant_return"), "dispatch", N_("again, after a return")),
    Happening(OUT, "ask_extension"),
    Happening((*OUT, "ask_extension"), "grant_hold", N_("extension, back to the asking")),
    Happening((*OUT, "ask_deferral"), "grant_hold", N_("deferral, back to the asking")),
    Happening((*OUT, "ask_deferral"), "grant_hold", N_("deferral"), Rules(deferral="runs")),
    Happening((*OUT, "ask_deferral", "grant_hold"), "end_hold", N_("deferral, before its end")),
    Happening((*OUT, "ask_shelving"), "grant_hold", N_("shelving, back to the asking")),
    Happening((*OUT, "ask_shelving"), "grant_hold", N_("shelving"), Rules(shelving="runs")),
    Happening((*OUT, "ask_shelving", "grant_hold"), "end_hold", N_("shelving")),
    Happening((*OUT, "ask_deferral"), "deny_hold"),
    Happening(OUT, "remind"),
    Happening(OUT, "delegate"),
    Happening((*OUT, "whistle"), "arrive"),
    Happening((*OUT, "call_in"), "sign_duty"),
    Happening((*OUT, "call_in", "sign_duty"), "finish_duty"),
    Happening((*OUT, "call_in", "sign_duty", "finish_duty"), "accept_duty"),
    Happening((*OUT, "call_in", "sign_duty", "finish_duty"), "reject_duty"),
    Happening((*OUT, "call_in"), "recall_duty"),
    Happening(OUT, "handle"),
    Happening((*OUT, "ask_shelving", "grant_hold"), "handle", N_("shelved: the pause ends")),
    Happening((*OUT, "handle"), "rework"),
    Happening((*OUT, "handle"), "rework", rules=Rules(rework="rest")),
    Happening((*OUT, "handle"), "feed_back", policy=FEEDS_BACK),
    Happening((*OUT, "handle"), "check"),
    Happening((*OUT, "handle", "check"), "close"),
    Happening(CLOSED, "redo"),
    Happening(CLOSED, "reopen"),
    Happening(CLOSED, "recur"),
    Happening(("report", "link"), "unlink"),
    Happening(OUT, "merge"),
    Happening((*OUT, "merge"), "unmerge"),
    Happening(OUT, "void"),
    Happening(OUT, "recount", N_("after a day off was added")),
)
"""Those that are more than the shortest way to a step, and settings other than the usual."""


def happenings() -> Iterator[Happening]:
    """Every step in the order of the table, as told above or, where nothing is told, after the shortest way to it."""
    for name in STEPS:
        told = [happening for happening in HAPPENINGS if happening.step == name]
        yield from told or [Happening(_way_to(name), name)]


def effect(happening: Happening) -> OnClocks:
    """Let it happen. Where the walk is refused, HAPPENINGS has to say how else it goes."""
    limits = replace(_clock(happening.rules), policy=happening.policy)
    before: Snapshot | None = None
    try:
        for number, name in enumerate(happening.before):
            before = _take(before, name, number, limits)
        after = _take(before, happening.step, len(happening.before), limits)
    except CityloopError as refusal:
        raise LookupError(f"say in HAPPENINGS or FACTS how {happening.step} comes to be taken: {refusal}") from refusal
    return OnClocks(_case(before, after), _unit(before, after), *_stage(before, after))


def _way_to(name: str) -> tuple[str, ...]:
    """The shortest walk after which a step can be taken."""
    sources, seen = STEPS[name].sources, set[str]()
    reached: list[tuple[str, ...]] = [("report",)] if sources else [()]
    while reached:
        way = reached.pop(0)
        state = STEPS[way[-1]].target if way else ""
        if not way or state in sources:
            return way
        if state not in seen:
            seen.add(state)
            reached += [(*way, onward) for onward in STEPS_FROM[state] if STEPS[onward].target != KEEP]
    raise LookupError(f"no way leads to the step {name}")


def _clock(rules: Rules, days: dict[str, list[list[str]]] | None = None) -> Clock:
    default = calendar({"code": "default", "zone": ZONE.key, "week": WEEK, "days": days})
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
    facts = FACTS if before else FACTS._replace(opening=Opening(case, CENTRE))
    if before and "recounted" in STEPS[name].needs:
        facts = facts._replace(recounted=_recounted(before, limits))
    chosen: dict[str, Any] = {
        fact: next(iter(words)) for fact, words in CHOICES.get(name, {}).items() if getattr(facts, fact) not in words
    }
    if name in GIVES:
        organisation, path = CREW
        chosen |= {"organisation": organisation, "organisation_path": path, "duty": 0}
        if "organisations" in STEPS[name].needs:
            chosen["organisations"] = BODIES
    facts = facts._replace(**chosen)
    return step(before, name, SYSTEM, at, facts, clock=limits, recorded_at=at).snapshot


def _recounted(before: Snapshot, limits: Clock) -> Recounted | None:
    unit = before.unit
    if unit is None:
        return None
    later = _clock(limits.rules, DAY_OFF)
    return Recounted(holds.counted((), before.case, unit, later, first=unit.started_at, last=unit.started_at)[0])


def _case(before: Snapshot | None, after: Snapshot) -> str:
    was = before.case.due_at if before else None
    return "ends" if after.case.closed_at else _moved(was, after.case.due_at, after)


def _unit(before: Snapshot | None, after: Snapshot) -> str:
    was, now = before.unit if before else None, after.unit
    if now is None:
        return "none"
    if was is None or was.no != now.no:
        return _begun(now.due_at, rest=was is not None and now.due_at == was.due_at)
    if now.ended_at:
        return "none" if was.ended_at else "ends" if was.due_at == now.due_at else "ends_moved"
    return _moved(was.due_at, now.due_at, after)


def _stage(before: Snapshot | None, after: Snapshot) -> tuple[str, str]:
    """The clock of where the case stands, and where: at the unit if it is with one, else at the centre."""
    was, now = (snapshot and (snapshot.unit_span or snapshot.root_span) for snapshot in (before, after))
    if now is None:
        return "ends", ""
    if was is None or was.no != now.no:
        return _begun(now.due_at), now.stage
    return _moved(was.due_at, now.due_at, after), now.stage


def _begun(due_at: datetime | None, *, rest: bool = False) -> str:
    return "no_limit" if due_at is None else "begins_with_rest" if rest else "begins"


def _moved(was: datetime | None, now: datetime | None, after: Snapshot) -> str:
    if was == now:
        return "goes_on" if now else "none"
    if was is None:
        return "resumes" if after.hold and after.hold.granted else "begins"
    if now is None:
        return "stops"
    return "moves_later" if now > was else "moves_back"
