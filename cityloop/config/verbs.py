"""How a verb of the command runs and is refused, and what typer says of itself, in the language spoken here.

0 done, 1 what was checked does not hold, 2 refused: the text says what is missing or wrong.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from typer.core import TyperCommand, TyperGroup

from cityloop.config.session import session
from cityloop.core import texts
from cityloop.core.errors import CityloopError, Refused
from cityloop.core.texts import N_, _

DONE, BROKEN, REFUSED = 0, 1, 2
OUT, ERR = Console(soft_wrap=True), Console(stderr=True, soft_wrap=True)

DataDir = Annotated[
    Path | None,
    typer.Option("--data-dir", metavar="DIR", help=_("Folder of the embedded database (default: .cityloop).")),
]
Lang = Annotated[str | None, typer.Option("--lang", metavar="zh|en", help=_("Language of the output."))]
Rejects = Annotated[
    Path | None, typer.Option("--rejects", metavar="FILE", help=_("Write rejected lines with field and reason (CSV)."))
]

Run = TypeVar("Run", bound=Callable[..., None])


class _Spoken:
    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc]  # mixed into commands and groups
        if option is not None:
            option.help = _("Show this message and exit.")
        return option

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        pieces = self.collect_usage_pieces(ctx)  # type: ignore[attr-defined]
        formatter.write_usage(ctx.command_path, " ".join(pieces), prefix=_("Usage: "))


class _Verb(_Spoken, TyperCommand):
    pass


class Verbs(_Spoken, TyperGroup):
    pass


class Typer(typer.Typer):
    def verb(self, name: str, about: str) -> Callable[[Run], Run]:
        """A command whose help is `about`."""
        return self.command(name, help=about, cls=_Verb)


MISUSED = {
    "MissingParameter": N_("%(name)s is missing."),
    "NoSuchOption": N_("There is no option %(name)s."),
    "BadParameter": N_("%(name)s: this value cannot be used."),
    "BadOptionUsage": N_("%(name)s: a value is missing here, or one too many."),
    "UsageError": N_("This is not understood: %(message)s"),
}


def misused(error: Any) -> Iterator[str]:
    """A wrong use of the command, in one sentence, and where it stands how it is used; nothing after its help."""
    kind = type(error).__name__
    if kind == "NoArgsIsHelpError":
        return
    name = getattr(error, "option_name", None)
    parameter = getattr(error, "param", None)
    if parameter is not None:
        name = " / ".join(parameter.opts) if parameter.param_type_name == "option" else parameter.name.upper()
    message = getattr(error, "message", "") or str(error)
    facts = {"name": name or "", "message": message.removeprefix("Got unexpected extra argument(s) ")}
    yield _(MISUSED.get(kind, MISUSED["UsageError"])) % facts
    if getattr(error, "ctx", None) is not None:
        yield _("How it is used: %(command)s --help") % {"command": error.ctx.command_path}


@contextmanager
def working(data_dir: Path | None, lang: str | None) -> Iterator[None]:
    """A verb at work: the language chosen, the database there, every refusal one sentence and exit code 2."""
    with speaking(lang), session(data_dir):
        yield


@contextmanager
def speaking(lang: str | None) -> Iterator[None]:
    from django.db import InterfaceError, OperationalError

    from cityloop.config.pack.problems import PackErrors

    if lang is not None and lang not in texts.LANGUAGES:
        _refuse(Refused("fact_wrong", fact="--lang", value=lang))
    try:
        yield
    except CityloopError as error:
        _refuse(error)
    except PackErrors as errors:
        _refuse(errors)
    except (OperationalError, InterfaceError):
        _refuse(Refused("database_away"))


def _refuse(error: Exception) -> NoReturn:
    ERR.print(f"[bold red]{_('Refused')}[/]: ", end="")
    text = str(error)
    ERR.print(f"\n{text}" if "\n" in text else text, markup=False, highlight=False)
    raise typer.Exit(REFUSED)
