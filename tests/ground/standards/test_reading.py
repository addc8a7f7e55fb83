"""The rule book as it is searched, browsed and compared through the API."""

from datetime import date
from typing import Any

import pytest
from journeys.conftest import JUNE, Person, holder_of

from cityloop.config.pack.reading import Pack
from cityloop.core.actor import SYSTEM
from cityloop.ground.places.actions import renew
from cityloop.ground.standards.actions import begin_edition, put_categories, put_crosswalk, put_documents
from cityloop.ground.standards.editions import whole
from cityloop.ground.standards.rows import CategoryData, DocumentData, RuleData
from cityloop.ground.standards.shelf import Shelf, shelved
from standards.sample import RULES

TODAY = JUNE.date()
COVERS = [
    CategoryData("02", "公用设施", {"en": "Utilities"}, "component", "major", ""),
    CategoryData("0201", "上水井盖", {"en": "Water manhole cover"}, "component", "minor", "02"),
    CategoryData("0202", "路灯", {"en": "Lamp"}, "component", "minor", "02", True, "ours"),
]
COVER_RULES = [
    RuleData("0201", "missing", {"zh": "缺失", "en": "missing"}, "井盖不见了", "补齐",
             translations={"en": {"filing_condition": "The cover is gone"}}, urgent=True),
    RuleData("0201", "rattling", {"zh": "作响", "en": "rattling"}, "车辆经过时发出声响", "不再作响",
             translations={"en": {"filing_condition": "Rattles when cars pass"}}),
    RuleData("0202", "", {}, "灯杆倾斜，检修井盖松动", "扶正"),
]  # fmt: skip


@pytest.fixture
def acceptor(tiny_city: Pack) -> Person:
    """Somebody at the desk of a city whose edition of today has been written for this test."""
    put_documents([DocumentData("ACT", "Road act", {"zh": "道路条例"}, "law", summary="Roads", link="https://a.b/c")],
                  actor=SYSTEM)  # fmt: skip
    put_categories("tiny-1", COVERS, {row.code for row in COVERS}, actor=SYSTEM)
    rules = whole([*RULES, *COVER_RULES], ["0101", "0102", "0103", "0201", "0202"])
    begin_edition("now", rules, scheme="tiny-1", actor=SYSTEM, begins=TODAY)
    renew(actor=SYSTEM)
    return holder_of("acceptor")


def keys(answer: Any) -> list[tuple[str, str]]:
    assert answer.status_code == 200, answer.content
    return [(row["category"], row["situation"]) for row in answer.json()["rules"]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("井盖 响", [("0201", "rattling")]),
        ("manhole rattl", [("0201", "rattling")]),
        ("MANHOLE　ＣＯＶＥＲ", [("0201", "missing"), ("0201", "rattling")]),
        ("井盖", [("0201", "missing"), ("0201", "rattling"), ("0202", "")]),  # names weigh more than conditions
        ("0202", [("0202", "")]),
        ("gone", [("0201", "missing")]),
        ("坑洞 深", [("0101", "deep")]),
        ("井盖 着火", []),
        ("%", []),
    ],
)
def test_an_acceptor_types_words_and_sees_the_row(acceptor: Person, words: str, found: list[tuple[str, str]]) -> None:
    assert keys(acceptor.get(f"/rules/search?q={words.replace('%', '%25')}")) == found


def test_a_hit_says_all_that_is_needed_to_file(acceptor: Person) -> None:
    (hit,) = acceptor.get("/rules/search?q=deep hole").json()["rules"]
    assert hit["category_name"] == "Pothole"
    assert (hit["major"], hit["major_name"], hit["kind"], hit["scheme"]) == (
        "01", "Streets and green", "component", "tiny-1"
    )  # fmt: skip
    assert (hit["situation_name"], hit["urgent"], hit["self_handling_cap"]) == ("deep hole", True, 5)
    assert [(row["stage"], row["part"], row["value"], row["unit"], row["area_class"]) for row in hit["limits"]] == [
        ("handle", "fence", 2, "h", ""), ("handle", "repair", 5, "wd", ""), ("handle", "repair", 2.5, "wd", "A"),
        ("total", "", 30, "d", ""),
    ]  # fmt: skip
    assert hit["photos"] == [{"kind": "near", "app": False}, {"kind": "after", "app": True}]
    assert hit["closing_kinds"] == ["solved", "temporary"]
    assert hit["documents"] == [
        {"code": "ACT", "title": "Road act", "kind": "law", "clause": "12 a", "link": "https://a.b/c"}
    ]
    assert hit["no_collect"][1] == {"first": "", "last": "", "days": ["mon"], "start": "", "end": ""}
    acceptor.headers["Accept-Language"] = "zh"
    (hit,) = acceptor.get("/rules/search?q=deep hole").json()["rules"]
    assert (hit["category_name"], hit["situation_name"]) == ("路面坑洞", "深坑")
    assert (hit["filing_condition"], hit["closing_condition"]) == ("深度超过3厘米，或有棱", "填平")
    assert hit["do_not_collect"] == 'Works with a "permit"'  # not translated, so as it was written
    assert hit["documents"][0]["title"] == "道路条例"


def test_what_is_found_is_chosen_by_day_kind_major_and_urgency(acceptor: Person) -> None:
    everything = acceptor.get("/rules/search").json()
    assert (everything["total"], everything["edition"], everything["on"]) == (7, "now", TODAY.isoformat())
    assert acceptor.get("/rules/search?limit=2").json()["total"] == 7
    assert len(acceptor.get("/rules/search?limit=2").json()["rules"]) == 2
    assert keys(acceptor.get("/rules/search?kind=event")) == [("0103", "")]
    assert keys(acceptor.get("/rules/search?major=02&urgent=true")) == [("0201", "missing")]
    assert keys(acceptor.get("/rules/search?urgent=false&q=cover")) == [("0201", "rattling")]
    before = acceptor.get("/rules/search?q=Burns&on=2025-01-01").json()
    assert before["edition"] == "2020"
    assert keys(acceptor.get("/rules/search?q=night&on=2025-01-01")) == [("0102", "")]
    nothing = acceptor.get("/rules/search?on=2019-01-01")
    assert (nothing.status_code, nothing.json()["code"]) == (404, "edition_none")


