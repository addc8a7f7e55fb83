"""A replay killed in the middle, however it is killed, and run again leaves what an undisturbed one leaves.

The middle is not guessed: the test holds one report of the first chunk in a transaction of its own. Whoever takes
that chunk has written its cases and waits there, while the other chunk gets through.
"""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cityloop.config import embedded
from cityloop.loop.history.reading import CHUNK
from journeys.command import COMMAND, ROOT, TINY, environment, lines, run
from journeys.rows import Rows, all_rows, differences

ROWS = CHUNK + 400
HELD = 2000
"""The row, in the first of two chunks, at which a replay is stopped."""
DOING = ("continued", "seconds", "steps_taken", "steps_per_second", "peak_rss_mib")
"""What tells of one run and not of what it leaves."""


@dataclass
class Town:
    """A data folder with the tiny pack applied, a history of two chunks, and an untouched copy beside it."""

    folder: Path
    history: Path
    out: Path
    url: str

    @property
    def untouched(self) -> str:
        return self.url.replace("/cityloop?", "/untouched?")

    def replay(self) -> list[str]:
        arguments = ["replay", self.history, "--pack", TINY, "--json", self.out, "--data-dir", self.folder]
        return [str(word) for word in (COMMAND, *arguments, "--lang", "en")]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    folder = tmp_path / "data"
    history = tmp_path / "history.csv"
    history.write_text(lines(*_history()), encoding="utf-8")
    try:
        town = Town(folder, history, tmp_path / "out.json", embedded.ensure(folder).url)
        assert run("pack", "apply", TINY, "--data-dir", folder).code == 0
        with psycopg.connect(town.url.replace("/cityloop?", "/postgres?"), autocommit=True) as connection:
            connection.execute("CREATE DATABASE untouched TEMPLATE cityloop")
        yield town
    finally:
        embedded.stop(folder)


def _history() -> Iterator[tuple[str, ...]]:
    """A bit of everything: open and closed, on time and late, without place, impossible.

    Most lines are rejected: they fill the chunks and cost nothing.
    """
    yield ("number", "opened", "closed", "due", "in_time", "kind", "unit", "source", "x", "y", "district", "street",
           "words", "answer")  # fmt: skip
    for number in range(ROWS):
        day, hour, turn = 1 + number // 200, 8 + number % 9, number // 10
        closed = f"{day:02}.04.2025 {hour + turn % 5 - 1:02}:30" if turn % 3 else ""
        yield (
            f"K{number}", f"{day:02}.04.2025 {hour:02}:00", closed, f"{day:02}.04.2025 {hour + 2:02}:00",
            ("yes" if (turn % 5 < 3) != (turn % 17 == 0) else "no") if closed else "",
            ("Hole in the road", "Lamp out", "Tree down")[turn % 3] if taken(number) else "Ufo landed",
            ("ROADS", "PARKS", "SEWERS")[turn % 3 if turn % 7 else 2], "TA"[turn % 2],
            f"10.0{turn % 20:02}5" if turn % 11 else "", "50.0050" if turn % 11 else "", "WE"[turn % 2],
            f"Mill Lane {number}", "Look", "Done" if closed else "",
        )  # fmt: skip


def taken(number: int) -> bool:
    return number % 10 == 0


def cases(numbers: range) -> int:
    return sum(map(taken, numbers))


