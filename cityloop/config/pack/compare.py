"""The difference between a pack and what the database holds."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Literal

from cityloop.config.pack.reading import Pack
from cityloop.config.pack.wanted import DatedDuty, Wanted
from cityloop.core.errors import TEXTS, Refused
from cityloop.core.texts import _
from cityloop.ground.accounts.models import Organisation, Post
from cityloop.ground.accounts.upkeep import named
from cityloop.ground.places.actions import AreaClassData, GridData, refuse_other
from cityloop.ground.places.models import Area, AreaClass, AreaGrid, City, UnitGrid
from cityloop.ground.registry.duties import DutyData
from cityloop.ground.registry.models import Layer
from cityloop.ground.registry.objects import LayerData
from cityloop.ground.registry.versions import codes_proposed, versions
from cityloop.ground.standards.editions import crosswalk_pairs, differences, rules_of
from cityloop.ground.standards.models import Category, Document, Edition, Proposal
from cityloop.ground.standards.rows import CategoryData, DocumentData, Pair
from cityloop.loop.clocks.actions import CalendarData
from cityloop.loop.clocks.models import Calendar

SECTIONS = (
    "city", "calendars", "areas", "area_classes", "grids", "members", "organisations", "posts", "categories",
    "documents", "crosswalk", "rules", "layers", "ledger",
)  # fmt: skip
Fields = dict[str, Any]
ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Change:
    """One row that differs. `before` and `after` hold the differing fields only; None where there is no row."""

    section: str
    code: str
    change: Literal["new", "changed", "gone"]
    before: Fields | None = None
    after: Fields | None = None


@dataclass(slots=True)
class DutyPlan:
    """What has to happen to the ledger's rows: ids and days to end, duties to begin."""

    ends: list[int] = field(default_factory=list)
    moved: dict[int, date | None] = field(default_factory=dict)
    begins: list[DutyData] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence of `errors.TEXTS` that is no refusal."""

    code: str
    facts: Fields

    def __str__(self) -> str:
        return _(TEXTS[self.code]) % self.facts


@dataclass
class Difference:
    """All changes, section by section; empty when the database already holds the pack."""

    changes: list[Change] = field(default_factory=list)
    duties: DutyPlan = field(default_factory=DutyPlan)
    first: bool = False
    """The database held no city yet."""
    notices: list["Notice"] = field(default_factory=list)
    """What the pack says and is not followed, and what to do about it."""

    def __bool__(self) -> bool:
        return bool(self.changes)

    def codes(self, section: str, *kinds: str) -> set[str]:
        return {row.code for row in self.changes if row.section == section and row.change in kinds}

    def counts(self) -> dict[str, dict[str, int]]:
        """Section to `new`, `changed`, `gone` to how many."""
        found: dict[str, Counter[str]] = {}
        for row in self.changes:
            found.setdefault(row.section, Counter())[row.change] += 1
        return {name: dict(found[name]) for name in SECTIONS if name in found}


def compare(pack: Pack, day: date) -> Difference:
    """What applying the pack on `day` would change. Conflict when another city lives here; Refused when the
    pack asks for what cannot be done: an edition edited, an ended code used again, a grid moved."""
    return plan(Wanted(pack), day)


def plan(wanted: Wanted, day: date) -> Difference:
    present = City.objects.first()
    data = wanted.city
    if present is not None:
        refuse_other(present, data.pack, data.code, data.name)
        _refuse_bare(wanted)
    found = Difference(first=present is None)
    before = {} if present is None else {data.pack: {name: getattr(present, name) for name in data._fields}}
    found.changes += _differ("city", before, {data.pack: data._asdict()})
    after_calendars = {row.code: _without(row._asdict(), "code") for row in wanted.calendars}
    found.changes += [row for row in _differ("calendars", _calendars(), after_calendars) if row.change != "gone"]
    found.changes += _dated("areas", _areas(), {row.ref: _area_fields(row) for row in wanted.areas})
    after_classes = {_class_key(row): {"class": row.name, "until": row.valid_to} for row in wanted.area_classes}
    found.changes += _differ("area_classes", _area_classes(), after_classes)
    after_grids = {row.code: _grid_fields(row, row.shape) for row in wanted.grids}
    found.changes += _fixed(_dated("grids", _grids(), after_grids))
    found.changes += _differ("members", _members(), {key: {} for key in wanted.members})
    after_organisations = {row.code: _without(row._asdict(), "code") for row in wanted.organisations}
    found.changes += _dated("organisations", _organisations(), after_organisations)
    after_posts = {row.code: _without(row._asdict(), "code") for row in wanted.posts}
    found.changes += _dated("posts", _posts(), after_posts)
    found.changes += _categories(wanted)
    documents = {row.code: _without(row._asdict(), "code") for row in wanted.documents}
    found.changes += [row for row in _differ("documents", _documents(), documents) if row.change != "gone"]
    after_pairs: dict[str, Fields] = {written(pair): {} for pair in wanted.crosswalk}
    found.changes += _differ("crosswalk", {written(pair): {} for pair in crosswalk_pairs()}, after_pairs)
    layers = {row.code: _without(row._asdict(), "code") for row in wanted.layers}
    found.changes += [row for row in _differ("layers", _layers(), layers) if row.change != "gone"]
    _edition(found, wanted)
    _duties(found, wanted, day)
    return found


def _refuse_bare(wanted: Wanted) -> None:
    """A pack that wishes for a made-up city would end all that was made when it is applied without it."""
    bare = wanted.pack.file.practice is not None and not any(area.generated for area in wanted.pack.areas)
    if bare and Area.objects.filter(generated=True, valid_to=None).exists():
        raise Refused("practice_bare", pack=wanted.pack.key)


def _without(fields: Fields, *names: str) -> Fields:
    return {name: value for name, value in fields.items() if name not in names}


def _differ(section: str, before: Mapping[str, Fields], after: Mapping[str, Fields]) -> list[Change]:
    changes = []
    for code, fields in after.items():
        if code not in before:
            changes.append(Change(section, code, "new", None, fields))
            continue
        other = before[code]
        names = [name for name, value in fields.items() if value != other[name]]
        if names:
            changes.append(
                Change(
                    section, code, "changed",
                    {name: other[name] for name in names}, {name: fields[name] for name in names},
                )
            )  # fmt: skip
    changes += [Change(section, code, "gone", fields, None) for code, fields in before.items() if code not in after]
    return changes


def _dated(section: str, before: Mapping[str, Fields], after: Mapping[str, Fields]) -> list[Change]:
    """As `_differ`, for rows that end: an ended code is not seen any more, and cannot be used again."""
    for code in after:
        if code in before and before[code]["valid_to"] is not None:
            raise Refused("code_ended", section=section, row=code, ended=before[code]["valid_to"])
    living = {code: _without(row, "valid_to") for code, row in before.items() if row["valid_to"] is None}
    return _differ(section, living, after)


def _fixed(changes: list[Change]) -> list[Change]:
    for row in changes:
        if row.change == "changed":
            raise Refused("grid_moved", grid=row.code)
    return changes


# What the database holds


def _calendars() -> dict[str, Fields]:
    rows = Calendar.objects.values(*CalendarData._fields)
    return {row["code"]: _without(dict(row), "code") for row in rows}


def _areas() -> dict[str, Fields]:
    rows = list(Area.objects.order_by("valid_from").values())
    refs = {row["id"]: f"{row['scheme']}:{row['code']}" for row in rows}
    return {
        refs[row["id"]]: {
            "level": row["level"],
            "name": row["name"],
            "names": row["names"],
            "parent": refs.get(row["parent_id"], ""),
            "shape": _short(row["shape"]),
            "generated": row["generated"],
            "hours": row["hours"],
            "valid_to": row["valid_to"],
        }
        for row in rows
    }


def _area_fields(row: Any) -> Fields:
    return _without(row._asdict(), "scheme", "code") | {"shape": _short(row.shape)}


def _short(shape: bytes | memoryview | None) -> str:
    """A polygon as a person can compare it."""
    return "" if shape is None else hashlib.sha256(shape).hexdigest()[:16]


def _area_classes() -> dict[str, Fields]:
    rows = AreaClass.objects.values_list("scheme", "area__scheme", "area__code", "name", "valid_from", "valid_to")
    known = [
        AreaClassData(scheme, f"{area_scheme}:{code}", name, since, until)
        for scheme, area_scheme, code, name, since, until in rows
    ]
    return {_class_key(row): {"class": row.name, "until": row.valid_to} for row in known}


def _class_key(row: AreaClassData) -> str:
    return f"{row.scheme} {row.area} {row.valid_from}"


def _grids() -> dict[str, Fields]:
    rows = UnitGrid.objects.values_list(
        "code", "area__scheme", "area__code", "west", "south", "east", "north", "shape", "generated", "valid_to"
    )
    found: dict[str, Fields] = {}
    for code, scheme, area, west, south, east, north, shape, generated, ended in rows.iterator():
        grid = GridData(code, f"{scheme}:{area}", west, south, east, north, None, generated)
        found[code] = _grid_fields(grid, shape) | {"valid_to": ended}
    return found


def _members() -> dict[str, Fields]:
    rows = AreaGrid.objects.filter(valid_to=None).values_list("area__scheme", "area__code", "grid__code")
    return {f"{scheme}:{area} {grid}": {} for scheme, area, grid in rows.iterator()}


def _grid_fields(row: GridData, shape: bytes | memoryview | None) -> Fields:
    return _without(row._asdict(), "code") | {"shape": _short(shape)}


def _organisations() -> dict[str, Fields]:
    rows = Organisation.objects.values("code", "name", "names", "kind", "parent__code", "valid_to")
    return {
        row["code"]: _without(dict(row), "code", "parent__code") | {"parent": row["parent__code"] or ""} for row in rows
    }


def _posts() -> dict[str, Fields]:
    rows = Post.objects.values_list(
        "code", "name", "role", "organisation__code", "area__scheme", "area__code", "valid_to"
    )
    return {
        code: {
            "name": name,
            "role": role,
            "organisation": organisation,
            "area": f"{scheme}:{area}" if area else "",
            "valid_to": valid_to,
        }
        for code, name, role, organisation, scheme, area, valid_to in rows
    }


def _categories(wanted: Wanted) -> list[Change]:
    """Categories by code, those of other schemes than the pack's own by `scheme:code`. None is ever gone."""
    own = wanted.pack.file.category_scheme
    rows = Category.objects.filter(scheme__in=wanted.categories).values_list("scheme", *CategoryData._fields[:5],
        "parent__code", *CategoryData._fields[6:])  # fmt: skip
    before = [(scheme, CategoryData(*row)) for scheme, *row in rows]
    after = [(scheme, row) for scheme, rows in wanted.categories.items() for row in rows]

    def fields(pairs: list[tuple[str, CategoryData]]) -> dict[str, Fields]:
        return {
            category_ref(scheme, row.code, own): _without(row._asdict(), "code") | {"parent": row.parent or ""}
            for scheme, row in pairs
        }

    return [row for row in _differ("categories", fields(before), fields(after)) if row.change != "gone"]


