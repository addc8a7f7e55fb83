"""Where: the point's own grid and areas, else the area that the report names."""

from cityloop.ground.places.locate import AreaMap, Place
from cityloop.loop.intake.report import FactValue, Report


def where(report: Report, located: Place, areas: AreaMap) -> list[FactValue]:
    """What there is to say about a report's place, once it was `located` with the area that the report names."""
    facts = []
    if report.area:
        told = (
            {"code": report.area} if located.lon is None else {"code": report.area, "located": located.located or None}
        )
        facts.append(FactValue("area_printed", told, report.channel))
    if located.lon is None:
        facts.append(FactValue("place_missing", report.address or None, report.channel))
    elif not located.located and areas.has_shapes:
        facts.append(FactValue("place_outside", [located.lon, located.lat], "locate"))
    return facts
