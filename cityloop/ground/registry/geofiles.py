"""Files of urban objects, read: GeoJSON, Shapefile, GeoPackage, CSV and XLSX.

The vector formats are read by GDAL (pyogrio). Attribute texts of a Shapefile are taken as bytes and decoded here:
what its .cpg says is honoured if it is true, else they are UTF-8 or GB18030.
"""

import io
import tempfile
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from shutil import copyfileobj
from typing import Any

import numpy as np
import pyogrio
import pyogrio.raw
import shapely
from numpy.typing import NDArray
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from cityloop.core.errors import Refused, Unknown
from cityloop.core.fields import clean
from cityloop.core.problems import Problem
from cityloop.ground.places.datums import Datum
from cityloop.ground.registry import geotexts
from cityloop.ground.registry.geoshapes import Shapes, Wrong, placed, projection
from cityloop.ground.registry.geotables import GeoTable, chosen, from_csv, from_workbook

KNOWN = "GeoJSON, Shapefile (.shp, .zip), GeoPackage (.gpkg), CSV, XLSX"
MOST_UNPACKED = 2_000_000_000
"""Bytes of a zipped Shapefile once unpacked."""
_PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_NEEDED = (".shx", ".dbf")
_EXACT = 2**53
"""Up to here a whole number survives as a float."""
_GDAL = (DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError)
_NO_TEXT = (b"\xd0\xcf\x11\xe0", b"%PDF", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\x89PNG", b"\xff\xd8\xff")


def read(
    path: Path, *, datum: Datum, encoding: str | None = None, layer: str | None = None, crs: str | None = None
) -> GeoTable:
    """The objects of a file; what kind it is, its content says.

    `datum`: of its coordinates, once they are degrees. `encoding`: of its texts, where the file does not say and it
    is neither UTF-8 nor GB18030. `layer`: of a GeoPackage, sheet of a workbook, or Shapefile in a .zip, where there
    are several. `crs`: such as EPSG:4549, for coordinates that are no degrees in a file that does not name their
    system; a file that does is believed.

    Unknown where there is no such file, Refused where it cannot be read at all. All else is in the answer's
    `problems`.
    """
    if not path.is_file():
        raise Unknown("file_missing", path=path)
    try:
        with path.open("rb") as file:
            head = file.read(64)
        table, own_crs = _read(path, head, encoding, layer)
    except (OSError, zipfile.BadZipFile, NotImplementedError, *_GDAL) as error:
        raise Refused("file_unreadable", path=path, reason=error) from error
    named = f"{path.name}[{table.layer}]" if table.layer and path.suffix.casefold() != ".shp" else path.name
    return _finished(table, named, own_crs, crs, datum)


def _read(path: Path, head: bytes, encoding: str | None, layer: str | None) -> tuple[GeoTable, str]:
    """The objects in the file's own coordinates, and the reference system that the file names."""
    if head.startswith(b"SQLite format 3\0"):
        layer = chosen(layer, [str(name) for name, _ in pyogrio.list_layers(path)], path)
        return _features(path, path.name, layer)
    if head.startswith(b"\x00\x00\x27\x0a"):
        return _shapefile(_beside(path), path.name, encoding, layer or path.stem)
    if head.startswith(b"PK\x03\x04"):
        return _packed(path, encoding, layer)
    if path.suffix.casefold() in (".shp", ".dbf", ".shx", ".gpkg", ".xlsx", ".zip") or head.startswith(_NO_TEXT):
        raise Refused("geofile_kind_unknown", path=path, known=KNOWN)
    text, found = geotexts.whole(path.read_bytes(), path, encoding)
    start = text.lstrip()[:1]
    if start == "{":
        table, crs = _features(io.BytesIO(text.encode()), path.name, None)
        return table._replace(encoding=found, layer=""), crs
    if start in ("<", "["):
        raise Refused("geofile_kind_unknown", path=path, known=KNOWN)
    return from_csv(text, path.name, path)._replace(encoding=found), ""


def _finished(table: GeoTable, name: str, own_crs: str, crs: str | None, datum: Datum) -> GeoTable:
    """In degrees of WGS-84, with what is wrong in the geometries and in the texts as a whole."""
    asked = projection(crs, asked=True) if crs else None
    transformer = projection(own_crs, asked=False) or asked
    shapes, wrong = placed(table.shapes, transformer, datum)
    named = {problem.line for problem in table.problems}
    without = [
        Wrong(int(position), "geometry_missing", {})
        for position in np.flatnonzero(shapely.is_missing(table.shapes))
        if table.lines[position] not in named
    ]
    if any(problem.code == "coordinates_missing" for problem in table.problems):
        without = []
    general = []
    outside = sum(one.code == "outside_world" for one in wrong)
    if transformer is None and 2 * outside > len(shapes):
        general.append(Problem(name, 0, "", "crs_unsaid"))
    general += _misread(table, name)
    found = [
        Problem(name, table.lines[one.position], "", one.code, one.facts)
        for one in sorted([*wrong, *without], key=lambda one: one.position)
    ]
    return table._replace(shapes=shapes, problems=[*general, *table.problems, *found])


def _misread(table: GeoTable, name: str) -> Iterator[Problem]:
    texts = [*table.columns, *(cell for row in table.rows for cell in row.values())]
    wrong = geotexts.misread(texts)
    if wrong and wrong.meant:
        facts = {"value": wrong.text[:40], "near": wrong.meant[:40], "encoding": wrong.encoding}
        yield Problem(name, 0, "", "text_misread", facts)
    elif wrong and all(problem.code != "text_undecodable" for problem in table.problems):
        yield Problem(name, 0, "", "text_lost", {"value": wrong.text[:40], "count": wrong.lost})


# Shapefiles: several files that belong together


def _beside(path: Path) -> dict[str, Path]:
    """The parts of a Shapefile by suffix, in whatever case their names are written."""
    return {
        other.suffix.casefold(): other
        for other in path.parent.iterdir()
        if other.stem == path.stem and other.suffix.casefold() in _PARTS
    } | {".shp": path}


def _packed(path: Path, encoding: str | None, layer: str | None) -> tuple[GeoTable, str]:
    """A workbook, or a Shapefile in a .zip."""
    with zipfile.ZipFile(path) as packed:
        if "[Content_Types].xml" in packed.namelist():
            return from_workbook(path.read_bytes(), path.name, path, layer), ""
        members = {_inner_name(member): member for member in packed.infolist()}
        kinds = {name: PurePosixPath(name) for name in members if not name.startswith("__MACOSX/")}
        stems = sorted({str(inner.with_suffix("")) for inner in kinds.values() if inner.suffix.casefold() == ".shp"})
        if not stems:
            raise Refused("geofile_kind_unknown", path=path, known=KNOWN)
        stem = chosen(layer, stems, path)
        if sum(member.file_size for member in members.values()) > MOST_UNPACKED:
            reason = Problem("", 0, "", "workbook_too_large", {"most": f"{MOST_UNPACKED // 10**6} MB"}).text()
            raise Refused("file_unreadable", path=path, reason=reason)
        with tempfile.TemporaryDirectory() as folder:
            parts: dict[str, Path] = {}
            for name, inner in kinds.items():
                suffix = inner.suffix.casefold()
                if str(inner.with_suffix("")) == stem and suffix in _PARTS:
                    parts[suffix] = Path(folder, f"layer{suffix}")
                    with packed.open(members[name]) as source, parts[suffix].open("wb") as target:
                        copyfileobj(source, target)
            return _shapefile(parts, f"{path.name}/{stem}", encoding, stem)


def _inner_name(member: zipfile.ZipInfo) -> str:
    """Windows in Chinese packs names in GBK, which the format takes for code page 437."""
    if member.flag_bits & 0x800:
        return member.filename
    raw = member.filename.encode("cp437", "ignore")
    return raw.decode(geotexts.detected([raw]), "replace")


def _shapefile(parts: dict[str, Path], name: str, encoding: str | None, layer: str) -> tuple[GeoTable, str]:
    for suffix in _NEEDED:
        if suffix not in parts:
            raise Refused("geofile_part_missing", path=Path(name).with_suffix(suffix))
    table, crs = _features(parts[".shp"], name, None, encoding="ISO-8859-1")
    cells = [*table.columns, *(cell for row in table.rows for cell in row.values())]
    raw = [cell.encode("latin-1") for cell in dict.fromkeys(cells) if not cell.isascii()]
    named = geotexts.codec(encoding) if encoding else _said(parts.get(".cpg"), raw)
    codec = named or geotexts.detected(raw)
    problems = list(table.problems)

    def text(cell: str, line: int, column: str) -> str:
        try:
            return cell if cell.isascii() else clean(geotexts.decoded(cell.encode("latin-1"), codec))
        except UnicodeDecodeError:
            shown = cell.encode("latin-1").decode(codec, "replace")
            facts = {"encoding": geotexts.TITLES.get(codec, codec), "value": shown[:40]}
            problems.append(Problem(name, line, column, "text_undecodable", facts))
            return clean(shown)

    called = {column: text(column, 0, "") for column in table.columns}
    rows = [
        {called[column]: text(cell, line, called[column]) for column, cell in row.items()}
        for line, row in zip(table.lines, table.rows, strict=True)
    ]
    found = table._replace(columns=list(called.values()), rows=rows, problems=problems)
    return found._replace(encoding=codec, layer=layer), crs


def _said(cpg: Path | None, texts: Sequence[bytes]) -> str:
    """The codec that a .cpg file names, where there is one that reads all of the texts; else empty."""
    if cpg is None:
        return ""
    try:
        found = geotexts.codec(cpg.read_text("ascii", "replace"))
        for raw in texts:
            geotexts.decoded(raw, found)
    except (Refused, UnicodeDecodeError):
        return ""
    return found


# What GDAL reads


def _features(
    source: Path | io.BytesIO, name: str, layer: str | None, encoding: str | None = None
) -> tuple[GeoTable, str]:
    said, ids, drawn, values = _raw(source, layer, encoding, None, None)
    columns = [str(column) for column in said["fields"]]
    count = len(ids)
    blobs = np.full(count, None, object) if drawn is None else drawn
    shapes: Shapes = shapely.from_wkb(blobs, on_invalid="ignore")
    cells = []
    for column, kind, subtype, found in zip(columns, said["dtypes"], said["ogr_subtypes"], values, strict=True):
        whole = str(kind).startswith(("int", "uint"))
        if whole and found.dtype.kind == "f" and np.nanmax(np.abs(found), initial=0) >= _EXACT:
            cells.append(_exact(source, layer, encoding, column, ids.tolist()))
        else:
            cells.append(_texts(found, subtype == "OFSTBoolean"))
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*cells, strict=True)] if cells else [{}] * count
    broken = np.flatnonzero(shapely.is_missing(shapes) & np.array([blob is not None for blob in blobs], bool))
    problems = [Problem(name, int(position) + 1, "", "geometry_unreadable") for position in broken]
    table = GeoTable(columns, rows, shapes, list(range(1, count + 1)), problems, layer=layer or "")
    return table, str(said["crs"] or "")


