"""A case as the next step finds it, and what a step leaves."""

from typing import NamedTuple

from cityloop.loop.cases.rows import AssignmentRow, CaseRow, EntryRow, HoldRow, SpanRow
from cityloop.loop.clocks.deadlines import Stay


class Snapshot(NamedTuple):
    """A case as the next step finds it: its row, the centre's assignment and stay, the last handler's likewise."""

    case: CaseRow
    root: AssignmentRow
    root_span: SpanRow | None
    unit: AssignmentRow | None = None
    unit_span: SpanRow | None = None
    unit_path: tuple[int, ...] = ()
    """The acting organisation of the handler's assignment and all above it, top first."""
    hold: HoldRow | None = None
    """The last request for more time."""
    stays: tuple[Stay, ...] = ()
    """The centre's past stays of this round, in order."""


class Outcome(NamedTuple):
    """What a step leaves: the new snapshot, its entry, and every assignment, span and request it made or changed."""

    snapshot: Snapshot
    entry: EntryRow
    assignments: list[AssignmentRow]
    spans: list[SpanRow]
    holds: list[HoldRow]
