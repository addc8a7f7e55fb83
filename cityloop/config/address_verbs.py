"""`cityloop addresses`: names and addresses by which places are found."""

from pathlib import Path
from typing import Annotated

import typer

from cityloop.config.verbs import DataDir, Lang, Rejects, Typer, Verbs, working
from cityloop.core.texts import _
from cityloop.ground.places.datums import Datum

app = Typer(cls=Verbs, help=_("Names and addresses by which places are found."), no_args_is_help=True)


@app.verb("import", _("Take a file of addresses, crossings and places in; it replaces what it told before."))
def import_(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help=_("Any file that `objects import` reads, with a column `name`.")),
    ],
    datum: Annotated[Datum, typer.Option(help=_("Datum of the coordinates."))] = Datum.WGS84,
    rejects: Rejects = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help=_("Of the texts, where the file does not say."))
    ] = None,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import addresses

        addresses.take_in(file, datum, rejects=rejects, encoding=encoding)


@app.verb("refresh", _("Name anew the areas, the named objects with their crossings, and the addresses of past cases."))
def refresh(data_dir: DataDir = None, lang: Lang = None) -> None:
    with working(data_dir, lang):
        from cityloop.config import addresses

        addresses.show_refreshed()


@app.verb("find", _("The places that a line may mean: an address, a crossing, a name, a code, coordinates."))
def find(
    text: Annotated[str, typer.Argument(metavar="TEXT", help=_("As somebody types it."))],
    limit: Annotated[int, typer.Option(min=1, max=50, help=_("How many at most."))] = 10,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import addresses

        addresses.show_found(text, limit)
