"""`cityloop grids`: whether grids and areas fit together, and beats designed anew."""

from pathlib import Path
from typing import Annotated

import typer

from cityloop.config.verbs import BROKEN, DataDir, Lang, Typer, Verbs, working
from cityloop.core.texts import _

app = Typer(cls=Verbs, help=_("Check that grids and areas fit together, and design beats."), no_args_is_help=True)

Out = Annotated[Path | None, typer.Option("--out", metavar="FILE", help=_("Write what is drawn as GeoJSON."))]


@app.verb("check", _("Look for overlaps, gaps and what lies outside, on all levels; exit code 1 where there are any."))
def check(out: Out = None, data_dir: DataDir = None, lang: Lang = None) -> None:
    with working(data_dir, lang):
        from cityloop.config import grids

        if not grids.check(out):
            raise typer.Exit(BROKEN)


@app.verb("design", _("Cut an area's unit grids into beats of about equal work, beside the present ones."))
def design(
    area: Annotated[str, typer.Argument(metavar="AREA", help=_("Code of a district, street or community."))],
    beats: Annotated[int, typer.Option(min=1, help=_("How many beats."))],
    json: Annotated[bool, typer.Option("--json", help=_("Print all figures as JSON."))] = False,
    out: Out = None,
    seed: Annotated[int, typer.Option(min=0, help=_("The same number makes the same beats again."))] = 0,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import grids

        grids.design_beats(area, beats, json, out, seed)
