"""What the verbs of the command do, once the database is there, and how they show it."""

import csv
import json as jsonlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, cast, get_args
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from cityloop.config.pack import reading
from cityloop.config.pack.derive import derive
from cityloop.config.pack.reading import Pack
from cityloop.config.pack.schema import TABLES
from cityloop.config.pack.trial import try_out
from cityloop.core import clock, texts
from cityloop.core.errors import Refused, Unknown
from cityloop.core.problems import Problem
from cityloop.core.texts import N_, _

OUT, ERR = Console(soft_wrap=True, highlight=False), Console(stderr=True, soft_wrap=True)
PACKAGE = Path(__file__).resolve().parent.parent
PACKS = (PACKAGE / "packs", PACKAGE.parent / "packs")
"""Where packs that come along lie: in an installed package, in a checkout."""

WORK = {
    "replay": N_("Replaying the history"),
    "verify": N_("Verifying chains and seals"),
    "derive": N_("Reading"),
    "seed": N_("Seeding cases"),
    "land": N_("Cutting communities"),
    "stock": N_("Putting things up"),
}

SECTIONS = {
    "city": N_("City"),
    "calendars": N_("Calendars"),
    "areas": N_("Areas"),
    "area_classes": N_("Classes of areas"),
    "grids": N_("Unit grids"),
    "members": N_("Grids of further areas"),
    "organisations": N_("Organisations"),
    "posts": N_("Posts"),
    "categories": N_("Categories"),
    "documents": N_("Documents"),
    "crosswalk": N_("Crosswalk"),
    "layers": N_("Layers"),
    "rules": N_("Rule book"),
    "ledger": N_("Responsibility ledger"),
}
"""Parts of a pack by the names that `compare` and the pack's fields give them."""


def find_pack(name: str | None) -> Pack:
    """A pack by its folder, or by the name of one that comes along; the first of these where no name is given."""
    if name is None:
        coming = sorted(file.parent for folder in PACKS for file in folder.glob(f"*/{reading.FILE}"))
        if not coming:
            raise Refused("pack_none")
        return load_pack(next((folder for folder in coming if reading.load_file(folder).first), coming[0]))
    if not Path(name).exists():
        for folder in PACKS:
            if (folder / name / reading.FILE).is_file():
                return load_pack(folder / name)
    return load_pack(Path(name))


def load_pack(path: Path) -> Pack:
    """The pack in a folder; its warnings are shown, its errors raised all together."""
    pack = reading.load(path)
    for warning in pack.warnings:
        _warn(warning)
    return pack


def _warn(warning: Problem) -> None:
    _say(N_("Warning"), warning)


def _say(title: str, what: object) -> None:
    ERR.print(f"[yellow]{_(title)}[/]: ", end="")
    ERR.print(str(what), markup=False, highlight=False)


def check_pack(path: Path, history: Path | None = None) -> None:
    """Whether a pack is sound; its mapping is tried on the first rows of `history`, else of its own history."""
    pack = load_pack(path)
    if history is not None and not history.is_file():
        raise Unknown("file_missing", path=str(history))
    for warning in try_out(pack, history):
        _warn(warning)
    OUT.print(_("%(city)s: the pack is sound.") % {"city": _named(pack.city)})
    tables = {title: len(getattr(pack, name)) for name, title in SECTIONS.items() if name in TABLES}
    _print_counts({_(title): count for title, count in tables.items()})


def apply_pack(pack: Pack, dry_run: bool) -> None:
    from cityloop.config.pack.apply import apply
    from cityloop.core.actor import SYSTEM

    found = apply(pack, actor=SYSTEM, at=clock.now(), dry_run=dry_run)
    for notice in found.notices:
        _say(N_("Note"), notice)
    if not found:
        OUT.print(_("Nothing changes: the city is as the pack says."))
        return
    table = Table(_("Section"), _("New"), _("Changed"), _("Gone"))
    for section, counts in found.counts().items():
        table.add_row(_(SECTIONS[section]), *(str(counts.get(kind, 0)) for kind in ("new", "changed", "gone")))
    OUT.print(table)
    for change in [change for change in found.changes if change.change != "new"][:50]:
        OUT.print(
            f"{_(SECTIONS[change.section])} {change.code}: {change.before or '-'} -> {change.after or '-'}",
            markup=False,
        )
    OUT.print(_("This would change; nothing was written.") if dry_run else _("Applied."))


def derive_pack(path: Path, file: Path | None, force: bool) -> None:
    warnings: list[Problem] = []
    with progress() as told:
        written = derive(path, file, force=force, progress=told("derive", None), warn=warnings.append)
    for warning in warnings:
        _warn(warning)
    for table in written:
        OUT.print(_("Written: %(path)s") % {"path": table}, markup=False)
    if not written:
        OUT.print(_("Nothing to write: every table is there. --force writes them anew."))


