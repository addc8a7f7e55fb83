"""`cityloop ledger`: who answers, what is wrong with the ledger, which contracts end."""

from typing import Annotated

import typer

from cityloop.config.verbs import DataDir, Lang, Typer, Verbs, working
from cityloop.core.texts import _

app = Typer(cls=Verbs, help=_("Ask the responsibility ledger, and find its gaps and disputes."), no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help=_("Write JSON."))]
On = Annotated[str | None, typer.Option("--on", metavar="DAY", help=_("By default today."))]


@app.verb("who", _("Who answers for a category at a spot and an instant, and why."))
def who(
    category: Annotated[str, typer.Argument(metavar="CATEGORY", help=_("Code of a category."))],
    lon: Annotated[float | None, typer.Option(help=_("Longitude in degrees of WGS-84."))] = None,
    lat: Annotated[float | None, typer.Option(help=_("Latitude in degrees of WGS-84."))] = None,
    area: Annotated[str, typer.Option(metavar="CODE", help=_("Area, where no point is known."))] = "",
    thing: Annotated[str, typer.Option("--object", metavar="CODE", help=_("The object that is meant."))] = "",
    situation: Annotated[str, typer.Option(metavar="CODE", help=_("Situation of the rule book."))] = "",
    stratum: Annotated[str, typer.Option(metavar="on|under|above", help=_("On, under or above the object."))] = "on",
    at: Annotated[
        str | None, typer.Option("--when", metavar="INSTANT", help=_("Instant at the city's clock, by default now."))
    ] = None,
    json: Json = False,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import ledger

        ledger.who(
            category, at, json=json, lon=lon, lat=lat, area=area, object=thing, situation=situation, stratum=stratum
        )


@app.verb("gaps", _("Gaps and disputes on a day, each cause once."))
def gaps(
    on: On = None,
    kind: Annotated[str, typer.Option(metavar="KIND", help=_("Only of this kind."))] = "",
    json: Json = False,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import ledger

        ledger.gaps(on, kind, json=json)


@app.verb("contracts", _("Contracts that end within so many days."))
def contracts(
    on: On = None,
    days: Annotated[int, typer.Option(min=1, max=3660)] = 90,
    json: Json = False,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import ledger

        ledger.contracts(on, days, json=json)


@app.verb("check", _("Whether all that the ledger names is there: objects, roads, areas, grids, organisations."))
def check(on: On = None, json: Json = False, data_dir: DataDir = None, lang: Lang = None) -> None:
    with working(data_dir, lang):
        from cityloop.config import ledger

        if ledger.check(on, json=json):
            raise typer.Exit(1)
