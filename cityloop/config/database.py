"""From a DATABASE_URL to Django's connection settings."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

PREPARED: dict[str, Any] = {"server_side_binding": True, "prepare_threshold": 2}
"""A statement sent for the third time on a connection is planned no more; that is half of what it costs."""


def parse(url: str) -> dict[str, Any]:
    """Django's settings for `postgresql://user:password@host:port/name?option=value`; a socket folder as `host`."""
    parts = urlsplit(url)
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    host = options.pop("host", "") or unquote(parts.hostname or "")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")) or "cityloop",
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": host,
        "PORT": str(parts.port or ""),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": PREPARED | options,
    }


def pool(database: dict[str, Any], *, connections: int) -> None:
    """Let the threads of this process share up to `connections` connections; before Django is set up.

    Each is tried before use, so that a restart of the database costs no request. Whoever finds none free
    for 5 s fails.
    """
    database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": connections, "timeout": 5}
