"""What the HTTP edge takes with a step of one case or of many, and what it answers."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from ninja import Schema
from pydantic import AwareDatetime, ConfigDict, Field

from cityloop.core.units import LimitUnit
from cityloop.loop.cases.schemas import Lat, Lon
from cityloop.loop.evidence.api import PhotoIds


class ExtensionIn(Schema):
    """How much more time is asked for."""

    model_config = ConfigDict(extra="forbid")

    value: Annotated[Decimal, Field(gt=0, max_digits=9, decimal_places=3)]
    unit: LimitUnit


class StepFacts(Schema):
    """A step, and what it may need to be told."""

    model_config = ConfigDict(extra="forbid")

    step: str
    note: str = ""
    organisation: str = ""
    organisations: Annotated[list[str], Field(max_length=30)] = []
    urgency: str = ""
    within: ExtensionIn | None = None
    delivery: str = ""
    scenario: str = ""
    tier: str = ""
    reason: str = ""
    result: str = ""
    verdict: str = ""
    closing_kind: str = ""
    extension: ExtensionIn | None = None
    until: AwareDatetime | None = None
    review_on: date | None = None
    measures: str = ""
    basis: str = ""
    means: str = ""
    other: str = ""
    link: str = ""
    disputed: str = ""


class StepIn(StepFacts):
    """`seq` is the number of the last entry the caller saw; a case that moved since is not touched (409).

    `at` counts where it lies between the last entry and now (five minutes more are let pass), else the present; `lon`
    and `lat` are where whoever takes the step stands. `other` is the number of another case, `duty`
    that of an assignment beside the handling.

    `photos` were sent before and are what this step shows as its proof.
    """

    seq: int | None = None
    at: AwareDatetime | None = None
    situation: str = ""
    duty: Annotated[int, Field(ge=0, le=999)] = 0
    rating: str = ""
    photos: PhotoIds = []
    lon: Lon | None = None
    lat: Lat | None = None


class StepOut(Schema):
    number: str
    state: str
    seq: int
    due_at: datetime | None
    steps: list[str]


class ManyStepsIn(StepFacts):
    """One step of many cases, with the same facts."""

    numbers: Annotated[list[str], Field(min_length=1, max_length=200)]


class StepProblem(Schema):
    code: str
    detail: str


class StepAnswer(Schema):
    """What became of one case; `state` and `seq` as it stands now, null where it is not to be seen."""

    number: str
    ok: bool
    state: str | None
    seq: int | None
    problem: StepProblem | None


class ManyStepsOut(Schema):
    answers: list[StepAnswer]
