"""What the HTTP edge of cases takes and gives. Names and titles are in the language asked for."""

from datetime import date, datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import AwareDatetime, Field, StringConstraints

from cityloop.core.units import Light
from cityloop.loop.cases.footing import LedgerOut, RuleOut

Lon = Annotated[float, Field(ge=-180, le=180)]
Lat = Annotated[float, Field(ge=-90, le=90)]
Text = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", strip_whitespace=True)]
"""PostgreSQL keeps no NUL."""
DEGREES = r"-?[0-9]{1,3}(\.[0-9]{1,12})?"
Kind = Literal["text", "choice", "organisation", "organisations", "category", "limit", "instant", "day", "case"]


class CaseFilter(Schema):
    """Which cases a list holds; what is empty does not narrow it.

    `mine`: open cases in which the asker may take a step next. `state`: codes with commas between. `category`: a
    minor one or a major with all below it; `organisation`: whose last dispatch went to it or to one below; `object`:
    the code of what it is about. `q`: the beginning of a number, or a part of the address or of the category's name.
    `from` and `to` (whole days of the city, or instants) are about the opening. `within`: west, south, east and north
    in degrees, with commas between. `provisional`: due beyond the days that the calendar knows. `waiting`: with a
    request for more time to decide on.
    """

    queue: Literal["all", "mine"] = "all"
    state: Text = ""
    light: Literal["", "green", "yellow", "red", "none"] = ""
    category: Text = ""
    organisation: Text = ""
    area: Text = ""
    channel: Text = ""
    object: Text = ""
    q: Annotated[Text, Field(max_length=100)] = ""
    since: AwareDatetime | date | None = Field(None, alias="from")
    until: AwareDatetime | date | None = Field(None, alias="to")
    open: bool | None = None
    provisional: bool = False
    waiting: bool = False
    within: Annotated[str, Field(pattern=rf"^({DEGREES}(,{DEGREES}){{3}})?$")] = ""


class Countdown(Schema):
    """How much of a limit is left, in seconds of its own time (working time where it counts that); negative when late.

    It shrinks while it `runs`; `changes_at` is when that changes, null if never. `provisional`: the deadline lies
    beyond the days that the calendar knows.
    """

    remaining_s: int
    runs: bool
    changes_at: datetime | None
    provisional: bool


class CaseLine(Schema):
    """A case in a list. `steps` are those that the asker may take now, but for those about duties beside the handling.

    `stage` is where it stands, at the unit if it is with one, and `stage_due_at` until when it may stand there. `hold`:
    whether the last request for more time (of `hold_kind`) waits or its pause lasts.
    """

    number: str
    state: str
    seq: int
    round: int
    light: Light
    opened_at: datetime
    due_at: datetime | None
    yellow_at: datetime | None
    closed_at: datetime | None
    category: str
    category_name: str
    organisation: str | None
    organisation_name: str | None
    address: str
    lon: float | None
    lat: float | None
    channel: str
    steps: list[str]

    stage: str | None
    stage_due_at: datetime | None
    stage_yellow_at: datetime | None
    hold: Literal["", "asked", "running"]
    hold_kind: str | None
    countdown: Countdown | None
    stage_countdown: Countdown | None


class NearLine(CaseLine):
    distance_m: float


class CasePage(Schema):
    """`next` is to be given as `before` for the following page; null on the last. Lights are those of `at`."""

    cases: list[CaseLine]
    next: str | None
    at: datetime


class LightCounts(Schema):
    green: int
    yellow: int
    red: int
    none: int


class CaseCounts(Schema):
    """How many cases a list holds in all; states without a case are left out."""

    by_state: dict[str, int]
    by_light: LightCounts
    total: int
    at: datetime


class CategoryChoice(Schema):
    """`major`: the code of the major category above a minor one."""

    code: str
    name: str
    level: Literal["major", "minor"]
    major: str | None


class OrganisationChoice(Schema):
    code: str
    name: str
    kind: str
    parent: str | None


class AreaChoice(Schema):
    code: str
    name: str
    level: str
    parent: str | None


class ChannelChoice(Schema):
    key: str
    name: str


class Choices(Schema):
    """What the filters and forms of this city choose from, as in force today."""

    categories: list[CategoryChoice]
    organisations: list[OrganisationChoice]
    areas: list[AreaChoice]
    channels: list[ChannelChoice]


