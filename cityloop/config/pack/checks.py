"""What must be true across the lines and tables of a pack. Every check refuses at the line that is wrong."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from itertools import pairwise
from typing import Any

from cityloop.config.pack.boundaries import crs_known
from cityloop.config.pack.draft import Draft, parent_ref
from cityloop.config.pack.problems import Problem, near
from cityloop.config.pack.schema import LedgerLine, RuleRow
from cityloop.config.pack.tables import Table
from cityloop.ground.accounts.roles import ROLES
from cityloop.loop.cases.lifecycle import END, SAME, STEPS
from cityloop.loop.history.normalise import KEYS_APART

STAGES = tuple(
    dict.fromkeys(
        stage
        for step in STEPS.values()
        for stage in (step.centre, step.unit.what if step.unit.kind in ("opens", "moves") else SAME)
        if stage not in (SAME, END)
    )
)
"""Stages of the lifecycle that a limit can be set for."""
WORKING = ("wh", "wd")


NOUNS = {"areas": "area", "organisations": "organisation", "categories": "category"}
"""Table to what a line of it is called, in other tables' columns and in problems."""


def run(draft: Draft) -> None:
    """Add to `draft` all problems and warnings that need more than one line to be seen.

    Where lines of a table could not be read, what refers to it is not judged.
    """
    whole = {name for name, table in draft.tables.items() if not table.problems}
    if draft.document.problems:
        whole.discard("areas")  # some may come from a boundary file that could not be read
    known = {name: _codes(table) for name, table in draft.tables.items() if name not in ("rules", "ledger")}
    for name in NOUNS:
        _keys(draft.rows(name), "shape_key" if name == "areas" else "key")
    for name, noun in NOUNS.items():
        if name in whole:
            _trees(draft.rows(name), known[name], noun)
            for table in draft.tables.values():
                if noun in table.kind.model_fields:
                    _refer(table, noun, known[name])
    _majors(draft, known["categories"])
    _grids(draft, known["areas"])
    _rules(draft)
    _ledger(draft)
    _posts(draft)
    _public_channel(draft)
    _mondays(draft)
    _file(draft, {name: known[name] for name in NOUNS if name in whole})


def _codes(table: Table[Any]) -> dict[str, list[Any]]:
    """Rows by code, areas also by `scheme:code`; a code that stands twice is refused."""
    first: dict[str, int] = {}
    found: dict[str, list[Any]] = defaultdict(list)
    for line, row in table.numbered():
        ref = getattr(row, "ref", row.code)
        if ref in first:
            table.refuse(line, "code", "code_twice", value=row.code, first=first[ref])
            continue
        first[ref] = line
        found[row.code].append(row)
        if ref != row.code:
            found[ref].append(row)
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
        parents = categories.get(row.parent, [])
        if parents and parents[0].level != "major":
            table.refuse(line, "parent", "parent_minor", value=row.parent)


def _grids(draft: Draft, areas: dict[str, list[Any]]) -> None:
    table = draft.rows("grids")
    for line, row in table.numbered():
        rows = areas.get(row.area, [])
        if rows and not (row.code.startswith(rows[0].code) and row.code != rows[0].code):
            table.refuse(line, "code", "grid_prefix", value=row.code, area=rows[0].code)


def _rules(draft: Draft) -> None:
    table = draft.rows("rules")
    calendars = list(draft.file.all_calendars)
    first: dict[tuple[str, str], tuple[int, dict[str, str]]] = {}
    limits: dict[tuple[str, str, str, str], int] = {}
    for line, row in table.numbered():
        if row.unit in WORKING and row.calendar not in calendars:
            guess = near(row.calendar, calendars)
            code = "calendar_unknown_near" if guess else "calendar_unknown"
            table.refuse(line, "calendar", code, value=row.calendar, near=guess)
        if row.stage not in STAGES:
            table.refuse(line, "stage", "stage_unknown", value=row.stage, known=", ".join(STAGES))
        at, words = first.setdefault((row.category, row.situation), (line, _conditions(row)))
        for column, text in _conditions(row).items():
            if text and text != (words[column] or text):
                table.refuse(line, column, "rule_disagrees", column=column, first=at)
        key = (row.category, row.situation, row.stage, row.part)
        if limits.setdefault(key, line) != line:
            table.refuse(line, "part", "limit_twice", first=limits[key])


def _conditions(row: RuleRow) -> dict[str, str]:
    return {
        "filing_condition": row.filing_condition,
        "closing_condition": row.closing_condition,
        "source": row.source,
    }


def _ledger(draft: Draft) -> None:
    table = draft.rows("ledger")
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
    return (row.tier, row.category, row.situation, row.area, row.duty, row.basis, row.valid_to)


def _disputes(draft: Draft, table: Table[Any]) -> None:
    """Two organisations with one role for the same thing at the same time: possible, but a warning."""
    same: dict[tuple[object, ...], list[tuple[int, LedgerLine]]] = defaultdict(list)
    for line, row in table.numbered():
        key = (row.tier, row.category, row.situation, row.area, row.duty, row.role)
        same[key].append((line, row))
    for entries in same.values():
        for (first, other), (line, row) in _overlapping(entries):
            if row.code != other.code and row.organisation != other.organisation:
                facts = {"value": row.organisation, "other": other.organisation, "first": first}
                draft.warnings.append(Problem(table.name, line, "organisation", "duty_dispute", facts))


def _overlapping(
    entries: Iterable[tuple[int, LedgerLine]],
) -> Iterable[tuple[tuple[int, LedgerLine], tuple[int, LedgerLine]]]:
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


def _public_channel(draft: Draft) -> None:
    channel, known = draft.file.settings.public_channel, draft.file.all_channels
    if channel and channel not in known:
        place = ("settings", "public_channel")
        draft.document.refuse(place, "channel_not_here", value=channel, known=", ".join(known))


def _mondays(draft: Draft) -> None:
    """A working day that is as much work as a regular Monday must be more than nothing."""
    for code, calendar in draft.file.calendars.items():
        if calendar.wd_rule == "working_time" and not calendar.week.mon:
            draft.document.refuse(("calendars", code, "week", "mon"), "calendar_monday_empty")


def _file(draft: Draft, known: dict[str, dict[str, list[Any]]]) -> None:
    """What pack.yaml says about the tables, and about files beside it."""
    file, refuse = draft.file, draft.document.refuse
    centre = file.settings.centre
    if centre not in known.get("organisations", [centre]):
        refuse(("settings", "centre"), "centre_unknown", value=centre)
    if file.edition.valid_from and file.edition.valid_from < file.valid_from:
        refuse(("edition", "valid_from"), "edition_before_pack", start=file.valid_from)
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
