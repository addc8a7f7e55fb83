"""Every cell of role x step x area x organisation, tried through the API: docs/reference/step-matrix.md.

One case is walked along the loop. Wherever it stands, everybody tries the steps that begin there, each in a savepoint
that is given up afterwards, so that the case is walked once and a cell leaves nothing for the next.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
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
from cityloop.loop.cases.lifecycle import JUDGES_DUTY, STEPS
from cityloop.loop.cases.matrix import ALLOWED, Seat, Tie, answer, seats
from journeys.conftest import holder_of, with_desks
from journeys.test_steps_beside_the_line import DEFERRAL, EXTENSION, SHELVING

TREE = {"channel": "app", "category": "0103", "lon": 10.002, "lat": 50.005, "words": "Tree down", "area": "990100001"}
"""In the West; its handling has two parts, so that one can be finished."""
UNITS = {Tie.OWN: "crew", Tie.ABOVE: "roads", Tie.FORMER: "parks", Tie.OTHER: "lamps"}
MORE_UNITS = """\
crew,Road crew,道路班组,crew,roads,
squad,Squad,小组,crew,crew,
lamps,Lamps department,路灯处,department,centre,
"""
AREAS = {True: "990100001", False: "990100002"}
FEEDBACK = """
  loop:
    feedback: required
    scenarios:
      storm: {name: Storm, members: [{organisation: parks, kind: report_in}]}
