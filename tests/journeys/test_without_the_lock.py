"""A build whose lock on a case was taken away: what two people do at once goes wrong, and the witness says so."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import Any

import pytest
from django.db import connection, connections

from bench.faults import entries_of
from bench.witness import OVERWRITTEN, TWO_UNITS, Seen, check
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.loop.cases import queries
from journeys.conftest import Person, holder_of
from journeys.test_two_clients import brought_to, step


@contextmanager
def lockless() -> Iterator[None]:
    """Nobody waits for a case, both have read it before either writes, and the table takes two entries of a number."""
    read, both = queries.snapshots, Barrier(2, timeout=30)

    def unlocked(ids: Any, *, lock: bool = False) -> Any:
        found = read(ids)
        both.wait()
        return found

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE cases_entry DROP CONSTRAINT cases_entry_pkey")
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(queries, "snapshots", unlocked)
            yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM procrastinate_jobs")
            cursor.execute("TRUNCATE cases_entry")
            cursor.execute("ALTER TABLE cases_entry ADD PRIMARY KEY (case_id, seq)")


def called(person: Person, case: str, name: str, mark: str, **facts: Any) -> Seen:
    """A step, and what its client saw of it."""
    sent = clock.now()
    try:
        answer = step(person, case, name, note=mark, **facts)
    finally:
        connections.close_all()
    told = answer.json()
    return Seen(mark, case, name, sent, clock.now(), answer.status_code, told.get("seq", 0))


def both_dispatch(case: str, one: Person, other: Person) -> list[Seen]:
    """Two people send one case to two units at the same time."""
    with ThreadPoolExecutor(2) as pool:
        calls = [
            pool.submit(called, one, case, "dispatch", "one", organisation="roads"),
            pool.submit(called, other, case, "dispatch", "two", organisation="parks"),
        ]
        return [call.result() for call in calls]


@pytest.mark.django_db(transaction=True)
def test_the_witness_sees_a_lost_update_and_a_double_dispatch(desk_city: Pack) -> None:
    case, people = brought_to("filed")
    other = holder_of("section_chief")
    with lockless():
        seen = both_dispatch(case, people["dispatcher"], other)
        kept = entries_of({case})
    assert [call.status for call in seen] == [200, 200]
    assert {broken.what for broken in check(seen, kept)} >= {OVERWRITTEN, TWO_UNITS}


@pytest.mark.django_db(transaction=True)
def test_with_the_lock_one_of_them_is_told_to_look_again(desk_city: Pack) -> None:
    case, people = brought_to("filed")
    seen = both_dispatch(case, people["dispatcher"], holder_of("section_chief"))
    assert sorted(call.status for call in seen) == [200, 409]
    assert check(seen, entries_of({case})) == []
