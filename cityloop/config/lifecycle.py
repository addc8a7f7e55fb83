"""`cityloop lifecycle`: the one table of the loop, to read, as JSON, or as a picture. Without a database."""

import json as jsonlib
from functools import partial

from rich.table import Table

from cityloop.config.verbs import OUT
from cityloop.core.errors import Refused
from cityloop.core.texts import N_, _, said_in, spoken
from cityloop.loop.cases.picture import picture
from cityloop.loop.cases.table import Line, table

chinese = partial(said_in, "zh")
SHOWN = {"case": N_("the case"), "unit": N_("the unit"), "stage": N_("the stage")}
"""The clocks that a step can touch."""


def show(*, json: bool, svg: bool) -> None:
    """Print the table in the form asked for. Refused: forms_several."""
    if json and svg:
        raise Refused("forms_several", one="--json", other="--svg")
    if svg:
        print(picture(chinese), end="")
    elif json:
        print(jsonlib.dumps(table(chinese), ensure_ascii=False, indent=1))
    else:
        _show(table(chinese))


def _show(told: dict[str, list[Line]]) -> None:
    language = spoken()
    titles = {
        kind: {line["name"]: line["title"][language] for line in told[kind]}
        for kind in ("states", "clocks", "stages", "needs", "roles", "axes")
    }
    roles = {
        line["name"]: _(", ").join(titles["roles"][role] for role in line["roles"]) for line in told["permissions"]
    }

    def listed(kind: str, names: list[str]) -> str:
        return _(", ").join(titles[kind][name] for name in names) or "-"

    states = Table(_("State"), _("Name"), "", title=_("States of a case"))
    for line in told["states"]:
        states.add_row(line["title"][language], line["name"], _("ends the case") if line["ends"] else "")
    steps = Table(
        *(_("Step"), _("Name"), _("In the state"), _("State after it"), _("Roles"), _("Axis"), _("Needs"), _("Clocks")),
        title=_("Steps of a case"),
    )
    for line in told["steps"]:
        steps.add_row(
            line["title"][language],
            line["name"],
            listed("states", line["from"]),
            _("the same") if line["keeps"] else titles["states"][line["to"]],
            roles[line["permission"]],
            titles["axes"][line["axis"]],
            listed("needs", line["needs"]),
            _clocks(line["clock"], titles["clocks"]),
        )
    refusals = Table(_("Code"), _("Text"), title=_("Refusals"))
    for line in told["refusals"]:
        refusals.add_row(line["code"], line["title"][language])
    for shown in (states, steps, refusals):
        OUT.print(shown)
    OUT.print(f"{_('Routes')}: {_(', ').join(line['title'][language] for line in told['routes'])}", markup=False)


def _clocks(clock: Line, words: dict[str, str]) -> str:
    return _(", ").join(f"{_(title)}: {words[clock[name]]}" for name, title in SHOWN.items() if clock[name] != "none")
