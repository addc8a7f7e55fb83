"""What must be true across the lines and tables of a pack. Every check refuses at the line that is wrong."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import Any

from cityloop.config.pack.boundaries import crs_known
from cityloop.config.pack.draft import Draft, parent_ref
from cityloop.core import sheets
from cityloop.core.hours import merged, read_hours, spans
from cityloop.core.problems import Problem, near
from cityloop.core.sheets import Table
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.registry.ledger import SOLE
from cityloop.ground.registry.lines import LedgerLine
from cityloop.ground.standards.checking import Kind, Known, check_crosswalk, check_rules, without_limit
from cityloop.ground.standards.lines import CategoryLine, RuleLine, rules_from
from cityloop.loop.history.normalise import KEYS_APART

WITHOUT_CODES = ("rules", "ledger", "crosswalk", "area_classes")
SCOPE = (
    "tier", "category", "situation", "area", "area_class", "grid", "road", "drawn", "object", "phase", "stratum",
    "duty",
)  # fmt: skip
"""What is alike in two lines that answer for the same."""
NOUNS = {"areas": "area", "organisations": "organisation", "categories": "category"}
"""Table to what a line of it is called, in other tables' columns and in problems."""


def run(draft: Draft) -> None:
    """Add to `draft` all problems and warnings that need more than one line to be seen.

    Where lines of a table could not be read, what refers to it is not judged.
    """
    whole = {name for name, table in draft.tables.items() if not table.problems}
    if draft.document.problems:
        whole.discard("areas")  # some may come from a boundary file that could not be read
    known = {name: _codes(table) for name, table in draft.tables.items() if name not in WITHOUT_CODES}
    for name in NOUNS:
        _keys(draft.rows(name), "shape_key" if name == "areas" else "key")
    for name, noun in NOUNS.items():
        if name in whole:
            _trees(draft.rows(name), known[name], noun)
            for table in draft.tables.values():
                if noun in table.kind.model_fields and table.kind is not RuleLine:
                    _refer(table, noun, known[name])
    _majors(draft, known["categories"])
    _grids(draft, known["areas"])
    _rules(draft, known["categories"])
    _ledger(draft)
    _posts(draft)
    _public_channel(draft)
    _replies(draft)
    _time(draft)
    _mondays(draft)
    _file(draft, {name: known[name] for name in NOUNS if name in whole})


def _codes(table: Table[Any]) -> dict[str, list[Any]]:
    """Rows by code, those with a scheme also by `scheme:code`; a code that stands twice in a scheme is refused.

    A category of another scheme than the pack's own is found by its scheme only.
    """
    first: dict[str, int] = {}
    found: dict[str, list[Any]] = defaultdict(list)
    for line, row in table.numbered():
        ref = getattr(row, "ref", row.code)
        if ref in first:
            table.refuse(line, "code", "code_twice", value=row.code, first=first[ref])
            continue
        first[ref] = line
        found[ref].append(row)
        if ref != row.code and table.kind is not CategoryLine:
            found[row.code].append(row)
    return dict(found)


def _keys(table: Table[Any], column: str) -> None:
    """What a history prints names one row only, of areas one in each scheme."""
    first: dict[tuple[str, str], int] = {}
    for line, row in table.numbered():
        cell: str = getattr(row, column)
        for key in dict.fromkeys(part.strip() for part in cell.split(KEYS_APART)):
            if key and (at := first.setdefault((getattr(row, "scheme", ""), key), line)) != line:
                table.refuse(line, column, "names_twice", value=key, first=at)


def _look_up(known: dict[str, list[Any]], noun: str, ref: str) -> tuple[str, dict[str, object]] | None:
    """None if `ref` names exactly one row, else what to say."""
    rows = known.get(ref, [])
    if len(rows) == 1:
        return None
    if rows:
        return "area_ambiguous", {"value": ref, "known": ", ".join(row.ref for row in rows)}
    if guess := near(ref.rpartition(":")[2], [code for code in known if ":" not in code]):
        return f"{noun}_unknown_near", {"value": ref, "near": guess}
    return f"{noun}_unknown", {"value": ref}


def _refer(table: Table[Any], column: str, known: dict[str, list[Any]]) -> None:
    said: dict[str, tuple[str, dict[str, object]] | None] = {"": None}
    for line, row in table.numbered():
        ref = getattr(row, column)
        if ref not in said:
            said[ref] = _look_up(known, column, ref)
        if problem := said[ref]:
            table.refuse(line, column, problem[0], **problem[1])


def _trees(table: Table[Any], known: dict[str, list[Any]], noun: str) -> None:
    for line, row in table.numbered():
        if not row.parent:
            continue
        if problem := _look_up(known, noun, parent_ref(row)):
            code, facts = problem
            table.refuse(line, "parent", code, **facts | {"value": row.parent})
            continue
        seen, above = {row.code}, row
        while above.parent and (rows := known.get(parent_ref(above))):
            above = rows[0]
            if above.code in seen:
                if above.code == row.code:
                    table.refuse(line, "parent", "parent_loop", value=row.code)
                break
            seen.add(above.code)


