"""What the city lets happen to a case beside its limits: windows, approvals, caps, proof; all data of packs."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from cityloop.core.units import LimitUnit
from cityloop.ground.standards.queries import LimitValue


class Approval(NamedTuple):
    """Who has to approve a request of a kind: `roles`, one after another.

    `over`: only what asks for more time than this; `since`: only from the how-manieth of its kind in a case on. `form`:
    the request needs a signed form, as a photo. Of the rows that fit, the last one counts.
    """

    kind: str
    roles: tuple[str, ...]
    over: LimitValue | None = None
    since: int = 1
    form: bool = False


def _limit(value: str, unit: LimitUnit) -> LimitValue:
    return LimitValue("", "", Decimal(value), unit, "default", "", "")


class Duties(NamedTuple):
    """Limits of what is asked of a body beside the handling: `arrive` and `finish` by how urgent a whistle is."""

    make_safe: LimitValue = _limit("2", LimitUnit.HOURS)
    opinion: LimitValue = _limit("1", LimitUnit.WORKING_DAYS)
    arrive: Mapping[str, LimitValue] = {
        "urgent": _limit("0.5", LimitUnit.HOURS),
        "hard": _limit("4", LimitUnit.WORKING_HOURS),
        "daily": _limit("1", LimitUnit.WORKING_DAYS),
    }
    finish: Mapping[str, LimitValue] = {
        "urgent": _limit("1", LimitUnit.DAYS),
        "hard": _limit("10", LimitUnit.WORKING_DAYS),
        "daily": _limit("5", LimitUnit.WORKING_DAYS),
    }


USUAL_DUTIES = Duties()


class Member(NamedTuple):
    """One whom a scenario calls: an organisation by its code, the kind of duty, and its limit where it has its own."""

    organisation: str
    kind: str
    urgency: str = "urgent"
    within: LimitValue | None = None
    delivery: str = ""


class Scenario(NamedTuple):
    """Duties that are given at once, because they always belong together."""

    name: str
    names: Mapping[str, str]
    members: tuple[Member, ...]


class Upgrade(NamedTuple):
    """When a case drags on: so many returns, extensions, reworks, or days since it was opened; None: however many."""

    returns: int | None = None
    extensions: int | None = None
    reworks: int | None = None
    age_days: int | None = None


class Policy(NamedTuple):
    return_within: LimitValue | None = None
    """How long after the dispatch a unit may ask to return it; None: as long as it has it."""
    feedback: str = "skipped"
    """Whether what was handled goes through the dispatcher before it is checked (`required`)."""
    proof: str = "wanted"
    """Whether photos that the rule book wants, and the proof of a reason to return, must be there (`required`)."""
    near_m: int | None = None
    """How far from the case somebody may stand who verifies, checks or reports it as handled, in metres."""
    redo_within: LimitValue | None = None
    """How long after the closing a citizen who is not satisfied has it done over."""
    published_on: int | None = None
    """On which day of a month the figures of the month before are published; None: they never are."""
    approvals: tuple[Approval, ...] = ()
    caps: Mapping[str, Decimal] = {}
    """Which share of an organisation's dispatches of a month may be granted a request of a kind."""
    duties: Duties = USUAL_DUTIES
    scenarios: Mapping[str, Scenario] = {}
    upgrade: Upgrade = Upgrade()

    def published_at(self, closed_at: datetime, zone: ZoneInfo) -> datetime | None:
        """From when on the figures that hold a case closed at `closed_at` are published."""
        if self.published_on is None:
            return None
        following = closed_at.astimezone(zone).date().replace(day=1) + timedelta(days=31)
        return datetime.combine(date(following.year, following.month, self.published_on), time(), zone)


NOTHING_ASKED = Policy()


def policy_of(told: Mapping[str, Any]) -> Policy:
    """The policy that settings of a pack make."""
    return Policy(
        return_within=limit_of(told.get("return_within")),
        feedback=told.get("feedback", NOTHING_ASKED.feedback),
        proof=told.get("proof", NOTHING_ASKED.proof),
        near_m=told.get("near_m"),
        redo_within=limit_of(told.get("redo_within")),
        published_on=told.get("published_on"),
        approvals=tuple(
            Approval(
                row["kind"], tuple(row["roles"]), limit_of(row.get("over")), row.get("since", 1), row.get("form", False)
            )
            for row in told.get("approvals", ())
        ),
        caps={kind: Decimal(str(share)) for kind, share in told.get("caps", {}).items()},
        duties=_duties(told.get("duties", {})),
        scenarios={code: _scenario(row) for code, row in told.get("scenarios", {}).items()},
        upgrade=Upgrade(**told.get("upgrade", {})),
    )


def _scenario(told: Mapping[str, Any]) -> Scenario:
    members = (
        Member(row["organisation"], row["kind"], row["urgency"], limit_of(row.get("within")), row["delivery"])
        for row in told["members"]
    )
    return Scenario(told["name"], told["names"], tuple(members))


def _duties(told: Mapping[str, Any]) -> Duties:
    return Duties(
        limit_of(told.get("make_safe")) or USUAL_DUTIES.make_safe,
        limit_of(told.get("opinion")) or USUAL_DUTIES.opinion,
        *(
            {
                urgency: limit_of(told.get(what, {}).get(urgency)) or usual
                for urgency, usual in getattr(USUAL_DUTIES, what).items()
            }
            for what in ("arrive", "finish")
        ),
    )


def limit_of(told: Mapping[str, Any] | None, stage: str = "") -> LimitValue | None:
    """A limit as packs write it: value, unit, and the calendar that it counts on."""
    if told is None:
        return None
    return LimitValue(stage, "", Decimal(str(told["value"])), LimitUnit(told["unit"]), told.get("calendar", "default"))
