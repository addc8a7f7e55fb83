"""The server, its worker and its database killed at random moments, while clients work on the same few cases.

What the clients saw is then held against what was kept (`witness`), chains and seals are walked, every case must go on
to its end, and no job may be left.
"""

import http.client
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any, TypeVar
from urllib.request import urlopen

from bench.clients import PATIENCE, Caller, free_port
from bench.figures import ERR, Sheet
from bench.online import sign_ins
from bench.server import postmaster
from bench.town import Town
from bench.witness import Kept, Seen, check
from cityloop.core import clock

CLIENTS = 6
POOL = 24
"""Cases that all clients work on at once."""
APART = (0.05, 0.6)
"""Seconds between two kills, when everything runs again."""
HURRY = 0.02
DRAIN = 60.0
LINE: dict[str, tuple[str, dict[str, Any]]] = {
    "reported": ("desk", {"step": "register"}),
    "registered": ("desk", {"step": "file"}),
    "filed": ("command", {"step": "dispatch"}),
    "dispatched": ("unit", {"step": "sign_for"}),
    "handling": ("unit", {"step": "handle", "result": "done"}),
    "return_requested": ("command", {"step": "deny_return", "reason": "it is yours"}),
    "handled": ("check", {"step": "check", "verdict": "solved"}),
    "checked": ("desk", {"step": "close", "closing_kind": "solved"}),
}
"""How a case goes on from each state to its end, and who takes it there."""
ASIDE: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "registered": [("desk", {"step": "roll_back", "reason": "one desk back"})],
    "filed": [("command", {"step": "roll_back_filing", "reason": "one desk back"})],
    "dispatched": [
        ("unit", {"step": "request_return", "reason": "not_ours"}),
        ("command", {"step": "roll_back_dispatch", "reason": "by mistake"}),
    ],
    "handling": [("command", {"step": "roll_back_dispatch", "reason": "by mistake"})],
    "return_requested": [("command", {"step": "grant_return"})],
    "handled": [("check", {"step": "rework", "reason": "not done"})],
    "checked": [("desk", {"step": "roll_back_check", "reason": "look again"})],
}
"""What else may be done there; one step in four is one of these."""
ROLES = {
    "desk": ("acceptor", "shift_leader"),
    "command": ("dispatcher",),
    "unit": ("handler",),
    "check": ("collector",),
    "reader": ("evaluator",),
}


@dataclass
class Work:
    """What the clients share: the address, the secrets, the cases at hand, and what each of them has seen."""

    url: str
    tokens: dict[str, str]
    unit: str
    report: dict[str, Any]
    cases: list[str] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)


def measure(town: Town, sheet: Sheet, rounds: int) -> None:
    """Kill `rounds` times; any broken promise is a missed goal, and is named beside."""
    from django.db import connections

    unit, report = _scene()
    work = Work(f"http://127.0.0.1:{free_port()}/", sign_ins(town, ROLES), unit, report)
    sheet.begin()
    began = monotonic()
    with _processes(work.url, town) as victims:
        work.cases = [_opened(work) for _ in range(POOL)]
        clients = [threading.Thread(target=_client, args=(work, number), daemon=True) for number in range(CLIENTS)]
        for client in clients:
            client.start()
        killed = _kill(victims, rounds)
        work.over.set()
        for client in clients:
            client.join(PATIENCE)
        connections.close_all()
        stuck = _finish(work)
        jobs = _drained()
    _tell(sheet, work, killed, stuck, jobs, monotonic() - began)


def _scene() -> tuple[str, dict[str, Any]]:
    """A unit that answers for something, and a report of that."""
    from django.db import connection

    from cityloop.ground.places.city import city

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT o.code, k.code FROM registry_ledgerparty p JOIN registry_ledgerrow l ON l.id = p.row_id"
            " JOIN accounts_organisation o ON o.id = p.organisation_id"
            " JOIN standards_category k ON k.id = l.category_id"
            " WHERE p.role = 'handler' AND l.valid_to IS NULL AND k.level = 'minor' ORDER BY l.id LIMIT 1"
        )
        unit, category = cursor.fetchone()
    channel = min(city().settings["channels"])
    return unit, {"channel": channel, "category": category, "words": "reported while things break"}


