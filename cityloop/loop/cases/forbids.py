"""What a case itself has against a step, whoever takes it: its dispatch, its requests, its people, its past. Pure.

`forbidden` knows only where the case stands, so that a screen can ask before anybody fills in a form; `refuse_facts`
looks at what came with the step.
"""

from datetime import datetime, timedelta
from math import asin, cos, radians, sin, sqrt
from typing import NamedTuple

from cityloop.core.errors import CityloopError, Conflict, Refused
from cityloop.core.texts import Term
from cityloop.ground.standards.words import CLOSING_KINDS
from cityloop.loop.cases import duties, holds
from cityloop.loop.cases.duties import Task
from cityloop.loop.cases.facts import Facts, Other
from cityloop.loop.cases.lifecycle import (
    ENDED,
    FACTS,
    HOLDS,
    INBOX,
    ON_A_DUTY,
    RETURN_PROOFS,
    RETURN_REASONS,
    SATISFYING,
    STATES,
    VERDICTS,
)
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.clocks.deadlines import Clock
from cityloop.loop.clocks.policy import Policy

EARTH_M = 6_371_008.8
ON_SITE = frozenset({"pre_verify", "check", "rework", "handle", "finish_part", "arrive"})
"""Steps that are taken where the case is."""
CHECKS = frozenset({"check", "rework"})
TAKES_UP_AGAIN = frozenset({"redo", "reopen"})


class Standing(NamedTuple):
    """What decides which steps a case may take next, whoever asks."""

    state: str
    areas: tuple[int, ...]
    organisations: tuple[int, ...]
    """The acting organisation of the last assignment and all above it, top first."""
    ruled: bool = False
    """Whether the last dispatch was ruled."""
    rule: int | None = None
    hold: str = ""
    """Whether a request for more time waits (`asked`) or a pause lasts (`running`)."""
    turn: str = ""
    """The role that has to decide on the request next; empty where whoever may decide does."""
    part: str = ""
    """The part of the handling that is being worked on, where there are several."""
    last_part: str = ""
    verdict: str = ""
    dispatched_at: datetime | None = None
    closed_at: datetime | None = None
    filed_by: str = ""
    handled_by: frozenset[str] = frozenset()
    linked: bool = False
    """Whether it is tied to another case, otherwise than merged into it."""
    delivery: str = INBOX
    """How the unit is served."""
    tasks: tuple[Task, ...] = ()
    """The duties that are open."""

    def task(self, no: int) -> Task | None:
        return next((task for task in self.tasks if task.no == no != duties.UNNAMED), None)

    @property
    def several(self) -> bool:
        """Whether the handling has a part after the one that is being worked on."""
        return self.part != self.last_part


def standing(snapshot: Snapshot, at: datetime) -> Standing:
    case, unit, span = snapshot.case, snapshot.unit, snapshot.unit_span
    parts = holds.parts_of(unit) if unit else ()
    return Standing(
        case.state,
        case.areas,
        snapshot.unit_path or (snapshot.root.acting_org_id,),
        ruled=bool(unit and unit.ruled),
        rule=case.rule_id,
        hold=holds.standing_of(snapshot.hold, at),
        turn=holds.turn_of(snapshot.hold),
        part=span.part if span else "",
        last_part=parts[-1].name if parts else "",
        verdict=case.verdict,
        dispatched_at=unit.started_at if unit else None,
        closed_at=case.closed_at,
        filed_by=snapshot.filed_by,
        handled_by=snapshot.handled_by,
        linked=any(link.ended_at is None and link.kind != "duplicate_of" for link in snapshot.links),
        delivery=unit.delivery if unit else INBOX,
        tasks=duties.tasks(snapshot),
    )


def passes(name: str, state: str, policy: Policy) -> bool:
    """Whether this step at this state is on the city's way round the loop: results are fed back first, or not."""
    if name == "feed_back":
        return policy.feedback == "required"
    return name not in CHECKS or state != "handled" or policy.feedback != "required"


def offered(name: str, here: Standing, clock: Clock) -> bool:
    """Whether there is anything to take this step for: a request to decide on, a part to finish, a stage to pass."""
    if name in ON_A_DUTY:
        return False  # asked of each duty by itself
    if name == "finish_part":
        return here.several
    if name == "unlink":
        return here.linked
    if name == "set_up":
        return bool(clock.policy.scenarios)
    if name == "feed_back":
        return passes(name, here.state, clock.policy)
    return name not in holds.STEPS or name in HOLDS or holds.why_not(name, here.hold) is None


def forbidden(
    name: str, here: Standing, person: str, at: datetime, clock: Clock, duty: int = 0
) -> CityloopError | None:
    """What a case as it stands has against a step that `person` (an actor's key; empty: the system) takes `at`, which
    is about a `duty` or (0) about none."""
    if why := duties.why_not(name, here.task(duty), here.tasks):
        return why
    if name == "request_return":
        return _return(here, at, clock)
    if name in CHECKS and person and person in here.handled_by:
        return Refused("handled_by_same")
    if not passes(name, here.state, clock.policy):
        return Refused("feedback_skipped" if name == "feed_back" else "feedback_missing")
    if name == "close" and here.verdict and here.verdict not in SATISFYING:
        return Refused("verdict_against", verdict=Term(here.verdict, VERDICTS[here.verdict]))
    if name == "void" and person and person == here.filed_by:
        return Refused("filed_by_same")
    if name in TAKES_UP_AGAIN and here.state == "closed" and here.closed_at is not None:
        return _again(name, here.closed_at, at, clock)
    if name == "finish_part" and not here.several:
        return Refused("part_last")
    return holds.why_not(name, here.hold)


