"""Two million objects, made by SQL: what maps and features are measured over. Nothing of it stands anywhere."""

from random import Random
from time import monotonic
from typing import NamedTuple

from bench.figures import ERR, Sheet
from bench.town import checkpoint

LAYERS = ("lamps", "trees")
EACH = 1_000_000
SEED = 5


class Crowd(NamedTuple):
    """The layers and where their objects lie: west, south, east, north in degrees of WGS-84."""

    layers: tuple[str, ...]
    bounds: tuple[float, float, float, float]

    def boxes(self, objects: int, asked: int) -> list[tuple[float, float, float, float]]:
        """Places in it, each a box that is meant to hold so many objects of a layer."""
        chance, share = Random(SEED), (objects / EACH) ** 0.5
        west, south, east, north = self.bounds
        width, height = (east - west) * share, (north - south) * share
        corners = [(chance.uniform(west, east - width), chance.uniform(south, north - height)) for _ in range(asked)]
        return [(x, y, x + width, y + height) for x, y in corners]


def crowd(sheet: Sheet) -> Crowd:
    """Two public layers of a million points each over the middle of the city; those of an earlier part are taken."""
    from datetime import UTC, datetime

    from django.db import connection

    from cityloop.core.actor import SYSTEM
    from cityloop.ground.places.queries import area_map
    from cityloop.ground.registry.inventory import put_layers
    from cityloop.ground.registry.objects import LayerData

    found = area_map(datetime.now(UTC).date()).bounds
    assert found is not None
    west, south, east, north = found
    width, height = (east - west) * 0.3, (north - south) * 0.3
    bounds = (west + width, south + height, east - width, north - height)
    schema = {"type": "object", "properties": {"kind": {"type": "string"}, "height": {"type": "number"}}}
    put_layers([LayerData(f"crowd_{code}", code, {}, "point", attributes=schema, public=True) for code in LAYERS],
               actor=SYSTEM)  # fmt: skip
    made = Crowd(tuple(f"crowd_{code}" for code in LAYERS), bounds)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM registry_object o JOIN registry_layer l ON l.id = o.layer_id"
                       " WHERE l.code = ANY(%s)", [list(made.layers)])  # fmt: skip
        if cursor.fetchone()[0]:
            return made
        ERR.print(f"making {len(LAYERS) * EACH:,} objects ...")
        began = monotonic()
        for code in made.layers:
            cursor.execute(_MADE, {"layer": code, "count": EACH, "west": bounds[0], "south": bounds[1],
                                   "width": bounds[2] - bounds[0], "height": bounds[3] - bounds[1]})  # fmt: skip
        cursor.execute("ANALYZE registry_object")
        sheet.add(f"crowd: {len(LAYERS) * EACH:,} objects made by SQL", monotonic() - began, "s")
    checkpoint()
    return made


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
