"""Jobs: queued with the step and gone with it; picked up when their worker was killed; the daily seal."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest
from asgiref.sync import async_to_sync
from django.db import connection, transaction
from procrastinate import JobContext
from procrastinate.contrib.django import app

from cityloop.config import jobs as own
from cityloop.core import clock
from cityloop.core.jobs import defer
from cityloop.ground.audit import queries as audit
from cityloop.ground.places.models import City


def rows() -> list[tuple[str, str, dict[str, Any], int]]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT task_name, status, args, attempts FROM procrastinate_jobs ORDER BY id")
        return list(cursor.fetchall())


@pytest.mark.django_db
def test_any_number_of_jobs_is_one_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        defer([("intake.answer", {"case_id": case, "entry": 9}) for case in range(100)])
    with django_assert_num_queries(0):
        defer([])
    assert len(rows()) == 100
    assert rows()[7][:2] == ("intake.answer", "todo")


@pytest.mark.django_db
def test_jobs_go_with_the_transaction() -> None:
    with transaction.atomic():
        defer([("intake.answer", {"case_id": 1, "entry": 9})])
        transaction.set_rollback(True)
    assert rows() == []


@pytest.mark.django_db
def test_a_job_nobody_knows_is_not_queued() -> None:
    with pytest.raises(KeyError):
        defer([("intake.nothing", {})])


@pytest.mark.django_db
@pytest.mark.parametrize(("attempts", "after"), [(0, "todo"), (4, "failed")])
def test_jobs_of_a_killed_worker_run_again_but_not_for_ever(attempts: int, after: str) -> None:
    defer([("intake.answer", {"case_id": 1, "entry": 9}), ("intake.answer", {"case_id": 2, "entry": 9})])
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat)"
            " VALUES (now() - interval '1 hour'), (now()) RETURNING id"
        )
        dead, busy = (row[0] for row in cursor.fetchall())
        for worker, case in ((dead, 1), (busy, 2)):
            cursor.execute(
                "UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s, attempts = %s"
                " WHERE args->>'case_id' = %s",
                [worker, attempts, str(case)],
            )
    async_to_sync(own.retry_stalled.func)(cast(JobContext, SimpleNamespace(app=app)), 0)
    assert [status for _, status, _, _ in rows()] == [after, "doing"]


@pytest.mark.django_db
def test_the_day_before_is_sealed_once_by_the_clock_of_the_city(monkeypatch: pytest.MonkeyPatch) -> None:
    own.seal(0)
    assert audit.last_seal() is None  # no city, no day
    City.objects.create(code="1", name="T", zone="Asia/Shanghai", pack="t", digest="0", clock_shift=timedelta(0))
    monkeypatch.setattr(clock, "now", lambda: datetime(2015, 6, 1, 17, tzinfo=UTC))  # 01:00 on the 2nd
    own.seal(0)
    own.seal(0)
    last = audit.last_seal()
    assert last is not None
    assert (last.number, last.day) == (1, date(2015, 6, 1))
