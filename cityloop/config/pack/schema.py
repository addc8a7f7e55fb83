"""What a pack may say: one model for pack.yaml, one for a line of each table. Nothing here reads files.

Every scalar arrives as the text that stood in the file; these models give it its type. A check that needs
only one value or one line lives here, checks across lines and tables are in `checks`.
Codes given to `refusal` are keys of `problems.TEXTS`.
"""

import re
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from cityloop.config.pack.ground import Boundary, GridSpec
from cityloop.config.pack.layers import LayerSpec
from cityloop.config.pack.timing import Timing
from cityloop.core.fields import (
    Code,
    Day,
    HoursCell,
    Name,
    NamedRow,
    Names,
    OptionalDay,
    Ref,
    Row,
    Strict,
    Yes,
    empty_means,
    refusal,
)
from cityloop.core.hours import WEEKDAYS
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.registry.lines import LedgerLine
from cityloop.ground.standards.lines import CategoryLine, CrosswalkLine, DocumentLine, RuleLine
from cityloop.loop.history.mapping import Mapping
from cityloop.practice.wishes import Wishes

DESK_STEPS = ("register", "file", "dispatch")
BEGINNING = date(1970, 1, 1)
_TIME = re.compile(r"([01]\d|2[0-3]):[0-5]\d|24:00")
_ADDRESS = re.compile(r"https://[A-Za-z0-9.-]+(:\d+)?(/[^\s;,'\"]*)?")


def _time_of_day(text: str) -> str:
    if not _TIME.fullmatch(text):
        raise refusal("time_of_day", value=text)
    return text


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise refusal("zone_unknown", value=name)
    ZoneInfo(name)
    return name


def _ordered(periods: list[tuple[str, str]]) -> list[tuple[str, str]]:
    for start, end in periods:
        if start >= end:
            raise refusal("period_backwards", start=start, end=end)
    for before, after in pairwise(periods):
        if after[0] <= before[1]:
            raise refusal("periods_overlap", start=after[0], end=before[1])
    return periods


def _without_gap(steps: list[str]) -> list[str]:
    if tuple(steps) != DESK_STEPS[: len(steps)]:
        raise refusal("opens_itself_gap", steps=", ".join(DESK_STEPS))
    return steps


def _role(key: str) -> str:
    if key not in ROLES:
        raise refusal("role_unknown", value=key, known=", ".join(ROLES))
    return key


def _map_address(text: str) -> str:
    """It becomes part of the header that says what pages may load."""
    if not _ADDRESS.fullmatch(text):
        raise refusal("map_address", value=text)
    return text


def _refuse_backwards(first: date | None, last: date | None) -> None:
    if first and last and first >= last:
        raise refusal("dates_backwards", start=first, end=last)


def _named(value: object) -> object:
    """`web: Website` is short for `web: {name: Website}`."""
    return {"name": value} if isinstance(value, str) else value


Notices = dict[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")], Annotated[str, Field(min_length=1, max_length=1000)]]
TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
Periods = Annotated[list[tuple[TimeOfDay, TimeOfDay]], AfterValidator(_ordered)]
DeskSteps = Annotated[list[Literal["register", "file", "dispatch"]], AfterValidator(_without_gap)]
RoleKey = Annotated[str, AfterValidator(_role)]
MapAddress = Annotated[str, Field(max_length=500), AfterValidator(_map_address)]


# pack.yaml


class City(Strict):
    """`key` is the pack's own name; `code` begins every case number and may stand for a division code."""

    key: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
    code: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,6}$")]
    name: Annotated[str, Field(min_length=1, max_length=100)]
    names: Names = {}
    zone: Annotated[str, AfterValidator(_zone)]
    languages: Annotated[list[Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]], Field(min_length=1)] = ["en"]


class Week(Strict):
    """Work periods by weekday; a day left out has none."""

    mon: Periods = []
    tue: Periods = []
    wed: Periods = []
    thu: Periods = []
    fri: Periods = []
    sat: Periods = []
    sun: Periods = []


class CalendarSpec(Strict):
    """Working hours by weekday, overruled day by day. `known_until`: the last day whose hours are published."""

    wd_rule: Literal["working_time", "end_of_day"] = "end_of_day"
    at_boundary: Literal["close", "open"] = "close"
    week: Week
    days: dict[Day, Periods] = {}
    known_until: OptionalDay = None

    @model_validator(mode="after")
    def _has_work_time(self) -> Self:
        if not any(getattr(self.week, day) for day in WEEKDAYS):
            raise refusal("calendar_empty")
        return self


OFFICE_HOURS = CalendarSpec.model_validate({"week": {day: [("09:00", "17:00")] for day in WEEKDAYS[:5]}})


class Channel(Strict):
    name: Name
    names: Names = {}


USUAL_CHANNELS = {"history": Channel(name="History"), "api": Channel(name="API")}
"""The channels that every city has, whether its pack names them or not."""


class BaseMap(Strict):
    """A map below ours: a style of MapLibre, or raster tiles; `hosts`: what else the style loads from."""

    style: MapAddress = ""
    tiles: MapAddress = ""
    attribution: Annotated[str, Field(min_length=1, max_length=300)]
    hosts: list[MapAddress] = []

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if bool(self.style) == bool(self.tiles):
            raise refusal("base_map_source")
        return self


