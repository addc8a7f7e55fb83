"""The first draft of a pack's tables, read out of its history. After that they are plain rows to be edited.

`history.derive` of pack.yaml says what cannot be guessed. The same history gives the same files.
"""

import csv
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from cityloop.config.pack import shapes
from cityloop.config.pack.draft import Draft, parents_first
from cityloop.config.pack.history import history_of
from cityloop.config.pack.layout import Cells, lay_cells, most
from cityloop.config.pack.problems import PackErrors
from cityloop.config.pack.reading import FILE, folder_of, load_file
from cityloop.config.pack.schema import TABLES, AreaRow, GridRow, OrganisationRow, PackFile
from cityloop.config.pack.survey import Survey, survey
from cityloop.core import nodes, sheets
from cityloop.core.errors import Refused
from cityloop.core.problems import Problem
from cityloop.ground.places.locate import AreaMap
from cityloop.ground.places.locate import AreaRow as LocatedArea
from cityloop.ground.places.locate import GridRow as LocatedGrid
from cityloop.ground.standards.lines import CategoryLine
from cityloop.loop.history.normalise import keyed

BASIS = "derived from history"
Cell = str | float
Line = dict[str, Cell]
RowType = TypeVar("RowType")
COLUMNS: dict[str, tuple[str, ...]] = {
    "areas": ("level", "code", "name", "name_zh", "parent", "shape_key"),
    "grids": ("code", "area", "west", "south", "east", "north"),
    "organisations": ("code", "name", "name_zh", "kind", "parent", "key"),
    "categories": ("code", "name", "name_zh", "kind", "level", "parent", "key"),
    "ledger": ("code", "tier", "category", "area", "role", "organisation", "duty", "basis"),
}


def derive(
    pack_path: Path,
    history: Path | None = None,
    *,
    force: bool = False,
    progress: Callable[[int], object] = lambda rows: None,
    warn: Callable[[Problem], object] = lambda problem: None,
) -> list[Path]:
    """Write areas, grids, organisations, categories and ledger where missing; all of them by `force`.

    `history`: default is the file that the mapping names. `progress` is told how many rows were read since,
    `warn` what is left out.
    PackErrors, Unknown or Refused where the pack or the history does not allow it.
    """
    folder = folder_of(pack_path)
    draft = _draft(folder, force)
    mapping = draft.file.history
    if mapping is None:
        raise Refused("mapping_missing", path=str(folder / FILE))
    seen = survey(history or history_of(folder, mapping), mapping, folder, progress)
    written: list[Path] = []

    def table(name: str, kind: type[RowType], make: Callable[[], Iterable[Line]]) -> list[RowType]:
        """The rows of a table: as they stand, else made now."""
        if draft.rows(name).found or draft.rows(name).rows:
            return list(draft.rows(name).rows)
        lines = list(make())
        if lines:
            written.append(_write(folder / f"{name}.csv", COLUMNS[name], lines))
        return [kind(**line) for line in lines]

    areas = table("areas", AreaRow, lambda: _areas(draft.file, seen))
    grids = table("grids", GridRow, lambda: _grids(draft, areas, seen, warn))
    organisations = table("organisations", OrganisationRow, lambda: _organisations(draft.file, seen))
    categories = table("categories", CategoryLine, lambda: _categories(seen))
    if not draft.rows("ledger").found:
        lines = _ledger(seen, _map(draft, areas, grids), areas, organisations, categories)
        written.append(_write(folder / "ledger.csv", COLUMNS["ledger"], lines))
    return written


def _draft(folder: Path, force: bool) -> Draft:
    """pack.yaml and the tables that stand already; by force only those that are never derived."""
    file = load_file(folder)
    document = nodes.read(folder / FILE, FILE)
    nowhere = folder / "no such folder"
    read = {
        name: sheets.read((nowhere if force and name in COLUMNS else folder) / f"{name}.csv", name, kind)
        for name, kind in TABLES.items()
    }
    draft = Draft(folder, document, file, read)
    shapes.join(draft)
    if problems := [*document.problems, *(problem for one in read.values() for problem in one.problems)]:
        raise PackErrors(problems)
    return draft


