"""One case on a terminal."""

from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from cityloop.core import clock
from cityloop.core.texts import N_, _
from cityloop.core.units import LIGHT_TITLES, Light
from cityloop.ground.places.city import CityValue
from cityloop.loop.cases.lifecycle import STAGES, STATES, STEPS
from cityloop.loop.clocks.due import light

LIGHTS = {Light.NONE: "dim", Light.GREEN: "green", Light.YELLOW: "yellow", Light.RED: "red"}


def show(out: Console, case: dict[str, Any], reports: list[dict[str, Any]], city: CityValue) -> None:
    """Print the case, who answers for it and why, its spans with their clocks, its entries, its reports."""
    _show_head(out, case, city)
    _show_spans(out, case, city)
    _show_entries(out, case, city)
    for report in reports:
        known_as = f"{report['channel']} {report['outside_id']}"
        out.print(f"[bold]{_('Report')} {report['number']}[/] {known_as} · {_instant(report['happened_at'], city)}")
        out.print(report["words"] or "-", markup=False)
        for fact in report["facts"]:
            out.print(f"  {fact['name']} = {fact['value']} ({fact['source']}, {fact['confidence']} %)", markup=False)


def _show_head(out: Console, case: dict[str, Any], city: CityValue) -> None:
    colour = light(at=clock.now(), yellow_at=case["yellow_at"], due_at=case["due_at"], ended_at=case["closed_at"])
    out.print(
        f"[bold]{case['number']}[/] · {_(STATES[case['state']])} · [{LIGHTS[colour]}]{_(LIGHT_TITLES[colour])}[/]"
        f" · {_('round %(round)s') % {'round': case['round']}}"
    )
    grid = Table.grid(padding=(0, 2))
    places = " / ".join(f"{place['name']}" for place in case["places"] or ())
    for title, value in (
        (N_("Category"), f"{case['category']} {case['category_name']}"),
        (N_("Place"), " · ".join(part for part in (case["address"], places, case["grid"]) if part) or "-"),
        (N_("Point"), "-" if case["lon"] is None else f"{case['lon']:.6f}, {case['lat']:.6f}"),
        (N_("Opened at"), _instant(case["opened_at"], city)),
        (N_("Due at"), _instant(case["due_at"], city)),
        (N_("Closed at"), _instant(case["closed_at"], city)),
        (
            N_("Ledger"),
            " · ".join(case[key] for key in ("ledger_code", "ledger_tier", "ledger_basis") if case[key]) or "-",
        ),
    ):
        grid.add_row(_(title), value)
    out.print(grid)


def _show_spans(out: Console, case: dict[str, Any], city: CityValue) -> None:
    table = Table(_("Stage"), _("Organisation"), _("From"), _("To"), _("Due at"), _("Light"), title=_("Spans"))
    for span in case["spans"]:
        colour = light(at=clock.now(), yellow_at=span["yellow_at"], due_at=span["due_at"], ended_at=span["ended_at"])
        table.add_row(
            ("" if span["main"] else "  ") + _(STAGES[span["stage"]]),
            span["organisation_name"],
            _instant(span["started_at"], city),
            _instant(span["ended_at"], city),
            _instant(span["due_at"], city),
            f"[{LIGHTS[colour]}]{_(LIGHT_TITLES[colour])}[/]",
        )
    out.print(table)


def _show_entries(out: Console, case: dict[str, Any], city: CityValue) -> None:
    table = Table("#", _("Step"), _("At"), _("By"), _("State"), _("Note"), title=_("Entries"))
    for entry in case["entries"]:
        table.add_row(
            str(entry["seq"]),
            _(STEPS[entry["step"]].title),
            _instant(entry["at"], city) + (f" ({_('inferred')})" if entry["inferred"] else ""),
            entry["post"] or entry["actor"],
            _(STATES[entry["to_state"]]),
            entry["note"],
        )
    out.print(table)


def _instant(at: datetime | None, city: CityValue) -> str:
    return f"{at.astimezone(city.zone):%Y-%m-%d %H:%M}" if at else "-"
