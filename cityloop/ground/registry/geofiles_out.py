"""Files of urban objects, written: GeoJSON, Shapefile, GeoPackage, CSV and XLSX, in the datum that is wanted."""

import csv
import io
import tempfile
import warnings
import zipfile
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyogrio.raw
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataSourceError, FeatureError, FieldError, GeometryError

from cityloop.core import workbooks
from cityloop.core.errors import Refused
from cityloop.core.fields import clean
from cityloop.core.problems import Problem
from cityloop.ground.places.datums import Datum
from cityloop.ground.registry.geofiles import KNOWN
from cityloop.ground.registry.geoshapes import Shapes, in_datum
from cityloop.ground.registry.geotables import RESERVED, quoted

Cell = str | int | float | None
DECIMALS = 9
"""Of a degree: a tenth of a millimetre."""
MOST_CELL = 32_767
"""Characters in a cell of a workbook."""
MOST_NAME, MOST_TEXT = 10, 254
"""Bytes of a column's name and of a text in a Shapefile."""
_CRS = {Datum.WGS84: "EPSG:4326", Datum.CGCS2000: "EPSG:4490"}
_DRIVERS = {".geojson": "GeoJSON", ".json": "GeoJSON", ".shp": "ESRI Shapefile", ".gpkg": "GPKG"}
_KINDS = {0: "Point", 4: "MultiPoint", 1: "LineString", 5: "LineString", 3: "Polygon", 6: "Polygon"}
_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".qix", ".sbn", ".sbx")
_WRITING = (DataSourceError, FeatureError, FieldError, GeometryError, OSError)


class Written(NamedTuple):
    """`columns`: what each column is called in the file. `notes`: what the file could not hold as it was, by line."""

    columns: dict[str, str]
    notes: list[Problem]


def write(
    path: Path,
    columns: Sequence[str],
    rows: Sequence[Mapping[str, Cell]],
    shapes: Shapes,
    *,
    datum: Datum = Datum.WGS84,
    layer: str = "objects",
) -> Written:
    """Objects into a file of the kind that the suffix names: .geojson, .shp, .zip (a Shapefile), .gpkg, .csv, .xlsx.

    `shapes`: in degrees of WGS-84, or None, one for each row; written in `datum`. GCJ-02 and BD-09 have no name that
    a file could bear, so such a file names no reference system. What stands there already is replaced. Texts stay
    texts, also where they look like formulas; columns that hold numbers only are numbers.

    Refused where the suffix is unknown, the place cannot be written, or the file cannot hold the geometries.
    """
    kind = path.suffix.casefold()
    shapes = in_datum(shapes, datum)
    cells = {column: [_cleaned(row.get(column)) for row in rows] for column in columns}
    try:
        if kind in (".csv", ".xlsx"):
            return _table(path, cells, shapes, layer)
        if kind == ".zip":
            return _zipped(path, cells, shapes, datum, layer)
        if kind in _DRIVERS:
            return _vector(path, cells, shapes, datum, layer)
    except _WRITING as error:
        raise Refused("file_unwritable", path=path, reason=error) from error
    raise Refused("geofile_kind_unknown", path=path, known=KNOWN)


def _cleaned(cell: Cell) -> Cell:
    return clean(cell) if isinstance(cell, str) else cell


# Tables


def _table(path: Path, cells: Mapping[str, Sequence[Cell]], shapes: Shapes, layer: str) -> Written:
    points = bool(np.isin(shapely.get_type_id(shapes), (-1, 0)).all()) and not shapely.is_empty(shapes).any()
    places = ["lon", "lat"] if points else ["wkt"]
    called, notes = _called(cells, path.name, taken=RESERVED)
    drawn: list[Sequence[Cell]] = [_wkt(shapes)]
    if points:
        numbers = np.round(np.column_stack([shapely.get_x(shapes), shapely.get_y(shapes)]), DECIMALS)
        drawn = [[None if np.isnan(value) else value for value in column] for column in numbers.T.tolist()]
    heading = [*called.values(), *places]
    lines = [["" if cell is None else cell for cell in line] for line in zip(*cells.values(), *drawn, strict=True)]
    if path.suffix.casefold() == ".csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerows(
            [quoted(cell) if isinstance(cell, str) else cell for cell in line] for line in [heading, *lines]
        )
        path.write_text(out.getvalue(), encoding="utf-8-sig")  # the mark lets Excel read Chinese
        return Written(called, notes)
    for number, line in enumerate(lines, start=2):
        for position, cell in enumerate(line):
            if isinstance(cell, str) and len(cell) > MOST_CELL:
                if heading[position] in places:
                    raise Refused("geofile_too_long", line=number)
                line[position] = cell[:MOST_CELL]
                notes.append(Problem(path.name, number, heading[position], "text_shortened", {"most": MOST_CELL}))
    path.write_bytes(workbooks.write({layer: [heading, *lines]}))
    return Written(called, notes)


def _wkt(shapes: Shapes) -> list[Cell]:
    texts: list[Cell] = shapely.to_wkt(shapes, rounding_precision=DECIMALS).tolist()
    return texts


