"""A table on its way out: JSON, CSV, terminal."""

import csv
import io
import json
from fractions import Fraction
from typing import Any

from rich import box
from rich.table import Table as RichTable

from cityloop.core.texts import N_, _
from cityloop.results.evaluation.indicators import INDICATORS, RATES, rounded
from cityloop.results.evaluation.queries import Row, Table

NO_DATA = N_("no data")
NOWHERE: dict[str, str] = {
    "area": N_("(no area)"),
    "organisation": N_("(with nobody yet)"),
    "channel": N_("(no channel)"),
    "category": N_("(no category)"),
    "grid": N_("(no grid)"),
    "month": N_("(no month)"),
}
HEADINGS: dict[str, str] = {
    "area": N_("Area"),
    "organisation": N_("Organisation"),
    "channel": N_("Channel"),
    "category": N_("Category"),
    "grid": N_("Grid"),
    "month": N_("Month"),
}
BASIS_TITLES: dict[str, str] = {
    "due": N_("cases due in the period"),
    "reported": N_("cases reported in the period"),
    "closed": N_("cases closed in the period"),
}


def to_dict(table: Table) -> dict[str, Any]:
    """The table as plain values: counts as integers, rates as shares rounded to four places, null without data."""
    return {
        "period": table.period.text,
        "start": table.period.start.astimezone(table.zone).isoformat(),
        "end": table.period.end.astimezone(table.zone).isoformat(),
        "at": table.at.astimezone(table.zone).isoformat(),
        "basis": table.basis,
        "by": table.by,
        "level": table.level,
        "rows": [_plain(row) for row in table.rows],
        "total": _plain(table.total),
    }


def to_json(table: Table) -> str:
    return json.dumps(to_dict(table), ensure_ascii=False, indent=2)


def to_csv(table: Table) -> str:
    """A heading and one line a row; the line with the code `total` is the last, a rate without data is empty."""
    out = io.StringIO()
    total = {**_plain(table.total), "code": "total"}
    writer = csv.DictWriter(out, total.keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows([*map(_plain, table.rows), total])
    return out.getvalue()


def to_terminal(table: Table) -> RichTable:
    """The table in the language spoken here, rates as percentages."""
    shown = RichTable(
        title=f"{table.period.text} · {_(BASIS_TITLES[table.basis])}",
        caption=_("As known at %(at)s") % {"at": f"{table.at.astimezone(table.zone):%Y-%m-%d %H:%M}"},
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
    )
    shown.add_column(_(HEADINGS[table.by]), overflow="fold", min_width=12)
    for title in [column.title for column in INDICATORS] + [column.title for column in RATES]:
        shown.add_column(_(title), justify="right", overflow="fold")
    for row in table.rows:
        shown.add_row(_named(row, table.by), *_cells(row))
    shown.add_section()
    shown.add_row(_("Total"), *_cells(table.total), style="bold")
    return shown


def percent(rate: Fraction | None) -> str:
    """`84.78 %`, or that there is no data."""
    share = rounded(rate)
    return _(NO_DATA) if share is None else f"{float(share * 100):.1f}%"


def _named(row: Row, by: str) -> str:
    return row.name or row.code or _(NOWHERE[by])


def _cells(row: Row) -> list[str]:
    counts = [str(row.counts[indicator.key]) for indicator in INDICATORS]
    return counts + [percent(row.rates[rate.key]) for rate in RATES]


def _plain(row: Row) -> dict[str, Any]:
    shares = {key: rounded(rate) for key, rate in row.rates.items()}
    rates = {key: None if share is None else float(share) for key, share in shares.items()}
    return {"code": row.code, "name": row.name, **row.counts, **rates}
