"""A city to measure: a database of its own in a temporary folder, with a pack and as much of its history as wanted."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from bench.figures import ERR
from cityloop.config import commands
from cityloop.config.pack.reading import Pack
from cityloop.config.session import session

if TYPE_CHECKING:  # only Django can import it
    from cityloop.loop.history.replay import Progress as Told
    from cityloop.loop.history.replay import Replayed


@dataclass(frozen=True)
class Town:
    """`folder` holds the data directory `data` of the embedded server."""

    folder: Path
    pack: Pack

    @property
    def server_log(self) -> Path:
        return self.folder / "data" / "server.log"


@contextmanager
def fresh_town(pack_name: str) -> Iterator[Town]:
    """A started, migrated database with the pack applied and no case in it; gone when the block ends."""
    with tempfile.TemporaryDirectory(prefix="cityloop-bench-") as name, session(Path(name) / "data"):
        from cityloop.config.replaying import settle

        pack = commands.find_pack(pack_name)
        settle(pack, "end")
        yield Town(Path(name), pack)


def take_history(town: Town, limit: int | None) -> "Replayed":
    """The pack's own history through the loop, seals included, with a bar."""
    from cityloop.config import replaying

    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=ERR, transient=True) as bars:

        def told(name: str, total: int | None) -> "Told":
            bar = bars.add_task(name, total=total)
            return lambda count: bars.advance(bar, count)

        return replaying.take_history(town.pack, None, until=None, limit=limit, told=told)


def checkpoint() -> None:
    """Let what was written before reach the disk before something else is measured."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")
