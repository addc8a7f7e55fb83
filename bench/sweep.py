"""The minute's sweep over a million open deadlines: the statement that finds, and the steps that follow."""

from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from bench.figures import ERR, Sheet
from bench.town import Town, checkpoint

OPEN = 1_000_000
APART = timedelta(seconds=1)
"""One deadline after the other."""
LIMIT = timedelta(days=10)
FOLLOWED = 20_000
ESCALATION = '[{"at": 0.8, "step": "warn"}, {"at": 1, "step": "remind"}, {"at": 1.5, "step": "propose_supervision"}]'
PLAIN = "SELECT count(*) FROM cases_assignment WHERE ended_at IS NULL AND no > 1 AND yellow_at <= %s"


def measure(town: Town, sheet: Sheet) -> None:
    """Copy one open case a million times, each due a second later, and sweep when few, many and all have crossed."""
    from cityloop.core import clock
    from cityloop.loop.cases.sweep import crossings, sweep
    from cityloop.loop.clocks.ground import ground

    ERR.print(f"copying an open case {OPEN:,} times ...")
    first = clock.now()
    copy_case(OPEN, first)
    checkpoint()
    here = ground()
    shares = (("a minute's", timedelta(minutes=1)), ("a tenth", OPEN * APART / 10), ("all", OPEN * APART + LIMIT))
    for name, later in shares:
        at = first + later
        sheet.begin()
        plain = _timed(lambda at=at: _count(at))
        taken = _timed(lambda at=at: crossings(here, at))
        goal = {"at_most": 5.0} if name == "all" else {}
        sheet.add(f"sweep, {name} of {OPEN:,} crossed: the statement", taken, "s", **goal)
        sheet.add(f"sweep, {name} crossed: to a plain count of the same", taken / plain, "ratio")
    sheet.begin()
    began = monotonic()
    done = sweep(at=first + FOLLOWED * APART)
    sheet.add("sweep: follow-up steps through advance_many", done.told / (monotonic() - began), "1/s")


def copy_case(count: int, first: datetime) -> None:
    """`count` copies of an open case in handling, with its assignments and open stays, due from `first` on."""
    from django.db import connection

    from cityloop.core import bulk
    from cityloop.loop.cases.rows import ASSIGNMENTS, CASES, SPANS

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE places_city SET settings = settings || jsonb_build_object('escalation', %s::jsonb)", [ESCALATION]
        )
        cursor.execute("SELECT c.id FROM cases_case c WHERE c.state = 'handling' AND c.closed_at IS NULL LIMIT 1")
        (case,) = cursor.fetchone()
        (base,) = bulk.reserve("cases_case_id_seq", 1)
        cursor.execute("SELECT setval('cases_case_id_seq', %s)", [base + count])
        due = {"due_at": "%(first)s::timestamptz + n * %(apart)s", "started_at": "%(first)s::timestamptz - %(limit)s"}
        due["yellow_at"] = f"{due['due_at']} - interval '1 hour'"
        of = {"case_id": "%(base)s + n", "assignment_id": "(%(base)s + n) * 1000 + r.assignment_id %% 1000"}
        for table, told in (
            (CASES, {"id": "%(base)s + n", "number": "'copy' || n", "last_at": due["started_at"], **due}),
            (
                ASSIGNMENTS,
                {
                    "id": "(%(base)s + n) * 1000 + r.no",
                    "parent_id": "CASE WHEN r.no > 1 THEN (%(base)s + n) * 1000 + 1 END",
                    **of,
                    **due,
                },
            ),
            (SPANS, {**of, **due}),
        ):
            _copy(cursor, table, told, case=case, base=base, count=count, first=first)
        cursor.execute("ANALYZE cases_case, cases_assignment, cases_span")


def _copy(cursor: Any, table: Any, told: dict[str, str], **values: Any) -> None:
    columns = list(table.columns)
    chosen = ", ".join(told.get(name, f"r.{name}") for name in columns)
    key = "r.id" if table.name == "cases_case" else "r.case_id"
    open_only = " AND r.ended_at IS NULL" if table.name == "cases_span" else ""
    cursor.execute(
        f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {chosen} FROM {table.name} r,"
        f" generate_series(1, %(count)s) n WHERE {key} = %(case)s{open_only}",
        {**values, "apart": APART, "limit": LIMIT},
    )


def _count(at: datetime) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(PLAIN, [at])
        cursor.fetchone()


def _timed(call: Any) -> float:
    """The best of three, in seconds: the first run warms what the server keeps."""
    taken = []
    for _ in range(3):
        began = monotonic()
        call()
        taken.append(monotonic() - began)
    return min(taken)
