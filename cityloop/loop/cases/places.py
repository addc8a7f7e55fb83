"""Where the picture of the loop has its states and steps. Nothing here says what there is: that is the table's.

A state has a place on the line, or stands below it beside the step that leads there. A step without a way of its own
from any state is drawn below as well. What the table does not have is not drawn.
"""

from typing import NamedTuple

Point = tuple[float, float]

BOX_W, BOX_H = 132, 54
HALF_W, HALF_H = BOX_W / 2, BOX_H / 2
COLUMNS = {column: 168 + 212 * column for column in range(5)}
ROWS = {0: 52, 1: 192, 2: 428, 3: 522}
"""The way in and the returns; from the report to the handling; back to the end; the report of what was done."""
WIDTH = 1112
BELOW_AT = 582

PLACES: dict[str, tuple[int, int]] = {
    "verifying": (0, 0),
    "verified": (1, 0),
    "return_requested": (3, 0),
    "reported": (0, 1),
    "registered": (1, 1),
    "filed": (2, 1),
    "dispatched": (3, 1),
    "handling": (4, 1),
    "handled": (4, 2),
    "fed_back": (3, 3),
    "checked": (2, 2),
    "closed": (1, 2),
    "refused": (0, 2),
}
BELOW = ("withdrawn", "merged", "void")
"""Ends that many states lead to."""


class Way(NamedTuple):
    """An arrow's points and its label: beside a point, over and under it (`across`), or none (an empty anchor).

    What `joins` another arrow of its step has no head of its own.
    """

    points: tuple[Point, ...]
    label: Point = (0, 0)
    anchor: str = ""
    joins: bool = False


def at(state: str, dx: float = 0, dy: float = 0) -> Point:
    column, row = PLACES[state]
    return COLUMNS[column] + dx, ROWS[row] + dy


def top(state: str, dx: float = 0) -> Point:
    return at(state, dx, -HALF_H)


def bottom(state: str, dx: float = 0) -> Point:
    return at(state, dx, HALF_H)


def _straight(source: str, target: str, label: Point | None = None) -> Way:
    """From one box to another in the same row, labelled half-way."""
    side = HALF_W if at(target)[0] > at(source)[0] else -HALF_W
    start, end = at(source, side), at(target, -side)
    return Way((start, end), label or ((start[0] + end[0]) / 2, start[1]), "across")


def _by_lane(start: Point, lane: float, end: Point, label: float | None = None) -> Way:
    """Out of a box to a lane, along it, and into another box; `label` is where along the lane, else its middle."""
    middle = (start[0] + end[0]) / 2 if label is None else label
    return Way((start, (start[0], lane), (end[0], lane), end), (middle, lane), "across")


_BACK = ROWS[1] + HALF_H + 20
"""The lane right under the second row; then those of redo, rework and back to the check."""
_REDO, _REWORK, _RECHECK = 294, 346, 475

WAYS: dict[tuple[str, str], Way] = {
    # the way in
    ("ask_verification", "reported"): Way((top("reported"), bottom("verifying")), at("reported", -8, -76), "end"),
    ("pre_verify", "verifying"): _straight("verifying", "verified"),
    ("register", "verified"): Way((bottom("verified"), top("registered")), at("registered", 8, -76), "start"),
    ("register", "reported"): _straight("reported", "registered"),
    ("file", "registered"): _straight("registered", "filed"),
    ("refuse", "reported"): Way((bottom("reported", -30), top("refused", -30)), at("reported", -22, 70), "start"),
    ("roll_back", "verified"): _by_lane(bottom("verified", -30), 122, top("reported", 30)),
    ("roll_back", "registered"): _by_lane(bottom("registered", -26), _BACK, bottom("reported", 22)),
    ("roll_back_filing", "filed"): _by_lane(bottom("filed", -22), _BACK, bottom("registered", 26)),
    # with the units
    ("dispatch", "filed"): _straight("filed", "dispatched"),
    ("rule_dispatch", "filed"): _by_lane(top("filed", 30), ROWS[1] - 60, top("dispatched", -30)),
    ("roll_back_dispatch", "dispatched"): _by_lane(bottom("dispatched", -46), _BACK, bottom("filed", 22)),
    ("roll_back_dispatch", "handling"): Way(
        (bottom("handling", -30), at("handling", -30, _BACK - ROWS[1]), at("dispatched", -46, _BACK - ROWS[1])),
        joins=True,
    ),
    ("sign_for", "dispatched"): _straight("dispatched", "handling"),
    ("request_return", "dispatched"): Way(
        (top("dispatched"), bottom("return_requested")), at("dispatched", 8, -76), "start"
    ),
    ("request_return", "handling"): Way(
        (top("handling", -24), at("handling", -24, ROWS[0] - ROWS[1] + 14), at("return_requested", HALF_W, 14))
    ),
    ("grant_return", "return_requested"): Way(
        (at("return_requested", -HALF_W), at("filed", 0, ROWS[0] - ROWS[1]), top("filed")),
        at("return_requested", -140),
        "across",
    ),
    ("deny_return", "return_requested"): Way(
        (at("return_requested", HALF_W, -12), at("handling", 30, ROWS[0] - ROWS[1] - 12), top("handling", 30)),
        at("return_requested", 150, -12),
        "across",
    ),
    ("handle", "handling"): Way((bottom("handling", 30), top("handled", 30)), at("handling", 22, 66), "end"),
    # back at the centre
    ("feed_back", "handled"): Way(
        (bottom("handled"), at("handled", 0, ROWS[3] - ROWS[2]), at("fed_back", HALF_W)), at("fed_back", 139), "across"
    ),
    ("check", "handled"): _straight("handled", "checked", at("checked", 140)),
    ("check", "fed_back"): Way(
        (at("fed_back", -HALF_W), at("checked", 0, ROWS[3] - ROWS[2]), bottom("checked")),
        at("checked", 74, 94),
        "across",
    ),
    ("close", "checked"): _straight("checked", "closed"),
    ("roll_back_check", "checked"): _by_lane(bottom("checked", 36), _RECHECK, top("fed_back", -36)),
    ("rework", "handled"): _by_lane(top("handled", -8), _REWORK, bottom("dispatched"), COLUMNS[4] - 100),
    ("rework", "checked"): Way(
        (top("checked"), at("checked", 0, _REWORK - ROWS[2]), (COLUMNS[3], _REWORK)), joins=True
    ),
    ("rework", "fed_back"): Way((top("fed_back", 26), bottom("dispatched", 26))),
    ("redo", "closed"): _by_lane(top("closed", 28), _REDO, bottom("dispatched", -22)),
    ("reopen", "closed"): Way((top("closed"), bottom("registered")), at("closed", -8, -95), "end"),
}
"""How steps run, by step and the state they begin in."""
