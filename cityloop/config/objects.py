"""What the verbs of layers and objects do, once the database is there, and how they show it."""

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import shapely
from rich.table import Table

from cityloop.config.commands import ERR, OUT, require_writable
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Refused
from cityloop.core.problems import Problem
from cityloop.core.texts import N_, _
from cityloop.ground.places.city import city
from cityloop.ground.places.datums import Datum
from cityloop.ground.registry import stock
from cityloop.ground.registry.answers import reject_table
from cityloop.ground.registry.census import whole_census
from cityloop.ground.registry.geofiles_out import write
from cityloop.ground.registry.imports import delivered
from cityloop.ground.registry.inventory import take_objects
from cityloop.ground.registry.named import put_layer_names
from cityloop.ground.registry.objects import KINDS, ObjectDifference
from cityloop.ground.registry.surveys import OWN

TITLES = {"new": N_("New"), "changed": N_("Changed"), "moved": N_("Moved"), "gone": N_("Gone")}
SHOWN = 20
PAGE = 50_000


def take_in(
    file: Path,
    layer: str,
    datum: Datum,
    *,
    whole: bool,
    dry_run: bool,
    rejects: Path | None,
    encoding: str | None,
    sheet: str | None,
    crs: str | None,
) -> None:
    """Show what a file changes in a layer, and do it. Where lines cannot be taken nothing is done, unless `rejects`
    names a file for them: then the others are taken, and nothing counts as gone."""
    require_writable(rejects)
    kind, day = stock.layer(layer), city().day(clock.now())
    found = delivered(file, kind, datum=datum, day=day, encoding=encoding, sheet=sheet, crs=crs)
    for note in found.notes:
        ERR.print(str(note), markup=False, highlight=False)
    if found.problems:
        show_problems(found.problems, rejects)
        if rejects is None:
            raise Refused("file_refused", count=len(found.problems))
    difference = take_objects(
        layer, found.objects, whole=whole and not found.problems, actor=SYSTEM, day=day, at=clock.now(),
        source=file.name, apply=not dry_run,
    )  # fmt: skip
    _show(difference)
    if difference.taken:
        line, code = difference.taken[0]
        raise Refused("object_taken", count=len(difference.taken), line=line, object=code)
    if dry_run:
        OUT.print(_("Nothing was written."))
    else:
        put_layer_names([layer], actor=SYSTEM)


def show_problems(problems: Sequence[Problem], rejects: Path | None) -> None:
    for problem in problems[:SHOWN]:
        ERR.print(str(problem), markup=False, highlight=False)
    if len(problems) > SHOWN:
        ERR.print(_("... and %(more)s more.") % {"more": f"{len(problems) - SHOWN:,}"})
    if rejects is not None:
        with rejects.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows(reject_table(problems))


def _show(difference: ObjectDifference) -> None:
    table = Table(*(_(title) for title in TITLES.values()))
    table.add_row(*(f"{difference.counts[kind]:,}" for kind in KINDS))
    OUT.print(table)
    for kind, codes in difference.first.items():
        OUT.print(f"{_(TITLES[kind])}: {', '.join(codes)}", markup=False, highlight=False)


def export(layer: str, out: Path, datum: Datum) -> None:
    """Write the objects of a layer that are in force; what `take_in` reads back without a difference."""
    require_writable(out)
    kind = stock.layer(layer)
    attributes = list(kind.attributes.get("properties", {}))
    rows: list[stock.Row] = []
    after = ""
    while found := stock.page(kind.pk, PAGE, after):
        rows += found
        after = found[-1]["code"]
    cells = [
        {name: row[name] for name in OWN} | {name: row["attributes"].get(name) for name in attributes} for row in rows
    ]
    shapes = np.asarray(shapely.from_wkb([bytes(row["shape"]) for row in rows]), dtype=object)
    written = write(out, [*OWN, *attributes], cells, shapes, datum=datum, layer=layer)
    for note in written.notes:
        ERR.print(str(note), markup=False, highlight=False)
    OUT.print(_("%(count)s objects written: %(path)s") % {"count": f"{len(rows):,}", "path": out}, markup=False)


def census(on: str | None, since: str | None, out: Path | None) -> None:
    """For every area, its parts summed up, how many objects of each layer stood there, and what has changed since."""
    require_writable(out)
    day = _day("--on", on) if on else city().day(clock.now())
    before = _day("--since", since) if since else day
    lines = [(area.name or "-", layer, count.day, count.before) for area, layer, count in whole_census(day, before)]
    if out is not None:
        with out.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows([["area", "layer", "objects", "before"], *([*line] for line in lines)])
        return
    table = Table(_("Area"), _("Layer"), _("Objects"), _("Change"))
    for area, layer, count, earlier in lines:
        table.add_row(area, layer, f"{count:,}", f"{count - earlier:+,}" if since else "")
    OUT.print(table)


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused("fact_wrong", fact=option, value=text) from error
