"""The one city of this deployment, as everybody reads it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from cityloop.core.errors import Unknown


@dataclass(frozen=True, slots=True)
class CityValue:
    """The city and its settings. `revision` changes whenever its row does: what hangs on it may be kept by it."""

    code: str
    name: str
    names: dict[str, str]
    zone: ZoneInfo
    pack: str
    digest: str
    settings: dict[str, Any]
    clock_shift: timedelta
    known_until: datetime | None
    revision: str

    def day(self, at: datetime) -> date:
        """The city's day at an instant."""
        return at.astimezone(self.zone).date()

    @property
    def yellow_share(self) -> Decimal:
        return Decimal(str(self.settings.get("yellow_share", "0.8")))


def find_city() -> CityValue | None:
    """The city of this database, in one statement; None before a pack was applied."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT code, name, names::json, zone, pack, digest, settings::json, clock_shift, known_until,"
            " current_database() || digest || xmin::text FROM places_city"
        )
        row = cursor.fetchone()
    if row is None:
        return None
    code, name, names, zone, pack, digest, settings, clock_shift, known_until, revision = row
    return CityValue(code, name, names, ZoneInfo(zone), pack, digest, settings, clock_shift, known_until, revision)


def city() -> CityValue:
    """The city of this database; Unknown before a pack was applied."""
    found = find_city()
    if found is None:
        raise Unknown("city_missing")
    return found
