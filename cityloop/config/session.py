"""From the command line to a city: one database, Django set up, migrations applied, the city's clock running."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_urlsafe

from cityloop.core import clock
from cityloop.core.errors import Refused

DATA_DIR = Path(".cityloop")
"""Where the embedded database lives unless told otherwise."""
SECRET, FILES = "CITYLOOP_SECRET_KEY", "CITYLOOP_FILES"


@contextmanager
def session(data_dir: Path | None) -> Iterator[None]:
    """Work on the database at `data_dir`, at DATABASE_URL, or embedded in the working directory.

    The embedded server is started when needed; whoever started it ends it, unless somebody else uses it still.
    Refused: both_databases, database_unfit.
    """
    url = os.environ.get("DATABASE_URL", "")
    if url and data_dir is not None:
        raise Refused("both_databases")
    if url:
        _set_up(url)
        yield
        return
    from cityloop.config import embedded

    try:
        with embedded.running(data_dir or DATA_DIR) as server:
            told = {"DATABASE_URL": server.url}
            if SECRET not in os.environ:
                told[SECRET] = _secret(data_dir or DATA_DIR)
            if FILES not in os.environ:
                told[FILES] = str((data_dir or DATA_DIR).resolve() / "files")
            os.environ.update(told)
            try:
                _set_up(server.url)
                yield
            finally:
                _hang_up()
                for name in told:
                    del os.environ[name]
    except embedded.EmbeddedError as error:
        raise Refused("database_unfit", reason=str(error)) from error


def _secret(folder: Path) -> str:
    """The key with which this database's sessions are signed; made once, readable by its owner alone."""
    path = folder / "secret"
    if not path.exists():
        with tempfile.NamedTemporaryFile("w", dir=folder, prefix="secret-") as fresh:  # 0600
            fresh.write(token_urlsafe(48))
            fresh.flush()
            with suppress(FileExistsError):  # another command was quicker
                os.link(fresh.name, path)
    return path.read_text()


def _set_up(url: str) -> None:
    """Django over this database, with the migrations of this version; refuse one that cannot hold Chinese."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "cityloop.config.settings"
    import django
    from django.db import OperationalError, connection

    django.setup()
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('server_encoding'), current_setting('server_version_num')::int")
            encoding, version = cursor.fetchone()
    except OperationalError as error:
        raise Refused("database_unfit", reason=str(error).strip()) from error
    if encoding != "UTF8" or version < 160_000:
        raise Refused("database_unfit", reason=f"{encoding}, PostgreSQL {version // 10_000}")
    _migrate()
    from cityloop.ground.places.city import find_city

    city = find_city()
    if city is not None:
        clock.set_shift(city.clock_shift)


def _migrate() -> None:
    """Bring the tables to this version; two commands at once wait for each other."""
    from django.core.management import call_command
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('cityloop.migrate'))")
        try:
            call_command("migrate", verbosity=0, interactive=False)
            call_command("createcachetable", verbosity=0)
        finally:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('cityloop.migrate'))")


def _hang_up() -> None:
    """Close connections before their server goes."""
    from django.db import connections

    connections.close_all()
