"""A line of the ledger as people write it, in a table or in a form."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import Annotated, Any, ClassVar, Literal, Self

import shapely
from pydantic import AfterValidator, Field, model_validator

from cityloop.core.fields import HoursCell, OptionalDay, Ref, Row, empty_means, refusal
from cityloop.core.hours import read_hours, spans, written
from cityloop.ground.registry.drawn import read_drawn
from cityloop.ground.registry.duties import DutyData, PartyData


def _drawn(text: str) -> str:
    read_drawn(text)
    return text


class LedgerLine(Row):
    """ledger.csv: one party of one duty. Lines of the same code and `valid_from` are parties of one duty.

    `road` and `object` are codes of objects, which come later than the pack; `drawn`: WKT; `until`: of a contract.
    """

    prose = frozenset({"basis", "person"})
    of_party: ClassVar[frozenset[str]] = frozenset({"role", "organisation", "lot", "until", "person"})

    code: Annotated[str, Field(min_length=1, max_length=80)]
    tier: Annotated[Literal["owner", "contract", "line", "territory"], empty_means("line")] = "line"
    category: Ref = ""
    situation: Annotated[str, Field(max_length=60)] = ""
    area: Ref = ""
    area_class: Annotated[str, Field(max_length=20)] = ""
    grid: Ref = ""
    road: Annotated[str, Field(max_length=40)] = ""
    drawn: Annotated[str, AfterValidator(_drawn)] = ""
    object: Annotated[str, Field(max_length=40)] = ""
    phase: Annotated[str, Field(max_length=20)] = ""
    stratum: Literal["", "on", "under", "above"] = ""
    hours: HoursCell = ""
    role: Annotated[
        Literal[
            "handler", "lead", "assist", "owner", "contractor", "territory", "line_authority", "supervising",
            "leader", "chief",
        ],
        empty_means("handler"),
    ] = "handler"  # fmt: skip
    organisation: Annotated[str, Field(min_length=1)]
    lot: Annotated[str, Field(max_length=40)] = ""
    until: OptionalDay = None
    person: Annotated[str, Field(max_length=100)] = ""
    duty: Annotated[str, empty_means("handle"), Field(max_length=30)] = "handle"
    basis: Annotated[str, Field(max_length=200)] = ""
    valid_from: OptionalDay = None
    valid_to: OptionalDay = None

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.valid_from and self.valid_to and self.valid_from >= self.valid_to:
            raise refusal("dates_backwards", start=self.valid_from, end=self.valid_to)
        return self


def duty_from(lines: Sequence[LedgerLine], begins: date, area: Callable[[str], str] = str) -> DutyData:
    """The duty of lines that are its parties; `begins`: where they do not say; `area` writes an area out in full."""
    line = lines[0]
    parties = [PartyData(one.role, one.organisation, one.lot, one.until, one.person) for one in lines]
    return DutyData(
        code=line.code,
        tier=line.tier,
        category=line.category,
        situation=line.situation,
        area=area(line.area) if line.area else "",
        area_class=line.area_class,
        grid=line.grid,
        road_section=line.road,
        drawn_area=read_drawn(line.drawn),
        object_code=line.object,
        object_phase=line.phase,
        stratum=line.stratum,
        duty=line.duty,
        weekly_hours=read_hours(line.hours),
        basis=line.basis,
        valid_from=line.valid_from or begins,
        valid_to=line.valid_to,
        parties=tuple(sorted(parties, key=lambda one: one[:2])),
    )


def as_json(duty: DutyData) -> dict[str, Any]:
    """A duty as a form has it: the columns of a line, its parties as a list; without the day it begins on."""
    drawn = "" if duty.drawn_area is None else shapely.to_wkt(shapely.from_wkb(duty.drawn_area), rounding_precision=-1)
    return {
        "code": duty.code,
        "tier": duty.tier,
        "category": duty.category,
        "situation": duty.situation,
        "area": duty.area,
        "area_class": duty.area_class,
        "grid": duty.grid,
        "road": duty.road_section,
        "drawn": drawn,
        "object": duty.object_code,
        "phase": duty.object_phase,
        "stratum": duty.stratum,
        "hours": written(spans(duty.weekly_hours)) if duty.weekly_hours else "",
        "duty": duty.duty,
        "basis": duty.basis,
        "valid_to": duty.valid_to.isoformat() if duty.valid_to else None,
        "parties": [
            party._asdict() | {"until": party.until.isoformat() if party.until else None} for party in duty.parties
        ],
    }


def cells_of(told: dict[str, Any], begins: date) -> Iterable[dict[str, str]]:
    """The cells of the lines that say the same, from a day on."""
    shared = {name: value or "" for name, value in told.items() if name != "parties"}
    shared["valid_from"] = begins.isoformat()
    for party in told["parties"]:
        yield shared | {name: value or "" for name, value in party.items()}