def category_ref(scheme: str, code: str, own: str) -> str:
    return code if scheme == own else f"{scheme}:{code}"


def _documents() -> dict[str, Fields]:
    return {row["code"]: _without(dict(row), "code") for row in Document.objects.values(*DocumentData._fields)}


def _layers() -> dict[str, Fields]:
    rows = Layer.objects.values(*LayerData._fields)
    lists = ("categories", "strata")
    return {row["code"]: _without(row | {name: tuple(row[name]) for name in lists}, "code") for row in rows}


def written(pair: Pair) -> str:
    """`scheme:code > scheme:code`"""
    return " > ".join(":".join(end) for end in pair)


# What is never edited: editions and duties


def _edition(found: Difference, wanted: Wanted) -> None:
    """An edition that is not there yet is new. One that a proposal has followed is left to the proposal."""
    spec = wanted.pack.file.edition
    present = Edition.objects.filter(code=spec.code).first()
    if present is None:
        found.changes.append(Change("rules", spec.code, "new", None, {"rules": len(wanted.rules)}))
        return
    if differences(rules_of(present.pk), wanted.rules) or (spec.valid_from and spec.valid_from != present.valid_from):
        raise Refused("edition_fixed", edition=spec.code)
    if present.valid_to is None:
        return
    last = Edition.objects.order_by("valid_from", "id").last()
    followed = last and Proposal.objects.filter(edition=last).first()
    if last is None or followed is None:
        raise Refused("edition_ended", edition=spec.code, ended=present.valid_to)
    facts = {"edition": last.code, "proposal": followed.pk, "since": last.valid_from, "old": spec.code}
    found.notices.append(Notice("edition_proposed", facts))


