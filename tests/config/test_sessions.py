"""Sign-in of people: sessions and how they end, lockout, second factor, what a page learns first."""

import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.core.cache.backends.db import DatabaseCache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cityloop.config import jobs
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Denied, Refused
from cityloop.ground.accounts import actions
from cityloop.ground.accounts.models import Organisation, Post, SavedFilter, User
from cityloop.ground.accounts.queries import actor_of_user
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.places.models import Area, City, UnitGrid

LOGIN = "/_allauth/browser/v1/auth/login"
SESSION = "/_allauth/browser/v1/auth/session"
TOTP = "/_allauth/browser/v1/account/authenticators/totp"
PASSWORD = "a-lamp-in-the-street"
JSON: dict[str, Any] = {"content_type": "application/json"}


@pytest.fixture
def town(db: None, settings: Any) -> City:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # a tenth of a second each otherwise
    caches["default"].clear()
    return City.objects.create(
        code="100000", name="Riverton", names={"zh": "河城"}, zone="Asia/Shanghai", pack="r", digest="0",
        settings={"languages": ["zh", "en"]}, clock_shift=timedelta(0),
    )  # fmt: skip


@pytest.fixture
def ada(town: City) -> User:
    """An acceptor with a password."""
    hall = Organisation.objects.create(code="hall", name="Hall", names={"zh": "大厅"}, valid_from=date(2000, 1, 1))
    post = Post.objects.create(
        code="desk", name="Desk", role="acceptor", axis=ROLES["acceptor"].axis.value, organisation=hall,
        valid_from=date(2000, 1, 1),
    )  # fmt: skip
    user = actions.make_user("ada", actor=SYSTEM, name="Ada")
    actions.set_password(user, PASSWORD, actor=SYSTEM)
    actions.give_tenure(user, post, actor=SYSTEM, at=clock.now() - timedelta(days=1))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def browser() -> Client:
    """A browser: it sends what it signed only when it read the cookie."""
    return Client(enforce_csrf_checks=True, headers={"Accept-Language": "en"})


def token(browser: Client) -> dict[str, str]:
    browser.get("/api/me")
    return {"X-CSRFToken": browser.cookies["csrftoken"].value}


def sign_in(browser: Client, username: str = "ada", password: str = PASSWORD, **more: Any) -> Any:
    body = {"username": username, "password": password}
    return browser.post(LOGIN, body, headers=token(browser), **JSON, **more)


def signed_in(browser: Client) -> bool:
    answer: bool = browser.get("/api/me").json()["signed_in"]
    return answer


def test_what_a_page_learns_before_anybody_signed_in(browser: Client, town: City) -> None:
    me = browser.get("/api/me").json()
    assert (me["signed_in"], me["user"], me["posts"], me["permissions"]) == (False, None, [], [])
    assert (me["city"]["name"], me["city"]["bounds"], me["city"]["base_map"]) == ("Riverton", None, None)
    assert (me["language"], me["view_token"], me["clock_shifted"]) == ("en", None, False)
    assert browser.get("/api/me", headers={"Accept-Language": "zh"}).json()["city"]["name"] == "河城"


@pytest.mark.django_db
def test_there_need_not_be_a_city_yet(browser: Client) -> None:
    assert browser.get("/api/me").json()["city"] is None
    assert browser.get("/api/demo-logins").json() == []


def test_a_session_tells_who_somebody_is_in_few_statements(browser: Client, ada: User) -> None:
    assert sign_in(browser).status_code == 200
    with CaptureQueriesContext(connection) as asked:
        me = browser.get("/api/me").json()
    assert len(asked) <= 6
    assert me["user"] == {"username": "ada", "name": "Ada"}
    hall = {"code": "hall", "name": "Hall"}
    assert me["posts"] == [
        {"code": "desk", "name": "Desk", "role": "acceptor", "role_title": "Acceptor", "axis": "supervision",
         "organisation": hall, "area": None}
    ]  # fmt: skip
    assert me["permissions"] == sorted(ROLES["acceptor"].permissions)
    assert me["view_token"]
    secret = actions.make_token(ada, actor=SYSTEM, at=clock.now())
    by_token = Client().get("/api/me", headers={"Authorization": f"Bearer {secret}", "Accept-Language": "en"}).json()
    assert (by_token["user"], by_token["posts"]) == (me["user"], me["posts"])