@contextmanager
def brake(url: str) -> Iterator[psycopg.Connection]:
    """Nobody gets past one report of the first chunk."""
    connection = psycopg.connect(url)
    connection.execute(
        "INSERT INTO intake_report (number, channel, outside_id, happened_at, recorded_at, datum, address, words,"
        " evidence, reporter, raw) VALUES ('brake', %s, %s, now(), now(), '', '', '', '[]', '{}', '{}')",
        [("phone", "app")[HELD // 10 % 2], f"K{HELD}"],
    )
    try:
        yield connection
    finally:
        connection.close()


def ask(url: str, query: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
        assert row is not None
        return int(row[0])


def others(url: str) -> int:
    return ask(
        url, "SELECT count(*) - 1 FROM pg_stat_activity WHERE datname = 'cityloop' AND backend_type = 'client backend'"
    )


def wait_for(condition: Callable[[], bool]) -> None:
    for _ in range(600):
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("it never came to this")


def in_the_middle(url: str) -> bool:
    """The small chunk is committed, the other one waits with its cases written."""
    waiting = ask(
        url,
        "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)"
        " WHERE NOT l.granted AND l.locktype = 'transactionid' AND a.datname = 'cityloop'",
    )
    return waiting == 1 and ask(url, "SELECT count(*) FROM cases_case") == after_a_kill()


def after_a_kill() -> int:
    return cases(range(CHUNK, ROWS))


def children(process: int) -> set[int]:
    """The processes below one, but for those of the database and the keeper of shared memory."""
    found: set[int] = set()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            if parent == process and b"spawn_main" in (stat.parent / "cmdline").read_bytes():
                found.add(int(stat.parent.name))
        except OSError:  # it ended just now
            continue
    return found


def gone(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def kill_all(town: Town, process: int) -> None:
    os.killpg(process, signal.SIGKILL)


def kill_a_worker(town: Town, process: int) -> None:
    os.kill(min(children(process)), signal.SIGKILL)


def kill_the_database(town: Town, process: int) -> None:
    os.kill(int((town.folder / "pg" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)


def kill_the_command(town: Town, process: int) -> None:
    """Its workers end by themselves: they must not go on beside the next run."""
    workers = children(process)
    assert workers
    os.kill(process, signal.SIGKILL)
    wait_for(lambda: all(gone(worker) for worker in workers))


def stopped_by(kill: Callable[[Town, int], None], town: Town) -> subprocess.CompletedProcess[str]:
    """A replay that came as far as its middle and was ended there."""
    with brake(town.url), subprocess.Popen(
        town.replay(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT, env=environment(),
        start_new_session=True,
    ) as process:  # fmt: skip
        try:
            wait_for(lambda: in_the_middle(town.url) or process.poll() is not None)
            assert process.poll() is None, process.communicate()[0]
            kill(town, process.pid)
            shown, _ = process.communicate(timeout=60)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode != 0
    assert "Traceback" not in shown, shown
    return subprocess.CompletedProcess(process.args, process.returncode, shown)


def rows(url: str) -> Rows:
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        return all_rows(cursor)


def test_killed_in_four_ways_and_run_again(town: Town) -> None:
    complete = (
        "SELECT count(*) FROM cases_case c JOIN intake_report r ON r.case_id = c.id"
        " JOIN intake_reply y ON y.report_id = r.id JOIN audit_head h ON h.stream = c.number AND h.digest = c.head"
    )
    for kill, code in (
        (kill_all, -signal.SIGKILL),
        (kill_a_worker, 2),
        (kill_the_command, -signal.SIGKILL),
        (kill_the_database, 2),
    ):
        stopped = stopped_by(kill, town)
        assert stopped.returncode == code, stopped.stdout
        embedded.ensure(town.folder)
        wait_for(lambda: others(town.url) == 0)
        assert ask(town.url, "SELECT count(*) FROM cases_case") == after_a_kill()
        assert ask(town.url, complete) == after_a_kill()
    disturbed = replayed(town)
    assert (disturbed.pop("known"), disturbed.pop("taken")) == (after_a_kill(), cases(range(CHUNK)))
    straight = replayed(town, undisturbed=True)
    assert (straight.pop("known"), straight.pop("taken")) == (0, cases(range(ROWS)))
    assert straight == disturbed
    assert straight["flags_compared"] > straight["flags_agree"] > 100
    assert differences(rows(town.untouched), rows(town.url)) == []


def replayed(town: Town, *, undisturbed: bool = False) -> dict[str, Any]:
    """What a replay to the end reports, but for what tells of that run alone."""
    command = town.replay()
    if undisturbed:
        command = [word for word in command if word not in ("--data-dir", str(town.folder))]
    subprocess.run(
        command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environment(DATABASE_URL=town.untouched) if undisturbed else environment(),
    )  # fmt: skip
    found = json.loads(town.out.read_text(encoding="utf-8"))
    assert found["rows"] == found["taken"] + found["known"] + found["rejected"] == ROWS
    assert found["audit_ok"]
    return {name: value for name, value in found.items() if name not in DOING}
