"""Answers that many ask for at once are worked out once every few seconds."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """Values by key, each kept for `seconds`, the oldest dropped beyond `size`; whoever comes meanwhile waits."""

    def __init__(self, seconds: float, size: int = 64) -> None:
        self.seconds = seconds
        self.size = size
        self._lock = threading.Lock()
        self._made: dict[Hashable, tuple[float, T]] = {}
        self._making: dict[Hashable, threading.Lock] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        with self._lock:
            making = self._making.setdefault(key, threading.Lock())
        with making:
            found = self._made.get(key)
            if found is not None and time.monotonic() < found[0]:
                return found[1]
            try:
                value = make()
            except BaseException:
                self._making.pop(key, None)  # what cannot be made leaves nothing behind
                raise
            with self._lock:
                self._made.pop(key, None)
                self._made[key] = time.monotonic() + self.seconds, value
                while len(self._made) > self.size:
                    oldest = next(iter(self._made))
                    del self._made[oldest], self._making[oldest]
            return value

    def has(self, key: Hashable) -> bool:
        """Whether `get` would not have to make it."""
        found = self._made.get(key)
        return found is not None and time.monotonic() < found[0]

    def clear(self) -> None:
        with self._lock:
            self._made.clear()
            self._making.clear()
