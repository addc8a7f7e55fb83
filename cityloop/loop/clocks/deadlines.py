"""From a limit of the rule book to the instants a case is held to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from cityloop.ground.accounts.tree import Organisations, organisations
from cityloop.ground.places.city import CityValue, city
from cityloop.ground.standards.queries import LimitValue, RuleBook, rule_book
from cityloop.loop.clocks.calendar import WorkCalendar
from cityloop.loop.clocks.due import due
from cityloop.loop.clocks.queries import calendars


class Deadline(NamedTuple):
    """When a limit is used up, and when its yellow share is; both None where there is no limit."""

    due_at: datetime | None = None
    yellow_at: datetime | None = None


NO_DEADLINE = Deadline()


def deadline(
    limit: LimitValue | None, start: datetime, calendars: Mapping[str, WorkCalendar], yellow_share: Decimal
) -> Deadline:
    """The deadline of a limit that starts to count at `start`, in UTC."""
    if limit is None:
        return NO_DEADLINE
    calendar = calendars[limit.calendar]
    return Deadline(
        due(limit.value, limit.unit, start, calendar),
        due(limit.value * yellow_share, limit.unit, start, calendar),
    )


@dataclass(frozen=True)
class Ground:
    """What holds in the city whatever the case: settings, organisations, rule book, calendars.

    All but the city's own row is kept between requests and read again only after the pack changed.
    """

    city: CityValue
    organisations: Organisations
    rules: RuleBook
    calendars: Mapping[str, WorkCalendar]

    def due(self, rule: int, start: datetime) -> datetime | None:
        """When the handling limit of a rule is used up for work that starts at `start`; None without a limit."""
        limit = self.rules.by_id[rule].handling
        return due(limit.value, limit.unit, start, self.calendars[limit.calendar]) if limit else None

    def deadline(self, rule: int | None, start: datetime) -> Deadline:
        """The handling deadline of a rule for work dispatched at `start`."""
        limit = self.rules.by_id[rule].handling if rule is not None else None
        return deadline(limit, start, self.calendars, self.city.yellow_share)


def ground() -> Ground:
    """The ground as it is now; one statement when nothing changed since it was last read."""
    here = city()
    return Ground(here, organisations(here.revision), rule_book(here.revision), _calendars(here.revision))


@lru_cache(maxsize=4)
def _calendars(revision: str) -> dict[str, WorkCalendar]:
    return calendars()
