"""Duties beside the handling, walked at the desks over the Spring Festival of 2026: tiers with assistants, a whistle, a
spot made safe at once, opinions, and bodies that have no inbox. Every instant is counted by hand.

Work is from 08:00 to 12:00 and from 14:00 to 18:00. Friday 13 February is a working day, Saturday the 14th is made up,
the 15th to the 23rd are free, Tuesday the 24th is worked again; Saturday the 28th is made up.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.ground.registry.models import DutyProposal
from cityloop.loop.cases.verify import verify
from journeys.conftest import Person, holder_of, with_desks
from journeys.test_exceptions import HERE, refused, seen, taken
from journeys.test_two_clients import HOLE, opened, step

ZONE = ZoneInfo("Asia/Shanghai")
BERLIN_WEEK = """\
      fri: [[08:00, 12:00]]
    days:
      2025-04-18: []                    # Good Friday
      2025-04-26: [[09:00, 13:00]]      # a Saturday that is worked
"""
FREE = "".join(f"      2026-02-{day}: []\n" for day in range(15, 24))
DAY = "[[08:00, 12:00], [14:00, 18:00]]"
FESTIVAL = f"""\
      fri: {DAY}
    days:
      2026-02-14: {DAY}
{FREE}      2026-02-28: {DAY}
"""
CHINESE = {"Europe/Berlin": "Asia/Shanghai", "wd_rule: end_of_day": "wd_rule: working_time", BERLIN_WEEK: FESTIVAL}
"""What the tiny pack says instead, so that it works by a Chinese calendar."""
DUTIES = """
  loop:
    near_m: 300
    duties:
      arrive: {hard: {value: 4, unit: wh}}
      opinion: {value: 4, unit: wh}
    scenarios:
      flood:
        name: Flooded underpass
        names: {zh: 下穿积水}
        members:
          - {organisation: roads, kind: make_safe, within: {value: 1, unit: h}}
          - {organisation: power, kind: report_in, urgency: urgent}
          - {organisation: rail, kind: consult, delivery: phone}
"""
DECREE = {"basis": "Decree 7"}


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=ZONE)


def wall(instant: str | None) -> str:
    """An instant of an answer as the city's clocks show it."""
    return f"{datetime.fromisoformat(instant).astimezone(ZONE):%m-%d %H:%M}" if instant else ""


@pytest.fixture
def festival_city(db: None, own_clock: None, tmp_path: Path) -> Pack:
    """A district under the centre with a street under it and a crew under that, in a Chinese working calendar."""
    return with_desks(
        tmp_path,
        DUTIES,
        units=[("west", "centre"), ("street", "west"), ("crew", "street"), ("rail", "centre"), ("power", "centre")],
        otherwise=CHINESE,
        at=local("02-13 16:00"),
    )


class Walk:
    """One case, and everybody who has to do with it."""

    def __init__(self, when: str) -> None:
        self.turn_to(when)
        self.people: dict[str, Person] = {}
        self.case = opened(self.at("machine"))

    def at(self, post: str) -> Person:
        if post not in self.people:
            self.people[post] = holder_of(post)
        return self.people[post]

    def go(self, when: str, post: str, name: str, **facts: Any) -> None:
        self.turn_to(when)
        taken(self.at(post), self.case, name, at=local(when).isoformat(), **facts)

    def not_yet(self, code: str, post: str, name: str, **facts: Any) -> dict[str, Any]:
        return refused(code, self.at(post), self.case, name, **facts)

    def see(self) -> dict[str, Any]:
        self.at("evaluator")
        return seen(self.case, self.people)

    def duty(self, no: int) -> dict[str, Any]:
        return dict(self.see()["assignments"][no - 1])

    def stays(self, no: int) -> list[tuple[str, str, str]]:
        """Where an assignment stood: the stage, since when and until when."""
        whole = self.see()
        return [
            (span["stage"], wall(span["started_at"]), wall(span["ended_at"]))
            for span in whole["spans"]
            if span["assignment"] == no
        ]

    def offered(self, post: str) -> list[tuple[str, int]]:
        """The steps about duties that somebody may take."""
        steps = self.at(post).get(f"/cases/{self.case}").json()["steps"]
        return [(choice["name"], choice["duty"]) for choice in steps if choice["duty"] and choice["allowed"]]

    def mine(self, post: str) -> bool:
        cases = self.at(post).get("/cases?queue=mine").json()["cases"]
        return self.case in [line["number"] for line in cases]

    def turn_to(self, when: str) -> None:
        clock.set_shift(local(when) - datetime.now(UTC))


