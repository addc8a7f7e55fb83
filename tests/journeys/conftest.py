"""A small city, empty and with its history."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cityloop.config import replaying
from cityloop.config.pack import reading
from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.loop.history import replay
from cityloop.loop.history.replay import Replayed
from journeys.command import TINY, inline_pool

JUNE = datetime(2025, 6, 2, 8, 0, tzinfo=UTC)
"""After the end of the tiny city's history, and a Monday."""


@pytest.fixture
def own_clock() -> Iterator[None]:
    """The clock may be moved; the next test finds it right."""
    yield
    clock.set_shift(timedelta(0))


@pytest.fixture
def inline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Histories are replayed without other processes, which could not see the test's transaction."""
    monkeypatch.setattr(replay, "_pool", inline_pool)


@pytest.fixture
def tiny_city(db: None, own_clock: None) -> Pack:
    """The tiny pack applied; its clock shows a Monday in June."""
    clock.set_shift(JUNE - datetime.now(UTC))
    pack = reading.load(TINY)
    apply(pack, actor=SYSTEM, at=clock.now())
    return pack


@pytest.fixture
def tiny_replayed(tiny_city: Pack, inline: None) -> Replayed:
    """The tiny city with its history taken in and sealed."""
    return take(tiny_city)


def take(pack: Pack, **changes: Any) -> Replayed:
    """Replay the history of a pack; all of it unless `until` or `limit` say otherwise."""
    wanted = {"file": None, "until": None, "limit": None, "told": untold} | changes
    return replaying.take_history(pack, **wanted)


def untold(_name: str, _total: int | None) -> replay.Progress:
    return lambda _count: None
