"""Objects on the screen: a file looked at before it is taken in, one object with its history, the census."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from web.conftest import Opens
from web.server import Server, make_city
from web.steps import post_past_the_page

Toilet = tuple[str, str, str, str, float, float]
FIRST: tuple[Toilet, ...] = (
    ("T1", "市场公厕", "4", "first", 10.003, 50.003),
    ("T2", "车站公厕", "6", "first", 10.005, 50.004),
    ("T3", "公园公厕", "2", "second", 10.015, 50.006),
)
BAD: tuple[Toilet, ...] = (
    ("T4", "广场公厕", "no", "first", 10.006, 50.005),
    ("T5", "远处公厕", "3", "second", 10.9, 50.9),
)
SECOND: tuple[Toilet, ...] = (
    ("T1", "中心市场公厕", "5", "first", 10.003, 50.003),
    ("T2", "车站公厕", "6", "first", 10.007, 50.004),
    ("T6", "学校公厕", "3", "second", 10.016, 50.003),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A city of its own, with layers and nothing in them."""
    made = make_city(tmp_path_factory.mktemp("objects"), seeded=0, layers=True)
    made.start()
    yield made
    made.stop()


def shapefile(folder: Path, rows: Sequence[Toilet], name: str) -> Path:
    """A zipped Shapefile in GBK that does not say so."""
    columns = ["code", "name", "stalls", "grade"]
    fields = [np.array([str(row[at]) for row in rows], object) for at in range(len(columns))]
    points = shapely.to_wkb(shapely.points([row[4:] for row in rows]))
    pyogrio.raw.write(
        folder / f"{name}.shp", points, fields, columns, geometry_type="Point", crs="EPSG:4326", encoding="GBK",
        driver="ESRI Shapefile",
    )  # fmt: skip
    (folder / f"{name}.cpg").unlink()
    packed = folder / f"{name}.zip"
    with zipfile.ZipFile(packed, "w") as into:
        for part in sorted(folder.glob(f"{name}.*")):
            if part != packed:
                into.write(part, part.name)
    return packed


def look(page: Page, file: Path, *, whole: bool = False) -> None:
    """Choose a file of public toilets and look at what it would change."""
    page.goto("/objects")
    page.get_by_role("link", name="Import").click()
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_label("Layer", exact=True).select_option(label="Public toilets")
    if whole:
        page.get_by_label("The whole layer").check()
    page.get_by_role("button", name="Look at the changes").click()
    page.wait_for_url(re.compile(r"/objects/import/[0-9a-f-]{36}$"))


def counts(page: Page) -> list[str]:
    items = page.get_by_role("list", name="What the file changes").get_by_role("listitem")
    expect(items).to_have_count(6)
    return [re.sub(r"\s+", " ", text).strip() for text in items.all_inner_texts()]


