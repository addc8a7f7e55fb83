"""The ledger decides from its day on: who answers, what is wrong, what a city reads of it."""

import json
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import shapely
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cityloop.config.pack import reading
from cityloop.config.pack.apply import apply
from cityloop.config.pack.problems import PackErrors
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.ground.registry.inventory import take_objects
from cityloop.ground.registry.objects import ObjectData
from journeys.command import TINY, inside
from journeys.conftest import JUNE, Person, holder_of

LEDGER = (
    "code,tier,category,area,object,phase,stratum,drawn,hours,role,organisation,lot,until,basis,valid_from,valid_to\n"
    "L1,line,0101,,,,,,,handler,roads,,,Road act,,2025-06-10\n"
    "L1,line,0101,,,,,,,handler,parks,,,Road act,2025-06-10,\n"
    "L2,line,0102,,,,,,mon-sun 06:00-22:00,handler,roads,,,Lights,,\n"
    "L3,line,0102,,,,,,mon-sun 00:00-06:00 22:00-24:00,handler,parks,,,Lights by night,,\n"
    "L4,line,0103,,,,on,,,handler,parks,,,Trees,,\n"
    "L5,owner,0103,,V1,,under,,,handler,roads,,,Viaduct,,\n"
    "L6,contract,0103,990100001,,,,,,contractor,roads,lot 1,2025-07-01,Contract,,\n"
    "L7,owner,0101,,S1,main_works,,,,owner,roads,,,Site,,\n"
    "L8,owner,0101,,S1,handed_over,,,,owner,parks,,,Site,,\n"
    "T1,territory,,,,,,,,handler,centre,,,Fallback,,\n"
)
LAYERS = """
layers:
  viaducts: {name: Viaducts, geometry: polygon, categories: ["0103"], strata: ["on", under], managed: true}
  sites: {name: Sites, geometry: polygon, categories: ["0101"]}
"""
Write = Callable[..., Pack]
LATER = datetime(2025, 6, 12, 8, tzinfo=UTC)


@pytest.fixture
def town(tiny_city: Pack, tmp_path: Path) -> Write:
    """The tiny city with another ledger, in which `old` stands as `new`."""
    folder = shutil.copytree(TINY, tmp_path / "town")
    with (folder / "pack.yaml").open("a", encoding="utf-8") as file:
        file.write(LAYERS)

    def write(*changes: tuple[str, str]) -> Pack:
        text = LEDGER
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (folder / "ledger.csv").write_text(text, encoding="utf-8")
        pack = reading.load(folder)
        apply(pack, actor=SYSTEM, at=JUNE)
        return pack

    write()
    stand("viaducts", "V1", "", (10.004, 50.004, 10.016, 50.005))
    stand("sites", "S1", "main_works", (10.001, 50.001, 10.002, 50.002))
    return write


def stand(layer: str, code: str, state: str, box: tuple[float, float, float, float]) -> None:
    shape = bytes(shapely.to_wkb(shapely.box(*box)))
    row = ObjectData(1, code, "", shape, box, "{}", state, None, None, None, None, None)
    take_objects(layer, [row], whole=False, actor=SYSTEM, day=JUNE.date(), at=JUNE)


def sent(
    person: Person, number: str, happened: str, category: str = "0101", lat: float = 50.009, lon: float = 10.002
) -> str:
    body = {
        "channel": "api", "outside_id": number, "happened_at": happened, "lon": lon, "lat": lat,
        "category": category,
    }  # fmt: skip
    answer = person.post("/reports", body)
    assert answer.status_code in (200, 201), answer.content
    return str(answer.json()["case"])


def went_to(case: str) -> str | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.code FROM cases_case c JOIN cases_assignment a ON a.case_id = c.id"
            " JOIN accounts_organisation o ON o.id = a.responsible_org_id WHERE c.number = %s"
            " ORDER BY a.no DESC LIMIT 1",
            [case],
        )
        row = cursor.fetchone()
    return row[0] if row else None


def test_a_change_decides_about_reports_of_its_day_and_later(town: Write) -> None:
    machine = holder_of("acceptor")
    clock.set_shift(LATER - datetime.now(UTC))
    before = sent(machine, "1", "2025-06-09T23:59:00+02:00")
    after = sent(machine, "2", "2025-06-10T00:00:00+02:00")
    assert [went_to(before), went_to(after)] == ["roads", "parks"]
    town(("L1,line,0101,,,,,,,handler,parks", "L1,line,0101,,,,,,,handler,centre"))
    assert went_to(sent(machine, "3", "2025-06-09T12:00:00+02:00")) == "roads"


