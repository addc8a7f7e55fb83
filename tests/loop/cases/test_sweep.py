"""The sweep: what is told when, once each; silence; requests that wait; what an interrupted sweep leaves."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from journeys.conftest import Person
from journeys.test_two_clients import LINE, brought_to, opened, step

from cityloop.config.pack import reading
from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.loop.cases import sweep as sweeping
from cityloop.loop.cases.sweep import Swept, sweep
from cityloop.loop.cases.verify import verify
from cityloop.loop.clocks.ground import ground

TIMED = """\
  opens_itself: []
  limits:
    sign_for: {value: 2, unit: h}
  escalation:
    - {at: 0.5, step: warn}
    - {at: 1, step: remind}
    - {at: 1.5, step: propose_supervision}
"""
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
def timed_city(desk_city: Pack) -> Pack:
    """The desk's city with limits for signing and three escalations."""
    file = desk_city.folder / "pack.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("  opens_itself: []\n", TIMED), encoding="utf-8")
    pack = reading.load(desk_city.folder)
    apply(pack, actor=SYSTEM, at=clock.now())
    return pack


def berlin(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant of June 2025; the cases here are dispatched on Monday the 2nd at 10:00, for two working days."""
    return datetime(2025, 6, day, hour, minute, tzinfo=BERLIN).astimezone(UTC)


def another(people: dict[str, Person]) -> str:
    """One more case in handling."""
    case = opened(people["machine"])
    for name, _, post, facts, _ in LINE[:4]:
        assert step(people[post], case, name, **facts).status_code == 200
    return case


def told(case: str, person: Person) -> list[str]:
    """What the sweep did to a case, in order."""
    entries = person.get(f"/cases/{case}").json()["entries"]
    return [entry["step"] for entry in entries if entry["actor"] == "system"]


def whole(case: str, person: Person) -> Any:
    return person.get(f"/cases/{case}").json()


def test_each_share_of_the_limit_is_told_once(timed_city: Pack) -> None:
    case, people = brought_to("handling")
    assert whole(case, people["evaluator"])["due_at"] == "2025-06-04T16:00:00+00:00"
    assert sweep(at=berlin(3, 13, 30)) == Swept(0, 0)
    for at, expected in (  # half of the 56 hours from Monday 10:00 to Wednesday 18:00 are over on Tuesday at 14:00
        (berlin(3, 14, 30), ["warn"]),
        (berlin(4, 17), ["warn"]),
        (berlin(4, 18, 1), ["warn", "remind"]),
        (berlin(5, 20), ["warn", "remind"]),
        (berlin(5, 23), ["warn", "remind", "propose_supervision"]),
        (berlin(20, 9), ["warn", "remind", "propose_supervision"]),
    ):
        sweep(at=at)
        assert told(case, people["evaluator"]) == expected, at
    assert whole(case, people["evaluator"])["state"] == "handling"
    assert not list(verify())


def test_a_sweep_that_comes_late_tells_only_what_still_matters(timed_city: Pack) -> None:
    case, people = brought_to("handling")
    assert sweep(at=berlin(4, 19)) == Swept(1, 1)
    assert told(case, people["evaluator"]) == ["remind"]


def test_whoever_keeps_silent_has_signed_when_the_time_for_it_was_over(timed_city: Pack) -> None:
    case, people = brought_to("dispatched")
    signed_at = clock.now() + timedelta(hours=2)
    assert sweep(at=signed_at - timedelta(minutes=1)).told == 0
    assert sweep(at=signed_at + timedelta(hours=3)).told == 1
    shown = whole(case, people["evaluator"])
    entry = shown["entries"][-1]
    assert (shown["state"], entry["step"], entry["inferred"]) == ("handling", "sign_for", True)
    assert abs(datetime.fromisoformat(entry["at"]) - signed_at) < timedelta(minutes=1)
    assert sweep(at=signed_at + timedelta(hours=4)).told == 0


def test_while_a_request_waits_nothing_is_told_and_afterwards_all_of_it(timed_city: Pack) -> None:
    case, people = brought_to("handling")
    asked = step(people["handler-roads"], case, "ask_extension", reason="rain", extension={"value": 1, "unit": "wd"})
    assert asked.status_code == 200, asked.content
    assert sweep(at=berlin(5, 9)).found == 0
    # the dispatcher finds it among what is to be done, and denies it
    mine = people["dispatcher"].get("/cases?queue=mine").json()["cases"]
    assert [(line["number"], line["hold"], line["hold_kind"]) for line in mine] == [(case, "asked", "extension")]
    assert step(people["dispatcher"], case, "deny_hold", reason="no").status_code == 200
    assert people["dispatcher"].get("/cases?queue=mine").json()["cases"] == []
    sweep(at=berlin(5, 9))
    assert told(case, people["evaluator"]) == ["remind"]


def test_a_deadline_that_moved_is_warned_of_anew(timed_city: Pack) -> None:
    case, people = brought_to("handling")
    sweep(at=berlin(3, 14, 30))
    clock.set_shift(berlin(3, 16) - datetime.now(UTC))
    more = {"reason": "rain", "extension": {"value": 3, "unit": "wd"}}
    assert step(people["handler-roads"], case, "ask_extension", **more).status_code == 200
    assert step(people["dispatcher"], case, "grant_hold").status_code == 200
    shown = whole(case, people["evaluator"])
    assert (shown["first_due_at"], shown["due_at"]) == ("2025-06-04T16:00:00+00:00", "2025-06-09T16:00:00+00:00")
    (hold,) = shown["holds"]
    asked = ("kind", "value", "unit", "granted", "stands")
    assert [hold[name] for name in asked] == ["extension", 3.0, "wd", True, ""]
    assert sweep(at=berlin(4, 19)).found == 0
    for at in (berlin(6, 9), berlin(6, 10), berlin(10, 9)):
        sweep(at=at)
    assert told(case, people["evaluator"]) == ["warn", "warn", "remind"]
    assert not list(verify())


def test_an_interrupted_sweep_goes_on_where_it_stopped(timed_city: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    case, people = brought_to("handling")
    cases = [case, *(another(people) for _ in range(3))]
    monkeypatch.setattr(sweeping, "CHUNK", 1)
    done: list[int] = []

    def cut(count: int) -> None:
        done.append(count)
        if len(done) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sweep(at=berlin(4, 19), progress=cut)
    assert sum(told(case, people["evaluator"]) == ["remind"] for case in cases) == 2
    assert sweep(at=berlin(4, 19)) == Swept(2, 2)
    assert all(told(case, people["evaluator"]) == ["remind"] for case in cases)


def test_statements_do_not_grow_with_what_is_found(timed_city: Pack) -> None:
    _, people = brought_to("handling")
    counted = []
    for more in (0, 5):
        for _ in range(more):
            another(people)
        with CaptureQueriesContext(connection) as asked:
            sweep(at=berlin(4, 19))
        counted.append(len(asked))
    assert counted[0] == counted[1]


def test_who_acted_in_the_meantime_is_not_told(timed_city: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    case, people = brought_to("handling")
    found = sweeping.crossings(ground(), berlin(4, 19))
    assert step(people["handler-roads"], case, "handle", result="done").status_code == 200
    monkeypatch.setattr(sweeping, "crossings", lambda *_: found)
    assert sweep(at=berlin(4, 19)) == Swept(1, 0)
    assert told(case, people["evaluator"]) == []


def test_a_city_without_escalations_tells_nobody(desk_city: Pack) -> None:
    brought_to("handling")
    assert sweep(at=berlin(20, 9)) == Swept(0, 0)
