"""Django's admin with our site. Its pages are looked for where addresses are made: no command needs them."""

from importlib import import_module
from typing import Any

from django.contrib import admin
from django.contrib.admin.apps import SimpleAdminConfig


class Config(SimpleAdminConfig):
    default = False
    default_site = "cityloop.config.admin.site.Site"


def addresses() -> Any:
    """What every room's `admin.py` registers, then the pages that belong to no room."""
    admin.autodiscover()
    import_module("cityloop.config.admin.jobs")
    return admin.site.urls
