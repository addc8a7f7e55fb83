"""The channel of citizens: what somebody sent from a phone or a browser without signing in."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from cityloop.core.actor import Actor, HeldPost
from cityloop.core.units import Axis
from cityloop.loop.evidence.actions import evidence_of
from cityloop.loop.intake.report import Report

PUBLIC = Actor("public", "public", (HeldPost("", Axis.SUPERVISION.value, frozenset({"reports.create"})),))
"""Whoever sends something without signing in: may report, and nothing else."""


class Words(NamedTuple):
    """What a citizen tells. `lon` and `lat` come together or not at all; `photos` were uploaded before."""

    lon: float | None
    lat: float | None
    accuracy_m: float | None
    address: str
    words: str
    category: str
    photos: tuple[str, ...]


def report_of(
    told: Words, contact: Mapping[str, str], *, channel: str, outside_id: str, happened_at: datetime, at: datetime
) -> Report:
    """The report in what a citizen told at `happened_at`, taken in `at`."""
    return Report(
        channel=channel,
        outside_id=outside_id,
        happened_at=happened_at,
        recorded_at=at,
        raw=told._asdict(),
        lon=told.lon,
        lat=told.lat,
        address=told.address,
        words=told.words,
        category=told.category,
        evidence=evidence_of(told.photos),
        reporter={name: value for name, value in contact.items() if value},
    )
