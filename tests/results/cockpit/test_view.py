"""What a view token says, and that it says nothing else."""

import time

import pytest
from django.core import signing
from django.db import connection

from cityloop.core.actor import SYSTEM, Actor
from cityloop.core.errors import Unproven
from cityloop.results.cockpit.scope import MAX_AGE, Scope, clause, scope_of, view_token

from .conftest import EAST, WEST, Desk, get, post, token


def test_a_token_says_what_its_posts_may_look_at(desk: Desk) -> None:
    here, there = desk.opened(WEST), desk.opened(EAST)
    assert seen(scope_of(token("dispatcher"))) == {here, there}
    assert seen(scope_of(token("dispatcher", area="990100001"))) == {here}
    assert seen(scope_of(token("handler", organisation="roads"))) == set()
    desk.brought(there, "dispatched")
    assert seen(scope_of(token("handler", organisation="roads"))) == {there}
    assert seen(scope_of(token("handler", organisation="parks"))) == set()
    both = Actor("user:0", "", (post("handler", organisation="roads"), post("collector", area="990100001")))
    assert seen(scope_of(view_token(both))) == {here, there}


def seen(scope: Scope) -> set[str]:
    condition, values = clause(scope)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT c.number FROM cases_case c WHERE {condition}", values)
        return {number for (number,) in cursor.fetchall()}


def test_whoever_reads_no_cases_looks_at_nothing(desk: Desk) -> None:
    desk.opened()
    assert seen(scope_of(token("machine"))) == set()
    assert len(seen(scope_of(view_token(SYSTEM)))) == 1


def test_a_token_is_the_same_for_an_hour_and_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    noon = 1_700_006_400.0
    monkeypatch.setattr(time, "time", lambda: noon)
    made = view_token(SYSTEM)
    assert len(made) < 100
    monkeypatch.setattr(time, "time", lambda: noon + 1800)
    assert view_token(SYSTEM) == made
    monkeypatch.setattr(time, "time", lambda: noon + MAX_AGE - 1)
    assert scope_of(made) == Scope(((None, None),))
    monkeypatch.setattr(time, "time", lambda: noon + MAX_AGE + 3600)
    with pytest.raises(Unproven):
        scope_of(made)


def test_the_areas_of_a_city_are_for_everybody_and_nothing_else_is(desk: Desk) -> None:
    assert get("/tiles/areas/14/8647/5532").status_code == 200
    for layer in ("cases", "grids"):
        answer = get(f"/tiles/{layer}/14/8647/5532")
        assert (answer.status_code, answer.json()["code"]) == (401, "view_ended")


@pytest.mark.parametrize("wrong", ["", "x", "W10:1rA:AAAA", "\0", "é:a:b"])
def test_a_token_that_is_not_ours_opens_nothing(wrong: str) -> None:
    with pytest.raises(Unproven):
        scope_of(wrong)
    answer = get("/tiles/cases/14/8647/5532", t=wrong)
    assert (answer.status_code, answer.json()["code"]) == (401, "view_ended")


def test_a_signature_for_something_else_is_none() -> None:
    with pytest.raises(Unproven):
        scope_of(signing.dumps([[None, None]]))