class Settings(Timing):
    """`interim`: who acts where the ledger is silent, until a duty is settled. `opens_itself`: the desk steps that a
    complete live report passes without a person. `second_factor_roles`: whoever holds a post of these roles signs in
    with a second factor. `public_channel`: the channel of what citizens send without signing in; empty: this city takes
    nothing so. `public_notice`: what they read before, by language."""

    centre: Code = "centre"
    interim: Annotated[str, Field(max_length=40)] = ""
    yellow_share: Annotated[Decimal, Field(gt=0, lt=1)] = Decimal("0.8")
    axes_merged: bool = False
    opens_itself: DeskSteps = ["register", "file", "dispatch"]
    second_factor_roles: list[RoleKey] = []
    base_map: BaseMap | None = None
    public_channel: Annotated[str, Field(max_length=40)] = ""
    public_notice: Notices = {}


class EditionSpec(Strict):
    """The rule book that rules.csv is. Changed rules need a new code; no date: from the pack's beginning
    for the first edition, from the day it is applied for a later one. `complete`: no minor category without a limit,
    no limit without a closing condition; asked of proposals too."""

    code: Code = "1"
    valid_from: OptionalDay = None
    complete: bool = False


class PackFile(Strict):
    """pack.yaml as a whole. `like`: another pack, by the name of its folder beside this one: what this file does not
    say, and which of its rule book's tables are not here, is taken from there. `first`: taken where none is named."""

    like: str = ""
    first: bool = False
    city: City
    valid_from: Day = BEGINNING
    scheme: Annotated[str, Field(max_length=40)] = ""
    edition: EditionSpec = EditionSpec()
    settings: Settings = Settings()
    calendars: dict[Code, CalendarSpec] = {}
    channels: dict[Code, Annotated[Channel, BeforeValidator(_named)]] = {}
    grid: GridSpec = GridSpec()
    layers: dict[Annotated[Code, Field(max_length=40)], LayerSpec] = {}
    boundaries: dict[Annotated[str, Field(min_length=1, max_length=30)], Boundary] = {}
    practice: Wishes | None = None
    history: Mapping | None = None

    @property
    def category_scheme(self) -> str:
        return self.scheme or self.city.key

    @property
    def all_channels(self) -> dict[str, Channel]:
        return {**USUAL_CHANNELS, **self.channels}

    @property
    def all_calendars(self) -> dict[str, CalendarSpec]:
        """The calendars named, and office hours as `default` where the pack has no calendar of that name."""
        return {"default": OFFICE_HOURS, **self.calendars}


# The tables. Fields without a default are columns that must be there; the others may be left out.


class AreaRow(NamedRow):
    """areas.csv. `shape_key`: the value of the boundary file's code property where it is not `code`; `shape`: a polygon
    as WKT in WGS-84, which goes before that of a boundary file."""

    prose = NamedRow.prose | {"shape_key"}

    scheme: Annotated[str, empty_means("division"), Field(max_length=30)] = "division"
    level: Annotated[str, Field(min_length=1, max_length=30)]
    name: Annotated[str, Field(min_length=1, max_length=120)]
    parent: Ref = ""
    shape_key: str = ""
    shape: str = ""
    hours: HoursCell = ""
    generated: Yes = False

    @property
    def ref(self) -> str:
        return f"{self.scheme}:{self.code}"


class AreaClassRow(Row):
    """area_classes.csv: what an area counts as, for limits that depend on it."""

    scheme: Annotated[str, empty_means("limits"), Field(max_length=30)] = "limits"
    area: Annotated[str, Field(min_length=1, max_length=80)]
    area_class: Annotated[str, Field(min_length=1, max_length=20)]
    valid_from: OptionalDay = None
    valid_to: OptionalDay = None

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        _refuse_backwards(self.valid_from, self.valid_to)
        return self


class GridRow(Row):
    """grids.csv: degrees of WGS-84. `shape`: a polygon as WKT where it is not the box; `areas`: other areas that it
    counts to, such as a beat, as `scheme:code`, separated by spaces."""

    code: Code
    area: Annotated[str, Field(min_length=1, max_length=80)]
    west: Annotated[float, Field(ge=-180, le=180)]
    south: Annotated[float, Field(ge=-90, le=90)]
    east: Annotated[float, Field(ge=-180, le=180)]
    north: Annotated[float, Field(ge=-90, le=90)]
    shape: str = ""
    areas: str = ""
    generated: Yes = False

    @model_validator(mode="after")
    def _a_box(self) -> Self:
        if self.west >= self.east or self.south >= self.north:
            raise refusal("grid_box")
        if self.east - self.west > 1 or self.north - self.south > 1:
            raise refusal("grid_too_big")
        return self


class OrganisationRow(NamedRow):
    """organisations.csv. `key`: how the history names it; empty where it never does."""

    prose = NamedRow.prose | {"key"}

    kind: Annotated[str, empty_means("department"), Field(max_length=30)] = "department"
    parent: Ref = ""
    key: str = ""


class PostRow(Row):
    """posts.csv. An empty area is the whole city."""

    prose = frozenset({"name"})

    code: Annotated[str, Field(min_length=1, max_length=60)]
    name: Name
    role: Annotated[str, Field(min_length=1, max_length=30)]
    organisation: Annotated[str, Field(min_length=1)]
    area: Ref = ""


TABLES: dict[str, type[Row]] = {
    "areas": AreaRow,
    "area_classes": AreaClassRow,
    "grids": GridRow,
    "organisations": OrganisationRow,
    "posts": PostRow,
    "categories": CategoryLine,
    "documents": DocumentLine,
    "crosswalk": CrosswalkLine,
    "rules": RuleLine,
    "ledger": LedgerLine,
}
"""Table name to its row; the file is `<name>.csv`."""
