"""HTTP edge of the rule book: searched, browsed, compared, taken out as a file; and changed by proposals."""

from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from pydantic import Field

from cityloop.core import clock, downloads, texts
from cityloop.ground.accounts.request import actor_of
from cityloop.ground.places.city import city
from cityloop.ground.standards import answers
from cityloop.ground.standards.editions import differences, edition_called, edition_on, rules_of, said
from cityloop.ground.standards.exporting import to_csv, to_workbook
from cityloop.ground.standards.models import Edition
from cityloop.ground.standards.rows import as_json
from cityloop.ground.standards.schemas import (
    RuleBookDocument,
    RuleCategory,
    RuleComparison,
    RuleCrosswalk,
    RuleEdition,
    RuleHits,
    RuleTree,
)
from cityloop.ground.standards.shelf import Shelf, shelf

READ = "rules.read"

router = Router(tags=["rules"])


def may_read(request: HttpRequest) -> None:
    actor_of(request).require(READ)


def on_shelf(on: date | None) -> tuple[Shelf, date]:
    """The edition in force on a day, by default the city's today."""
    here = city()
    day = on or here.day(clock.now())
    return shelf(here.revision, edition_on(day).pk), day


@router.get("/rules/search", response=RuleHits)
def search(
    request: HttpRequest,
    q: Annotated[str, Field(max_length=200)] = "",
    on: date | None = None,
    kind: Literal["", "component", "event"] = "",
    major: Annotated[str, Field(max_length=40)] = "",
    urgent: bool | None = None,
    limit: Annotated[int, Field(ge=1, le=500)] = 50,
) -> dict[str, Any]:
    """Rules in which all words stand: in names of categories and situations or in filing conditions, in any language.
    The best first; without words all of them, by code."""
    may_read(request)
    found_on, day = on_shelf(on)
    found = found_on.find(q, kind=kind, major=major, urgent=urgent)
    rules = [answers.rule(entry, found_on, texts.spoken()) for entry in found[:limit]]
    return {"edition": found_on.code, "on": day, "total": len(found), "rules": rules}


@router.get("/rules/tree", response=RuleTree)
def tree(request: HttpRequest, on: date | None = None) -> dict[str, Any]:
    """Major and minor categories that have rules, with counts."""
    may_read(request)
    found, day = on_shelf(on)
    return {"edition": found.code, "on": day, "majors": answers.tree(found, texts.spoken())}


@router.get("/rules/editions", response=list[RuleEdition])
def editions(request: HttpRequest) -> list[dict[str, Any]]:
    """All editions, the latest first."""
    may_read(request)
    return answers.editions(city().day(clock.now()))


@router.get("/rules/compare", response=RuleComparison)
def compare(
    request: HttpRequest, before: Annotated[str, Query(alias="from")], after: Annotated[str, Query(alias="to")]
) -> dict[str, Any]:
    """What differs between two editions, named by their codes: rule by rule, field by field."""
    may_read(request)
    one, other = edition_called(before), edition_called(after)
    found = differences(said(rules_of(one.pk)), said(rules_of(other.pk)))
    revision = city().revision
    names = shelf(revision, one.pk).categories | shelf(revision, other.pk).categories
    return {"before": one.code, "after": other.code, "changes": answers.changes(found, names, texts.spoken())}


@router.get("/rules/crosswalk", response=RuleCrosswalk)
def crosswalk(
    request: HttpRequest, one: Annotated[str, Query(alias="from")], other: Annotated[str, Query(alias="to")]
) -> dict[str, Any]:
    """What the categories of one scheme count as in another, straight or over one scheme between."""
    may_read(request)
    return answers.crosswalk(one, other, texts.spoken())


@router.get("/rules/documents", response=list[RuleBookDocument])
def documents(request: HttpRequest) -> list[dict[str, Any]]:
    """The laws, standards, guides and notices that rules rest on."""
    may_read(request)
    found, _day = on_shelf(None)
    return answers.documents(found, texts.spoken())


@router.get("/rules/export.csv", openapi_extra=downloads.described(downloads.CSV))
def export_csv(request: HttpRequest, edition: str = "") -> HttpResponse:
    """An edition, by default the one in force, as a table that packs and imports read."""
    found = _chosen(request, edition)
    return downloads.csv_file(to_csv(found), f"rules-{found.code}.csv")


@router.get("/rules/export.xlsx", openapi_extra=downloads.described(downloads.XLSX))
def export_xlsx(request: HttpRequest, edition: str = "") -> HttpResponse:
    """An edition, by default the one in force, as a workbook with categories, documents and crosswalk."""
    found = _chosen(request, edition)
    return downloads.workbook(to_workbook(found), f"rules-{found.code}.xlsx")


def _chosen(request: HttpRequest, code: str) -> Edition:
    may_read(request)
    return edition_called(code) if code else edition_on(city().day(clock.now()))


@router.get("/rules/categories/{category}", response=RuleCategory)
def category(request: HttpRequest, category: str, on: date | None = None) -> dict[str, Any]:
    """A minor category with all its situations whole, as they were written too."""
    may_read(request)
    found, day = on_shelf(on)
    entries, language = found.of(category), texts.spoken()
    row = entries[0].category
    return row._asdict() | {
        "edition": found.code,
        "on": day,
        "name": answers.named(row, language),
        "rules": [answers.rule(entry, found, language) | {"written": as_json(entry.rule)} for entry in entries],
    }
