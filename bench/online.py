"""Reports and steps through the real API by eight clients, beside raw transactions on the same database server."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import clients
from bench.clients import CLIENTS, Caller, Load
from bench.figures import Sheet
from bench.server import cpu_seconds, postmaster, served, statements_logged
from bench.town import Town, checkpoint

EXAMPLES = 400
PAGES = 40
ROLES = {"desk": ("acceptor", "shift_leader"), "unit": ("handler",), "reader": ("evaluator",)}
"""Who signs in, and the roles of the posts held."""
MAIN_LINE = (
    ("unit", {"step": "sign_for"}),
    ("unit", {"step": "handle", "result": "done"}),
    ("desk", {"step": "check", "verdict": "solved"}),
    ("desk", {"step": "close", "closing_kind": "solved"}),
)

RAW = (
    "INSERT INTO raw.report (number, channel, outside_id, happened_at, recorded_at, lon, lat, datum, address, words,"
    " evidence, reporter, raw, case_id) VALUES (nextval('raw.serial')::text, %s, nextval('raw.serial')::text, now(),"
    " now(), %s, %s, 'WGS84', '', %s, '[]', '{}', %s::jsonb, NULL)",
    "INSERT INTO raw.entry (case_id, seq, step, at, recorded_at, from_state, to_state, actor, post, inferred, note,"
    " evidence, changes, digest, algo) VALUES (nextval('raw.serial'), 1, 'report', now(), now(), '', 'reported', %s,"
    " 'bench', false, '', '[]', %s, %s, 1)",
)
"""Two inserts with the shape, the indexes and the size of real rows."""


@dataclass(frozen=True)
class Scene:
    """What the measures need: the server's address and process ids, a secret by name, bodies of reports."""

    url: str
    server: int
    postmaster: int
    tokens: dict[str, str]
    examples: list[dict[str, Any]]


def measure(town: Town, sheet: Sheet, seconds: float) -> None:
    """Serve the town and let eight clients work on it, `seconds` for each kind of work."""
    tokens = sign_ins(town)
    with served() as (url, pid):
        scene = Scene(url, pid, postmaster(), tokens, _examples())
        made = _reports(scene, sheet, seconds)
        _steps(scene, sheet, seconds, made)
        _pages(scene, sheet, min(seconds, 5.0))
        _raw(scene, sheet, seconds)
        _compare(sheet)
        _statements(town, scene, sheet)


def sign_ins(town: Town, people: Mapping[str, Sequence[str]] = ROLES) -> dict[str, str]:
    """People of the benchmark with posts at the centre (`people`: the roles of each), by name the secret with which
    each signs in."""
    from cityloop.core import clock
    from cityloop.core.actor import SYSTEM
    from cityloop.ground.accounts import actions, structure
    from cityloop.ground.accounts.models import Post
    from cityloop.ground.places.city import city

    centre, now = city().settings["centre"], clock.now()
    roles = [role for held in people.values() for role in held]
    structure.put_posts(
        [structure.PostData(f"bench-{role}", role, role, centre, "") for role in roles],
        actor=SYSTEM,
        begins=town.pack.file.valid_from,
    )
    tokens = {}
    for name, held in people.items():
        user = actions.make_user(f"bench-{name}", actor=SYSTEM)
        for role in held:
            actions.give_tenure(user, Post.objects.get(code=f"bench-{role}"), actor=SYSTEM, at=now)
        tokens[name] = actions.make_token(user, actor=SYSTEM, at=now)
    return tokens


def _examples() -> list[dict[str, Any]]:
    """Reports like those of the history, spread over the year, of categories for which somebody answers."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT k.code, c.channel, c.lon, c.lat, r.words FROM cases_case c"
            " JOIN standards_category k ON k.id = c.category_id JOIN intake_report r ON r.case_id = c.id"
            " WHERE c.lon IS NOT NULL AND c.ledger_row_id IS NOT NULL ORDER BY md5(c.number) LIMIT %s",
            [EXAMPLES],
        )
        rows = cursor.fetchall()
    names = ("category", "channel", "lon", "lat", "words")
    return [dict(zip(names, row, strict=True)) for row in rows]


def _reports(scene: Scene, sheet: Sheet, seconds: float) -> list[list[str]]:
    """Report after report; the numbers of the cases that opened, by client."""
    arguments = [(scene.url, scene.tokens["desk"], scene.examples, seed) for seed in range(CLIENTS)]
    load = _driven(scene, sheet, "report", clients.reporting, arguments, seconds)
    return [[number for number in numbers if number] for numbers in load.results]


def _steps(scene: Scene, sheet: Sheet, seconds: float, made: list[list[str]]) -> None:
    arguments = [(scene.url, scene.tokens["unit"], "sign_for", numbers) for numbers in made]
    _driven(scene, sheet, "step", clients.stepping, arguments, seconds)


def _pages(scene: Scene, sheet: Sheet, seconds: float) -> None:
    arguments = [(scene.url, scene.tokens["reader"], _page_starts(), seed) for seed in range(CLIENTS)]
    _driven(scene, sheet, "page of 50", clients.paging, arguments, seconds)


def _page_starts() -> list[str]:
    """Where pages begin, from the newest case to the oldest."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT opened_at, id FROM cases_case ORDER BY md5(number) LIMIT %s",
            [PAGES],
        )
        return ["", *(f"{at:%Y-%m-%dT%H:%M:%S.%fZ}_{id_}" for at, id_ in cursor.fetchall())]


