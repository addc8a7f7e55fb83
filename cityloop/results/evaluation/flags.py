"""How far our own account of the cases agrees with what the city itself said about them.

Nothing here looks at an input file: the spans are read back from the database and held against the facts that
were noted beside them.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from django.db import connection

TOLERANCE = timedelta(seconds=60)
"""Some cities cut their opening times to the minute and keep the seconds of their due dates."""


@dataclass(frozen=True, slots=True)
class Flags:
    """Reports compared and agreeing. A comparison is made where both sides are there, and only there.

    flags: closed cases, the city's flag against the end of the handling. open_flags: open cases, the city's
    flag against the light. limits: closed cases, the city's due date against the rule book and our clock.
    place: the area printed against the area located. ledger: the organisation that the history names against
    the one that the ledger says; `ledger_agree_department` counts the departments that agree.
    """

    flags_compared: int
    flags_agree: int
    open_flags_compared: int
    open_flags_agree: int
    limits_compared: int
    limits_explained: int
    place_compared: int
    place_agree: int
    ledger_compared: int
    ledger_agree: int
    ledger_agree_department: int


_NAMES = ["on_time_flag", "target", "due_by_rule", "area_printed", "organisation_missing", "organisation_unknown"]

_SAID = """
    WITH said AS (
        -- the latest fact of a name stands
        SELECT report_id, jsonb_object_agg(name, value ORDER BY id) AS f
        FROM intake_fact WHERE name = ANY(%(names)s) GROUP BY report_id
    ), handling AS (
        SELECT DISTINCT ON (case_id) case_id, due_at, ended_at, outcome
        FROM cases_span WHERE NOT main AND stage = 'handle' AND started_at <= %(at)s
        ORDER BY case_id, no DESC
    ), compared AS (
        SELECT h.due_at, h.ended_at, (f ->> 'target')::timestamptz AS target,
            f ->> 'on_time_flag' AS flag, (f ->> 'due_by_rule')::timestamptz AS by_rule,
            c.state = 'closed' AND c.closed_at <= %(at)s AND h.outcome = 'handled'
                AND h.ended_at <= %(at)s AS closed,
            coalesce(c.closed_at > %(at)s, true) AND h.case_id IS NOT NULL
                AND coalesce(h.ended_at > %(at)s, true) AS open,
            f #>> '{area_printed,code}' AS printed, f #>> '{area_printed,located}' AS located,
            f -> 'area_printed' ? 'located' AS is_located,
            NOT coalesce(f ?| '{organisation_missing,organisation_unknown}', false)
                AND first.acting_org_id IS NOT NULL AS named,
            first.acting_org_id AS acting, answers.id AS answering,
            acting.path[2] AS acting_department, answers.path[2] AS answering_department
        FROM intake_report r JOIN cases_case c ON c.id = r.case_id
        LEFT JOIN said ON said.report_id = r.id
        LEFT JOIN handling h ON h.case_id = c.id
        LEFT JOIN LATERAL (SELECT v.acting_org_id FROM cases_assignment v
            WHERE v.case_id = c.id AND v.no > 1 AND v.kind = 'main' ORDER BY v.no LIMIT 1) first ON true
        LEFT JOIN accounts_organisation acting ON acting.id = first.acting_org_id
        LEFT JOIN registry_ledgerparty party ON party.row_id = c.ledger_row_id AND party.role = 'handler'
        LEFT JOIN accounts_organisation answers ON answers.id = party.organisation_id
        WHERE c.opened_at <= %(at)s
    )
"""

_FLAGGED = "flag IN ('on_time', 'overdue') AND target IS NOT NULL AND due_at IS NOT NULL"
_LIMITED = "closed AND target IS NOT NULL"
_PLACED = "printed IS NOT NULL AND is_located"
_ANSWERED = "named"

CONDITIONS: dict[str, str] = {
    "flags_compared": f"closed AND {_FLAGGED}",
    "flags_agree": f"closed AND {_FLAGGED} AND (ended_at <= due_at) = (flag = 'on_time')",
    "open_flags_compared": f"open AND {_FLAGGED}",
    "open_flags_agree": f"open AND {_FLAGGED} AND (due_at < %(at)s) = (flag = 'overdue')",
    "limits_compared": _LIMITED,
    "limits_explained": f"{_LIMITED} AND abs(extract(epoch FROM by_rule - target)) <= %(tolerance)s",
    "place_compared": _PLACED,
    "place_agree": f"{_PLACED} AND printed = located",
    "ledger_compared": _ANSWERED,
    "ledger_agree": f"{_ANSWERED} AND acting = answering",
    "ledger_agree_department": f"{_ANSWERED} AND acting_department = answering_department",
}


def flags(at: datetime) -> Flags:
    """All comparisons as of `at`, in one statement."""
    names = [field.name for field in fields(Flags)]
    counts = ", ".join(f"count(*) FILTER (WHERE {CONDITIONS[name]})" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(
            f"{_SAID} SELECT {counts} FROM compared",
            {"at": at, "names": _NAMES, "tolerance": TOLERANCE.total_seconds()},
        )
        return Flags(*cursor.fetchone())