def test_a_category_is_shown_whole_and_as_it_was_written(acceptor: Person) -> None:
    found = acceptor.get("/rules/categories/0201").json()
    assert (found["name"], found["kind"], [row["situation"] for row in found["rules"]]) == (
        "Water manhole cover", "component", ["missing", "rattling"]
    )  # fmt: skip
    written = found["rules"][1]["written"]
    assert written["filing_condition"] == "车辆经过时发出声响"
    assert written["translations"]["en"]["filing_condition"] == "Rattles when cars pass"
    assert written["situation_names"] == {"zh": "作响", "en": "rattling"}
    assert acceptor.get("/rules/categories/0103").json()["rules"][0]["limits"] == []
    unknown = acceptor.get("/rules/categories/0209")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "category_unknown")


def test_the_tree_counts(acceptor: Person) -> None:
    majors = acceptor.get("/rules/tree").json()["majors"]
    assert [(row["code"], row["name"], row["rules"], len(row["minors"])) for row in majors] == [
        ("01", "Streets and green", 4, 3), ("02", "Utilities", 3, 2)
    ]  # fmt: skip
    cover, lamp = majors[1]["minors"]
    assert (cover["situations"], cover["urgent"], cover["limited"], cover["local"]) == (2, 1, False, False)
    assert (lamp["situations"], lamp["local"]) == (0, True)


def test_editions_are_compared_rule_by_rule_and_field_by_field(acceptor: Person) -> None:
    found = acceptor.get("/rules/compare?from=2020&to=now").json()["changes"]
    assert [(row["category"], row["situation"], row["change"]) for row in found] == [
        ("0101", "", "gone"), ("0101", "deep", "new"), ("0101", "shallow", "new"), ("0102", "", "changed"),
        ("0103", "", "gone"), ("0201", "missing", "new"), ("0201", "rattling", "new"), ("0202", "", "new"),
    ]  # fmt: skip
    lamp = found[3]
    assert lamp["fields"] == ["filing_condition", "closing_condition", "source"]
    assert (lamp["before"]["closing_condition"], lamp["after"]["closing_condition"]) == ("Burns again", "Burns")
    assert acceptor.get("/rules/compare?from=now&to=now").json()["changes"] == []
    assert acceptor.get("/rules/compare?from=now&to=then").json()["code"] == "edition_unknown"


def test_a_crosswalk_leads_on_over_the_scheme_between(acceptor: Person) -> None:
    items = [CategoryData(code, f"Item {code}", {}, "item", "minor", "") for code in ("A", "B")]
    put_categories("exam", items, {"A", "B"}, actor=SYSTEM)
    put_categories("survey", [CategoryData("S", "Streets", {"zh": "街道"}, "item", "minor", "")], {"S"}, actor=SYSTEM)
    ties = {"0101": "A", "0102": "A", "0103": "B", "0201": "A", "0202": "B"}
    put_crosswalk(
        [(("tiny-1", code), ("exam", item)) for code, item in ties.items()]
        + [(("exam", item), ("survey", "S")) for item in ("A", "B")],
        actor=SYSTEM,
    )
    straight = acceptor.get("/rules/crosswalk?from=tiny-1&to=exam").json()
    assert [(row["from_code"], row["to_code"], row["through"]) for row in straight["pairs"]] == [
        (code, item, []) for code, item in ties.items()
    ]
    over = acceptor.get("/rules/crosswalk?from=tiny-1&to=survey").json()
    assert [(row["from_code"], row["to_name"], row["through"]) for row in over["pairs"]] == [
        (code, "Streets", [item]) for code, item in ties.items()
    ]
    assert over["schemes"] == [["exam", "survey"], ["tiny-1", "exam"]]
    assert acceptor.get("/rules/crosswalk?from=survey&to=exam").json()["code"] == "crosswalk_none"


def test_documents_say_how_many_rules_rest_on_them(acceptor: Person) -> None:
    (row,) = acceptor.get("/rules/documents").json()
    assert (row["code"], row["title"], row["kind"], row["summary"], row["rules"]) == (
        "ACT",
        "Road act",
        "law",
        "Roads",
        1,
    )


def test_reading_costs_the_same_few_statements_however_large_the_book(
    acceptor: Person, django_assert_num_queries: Any
) -> None:
    for page in ("search?q=cover", "tree", "categories/0201", "documents"):
        acceptor.get(f"/rules/{page}")
        with django_assert_num_queries(3):  # who asks, the city, the edition of the day
            acceptor.get(f"/rules/{page}")
    with django_assert_num_queries(3):
        acceptor.get("/rules/editions")


def test_one_among_thousands_is_found() -> None:
    category = CategoryData("0201", "上水井盖", {"en": "Water manhole cover"}, "component", "minor", "02")
    texts = [(8, "上水井盖"), (8, "water manhole cover")]
    entries = tuple(
        shelved(
            RuleData("0201", f"s{number}"),
            category,
            category,
            [*texts, (4, f"s{number}"), (1, f"{number} holes " * 20)],
        )
        for number in range(5_000)
    )
    shelf = Shelf("now", "tiny-1", date(2025, 1, 1), None, entries, {}, {})
    assert [entry.rule.situation for entry in shelf.find("manhole 4999")] == ["s4999"]
