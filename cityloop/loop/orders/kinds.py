"""The kinds and levels of orders, and what the city's settings say of their numbers and limits. Pure."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from cityloop.core.texts import N_
from cityloop.core.units import LimitUnit
from cityloop.ground.standards.queries import LimitValue


class Kind(NamedTuple):
    """`about_work`: it is about the work of its target, and so about cases that the target handles."""

    key: str
    title: str
    prefix: str
    permission: str
    about_work: bool = False


KINDS: dict[str, Kind] = {
    kind.key: kind
    for kind in (
        Kind("reminder", N_("Reminder"), "R", "orders.remind", about_work=True),
        Kind("supervision", N_("Supervision order"), "S", "orders.issue", about_work=True),
        Kind("instruction", N_("Leader's instruction"), "I", "orders.instruct"),
        Kind("matter", N_("Conference matter"), "M", "orders.instruct"),
    )
}
LEVELS: dict[str, str] = {"ordinary": N_("ordinary"), "urgent": N_("urgent"), "pressing": N_("very urgent")}

SIGN, REPLY = "sign", "reply"


def prefix_of(kind: str, settings: Mapping[str, Any]) -> str:
    """What the numbers of a kind begin with: letters that no other kind has."""
    return str(settings.get("orders", {}).get(kind, {}).get("prefix") or KINDS[kind].prefix)


def limit_of(what: str, kind: str, level: str, settings: Mapping[str, Any]) -> LimitValue | None:
    """The limit for signing or replying (`SIGN`, `REPLY`): the level's own, else the kind's; None without one."""
    told = settings.get("orders", {}).get(kind, {})
    limit = told.get("levels", {}).get(level, {}).get(what) or told.get(what)
    if not limit:
        return None
    calendar = limit.get("calendar", "default")
    return LimitValue(what, "", Decimal(str(limit["value"])), LimitUnit(limit["unit"]), calendar)
