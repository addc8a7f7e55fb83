"""A folder becomes a `Pack`, or a list of everything that is wrong with it.

packs/<key>/pack.yaml                       what `schema.PackFile` says
packs/<key>/<table>.csv                     what `schema.TABLES` says
packs/<key>/*.geojson[.gz]                  polygons named in pack.yaml
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from cityloop.config.pack import checks, like, seams, shapes
from cityloop.config.pack.draft import Draft, parents_first, usual_posts
from cityloop.config.pack.problems import PackErrors
from cityloop.config.pack.schema import (
    TABLES,
    AreaClassRow,
    AreaRow,
    City,
    GridRow,
    OrganisationRow,
    PackFile,
    PostRow,
)
from cityloop.core import nodes, sheets
from cityloop.core.problems import Problem
from cityloop.ground.registry.lines import LedgerLine
from cityloop.ground.standards.lines import CategoryLine, CrosswalkLine, DocumentLine, RuleLine

FILE = like.FILE


@dataclass(frozen=True)
class Pack:
    """A city that has been found sound. Parents stand before their children in every tree."""

    folder: Path
    file: PackFile
    areas: tuple[AreaRow, ...]
    area_classes: tuple[AreaClassRow, ...]
    grids: tuple[GridRow, ...]
    organisations: tuple[OrganisationRow, ...]
    posts: tuple[PostRow, ...]
    categories: tuple[CategoryLine, ...]
    """Of all schemes; those of the pack's own have an empty one."""
    documents: tuple[DocumentLine, ...]
    crosswalk: tuple[CrosswalkLine, ...]
    rules: tuple[RuleLine, ...]
    ledger: tuple[LedgerLine, ...]
    shapes: dict[tuple[str, str], bytes] = field(default_factory=dict, repr=False)
    """WKB by (scheme, code) of the area."""
    warnings: tuple[Problem, ...] = ()

    @property
    def city(self) -> City:
        return self.file.city

    @property
    def key(self) -> str:
        return self.file.city.key

    @cached_property
    def digest(self) -> str:
        """SHA-256 over all that the pack says, whatever its comments, spaces and order of columns."""
        content: dict[str, Any] = {"file": self.file.model_dump(mode="json")}
        for name in TABLES:
            content[name] = [row.model_dump(mode="json") for row in getattr(self, name)]
        content["shapes"] = {
            f"{scheme}:{code}": hashlib.sha256(shape).hexdigest()
            for (scheme, code), shape in sorted(self.shapes.items())
        }
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    @cached_property
    def _areas_by_code(self) -> dict[str, list[AreaRow]]:
        found: dict[str, list[AreaRow]] = {}
        for area in self.areas:
            found.setdefault(area.code, []).append(area)
            found.setdefault(area.ref, []).append(area)
        return found

    def area(self, ref: str) -> AreaRow:
        """The area that a cell names by `code` or `scheme:code`."""
        return self._areas_by_code[ref][0]


def folder_of(path: Path) -> Path:
    """A pack is named by its folder or by its pack.yaml."""
    folder = path.parent if path.name == FILE else path
    if not (folder / FILE).is_file():
        raise PackErrors([Problem(str(path), 0, "", "pack_missing")])
    return folder


def load_file(path: Path) -> PackFile:
    """pack.yaml alone, without its tables; raises PackErrors."""
    document, file, _ = _read_file(folder_of(path))
    if file is None:
        raise PackErrors(document.problems)
    return file


def load(path: Path) -> Pack:
    """The whole pack; raises PackErrors with all that is wrong with it, not only the first."""
    folder = folder_of(path)
    document, file, folders = _read_file(folder)
    paths = {name: folders.table(name) for name in TABLES}
    read = {name: sheets.read(paths[name], str(paths[name]), kind) for name, kind in TABLES.items()}
    if file is None:
        raise PackErrors([*document.problems, *_problems(read.values())])
    draft = Draft(folder, document, file, read)
    _require_tables(draft)
    _own_scheme(draft)
    shapes.join(draft)
    seams.draw(draft)
    checks.run(draft)
    seams.check(draft)
    problems = [*document.problems, *_problems(read.values())]
    if problems:
        raise PackErrors(problems)
    if not read["posts"].found:
        read["posts"].rows = usual_posts(draft)
    content: dict[str, Any] = {name: tuple(table.rows) for name, table in read.items()}
    for name in ("areas", "organisations", "categories"):
        content[name] = tuple(parents_first(content[name]))
    return Pack(folder, file, **content, shapes=draft.shapes, warnings=tuple(draft.warnings))


def _read_file(folder: Path) -> tuple[nodes.Document, PackFile | None, like.Folders]:
    document, folders = like.read(folder)
    return document, nodes.fit(document, PackFile), folders


def _own_scheme(draft: Draft) -> None:
    """The pack's own scheme is an empty one, whether its lines write it out or not."""
    own = draft.file.category_scheme
    for name, columns in (("categories", ("scheme",)), ("crosswalk", ("from_scheme", "to_scheme"))):
        table = draft.rows(name)
        table.rows = [
            row.model_copy(update={column: "" for column in columns if getattr(row, column) == own})
            for row in table.rows
        ]


def _problems(read: Iterable[sheets.Table[Any]]) -> list[Problem]:
    return [problem for table in read for problem in table.problems]


def _require_tables(draft: Draft) -> None:
    code = "table_missing_plain" if draft.file.history is None else "table_missing"
    for name in ("organisations", "categories"):
        if not draft.tables[name].found:
            draft.tables[name].refuse(0, "", code, path=draft.folder)
