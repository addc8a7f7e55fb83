"""The one source of now. Rules never call it: they take `at`."""

from datetime import UTC, datetime, timedelta

_shift = timedelta(0)


def now() -> datetime:
    """The city's present instant, aware, in UTC; it runs at the pace of the real clock."""
    return datetime.now(UTC) + _shift


def shift() -> timedelta:
    """How far the city's clock stands from the real one."""
    return _shift


def set_shift(shift: timedelta) -> None:
    """Let the city's clock run `shift` away from the real one, in this process."""
    global _shift  # noqa: PLW0603 - the clock is the one thing a process has only one of
    _shift = shift
