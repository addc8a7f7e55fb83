"""Who is asking: a token in a header or the session of a browser; and what allauth offers under /_allauth/."""

from collections.abc import Callable

from allauth.headless.account import views as account
from allauth.headless.base.views import APIView, ConfigView
from allauth.headless.constants import Client
from allauth.headless.mfa import views as mfa
from allauth.headless.socialaccount.views import RedirectToProviderView
from allauth.socialaccount.providers.openid_connect.views import callback
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from ninja.security import APIKeyCookie, HttpBearer
from ninja.utils import check_csrf

from cityloop.config.problems import problem
from cityloop.core import clock
from cityloop.core.actor import Actor
from cityloop.core.errors import Denied
from cityloop.ground.accounts.queries import SignedIn, actor_of_token, signed_in


class Bearer(HttpBearer):
    """A token in the header `Authorization: Bearer …`; the operation finds its `Actor` in `request.auth`."""

    def authenticate(self, request: HttpRequest, token: str) -> Actor | None:
        return actor_of_token(token, clock.now())


class Session(APIKeyCookie):
    """The session of a browser. What writes needs the header `X-CSRFToken` with the value of the cookie `csrftoken`."""

    param_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Actor | None:
        found = session_of(request)
        if found is None:
            return None
        if check_csrf(request):
            raise Denied("csrf_missing")
        if found.owes_second_factor:
            raise Denied("second_factor_missing")
        return found.actor

    def authenticate(self, request: HttpRequest, key: str | None) -> Actor | None:
        return self(request)


def session_of(request: HttpRequest) -> SignedIn | None:
    """Who this request's session belongs to; None for nobody. Asks the database nothing without the cookie."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES or not request.user.is_authenticated:
        return None
    return signed_in(request.user.pk, clock.now())


def csrf_missing(request: HttpRequest, reason: str = "") -> HttpResponse:
    """What Django answers to a form that this site did not sign."""
    return problem(403, "csrf_missing")


def _offer(route: str, view: type[APIView]) -> URLPattern:
    answer: Callable[[HttpRequest], HttpResponse] = view.as_api_view(client=Client.BROWSER)
    return path(f"browser/v1/{route}", answer)


urlpatterns = [
    _offer("config", ConfigView),
    _offer("auth/session", account.SessionView),
    _offer("auth/login", account.LoginView),
    _offer("auth/reauthenticate", account.ReauthenticateView),
    _offer("auth/2fa/authenticate", mfa.AuthenticateView),
    _offer("auth/2fa/reauthenticate", mfa.ReauthenticateView),
    _offer("auth/provider/redirect", RedirectToProviderView),
    _offer("account/password/change", account.ChangePasswordView),
    _offer("account/authenticators", mfa.AuthenticatorsView),
    _offer("account/authenticators/totp", mfa.ManageTOTPView),
    _offer("account/authenticators/recovery-codes", mfa.ManageRecoveryCodesView),
    path("oidc/<str:provider_id>/callback", callback, name="openid_connect_callback"),
]
"""Of what allauth can do, what this city offers: no sign-up, no mail, no reset by mail, no accounts linked."""
