"""One case whole, for a person: every name and title in the language spoken, in a constant number of statements."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson
from django.db import connection

from cityloop.core import texts
from cityloop.core.actor import Actor
from cityloop.core.texts import N_, _
from cityloop.ground.accounts.roles import ROLES
from cityloop.ground.registry.words import ROLE_TITLES, TIER_TITLES
from cityloop.loop.cases.catalogue import channels
from cityloop.loop.cases.countdown import countdown, of_case, of_stage
from cityloop.loop.cases.duties import Task
from cityloop.loop.cases.forbids import Standing
from cityloop.loop.cases.lifecycle import (
    CHOICES,
    DELIVERIES,
    DUTIES,
    FACT_KINDS,
    FACTS,
    HOLD_KINDS,
    LINKS,
    REPORTS_IN,
    RETURN_PROOFS,
    STAGES,
    STATES,
    STEPS,
    UNIT_STAGES,
)
from cityloop.loop.cases.lifecycle import VERDICTS as CHECKED
from cityloop.loop.cases.queries import HOLD, visible_to
from cityloop.loop.cases.rows import number_of
from cityloop.loop.cases.step import StepChoice, steps_of
from cityloop.loop.clocks.deadlines import Clock
from cityloop.loop.clocks.due import light
from cityloop.loop.clocks.ground import Ground
from cityloop.loop.clocks.policy import Scenario
from cityloop.loop.evidence.actions import photo_ids

ACTORS = {"system": N_("the system"), "history": N_("imported history"), "public": N_("a citizen")}
RATED = "rating"
HIDDEN_FROM_UNITS = frozenset({"collector"})
"""Roles whose holders are not named to those whose work they check."""
VERDICTS = {
    "returned": N_("returned"),
    "called_back": N_("called back"),
    "accepted": N_("accepted"),
    "answered": N_("answered"),
    **STATES,
}
"""How an assignment ended."""

_CASE = """
SELECT c.*, k.code AS category, coalesce(k.names ->> %(language)s, k.name) AS category_name, g.code AS grid,
    l.code AS ledger_code, l.tier AS ledger_tier, l.basis AS ledger_basis, l.duty AS ledger_duty,
    (SELECT json_agg(json_build_object('role', p.role, 'organisation', o.code,
            'organisation_name', coalesce(o.names ->> %(language)s, o.name)) ORDER BY p.id)
        FROM registry_ledgerparty p JOIN accounts_organisation o ON o.id = p.organisation_id
        WHERE p.row_id = c.ledger_row_id) AS parties,
    (SELECT json_agg(json_build_object('level', r.level, 'code', r.code,
            'name', coalesce(r.names ->> %(language)s, r.name)) ORDER BY cardinality(r.path))
        FROM places_area r WHERE r.id = ANY(c.areas)) AS places,
    (SELECT json_build_object('category', rk.code, 'edition', e.code,
            'filing_condition', coalesce(r.translations -> %(language)s ->> 'filing_condition', r.filing_condition),
            'closing_condition', coalesce(r.translations -> %(language)s ->> 'closing_condition',
                r.closing_condition), 'law_clause', r.law_clause, 'closing_kinds', r.closing_kinds,
            'situation', r.situation, 'situation_name', coalesce(r.situation_names ->> %(language)s, r.situation),
            'urgent', r.urgent, 'check_mode', r.check_mode, 'check_window', r.check_window, 'photos', r.photos,
            'situations', (SELECT coalesce(json_agg(json_build_object('value', s.situation,
                'title', coalesce(s.situation_names ->> %(language)s, s.situation)) ORDER BY s.id), '[]')
                FROM standards_rule s WHERE s.edition_id = r.edition_id AND s.category_id = r.category_id
                AND s.situation <> ''),
            'limits', coalesce((SELECT json_agg(json_build_object('stage', m.stage, 'part', m.part,
                'value', m.value, 'unit', m.unit, 'calendar', m.calendar, 'area_class', m.area_class,
                'season', m.season) ORDER BY m.stage, m.position, m.area_class, m.season)
                FROM standards_limit m WHERE m.rule_id = r.id), '[]'))
        FROM standards_rule r JOIN standards_edition e ON e.id = r.edition_id
        JOIN standards_category rk ON rk.id = r.category_id WHERE r.id = c.rule_id) AS rule
FROM cases_case c JOIN standards_category k ON k.id = c.category_id
LEFT JOIN places_unitgrid g ON g.id = c.grid_id LEFT JOIN registry_ledgerrow l ON l.id = c.ledger_row_id
WHERE c.id = %(case)s
"""
_ASSIGNMENTS = """
SELECT r.*, o.code AS organisation, coalesce(o.names ->> %(language)s, o.name) AS organisation_name, o.path,
    b.code AS responsible, coalesce(b.names ->> %(language)s, b.name) AS responsible_name
