"""What the verbs of the rule book do, once the database is there, and how they show it."""

import csv
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.table import Table

from cityloop.config.commands import ERR, OUT, require_writable
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Refused
from cityloop.core.texts import N_, _
from cityloop.ground.places.city import city
from cityloop.ground.standards.editions import (
    RuleChange,
    differences,
    edition_called,
    edition_on,
    known_in,
    last_edition,
    rules_of,
    said,
)
from cityloop.ground.standards.exporting import to_csv, to_workbook
from cityloop.ground.standards.importing import Reading, beside, read
from cityloop.ground.standards.lines import cells_of
from cityloop.ground.standards.mapping import load
from cityloop.ground.standards.proposals import begin_proposal
from cityloop.ground.standards.rows import RuleData

FORMATS = ("csv", "xlsx")
SHOWN = 50
CHANGES = {"new": N_("New"), "changed": N_("Changed"), "gone": N_("Gone")}


def export(form: str | None, edition: str | None, out: Path | None) -> None:
    """Write an edition, by default the one in force: to a file, or rules.csv to the output."""
    form = form or (out.suffix.removeprefix(".").lower() if out else "csv")
    if form not in FORMATS or (form == "xlsx" and out is None):
        raise Refused("fact_wrong", fact="--out" if form in FORMATS else "--format", value=out or form)
    found = edition_called(edition) if edition else edition_on(city().day(clock.now()))
    data = to_csv(found).encode() if form == "csv" else to_workbook(found)
    if out is None:
        print(data.decode(), end="")
        return
    require_writable(out)
    out.write_bytes(data)
    OUT.print(_("Edition %(edition)s written: %(path)s") % {"edition": found.code, "path": out}, markup=False)


def take_in(
    file: Path, mapping: Path | None, dry_run: bool, rejects: Path | None, begins: str | None, keep_others: bool
) -> None:
    """Show what a file would change in the last edition, and make a proposal of it. Refused with all that is wrong."""
    here, base = city(), last_edition()
    today = here.day(clock.now())
    day = _day(begins) if begins else max(today, base.valid_from) + timedelta(days=1)
    require_writable(rejects)
    try:
        data = file.read_bytes()
    except OSError as error:
        raise Refused("file_unreadable", path=file, reason=error.strerror) from error
    known = known_in(base.scheme, here.settings)
    reading = read(data, file.name, known, load(mapping) if mapping else None)
    if reading.problems:
        _refuse(reading, rejects)
    before = said(rules_of(base.pk))
    reading = beside(reading, before, keep_others)
    changes = differences(before, reading.rules)
    _show(reading, changes)
    if dry_run or not (changes or reading.categories):
        OUT.print(_("Nothing was written.") if dry_run else _unchanged(base.code))
        return
    proposal = begin_proposal(
        _("Import of %(file)s") % {"file": file.name}, reason="", basis="", begins=day, actor=SYSTEM, at=clock.now(),
        reading=reading,
    )  # fmt: skip
    OUT.print(
        _("Proposal %(number)s is a draft now: it would begin on %(begins)s, once it is handed in and approved.")
        % {"number": proposal.pk, "begins": proposal.begins}
    )


def _unchanged(edition: str) -> str:
    return _("Nothing changes: edition %(edition)s says the same.") % {"edition": edition}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused("fact_wrong", fact="--begins", value=text) from error


def _refuse(reading: Reading, rejects: Path | None) -> None:
    for problem in reading.problems:
        ERR.print(str(problem), markup=False, highlight=False)
    if rejects is not None:
        with rejects.open("w", newline="", encoding="utf-8-sig") as file:
            writer = csv.writer(file)
            writer.writerow(["line", "column", "reason", "text", "value"])
            writer.writerows(
                [one.line, one.field, one.code, one.text(), one.facts.get("value", "")] for one in reading.problems
            )
    reading.require()


def _show(reading: Reading, changes: Sequence[RuleChange]) -> None:
    OUT.print(_("Lines read: %(lines)s; new categories: %(categories)s") % {
        "lines": f"{reading.lines:,}", "categories": f"{len(reading.categories):,}",
    })  # fmt: skip
    counts = Counter[str](change.kind for change in changes)
    table = Table(*(_(title) for title in CHANGES.values()))
    table.add_row(*(f"{counts[kind]:,}" for kind in CHANGES))
    OUT.print(table)
    for change in changes[:SHOWN]:
        OUT.print(f"{_(CHANGES[change.kind])} {' '.join(filter(None, change.key))}", markup=False, highlight=False)
        for name, before, after in _fields(change):
            OUT.print(f"    {name}: {before or '-'} -> {after or '-'}", markup=False, highlight=False)
    if len(changes) > SHOWN:
        OUT.print(_("... and %(more)s more.") % {"more": f"{len(changes) - SHOWN:,}"})


def _fields(change: RuleChange) -> list[tuple[str, Any, Any]]:
    """What differs in a changed rule, as cells; limits in a row."""
    if change.before is None or change.after is None:
        return []
    before, after = _cells(change.before), _cells(change.after)
    return [
        (name, before.get(name), after.get(name)) for name in {**before, **after} if before.get(name) != after.get(name)
    ]


def _cells(rule: RuleData) -> dict[str, str]:
    lines = cells_of(rule)
    limits = [
        " ".join(filter(None, (line["stage"], line["part"], line["value"], line["unit"], line["calendar"],
                               line["area_class"], line["season"])))
        for line in lines
        if line.get("value")
    ]  # fmt: skip
    own = {name: cell for name, cell in lines[0].items() if name not in _LIMIT and cell}
    return own | ({"limits": ", ".join(limits)} if limits else {})


_LIMIT = ("stage", "part", "value", "unit", "calendar", "area_class", "season")
