"""The command `cityloop`. Every verb takes `--data-dir` and `--lang`; what fails ends with an exit code that says how.

0 done, 1 what was checked does not hold, 2 refused: the text says what is missing or wrong.
"""

import gc
import os
import sys
from pathlib import Path
from typing import Annotated

from cityloop.core import texts
from cityloop.core.texts import _

texts.speak(texts.choose(sys.argv, os.environ))  # typer reads its own headings when it is imported

import typer
from typer.exceptions import TyperException

from cityloop.config import (
    address_verbs,
    grid_verbs,
    ledger_verbs,
    map_verbs,
    object_verbs,
    practice_verbs,
    rule_verbs,
)
from cityloop.config.session import session
from cityloop.config.verbs import (
    BROKEN,
    DONE,
    ERR,
    OUT,
    REFUSED,
    DataDir,
    Lang,
    Rejects,
    Typer,
    Verbs,
    misused,
    speaking,
    working,
)

app = Typer(
    cls=Verbs,
    help=_("cityloop: a city runs itself day to day - report, dispatch, clock, check, score."),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
pack_app = Typer(cls=Verbs, help=_("Check a city's pack, see what it would change, apply it."), no_args_is_help=True)
audit_app = Typer(cls=Verbs, help=_("Verify the chains and seals, seal what was recorded."), no_args_is_help=True)
account_app = Typer(cls=Verbs, help=_("People, machines and their sign-ins."), no_args_is_help=True)
app.add_typer(pack_app, name="pack")
app.add_typer(audit_app, name="audit")
app.add_typer(account_app, name="account")
app.add_typer(rule_verbs.app, name="rules")
app.add_typer(object_verbs.app, name="objects")
app.add_typer(address_verbs.app, name="addresses")
app.add_typer(grid_verbs.app, name="grids")
app.add_typer(ledger_verbs.app, name="ledger")
app.add_typer(map_verbs.app, name="map")
app.add_typer(practice_verbs.app, name="practice")
app.add_typer(practice_verbs.bench, name="bench")

Json = Annotated[Path | None, typer.Option("--json", metavar="FILE", help=_("Write the summary as JSON."))]
PackPath = Annotated[Path, typer.Argument(metavar="PATH", help=_("Folder of the pack."))]
Limit = Annotated[int | None, typer.Option(min=1, help=_("Read only so many rows."))]
Host = Annotated[str, typer.Option(help=_("Address to serve at."))]
Port = Annotated[int, typer.Option(min=0, max=65535, help=_("Port to serve at; 0 takes a free one."))]
FeedPort = Annotated[
    int, typer.Option(min=0, max=65535, help=_("Port of the live feed (by default the one after --port, if free)."))
]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="INSTANT|lively|end",
        help=_("Set the city's clock; it runs on from there. Later history is not known yet."),
    ),
]


def main() -> None:
    """The entry point of the command."""
    gc.set_threshold(100_000, 50, 100)  # millions of rows pass through here, none of them in a cycle
    try:
        sys.exit(app(standalone_mode=False) or DONE)
    except TyperException as error:
        for sentence in misused(error):
            ERR.print(sentence, markup=False, highlight=False)
        raise SystemExit(REFUSED) from error