def _tell(sheet: Sheet, work: Work, killed: Counter[str], stuck: list[str], jobs: int, seconds: float) -> None:
    from cityloop.loop.cases.verify import verify

    broken = check(work.seen, entries_of({call.case for call in work.seen}))
    chains = list(verify())
    for one in (*broken, *chains):
        sheet.note(str(one))
    status = Counter(call.status for call in work.seen)
    for victim, times in sorted(killed.items()):
        sheet.add(f"faults: {victim} killed", times, "times")
    sheet.add("faults: steps acknowledged", status[200], "steps")
    sheet.add(
        "faults: calls without an answer", status[0] + sum(status[code] for code in status if code >= 500), "calls"
    )
    sheet.add("faults: calls refused", sum(status[code] for code in status if 400 <= code < 500), "calls")
    sheet.add("faults: seconds in all", seconds, "s")
    sheet.add("faults: promises broken, as the clients saw it", len(broken), "faults", at_most=0)
    sheet.add("faults: chains, rows and seals broken", len(chains), "faults", at_most=0)
    sheet.add("faults: cases that could not go on", len(stuck), "cases", at_most=0)
    sheet.add("faults: jobs left", jobs, "jobs", at_most=0)


# Who works


def _client(work: Work, number: int) -> None:
    """Step after step on whichever case comes up, until it is over; what goes wrong on the way is what is looked at."""
    chance = random.Random(number)
    callers: dict[str, Caller] = {}
    count = 0
    while not work.over.is_set():
        case = chance.choice(work.cases)
        try:
            state, seq = _stands(work, callers, case)
            if state not in LINE:
                with suppress(ValueError):
                    work.cases[work.cases.index(case)] = _opened(work, callers)
                continue
            who, body = LINE[state]
            if state in ASIDE and chance.random() < 0.25:
                who, body = chance.choice(ASIDE[state])
        except (OSError, http.client.HTTPException, RuntimeError, ValueError):
            callers.clear()
            sleep(HURRY)
            continue
        count += 1
        _step(work, callers, who, case, body | {"seq": seq}, f"{number}-{count}")


def _step(work: Work, callers: dict[str, Caller], who: str, case: str, body: dict[str, Any], mark: str) -> None:
    """One step, and what was seen of it. Where words are the step's own, the mark stands in them."""
    told = (
        body
        | {"note": mark}
        | {name: mark for name in ("reason", "result") if name in body and body["step"] != "request_return"}
    )
    if body["step"] == "dispatch":
        told["organisation"] = work.unit
    sent = clock.now()
    status, answer = 0, dict[str, Any]()
    with suppress(OSError, http.client.HTTPException, ValueError):
        status, answer = _caller(work, callers, who).tell("POST", f"/api/cases/{case}/steps", told)
    if not status:
        callers.clear()
    work.seen.append(
        Seen(mark, case, body["step"], sent, clock.now(), status, answer.get("seq", 0) if status == 200 else 0)
    )


def _stands(work: Work, callers: dict[str, Caller], case: str) -> tuple[str, int]:
    found = _caller(work, callers, "reader").ask("GET", f"/api/cases/{case}")
    return found["state"], found["seq"]


def _opened(work: Work, callers: dict[str, Caller] | None = None) -> str:
    return str(
        _caller(work, {} if callers is None else callers, "desk").ask("POST", "/api/reports", work.report)["case"]
    )


def _caller(work: Work, callers: dict[str, Caller], who: str) -> Caller:
    if who not in callers:
        callers[who] = Caller(work.url, work.tokens[who])
    return callers[who]


def _finish(work: Work) -> list[str]:
    """Bring every case that was touched to its end; those that cannot be."""
    callers: dict[str, Caller] = {}
    stuck = []
    for case in sorted({call.case for call in work.seen} | set(work.cases)):
        for turn in range(len(LINE) + 1):
            state, seq = _stands(work, callers, case)
            if state not in LINE:
                break
            who, body = LINE[state]
            _step(work, callers, who, case, body | {"seq": seq}, f"end-{case}-{turn}")
        else:
            stuck.append(case)
    return stuck


# What is killed


