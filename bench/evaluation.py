"""Evaluation of the whole year, as everybody gets it."""

from statistics import median
from time import monotonic

from bench.figures import Sheet
from bench.town import Town

TIMES = 5


def measure(town: Town, sheet: Sheet) -> None:
    """The median of five evaluations of the year in which most was reported, by organisation and by grid."""
    from django.db import connection

    from cityloop.core import clock
    from cityloop.ground.places.city import city
    from cityloop.results.evaluation.periods import parse_period
    from cityloop.results.evaluation.queries import By, evaluate

    here = city()
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(year FROM opened_at)::int FROM cases_case GROUP BY 1 ORDER BY count(*) DESC")
        year = str(cursor.fetchone()[0])
    keys: tuple[By, ...] = ("organisation", "grid")
    for by in keys:
        sheet.begin()
        taken = []
        for _ in range(TIMES):
            started = monotonic()
            table = evaluate(period=parse_period(year, here.zone), basis="due", by=by, at=clock.now(), zone=here.zone)
            taken.append(monotonic() - started)
        sheet.add(f"evaluation of {year} by {by}", median(taken), "s", at_most=1)
        sheet.add(f"evaluation of {year} by {by}: groups", len(table.rows), "groups")
