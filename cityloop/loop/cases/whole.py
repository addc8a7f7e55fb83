"""One case whole, for a person: every name and title in the language spoken, in a constant number of statements."""

from collections.abc import Mapping
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
from cityloop.loop.cases.lifecycle import CHOICES, FACT_KINDS, FACTS, HOLD_KINDS, STAGES, STATES, STEPS
from cityloop.loop.cases.queries import HOLD
from cityloop.loop.cases.step import Standing, steps_of
from cityloop.loop.clocks.deadlines import Clock
from cityloop.loop.clocks.due import light
from cityloop.loop.clocks.ground import Ground
from cityloop.loop.evidence.actions import photo_ids

ACTORS = {"system": N_("the system"), "history": N_("imported history"), "public": N_("a citizen")}
HIDDEN_FROM_UNITS = frozenset({"collector"})
"""Roles whose holders are not named to those whose work they check."""
VERDICTS = {"returned": N_("returned"), **STATES}
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
    """A case that `actor` may see, as it stands at `at`, with every step that begins there; five statements."""
    asked = {"case": case_id, "language": texts.spoken(), "at": at}
    (case,), assignments, spans, entries, holds = (
        _rows(sql, asked) for sql in (_CASE, _ASSIGNMENTS, _SPANS, _ENTRIES, _HOLDS)
    )
    here = _standing(case, assignments, spans, holds)
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
        "holds": [row | {"kind_title": _(HOLD_KINDS[row["kind"]])} for row in holds],
        "spans": [_span(row, at) for row in spans],
        "entries": [_entry(row, hide=_assessed(actor)) for row in entries],
        "steps": [_choice(choice.name, choice.why, case["rule"]) for choice in steps_of(here, actor)],
    }


def _of_stay(case: Mapping[str, Any], spans: list[dict[str, Any]], clock: Clock, at: datetime) -> dict[str, Any] | None:
    """How much is left of the stay that is open, at the unit if it is with one."""
    stays = sorted((span for span in spans if span["ended_at"] is None), key=lambda span: span["main"])
    if not stays:
        return None
    stay = stays[0]
    limit = of_stage(clock, stay["stage"], stay["part"], case["rule_id"], case["areas"], stay["started_at"])
    return countdown(stay["due_at"], limit, clock, at)


def _rows(sql: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
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
    last = assignments[-1]
    path = tuple(last["path"]) if last["no"] > 1 else (last["acting_org_id"],)
    parts = orjson.loads(last["parts"])
    part = next((span["part"] for span in spans if not span["main"] and span["ended_at"] is None), "")
    return Standing(
        case["state"], tuple(case["areas"]), path, last["ruled"], case["rule_id"],
        holds[-1]["stands"] if holds else "", part, parts[-1][0] if parts else "",
    )  # fmt: skip


def _assignment(row: dict[str, Any]) -> dict[str, Any]:
    parts = [{"name": name, "due_at": due, "yellow_at": soon} for name, due, soon in orjson.loads(row["parts"])]
    return row | {"verdict_title": _title(VERDICTS, row["verdict"]), "parts": parts}


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
        "light": light(at=at, yellow_at=row["yellow_at"], due_at=row["due_at"], ended_at=row["ended_at"]),
        "stage_title": _(STAGES[row["stage"]]),
        "outcome_title": _title(STATES, row["outcome"]),
    }


def _title(titles: Mapping[str, str], code: str) -> str:
    return _(titles[code]) if code in titles else code


def _assessed(actor: Actor) -> bool:
    """Whether somebody reads cases as a unit only, which is what collectors check."""
    reading = [post for post in actor.posts if "cases.read" in post.permissions]
    return bool(reading) and all(post.handles for post in reading)


def _entry(row: dict[str, Any], *, hide: bool) -> dict[str, Any]:
    if hide and row["role"] in HIDDEN_FROM_UNITS:
        role = _(ROLES[row["role"]].title)
        row = row | {"actor": "", "user_name": role, "post": "", "post_name": role}
    return row | {
        "title": _(STEPS[row["step"]].title),
        "actor_name": row["user_name"] or _(ACTORS.get(row["actor"], row["actor"])),
        "post_name": row["post_name"] or row["post"],
        "evidence": photo_ids(row["evidence"]),
        "told": [_told(row["step"], fact, word) for fact, word in (row["told"] or {}).items()],
    }


def _told(step: str, fact: str, word: str) -> dict[str, str]:
    titles = CHOICES.get(step, {}).get(fact, {})
    return {"fact": fact, "title": _(FACTS[fact]), "value": word, "value_title": _title(titles, word)}


def _choice(name: str, why: Exception | None, rule: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "name": name,
        "title": _(STEPS[name].title),
        "allowed": why is None,
        "why": None if why is None else str(why),
        "needs": [need for fact in STEPS[name].needs if fact in FACT_KINDS for need in _needs(name, fact, rule)],
    }


def _needs(step: str, fact: str, rule: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """What a person must add. The rule is the case's own; where its category has situations, one of them is chosen."""
    if fact != "rule":
        return [_need(step, fact, rule)]
    if rule is None or not rule["situations"]:
        return []
    need = {"fact": "situation", "title": _(FACTS["situation"]), "kind": "choice"}
    return [need | {"choices": rule["situations"]}]


def _need(step: str, fact: str, rule: Mapping[str, Any] | None) -> dict[str, Any]:
    """A fact as a form asks for it; the rule says as what a case may be closed."""
    words = CHOICES.get(step, {}).get(fact)
    if words and fact == "closing_kind" and rule and rule["closing_kinds"]:
        words = {word: title for word, title in words.items() if word in rule["closing_kinds"]}
    return {
        "fact": fact,
        "title": _(FACTS[fact]),
        "kind": "choice" if words else FACT_KINDS[fact],
        "choices": [{"value": value, "title": _(title)} for value, title in (words or {}).items()],
    }
