"""Two million objects, made by SQL: what maps and features are measured over. Nothing of it stands anywhere."""

from datetime import UTC, datetime
from math import asinh, cos, pi, radians, tan
from random import Random
from time import monotonic
from typing import NamedTuple

from bench.figures import ERR, Sheet
from bench.town import checkpoint

LAYERS = ("crowd_lamps", "crowd_trees")
EACH = 1_000_000
SEED = 5
ZOOM, PER_TILE = 16, 4_780
"""So that hardly any tile of that zoom holds more than 5 000, beyond which points are counted."""
Box = tuple[float, float, float, float]


class Crowd(NamedTuple):
    """The layers and where their objects lie: west, south, east, north in degrees of WGS-84."""

    layers: tuple[str, ...]
    bounds: Box

    def boxes(self, objects: int, asked: int) -> list[Box]:
        """Places in it, each a box that is meant to hold so many objects of a layer."""
        chance, share = Random(SEED), (objects / EACH) ** 0.5
        west, south, east, north = self.bounds
        width, height = (east - west) * share, (north - south) * share
        corners = [(chance.uniform(west, east - width), chance.uniform(south, north - height)) for _ in range(asked)]
        return [(x, y, x + width, y + height) for x, y in corners]

    def tiles(self) -> list[tuple[int, int, int]]:
        """The tiles of ZOOM that lie in it whole: each holds about PER_TILE objects of a layer."""
        west, south, east, north = self.bounds
        (left, top), (right, bottom) = _tile(west, north), _tile(east, south)
        columns, lines = range(int(left) + 1, int(right)), range(int(top) + 1, int(bottom))
        return [(ZOOM, x, y) for x in columns for y in lines]


def crowd(sheet: Sheet) -> Crowd:
    """Two public layers of a million points each around the middle of the city; those of an earlier part are taken."""
    from django.db import connection

    from cityloop.core.actor import SYSTEM
    from cityloop.ground.registry.inventory import put_layers
    from cityloop.ground.registry.objects import LayerData

    schema = {"type": "object", "properties": {"kind": {"type": "string"}, "height": {"type": "number"}}}
    made = Crowd(LAYERS, _bounds())
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM registry_layer WHERE code = ANY(%s)", [list(LAYERS)])
        if cursor.fetchone()[0]:
            return made
        ERR.print(f"making {len(LAYERS) * EACH:,} objects ...")
        put_layers([LayerData(code, code, {}, "point", attributes=schema, public=True) for code in LAYERS],
                   actor=SYSTEM)  # fmt: skip
        sheet.begin()
        began = monotonic()
        west, south, east, north = made.bounds
        place = {"count": EACH, "west": west, "south": south, "width": east - west, "height": north - south}
        for code in LAYERS:
            cursor.execute(_MADE, place | {"layer": code})
        cursor.execute("ANALYZE registry_object")
        sheet.add(f"crowd: {len(LAYERS) * EACH:,} objects made by SQL", monotonic() - began, "s")
    checkpoint()
    return made


def _bounds() -> Box:
    """As many tiles around the middle of the city as give each of them PER_TILE objects."""
    from cityloop.ground.places.queries import area_map

    found = area_map(datetime.now(UTC).date()).bounds
    assert found is not None
    lon, lat = (found[0] + found[2]) / 2, (found[1] + found[3]) / 2
    width = 360 / 2**ZOOM * (EACH / PER_TILE) ** 0.5 / 2
    height = width * cos(radians(lat))
    return lon - width, lat - height, lon + width, lat + height


def _tile(lon: float, lat: float) -> tuple[float, float]:
    """Column and row of a point in tiles of ZOOM, with their fractions."""
    return (lon / 360 + 0.5) * 2**ZOOM, (0.5 - asinh(tan(radians(lat))) / (2 * pi)) * 2**ZOOM


_MADE = """
INSERT INTO registry_object (layer_id, code, name, shape, box, attributes, state, generated, valid_from)
SELECT l.id, l.code || lpad(n::text, 7, '0'), 'No. ' || n,
  '\\x0000000001'::bytea || float8send(p.x) || float8send(p.y),
  box(point(p.x, p.y), point(p.x, p.y)),
  jsonb_build_object('kind', (ARRAY['old', 'new', 'other'])[1 + n %% 3], 'height', n %% 100 / 10.0), '', true,
  DATE '2015-01-01'
FROM registry_layer l, generate_series(1, %(count)s) n,
  LATERAL (SELECT %(west)s + %(width)s * random() AS x, %(south)s + %(height)s * random() + 0 * n AS y) p
WHERE l.code = %(layer)s
"""
