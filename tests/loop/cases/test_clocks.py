"""What happenings do to the clocks of a case: by hand, over the Spring Festival of 2026.

Work is from 08:00 to 12:00 and from 14:00 to 18:00. Friday 13 February is a working day, Saturday the 14th is made up,
the 15th to the 23rd are free, Tuesday the 24th is worked again; Saturday the 28th is made up.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import pairwise

import pytest

from cases.clocks import RULE, clock, limit, local
from cases.walk import CITY, CORE, Walk, dispatched, handling
from cityloop.core.errors import CityloopError
from cityloop.core.units import LimitUnit
from cityloop.loop.cases import holds
from cityloop.loop.cases.facts import Extension
from cityloop.loop.clocks.deadlines import AreaClass, Combined, Deadline, Rules, Season

TWO_DAYS = [limit("handle", "2", "wd")]


def test_the_units_clock_starts_at_dispatch_and_not_when_it_signs() -> None:
    walk = dispatched(clock(TWO_DAYS), "02-13 16:20")
    # Friday leaves 1 h 40 min of the 16 h, the made-up Saturday 8 h, the 24th has to give 6 h 20 min
    assert walk.unit_due == local("02-24 16:20")
    assert walk.to("sign_for", "02-14 10:00").unit_due == local("02-24 16:20")
    assert walk.now.unit_span is not None
    assert walk.now.unit_span.due_at == local("02-24 16:20")
    late = dispatched(clock(TWO_DAYS, Rules(starts="sign_for")), "02-13 16:20")
    assert late.unit_due is None
    # 10:00 to 18:00 on Saturday are 6 h; 8 h on the 24th; 2 h on the 25th
    assert late.to("sign_for", "02-14 10:00").unit_due == local("02-25 10:00")
    assert late.now.case.first_due_at == local("02-25 10:00")


def test_parts_follow_one_another_and_each_has_its_stay() -> None:
    limits = clock([limit("handle", "2", "h", "fence"), limit("handle", "1", "wd", "repair")])
    walk = handling(limits, "02-13 17:00")
    assert walk.now.unit is not None
    assert [(part.name, part.due_at) for part in holds.parts_of(walk.now.unit)] == [
        ("fence", local("02-13 19:00")),  # round the clock
        ("repair", local("02-14 18:00")),  # all of Saturday, counted from 19:00
    ]
    assert (walk.unit_due, walk.case_due) == (local("02-14 18:00"), local("02-14 18:00"))
    assert walk.now.unit_span is not None
    assert (walk.now.unit_span.part, walk.now.unit_span.due_at) == ("fence", local("02-13 19:00"))
    walk.to("finish_part", "02-13 18:10")
    assert (walk.now.unit_span.part, walk.now.unit_span.due_at) == ("repair", local("02-14 18:00"))
    with pytest.raises(CityloopError, match="last part"):
        walk.to("finish_part", "02-13 18:20")
    walk.to("request_return", "02-14 08:00").to("deny_return", "02-14 09:00")
    assert walk.now.unit_span.part == "repair"
    walk.to("handle", "02-14 11:00")
    stays = [(span.part, span.ended_at) for span in walk.spans.values() if span.stage == "handle"]
    assert stays[-1] == ("repair", local("02-14 11:00"))


def test_who_does_all_at_once_has_done_every_part() -> None:
    limits = clock(
        [
            limit("handle", "4", "wh", "stop"),
            limit("handle", "7", "wd", "punish"),
            limit("handle", "20", "wd", "demolish"),
        ]
    )
    walk = handling(limits, "02-13 08:00").to("handle", "02-13 17:00")
    stays = [span for span in walk.spans.values() if span.stage == "handle"]
    assert [span.part for span in stays] == ["stop", "punish", "demolish"]
    assert {span.ended_at for span in stays} == {local("02-13 17:00")}
    assert [span.due_at for span in stays] == [
        local("02-13 12:00"),
        local("03-02 12:00"),  # half of the 13th, the 14th, the 24th to the 28th, half of 2 March
        local("03-30 12:00"),  # half of 2 March, 19 days from 3 to 27 March, half of the 30th
    ]
    assert all(before.ended_at == after.started_at for before, after in pairwise(stays))


def test_the_limit_is_that_of_the_area_class_and_the_season() -> None:
    limits = clock(
        [
            limit("handle", "3", "wd"),
            limit("handle", "1", "wd", area_class="A"),
            limit("handle", "5", "wd", season="winter"),
            limit("handle", "2", "wd", area_class="A", season="winter"),
        ],
        seasons=(Season("winter", (11, 15), (2, 14)),),
        classes=(AreaClass(CORE, "A", date(2026, 1, 1), None),),
    )
    assert dispatched(limits, "02-13 08:00").unit_due == local("02-26 18:00")  # winter: 13, 14, 24, 25, 26
    assert dispatched(limits, "02-13 08:00", areas=(CITY, CORE)).unit_due == local("02-14 18:00")
    assert dispatched(limits, "02-24 08:00").unit_due == local("02-26 18:00")  # winter is over
    assert dispatched(limits, "02-24 08:00", areas=(CITY, CORE)).unit_due == local("02-24 18:00")


def test_stages_have_limits_of_their_own_and_the_rule_book_comes_first() -> None:
    limits = clock(
        [*TWO_DAYS, limit("check", "2", "wh")],
        stages={
            "register": limit("register", "1", "wh"),
            "check": limit("check", "1", "wd"),
            "sign_for": limit("sign_for", "4", "wh"),
        },
    )
    walk = Walk(limits, "02-13 17:30")
    assert walk.stage_due == local("02-14 08:30")
    walk.to("register", "02-14 08:10")
    assert walk.stage_due is None  # nobody set a limit for filing
    walk.to("file", "02-14 08:20").to("dispatch", "02-14 09:00")
    assert walk.now.unit_span is not None
    assert walk.now.unit_span.due_at == local("02-14 15:00")
    walk.to("sign_for", "02-14 09:30").to("handle", "02-14 17:00")
    assert walk.stage_due == local("02-24 09:00")  # by the rule, not by the city's day


def test_stages_may_share_one_limit_and_what_lies_between_does_not_use_it_up() -> None:
    shared = (Combined(frozenset({"register", "file", "dispatch"}), limit("", "4", "wh")),)
    walk = Walk(clock(TWO_DAYS, combined=shared), "02-13 08:00")
    assert walk.stage_due == local("02-13 12:00")
    walk.to("ask_verification", "02-13 09:00")
    assert walk.stage_due is None
    walk.to("pre_verify", "02-13 15:00", verdict="true")
    assert walk.stage_due == local("02-13 18:00")  # 1 h is used; 3 h are left from 15:00 on
    assert walk.to("register", "02-13 16:00").stage_due == local("02-13 18:00")
    assert walk.to("file", "02-13 16:30").stage_due == local("02-13 18:00")


def test_the_cases_own_clock_counts_from_its_opening_and_is_never_set_back() -> None:
    limits = clock([*TWO_DAYS, limit("total", "3", "wd")])
    walk = Walk(limits, "02-13 08:00").to("register", "02-13 09:00")
    assert walk.case_due is None
    walk.to("file", "02-13 10:00")
    assert walk.now.case.first_due_at == walk.case_due == local("02-24 18:00")
    walk.to("dispatch", "02-13 10:00").to("sign_for", "02-13 11:00").to("handle", "02-14 09:00")
    walk.to("rework", "02-24 09:00")
    assert walk.unit_due == local("02-26 09:00")  # the second round has all its time
    assert walk.case_due == local("02-24 18:00")
    assert walk.now.case.round == 2


def test_rework_may_have_the_rest_only() -> None:
    walk = handling(clock(TWO_DAYS, Rules(rework="rest")), "02-13 08:00").to("handle", "02-13 10:00")
    assert walk.to("rework", "02-14 09:00").unit_due == local("02-14 18:00")


def test_a_return_that_was_granted_gives_the_next_unit_a_full_clock() -> None:
    walk = handling(clock(TWO_DAYS), "02-13 08:00").to("request_return", "02-13 09:00")
    walk.to("grant_return", "02-14 09:00").to("dispatch", "02-14 10:00")
    assert walk.unit_due == local("02-25 10:00")
    assert walk.case_due == local("02-14 18:00")


def test_an_extension_asked_in_time_and_granted_late_moves_the_deadline() -> None:
    walk = handling(clock(TWO_DAYS), "02-13 08:00").to("ask_extension", "02-14 17:00")
    assert walk.unit_due == local("02-14 18:00")
    walk.to("grant_hold", "02-25 10:00")
    assert (walk.unit_due, walk.case_due) == (local("02-24 18:00"), local("02-24 18:00"))
    assert walk.now.case.first_due_at == local("02-14 18:00")
    assert walk.now.unit_span is not None
    assert walk.now.unit_span.due_at == local("02-24 18:00")
    assert walk.now.root_span is not None
    assert walk.now.root_span.due_at == local("02-24 18:00")


def test_a_deferral_stops_the_clock_back_to_the_asking() -> None:
    # asked on Saturday at 17:00 with one hour left, until the 26th at 10:00: due at 11:00
    walk = handling(clock(TWO_DAYS), "02-13 08:00").to("ask_deferral", "02-14 17:00").to("grant_hold", "02-24 09:00")
    assert (walk.unit_due, walk.case_due) == (local("02-26 11:00"), local("02-26 11:00"))
    later = handling(clock(TWO_DAYS, Rules(granted="decision")), "02-13 08:00")
    later.to("ask_deferral", "02-14 17:00").to("grant_hold", "02-14 17:30")
    assert later.unit_due == local("02-26 10:30")
    runs = handling(clock(TWO_DAYS, Rules(deferral="runs")), "02-13 08:00")
    assert runs.to("ask_deferral", "02-14 17:00").to("grant_hold", "02-14 17:30").unit_due == local("02-14 18:00")


def test_work_taken_up_again_early_has_what_was_left() -> None:
    walk = handling(clock(TWO_DAYS), "02-13 08:00").to("ask_deferral", "02-14 17:00").to("grant_hold", "02-24 09:00")
    walk.to("end_hold", "02-24 15:00")
    assert (walk.unit_due, walk.case_due) == (local("02-24 16:00"), local("02-24 16:00"))
    with pytest.raises(CityloopError, match="Nothing is deferred"):
        walk.to("end_hold", "02-24 15:30")


def test_what_is_shelved_is_not_due_until_it_is_taken_up_again() -> None:
    walk = handling(clock(TWO_DAYS), "02-13 08:00").to("ask_shelving", "02-14 16:00").to("grant_hold", "02-14 17:00")
    assert (walk.unit_due, walk.case_due) == (None, None)
    assert walk.now.case.first_due_at == local("02-14 18:00")
    walk.to("end_hold", "03-02 08:00")
    assert (walk.unit_due, walk.case_due) == (local("03-02 10:00"), local("03-02 10:00"))
    runs = handling(clock(TWO_DAYS, Rules(shelving="runs")), "02-13 08:00")
    assert runs.to("ask_shelving", "02-14 16:00").to("grant_hold", "02-14 17:00").unit_due == local("02-14 18:00")


def test_a_request_that_was_denied_changes_nothing() -> None:
    walk = handling(clock(TWO_DAYS), "02-13 08:00").to("ask_deferral", "02-14 17:00").to("deny_hold", "02-25 09:00")
    assert (walk.unit_due, walk.case_due) == (local("02-14 18:00"), local("02-14 18:00"))
    assert walk.now.hold is not None
    assert walk.now.hold.granted is False


def test_pauses_and_extensions_follow_one_another() -> None:
    walk = handling(clock(TWO_DAYS), "02-13 08:00").to("ask_deferral", "02-14 17:00").to("grant_hold", "02-14 17:30")
    with pytest.raises(CityloopError, match="waits already, or a pause lasts"):
        walk.to("ask_extension", "02-25 09:00")
    walk.to("ask_extension", "02-26 10:30").to("grant_hold", "02-27 09:00")
    assert walk.unit_due == local("02-27 11:00")
    walk.to("ask_shelving", "02-27 10:00").to("grant_hold", "02-27 11:00").to("end_hold", "02-28 08:00")
    assert walk.unit_due == local("02-28 09:00")


def test_work_handed_over_ends_what_was_asked_and_what_was_shelved() -> None:
    asked = handling(clock(TWO_DAYS), "02-13 08:00").to("ask_extension", "02-14 10:00").to("handle", "02-14 11:00")
    assert asked.now.hold is not None
    assert (asked.now.hold.granted, asked.now.hold.ended_at) == (None, local("02-14 11:00"))
    shelved = handling(clock(TWO_DAYS), "02-13 08:00").to("ask_shelving", "02-14 16:00").to("grant_hold", "02-14 16:30")
    shelved.to("handle", "02-24 09:00")
    assert shelved.case_due == local("02-24 11:00")
    assert shelved.assignments[2].due_at == local("02-24 11:00")
    assert [span.due_at for span in shelved.spans.values() if span.stage == "handle"] == [local("02-24 11:00")]


def test_a_deadline_that_somebody_else_set_moves_by_elapsed_time() -> None:
    walk = Walk(clock(), "02-13 08:00").to("register", "02-13 08:00").to("file", "02-13 08:00")
    due = Deadline(local("02-15 12:00"), local("02-15 02:24"))
    walk.to("dispatch", "02-13 08:00", deadline=due).to("sign_for", "02-13 08:00")
    walk.to("ask_deferral", "02-14 12:00", until=local("02-16 00:00")).to("grant_hold", "02-14 13:00")
    assert walk.unit_due == local("02-17 00:00")


@pytest.mark.parametrize(
    ("name", "at", "facts", "code"),
    [
        ("ask_extension", "02-24 09:00", {}, "hold_too_late"),
        ("ask_deferral", "02-24 09:00", {}, "hold_too_late"),
        ("ask_deferral", "02-14 09:00", {"until": local("02-14 08:00")}, "hold_in_the_past"),
        ("ask_shelving", "02-14 09:00", {"review_on": date(2026, 2, 14)}, "hold_in_the_past"),
        ("ask_extension", "02-14 09:00", {"extension": Extension(Decimal(0), LimitUnit.DAYS)}, "limit_not_positive"),
        ("ask_extension", "02-14 09:00", {"extension": None}, "fact_missing"),
        ("ask_shelving", "02-14 09:00", {"measures": ""}, "fact_missing"),
        ("grant_hold", "02-14 09:00", {}, "hold_none"),
        ("deny_hold", "02-14 09:00", {}, "hold_none"),
        ("end_hold", "02-14 09:00", {}, "hold_not_running"),
        ("finish_part", "02-14 09:00", {}, "part_last"),
    ],
)
def test_every_refusal(name: str, at: str, facts: dict[str, object], code: str) -> None:
    walk = handling(clock(TWO_DAYS), "02-13 08:00")
    before = walk.now
    with pytest.raises(CityloopError) as refusal:
        walk.to(name, at, **facts)
    assert refusal.value.code == code
    assert str(refusal.value)
    assert walk.now == before


def test_what_was_found_in_the_morning_is_checked_in_the_morning() -> None:
    limits = clock(TWO_DAYS, check_window="same_hours", check_tolerance_min=30)
    walk = dispatched(limits, "02-13 09:00", opened="02-13 06:40").to("sign_for", "02-13 09:00")
    walk.to("handle", "02-14 11:00")
    with pytest.raises(CityloopError) as refusal:
        walk.to("check", "02-14 14:00")
    assert (refusal.value.code, refusal.value.facts) == ("check_outside_window", {"first": "06:10", "last": "07:10"})
    assert walk.to("check", "02-24 07:10").now.case.state == "checked"
    by_night = dispatched(clock(TWO_DAYS, check_window="22:00-02:00"), "02-13 09:00").to("sign_for", "02-13 09:00")
    assert by_night.to("handle", "02-14 11:00").to("check", "02-15 01:30").now.case.state == "checked"
    # that it is still there can be seen at any hour
    again = dispatched(limits, "02-13 09:00", opened="02-13 06:40").to("sign_for", "02-13 09:00")
    assert again.to("handle", "02-14 11:00").to("rework", "02-14 14:00").now.case.round == 2


def test_a_case_closes_only_as_its_rule_has_it() -> None:
    limits = clock(TWO_DAYS, closing_kinds=("solved", "temporary"))
    walk = handling(limits, "02-13 09:00").to("handle", "02-14 11:00").to("check", "02-14 14:00")
    with pytest.raises(CityloopError) as refusal:
        walk.to("close", "02-14 15:00", closing_kind="notified")
    assert refusal.value.code == "closing_kind_unfit"
    assert walk.to("close", "02-14 15:00", closing_kind="temporary").now.case.state == "closed"


def test_what_was_counted_from_the_beginning_is_what_was_moved_step_by_step() -> None:
    limits = clock([limit("handle", "2", "h", "fence"), limit("handle", "3", "wd", "repair")])
    walk = handling(limits, "02-13 08:00").to("ask_deferral", "02-13 09:00", until=local("02-14 09:00"))
    asked = [walk.to("grant_hold", "02-14 10:00").now.hold]
    asked.append(walk.to("ask_extension", "02-14 11:00").to("grant_hold", "02-14 11:30").now.hold)
    asked.append(walk.to("ask_shelving", "02-24 11:00").to("grant_hold", "02-24 11:30").now.hold)
    assert walk.now.unit is not None
    every = [hold for hold in asked if hold is not None]
    begun = {"first": local("02-13 08:00"), "last": local("02-13 08:00")}
    now, before = holds.counted(every, walk.now.case, walk.now.unit, limits, **begun)
    assert now == holds.as_it_stands(walk.now.case, walk.now.unit)
    assert before is not None
    assert holds.written(before) == every[-1].before


def test_a_case_is_filed_under_one_row_of_the_rule_book() -> None:
    limits = clock(TWO_DAYS)
    undecided = {RULE + 1: replace(limits.book[RULE], id=RULE + 1, limits=(), undecided=True)}
    both = replace(limits, book={**limits.book, **undecided})
    walk = Walk(both, "02-13 08:00").to("register", "02-13 09:00")
    with pytest.raises(CityloopError, match="say which one"):
        walk.to("file", "02-13 09:30", rule=RULE + 1)
    assert walk.to("file", "02-13 09:30", rule=RULE).now.case.rule_id == RULE
