"""A calendar as a year view."""

from cityloop.config.pack.reading import Pack
from journeys.conftest import holder_of


def test_a_year_says_what_differs_and_what_is_not_known_yet(desk_city: Pack) -> None:
    (calendar,) = holder_of("acceptor").get("/calendars?year=2025").json()
    days = {day["day"]: day for day in calendar["days"]}
    assert (calendar["code"], calendar["zone"], len(days)) == ("default", "Europe/Berlin", 365)
    kinds = {day: days[day]["kind"] for day in ("2025-04-17", "2025-04-18", "2025-04-19", "2025-04-26")}
    assert kinds == {"2025-04-17": "work", "2025-04-18": "holiday", "2025-04-19": "rest", "2025-04-26": "make_up"}
    assert days["2025-04-26"]["periods"] == [["09:00", "13:00"]]
    assert days["2025-04-25"]["periods"] == [["08:00", "12:00"]]
    assert calendar["working_days"] == 261 - 1 + 1
    assert not any(day["provisional"] for day in calendar["days"])


def test_who_neither_reads_cases_nor_maintains_sees_no_calendar(desk_city: Pack) -> None:
    assert holder_of("machine").get("/calendars?year=2025").status_code == 403
    assert holder_of("administrator").get("/calendars?year=2025").status_code == 200  # who maintains them
