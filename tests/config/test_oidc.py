"""Sign-in by OpenID Connect, against a provider that runs here: it says who somebody is, it makes nobody."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache
from django.test import Client
from jwt.algorithms import RSAAlgorithm

from cityloop.config import environment, policy
from cityloop.core.actor import SYSTEM
from cityloop.ground.accounts import actions
from cityloop.ground.accounts.models import User
from cityloop.ground.places.models import City

REDIRECT = "/_allauth/browser/v1/auth/provider/redirect"
CALLBACK = "http://testserver/_allauth/oidc/city/callback"


class Provider:
    """An OpenID Connect provider with one person, `claims`, who always agrees; it checks what clients send."""

    def __init__(self) -> None:
        self.claims: dict[str, Any] = {"sub": "42", "preferred_username": "ada"}
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes: dict[str, dict[str, str]] = {}
        self.faults: list[str] = []
        self.fails = False
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer({})

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._answer({name: values[0] for name, values in parse_qs(body).items()})

            def _answer(self, form: dict[str, str]) -> None:
                parts = urlsplit(self.path)
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                status, headers, body = provider.answer(parts.path, query, form, self.headers.get("Authorization", ""))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def answer(
        self, path: str, query: dict[str, str], form: dict[str, str], authorization: str
    ) -> tuple[int, dict[str, str], Any]:
        found = {"Content-Type": "application/json"}
        if path == "/.well-known/openid-configuration":
            return 200, found, {
                "issuer": self.url, "authorization_endpoint": f"{self.url}/authorize", "jwks_uri": f"{self.url}/jwks",
                "token_endpoint": f"{self.url}/token", "userinfo_endpoint": f"{self.url}/userinfo",
                "token_endpoint_auth_methods_supported": ["client_secret_post"],
            }  # fmt: skip
        if path == "/authorize":
            code = f"code-{len(self.codes)}"
            self.codes[code] = query
            return 302, {"Location": f"{query['redirect_uri']}?code={code}&state={query['state']}"}, None
        if path == "/token":
            asked = self.codes.pop(form["code"], None)
            good = asked and (form["client_id"], form["client_secret"]) == ("cityloop", "between-us")
            if self.fails or not good or "code_verifier" not in form:
                self.faults.append(f"token refused: {form}")
                return 400, found, {"error": "invalid_grant"}
            return 200, found, {"access_token": "open", "token_type": "Bearer", "id_token": self.id_token()}
        if path == "/userinfo" and authorization == "Bearer open":
            return 200, found, self.claims
        if path == "/jwks":
            return 200, found, {"keys": [RSAAlgorithm.to_jwk(self.key.public_key(), as_dict=True) | {"kid": "1"}]}
        return 404, found, None

    def id_token(self) -> str:
        now = int(time.time())
        told = self.claims | {"iss": self.url, "aud": "cityloop", "iat": now, "exp": now + 60}
        return jwt.encode(told, self.key, algorithm="RS256", headers={"kid": "1"})


@pytest.fixture(scope="module")
def server() -> Iterator[Provider]:
    provider = Provider()
    yield provider
    provider.server.shutdown()


@pytest.fixture
def provider(server: Provider, settings: Any, db: None) -> Provider:
    """The provider as this city's configuration names it, and a city that knows Ada."""
    cache.clear()
    server.claims, server.fails = {"sub": "42", "preferred_username": "ada"}, False
    configure(server, settings)
    City.objects.create(code="100000", name="Town", zone="UTC", pack="t", digest="0", clock_shift=timedelta(0))
    actions.make_user("ada", actor=SYSTEM)
    return server


def configure(server: Provider, settings: Any, **more: str) -> None:
    spec = {"id": "city", "name": "City", "server_url": server.url, "client_id": "cityloop", "secret": "between-us"}
    settings.OIDC = environment.provider(json.dumps(spec | more))
    settings.SOCIALACCOUNT_PROVIDERS = environment.apps(settings.OIDC)


def sign_in(browser: Client) -> str:
    """Go the whole way: our page, the provider, back again; where the browser ends."""
    browser.get("/api/me")
    form = {"provider": "city", "callback_url": "/desk", "process": "login"}
    form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"].value
    sent = browser.post(REDIRECT, form)
    assert sent.status_code == 302
    back = httpx.get(sent["Location"])
    assert back.headers["Location"].startswith(CALLBACK)
    answer = browser.get(back.headers["Location"].removeprefix("http://testserver"))
    assert answer.status_code == 302
    return str(answer["Location"])


