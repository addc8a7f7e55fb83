"""The real server as a child of ours, what it costs, and what PostgreSQL sees of it."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep
from typing import Any

PATIENCE = 30.0
TICKS = os.sysconf("SC_CLK_TCK")


@contextmanager
def served() -> Iterator[tuple[str, int]]:
    """`cityloop serve` on the database of this session: its address and its process id."""
    command = [sys.executable, "-m", "cityloop.cli", "serve", "--port", "0", "--lang", "en"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONUNBUFFERED": "1"}
    ) as process:
        try:
            yield _address(process), process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None  # it is a pipe
    for line in process.stdout:
        if found := re.search(r"http://[^/]+/", line):
            return found[0]
    raise RuntimeError("the server ended before it answered")


def cpu_seconds(root: int) -> float:
    """What a process, all below it, and children of theirs that have ended, have used of the CPUs so far."""
    parents, used = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # gone meanwhile
            continue
        parents[int(folder.name)] = int(fields[1])
        used[int(folder.name)] = sum(map(int, fields[11:15])) / TICKS
    family = {root}
    while more := {pid for pid, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(used.get(pid, 0.0) for pid in family)


def postmaster() -> int:
    """The process id of the database server of this session."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    return int(Path(f"/proc/{backend}/stat").read_text().rpartition(")")[2].split()[1])


_LINE = re.compile(r"\[(\d+)\] LOG:  (?:statement|execute [^:]*): ?(.*)")
_CONTROL = re.compile(r"(BEGIN|COMMIT|ROLLBACK|SAVEPOINT|RELEASE)\b|$", re.IGNORECASE)
"""Transaction control, and the empty statement with which the pool tries a connection."""
_SIGN_IN = "accounts_token"


@contextmanager
def statements_logged(log: Path) -> Iterator[Callable[[Callable[[], Any]], tuple[list[str], Any]]]:
    """Let PostgreSQL log every statement; gives what tells the statements of one call, and its result.

    Only statements of the connection on which somebody signed in count: the jobs worker works meanwhile.
    """
    _set({"log_statement": "'all'", "log_line_prefix": "'[%p] '"})

    def count(call: Callable[[], Any]) -> tuple[list[str], Any]:
        before = log.stat().st_size
        result = call()
        with log.open("rb") as file:
            file.seek(before)
            seen = _read(file.read().decode(errors="replace"))
        signed_in = {pid for pid, text in seen if _SIGN_IN in text}
        return [text for pid, text in seen if pid in signed_in and not _CONTROL.match(text)], result

    try:
        yield count
    finally:
        _set({"log_statement": "", "log_line_prefix": ""})


def _read(text: str) -> list[tuple[int, str]]:
    """Process id and text of each statement; continued lines begin with a tab."""
    seen: list[tuple[int, str]] = []
    for line in text.splitlines():
        if found := _LINE.match(line):
            seen.append((int(found[1]), found[2].strip()))
        elif line.startswith("\t") and seen:
            pid, before = seen[-1]
            seen[-1] = pid, f"{before} {line.strip()}".strip()
    return seen


def _set(settings: dict[str, str]) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        for name, value in settings.items():
            cursor.execute(f"ALTER SYSTEM SET {name} = {value}" if value else f"ALTER SYSTEM RESET {name}")
        cursor.execute("SELECT pg_reload_conf()")
    sleep(0.5)  # until the idle backends have read it