def replay(
    pack: Pack,
    file: Path | None,
    *,
    at: str | None = None,
    until: str | None = None,
    limit: int | None = None,
    json: Path | None = None,
    rejects: Path | None = None,
) -> None:
    """Apply, set the clock, replay, sum up; `at` sets the city's clock and is what the history is known until."""
    from cityloop.config import replaying
    from cityloop.ground.places.city import city

    for path in (json, rejects):
        require_writable(path)
    zone = ZoneInfo(pack.city.zone)
    wanted = replaying.settle(pack, None if at is None else _at(at, zone))
    known = parse_instant(until, zone) if until else wanted
    if at == "lively" and wanted is not None and wanted != replaying.named_instant(city(), at):
        ERR.print(_("This city knows its history beyond its lively day already: its clock goes on from there."))
    with progress() as told:
        done = replaying.take_history(pack, file, until=known, limit=limit, told=told)
        found = replaying.summary(done, told)
    if rejects is not None:
        _write_rejects(rejects, list(replaying.rejects(done)))
    if json is not None:
        json.write_text(jsonlib.dumps(found, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    _print_summary(found, city())


def _at(text: str, zone: ZoneInfo) -> datetime | Literal["lively", "end"]:
    """What `--at` says: an instant, or the pack's word for one."""
    words: dict[str, Literal["lively", "end"]] = {"lively": "lively", "end": "end"}
    return words.get(text) or parse_instant(text, zone)


def require_writable(path: Path | None) -> None:
    """Refuse now what could not be written in the end."""
    try:
        if path is not None:
            path.open("a").close()
    except OSError as error:
        raise Refused("file_unwritable", path=path, reason=error.strerror) from error


def parse_instant(text: str, zone: ZoneInfo) -> datetime:
    """An ISO instant; without an offset it is the city's local time."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise Refused("instant_unreadable", text=text) from error
    return (instant if instant.tzinfo else instant.replace(tzinfo=zone)).astimezone(UTC)


def set_clock(at: str | None) -> None:
    """Set the clock of the city that is there."""
    from cityloop.config import replaying
    from cityloop.ground.places.city import city

    if at is not None:
        here = city()
        replaying.start_clock(here, _at(at, here.zone))


def evaluate(period: str, basis: str, by: str, level: str | None, form: str, at: str | None) -> None:
    from cityloop.ground.places.city import city
    from cityloop.results.evaluation import exports, periods, queries

    here = city()
    for fact, value, known in (
        ("--basis", basis, get_args(queries.Basis)),
        ("--by", by, get_args(queries.By)),
        ("--format", form, ("table", "json", "csv")),
    ):
        if value not in known:
            raise Refused("fact_wrong", fact=fact, value=value)
    table = queries.evaluate(
        period=periods.parse_period(period, here.zone),
        basis=cast(queries.Basis, basis),
        by=cast(queries.By, by),
        at=parse_instant(at, here.zone) if at else clock.now(),
        zone=here.zone,
        level=level,
    )
    if form == "json":
        print(exports.to_json(table))
    elif form == "csv":
        print(exports.to_csv(table), end="")
    else:
        OUT.print(exports.to_terminal(table))


def case(number: str) -> None:
    """Show a case by its own number, by its report's, or by the number its sender knows it by."""
    from cityloop.config.case_page import show
    from cityloop.core import clock
    from cityloop.core.actor import SYSTEM
    from cityloop.ground.places.city import city
    from cityloop.loop.cases.queries import history, id_of
    from cityloop.loop.intake.queries import cases_of, reports_of

    for case_id in cases_of(number) or [id_of(number, SYSTEM)]:
        show(OUT, history(case_id), reports_of(case_id, SYSTEM, clock.now()), city())


def serve(host: str, port: int, feed_port: int = 0) -> int:
    """Serve until told to stop; the exit code. Refused where demo accounts have strayed to."""
    from cityloop.config import demo
    from cityloop.config.serve import serve
    from cityloop.ground.places.city import find_city

    def on_ready(url: str) -> None:
        here = find_city()
        OUT.print(_("Serving at %(url)s - API at %(url)sapi/docs") % {"url": url})
        if here is not None:
            now = clock.now().astimezone(here.zone)
            OUT.print(_("%(city)s: it is %(now)s there.") % {"city": _named(here), "now": f"{now:%Y-%m-%d %H:%M}"})
        OUT.print(_("Ctrl+C ends it."))

    demo.require_none_elsewhere()
    return serve(host, port, feed_port, on_ready=on_ready)


def verify(head: str | None) -> bool:
    """Walk everything; print what does not hold. Whether it all does."""
    from cityloop.loop.cases.queries import counts
    from cityloop.loop.cases.verify import verify

    known = _parse_head(head) if head else None
    shown = 0
    with progress() as told:
        for breach in verify(known=known, progress=told("verify", counts()["cases"])):
            OUT.print(f"[red]✗[/] {breach}")
            shown += 1
    if not shown:
        OUT.print(_("Every chain, row and seal holds: %(cases)s cases, %(steps)s steps.") % counts())
    return not shown


def _parse_head(head: str) -> tuple[int, bytes]:
    number, _colon, root = head.partition(":")
    try:
        return int(number), bytes.fromhex(root)
    except ValueError as error:
        raise Refused("fact_wrong", fact="--head", value=head) from error


def seal(export: bool) -> None:
    from cityloop.ground.audit.actions import seal
    from cityloop.ground.places.city import city

    now = clock.now()
    head = seal(day=city().day(now), at=now)
    if export:
        print(f"{head.number}:{head.root.hex()}")
    else:
        OUT.print(
            _("Seal %(number)s of %(day)s holds everything recorded so far.") % {"number": head.number, "day": head.day}
        )


def seed(count: int, number: int, closed: int = 0, days: int = 30) -> None:
    """Top the practice cases up to `count` open ones, and so many closed ones of the last days."""
    from cityloop.practice import seed as practice

    past = practice.Past(closed, days)
    with progress() as told:
        bar = told("seed", count + closed)
        done = practice.seed(count, at=clock.now(), number=number, past=past, progress=bar)
    OUT.print(
        _("%(made)s cases made in %(seconds)s s; %(open)s practice cases are open.")
        % {"made": f"{done.made:,}", "open": f"{done.open:,}", "seconds": f"{done.seconds:.1f}"}
    )


@contextmanager
def progress() -> Iterator[Any]:
    """Bars on the error stream; gives what starts one: (name of the work, how much) -> what tells it to go on."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ERR, transient=not ERR.is_terminal) as bars:

        def begin(name: str, total: int | None) -> Any:
            bar = bars.add_task(_(WORK[name]), total=total)
            return lambda count: bars.advance(bar, count)

        yield begin


def _write_rejects(path: Path, rejects: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        writer = csv.DictWriter(file, ["line", "field", "reason", "text", "value"])
        writer.writeheader()
        writer.writerows(rejects)


def _print_counts(counts: dict[str, Any]) -> None:
    table = Table.grid(padding=(0, 2))
    for name, count in counts.items():
        table.add_row(name, f"{count:,}" if isinstance(count, int) else str(count))
    OUT.print(table)


SUMMARY = {
    "rows": N_("Rows read"),
    "taken": N_("Taken in"),
    "known": N_("Already known"),
    "continued": N_("Known and gone on with"),
    "rejected": N_("Rejected"),
    "later": N_("Later than the city's clock"),
    "cases": N_("Cases"),
    "open": N_("Open"),
    "steps": N_("Steps"),
}


ROUTINE = ("target", "due_by_rule", "on_time_flag", "area_printed")
"""Facts that nearly every report has."""


def _print_summary(found: dict[str, Any], here: Any) -> None:
    OUT.print(f"[bold]{_named(here)}[/] · {_('as of %(at)s') % {'at': found['as_of']}} ({here.zone.key})")
    _print_counts({_(title): found[name] for name, title in SUMMARY.items()})
    for text, agree, compared in (
        (N_("On-time flags of the city that our spans confirm"), "flags_agree", "flags_compared"),
        (N_("Lights of open cases that agree with them"), "open_flags_agree", "open_flags_compared"),
        (N_("Due dates explained by rule book and calendar"), "limits_explained", "limits_compared"),
        (N_("Handlers that the ledger would have named"), "ledger_agree", "ledger_compared"),
        (N_("Departments that the ledger would have named"), "ledger_agree_department", "ledger_compared"),
        (N_("Places in the area that the row prints"), "place_agree", "place_compared"),
    ):
        if found[compared] and (found[agree] or agree != "limits_explained"):
            share = found[agree] / found[compared]
            OUT.print(f"{_(text)}: {found[agree]:,} / {found[compared]:,} ({share:.2%})")
    rate = found["on_time_rate"]
    OUT.print(f"{_('Closed on time of those due')}: {'-' if rate is None else f'{rate:.2%}'}")
    OUT.print(
        _("%(taken)s steps in %(seconds)s s (%(rate)s a second), %(memory)s MiB")
        % {
            "taken": f"{found['steps_taken']:,}",
            "seconds": f"{found['seconds']:.1f}",
            "rate": f"{found['steps_per_second'] or 0:,}",
            "memory": found["peak_rss_mib"],
        }
    )
    odd = {name: count for name, count in found["facts"].items() if name not in ROUTINE}
    if odd:
        OUT.print(
            _("Facts that say what is missing or odd:"), ", ".join(f"{name} {count:,}" for name, count in odd.items())
        )
    for breach in found["audit_breaches"]:
        OUT.print(f"[red]✗[/] {breach}")
    if found["audit_ok"]:
        OUT.print(_("Every chain, row and seal holds."))


def _named(here: Any) -> str:
    return str(here.names.get(texts.spoken(), here.name))
