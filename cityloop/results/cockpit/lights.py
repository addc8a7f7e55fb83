"""The light of an open case, where many are counted: `clocks.due.light` in SQL."""

LIGHT = (
    "CASE WHEN c.due_at IS NULL THEN 'none' WHEN c.due_at < %s THEN 'red'"
    " WHEN c.yellow_at <= %s THEN 'yellow' ELSE 'green' END"
)
"""Of a row `c` of cases_case without a `closed_at`; takes the instant twice."""
OPEN = "c.closed_at IS NULL"
