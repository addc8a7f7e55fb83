"""The import mapping: how a pack says, without a line of Python, what the columns of its history mean.

`docs/packs-mapping.md` explains every word of it with examples. Every scalar may arrive as text.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from string import Formatter
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

EPOCHS = {"epoch": 1, "epoch_ms": 1000}
"""Formats that count from 1970-01-01 UTC, and how many of their units make a second."""

DATE_CODES = "aAbBcdfGHIjmMpSuUVwWxXyYzZ%"
"""What may stand after % in a pattern of Python's strptime."""


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"not a regular expression: {error}") from error
    return text


def _template(text: str) -> str:
    for _literal, name, width, conversion in Formatter().parse(text):
        if name is None:
            continue
        if not name.isidentifier() or conversion or not re.fullmatch(r"(0[<>]\d+)?", width or ""):
            raise ValueError(f"write {{name}} or {{name:0>2}}, not {{{name}}}")
    return text


def _zone(name: str) -> str:
    if name and name not in available_timezones():
        raise ValueError(f"no time zone is called {name}")
    return name


def _date_format(text: str) -> str:
    if text == "iso" or text in EPOCHS:
        return text
    if "%" not in text:
        raise ValueError("write iso, epoch, epoch_ms or a pattern such as %m/%d/%Y %H:%M")
    codes = re.findall(r"%(.?)", text, re.DOTALL)
    for position, code in enumerate(codes):
        if not code or code not in DATE_CODES:
            raise PydanticCustomError("date_code_unknown", "no such code", {"value": f"%{code}"})
        if code != "%" and code in codes[:position]:
            raise PydanticCustomError("date_code_twice", "a code twice", {"value": f"%{code}"})
    return text


Texts = Annotated[list[str], BeforeValidator(_as_list)]
"""One text or a list of them."""
Zone = Annotated[str, AfterValidator(_zone)]


class LookupFile(Part):
    """A table of the pack: `file` beside pack.yaml, the column to look in and the column to take."""

    file: str
    key: str = "key"
    value: str = "value"


def _value(value: object) -> object:
    """`id: case_number` is short for `id: {column: case_number}`, a list for alternative names."""
    return {"column": value} if isinstance(value, str | list) else value


class Value(Part):
    """A text made of a row: taken from columns, then cut by a pattern, then looked up.

    Order: column(s) or default, trimmed -> `empty` -> `case` -> `pattern`, `lookups`, `template` -> `pad`
    -> `lookup` -> `otherwise` -> `default`.
    """

    column: Texts = []
    """Alternative names of one column: the first that holds something."""
    columns: list["ValueSpec"] = []
    """Several values joined; those that hold nothing are left out."""
    join: str = " / "
    empty: Texts = []
    """Texts that mean nothing, beside the mapping's own."""
    case: Literal["keep", "upper", "lower"] = "keep"
    pattern: Annotated[str, AfterValidator(_pattern)] = ""
    """A regular expression with named groups, found anywhere; no match is no value."""
    lookups: dict[str, dict[str, str]] = {}
    """A lookup for a group of the pattern; a group that is not listed is no value."""
    template: Annotated[str, AfterValidator(_template)] = ""
    """Made of the pattern's groups; the whole match where it is left out."""
    pad: Annotated[int, Field(ge=0, le=40)] = 0
    """Zeros are put in front up to this width."""
    lookup: dict[str, str] | LookupFile = {}
    unlisted: Literal["keep", "empty"] = "keep"
    """What becomes of a text that the lookup does not list."""
    otherwise: "ValueSpec | None" = None
    """Another value, tried where this one holds nothing."""
    default: str = ""

    @model_validator(mode="before")
    @classmethod
    def _short(cls, data: Any) -> Any:
        lookup = data.get("lookup") if isinstance(data, dict) else None
        if isinstance(lookup, dict) and "file" in lookup and set(lookup) <= set(LookupFile.model_fields):
            return {**data, "lookup": LookupFile.model_validate(lookup)}
        return data

    @model_validator(mode="after")
    def _groups_exist(self) -> Self:
        groups = set(re.compile(self.pattern).groupindex)
        named = {name for _l, name, _s, _c in Formatter().parse(self.template) if name}
        if unknown := sorted((named | set(self.lookups)) - groups):
            raise ValueError(f"the pattern has no group {', '.join(unknown)}: write (?P<{unknown[0]}>...)")
        if self.column and self.columns:
            raise ValueError("column or columns, not both")
        return self

    def names(self) -> frozenset[str]:
        """Every column this value may read."""
        below = [*self.columns, *([self.otherwise] if self.otherwise else [])]
        return frozenset(self.column).union(*(part.names() for part in below))

    def files(self) -> frozenset[str]:
        """Every lookup file, relative to the pack's folder."""
        below = [*self.columns, *([self.otherwise] if self.otherwise else [])]
        own = {self.lookup.file} if isinstance(self.lookup, LookupFile) else set()
        return frozenset(own.union(*(part.files() for part in below)))


