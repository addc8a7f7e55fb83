"""Special days of a country, drafted for a pack's calendar."""

from datetime import date

import pytest
import yaml
from journeys.command import ROOT, inside

from cityloop.config.pack.holidays import special_days, written
from cityloop.config.pack.reading import load
from cityloop.core.errors import CityloopError
from cityloop.loop.clocks.calendar import WEEKDAYS, calendar

DAY = [["08:00", "12:00"], ["14:00", "18:00"]]


def test_chinas_days_are_those_that_were_announced() -> None:
    known = special_days("CN", 2026, 2026)
    february = {day.day.day: day.worked for day in known.days if day.day.month == 2}
    assert february == {14: True, 28: True, 16: False, 17: False, 18: False, 19: False, 20: False, 23: False}
    assert known.until == date(2026, 12, 31)


def test_what_is_not_announced_is_not_guessed() -> None:
    assert special_days("CN", 2026, 2027).until == date(2026, 12, 31)
    assert max(day.day for day in special_days("CN", 2026, 2027).days).year == 2026
    with pytest.raises(CityloopError, match="CN in 2027 have not been announced yet; known are those until 2026"):
        special_days("CN", 2027, 2027)
    with pytest.raises(CityloopError, match="HU in 2050 have not been announced"):  # it makes days up, year by year
        special_days("HU", 2050, 2050)


def test_other_countries_and_their_parts() -> None:
    epiphany = date(2026, 1, 6)
    assert epiphany in {day.day for day in special_days("DE", 2026, 2026, "BY").days}
    assert epiphany not in {day.day for day in special_days("DE", 2026, 2026).days}
    worked = [day.day for day in special_days("HU", 2026, 2026).days if day.worked]
    assert worked == [date(2026, 1, 10), date(2026, 8, 8)]
    for country, part in (("XX", ""), ("DE", "QQ")):
        with pytest.raises(CityloopError, match="are known here"):
            special_days(country, 2026, 2026, part)


def test_the_draft_is_a_calendar() -> None:
    text = written("CN", special_days("CN", 2026, 2026), "08:00-12:00,14:00-18:00")
    told = yaml.load("calendar:\n" + text, yaml.BaseLoader)["calendar"]
    week = dict.fromkeys(WEEKDAYS[:5], DAY)
    made = calendar({"zone": "Asia/Shanghai", "wd_rule": "working_time", "week": week, **told})
    assert made.known_until == date(2026, 12, 31)
    assert made.single_days[date(2026, 2, 17)] == ()
    assert len(made.single_days[date(2026, 2, 14)]) == 2


def test_the_sample_county_has_these_days() -> None:
    (default,) = load(ROOT / "packs" / "sample_county").file.calendars.values()
    announced = {day.day: day.worked for day in special_days("CN", 2025, 2026).days}
    assert {day: bool(periods) for day, periods in default.days.items()} == announced
    assert default.known_until == date(2026, 12, 31)


def test_the_verb_prints_them_and_refuses_in_one_sentence() -> None:
    said = inside("pack", "holidays", "CN", "2026")
    assert "    known_until: 2026-12-31\n" in said.out
    assert "      2026-02-17: []  # Spring Festival\n" in said.out
    for arguments, text in (
        (("CN", "2027"), "2027"),
        (("XX", "2026"), "XX"),
        (("CN", "2026", "--hours", "8-12"), "--hours"),
    ):
        refused = inside("pack", "holidays", *arguments)
        assert (refused.code, text in refused.shown, refused.out) == (2, True, "")
