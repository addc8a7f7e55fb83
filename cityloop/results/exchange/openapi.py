"""The OpenAPI 3 document of /ogc: addresses, parameters and answers, each collection with what it may be asked."""

from collections.abc import Sequence
from importlib.metadata import version
from typing import Any

from cityloop.core.texts import N_, _
from cityloop.results.exchange.asked import LIMIT, MOST, PARAMETERS
from cityloop.results.exchange.crs import CRS84
from cityloop.results.exchange.offers import Offer

Json = dict[str, Any]
PROBLEM = "application/problem+json"
SAID = {
    "landing": N_("Where everything is"),
    "conformance": N_("The conformance classes that hold here"),
    "api": N_("This description"),
    "collections": N_("All collections that you may have"),
    "collection": N_("One collection"),
    "items": N_("Features, in the order of their codes"),
    "item": N_("One feature"),
    "datetime": N_("An instant or an interval: what was in force then. Without it: what is in force today"),
    "bbox": N_("What intersects this box: 4 or 6 numbers in the axis order of bbox-crs"),
    "after": N_("The code after which the page begins, as the link next has it"),
}


def described(root: str, offers: Sequence[Offer], crss: list[str]) -> Json:
    """The document for somebody who may have these collections; `crss`: what is offered."""
    paths: Json = {
        "/": _get("landing", "LandingPage"),
        "/conformance": _get("conformance", "Conformance"),
        "/api": _get("api", "Anything"),
        "/collections": _get("collections", "Collections"),
        "/collections/{collectionId}": _get("collection", "Collection", [_path("collectionId")]),
    }
    for offer in offers:
        paths |= _items(offer)
    return {
        "openapi": "3.0.3",
        "info": {"title": "cityloop: OGC API - Features", "version": version("cityloop")},
        "servers": [{"url": root}],
        "paths": paths,
        "components": {"parameters": _parameters(crss), "responses": _responses(), "schemas": SCHEMAS},
    }


def _items(offer: Offer) -> Json:
    common = [{"$ref": f"#/components/parameters/{name}"} for name in PARAMETERS if name != "f"]
    own = [_query(name, {"type": kind}) for name, kind in sorted(offer.kinds.items())]
    path = f"/collections/{offer.id}/items"
    one = [_path("featureId"), {"$ref": "#/components/parameters/crs"}]
    return {
        path: _get("items", "FeatureCollection", [*common, *own], offer),
        f"{path}/{{featureId}}": _get("item", "Feature", one, offer),
    }


def _get(name: str, schema: str, parameters: Sequence[Json] = (), offer: Offer | None = None) -> Json:
    media = {"FeatureCollection": "application/geo+json", "Feature": "application/geo+json",
             "Anything": "application/vnd.oai.openapi+json;version=3.0"}.get(schema, "application/json")  # fmt: skip
    content: Json = {media: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    content["text/html"] = {"schema": {"type": "string"}}
    responses: Json = {"200": {"description": _(SAID[name]), "content": content}}
    responses |= {status: {"$ref": f"#/components/responses/{status}"} for status in ("400", "401", "403", "404")}
    summary = _(SAID[name]) + (f": {offer.title}" if offer else "")
    number = f"{name}-{offer.id}" if offer else name
    f = {"$ref": "#/components/parameters/f"}
    return {"get": {"operationId": number, "summary": summary, "parameters": [*parameters, f], "responses": responses}}


def _path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, schema: Json, description: str = "", **more: Any) -> Json:
    told = {"description": description} if description else {}
    return {"name": name, "in": "query", "required": False, "schema": schema, "style": "form"} | told | more


def _parameters(crss: list[str]) -> Json:
    """/req/core/fc-limit-definition, fc-bbox-definition, fc-time-definition; /req/crs/fc-crs-definition"""
    system = {"type": "string", "format": "uri", "enum": crss, "default": CRS84}
    corner = {"type": "array", "items": {"type": "number"}}
    boxes = {"oneOf": [corner | {"minItems": count, "maxItems": count} for count in (4, 6)]}
    limit = {"type": "integer", "minimum": 1, "maximum": MOST, "default": LIMIT}
    return {
        "f": _query("f", {"type": "string", "enum": ["json", "html"]}),
        "limit": _query("limit", limit, explode=False),
        "bbox": _query("bbox", boxes, _(SAID["bbox"]), explode=False),
        "datetime": _query("datetime", {"type": "string"}, _(SAID["datetime"]), explode=False),
        "crs": _query("crs", system, explode=False),
        "bbox-crs": _query("bbox-crs", system, explode=False),
        "after": _query("after", {"type": "string"}, _(SAID["after"])),
    }


def _responses() -> Json:
    said = {"400": "Not understood", "401": "Not signed in", "403": "Not allowed", "404": "Not found"}
    content = {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {status: {"description": text, "content": content} for status, text in said.items()}


def _object(required: str, **properties: Json) -> Json:
    return {"type": "object", "required": required.split(), "properties": properties}


_TEXT, _NUMBER = {"type": "string"}, {"type": "integer", "minimum": 0}
_LINKS = {"type": "array", "items": {"$ref": "#/components/schemas/Link"}}
SCHEMAS: Json = {
    "Link": _object("href rel", href=_TEXT, rel=_TEXT, type=_TEXT, title=_TEXT),
    "LandingPage": _object("links", title=_TEXT, links=_LINKS),
    "Conformance": _object("conformsTo", conformsTo={"type": "array", "items": _TEXT}),
    "Anything": {"type": "object"},
    "Collection": _object(
        "id links", id=_TEXT, title=_TEXT, links=_LINKS, extent={"type": "object"}, itemType=_TEXT,
        crs={"type": "array", "items": _TEXT}, storageCrs=_TEXT,
    ),
    "Collections": _object(
        "links collections", links=_LINKS, crs={"type": "array", "items": _TEXT},
        collections={"type": "array", "items": {"$ref": "#/components/schemas/Collection"}},
    ),
    "Feature": _object(
        "type geometry properties", type={"type": "string", "enum": ["Feature"]}, id=_TEXT, links=_LINKS,
        geometry={"type": "object", "nullable": True}, properties={"type": "object", "nullable": True},
    ),
    "FeatureCollection": _object(
        "type features", type={"type": "string", "enum": ["FeatureCollection"]}, links=_LINKS,
        timeStamp={"type": "string", "format": "date-time"}, numberMatched=_NUMBER, numberReturned=_NUMBER,
        features={"type": "array", "items": {"$ref": "#/components/schemas/Feature"}},
    ),
    "Problem": _object(
        "type title status", type=_TEXT, title=_TEXT, status={"type": "integer"}, detail=_TEXT, code=_TEXT,
    ),
}  # fmt: skip
