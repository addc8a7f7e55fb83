"""`cityloop practice` and `cityloop bench`: a city made up to practise or to measure on."""

from pathlib import Path
from typing import Annotated

import typer

from cityloop.config.session import session
from cityloop.config.verbs import DataDir, Lang, Typer, Verbs, speaking, working
from cityloop.core.texts import _

app = Typer(cls=Verbs, help=_("Make up the city that a pack wishes for."), no_args_is_help=True)
bench = Typer(cls=Verbs, help=_("Make a city to measure or to practise on."), no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="PACK", help=_("Name of a pack that comes along, or a folder."))]


@app.verb("pack", _("Write a pack with all its land made up; doing it again changes nothing."))
def pack(
    pack: Name,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help=_("Folder of the made pack."))],
    seed: Annotated[int | None, typer.Option(min=0, help=_("Another number makes another city."))] = None,
    plant: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_("What is to be wrong with the ledger besides (YAML)."))
    ] = None,
    lang: Lang = None,
) -> None:
    with speaking(lang):
        from cityloop.config import commands, practising

        practising.show(practising.fill(commands.find_pack(pack), out, seed, plant))


@app.verb("objects", _("Fill the layers of the city as its pack wishes; doing it again changes nothing."))
def objects(
    pack: Name,
    points: Annotated[
        int | None, typer.Option(min=0, max=2_000_000, help=_("How many points, if not as many as the pack wishes."))
    ] = None,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with speaking(lang):
        from cityloop.config import commands, practising

        chosen = commands.find_pack(pack)
        with session(data_dir):
            practising.stock(chosen, points)


@app.verb("cases", _("Fill the city with cases of the last days, open and closed, as its pack wishes."))
def cases(pack: Name, data_dir: DataDir = None, lang: Lang = None) -> None:
    with speaking(lang):
        from cityloop.config import commands, practising

        chosen = commands.find_pack(pack)
        with session(data_dir):
            practising.fill_cases(chosen)


@bench.verb("seed", _("Fill the city with open cases; doing it again tops them up."))
def bench_seed(
    open_: Annotated[int, typer.Option("--open", min=1, help=_("How many are to be open."))] = 100_000,
    seed: Annotated[int, typer.Option(help=_("The same number makes the same cases."))] = 1,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    from cityloop.config import commands

    with working(data_dir, lang):
        commands.seed(open_, seed)
