"""Duties of the ledger in codes, as packs and proposals tell them."""

from datetime import date
from typing import NamedTuple

from cityloop.core.hours import Hours


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
