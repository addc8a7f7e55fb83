"""Addresses of the HTTP edge."""

from django.urls import URLPattern, URLResolver, include, path, re_path
from django.views.i18n import set_language

from cityloop.config.admin.app import addresses
from cityloop.config.api import api
from cityloop.config.ogc import ADDRESSES
from cityloop.config.screens import SCREENS, screen

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", api.urls),
    path("admin/language/", set_language, name="admin_language"),
    path("admin/", addresses()),
    path("_allauth/", include("cityloop.config.sign_in")),
    *ADDRESSES,
    re_path(rf"^{SCREENS}$", screen, name="screen"),
    re_path(r"^(?!api/|ogc|admin/|static/|_allauth/)", screen, {"known": False}),
]
