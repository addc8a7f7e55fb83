"""The ASGI application of the live feed: one connection, the city's clock. Everything else is WSGI."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityloop.config.settings")

import django
from django.conf import settings

from cityloop.config.processes import end_with_parent, take_clock

# Neither signs anybody in nor answers pages: what it does not load is half of its memory.
READS = ("django.contrib.auth", "django.contrib.contenttypes", "cityloop.ground.", "cityloop.loop.")

end_with_parent()
settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name.startswith(READS)]
django.setup()
take_clock()

from cityloop.results.cockpit.feed import application  # noqa: E402 - tables need a set-up Django

__all__ = ["application"]
