"""Who answers: tiers before specificity, at an instant, with the reason why the others do not."""

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import shapely

from cityloop.core.hours import read_hours, spans
from cityloop.ground.registry.ledger import SOLE, TIERS, Duty, Finding, Ledger, Lost, Party, Question
from cityloop.ground.registry.models import LedgerParty, LedgerRow
from cityloop.ground.registry.spots import Spots, Thing
from cityloop.ground.registry.words import LOST_TITLES, ROLE_TITLES

ZONE = ZoneInfo("Asia/Shanghai")
TUESDAY = datetime(2026, 3, 3, 10, tzinfo=ZONE)
EVENING = datetime(2026, 3, 3, 20, tzinfo=ZONE)
ROADS, PARKS, STREET, CENTRE, CLEANERS = 1, 2, 3, 4, 5
PAVING, MAJOR = 101, 10
CITY, DISTRICT, COMMUNITY = 1, 2, 3
SQUARE = bytes(shapely.to_wkb(shapely.box(117.0, 36.0, 117.1, 36.1)))


def duty(number: int, body: int = ROADS, tier: str = "line", role: str = "handler", **scope: Any) -> Duty:
    hours = spans(read_hours(scope.pop("hours", "")))
    parties = scope.pop("parties", (Party(role, body, until=scope.pop("until", None)),))
    plain: dict[str, Any] = {
        "id": number, "code": f"L{number}", "tier": tier, "category": None, "situation": "", "area": None,
        "area_class": "", "grid": None, "road": "", "drawn": None, "object_code": "", "phase": "", "stratum": "",
        "hours": hours, "basis": "", "valid_from": date(2020, 1, 1), "valid_to": None, "parties": parties,
    }  # fmt: skip
    return Duty(**plain | scope)


def asked(**facts: Any) -> Question:
    plain: dict[str, Any] = {
        "categories": (PAVING, MAJOR), "areas": (CITY, DISTRICT, COMMUNITY), "at": TUESDAY, "grid": 7,
    }  # fmt: skip
    return Question(**plain | facts)


NARROWER: list[dict[str, Any]] = [
    {},
    {"hours": "tue 08:00-18:00"},
    {"phase": "main_works"},
    {"stratum": "on"},
    {"situation": "broken"},
    {"category": MAJOR},
    {"category": PAVING},
    {"area_class": "core"},
    {"area": CITY},
    {"area": DISTRICT},
    {"area": COMMUNITY},
    {"grid": 7},
    {"drawn": SQUARE},
    {"road": "R1"},
    {"object_code": "S1"},
]
SPOT: dict[str, Any] = {
    "situation": "broken", "area_class": "core", "road": "R1", "object_code": "S1", "phase": "main_works",
}  # fmt: skip


@pytest.mark.parametrize("place", range(1, len(NARROWER)))
def test_inside_a_tier_what_is_more_specific_decides(place: int) -> None:
    wide, narrow = duty(1, PARKS, **NARROWER[place - 1]), duty(2, ROADS, **NARROWER[place])
    answer = Ledger([wide, narrow]).who_answers_for(asked(**SPOT, drawn=frozenset({1, 2})))
    assert (answer.finding, answer.handler) == (Finding.NAMED, ROADS)
    assert answer.lost == ((wide, Lost.LESS_SPECIFIC),)


def test_a_stronger_tier_decides_however_wide_its_scope() -> None:
    tiers = [
        duty(1, PARKS, "owner"),
        duty(2, CLEANERS, "contract", area=CITY),
        duty(3, ROADS, "line", grid=7),
        duty(4, STREET, "territory", object_code="S1"),
    ]
    for first in range(4):
        answer = Ledger(reversed(tiers[first:])).who_answers_for(asked(**SPOT))
        assert answer.duties == (tiers[first],)
        assert [why for _, why in answer.lost] == [Lost.WEAKER_TIER] * (3 - first)
    assert answer.finding is Finding.FALLBACK
    assert answer.reason == ("territory", "object")


OUT: list[tuple[dict[str, Any], Lost]] = [
    ({"valid_from": date(2026, 3, 4)}, Lost.NOT_YET),
    ({"valid_to": date(2026, 3, 3)}, Lost.NO_LONGER),
    ({"until": date(2026, 3, 3)}, Lost.CONTRACT_ENDED),
    ({"situation": "sunk"}, Lost.OTHER_SITUATION),
    ({"phase": "vacated"}, Lost.OTHER_PHASE),
    ({"stratum": "under"}, Lost.OTHER_STRATUM),
    ({"hours": "mon-sun 18:00-24:00"}, Lost.OUTSIDE_HOURS),
]


