"""The HTTP shell: who may ask, what errors look like, what pages may load, `serve` and its children."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from django.db import OperationalError, connection
from django.test import Client

from cityloop.config import environment, policy, serve
from cityloop.config.api import api
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import TEXTS, Refused
from cityloop.ground.accounts.actions import make_token, make_user
from cityloop.ground.places.models import City
from cityloop.loop.cases import lists

ROOT = Path(__file__).resolve().parent.parent.parent
EN = {"Accept-Language": "en"}


@pytest.fixture
def town(db: None) -> City:
    return City.objects.create(
        code="100000",
        name="Riverton",
        names={"zh": "河城"},
        zone="Asia/Shanghai",
        pack="riverton",
        digest="0",
        clock_shift=timedelta(0),
    )


@pytest.fixture
def shifted() -> Iterator[None]:
    clock.set_shift(datetime(2015, 10, 30, tzinfo=UTC) - datetime.now(UTC))
    yield
    clock.set_shift(timedelta(0))


def signed_in() -> dict[str, str]:
    secret = make_token(make_user("ada", actor=SYSTEM), actor=SYSTEM, at=clock.now())
    return {"Authorization": f"Bearer {secret}"}


def test_health_asks_the_database_nothing(client: Client) -> None:
    assert client.get("/api/health").json()["status"] == "ok"


@pytest.mark.django_db
def test_not_ready_without_a_city(client: Client) -> None:
    answer = client.get("/api/ready", headers=EN)
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert answer.json()["checks"] == {"database": True, "ctype": True, "migrations": True, "city": False}
    assert answer.json()["detail"] == "Not ready to serve: city."


def test_ready_with_one(client: Client, town: City) -> None:
    answer = client.get("/api/ready")
    assert answer.status_code == 200
    assert (answer.json()["status"], answer.json()["city"]) == ("ready", "Riverton")


@pytest.mark.django_db
@pytest.mark.parametrize("header", ["", "Bearer", "Bearer nonsense", "Basic Zm9vOmJhcg=="])
def test_no_entry_without_a_valid_token(client: Client, header: str) -> None:
    answer = client.get("/api/cases", headers={**EN, "Authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"
    assert answer.json()["code"] == "not_signed_in"


@pytest.mark.django_db
def test_problems_speak_the_language_asked_for_and_else_chinese(client: Client) -> None:
    headers = signed_in()
    english = client.get("/api/cases/none", headers={**headers, **EN})
    assert english.status_code == 404
    assert english.json() == {
        "type": "urn:cityloop:problem:case_unknown",
        "title": "Not found",
        "status": 404,
        "detail": "There is no case none.",
        "code": "case_unknown",
        "number": "none",
    }
    for language in ({}, {"Accept-Language": "zh-CN"}, {"Accept-Language": "fr"}):
        assert client.get("/api/cases/none", headers={**headers, **language}).json()["detail"] == "没有案件 none。"


@pytest.mark.django_db
def test_input_of_another_form_is_named_place_by_place(client: Client) -> None:
    answer = client.post(
        "/api/cases/x/steps", {"seq": "many"}, content_type="application/json", headers={**signed_in(), **EN}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "input_wrong")
    assert {error["at"] for error in answer.json()["errors"]} == {"body.body.step", "body.body.seq"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("get", "/api/nowhere", 404, "page_unknown"),
        ("delete", "/api/health", 405, "method_wrong"),
        ("post", "/api/cases/x/steps", 400, "request_wrong"),
    ],
)
def test_what_the_frame_refuses_is_a_problem_too(
    client: Client, method: str, path: str, status: int, code: str
) -> None:
    extra: dict[str, Any] = {"data": "{", "content_type": "application/json"} if method == "post" else {}
    answer = getattr(client, method)(path, headers={**signed_in(), **EN}, **extra)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("fault", "status", "code"),
    [(ZeroDivisionError("secret"), 500, "internal"), (OperationalError("secret"), 503, "database_away")],
)
def test_a_fault_shows_nothing_of_the_inside(
    client: Client, town: City, monkeypatch: pytest.MonkeyPatch, fault: Exception, status: int, code: str
) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise fault

    monkeypatch.setattr(lists, "page", fail)
    answer = client.get("/api/cases", headers=signed_in())
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert b"secret" not in answer.content


def test_every_operation_declares_its_problems() -> None:
    schema = json.loads(json.dumps(api.get_openapi_schema(path_prefix="/api/")))
    operations = [operation for path in schema["paths"].values() for operation in path.values()]
    assert operations
    for operation in operations:
        wanted = {"400", "404", "422", "500", "503"} | ({"401", "403"} if "security" in operation else set())
        assert wanted <= operation["responses"].keys(), operation["operationId"]
        for status in wanted:
            assert "application/problem+json" in operation["responses"][status]["content"]


@pytest.mark.django_db
def test_the_api_docs_load_nothing_from_outside(client: Client) -> None:
    answer = client.get("/api/docs")
    assert b"https://" not in answer.content
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    assert client.get("/static/ninja/swagger-ui-bundle.js").status_code == 200
    assert client.get("/api/openapi.json").json()["info"]["title"] == "cityloop"


@pytest.mark.django_db
@pytest.mark.parametrize(("path", "mode"), [("/", "page"), ("/sign-in", "page"), ("/api/health", "nothing")])
def test_only_the_admin_and_the_api_docs_may_run_what_stands_in_the_page(client: Client, path: str, mode: str) -> None:
    answer = client.get(path)
    policy = answer["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert "frame-ancestors 'none'" in policy
    assert ("script-src 'self';" in policy) == (mode == "page" and answer["Content-Type"].startswith("text/html"))
    assert "'unsafe-eval'" in client.get("/admin/")["Content-Security-Policy"]
    assert "unsafe" not in client.get("/administration")["Content-Security-Policy"]


def test_pages_load_from_the_feed_and_the_packs_map_only(town: City, settings: Any) -> None:
    settings.FEED_URL = "http://127.0.0.1:8001/feed"
    City.objects.update(
        settings={
            "base_map": {
                "tiles": "https://tiles.example/{z}/{x}/{y}.png",
                "attribution": "x",
                "hosts": ["https://a.example/f"],
            }
        }
    )
    policy._kept.clear()
    directives = dict(part.split(" ", 1) for part in policy.page().split("; "))
    policy._kept.clear()
    assert directives["connect-src"] == "'self' http://127.0.0.1:8001 https://a.example https://tiles.example"
    assert directives["img-src"] == "'self' data: blob: https://a.example https://tiles.example"
    assert directives["script-src"] == directives["style-src"] == directives["worker-src"] == "'self'"


def test_https_stays_https_where_there_is_an_origin(client: Client, settings: Any) -> None:
    assert "Strict-Transport-Security" not in client.get("/api/health")
    settings.ORIGIN = "https://city.example"
    assert "max-age" in client.get("/api/health")["Strict-Transport-Security"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CITYLOOP_ORIGIN", "http://city.example"),
        ("CITYLOOP_ORIGIN", "https://city.example/desk"),
        ("CITYLOOP_PROXIES", "all"),
        ("CITYLOOP_OIDC", "{}"),
        ("CITYLOOP_OIDC", "nonsense"),
        ("CITYLOOP_OIDC", '{"id":"a","name":"A","server_url":"http://far.example","client_id":"c","secret":"s"}'),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(name: str, value: str) -> None:
    read = {"CITYLOOP_ORIGIN": environment.origin, "CITYLOOP_OIDC": environment.provider}
    with pytest.raises(Refused, match=name) as refused:
        read.get(name, lambda text: environment.count(name, text))(value)
    assert refused.value.code == "setting_wrong"


def test_without_a_secret_nothing_is_served(settings: Any) -> None:
    settings.HAS_SECRET = False
    with pytest.raises(Refused, match="CITYLOOP_SECRET_KEY"):
        serve.serve("127.0.0.1", 0, on_ready=print)


def test_cookies_are_secure_unless_this_machine_is_served_without_an_origin(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def start(*arguments: str, **changes: str) -> None:
        told.append(changes["CITYLOOP_LOOPBACK"])
        raise InterruptedError

    monkeypatch.setattr(serve, "_start", start)
    for host, origin in (("127.0.0.1", ""), ("0.0.0.0", ""), ("127.0.0.1", "https://city.example")):
        settings.ORIGIN = origin
        with pytest.raises(InterruptedError):
            serve.serve(host, 0, on_ready=print)
    assert told == ["1", "", ""]
    assert settings.SESSION_COOKIE_SECURE
    assert settings.CSRF_COOKIE_SECURE
    assert settings.SESSION_COOKIE_HTTPONLY


def test_no_text_lacks_its_hole() -> None:
    """A text is filled with facts of the same names in both languages; `docs.messages check` holds the rest."""
    assert all(text.count("%(") == text.count(")s") for text in TEXTS.values())


SERVE = """
import sys, django
django.setup()
from cityloop.config.serve import serve
from cityloop.core.errors import Refused
try:
    sys.exit(serve("127.0.0.1", int(sys.argv[1]), on_ready=lambda url: print(url, flush=True)))
