"""`python -m bench [PART]`: all parts, or one, on a database of its own; JSON."""

import argparse
import json
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.figures import Sheet

GROUND = ("ledger", "addresses", "objects", "tiles", "features")
"""Parts that need a city and no history."""
PARTS = ("due", "places", *GROUND, "replay", "evaluation", "online", "desk", "sweep", "faults")
ALONE = {"due", "places", "faults"}
"""Parts that share no city with the others."""


def main() -> None:
    """Measure, show a table on the error stream, write the JSON. A missed goal is a figure, not a failure."""
    options = _options()
    from bench.figures import ERR, Sheet, machine

    wanted = PARTS if options.part is None else (options.part,)
    sheet = Sheet()
    where = machine()
    if "due" in wanted:
        from bench import due

        ERR.print("due ...")
        due.measure(sheet)
    if "places" in wanted:
        from bench import places

        ERR.print("places ...")
        places.measure(sheet)
    if not set(wanted) <= ALONE:
        where |= _in_town(wanted, sheet, options)
    if "faults" in wanted:
        from bench import faults
        from bench.town import fresh_town

        ERR.print("faults ...")
        with fresh_town(options.pack) as town:
            faults.measure(town, sheet, options.rounds)
    sheet.show()
    _write(
        {"machine": where, "figures": [figure.to_dict() for figure in sheet.figures], "notes": sheet.notes},
        options.json,
    )


def _in_town(wanted: Sequence[str], sheet: "Sheet", options: argparse.Namespace) -> dict[str, Any]:
    """The parts that need a city; what is said of its database."""
    from bench.figures import ERR, database
    from bench.town import fresh_town, take_history

    with fresh_town(options.pack) as town:
        where = database(town.folder)
        for part in GROUND:
            if part in wanted:
                ERR.print(f"{part} ...")
                import_module(f"bench.{part}").measure(town, sheet)
        if set(wanted) <= set(GROUND):
            return where
        if "replay" in wanted:
            from bench import replay

            ERR.print("replay ...")
            replay.measure(town, sheet, options.limit)
        else:
            ERR.print("taking the history in ...")
            take_history(town, options.limit)
        if "evaluation" in wanted:
            from bench import evaluation

            ERR.print("evaluation ...")
            evaluation.measure(town, sheet)
        if "online" in wanted:
            from bench import online

            ERR.print("online ...")
            online.measure(town, sheet, options.seconds)
        if "desk" in wanted:
            from bench import desk

            ERR.print("desk ...")
            desk.measure(town, sheet)
        if "sweep" in wanted:
            from bench import sweep

            ERR.print("sweep ...")
            sweep.measure(town, sheet)
    return where


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m bench", description=__doc__)
    parser.add_argument("part", nargs="?", choices=PARTS, help="only this part (default: all)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the JSON there")
    parser.add_argument("--pack", default="boston", help="pack whose history is replayed")
    parser.add_argument("--limit", type=int, metavar="N", help="replay only so many rows: quicker, but another city")
    parser.add_argument("--rounds", type=int, default=200, help="how often something is killed (faults)")
    parser.add_argument("--seconds", type=float, default=10, help="how long the clients work, for each kind of work")
    return parser.parse_args()


def _write(found: dict[str, Any], path: Path | None) -> None:
    text = json.dumps(found, ensure_ascii=False, indent=2)
    if path is None:
        sys.stdout.write(text + "\n")
    else:
        path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