ValueSpec = Annotated[Value, BeforeValidator(_value)]


class Instant(Value):
    """A moment. A time without an offset is local in `zone`, else in the mapping's, else in the city's."""

    formats: Annotated[
        list[Annotated[str, AfterValidator(_date_format)]], BeforeValidator(_as_list), Field(min_length=1)
    ] = ["iso"]
    """Tried in order: `iso`, `epoch` (seconds), `epoch_ms`, or a pattern of Python's strptime."""
    zone: Zone = ""
    day: Literal["start", "end"] | None = None
    """What a date without a time means: 00:00:00 or 23:59:59 of it. Default: start for `opened`, else end."""
    midnight: Literal["instant", "day"] = "instant"
    """`day`: 00:00:00 exactly is how the file prints a date without a time."""


InstantSpec = Annotated[Instant, BeforeValidator(_value)]


class StepColumn(Instant):
    """A step with a time of its own, and what stands for it in a row that has none."""

    fallback: Literal["opened", "closed"] | None = None
    """Default: opened up to sign_for, closed from handle on."""


def _step(value: object) -> object:
    if isinstance(value, str) and value not in {"opened", "closed"}:
        raise ValueError("write opened, closed, or {column: NAME}")
    return value


StepSpec = Annotated[Literal["opened", "closed"] | StepColumn, BeforeValidator(_step)]


class Steps(Part):
    """When each step of the main line was taken; `report` is always `opened`, `close` always `closed`."""

    register_: Annotated[StepSpec, Field(alias="register")] = "opened"
    file: StepSpec = "opened"
    dispatch: StepSpec = "opened"
    sign_for: StepSpec = "opened"
    handle: StepSpec = "closed"
    check: StepSpec = "closed"

    def in_order(self) -> dict[str, "Literal['opened', 'closed'] | StepColumn"]:
        return {
            "register": self.register_,
            "file": self.file,
            "dispatch": self.dispatch,
            "sign_for": self.sign_for,
            "handle": self.handle,
            "check": self.check,
        }


class Flag(Value):
    """The city's own on-time flag, word by word."""

    on_time: Texts = []
    overdue: Texts = []


class Status(Value):
    """Words that say whether a case is open or closed; without it the closing time alone decides."""

    open: Texts = []
    closed: Texts = []


class CategoryKey(Value):
    """Compared with `key` of categories.csv. `unknown`: the category of rows whose key is not listed."""

    unknown: str = ""


class Point(Value):
    """Both coordinates in one text. Default order: x y after a word (POINT, coordinates), else lat, lon."""

    order: Literal["lon_lat", "lat_lon"] | None = None


