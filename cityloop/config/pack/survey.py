"""One pass over a history that only looks: what it names, how often, and where."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cityloop.loop.history.mapping import Mapping, Value
from cityloop.loop.history.points import Points
from cityloop.loop.history.reading import rows
from cityloop.loop.history.rows import Raw, RowRejected
from cityloop.loop.history.values import Reader, compile_value

Names = dict[str, Counter[str]]
"""What is printed, with the names or parents that were seen beside it."""
Floats = NDArray[np.float64]


@dataclass
class Survey:
    """Everything as printed. `cases`: (category key, organisation key, area) of every row, in file order."""

    area_level: str
    categories: Names = field(default_factory=dict)
    """Key of a category to its major."""
    category_names: Names = field(default_factory=dict)
    organisations: Names = field(default_factory=dict)
    """Key of an organisation to its department."""
    organisation_names: Names = field(default_factory=dict)
    departments: Names = field(default_factory=dict)
    areas: Names = field(default_factory=dict)
    cases: list[tuple[str, str, str]] = field(default_factory=list)
    case_lons: Floats = field(default_factory=lambda: np.empty(0))
    """WGS-84 degrees of every case; NaN where it has no place."""
    case_lats: Floats = field(default_factory=lambda: np.empty(0))

    @property
    def has_point(self) -> NDArray[np.bool_]:
        return np.isfinite(self.case_lons)

    @property
    def lons(self) -> Floats:
        return self.case_lons[self.has_point]

    @property
    def lats(self) -> Floats:
        return self.case_lats[self.has_point]

    @property
    def printed_areas(self) -> list[str]:
        """What the cases with a point print as their area, in the order of `lons`."""
        return [case[2] for case, has in zip(self.cases, self.has_point.tolist(), strict=True) if has]


def survey(path: Path, mapping: Mapping, folder: Path, progress: Callable[[int], object]) -> Survey:
    """Read the whole history. Unknown or Refused when the file cannot be read."""
    seen = Survey(mapping.derive.area_level)
    note = _noter(mapping, folder, seen)
    points = Points(mapping.place, mapping.empty, folder) if mapping.place else None
    xs: list[float] = []
    ys: list[float] = []
    for chunk in rows(path, encodings=mapping.encoding, delimiter=mapping.delimiter):
        for _line, raw in chunk:
            if isinstance(raw, RowRejected):
                continue
            note(raw)
            point = points.read(raw) if points else None
            known = point is not None and not point.fact
            xs.append(point.x if point and known else np.nan)
            ys.append(point.y if point and known else np.nan)
        progress(len(chunk))
    seen.case_lons, seen.case_lats = np.array(xs), np.array(ys)
    if points:
        lons, lats, inside = points.finish(xs, ys)
        seen.case_lons, seen.case_lats = np.where(inside, lons, np.nan), np.where(inside, lats, np.nan)
    return seen


def _noter(mapping: Mapping, folder: Path, seen: Survey) -> Callable[[Raw], None]:
    def text(value: Value | None) -> Callable[[Raw], str]:
        reader: Reader = compile_value(value, mapping.empty, folder) if value else lambda _raw: None
        return lambda raw: reader(raw) or ""

    derive, parts = mapping.derive, mapping.category.columns
    category, major = text(mapping.category), text(derive.major or (parts[0] if len(parts) > 1 else None))
    category_name = text(derive.category_name or (parts[-1] if parts else None))
    organisation, department = text(mapping.organisation), text(derive.department)
    organisation_name, department_name = text(derive.organisation_name), text(derive.department_name)
    area, area_name = text(mapping.area), text(derive.area_name)

    def count(names: Names, key: str, beside: str) -> None:
        if key:
            names.setdefault(key, Counter())[beside] += 1

    def note(raw: Raw) -> None:
        key, handler, above, place = category(raw), organisation(raw), department(raw), area(raw)
        seen.cases.append((key, handler, place))
        count(seen.categories, key, major(raw))
        count(seen.category_names, key, category_name(raw) or key)
        count(seen.organisations, handler, above)
        count(seen.organisation_names, handler, organisation_name(raw) or handler)
        count(seen.departments, above, department_name(raw) or above)
        count(seen.areas, place, area_name(raw) or place)

    return note
