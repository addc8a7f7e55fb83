"""The picture of the loop, drawn from the lifecycle table: `cityloop lifecycle --svg`.

What is drawn comes from the table; `places` only says where. A state without a place is an error, so that the picture
cannot fall behind; a step without a way of its own gets a line below: where it begins, an arrow, where it ends.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape

from cityloop.core.units import AXIS_TITLES, Axis
from cityloop.loop.cases.lifecycle import ENDED, KEEP, STATES, STEPS, Step
from cityloop.loop.cases.places import (
    BELOW,
    BELOW_AT,
    BOX_H,
    BOX_W,
    COLUMNS,
    HALF_H,
    HALF_W,
    PLACES,
    ROWS,
    WAYS,
    WIDTH,
    Point,
    Way,
    at,
)

Text = Callable[[str], str]
Lines = Sequence[tuple[str, str]]
"""Lines of text with the class they are written in."""

FROM_X, TO_X, ON_X = 520, 762, 958
"""Below: where the states end that a step begins in, the middle of the state it leads to, and where one goes on."""
HAN, LATIN, SMALL = 15, 8, 6.3
"""About how wide a sign is: in the first language, there in Latin letters, in the second."""
MARGIN = 36

STYLE = """
.ground { fill: #fff }
text { font: 15px "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", system-ui, sans-serif; fill: #1c2733;
  paint-order: stroke; stroke: #fff; stroke-width: 4px; stroke-linejoin: round }
.en { font-size: 12.5px; fill: #55626f }
rect + text, rect + text + text { stroke: none }
.box { fill: #eef3fa; stroke: #1659b8; stroke-width: 1.5 }
.ended { fill: #f1f2f4; stroke: #7b8794 }
.any { fill: none; stroke: #7b8794; stroke-width: 1.2; stroke-dasharray: 2 3 }
path.supervision, path.command { fill: none; stroke-width: 2 }
path.back { stroke-width: 1.2; stroke-dasharray: 6 4 }
.supervision { stroke: #1659b8 } .command { stroke: #b8620a }
.head-supervision { fill: #1659b8 } .head-command { fill: #b8620a }
@media (prefers-color-scheme: dark) {
  .ground { fill: #0d1117 }
  text { fill: #e6ebf1; stroke: #0d1117 } .en { fill: #a3b0be }
  .box { fill: #1c2a3d; stroke: #7db2ff } .ended { fill: #262d35; stroke: #93a0ae } .any { stroke: #93a0ae }
  .supervision { stroke: #7db2ff } .command { stroke: #f0a65a }
  .head-supervision { fill: #7db2ff } .head-command { fill: #f0a65a }
}
"""


def picture(chinese: Text) -> str:
    """The loop as SVG; `chinese` translates a text of the table."""
    unplaced = STATES.keys() - PLACES.keys() - set(BELOW)
    if unplaced:
        raise LookupError(f"give a place to {sorted(unplaced)} in cityloop/loop/cases/places.py")
    moving = [step for step in STEPS.values() if step.target != KEEP]
    drawn = [step for step in moving if not step.sources or _ways(step)]
    arrows = [part for step in drawn for part in _drawn(step, chinese)]
    boxes = [_box(state, at(state), chinese) for state in STATES if state in PLACES]
    below, end = _below([step for step in moving if step not in drawn], chinese)
    beside, end = _beside(end, chinese)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {end:g}" role="img" aria-labelledby="t">',
        '<title id="t">案件闭环 · The way of a case round the loop</title>',
        f"<style>{STYLE}</style>",
        "<defs>",
        *(_head(axis) for axis in Axis),
        "</defs>",
        f'<rect width="{WIDTH}" height="{end:g}" rx="10" class="ground"/>',
    ]
    return "\n".join([*parts, *arrows, *boxes, *below, *_legend(chinese), *beside, "</svg>", ""])


def _ways(step: Step) -> dict[str, Way]:
    """The ways that a step has of its own, by the state it begins in."""
    return {source: WAYS[step.name, source] for source in step.sources if (step.name, source) in WAYS}


# On the line


def _drawn(step: Step, chinese: Text) -> list[str]:
    """The arrows of a step; the states it begins in as well, without an arrow, stand in its label."""
    if not step.sources:
        end = at(step.target, -HALF_W)
        return [_arrow(((end[0] - 82, end[1]), end), step), *_title(step, (end[0] - 46, end[1]), "across", (), chinese)]
    ways = _ways(step)
    also = [source for source in step.sources if source not in ways]
    parts = []
    for source, way in ways.items():
        parts.append(_arrow(way.points, step, back=_is_back(step, source), head=not way.joins))
        if way.anchor:
            parts += _title(step, way.label, way.anchor, also, chinese)
            also = []
    return parts


def _is_back(step: Step, source: str) -> bool:
    order = list(STATES)
    return order.index(step.target) < order.index(source)


def _title(step: Step, label: Point, anchor: str, also: Sequence[str], chinese: Text) -> list[str]:
    x, y = label
    if anchor == "across":
        first, second = chinese(step.title), step.title
        if also:
            first += f"（亦自{_listed(also, chinese)}）"
            second += f" (also when {_listed(also)})"
        return [_text(x, y - 7, "middle", first), _text(x, y + 16, "middle", second, "en")]
    lines = [(chinese(step.title), ""), (step.title, "en")]
    if also:
        lines += [(f"亦自{_listed(also, chinese)}", "en"), (f"also when {_listed(also)}", "en")]
    return [_text(x, y + 17 * number, anchor, line, kind) for number, (line, kind) in enumerate(lines)]


def _listed(states: Iterable[str], chinese: Text | None = None) -> str:
    return (
        "、".join(chinese(STATES[name]) for name in states) if chinese else ", ".join(STATES[name] for name in states)
    )


def _box(state: str, middle: Point, chinese: Text) -> str:
    x, y = middle
    kind = "box ended" if state in ENDED else "box"
    box = f'<rect x="{x - HALF_W:g}" y="{y - HALF_H:g}" width="{BOX_W}" height="{BOX_H}" rx="8" class="{kind}"/>'
    return box + _text(x, y - 4, "middle", chinese(STATES[state])) + _text(x, y + 14, "middle", STATES[state], "en")


# Below the line


def _below(steps: Sequence[Step], chinese: Text) -> tuple[list[str], float]:
    """A line for each step: the states it begins in, its arrow, the state it leads to, and how one goes on there."""
    parts: list[str] = []
    y, stand = float(BELOW_AT), set[str]()
    onward = {step.target: _onward(step.target, steps) for step in steps if step.target in BELOW}
    for step in sorted(steps, key=lambda step: BELOW.index(step.target) if step.target in BELOW else len(BELOW)):
        if step in onward.values():
            continue
        pill, height = _pill(step.sources, FROM_X, chinese, end=True)
        middle = y + height / 2
        parts += _moved(pill, middle)
        parts.append(_arrow(((FROM_X, middle), (TO_X - HALF_W, middle)), step))
        parts += _title(step, ((FROM_X + TO_X - HALF_W) / 2, middle), "across", (), chinese)
        if step.target in BELOW and step.target not in stand:
            stand.add(step.target)
            parts.append(_box(step.target, (TO_X, middle), chinese))
            parts += _goes_on(onward[step.target], middle, chinese)
        else:
            parts += _moved(_pill([step.target], TO_X - HALF_W, chinese)[0], middle)
        y += height + 14
    lost = {state for state in BELOW if state in STATES} - stand
    if lost:
        raise LookupError(f"no step below the line leads to {sorted(lost)}; give it a place on the line")
    return parts, y


def _onward(state: str, steps: Iterable[Step]) -> Step | None:
    """The first step out of a state below the line that begins in no other."""
    return next((step for step in steps if step.sources == (state,)), None)


def _goes_on(step: Step | None, middle: float, chinese: Text) -> list[str]:
    if step is None:
        return []
    start = TO_X + HALF_W
    return [
        _arrow(((start, middle), (ON_X, middle)), step, back=_is_back(step, step.sources[0])),
        *_title(step, ((start + ON_X) / 2, middle), "across", (), chinese),
        *_moved(_pill([step.target], ON_X, chinese)[0], middle),
    ]


def _pill(
    states: Sequence[str], x: float, chinese: Text, *, end: bool = False
) -> tuple[list[tuple[str, float]], float]:
    """A dashed box around names of states, from `x` on or up to it (`end`), about a middle that is moved to later."""
    if set(states) == STATES.keys() - ENDED:
        first, second = ["任何未结案件"], ["any open case"]
    else:
        room = FROM_X - MARGIN - 28
        first = _wrapped(_listed(states, chinese), "、", room)
        second = _wrapped(_listed(states), ", ", room)
    lines = [*((line, "") for line in first), *((line, "en") for line in second)]
    width = max(BOX_W, 28 + max(_wide(line, kind) for line, kind in lines))
    height = max(BOX_H, 18 * len(lines) + 16)
    left = x - width if end else x
    box = f'<rect x="{left:g}" y="%g" width="{width:g}" height="{height:g}" rx="{HALF_H:g}" class="any"/>'
    texts = [
        (_text(left + width / 2, "%g", "middle", line, kind), 18 * number - 9 * len(lines) + 14)
        for number, (line, kind) in enumerate(lines)
    ]
    return [(box, -height / 2), *texts], height


def _moved(parts: Iterable[tuple[str, float]], middle: float) -> list[str]:
    return [part.replace("%g", f"{middle + dy:g}") for part, dy in parts]


def _wrapped(text: str, mark: str, room: float) -> list[str]:
    """Lines of a list that fit into the room, broken after the mark between its items."""
    kind = "" if mark == "、" else "en"
    lines = [""]
    for item in text.split(mark):
        longer = lines[-1] + (mark if lines[-1] else "") + item
        if lines[-1] and _wide(longer, kind) > room:
            lines[-1] += mark.rstrip()
            lines.append(item)
        else:
            lines[-1] = longer
    return lines


def _wide(line: str, kind: str) -> float:
    return sum(SMALL if kind else LATIN if sign.isascii() else HAN for sign in line)


def _beside(y: float, chinese: Text) -> tuple[list[str], float]:
    """The steps that leave a case where it stands, as a list; and where the picture ends."""
    steps = [step.title for step in STEPS.values() if step.target == KEEP]
    room = WIDTH - 2 * MARGIN
    lines = [
        *((line, "") for line in _wrapped("不改变状态：" + "、".join(map(chinese, steps)), "、", room)),
        *((line, "en") for line in _wrapped("beside the line: " + ", ".join(steps), ", ", room)),
    ]
    y += 20
    return [_text(MARGIN, y + 20 * number, "start", *line) for number, line in enumerate(lines)], y + 20 * len(
        lines
    ) + 4


def _legend(chinese: Text) -> list[str]:
    left, y = COLUMNS[0] - HALF_W, ROWS[3] - 26
    parts = []
    for number, axis in enumerate(Axis):
        parts.append(_line(((left, y + 28 * number), (left + 50, y + 28 * number)), axis))
        parts.append(_told(left + 62, y + 5 + 28 * number, chinese(AXIS_TITLES[axis]), AXIS_TITLES[axis]))
    middle = left + 210
    parts.append(_line(((middle, y), (middle + 50, y)), Axis.SUPERVISION, back=True))
    parts.append(_told(middle + 62, y + 5, "往回走", "going back"))
    parts.append(f'<rect x="{middle}" y="{y + 19}" width="50" height="18" rx="9" class="any"/>')
    parts.append(_told(middle + 62, y + 33, "其中任一", "any of these"))
    return parts


# Pieces


def _told(x: float, y: float, first: str, second: str) -> str:
    return f'<text x="{x:g}" y="{y:g}">{escape(first)} <tspan class="en">{escape(second)}</tspan></text>'


def _text(x: float, y: float | str, anchor: str, text: str, kind: str = "") -> str:
    height = y if isinstance(y, str) else f"{y:g}"
    dress = f' class="{kind}"' if kind else ""
    return f'<text x="{x:g}" y="{height}" text-anchor="{anchor}"{dress}>{escape(text)}</text>'


def _arrow(points: tuple[Point, ...], step: Step, *, back: bool = False, head: bool = True) -> str:
    return _line(points, step.axis, back=back, head=head)


def _line(points: tuple[Point, ...], axis: Axis, *, back: bool = False, head: bool = True) -> str:
    path = "M" + " L".join(f"{x:g} {y:g}" for x, y in points)
    kind = f"{axis.value} back" if back else axis.value
    end = f' marker-end="url(#{axis.value})"' if head else ""
    return f'<path d="{path}" class="{kind}"{end}/>'


def _head(axis: Axis) -> str:
    return (
        f'<marker id="{axis.value}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="11" markerHeight="11" '
        f'markerUnits="userSpaceOnUse" orient="auto"><path d="M0 0 10 5 0 10z" class="head-{axis.value}" '
        'style="stroke:none"/></marker>'
    )
