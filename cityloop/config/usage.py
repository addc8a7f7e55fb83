"""What the command line's library says by itself - usage lines, wrong options, missing arguments - in our words.

The library looks up translations of its headings only. In English it is left to speak for itself.
"""

import typer
from pydantic import ValidationError
from typer import rich_utils
from typer._click import exceptions as clicked
from typer._click.core import Command, Context
from typer._click.formatting import HelpFormatter
from typer.core import TyperGroup

from cityloop.core import texts
from cityloop.core.errors import TEXTS
from cityloop.core.texts import _


class _Formatter(HelpFormatter):
    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args, _("Usage: ") if prefix is None else prefix)


class _Context(Context):
    formatter_class = _Formatter


def run(app: typer.Typer) -> int:
    """Run the command; its exit code. What was typed wrongly is said in the language spoken here."""
    command = typer.main.get_command(app)
    if texts.spoken() != "en":
        _translate(command)
    try:
        code = command.main(standalone_mode=False)
    except clicked.ClickException as error:
        rich_utils.rich_format_error(error if texts.spoken() == "en" else _said(error))
        return error.exit_code
    except typer.Abort:
        rich_utils.rich_abort_error()
        return 1
    return code if isinstance(code, int) else 0


def _translate(command: Command) -> None:
    command.context_class = _Context
    command.options_metavar = _("[OPTIONS]")
    helps = command.get_help_option(_Context(command))
    if helps is not None:
        helps.help = _("Show this message and exit.")
    if isinstance(command, TyperGroup):
        command.subcommand_metavar = _("COMMAND [ARGS]...")
        for verb in command.commands.values():
            _translate(verb)


def _said(error: clicked.ClickException) -> clicked.ClickException:
    """The same error with our sentence; as it is where we have none."""
    if not isinstance(error, clicked.UsageError) or isinstance(error, clicked.NoArgsIsHelpError):
        return error
    text = _sentence(error)
    return clicked.UsageError(text, error.ctx) if text else error


def _sentence(error: clicked.UsageError) -> str:
    if isinstance(error, clicked.NoSuchOption):
        sentence = _("There is no option %(name)s.") % {"name": error.option_name}
        near = ", ".join(sorted(error.possibilities or ()))
        return sentence + (" " + _("Did you mean %(near)s?") % {"near": near} if near else "")
    if isinstance(error, clicked.MissingParameter) and error.param is not None:
        return _("%(name)s is missing.") % {"name": error.param.get_error_hint()}
    if isinstance(error, clicked.BadParameter) and error.param is not None:
        typed = error.__cause__.errors()[0]["input"] if isinstance(error.__cause__, ValidationError) else "-"
        return _(TEXTS["fact_wrong"]) % {"fact": error.param.get_error_hint(), "value": typed}
    if isinstance(error, clicked.BadOptionUsage):
        lone = "does not take" in error.message
        text = _("Option %(name)s takes no value.") if lone else _("Option %(name)s needs a value.")
        return text % {"name": error.option_name}
    _before, found, rest = error.message.partition("unexpected extra argument(s) (")
    return _("This was not expected: %(rest)s") % {"rest": rest.rstrip(")")} if found else ""