@app.verb("demo", _("Apply a pack, replay its history, evaluate, and serve the living city."))
def demo(
    pack: Annotated[
        str | None, typer.Option(help=_("Name of a pack that comes along (by default the first), or a folder."))
    ] = None,
    limit: Limit = None,
    no_serve: Annotated[bool, typer.Option("--no-serve", help=_("Stop after the summary."))] = False,
    json: Json = None,
    at: At = None,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    feed_port: FeedPort = 0,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    from cityloop.config import commands

    with speaking(lang):
        chosen = commands.find_pack(pack)
        with session(data_dir):
            from cityloop.config import addresses
            from cityloop.config import demo as accounts

            if chosen.file.practice is not None:
                from cityloop.config import practising

                practising.live(chosen, data_dir, at)
            else:
                accounts.prepare(chosen)
                commands.replay(chosen, None, at=at or ("end" if no_serve else "lively"), limit=limit, json=json)
                if not no_serve:
                    commands.seed(accounts.PRACTICE, 1)
            addresses.refresh()
            if not no_serve:
                raise typer.Exit(commands.serve(host, port, feed_port))


@app.verb("replay", _("Take a history file in through the import mapping of a pack."))
def replay(
    file: Annotated[Path, typer.Argument(metavar="FILE", help=_("Parquet, CSV or CSV.gz."))],
    pack: Annotated[Path, typer.Option(metavar="PATH", help=_("Folder of the pack."))],
    until: Annotated[
        str | None, typer.Option(metavar="INSTANT", help=_("Only what was known at this instant."))
    ] = None,
    limit: Limit = None,
    json: Json = None,
    rejects: Rejects = None,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    from cityloop.config import commands

    with speaking(lang):
        chosen = commands.find_pack(str(pack))
        with session(data_dir):
            commands.replay(chosen, file, until=until, limit=limit, json=json, rejects=rejects)


@app.verb(
    "due",
    _("When limits are used up, in bulk: a JSON object a line in, one out. Needs no city and no database.")
    + "\n\n"
    + _(
        'In: {"id":1,"start":"2026-02-13T16:20:00+08:00","value":7,"unit":"wh","pauses":[["...","..."]]}. '
        "Units: h round the clock, d calendar days, wh working hours, wd working days. "
        'Out, in the same order: {"id":1,"due":"..."}, with "provisional":true beyond the last known day, "due":null '
        'in an open pause, or {"id":1,"error":"..."} for a line that cannot be computed.'
    ),
)
def due(
    calendar: Annotated[
        Path,
        typer.Option(
            metavar="FILE", help=_("Work periods as JSON: zone, week, days, wd_rule, at_boundary, known_until.")
        ),
    ],
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    from cityloop.config import limits

    with speaking(lang):
        limits.due(calendar)


@app.verb("lifecycle", _("The states and steps of a case as a table or a picture. Needs no city and no database."))
def lifecycle(
    json: Annotated[bool, typer.Option("--json", help=_("Print the table as JSON, in both languages."))] = False,
    svg: Annotated[bool, typer.Option("--svg", help=_("Print the picture as SVG."))] = False,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with speaking(lang):
        from cityloop.config import lifecycle

        lifecycle.show(json=json, svg=svg)


@app.verb("evaluate", _("Counts and rates of a period by area, organisation, channel or category."))
def evaluate(
    period: Annotated[str, typer.Option(help=_("2015, 2015-Q2, 2015-06 or 2015-06-30."))],
    by: Annotated[
        str, typer.Option(metavar="area|organisation|channel|category|grid|month", help=_("What to group by."))
    ],
    basis: Annotated[
        str, typer.Option(metavar="due|reported|closed", help=_("Which cases belong to the period."))
    ] = "due",
    level: Annotated[str | None, typer.Option(help=_("Level of areas; department or unit; minor or major."))] = None,
    at: Annotated[
        str | None, typer.Option(metavar="INSTANT", help=_("As known then (default: the city's now)."))
    ] = None,
    format_: Annotated[
        str, typer.Option("--format", metavar="table|json|csv", help=_("Form of the output."))
    ] = "table",
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    from cityloop.config import commands

    with working(data_dir, lang):
        commands.evaluate(period, basis, by, level, format_, at)


@app.verb("case", _("One case with its whole history, its spans and clocks, and who answered."))
def case(
    number: Annotated[str, typer.Argument(help=_("Number of the case, or the one its sender knows it by."))],
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    from cityloop.config import commands

    with working(data_dir, lang):
        commands.case(number)


@app.verb("serve", _("Serve the HTTP API and the start page, with the jobs worker."))
def serve(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    feed_port: FeedPort = 0,
    at: At = None,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    from cityloop.config import commands

    with working(data_dir, lang):
        commands.set_clock(at)
        raise typer.Exit(commands.serve(host, port, feed_port))


@pack_app.verb("check", _("Validate a pack; errors name file, line and field."))
def pack_check(
    path: PackPath,
    history: Annotated[
        Path | None, typer.Option(metavar="FILE", help=_("The history to try, if not the pack's own."))
    ] = None,
    lang: Lang = None,
    data_dir: DataDir = None,
) -> None:
    from cityloop.config import commands

    with speaking(lang):
        commands.check_pack(path, history)


@pack_app.verb("apply", _("Apply a pack; show what changes. Doing it again changes nothing."))
def pack_apply(
    path: PackPath,
    dry_run: Annotated[bool, typer.Option("--dry-run", help=_("Only show what would change."))] = False,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    from cityloop.config import commands

    with speaking(lang):
        chosen = commands.load_pack(path)
        with session(data_dir):
            commands.apply_pack(chosen, dry_run)


@pack_app.verb("derive", _("Write the tables that a pack lacks from its history."))
def pack_derive(
    path: PackPath,
    file: Annotated[
        Path | None, typer.Argument(metavar="[FILE]", help=_("The history, if not the pack's own."))
    ] = None,
    force: Annotated[bool, typer.Option("--force", help=_("Write tables anew that are there already."))] = False,
    lang: Lang = None,
    data_dir: DataDir = None,
) -> None:
    from cityloop.config import commands

    with speaking(lang):
        commands.derive_pack(path, file, force)


@pack_app.verb("holidays", _("Draft the special days of a calendar from what a country has announced."))
def pack_holidays(
    country: Annotated[str, typer.Argument(metavar="CN|US|DE-BY|…", help=_("Country, perhaps with its part."))],
    first: Annotated[int, typer.Argument(metavar="YEAR", min=1950, max=2100, help=_("First year."))],
    last: Annotated[int | None, typer.Argument(metavar="[YEAR]", min=1950, max=2100, help=_("Last year."))] = None,
    hours: Annotated[
        str, typer.Option(metavar="HH:MM-HH:MM,…", help=_("Work periods of a day that is made up."))
    ] = "08:00-12:00,14:00-18:00",
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    from cityloop.config.pack import holidays

    with speaking(lang):
        nation, _sep, part = country.upper().partition("-")
        known = holidays.special_days(nation, first, max(first, last or first), part)
        print(holidays.written(country.upper(), known, hours), end="")


@audit_app.verb("verify", _("Walk all chains and seals, rebuild every row; say where something breaks."))
def audit_verify(
    head: Annotated[
        str | None, typer.Option(metavar="NUMBER:ROOT", help=_("A seal kept elsewhere, as `seal --export` printed it."))
    ] = None,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    from cityloop.config import commands

    with working(data_dir, lang):
        raise typer.Exit(DONE if commands.verify(head) else BROKEN)


@audit_app.verb("seal", _("Seal what was recorded since the last seal."))
def audit_seal(
    export: Annotated[bool, typer.Option("--export", help=_("Print the head, to be kept elsewhere."))] = False,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    from cityloop.config import commands

    with working(data_dir, lang):
        commands.seal(export)


@account_app.verb("token", _("Make a sign-in for the API; the secret is shown once."))
def account_token(
    name: Annotated[str, typer.Argument(help=_("Who signs in; made when not there yet."))],
    post: Annotated[list[str], typer.Option(help=_("Post to hold; may be given several times."))],
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import people

        print(people.make_token(name, post))


@account_app.verb("password", _("Give a person a new password for signing in; it is shown once."))
def account_password(
    name: Annotated[str, typer.Argument(help=_("Who signs in; made when not there yet."))],
    post: Annotated[list[str] | None, typer.Option(help=_("Post to hold; may be given several times."))] = None,
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import people

        print(people.make_password(name, post or []))


@account_app.verb("off", _("Let somebody sign in no more; every session ends."))
def account_off(
    name: Annotated[str, typer.Argument(help=_("Name of the user."))],
    data_dir: DataDir = None,
    lang: Lang = None,
) -> None:
    with working(data_dir, lang):
        from cityloop.config import people

        people.switch_off(name)
        OUT.print(_("%(user)s signs in no more; every session has ended.") % {"user": name}, markup=False)


if __name__ == "__main__":
    main()