def filed(when: str) -> Walk:
    walk = Walk(when)
    walk.go(when, "acceptor", "register")
    walk.go(when, "shift_leader", "file")
    return walk


def test_three_tiers_with_an_assistant_a_return_a_ruling_two_reworks_and_more_time(festival_city: Pack) -> None:
    walk = filed("02-13 16:10")
    _returned_and_ruled(walk)
    _handed_down(walk)
    _done_below(walk)
    _more_time(walk)
    _reworked_twice(walk)
    whole = walk.see()
    assert (whole["state"], whole["round"], len(whole["assignments"])) == ("closed", 3, 8)
    assert [row["ruled"] for row in whole["assignments"] if row["kind"] == "main"] == [False, False, True, False, False]
    assert list(verify()) == []


def _returned_and_ruled(walk: Walk) -> None:
    walk.go("02-13 16:20", "dispatcher", "dispatch", organisation="parks")
    # 2 working days are 16 h: 1:40 on Friday, 8:00 on the made-up Saturday, 6:20 on the 24th
    assert wall(walk.duty(2)["due_at"]) == "02-24 16:20"
    walk.go("02-14 09:30", "handler-parks", "request_return", reason="not_ours", disputed="L1")
    walk.go("02-14 10:00", "dispatcher", "grant_return")
    walk.go("02-14 10:30", "section_chief", "rule_dispatch", organisation="west", **DECREE)
    assert wall(walk.duty(3)["due_at"]) == "02-25 10:30"  # 5:30 on Saturday, 8:00 on the 24th, 2:30 on the 25th
    walk.go("02-14 11:00", "handler-west", "sign_for")


def _handed_down(walk: Walk) -> None:
    day = {"within": {"value": 1, "unit": "wd"}}
    walk.not_yet("duty_not_below", "handler-west", "delegate", organisation="parks", **day)
    walk.not_yet("duty_beyond", "handler-west", "delegate", organisation="street", within={"value": 3, "unit": "wd"})
    walk.not_yet("duty_known", "handler-west", "call_in", organisation="west")
    walk.go("02-14 11:10", "handler-west", "delegate", organisation="street", **day)
    walk.go("02-14 11:20", "handler-west", "call_in", organisation="parks")
    walk.not_yet("duty_known", "handler-west", "call_in", organisation="parks")
    walk.go("02-14 15:00", "handler-street", "sign_duty", duty=4)
    walk.not_yet("duty_stage", "handler-street", "sign_duty", duty=4)
    walk.go("02-14 15:10", "handler-street", "delegate", organisation="crew", duty=4)
    duties = [(row["no"], row["above"], row["kind"], wall(row["due_at"])) for row in walk.see()["assignments"][3:]]
    assert duties == [
        (4, 3, "delegate", "02-24 11:10"),  # 4:50 on Saturday, 3:10 on the 24th
        (5, 3, "assist", "02-25 10:30"),  # as long as the work itself
        (6, 4, "delegate", "02-24 11:10"),
    ]
    assert (walk.mine("handler-street"), walk.mine("handler-crew"), walk.mine("handler-roads")) == (True, True, False)
    walk.not_yet("step_elsewhere", "handler-parks", "finish_duty", duty=4, result="done")
    walk.not_yet("step_elsewhere", "handler-crew", "accept_duty", duty=6)
    assert walk.offered("handler-crew") == [("sign_duty", 6), ("finish_duty", 6)]


