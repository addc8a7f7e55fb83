"""The whole lifecycle as one table in both languages: what the command prints and the reference is written from."""

from collections.abc import Callable, Container, Mapping
from typing import Any

from cityloop.core.errors import TEXTS
from cityloop.core.units import AXIS_TITLES
from cityloop.ground.accounts.roles import PERMISSIONS, ROLES
from cityloop.loop.cases.effects import CLOCK_WORDS, effect, happenings
from cityloop.loop.cases.lifecycle import ENDED, FACTS, KEEP, PASSES, ROUTES, STAGES, STATES, STEPS, Step
from cityloop.loop.cases.refusals import REFUSALS
from cityloop.loop.clocks.deadlines import USUAL

Text = Callable[[str], str]
Line = dict[str, Any]


def table(chinese: Text) -> dict[str, list[Line]]:
    """States, steps and all that they name, each with its titles; `chinese` translates a text.

    `to` is null where a step keeps the state that it finds (`keeps`). `clock` is what a step does by the usual
    settings; `also` in it is what else it can do, and `when` says in which case.
    """
    permissions = {step.permission for step in STEPS.values()}
    needs = {need for step in STEPS.values() for need in step.needs}
    roles = {role.key: role.title for role in ROLES.values() if role.permissions & permissions}
    clocks = _clocks(chinese)
    return {
        "states": [line | {"ends": line["name"] in ENDED} for line in _named(STATES, chinese)],
        "steps": [_step(step, clocks[step.name], chinese) for step in STEPS.values()],
        "refusals": [{"code": code, "title": _both(text, chinese)} for code, text in TEXTS.items() if code in REFUSALS],
        "permissions": [
            line | {"roles": [role.key for role in ROLES.values() if line["name"] in role.permissions]}
            for line in _named(_only(PERMISSIONS, permissions), chinese)
        ],
        "routes": [
            line | {"steps": [name for name in STEPS if name in PASSES[line["name"]]]}
            for line in _named(ROUTES, chinese)
        ],
        "roles": [line | {"axis": ROLES[line["name"]].axis.value} for line in _named(roles, chinese)],
        "needs": _named(_only(FACTS, needs), chinese),
        "clocks": _named(CLOCK_WORDS, chinese),
        "stages": _named(STAGES, chinese),
        "axes": _named({axis.value: title for axis, title in AXIS_TITLES.items()}, chinese),
    }


def _step(step: Step, clocks: list[Line], chinese: Text) -> Line:
    keeps = step.target == KEEP
    return {
        "name": step.name,
        "from": list(step.sources),
        "to": None if keeps else step.target,
        "keeps": keeps,
        "permission": step.permission,
        "axis": step.axis.value,
        "needs": list(step.needs),
        "clock": {**clocks[0], "also": clocks[1:]},
        "routes": [route for route in ROUTES if step.name in PASSES[route]],
        "title": _both(step.title, chinese),
    }


def _clocks(chinese: Text) -> dict[str, list[Line]]:
    """For each step, what it does to the clocks by the usual settings."""
    found: dict[str, list[Line]] = {}
    for happening in happenings():
        if happening.rules != USUAL:
            continue
        case, unit, stage, stands_in = effect(happening)
        when = _both(happening.told, chinese) if happening.told else None
        line = {"case": case, "unit": unit, "stage": stage, "stands_in": stands_in or None, "when": when}
        found.setdefault(happening.step, []).append(line)
    return found


def _named(titles: Mapping[str, str], chinese: Text) -> list[Line]:
    return [{"name": name, "title": _both(title, chinese)} for name, title in titles.items()]


def _both(title: str, chinese: Text) -> dict[str, str]:
    return {"zh": chinese(title), "en": title}


def _only(titles: Mapping[str, str], names: Container[str]) -> dict[str, str]:
    return {name: title for name, title in titles.items() if name in names}
