"""A case taken from step to step by hand, without a database."""

from datetime import date, datetime
from decimal import Decimal

from cases.clocks import RULE, local, take
from cityloop.core.actor import SYSTEM
from cityloop.core.units import LimitUnit
from cityloop.loop.cases.facts import Extension, Facts, Opening
from cityloop.loop.cases.record import FIRST
from cityloop.loop.cases.rows import AssignmentRow, CaseRow, SpanRow
from cityloop.loop.cases.snapshot import Snapshot
from cityloop.loop.clocks.deadlines import Clock

CENTRE, CREW = 1, 7
CITY, CORE = 100, 120
GIVEN = {
    "file": Facts(rule=RULE),
    "dispatch": Facts(organisation=CREW, organisation_path=(CENTRE, CREW)),
    "handle": Facts(result="mended"),
    "finish_part": Facts(result="fenced off"),
    "check": Facts(verdict="solved"),
    "rework": Facts(reason="still there"),
    "close": Facts(closing_kind="solved"),
    "request_return": Facts(reason="not_ours"),
    "deny_return": Facts(reason="yours"),
    "deny_hold": Facts(reason="no"),
    "ask_extension": Facts(reason="rain", extension=Extension(Decimal(1), LimitUnit.WORKING_DAYS)),
    "ask_deferral": Facts(reason="no spare part", until=local("02-26 10:00")),
    "ask_shelving": Facts(reason="needs a budget", review_on=date(2026, 6, 1), measures="fenced off"),
}


class Walk:
    """A case taken from step to step; `at` is told as the city's clock has it."""

    def __init__(self, limits: Clock, opened: str, areas: tuple[int, ...] = (CITY,)) -> None:
        self.clock = limits
        self.spans: dict[int, SpanRow] = {}
        self.assignments: dict[int, AssignmentRow] = {}
        at = local(opened)
        case = CaseRow(41, "1", "", 0, FIRST, at, 0, 0, 1, at, None, 5, rule_id=RULE, areas=areas, channel="app")
        self.now: Snapshot
        self._take("report", at, Facts(opening=Opening(case, CENTRE)), None)

    def to(self, name: str, at: str, **facts: object) -> "Walk":
        self._take(name, local(at), GIVEN.get(name, Facts())._replace(**facts), self.now)  # type: ignore[arg-type]
        return self

    def _take(self, name: str, at: datetime, facts: Facts, before: Snapshot | None) -> None:
        outcome = take(before, name, SYSTEM, at, facts, clock=self.clock, recorded_at=at)
        self.now = outcome.snapshot
        self.spans |= {row.no: row for row in outcome.spans}
        self.assignments |= {row.no: row for row in outcome.assignments}

    @property
    def case_due(self) -> datetime | None:
        return self.now.case.due_at

    @property
    def unit_due(self) -> datetime | None:
        assert self.now.unit is not None
        return self.now.unit.due_at

    @property
    def stage_due(self) -> datetime | None:
        """When the centre has to leave the stage it is in."""
        assert self.now.root_span is not None
        return self.now.root_span.due_at


def dispatched(limits: Clock, at: str, opened: str = "02-13 08:00", areas: tuple[int, ...] = (CITY,)) -> Walk:
    return Walk(limits, opened, areas).to("register", at).to("file", at).to("dispatch", at)


def handling(limits: Clock, at: str) -> Walk:
    return dispatched(limits, at).to("sign_for", at)