def _done_below(walk: Walk) -> None:
    walk.go("02-24 09:00", "handler-crew", "finish_duty", duty=6, result="filled")
    walk.not_yet("duties_open", "handler-street", "finish_duty", duty=4, result="filled")
    walk.go("02-24 09:30", "handler-street", "accept_duty", duty=6)
    walk.not_yet("duty_ended", "handler-street", "reject_duty", duty=6, reason="late")
    walk.go("02-24 10:00", "handler-street", "finish_duty", duty=4, result="filled")
    problem = walk.not_yet("duties_open", "handler-west", "handle", result="filled")
    assert problem["count"] == 2
    walk.go("02-24 10:20", "handler-west", "reject_duty", duty=4, reason="the kerb is missing")
    walk.go("02-24 11:00", "handler-street", "finish_duty", duty=4, result="kerb set")
    walk.go("02-24 11:30", "handler-west", "accept_duty", duty=4)
    assert walk.stays(4) == [
        ("duty_sign", "02-14 11:10", "02-14 15:00"),
        ("duty_do", "02-14 15:00", "02-24 10:00"),
        ("duty_review", "02-24 10:00", "02-24 10:20"),
        ("duty_do", "02-24 10:20", "02-24 11:00"),
        ("duty_review", "02-24 11:00", "02-24 11:30"),
    ]
    assert walk.duty(4)["verdict"] == "accepted"


def _more_time(walk: Walk) -> None:
    more = {"value": 1, "unit": "wd"}
    walk.go("02-25 09:00", "handler-west", "ask_extension", reason="the stone is late", extension=more)
    walk.go("02-25 14:00", "dispatcher", "grant_hold")  # after it was due, and it acts back to the asking
    assert [wall(walk.duty(no)["due_at"]) for no in (3, 5, 4)] == ["02-26 10:30", "02-26 10:30", "02-24 11:10"]
    walk.go("02-25 15:00", "handler-parks", "sign_duty", duty=5)
    walk.go("02-25 15:30", "handler-parks", "finish_duty", duty=5, result="tree held back")
    walk.go("02-25 16:00", "handler-west", "accept_duty", duty=5)
    walk.go("02-26 10:00", "handler-west", "handle", result="filled")


def _reworked_twice(walk: Walk) -> None:
    walk.go("02-26 11:00", "collector", "rework", reason="it has sunk")
    assert wall(walk.duty(7)["due_at"]) == "02-28 11:00"  # 5:00 on Thursday, 8:00 on Friday, 3:00 on Saturday
    walk.go("02-26 11:30", "handler-west", "sign_for")
    walk.go("02-27 10:00", "handler-west", "handle", result="filled again")
    walk.go("02-27 11:00", "collector", "rework", reason="it has sunk again")
    assert wall(walk.duty(8)["due_at"]) == "03-02 11:00"  # 5:00 on Friday, 8:00 on Saturday, 3:00 on Monday
    walk.go("02-27 14:00", "handler-west", "sign_for")
    walk.go("02-28 09:00", "handler-west", "handle", result="filled on gravel")
    walk.go("02-28 10:00", "collector", "check", verdict="solved")
    walk.go("02-28 11:00", "shift_leader", "close", closing_kind="solved")


