"""A pack while it is being read: what could be read so far, and what was wrong with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from cityloop.config.pack.schema import OrganisationRow, PackFile, PostRow
from cityloop.core.fields import Row
from cityloop.core.nodes import Document
from cityloop.core.problems import Problem
from cityloop.core.sheets import Table

DESK_ROLES = ("acceptor", "shift_leader", "dispatcher", "collector", "evaluator", "auditor", "rule_editor",
              "ledger_keeper", "leader", "supervision_officer")  # fmt: skip


@dataclass
class Draft:
    """What could be read so far, and what was wrong with it."""

    folder: Path
    document: Document
    file: PackFile
    tables: dict[str, Table[Any]]
    shapes: dict[tuple[str, str], bytes] = field(default_factory=dict)
    warnings: list[Problem] = field(default_factory=list)

    def rows(self, name: str) -> Table[Any]:
        return self.tables[name]


def parents_first(rows: Sequence[Any]) -> list[Any]:
    """Rows of a tree without loops, so ordered; areas are told apart by their scheme as well."""
    by_ref: dict[str, Any] = {}
    for row in rows:
        by_ref.setdefault(row.code, row)
        by_ref[getattr(row, "ref", row.code)] = row
    depth: dict[int, int] = {}

    def depth_of(row: Any) -> int:
        if id(row) not in depth:
            parent = by_ref.get(parent_ref(row)) if row.parent else None
            depth[id(row)] = 0 if parent is None else depth_of(parent) + 1
        return depth[id(row)]

    return sorted(rows, key=depth_of)


def parent_ref(row: Any) -> str:
    """An area's parent is looked for in its own scheme unless it names another."""
    scheme = getattr(row, "scheme", None)
    return f"{scheme}:{row.parent}" if scheme and row.parent and ":" not in row.parent else row.parent


def usual_posts(draft: Draft) -> list[Row]:
    """One post of each desk role at the centre, and a handler for every organisation that handles."""
    organisations = cast(Sequence[OrganisationRow], draft.rows("organisations").rows)
    parents = {row.parent for row in organisations}
    named = {line.organisation for line in draft.rows("ledger").rows}
    centre = draft.file.settings.centre
    posts = [
        PostRow(code=role, name=role.replace("_", " ").capitalize(), role=role, organisation=centre)
        for role in DESK_ROLES
    ]
    for row in organisations:
        if row.code != centre and (row.key or row.code in named or row.code not in parents):
            post = PostRow(code=f"handler-{row.code}", name=row.name, role="handler", organisation=row.code)
            posts.append(post)
    return list(posts)
