"""The only writers of photos."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction

from cityloop.core.actor import Actor
from cityloop.core.errors import Denied, Refused, Unknown
from cityloop.ground.places.city import city
from cityloop.loop.evidence import files
from cityloop.loop.evidence.queries import PhotoValue

UNCLAIMED = timedelta(days=1)
"""How long a photo that nothing names is kept: somebody may still be writing the report."""
_COLUMNS = ", ".join(PhotoValue._fields)
_UPLOAD = (
    "INSERT INTO evidence_photo (id, kind, media_type, size, width, height, taken_at, lon, lat,"
    " original_name, uploaded_by, uploaded_at)"
    " VALUES (%s, 'photo', %s, %s, %s, %s, %s::timestamptz, %s::float8, %s::float8, %s, %s, %s)"
    " ON CONFLICT (id) DO UPDATE SET uploaded_at = excluded.uploaded_at,"
    " taken_at = coalesce(evidence_photo.taken_at, excluded.taken_at),"
    " lon = coalesce(evidence_photo.lon, excluded.lon), lat = coalesce(evidence_photo.lat, excluded.lat)"
    f" RETURNING {_COLUMNS}"
)


def upload(file: "UploadedFile[Any]", *, actor: Actor, at: datetime) -> PhotoValue:
    """Take a photo in; the same one again is the same photo. Nothing is kept of what is refused (see `image.read`)."""
    from cityloop.loop.evidence import image  # 80 ms of libraries, which a step without photos need not wait for

    _require_use(actor)
    if file.file is None:
        raise Refused("photo_broken")
    picture = image.read(file.file, file.size or 0, city().zone)
    row = (
        picture.id, picture.media_type, len(picture.full), picture.width, picture.height, *picture.told,
        (file.name or "").replace("\0", "")[-200:], actor.key, at,
    )  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_UPLOAD, row)  # holds the row, so that no cleaning takes the files written now
        found = PhotoValue(*cursor.fetchone())
        files.keep(picture.id, picture.full, picture.thumb)
    return found


@transaction.atomic
def claim(ids: Iterable[str], *, actor: Actor, at: datetime) -> list[PhotoValue]:
    """Note that something names these photos, so that they stay; in the order given, each once.

    Unknown where there is one that was never uploaded, or that went because nothing named it.
    """
    _require_use(actor)
    wanted = list(dict.fromkeys(ids))
    with connection.cursor() as cursor:
        cursor.execute(
            "WITH held AS MATERIALIZED (SELECT id FROM evidence_photo WHERE id = ANY(%s) ORDER BY id FOR UPDATE)"
            " UPDATE evidence_photo p SET claimed_at = coalesce(claimed_at, %s::timestamptz)"
            f" FROM held WHERE p.id = held.id RETURNING {', '.join(f'p.{name}' for name in PhotoValue._fields)}",
            [wanted, at],
        )
        found = {row[0]: PhotoValue(*row) for row in cursor.fetchall()}
    missing = [id_ for id_ in wanted if id_ not in found]
    if missing:
        raise Unknown("photo_unknown", photo=missing[0])
    return [found[id_] for id_ in wanted]


@transaction.atomic
def drop_unclaimed(*, at: datetime) -> int:
    """Delete photos that nothing has named for a day, with their files; how many there were."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM evidence_photo WHERE claimed_at IS NULL AND uploaded_at < %s RETURNING id", [at - UNCLAIMED]
        )
        gone = [id_ for (id_,) in cursor.fetchall()]
    for id_ in gone:  # the rows are held until the commit: an upload of the same photo waits, then writes anew
        files.drop(id_)
    return len(gone)


def evidence_of(ids: Iterable[str]) -> tuple[dict[str, Any], ...]:
    """How entries and reports name photos, each once."""
    return tuple({"photo": id_} for id_ in dict.fromkeys(ids))


def photo_ids(evidence: Sequence[Any]) -> list[str]:
    """The photos among what proves something."""
    return [item["photo"] for item in evidence if isinstance(item, dict) and "photo" in item]


def _require_use(actor: Actor) -> None:
    """Who reports, or takes steps of cases, has a use for photos; who only reads has not."""
    held = {permission for post in actor.posts for permission in post.permissions}
    steps = {permission for permission in held if permission.startswith("cases.")} - {"cases.read"}
    if not (actor.trusted or "reports.create" in held or steps):
        raise Denied("permission_missing", permission="reports.create")
