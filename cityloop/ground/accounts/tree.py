"""The organisation tree as everybody reads it."""

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from django.db import connection

from cityloop.core.errors import Refused, Unknown


class OrganisationValue(NamedTuple):
    """`path` holds the ids from the top down to the organisation itself."""

    id: int
    code: str
    name: str
    path: tuple[int, ...]
    valid_to: date | None = None
    """The day on which it no longer is."""


class Organisations(NamedTuple):
    by_id: dict[int, OrganisationValue]
    by_code: dict[str, OrganisationValue]

    def named(self, code: str) -> OrganisationValue:
        found = self.by_code.get(code)
        if found is None:
            raise Unknown("organisation_unknown", organisation=code)
        return found

    def in_force(self, code: str, day: date) -> OrganisationValue:
        """The one that can be given work on a day; Refused where it has ended."""
        found = self.named(code)
        if found.valid_to is not None and found.valid_to <= day:
            raise Refused("organisation_ended", organisation=found.name, ended=found.valid_to.isoformat())
        return found

    def department(self, organisation: int) -> OrganisationValue:
        """The one below the top that this organisation belongs to; the top itself for the top."""
        path = self.by_id[organisation].path
        return self.by_id[path[1] if len(path) > 1 else path[0]]


@lru_cache(maxsize=4)
def organisations(revision: str) -> Organisations:
    """All organisations, also those that ended; read once per revision of the city's pack, in one statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT id, code, name, path, valid_to FROM accounts_organisation ORDER BY id")
        rows = [
            OrganisationValue(id_, code, name, tuple(path), valid_to)
            for id_, code, name, path, valid_to in cursor.fetchall()
        ]
    return Organisations({row.id: row for row in rows}, {row.code: row for row in rows})
