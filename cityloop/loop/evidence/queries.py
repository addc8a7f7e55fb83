"""Readers of photos for everybody else."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from django.db import connection


class PhotoValue(NamedTuple):
    """A photo and what its metadata told."""

    id: str
    width: int
    height: int
    taken_at: datetime | None
    lon: float | None
    lat: float | None


def photos(ids: Sequence[str]) -> dict[str, PhotoValue]:
    """Photos by id, as far as they are known; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(PhotoValue._fields)} FROM evidence_photo WHERE id = ANY(%s)", [list(ids)])
        return {row[0]: PhotoValue(*row) for row in cursor.fetchall()}
