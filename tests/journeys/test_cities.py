"""Real cities, each through its pack alone: counts that add up, places that agree, flags that follow the spans."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from cityloop.ground.places.city import city
from cityloop.results.evaluation.flags import flags
from journeys.command import ROOT, inside

PACKS = ROOT / "tests" / "packs"


@pytest.fixture(autouse=True)
def _in_one_process(db: None, own_clock: None, inline: None) -> None:
    """Every city is undone with its test."""


def demo(pack: Path, out: Path, *more: object) -> dict[str, Any]:
    said = inside("demo", "--pack", pack, "--no-serve", "--json", out, *more)
    assert said.code == 0
    found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
    assert found["rows"] == found["taken"] + found["known"] + found["rejected"]
    assert (found["known"], found["cases"]) == (0, found["taken"])
    assert (found["audit_ok"], found["audit_breaches"]) == (True, [])
    return found


def count(statement: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return int(cursor.fetchone()[0])


@pytest.mark.shared
def test_new_york(shared: Path, tmp_path: Path) -> None:
    """Rows that print `NN BOROUGH` lie in that community district by their point, which is in feet."""
    found = demo(PACKS / "new_york", tmp_path / "out.json")
    assert (found["rows"], found["rejected"]) == (2386, 0)
    printed = count("SELECT count(*) FROM intake_report WHERE raw ->> 'community_board' ~ '^\\d\\d [A-Z ]+$'")
    placed = count("SELECT count(*) FROM intake_report WHERE raw ->> 'community_board' ~ '^\\d\\d [A-Z ]+$'"
                   " AND lon IS NOT NULL")  # fmt: skip
    assert found["place_compared"] == placed > 0.9 * printed
    assert found["place_agree"] >= 0.985 * found["place_compared"]
    wrong = count(
        "SELECT count(*) FROM intake_report r JOIN cases_case c ON c.id = r.case_id"
        " JOIN places_area a ON a.id = ANY(c.areas) AND a.level = 'district'"
        " WHERE r.raw ->> 'community_board' = '01 BROOKLYN' AND a.code NOT LIKE '3__'"
    )
    assert wrong == 0


@pytest.mark.shared
def test_san_francisco(shared: Path, tmp_path: Path) -> None:
    found = demo(PACKS / "san_francisco", tmp_path / "out.json", "--limit", 1500)
    assert (found["rows"], found["rejected"]) == (1500, 0)
    assert found["place_compared"] > 300
    assert found["place_agree"] >= 0.985 * found["place_compared"]
    assert count("SELECT count(DISTINCT channel) FROM cases_case") > 2


def test_flags_are_counted_over_the_spans_that_stand_in_the_database(tmp_path: Path) -> None:
    """One end moved across its due time, one span gone: each is one flag, and the audit tells both."""
    found = demo(ROOT / "packs" / "boston", tmp_path / "out.json", "--limit", 4000)
    assert (found["rows"], found["taken"]) == (4000, 4000)
    assert found["flags_compared"] == found["flags_agree"] > 2000
    assert found["open_flags_compared"] == found["open_flags_agree"] > 100
    assert 0 < found["limits_explained"] < found["limits_compared"]
    as_of = city().known_until
    assert as_of is not None
    assert count("SELECT count(*) FROM intake_report r JOIN intake_fact t ON t.report_id = r.id AND t.name = 'target'"
                 " JOIN intake_fact f ON f.report_id = r.id AND f.name = 'on_time_flag'") == (
        found["flags_compared"] + found["open_flags_compared"]
    )  # fmt: skip
    handled = "NOT main AND stage = 'handle' AND outcome = 'handled' AND ended_at IS NOT NULL AND due_at IS NOT NULL"
    for changed, late in (("due_at + interval '1 second'", "<="), ("greatest(started_at, due_at)", ">")):
        spans = f"SELECT case_id, no FROM cases_span WHERE {handled} AND ended_at {late} due_at"
        _one(as_of, f"UPDATE cases_span s SET ended_at = {changed}", spans + " AND due_at >= started_at", agree=-1)
    _one(
        as_of, "DELETE FROM cases_span s", f"SELECT case_id, no FROM cases_span WHERE {handled}", agree=-1, compared=-1
    )


def _one(as_of: datetime, statement: str, spans: str, *, agree: int, compared: int = 0) -> None:
    """Change one span, look at the flags, and undo it."""
    before = flags(as_of)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"{statement} WHERE (s.case_id, s.no) IN ({spans} ORDER BY 1, 2 LIMIT 1)")
        assert cursor.rowcount == 1
        after = flags(as_of)
        transaction.set_rollback(True)
    assert after.flags_agree - before.flags_agree == agree
    assert after.flags_compared - before.flags_compared == compared