@pytest.mark.parametrize(("scope", "why"), OUT, ids=[why for _, why in OUT])
def test_what_does_not_stand_says_why(scope: dict[str, Any], why: Lost) -> None:
    out, fallback = duty(1, **scope), duty(2, STREET, "territory")
    answer = Ledger([out, fallback]).who_answers_for(asked(**SPOT))
    assert (answer.finding, answer.handler) == (Finding.FALLBACK, STREET)
    assert answer.lost == ((out, why),)


def test_tiers_and_roles_are_those_of_the_rows() -> None:
    assert tuple(LedgerRow.Tier.values) == TIERS
    assert set(SOLE) < set(LedgerParty.Role.values)
    assert set(ROLE_TITLES) == set(LedgerParty.Role.values)
    assert set(LOST_TITLES) == set(Lost)


def test_the_hour_decides_at_the_citys_clock() -> None:
    by_day, by_night = (
        duty(1, ROADS, hours="mon-sun 06:00-20:00"),
        duty(2, PARKS, hours="mon-sun 00:00-06:00 20:00-24:00"),
    )
    both = Ledger([by_day, by_night])
    assert [both.who_answers_for(asked(at=at)).handler for at in (TUESDAY, EVENING)] == [ROADS, PARKS]


def test_other_ground_and_other_categories_are_not_even_named() -> None:
    elsewhere = [duty(1, area=99), duty(2, grid=8), duty(3, category=102), duty(4, drawn=SQUARE), duty(5, road="R2")]
    answer = Ledger(elsewhere, CENTRE).who_answers_for(asked(**SPOT))
    assert (answer.finding, answer.lost, answer.handler, answer.interim) == (Finding.GAP, (), None, CENTRE)


def test_two_bodies_in_one_role_are_a_dispute_in_which_the_territory_acts() -> None:
    rows = [duty(1, ROADS), duty(2, PARKS), duty(3, STREET, "territory", area=DISTRICT)]
    answer = Ledger(rows, CENTRE).who_answers_for(asked())
    assert (answer.finding, answer.handler, answer.interim) == (Finding.DISPUTE, None, STREET)
    assert answer.duties == (rows[0], rows[1])
    assert Ledger(rows[:2], CENTRE).who_answers_for(asked()).interim == CENTRE
    twice = [duty(1, ROADS), duty(2, ROADS), duty(3, PARKS, role="assist"), duty(4, CLEANERS, role="chief")]
    answer = Ledger(twice).who_answers_for(asked())
    assert (answer.finding, answer.handler) == (Finding.NAMED, ROADS)
    assert {party.organisation for party in answer.parties} == {ROADS, PARKS, CLEANERS}


def test_a_contract_ends_with_its_first_party_and_another_duty_with_its_last() -> None:
    soon, later = date(2026, 3, 1), date(2027, 1, 1)
    parties = (Party("handler", ROADS), Party("contractor", CLEANERS, "lot 3", soon))
    contract, line = duty(1, tier="contract", parties=parties), duty(2, parties=parties)
    assert (contract.ends, line.ends) == (soon, None)
    assert Ledger([contract]).who_answers_for(asked()).finding is Finding.GAP
    answer = Ledger([line]).who_answers_for(asked())
    assert answer.parties == (Party("handler", ROADS),)
    both = (Party("handler", ROADS, "", later), Party("contractor", CLEANERS, "", soon))
    assert duty(3, parties=both).ends == later


def test_spots_are_held_by_drawn_areas_the_smallest_object_and_the_nearest_road() -> None:
    inner = bytes(shapely.to_wkb(shapely.box(117.04, 36.04, 117.06, 36.06)))
    road = bytes(shapely.to_wkb(shapely.LineString([(117.0, 36.05), (117.1, 36.05)])))
    spots = Spots({8: SQUARE}, [Thing("S1", "", SQUARE), Thing("S2", "vacated", inner), Thing("R1", "", road)])
    assert spots.at(117.05, 36.0501) == (frozenset({8}), "S2", "vacated", "R1")
    assert spots.at(117.02, 36.02) == (frozenset({8}), "S1", "", "")
    assert spots.at(117.2, 36.2) == Spots({}, []).at(117.05, 36.05) == Spots({}, []).at(None, None)