class Place(Part):
    """Where a case is: two columns or one text."""

    lon: ValueSpec | None = None
    lat: ValueSpec | None = None
    point: Annotated[Point, BeforeValidator(_value)] | None = None
    crs: str = "EPSG:4326"
    decimal: Literal[".", ","] = "."
    nowhere: list[tuple[float, float]] = []
    """Points (x or lon first), in the columns' own reference system, that mean "no place given"."""
    tolerance: Annotated[float, Field(ge=0)] = 1e-6
    """How near in each axis, in units of the reference system."""
    bounds: tuple[float, float, float, float] | None = None
    """West, south, east, north of the city in WGS-84 degrees; a point outside is no place."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.lon is None) != (self.lat is None) or (self.lon is None) == (self.point is None):
            raise ValueError("write lon and lat, or point")
        if self.bounds and (self.bounds[0] >= self.bounds[2] or self.bounds[1] >= self.bounds[3]):
            raise ValueError("bounds are west, south, east, north")
        return self


class Derive(Part):
    """How `cityloop pack derive` reads a pack's tables out of its history. Replays do not need it."""

    department: ValueSpec | None = None
    """What stands above the handling organisation."""
    department_name: ValueSpec | None = None
    organisation_name: ValueSpec | None = None
    major: ValueSpec | None = None
    """Major category; default: the first of the category's columns."""
    category_name: ValueSpec | None = None
    """Default: the last of the category's columns."""
    area_name: ValueSpec | None = None
    area_level: str = "district"


class Mapping(Part):
    """The section `history:` of pack.yaml as a whole."""

    file: str = ""
    """The history itself, relative to the pack's folder; may be left out and named on the command line."""
    encoding: Texts = ["utf-8-sig"]
    """Encodings of a CSV, tried in order."""
    delimiter: Annotated[str, Field(max_length=1)] = ""
    """Default: tab for .tsv, comma for the others."""
    zone: Zone = ""
    empty: Texts = []
    end: datetime | None = None
    lively: datetime | None = None
    id: ValueSpec
    opened: InstantSpec
    closed: InstantSpec | None = None
    due: InstantSpec | None = None
    flag: Flag | None = None
    status: Status | None = None
    category: Annotated[CategoryKey, BeforeValidator(_value)]
    organisation: ValueSpec | None = None
    channel: ValueSpec = Value(default="history")
    area: ValueSpec | None = None
    """Compared with `code` and `shape_key` of areas.csv."""
    place: Place | None = None
    address: ValueSpec | None = None
    words: ValueSpec | None = None
    answer: ValueSpec | None = None
    steps: Steps = Steps()
    later: Texts = []
    """Further columns that become known only after a case was opened."""
    derive: Derive = Derive()

    def absent(self, columns: Iterable[str]) -> dict[str, list[str]]:
        """Fields that a file with these columns cannot fill, and the columns they look for."""
        present = set(columns)
        wanted = {name: value.names() for name, value in self.mapped().items()}
        return {name: sorted(names) for name, names in wanted.items() if names and not names & present}

    def mapped(self) -> dict[str, Value]:
        """Field to value as in `values`, with `steps.<name>` and `place.<name>`."""
        found = self.values()
        found |= {f"steps.{name}": step for name, step in self.steps.in_order().items() if isinstance(step, Value)}
        for name in ("lon", "lat", "point"):
            if self.place and (value := getattr(self.place, name)):
                found[f"place.{name}"] = value
        return found

    def values(self) -> dict[str, Value]:
        """Field to value, for those that are mapped; steps and place are not among them."""
        fields = (
            "id", "opened", "closed", "due", "flag", "status", "category", "organisation", "channel", "area",
            "address", "words", "answer",
        )  # fmt: skip
        return {name: value for name in fields if (value := getattr(self, name)) is not None}

    def files(self) -> frozenset[str]:
        """Every lookup file that the mapping names, relative to the pack's folder."""
        place = (self.place.lon, self.place.lat, self.place.point) if self.place else ()
        derive = (getattr(self.derive, name) for name in Derive.model_fields)
        values = [*self.values().values(), *self.steps.in_order().values(), *place, *derive]
        return frozenset().union(*(value.files() for value in values if isinstance(value, Value)))

    def later_columns(self) -> frozenset[str]:
        """Columns that tell what happened after the opening."""
        told = [self.closed, self.flag, self.status, self.answer]
        steps = self.steps.in_order()
        told += [step for name in ("sign_for", "handle", "check") if isinstance(step := steps[name], Value)]
        return frozenset(self.later).union(*(value.names() for value in told if value is not None))

    def local(self, instant: datetime | None, zone: str) -> datetime | None:
        """`end` or `lively`, aware; without an offset it is local in the mapping's zone, else in `zone`."""
        if instant is None or instant.tzinfo is not None:
            return instant
        return instant.replace(tzinfo=ZoneInfo(self.zone or zone))
