"""A pack's wishes for practice become a city: the made pack is written, then what stands in it, then what happens."""

import hashlib
import shutil
from pathlib import Path
from typing import Any

from cityloop.config.commands import ERR, OUT, progress, seed, set_clock
from cityloop.config.pack import reading
from cityloop.config.pack.reading import Pack
from cityloop.config.session import DATA_DIR
from cityloop.core import clock
from cityloop.core.errors import Refused
from cityloop.core.texts import _
from cityloop.practice import made
from cityloop.practice.made import GivenArea

EDITION = "1"
"""Of the generator: another one makes another city of the same wishes."""
MARK = "made_from"
"""File of a made pack with the digest of what it was made from."""


def fill(pack: Pack, folder: Path) -> Pack:
    """The pack with its land made up, in `folder`; what was made of the same pack before is taken as it is."""
    wishes = pack.file.practice
    if wishes is None:
        raise Refused("practice_none", pack=pack.key)
    digest = hashlib.sha256(f"{EDITION} {pack.digest}".encode()).hexdigest()
    if not (folder / MARK).is_file() or (folder / MARK).read_text() != digest:
        ERR.print(_("Making up the land of %(city)s in %(folder)s") % {"city": pack.city.name, "folder": folder})
        areas = _given(pack)
        fresh = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        with progress() as told:
            leaves = sum(area.level == wishes.levels[-1] for area in areas)
            land = made.make_land(areas, wishes, told("land", leaves))
        made.write(fresh, pack.folder.resolve(), areas, land)
        (fresh / MARK).write_text(digest)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    return reading.load(folder)


def stock(pack: Pack, points: int | None) -> None:
    """Fill the layers; how many points, if not as many as the pack wishes."""
    from cityloop.practice import stocking

    wishes = pack.file.practice
    if wishes is None:
        raise Refused("practice_none", pack=pack.key)
    total = wishes.points if points is None else points
    with progress() as told:
        bar = told("stock", stocking.expected(wishes, total))
        done = stocking.stock(wishes, total, day=pack.file.valid_from, at=clock.now(), progress=bar)
    OUT.print(
        _("%(held)s things stand in the city, %(new)s of them new.")
        % {"held": f"{done.held:,}", "new": f"{done.new:,}"}
    )


def fill_cases(pack: Pack) -> None:
    """Cases of the last days, open and closed."""
    if (wishes := pack.file.practice) is not None:
        seed(wishes.open_cases, wishes.seed, wishes.closed_cases, wishes.days)


def folder_of(pack: Pack, data_dir: Path | None) -> Path:
    """Where a made pack lies that nobody asked for by name."""
    return (data_dir or DATA_DIR) / "practice" / pack.key


def live(pack: Pack, data_dir: Path | None, at: str | None) -> None:
    """The whole city of a demo: land, accounts, things and cases. What is there stays as it is."""
    from cityloop.config import demo

    made = fill(pack, folder_of(pack, data_dir))
    demo.prepare(made)
    set_clock(at)
    stock(made, None)
    fill_cases(made)


def _given(pack: Pack) -> list[GivenArea]:
    return [
        GivenArea(area.code, area.level, area.name, area.names, area.parent, pack.shapes.get((area.scheme, area.code)))
        for area in pack.areas
        if area.scheme == "division"
    ]


def show(pack: Pack) -> None:
    counts: dict[str, Any] = {}
    for area in pack.areas:
        counts[area.level] = counts.get(area.level, 0) + 1
    OUT.print(", ".join(f"{level} {count:,}" for level, count in counts.items()), f"grids {len(pack.grids):,}")