def test_bounds_are_those_of_the_grids(browser: Client, ada: User) -> None:
    area = Area.objects.create(code="100000", level="city", name="Riverton", valid_from=date(2000, 1, 1))
    for code, west in (("1", 117.0), ("2", 117.5)):
        UnitGrid.objects.create(
            code=code, area=area, west=west, south=36, east=west + 0.1, north=36.1, valid_from=date(2000, 1, 1)
        )
    City.objects.update(digest="1")
    assert browser.get("/api/me").json()["city"]["bounds"] == [117.0, 36.0, 117.6, 36.1]


def test_the_api_takes_a_session_and_asks_writing_to_be_signed(browser: Client, ada: User) -> None:
    body = {"page": "desk", "name": "Mine", "query": "queue=mine"}
    assert browser.post("/api/me/filters", body, **JSON).status_code == 401
    sign_in(browser)
    assert browser.get("/api/me/filters").json() == []
    refused = browser.post("/api/me/filters", body, **JSON)
    assert (refused.status_code, refused.json()["code"]) == (403, "csrf_missing")
    assert not SavedFilter.objects.exists()
    made = browser.post("/api/me/filters", body, headers=token(browser), **JSON)
    assert (made.status_code, made.json() | {"id": 0}) == (201, body | {"id": 0})


def test_signing_in_is_signed_too(browser: Client, ada: User) -> None:
    answer = browser.post(LOGIN, {"username": "ada", "password": PASSWORD}, **JSON)
    assert (answer.status_code, answer.json()["code"]) == (403, "csrf_missing")
    assert not signed_in(browser)


def test_a_filter_is_its_owners(browser: Client, ada: User) -> None:
    sign_in(browser)
    body = {"page": "desk", "name": "Red", "query": "light=red"}
    number = browser.post("/api/me/filters", body, headers=token(browser), **JSON).json()["id"]
    again = browser.post("/api/me/filters", body | {"query": "light=yellow"}, headers=token(browser), **JSON).json()
    assert (again["id"], again["query"]) == (number, "light=yellow")
    bob = actions.make_user("bob", actor=SYSTEM)
    headers = {"Authorization": f"Bearer {actions.make_token(bob, actor=SYSTEM, at=clock.now())}"}
    assert Client().get("/api/me/filters", headers=headers).json() == []
    assert Client().delete(f"/api/me/filters/{number}", headers=headers).status_code == 404
    assert [row["name"] for row in browser.get("/api/me/filters?page=desk").json()] == ["Red"]
    assert browser.get("/api/me/filters?page=map").json() == []
    assert browser.delete(f"/api/me/filters/{number}", headers=token(browser)).status_code == 204
    assert not SavedFilter.objects.exists()


def test_filters_are_of_people_and_not_too_many(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Denied):
        actions.save_filter("desk", "x", "", actor=SYSTEM)
    monkeypatch.setattr(actions, "MOST_FILTERS", 1)
    actor = actor_of_user(ada.pk, clock.now())
    assert actor is not None
    for query in ("a", "b"):
        actions.save_filter("desk", "x", query, actor=actor)
    with pytest.raises(Refused, match="1 filters"):
        actions.save_filter("desk", "y", "", actor=actor)
    assert SavedFilter.objects.get().query == "b"


def test_signing_out_ends_the_session(browser: Client, ada: User) -> None:
    sign_in(browser)
    stolen = Client()
    stolen.cookies["sessionid"] = browser.cookies["sessionid"].value
    assert signed_in(stolen)
    browser.delete(SESSION, headers=token(browser))
    assert not signed_in(browser)
    assert not signed_in(stolen)
    assert not Session.objects.exists() or not any(
        "_auth_user_id" in row.get_decoded() for row in Session.objects.all()
    )