FROM cases_assignment r JOIN accounts_organisation o ON o.id = r.acting_org_id
JOIN accounts_organisation b ON b.id = r.responsible_org_id
WHERE r.case_id = %(case)s ORDER BY r.no
"""
_SPANS = """
SELECT r.*, o.code AS organisation, coalesce(o.names ->> %(language)s, o.name) AS organisation_name
FROM cases_span r JOIN accounts_organisation o ON o.id = r.organisation_id
WHERE r.case_id = %(case)s ORDER BY r.started_at, r.no
"""
_LINKS = """
SELECT t.kind, t.case_id = %s AS own, t.made_at, c.number, c.state, c.address,
    coalesce(k.names ->> %s, k.name) AS category_name
FROM cases_link t JOIN cases_case c ON c.id = CASE WHEN t.case_id = %s THEN t.other_id ELSE t.case_id END
JOIN standards_category k ON k.id = c.category_id
WHERE (t.case_id = %s OR t.other_id = %s) AND t.ended_at IS NULL AND {visible} ORDER BY t.made_at, c.number
"""
_HOLDS = f"""
SELECT h.*, {HOLD.replace("%s", "%(at)s")} AS stands FROM cases_hold h WHERE h.case_id = %(case)s ORDER BY h.no
"""
_ENTRIES = """
SELECT e.seq, e.step, e.at, e.recorded_at, e.from_state, e.to_state, e.actor, e.post, e.inferred, e.note,
    e.evidence::json, (SELECT c.value -> 2 FROM json_array_elements(e.changes::json) c
        WHERE c.value ->> 0 = 'told') AS told,
    coalesce(nullif(u.first_name, ''), u.username) AS user_name, p.name AS post_name, p.role
