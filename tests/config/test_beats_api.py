"""Beats through the API: those of today with their work, others beside them, and what is refused."""

from typing import Any

import pytest
from journeys.conftest import Person, desk_city, holder_of, nobody, own_clock

from cityloop.config import beats_api
from cityloop.config.pack.reading import Pack

__all__ = ["desk_city", "own_clock"]


def asked(person: Person, query: str = "") -> Any:
    answer = person.get(f"/grids/beats?{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_a_city_without_beats_shows_its_work_and_is_divided(desk_city: Pack) -> None:
    person = holder_of("administrator")
    now = asked(person)
    assert [area["code"] for area in now["trail"]] == ["990100"]
    assert [area["code"] for area in now["parts"]] == ["990100001", "990100002"]
    assert (now["grids"], now["present"], now["design"]) == (4, None, None)
    found = asked(person, "beats=2")
    design = found["design"]
    assert sum(beat["load"] for beat in design["beats"]) == pytest.approx(found["load"]) == pytest.approx(now["load"])
    assert (len(design["beats"]), design["connected"], design["left_out"]) == (2, True, 0)
    assert {beat["geometry"]["type"] for beat in design["beats"]} == {"Polygon"}
    assert sum(beat["grids"] for beat in design["beats"]) == 4
    assert design["worst"] >= found["bound"] - 1e-9
    assert asked(person, "beats=2") == found


@pytest.mark.parametrize(
    ("query", "status", "says"),
    [
        ("area=990109", 404, "There is no area"),
        ("beats=5", 422, "from 1 to 4"),
        ("beats=-1", 422, "beats"),
        ("beats=1501", 422, "beats"),
    ],
)
def test_what_cannot_be_divided_is_refused(desk_city: Pack, query: str, status: int, says: str) -> None:
    answer = holder_of("administrator").get(f"/grids/beats?{query}")
    assert (answer.status_code, says in answer.content.decode()) == (status, True)


def test_a_whole_district_is_left_to_the_command(desk_city: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beats_api, "MOST", 3)
    person = holder_of("administrator")
    assert (asked(person)["most"], asked(person)["load"]) == (3, None)
    answer = person.get("/grids/beats?beats=2")
    assert (answer.status_code, answer.json()["code"]) == (422, "area_too_large_here")


def test_only_who_edits_the_ground_designs_beats(desk_city: Pack) -> None:
    for person in (nobody(), holder_of("acceptor")):
        assert person.get("/grids/beats").status_code == 403