def _raw(
    source: Path | io.BytesIO, layer: str | None, encoding: str | None, columns: list[str] | None, where: str | None
) -> tuple[dict[str, Any], Any, NDArray[np.object_] | None, list[NDArray[Any]]]:
    """What GDAL warns of on the way is said again by us, line by line."""
    if isinstance(source, io.BytesIO):
        source.seek(0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found: tuple[dict[str, Any], Any, NDArray[np.object_] | None, list[NDArray[Any]]] = pyogrio.raw.read(
            source,
            layer=layer or None,
            encoding=encoding,
            columns=columns,
            where=where,
            read_geometry=where is None,
            force_2d=True,
            return_fids=True,
            datetime_as_string=True,
        )
    return found


def _exact(
    source: Path | io.BytesIO, layer: str | None, encoding: str | None, column: str, features: Sequence[int]
) -> list[str]:
    """A column of long whole numbers that has gaps: read whole they come as floats, which hold 16 digits only."""
    escaped = column.replace('"', '\\"')
    _, ids, _, (values,) = _raw(source, layer, encoding, [column], f'"{escaped}" IS NOT NULL')
    texts = dict(zip(ids.tolist(), map(str, values.tolist()), strict=True))
    return [texts.get(feature, "") for feature in features]


def _texts(values: NDArray[Any], boolean: bool) -> list[str]:
    if boolean or values.dtype.kind == "b":
        return ["" if np.isnan(value) else "yes" if value else "no" for value in values]
    if values.dtype.kind == "f":
        return ["" if np.isnan(value) else np.format_float_positional(value, trim="-") for value in values]
    if values.dtype.kind in "iu":
        return [str(value) for value in values.tolist()]
    if values.dtype.kind == "M":
        return ["" if np.isnat(value) else str(value) for value in values]
    return [_text(value) for value in values.tolist()]


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return "" if value is None else clean(str(value))