def test_a_file_is_looked_at_on_the_map_then_taken_in_and_known_again(opens: Opens, tmp_path: Path) -> None:
    page = opens("administrator")
    look(page, shapefile(tmp_path, [*FIRST, *BAD], "first"))
    assert counts(page) == ["+ New 3", "≠ Changed 0", "→ Moved 0", "× Gone 0", "As it was 0", "Rejected lines 2"]
    rows = page.get_by_role("region", name="Changed objects")
    expect(rows.get_by_role("button")).to_have_count(3)
    expect(rows).to_contain_text("市场公厕")
    wrong = page.get_by_role("region", name=re.compile("What is wrong")).get_by_role("row")
    expect(wrong.nth(1)).to_contain_text("4")
    expect(wrong.nth(1)).to_contain_text("no is no number")
    expect(wrong.nth(2)).to_contain_text("10.900000, 50.900000 lies outside the city")
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download as CSV").click()
    table = caught.value.path().read_text("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in table] == ["line", "4", "5"]
    drawn(page)

    take = page.get_by_role("button", name="Take in 3 changes")
    expect(take).to_be_disabled()
    page.get_by_label("Take in the rest, although 2 things are wrong").check()
    take.click()
    expect(page.get_by_role("status").filter(has_text="Taken in at")).to_be_visible()

    look(page, shapefile(tmp_path, FIRST, "again"), whole=True)
    assert counts(page)[4] == "As it was 3"
    expect(page.get_by_text("This file changes nothing.")).to_be_visible()

    look(page, shapefile(tmp_path, SECOND, "second"), whole=True)
    assert counts(page) == ["+ New 1", "≠ Changed 1", "→ Moved 1", "× Gone 1", "As it was 0", "Rejected lines 0"]
    expect(page.locator("del").first).to_contain_text("市场公厕")
    page.reload()
    page.get_by_role("button", name="Take in 4 changes").click()
    expect(page.get_by_role("status").filter(has_text="Taken in at")).to_be_visible()
    shows_what_became_of_it(page)


def drawn(page: Page) -> None:
    """The difference stands on the map: a click in the list takes it there, a click on the map tells which it is."""
    canvas = page.locator("canvas.maplibregl-canvas")
    expect(canvas).to_be_visible()
    page.wait_for_function("() => !document.querySelector('[data-busy]')")
    rows = page.get_by_role("region", name="Changed objects").get_by_role("button")
    rows.nth(1).click()
    page.wait_for_timeout(1000)
    page.wait_for_function("() => !document.querySelector('[data-busy]')")
    rows.nth(0).click()
    page.wait_for_timeout(1000)
    page.wait_for_function("() => !document.querySelector('[data-busy]')")
    rows.nth(1).press("Tab")
    canvas.click()
    expect(rows.nth(0)).to_have_attribute("aria-pressed", "true")


def shows_what_became_of_it(page: Page) -> None:
    """The object's page: what it is, and every change with the day, the person and what was before."""
    page.goto("/objects/T1")
    expect(page.get_by_role("heading", name="中心市场公厕")).to_be_visible()
    history = page.get_by_role("region", name="History").get_by_role("listitem")
    expect(history).to_have_count(2)
    expect(history.first).to_contain_text("Changed")
    expect(history.first).to_contain_text("Administrator")
    expect(history.first).to_contain_text("second.zip")
    expect(history.first.locator("del")).to_have_text(["was: 市场公厕", "was: 4"])
    page.goto("/objects/T3")
    expect(page.get_by_text("gone since 2025-06-0")).to_be_visible()
    expect(page.get_by_role("region", name="History").get_by_role("listitem").first).to_contain_text("Gone")


def test_layers_are_switched_on_and_off_and_an_object_is_found_on_the_map(opens: Opens, tmp_path: Path) -> None:
    taken_in(opens, tmp_path)
    page = opens("acceptor")
    page.goto("/objects")
    toilets = page.get_by_label("Public toilets")
    expect(toilets).to_be_checked()
    page.get_by_label("Parks").check()
    expect(page).to_have_url(re.compile("layers=toilets"))
    toilets.uncheck()
    expect(page).to_have_url(re.compile("layers=parks(&|$)"))
    page.goto("/objects?layers=toilets&at=10.003,50.003,17")
    page.wait_for_function("() => !document.querySelector('[data-busy]')")
    page.locator("canvas.maplibregl-canvas").click()
    glance = page.get_by_role("region", name="Chosen object")
    expect(glance).to_contain_text("T1")
    expect(glance.get_by_role("heading")).to_be_focused()
    glance.get_by_role("link", name="Open the object").click()
    page.wait_for_url("**/objects/T1")


def taken_in(opens: Opens, folder: Path) -> None:
    """The toilets are there, whichever test comes first."""
    page = opens("administrator")
    look(page, shapefile(folder, SECOND, "seed"))
    if page.get_by_role("button", name=re.compile("^Take in")).count():
        page.get_by_role("button", name=re.compile("^Take in")).click()
        expect(page.get_by_role("status").filter(has_text="Taken in at")).to_be_visible()
    else:
        expect(page.get_by_text("This file changes nothing.")).to_be_visible()


def test_the_census_goes_from_the_city_to_its_areas_and_into_a_workbook(opens: Opens, tmp_path: Path) -> None:
    taken_in(opens, tmp_path)
    page = opens("evaluator")
    page.goto("/objects/census?against=2025-01-01")
    first = page.get_by_role("region", name="Tiny, layer by layer").get_by_role("row", name="Public toilets")
    expect(first).to_contain_text(re.compile(r"\+[34]"))
    first.get_by_role("link").click()
    expect(page.get_by_role("heading", name="Public toilets, area by area")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("^West"))).to_contain_text("2")
    page.get_by_label("Apart by").select_option(label="Grade")
    expect(page.get_by_role("columnheader", name="second")).to_be_visible()
    with page.expect_download() as caught:
        page.get_by_role("link", name="Export XLSX").click()
    path = tmp_path / "census.xlsx"
    caught.value.save_as(path)
    heading, total, *parts = list(load_workbook(path)["census"].values)
    assert heading[4] == "objects"
    assert total[4] == total[6] == sum(row[4] for row in parts) >= len(SECOND)


def test_beats_are_designed_for_an_area_and_compared(opens: Opens) -> None:
    page = opens("administrator")
    page.goto("/objects")
    page.get_by_role("link", name="Beats").click()
    page.get_by_role("navigation", name="Its areas").get_by_role("link").first.click()
    page.get_by_label("How many beats").fill("2")
    page.get_by_role("button", name="Design").click()
    page.wait_for_url("**/objects/beats?area=*&beats=2")
    line = page.get_by_role("region", name="Present and designed").get_by_role("row", name="Designed")
    expect(line.get_by_role("cell")).to_have_text(["2", re.compile(r"^1\.\d{3}$"), "yes", re.compile("^0"), "0"])
    expect(page.locator("canvas.maplibregl-canvas")).to_be_visible()
    listed = page.get_by_role("region", name="Beats, the heaviest first")
    expect(listed.get_by_role("button")).to_have_count(2)
    listed.get_by_role("button").first.click()
    expect(listed.get_by_role("button").first).to_have_attribute("aria-pressed", "true")


def test_who_may_not_take_objects_in_is_not_shown_how_and_is_refused(opens: Opens) -> None:
    page = opens("acceptor")
    page.goto("/objects")
    expect(page.get_by_role("link", name="Census")).to_be_visible()
    expect(page.get_by_role("link", name="Import")).to_have_count(0)
    page.goto("/objects/import")
    expect(page.get_by_text("Your posts do not open this page")).to_be_visible()
    answer = post_past_the_page(page, "/api/objects/imports", {})
    assert answer.status in (403, 422)
    answer = post_past_the_page(page, "/api/objects/imports/00000000-0000-4000-8000-000000000000/apply", {})
    assert (answer.status, answer.json()["code"]) == (403, "permission_missing")


def test_an_object_that_is_not_there_says_so(opens: Opens) -> None:
    page = opens("acceptor", language="zh")
    page.goto("/objects/none")
    expect(page.get_by_text("没有编码为 none 的部件")).to_be_visible()
    page.get_by_role("link", name="返回部件地图").click()
    expect(page.get_by_role("heading", name="城市部件")).to_be_visible()
