"""A history taken in: what is counted, what is kept of a row, what is known when."""

from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from journeys.command import TINY, inline_pool

from cityloop.config import replaying
from cityloop.config.pack import reading
from cityloop.config.pack.apply import apply
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Conflict, Refused
from cityloop.loop.cases.verify import verify
from cityloop.loop.history import replay
from cityloop.loop.history.replay import Replayed

Take = Callable[..., Replayed]
HEAD = "number,opened,closed,due,in_time,kind,unit,source,x,y,district,street,words,answer"


@pytest.fixture
def take(db: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Take:
    """Takes lines (after the usual head) into the tiny city, or its own history; in one process."""
    monkeypatch.setattr(replay, "_pool", inline_pool)
    pack = reading.load(TINY)
    apply(pack, actor=SYSTEM, at=clock.now())

    def go(*lines: str, until: datetime | None = None, limit: int | None = None) -> Replayed:
        file = tmp_path / "lines.csv"
        file.write_text("\n".join((HEAD, *lines)) + "\n", encoding="utf-8")
        done = replaying.take_history(
            pack, file if lines else None, until=until, limit=limit, told=lambda _name, _total: lambda _count: None
        )
        assert done.rows == done.taken + done.known + done.rejected
        assert len(done.rejects) == done.rejected
        assert not list(verify())
        return done

    return go


def ask(statement: str, *values: str | datetime) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall())


