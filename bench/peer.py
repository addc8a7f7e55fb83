"""pygeoapi in an environment of its own, over a GeoPackage; for a comparison in the same run and nothing else."""

import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

import yaml

from bench.clients import free_port

ROOT = Path(__file__).resolve().parent.parent
GROUP = "peer"
"""The dependency group of pyproject.toml; the lock leaves it out."""
PYTHON = "/usr/bin/python3"
"""Debian's: it loads extensions of SQLite, and sees the package python3-gdal."""
OGR = "ogr"
TABLE = "features"
PATIENCE = 60.0


class Missing(Exception):
    """What pygeoapi needs and this machine has not; the text is what was said."""


def geopackage(folder: Path, layer: str) -> Path:
    """The objects of a layer as a GeoPackage with its spatial index."""
    import numpy as np
    import pyogrio
    import shapely
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.code, o.name, o.attributes ->> 'kind', (o.attributes ->> 'height')::float8, o.shape"
            " FROM registry_object o JOIN registry_layer l ON l.id = o.layer_id WHERE l.code = %s ORDER BY o.code",
            [layer],
        )
        columns = list(zip(*cursor.fetchall(), strict=True))
    shapes = shapely.to_wkb(shapely.from_wkb([bytes(shape) for shape in columns[4]]))
    fields = [np.array(column, object) for column in columns[:3]] + [np.array(columns[3], np.float64)]
    file = folder / "crowd.gpkg"
    pyogrio.raw.write(
        file, shapes, fields, ["code", "name", "kind", "height"], layer=TABLE, driver="GPKG", geometry_type="Point",
        crs="EPSG:4326",
    )  # fmt: skip
    return file


@contextmanager
def peer(folder: Path, file: Path) -> Iterator[str]:
    """pygeoapi, served by the same web server as ours with one process: its address. Missing where it cannot be."""
    bin_ = _environment(folder)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    config, described = folder / "pygeoapi.yml", folder / "pygeoapi-openapi.yml"
    config.write_text(yaml.safe_dump(_config(url, port, file)), encoding="utf-8")
    told = os.environ | {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(described)}
    _run([bin_ / "pygeoapi", "openapi", "generate", config, "--output-file", described], told)
    command = [str(bin_ / "granian"), "--interface", "wsgi", "--port", str(port), "--no-log", "pygeoapi.flask_app:APP"]
    with subprocess.Popen(command, env=told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(url, process)
            yield url
        finally:
            process.terminate()


def _environment(folder: Path) -> Path:
    """The folder of programs of a fresh environment with what the group names."""
    uv = Path(sys.executable).with_name("uv")
    if not Path(PYTHON).exists():
        raise Missing(f"there is no {PYTHON}")
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    place = folder / "peer"
    _run([uv, "venv", "--quiet", "--system-site-packages", "--python", PYTHON, place], dict(os.environ))
    _run([uv, "pip", "install", "--quiet", "--python", place / "bin" / "python", *groups[GROUP]], dict(os.environ))
    _run([place / "bin" / "python", "-c", "from osgeo import ogr"], dict(os.environ))
    return place / "bin"


def _run(command: list[str | Path], told: dict[str, str]) -> None:
    done = subprocess.run(command, env=told, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Missing(f"{' '.join(map(str, command[:3]))}: {(done.stderr or done.stdout).strip()[-500:]}")


def _wait(url: str, process: "subprocess.Popen[bytes]") -> None:
    until = monotonic() + PATIENCE
    while monotonic() < until and process.poll() is None:
        with suppress(URLError, OSError), urlopen(f"{url}/conformance?f=json", timeout=5):
            return
        sleep(0.2)
    raise Missing("pygeoapi does not answer")


def _config(url: str, port: int, file: Path) -> dict[str, object]:
    source = {
        "source_type": "GPKG", "source": str(file), "source_srs": "EPSG:4326", "target_srs": "EPSG:4326",
        "source_capabilities": {"paging": True},
    }  # fmt: skip
    crs = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    ogr = {"type": "feature", "name": "OGR", "data": source, "id_field": "code", "layer": TABLE, "crs": [crs]}
    sqlite = {"type": "feature", "name": "SQLiteGPKG", "data": str(file), "id_field": "code", "table": TABLE}
    bind = {"host": "127.0.0.1", "port": port}
    server = {
        "bind": bind, "url": url, "mimetype": "application/json; charset=UTF-8", "encoding": "utf-8", "gzip": False,
        "languages": ["en-US"], "cors": False, "pretty_print": False,
        "limits": {"default_items": 100, "max_items": 10_000},
        "map": {"url": "https://example.invalid/{z}/{x}/{y}.png", "attribution": ""},
    }  # fmt: skip
    text = {"en": "bench"}
    metadata = {
        "identification": {"title": text, "description": text, "keywords": {"en": ["bench"]},
                           "keywords_type": "theme", "terms_of_service": "", "url": url},
        "license": {"name": "", "url": url}, "provider": {"name": "", "url": url},
        "contact": {"name": "", "email": "nobody@example.invalid", "url": url},
    }  # fmt: skip
    extents = {"spatial": {"bbox": [-180, -90, 180, 90], "crs": crs}}
    shared = {"type": "collection", "title": "bench", "description": "bench", "keywords": ["bench"],
              "links": [], "extents": extents}  # fmt: skip
    resources = {OGR: shared | {"providers": [ogr]}, "sqlite": shared | {"providers": [sqlite]}}
    return {"server": server, "logging": {"level": "ERROR"}, "metadata": metadata, "resources": resources}
