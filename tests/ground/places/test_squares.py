"""Boxes near a point, found by squares: always those that comparing all of them finds."""

from math import isfinite

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from cityloop.ground.places.squares import Squares

SIDES = st.floats(-2, 2, allow_subnormal=False).map(lambda value: round(value, 2))
BOXES = st.lists(
    st.tuples(SIDES, SIDES, SIDES, SIDES).map(lambda b: (*map(min, b[:2], b[2:]), *map(max, b[:2], b[2:])))
)
POINTS = st.lists(st.tuples(st.one_of(SIDES, st.just(float("nan"))), SIDES))


@given(BOXES, POINTS)
def test_squares_find_what_comparing_all_boxes_finds(
    boxes: list[tuple[float, ...]], points: list[tuple[float, float]]
) -> None:
    squares = Squares(np.array([*boxes, (np.nan,) * 4], np.float64))
    which, box = squares.around(*np.array(points, np.float64).reshape(-1, 2).T)
    found = [box[which == place].tolist() for place in range(len(points))]
    wanted = [
        [nth for nth, (west, south, east, north) in enumerate(boxes) if west <= x <= east and south <= y <= north]
        for x, y in points
    ]
    assert found == wanted
    assert [squares.around_one(x, y) for x, y in points if isfinite(x)] == [
        near for near, (x, _) in zip(wanted, points, strict=True) if isfinite(x)
    ]
