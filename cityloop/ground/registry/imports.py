"""The only writer of imports: a file of objects is looked at, then taken in just as it was shown, or forgotten."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path, PurePath
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import numpy as np
from django.db import connection, transaction

from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import Conflict, Refused, Unknown
from cityloop.core.problems import Problem
from cityloop.ground.accounts.structure import organisation_ids
from cityloop.ground.places.city import city
from cityloop.ground.places.datums import DATUM_TITLES, SWAPPED, Datum, misplaced
from cityloop.ground.places.locate import AreaMap
from cityloop.ground.places.queries import areas_on
from cityloop.ground.registry import geofiles, stock
from cityloop.ground.registry.geoshapes import in_datum
from cityloop.ground.registry.geotables import GeoTable
from cityloop.ground.registry.inventory import EDIT, take_objects
from cityloop.ground.registry.models import Layer, ObjectImport
from cityloop.ground.registry.named import put_layer_names
from cityloop.ground.registry.objects import ObjectData, ObjectDifference
from cityloop.ground.registry.surveys import Kind, inner_points, survey

KEPT = timedelta(hours=1)
MOST_BYTES = 50 * 1024**2
MOST_OBJECTS = 200_000
"""Of a file that a page waits for; larger ones are taken in by the command."""
SHOWN = 200
"""So many objects of each kind a page shows."""


class Delivery(NamedTuple):
    """What a file says of a layer's objects; what is wrong with it, line 0 being the whole; what is good to know."""

    objects: list[ObjectData]
    problems: list[Problem]
    notes: list[Problem]


def delivered(
    file: Path,
    layer: Layer,
    *,
    datum: Datum,
    day: date,
    encoding: str | None = None,
    sheet: str | None = None,
    crs: str | None = None,
) -> Delivery:
    """Read a file as objects of a layer on a day. Refused where it cannot be read at all."""
    table = geofiles.read(file, datum=datum, encoding=encoding, layer=sheet, crs=crs)
    places = areas_on(city().revision, day)
    found = survey(file.name, table.sound(), Kind(layer.geometry, layer.attributes), places, organisation_ids())
    notes = list(_misplaced(file.name, table, places, datum))
    if found.unknown:
        notes.append(Problem(file.name, 0, "", "columns_left_out", {"names": ", ".join(found.unknown)}))
    return Delivery(found.objects, [*table.problems, *found.problems], notes)


def _misplaced(name: str, table: GeoTable, places: AreaMap, datum: Datum) -> Iterator[Problem]:
    """What would bring a whole file into the city, where that is plain."""
    if not places.has_shapes:
        return
    lon, lat = inner_points(in_datum(table.shapes, datum))
    found = misplaced(lon, lat, lambda lons, lats: np.asarray(places.locate_many(lons, lats)[1] >= 0), datum)
    facts: dict[str, object] = {"outside": found.outside, "left": found.left}
    if found.verdict == SWAPPED:
        yield Problem(name, 0, "", "points_exchanged", facts)
    elif found.verdict:
        yield Problem(name, 0, "", "points_in_other_datum", facts | {"datum": DATUM_TITLES[Datum(found.verdict)]})


@transaction.atomic
def park_import(
    layer: str, name: str, data: bytes, *, datum: Datum, encoding: str, whole: bool, actor: Actor, at: datetime
) -> ObjectImport:
    """Keep a file for an hour together with what it would do to a layer; `whole`: what it does not name is gone.

    Lines that cannot be taken are left out, and then nothing counts as gone. Unknown: no such layer; Refused: a file
    that is too large or cannot be read.
    """
    actor.require(EDIT)
    forget_imports(at=at)
    if len(data) > MOST_BYTES:
        raise Refused("import_too_large", most=f"{MOST_BYTES // 1024**2} MB")
    kind, day = stock.layer(layer), city().day(at)
    name = PurePath(name.replace("\\", "/")).name[-200:] or "objects"
    with _file(name, data) as path:
        found = delivered(path, kind, datum=datum, day=day, encoding=encoding or None)
    if len(found.objects) > MOST_OBJECTS:
        raise Refused("import_too_large", most=f"{MOST_OBJECTS:,}")
    difference, problems = _difference(kind, found, whole=whole, actor=actor, day=day, at=at)
    notes = found.notes
    if whole and problems:
        notes = [*notes, Problem(name, 0, "", "none_gone")]
    return ObjectImport.objects.create(
        id=uuid4(), layer=kind, name=name, data=data, datum=datum.value, encoding=encoding, whole=whole,
        by=actor.key, made_at=at, stamp=_stamp(kind), found=_written(difference, problems, notes),
    )  # fmt: skip


