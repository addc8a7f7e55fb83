"""Evaluation for everybody: tables by area, organisation, channel, category, grid or month."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal
from zoneinfo import ZoneInfo

from cityloop.core import texts
from cityloop.core.errors import Refused
from cityloop.results.evaluation import facts
from cityloop.results.evaluation.indicators import RATES
from cityloop.results.evaluation.periods import Period

Basis = Literal["due", "reported", "closed"]
By = Literal["area", "organisation", "channel", "category", "grid", "month"]
LEVELS: dict[str, tuple[str, ...]] = {"organisation": ("department", "unit"), "category": ("minor", "major")}
"""Levels that a table can have, its own choice first; those of areas are the city's."""


@dataclass(frozen=True, slots=True)
class Row:
    """One group. `code` and `name` are empty for the cases that belong to none; a rate without data is None."""

    code: str
    name: str
    counts: dict[str, int]
    rates: dict[str, Fraction | None]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows by code, the cases that belong to no group last; `total` counts every case once."""

    period: Period
    basis: Basis
    by: By
    level: str
    at: datetime
    zone: ZoneInfo
    rows: tuple[Row, ...]
    total: Row


def evaluate(
    *, period: Period, basis: Basis, by: By, at: datetime, zone: ZoneInfo | str, level: str | None = None
) -> Table:
    """Counts and rates of a period as they stood at `at`: what had not happened by then does not count.

    `level`: any level of areas (the smallest division if None), department or unit, minor or major.
    A month is that of the instant by which the case belongs to the period, in the city's zone.
    Refused: level_unknown.
    """
    level, scheme = _level(by, level)
    grouping = facts.GROUPINGS[by, "" if by == "area" else level]
    zone = ZoneInfo(zone) if isinstance(zone, str) else zone
    lines = facts.sums(
        grouping,
        basis,
        {
            "at": at,
            "start": period.start,
            "end": period.end,
            "language": texts.spoken(),
            "zone": zone.key,
            "scheme": scheme,
            "level": level,
        },
    )
    rows = [_row(code, name, counts) for total, code, name, counts in lines if not total]
    (total,) = (_row(code, name, counts) for is_total, code, name, counts in lines if is_total)
    rows.sort(key=lambda row: (not row.code, row.code, row.name))
    return Table(period, basis, by, level, at, zone, tuple(rows), total)


def _row(code: str, name: str, counts: Mapping[str, int]) -> Row:
    kept = dict(counts)
    return Row(code, name, kept, {rate.key: rate.of(kept) for rate in RATES})


def _level(by: By, level: str | None) -> tuple[str, str]:
    """The level of the table and, for areas, its scheme."""
    if by == "area":
        levels = facts.area_levels()
        schemes = dict(levels)
        if not level:
            return levels[-1] if levels else ("", "")
    else:
        schemes = dict.fromkeys(LEVELS.get(by, ()), "")
        if not level:
            return next(iter(schemes), ""), ""
    if level not in schemes:
        raise Refused("level_unknown", level=level, known=", ".join(schemes) or "-")
    return level, schemes[level]
