"""A year through the loop, beside plain binary COPY of the very rows that it leaves."""

from time import monotonic

from bench.figures import Sheet
from bench.town import Town, checkpoint, take_history

TABLES = (
    "cases_case",
    "cases_assignment",
    "cases_span",
    "cases_entry",
    "intake_report",
    "intake_fact",
    "intake_reply",
    "audit_head",
    "audit_seal",
    "audit_leaf",
)
"""Every table that a replay fills."""


def measure(town: Town, sheet: Sheet, limit: int | None) -> None:
    """Replay into the empty town, then COPY what it wrote into empty tables of the same definition."""
    checkpoint()
    sheet.begin()
    started = monotonic()
    done = take_history(town, limit)
    seconds = monotonic() - started
    whole = limit is None  # the goal in seconds is for the whole year
    sheet.add("replay", seconds, "s", at_most=40 if whole else None)
    sheet.add("replay: rows", done.rows, "rows")
    sheet.add("replay: steps", done.steps, "steps")
    sheet.add("replay: rows per second", done.rows / seconds, "rows/s")
    sheet.add("replay: steps per second", done.steps / seconds, "steps/s")
    sheet.add("replay: peak memory of its processes", done.peak_rss_mib, "MiB", at_most=1024)
    checkpoint()
    sheet.begin()
    rows, copied = _copy_again()
    sheet.add("COPY of the same rows", copied, "s")
    sheet.add("COPY of the same rows: rows", rows, "rows")
    sheet.add("replay to COPY", seconds / copied, "ratio", at_most=5)


def _copy_again() -> tuple[int, float]:
    """Rows and seconds of a COPY of all rows from memory, one table after the other, each one durable transaction.

    The tables have columns, defaults, checks and indexes of the originals, but no foreign keys.
    """
    from django.db import connection

    rows, seconds = 0, 0.0
    with connection.cursor() as cursor:
        cursor.execute("CREATE SCHEMA again")
        for table in TABLES:
            cursor.execute(f"CREATE TABLE again.{table} (LIKE {table} INCLUDING ALL)")
        for table in TABLES:
            with cursor.copy(f"COPY {table} TO STDOUT (FORMAT BINARY)") as copy:
                blocks = list(copy)
            started = monotonic()
            with cursor.copy(f"COPY again.{table} FROM STDIN (FORMAT BINARY)") as copy:
                for block in blocks:
                    copy.write(block)
            seconds += monotonic() - started
            rows += cursor.rowcount
        cursor.execute("DROP SCHEMA again CASCADE")
    return rows, seconds
