"""The maintenance site: who may open it, in which zone it shows times, and where one signs in."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache

from cityloop.config.sign_in import session_of
from cityloop.core.actor import Actor
from cityloop.core.errors import TEXTS
from cityloop.core.maintenance import ADMIN_USE, AUDIT_READ, MaintenanceAdmin
from cityloop.core.texts import _
from cityloop.ground.places.city import find_city

if TYPE_CHECKING:
    from django.contrib.admin import AdminSite
else:
    from unfold.sites import UnfoldAdminSite as AdminSite

NOBODY = Actor("nobody", "")
SIGN_IN = "/sign-in"


class Site(AdminSite):
    """Open to the posts that maintain the city, and to auditors for what they read."""

    index_title = gettext_lazy("Maintenance")

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Only the pages of our own rooms: what libraries register would write past the actions."""
        if admin_class is not None and issubclass(admin_class, MaintenanceAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[Any]:
        from cityloop.config.admin.audit import search_page

        own: list[URLPattern | URLResolver] = [
            path("audit/", self.admin_view(search_page), name="audit"),
            path("password_change/", lambda request: HttpResponseRedirect("/account"), name="password_change"),
        ]
        return own + super().get_urls()

    def has_permission(self, request: HttpRequest) -> bool:
        """Notes who asks in `request.auth`, as the API does; a second factor that is owed opens nothing."""
        found = session_of(request)
        actor = found.actor if found and not found.owes_second_factor else NOBODY
        request.auth = actor  # type: ignore[attr-defined]
        return actor.may(ADMIN_USE) or actor.may(AUDIT_READ)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:
        """A page in the city's own time; who is signed in and may not see it is told so."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def shown(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            city = find_city()
            with timezone.override(city.zone if city else "UTC"):
                response: HttpResponse = inner(request, *args, **kwargs)
                if isinstance(response, TemplateResponse):
                    response.render()
            return response

        return shown

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Signing in is done on our own page; somebody who has done so and comes here may not."""
        target = request.GET.get("next") or reverse("admin:index")
        if self.has_permission(request):
            return HttpResponseRedirect(reverse("admin:index"))
        if session_of(request) is not None:
            raise PermissionDenied(_(TEXTS["permission_missing"]) % {"permission": ADMIN_USE})
        return HttpResponseRedirect(f"{SIGN_IN}?{urlencode({'next': target})}")

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        if request.method == "POST":
            logout(request)
        return HttpResponseRedirect(SIGN_IN)
