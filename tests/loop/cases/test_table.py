"""The lifecycle as one table: what is told of each step, the picture that is drawn of it, and the check that holds it
against code and tests."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from cityloop.core.texts import said_in
from cityloop.loop.cases import effects, picture, places
from cityloop.loop.cases.lifecycle import KEEP, PASSES, ROUTES, STATES, STEPS
from cityloop.loop.cases.refusals import REFUSALS
from cityloop.loop.cases.table import table
from cityloop.loop.clocks.deadlines import Rules
from docs import lifecycle_check

SVG = "{http://www.w3.org/2000/svg}"


def chinese(text: str) -> str:
    return said_in("zh", text)


def written(svg: str) -> set[str]:
    return {"".join(text.itertext()) for text in ElementTree.fromstring(svg).iter(f"{SVG}text")}


def test_the_clocks_of_each_step_are_told_by_the_usual_settings() -> None:
    told = {line["name"]: line["clock"] for line in table(chinese)["steps"]}
    assert list(told) == list(STEPS)
    words = {clock[which] for clock in told.values() for which in ("case", "unit", "stage")}
    assert words <= effects.CLOCK_WORDS.keys()

    def clock(step: str) -> tuple[str, str, str, str | None]:
        case, unit, stage, stands_in = (told[step][which] for which in ("case", "unit", "stage", "stands_in"))
        return case, unit, stage, stands_in

    assert clock("file") == ("begins", "none", "begins", "dispatch")
    assert clock("dispatch") == ("goes_on", "begins", "begins", "sign_for")
    assert clock("close") == ("ends", "none", "ends", None)
    assert clock("rework") == ("goes_on", "begins", "begins", "sign_for")
    granted = [told["grant_hold"], *told["grant_hold"]["also"]]
    assert [line["case"] for line in granted] == ["moves_later", "moves_later", "stops"]
    assert "shelving" in granted[-1]["when"]["en"]
    assert told["handle"]["also"][0]["unit"] == "ends_moved"


def test_other_settings_do_other_things() -> None:
    rest = effects.Happening((*effects.OUT, "handle"), "rework", rules=Rules(rework="rest"))
    assert rest.settings() == {"rework": "rest"}
    assert effects.effect(rest).unit == "begins_with_rest"


def test_a_step_that_cannot_be_walked_to_says_what_to_do() -> None:
    with pytest.raises(LookupError, match="HAPPENINGS or FACTS how close comes to be taken"):
        effects.effect(effects.Happening(("report",), "close"))


def test_each_route_passes_steps_of_the_table() -> None:
    assert PASSES.keys() == ROUTES.keys()
    assert all(steps <= STEPS.keys() for steps in PASSES.values())


def test_the_picture_has_every_state_and_step_in_both_languages() -> None:
    texts = written(picture.picture(chinese))
    for title in STATES.values():
        assert {title, chinese(title)} <= texts
    everything = "\n".join(texts)
    for step in STEPS.values():
        assert step.title in everything
        assert chinese(step.title) in everything


def test_ways_lead_between_states_that_have_a_place() -> None:
    assert not places.PLACES.keys() & set(places.BELOW)
    assert len(set(places.PLACES.values())) == len(places.PLACES)
    assert {source for _, source in places.WAYS} <= places.PLACES.keys()
    for (name, source), way in places.WAYS.items():
        if name in STEPS and source in STEPS[name].sources and not way.joins:
            (x, y), end = places.at(STEPS[name].target), way.points[-1]
            assert abs(end[0] - x) <= places.HALF_W, name
            assert abs(end[1] - y) <= places.HALF_H, name


def test_a_state_without_a_place_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "STATES", {**STATES, "lost": "lost"})
    with pytest.raises(LookupError, match=r"give a place to \['lost'\]"):
        picture.picture(chinese)


def test_a_step_without_a_way_is_drawn_below_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    moving = next(step for step in STEPS.values() if step.target != KEEP and step.sources)
    odd = replace(moving, name="jump", title="Jump", sources=("filed", "checked"), target="closed")
    monkeypatch.setattr(picture, "STEPS", {**STEPS, "jump": odd})
    texts = written(picture.picture(chinese))
    assert {"Jump", f"{STATES['filed']}, {STATES['checked']}"} <= texts


def test_an_end_below_the_line_shows_how_one_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "STEPS", {name: row for name, row in STEPS.items() if name != "merge"})
    with pytest.raises(LookupError, match="no step below the line leads to"):
        picture.picture(chinese)
    merge = replace(STEPS["void"], name="merge", title="Put together", sources=("filed",), target="merged")
    apart = replace(merge, name="unmerge", title="Take apart", sources=("merged",), target="registered")
    monkeypatch.setattr(picture, "STEPS", {**STEPS, "merge": merge, "unmerge": apart})
    assert {"Put together", "merged", "Take apart"} <= written(picture.picture(chinese))


UNHEARD = "_".join(("never", "heard", "of"))
"""Not written in one piece, so that no test names it."""


def test_the_check_finds_what_nobody_tests(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert lifecycle_check.main() == 0
    forgotten = min(lifecycle_check.raised_by_cases())
    monkeypatch.setattr(lifecycle_check, "REFUSALS", (REFUSALS - {forgotten}) | {UNHEARD})
    monkeypatch.setattr(lifecycle_check, "STEPS", {**STEPS, UNHEARD: STEPS["void"]})
    capsys.readouterr()
    assert lifecycle_check.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        f"refusal {forgotten}: raised, and not among REFUSALS in loop/cases/refusals.py",
        f"refusal {UNHEARD}: declared, and raised nowhere",
        f"refusal {UNHEARD}: no test names it",
        f"step {UNHEARD}: no journey takes it (tests/journeys)",
    ]


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ('raise Refused("file_missing", n=1) from error', {"file_missing"}),
        ('return Conflict("host_wrong" if asked else "port_taken")', {"host_wrong", "port_taken"}),
        ('CODES = {1: "host_wrong", 2: "not a code"}\nraise Denied(CODES[1])', {"host_wrong"}),
        ('print("file_missing")', set()),
    ],
)
def test_codes_are_found_where_errors_are_made(source: str, codes: set[str]) -> None:
    assert lifecycle_check.raised(source) == codes