def test_hours_and_objects_decide_too(town: Write) -> None:
    machine = holder_of("acceptor")
    clock.set_shift(LATER - datetime.now(UTC))
    by_day = sent(machine, "1", "2025-06-09T21:59:00+02:00", "0102")
    by_night = sent(machine, "2", "2025-06-09T22:00:00+02:00", "0102")
    assert [went_to(by_day), went_to(by_night)] == ["roads", "parks"]
    on_site = sent(machine, "3", "2025-06-10T12:00:00+02:00", lat=50.0015)
    assert went_to(on_site) == "roads"


def listed(**asked: Any) -> list[tuple[str, str]]:
    said = inside("ledger", "gaps", "--json", *(f"--{name}={value}" for name, value in asked.items()))
    assert said.code == 0, said.shown
    return [(row["kind"], " ".join([*row["rows"], row["object"]]).strip()) for row in json.loads(said.out)]


PLANTED = [
    (("L5,owner,0103,,V1,,under,,,handler,roads,,,Viaduct,,\n", ""), ("surface", "V1")),
    (("lot 1,2025-07-01", "lot 1,2025-06-01"), ("contract", "L6")),
    (("S1,main_works", "S1,utilities"), ("phase", "L7 L8 S1")),
    (("L3,line,0102,,,,,,mon-sun 00:00-06:00 22:00-24:00,handler,parks,,,Lights by night,,\n", ""), ("hours", "L2")),
    (("T1,", "L9,line,0103,,,,on,,,handler,roads,,,Twice,,\nT1,"), ("dispute", "L4 L9")),
]


@pytest.mark.parametrize(("change", "found"), PLANTED, ids=[found[0] for _, found in PLANTED])
def test_what_is_planted_in_a_pack_is_found_and_nothing_else(
    town: Write, change: tuple[str, str], found: tuple[str, str]
) -> None:
    assert listed(on="2025-06-03") == []
    town(change)
    assert listed(on="2025-06-03") == [found]
    assert listed(on="2025-06-03", kind="sliver") == []


def test_the_command_tells_who_answers_and_which_contracts_end(town: Write) -> None:
    said = inside("ledger", "who", "0103", "--lon=10.002", "--lat=50.009", "--when=2025-06-09T12:00")
    assert "Roads department" in said.out
    assert "a stronger tier decides" in said.out
    found = json.loads(inside("ledger", "who", "0102", "--area=990100002", "--when=2025-06-09T23:00", "--json").out)
    assert (found["finding"], [one["why"] for one in found["lost"]]) == (
        "named",
        ["no_longer", "outside_hours", "weaker_tier"],
    )
    assert "2025-07-01" in inside("ledger", "contracts", "--days", "60", "--on", "2025-06-03").out
    assert json.loads(inside("ledger", "contracts", "--days", "1", "--on", "2025-06-03", "--json").out) == []
    assert inside("ledger", "who", "0103").code == 2
    assert inside("ledger", "gaps", "--kind", "holes").code == 2


def test_what_the_ledger_names_and_is_not_there_is_told(town: Write) -> None:
    assert inside("ledger", "check").code == 0
    town(("L5,owner,0103,,V1", "L5,owner,0103,,V2"))
    said = inside("ledger", "check", "--on", "2025-06-03")
    assert (said.code, said.out.strip()) == (1, "L5: object: there is no object V2")


def test_rows_come_in_pages_with_filters_at_a_constant_number_of_statements(town: Write) -> None:
    reader = holder_of("dispatcher")
    first = reader.get("/ledger/rows?limit=3&day=2025-06-09").json()
    assert ([row["code"] for row in first["rows"]], first["next"]) == (["L1", "L2", "L3"], "L3")
    for asked, wanted in {
        "after=L7": ["L8", "T1"], "tier=contract": ["L6"], "category=0102": ["L2", "L3"], "category=01": first_nine(),
        "area=990100": ["L6"], "organisation=centre": ["T1"], "thing=S1": ["L7", "L8"],
    }.items():  # fmt: skip
        assert [row["code"] for row in reader.get(f"/ledger/rows?{asked}").json()["rows"]] == wanted, asked
    with CaptureQueriesContext(connection) as few:
        reader.get("/ledger/rows?limit=1")
    with CaptureQueriesContext(connection) as many:
        reader.get("/ledger/rows?limit=500")
    assert len(few) == len(many)
    versions = reader.get("/ledger/rows/L1").json()
    assert [(row["valid_from"], row["parties"][0]["name"]) for row in versions] == [
        ("2025-06-10", "Parks department"), ("2020-01-01", "Roads department"),
    ]  # fmt: skip
    assert (versions[0]["tier_title"], reader.get("/ledger/rows/none").json()["code"]) == (
        "line department", "duty_unknown",
    )  # fmt: skip


def first_nine() -> list[str]:
    return [f"L{number}" for number in range(1, 9)]


