"""What is not the straight line, walked at the desks over the API: each exception, and what refuses it."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client

from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.ground.accounts.actions import give_tenure
from cityloop.ground.accounts.models import Post, User
from cityloop.ground.accounts.queries import digest_of
from cityloop.ground.accounts.upkeep import end_organisation, end_post
from cityloop.ground.places.models import City
from cityloop.loop.cases.verify import verify
from journeys.conftest import JUNE, Person, holder_of
from journeys.photos import picture, written
from journeys.test_two_clients import LINE, brought_to, everything, opened, step, work

HERE = {"lon": 10.002, "lat": 50.005}


def taken(person: Person, case: str, name: str, **facts: Any) -> dict[str, Any]:
    answer = step(person, case, name, **facts)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert isinstance(told, dict)
    return told


def refused(code: str, person: Person, case: str, name: str, **facts: Any) -> dict[str, Any]:
    """A refusal changes nothing."""
    before = everything()
    answer = step(person, case, name, **facts)
    problem = answer.json()
    assert answer.status_code in (403, 409, 422), answer.content
    assert problem["code"] == code, problem
    assert everything() == before
    assert isinstance(problem, dict)
    return problem


def seen(case: str, people: dict[str, Person]) -> dict[str, Any]:
    found = people["evaluator"].get(f"/cases/{case}").json()
    assert isinstance(found, dict)
    return found


def photo(person: Person) -> str:
    file = SimpleUploadedFile("after", written(picture(50, 50)))
    return str(Client().post("/api/photos", {"file": file}, headers=person.headers).json()["id"])


def pass_time(**span: float) -> None:
    clock.set_shift(clock.now() - datetime.now(UTC) + timedelta(**span))


def through(people: dict[str, Person], case: str, *names: str) -> None:
    """A case goes these steps of the main line; in a strict city its result has its photo and is fed back."""
    line = {name: (post, facts) for name, _, post, facts, _ in LINE}
    for name in names:
        post, facts = line[name]
        proof = {"photos": [photo(people[post])]} if name == "handle" else {}
        taken(people[post], case, name, **facts, **proof)


@pytest.mark.django_db(transaction=True)
def test_a_merged_case_is_answered_with_the_one_it_was_merged_into(desk_city: Pack) -> None:
    main, people = brought_to("handling")
    twin, third = (opened(people["machine"]) for _ in range(2))
    desk = people["acceptor"]
    refused("link_loop", desk, twin, "merge", other=twin)
    refused("fact_missing", desk, twin, "merge")
    taken(desk, twin, "merge", other=main)
    refused("merge_into_ended", desk, third, "merge", other=twin)
    refused("link_loop", desk, main, "link", other=main, link="part_of")
    shown = seen(main, people)["links"]
    assert [(tie["kind"], tie["own"], tie["number"]) for tie in shown] == [("duplicate_of", False, twin)]
    assert [(tie["number"], tie["own"]) for tie in seen(twin, people)["links"]] == [(main, True)]
    reports = people["evaluator"].get(f"/cases/{main}/reports").json()
    assert sorted(report["case"] for report in reports) == sorted([main, twin])
    through(people, main, "handle", "check", "close")
    work()
    with connection.cursor() as cursor:
        cursor.execute("SELECT c.number FROM intake_reply y JOIN intake_report r ON r.id = y.report_id"
                       " JOIN cases_case c ON c.id = r.case_id WHERE y.answer = 'Filled and level'")  # fmt: skip
        assert sorted(number for (number,) in cursor.fetchall()) == sorted([main, twin])
    assert list(verify()) == []


def test_a_merge_is_taken_back_and_the_time_between_is_nobodys(desk_city: Pack) -> None:
    main, people = brought_to("dispatched")
    twin = opened(people["machine"])
    taken(people["acceptor"], twin, "register")
    taken(people["acceptor"], twin, "merge", other=main)
    ended = seen(twin, people)
    assert (ended["state"], ended["closed_at"] is None) == ("merged", False)
    pass_time(hours=2)
    taken(people["shift_leader"], twin, "unmerge", reason="another hole")
    again = seen(twin, people)
    assert (again["state"], again["closed_at"], again["links"]) == ("registered", None, [])
    stages = [span["stage"] for span in again["spans"]]
    assert stages == ["register", "file", "rest", "file"]
    rest = again["spans"][2]
    assert (rest["started_at"], rest["ended_at"]) == (ended["closed_at"], again["spans"][3]["started_at"])
    assert list(verify()) == []


def test_cases_with_two_units_are_not_merged(desk_city: Pack) -> None:
    one, people = brought_to("dispatched")
    other = opened(people["machine"])
    for name, post, facts in (
        ("register", "acceptor", {}),
        ("file", "shift_leader", {}),
        ("dispatch", "dispatcher", {"organisation": "parks"}),
    ):
        taken(people[post], other, name, **facts)
    problem = refused("merge_handlers_differ", people["acceptor"], other, "merge", other=one)
    assert problem["detail"] == f"Case {one} is with another unit: call one of the dispatches back first."
    taken(people["dispatcher"], other, "roll_back_dispatch", reason="sent by mistake")
    taken(people["acceptor"], other, "merge", other=one)


def test_a_return_has_its_proof_its_window_and_ends_in_a_ruling(strict_city: Pack) -> None:
    case, people = brought_to("dispatched")
    unit, desk = people["handler-roads"], people["dispatcher"]
    problem = refused("proof_missing", unit, case, "request_return", reason="not_ours")
    assert problem["detail"].endswith("takes the row of the ledger that is disputed.")
    refused("proof_missing", unit, case, "request_return", reason="not_found")
    refused("proof_missing", unit, case, "request_return", reason="duplicate")
    assert step(unit, case, "request_return", reason="not_ours", disputed="L99").status_code == 404
    taken(unit, case, "request_return", reason="not_ours", disputed="L1")
    told = seen(case, people)["entries"][-1]["told"]
    assert ("disputed", "L1") in [(fact["fact"], fact["value"]) for fact in told]
    taken(desk, case, "grant_return")
    chief = holder_of("section_chief")
    refused("fact_missing", chief, case, "rule_dispatch", organisation="roads")
    refused("step_denied", desk, case, "rule_dispatch", organisation="roads", basis="Decree 7")
    taken(chief, case, "rule_dispatch", organisation="roads", basis="Decree 7")
    assert seen(case, people)["assignments"][-1]["ruled"] is True
    refused("dispatch_ruled", unit, case, "request_return", reason="not_ours", disputed="L1")


def test_nothing_is_returned_after_the_window(strict_city: Pack) -> None:
    """Dispatched on a Monday at 10:00: four working hours end at 16:00, because nobody works from 12:00 to 14:00."""
    case, people = brought_to("dispatched")
    clock.set_shift(JUNE + timedelta(hours=6, seconds=2) - datetime.now(UTC))
    pass_time(minutes=1)
    problem = refused("return_too_late", people["handler-roads"], case, "request_return", reason="not_ours",
                      disputed="L1")  # fmt: skip
    assert problem["until"].startswith("2025-06-02T14:00")


def test_a_result_is_proved_fed_back_and_sent_back(strict_city: Pack) -> None:
    case, people = brought_to("handling")
    unit, desk, collector = people["handler-roads"], people["dispatcher"], people["collector"]
    refused("photo_missing", unit, case, "handle", result="filled")
    refused("fact_wrong", unit, case, "handle", result="filled", means="magic", photos=[photo(unit)])
    taken(unit, case, "handle", result="filled", means="service", photos=[photo(unit)], **HERE)
    refused("feedback_missing", collector, case, "check", verdict="solved")
    refused("step_denied", collector, case, "feed_back")
    taken(desk, case, "feed_back")
    problem = refused("place_far", collector, case, "check", verdict="solved", lon=10.02, lat=50.005)
    assert (problem["metres"], problem["most"]) == (1286, 300)
    taken(collector, case, "check", verdict="not_solved", **HERE)
    assert seen(case, people)["verdict"] == "not_solved"
    refused("verdict_against", people["shift_leader"], case, "close", closing_kind="solved")
    taken(people["shift_leader"], case, "roll_back_check", reason="wrong corner")
    assert seen(case, people)["verdict"] == ""
    taken(collector, case, "check", verdict="cannot_check")
    taken(people["shift_leader"], case, "rework", reason="still there")
    whole = seen(case, people)
    assert (whole["state"], whole["round"], whole["verdict"]) == ("dispatched", 2, "")
    assert [span["stage"] for span in whole["spans"] if span["main"]] == [
        *("register", "file", "dispatch", "out", "feedback", "check", "close", "check", "close", "out")
    ]
    assert list(verify()) == []


def test_where_results_go_straight_to_the_check_nothing_is_fed_back(desk_city: Pack) -> None:
    case, people = brought_to("handled")
    refused("feedback_skipped", people["dispatcher"], case, "feed_back")
    assert "feed_back" not in [choice["name"] for choice in seen(case, people)["steps"]]


def test_solved_but_new_opens_a_case_that_recurs(desk_city: Pack) -> None:
    case, people = brought_to("handled")
    taken(people["collector"], case, "check", verdict="solved_but_new", note="another stall stands there")
    through(people, case, "close")
    (tie,) = seen(case, people)["links"]
    assert (tie["kind"], tie["own"], tie["state"]) == ("recurs_of", False, "reported")
    new = seen(tie["number"], people)
    assert (new["category"], new["lon"], new["seq"]) == ("0101", 10.002, 1)
    assert [(link["number"], link["own"]) for link in new["links"]] == [(case, True)]
    assert new["entries"][0]["note"] == "another stall stands there"
    opened_by = seen(case, people)["entries"][-2]
    assert ("opened", tie["number"]) in [(fact["fact"], fact["value"]) for fact in opened_by["told"]]
    assert list(verify()) == []


def test_a_dissatisfied_citizen_has_it_done_over_until_the_figures_are_out(strict_city: Pack) -> None:
    case, people = brought_to("handling")
    through(people, case, "handle")
    taken(people["dispatcher"], case, "feed_back")
    through(people, case, "check", "close")
    refused("step_denied", people["dispatcher"], case, "redo", reason="still deep")
    taken(people["acceptor"], case, "redo", reason="still deep")
    whole = seen(case, people)
    assert (whole["state"], whole["round"], whole["closed_at"]) == ("dispatched", 2, None)
    assert "rest" in [span["stage"] for span in whole["spans"]]
    through(people, case, "sign_for", "handle")
    taken(people["dispatcher"], case, "feed_back")
    through(people, case, "check", "close")
    pass_time(days=8)
    refused("redo_too_late", people["acceptor"], case, "redo", reason="still deep")
    clock.set_shift(datetime(2025, 7, 5, tzinfo=UTC) - datetime.now(UTC))
    problem = refused("case_published", people["shift_leader"], case, "reopen", reason="still deep")
    assert problem["since"] == "2025-07-05T00:00:00+02:00"
    taken(people["acceptor"], case, "recur", reason="the hole is back")
    (tie,) = seen(case, people)["links"]
    assert (tie["kind"], seen(case, people)["state"]) == ("recurs_of", "closed")
    assert list(verify()) == []


def test_a_case_is_reopened_where_it_ended(desk_city: Pack) -> None:
    case, people = brought_to("reported")
    taken(people["shift_leader"], case, "refuse", reason="private ground")
    taken(people["shift_leader"], case, "reopen", reason="it is ours after all")
    assert [span["stage"] for span in seen(case, people)["spans"]] == ["register", "rest", "file"]
    through(people, case, "file", "dispatch", "sign_for", "handle", "check", "close")
    assert list(verify()) == []


@pytest.mark.django_db(transaction=True)
def test_a_report_is_withdrawn_on_its_senders_word(desk_city: Pack) -> None:
    case, people = brought_to("reported")
    taken(people["acceptor"], case, "withdraw", reason="he found it filled")
    work()
    (report,) = people["evaluator"].get(f"/cases/{case}/reports").json()
    assert (seen(case, people)["state"], report["answer"]) == ("withdrawn", "he found it filled")


def test_each_desk_rolls_back_to_the_one_before(desk_city: Pack) -> None:
    case, people = brought_to("dispatched")
    refused("fact_missing", people["dispatcher"], case, "roll_back_dispatch")
    walked = []
    for name, post in (
        ("roll_back_dispatch", "dispatcher"), ("roll_back_filing", "dispatcher"), ("roll_back", "shift_leader")
    ):  # fmt: skip
        walked.append(taken(people[post], case, name, reason="one desk back")["state"])
    assert walked == ["filed", "registered", "reported"]
    whole = seen(case, people)
    assert whole["assignments"][-1]["verdict"] == "called_back"
    assert [span["stage"] for span in whole["spans"] if span["main"]] == [
        *("register", "file", "dispatch", "out", "dispatch", "file", "register")
    ]
    through(people, case, "register", "file", "dispatch")
    assert list(verify()) == []


def test_who_filed_does_not_void_and_who_handled_does_not_check(desk_city: Pack) -> None:
    case, people = brought_to("handling")
    refused("filed_by_same", people["shift_leader"], case, "void", reason="never mind")
    made = City.objects.get()
    made.settings["axes_merged"] = True
    made.save()
    both = people["handler-roads"]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT user_id FROM accounts_token WHERE digest = %s",
            [digest_of(both.headers["Authorization"].removeprefix("Bearer "))],
        )
        user = User.objects.get(pk=cursor.fetchone()[0])
    give_tenure(user, Post.objects.get(code="collector"), actor=SYSTEM, at=clock.now())
    taken(both, case, "handle", result="filled")
    refused("handled_by_same", both, case, "check", verdict="solved")
    refused("handled_by_same", both, case, "rework", reason="no")
    shown = {choice["name"]: choice["why"] for choice in both.get(f"/cases/{case}").json()["steps"]}
    assert shown["check"] == "You had a hand in handling this: somebody else checks it."
    taken(people["collector"], case, "check", verdict="solved")


def test_cases_are_split_and_tied_and_untied(desk_city: Pack) -> None:
    case, people = brought_to("registered")
    other = opened(people["machine"])
    desk = people["acceptor"]
    assert "unlink" not in [choice["name"] for choice in seen(case, people)["steps"]]
    refused("fact_wrong", desk, case, "link", other=other, link="duplicate_of")
    taken(desk, case, "link", other=other, link="caused_by")
    refused("link_known", desk, case, "link", other=other, link="caused_by")
    problem = refused("link_loop", desk, other, "link", other=case, link="part_of")
    assert problem["detail"] == f"Case {case} leads back to this one."
    taken(desk, case, "unlink", other=other, reason="a mistake")
    refused("link_none", desk, case, "unlink", other=other, reason="again")
    taken(desk, other, "link", other=case, link="part_of")
    taken(desk, case, "split", reason="the kerb beside it")
    kinds = {(tie["kind"], tie["own"]) for tie in seen(case, people)["links"]}
    assert kinds == {("part_of", False), ("split_from", False)}
    assert step(desk, case, "merge", other="9901002025060299999").status_code == 404
    assert list(verify()) == []


def test_a_body_that_ended_is_given_no_work(desk_city: Pack) -> None:
    """And what it was working on can be given to another one."""
    case, people = brought_to("handling")
    end_post("handler-roads", actor=SYSTEM, day=date(2025, 6, 2))
    end_organisation("roads", actor=SYSTEM, day=date(2025, 6, 2))
    taken(people["dispatcher"], case, "roll_back_dispatch", reason="the unit is no more")
    problem = refused("organisation_ended", people["dispatcher"], case, "dispatch", organisation="roads")
    assert problem["ended"] == "2025-06-02"
    taken(people["dispatcher"], case, "dispatch", organisation="parks")
    assert list(verify()) == []


@pytest.mark.parametrize(("hours", "counts"), [(-24, False), (24, False), (0.05, True), (-0.001, False)])
def test_a_clock_that_is_a_day_off_does_not_count_and_is_kept(desk_city: Pack, hours: float, counts: bool) -> None:
    """Between the entry before and five minutes from now a time counts as told; else the present does."""
    case, people = brought_to("registered")
    told = clock.now() + timedelta(hours=hours)
    taken(people["shift_leader"], case, "file", at=told.isoformat())
    entry = seen(case, people)["entries"][-1]
    kept = {fact["fact"]: fact["value"] for fact in entry["told"]}
    if counts:
        assert (datetime.fromisoformat(entry["at"]), kept) == (told, {})
        taken(people["dispatcher"], case, "dispatch", organisation="roads")  # the next one is not before it
    else:
        assert entry["at"] == entry["recorded_at"]
        assert datetime.fromisoformat(kept["told_at"]) == told
    assert list(verify()) == []


def test_an_order_from_above_stands_in_the_history_of_its_case(desk_city: Pack) -> None:
    case, people = brought_to("handling")
    told = {"key": "once", "kind": "reminder", "title": "Hurry", "text": "It is deep", "target": "roads"}
    answer = people["dispatcher"].post("/orders", told | {"cases": [case]})
    assert answer.status_code == 201, answer.content
    entry = seen(case, people)["entries"][-1]
    assert (entry["step"], entry["told"][0]["value"]) == ("order", answer.json()["number"])
    assert "order" not in [choice["name"] for choice in seen(case, people)["steps"]]
    assert list(verify()) == []