class ChoiceOut(Schema):
    """`proof`: the fact that proves this reason, or `photos`; null where none is asked for."""

    value: str
    title: str
    proof: str | None = None


class NeedOut(Schema):
    """A fact that must come with a step, or may (`required` is false); `choices` where it is one of some words."""

    fact: str
    required: bool
    title: str
    kind: Kind
    choices: list[ChoiceOut]


class StepChoiceOut(Schema):
    """A step that begins at the present state; `why` says what forbids it to the asker, null where nothing does.

    `duty`: the number of the assignment beside the handling that it is about; 0: of none.
    """

    name: str
    duty: int
    title: str
    allowed: bool
    why: str | None
    needs: list[NeedOut]


class ToldOut(Schema):
    """A fact that came with a step."""

    fact: str
    title: str
    value: str
    value_title: str


class EntryOut(Schema):
    """One step that was taken. `evidence` are ids of photos; `told` are the facts given besides the note."""

    seq: int
    step: str
    title: str
    at: datetime
    recorded_at: datetime
    from_state: str
    to_state: str
    actor: str
    actor_name: str
    post: str
    post_name: str
    inferred: bool
    note: str
    evidence: list[str]
    told: list[ToldOut]


class SpanOut(Schema):
    """`assignment`: the number of the one whose stay it is."""

    no: int
    assignment: int
    main: bool
    stage: str
    stage_title: str
    part: str
    organisation: str
    organisation_name: str
    started_at: datetime
    due_at: datetime | None
    yellow_at: datetime | None
    ended_at: datetime | None
    light: Light
    outcome: str
    outcome_title: str


class PartOut(Schema):
    """One of several limits that a handling keeps one after another."""

    name: str
    due_at: datetime
    yellow_at: datetime


class ApproverOut(Schema):
    role: str
    title: str
    approved: bool


class TieOut(Schema):
    """A tie to another case; `own`: from this case to the other one, else from there to here."""

    kind: str
    kind_title: str
    own: bool
    number: str
    state: str
    state_title: str
    category_name: str
    address: str
    made_at: datetime


class HoldOut(Schema):
    """A request for more time. `chain`: who has to approve it, in order; empty: whoever may decide. `granted` is null
    while it waits; `until_at` null in a pause is an open end."""

    no: int
    kind: str
    kind_title: str
    stands: Literal["", "asked", "running"]
    asked_at: datetime
    reason: str
    value: float | None
    unit: str
    until_at: datetime | None
    review_on: date | None
    measures: str
    decided_at: datetime | None
    granted: bool | None
    starts_at: datetime | None
    ended_at: datetime | None
    chain: list[ApproverOut]


class AssignmentOut(Schema):
    """`above`: the number of the assignment that it is nested in, 0 for the centre's own. `kind_title` is empty but for
    duties beside the handling."""

    no: int
    above: int
    round: int
    kind: str
    kind_title: str
    delivery: str
    delivery_title: str
    organisation: str
    organisation_name: str
    responsible: str
    responsible_name: str
    ruled: bool
    started_at: datetime
    due_at: datetime | None
    yellow_at: datetime | None
    ended_at: datetime | None
    parts: list[PartOut]
    verdict: str
    verdict_title: str


class PlaceOut(Schema):
    level: str
    code: str
    name: str


class CaseOut(Schema):
    """A case whole, as it stands at `at`. `steps` are all that begin at its state, in the order of the lifecycle.

    `stage_countdown` is that of the stay that is open, at the unit if the case is with one.
    """

    number: str
    state: str
    state_title: str
    seq: int
    round: int
    route: str
    light: Light
    at: datetime
    opened_at: datetime
    first_due_at: datetime | None
    due_at: datetime | None
    yellow_at: datetime | None
    closed_at: datetime | None
    category: str
    category_name: str
    channel: str
    channel_name: str
    address: str
    lon: float | None
    lat: float | None
    grid: str | None
    places: list[PlaceOut]
    ledger_code: str | None
    ledger: LedgerOut | None
    rule: RuleOut | None
    entries: list[EntryOut]
    spans: list[SpanOut]
    assignments: list[AssignmentOut]
    holds: list[HoldOut]
    links: list[TieOut]
    verdict: str
    verdict_title: str
    steps: list[StepChoiceOut]
    countdown: Countdown | None
    stage_countdown: Countdown | None
