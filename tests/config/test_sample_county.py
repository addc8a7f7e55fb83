"""The catalogue that ships, read as it lies there: what a city that begins with it can count on."""

import csv
import json
from collections import defaultdict

from journeys.command import ROOT

from cityloop.config.pack.reading import load

FOLDER = ROOT / "packs" / "sample_county"


def rows(name: str) -> list[dict[str, str]]:
    with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_it_passes_its_own_check() -> None:
    pack = load(FOLDER)
    assert pack.file.edition.complete
    assert not pack.warnings


def test_no_minor_is_without_a_limit_and_no_limit_without_a_closing_condition() -> None:
    minors = {row["code"] for row in rows("categories") if row["level"] == "minor" and row["scheme"] == "sample"}
    assert len(minors) >= 190
    limits: dict[tuple[str, str], int] = defaultdict(int)
    said: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows("rules"):
        key = row["category"], row["situation"]
        limits[key] += bool(row["value"] and row["unit"])
        said.setdefault(key, row)
    assert {category for category, _ in limits} == minors
    assert min(limits.values()) >= 1
    for column in ("closing_condition_zh", "closing_condition_en", "filing_condition_zh", "filing_condition_en"):
        short = column.removesuffix("_zh").removesuffix("_en")
        unsaid = [key for key, row in said.items() if not (row[column] or (column.endswith("_zh") and row[short]))]
        assert not unsaid, (column, unsaid[:5])


def test_each_row_says_where_it_comes_from_and_nothing_is_called_national() -> None:
    first: dict[tuple[str, str], str] = {}
    for row in rows("rules"):
        first.setdefault((row["category"], row["situation"]), row["source"])
    assert all(first.values())
    assert all(row["source"] for row in rows("categories") if row["level"] == "minor")
    for name in ("categories", "rules"):
        for row in rows(name):
            assert "national" not in row["source"].lower()


def test_every_minor_is_counted_once_as_an_assessment_item_and_every_item_in_the_survey() -> None:
    schemes = defaultdict(set)
    for row in rows("categories"):
        if row["level"] == "minor":
            schemes[row["scheme"]].add(row["code"])
    counted = defaultdict(list)
    for row in rows("crosswalk"):
        counted[row["from_scheme"], row["to_scheme"]].append(row["from_code"])
    for source, target in (("sample", "sample-assess"), ("sample-assess", "sample-survey")):
        assert sorted(counted[source, target]) == sorted(schemes[source])


def test_every_part_of_a_handling_has_a_name_on_the_screens() -> None:
    parts = {row["part"] for row in rows("rules")} - {""}
    for language in ("zh", "en"):
        texts = json.loads((ROOT / "web" / "src" / "domains" / "clocks" / f"{language}.json").read_text("utf-8"))
        assert parts <= texts["clocks"]["part"].keys()