def test_a_whistle_calls_three_departments_to_the_spot(festival_city: Pack) -> None:
    walk = filed("02-14 11:40")
    call = {"organisations": ["roads", "parks", "power"], "urgency": "hard", "reason": "three pipes, one hole"}
    walk.not_yet("step_denied", "dispatcher", "whistle", **call)
    walk.not_yet("fact_missing", "chief", "whistle", **(call | {"organisations": []}))
    walk.not_yet("fact_wrong", "chief", "whistle", **(call | {"urgency": "someday"}))
    walk.turn_to("02-14 11:45")
    with CaptureQueriesContext(connection) as statements:
        taken(walk.at("chief"), walk.case, "whistle", at=local("02-14 11:45").isoformat(), **call)
    assert len(statements) <= 15
    called = walk.see()["assignments"][1:]
    assert [(row["organisation"], row["kind"], wall(row["due_at"])) for row in called] == [
        # 10 working days later at the same hour: the 24th to the 28th are five, then from Monday 2 March to Friday
        *((unit, "report_in", "03-06 11:45") for unit in ("roads", "parks", "power")),
    ]
    goes = [span for span in walk.see()["spans"] if span["stage"] == "duty_go"]
    assert {wall(span["due_at"]) for span in goes} == {"02-14 17:45"}  # 0:15 before noon, 3:45 after it
    assert walk.see()["state"] == "filed"

    assert walk.offered("handler-roads") == [("arrive", 2)]
    walk.not_yet("duty_stage", "handler-roads", "finish_duty", duty=2, result="done")
    walk.not_yet("position_missing", "handler-roads", "arrive", duty=2)
    walk.not_yet("place_far", "handler-roads", "arrive", duty=2, lon=10.02, lat=50.005)
    walk.not_yet("step_elsewhere", "handler-parks", "arrive", duty=2, **HERE)
    walk.go("02-14 14:30", "handler-roads", "arrive", duty=2, **HERE)
    walk.go("02-14 18:30", "handler-parks", "arrive", duty=3, **HERE)
    late = {span["assignment"]: span["light"] for span in walk.see()["spans"] if span["stage"] == "duty_go"}
    assert (late[2], late[3]) == ("green", "red")
    walk.not_yet("step_elsewhere", "dispatcher", "recall_duty", duty=4, reason="not needed")
    walk.go("02-14 18:40", "chief", "recall_duty", duty=4, reason="not needed")
    assert (walk.duty(4)["verdict"], walk.offered("handler-power")) == ("called_back", [])

    walk.go("02-24 09:00", "dispatcher", "dispatch", organisation="west")
    assert (walk.see()["assignments"][4]["organisation"], walk.see()["assignments"][4]["kind"]) == ("west", "main")
    # whoever was called does nothing else about the case, whatever duty is named
    walk.not_yet("step_elsewhere", "handler-roads", "sign_for", duty=2)
    walk.go("02-24 09:10", "handler-west", "sign_for")
    walk.go("02-24 10:00", "handler-roads", "finish_duty", duty=2, result="pipe closed")
    assert walk.mine("chief")
    walk.not_yet("rating_missing", "chief", "accept_duty", duty=2)
    walk.not_yet("fact_wrong", "chief", "accept_duty", duty=2, rating="superb")
    walk.go("02-24 10:30", "chief", "accept_duty", duty=2, rating="good")
    walk.go("02-24 11:00", "handler-parks", "finish_duty", duty=3, result="tree felled")
    walk.go("02-24 11:10", "chief", "reject_duty", duty=3, reason="the stump stands")
    assert not walk.mine("chief")
    walk.go("02-24 15:00", "handler-west", "handle", result="filled")
    walk.go("02-24 15:30", "collector", "check", verdict="solved")
    assert walk.not_yet("duties_open", "shift_leader", "close", closing_kind="solved")["count"] == 1
    walk.go("02-24 16:00", "handler-parks", "finish_duty", duty=3, result="stump out")
    walk.go("02-24 16:10", "chief", "accept_duty", duty=3, rating="fair")
    told = walk.see()["entries"][-1]["told"]
    assert ("rating", "fair", "fair") in [(fact["fact"], fact["value"], fact["value_title"]) for fact in told]
    walk.go("02-24 16:30", "shift_leader", "close", closing_kind="solved")
    assert list(verify()) == []


def test_an_ownerless_manhole_is_made_safe_at_once_and_charged_to_its_owner_by_ruling(festival_city: Pack) -> None:
    walk = Walk("02-15 10:00")
    walk.go("02-15 10:05", "acceptor", "register")
    walk.go("02-15 10:10", "dispatcher", "make_safe", organisation="crew")
    assert wall(walk.duty(2)["due_at"]) == "02-15 12:10"  # two hours, though it is a free Sunday
    walk.go("02-15 10:20", "handler-crew", "sign_duty", duty=2)
    walk.go("02-15 11:40", "handler-crew", "finish_duty", duty=2, result="fenced off")
    walk.go("02-15 11:50", "dispatcher", "accept_duty", duty=2)
    assert walk.stays(2) == [
        ("duty_sign", "02-15 10:10", "02-15 10:20"),
        ("duty_do", "02-15 10:20", "02-15 11:40"),
        ("duty_review", "02-15 11:40", "02-15 11:50"),
    ]
    walk.go("02-24 08:00", "shift_leader", "file")
    walk.go("02-24 08:00", "dispatcher", "consult", organisations=["roads", "power", "rail"], reason="whose is it?")
    assert wall(walk.duty(3)["due_at"]) == "02-24 12:00"
    walk.go("02-24 09:00", "handler-roads", "finish_duty", duty=3, result="not in our ledger")
    walk.go("02-24 09:30", "handler-power", "finish_duty", duty=4, result="it carries our cable")
    walk.go("02-24 12:30", "dispatcher", "recall_duty", duty=5, reason="it is clear now")
    assert [walk.duty(no)["verdict"] for no in (3, 4, 5)] == ["answered", "answered", "called_back"]
    walk.go("02-24 13:00", "dispatcher", "dispatch", organisation="crew")  # whoever is near goes on with it
    decision = {"organisation": "power", "tier": "owner", "basis": "Minutes of 24 February"}
    walk.not_yet("step_denied", "dispatcher", "settle", **decision)
    walk.not_yet("fact_wrong", "section_chief", "settle", **(decision | {"tier": "throne"}))
    walk.go("02-24 14:00", "section_chief", "settle", **decision)
    acts = walk.duty(6)
    assert (acts["organisation"], acts["responsible"], acts["ended_at"]) == ("crew", "power", None)
    ledger = walk.see()["ledger"]
    assert (ledger["tier"], ledger["basis"]) == ("owner", "Minutes of 24 February")
    assert [party["organisation"] for party in ledger["parties"]] == ["power"]
    proposal = DutyProposal.objects.get()
    assert (proposal.state, [row["organisation"] for row in proposal.consents]) == ("approved", ["power", "roads"])
    # from that day on the ledger names the owner by itself
    again = opened(walk.at("machine"))
    found = walk.at("dispatcher").get(f"/cases/{again}/proposal").json()
    assert (found["finding"], found["organisation"]) == ("named", "power")
    assert list(verify()) == []


