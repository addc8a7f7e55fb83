"""Collections of features: layers, the areas of each level or scheme, unit grids; and who may have them."""

from collections.abc import Sequence
from datetime import date
from functools import lru_cache, partial
from typing import Any, NamedTuple

import orjson

from cityloop.core import clock, texts
from cityloop.core.errors import Denied, Unknown, Unproven
from cityloop.core.texts import N_, _
from cityloop.ground.places.city import CityValue, city
from cityloop.ground.places.queries import areas_on
from cityloop.results.exchange.ground import UNIT
from cityloop.results.exchange.kept import Kept
from cityloop.results.exchange.mercator import Box
from cityloop.results.exchange.sight import PUBLIC, READ, Sight
from cityloop.results.exchange.sql import rows
from cityloop.results.exchange.tiles import OPEN_SCHEME

GRIDS, AREAS = "grids-unit", "areas-"
SIMPLE = ("string", "integer", "number", "boolean")
RESERVED = frozenset({"limit", "bbox", "bbox-crs", "datetime", "crs", "after", "f"})
TITLES = {"unit": N_("Unit grids"), "areas": N_("Areas: %(name)s")}

_stats: Kept["Stats"] = Kept(3600, size=256)


class Offer(NamedTuple):
    """A collection. Of a layer `layer` is its id, else None; `kinds`: JSON types of what may be filtered by.

    `revision` changes whenever its features may have.
    """

    id: str
    title: str
    public: bool
    revision: str
    kinds: dict[str, str]
    layer: int | None = None
    geometry: str = "polygon"
    scheme: str = ""
    level: str = ""


class Stats(NamedTuple):
    """Of the features in force: how many, around all of them, since when, and the first key."""

    total: int
    box: Box | None
    since: date | None
    first: str


NOTHING = Stats(0, None, None, "")


class Catalogue(NamedTuple):
    """The city, its day, and all its collections, those too that the asker may not have."""

    here: CityValue
    day: date
    offers: dict[str, Offer]

    @property
    def longitude(self) -> float | None:
        """Of the middle of the city, where it has areas or grids with a shape."""
        bounds = areas_on(self.here.revision, self.day).bounds
        return bounds and (bounds[0] + bounds[2]) / 2

    def open_to(self, sight: Sight) -> list[Offer]:
        return [offer for offer in self.offers.values() if offer.public or sight.internal]

    def offer(self, name: str, sight: Sight, *, signed_in: bool) -> Offer:
        """Unknown where there is none; Unproven or Denied where it is not for everybody."""
        found = self.offers.get(name)
        if found is None:
            raise Unknown("collection_unknown", collection=name)
        if not found.public and not sight.internal:
            if signed_in:
                raise Denied("permission_missing", permission=READ)
            raise Unproven("not_signed_in")
        return found


def catalogue() -> Catalogue:
    """Two statements, three where the ground has changed."""
    here, language = city(), texts.spoken()
    layers = rows(
        "SELECT id, code, name, names::json, geometry, attributes, public, current_database() || xmin::text"
        " FROM registry_layer ORDER BY position, code",
        [],
    )
    offers = [_layer(*row, language=language) for row in layers]
    offers += [_areas(scheme, level, here.revision) for scheme, level in _levels(here.revision)]
    kinds = dict.fromkeys(("code", "parent"), "string")
    offers.append(Offer(GRIDS, _(TITLES["unit"]), False, here.revision, kinds, scheme=UNIT))
    return Catalogue(here, here.day(clock.now()), {offer.id: offer for offer in offers})


@lru_cache(maxsize=4)
def _levels(revision: str) -> list[tuple[str, str]]:
    """Each scheme with each of its levels, divisions first, from the top down."""
    found = rows(
        "SELECT scheme, level FROM places_area GROUP BY scheme, level"
        " ORDER BY scheme <> %s, scheme, min(cardinality(path)), level",
        [OPEN_SCHEME],
    )
    return [(scheme, level) for scheme, level in found]


def _layer(
    pk: int, code: str, name: str, names: dict[str, str], geometry: str, attributes: Any, public: bool, revision: str,
    *, language: str,
) -> Offer:  # fmt: skip
    schema = orjson.loads(attributes) if isinstance(attributes, str) else attributes
    own = {name: told.get("type") for name, told in schema.get("properties", {}).items()}
    kinds = {name: kind for name, kind in own.items() if kind in SIMPLE and name not in RESERVED}
    kinds |= dict.fromkeys(("code", "name", "state"), "string")
    return Offer(code, names.get(language, name), public, revision, kinds, pk, geometry)


def _areas(scheme: str, level: str, revision: str) -> Offer:
    kinds = dict.fromkeys(("code", "name", "parent"), "string")
    title = _(TITLES["areas"]) % {"name": f"{scheme}, {level}"}
    return Offer(f"{AREAS}{scheme}-{level}", title, scheme == OPEN_SCHEME, revision, kinds, scheme=scheme, level=level)


def layer_stats(offers: Sequence[Offer], sight: Sight) -> dict[str, Stats]:
    """Of layers, by id; one statement for those that are not known yet."""
    keys = {offer.id: (offer.layer, offer.revision, PUBLIC if offer.public else sight) for offer in offers}
    missing = [offer for offer in offers if not _stats.has(keys[offer.id])]
    made = dict.fromkeys(keys, NOTHING) | (_counted(missing, sight) if missing else {})
    return {name: _stats.get(key, partial(made.__getitem__, name)) for name, key in keys.items()}


def _counted(offers: Sequence[Offer], sight: Sight) -> dict[str, Stats]:
    seen, values = sight.clause("o")
    found = rows(
        "SELECT l.code, count(*), min(((o.box)[1])[0]), min(((o.box)[1])[1]), max(((o.box)[0])[0]),"
        " max(((o.box)[0])[1]), min(o.valid_from), min(o.code)"
        " FROM registry_object o JOIN registry_layer l ON l.id = o.layer_id"
        f" WHERE o.layer_id = ANY(%s) AND o.valid_to IS NULL AND (l.public OR {seen}) GROUP BY l.code",
        [[offer.layer for offer in offers], *values],
    )
    return {row[0]: Stats(row[1], Box(*row[2:6]), row[6], row[7]) for row in found}
