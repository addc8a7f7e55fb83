"""The page of the screens: which addresses have it, and that it is not kept."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from cityloop.config import screens

ROUTER = Path(__file__).resolve().parents[2] / "web" / "src" / "app" / "router.ts"


@pytest.fixture
def built(settings: Settings, tmp_path: Path) -> Iterator[Path]:
    settings.PACKAGE = tmp_path
    screens._page.cache_clear()
    yield tmp_path
    screens._page.cache_clear()


@pytest.mark.django_db
def test_every_route_of_the_screens_has_its_page(client: Client, built: Path) -> None:
    (built / "web").mkdir()
    (built / "web" / "index.html").write_text("<!doctype html>")
    routes = re.findall(r"path: '([^']+)'", ROUTER.read_text(encoding="utf-8"))
    assert len(routes) > 10
    for route in routes:
        if "missing" in route:
            continue
        page = client.get(re.sub(r":\w+(\(\S+\))?", "2015", route))
        assert page.status_code == 200, route
        assert "unsafe" not in page["Content-Security-Policy"]
        assert page["Cache-Control"] == "no-cache"
        assert "csrftoken" in page.cookies
    assert client.get("/nowhere").status_code == 404
    assert client.post("/").status_code in (403, 405)


@pytest.mark.django_db
def test_screens_that_are_not_built_say_so(client: Client, built: Path) -> None:
    page = client.get("/", headers={"Accept-Language": "en"})
    assert page.status_code == 503
    assert "make setup" in page.content.decode()
