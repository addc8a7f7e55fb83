"""What the HTTP edge of orders takes and gives. Names and titles are in the language asked for."""

from datetime import datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

from cityloop.core.units import Light
from cityloop.loop.cases.schemas import ChoiceOut, Countdown, Text

Kind = Literal["reminder", "supervision", "instruction", "matter"]
Level = Literal["ordinary", "urgent", "pressing"]
Code = Annotated[Text, Field(min_length=1, max_length=60)]
MOST_CASES, MOST_SIGNATORIES = 200, 9


class OrderFilter(Schema):
    """Which orders a list holds; what is empty does not narrow it.

    `state`: codes with commas between; `target`: a code, with all below it; `mine`: in which the asker is the next to
    do something; `overdue`: not signed for, or not answered, in time.
    """

    kind: Literal["", "reminder", "supervision", "instruction", "matter"] = ""
    state: Text = ""
    level: Literal["", "ordinary", "urgent", "pressing"] = ""
    target: Text = ""
    mine: bool = False
    overdue: bool = False


class OrderIn(Schema):
    """`target`: an organisation; `cases`: by number; `signatories`: posts, in the order in which they sign.

    `key`: what the form calls it, unique among those of one person: the same key twice is one order.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    level: Level = "ordinary"
    target: Code
    title: Annotated[Text, Field(min_length=1, max_length=200)]
    text: Annotated[Text, Field(min_length=1, max_length=8000)]
    basis: Annotated[Text, Field(max_length=200)] = ""
    cases: Annotated[list[Code], Field(max_length=MOST_CASES)] = []
    signatories: Annotated[list[Code], Field(max_length=MOST_SIGNATORIES)] = []
    key: Code


class OrderStepIn(Schema):
    """`note`: why it is sent back or withdrawn; `reply`: what the target answers."""

    model_config = ConfigDict(extra="forbid")

    step: Annotated[Text, Field(max_length=20)]
    note: Annotated[Text, Field(max_length=4000)] = ""
    reply: Annotated[Text, Field(max_length=8000)] = ""


class OrderBody(Schema):
    """An organisation."""

    code: str
    name: str


class OrderLine(Schema):
    """`reference`: its number, or while it has none its id: what its address ends with. `due_at`: of the limit that
    runs now, for signing until it is signed for, then for the reply; `cases`: how many it covers."""

    reference: str
    number: str | None
    kind: str
    kind_title: str
    level: str
    level_title: str
    state: str
    state_title: str
    title: str
    issuer: OrderBody
    target: OrderBody
    drafted_at: datetime
    issued_at: datetime | None
    sign_due_at: datetime | None
    signed_for_at: datetime | None
    reply_due_at: datetime | None
    replied_at: datetime | None
    closed_at: datetime | None
    due_at: datetime | None
    light: Light
    countdown: Countdown | None
    cases: int


class OrderPage(Schema):
    """`next` is to be given as `before` for the following page; null on the last. Lights are those of `at`."""

    orders: list[OrderLine]
    next: int | None
    at: datetime


class OrdersOfCase(Schema):
    """Lights are those of `at`."""

    orders: list[OrderLine]
    at: datetime


class OrderCounts(Schema):
    by_state: dict[str, int]
    by_light: dict[str, int]
    total: int
    at: datetime


class OrderSignatory(Schema):
    """A post that may sign orders."""

    code: str
    name: str
    organisation: str


class OrderChoices(Schema):
    """`kinds`: those that the asker may issue."""

    kinds: list[ChoiceOut]
    levels: list[ChoiceOut]
    signatories: list[OrderSignatory]


class OrderSignature(Schema):
    post: str
    post_name: str
    name: str | None
    signed_at: datetime | None


class OrderCaseOut(Schema):
    """A case that an order covers, and that the asker may see."""

    number: str
    state: str
    state_title: str
    category_name: str
    address: str
    due_at: datetime | None
    closed_at: datetime | None
    light: Light


class OrderLogOut(Schema):
    step: str
    title: str
    at: datetime
    name: str
    post: str
    post_name: str
    note: str


class OrderStepOut(Schema):
    """A step that begins at the present state; `why` says what forbids it to the asker, null where nothing does.
    `needs`: `note`, `reply` or nothing."""

    name: str
    title: str
    allowed: bool
    why: str | None
    needs: str


class OrderOut(OrderLine):
    """`covered`: those of its cases that the asker may see."""

    text: str
    basis: str
    reply: str
    drafted_by: str
    issued_by: str
    signed_for_by: str
    replied_by: str
    closed_by: str
    signatures: list[OrderSignature]
    covered: list[OrderCaseOut]
    log: list[OrderLogOut]
    steps: list[OrderStepOut]
    at: datetime
