"""What comes with a step."""

from typing import Any, NamedTuple

from cityloop.loop.cases.rows import CaseRow
from cityloop.loop.clocks.deadlines import NO_DEADLINE, Deadline


class Opening(NamedTuple):
    """What a case is opened with: its row but for what the loop itself fills in, and the centre that keeps it."""

    case: CaseRow
    centre: int


class Facts(NamedTuple):
    """What comes with a step. `needs` in the lifecycle names the fields that must be there."""

    note: str = ""
    evidence: tuple[Any, ...] = ()
    inferred: bool = False
    opening: Opening | None = None
    rule: int | None = None
    organisation: int | None = None
    responsible: int | None = None
    contractor: int | None = None
    organisation_path: tuple[int, ...] = ()
    ledger_row: int | None = None
    deadline: Deadline = NO_DEADLINE
    reason: str = ""
    result: str = ""
    verdict: str = ""
    closing_kind: str = ""