def test_nothing_is_settled_before_anybody_was_heard(festival_city: Pack) -> None:
    walk = filed("02-24 09:00")
    decision = {"organisation": "power", "tier": "line", "basis": "Minutes"}
    walk.not_yet("opinions_missing", "section_chief", "settle", **decision)
    walk.go("02-24 09:10", "dispatcher", "consult", organisations=["power", "rail"], reason="whose is it?")
    walk.not_yet("opinions_missing", "section_chief", "settle", **decision)
    walk.go("02-24 09:20", "handler-rail", "finish_duty", duty=3, result="not ours")
    walk.go("02-24 09:30", "section_chief", "settle", **decision)
    assert [walk.duty(no)["verdict"] for no in (2, 3)] == ["called_back", "answered"]
    assert list(verify()) == []


def test_what_lies_nowhere_is_settled_for_nobody(festival_city: Pack) -> None:
    walk = Walk("02-24 09:00")
    nowhere = {name: value for name, value in HOLE.items() if name not in ("lon", "lat", "area")}
    walk.case = walk.at("machine").post("/reports", nowhere).json()["case"]
    walk.go("02-24 09:00", "acceptor", "register")
    walk.go("02-24 09:00", "shift_leader", "file")
    walk.go("02-24 09:10", "dispatcher", "consult", organisations=["rail"], reason="whose is it?")
    walk.go("02-24 09:20", "handler-rail", "finish_duty", duty=2, result="not ours")
    walk.not_yet("scope_missing", "section_chief", "settle", organisation="power", tier="line", basis="Minutes")


def test_a_body_without_an_inbox_is_spoken_for(festival_city: Pack) -> None:
    walk = filed("02-24 09:00")
    walk.not_yet("fact_wrong", "dispatcher", "dispatch", organisation="rail", delivery="pigeon")
    walk.go("02-24 09:10", "dispatcher", "dispatch", organisation="rail", delivery="letter")
    walk.not_yet("step_denied", "shift_leader", "sign_for")
    walk.go("02-24 09:20", "dispatcher", "sign_for")
    walk.go("02-24 09:30", "handler-rail", "call_in", organisation="parks", delivery="phone")
    walk.go("02-24 10:00", "dispatcher", "finish_duty", duty=3, result="they say it is cut")
    walk.not_yet("step_elsewhere", "dispatcher", "accept_duty", duty=3)
    walk.go("02-24 10:10", "handler-rail", "accept_duty", duty=3)
    walk.go("02-24 11:00", "dispatcher", "handle", result="their letter 12")
    entry = walk.see()["entries"][-1]
    assert [(fact["fact"], fact["value_title"]) for fact in entry["told"] if fact["fact"] == "behalf"] == [
        ("behalf", "letter")
    ]
    assert (entry["post"], walk.duty(2)["delivery_title"]) == ("dispatcher", "letter")
    walk.go("02-24 11:10", "collector", "rework", reason="still there")
    assert walk.duty(4)["delivery"] == "letter"
    walk.go("02-24 11:20", "dispatcher", "roll_back_dispatch", reason="they have an inbox now")
    walk.go("02-24 11:30", "dispatcher", "dispatch", organisation="rail")
    walk.not_yet("step_denied", "dispatcher", "sign_for")
    assert list(verify()) == []


