"""A pack's wishes for practice become a city: the made pack is written, then what stands in it, then what happens."""

import hashlib
import json as jsonlib
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cityloop.config.commands import ERR, OUT, progress, seed, set_clock
from cityloop.config.pack import reading
from cityloop.config.pack.problems import PackErrors
from cityloop.config.pack.reading import Pack
from cityloop.config.session import DATA_DIR
from cityloop.core import clock, nodes
from cityloop.core.errors import Refused, Unknown
from cityloop.core.texts import _
from cityloop.practice import duties, made
from cityloop.practice.made import GivenArea, Land
from cityloop.practice.things import LayerWish, Things, communities
from cityloop.practice.wishes import Planted, PlantFile, Wishes

EDITION = "1"
"""Of the generator: another one makes another city of the same wishes."""
MARK, TRUTH = "made_from", "planted.json"
"""Files of a made pack: the digest of what it was made from; what was planted in its ledger."""


def fill(pack: Pack, folder: Path, seed: int | None = None, plants: Path | None = None) -> Pack:
    """The pack with its land and ledger made up, in `folder`; what was made of the same before is taken as it is.

    `seed`: another than the pack's; `plants`: a file of what is to be wrong with the ledger besides.
    """
    if (pack.folder / MARK).is_file():
        return pack
    wishes = _wishes(pack)
    if seed is not None:
        wishes = wishes.model_copy(update={"seed": seed})
    thought_of = _thought_of(plants)
    told = f"{EDITION} {pack.digest} {wishes.seed} {[one.model_dump_json() for one in thought_of]}"
    digest = hashlib.sha256(told.encode()).hexdigest()
    if not (folder / MARK).is_file() or (folder / MARK).read_text() != digest:
        ERR.print(_("Making up the land of %(city)s in %(folder)s") % {"city": pack.city.name, "folder": folder})
        areas = _given(pack)
        fresh = folder.with_name(f"{folder.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        with progress() as told:
            leaves = sum(area.level == wishes.levels[-1] for area in areas)
            land = made.make_land(areas, wishes, told("land", leaves))
        made.write(fresh, pack.folder.resolve(), areas, land)
        lines, truths = _duties(pack, wishes, areas, land)
        lines, others = duties.plant(lines, thought_of)
        rows = ([line[name] for name in duties.COLUMNS] for line in lines)
        made.write_lines(fresh / "ledger.csv", duties.COLUMNS, rows)
        truth = jsonlib.dumps([*truths, *others], ensure_ascii=False, indent=1)
        (fresh / TRUTH).write_text(truth + "\n", encoding="utf-8")
        (fresh / MARK).write_text(digest)
        shutil.rmtree(folder, ignore_errors=True)
        fresh.rename(folder)
    return reading.load(folder)


def _wishes(pack: Pack) -> Wishes:
    if pack.file.practice is None:
        raise Refused("practice_none", pack=pack.key)
    return pack.file.practice


def _thought_of(path: Path | None) -> list[Planted]:
    if path is None:
        return []
    if not path.is_file():
        raise Unknown("file_missing", path=str(path))
    document = nodes.read(path, str(path))
    found = nodes.fit(document, PlantFile)
    if found is None:
        raise PackErrors(document.problems)
    return found.plants


def _duties(
    pack: Pack, wishes: Wishes, areas: Sequence[GivenArea], land: Land
) -> tuple[list[duties.Line], list[duties.Truth]]:
    """The pack's own duties, then those that it wishes for."""
    own = [dict.fromkeys(duties.COLUMNS, "") | _texts(line.model_dump(mode="json")) for line in pack.ledger]
    named = {area.code: (area.name, land.shapes[area.code]) for area in areas if area.code in land.shapes}
    here = communities(((unit.community, unit.bounds) for unit in land.units), named)
    layers = [
        LayerWish(code, f"{pack.city.code}{spec.class_code}", {}, wishes.things[code])
        for code, spec in pack.file.layers.items()
        if code in wishes.things
    ]
    things = Things(here, wishes, layers, 0)
    lines, truths = duties.Duties(wishes, areas, land.shapes, things).lines()
    return [*own, *lines], truths


def _texts(cells: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in cells.items()}


def stock(pack: Pack, points: int | None) -> None:
    """Fill the layers; how many points, if not as many as the pack wishes."""
    from cityloop.practice import stocking

    wishes = _wishes(pack)
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
    wishes = _wishes(pack)
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