@dataclass
class Process:
    """One of ours, that is begun again when it was killed."""

    command: list[str]
    environment: dict[str, str]
    runs: Callable[[], bool]
    child: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        self.child = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            env=self.environment, start_new_session=True,
        )  # fmt: skip
        _wait(self.runs)

    def kill(self) -> None:
        assert self.child is not None
        with suppress(ProcessLookupError):
            os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()


@contextmanager
def _processes(url: str, town: Town) -> Iterator[dict[str, Callable[[], None]]]:
    """The web server and the worker of a served city; by name, what kills each victim and brings it back."""
    from django.conf import settings

    port = url.rstrip("/").rpartition(":")[2]
    environment = os.environ | {
        "DATABASE_URL": settings.DATABASE_URL,
        "CITYLOOP_SECRET_KEY": settings.SECRET_KEY,
        "CITYLOOP_LOOPBACK": "1",
        "DJANGO_SETTINGS_MODULE": "cityloop.config.settings",
    }
    base = [sys.executable, "-m", "cityloop.config.processes"]
    web = Process([*base, "web", "127.0.0.1", port], environment, lambda: _answers(f"{url}api/health"))
    worker = Process([*base, "worker"], environment, lambda: True)
    web.begin()
    worker.begin()

    def again(process: Process) -> Callable[[], None]:
        def kill() -> None:
            process.kill()
            process.begin()

        return kill

    def database() -> None:
        """A backend is killed: the database server ends all others, and recovers from its log."""
        os.kill(random.choice(_backends()), signal.SIGKILL)
        _wait(lambda: _answers(f"{url}api/health"))

    def server() -> None:
        """The database server itself, with all that belongs to it."""
        from django.db import connections

        from cityloop.config import embedded

        main = _retried(postmaster)
        connections.close_all()
        os.kill(main, signal.SIGKILL)
        embedded.ensure(town.folder / "data")
        _wait(lambda: _answers(f"{url}api/health"))

    try:
        yield {"web server": again(web), "worker": again(worker), "a database backend": database, "database": server}
    finally:
        for process in (web, worker):
            process.kill()


def _kill(victims: dict[str, Callable[[], None]], rounds: int) -> Counter[str]:
    chance, killed = random.Random(rounds), Counter[str]()
    for round_ in range(1, rounds + 1):
        sleep(chance.uniform(*APART))
        victim = chance.choice(sorted(victims))
        victims[victim]()
        killed[victim] += 1
        if round_ % 20 == 0:
            ERR.print(f"faults: {round_} of {rounds}")
    return killed


def _backends() -> list[int]:
    main = _retried(postmaster)
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if int((folder / "stat").read_text().rpartition(")")[2].split()[1]) == main:
                title = (folder / "cmdline").read_text()
                found += [int(folder.name)] if "[local]" in title or " cityloop " in title else []
    return found or [main]


def _answers(url: str) -> bool:
    with suppress(OSError), urlopen(url, timeout=5):
        return True
    return False


def _wait(condition: Callable[[], bool]) -> None:
    until = monotonic() + PATIENCE
    while not condition():
        if monotonic() > until:
            raise RuntimeError("what was killed never came back")
        sleep(HURRY)


Found = TypeVar("Found")


def _retried(ask: Callable[[], Found]) -> Found:
    """Ask again until the database is back."""
    from django.db import DatabaseError, connections

    until = monotonic() + PATIENCE
    while True:
        try:
            return ask()
        except DatabaseError:
            connections.close_all()
            if monotonic() > until:
                raise
            sleep(HURRY)


# What was kept


def entries_of(numbers: Collection[str]) -> list[Kept]:
    """The entries of these cases, as they stand in the database."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.number, e.seq, e.step, e.note, e.at, e.recorded_at, e.from_state, e.to_state, e.changes"
            " FROM cases_entry e JOIN cases_case c ON c.id = e.case_id WHERE c.number = ANY(%s)"
            " ORDER BY c.number, e.seq",
            [sorted(numbers)],
        )
        return [Kept(*row) for row in cursor.fetchall()]


def _drained() -> int:
    """How many jobs are left when the worker has had its time."""
    until = monotonic() + DRAIN
    while (left := _retried(_jobs)) and monotonic() < until:
        sleep(1)
    return left


def _jobs() -> int:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name LIKE 'intake.%'"
        )
        return int(cursor.fetchone()[0])
