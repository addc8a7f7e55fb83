"""Duties of the ledger in codes, as packs and proposals tell them; which there are."""

from collections.abc import Iterable
from datetime import date
from typing import Any, NamedTuple

from cityloop.core.hours import Hours
from cityloop.ground.registry.models import LedgerParty, LedgerRow


class PartyData(NamedTuple):
    """An organisation's part. `until`: the first day on which its contract no longer runs."""

    role: str
    organisation: str
    lot: str = ""
    until: date | None = None
    person: str = ""


class DutyData(NamedTuple):
    """A duty; what is empty in its scope means "any". `area` is written `scheme:code`, `drawn_area` is WKB."""

    code: str
    tier: str
    category: str
    situation: str
    area: str
    area_class: str
    grid: str
    road_section: str
    drawn_area: bytes | None
    object_code: str
    object_phase: str
    stratum: str
    duty: str
    weekly_hours: Hours
    basis: str
    valid_from: date
    valid_to: date | None
    parties: tuple[PartyData, ...]


def versions() -> dict[str, list[tuple[int, DutyData]]]:
    """Ids and versions of every duty by code, oldest first; two statements."""
    parties: dict[int, list[PartyData]] = {}
    held = LedgerParty.objects.order_by("role", "organisation__code")
    for party in held.values_list("row_id", "role", "organisation__code", "lot", "until", "person"):
        parties.setdefault(party[0], []).append(PartyData(*party[1:]))
    found: dict[str, list[tuple[int, DutyData]]] = {}
    for row in LedgerRow.objects.order_by("valid_from").values("id", *SCOPE):
        found.setdefault(row["code"], []).append((row["id"], told(row, parties.get(row["id"], ()))))
    return found


SCOPE = (
    "code", "tier", "category__code", "situation", "area__scheme", "area__code", "area_class", "grid__code",
    "road_section", "drawn_area", "object_code", "object_phase", "stratum", "duty", "weekly_hours", "basis",
    "valid_from", "valid_to",
)  # fmt: skip


def codes_proposed() -> set[str]:
    """Codes of duties that an approved proposal has begun or ended; one statement."""
    touched = LedgerRow.objects.exclude(proposal=None, ended_by=None)
    return set(touched.values_list("code", flat=True))


def told(row: dict[str, Any], parties: Iterable[PartyData]) -> DutyData:
    """A row of `SCOPE` with its parties."""
    area = f"{row['area__scheme']}:{row['area__code']}" if row["area__code"] else ""
    named = {"category": row["category__code"] or "", "grid": row["grid__code"] or "", "area": area}
    drawn = None if row["drawn_area"] is None else bytes(row["drawn_area"])
    rest = {name: row[name] for name in SCOPE if "__" not in name}
    return DutyData(**rest | named | {"drawn_area": drawn}, parties=tuple(parties))
