"""People get their passwords from the command, and lose their sign-in by it."""

import pytest
from django.test import Client

from cityloop.config.pack.reading import Pack
from cityloop.ground.accounts.models import User
from journeys.command import inside

LOGIN = "/_allauth/browser/v1/auth/login"


def sign_in(browser: Client, password: str) -> int:
    body = {"username": "ada", "password": password}
    status: int = browser.post(LOGIN, body, content_type="application/json").status_code
    return status


def test_a_password_is_shown_once_and_the_next_one_ends_what_the_first_began(desk_city: Pack) -> None:
    first = inside("account", "password", "ada", "--post", "acceptor", "--post", "collector")
    assert first.code == 0
    browser = Client()
    assert sign_in(browser, first.out.strip()) == 200
    assert [post["code"] for post in browser.get("/api/me").json()["posts"]] == ["collector", "acceptor"]
    assert browser.get("/api/cases").status_code == 200
    second = inside("account", "password", "ada")
    assert browser.get("/api/cases").status_code == 401
    assert sign_in(browser, first.out.strip()) == 400
    assert sign_in(browser, second.out.strip()) == 200
    assert inside("account", "off", "ada").code == 0
    assert browser.get("/api/cases").status_code == 401


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("password", "ada", "--post", "king"), "There is no post king."),
        (("password", "ada", "--post", "acceptor", "--post", "dispatcher"), "supervision and command are kept apart"),
        (("off", "ada"), "There is no user ada."),
    ],
)
def test_what_is_refused_makes_nobody(desk_city: Pack, arguments: tuple[str, ...], text: str) -> None:
    said = inside("account", *arguments, "--lang", "en")
    assert said.code == 2
    assert text in said.shown
    assert not User.objects.exists()