def test_switching_somebody_off_ends_every_session_for_good(browser: Client, ada: User) -> None:
    sign_in(browser)
    actions.switch_off(ada, actor=SYSTEM)
    assert browser.get("/api/cases").status_code == 401
    answer = sign_in(browser)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == "username_password_mismatch"
    actions.switch_on(ada, actor=SYSTEM)
    assert not signed_in(browser)
    assert sign_in(browser).status_code == 200


def test_another_password_ends_the_other_sessions(browser: Client, ada: User) -> None:
    other = Client(enforce_csrf_checks=True)
    sign_in(browser)
    sign_in(other)
    body = {"current_password": PASSWORD, "new_password": "a-lamp-in-the-square"}
    changed = browser.post("/_allauth/browser/v1/account/password/change", body, headers=token(browser), **JSON)
    assert changed.status_code == 200
    assert signed_in(browser)
    assert not signed_in(other)
    actions.set_password(ada, "a-lamp-at-the-river", actor=SYSTEM)
    assert not signed_in(browser)


def test_a_session_ends_eight_hours_after_the_sign_in_whatever_was_done_in_between(browser: Client, ada: User) -> None:
    sign_in(browser)
    ends = Session.objects.get(pk=browser.cookies["sessionid"].value).expire_date
    assert timedelta(hours=7, minutes=59) < ends - datetime.now(UTC) <= timedelta(hours=8)
    session = browser.session
    session["touched"] = True
    session.save()
    assert abs(Session.objects.get(pk=session.session_key).expire_date - ends) < timedelta(seconds=1)
    assert browser.cookies["sessionid"]["httponly"]
    assert browser.cookies["sessionid"]["secure"]
    assert browser.cookies["sessionid"]["samesite"] == "Lax"
    Session.objects.update(expire_date=datetime.now(UTC))
    assert browser.get("/api/cases").status_code == 401


def test_ended_sessions_are_forgotten(browser: Client, ada: User) -> None:
    for ends in (timedelta(hours=-1), timedelta(hours=1)):
        Session.objects.create(session_key=str(ends), session_data="", expire_date=datetime.now(UTC) + ends)
    jobs.forget_sessions(timestamp=0)
    assert Session.objects.get().session_key == "1:00:00"


def test_failures_lock_this_name_and_say_for_how_long(browser: Client, ada: User) -> None:
    for _ in range(5):
        answer = sign_in(browser, password="wrong")
        assert answer.json()["errors"][0]["code"] == "username_password_mismatch"
    locked = sign_in(browser)
    assert locked.status_code == 400
    assert locked.json()["errors"][0]["message"] == "Too many failed sign-ins. Try again in 5 min."
    chinese = sign_in(Client(headers={"Accept-Language": "zh"})).json()["errors"][0]["message"]
    assert "5" in chinese
    assert "failed" not in chinese
    assert not signed_in(browser)
    bob = actions.make_user("bob", actor=SYSTEM)
    actions.set_password(bob, PASSWORD, actor=SYSTEM)
    assert sign_in(browser, "bob").status_code == 200


def test_failures_are_counted_in_the_database(browser: Client, ada: User, settings: Any) -> None:
    """So that they hold for every process and outlive each: another process finds them there."""
    sign_in(browser, password="wrong")
    assert isinstance(caches["default"], DatabaseCache)
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM cityloop_cache WHERE cache_key LIKE '%login_failed%'")
        keys = [row[0].removeprefix(":1:") for row in cursor.fetchall()]
    assert len(keys) == 2
    other_process = DatabaseCache("cityloop_cache", {})
    assert all(len(other_process.get(key)) == 1 for key in keys)


