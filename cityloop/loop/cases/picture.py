"""The picture of the loop, drawn from the lifecycle table.

What is drawn comes from the table; only where it is drawn stands here. A state or step without a place is an
error, so the picture cannot fall behind.
"""

from collections.abc import Callable
from html import escape
from typing import NamedTuple

from cityloop.core.units import Axis
from cityloop.loop.cases.lifecycle import ENDED, KEEP, STATES, STEPS, Step

Text = Callable[[str], str]

BOX_W, BOX_H = 132, 54
COLUMNS = {column: 168 + 212 * column for column in range(5)}
ROWS = {-1: 50, 0: 172, 1: 302, 2: 432, 3: 540}
WIDTH, HEIGHT = 1112, 690

PLACES: dict[str, tuple[int, int]] = {
    "verifying": (0, -1),
    "verified": (1, -1),
    "reported": (0, 0),
    "registered": (1, 0),
    "filed": (2, 0),
    "dispatched": (3, 0),
    "refused": (0, 1),
    "return_requested": (4, 1),
    "handling": (3, 2),
    "handled": (2, 2),
    "checked": (1, 2),
    "closed": (0, 2),
    "void": (2, 3),
}
EVERYWHERE = "void"
"""The step that is possible in every open state; it starts from a box of its own."""


class Route(NamedTuple):
    """Points of an arrow: offsets from the middle of the source, absolute turns, the end; and where its label is."""

    points: tuple[tuple[float, float], ...]
    label: tuple[float, float]
    anchor: str = "middle"


def _at(state: str, dx: float = 0, dy: float = 0) -> tuple[float, float]:
    column, row = PLACES[state]
    return COLUMNS[column] + dx, ROWS[row] + dy


_W, _H = BOX_W / 2, BOX_H / 2


def _across(source: str, target: str) -> Route:
    """Straight from one box to its neighbour in the same row, labelled above."""
    side = 1 if _at(target)[0] > _at(source)[0] else -1
    start, end = _at(source, side * _W), _at(target, -side * _W)
    return Route((start, end), ((start[0] + end[0]) / 2, start[1] - 22))


_RIGHT = COLUMNS[4]
_OVER = ROWS[0] - 62
ROUTES: dict[tuple[str, str], Route] = {
    ("ask_verification", "reported"): Route(
        (_at("reported", 0, -_H), _at("verifying", 0, _H)), (_at("reported", 8)[0], 104), "start"
    ),
    ("pre_verify", "verifying"): _across("verifying", "verified"),
    ("register", "verified"): Route(
        (_at("verified", 0, _H), _at("registered", 0, -_H)), (_at("verified", 8)[0], 104), "start"
    ),
    ("register", "reported"): _across("reported", "registered"),
    ("file", "registered"): _across("registered", "filed"),
    ("dispatch", "filed"): _across("filed", "dispatched"),
    ("sign_for", "dispatched"): Route(
        (_at("dispatched", 24, _H), _at("handling", 24, -_H)), (_at("dispatched", 32)[0], 258), "start"
    ),
    ("handle", "handling"): _across("handling", "handled"),
    ("check", "handled"): _across("handled", "checked"),
    ("close", "checked"): _across("checked", "closed"),
    ("rework", "handled"): Route(
        (
            _at("handled", 0, -_H),
            (_at("handled")[0], ROWS[1]),
            (_at("dispatched", -28)[0], ROWS[1]),
            _at("dispatched", -28, _H),
        ),
        ((_at("handled")[0] + _at("dispatched", -28)[0]) / 2, ROWS[1] + 18),
    ),
    ("refuse", "reported"): Route(
        (_at("reported", 0, _H), _at("refused", 0, -_H)), (_at("reported", 8)[0], 230), "start"
    ),
    ("refuse", "registered"): Route(
        (_at("registered", 0, _H), (_at("registered")[0], ROWS[1]), _at("refused", _W)), (0, 0)
    ),
    ("request_return", "dispatched"): Route(
        (_at("dispatched", _W), (_RIGHT - 24, ROWS[0]), _at("return_requested", -24, -_H)),
        (_RIGHT - 32, ROWS[0] + 30),
        "end",
    ),
    ("request_return", "handling"): Route(
        (_at("handling", _W, -13), (_RIGHT - 24, ROWS[2] - 13), _at("return_requested", -24, _H)), (0, 0)
    ),
    ("grant_return", "return_requested"): Route(
        (
            _at("return_requested", 28, -_H),
            (_RIGHT + 28, _OVER),
            (_at("filed")[0], _OVER),
            _at("filed", 0, -_H),
        ),
        ((_at("filed")[0] + _RIGHT) / 2, _OVER - 22),
    ),
    ("deny_return", "return_requested"): Route(
        (_at("return_requested", 28, _H), (_RIGHT + 28, ROWS[2] + 13), _at("handling", _W, 13)),
        (_RIGHT - 40, ROWS[2] + 31),
    ),
}

STYLE = """
text { font: 15px "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; fill: #1c2733 }
.en { font-size: 12px; fill: #5b6876 }
.box { fill: #eef3fa; stroke: #1659b8; stroke-width: 1.5 }
.ended { fill: #f1f2f4; stroke: #7b8794 }
.any { fill: none; stroke: #7b8794; stroke-width: 1.5; stroke-dasharray: 5 4 }
.supervision { stroke: #1659b8 } .command { stroke: #b8620a }
path.supervision, path.command { fill: none; stroke-width: 1.8 }
.head-supervision { fill: #1659b8 } .head-command { fill: #b8620a }
@media (prefers-color-scheme: dark) {
  text { fill: #e6ebf1 } .en { fill: #a3b0be }
  .box { fill: #1c2a3d; stroke: #7db2ff } .ended { fill: #262d35; stroke: #93a0ae } .any { stroke: #93a0ae }
  .supervision { stroke: #7db2ff } .command { stroke: #f0a65a }
  .head-supervision { fill: #7db2ff } .head-command { fill: #f0a65a }
}
"""


