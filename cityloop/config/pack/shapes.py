"""Areas get their polygons; a level that areas.csv does not list is made from its boundary file."""

from collections.abc import Sequence

from pydantic import ValidationError

from cityloop.config.pack import boundaries
from cityloop.config.pack.draft import Draft
from cityloop.config.pack.schema import AreaRow
from cityloop.core.problems import Problem, explain
from cityloop.loop.history.normalise import KEYS_APART


def join(draft: Draft) -> None:
    """Read every boundary file named in pack.yaml into `draft.shapes` and, where asked for, `areas`."""
    for level, boundary in draft.file.boundaries.items():
        place = ("boundaries", level)
        if not boundaries.crs_known(boundary.crs):
            draft.document.refuse((*place, "crs"), "crs_unknown", value=boundary.crs)
            continue
        path = draft.folder / boundary.file
        found, problems = boundaries.read(path, boundary.file, boundary)
        for problem in problems:
            field_name = "code" if problem.code == "property_missing" else "file"
            draft.document.refuse((*place, field_name), problem.code, **problem.facts)
        areas = draft.rows("areas")
        listed = [(line, area) for line, area in areas.numbered() if _is_in(area, level, boundary.scheme)]
        if listed:
            _match(draft, level, listed, found, str(path))
        else:
            for polygon in found.values():
                _make_area(draft, level, boundary.scheme, polygon)


def _is_in(area: AreaRow, level: str, scheme: str) -> bool:
    return area.level == level and area.scheme == scheme


def _match(
    draft: Draft,
    level: str,
    listed: Sequence[tuple[int, AreaRow]],
    found: dict[str, boundaries.Polygon],
    path: str,
) -> None:
    used = set()
    for line, area in listed:
        names = [*(part.strip() for part in area.shape_key.split(KEYS_APART)), area.code]
        if key := next((name for name in names if name in found), ""):
            used.add(key)
            draft.shapes[area.scheme, area.code] = found[key].shape
        elif area.shape_key and found:
            facts = {"value": area.shape_key, "path": path}
            draft.warnings.append(Problem(draft.rows("areas").name, line, "shape_key", "shape_missing", facts))
    for key in sorted(found.keys() - used):
        draft.warnings.append(Problem(path, 0, "", "shape_unused", {"value": key, "level": level}))


def _make_area(draft: Draft, level: str, scheme: str, polygon: boundaries.Polygon) -> None:
    areas = draft.rows("areas")
    others = [area for area in areas.rows if area.scheme == scheme and area.level != level]
    above = [area.code for area in others if polygon.code.startswith(area.code) and area.code != polygon.code]
    data = {
        "scheme": scheme,
        "level": level,
        "code": polygon.code,
        "name": (polygon.name or polygon.code)[:120],
        "parent": polygon.parent or max(above, key=len, default=""),
    }
    try:
        areas.rows.append(AreaRow.model_validate(data))
    except ValidationError as errors:
        for error in errors.errors():
            code, facts = explain(error, error["loc"], AreaRow)
            draft.document.refuse(("boundaries", level, "code"), code, **facts)
        return
    areas.lines.append(0)
    draft.shapes[scheme, polygon.code] = polygon.shape
