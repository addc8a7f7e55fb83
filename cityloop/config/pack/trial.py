"""A mapping tried on the first rows of its history, before anything is taken in. Whatever it finds is a warning."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from cityloop.config.pack.history import history_of, lines, mapping_of, normaliser
from cityloop.config.pack.problems import PackErrors
from cityloop.config.pack.reading import FILE, Pack
from cityloop.core import nodes
from cityloop.core.errors import CityloopError
from cityloop.core.nodes import Place
from cityloop.core.problems import Problem, near
from cityloop.core.texts import _
from cityloop.loop.history.instants import Unreadable, compile_instant
from cityloop.loop.history.mapping import Instant, Mapping, Value
from cityloop.loop.history.normalise import NEEDED
from cityloop.loop.history.points import Points
from cityloop.loop.history.rows import REASONS, Line, Raw, RowRejected

TRIED = 1000
"""Rows that are looked at."""
NEARLY_ALL = 0.9
FATES = ("missing", "unreadable", "default", "outside")


def try_out(pack: Pack, path: Path | None = None) -> list[Problem]:
    """Warnings about `path`, else about the pack's own history; none where the pack brings no history along.

    PackErrors where `history: file` names a file that is not there.
    """
    mapping = pack.file.history
    if mapping is None and path is None:
        return []
    mapping = mapping_of(pack)
    trial = _Trial(pack, mapping, path or history_of(pack.folder, mapping))
    if path is None and not trial.path.is_file():
        if mapping.file:
            raise PackErrors([trial.said(("file",), "history_missing", value=mapping.file)])
        return []
    try:
        return list(trial.warnings())
    except CityloopError as error:  # the file cannot be read, or a lookup
        return [Problem("", 0, "", error.code, error.facts)]


class _Trial:
    def __init__(self, pack: Pack, mapping: Mapping, path: Path) -> None:
        self.pack, self.mapping, self.path = pack, mapping, path
        self.document = nodes.read(pack.folder / FILE, str(pack.folder / FILE))

    def said(self, place: Place, code: str, **facts: object) -> Problem:
        """Something about a key of `history:`, at its line."""
        place = ("history", *place)
        return Problem(self.document.name, self.document.line(place), nodes.dotted(place), code, facts)

    def warnings(self) -> Iterator[Problem]:
        chunk = next(lines(self.pack, self.path), [])[:TRIED]
        raws = [raw for _line, raw in chunk if not isinstance(raw, RowRejected)]
        if not chunk:
            yield Problem(str(self.path), 0, "", "history_empty")
            return
        names = list(raws[0]) if raws else []
        if raws:
            yield from self._columns(names)
            yield from self._dates(raws)
            yield from self._places(raws)
        absent = self.mapping.absent(names)
        if not any(field in absent and not self.mapping.values()[field].default for field in NEEDED):
            yield from self._rejects(chunk)

    def _columns(self, names: Sequence[str]) -> Iterator[Problem]:
        """Columns that stand in the file under none of their names."""
        derive = self.mapping.derive
        values = self.mapping.mapped()
        values |= {
            f"derive.{name}": value
            for name in type(derive).model_fields
            if isinstance(value := getattr(derive, name), Value)
        }
        for field, value in values.items():
            for wanted in _alternatives(value):
                if wanted and not set(wanted) & set(names):
                    guess = next((found for one in wanted if (found := near(one, names))), "")
                    code = "history_column_near" if guess else "history_column"
                    yield self.said(tuple(field.split(".")), code, value=" / ".join(wanted), near=guess)

    def _dates(self, raws: Sequence[Raw]) -> Iterator[Problem]:
        """Dates of which most cannot be read."""
        zone = ZoneInfo(self.mapping.zone or self.pack.city.zone)
        for field, value in self.mapping.mapped().items():
            if not isinstance(value, Instant):
                continue
            read = compile_instant(value, zone, self.mapping.empty, self.pack.folder)
            readable, unreadable = 0, []
            for raw in raws:
                try:
                    readable += read(raw) is not None
                except Unreadable as error:
                    unreadable.append(error.args[0])
            if len(unreadable) > readable:
                yield self.said(
                    tuple(field.split(".")),
                    "history_dates",
                    count=len(unreadable),
                    all=readable + len(unreadable),
                    value=unreadable[0],
                    formats=", ".join(value.formats),
                )

    def _places(self, raws: Sequence[Raw]) -> Iterator[Problem]:
        """Points of which nearly none is a place."""
        place = self.mapping.place
        if place is None or any(field.startswith("place.") for field in self.mapping.absent(raws[0])):
            return
        points = Points(place, self.mapping.empty, self.pack.folder)
        printed = [points.read(raw) for raw in raws]
        fates = Counter(point.fact.removeprefix("place_") for point in printed if point.fact)
        known = [point for point in printed if not point.fact]
        inside = points.finish([point.x for point in known], [point.y for point in known])[2]
        fates["outside"] = len(known) - int(inside.sum())
        without = sum(fates.values())
        if without >= NEARLY_ALL * len(raws):
            counts = {fate: fates[fate] for fate in FATES}
            yield self.said(("place",), "history_places", count=without, all=len(raws), **counts)

    def _rejects(self, chunk: Sequence[Line]) -> Iterator[Problem]:
        """Rows that a replay would not take, by reason, each at the first of them."""
        since, zone = self.pack.file.valid_from, ZoneInfo(self.pack.city.zone)
        found: dict[tuple[str, str], list[tuple[int, str | None]]] = {}
        for row in normaliser(self.pack).chunk(chunk):
            if isinstance(row, RowRejected):
                found.setdefault((row.field, row.reason), []).append((row.line, row.value))
            elif (opened := row.opened_at.astimezone(zone)).date() < since:
                found.setdefault(("opened", "before_valid_from"), []).append((row.line, opened.isoformat()))
        for (field, reason), rows in found.items():
            line, value = rows[0]
            sentence = _(REASONS[reason]) + (f" ({value})" if value else "")
            facts = {"count": len(rows), "all": len(chunk), "reason": sentence}
            yield Problem(str(self.path), line, field, "history_rejects", facts)


def _alternatives(value: Value) -> Iterator[list[str]]:
    """For each column that a value reads: the names of which one should be there."""
    other = value.otherwise
    if value.column:
        yield [*value.column, *sorted(other.names() if other else ())]
    for part in value.columns:
        yield from _alternatives(part)