def _duties(found: Difference, wanted: Wanted, day: date) -> None:
    """A line of the ledger governs its code from its own `valid_from` up to that of the next line.

    Codes that an approved proposal has changed are left to the proposals.
    """
    proposed = codes_proposed()
    rows = {code: known for code, known in versions().items() if code not in proposed}
    by_code: dict[str, list[DatedDuty]] = {}
    for duty in wanted.duties:
        if duty.data.code not in proposed:
            by_code.setdefault(duty.data.code, []).append(duty)
    if proposed:
        found.notices.append(Notice("duties_proposed", {"count": len(proposed), "named": named(sorted(proposed))}))
    governed: set[int] = set()
    for code, duties in by_code.items():
        duties.sort(key=lambda duty: duty.since or date.min)
        bounds = [duty.since or date.min for duty in duties]
        for duty, start, end in zip(duties, bounds, [*bounds[1:], date.max], strict=True):
            inside = [(pk, row) for pk, row in rows.get(code, ()) if start <= row.valid_from < end]
            governed |= {pk for pk, _ in inside}
            if inside:
                _renew(found, duty, *inside[-1], day)
            else:
                _begin(found, duty, [row for _, row in rows.get(code, ())], day)
    for code, known in rows.items():
        for pk, row in known:
            ends = max(day, row.valid_from + ONE_DAY)
            if pk not in governed and (row.valid_to is None or row.valid_to > ends):
                found.duties.ends.append(pk)
                found.changes.append(Change("ledger", code, "gone", _duty_fields(row), None))