def _return(here: Standing, at: datetime, clock: Clock) -> Refused | None:
    if here.ruled:
        return Refused("dispatch_ruled")
    within = clock.policy.return_within
    if within is not None and here.dispatched_at is not None:
        until = clock.chain((within,), here.dispatched_at)[-1].due_at
        if at > until:
            return Refused("return_too_late", until=until.isoformat())
    return None


def _again(name: str, closed_at: datetime, at: datetime, clock: Clock) -> Refused | None:
    published = clock.policy.published_at(closed_at, clock.zone)
    if published is not None and at >= published:
        return Refused("case_published", since=published.isoformat())
    within = clock.policy.redo_within
    if name == "redo" and within is not None and at > (until := clock.chain((within,), closed_at)[-1].due_at):
        return Refused("redo_too_late", until=until.isoformat())
    return None


def refuse_facts(name: str, snapshot: Snapshot, person: str, at: datetime, facts: Facts, clock: Clock) -> None:
    """Raise what the facts that came with a step, and the case together with them, have against it.

    Of the system itself (no `person`) no proof is asked: what it tells happened elsewhere.
    """
    case = snapshot.case
    if name in holds.STEPS:
        holds.refuse(name, snapshot, at, facts, clock)
    duties.refuse(name, snapshot, at, facts, clock)
    proved = person and clock.policy.proof == "required"
    if name == "request_return" and proved:
        _refuse_unproved(facts)
    if facts.other is not None:
        _refuse_other(name, snapshot, facts.other, facts.link)
    if name in ON_SITE and facts.place is not None:
        _refuse_far(facts.place, case.lon, case.lat, clock)
    if name == "file" and (row_filed := clock.book.get(facts.rule or 0)) and row_filed.undecided:
        raise Refused("situation_missing")
    rule = clock.book.get(case.rule_id) if case.rule_id else None
    if rule is None:
        return
    if name == "handle" and proved and "after" in rule.photos and not facts.evidence:
        raise Refused("photo_missing")
    if name == "close" and rule.closing_kinds and facts.closing_kind not in rule.closing_kinds:
        raise Refused("closing_kind_unfit", kind=Term(facts.closing_kind, CLOSING_KINDS[facts.closing_kind]))
    hours = clock.check_hours(case.rule_id, case.opened_at) if name == "check" else None
    if hours is not None and not clock.within(hours, at):
        first, last = (f"{edge:%H:%M}" for edge in hours)
        raise Refused("check_outside_window", first=first, last=last)


def _refuse_unproved(facts: Facts) -> None:
    """A reason to return is proved by what belongs to it; a photo is among the evidence."""
    proof = RETURN_PROOFS[facts.reason]
    if not (facts.evidence if proof == "photos" else getattr(facts, proof)):
        reason = Term(facts.reason, RETURN_REASONS[facts.reason])
        raise Refused("proof_missing", reason=reason, fact=Term(proof, FACTS[proof]))


def _refuse_other(name: str, snapshot: Snapshot, other: Other, kind: str) -> None:
    case = snapshot.case
    if name in ("merge", "link") and (other.id == case.id or case.id in other.above):
        raise Refused("link_loop", number=other.number)
    if name == "merge":
        if other.state in ENDED:
            raise Conflict("merge_into_ended", number=other.number, state=Term(other.state, STATES[other.state]))
        mine = snapshot.unit.acting_org_id if snapshot.unit and snapshot.unit_span else None
        if mine is not None and other.handler is not None and mine != other.handler:
            raise Refused("merge_handlers_differ", number=other.number)
    live = {(link.kind, link.other_id) for link in snapshot.links if link.ended_at is None}
    if name == "link" and (kind, other.id) in live:
        raise Conflict("link_known", number=other.number)
    if name == "unlink" and not any(tied == other.id and kind != "duplicate_of" for kind, tied in live):
        raise Conflict("link_none", number=other.number)


def _refuse_far(place: tuple[float, float], lon: float | None, lat: float | None, clock: Clock) -> None:
    most = clock.policy.near_m
    if most is None or lon is None or lat is None:
        return
    away = metres(*place, lon, lat)
    if away > most:
        raise Refused("place_far", metres=round(away), most=most)


def metres(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """How far two points of WGS-84 (degrees) lie apart on a sphere; the haversine formula."""
    north, east = radians(other_lat - lat) / 2, radians(other_lon - lon) / 2
    return (
        2 * EARTH_M * asin(min(1, sqrt(sin(north) ** 2 + cos(radians(lat)) * cos(radians(other_lat)) * sin(east) ** 2)))
    )


AHEAD = timedelta(minutes=5)
"""How far a clock elsewhere may be ahead of ours."""


def counted(told: datetime | None, last: datetime, recorded_at: datetime) -> datetime:
    """When a step counts as taken: as told where that lies between the entry before and now, else when we learned."""
    if told is not None and last <= told <= recorded_at + AHEAD:
        return told
    return max(recorded_at, last)