# What GDAL writes


def _vector(path: Path, cells: Mapping[str, Sequence[Cell]], shapes: Shapes, datum: Datum, layer: str) -> Written:
    driver = _DRIVERS[path.suffix.casefold()]
    options: dict[str, object] = {}
    called, notes = _called(cells, path.name)
    geometry = "Unknown"
    for other in [path] if driver != "ESRI Shapefile" else [path.with_suffix(end) for end in _SHAPEFILE]:
        other.unlink(missing_ok=True)
    if driver == "ESRI Shapefile":
        called, notes = _called(cells, path.name, most=MOST_NAME)
        cells = _short_texts(cells, path.name, notes)
        geometry, shapes = _one_kind(shapes)
    elif driver == "GPKG":
        options = {"FID": _free("fid", called.values()), "GEOMETRY_NAME": _free("geom", called.values())}
    else:
        options = {"COORDINATE_PRECISION": DECIMALS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # that GCJ-02 has no reference system
        pyogrio.raw.write(
            path,
            geometry=shapely.to_wkb(shapes),
            field_data=[_column(column) for column in cells.values()],
            fields=list(called.values()),
            driver=driver,
            layer=layer if driver == "GPKG" else None,
            geometry_type=geometry,
            crs=_crs(datum, driver),
            encoding="UTF-8" if driver == "ESRI Shapefile" else None,
            layer_options=options,
        )
    return Written(called, notes)


def _crs(datum: Datum, driver: str) -> str | None:
    """GeoJSON knows one reference system and does not name it."""
    return "EPSG:4326" if driver == "GeoJSON" else _CRS.get(datum)


def _zipped(path: Path, cells: Mapping[str, Sequence[Cell]], shapes: Shapes, datum: Datum, layer: str) -> Written:
    with tempfile.TemporaryDirectory() as folder:
        written = _vector(Path(folder, "layer.shp"), cells, shapes, datum, layer)
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
            for part in sorted(Path(folder).iterdir()):
                packed.write(part, f"{path.stem}{part.suffix}")
    return written._replace(
        notes=[Problem(path.name, note.line, note.field, note.code, note.facts) for note in written.notes]
    )


def _column(cells: Sequence[Cell]) -> NDArray[Any]:
    """Numbers where all cells are (a gap among whole numbers makes them texts, for floats would cut them short)."""
    kinds = {type(cell) for cell in cells}
    if kinds and kinds <= {int, float, type(None)} and kinds & {int, float}:
        if kinds == {int}:
            return np.array(cells, np.int64)
        if int not in kinds:
            return np.array(cells, np.float64)
    return np.array([None if cell is None else str(cell) for cell in cells], object)


def _one_kind(shapes: Shapes) -> tuple[str, Shapes]:
    """The one kind of geometry that a Shapefile can hold; one point beside several becomes several."""
    ids = {int(one) for one in np.unique(shapely.get_type_id(shapes))} - {-1}
    kinds = {_KINDS.get(one, "GeometryCollection") for one in ids}
    if kinds == {"Point", "MultiPoint"}:
        single = shapely.get_type_id(shapes) == 0
        shapes = shapes.copy()
        shapes[single] = [shapely.MultiPoint([point]) for point in shapes[single]]
        kinds = {"MultiPoint"}
    if len(kinds) > 1 or "GeometryCollection" in kinds:
        raise Refused("geofile_kinds_mixed", kinds=", ".join(sorted(kinds)))
    return (kinds or {"Point"}).pop(), shapes


def _short_texts(cells: Mapping[str, Sequence[Cell]], name: str, notes: list[Problem]) -> dict[str, Sequence[Cell]]:
    found: dict[str, Sequence[Cell]] = {}
    for column, values in cells.items():
        cut = [_cut(value, MOST_TEXT) if isinstance(value, str) else value for value in values]
        found[column] = cut
        notes += [
            Problem(name, number, column, "text_shortened", {"most": MOST_TEXT})
            for number, (before, after) in enumerate(zip(values, cut, strict=True), start=1)
            if before != after
        ]
    return found


def _cut(text: str, most: int) -> str:
    """The first `most` bytes in UTF-8, in whole characters."""
    return text.encode()[:most].decode(errors="ignore")


def _called(
    columns: Collection[str], name: str, *, most: int = 200, taken: Collection[str] = ()
) -> tuple[dict[str, str], list[Problem]]:
    """What each column is called: distinct in whatever case, at most so many bytes, and none of those taken."""
    called: dict[str, str] = {}
    notes = []
    for column in columns:
        called[column] = _free(_cut(column, most), [*taken, *called.values()], most)
        if called[column] != column:
            notes.append(Problem(name, 0, column, "column_renamed", {"value": called[column]}))
    return called, notes


def _free(wanted: str, taken: Collection[str], most: int = 200) -> str:
    """The name, with a number where it is taken."""
    used = {other.casefold() for other in taken}
    free, number = wanted, 2
    while free.casefold() in used:
        tail = f"_{number}"
        free, number = _cut(wanted, most - len(tail)) + tail, number + 1
    return free
