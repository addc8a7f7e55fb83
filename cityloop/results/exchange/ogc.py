"""OGC API - Features at /ogc: Part 1 (Core, GeoJSON, OpenAPI 3, HTML) and Part 2 (coordinate reference systems).

Views take the actor, or None, from whoever mounts them. Numbers of requirements: OGC 17-069r4 and 18-058r1.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import numpy as np
import orjson
import shapely
from django.http import HttpRequest, HttpResponse

from cityloop.core import texts
from cityloop.core.actor import Actor
from cityloop.core.errors import NotUnderstood, Unknown
from cityloop.results.exchange import pages
from cityloop.results.exchange.asked import CRS_ONLY, F_ONLY, PARAMETERS, asked, clean, known_only, system
from cityloop.results.exchange.crs import CRS84, WORLD, offered, told_in
from cityloop.results.exchange.features import Feature, one, page, stats
from cityloop.results.exchange.offers import Catalogue, Offer, Stats, catalogue
from cityloop.results.exchange.openapi import described
from cityloop.results.exchange.sight import Sight, sight_of

JSON, GEOJSON, HTML = "application/json", "application/geo+json", "text/html"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
SPEC = "http://www.opengis.net/spec/ogcapi-features"
CONFORMS = [
    *(f"{SPEC}-1/1.0/conf/{name}" for name in ("core", "oas30", "html", "geojson")),
    f"{SPEC}-2/1.0/conf/crs",
]
View = Callable[..., HttpResponse]
Link = dict[str, str]


class Asker(NamedTuple):
    """Who asks for what. `root`: the address of the landing page, without a slash at its end."""

    request: HttpRequest
    given: dict[str, str]
    actor: Actor | None
    root: str

    @property
    def sight(self) -> Sight:
        return sight_of(self.actor)

    @property
    def html(self) -> bool:
        """By `f`, else by what the client would rather have."""
        form = self.given.get("f")
        if form is not None:
            if form not in ("json", "html"):
                raise NotUnderstood("fact_wrong", fact="f", value=form)
            return form == "html"
        return self.request.get_preferred_type([JSON, GEOJSON, OPENAPI, HTML]) == HTML

    def links(self, path: str, media: str, **query: str) -> list[Link]:
        """`self` and `alternate` of an address."""
        forms = {"json": media, "html": HTML}
        now = "html" if self.html else "json"
        return [
            link("self" if form == now else "alternate", f"{self.root}{path}?{urlencode(query | {'f': form})}", kind)
            for form, kind in forms.items()
        ]


def link(rel: str, href: str, media: str, title: str = "") -> Link:
    return {"rel": rel, "href": href, "type": media} | ({"title": title} if title else {})


def landing(request: HttpRequest, actor: Actor | None) -> HttpResponse:
    """/req/core/root-success"""
    asker = _asker(request, actor, F_ONLY)
    known = catalogue()
    title = known.here.names.get(texts.spoken(), known.here.name)
    body = {
        "title": title,
        "links": [
            *asker.links("", JSON),
            link("service-desc", f"{asker.root}/api?f=json", OPENAPI),
            link("service-doc", f"{asker.root}/api?f=html", HTML),
            link("conformance", f"{asker.root}/conformance", JSON),
            link("data", f"{asker.root}/collections", JSON),
        ],
    }
    return _answer(asker, title, body)


def conformance(request: HttpRequest, actor: Actor | None) -> HttpResponse:
    """/req/core/conformance-success"""
    return _answer(_asker(request, actor, F_ONLY), "Conformance", {"conformsTo": CONFORMS})


def api(request: HttpRequest, actor: Actor | None) -> HttpResponse:
    """/req/core/api-definition-success: what this asker may have, described."""
    asker = _asker(request, actor, F_ONLY)
    known = catalogue()
    body = described(asker.root, known.open_to(asker.sight), _crss(known))
    return _answer(asker, "OpenAPI", body, OPENAPI)


def collections(request: HttpRequest, actor: Actor | None) -> HttpResponse:
    """/req/core/fc-md-success"""
    asker = _asker(request, actor, F_ONLY)
    known = catalogue()
    offers = known.open_to(asker.sight)
    held = stats(known, offers, asker.sight)
    body = {
        "links": asker.links("/collections", JSON),
        "crs": _crss(known),
        "collections": [_told(asker, known, offer, held[offer.id]) for offer in offers],
    }
    return _answer(asker, "Collections", body)


def collection(request: HttpRequest, actor: Actor | None, collection: str) -> HttpResponse:
    """/req/core/sfc-md-success"""
    asker = _asker(request, actor, F_ONLY)
    known, offer = _found(actor, collection)
    body = _told(asker, known, offer, stats(known, [offer], asker.sight)[offer.id], own=True)
    return _answer(asker, offer.title, body)


def items(request: HttpRequest, actor: Actor | None, collection: str) -> HttpResponse:
    """/req/core/fc-response"""
    known, offer = _found(actor, collection)
    asker = _asker(request, actor, (*PARAMETERS, *offer.kinds))
    wanted = asked(asker.given, crss=_crss(known), kinds=offer.kinds, day=known.here.day)
    found = page(known, offer, asker.sight, wanted)
    path = f"/collections/{offer.id}/items"
    query = {name: value for name, value in asker.given.items() if name != "f"}
    links = asker.links(path, GEOJSON, **query)
    if found.more:
        query |= {"after": found.features[-1].id, "f": "html" if asker.html else "json"}
        links.append(link("next", f"{asker.root}{path}?{urlencode(query)}", HTML if asker.html else GEOJSON))
    links.append(link("collection", f"{asker.root}/collections/{offer.id}", JSON, offer.title))
    body = {
        "type": "FeatureCollection",
        "links": links,
        "timeStamp": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "numberMatched": found.matched,
        "numberReturned": len(found.features),
        "features": _geojson(found.features, wanted.crs),
    }
    return _answer(asker, offer.title, body, GEOJSON, wanted.crs)


def item(request: HttpRequest, actor: Actor | None, collection: str, feature: str) -> HttpResponse:
    """/req/core/f-success"""
    asker = _asker(request, actor, CRS_ONLY)
    known, offer = _found(actor, collection)
    crs = system(asker.given.get("crs", CRS84), _crss(known))
    found = one(known, offer, asker.sight, clean(feature))
    (body,) = _geojson([found], crs)
    query = {"crs": crs} if crs != CRS84 else {}
    body["links"] = [
        *asker.links(f"/collections/{offer.id}/items/{found.id}", GEOJSON, **query),
        link("collection", f"{asker.root}/collections/{offer.id}", JSON, offer.title),
    ]
    return _answer(asker, found.id, body, GEOJSON, crs)


def nothing(request: HttpRequest, actor: Actor | None, rest: str) -> HttpResponse:
    raise Unknown("page_unknown")


VIEWS: dict[str, View] = {
    "": landing,
    "/": landing,
    "/conformance": conformance,
    "/api": api,
    "/collections": collections,
    "/collections/<str:collection>": collection,
    "/collections/<str:collection>/items": items,
    "/collections/<str:collection>/items/<str:feature>": item,
    "/<path:rest>": nothing,
}
"""Addresses below the one that they are mounted at."""


def _asker(request: HttpRequest, actor: Actor | None, parameters: tuple[str, ...]) -> Asker:
    given = known_only(request.GET, parameters)
    mounted = request.path.partition("/ogc")[0]
    return Asker(request, given, actor, request.build_absolute_uri(f"{mounted}/ogc"))


def _found(actor: Actor | None, collection: str) -> tuple[Catalogue, Offer]:
    known = catalogue()
    return known, known.offer(collection, sight_of(actor), signed_in=actor is not None)


def _crss(known: Catalogue) -> list[str]:
    return offered(known.longitude)


def _told(asker: Asker, known: Catalogue, offer: Offer, held: Stats, *, own: bool = False) -> dict[str, Any]:
    path = f"{asker.root}/collections/{offer.id}"
    links = asker.links(f"/collections/{offer.id}", JSON) if own else [link("self", path, JSON, offer.title)]
    since = None if held.since is None else f"{held.since}T00:00:00Z"
    return {
        "id": offer.id,
        "title": offer.title,
        "itemType": "feature",
        "extent": {
            "spatial": {"bbox": [list(held.box or WORLD)], "crs": CRS84},
            "temporal": {"interval": [[since, None]]},
        },
        "crs": _crss(known),
        "storageCrs": CRS84,
        "links": [
            *links,
            link("items", f"{path}/items?f=json", GEOJSON, offer.title),
            link("items", f"{path}/items?f=html", HTML, offer.title),
        ],
    }


def _geojson(features: Sequence[Feature], crs: str) -> list[dict[str, Any]]:
    shapes = told_in(np.array([feature.shape for feature in features], object), crs)
    written = shapely.to_geojson(shapes)
    return [
        {
            "type": "Feature",
            "id": feature.id,
            "geometry": None if text is None else orjson.Fragment(text),
            "properties": feature.properties,
        }
        for feature, text in zip(features, written.tolist(), strict=True)
    ]


def _answer(
    asker: Asker, title: str, body: Mapping[str, Any], media: str = JSON, crs: str | None = None
) -> HttpResponse:
    if asker.html:
        text = pages.page(title, orjson.loads(orjson.dumps(body)), texts.spoken())
        response = HttpResponse(text, content_type=f"{HTML}; charset=utf-8")
    else:
        response = HttpResponse(orjson.dumps(body), content_type=media)
    if crs is not None:
        response["Content-Crs"] = f"<{crs}>"
    links = body.get("links", [])
    response["Link"] = ", ".join(f'<{one["href"]}>; rel="{one["rel"]}"; type="{one["type"]}"' for one in links)
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Accept, Accept-Language, Authorization, Cookie"
    return response
