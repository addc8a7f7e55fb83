"""A deadline beyond what the calendar knows: marked, listed, counted anew by an entry when the days are published."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from journeys.conftest import Person
from journeys.test_two_clients import brought_to, step

from cityloop.config.pack import reading
from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.loop.cases.recount import recount
from cityloop.loop.cases.verify import verify
from cityloop.loop.clocks.actions import CalendarData, change_calendar
from cityloop.loop.clocks.calendar import calendar
from cityloop.loop.clocks.models import Calendar


def published(**days: list[list[str]]) -> None:
    """The calendar learns that these days of June 2025 (`d4`) differ, and knows the rest of the year; the job runs."""
    row = CalendarData(**Calendar.objects.values(*CalendarData._fields).get())
    new = row.days | {f"2025-06-0{name[1:]}": periods for name, periods in days.items()}
    change_calendar(row._replace(days=new, known_until=date(2025, 12, 31)), actor=SYSTEM)
    with connection.cursor() as cursor:
        cursor.execute("SELECT args FROM procrastinate_jobs WHERE task_name = 'cases.recount' ORDER BY id DESC LIMIT 1")
        ((told,),) = cursor.fetchall()
    recount(calendar(json.loads(told)["before"]), at=clock.now())


@pytest.fixture
def short_sighted(desk_city: Pack) -> Pack:
    """The desk's city, whose calendar knows no day after tomorrow."""
    file = desk_city.folder / "pack.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("    wd_rule: end_of_day\n", "    wd_rule: end_of_day\n    known_until: 2025-06-03\n"))
    pack = reading.load(desk_city.folder)
    apply(pack, actor=SYSTEM, at=clock.now())
    return pack


def seen(case: str, people: dict[str, Person]) -> Any:
    return people["evaluator"].get(f"/cases/{case}").json()


def listed(people: dict[str, Person]) -> list[str]:
    found = people["evaluator"].get("/cases?provisional=true").json()["cases"]
    return [line["number"] for line in found]


def test_a_provisional_deadline_is_marked_listed_and_counted_anew(short_sighted: Pack) -> None:
    case, people = brought_to("handling")
    shown = seen(case, people)
    assert (shown["due_at"], shown["countdown"]["provisional"]) == ("2025-06-04T16:00:00+00:00", True)
    assert listed(people) == [case]
    published(d4=[])
    shown = seen(case, people)
    assert shown["first_due_at"] == "2025-06-04T16:00:00+00:00"
    assert shown["due_at"] == "2025-06-05T16:00:00+00:00"
    assert shown["assignments"][-1]["due_at"] == shown["spans"][-1]["due_at"] == shown["due_at"]
    assert (shown["entries"][-1]["step"], shown["countdown"]["provisional"]) == ("recount", False)
    assert listed(people) == []
    assert not list(verify())


def test_what_the_days_do_not_change_has_no_entry(short_sighted: Pack) -> None:
    case, people = brought_to("handling")
    published(d9=[])
    assert seen(case, people)["entries"][-1]["step"] == "sign_for"


def test_an_extension_is_counted_on_from_the_new_deadline(short_sighted: Pack) -> None:
    case, people = brought_to("handling")
    asked = {"reason": "rain", "extension": {"value": 1, "unit": "wd"}}
    assert step(people["handler-roads"], case, "ask_extension", **asked).status_code == 200
    assert step(people["dispatcher"], case, "grant_hold").status_code == 200
    assert seen(case, people)["due_at"] == "2025-06-05T16:00:00+00:00"
    published(d4=[])
    assert seen(case, people)["due_at"] == "2025-06-06T10:00:00+00:00"  # Fridays end at noon
    assert not list(verify())


def test_what_was_shelved_goes_on_from_the_new_deadline(short_sighted: Pack) -> None:
    case, people = brought_to("handling")
    asked = {"reason": "budget", "review_on": "2025-09-01", "measures": "fenced off"}
    assert step(people["handler-roads"], case, "ask_shelving", **asked).status_code == 200
    assert step(people["dispatcher"], case, "grant_hold").status_code == 200
    assert seen(case, people)["due_at"] is None
    published(d4=[])
    assert seen(case, people)["due_at"] is None
    assert step(people["dispatcher"], case, "end_hold").status_code == 200
    assert seen(case, people)["due_at"] == "2025-06-05T16:00:00+00:00"
    assert not list(verify())


def test_a_deadline_that_somebody_else_set_is_left_alone(short_sighted: Pack) -> None:
    case, people = brought_to("handling")
    with connection.cursor() as cursor:  # as a history with due dates of its own has it
        later = clock.now() + timedelta(days=30)
        cursor.execute("UPDATE cases_case SET due_at = %s", [later])
        cursor.execute("UPDATE cases_assignment SET due_at = %s WHERE no > 1", [later])
    before = seen(case, people)
    published(d4=[])
    assert seen(case, people)["due_at"] == before["due_at"]
    assert seen(case, people)["seq"] == before["seq"]


def test_why_it_is_due_then(short_sighted: Pack) -> None:
    case, people = brought_to("handling")
    asked = {"reason": "rain", "extension": {"value": 2, "unit": "wd"}}
    assert step(people["handler-roads"], case, "ask_extension", **asked).status_code == 200
    assert step(people["dispatcher"], case, "grant_hold").status_code == 200
    clocks = people["evaluator"].get(f"/cases/{case}/clocks").json()
    assert [found["what"] for found in clocks] == ["case", "unit"]
    for found in clocks:
        assert found["explained"]
        assert [(link["value"], link["unit"], link["extends"]) for link in found["links"]] == [
            (2.0, "wd", False),
            (2.0, "wd", True),
        ]
        assert found["links"][-1]["ends"] == found["due_at"]
        assert sum(stretch["counted"] for stretch in found["links"][0]["stretches"]) == 2
    assert people["machine"].get(f"/cases/{case}/clocks").status_code == 404