def facts(outside_id: str) -> dict[str, Any]:
    return dict(
        ask(
            "SELECT name, value::json FROM intake_fact f JOIN intake_report r ON r.id = f.report_id"
            " WHERE outside_id = %s",
            outside_id,
        )
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2025-{text}").replace(tzinfo=UTC)


def test_every_row_is_taken_known_or_rejected(take: Take) -> None:
    done = take()
    assert (done.rows, done.taken, done.known, done.rejected) == (12, 10, 0, 2)
    assert [(reject.line, reject.field, reject.reason) for reject in done.rejects] == [
        (9, "category", "category_unknown"),
        (10, "opened", "date_unreadable"),
    ]
    assert ask("SELECT count(*), count(DISTINCT number) FROM cases_case") == [(10, 10)]
    assert done.known_until == datetime(2025, 5, 31, 22, tzinfo=UTC)


def test_the_same_number_twice_in_a_file_is_taken_once(take: Take) -> None:
    row = "B1,03.03.2025 09:00,,,,Lamp out,ROADS,T,10.002,50.005,W,Mill Lane 1,Dark,"
    other = row.replace(",T,", ",A,")
    done = take(row, row, other, row)
    assert (done.taken, done.known) == (2, 2), "a number is one of its channel"


def test_a_line_of_another_length_is_rejected_and_the_next_one_taken(take: Take) -> None:
    done = take(
        "B1,03.03.2025 09:00", "B2,03.03.2025 09:00,,,,Lamp out,,,,,,,,", ",03.03.2025 09:00,,,,Lamp out,,,,,,,,"
    )
    assert (done.taken, done.rejected) == (1, 2)
    assert [(reject.line, reject.field, reject.reason) for reject in done.rejects] == [
        (2, "", "fields_wrong"),
        (4, "id", "id_missing"),
    ]


def test_impossible_rows_are_taken_with_a_fact_that_says_so(take: Take) -> None:
    take()
    assert facts("A5")["closed_before_opened"] == "2025-03-12T11:30:00+01:00"
    assert ask("SELECT closed_at = opened_at, state FROM cases_case c JOIN intake_report r ON r.case_id = c.id"
               " WHERE outside_id = 'A5'") == [(True, "closed")]  # fmt: skip
    assert facts("A6")["place_default"] == "0.0 0.0"
    assert "place_missing" in facts("A7")
    assert facts("A10")["closed_unreadable"] == "soon"
    assert facts("A11")["place_outside"] == "11.5 48.1"
    assert facts("A11")["organisation_unknown"] == "SEWERS"
    assert facts("A11")["channel_unknown"] == "X"
    assert {name for (name,) in ask("SELECT outside_id FROM intake_report r JOIN cases_case c ON c.id = r.case_id"
                                    " WHERE c.lon IS NULL")} == {"A6", "A7", "A11"}  # fmt: skip
    assert ask("SELECT count(*) FROM intake_report WHERE lon IS NULL AND case_id IS NULL") == [(0,)]


def test_only_what_was_known_then_is_there(take: Take) -> None:
    """A case that is closed later is open, and its row says nothing yet of how it ended."""
    done = take(until=at("03-15T11:00"))
    assert (done.taken, done.rejected, done.later) == (9, 2, 1)
    assert ask("SELECT max(last_at) <= %s FROM cases_case", at("03-15T11:00")) == [(True,)]
    ((state, raw, answered),) = ask(
        "SELECT state, raw::json, answered_at FROM intake_report r JOIN cases_case c ON c.id = r.case_id"
        " JOIN intake_reply y ON y.report_id = r.id WHERE outside_id = 'A11'"
    )
    assert (state, answered) == ("handling", None)
    assert raw["words"] == "Not in this city"
    assert raw.keys().isdisjoint({"closed", "answer", "in_time"})
    assert "on_time_flag" not in facts("A11")
    take(until=at("03-21T11:00"))
    ((state, raw, answered),) = ask(
        "SELECT state, raw::json, answered_at FROM intake_report r JOIN cases_case c ON c.id = r.case_id"
        " JOIN intake_reply y ON y.report_id = r.id WHERE outside_id = 'A11'"
    )
    assert (state, answered) == ("closed", at("03-20T09:00"))
    assert (raw["closed"], raw["answer"]) == ("20.03.2025 10:00", "Passed on")
    assert facts("A11")["on_time_flag"] == "overdue"


def test_a_limit_reads_no_further(take: Take) -> None:
    first = take(limit=3)
    assert (first.rows, first.taken) == (3, 3)
    rest = take()
    assert (rest.rows, rest.known, rest.taken) == (12, 3, 7)
    assert ask("SELECT count(*), max(right(number, 5)) FROM cases_case WHERE opened_at < %s", at("03-04T00:00")) == [
        (2, "00002")
    ]


def test_another_file_of_the_same_days_gets_numbers_of_its_own(take: Take) -> None:
    take()
    done = take("B1,03.03.2025 09:00,,,,Lamp out,ROADS,T,10.002,50.005,W,Mill Lane 1,Dark,")
    assert done.taken == 1
    assert ask(
        "SELECT c.number FROM cases_case c JOIN intake_report r ON r.case_id = c.id WHERE outside_id = 'B1'"
    ) == [("99010020250303900001-2",)]


def test_a_chunk_is_few_statements_however_many_rows(take: Take) -> None:
    def counted(first: int, rows: int) -> int:
        lines = [
            f"C{number},{1 + number % 28:02}.04.2025 09:00,{1 + number % 28:02}.04.2025 {10 + number % 8}:00,"
            ",,Lamp out,ROADS,T,10.002,50.005,W,,,"
            for number in range(first, first + rows)
        ]
        with CaptureQueriesContext(connection) as asked:
            assert take(*lines).taken == rows
        return len(asked)

    counted(0, 100)
    assert counted(1000, 300) < counted(100, 100) + 20


def test_two_replays_at_once(take: Take) -> None:
    database = connection.settings_dict
    with psycopg.connect(
        dbname=database["NAME"], host=database["HOST"], user=database["USER"], password=database["PASSWORD"],
        port=database["PORT"] or None, autocommit=True,
    ) as other:  # fmt: skip
        other.execute("SELECT pg_advisory_lock(hashtext('cityloop.replay'))")
        with pytest.raises(Conflict) as caught:
            take()
    assert caught.value.code == "replay_running"
    assert ask("SELECT count(*) FROM cases_case") == [(0,)]


def test_a_worker_that_was_killed_is_told_in_a_sentence(take: Take, monkeypatch: pytest.MonkeyPatch) -> None:
    class Dead:
        def __init__(self, *_: object, **__: object) -> None: ...

        def __enter__(self) -> "Dead":
            return self

        def __exit__(self, *_: object) -> None: ...

        def submit(self, *_: object) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_exception(BrokenProcessPool("killed"))
            return future

    monkeypatch.undo()
    monkeypatch.setattr(replay, "ProcessPoolExecutor", Dead)
    with pytest.raises(Refused) as caught:
        take()
    assert caught.value.code == "replay_cut"


def test_the_end_is_told_by_the_last_row_where_the_pack_tells_none(take: Take) -> None:
    done = take("B1,03.03.2025 09:00,07.03.2025 10:00,,,Lamp out,ROADS,T,10.002,50.005,W,,,", until=at("03-06T00:00"))
    assert done.known_until == at("03-06T00:00")
    assert ask("SELECT known_until - %s FROM places_city", at("03-06T00:00")) == [(timedelta(0),)]