def test_failures_from_one_address_lock_the_address(browser: Client, ada: User, settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"login": "120/m/ip", "login_failed": "2/5m/ip"}
    for name in ("no-one", "nobody"):
        sign_in(browser, name, REMOTE_ADDR="192.0.2.1")
    assert sign_in(browser, REMOTE_ADDR="192.0.2.1").json()["errors"][0]["code"] == "too_many_login_attempts"
    spoofed = sign_in(browser, REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="192.0.2.9")
    assert spoofed.json()["errors"][0]["code"] == "too_many_login_attempts"
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    assert sign_in(browser, REMOTE_ADDR="192.0.2.1", HTTP_X_FORWARDED_FOR="192.0.2.9").status_code == 200


@pytest.mark.parametrize(
    "path", ["auth/signup", "auth/password/request", "auth/password/reset", "account/email", "account/providers",
             "auth/provider/token", "auth/provider/signup", "account/phone"]
)  # fmt: skip
def test_what_this_city_does_not_offer(browser: Client, ada: User, path: str) -> None:
    assert browser.post(f"/_allauth/browser/v1/{path}", {}, headers=token(browser), **JSON).status_code == 404
    assert User.objects.count() == 1


def code_now(secret: str) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30)))


@pytest.fixture
def factor_needed(ada: User) -> None:
    City.objects.update(settings={"second_factor_roles": ["acceptor"]})


def set_up_factor(browser: Client) -> str:
    secret: str = browser.get(TOTP).json()["meta"]["secret"]
    again = browser.post(TOTP, {"code": code_now(secret)}, headers=token(browser), **JSON)
    assert again.status_code == 401, "the password is asked for once more"
    proved = {"password": PASSWORD}
    browser.post("/_allauth/browser/v1/auth/reauthenticate", proved, headers=token(browser), **JSON)
    done = browser.post(TOTP, {"code": code_now(secret)}, headers=token(browser), **JSON)
    assert done.status_code == 200
    return secret


def test_a_post_that_asks_for_a_second_factor_waits_for_it(browser: Client, ada: User, factor_needed: None) -> None:
    sign_in(browser)
    me = browser.get("/api/me").json()
    assert (me["second_factor"], me["second_factor_required"], me["view_token"]) == (False, True, None)
    refused = browser.get("/api/cases")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_missing")
    set_up_factor(browser)
    me = browser.get("/api/me").json()
    assert (me["second_factor"], me["second_factor_required"]) == (True, False)
    assert browser.get("/api/cases").status_code == 200


def test_the_password_alone_signs_nobody_in_who_has_a_second_factor(browser: Client, ada: User) -> None:
    sign_in(browser)
    secret = set_up_factor(browser)
    codes = browser.get("/_allauth/browser/v1/account/authenticators/recovery-codes").json()["data"]["unused_codes"]
    again = Client(enforce_csrf_checks=True)
    half = sign_in(again)
    assert half.status_code == 401
    assert {"mfa_authenticate"} <= {flow["id"] for flow in half.json()["data"]["flows"]}
    assert not signed_in(again)
    second = "/_allauth/browser/v1/auth/2fa/authenticate"
    assert again.post(second, {"code": "000000"}, headers=token(again), **JSON).status_code == 400
    assert not signed_in(again)
    assert again.post(second, {"code": codes[0]}, headers=token(again), **JSON).status_code == 200
    assert signed_in(again)
    third = Client(enforce_csrf_checks=True)
    sign_in(third)
    assert third.post(second, {"code": codes[0]}, headers=token(third), **JSON).status_code == 400, "used once"
    caches["default"].clear()
    assert third.post(second, {"code": code_now(secret)}, headers=token(third), **JSON).status_code == 200


def test_a_lost_second_factor_is_dropped_by_an_administrator(browser: Client, ada: User) -> None:
    sign_in(browser)
    set_up_factor(browser)
    actions.drop_second_factor(ada, actor=SYSTEM)
    assert not signed_in(browser)
    assert sign_in(browser).status_code == 200
