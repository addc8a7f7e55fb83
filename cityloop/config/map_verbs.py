"""`cityloop map`: the base map of the city's own."""

import typer

from cityloop.config.verbs import OUT, DataDir, Lang, Typer, Verbs, working
from cityloop.core.texts import _

app = Typer(cls=Verbs, help=_("Make the base map that the screens show under everything."), no_args_is_help=True)


@app.callback()
def _several() -> None:
    """One verb today; without this it would be none."""


@app.verb("build", _("Draw the base map anew, of divisions and roads."))
def build(data_dir: DataDir = None, lang: Lang = None) -> None:
    with working(data_dir, lang):
        from cityloop.results.exchange import basemap

        with typer.progressbar(length=len(basemap.ZOOMS), label=_("Base map")) as bar:
            built = basemap.build(lambda zoom: bar.update(1))
        told = {"tiles": f"{built.tiles:,}", "kib": f"{built.size >> 10:,}", "path": built.path}
        OUT.print(_("%(tiles)s tiles, %(kib)s KiB: %(path)s") % told, markup=False, highlight=False)
