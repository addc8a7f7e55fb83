"""How allauth signs people in here: nobody signs up, failures lock with a wait that is told, sessions end."""

import math
import time
from datetime import timedelta
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponseRedirect
from django.utils import timezone

from cityloop.core.errors import TEXTS
from cityloop.core.texts import _
from cityloop.ground.accounts.models import User

FAILED = {"app": "allauth.account", "action": "login_failed"}
NOT_KNOWN = "/sign-in?problem=not_known"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Sign-in with a user name and a password."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError as error:
            key = self._get_login_attempts_cache_key(request, **credentials)
            minutes = math.ceil(_wait(request, key) / 60)
            raise ValidationError(_(TEXTS["sign_in_locked"]) % {"minutes": minutes}, code=error.code) from error

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """Somebody who is switched off is told what a wrong password is told."""
        user: AbstractBaseUser | None = super().authenticate(request, **credentials)
        return user if user is not None and user.is_active else None

    def login(self, request: HttpRequest, user: AbstractBaseUser) -> None:
        """The session ends so long after the sign-in, whatever is done in between."""
        super().login(request, user)
        request.session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))

    def clean_password(self, password: str, user: User | None = None) -> str:
        if user is not None and user.demo:
            raise ValidationError(_(TEXTS["demo_password_fixed"]) % {"user": user.username}, code="demo_password_fixed")
        cleaned: str = super().clean_password(password, user=user)
        return cleaned


def _wait(request: HttpRequest, key: str) -> float:
    """Seconds until the next attempt is counted again; at least one."""
    longest = 1.0
    for rate in ratelimit.get_rates(**FAILED):
        times = cache.get(ratelimit.get_cache_key(request, rate=rate, key=key, **FAILED)) or []
        if len(times) >= rate.amount:
            longest = max(longest, times[rate.amount - 1] + rate.duration - time.time())
    return longest


class ProviderAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Sign-in through a provider: it says who somebody is, users are made here and nowhere else."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Find the user by the claim, each time anew: what the provider says now counts, no link from before."""
        user = _user_of(sociallogin.account.extra_data, settings.OIDC.claim) if settings.OIDC else None
        if user is None or sociallogin.state.get("process") != "login":
            raise ImmediateHttpResponse(HttpResponseRedirect(NOT_KNOWN))
        sociallogin.user = user


def _user_of(told: dict[str, Any], claim: str) -> User | None:
    """The user whose name the claim is; for `email`, whose address it is, if the provider has verified it."""
    claims = {**told.get("userinfo", {}), **told.get("id_token", {})}
    value = claims.get(claim)
    if not isinstance(value, str) or not value:
        return None
    active = User.objects.filter(is_active=True)
    if claim != "email":
        return active.filter(username=value).first()
    found = list(active.filter(email__iexact=value)[:2]) if claims.get("email_verified") is True else []
    return found[0] if len(found) == 1 else None
