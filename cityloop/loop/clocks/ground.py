"""What holds in the city whatever the case, as everybody of the loop needs it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cityloop.ground.accounts.tree import Organisations, organisations
from cityloop.ground.places.city import CityValue, city
from cityloop.ground.places.queries import area_classes
from cityloop.ground.standards.queries import LimitValue, RuleBook, rule_book
from cityloop.loop.clocks.deadlines import AreaClass, Clock, Combined, Rules, Season
from cityloop.loop.clocks.policy import limit_of, policy_of
from cityloop.loop.clocks.queries import calendars


@dataclass(frozen=True)
class Ground:
    """The city's settings, organisations and rule book, and its clock.

    All but the city's own row is kept between requests and read again only after the pack changed.
    """

    city: CityValue
    organisations: Organisations
    rules: RuleBook
    clock: Clock

    def due(self, rule: int, start: datetime) -> datetime | None:
        """When the general handling limit of a rule is used up for work that starts at `start`; None without one."""
        parts = self.clock.handling(rule, (), start)
        return parts[-1].due_at if parts else None


def ground() -> Ground:
    """The ground as it is now; one statement when nothing changed since it was last read."""
    here = city()
    return Ground(here, organisations(here.revision), rule_book(here.revision), _clock(here))


_kept: dict[str, Clock] = {}


def _clock(here: CityValue) -> Clock:
    kept = _kept.get(here.revision)
    if kept is None:
        _kept.clear()
        kept = _kept[here.revision] = clock_of(here)
    return kept


def clock_of(here: CityValue) -> Clock:
    """The clock that the settings of a city, its rule book, its calendars and its area classes make."""
    told = here.settings
    return Clock(
        zone=here.zone,
        calendars=calendars(),
        yellow_share=here.yellow_share,
        book=rule_book(here.revision).by_id,
        stages={stage: _limit(stage, limit) for stage, limit in told.get("limits", {}).items()},
        policy=policy_of(told.get("loop", {})),
        combined=tuple(
            Combined(frozenset(shared["stages"]), _limit("", shared)) for shared in told.get("combined", ())
        ),
        seasons=tuple(
            Season(name, _day_of_year(season["first"]), _day_of_year(season["last"]))
            for name, season in told.get("seasons", {}).items()
        ),
        classes=tuple(AreaClass(*row) for row in area_classes()),
        rules=Rules(**told.get("clock", {})),
        check_tolerance_min=int(told.get("check_tolerance_min", 60)),
    )


def _limit(stage: str, told: Mapping[str, Any]) -> LimitValue:
    limit = limit_of(told, stage)
    assert limit is not None  # it was told
    return limit


def _day_of_year(text: str) -> tuple[int, int]:
    month, day = text.split("-")
    return int(month), int(day)
