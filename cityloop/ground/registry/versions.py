"""Every version of the ledger's duties in codes, as packs and proposals are compared with them."""

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Q

from cityloop.ground.registry.duties import DutyData, PartyData
from cityloop.ground.registry.models import LedgerParty, LedgerRow


def versions(codes: Collection[str] | None = None) -> dict[str, list[tuple[int, DutyData]]]:
    """Ids and versions of every duty by code, or of some, oldest first; two statements."""
    wanted = Q() if codes is None else Q(code__in=codes)
    parties: dict[int, list[PartyData]] = {}
    held = LedgerParty.objects.order_by("role", "organisation__code")
    held = held if codes is None else held.filter(row__code__in=codes)
    for party in held.values_list("row_id", "role", "organisation__code", "lot", "until", "person"):
        parties.setdefault(party[0], []).append(PartyData(*party[1:]))
    found: dict[str, list[tuple[int, DutyData]]] = {}
    for row in LedgerRow.objects.filter(wanted).order_by("valid_from").values("id", *SCOPE):
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