def picture(chinese: Text) -> str:
    """The loop as SVG; `chinese` translates a text of the table."""
    unplaced = STATES.keys() ^ PLACES.keys()
    if unplaced:
        raise SystemExit(f"cityloop/loop/cases/picture.py: give a place to, or drop, {sorted(unplaced)}")
    known = {(step.name, source) for step in STEPS.values() for source in step.sources}
    lost = {route for route in ROUTES if route not in known}
    if lost:
        raise SystemExit(f"cityloop/loop/cases/picture.py: the table has no longer {sorted(lost)}")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t">',
        '<title id="t">案件闭环 · The way of a case round the loop</title>',
        f"<style>{STYLE}</style>",
        "<defs>",
        *(_head(axis) for axis in Axis),
        "</defs>",
    ]
    for step in STEPS.values():
        if step.target != KEEP:
            parts += _step(step, chinese)
    parts += [_box(state, chinese) for state in STATES]
    parts += [*_beside(chinese), *_legend(chinese)]
    return "\n".join([*parts, "</svg>", ""])


def _head(axis: Axis) -> str:
    return (
        f'<marker id="{axis.value}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
        f'orient="auto"><path d="M0 0 10 5 0 10z" class="head-{axis.value}" style="stroke:none"/></marker>'
    )


def _box(state: str, chinese: Text) -> str:
    x, y = _at(state)
    kind = "box ended" if state in ENDED else "box"
    box = f'<rect x="{x - _W:g}" y="{y - _H:g}" width="{BOX_W}" height="{BOX_H}" rx="8" class="{kind}"/>'
    return box + _label((x, y - 4), "middle", chinese(STATES[state]), STATES[state])


def _label(at: tuple[float, float], anchor: str, first: str, second: str) -> str:
    x, y = at
    return (
        f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(first)}</text>'
        f'<text x="{x:g}" y="{y + 17:g}" text-anchor="{anchor}" class="en">{escape(second)}</text>'
    )


def _arrow(points: tuple[tuple[float, float], ...], axis: Axis) -> str:
    path = "M" + " L".join(f"{x:g} {y:g}" for x, y in points)
    return f'<path d="{path}" class="{axis.value}" marker-end="url(#{axis.value})"/>'


def _step(step: Step, chinese: Text) -> list[str]:
    if step.name == EVERYWHERE:
        return _everywhere(step, chinese)
    if not step.sources:
        x, y = _at(step.target, -_W)
        return [
            _arrow(((x - 82, y), (x, y)), step.axis),
            _label((x - 44, y - 22), "middle", chinese(step.title), step.title),
        ]
    parts, labelled = [], False
    also = [source for source in step.sources if (step.name, source) not in ROUTES]
    if len(also) == len(step.sources):
        raise SystemExit(f"cityloop/loop/cases/picture.py: the step {step.name} has no route")
    for source in step.sources:
        route = ROUTES.get((step.name, source))
        if route is None:
            continue
        parts.append(_arrow(route.points, step.axis))
        if not labelled or route.label != (0, 0):
            first, second = chinese(step.title), step.title
            if also and not labelled:
                first += "（亦自" + "、".join(chinese(STATES[name]) for name in also) + "）"
                second += f" (also when {', '.join(STATES[name] for name in also)})"
            parts.append(_label(route.label, route.anchor, first, second))
            labelled = True
    return parts


def _everywhere(step: Step, chinese: Text) -> list[str]:
    """A dashed box for "any open case" and an arrow to the end."""
    start, (x, y) = COLUMNS[0], _at(step.target)
    wide = COLUMNS[1] + _W - start + _W
    middle = start - _W + wide / 2
    return [
        f'<rect x="{start - _W:g}" y="{y - _H:g}" width="{wide:g}" height="{BOX_H}" rx="27" class="any"/>',
        _label((middle, y - 4), "middle", "任何未结案件", "any open case"),
        _arrow(((COLUMNS[1] + _W, y), (x - _W, y)), step.axis),
        _label(((COLUMNS[1] + x) / 2, y - 22), "middle", chinese(step.title), step.title),
    ]


def _beside(chinese: Text) -> list[str]:
    """The steps that leave a case where it stands, as a list."""
    titles = [(chinese(step.title), step.title) for step in STEPS.values() if step.target == KEEP]
    x, y = COLUMNS[0] - _W, ROWS[3] + 76
    return [
        f'<text x="{x:g}" y="{y:g}">不改变状态：{escape("、".join(first for first, _ in titles))}</text>',
        f'<text x="{x:g}" y="{y + 20:g}" class="en">beside the line: '
        f"{escape(', '.join(second for _, second in titles))}</text>",
    ]


def _legend(chinese: Text) -> list[str]:
    parts = []
    for number, (axis, zh, en) in enumerate(
        ((Axis.SUPERVISION, "监督轴", "supervision"), (Axis.COMMAND, "指挥轴", "command"))
    ):
        y = ROWS[3] - 12 + number * 28
        parts.append(_arrow(((_RIGHT - 118, y), (_RIGHT - 68, y)), axis))
        parts.append(f'<text x="{_RIGHT - 58:g}" y="{y + 5:g}">{zh} <tspan class="en">{en}</tspan></text>')
    return parts