FROM cases_entry e
LEFT JOIN accounts_user u ON u.id = CASE WHEN e.actor ~ '^user:[0-9]{1,18}$' THEN substr(e.actor, 6)::int8 END
LEFT JOIN accounts_post p ON p.code = e.post
WHERE e.case_id = %(case)s ORDER BY e.seq
"""


def whole(case_id: int, actor: Actor, ground: Ground, at: datetime) -> dict[str, Any]:
    """A case that `actor` may see, as it stands at `at`, with every step that begins there; six statements."""
    asked = {"case": case_id, "language": texts.spoken(), "at": at}
    (case,), assignments, spans, entries, holds = (
        _rows(sql, asked) for sql in (_CASE, _ASSIGNMENTS, _SPANS, _ENTRIES, _HOLDS)
    )
    links = _links(case_id, actor)
    here = _standing(case, assignments, spans, holds)._replace(linked=any(_own_tie(link) for link in links))
    limit = of_case(ground.clock, case["rule_id"], case["areas"], case["opened_at"])
    return case | {
        "at": at,
        "light": light(at=at, yellow_at=case["yellow_at"], due_at=case["due_at"], ended_at=case["closed_at"]),
        "countdown": countdown(case["due_at"], limit, ground.clock, at) if case["closed_at"] is None else None,
        "stage_countdown": _of_stay(case, spans, ground.clock, at),
        "state_title": _(STATES[case["state"]]),
        "channel_name": channels(ground.city, texts.spoken()).get(case["channel"], case["channel"]),
        "places": case["places"] or [],
        "ledger": _ledger(case),
        "rule": _rule(case["rule"]),
        "assignments": [_assignment(row) for row in assignments],
        "holds": [_asked(row) for row in holds],
        "links": links,
        "verdict_title": _title(CHECKED, case["verdict"]),
        "spans": [_span(row, at) for row in spans],
        "entries": [_entry(row, hide=assessed(actor)) for row in entries],
        "steps": [
            _choice(choice, here.task(choice.duty), case["rule"], ground.clock.policy.scenarios)
            for choice in steps_of(here, actor, at, ground.clock)
        ],
    }


def _of_stay(case: Mapping[str, Any], spans: list[dict[str, Any]], clock: Clock, at: datetime) -> dict[str, Any] | None:
    """How much is left of the stay that is open, at the unit if it is with one."""
    own = (span for span in spans if span["ended_at"] is None and not span["stage"].startswith("duty"))
    stays = sorted(own, key=lambda span: span["main"])
    if not stays:
        return None
    stay = stays[0]
    limit = of_stage(clock, stay["stage"], stay["part"], case["rule_id"], case["areas"], stay["started_at"])
    return countdown(stay["due_at"], limit, clock, at)


def _links(case_id: int, actor: Actor) -> list[dict[str, Any]]:
    """The ties to and from other cases that `actor` may see."""
    visible, values = visible_to(actor)
    asked = [case_id, texts.spoken(), case_id, case_id, case_id, *values]
    return [
        row | {"kind_title": _(LINKS[row["kind"]]), "state_title": _(STATES[row["state"]])}
        for row in _rows(_LINKS.format(visible=visible), asked)
    ]


def _own_tie(link: Mapping[str, Any]) -> bool:
    return bool(link["own"]) and link["kind"] != "duplicate_of"


def _rows(sql: str, values: Mapping[str, Any] | Sequence[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _standing(
    case: Mapping[str, Any],
    assignments: list[dict[str, Any]],
    spans: list[dict[str, Any]],
    holds: list[dict[str, Any]],
) -> Standing:
    last = next((row for row in assignments if row["no"] == case["unit_no"]), assignments[0])
    parts, hold = orjson.loads(last["parts"]), holds[-1] if holds else None
    stays = [span for span in spans if span["stage"] in UNIT_STAGES]
    return Standing(
        case["state"],
        tuple(case["areas"]),
        tuple(last["path"]) if last["no"] > 1 else (last["acting_org_id"],),
        ruled=last["ruled"],
        rule=case["rule_id"],
        hold=hold["stands"] if hold else "",
        turn=_turn(hold) if hold else "",
        part=next((span["part"] for span in stays if span["ended_at"] is None), ""),
        last_part=parts[-1][0] if parts else "",
        verdict=case["verdict"],
        dispatched_at=last["started_at"] if last["no"] > 1 else None,
        closed_at=case["closed_at"],
        filed_by=next((span["person"] for span in reversed(spans) if span["main"] and span["outcome"] == "filed"), ""),
        handled_by=frozenset(
            span["person"] for span in stays if span["stage"] == "handle" and span["outcome"] in ("handled", "handling")
        ),
        delivery=last["delivery"],
        tasks=tuple(_tasks(assignments, spans)),
    )


def _tasks(assignments: list[dict[str, Any]], spans: list[dict[str, Any]]) -> Iterator[Task]:
    """The duties that are open."""
    stages = {span["assignment_id"]: span["stage"] for span in spans if span["ended_at"] is None}
    paths = {row["id"]: tuple(row["path"]) for row in assignments}
    for row in assignments:
        if row["kind"] != "main" and row["ended_at"] is None:
            above = row["parent_id"]
            yield Task(
                row["no"],
                row["kind"],
                stages[row["id"]],
                paths[row["id"]],
                paths[above],
                row["delivery"],
                number_of(above),
            )


def _turn(hold: Mapping[str, Any]) -> str:
    chain = orjson.loads(hold["chain"])
    return chain[hold["approved"]] if hold["approved"] < len(chain) else ""


def _asked(row: dict[str, Any]) -> dict[str, Any]:
    """A request, with who has approved it and who has to."""
    chain = approvers(orjson.loads(row["chain"]), row["approved"])
    return row | {"kind_title": _(HOLD_KINDS[row["kind"]]), "chain": chain}


def approvers(chain: Sequence[str], approved: int) -> list[dict[str, Any]]:
    """The roles that have to approve a request, in order, and which have."""
    return [
        {"role": role, "title": _(ROLES[role].title) if role in ROLES else role, "approved": i < approved}
        for i, role in enumerate(chain)
    ]


def _assignment(row: dict[str, Any]) -> dict[str, Any]:
    parts = [{"name": name, "due_at": due, "yellow_at": soon} for name, due, soon in orjson.loads(row["parts"])]
    return row | {
        "verdict_title": _title(VERDICTS, row["verdict"]),
        "parts": parts,
        "kind_title": _title(DUTIES, row["kind"]) if row["kind"] != "main" else "",
        "above": number_of(row["parent_id"]),
        "delivery_title": _(DELIVERIES[row["delivery"]]),
    }


def _ledger(case: Mapping[str, Any]) -> dict[str, Any] | None:
    if case["ledger_code"] is None:
        return None
    parties = [party | {"role_title": _(ROLE_TITLES[party["role"]])} for party in case["parties"] or ()]
    named = {name: case[f"ledger_{name}"] for name in ("code", "tier", "basis", "duty")}
    return named | {"tier_title": _(TIER_TITLES[case["ledger_tier"]]), "parties": parties}


def _rule(rule: dict[str, Any] | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    general = [limit for limit in rule["limits"] if not limit["area_class"] and not limit["season"]]
    handling: dict[str, Any] = next((limit for limit in general if limit["stage"] == "handle"), {})
    return rule | {name: handling.get(name) for name in ("value", "unit", "calendar")}


def _span(row: dict[str, Any], at: datetime) -> dict[str, Any]:
    return row | {
        "assignment": number_of(row["assignment_id"]),
        "light": light(at=at, yellow_at=row["yellow_at"], due_at=row["due_at"], ended_at=row["ended_at"]),
        "stage_title": _(STAGES[row["stage"]]),
        "outcome_title": _title(STATES, row["outcome"]),
    }


def _title(titles: Mapping[str, str], code: str) -> str:
    return _(titles[code]) if code in titles else code


def assessed(actor: Actor) -> bool:
    """Whether somebody reads cases as a unit only, which is what collectors check."""
    reading = [post for post in actor.posts if "cases.read" in post.permissions]
    return bool(reading) and all(post.handles for post in reading)


def _entry(row: dict[str, Any], *, hide: bool) -> dict[str, Any]:
    row = named(row, hide=hide)
    return row | {
        "title": _(STEPS[row["step"]].title),
        "evidence": photo_ids(row["evidence"]),
        "told": [told_fact(row["step"], fact, word) for fact, word in (row["told"] or {}).items()],
    }


def named(row: dict[str, Any], *, hide: bool) -> dict[str, Any]:
    """A row with `actor`, `user_name`, `post`, `post_name` and `role`, and what its person is called to the reader."""
    if hide and row["role"] in HIDDEN_FROM_UNITS:
        role = _(ROLES[row["role"]].title)
        row = row | {"actor": "", "user_name": role, "post": "", "post_name": role}
    return row | {
        "actor_name": row["user_name"] or _(ACTORS.get(row["actor"], row["actor"])),
        "post_name": row["post_name"] or row["post"],
    }


def told_fact(step: str, fact: str, word: str) -> dict[str, str]:
    titles = CHOICES.get(step, {}).get(fact, {})
    return {"fact": fact, "title": _(FACTS[fact]), "value": word, "value_title": _title(titles, word)}


def _choice(
    choice: StepChoice, task: Task | None, rule: Mapping[str, Any] | None, scenarios: Mapping[str, Scenario]
) -> dict[str, Any]:
    name, why, duty = choice
    rated = RATED if task and task.kind == REPORTS_IN else ""
    return {
        "name": name,
        "duty": duty,
        "title": _(STEPS[name].title),
        "allowed": why is None,
        "why": None if why is None else str(why),
        "needs": [
            need | {"required": fact in STEPS[name].needs or fact == rated}
            for fact in (*STEPS[name].needs, *STEPS[name].wants)
            if fact in FACT_KINDS and (fact != RATED or rated)
            for need in (_needs(name, fact, rule) if fact != "scenario" else _scenarios(scenarios))
        ],
    }


def _needs(step: str, fact: str, rule: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """What a person must add. The rule is the case's own; where its category has situations, one of them is chosen."""
    if fact != "rule":
        return [_need(step, fact, rule)]
    if rule is None or not rule["situations"]:
        return []
    need = {"fact": "situation", "title": _(FACTS["situation"]), "kind": "choice"}
    return [need | {"choices": [choice | {"proof": None} for choice in rule["situations"]]}]


def _scenarios(known: Mapping[str, Scenario]) -> list[dict[str, Any]]:
    """Which scenario is set up, of those that the city has."""
    language = texts.spoken()
    choices = [
        {"value": code, "title": scenario.names.get(language, scenario.name), "proof": None}
        for code, scenario in known.items()
    ]
    return [{"fact": "scenario", "title": _(FACTS["scenario"]), "kind": FACT_KINDS["scenario"], "choices": choices}]


def _need(step: str, fact: str, rule: Mapping[str, Any] | None) -> dict[str, Any]:
    """A fact as a form asks for it; the rule says as what a case may be closed."""
    words = CHOICES.get(step, {}).get(fact)
    if words and fact == "closing_kind" and rule and rule["closing_kinds"]:
        words = {word: title for word, title in words.items() if word in rule["closing_kinds"]}
    return {
        "fact": fact,
        "title": _(FACTS[fact]),
        "kind": "choice" if words else FACT_KINDS[fact],
        "choices": [
            {"value": value, "title": _(title), "proof": RETURN_PROOFS.get(value) if step == "request_return" else None}
            for value, title in (words or {}).items()
        ],
    }
