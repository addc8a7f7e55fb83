"""The rule book as the loop reads it, and cells as they are written back."""

from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from cityloop.config.pack.reading import Pack
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Unknown
from cityloop.core.sheets import Table
from cityloop.core.units import LimitUnit
from cityloop.ground.places.actions import renew
from cityloop.ground.places.city import city
from cityloop.ground.standards.actions import begin_edition
from cityloop.ground.standards.editions import whole
from cityloop.ground.standards.lines import RuleLine, cells_of, rules_from
from cityloop.ground.standards.queries import LimitValue, RuleBook, RuleValue, rule_book
from cityloop.ground.standards.rows import LimitData, PhotoData, RuleData, WindowData, as_json, from_json
from cityloop.ground.standards.words import CHECK_MODES, CLOSING_KINDS, HANDLERS, PHOTO_KINDS, STAGES, WEEKDAYS


def limit(stage: str, part: str, value: int, area_class: str = "", season: str = "") -> LimitValue:
    return LimitValue(stage, part, Decimal(value), LimitUnit.HOURS, "default", area_class, season)


LIMITS = (
    limit("handle", "fence", 2),
    limit("handle", "repair", 50),
    limit("handle", "repair", 40, season="winter"),
    limit("handle", "repair", 30, "A"),
    limit("handle", "repair", 20, "A", "winter"),
    limit("check", "", 5, "A"),
)


@pytest.mark.parametrize(
    ("area_class", "season", "values"),
    [
        ("", "", [2, 50]),
        ("B", "summer", [2, 50]),
        ("B", "winter", [2, 40]),
        ("A", "summer", [2, 30]),
        ("A", "winter", [2, 20]),
    ],
)
def test_of_each_part_the_most_specific_limit_holds(area_class: str, season: str, values: list[int]) -> None:
    rule = RuleValue(1, 1, None, "0101", limits=LIMITS)
    found = rule.limits_for("handle", area_class, season)
    assert [(one.part, int(one.value)) for one in found] == list(zip(("fence", "repair"), values, strict=True))
    assert rule.limits_for("check", "B") == ()
    assert rule.handling == LIMITS[0]


def test_a_limit_for_some_areas_only_is_no_general_one() -> None:
    rule = RuleValue(1, 1, None, "0101", limits=(limit("handle", "", 5, "A"),))
    assert rule.handling is None
    assert rule.limits_for("handle") == ()


def book() -> RuleBook:
    return rule_book(city().revision)


def test_the_book_knows_situations_and_days(tiny_city: Pack) -> None:
    rules = [
        RuleData("0101", "deep", urgent=True, check_mode="photo", closing_kinds=("solved",),
                 limits=(LimitData("handle", "", Decimal(2), "h", "default"),)),
        RuleData("0101", "shallow"),
    ]  # fmt: skip
    begin_edition("2026", whole(rules, ["0101"]), scheme="tiny-1", actor=SYSTEM, begins=date(2026, 1, 1))
    renew(actor=SYSTEM)
    before, after = date(2025, 12, 31), date(2026, 1, 1)
    handling = book().rule("0101", before).handling
    assert handling is not None
    assert (handling.value, handling.unit) == (Decimal(2), LimitUnit.WORKING_DAYS)
    assert book().rule("0101", after).limits == ()
    deep = book().rule("0101", after, "deep")
    assert (deep.urgent, deep.check_mode, deep.closing_kinds, deep.situation) == (True, "photo", ("solved",), "deep")
    assert [rule.situation for rule in book().rules("0101", after)] == ["", "deep", "shallow"]
    assert book().by_id[deep.id] is deep
    for category, day, situation, code in (
        ("0101", before, "deep", "situation_unknown"),
        ("0109", after, "", "category_unknown"),
        ("0101", date(2019, 12, 31), "", "category_unknown"),
    ):
        with pytest.raises(Unknown) as refused:
            book().rule(category, day, situation)
        assert refused.value.code == code
    assert book().edition(before) is not book().edition(after)


def test_the_whole_book_is_one_statement(tiny_city: Pack) -> None:
    revision = city().revision
    with CaptureQueriesContext(
        connection,
    ) as asked:
        rule_book(revision + " read anew")
    assert len(asked) == 1


# Cells

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=12)
DAYS = st.dates(date(2024, 1, 1), date(2024, 12, 31)).map(lambda day: f"{day:%m-%d}")
HOURS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda at: f"{at[0]:02}:{at[1]:02}")
SOME_DAYS = st.sets(st.sampled_from(WEEKDAYS)).map(lambda days: tuple(sorted(days, key=WEEKDAYS.index)))
WINDOWS = st.one_of(
    st.tuples(DAYS, DAYS, SOME_DAYS).map(lambda one: WindowData(*one)),
    st.lists(HOURS, min_size=2, max_size=2, unique=True).map(lambda at: WindowData(start=at[0], end=at[1])),
)
LIMIT = st.builds(
    LimitData,
    stage=st.sampled_from(list(STAGES)),
    part=st.sampled_from(["", "fence", "repair"]),
    value=st.decimals("0.001", "999999", places=3),
    unit=st.sampled_from([unit.value for unit in LimitUnit]),
    calendar=st.just("default"),
    area_class=st.sampled_from(["", "A"]),
    season=st.sampled_from(["", "winter"]),
)
RULES = st.builds(
    RuleData,
    category=st.just("0101"),
    situation=st.sampled_from(["", "deep"]),
    situation_names=st.dictionaries(st.sampled_from(["zh", "en"]), TEXT.filter(bool)),
    filing_condition=TEXT,
    closing_condition=TEXT,
    do_not_collect=TEXT,
    translations=st.dictionaries(
        st.sampled_from(["zh", "en"]), st.fixed_dictionaries({"filing_condition": TEXT.filter(bool)})
    ),
    no_collect=st.lists(WINDOWS, max_size=3).map(tuple),
    photos=st.lists(
        st.builds(PhotoData, kind=st.sampled_from(list(PHOTO_KINDS)), app=st.booleans()), unique_by=lambda one: one.kind
    ).map(tuple),
    handlers=st.lists(st.sampled_from(list(HANDLERS)), unique=True).map(tuple),
    urgent=st.booleans(),
    self_handling=st.booleans(),
    self_handling_cap=st.none() | st.integers(1, 1000),
    check_mode=st.sampled_from(list(CHECK_MODES)),
    check_window=st.sampled_from(["", "same_hours", "07:00-09:00"]),
    closing_kinds=st.lists(st.sampled_from(list(CLOSING_KINDS)), unique=True).map(tuple),
    law_clause=TEXT,
    source=TEXT,
    documents=st.lists(
        st.tuples(st.sampled_from(["ACT", "GUIDE"]), st.sampled_from(["", "12 a", "3"])), unique=True
    ).map(tuple),
    limits=st.lists(LIMIT, max_size=4).map(tuple),
)  # fmt: skip


@given(RULES)
def test_a_rule_written_as_lines_or_as_json_is_read_as_the_same_rule(rule: RuleData) -> None:
    table = Table("rules.csv", RuleLine)
    for line, cells in enumerate(cells_of(rule)):
        table.add(line, cells)
    assert table.problems == []
    assert rules_from(table.rows) == [rule]
    assert from_json(as_json(rule)) == rule
