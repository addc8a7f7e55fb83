"""The city's own base map, as a browser reads it: in ranges of one file, with whose data it is."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, expect

from web.conftest import sign_in
from web.server import Server, desk_pack, free_port, run

LINE = {"type": "LineString", "coordinates": [[10.0, 50.006], [10.02, 50.004]]}
ROAD = {"type": "Feature", "properties": {"code": "R1", "name": "High Street"}, "geometry": LINE}


@pytest.fixture(scope="module")
def mapped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A demo city with a road and a base map of its own."""
    folder = tmp_path_factory.mktemp("mapped")
    pack, data, roads = desk_pack(folder / "pack", "2025-12-31"), folder / "data", folder / "roads.geojson"
    with (pack / "pack.yaml").open("a", encoding="utf-8") as file:
        file.write("\nlayers:\n  roads: {name: Roads, geometry: line, public: true}\n")
    roads.write_text(json.dumps({"type": "FeatureCollection", "features": [ROAD]}), encoding="utf-8")
    run("demo", "--pack", pack, "--data-dir", data, "--at", "2025-06-02T09:00", "--no-serve")
    run("objects", "import", roads, "--layer", "roads", "--data-dir", data)
    run("map", "build", "--data-dir", data)
    server = Server(data, free_port())
    server.start()
    yield server
    server.stop()


def test_the_map_shows_it_under_everything(mapped: Server, chromium: Browser, sheet: Path) -> None:
    context = chromium.new_context(locale="en-GB", base_url=mapped.url, viewport={"width": 1440, "height": 900})
    page: Page = context.new_page()
    wrong: list[str] = []
    parts: list[Response] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("response", lambda answer: parts.append(answer) if "base.pmtiles" in answer.url else None)
    sign_in(page, mapped, "dispatcher")
    page.goto("/map")
    drawn = page.locator(".maplibregl-map").first
    expect(drawn).to_be_visible()
    expect(drawn).not_to_have_attribute("data-busy", "", timeout=20_000)
    assert {answer.status for answer in parts} == {206}
    page.locator(".maplibregl-ctrl-attrib").hover()
    expect(page.locator(".maplibregl-ctrl-attrib")).to_contain_text("Tiny")
    page.screenshot(path=sheet / "basemap.png")
    context.close()
    assert not wrong
