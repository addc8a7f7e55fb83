"""What the import mapping makes of one line of a history: a row, or the reason why not."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from cityloop.core.texts import N_, _

MAIN_LINE = ("report", "register", "file", "dispatch", "sign_for", "handle", "check", "close")
"""The steps that a history implies, in order."""

Raw = dict[str, str | None]
"""One line as printed: column to text, None where the file holds nothing."""

REASONS: dict[str, str] = {
    "id_missing": N_("the row has no number of its own"),
    "id_too_long": N_("the row's number is longer than 100 characters"),
    "date_missing": N_("the row does not say when it was opened"),
    "date_unreadable": N_("this is no date in any of the mapping's formats"),
    "category_missing": N_("the row names no category"),
    "category_unknown": N_("no category of the pack has this key"),
    "before_valid_from": N_("it was opened before the rule book of the pack begins (valid_from)"),
    "fields_wrong": N_("the row has another number of fields than the header"),
}
"""Why a row is rejected. Everything else that may be wrong with a row becomes a fact."""


class KnownFact(NamedTuple):
    """Something the history tells beside the columns of a case: what is missing in it, or odd."""

    name: str
    value: object
    source: str = "history"


class PlannedStep(NamedTuple):
    """`at` is aware, in UTC; `inferred`: the mapping's assumption, not read from the step's own column."""

    name: str
    at: datetime
    inferred: bool


@dataclass(slots=True)
class HistoryRow:
    """One case of the past. Instants are aware, in UTC; degrees are WGS-84; codes are the pack's."""

    line: int
    outside_id: str
    opened_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    flag: Literal["on_time", "overdue", ""]
    """The city's own judgement."""
    category: str
    organisation: str
    """Empty when the history names none, or none that the pack knows."""
    channel: str
    lon: float | None
    lat: float | None
    area: str
    """The area that the row itself prints; empty when none."""
    address: str
    words: str
    answer: str
    steps: tuple[PlannedStep, ...]
    """The main line as far as the history implies it; times never go backwards."""
    facts: tuple[KnownFact, ...]
    raw: Raw
    later: frozenset[str]
    """Columns of `raw` that become known only after the case was opened."""

    def __reduce__(self) -> tuple[object, ...]:
        """By position: a hundred thousand rows travel to other processes."""
        return HistoryRow, tuple(getattr(self, name) for name in HistoryRow.__slots__)

    @property
    def key(self) -> tuple[str, str]:
        """What makes a row the same row when it comes again."""
        return self.channel, self.outside_id


class RowRejected(Exception):
    """A line that cannot become a case. `reason` is a key of REASONS; `value` is what was printed."""

    def __init__(self, field: str, reason: str, value: str | None = None, line: int = 0) -> None:
        super().__init__(field, reason, value)
        self.field = field
        self.reason = reason
        self.value = value
        self.line = line

    def __str__(self) -> str:
        return _(REASONS[self.reason])


Line = tuple[int, Raw | RowRejected]
"""A numbered line of a file, or why it cannot be read as one."""