def who(browser: Client) -> str | None:
    user: dict[str, str] | None = browser.get("/api/me").json()["user"]
    return user["username"] if user else None


def test_somebody_known_here_signs_in(provider: Provider) -> None:
    browser = Client(enforce_csrf_checks=True)
    listed = browser.get("/_allauth/browser/v1/config").json()["data"]["socialaccount"]["providers"]
    assert [(one["id"], one["name"]) for one in listed] == [("city", "City")]
    assert sign_in(browser) == "/desk"
    assert who(browser) == "ada"
    assert browser.session.get_expiry_age() <= 8 * 60 * 60
    assert not provider.faults


@pytest.mark.parametrize("claims", [{"preferred_username": "eve"}, {"preferred_username": ""}, {}])
def test_somebody_unknown_is_told_so_and_nobody_is_made(provider: Provider, claims: dict[str, str]) -> None:
    provider.claims = {"sub": "43", "email": "ada@city.example", **claims}
    browser = Client(enforce_csrf_checks=True)
    assert sign_in(browser) == "/sign-in?problem=not_known"
    assert who(browser) is None
    assert list(User.objects.values_list("username", flat=True)) == ["ada"]


def test_what_the_provider_says_now_counts(provider: Provider) -> None:
    """The same person under another name is no longer Ada, although signed in as her before."""
    assert sign_in(Client(enforce_csrf_checks=True)) == "/desk"
    provider.claims["preferred_username"] = "eve"
    assert sign_in(Client(enforce_csrf_checks=True)) == "/sign-in?problem=not_known"


def test_somebody_switched_off_stays_off(provider: Provider) -> None:
    actions.switch_off(User.objects.get(), actor=SYSTEM)
    browser = Client(enforce_csrf_checks=True)
    assert sign_in(browser) == "/sign-in?problem=not_known"
    assert who(browser) is None


@pytest.mark.parametrize(
    ("claims", "known"),
    [
        ({"email": "Ada@city.example", "email_verified": True}, True),
        ({"email": "ada@city.example", "email_verified": False}, False),
        ({"email": "ada@city.example"}, False),
        ({"preferred_username": "ada"}, False),
    ],
)
def test_by_address_only_if_the_provider_has_verified_it(
    provider: Provider, settings: Any, claims: dict[str, Any], known: bool
) -> None:
    configure(provider, settings, claim="email")
    User.objects.update(email="ada@city.example")
    provider.claims = {"sub": "44", **claims}
    browser = Client(enforce_csrf_checks=True)
    sign_in(browser)
    assert (who(browser) == "ada") is known


def test_a_provider_that_fails_is_told_on_our_page(provider: Provider) -> None:
    provider.fails = True
    browser = Client(enforce_csrf_checks=True)
    assert "error=unknown" in sign_in(browser)
    assert who(browser) is None
    cancelled = browser.get("/_allauth/oidc/city/callback?error=access_denied&state=none")
    assert cancelled["Location"].startswith("http://testserver/sign-in?")
    assert browser.get("/_allauth/oidc/other/callback?code=1&state=1").status_code == 404


def test_nobody_is_led_to_another_site(provider: Provider) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.get("/api/me")
    form = {"provider": "city", "callback_url": "https://evil.example/", "process": "login"}
    unsigned = browser.post(REDIRECT, form)
    assert (unsigned.status_code, unsigned.json()["code"]) == (403, "csrf_missing")
    sent = browser.post(REDIRECT, form | {"csrfmiddlewaretoken": browser.cookies["csrftoken"].value})
    assert sent["Location"].startswith("http://testserver/sign-in?")


def test_no_account_is_linked_to_another_name(provider: Provider) -> None:
    """Signed in as Bob, coming back from the provider as Ada with `connect` makes Bob nobody else."""
    bob = actions.make_user("bob", actor=SYSTEM)
    browser = Client()
    browser.force_login(bob)
    form = {"provider": "city", "callback_url": "/desk", "process": "connect"}
    back = httpx.get(browser.post(REDIRECT, form)["Location"])
    answer = browser.get(back.headers["Location"].removeprefix("http://testserver"))
    assert answer["Location"] == "/sign-in?problem=not_known"
    assert who(browser) == "bob"


def test_pages_may_send_the_sign_in_form_to_the_provider_only(provider: Provider) -> None:
    assert f"form-action 'self' {provider.url};" in policy.page()
