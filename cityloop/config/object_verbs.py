"""`cityloop objects`: what stands in the city, taken in from files, and counted."""

from pathlib import Path
from typing import Annotated

import typer

from cityloop.config.verbs import DataDir, Lang, Rejects, Typer, Verbs, working
from cityloop.core.texts import _
from cityloop.ground.places.datums import Datum

app = Typer(cls=Verbs, help=_("Take in what stands in the city, layer by layer, and count it."), no_args_is_help=True)


@app.verb("import", _("Show what a file changes in a layer, and do it."))
def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help=_("GeoJSON, Shapefile (.shp, .zip), GeoPackage, CSV or XLSX."))
    ],
    layer: Annotated[str, typer.Option(metavar="CODE", help=_("Layer that the objects belong to."))],
    datum: Annotated[Datum, typer.Option(help=_("Datum of the coordinates."))] = Datum.WGS84,
    replace: Annotated[
        bool, typer.Option("--replace", help=_("The file is the whole layer: what it does not name is gone."))
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only show what would change."))] = False,
    rejects: Rejects = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help=_("Of the texts, where the file does not say."))
    ] = None,
    sheet: Annotated[
        str | None, typer.Option(metavar="NAME", help=_("Sheet or layer of the file, where it has several."))
    ] = None,
    crs: Annotated[
        str | None, typer.Option(metavar="EPSG:NNNN", help=_("System of coordinates that are no degrees."))
    ] = None,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import objects

        objects.take_in(
            file, layer, datum, whole=replace, dry_run=dry_run, rejects=rejects, encoding=encoding, sheet=sheet, crs=crs
        )


@app.verb("export", _("Write the objects of a layer to a file."))
def export(
    out: Annotated[Path, typer.Argument(metavar="FILE", help=_(".geojson, .shp, .zip, .gpkg, .csv or .xlsx."))],
    layer: Annotated[str, typer.Option(metavar="CODE", help=_("Layer that the objects belong to."))],
    datum: Annotated[Datum, typer.Option(help=_("Datum of the coordinates."))] = Datum.WGS84,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import objects

        objects.export(layer, out, datum)


@app.verb("census", _("Count the objects of every layer in every area, and what changed since a day."))
def census(
    on: Annotated[str | None, typer.Option(metavar="DAY", help=_("By default today."))] = None,
    since: Annotated[str | None, typer.Option(metavar="DAY", help=_("Day to compare with."))] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=_("Write it as CSV."))] = None,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import objects

        objects.census(on, since, out)
