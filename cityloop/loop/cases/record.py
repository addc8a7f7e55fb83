"""How a step is written down, and how the rows of a case are rebuilt from what was written.

`changes` of an entry is a JSON list of `[what, no, {field: value}]`, what being `case`, `assignment`, `span`, `hold`,
`link`, or `told` for typed facts that came with the step and change no row (a reason, a verdict).
Fields that follow from the entry itself (state, seq, head, last_at, counts) or, on a span, from the case (what it
freezes) are left out; so are fields that have their default. Datetimes are ISO 8601 in UTC, decimals texts.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import orjson

from cityloop.core.texts import N_
from cityloop.ground.audit.breach import Breach
from cityloop.ground.audit.digests import link
from cityloop.loop.cases.facts import Facts
from cityloop.loop.cases.lifecycle import Step
from cityloop.loop.cases.rows import (
    AssignmentRow,
    CaseRow,
    EntryRow,
    HoldRow,
    LinkRow,
    SpanRow,
    assignment_id,
    canonical,
)

ALGO = 1
FIRST = b"\0" * 32
"""What the first entry of a chain is linked to."""

Changes = list[tuple[str, int, dict[str, Any]]]
"""What a step changes: (`case`, `assignment`, `span`, `hold`, `link` or `told`; its number; its fields with their new
values)."""

_WORDS = (
    *("reason", "result", "verdict", "closing_kind", "basis", "means", "link", "disputed", "opened", "told_at"),
    *("order", "other", "place", "duty", "urgency", "delivery", "rating", "scenario", "tier", "behalf"),
)

_TOLD = CaseRow._fields[CaseRow._fields.index("category_id") : CaseRow._fields.index("unit_no")]


def opened_fields(case: CaseRow) -> dict[str, Any]:
    """What a new case is opened with, but for what has its default."""
    defaults = CaseRow._field_defaults
    values = {name: getattr(case, name) for name in _TOLD}
    return {name: value for name, value in values.items() if name not in defaults or value != defaults[name]}


def new_span(case: CaseRow, no: int, fields: dict[str, Any]) -> SpanRow:
    """A span with its own fields, and with what it freezes from the case as it stands."""
    return SpanRow(
        case.id,
        no,
        grid_id=case.grid_id,
        areas=case.areas,
        category_id=case.category_id,
        rule_id=case.rule_id,
        ledger_row_id=case.ledger_row_id,
        channel=case.channel,
        **fields,
    )


def entry_of(
    row: Step,
    before: CaseRow | None,
    after: CaseRow,
    changes: Changes,
    actor: str,
    post: str,
    at: datetime,
    recorded_at: datetime,
    facts: Facts,
) -> EntryRow:
    """The entry for a step that brought about `changes`, linked to the entry before it."""
    note = facts.note or facts.result or facts.reason
    told = {name: word for name in _WORDS if (word := _word(facts, name)) and word != note}
    if told:
        changes.append(("told", 0, told))
    entry = EntryRow(
        after.id,
        before.seq + 1 if before else 1,
        row.name,
        at.astimezone(UTC),  # as both are read back when the chain is checked, wherever they were told
        recorded_at.astimezone(UTC),
        before.state if before else "",
        row.leads_to(before.state if before else ""),
        actor,
        post,
        facts.inferred,
        note,
        canonical(facts.evidence) if facts.evidence else "[]",
        orjson.dumps(changes, default=str).decode(),
        b"",
    )
    digest = digest_of(entry, after.number, before.head if before else FIRST)
    return EntryRow._make((*entry[:-2], digest, entry.algo))


def _word(facts: Facts, name: str) -> str:
    """A typed fact as it is told: another case by its number, a place as longitude and latitude."""
    value = getattr(facts, name)
    if name == "duty":
        return str(value) if value else ""
    if name == "other":
        return value.number if value else ""
    return " ".join(f"{degrees:.6f}" for degrees in value or ()) if name == "place" else value


def digest_of(entry: EntryRow, number: str, previous: bytes) -> bytes:
    """The digest of an entry of case `number` that follows `previous`; covers every field but itself."""
    head = orjson.dumps((entry.algo, number, *entry[: EntryRow._fields.index("changes")]))
    return link(previous, head, entry.changes.encode())


@dataclass
class Rebuilt:
    """The rows of a case as its entries tell them; `broken` names what cannot be."""

    case: CaseRow | None = None
    assignments: dict[int, AssignmentRow] = field(default_factory=dict)
    spans: dict[int, SpanRow] = field(default_factory=dict)
    holds: dict[int, HoldRow] = field(default_factory=dict)
    links: dict[int, LinkRow] = field(default_factory=dict)
    broken: list[Breach] = field(default_factory=list)


def rebuild(number: str, entries: Iterable[EntryRow]) -> Rebuilt:
    """Fold the entries of one case, in order, into its rows, checking the chain on the way."""
    rebuilt = Rebuilt()
    previous, state = FIRST, ""
    for seq, entry in enumerate(entries, start=1):
        where = {"case": number, "seq": seq}
        if entry.seq != seq:
            rebuilt.broken.append(Breach(N_("case %(case)s: entry %(seq)s is missing"), where))
            return rebuilt
        if entry.digest != digest_of(entry, number, previous):
            rebuilt.broken.append(Breach(N_("case %(case)s: entry %(seq)s does not match its digest"), where))
            return rebuilt
        if entry.from_state != state:
            rebuilt.broken.append(Breach(N_("case %(case)s: entry %(seq)s does not follow the one before"), where))
            return rebuilt
        previous, state = entry.digest, entry.to_state
        _apply(rebuilt, number, entry)
    return rebuilt


def _apply(rebuilt: Rebuilt, number: str, entry: EntryRow) -> None:
    case = rebuilt.case or _blank(number, entry)
    for what, no, fields in orjson.loads(entry.changes):
        values = {name: _decode(name, value) for name, value in fields.items()}
        if what == "told":
            continue
        if what == "case":
            case = case._replace(**values)
        elif what == "assignment":
            known = rebuilt.assignments.get(no)
            rebuilt.assignments[no] = (
                known._replace(**values) if known else AssignmentRow(assignment_id(case.id, no), case.id, no, **values)
            )
        elif what == "link":
            tie = rebuilt.links.get(no)
            rebuilt.links[no] = tie._replace(**values) if tie else LinkRow(case.id, no, **values)
        elif what == "hold":
            asked = rebuilt.holds.get(no)
            rebuilt.holds[no] = asked._replace(**values) if asked else HoldRow(case.id, no, **values)
        else:
            stay = rebuilt.spans.get(no)
            rebuilt.spans[no] = stay._replace(**values) if stay else new_span(case, no, values)
    rebuilt.case = case._replace(
        state=entry.to_state,
        seq=entry.seq,
        head=entry.digest,
        last_at=entry.at,
        assignments_made=len(rebuilt.assignments),
        spans_made=len(rebuilt.spans),
        unit_no=max((no for no, row in rebuilt.assignments.items() if row.kind == "main" and no > 1), default=0),
    )


def _blank(number: str, entry: EntryRow) -> CaseRow:
    return CaseRow(entry.case_id, number, "", 0, FIRST, entry.at, 0, 0, 1, entry.at, None, 0)


def _decode(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name.endswith("_at"):
        return datetime.fromisoformat(value)
    if name == "review_on":
        return date.fromisoformat(value)
    if name == "value":
        return Decimal(value)
    return tuple(value) if name == "areas" else value


class Difference(NamedTuple):
    """One row of a case that is not what its entries tell."""

    what: str
    no: int
    fields: tuple[str, ...]


def compare(
    rebuilt: Rebuilt,
    case: CaseRow,
    assignments: Iterable[AssignmentRow],
    spans: Iterable[SpanRow],
    holds: Iterable[HoldRow] = (),
    links: Iterable[LinkRow] = (),
) -> list[Difference]:
    """Where the stored rows of a case differ from the rebuilt ones."""
    found: list[Difference] = []
    if rebuilt.case is None or rebuilt.case != case:
        found.append(Difference("case", 0, _unequal(rebuilt.case, case)))
    for what, told, stored in (
        ("assignment", rebuilt.assignments, {row.no: row for row in assignments}),
        ("span", rebuilt.spans, {row.no: row for row in spans}),
        ("hold", rebuilt.holds, {row.no: row for row in holds}),
        ("link", rebuilt.links, {row.no: row for row in links}),
    ):
        for no in sorted(told.keys() | stored.keys()):
            a, b = told.get(no), stored.get(no)
            if a != b:
                found.append(Difference(what, no, _unequal(a, b)))
    return found


def _unequal(told: Any, stored: Any) -> tuple[str, ...]:
    if told is None:
        return ("added",)
    if stored is None:
        return ("missing",)
    return tuple(name for name, a, b in zip(told._fields, told, stored, strict=True) if a != b)
