"""Many questions at once are answered as each one alone."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as some

from cityloop.core.hours import read_hours, spans
from cityloop.ground.registry.answering import FINDINGS, Sheets
from cityloop.ground.registry.ledger import Duty, Ledger, Party, Question

ZONE = ZoneInfo("Asia/Shanghai")
PATHS = ((1,), (1, 2), (1, 2, 3), (1, 2, 4), (1, 5))
HOURS = [spans(read_hours(text)) for text in ("", "mon-fri 08:00-18:00", "sat,sun 00:00-24:00; wed 20:00-24:00")]
FIRST = date(2026, 3, 1)
days = some.integers(0, 9).map(lambda number: FIRST + timedelta(days=number))
parties = some.builds(
    Party, some.sampled_from(["handler", "lead", "contractor", "assist"]), some.integers(1, 3), some.just(""),
    some.none() | days,
)  # fmt: skip


def rarely(*values: Any) -> Any:
    """A scope that is mostly open."""
    return some.sampled_from([None if isinstance(values[0], int) else ""] * 4 + list(values))


@some.composite
def ledgers(draw: Any) -> Ledger:
    found = []
    for number in range(1, draw(some.integers(0, 12)) + 1):
        begins, lasts = draw(days), draw(some.none() | some.integers(1, 9))
        found.append(
            Duty(
                number, f"L{number}", draw(some.sampled_from(["owner", "contract", "line", "line", "territory"])),
                draw(rarely(10, 11, 12)), draw(rarely("broken")), draw(rarely(1, 2, 3, 5)), draw(rarely("core")),
                draw(rarely(7, 8)), draw(rarely("R1")), draw(some.sampled_from([None, None, None, b"drawn"])),
                draw(rarely("S1")), draw(rarely("vacated")), draw(rarely("on", "under")),
                draw(some.sampled_from(HOURS)), "", begins,
                begins + timedelta(days=lasts) if lasts else None,
                tuple(draw(some.lists(parties, min_size=1, max_size=3))),
            )
        )  # fmt: skip
    return Ledger(found)


questions = some.builds(
    Question,
    some.sampled_from([(11, 10), (12, 10), (13, None), (10,), ()]),
    some.sampled_from(PATHS),
    some.integers(0, 9 * 24 * 60).map(lambda minute: datetime(2026, 3, 1, tzinfo=ZONE) + timedelta(minutes=minute)),
    some.sampled_from(["", "broken"]), some.sampled_from(["", "core"]), some.sampled_from([None, 7, 8, 9]),
    some.sampled_from(["", "R1", "R2"]), some.frozensets(some.integers(1, 12), max_size=6),
    some.sampled_from(["", "S1"]), some.sampled_from(["", "vacated", "main"]), some.sampled_from(["on", "under"]),
)  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(ledgers(), some.lists(questions, max_size=25))
def test_many_at_once_are_answered_as_one_alone(ledger: Ledger, asked: list[Question]) -> None:
    found = Sheets(ledger).answers(asked)
    for question, finding, duty, handler in zip(asked, *found, strict=True):
        alone = ledger.who_answers_for(question)
        assert (FINDINGS[finding], duty, handler) == (
            alone.finding, alone.duties[0].id if alone.duties else 0, alone.handler or 0
        )  # fmt: skip