def test_the_api_answers_here_with_its_reasons(town: Write) -> None:
    reader = holder_of("dispatcher")
    asked = "/ledger/who?category=0101&lon=10.0015&lat=50.0015&at=2025-06-09T12:00:00%2B02:00"
    found = reader.get(asked).json()
    assert (found["handler"]["code"], found["object"], found["phase"], found["grid"]) == (
        "roads", "S1", "main_works", "990100001001",
    )  # fmt: skip
    assert {one["row"]["code"]: one["why"] for one in found["lost"]} == {
        "L1": "weaker_tier", "L8": "other_phase", "T1": "weaker_tier",
    } | {}, found["lost"]  # fmt: skip
    for path, status, code in (
        ("/ledger/who?category=0101", 422, "place_missing"),
        ("/ledger/who?category=0101&area=none", 404, "area_unknown"),
        ("/ledger/who?category=none&area=990100001", 404, "category_unknown"),
        ("/ledger/who?category=0101&object=none", 404, "object_unknown"),
        ("/ledger/who?category=0101&area=990100001&at=2025-06-09T12:00:00", 422, "instant_unreadable"),
    ):
        answer = reader.get(path)
        assert (answer.status_code, answer.json()["code"]) == (status, code), path


def test_gaps_come_with_their_ground_and_their_past_cases(town: Write) -> None:
    machine, reader = holder_of("acceptor"), holder_of("dispatcher")
    town(PLANTED[0][0])
    sent(machine, "1", "2025-06-02T09:00:00+02:00", "0103", lat=50.0045, lon=10.012)
    sent(machine, "2", "2025-06-02T09:00:00+02:00", "0101", lat=50.0045, lon=10.012)
    sent(machine, "3", "2025-06-02T09:00:00+02:00", "0103")
    page = reader.get("/ledger/gaps?geometry=true&at=2025-06-03T12:00:00%2B02:00").json()
    assert (page["counts"]["surface"], page["next"], len(page["gaps"])) == (1, None, 1)
    (gap,) = page["gaps"]
    assert (gap["object"], gap["stratum"], gap["cases"], gap["geometry"]["type"]) == ("V1", "under", 1, "Polygon")
    assert [one["code"] for one in gap["categories"]] == ["0103"]
    for asked in ("kind=sliver", "category=0101", "after=1"):
        assert reader.get(f"/ledger/gaps?at=2025-06-03T12:00:00%2B02:00&{asked}").json()["gaps"] == [], asked


@pytest.mark.parametrize("path", ["/ledger/rows", "/ledger/rows/L1", "/ledger/who?category=0101", "/ledger/contracts",
                                  "/ledger/gaps"])  # fmt: skip
def test_not_everybody_reads_the_ledger(town: Write, path: str) -> None:
    answer = holder_of("collector").get(path)
    assert (answer.status_code, answer.json()["code"]) == (403, "permission_missing")


def test_a_case_that_two_answer_for_waits_with_somebody_who_acts(town: Write) -> None:
    machine, dispatcher = holder_of("acceptor"), holder_of("dispatcher")
    town(PLANTED[-1][0])
    case = sent(machine, "1", "2025-06-02T09:00:00+02:00", "0103", lon=10.018)
    told = dispatcher.get(f"/cases/{case}/proposal").json()
    assert (told["finding"], told["organisation"], told["interim"]) == ("dispute", None, "centre")
    assert told["rows"] == ["L4", "L9"]


def test_whom_the_pack_names_acts_where_the_ledger_is_silent(town: Write, tmp_path: Path) -> None:
    pack = tmp_path / "town" / "pack.yaml"
    text = pack.read_text(encoding="utf-8")
    pack.write_text(text.replace("  centre: centre\n", "  centre: centre\n  interim: parks\n"), encoding="utf-8")
    town(("L4,line,0103,,,,on,,,handler,parks,,,Trees,,\n", ""), ("T1,territory,,", "T1,territory,0101,"))
    asked = "/ledger/who?category=0103&lon=10.018&lat=50.009&at=2025-06-03T12:00:00%2B02:00"
    found = holder_of("dispatcher").get(asked).json()
    assert (found["finding"], found["handler"], found["interim"]["code"]) == ("gap", None, "parks")
    pack.write_text(text.replace("  centre: centre\n", "  centre: centre\n  interim: park\n"), encoding="utf-8")
    with pytest.raises(PackErrors, match="interim: there is no organisation park"):
        reading.load(pack.parent)


def test_contracts_are_told_over_the_api(town: Write) -> None:
    (one,) = holder_of("dispatcher").get("/ledger/contracts?days=60&day=2025-06-03").json()
    assert (one["ends"], one["followed"], one["row"]["parties"][0]["lot"]) == ("2025-07-01", False, "lot 1")
    assert datetime(2025, 6, 3, tzinfo=UTC).date() < date.fromisoformat(one["ends"])
