"""What pack.yaml may say of time beside the rule book: limits of stages, seasons, what happenings do to clocks."""

import re
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from cityloop.core.fields import Code, Name, Names, Strict
from cityloop.core.units import LimitUnit
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.standards.words import STAGES
from cityloop.loop.orders.kinds import KINDS

_DAY_OF_YEAR = re.compile(r"(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")


def _stage(text: str) -> str:
    if text not in STAGES:
        raise PydanticCustomError("stage_unknown", "stage", {"value": text, "known": ", ".join(STAGES)})
    return text


def _day_of_year(text: str) -> str:
    if not _DAY_OF_YEAR.fullmatch(text):
        raise PydanticCustomError("day_of_year", "day", {"value": text})
    return text


def _approver(key: str) -> str:
    deciding = [role.key for role in ROLES.values() if "cases.decide_hold" in role.permissions]
    if key not in deciding:
        raise PydanticCustomError("not_one_of", "role", {"value": key, "known": ", ".join(deciding)})
    return key


ApproverKey = Annotated[str, AfterValidator(_approver)]
StageKey = Annotated[str, AfterValidator(_stage)]
DayOfYear = Annotated[str, AfterValidator(_day_of_year)]
OrderKind = Literal["reminder", "supervision", "instruction", "matter"]
OrderLevel = Literal["ordinary", "urgent", "pressing"]


class LimitSpec(Strict):
    value: Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=3)]
    unit: LimitUnit
    calendar: str = "default"


class CombinedSpec(LimitSpec):
    """One limit for several stages of the centre: time in any of them uses it up."""

    stages: Annotated[list[StageKey], Field(min_length=2)]


class SeasonSpec(Strict):
    """A part of every year, both days included; it may run over the turn of the year."""

    first: DayOfYear
    last: DayOfYear


class ClockSpec(Strict):
    """What happenings do to clocks; see `loop.clocks.deadlines.Rules`."""

    starts: Literal["dispatch", "sign_for"] = "dispatch"
    silence: Literal["signs", "waits"] = "signs"
    deferral: Literal["stops", "runs"] = "stops"
    shelving: Literal["leaves", "runs"] = "leaves"
    granted: Literal["asking", "decision"] = "asking"
    rework: Literal["full", "rest"] = "full"
    while_asked: Literal["quiet", "sweeps"] = "quiet"


class EscalationSpec(Strict):
    """What the sweep does at a share of the limit used: 0.8 is 80 %. At the yellow share and at 1 it is the lights'."""

    at: Annotated[Decimal, Field(gt=0, le=100)]
    step: Literal["warn", "remind", "propose_supervision"]


class ApprovalSpec(Strict):
    """See `loop.clocks.policy.Approval`."""

    kind: Literal["extension", "deferral", "shelving"]
    roles: Annotated[list[ApproverKey], Field(min_length=1, max_length=9)]
    over: LimitSpec | None = None
    since: Annotated[int, Field(ge=1, le=99)] = 1
    form: bool = False


Urgency = Literal["daily", "hard", "urgent"]


class DutiesSpec(Strict):
    """Limits of duties beside the handling; see `loop.clocks.policy.Duties`."""

    make_safe: LimitSpec | None = None
    opinion: LimitSpec | None = None
    arrive: dict[Urgency, LimitSpec] = {}
    finish: dict[Urgency, LimitSpec] = {}

    def limits(self) -> list[tuple[tuple[str, ...], LimitSpec]]:
        """Every limit with its place."""
        return [
            *((((name,), limit)) for name in ("make_safe", "opinion") if (limit := getattr(self, name))),
            *(
                ((name, urgency), limit)
                for name in ("arrive", "finish")
                for urgency, limit in getattr(self, name).items()
            ),
        ]


class MemberSpec(Strict):
    """One whom a scenario calls; see `loop.clocks.policy.Member`."""

    organisation: Code
    kind: Literal["report_in", "make_safe", "consult"]
    urgency: Urgency = "urgent"
    within: LimitSpec | None = None
    delivery: Literal["inbox", "letter", "phone", "platform"] = "inbox"


