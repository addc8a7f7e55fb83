"""Answers that are kept: made once however many ask, and nothing of what could not be made."""

from threading import Barrier, Thread

import pytest

from cityloop.results.exchange.kept import Kept


def test_one_makes_what_all_wait_for() -> None:
    kept: Kept[int] = Kept(60)
    made: list[int] = []
    together = Barrier(8)

    def make() -> int:
        made.append(1)
        return len(made)

    def ask() -> None:
        together.wait()
        assert kept.get("key", make) == 1

    threads = [Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (made, kept.has("key"), kept.has("another")) == ([1], True, False)


def test_the_oldest_goes_when_there_is_no_room() -> None:
    kept: Kept[str] = Kept(60, size=2)
    for key in "abc":
        kept.get(key, key.upper)
    assert [kept.has(key) for key in "abc"] == [False, True, True]


def test_what_cannot_be_made_leaves_nothing_behind() -> None:
    kept: Kept[int] = Kept(60)
    for key in range(100):
        with pytest.raises(ZeroDivisionError):
            kept.get(key, lambda: 1 // 0)
    assert not kept._making
    assert kept.get(1, lambda: 7) == 7