def _difference(
    kind: Layer, found: Delivery, *, whole: bool, actor: Actor, day: date, at: datetime
) -> tuple[ObjectDifference, list[Problem]]:
    """What a file would do without the lines whose code is not theirs to use."""
    told: dict[str, Any] = {"actor": actor, "day": day, "at": at, "apply": False, "shown": SHOWN}
    problems = found.problems
    difference = take_objects(kind.code, found.objects, whole=whole and not problems, **told)
    if difference.taken:
        problems = problems + [
            Problem("", line, "code", "code_taken", {"value": code}) for line, code in difference.taken
        ]
        fit = _without(found.objects, {problem.line for problem in problems})
        difference = take_objects(kind.code, fit, whole=False, **told)
    return difference, sorted(problems, key=lambda problem: problem.line)


@transaction.atomic
def apply_import(id_: UUID, *, despite: bool, actor: Actor, at: datetime) -> ObjectImport:
    """Take in just what was shown; once more does nothing more. `despite`: though some lines are left out.

    Unknown: no such import of this person's within the hour; Refused: lines are left out and nobody said so;
    Conflict: the layer is no longer what it was when the difference was shown.
    """
    actor.require(EDIT)
    parked = import_of(id_, actor=actor, at=at, lock=True)
    if parked.applied_at is not None:
        return parked
    kind = Layer.objects.select_for_update().get(pk=parked.layer_id)
    problems = problems_of(parked)
    if problems and not despite:
        raise Refused("import_unfit", count=len(problems))
    if parked.stamp != _stamp(kind):
        raise Conflict("import_overtaken", layer=kind.code)
    datum, day = Datum(parked.datum), city().day(at)
    with _file(parked.name, bytes(parked.data)) as path:
        found = delivered(path, kind, datum=datum, day=day, encoding=parked.encoding or None)
    fit = _without(found.objects, {problem.line for problem in problems})
    done = take_objects(
        kind.code, fit, whole=parked.whole and not problems, actor=actor, day=day, at=at, source=parked.name
    )
    if done.taken or done.counts | {"same": done.same} != parked.found["counts"]:
        raise Conflict("import_overtaken", layer=kind.code)
    put_layer_names([kind.code], actor=SYSTEM)
    parked.applied_at = at
    parked.save(update_fields=["applied_at"])
    return parked


def import_of(id_: UUID, *, actor: Actor, at: datetime, lock: bool = False) -> ObjectImport:
    """An import that this actor has begun within the hour; Unknown otherwise."""
    rows = ObjectImport.objects.filter(pk=id_, by=actor.key, made_at__gt=at - KEPT).select_related("layer")
    found = (rows.select_for_update(of=("self",)) if lock else rows).first()
    if found is None:
        raise Unknown("import_unknown")
    return found


def forget_imports(*, at: datetime) -> None:
    """Drop the files that nobody may look at any more."""
    ObjectImport.objects.filter(made_at__lte=at - KEPT).delete()


def problems_of(parked: ObjectImport) -> list[Problem]:
    """What is wrong with a file; line 0 is about the whole."""
    return [Problem(parked.name, *one) for one in parked.found["problems"]]


def notes_of(parked: ObjectImport) -> list[Problem]:
    """What is good to know of a file."""
    return [Problem(parked.name, *one) for one in parked.found["notes"]]


def _without(objects: Sequence[ObjectData], lines: set[int]) -> list[ObjectData]:
    return [row for row in objects if row.line not in lines]


def _stamp(layer: Layer) -> str:
    """What a difference rests on: the pack, and the revisions of the layer and of those that share its codes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT string_agg(xmin::text, ' ' ORDER BY id) FROM registry_layer"
            " WHERE id = %s OR class_code <> '' AND class_code = %s",
            [layer.pk, layer.class_code],
        )
        (revisions,) = cursor.fetchone()
    return f"{city().digest} {revisions}"


def _written(difference: ObjectDifference, problems: Sequence[Problem], notes: Sequence[Problem]) -> dict[str, Any]:
    """What was found as JSON: shapes in hexadecimal digits, problems as line, field, code and facts."""
    rows = [
        row._asdict() | {"was": row.was and row.was.hex(), "becomes": row.becomes and row.becomes.hex()}
        for row in difference.rows
    ]
    return {
        "counts": difference.counts | {"same": difference.same},
        "rows": rows,
        "problems": [_plain(problem) for problem in problems],
        "notes": [_plain(note) for note in notes],
    }


def _plain(problem: Problem) -> tuple[int, str, str, Mapping[str, object]]:
    facts = {
        name: value if isinstance(value, str | int | float) else str(value) for name, value in problem.facts.items()
    }
    return problem.line, problem.field, problem.code, facts


@contextmanager
def _file(name: str, data: bytes) -> Iterator[Path]:
    """The bytes as a file of that name; what cannot be read of it is said of the name alone."""
    with tempfile.TemporaryDirectory(prefix="cityloop-import-") as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        try:
            yield path
        except Refused as refused:
            facts = {fact: str(value).replace(f"{folder}/", "") for fact, value in refused.facts.items()}
            raise Refused(refused.code, **facts) from refused
