"""HTTP edge of imports: a file of objects is shown with what it would change, then taken in; its rejects as a table."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import File, Form, Router, Schema, Status, UploadedFile
from pydantic import Field

from cityloop.core import clock, downloads, texts
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.datums import Datum
from cityloop.ground.registry import answers, imports
from cityloop.ground.registry.api import Code, FieldChangeOut
from cityloop.ground.registry.inventory import EDIT

router = Router(tags=["objects"])


class ImportIn(Schema):
    """`datum`: of the coordinates; `encoding`: of the texts, empty where the file says or shows it; `whole`: the file
    is the whole layer, so what it does not name is gone."""

    layer: Code
    datum: Datum = Datum.WGS84
    encoding: Annotated[str, Field(max_length=40)] = ""
    whole: bool = False


class ImportApply(Schema):
    """`despite`: take in the rest, though some lines are left out."""

    despite: bool = False


class ImportRowOut(Schema):
    """`before`, `after`: GeoJSON in WGS-84; `fields`: what differs, of a new object all that is told."""

    kind: Literal["new", "changed", "moved", "gone"]
    line: int | None
    code: str
    name: str
    fields: list[FieldChangeOut]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class RejectOut(Schema):
    """What is wrong in a line, or in the whole file (line 0)."""

    line: int
    column: str
    code: str
    text: str
    value: str


class ImportCounts(Schema):
    """Objects; an object that changed and moved is counted in both. `rejected`: lines."""

    new: int
    changed: int
    moved: int
    gone: int
    same: int
    rejected: int


class ImportOut(Schema):
    """What a file would do, or has done since `applied_at`. `rows`: the first `most` of each kind; `rejects`: the first
    of `rejects_total`; `warnings`: what is wrong with the file as a whole."""

    id: UUID
    layer: str
    layer_name: str
    file: str
    datum: Datum
    whole: bool
    made_at: datetime
    kept_until: datetime
    applied_at: datetime | None
    counts: ImportCounts
    most: int
    rows: list[ImportRowOut]
    rejects: list[RejectOut]
    rejects_total: int
    warnings: list[RejectOut]
    notes: list[RejectOut]


@router.post("/objects/imports", response={201: ImportOut})
def begin(request: HttpRequest, asked: Form[ImportIn], file: File[UploadedFile]) -> Status[dict[str, Any]]:
    """Show what a file (GeoJSON, zipped Shapefile, GeoPackage, CSV or XLSX) would change in a layer; nothing is changed
    yet. It is kept for an hour."""
    actor = actor_of(request)
    actor.require(EDIT)
    found = imports.park_import(
        asked.layer, file.name or "", file.read(imports.MOST_BYTES + 1), datum=asked.datum, encoding=asked.encoding,
        whole=asked.whole, actor=actor, at=clock.now(),
    )  # fmt: skip
    return Status(201, answers.shown(found, texts.spoken()))


@router.get("/objects/imports/{uuid:key}", response=ImportOut)
def one(request: HttpRequest, key: UUID) -> dict[str, Any]:
    """What was shown of a file of one's own."""
    actor = actor_of(request)
    actor.require(EDIT)
    return answers.shown(imports.import_of(key, actor=actor, at=clock.now()), texts.spoken())


@router.post("/objects/imports/{uuid:key}/apply", response=ImportOut)
def apply(request: HttpRequest, key: UUID, body: ImportApply) -> dict[str, Any]:
    """Take in just what was shown, in whole or not at all; once more does nothing more. Overtaken where the layer has
    changed since."""
    found = imports.apply_import(key, despite=body.despite, actor=actor_of(request), at=clock.now())
    return answers.shown(found, texts.spoken())


@router.get("/objects/imports/{uuid:key}/rejects", openapi_extra=downloads.described(downloads.CSV))
def rejects(request: HttpRequest, key: UUID) -> HttpResponse:
    """All that is wrong with a file, by line, as a table."""
    actor = actor_of(request)
    actor.require(EDIT)
    found = imports.import_of(key, actor=actor, at=clock.now())
    return downloads.csv_table(answers.reject_table(imports.problems_of(found)), f"{found.name}-rejects.csv")