def _write(path: Path, columns: Sequence[str], lines: Iterable[Line]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(lines)
    return path


# Areas


def _areas(file: PackFile, seen: Survey) -> Iterable[Line]:
    """The city, and below it one area for everything that the area column prints, with codes of one width."""
    city = file.city
    names_zh = {"name_zh": city.names.get("zh", "")}
    yield {"level": "city", "code": city.code, "name": city.name, "parent": "", "shape_key": "", **names_zh}
    printed = sorted(seen.areas)
    width = max((len(name) for name in printed), default=0)
    plain = all(name.isalnum() and name.isascii() for name in printed) and width <= 6
    for number, name in enumerate(printed, start=1):
        tail = name.upper().rjust(width, "0") if plain else str(number).zfill(len(str(len(printed))))
        yield {
            "level": seen.area_level,
            "code": city.code + tail,
            "name": most(seen.areas[name])[:120],
            "name_zh": "",
            "parent": city.code,
            "shape_key": name,
        }


# Grids


def _map(draft: Draft, areas: Sequence[AreaRow], grids: Sequence[GridRow] = ()) -> AreaMap:
    """Areas by their position in `areas`, with the polygons that the pack has."""
    codes = {row.code: number for number, row in enumerate(areas)}
    paths: dict[str, tuple[int, ...]] = {}
    for row in parents_first(areas):
        paths[row.code] = (*paths.get(row.parent, ()), codes[row.code])
    located = [
        LocatedArea(codes[row.code], row.code, row.level, paths[row.code], draft.shapes.get((row.scheme, row.code)))
        for row in areas
    ]
    boxes = [
        LocatedGrid(number, row.code, codes[row.area], row.west, row.south, row.east, row.north)
        for number, row in enumerate(grids)
        if row.area in codes
    ]
    return AreaMap(located, boxes)


def _grids(draft: Draft, areas: Sequence[AreaRow], seen: Survey, warn: Callable[[Problem], object]) -> Iterable[Line]:
    """Square cells over the cases that have a point; a cell in which no case has an area is left out.

    None at all where one area's code begins another's: a grid's code could not tell them apart.
    """
    known = _map(draft, areas)
    _, located = known.locate_many(seen.lons, seen.lats)
    printed = _printed(areas)
    here = [
        known.areas[area].code if area >= 0 else printed.get(name, "")
        for area, name in zip(located.tolist(), seen.printed_areas, strict=True)
    ]
    cells = lay_cells(seen.lons, seen.lats, here, draft.file.grid.size_m)
    if clash := _clash({area for area in cells.areas.values() if area}):
        warn(Problem(str(draft.folder / "grids.csv"), 0, "", "area_codes_clash", clash))
        return
    yield from _numbered(cells)


def _printed(areas: Sequence[AreaRow]) -> dict[str, str]:
    return keyed((row.code, row.shape_key) for row in areas)


def _clash(codes: set[str]) -> dict[str, object]:
    """Two codes of which one begins with the other, or nothing."""
    for one, other in pairwise(sorted(codes)):
        if other.startswith(one):
            return {"one": one, "other": other}
    return {}


def _numbered(cells: Cells) -> Iterable[Line]:
    """Codes run from west to east and then from north to south inside each area, in numbers of one width."""
    order = sorted(cells.areas, key=lambda cell: (cells.areas[cell], -cell[1], cell[0]))
    sizes = Counter(cells.areas.values())
    width = max(4, len(str(max(sizes.values(), default=0))))
    number: Counter[str] = Counter()
    for cell in order:
        area = cells.areas[cell]
        number[area] += 1
        west, south, east, north = cells.lattice.box(cell)
        code = f"{area}{number[area]:0{width}}"
        yield {"code": code, "area": area, "west": west, "south": south, "east": east, "north": north}


# Organisations and categories


def _organisations(file: PackFile, seen: Survey) -> Iterable[Line]:
    """The centre, the departments below it, and below these whoever the history names as handling."""
    centre = file.settings.centre
    yield _organisation(centre, f"{file.city.name} 311", "centre", "", "")
    departments = sorted(seen.departments)
    codes = {name: f"D{number:0{_width(departments)}}" for number, name in enumerate(departments, start=1)}
    for name, code in codes.items():
        key = "" if name in seen.organisations else name
        yield _organisation(code, most(seen.departments[name]), "department", centre, key)
    below: dict[str, list[str]] = {}
    for key, parents in sorted(seen.organisations.items()):
        below.setdefault(most(parents), []).append(key)
    for department, keys in sorted(below.items()):
        above = codes.get(department)
        for number, key in enumerate(keys, start=1):
            tail = f"{number:0{max(2, _width(keys))}}"
            code = f"{above}-{tail}" if above else f"H{tail}"
            kind = "unit" if above else "department"
            yield _organisation(code, most(seen.organisation_names[key]), kind, above or centre, key)


def _organisation(code: str, name: str, kind: str, parent: str, key: str) -> Line:
    return {"code": code, "name": name[:200], "name_zh": "", "kind": kind, "parent": parent, "key": key}


def _width(names: Sequence[str]) -> int:
    return max(2, len(str(len(names))))


def _categories(seen: Survey) -> Iterable[Line]:
    """Major categories, each followed by its minor ones; a history without majors has minor ones only."""
    below: dict[str, list[str]] = {}
    for key, majors in sorted(seen.categories.items()):
        below.setdefault(most(majors), []).append(key)
    width = max((_width(keys) for keys in below.values()), default=2)
    shared = {"name_zh": "", "kind": "event"}
    for number, (major, keys) in enumerate(sorted(below.items()), start=1):
        code = f"{number:0{_width(list(below))}}" if major else ""
        if major:
            yield {"code": code, "name": major[:200], "level": "major", "parent": "", "key": "", **shared}
        for below_number, key in enumerate(keys, start=1):
            yield {
                "code": f"{code}{below_number:0{width}}",
                "name": most(seen.category_names[key])[:200],
                "level": "minor",
                "parent": code,
                "key": key,
                **shared,
            }


# The ledger


def _ledger(
    seen: Survey,
    places: AreaMap,
    areas: Sequence[AreaRow],
    organisations: Sequence[OrganisationRow],
    categories: Sequence[CategoryLine],
) -> Iterable[Line]:
    """Who handled most cases of a category in the whole city, and where another did, of an area."""
    category_of = keyed((row.code, row.key) for row in categories if not row.scheme)
    organisation_of = keyed((row.code, row.key) for row in organisations)
    printed = _printed(areas)
    city: dict[str, Counter[str]] = {}
    local: dict[tuple[str, str], Counter[str]] = {}
    grids, located = places.locate_many(seen.case_lons, seen.case_lats)
    for (key, handler, name), grid, polygon in zip(seen.cases, grids.tolist(), located.tolist(), strict=True):
        category, organisation = category_of.get(key), organisation_of.get(handler)
        if category is None or organisation is None:
            continue
        city.setdefault(category, Counter())[organisation] += 1
        if area := places.area_of(grid, polygon, printed.get(name, "")):
            local.setdefault((category, area.code), Counter())[organisation] += 1
    for category in sorted(city):
        usual = most(city[category])
        yield _duty(category, "", usual)
        for (other, code), counts in sorted(local.items()):
            if other == category and most(counts) != usual:
                yield _duty(category, code, most(counts))


def _duty(category: str, area: str, organisation: str) -> Line:
    code = f"{category}-{area}" if area else category
    return {
        "code": code, "tier": "line", "category": category, "area": area, "role": "handler",
        "organisation": organisation, "duty": "handle", "basis": BASIS,
    }  # fmt: skip
