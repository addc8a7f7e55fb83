"""What a pack says, in the words of the rooms that will hold it. References to areas are `scheme:code`."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import shapely

from cityloop.config.pack.draft import parent_ref
from cityloop.config.pack.reading import Pack
from cityloop.config.pack.schema import CalendarSpec
from cityloop.core.hours import read_hours
from cityloop.ground.accounts.structure import OrganisationData, PostData
from cityloop.ground.places.actions import AreaClassData, AreaData, CityData, GridData, Member
from cityloop.ground.registry.duties import DutyData
from cityloop.ground.registry.lines import LedgerLine, duty_from
from cityloop.ground.registry.objects import LayerData
from cityloop.ground.standards.editions import whole
from cityloop.ground.standards.lines import rules_from
from cityloop.ground.standards.rows import CategoryData, DocumentData, Pair, RuleData
from cityloop.loop.clocks.actions import CalendarData


@dataclass(frozen=True)
class DatedDuty:
    """A duty of the ledger; `since` None: since whenever it was first known."""

    since: date | None
    data: DutyData


class Wanted:
    """A pack as rows, made once."""

    def __init__(self, pack: Pack) -> None:
        self.pack = pack

    @cached_property
    def city(self) -> CityData:
        city = self.pack.city
        return CityData(city.code, city.name, dict(city.names), city.zone, city.key, self.pack.digest, self._settings())

    def _settings(self) -> dict[str, Any]:
        file = self.pack.file
        found = file.settings.model_dump(mode="json") | {
            "languages": list(file.city.languages),
            "scheme": file.category_scheme,
            "channels": {code: channel.model_dump() for code, channel in file.all_channels.items()},
            "grid": file.grid.model_dump(),
            "calendars": list(file.all_calendars),
            "complete": file.edition.complete,
            "valid_from": file.valid_from.isoformat(),
        }
        if file.history is not None:
            for name in ("lively", "end"):
                instant = file.history.local(getattr(file.history, name), file.city.zone)
                found[name] = instant.isoformat() if instant else None
        return found

    @cached_property
    def calendars(self) -> list[CalendarData]:
        zone = self.pack.city.zone
        return [_calendar(code, zone, spec) for code, spec in self.pack.file.all_calendars.items()]

    @cached_property
    def areas(self) -> list[AreaData]:
        pack = self.pack
        return [
            AreaData(
                area.scheme, area.code, area.level, area.name, area.names,
                pack.area(parent_ref(area)).ref if area.parent else "", pack.shapes.get((area.scheme, area.code)),
                area.generated, read_hours(area.hours),
            )
            for area in pack.areas
        ]  # fmt: skip

    @cached_property
    def area_classes(self) -> list[AreaClassData]:
        begins = self.pack.file.valid_from
        return [
            AreaClassData(row.scheme, self._area(row.area), row.area_class, row.valid_from or begins, row.valid_to)
            for row in self.pack.area_classes
        ]

    @cached_property
    def grids(self) -> list[GridData]:
        drawn = [grid.shape for grid in self.pack.grids if grid.shape]
        shapes = iter(shapely.to_wkb(shapely.from_wkt(np.array(drawn, dtype=object))))
        return [
            GridData(
                grid.code, self._area(grid.area), grid.west, grid.south, grid.east, grid.north,
                next(shapes) if grid.shape else None, grid.generated,
            )
            for grid in self.pack.grids
        ]  # fmt: skip

    @cached_property
    def members(self) -> dict[str, Member]:
        """Which grids count to which further areas, by both."""
        found = [Member(self._area(ref), grid.code) for grid in self.pack.grids for ref in grid.areas.split()]
        return {f"{row.area} {row.grid}": row for row in found}

    @cached_property
    def organisations(self) -> list[OrganisationData]:
        rows = self.pack.organisations
        return [OrganisationData(row.code, row.name, row.names, row.kind, row.parent) for row in rows]

    @cached_property
    def posts(self) -> list[PostData]:
        return [
            PostData(post.code, post.name, post.role, post.organisation, self._area(post.area))
            for post in self.pack.posts
        ]

    @cached_property
    def layers(self) -> list[LayerData]:
        return [spec.data(code, place) for place, (code, spec) in enumerate(self.pack.file.layers.items())]

    @cached_property
    def categories(self) -> dict[str, list[CategoryData]]:
        """Scheme to its categories, parents first; the pack's own scheme before others."""
        own = self.pack.file.category_scheme
        found: dict[str, list[CategoryData]] = {own: []}
        for row in self.pack.categories:
            found.setdefault(row.scheme or own, []).append(row.data())
        return found

    @cached_property
    def documents(self) -> list[DocumentData]:
        return [row.data() for row in self.pack.documents]

    @cached_property
    def crosswalk(self) -> list[Pair]:
        own = self.pack.file.category_scheme
        return [
            ((row.from_scheme or own, row.from_code), (row.to_scheme or own, row.to_code))
            for row in self.pack.crosswalk
        ]

    @cached_property
    def rules(self) -> list[RuleData]:
        """The rule book; a minor category without a rule for any situation gets one without a limit."""
        minors = [row.code for row in self.categories[self.pack.file.category_scheme] if row.reportable]
        return whole(rules_from(self.pack.rules), minors)

    @cached_property
    def duties(self) -> list[DatedDuty]:
        found: dict[tuple[str, date | None], list[LedgerLine]] = {}
        for line in self.pack.ledger:
            found.setdefault((line.code, line.valid_from), []).append(line)
        begins = self.pack.file.valid_from
        return [DatedDuty(since, duty_from(lines, begins, self._area)) for (_, since), lines in found.items()]

    def _area(self, ref: str) -> str:
        return self.pack.area(ref).ref if ref else ""


def _calendar(code: str, zone: str, spec: CalendarSpec) -> CalendarData:
    week = {day: _periods(periods) for day, periods in spec.week if periods}
    days = {day.isoformat(): _periods(periods) for day, periods in spec.days.items()}
    return CalendarData(code, zone, spec.wd_rule, spec.at_boundary, week, days, spec.known_until)


def _periods(periods: Iterable[tuple[str, str]]) -> list[list[str]]:
    return [list(period) for period in periods]
