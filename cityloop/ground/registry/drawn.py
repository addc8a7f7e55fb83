"""Areas that somebody drew for one duty: written as WKT in degrees of WGS-84, kept as WKB."""

import numpy as np
import shapely

from cityloop.core.fields import refusal
from cityloop.ground.places.datums import Datum
from cityloop.ground.registry.geoshapes import placed

KINDS = ("Polygon", "MultiPolygon")


def read_drawn(text: str) -> bytes | None:
    """None of nothing; a `refusal` where this is no polygon, or one that crosses itself."""
    if not text:
        return None
    shape = shapely.from_wkt(text, on_invalid="ignore")
    if shape is None:
        raise refusal("wkt_unreadable", value=text[:60])
    if shape.geom_type not in KINDS:
        raise refusal("geometry_other", value=shape.geom_type, known=", ".join(KINDS))
    found, wrong = placed(np.array([shapely.force_2d(shape)], dtype=object), None, Datum.WGS84)
    if wrong:
        raise refusal(wrong[0].code, **wrong[0].facts)
    return bytes(shapely.to_wkb(found[0]))
