"""What comes with a step."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from cityloop.core.units import LimitUnit
from cityloop.ground.standards.queries import LimitValue
from cityloop.loop.cases.rows import CaseRow
from cityloop.loop.clocks.deadlines import Deadline, Part


class Opening(NamedTuple):
    """What a case is opened with: its row but for what the loop itself fills in, and the centre that keeps it."""

    case: CaseRow
    centre: int
    link: tuple[str, int] | None = None
    """How it is tied to the case that it was opened from (its id)."""


class Extension(NamedTuple):
    """How much more time is asked for; working units count on the calendar of the limit."""

    value: Decimal
    unit: LimitUnit


class Deadlines(NamedTuple):
    """All that a pause or an extension moves: of the case, of the assignment, and of each part of the handling."""

    case: Deadline
    assignment: Deadline
    parts: tuple[Part, ...] = ()


class Recounted(NamedTuple):
    """Deadlines as a changed calendar has them; `before` are those that a pause that lasts goes on from."""

    now: Deadlines
    before: Deadlines | None = None


class Other(NamedTuple):
    """Another case that a step is about, as it stands. `handler`: who works on it; `above`: all cases that its own
    links lead to, whatever their kind."""

    id: int
    number: str
    state: str
    handler: int | None = None
    above: frozenset[int] = frozenset()


class Share(NamedTuple):
    """How many requests of a kind were granted to an organisation this month, of how many dispatches."""

    granted: int
    of: int


class Call(NamedTuple):
    """A duty that is given: its kind, its organisation with all above it (top first), and its own limit if any."""

    kind: str
    organisation: int
    path: tuple[int, ...]
    urgency: str = ""
    within: LimitValue | None = None
    delivery: str = ""


class Facts(NamedTuple):
    """What comes with a step. `needs` in the lifecycle names the fields that must be there.

    `deadline`: the handling deadline that somebody else has set; without one it is what the clock says.
    """

    note: str = ""
    evidence: tuple[Any, ...] = ()
    inferred: bool = False
    opening: Opening | None = None
    rule: int | None = None
    situation: str = ""
    """Which row of the rule book the case is filed under, of those of its category."""
    organisation: int | None = None
    responsible: int | None = None
    contractor: int | None = None
    organisation_path: tuple[int, ...] = ()
    ledger_row: int | None = None
    deadline: Deadline | None = None
    reason: str = ""
    result: str = ""
    verdict: str = ""
    closing_kind: str = ""
    extension: Extension | None = None
    until: datetime | None = None
    review_on: date | None = None
    measures: str = ""
    recounted: Recounted | None = None
    order: str = ""
    """The number of a document from above that covers the case."""
    level: int = 0
    """How many of the city's escalations have been told with this one."""
    basis: str = ""
    means: str = ""
    other: Other | None = None
    link: str = ""
    disputed: str = ""
    """The code of a ledger row."""
    opened: str = ""
    """The number of the case that this step opens."""
    told_at: str = ""
    """The time that was told, where it could not be counted."""
    place: tuple[float, float] | None = None
    """Where whoever takes the step stands: longitude and latitude in degrees of WGS-84."""
    share: Share | None = None
    organisations: tuple[tuple[int, tuple[int, ...]], ...] = ()
    """Several organisations, each with all above it, top first."""
    urgency: str = ""
    within: Extension | None = None
    delivery: str = ""
    duty: int = 0
    """The number of the duty's assignment in the case."""
    rating: str = ""
    tier: str = ""
    heard: bool = False
    """Whether some body has given its opinion in this case."""
    scenario: str = ""
    calls: tuple["Call", ...] = ()
    """Whom that scenario calls."""
    behalf: str = ""
    """How the body is served for which somebody else has entered this."""
