"""Addresses of the HTTP edge."""

from django.urls import URLPattern, URLResolver, path

from cityloop.config.api import api
from cityloop.config.pages import start

urlpatterns: list[URLPattern | URLResolver] = [
    path("", start, name="start"),
    path("api/", api.urls),
]