def _majors(draft: Draft, categories: dict[str, list[Any]]) -> None:
    table = draft.rows("categories")
    for line, row in table.numbered():
        parents = categories.get(parent_ref(row), [])
        if parents and parents[0].level != "major":
            table.refuse(line, "parent", "parent_minor", value=row.parent)


def _grids(draft: Draft, areas: dict[str, list[Any]]) -> None:
    table = draft.rows("grids")
    known: dict[str, tuple[str, dict[str, object]] | None] = {}
    for line, row in table.numbered():
        for ref in row.areas.split():
            if ref not in known:
                known[ref] = _look_up(areas, "area", ref)
            if problem := known[ref]:
                table.refuse(line, "areas", problem[0], **problem[1])
        rows = areas.get(row.area, [])
        if rows and not (row.code.startswith(rows[0].code) and row.code != rows[0].code):
            table.refuse(line, "code", "grid_prefix", value=row.code, area=rows[0].code)


def _rules(draft: Draft, categories: dict[str, list[Any]]) -> None:
    table, scheme = draft.rows("rules"), draft.file.category_scheme
    for name in ("rules", "ledger"):
        for line, row in draft.rows(name).numbered():
            if ":" in row.category:
                draft.rows(name).refuse(line, "category", "rule_elsewhere", value=row.category)
    known = Known(
        categories={code: Kind(rows[0].kind, rows[0].level) for code, rows in categories.items() if ":" not in code},
        calendars=list(draft.file.all_calendars),
        documents=[row.code for row in draft.rows("documents").rows],
        complete=draft.file.edition.complete,
    )
    if not draft.rows("categories").problems:
        check_crosswalk(draft.rows("crosswalk"), draft.rows("categories"), scheme)
    if draft.rows("categories").problems or draft.rows("documents").problems:
        return
    check_rules(table, known)
    if known.complete and not table.problems:
        missing = set(without_limit(rules_from(table.rows), known.minors))
        for line, row in draft.rows("categories").numbered():
            if row.ref in missing:
                draft.rows("categories").refuse(line, "code", "minor_without_limit", value=row.code)


def _ledger(draft: Draft) -> None:
    table = draft.rows("ledger")
    if draft.rows("grids").found and not draft.rows("grids").problems:
        sheets.refer(table, "grid", "grid", dict.fromkeys(row.code for row in draft.rows("grids").rows))
    duties: dict[tuple[str, date | None], tuple[int, LedgerLine]] = {}
    parties: dict[tuple[object, ...], int] = {}
    for line, row in table.numbered():
        key = (row.code, row.valid_from)
        at, other = duties.setdefault(key, (line, row))
        if scope(row) != scope(other):
            table.refuse(line, "code", "duty_disagrees", first=at)
        party = (*key, row.role, row.organisation)
        if parties.setdefault(party, line) != line:
            table.refuse(line, "organisation", "party_twice", first=parties[party])
    versions: dict[str, list[tuple[int, LedgerLine]]] = defaultdict(list)
    for at, row in duties.values():
        versions[row.code].append((at, row))
    for entries in versions.values():
        for before, (line, _) in _overlapping(entries):
            table.refuse(line, "valid_from", "duty_overlaps", first=before[0])
    if not table.problems:
        _disputes(draft, table)


def scope(row: LedgerLine) -> tuple[object, ...]:
    """All of a line that is the duty's and not the party's."""
    return tuple(getattr(row, name) for name in LedgerLine.model_fields if name not in LedgerLine.of_party)


def _disputes(draft: Draft, table: Table[Any]) -> None:
    """Two organisations with one role for the same thing at the same time: possible, but a warning."""
    same: dict[tuple[object, ...], list[tuple[int, LedgerLine]]] = defaultdict(list)
    for line, row in table.numbered():
        if row.role in SOLE:
            same[(row.role, bool(row.hours), *(getattr(row, name) for name in SCOPE))].append((line, row))
    for entries in same.values():
        for (first, other), (line, row) in _overlapping(entries):
            if row.code != other.code and row.organisation != other.organisation and together(row.hours, other.hours):
                facts = {"value": row.organisation, "other": other.organisation, "first": first}
                draft.warnings.append(Problem(table.name, line, "organisation", "duty_dispute", facts))


def together(one: str, other: str) -> bool:
    """Whether there is a minute of the week in both hours."""
    parts = [*spans(read_hours(one)), *spans(read_hours(other))]
    return sum(last - first for first, last in parts) > sum(last - first for first, last in merged(parts))


def _overlapping(
    entries: Iterable[tuple[int, Any]],
) -> Iterable[tuple[tuple[int, Any], tuple[int, Any]]]:
    """Neighbours in time of which the second begins before the first has ended."""
    ordered = sorted(entries, key=lambda entry: (entry[1].valid_from or date.min, entry[0]))
    for before, after in pairwise(ordered):
        if (before[1].valid_to or date.max) > (after[1].valid_from or date.min):
            yield before, after


