"""GDAL reads /ogc of a real server: Debian's `ogrinfo`, and the newer one that comes with pyogrio."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pyogrio
import pytest
from pyproj import Transformer
from shapely import from_wkb, get_coordinates
from web.server import Server, free_port, run

from journeys.command import TINY

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
LAYERS = """
layers:
  lamps: {name: Lamps, public: true, attributes: {watts: {type: integer}}}
  roads: {name: Roads, geometry: line, public: true}
  lids: {name: Lids}
"""
COUNT = 1234
CHANCE = Random(5)
LAMPS = {f"P{n:04}": (CHANCE.uniform(10, 10.02), CHANCE.uniform(50, 50.01)) for n in range(COUNT)}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of /ogc over a city with lamps and a road that everybody may see, and lids that not everybody may."""
    folder = tmp_path_factory.mktemp("gdal")
    pack, data = folder / "pack", folder / "data"
    shutil.copytree(TINY, pack)
    with (pack / "pack.yaml").open("a", encoding="utf-8") as file:
        file.write(LAYERS)
    run("demo", "--pack", pack, "--data-dir", data, "--at", "2025-06-02T09:00", "--no-serve")
    table = "".join(f"{code},Lamp {code},{lon!r},{lat!r},{60}\n" for code, (lon, lat) in LAMPS.items())
    _take(folder / "lamps.csv", "code,name,lon,lat,watts\n" + table, data)
    _take(folder / "lids.csv", "code,lon,lat\nL1,10.001,50.001\n", data)
    road = {"type": "LineString", "coordinates": [[10.001, 50.001], [10.019, 50.009]]}
    feature = {"type": "Feature", "properties": {"code": "R1", "name": "High Street"}, "geometry": road}
    _take(folder / "roads.geojson", json.dumps({"type": "FeatureCollection", "features": [feature]}), data)
    server = Server(data, free_port())
    server.start()
    yield f"{server.url}/ogc"
    server.stop()


def _take(file: Path, text: str, data: Path) -> None:
    file.write_text(text, encoding="utf-8")
    run("objects", "import", file, "--layer", file.stem, "--data-dir", data)


@pytest.fixture(scope="module")
def ogrinfo() -> str:
    """Debian's program; in CI it must be there."""
    found = shutil.which("ogrinfo")
    if found is None:
        if os.environ.get("CI") == "true":
            pytest.fail("ogrinfo is not there: apt-get install gdal-bin")
        pytest.skip("not run, ogrinfo is not there: apt-get install gdal-bin")
    return found


def told(program: str, address: str, *arguments: str) -> str:
    """What `ogrinfo` prints of features at an address."""
    done = subprocess.run(
        [program, "-ro", f"OAPIF:{address}", *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


def number(name: str, text: str) -> int:
    found = re.search(rf"{name}: (\d+)", text)
    assert found, text
    return int(found[1])


def test_ogrinfo_lists_what_everybody_may_see(served: str, ogrinfo: str) -> None:
    listed = set(re.findall(r"^\d+: (\S+)", told(ogrinfo, served), re.MULTILINE))
    assert listed == {"lamps", "roads", "areas-division-city", "areas-division-district"}


def test_ogrinfo_counts_and_measures_as_the_database_does(served: str, ogrinfo: str) -> None:
    summary = told(ogrinfo, served, "-so", "lamps")
    assert number("Feature Count", summary) == COUNT
    assert "Geometry: Point" in summary
    assert "watts: Integer" in summary
    lons, lats = zip(*LAMPS.values(), strict=True)
    (line,) = re.findall(r"Extent: .*", summary)
    extent = [float(value) for value in re.findall(r"-?\d+\.\d+", line)]
    assert extent == pytest.approx([min(lons), min(lats), max(lons), max(lats)], abs=1e-6)
    assert number("Feature Count", told(ogrinfo, served, "-so", "roads")) == 1


@pytest.mark.parametrize("size", ["100", "7", "5000"])
def test_ogrinfo_pages_through_all_of_them(served: str, ogrinfo: str, size: str) -> None:
    listed = told(ogrinfo, served, "-oo", f"PAGE_SIZE={size}", "-geom=NO", "lamps")
    assert re.findall(r"code \(String\) = (\S+)", listed) == sorted(LAMPS)


def test_ogrinfo_asks_for_a_box(served: str, ogrinfo: str) -> None:
    west, south, east, north = 10.0031, 50.0012, 10.0127, 50.0058
    wanted = [code for code, (lon, lat) in LAMPS.items() if west <= lon <= east and south <= lat <= north]
    box = map(str, (west, south, east, north))
    summary = told(ogrinfo, served, "-so", "-spat", *box, "lamps")
    assert 0 < number("Feature Count", summary) == len(wanted) < COUNT


def read(address: str, layer: str, **options: Any) -> Any:
    return pyogrio.raw.read(f"OAPIF:{address}", layer=layer, **options)


@pytest.mark.parametrize("crs", ["4490", "3857"])
def test_the_newer_gdal_finds_everything_where_it_is_in_every_system(served: str, crs: str) -> None:
    """4490 tells the latitude first; of 4326 GDAL thinks that it is CRS84, and asks for that."""
    meta, _, shapes, fields = read(served, "lamps", CRS=f"{EPSG}{crs}", PAGE_SIZE="500")
    assert crs in str(meta["crs"])
    codes = fields[list(meta["fields"]).index("code")]
    assert sorted(codes) == sorted(LAMPS)
    x, y = get_coordinates(from_wkb(shapes)).T
    lon, lat = Transformer.from_crs(int(crs), 4326, always_xy=True).transform(x, y)
    for code, east, north in zip(codes, lon, lat, strict=True):
        assert (east, north) == pytest.approx(LAMPS[code], abs=1e-7)


def test_the_newer_gdal_asks_for_a_box_in_the_order_of_axes_of_a_system(served: str) -> None:
    west, south, east, north = 10.0031, 50.0012, 10.0127, 50.0058
    wanted = sorted(code for code, (lon, lat) in LAMPS.items() if west <= lon <= east and south <= lat <= north)
    meta, _, _, fields = read(served, "lamps", CRS=f"{EPSG}4490", bbox=(west, south, east, north))
    assert sorted(fields[list(meta["fields"]).index("code")]) == wanted