def _begin(found: Difference, duty: DatedDuty, known: Iterable[DutyData], day: date) -> None:
    """A duty not known before. One that replaces another version does so from `day` on, not in the past."""
    since = duty.since or (duty.data.valid_from if found.first else day)
    for row in known:
        if row.valid_to is None or row.valid_to > since:
            since = max(since, day, row.valid_from + ONE_DAY)
    found.duties.begins.append(duty.data._replace(valid_from=since))
    found.changes.append(Change("ledger", duty.data.code, "new", None, _duty_fields(duty.data)))


def _renew(found: Difference, duty: DatedDuty, pk: int, row: DutyData, day: date) -> None:
    """Compare with the latest version of the same duty."""
    before, after = _duty_fields(row), _duty_fields(duty.data)
    names = [name for name in after if before[name] != after[name]]
    ends = duty.data.valid_to
    if ends is not None and row.valid_to == max(ends, row.valid_from + ONE_DAY):
        names = [name for name in names if name != "valid_to"]
    if not names:
        return
    begins_on = max(day, row.valid_from + ONE_DAY)
    running = row.valid_to is None or row.valid_to > day
    if names == ["valid_to"] and running:
        found.duties.moved[pk] = ends
    elif ends is not None and ends <= begins_on:
        raise Refused("duty_past", duty=duty.data.code, ended=ends)
    else:
        if running:
            found.duties.ends.append(pk)
        found.duties.begins.append(duty.data._replace(valid_from=begins_on))
    found.changes.append(
        Change(
            "ledger", duty.data.code, "changed",
            {name: before[name] for name in names}, {name: after[name] for name in names},
        )
    )  # fmt: skip


def _duty_fields(row: DutyData) -> Fields:
    return _without(row._asdict(), "code", "valid_from") | {"drawn_area": _short(row.drawn_area)}
