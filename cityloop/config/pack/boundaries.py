"""Polygons of areas from GeoJSON, as WKB in degrees of WGS-84."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import shapely
import shapely.geometry

from cityloop.config.pack.ground import Boundary
from cityloop.core.problems import Problem

WGS84 = "EPSG:4326"


@dataclass(frozen=True, slots=True)
class Polygon:
    """One area as a boundary file has it; features with the same code are one."""

    code: str
    name: str
    parent: str
    shape: bytes


def read(path: Path, name: str, boundary: Boundary) -> tuple[dict[str, Polygon], list[Problem]]:
    """Polygons by code. Shapes that touch themselves are repaired; what cannot be read is a problem."""
    try:
        raw = path.read_bytes()
        data = json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
        features = data["features"]
        if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
            raise ValueError("no list of features")
    except FileNotFoundError:
        return {}, [Problem(name, 0, "", "file_missing")]
    except (OSError, EOFError, ValueError, KeyError, TypeError) as error:
        return {}, [Problem(name, 0, "", "geojson_unreadable", {"reason": error})]
    problems: list[Problem] = []
    parts: dict[str, list[Any]] = {}
    said: dict[str, tuple[str, str]] = {}
    for number, feature in enumerate(features, start=1):
        code, problem = _property(feature, boundary.code, number, name)
        if problem is None:
            shape = _shape(feature)
            if shape is None:
                problem = Problem(name, 0, "", "no_polygon", {"feature": number, "value": code})
            else:
                parts.setdefault(code, []).append(shape)
                said.setdefault(code, _words(feature, boundary))
        if problem:
            problems.append(problem)
    if problems:
        return {}, problems
    found = {}
    for code, shapes in parts.items():
        whole = _degrees(shapely.union_all(shapes), boundary.crs)
        if whole is None:
            return {}, [Problem(name, 0, "", "not_degrees")]
        found[code] = Polygon(code, *said[code], shapely.to_wkb(whole))
    return found, []


def text_of(value: object) -> str:
    """A GeoJSON property as a code: 301 and 301.0 are both `301`, nothing is empty."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()


def crs_known(crs: str) -> bool:
    try:
        pyproj.CRS(crs)
    except pyproj.exceptions.CRSError:
        return False
    return True


def _property(feature: dict[str, Any], key: str, number: int, name: str) -> tuple[str, Problem | None]:
    properties = feature.get("properties") or {}
    code = text_of(properties.get(key))
    if code:
        return code, None
    facts = {"feature": number, "value": key, "known": ", ".join(properties)}
    return "", Problem(name, 0, "", "property_missing", facts)


def _words(feature: dict[str, Any], boundary: Boundary) -> tuple[str, str]:
    properties = feature.get("properties") or {}
    name = text_of(properties.get(boundary.name)) if boundary.name else ""
    return name, text_of(properties.get(boundary.parent)) if boundary.parent else ""


def _shape(feature: dict[str, Any]) -> Any | None:
    try:
        shape = shapely.make_valid(shapely.geometry.shape(feature["geometry"]))
    except (KeyError, TypeError, ValueError, AttributeError, shapely.errors.ShapelyError):
        return None
    polygons = [part for part in shapely.get_parts(shape, return_index=False) if part.area > 0]
    return shapely.union_all(polygons) if polygons else None


def _degrees(shape: Any, crs: str) -> Any | None:
    if crs != WGS84:
        transformer = pyproj.Transformer.from_crs(crs, WGS84, always_xy=True)

        def transform(points: Any) -> Any:
            return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

        shape = shapely.transform(shape, transform)
    west, south, east, north = shapely.bounds(shape)
    inside = west >= -180 and east <= 180 and south >= -90 and north <= 90
    return shape if inside and np.isfinite([west, south, east, north]).all() else None