def _posts(draft: Draft) -> None:
    table = draft.rows("posts")
    for line, row in table.numbered():
        if row.role not in ROLES:
            table.refuse(line, "role", "role_unknown", value=row.role, known=", ".join(ROLES))
    handling = {row.organisation for row in table.rows if row.role in ROLES and ROLES[row.role].handles}
    above = {row.code: row.parent for row in draft.rows("organisations").rows}
    for line, row in table.numbered():
        if (
            row.role in ROLES
            and ROLES[row.role].assesses
            and not handling.isdisjoint(_upwards(row.organisation, above))
        ):
            table.refuse(line, "organisation", "evaluator_assessed", value=row.organisation)


def _upwards(code: str, above: dict[str, str]) -> Iterator[str]:
    """An organisation and all above it; one that is its own ancestor is told elsewhere."""
    seen = set[str]()
    while code and code not in seen:
        seen.add(code)
        yield code
        code = above.get(code, "")


def _public_channel(draft: Draft) -> None:
    channel, known = draft.file.settings.public_channel, draft.file.all_channels
    if channel and channel not in known:
        place = ("settings", "public_channel")
        draft.document.refuse(place, "channel_not_here", value=channel, known=", ".join(known))


def _replies(draft: Draft) -> None:
    known = draft.file.all_channels
    for channel in draft.file.settings.replies:
        if channel not in known:
            place = ("settings", "replies", channel)
            draft.document.refuse(place, "channel_not_here", value=channel, known=", ".join(known))


def _time(draft: Draft) -> None:
    """Limits that the city sets name calendars that are there; an area has one class at a time."""
    calendars = list(draft.file.all_calendars)
    for place, calendar in draft.file.settings.named_calendars():
        if calendar not in calendars:
            guess = near(calendar, calendars)
            code = "calendar_unknown_near" if guess else "calendar_unknown"
            draft.document.refuse(("settings", *place), code, value=calendar, near=guess)
    table = draft.rows("area_classes")
    classes: dict[tuple[str, str], list[tuple[int, Any]]] = defaultdict(list)
    for line, row in table.numbered():
        classes[row.scheme, row.area].append((line, row))
    for entries in classes.values():
        for before, (line, _) in _overlapping(entries):
            table.refuse(line, "valid_from", "class_overlaps", first=before[0])


def _mondays(draft: Draft) -> None:
    """A working day that is as much work as a regular Monday must be more than nothing."""
    for code, calendar in draft.file.calendars.items():
        if calendar.wd_rule == "working_time" and not calendar.week.mon:
            draft.document.refuse(("calendars", code, "week", "mon"), "calendar_monday_empty")


def _scenarios(draft: Draft, known: dict[str, dict[str, list[Any]]]) -> None:
    """Whom the scenarios call is there."""
    for code, scenario in draft.file.settings.loop.scenarios.items():
        for i, member in enumerate(scenario.members):
            if member.organisation not in known.get("organisations", [member.organisation]):
                place = ("settings", "loop", "scenarios", code, "members", i, "organisation")
                draft.document.refuse(place, "organisation_unknown", value=member.organisation)


def _file(draft: Draft, known: dict[str, dict[str, list[Any]]]) -> None:
    """What pack.yaml says about the tables, and about files beside it."""
    file, refuse = draft.file, draft.document.refuse
    centre, interim = file.settings.centre, file.settings.interim
    if centre not in known.get("organisations", [centre]):
        refuse(("settings", "centre"), "centre_unknown", value=centre)
    if interim and interim not in known.get("organisations", [interim]):
        refuse(("settings", "interim"), "organisation_unknown", value=interim)
    _scenarios(draft, known)
    if file.edition.valid_from and file.edition.valid_from < file.valid_from:
        refuse(("edition", "valid_from"), "edition_before_pack", start=file.valid_from)
    for code, layer in file.layers.items():
        for category in layer.categories:
            if category not in known.get("categories", [category]):
                refuse(("layers", code, "categories"), "category_unknown", value=category)
    if file.history is None:
        return
    for name in sorted(file.history.files()):
        if not (draft.folder / name).is_file():
            refuse(("history",), "lookup_missing", value=name)
    unknown = file.history.category.unknown
    if unknown and unknown not in known.get("categories", [unknown]):
        refuse(("history", "category", "unknown"), "category_unknown", value=unknown)
    if file.history.place and not crs_known(file.history.place.crs):
        refuse(("history", "place", "crs"), "crs_unknown", value=file.history.place.crs)
    _channels(draft, refuse)


def _channels(draft: Draft, refuse: Callable[..., None]) -> None:
    """Every channel that the mapping can write down by itself is one of the pack's."""
    assert draft.file.history is not None
    value, known = draft.file.history.channel, draft.file.all_channels
    named: list[tuple[tuple[str, ...], str]] = [(("history", "channel", "default"), value.default)]
    if isinstance(value.lookup, dict):
        named += [(("history", "channel", "lookup", key), channel) for key, channel in value.lookup.items()]
    for place, channel in named:
        if channel and channel not in known:
            refuse(place, "channel_not_here", value=channel, known=", ".join(known))
