"""Every cell of role x step x area x organisation, tried through the API: docs/reference/step-matrix.md.

One case is walked along the loop. Wherever it stands, everybody tries the steps that begin there, each in a savepoint
that is given up afterwards, so that the case is walked once and a cell leaves nothing for the next.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.db import connection, transaction
from django.test import Client

from cityloop.config.pack import reading
from cityloop.config.pack.apply import apply
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.ground.accounts.roles import ROLES
from cityloop.loop.cases.lifecycle import STEPS
from cityloop.loop.cases.matrix import ALLOWED, Seat, Tie, answer, seats
from journeys.conftest import Person, holder_of, with_desks
from journeys.test_steps_beside_the_line import DEFERRAL, EXTENSION, SHELVING

TREE = {"channel": "app", "category": "0103", "lon": 10.002, "lat": 50.005, "words": "Tree down", "area": "990100001"}
"""In the West; its handling has two parts, so that one can be finished."""
UNITS = {Tie.OWN: "crew", Tie.ABOVE: "roads", Tie.FORMER: "parks", Tie.OTHER: "lamps"}
MORE_UNITS = "crew,Road crew,道路班组,crew,roads,\nlamps,Lamps department,路灯处,department,centre,\n"
AREAS = {True: "990100001", False: "990100002"}
FEEDBACK = "\n  loop:\n    feedback: required\n"
STATUS = {ALLOWED: 200, "case_unknown": 404}


class Move(NamedTuple):
    post: str
    step: str
    facts: dict[str, Any] = {}


REASON = {"reason": "as told"}
FACTS: dict[str, dict[str, Any]] = {
    **{name: REASON for name, step in STEPS.items() if "reason" in step.needs},
    "pre_verify": {"verdict": "true"},
    "dispatch": {"organisation": "crew"},
    "rule_dispatch": {"organisation": "crew", "basis": "minutes 7"},
    "request_return": {"reason": "not_ours"},
    "handle": {"result": "removed"},
    "finish_part": {"result": "fenced off"},
    "check": {"verdict": "solved"},
    "close": {"closing_kind": "solved"},
    "ask_extension": EXTENSION,
    "ask_deferral": DEFERRAL,
    "ask_shelving": SHELVING,
    "merge": {"other": "{other}"},
    "link": {"other": "{other}", "link": "part_of"},
    "unlink": {"other": "{other}", **REASON},
}
"""What each step is told, so that it lacks nothing; `{other}` is the number of the other case."""
BEFORE: dict[str, list[Move]] = {
    "pre_verify": [Move("acceptor", "ask_verification")],
    "unmerge": [Move("acceptor", "merge", FACTS["merge"])],
    "grant_return": [Move("handler-roads", "request_return", FACTS["request_return"])],
    "deny_return": [Move("handler-roads", "request_return", FACTS["request_return"])],
    "grant_hold": [Move("handler-roads", "ask_deferral", DEFERRAL)],
    "deny_hold": [Move("handler-roads", "ask_deferral", DEFERRAL)],
    "end_hold": [Move("handler-roads", "ask_deferral", DEFERRAL), Move("dispatcher", "grant_hold")],
    "unlink": [Move("acceptor", "link", FACTS["link"])],
}
"""What has to be done first, where the state alone does not allow a step."""
DESK: list[tuple[list[str], Move | None]] = [
    (["ask_verification", "pre_verify", "register", "refuse", "withdraw"], Move("acceptor", "register")),
    (["file", "roll_back"], Move("shift_leader", "file")),
    (["dispatch", "rule_dispatch", "roll_back_filing"], None),
]
"""The steps that are tried where a case stands, and how it goes on: until no unit had to do with it."""
OUT: list[tuple[list[str], Move | None]] = [
    (["sign_for"], Move("handler-roads", "sign_for")),
    (
        [
            *("request_return", "grant_return", "deny_return", "handle", "finish_part", "roll_back_dispatch"),
            *("ask_extension", "ask_deferral", "ask_shelving", "grant_hold", "deny_hold", "end_hold"),
            *(
                "merge",
                "unmerge",
                "split",
                "link",
                "unlink",
                "warn",
                "remind",
                "propose_supervision",
                "recount",
                "void",
            ),
        ],
        Move("handler-roads", "handle", FACTS["handle"]),
    ),
    (["feed_back"], Move("dispatcher", "feed_back")),
    (["check", "rework"], Move("collector", "check", FACTS["check"])),
    (["close", "roll_back_check"], Move("shift_leader", "close", FACTS["close"])),
    (["redo", "reopen", "recur"], None),
]
"""The same once it is with a unit: it was dispatched to another one first, and called back."""
DETOUR = [
    Move("dispatcher", "dispatch", {"organisation": "parks"}),
    Move("dispatcher", "roll_back_dispatch", REASON),
    Move("dispatcher", "dispatch", {"organisation": "crew"}),
]


class Trier:
    """Somebody who tries steps, by one client; what is refused must have changed nothing."""

    def __init__(self, seat: Seat) -> None:
        self.seat, self.headers, self.client = seat, holder_of(_post(seat)).headers, Client()

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, str]:
        told = self.client.post(path, body, content_type="application/json", headers=self.headers)
        return told.status_code, ALLOWED if told.status_code in (200, 201) else told.json()["code"]


@pytest.mark.django_db
def test_every_role_takes_each_step_where_the_matrix_says(own_clock: None, tmp_path: Path) -> None:
    _seat_everybody(tmp_path)
    people = {post: holder_of(post) for post in ROLES if post != "handler"}
    people["handler-roads"] = holder_of("handler-roads")
    triers = [Trier(seat) for seat in seats()]
    wrong: list[str] = []
    tried: Counter[str] = Counter()

    def try_all(case: str, other: str, steps: list[str], *, dispatched: bool) -> None:
        for name in steps:
            with _given_up():
                for move in BEFORE.get(name, ()):
                    _take(people[move.post], case, move, other)
                for trier in triers:
                    tried[name] += 1
                    expected = answer(name, trier.seat, dispatched=dispatched)
                    wrong.extend(_tried(trier, case, name, other, expected))

    other, case = _opened(people), _opened(people)
    for move in (DESK[0][1], DESK[1][1], *DETOUR):
        assert move is not None
        _take(people[move.post], other, move, "")
    for places, dispatched in ((DESK, False), (OUT, True)):
        for steps, onward in places:
            try_all(case, other, steps, dispatched=dispatched)
            for move in [onward] if onward else [] if dispatched else DETOUR:
                _take(people[move.post], case, move, other)
    for trier in triers:
        tried["report"] += 1
        wrong.extend(_reported(trier))
    assert wrong == []
    assert tried == dict.fromkeys(STEPS, len(triers))
    assert len(triers) == 2 * (4 + 1 + 2 * (len(ROLES) - 2))


def _tried(trier: Trier, case: str, name: str, other: str, expected: str) -> Iterator[str]:
    """What is not as the matrix says when somebody takes a step; nobody can count anew by hand, who may or not."""
    body = {"step": name, **_filled(FACTS.get(name, {}), other)}
    with _given_up():
        before = _stands(case)
        told = trier.post(f"/api/cases/{case}/steps", body)
        moved = _stands(case) != before
    if told != (STATUS.get(expected, 403), expected) or moved != (expected == ALLOWED):
        yield f"{name} by {_post(trier.seat)}: {told}, not {expected}; moved: {moved}"


def _reported(trier: Trier) -> Iterator[str]:
    expected = answer("report", trier.seat)
    with _given_up():
        before = _count()
        told = trier.post("/api/reports", TREE)
        more = _count() - before
    if told != (201 if expected == ALLOWED else 403, expected) or more != (expected == ALLOWED):
        yield f"report by {_post(trier.seat)}: {told}, not {expected}; cases: {more}"


def _seat_everybody(tmp_path: Path) -> None:
    """Posts for whoever tries, beside those at the desks, who walk the case: none has done what another checks."""
    folder = with_desks(tmp_path, FEEDBACK).folder
    with (folder / "organisations.csv").open("a", encoding="utf-8") as table:
        table.write(MORE_UNITS)
    with (folder / "posts.csv").open("a", encoding="utf-8") as table:
        for seat in seats():
            unit = "centre" if ROLES[seat.role].assesses else UNITS[seat.tie]
            table.write(f"{_post(seat)},{seat.role},{seat.role},{unit},{AREAS[seat.here]}\n")
    apply(reading.load(folder), actor=SYSTEM, at=clock.now())


def _post(seat: Seat) -> str:
    return f"try-{seat.role}-{'here' if seat.here else 'elsewhere'}-{seat.tie}"


@contextmanager
def _given_up() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _opened(people: dict[str, Person]) -> str:
    told = people["machine"].post("/reports", TREE)
    assert told.status_code == 201, told.content
    return str(told.json()["case"])


def _take(person: Person, case: str, move: Move, other: str) -> None:
    told = person.post(f"/cases/{case}/steps", {"step": move.step, **_filled(move.facts, other)})
    assert told.status_code == 200, (move, told.content)


def _filled(facts: dict[str, Any], other: str) -> dict[str, Any]:
    return {name: other if value == "{other}" else value for name, value in facts.items()}


def _stands(case: str) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT state, seq, head FROM cases_case WHERE number = %s", [case])
        state, seq, head = cursor.fetchone()
    return state, seq, bytes(head)


def _count() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cases_case")
        return int(cursor.fetchone()[0])
