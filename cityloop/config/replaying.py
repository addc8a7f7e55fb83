"""A pack and its history become a living city: apply, set the clock, replay, seal, sum up."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from django.db import connection, transaction

from cityloop.config.pack.apply import apply
from cityloop.config.pack.history import history_of, lines, mapping_of, normaliser
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Conflict
from cityloop.core.texts import _
from cityloop.ground.audit.actions import seal
from cityloop.ground.places.actions import set_clock, set_known_until
from cityloop.ground.places.city import CityValue, city
from cityloop.loop.cases.queries import counts, extent
from cityloop.loop.cases.verify import verify
from cityloop.loop.history import reading
from cityloop.loop.history.replay import Progress, Replayed, replay
from cityloop.loop.history.rows import REASONS
from cityloop.loop.intake.queries import fact_counts
from cityloop.results.evaluation.exports import to_dict
from cityloop.results.evaluation.flags import flags
from cityloop.results.evaluation.periods import Period
from cityloop.results.evaluation.queries import evaluate

At = datetime | Literal["lively", "end"] | None
Told = Callable[[str, int | None], Progress]
"""Called with the name of a long piece of work and how much there is; gives what is to be told of progress."""


def settle(pack: Pack, at: At) -> datetime | None:
    """Apply the pack and set the city's clock; the instant up to which its history is to be known (None: all)."""
    apply(pack, actor=SYSTEM, at=clock.now())
    return start_clock(city(), at)


def start_clock(here: CityValue, at: At) -> datetime | None:
    """Let the city's clock run on from `at`, and return that instant; None leaves the clock alone.

    Conflict (clock_before_known) where a given instant lies before what the city knows; `lively` and `end` then
    set the clock to where the city's knowledge ends.
    """
    wanted = at if isinstance(at, datetime) or at is None else named_instant(here, at)
    if wanted is None:
        return None
    floor = max((instant for instant in (extent()[1], here.known_until) if instant), default=wanted)
    if wanted < floor:
        if isinstance(at, datetime):
            raise Conflict("clock_before_known", known=_local(here, floor), at=_local(here, wanted))
        wanted = floor
    shift = wanted - datetime.now(UTC)
    set_clock(shift, actor=SYSTEM)
    clock.set_shift(shift)
    return wanted


def named_instant(here: CityValue, name: str) -> datetime | None:
    """The instant that the pack calls `lively` or `end`."""
    text = here.settings.get(name)
    return datetime.fromisoformat(text) if text else None


def _local(here: CityValue, at: datetime) -> str:
    return at.astimezone(here.zone).isoformat(timespec="minutes")


def take_history(pack: Pack, file: Path | None, *, until: datetime | None, limit: int | None, told: Told) -> Replayed:
    """Replay a history (the pack's own by default) as it was known at `until`, then seal what was recorded."""
    mapping = mapping_of(pack)
    path = file or history_of(pack.folder, mapping)
    end = mapping.local(mapping.end, pack.city.zone)
    total = reading.count(path)
    done = replay(
        lines(pack, path),
        normaliser(pack),
        until=until,
        end=end,
        now=clock.now(),
        limit=limit,
        progress=told("replay", min(total, limit) if total and limit else limit or total),
    )
    before = clock.now()
    with transaction.atomic():
        seal(day=city().day(before), at=before)
        if done.known_until is not None:
            set_known_until(done.known_until, actor=SYSTEM)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # else the first steps are planned as if the tables were empty
    done.seconds += (clock.now() - before) / timedelta(seconds=1)
    return done


def summary(done: Replayed, told: Told) -> dict[str, Any]:
    """What `demo` and `replay` write as JSON: what was taken in, what it scores, whether it holds."""
    here = city()
    as_of = here.known_until or clock.now()
    standing = counts()
    table = evaluate(period=_whole(as_of), basis="reported", by="organisation", at=as_of, zone=here.zone)
    organisations = to_dict(table)
    breaches = [
        str(breach) for _, breach in zip(range(20), verify(progress=told("verify", standing["cases"])), strict=False)
    ]
    found = asdict(done)
    for name in ("rejects", "steps", "known_until"):
        found.pop(name)
    return {
        "city": here.name,
        "pack": here.pack,
        "as_of": _local(here, as_of),
        **found,
        "seconds": round(done.seconds, 3),
        "steps_taken": done.steps,
        "steps_per_second": round(done.steps / done.seconds) if done.seconds else None,
        **standing,
        **asdict(flags(as_of)),
        "on_time_rate": organisations["total"]["on_time_of_due"],
        "by_organisation": organisations["rows"],
        "facts": fact_counts(),
        "audit_ok": not breaches,
        "audit_breaches": breaches,
    }


def _whole(as_of: datetime) -> Period:
    """All that was reported up to an instant."""
    return Period("all", min(extent()[0] or as_of, as_of), as_of + timedelta(microseconds=1))


def rejects(done: Replayed) -> Iterator[dict[str, Any]]:
    """Rejected lines as they are written to a rejects file, in the order of the history."""
    for reject in sorted(done.rejects, key=lambda reject: reject.line):
        yield {**reject._asdict(), "text": _(REASONS[reject.reason])}