def _driven(
    scene: Scene, sheet: Sheet, name: str, maker: clients.Maker, arguments: list[tuple[Any, ...]], seconds: float
) -> Load:
    """Drive the server; what it and the database cost is counted from when all clients are warm."""
    checkpoint()
    sheet.begin()
    before: list[float] = []
    load = clients.run(maker, arguments, seconds, lambda: before.extend(_used(scene)))
    server, database = (now - then for now, then in zip(_used(scene), before, strict=True))
    calls = len(load.taken)
    sheet.add(f"{name}: requests per second", load.rate, "1/s")
    sheet.add(f"{name}: p50", load.percentile(0.5), "ms")
    sheet.add(f"{name}: p95", load.percentile(0.95), "ms")
    sheet.add(f"{name}: CPU of the server per request", server / calls * 1000, "ms")
    sheet.add(f"{name}: CPU of the database per request", database / calls * 1000, "ms")
    return load


def _used(scene: Scene) -> tuple[float, float]:
    """CPU seconds so far of the server's processes and of the database's."""
    return cpu_seconds(scene.server), cpu_seconds(scene.postmaster)


def _raw(scene: Scene, sheet: Sheet, seconds: float) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE SCHEMA raw; CREATE SEQUENCE raw.serial; CREATE TABLE raw.report (LIKE intake_report INCLUDING ALL);"
            "CREATE TABLE raw.entry (LIKE cases_entry INCLUDING ALL)"
        )
        cursor.execute(
            "SELECT r.channel, r.lon, r.lat, r.words, r.raw::text, e.actor, e.changes, e.digest FROM intake_report r"
            " JOIN cases_entry e ON e.case_id = r.case_id AND e.seq = 1 ORDER BY r.id DESC LIMIT 1"
        )
        row = cursor.fetchone()
    rows = [tuple(row[:5]), (row[5], row[6], bytes(row[7]))]
    checkpoint()
    sheet.begin()
    load = clients.run(clients.inserting, [(os.environ["DATABASE_URL"], list(RAW), rows)] * CLIENTS, seconds)
    sheet.add("raw: transactions of two inserts per second", load.rate, "1/s")
    sheet.add("raw: p50", load.percentile(0.5), "ms")
    sheet.add("raw: p95", load.percentile(0.95), "ms")
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA raw CASCADE")


def _compare(sheet: Sheet) -> None:
    found = {figure.name: figure.value for figure in sheet.figures}
    for name in ("report", "step"):
        ratio = found[f"{name}: requests per second"] / found["raw: transactions of two inserts per second"]
        sheet.add(f"{name} to raw", ratio, "ratio of rates", at_least=0.5)


def _statements(town: Town, scene: Scene, sheet: Sheet) -> None:
    """The most statements that one request took, as PostgreSQL logged them: sign-in included."""
    callers = {name: Caller(scene.url, token) for name, token in scene.tokens.items()}
    sheet.begin()
    with statements_logged(town.server_log) as log:

        def count(who: str, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
            seen, answer = log(lambda: callers[who].ask(method, path, body))
            if not seen:
                raise RuntimeError(f"the server's log shows no statement of {method} {path}")
            return len(seen), answer

        nowhere = [{"category": body["category"], "channel": body["channel"]} for body in scene.examples[:5]]
        reports = [count("desk", "POST", "/api/reports", body) for body in scene.examples[:20] + nowhere]
        numbers = [answer["case"] for _, answer in reports[:5]]
        paths = [f"/api/cases/{number}/steps" for number in numbers if number]
        steps = [count(who, "POST", path, body) for path in paths for who, body in MAIN_LINE]
        starts = _page_starts()[:10]
        pages = [count(who, "GET", f"/api/cases?before={start}") for who in ("reader", "unit") for start in starts]
    for caller in callers.values():
        caller.connection.close()
    for name, found, goal in (("report", reports, 12), ("step", steps, 10), ("page of 50", pages, 6)):
        sheet.add(f"{name}: SQL statements", max(seen for seen, _ in found), "statements", at_most=goal)
