"""`cityloop rules`: the rule book as a file, and proposals from one."""

from pathlib import Path
from typing import Annotated

import typer

from cityloop.config.verbs import DataDir, Lang, Rejects, Typer, Verbs, working
from cityloop.core.texts import _

app = Typer(cls=Verbs, help=_("Write the rule book, or propose what a file says."), no_args_is_help=True)


@app.verb("export", _("Write an edition of the rule book: CSV for a pack, or a workbook of all its tables."))
def export(
    format_: Annotated[
        str | None, typer.Option("--format", metavar="csv|xlsx", help=_("By default what --out ends in, else CSV."))
    ] = None,
    edition: Annotated[str | None, typer.Option(metavar="CODE", help=_("By default the one in force."))] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help=_("By default the output."))] = None,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import rules

        rules.export(format_, edition, out)


@app.verb("import", _("Show what a file changes in the rule book, and make a proposal of it."))
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("CSV or XLSX."))],
    mapping: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_("What its columns mean: a file, or a name that comes along."))
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only show what would change."))] = False,
    keep_others: Annotated[
        bool, typer.Option("--keep-others", help=_("Keep the rules of categories that the file does not name."))
    ] = False,
    begins: Annotated[
        str | None, typer.Option(metavar="DAY", help=_("First day of the new edition (by default tomorrow)."))
    ] = None,
    rejects: Rejects = None,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import rules

        rules.take_in(file, mapping, dry_run, rejects, begins, keep_others)