"""
STATUS = {ALLOWED: 200, "case_unknown": 404, "fact_missing": 422}
LACKING = {"order": "fact_missing"}
"""An order is issued by its own door, which takes this step along: here whoever may take it lacks the order."""


class Move(NamedTuple):
    post: str
    step: str
    facts: dict[str, Any] = {}


OTHER = "the other case"
REASON = {"reason": "as told"}
GIVEN = 4
"""The number of the first duty: the third assignment is the one after the detour."""
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
    "merge": {"other": OTHER},
    "link": {"other": OTHER, "link": "part_of"},
    "unlink": {"other": OTHER, **REASON},
    "delegate": {"organisation": "squad"},
    "call_in": {"organisation": "squad"},
    "make_safe": {"organisation": "crew"},
    "set_up": {"scenario": "storm"},
    "settle": {"organisation": "lamps", "tier": "line", "basis": "minutes 8"},
    "whistle": {"organisations": ["crew"], "urgency": "hard", **REASON},
    "consult": {"organisations": ["crew", "parks"], **REASON},
    "sign_duty": {"duty": GIVEN},
    "arrive": {"duty": GIVEN},
    "finish_duty": {"duty": GIVEN, "result": "fenced off"},
    "accept_duty": {"duty": GIVEN, "rating": "good"},
    "reject_duty": {"duty": GIVEN, **REASON},
    "recall_duty": {"duty": GIVEN, **REASON},
}
"""What each step is told, so that it lacks nothing; for `OTHER` stands its number."""
BEFORE: dict[str, list[Move]] = {
    "pre_verify": [Move("acceptor", "ask_verification")],
    "unmerge": [Move("acceptor", "merge", FACTS["merge"])],
    "grant_return": [Move("handler-roads", "request_return", FACTS["request_return"])],
    "deny_return": [Move("handler-roads", "request_return", FACTS["request_return"])],
    "grant_hold": [Move("handler-roads", "ask_deferral", DEFERRAL)],
    "deny_hold": [Move("handler-roads", "ask_deferral", DEFERRAL)],
    "end_hold": [Move("handler-roads", "ask_deferral", DEFERRAL), Move("dispatcher", "grant_hold")],
    "unlink": [Move("acceptor", "link", FACTS["link"])],
    "sign_duty": [Move("dispatcher", "make_safe", FACTS["make_safe"])],
    "finish_duty": [Move("dispatcher", "make_safe", FACTS["make_safe"])],
    "arrive": [Move("chief", "whistle", FACTS["whistle"])],
    "settle": [
        Move("dispatcher", "consult", {"organisations": ["crew"], **REASON}),
        Move("handler-roads", "finish_duty", {"duty": GIVEN, "result": "not ours"}),
    ],
}
"""What has to be done first, where the state alone does not allow a step."""
JUDGED: dict[str, list[Move]] = {
    "assist": [
        Move("handler-roads", "call_in", FACTS["call_in"]),
        Move("handler-roads", "finish_duty", FACTS["finish_duty"]),
    ],
    "make_safe": [*BEFORE["finish_duty"], Move("handler-roads", "finish_duty", FACTS["finish_duty"])],
    "report_in": [
        *BEFORE["arrive"],
        Move("handler-roads", "arrive", FACTS["arrive"]),
        Move("handler-roads", "finish_duty", FACTS["finish_duty"]),
    ],
    "consult": [Move("dispatcher", "consult", FACTS["consult"])],
}
"""A duty of each kind, as far as it has to be before it is judged; an opinion is only called back."""
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
            *("merge", "unmerge", "split", "link", "unlink", "warn", "remind", "propose_supervision", "order"),
            *("recount", "void", "delegate", "call_in", "make_safe", "whistle", "set_up", "consult", "settle"),
            *("sign_duty", "arrive", "finish_duty", "accept_duty", "reject_duty", "recall_duty"),
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


@dataclass
class Walk:
    """The case that is walked, another one beside it, and everybody who tries; one client speaks for all."""

    case: str
    other: str
    people: dict[str, dict[str, str]]
    triers: list[tuple[Seat, dict[str, str]]]
    client: Client = field(default_factory=Client)
    wrong: list[str] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)

    def try_all(self, name: str, path: str, body: dict[str, Any], *, dispatched: bool, kind: str = "") -> None:
        """Everybody takes one step: those first who must be refused, which must leave no entry, then each of the others
        from the same beginning."""
        allowed = []
        with _given_up():
            before = _entries()
            for seat, headers in self.triers:
                self.tried[name] += 1
                expected = answer(name, seat, dispatched=dispatched, kind=kind)
                if expected == ALLOWED:
                    expected = LACKING.get(name, ALLOWED)
                if expected == ALLOWED:
                    allowed.append((seat, headers))
                else:
                    self._try(name, seat, headers, path, body, expected)
            if _entries() != before:
                self.wrong.append(f"{name}: it was refused, and left an entry")
        for seat, headers in allowed:
            with _given_up():
                self._try(name, seat, headers, path, body, ALLOWED)
                if _entries() == before:
                    self.wrong.append(f"{name} by {_post(seat)}: it left no entry")

    def _try(
        self, name: str, seat: Seat, headers: dict[str, str], path: str, body: dict[str, Any], expected: str
    ) -> None:
        status, code = self._send(headers, path, body)
        if (200 if status == 201 else status, code) != (STATUS.get(expected, 403), expected):
            self.wrong.append(f"{name} by {_post(seat)}: {status} {code}, not {expected}")

    def try_step(self, name: str, *, dispatched: bool) -> None:
        for kind, moves in _judged(name).items() or [("", BEFORE.get(name, ()))]:
            with _given_up():
                for move in moves:
                    self.go(move)
                body = {"step": name, **self._filled(FACTS.get(name, {}))}
                self.try_all(name, f"/api/cases/{self.case}/steps", body, dispatched=dispatched, kind=kind)

    def go(self, move: Move, case: str = "") -> None:
        """Somebody at a desk takes a step; it must succeed."""
        body = {"step": move.step, **self._filled(move.facts)}
        told = self._send(self.people[move.post], f"/api/cases/{case or self.case}/steps", body)
        assert told == (200, ALLOWED), (move, told)

    def _send(self, headers: dict[str, str], path: str, body: dict[str, Any]) -> tuple[int, str]:
        told = self.client.post(path, body, content_type="application/json", headers=headers)
        return told.status_code, ALLOWED if told.status_code in (200, 201) else told.json()["code"]

    def _filled(self, facts: dict[str, Any]) -> dict[str, Any]:
        return {name: self.other if value == OTHER else value for name, value in facts.items()}


@pytest.mark.django_db
def test_every_role_takes_each_step_where_the_matrix_says(own_clock: None, tmp_path: Path) -> None:
    _seat_everybody(tmp_path)
    people = {post: holder_of(post) for post in (*(role for role in ROLES if role != "handler"), "handler-roads")}
    case, other = (people["machine"].post("/reports", TREE).json()["case"] for _ in range(2))
    walk = Walk(
        case,
        other,
        {post: person.headers for post, person in people.items()},
        [(seat, holder_of(_post(seat)).headers) for seat in seats()],
    )
    _counted()
    for move in (*(onward for _, onward in DESK if onward), *DETOUR):
        walk.go(move, other)
    for places, dispatched in ((DESK, False), (OUT, True)):
        for steps, onward in places:
            for name in steps:
                walk.try_step(name, dispatched=dispatched)
            for move in [onward] if onward else [] if dispatched else DETOUR:
                walk.go(move)
    walk.try_all("report", "/api/reports", TREE, dispatched=False)
    assert walk.wrong == []
    assert walk.tried == {name: len(walk.triers) * (len(_judged(name)) or 1) for name in STEPS}
    assert len(walk.triers) == 2 * (4 + 1 + 2 * (len(ROLES) - 2))


def _judged(name: str) -> dict[str, list[Move]]:
    """The kinds of duties that a step judges, and what comes before."""
    if name not in JUDGES_DUTY:
        return {}
    return {kind: moves for kind, moves in JUDGED.items() if name == "recall_duty" or kind != "consult"}


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


def _counted() -> None:
    """The planner knows how many people there are: a server that cleaned up between two tests believes in nobody, and
    each sign-in then looks at every pair of them."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_user, accounts_token, accounts_tenure, accounts_post")


def _post(seat: Seat) -> str:
    return f"try-{seat.role}-{'here' if seat.here else 'elsewhere'}-{seat.tie}"


@contextmanager
def _given_up() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _entries() -> int:
    """How many there are; each step of each case leaves one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cases_entry")
        return int(cursor.fetchone()[0])
