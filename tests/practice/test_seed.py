"""Practice cases are cases like any other: whole, verifiable, of this city's rules; asking again adds none."""

from django.db import connection, transaction
from journeys.command import inside

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.loop.cases.lifecycle import ENDED, STATES
from cityloop.loop.cases.queries import counts, standing
from cityloop.loop.cases.verify import verify
from cityloop.loop.clocks.deadlines import NO_DEADLINE
from cityloop.loop.clocks.ground import ground
from cityloop.practice.seed import seed


def test_the_city_is_filled_with_every_state_and_topped_up_only(tiny_city: Pack) -> None:
    at = clock.now()
    first = seed(200, at=at)
    assert (first.made, first.open) == (200, 200)
    assert dict(standing()).keys() == STATES.keys() - ENDED - {"fed_back"}  # here results go straight to the check
    assert list(verify()) == []
    assert seed(200, at=at).made == 0
    again = seed(215, at=at, number=2)
    assert (again.made, again.open, counts()["open"]) == (15, 215, 215)
    assert list(verify()) == []


def test_deadlines_are_those_of_the_rule_book(tiny_city: Pack) -> None:
    seed(60, at=clock.now())
    here = ground()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.rule_id, a.started_at, c.due_at, c.yellow_at FROM cases_case c"
            " JOIN cases_assignment a ON a.case_id = c.id AND a.no = 2"
        )
        rows = cursor.fetchall()
    assert rows
    for rule, started, due, yellow in rows:
        parts = here.clock.handling(rule, (), started)
        assert (due, yellow) == (parts[-1].deadline if parts else NO_DEADLINE)


def test_the_same_number_makes_the_same_cases(tiny_city: Pack) -> None:
    def made() -> list[tuple[str, str, float]]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT number, state, lon FROM cases_case ORDER BY number")
            return list(cursor.fetchall())

    at, found = clock.now(), []
    for number in (5, 5, 6):
        with transaction.atomic():
            seed(20, at=at, number=number)
            found.append(made())
            transaction.set_rollback(True)
    assert found[0] == found[1] != found[2]


def test_the_command(tiny_city: Pack) -> None:
    said = inside("bench", "seed", "--open", 12, "--lang", "en")
    assert (said.code, counts()["open"]) == (0, 12)
    assert "12 cases made" in said.out
    assert inside("bench", "seed", "--open", 0, "--lang", "en").code == 2
