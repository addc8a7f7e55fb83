"""`cityloop due`, the real command: lines in, lines out, without a database."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from journeys.command import COMMAND, environment

from cityloop.loop.clocks.calendar import calendar
from cityloop.loop.clocks.lines import answers

WORK = [["08:00", "12:00"], ["14:00", "18:00"]]
OFFICE: dict[str, Any] = {
    "zone": "Asia/Shanghai",
    "wd_rule": "working_time",
    "known_until": "2026-12-31",
    "week": dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), WORK),
    "days": {"2026-02-14": WORK, **{f"2026-02-{day}": [] for day in range(15, 24)}},
}
START = "2026-02-13T16:20:00+08:00"


def answered(folder: Path, hours: object, given: bytes) -> "subprocess.CompletedProcess[bytes]":
    """The command in an empty folder, with a database named that nobody answers for."""
    file = folder / "calendar.json"
    file.write_text(hours if isinstance(hours, str) else json.dumps(hours), encoding="utf-8")
    done = subprocess.run(
        [COMMAND, "due", "--calendar", file, "--lang", "en"], input=given, capture_output=True, check=False,
        cwd=folder, timeout=60, env=environment(DATABASE_URL="postgresql://nobody@127.0.0.1:9/none?connect_timeout=1"),
    )  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert [path.name for path in folder.iterdir()] == ["calendar.json"]
    return done


def asked(**changes: object) -> dict[str, object]:
    return {"start": START, "value": 7, "unit": "wh", **changes}


LINES: list[tuple[object, object]] = [
    (asked(), {"due": "2026-02-14T15:20:00+08:00"}),
    (asked(start="2026-02-13T08:20:00Z"), {"due": "2026-02-14T15:20:00+08:00"}),
    (asked(value=0.1), {"due": "2026-02-13T16:26:00+08:00"}),
    (asked(value="0.1"), {"due": "2026-02-13T16:26:00+08:00"}),
    (asked(value=1e-3, unit="d"), {"due": "2026-02-13T16:21:26.400000+08:00"}),
    (asked(unit="h", note="kept out"), {"due": "2026-02-13T23:20:00+08:00"}),
    (asked(unit="wd", pauses=[["2026-02-14T00:00:00+08:00", "2026-02-14T23:00:00+08:00"]]),
     {"due": "2026-03-04T16:20:00+08:00"}),
    (asked(pauses=[[START, START]]), {"due": "2026-02-14T15:20:00+08:00"}),
    (asked(pauses=None), {"due": "2026-02-14T15:20:00+08:00"}),
    (asked(pauses=[["2026-02-14T08:00:00+08:00", None]]), {"due": None}),
    (asked(start="2026-12-31T16:20:00+08:00"), {"due": "2027-01-01T15:20:00+08:00", "provisional": True}),
    (asked(start="2026-12-31T16:20:00+08:00", unit="h"), {"due": "2026-12-31T23:20:00+08:00"}),
    (asked(start="2026-02-13T16:20:00"), {"error": "start_unreadable"}),
    (asked(start="yesterday"), {"error": "start_unreadable"}),
    (asked(start=1770970800), {"error": "start_unreadable"}),
    ({"value": 7, "unit": "wh"}, {"error": "start_unreadable"}),
    (asked(unit="w"), {"error": "unit_unknown"}),
    (asked(unit=["h"]), {"error": "unit_unknown"}),
    (asked(value=0), {"error": "limit_not_positive"}),
    (asked(value=-1.5), {"error": "limit_not_positive"}),
    (asked(value="seven"), {"error": "value_unreadable"}),
    (asked(value=True), {"error": "value_unreadable"}),
    (asked(value=None), {"error": "value_unreadable"}),
    (asked(value=[7]), {"error": "value_unreadable"}),
    (asked(value="sNaN"), {"error": "value_unreadable"}),
    (asked(value=float("nan")), {"error": "value_unreadable"}),
    (asked(value=float("inf")), {"error": "value_unreadable"}),
    (asked(value=1e300), {"error": "limit_too_long"}),
    (asked(value=10**30), {"error": "limit_too_long"}),
    (asked(value=10**7), {"error": "limit_too_long"}),
    (asked(start="0001-01-01T00:00:00+08:00"), {"error": "limit_too_long"}),
    (asked(start="9999-12-31T23:00:00-08:00", unit="d", value=1), {"error": "limit_too_long"}),
    (asked(pauses=[["2026-02-14T08:00:00+08:00", "9999-12-31T23:59:59+08:00"]]), {"error": "limit_too_long"}),
    (asked(pauses=[["2026-02-15T10:00:00+08:00", "2026-02-15T09:59:59+08:00"]]), {"error": "pause_backwards"}),
    (asked(pauses=[["2026-02-15T10:00:00", None]]), {"error": "pauses_unreadable"}),
    (asked(pauses=[[None, "2026-02-15T10:00:00+08:00"]]), {"error": "pauses_unreadable"}),
    (asked(pauses=[["2026-02-15T10:00:00+08:00"]]), {"error": "pauses_unreadable"}),
    (asked(pauses="none"), {"error": "pauses_unreadable"}),
]  # fmt: skip


def test_every_line_has_its_answer_in_its_place(tmp_path: Path) -> None:
    given = [{"id": number, **line} for number, (line, _) in enumerate(LINES) if isinstance(line, dict)]
    done = answered(tmp_path, OFFICE, "".join(json.dumps(line) + "\n" for line in given).encode())
    assert (done.returncode, done.stderr) == (0, b"")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert found == [{"id": number, **answer} for number, (_, answer) in enumerate(LINES) if isinstance(answer, dict)]
    assert done.stdout.splitlines()[0] == b'{"id":0,"due":"2026-02-14T15:20:00+08:00"}'


def test_lines_that_are_no_json_and_ids_of_every_kind(tmp_path: Path) -> None:
    ids = ["7", '"a"', "null", "1.5", "true", '{"a":[1]}', "99010020250303900001", '"\\ud800"', '"井盖"']
    given = [f'{{"id":{text},"start":"{START}","value":7,"unit":"wh"}}' for text in ids]
    broken = ["not json", "", "[1]", '{"id":1', "[" * 5000]
    lines = [*given, *broken, given[0]]
    done = answered(tmp_path, OFFICE, b"\xff\n" + "\r\n".join(lines).encode())  # and no newline at the end
    found = done.stdout.splitlines()
    assert len(found) == 1 + len(lines)
    assert {json.loads(line)["due"] for line in found[1 : len(ids) + 1]} == {"2026-02-14T15:20:00+08:00"}
    assert [json.loads(line)["id"] for line in found[1 : len(ids) + 1]] == [json.loads(text) for text in ids]
    assert [found[0], *found[len(ids) + 1 : -1]] == [b'{"id":null,"error":"line_unreadable"}'] * (1 + len(broken))
    assert json.loads(found[-1])["id"] == 7


def test_long_input_is_answered_in_order_whoever_answers_it(tmp_path: Path) -> None:
    lines = [json.dumps({"id": number, **asked(value=number % 50 + 1)}).encode() + b"\n" for number in range(25_000)]
    assert answered(tmp_path, OFFICE, b"".join(lines)).stdout == answers(lines, calendar(OFFICE))


def test_nothing_in_is_nothing_out(tmp_path: Path) -> None:
    done = answered(tmp_path, OFFICE, b"")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ('{"zone": ', "cannot be read"),
        ("[]", "a calendar is a JSON object"),
        (OFFICE | {"zone": "Asia/Nowhere"}, "no time zone Asia/Nowhere"),
        ({"zone": "Asia/Shanghai"}, "week is missing"),
        (OFFICE | {"week": {"tue": WORK}}, "mon has none"),
        (OFFICE | {"week": {}, "days": {}}, "no work time"),
        (OFFICE | {"week": {"mon": [["18:00", "08:00"]]}}, "is no work period"),
        (OFFICE | {"days": {"2026-02-30": []}}, "2026-02-30"),
        (OFFICE | {"wd_rule": "days"}, "wd_rule cannot be days"),
        (OFFICE | {"known_until": "2026"}, "2026 is neither"),
    ],
)
def test_a_calendar_that_cannot_be_used_is_refused_in_a_sentence(tmp_path: Path, hours: object, said: str) -> None:
    done = answered(tmp_path, hours, json.dumps(asked()).encode())
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


def test_a_reader_that_has_enough_is_no_failure(tmp_path: Path) -> None:
    file, lines = tmp_path / "calendar.json", tmp_path / "lines.jsonl"
    file.write_text(json.dumps(OFFICE))
    lines.write_text((json.dumps({"id": 1, **asked()}) + "\n") * 20_000)
    with lines.open("rb") as source:
        process = subprocess.Popen(
            [COMMAND, "due", "--calendar", file], stdin=source, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env=environment(),
        )  # fmt: skip
        assert process.stdout
        assert process.stderr
        process.stdout.readline()
        process.stdout.close()
        assert (process.wait(30), process.stderr.read()) == (0, b"")
        process.stderr.close()