class ScenarioSpec(Strict):
    """Duties that are given at once."""

    name: Name
    names: Names = {}
    members: Annotated[list[MemberSpec], Field(min_length=1, max_length=30)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        seen = set[tuple[str, str]]()
        for member in self.members:
            if (key := (member.organisation, member.kind)) in seen:
                raise PydanticCustomError("scenario_member_twice", "twice", {"value": member.organisation})
            seen.add(key)
        return self


class UpgradeSpec(Strict):
    """When a case drags on; see `loop.clocks.policy.Upgrade`."""

    returns: Annotated[int, Field(ge=1, le=99)] | None = None
    extensions: Annotated[int, Field(ge=1, le=99)] | None = None
    reworks: Annotated[int, Field(ge=1, le=99)] | None = None
    age_days: Annotated[int, Field(ge=1, le=9999)] | None = None


class LoopSpec(Strict):
    """What the city lets happen to a case; see `loop.clocks.policy.Policy`."""

    return_within: LimitSpec | None = None
    feedback: Literal["skipped", "required"] = "skipped"
    proof: Literal["wanted", "required"] = "wanted"
    near_m: Annotated[int, Field(ge=10, le=100_000)] | None = None
    redo_within: LimitSpec | None = None
    published_on: Annotated[int, Field(ge=1, le=28)] | None = None
    approvals: list[ApprovalSpec] = []
    caps: dict[Literal["extension", "deferral", "shelving"], Annotated[Decimal, Field(gt=0, le=1)]] = {}
    duties: DutiesSpec = DutiesSpec()
    scenarios: dict[Code, ScenarioSpec] = {}
    upgrade: UpgradeSpec = UpgradeSpec()


class OrderLimits(Strict):
    """Until when a target signs for an order and replies to it; both count from its issuing."""

    sign: LimitSpec | None = None
    reply: LimitSpec | None = None


class OrderSpec(OrderLimits):
    """What one kind of orders is numbered with, and its limits; those of a level go before those of the kind."""

    prefix: Annotated[str, Field(pattern=r"^([A-Z]{1,6})?$")] = ""
    levels: dict[OrderLevel, OrderLimits] = {}

    def limits(self) -> list[tuple[tuple[str, ...], LimitSpec]]:
        """Every limit with its place."""
        told: list[tuple[tuple[str, ...], OrderLimits]] = [((), self)]
        told += [(("levels", level), limits) for level, limits in self.levels.items()]
        return [
            ((*place, what), limit)
            for place, limits in told
            for what in ("sign", "reply")
            if (limit := getattr(limits, what)) is not None
        ]


class ReplyLimits(Strict):
    """Until when a report of a channel is signed for and answered; both count from its coming."""

    sign: LimitSpec | None = None
    answer: LimitSpec | None = None

    def limits(self) -> list[tuple[str, LimitSpec]]:
        return [(what, limit) for what in ("sign", "answer") if (limit := getattr(self, what)) is not None]


class Timing(Strict):
    """The settings of time. `check_tolerance_min`: how far from the hour of finding a check may lie, where the rule
    book wants the same hours. `escalation`: in ascending order; empty: the sweep tells nobody. `orders`: by kind;
    `replies`: by channel."""

    limits: dict[StageKey, LimitSpec] = {}
    combined: list[CombinedSpec] = []
    seasons: dict[Annotated[str, Field(min_length=1, max_length=20)], SeasonSpec] = {}
    clock: ClockSpec = ClockSpec()
    loop: LoopSpec = LoopSpec()
    check_tolerance_min: Annotated[int, Field(ge=0, le=720)] = 60
    escalation: list[EscalationSpec] = []
    orders: dict[OrderKind, OrderSpec] = {}
    replies: dict[Annotated[str, Field(min_length=1, max_length=40)], ReplyLimits] = {}

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        shares = [level.at for level in self.escalation]
        if shares != sorted(set(shares)):
            raise PydanticCustomError("escalation_order", "order", {})
        return self

    @model_validator(mode="after")
    def _numbers_apart(self) -> Self:
        taken: dict[str, str] = {}
        for kind, known in KINDS.items():
            told = self.orders.get(kind)  # type: ignore[call-overload]  # the keys are those of OrderKind
            prefix = (told.prefix if told else "") or known.prefix
            if (other := taken.setdefault(prefix, kind)) != kind:
                raise PydanticCustomError("order_prefix_taken", "p", {"kind": kind, "value": prefix, "other": other})
        return self

    def named_calendars(self) -> list[tuple[tuple[str | int, ...], str]]:
        """Where a limit names its calendar, and which."""
        found: list[tuple[tuple[str | int, ...], str]] = [
            (("limits", stage, "calendar"), limit.calendar) for stage, limit in self.limits.items()
        ]
        for name in ("return_within", "redo_within"):
            if limit := getattr(self.loop, name):
                found.append((("loop", name, "calendar"), limit.calendar))
        found += [
            (("loop", "duties", *place, "calendar"), limit.calendar) for place, limit in self.loop.duties.limits()
        ]
        found += [
            (("loop", "scenarios", code, "members", i, "within", "calendar"), member.within.calendar)
            for code, scenario in self.loop.scenarios.items()
            for i, member in enumerate(scenario.members)
            if member.within
        ]
        for i, row in enumerate(self.loop.approvals):
            if row.over:
                found.append((("loop", "approvals", i, "over", "calendar"), row.over.calendar))
        found += [
            (("orders", kind, *place, "calendar"), limit.calendar)
            for kind, spec in self.orders.items()
            for place, limit in spec.limits()
        ]
        found += [
            (("replies", channel, what, "calendar"), limit.calendar)
            for channel, limits in self.replies.items()
            for what, limit in limits.limits()
        ]
        return found + [(("combined", i, "calendar"), shared.calendar) for i, shared in enumerate(self.combined)]
