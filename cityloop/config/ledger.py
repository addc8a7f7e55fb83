"""What the verbs of the ledger do, once the database is there, and how they show it."""

from datetime import date, datetime, time
from typing import Any

import orjson
from rich.table import Table

from cityloop.config.commands import OUT
from cityloop.core import clock, texts
from cityloop.core.errors import Refused
from cityloop.core.texts import _
from cityloop.ground.places.city import CityValue, city
from cityloop.ground.registry import records
from cityloop.ground.registry.findings import Kind
from cityloop.ground.registry.ledger_api import Asked, titled, who_answers
from cityloop.ground.registry.queries import ledger_of
from cityloop.ground.registry.soundness import dangling
from cityloop.ground.registry.worklist import ending, worklist
from cityloop.loop.dispatch.gaps import told

STRATA = ("on", "under", "above")


def who(category: str, at: str | None, *, json: bool, **where: Any) -> None:
    """Who answers, by which duties, and why the others do not."""
    here = city()
    if where["stratum"] not in STRATA:
        raise Refused("fact_wrong", fact="--stratum", value=where["stratum"])
    found = who_answers(here, Asked(category=category, **where), _instant(here, at))
    if json:
        _write(found)
        return
    for name, title in (("handler", _("handling unit")), ("interim", _("acts until it is settled"))):
        if found[name]:
            OUT.print(f"{title}: {found[name]['code']} {found[name]['name']}", markup=False, highlight=False)
    OUT.print(found["finding_title"], markup=False)
    table = Table(_("Duty"), _("Tier"), _("Organisation"), _("Why not"))
    for row, why in [*((row, "") for row in found["rows"]), *((one["row"], one["why_title"]) for one in found["lost"])]:
        table.add_row(row["code"], row["tier_title"], _who(row), why)
    OUT.print(table)


def gaps(on: str | None, kind: str, *, json: bool) -> None:
    """The worklist of a day."""
    here = city()
    if kind and kind not in list(Kind):
        raise Refused("fact_wrong", fact="--kind", value=kind)
    found = worklist(here, datetime.combine(_day(here, on), time(12), here.zone))
    numbered = [(number, gap) for number, gap in enumerate(found.gaps, start=1) if kind in ("", gap.kind)]
    rows = told(numbered, found.terrain, here.revision, geometry=json)
    if json:
        _write(rows)
        return
    table = Table("", _("Kind"), _("Area"), _("Categories"), _("Duties"), _("What"), "m2", _("Cases"))
    for row in rows:
        what = " ".join(filter(None, (row["object"], row["stratum"], row["phase"], row["hours"], row["why"])))
        categories = ", ".join(one["code"] for one in row["categories"][:5])
        more = f" +{len(row['categories']) - 5}" if len(row["categories"]) > 5 else ""
        area = f"{row['area']['code']} {row['area']['name']}" if row["area"] else ""
        table.add_row(
            str(row["number"]), row["kind_title"], area, categories + more, ", ".join(row["rows"]), what,
            f"{row['area_m2']:,.0f}", str(row["cases"]),
        )  # fmt: skip
    OUT.print(table)


def contracts(on: str | None, days: int, *, json: bool) -> None:
    here = city()
    found = ending(ledger_of(here.revision), _day(here, on), days)
    known = records.by_id([duty.id for duty, _ends, _followed in found], texts.spoken())
    titled([*known.values()])
    if json:
        _write([{"ends": ends, "followed": followed, "row": known[duty.id]} for duty, ends, followed in found])
        return
    table = Table(_("Duty"), _("Ends"), _("Organisation"), _("Goes on"))
    for duty, ends, followed in found:
        table.add_row(duty.code, ends.isoformat(), _who(known[duty.id]), _("yes") if followed else _("no"))
    OUT.print(table)


def check(on: str | None, *, json: bool) -> int:
    """How many things the ledger names that are not there."""
    found = dangling(_day(city(), on))
    if json:
        _write([{"duty": one.file, "field": one.field, "code": one.code, "text": one.text()} for one in found])
    else:
        for one in found:
            OUT.print(str(one), markup=False, highlight=False)
        if not found:
            OUT.print(_("All that the ledger names is there."))
    return len(found)


def _who(row: dict[str, Any]) -> str:
    return ", ".join(f"{party['role_title']}: {party['name']}" for party in row["parties"])


def _write(found: Any) -> None:
    OUT.print(orjson.dumps(found).decode(), markup=False, highlight=False)


def _day(here: CityValue, text: str | None) -> date:
    if text is None:
        return here.day(clock.now())
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Refused("fact_wrong", fact="--on", value=text) from error


def _instant(here: CityValue, text: str | None) -> datetime:
    if text is None:
        return clock.now()
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused("instant_unreadable", text=text) from error
    return found if found.tzinfo else found.replace(tzinfo=here.zone)