def test_a_scenario_gives_what_belongs_together_at_once(festival_city: Pack) -> None:
    walk = filed("02-24 09:00")
    walk.not_yet("step_denied", "acceptor", "set_up", scenario="flood")
    walk.not_yet("fact_wrong", "chief", "set_up", scenario="landslide")
    walk.not_yet("fact_missing", "chief", "set_up")
    (need,) = next(step for step in walk.see()["steps"] if step["name"] == "set_up")["needs"]
    assert [(choice["value"], choice["title"]) for choice in need["choices"]] == [("flood", "Flooded underpass")]
    walk.go("02-24 09:10", "chief", "set_up", scenario="flood")
    told = [
        (row["organisation"], row["kind"], wall(row["due_at"]), row["delivery"]) for row in walk.see()["assignments"]
    ]
    assert told[1:] == [
        ("roads", "make_safe", "02-24 10:10", "inbox"),
        ("power", "report_in", "02-25 09:10", "inbox"),  # an emergency is done within a day
        ("rail", "consult", "02-24 15:10", "phone"),  # 2:50 before noon, 1:10 after it
    ]
    walk.not_yet("duty_known", "dispatcher", "set_up", scenario="flood")
    walk.go("02-24 09:30", "handler-power", "arrive", duty=3, **HERE)
    walk.go("02-24 09:40", "dispatcher", "finish_duty", duty=4, result="the pump is theirs")
    assert walk.offered("dispatcher") == [("recall_duty", 2)]
    assert walk.offered("chief") == [("recall_duty", 3)]
    assert list(verify()) == []


def test_what_hangs_on_the_work_ends_with_it(festival_city: Pack) -> None:
    walk = filed("02-24 09:00")
    walk.go("02-24 09:10", "dispatcher", "dispatch", organisation="west")
    walk.go("02-24 09:20", "handler-west", "sign_for")
    walk.go("02-24 09:30", "handler-west", "delegate", organisation="street")
    walk.go("02-24 09:40", "handler-street", "sign_duty", duty=3)
    walk.go("02-24 09:50", "handler-street", "delegate", organisation="crew", duty=3)
    walk.go("02-24 09:55", "chief", "whistle", organisations=["parks"], urgency="daily", reason="a branch hangs")
    walk.go("02-24 10:00", "dispatcher", "roll_back_dispatch", reason="sent by mistake")
    ends = [(row["no"], wall(row["ended_at"]), row["verdict"]) for row in walk.see()["assignments"][2:]]
    assert ends == [(3, "02-24 10:00", "called_back"), (4, "02-24 10:00", "called_back"), (5, "", "")]
    walk.go("02-24 10:05", "dispatcher", "roll_back_filing", reason="private ground")
    walk.go("02-24 10:10", "shift_leader", "refuse", reason="private ground")
    assert (wall(walk.duty(5)["ended_at"]), walk.duty(5)["verdict"]) == ("02-24 10:10", "called_back")
    assert list(verify()) == []


def test_a_case_with_many_duties_opens_with_a_constant_number_of_statements(festival_city: Pack) -> None:
    walk = filed("02-24 09:00")
    counted, roads = [], walk.at("handler-roads")
    for urgency in ("", "daily", "hard"):
        if urgency:
            called = ["roads", "parks", "power", "rail", "west", "street", "crew"][: 3 if urgency == "daily" else 7]
            if urgency == "hard":
                called = called[3:]
            walk.go("02-24 10:00", "chief", "whistle", organisations=called, urgency=urgency, reason="a fair")
        with CaptureQueriesContext(connection) as asked:
            walk.see()
        counted.append(len(asked))
    assert len(walk.see()["assignments"]) == 8
    assert walk.mine("handler-roads")
    assert len(set(counted[1:])) == 1
    with CaptureQueriesContext(connection) as asked:
        answer = step(roads, walk.case, "arrive", duty=2, **HERE)
    assert answer.status_code == 200
    assert len(asked) <= 15
