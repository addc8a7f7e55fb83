"""The desk with 100 000 open cases: lists, counts, what is near, one case; beside one plain SELECT of as many rows."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from bench.clients import Caller
from bench.figures import Sheet
from bench.server import served, statements_logged
from bench.town import Town, checkpoint

OPEN_CASES = 100_000
ROUNDS = 40
WARM_UP = 3
ROLES = {"leader": "shift_leader", "dispatcher": "dispatcher", "unit": "handler", "local": "collector"}
"""Who looks, and the role of the post held: over the whole city, in one small unit, in one small area."""
PLAIN = "SELECT id, number, state, opened_at, due_at FROM cases_case WHERE id >= %s ORDER BY id LIMIT 50"
LOOKS = (
    ("queue", "/api/cases?queue=mine"),
    ("newest", "/api/cases"),
    ("due", "/api/cases?sort=due"),
    ("red", "/api/cases?light=red&open=true"),
    ("category", "/api/cases?open=true&category={category}"),
    ("organisation", "/api/cases?open=true&organisation={organisation}"),
    ("area", "/api/cases?open=true&area={area}"),
    ("search", "/api/cases?open=true&q={word}"),
    ("counts", "/api/cases/counts?open=true"),
    ("counts of the queue", "/api/cases/counts?queue=mine"),
    ("near", "/api/cases/near?lon={lon}&lat={lat}&radius_m=200"),
)
"""What the desk asks for."""


def measure(town: Town, sheet: Sheet) -> None:
    """Seed the town, serve it, and let each person look at each list, one request after the other."""
    from cityloop.core import clock
    from cityloop.practice.seed import seed

    checkpoint()
    sheet.begin()
    made = seed(OPEN_CASES, at=clock.now())
    sheet.add("seed: cases per second", made.made / made.seconds, "1/s", at_least=2_000)
    examples, tokens = _examples(), _sign_ins(town)
    checkpoint()
    with served() as (url, _pid):
        sheet.begin()
        base = _plain(sheet)
        for who, token in tokens.items():
            caller = Caller(url, token)  # the server hangs up on one that waits for long
            _look(town, sheet, who, caller, examples, base)
            caller.connection.close()


def _look(town: Town, sheet: Sheet, who: str, caller: Caller, examples: dict[str, Any], base: float) -> None:
    """Everything that one person asks for."""
    looks = [
        (f"desk, {who}, {name}", _asking(caller, path, examples))
        for name, path in (*LOOKS, ("one case", f"/api/cases/{examples[who]}"))
    ]
    with statements_logged(town.server_log) as log:
        counted = [len(log(call)[0]) for _, call in looks]
    for (name, call), statements in zip(looks, counted, strict=True):
        taken = _timed(call)
        sheet.add(f"{name}: p50", taken[ROUNDS // 2], "ms")
        sheet.add(f"{name}: p95", taken[int(ROUNDS * 0.95)], "ms", at_most=300)
        sheet.add(f"{name}: SQL statements", statements, "statements", at_most=10)
        sheet.add(f"{name}: p50 to plain SELECT", taken[ROUNDS // 2] / base, "ratio")


def _asking(caller: Caller, path: str, examples: dict[str, Any]) -> Callable[[], Any]:
    return lambda: caller.ask("GET", path.format(**examples))


def _timed(call: Callable[[], Any]) -> list[float]:
    """Milliseconds, sorted."""
    taken = []
    for turn in range(WARM_UP + ROUNDS):
        began = monotonic()
        call()
        if turn >= WARM_UP:
            taken.append((monotonic() - began) * 1000)
    return sorted(taken)


def _plain(sheet: Sheet) -> float:
    """The p50 of 50 rows by primary key, without a server between."""
    from django.db import connection

    def select() -> None:
        with connection.cursor() as cursor:
            cursor.execute(PLAIN, [1])
            cursor.fetchall()

    taken = _timed(select)
    sheet.add("desk: plain SELECT of 50 rows by primary key: p50", taken[ROUNDS // 2], "ms")
    return taken[ROUNDS // 2]


def _examples() -> dict[str, Any]:
    """A category, a unit and an area with few open cases, a word of an address, a point, a case for each person."""
    from django.db import connection

    found: dict[str, Any] = {"word": "street"}
    with connection.cursor() as cursor:
        for name, source in (
            ("category", "standards_category x ON x.id = c.category_id"),
            ("area", "places_area x ON x.id = c.areas[cardinality(c.areas)]"),
            ("organisation", "cases_assignment a ON a.case_id = c.id AND a.no = 2 AND a.ended_at IS NULL"
             " JOIN accounts_organisation x ON x.id = a.acting_org_id"),
        ):  # fmt: skip
            cursor.execute(
                f"SELECT x.code, (array_agg(c.number))[1] FROM cases_case c JOIN {source} WHERE c.closed_at IS NULL"
                " GROUP BY x.code HAVING count(*) >= 20 ORDER BY count(*) LIMIT 1"
            )
            found[name], found[f"case of {name}"] = cursor.fetchone()
        cursor.execute(
            "SELECT lon, lat, number FROM cases_case WHERE closed_at IS NULL AND lon IS NOT NULL ORDER BY id DESC"
        )
        found["lon"], found["lat"], case = cursor.fetchone()
    people = {"unit": found["case of organisation"], "local": found["case of area"]}
    return found | {who: people.get(who, case) for who in ROLES}


def _sign_ins(town: Town) -> dict[str, str]:
    """By name the secret with which each signs in."""
    from cityloop.core import clock
    from cityloop.core.actor import SYSTEM
    from cityloop.ground.accounts import actions, structure
    from cityloop.ground.accounts.models import Post
    from cityloop.ground.places.city import city

    centre, now, examples = city().settings["centre"], clock.now(), _examples()
    structure.put_posts(
        [
            structure.PostData(
                f"desk-{name}",
                name,
                role,
                examples["organisation"] if name == "unit" else centre,
                f"division:{examples['area']}" if name == "local" else "",
            )
            for name, role in ROLES.items()
        ],
        actor=SYSTEM,
        begins=town.pack.file.valid_from,
    )
    tokens = {}
    for name in ROLES:
        user = actions.make_user(f"desk-{name}", actor=SYSTEM)
        actions.give_tenure(user, Post.objects.get(code=f"desk-{name}"), actor=SYSTEM, at=now)
        tokens[name] = actions.make_token(user, actor=SYSTEM, at=now)
    return tokens
