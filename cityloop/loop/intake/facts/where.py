"""Where: the point's own grid and areas, else the area that the report names."""

from cityloop.ground.places.locate import NOWHERE, AreaMap, Place
from cityloop.loop.intake.report import FactValue, Report


def where(report: Report, located: Place, areas: AreaMap) -> tuple[Place, list[FactValue]]:
    """The place of a report, given where its point was located (NOWHERE for none)."""
    facts: list[FactValue] = []
    if report.area:
        facts.append(FactValue("area_printed", report.area, report.channel))
    if located.areas:
        return located, facts
    if located.lon is not None:
        facts.append(FactValue("place_outside", [located.lon, located.lat], "locate"))
    named = areas.named(report.area)
    if named:
        return Place(located.lon, located.lat, None, named, report.area), facts
    if located.lon is None:
        facts.append(FactValue("place_missing", report.address or None, report.channel))
    return (located if located.lon is not None else NOWHERE), facts
