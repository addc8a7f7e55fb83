"""A case as the next step finds it, and what a step leaves."""

from typing import NamedTuple

from cityloop.loop.cases.rows import AssignmentRow, CaseRow, EntryRow, HoldRow, LinkRow, SpanRow
from cityloop.loop.clocks.deadlines import Stay


class Duty(NamedTuple):
    """An open assignment beside the handling, its present stay, and its organisation with all above it, top first."""

    row: AssignmentRow
    span: SpanRow
    path: tuple[int, ...]


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
    links: tuple[LinkRow, ...] = ()
    """All ties to other cases that were ever made from this one."""
    granted: tuple[str, ...] = ()
    """The kinds of the requests for more time that were granted."""
    filed_by: str = ""
    handled_by: frozenset[str] = frozenset()
    """Who reported a part of the work as done, in any round."""
    duties: tuple[Duty, ...] = ()
    """Those that are open, in the order in which they were given."""


class Outcome(NamedTuple):
    """What a step leaves: the new snapshot, its entry, and all rows of the case that it made or changed."""

    snapshot: Snapshot
    entry: EntryRow
    assignments: list[AssignmentRow]
    spans: list[SpanRow]
    holds: list[HoldRow]
    links: list[LinkRow]
