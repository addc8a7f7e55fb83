"""What is written from the code: `python -m docs.generate [--check]`. Connects to nothing."""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOTE = "<!-- Written by `make docs` from the code; changes made here are lost. -->\n\n"

os.environ["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:9/none?connect_timeout=1"
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cityloop.config.settings")


def _chinese() -> Callable[[str], str]:
    from docs.messages import read_catalogue

    catalogue = read_catalogue("django")

    def chinese(text: str) -> str:
        message = catalogue.get(text)
        return str(message.string) if message and message.string else text

    return chinese


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |\n" for line in lines)


def lifecycle() -> str:
    """The table of the lifecycle, with the picture."""
    from cityloop.loop.cases.table import table

    told = table(_chinese())
    states = [[*_named(line), "ends the case" if line["ends"] else ""] for line in told["states"]]
    steps = [
        [
            *_named(line),
            _listed(line["from"]),
            "the same" if line["keeps"] else f"`{line['to']}`",
            f"`{line['permission']}`",
            line["axis"],
            ", ".join(line["needs"]) or "-",
            _listed(line["routes"]),
        ]
        for line in told["steps"]
    ]
    refusals = [[f"`{line['code']}`", line["title"]["en"], line["title"]["zh"]] for line in told["refusals"]]
    allowed = [[*_named(line), _listed(line["roles"])] for line in told["permissions"]]
    routes = [
        [*_named(line), "every step" if len(line["steps"]) == len(steps) else _listed(line["steps"])]
        for line in told["routes"]
    ]
    return (
        f"{NOTE}# Lifecycle of a case\n\n`cityloop lifecycle` prints this table, with `--json` for programs and with "
        "`--svg` as the picture. [What each step does to clocks](clocks.md).\n\n![The loop](../images/loop.svg)\n"
        + "\n## States\n\n"
        + _table(["state", "title", "中文", ""], states)
        + "\n## Steps\n\n"
        + _table(["step", "title", "中文", "from", "to", "permission", "axis", "needs", "routes"], steps)
        + "\n## Refusals\n\nEvery one that taking a step can meet.\n\n"
        + _table(["code", "text", "中文"], refusals)
        + "\n## Permissions\n\n"
        + _table(["permission", "title", "中文", "roles"], allowed)
        + "\n## Routes\n\n"
        + _table(["route", "title", "中文", "steps"], routes)
    )


def _named(line: dict[str, Any]) -> list[str]:
    return [f"`{line['name']}`", line["title"]["en"], line["title"]["zh"]]


def _listed(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "-"


def clocks() -> str:
    """What happenings do to clocks, and the settings that decide."""
    from cityloop.loop.cases.effects import CLOCK_WORDS, effect, happenings
    from cityloop.loop.cases.lifecycle import STEPS
    from cityloop.loop.clocks.deadlines import Rules

    rows = []
    for happening in happenings():
        told = "; ".join((*filter(None, [happening.told]), *(f"`{n}: {v}`" for n, v in happening.settings().items())))
        case, unit, stage, stands_in = effect(happening)
        title = STEPS[happening.step].title + (f" ({told})" if told else "")
        where = f"{stands_in}: " if stands_in else ""
        rows.append([title, CLOCK_WORDS[case], CLOCK_WORDS[unit], where + CLOCK_WORDS[stage]])
    words = [[f"`{word}`", title] for word, title in CLOCK_WORDS.items()]
    usual = [[f"`{name}`", f"`{value}`"] for name, value in Rules()._asdict().items()]
    return (
        f"{NOTE}# What happenings do to clocks\n\n"
        "Found out by taking each step of a case whose rule has a limit for the whole (6 wd) and two for the handling "
        "(2 h to make safe, then 3 wd), in a city that limits its own stages. The case's first due time never "
        "changes; `due_at` does.\n\n"
        + _table(["happening", "the case's clock", "the unit's clock", "the stage it stands in"], rows)
        + "\n## Words\n\nWhat `cityloop lifecycle --json` calls them.\n\n"
        + _table(["word", "means"], words)
        + "\n## Settings\n\n`settings: {clock: ...}` of a pack; these are the defaults.\n\n"
        + _table(["setting", "default"], usual)
    )


def permissions() -> str:
    """Which role may do what, and which role takes which step."""
    from cityloop.ground.accounts.roles import PERMISSIONS, ROLES
    from cityloop.loop.cases.lifecycle import STEPS

    chinese = _chinese()
    roles = list(ROLES.values())
    head = [f"{role.title}<br>{chinese(role.title)}" for role in roles]

    def line(permission: str, *cells: str) -> list[str]:
        return [*cells, *("●" if permission in role.permissions else "" for role in roles)]

    facts = [
        [
            f"`{role.key}`",
            role.title,
            chinese(role.title),
            role.axis.value,
            "own organisation and below" if role.handles else "its area",
        ]
        for role in roles
    ]
    return (
        f"{NOTE}# Roles and permissions\n\nA post carries one role, in one area (or the whole city). "
        "Nobody holds posts on both axes unless the city is merged.\n\n"
        + _table(["role", "title", "中文", "axis", "acts for"], facts)
        + "\n## Permissions\n\n"
        + _table(
            ["permission", "means", *head],
            [line(name, f"`{name}`", f"{title}<br>{chinese(title)}") for name, title in PERMISSIONS.items()],
        )
        + "\n## Steps of a case\n\n"
        + _table(
            ["step", *head],
            [line(step.permission, f"{step.title}<br>{chinese(step.title)}") for step in STEPS.values()],
        )
    )


def step_matrix() -> str:
    """Which role takes which step where, and what everybody else is told; tests/journeys/test_matrix.py tries it."""
    from cityloop.ground.accounts.roles import ROLES
    from cityloop.loop.cases.lifecycle import STEPS
    from cityloop.loop.cases.matrix import REACHES, TIES, Seat, Tie, answer, reach, seats

    chinese = _chinese()
    roles = list(ROLES.values())
    steps = [
        [f"`{step.name}`", f"{step.title}<br>{chinese(step.title)}", step.axis.value]
        + [REACHES[reach(step, role)] for role in roles]
        for step in STEPS.values()
    ]

    def told(role: str, *, here: bool, tie: Tie) -> list[str]:
        """What it is told about a step that is its, and about one that is not."""
        seat = Seat(role, here, tie)
        codes = {False: "-", True: "-"}
        for step in STEPS.values():
            if step.sources:
                codes[reach(step, ROLES[role]) != "nowhere"] = f"`{answer(step.name, seat)}`"
        return [codes[True], codes[False]]

    alike: dict[tuple[str, ...], list[str]] = {}
    for role, here, tie in seats():
        line = ("yes" if here else "no", TIES[tie], *told(role, here=here, tie=tie))
        alike.setdefault(line, []).append(f"`{role}`")
    answers = [[", ".join(names), *line] for line, names in alike.items()]
    return (
        f"{NOTE}# Who takes which step where\n\n"
        f"{REACHES['area']} in the area of the post; {REACHES['own']} there, for cases that are dispatched to its own "
        "organisation or to one below it; empty: nowhere. A role takes steps of its own axis only. "
        "[Roles](permissions.md), [steps](lifecycle.md).\n\n"
        + _table(["step", "title", "axis", *(f"{role.title}<br>{chinese(role.title)}" for role in roles)], steps)
        + "\n## What is answered\n\nAbout a case that is with a unit; before that it is no unit's, and unknown to "
        "everybody who handles. Whoever may not see a case is told that there is none. Which unit it is with makes a "
        "difference to those who handle only; those who assess sit in no unit.\n\n"
        + _table(["roles", "in its area", "the case and its organisation", "a step of its own", "any other"], answers)
        + "\nReporting opens a case, so that there is none to see before: it answers `permission_missing` where the "
        "role may not report or the place lies outside the area of the post.\n"
    )


def field_matrix() -> str:
    """Who sees what of a reporter, a collector and the assessment plan; tests/journeys/test_disclosure.py tries it."""
    from cityloop.ground.accounts.roles import ROLES
    from cityloop.loop.cases.disclosure import ABSENT, DOORS, GROUPS, disclosed

    chinese = _chinese()
    text = (
        f"{NOTE}# Who sees which fields at which door\n\nEmpty: absent, or the door does not open to the role. Every "
        "time that a reporter's contact is shown unmasked is recorded, once for each person, report and day: "
        "`/api/unmaskings`, for roles with `audit.read`.\n"
    )
    for group, means in GROUPS.items():
        lines = []
        for door, where in DOORS.items():
            cells = [disclosed(role, group, door) for role in ROLES]
            lines.append([where, *("" if cell == ABSENT else cell for cell in cells)])
        head = ["door", *(f"{role.title}<br>{chinese(role.title)}" for role in ROLES.values())]
        text += f"\n## {group.capitalize()}\n\n{means[0].upper()}{means[1:]}.\n\n{_table(head, lines)}"
    return text


def indicators() -> str:
    """What is counted on which basis, and the rates made of it."""
    from cityloop.results.evaluation.indicators import BASES, INDICATORS, RATES

    chinese = _chinese()
    counts = [
        [f"`{count.key}`", count.title, chinese(count.title), f"`{count.condition}`", str(count.revision)]
        for count in INDICATORS
    ]
    rates = [
        [
            f"`{rate.key}`",
            rate.title,
            chinese(rate.title),
            f"({' + '.join(rate.above)}) / ({' + '.join(rate.below)})",
            str(rate.revision),
        ]
        for rate in RATES
    ]
    return (
        f"{NOTE}# Indicators\n\n## Bases\n\nWhich cases a period holds.\n\n"
        + _table(["basis", "condition"], [[f"`{name}`", f"`{basis.population}`"] for name, basis in BASES.items()])
        + "\n## Counts\n\n"
        + _table(["count", "title", "中文", "cases for which", "revision"], counts)
        + "\n## Rates\n\nMade of the counts, exactly, after summing.\n\n"
        + _table(["rate", "title", "中文", "is", "revision"], rates)
    )


def api_reference() -> str:
    """The API's own description."""
    from cityloop.config.api import api

    schema = api.get_openapi_schema(path_prefix="/api/")
    return json.dumps(schema, indent=1, ensure_ascii=False, sort_keys=True, default=str) + "\n"


def words() -> str:
    """What the codes of the trade are called in both languages, for the screens."""
    from cityloop.core.units import AXIS_TITLES, LIGHT_TITLES, UNIT_TITLES
    from cityloop.ground.accounts.roles import PERMISSIONS, ROLES
    from cityloop.ground.standards import words as words_of_rules
    from cityloop.loop.cases import lifecycle
    from cityloop.loop.intake.replies.lifecycle import STATES as REPLY_STATES
    from cityloop.loop.orders.kinds import KINDS, LEVELS
    from cityloop.loop.orders.lifecycle import STATES
    from cityloop.results.evaluation.indicators import INDICATORS, RATES

    kinds: dict[str, dict[str, str]] = {
        "states": lifecycle.STATES,
        "steps": {step.name: step.title for step in lifecycle.STEPS.values()},
        "stages": lifecycle.STAGES,
        "facts": lifecycle.FACTS,
        "verdicts": lifecycle.VERDICTS,
        "return_reasons": lifecycle.RETURN_REASONS,
        "closing_kinds": words_of_rules.CLOSING_KINDS,
        "limit_stages": words_of_rules.STAGES,
        "photo_kinds": words_of_rules.PHOTO_KINDS,
        "handlers": words_of_rules.HANDLERS,
        "check_modes": words_of_rules.CHECK_MODES,
        "document_kinds": words_of_rules.DOCUMENT_KINDS,
        "category_kinds": words_of_rules.CATEGORY_KINDS,
        "units": {unit.value: title for unit, title in UNIT_TITLES.items()},
        "proposal_states": words_of_rules.PROPOSAL_STATES,
        "hold_kinds": lifecycle.HOLD_KINDS,
        "order_kinds": {kind.key: kind.title for kind in KINDS.values()},
        "order_levels": LEVELS,
        "order_states": STATES,
        "reply_states": REPLY_STATES,
        "lights": {light.value: title for light, title in LIGHT_TITLES.items()},
        "axes": {axis.value: title for axis, title in AXIS_TITLES.items()},
        "roles": {role.key: role.title for role in ROLES.values()},
        "permissions": PERMISSIONS,
        "indicators": {indicator.key: indicator.title for indicator in INDICATORS},
        "rates": {rate.key: rate.title for rate in RATES},
    }
    chinese = _chinese()
    told = {
        kind: {code: {"zh": chinese(title), "en": title} for code, title in titles.items()}
        for kind, titles in kinds.items()
    }
    return json.dumps(told, indent=1, ensure_ascii=False) + "\n"


def loop() -> str:
    from cityloop.loop.cases.picture import picture

    return picture(_chinese())


DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/reference/lifecycle.md": lifecycle,
    "docs/images/loop.svg": loop,
    "docs/reference/clocks.md": clocks,
    "docs/reference/permissions.md": permissions,
    "docs/reference/step-matrix.md": step_matrix,
    "docs/reference/field-matrix.md": field_matrix,
    "docs/reference/indicators.md": indicators,
    "docs/reference/api.json": api_reference,
    "web/src/generated/words.json": words,
}


def main(arguments: list[str]) -> int:
    import django

    django.setup()
    stale = []
    for name, write in DOCUMENTS.items():
        path, text = ROOT / name, write()
        if path.exists() and path.read_text(encoding="utf-8") == text:
            continue
        stale.append(name)
        if "--check" not in arguments:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    print("\n".join(stale) or "generated documents are up to date")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
