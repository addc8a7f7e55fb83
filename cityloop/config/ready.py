"""Whether this deployment can serve: what `/api/ready` answers."""

from functools import lru_cache

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.loader import MigrationLoader

_FACTS = """
SELECT pg_catalog.current_setting('server_encoding') = 'UTF8' AND '中' ~ '\\w' AS ctype,
       to_regclass('django_migrations') IS NOT NULL AS migrated,
       to_regclass('places_city') IS NOT NULL AS has_city
"""


def look() -> tuple[str, dict[str, bool]]:
    """The city's name, and of each condition whether it holds. Asks the database at most three statements."""
    checks = dict.fromkeys(("database", "ctype", "migrations", "city"), False)
    city = ""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_FACTS)
            checks["ctype"], migrated, has_city = cursor.fetchone()
            checks["database"] = True
            if migrated:
                cursor.execute("SELECT app, name FROM django_migrations")
                checks["migrations"] = _migrations() <= set(cursor.fetchall())
            if has_city:
                cursor.execute("SELECT name FROM places_city")
                row = cursor.fetchone()
                city, checks["city"] = (row[0], True) if row else ("", False)
    except (DatabaseError, InterfaceError):
        checks["database"] = False
    return city, checks


@lru_cache(maxsize=1)
def _migrations() -> frozenset[tuple[str, str]]:
    """The last migration of each app on disk."""
    return frozenset((app, name) for app, name in MigrationLoader(None).graph.leaf_nodes())
