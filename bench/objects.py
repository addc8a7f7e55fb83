"""A million objects: a table of them taken in with codes and history, beside a plain COPY; then found again."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import monotonic

from bench.figures import ERR, Sheet
from bench.town import Town, checkpoint

POINTS = 999_999
"""As many as running numbers of six digits can tell apart."""
LAYERS = {"lamps": "codes in the file", "trees": "codes made here"}
ASKED = 400
BOX = 1_000
"""Objects that a box is meant to hold."""
SEED = 5


def measure(town: Town, sheet: Sheet) -> None:
    """Two files of a million points, then what is nearest and what lies in a box of about a thousand."""
    from django.db import connection

    from cityloop.config import objects
    from cityloop.core.actor import SYSTEM
    from cityloop.ground.places.datums import Datum
    from cityloop.ground.places.queries import area_map
    from cityloop.ground.registry import stock
    from cityloop.ground.registry.inventory import put_layers
    from cityloop.ground.registry.objects import LayerData

    put_layers([LayerData(code, code, {}, "point", class_code=f"9{len(code)}00") for code in LAYERS], actor=SYSTEM)
    bounds = area_map(datetime.now(UTC).date()).bounds
    assert bounds is not None
    for layer, how in LAYERS.items():
        file = town.folder / f"{layer}.csv"
        _write(file, bounds, coded=layer == "lamps")
        ERR.print(f"taking {file.name} in ...")
        sheet.begin()
        began = monotonic()
        objects.take_in(
            file, layer, Datum.WGS84, whole=False, dry_run=False, rejects=town.folder / "rejects.csv",
            encoding=None, sheet=None, crs=None,
        )  # fmt: skip
        seconds = monotonic() - began
        sheet.add(f"objects: {POINTS:,} points, {how}", seconds, "s", at_most=120)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM registry_object")
        (held,) = cursor.fetchone()
        sheet.add("objects: taken in", held, "objects")
        cursor.execute("CREATE TEMP TABLE plain AS SELECT * FROM registry_object LIMIT 0")
        began = monotonic()
        cursor.execute("INSERT INTO plain SELECT * FROM registry_object LIMIT %s", [POINTS])
        sheet.add("objects: to a plain INSERT of as many rows, without index", seconds / (monotonic() - began), "ratio")
        cursor.execute("ANALYZE registry_object")
    checkpoint()
    lamps, chance = stock.layer("lamps").pk, Random(SEED)
    points = [(chance.uniform(bounds[0], bounds[2]), chance.uniform(bounds[1], bounds[3])) for _ in range(ASKED)]
    share = (BOX / max(held, 1)) ** 0.5 / 2
    width, height = (bounds[2] - bounds[0]) * share, (bounds[3] - bounds[1]) * share
    sheet.begin()
    sheet.add_p95("objects: the nearest of a layer", [_timed(stock.nearest, lamps, *at) for at in points], at_most=5)
    boxes = [(x - width, y - height, x + width, y + height) for x, y in points]
    taken = [_timed(stock.in_box, lamps, box, 10 * BOX) for box in boxes]
    sheet.add_p95(f"objects: a box of about {BOX:,}", taken, at_most=30)


def _write(path: Path, bounds: tuple[float, float, float, float], *, coded: bool) -> None:
    """Points in the middle of the city, so that nearly all lie in it."""
    with path.open("w", encoding="utf-8") as file:
        file.write("code,name,lon,lat\n")
        file.writelines(_lines(bounds, coded))


def _lines(bounds: tuple[float, float, float, float], coded: bool) -> Iterator[str]:
    chance = Random(SEED)
    west, south, east, north = bounds
    for line in range(POINTS):
        lon = west + (east - west) * chance.uniform(0.35, 0.65)
        lat = south + (north - south) * chance.uniform(0.35, 0.65)
        yield f"{f'L{line:07}' if coded else ''},No. {line},{lon:.7f},{lat:.7f}\n"


def _timed(call: Callable[..., object], *facts: object) -> float:
    began = monotonic()
    call(*facts)
    return monotonic() - began