except Refused as refused:
    print(refused.code, flush=True)
    sys.exit(2)
"""


def start(port: int = 0) -> subprocess.Popen[str]:
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "cityloop.config.settings"}
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port)], stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def processes() -> dict[int, tuple[str, int]]:
    """State and parent of every process."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:  # it ended just now
            continue
        found[int(stat.parent.name)] = (state, int(parent))
    return found


def family(parent: int) -> set[int]:
    """Process ids of all below `parent`."""
    listed = processes()
    found: set[int] = set()
    while more := {pid for pid, (_, above) in listed.items() if above in found | {parent}} - found:
        found |= more
    return found


def alive(pids: set[int]) -> set[int]:
    listed = processes()
    return {pid for pid in pids if listed.get(pid, ("Z", 0))[0] != "Z"}


def wait_until_gone(pids: set[int]) -> None:
    for _ in range(400):
        if not alive(pids):
            return
        time.sleep(0.1)
    raise AssertionError(f"still there: {alive(pids)}")


@pytest.fixture
def migrated(django_db_setup: None, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other processes find the test database under DATABASE_URL."""
    from urllib.parse import urlsplit, urlunsplit

    with django_db_blocker.unblock():
        name = connection.settings_dict["NAME"]
    parts = urlsplit(os.environ["DATABASE_URL"])
    monkeypatch.setenv("DATABASE_URL", urlunsplit(parts._replace(path=f"/{name}")))


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 0), (signal.SIGINT, 0), (signal.SIGKILL, -signal.SIGKILL)]
)
def test_the_children_end_with_serve_however_it_ends(migrated: None, number: signal.Signals, code: int) -> None:
    process = start()
    url = first_line(process)
    below = family(process.pid)
    assert len(below) >= 3
    with urlopen(f"{url}api/health") as answer:
        assert answer.status == 200
    second = start(int(url.rstrip("/").rpartition(":")[2]))
    assert (first_line(second), second.wait(60)) == ("port_taken", 2)
    process.send_signal(number)
    assert process.wait(60) == code
    wait_until_gone(below)


def test_serve_ends_when_a_child_dies(migrated: None) -> None:
    process = start()
    first_line(process)
    below = family(process.pid)
    os.kill(min(below), signal.SIGKILL)
    assert process.wait(60) == 1
    wait_until_gone(below)
